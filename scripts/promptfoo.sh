#!/bin/sh
# Compares imported promptfoo configurations with promptfoo itself: the real promptfoo from
# npm (1.4 GB, kept under bench/data) grades the answers of its echo provider, offline; our
# checks grade the same answers. Usage: promptfoo.sh [--table]
# Without npm it is skipped with a loud line, and never when CI is set.
set -eu
cd "$(dirname "$0")/.."
: "${GO:=go}" "${PYTHON:=python3}" "${PROMPTFOO:=promptfoo@0.121.20}"
mkdir -p bench/data bin
[ -f bench/data/go.mod ] || echo "module data" >bench/data/go.mod # npm packages with Go files in them are not ours
peer=bench/data/promptfoo
if ! [ -x $peer/node_modules/.bin/promptfoo ]; then
  echo "== installing $PROMPTFOO into $peer (once, 1.4 GB)" >&2
  mkdir -p $peer
  if ! (cd $peer && npm install --no-audit --no-fund --no-save "$PROMPTFOO" >npm.log 2>&1); then
    if [ -n "${CI:-}" ]; then
      echo "promptfoo could not be installed, and CI is set: this is a failure (bench/data/promptfoo/npm.log)" >&2
      exit 1
    fi
    echo "* SKIPPED: agreement with promptfoo (no npm or no registry). Nothing was compared. *" >&2
    exit 0
  fi
fi
root=$(pwd)
work=bin/promptfoo
rm -rf $work
"$PYTHON" oracles/promptfoo.py $work
$GO build -o bin/compare-promptfoo ./internal/tools/promptfoo
make --no-print-directory build
# Without log files: closing them kills it often.
export PROMPTFOO_DISABLE_DEBUG_LOG=1 PROMPTFOO_DISABLE_ERROR_LOG=1
export PROMPTFOO_DISABLE_TELEMETRY=1 PROMPTFOO_DISABLE_UPDATE=1 PROMPTFOO_DISABLE_REMOTE_GENERATION=1 PROMPTFOO_CONFIG_DIR="$root/$work/state"
for d in single totals structure differing; do
  # Exit status 100 says that tests failed, as many of these shall.
  (cd $work/$d && "$root/$peer/node_modules/.bin/promptfoo" eval -c promptfooconfig.yaml -o results.json -j 20 --no-cache --no-write --no-table --no-progress-bar >log 2>&1) || [ $? -eq 100 ] || {
    tail -20 $work/$d/log >&2
    exit 1
  }
done
set --
for d in single totals structure differing; do set -- "$@" $work/$d/promptfooconfig.yaml $work/$d/results.json; done
bin/compare-promptfoo -different differing "$@" >$work/table.md || { cat $work/table.md; exit 1; }
cat $work/table.md
# The same through the program: what its run says is what promptfoo said, test by test.
for d in totals structure; do
  bin/fairtrial init $work/$d/promptfooconfig.yaml --answers $work/$d/results.json -o $work/$d/imported/plan.yaml >/dev/null
  bin/fairtrial run $work/$d/imported/plan.yaml -q -o $work/$d/out >/dev/null 2>$work/$d/run.log || { cat $work/$d/run.log >&2; exit 1; }
  "$PYTHON" - $work/$d/out/estimates.csv <<'PY'
import csv, sys
rows = {r["metric"]: r for r in csv.DictReader(open(sys.argv[1])) if r["slice"] == "overall" and r["model"] == "candidate"}
for ours, theirs in (("passed", "promptfoo_pass"), ("score", "promptfoo_score")):
    a, b = float(rows[ours]["value"]), float(rows[theirs]["value"])
    print(f"run: {ours} {a:.6f}, promptfoo {b:.6f}, n = {rows[ours]['n']}")
    if abs(a - b) > 1e-9:
        sys.exit(f"{ours} differs from {theirs}")
PY
done
