-- The state file of one stack and environment: what was applied, what was about to be, and who may write.
-- Applied once, inside the transaction that sets `user_version`; never edited afterwards, only followed by 0002.
--
-- A `digest` covers the other columns of its row (store::digest), so that damage which SQLite cannot see, a flipped bit
-- in a number, is noticed before it becomes a call. Virtual columns are for people with a SQLite shell; the program
-- reads the JSON.

CREATE TABLE meta (
    id              INTEGER PRIMARY KEY CHECK (id = 1),
    lineage         TEXT    NOT NULL,
    stack           TEXT    NOT NULL,
    serial          INTEGER NOT NULL CHECK (serial >= 0),
    fingerprint_key BLOB    NOT NULL,
    digest          TEXT    NOT NULL
) STRICT;

CREATE TABLE resources (
    address      TEXT NOT NULL PRIMARY KEY,
    tracked      TEXT NOT NULL,
    digest       TEXT NOT NULL,
    -- A cache: what the API last answered and when. Not part of the state, so not of its serial either.
    actual       TEXT,
    refreshed_at TEXT,
    kind       TEXT    AS (json_extract(tracked, '$.object.kind')) VIRTUAL,
    project_id INTEGER AS (json_extract(tracked, '$.object.spec.project_id')) VIRTUAL,
    remote_id  INTEGER AS (
        coalesce(json_extract(tracked, '$.object.id'), json_extract(tracked, '$.object.stage.file'))
    ) VIRTUAL,
    CHECK ((actual IS NULL) = (refreshed_at IS NULL))
) STRICT, WITHOUT ROWID;

-- How many lives an address has had; kept when its object is gone.
CREATE TABLE generations (
    address    TEXT    NOT NULL PRIMARY KEY,
    generation INTEGER NOT NULL CHECK (generation BETWEEN 0 AND 4294967295),
    digest     TEXT    NOT NULL
) STRICT, WITHOUT ROWID;

-- AUTOINCREMENT: the number of a run that was pruned is not used again.
CREATE TABLE runs (
    id      INTEGER PRIMARY KEY AUTOINCREMENT,
    base    INTEGER NOT NULL,
    plan    TEXT    NOT NULL,
    began   TEXT    NOT NULL,
    ended   TEXT,
    outcome TEXT CHECK (outcome IN ('complete', 'partial', 'recovered')),
    digest  TEXT    NOT NULL,
    CHECK ((ended IS NULL) = (outcome IS NULL))
) STRICT;

CREATE UNIQUE INDEX one_open_run ON runs (ended IS NULL) WHERE ended IS NULL;

CREATE TABLE journal (
    run      INTEGER NOT NULL REFERENCES runs (id) ON DELETE CASCADE,
    position INTEGER NOT NULL CHECK (position >= 0),
    entry    TEXT    NOT NULL,
    digest   TEXT    NOT NULL,
    address TEXT AS (json_extract(entry, '$.address')) VIRTUAL,
    event   TEXT AS (json_extract(entry, '$.event.event')) VIRTUAL,
    PRIMARY KEY (run, position)
) STRICT, WITHOUT ROWID;

-- One row. `fence` counts acquisitions and never goes back; the rest is empty while nobody holds the lock.
CREATE TABLE lock (
    id        INTEGER PRIMARY KEY CHECK (id = 1),
    fence     INTEGER NOT NULL CHECK (fence >= 0),
    owner     TEXT,
    host      TEXT,
    machine   TEXT,
    pid       INTEGER,
    started   INTEGER,
    command   TEXT,
    acquired  TEXT,
    heartbeat TEXT,
    expires   TEXT
) STRICT;

INSERT INTO lock (id, fence) VALUES (1, 0);
