#!/bin/sh
# Makes its own data and measures, in one run, ratios of CPU time: fairtrial against the
# scan floor of the same columns, against 5 x the rows, and against scikit-learn computing
# the same point metrics without any interval. Exits non-zero when a target is missed.
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
if [ ! -x "$VENV/bin/python" ]; then sh oracles/run.sh >/dev/null; fi
exec "$VENV/bin/python" bench/measure.py
