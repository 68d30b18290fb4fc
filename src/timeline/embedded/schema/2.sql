-- How many notices of a person's inbox are kept no longer, since each of his devices has dealt with
-- them (R17): by it a check tells them from lost ones.
ALTER TABLE person ADD COLUMN dealt INTEGER NOT NULL DEFAULT 0;
