-- +goose Up
CREATE TABLE runs (
  id               TEXT PRIMARY KEY,
  plan             TEXT NOT NULL,
  plan_digest      TEXT NOT NULL,
  plan_blob        TEXT NOT NULL,
  record_digest    TEXT NOT NULL,
  result_digest    TEXT NOT NULL,
  record_blob      TEXT NOT NULL,
  decision         TEXT NOT NULL,
  started          TEXT NOT NULL,
  finished         TEXT NOT NULL,
  benchmark_digest TEXT NOT NULL,
  candidate        TEXT NOT NULL,
  candidate_digest TEXT NOT NULL
);
CREATE INDEX runs_plan ON runs (plan, started);
CREATE INDEX runs_benchmark ON runs (benchmark_digest);
CREATE INDEX runs_record ON runs (record_digest);

CREATE TABLE events (
  seq    INTEGER PRIMARY KEY AUTOINCREMENT,
  time   TEXT NOT NULL,
  run_id TEXT NOT NULL,
  kind   TEXT NOT NULL,
  data   TEXT NOT NULL
);
CREATE INDEX events_run ON events (run_id);

-- +goose StatementBegin
CREATE TRIGGER events_keep_update BEFORE UPDATE ON events BEGIN SELECT RAISE(ABORT, 'the event log is append-only'); END;
-- +goose StatementEnd
-- +goose StatementBegin
CREATE TRIGGER events_keep_delete BEFORE DELETE ON events BEGIN SELECT RAISE(ABORT, 'the event log is append-only'); END;
-- +goose StatementEnd

-- +goose Down
DROP TABLE events;
DROP TABLE runs;
