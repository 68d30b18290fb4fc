-- Numbers stand for ids wherever rows are many: a person, company or room gets one when it is made,
-- and it is never given again. A place is room << 40 | seq: one integer for a seat in a timeline.
-- Times are microseconds since 1970.

CREATE TABLE meta (name TEXT PRIMARY KEY, value) WITHOUT ROWID;

CREATE TABLE company (
  company INTEGER PRIMARY KEY,
  id BLOB NOT NULL UNIQUE,
  ended INTEGER NOT NULL,
  external_messaging INTEGER NOT NULL,
  group_creation INTEGER NOT NULL,
  external_rooms INTEGER NOT NULL,
  guests INTEGER NOT NULL,
  external_read_marks INTEGER NOT NULL,
  disabled INTEGER NOT NULL,
  first_sign_in INTEGER NOT NULL,
  outside INTEGER NOT NULL,
  whole INTEGER NOT NULL,
  name TEXT NOT NULL,
  issuer TEXT UNIQUE,
  audience TEXT,
  keys TEXT
);

CREATE TABLE person (
  person INTEGER PRIMARY KEY,
  id BLOB NOT NULL UNIQUE,
  company INTEGER NOT NULL,
  guest INTEGER NOT NULL,
  active INTEGER NOT NULL,
  deleted INTEGER NOT NULL,
  connected INTEGER NOT NULL,
  administrator INTEGER NOT NULL,
  groups INTEGER NOT NULL,
  outside INTEGER NOT NULL,
  whole INTEGER NOT NULL,
  revoked INTEGER,
  name TEXT NOT NULL,
  subject TEXT NOT NULL,
  address TEXT UNIQUE
);
CREATE INDEX person_company ON person(company, id);
-- A guest's subject is his id; only users have subjects of their company's issuer.
CREATE UNIQUE INDEX person_subject ON person(company, subject) WHERE guest = 0;

-- Both directions of every pair. state: 0 he asked the other, 1 the other asked him, 2 contacts.
CREATE TABLE contact (
  person INTEGER NOT NULL,
  other INTEGER NOT NULL,
  state INTEGER NOT NULL,
  PRIMARY KEY (person, other)
) WITHOUT ROWID;

-- A deleted room's row stays: its number and id are never given again.
CREATE TABLE room (
  room INTEGER PRIMARY KEY,
  id BLOB NOT NULL UNIQUE,
  kind INTEGER NOT NULL,
  deleted INTEGER NOT NULL,
  owner INTEGER NOT NULL,
  founder INTEGER,
  features INTEGER NOT NULL,
  history INTEGER NOT NULL,
  revision INTEGER NOT NULL,
  named INTEGER,      -- the seq whose body holds the name
  described INTEGER   -- the seq whose body holds the description
);

-- In the order of commits: a batch touches its last pages only, however many rooms talk.
CREATE TABLE entry (
  id INTEGER PRIMARY KEY,
  place INTEGER NOT NULL,
  author INTEGER,
  kind INTEGER NOT NULL,
  time INTEGER NOT NULL,
  tag INTEGER NOT NULL,
  client BLOB,        -- the operation that brought the body
  content BLOB,       -- a talk's fingerprint
  detail TEXT,        -- the change, where kind and target do not say it all
  target INTEGER,     -- the place that an edit, unsending, reaction or pin is about
  body BLOB,          -- sealed; replaced in place by an edit, erased by unsending
  sealed_by BLOB,     -- the edit that sealed the body as it stands
  version INTEGER NOT NULL DEFAULT 0,
  again INTEGER       -- 48 bits of the client id's time << 15 | 15 bits of a keyed hash
);
CREATE UNIQUE INDEX entry_place ON entry(place);
CREATE INDEX entry_again ON entry(again) WHERE again IS NOT NULL;
CREATE INDEX entry_target ON entry(target) WHERE target IS NOT NULL;

