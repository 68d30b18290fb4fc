-- Who shares the store. A row stands while its node may hold a lease: it is written before the node
-- hands out anything, and taken away when it has left or has not renewed it for longer than a lease
-- lasts. See `src/timeline/embedded/nodes.rs`.
CREATE TABLE node (
  node BYTEA PRIMARY KEY,      -- drawn at every start
  name TEXT NOT NULL,          -- for people
  term BIGINT NOT NULL,        -- how long its lease lasts, in nanoseconds
  beat BIGINT NOT NULL,        -- when its last renewal was sent, by its own clock
  confirmed BIGINT NOT NULL,   -- the last turn of which its hub has applied all
  noticed BIGINT NOT NULL      -- the last place of inboxes that its hub has told
) WITH (fillfactor = 50);

-- Rises when a company's issuer is registered, changed or ended: every node has to know.
ALTER TABLE turn ADD COLUMN issuers BIGINT NOT NULL DEFAULT 0;
