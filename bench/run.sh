#!/bin/sh
# Makes its own data and measures, in one run, ratios of CPU time: fairtrial against the
# scan floor of the same columns, the release before, 5 x the rows, and scikit-learn computing
# the same point metrics without any interval. Exits non-zero when a target is missed.
# BENCH_QUICK=1 leaves out 50 M rows; BENCH_BASE=COMMIT compares with another release.
set -eu
cd "$(dirname "$0")/.."
: "${VENV:=.venv}" "${PYTHON:=python3}" "${GO:=go}"
mkdir -p bench/data
$GO build -o bin/bench ./internal/engine/local/bench
for n in 1000000 10000000 50000000; do
  [ "$n" = 50000000 ] && [ -n "${BENCH_QUICK:-}" ] && continue
  if [ ! -f "bench/data/$n.parquet" ]; then
    echo "== making $n rows"
    bin/bench make $n bench/data/$n.parquet
  fi
done
# The release before, from this repository's own history; BENCH_BASE= leaves it out.
: "${BENCH_BASE=115d726}"
BENCH_BASE_BIN=
if [ -n "$BENCH_BASE" ] && git cat-file -e "$BENCH_BASE^{commit}" 2>/dev/null; then
  BENCH_BASE_BIN=bin/fairtrial-$BENCH_BASE
  if [ ! -x "$BENCH_BASE_BIN" ]; then
    echo "== building the release before ($BENCH_BASE)"
    tree=$(mktemp -d)
    trap 'git worktree remove --force "$tree" 2>/dev/null || true; rm -rf "$tree"' EXIT
    git worktree add --quiet --detach "$tree" "$BENCH_BASE"
    here=$PWD
    (cd "$tree" && $GO build -trimpath -o "$here/$BENCH_BASE_BIN" ./cmd/fairtrial)
    git worktree remove --force "$tree"
    trap - EXIT
  fi
elif [ -n "$BENCH_BASE" ]; then
  echo "== no commit $BENCH_BASE here: nothing is compared with the release before"
fi
export BENCH_BASE_BIN
if [ ! -x "$VENV/bin/python" ]; then sh oracles/run.sh >/dev/null; fi
exec "$VENV/bin/python" bench/measure.py