-- Answers of what is no talk, and of talk that changed nothing, for good. room 0: a creation.
CREATE TABLE operation (
  operation INTEGER PRIMARY KEY,
  again INTEGER NOT NULL,
  room INTEGER NOT NULL,
  author INTEGER NOT NULL,
  client BLOB NOT NULL,
  content BLOB NOT NULL,
  seq INTEGER NOT NULL,
  farewell INTEGER NOT NULL,
  made INTEGER,       -- the room that a creation made
  people TEXT         -- who was left out and for whom nothing changed
);
CREATE INDEX operation_again ON operation(again);
CREATE INDEX operation_made ON operation(made) WHERE made IS NOT NULL;

CREATE TABLE stint (
  room INTEGER NOT NULL,
  person INTEGER NOT NULL,
  start INTEGER NOT NULL,
  ended INTEGER,
  history INTEGER NOT NULL,
  severed INTEGER NOT NULL DEFAULT 0,
  company INTEGER NOT NULL,
  guest INTEGER NOT NULL,
  master INTEGER NOT NULL DEFAULT 0,
  person_outside INTEGER NOT NULL,
  person_whole INTEGER NOT NULL,
  company_outside INTEGER NOT NULL,
  company_whole INTEGER NOT NULL,
  PRIMARY KEY (room, person, start)
) WITHOUT ROWID;
CREATE INDEX stint_person ON stint(person, room);

-- Who was left out, by the entry that says so: members may ask for his name.
CREATE TABLE named (
  room INTEGER NOT NULL,
  person INTEGER NOT NULL,
  seq INTEGER NOT NULL,
  PRIMARY KEY (room, person, seq)
) WITHOUT ROWID;

CREATE TABLE reaction (
  place INTEGER NOT NULL,
  person INTEGER NOT NULL,
  mark BLOB NOT NULL,
  seq INTEGER NOT NULL,
  PRIMARY KEY (place, person, mark)
) WITHOUT ROWID;

CREATE TABLE pin (place INTEGER PRIMARY KEY, seq INTEGER NOT NULL);

CREATE TABLE mark (
  room INTEGER NOT NULL,
  person INTEGER NOT NULL,
  seq INTEGER NOT NULL,
  PRIMARY KEY (room, person)
) WITHOUT ROWID;

-- owner: person << 1, or company << 1 | 1.
CREATE TABLE notice (place INTEGER PRIMARY KEY, owner INTEGER NOT NULL, detail TEXT NOT NULL);
CREATE INDEX notice_owner ON notice(owner, place);

CREATE TABLE device (
  person INTEGER NOT NULL,
  id BLOB NOT NULL,
  inbox INTEGER NOT NULL,
  seen INTEGER NOT NULL,
  PRIMARY KEY (person, id)
) WITHOUT ROWID;

-- The ledger of cuts. reach: 0 outside, 1 whole, 2 relock, 3 sign-ins.
CREATE TABLE cut (
  cut INTEGER PRIMARY KEY,
  owner INTEGER NOT NULL,
  reach INTEGER NOT NULL,
  time INTEGER NOT NULL
);

-- kind: 0 withdrawal (of owner), 1 purge (of room).
CREATE TABLE job (
  job INTEGER PRIMARY KEY,
  kind INTEGER NOT NULL,
  owner INTEGER,
  room INTEGER,
  step INTEGER NOT NULL DEFAULT 0,
  at INTEGER NOT NULL DEFAULT 0,
  done INTEGER NOT NULL DEFAULT 0,
  finished INTEGER
);
CREATE INDEX job_open ON job(job) WHERE finished IS NULL;

-- What a purge erased: counts only.
CREATE TABLE receipt (
  room INTEGER NOT NULL,
  company INTEGER NOT NULL,
  entries INTEGER NOT NULL,
  bodies INTEGER NOT NULL,
  PRIMARY KEY (room, company)
) WITHOUT ROWID;

-- state: 0 open, 1 redeemed, 2 cancelled.
CREATE TABLE invitation (
  hash BLOB PRIMARY KEY,
  room INTEGER NOT NULL,
  inviter INTEGER NOT NULL,
  operation BLOB NOT NULL,
  ends INTEGER NOT NULL,
  state INTEGER NOT NULL
) WITHOUT ROWID;
CREATE UNIQUE INDEX invitation_operation ON invitation(room, inviter, operation);
