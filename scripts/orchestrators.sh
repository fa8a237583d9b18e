#!/bin/sh
# Runs examples/orchestrators in real Airflow, Prefect and Dagster, each in a virtual
# environment of its own below .cache (about 720 MB in all, two minutes the first time).
# With a name (airflow, prefect or dagster) only that one.
set -eu
cd "$(dirname "$0")/.."
: "${PYTHON:=python3}" "${GO:=go}"
mkdir -p bin .cache/orchestrators
make --no-print-directory build
PATH="$PWD/bin:$PATH"
export PATH
failed=
for name in ${1:-airflow prefect dagster}; do
  case $name in
    airflow) package=apache-airflow==3.3.2 ;;
    prefect) package=prefect==3.9.1 ;;
    dagster) package=dagster==1.13.28 ;;
    *) echo "$name: airflow, prefect or dagster is expected"; exit 2 ;;
  esac
  venv=.cache/orchestrators/$name
  if [ ! -f "$venv/$package" ]; then
    echo "== installing $package"
    rm -rf "$venv"
    if ! { "$PYTHON" -m venv "$venv" && "$venv/bin/pip" install --quiet --disable-pip-version-check "$package" pytest; }; then
      echo "!! $package cannot be installed here: the $name example is NOT tested"
      failed="$failed $name"
      continue
    fi
    touch "$venv/$package"
  fi
  echo "== $name"
  (cd examples/orchestrators && timeout 600 "../../$venv/bin/python" -m pytest -q -p no:cacheprovider "test_$name.py") || failed="$failed $name"
done
if [ -n "$failed" ]; then
  echo "failed:$failed"
  exit 1
fi
