// Package fairtrial is the map of the code; the program is cmd/fairtrial.
//
// The one idea:
//
//	cases → summaries → estimates → comparisons → verdicts → record
//
// Where to start reading:
//
//	internal/cases     what a row is: task, columns, roles
//	internal/summary   the closed set of small statistics that engines make and metrics read
//	internal/metric    the catalogue; binary_counts.go has whole metrics on one screen
//	internal/stat      intervals, tests, bootstrap, power, looks: pure numbers
//	internal/engine    what an engine is; engine/local reads files through DuckDB
//	internal/compare   two models on the same rows
//	internal/rubric    what a judge is asked about an answer, and what it says
//	internal/judge     an automatic judge against human labels
//	internal/shift     why a metric changed between two data sets
//	internal/curve     ROC, precision–recall, reliability: the points of charts
//	internal/gate      rules → verdicts
//	internal/plan      YAML → plan
//	internal/packs     standards of plans from Git repositories and URLs
//	internal/plugin    row scorers and models that are other programs
//	internal/sandbox   a program that a model wrote, run against tests without network or files
//	internal/sqlrun    a query that a model wrote, run for reading alone in SQLite or DuckDB
//	internal/rest      what clients of HTTP services have in common
//	internal/connect   rows from databases, object stores and Arrow files
//	internal/mlflow    models, runs and tables of an MLflow server; publish writes a record there
//	internal/notice    Slack, Teams, webhooks and OpenLineage tell of a verdict
//	internal/answers   cases, their questions, and answers beside them
//	internal/promptfoo configurations of promptfoo → cases with checks, prompts, models
//	internal/inspect   logs of Inspect AI, sample by sample
//	internal/jsonstream passing over JSON that is too long to hold
//	internal/eval      the pipeline on one screen
//	internal/provider  one question to one model, over HTTP, a command or a file
//	internal/collect   all questions: paced, durable, resumable; the artifact of answers
//	internal/rehearse  a plan played with made-up candidates before it decides
//	internal/record    the document of one run
//	internal/report    record → HTML, Markdown, JUnit, CSV, terminal
//	internal/pipes     what a run tells the Dagster process that started it
//	internal/ci        what GitHub and GitLab are told of a run
//	internal/chart     Vega-Lite specifications of the report's charts
//	internal/store     the workspace
//	internal/cli       a file per command; testdata/*.txtar shows each in action
//
// python/ is the Python package around the program: SDK, pytest plug-in, notebook.
//
// Levels and allowed imports are listed in internal/architecture/testdata/layers.txt.
package fairtrial
