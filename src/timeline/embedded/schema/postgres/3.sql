-- For who asks how the nodes are (`crosstalk nodes`); no lease depends on either.
ALTER TABLE node ADD COLUMN renewed BIGINT NOT NULL DEFAULT 0;      -- by the server's clock, microseconds since 1970
ALTER TABLE node ADD COLUMN connections BIGINT NOT NULL DEFAULT 0;
