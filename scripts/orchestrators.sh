#!/bin/sh
# Runs the examples of examples/orchestrators in the real Dagster, Prefect and Airflow, each
# in its own virtual environment, and checks what each exit status becomes.
set -eu
: "${PYTHON:=python3}" "${BIN:=bin/fairtrial}" "${ENVS:=.venv-orchestrators}"
FAIRTRIAL_BIN=$(cd "$(dirname "$BIN")" && pwd)/$(basename "$BIN")
export FAIRTRIAL_BIN DAGSTER_DISABLE_TELEMETRY=yes PREFECT_LOGGING_LEVEL=ERROR DO_NOT_TRACK=1
home=$(mktemp -d)
trap 'rm -rf "$home"' EXIT
for x in ${ONLY:-dagster==1.13.28 prefect==3.9.1 apache-airflow==3.3.2}; do
  name=${x%%==*} name=${name#apache-}
  began=$(date +%s)
  if [ ! -e "$ENVS/$name/done" ]; then
    "$PYTHON" -m venv "$ENVS/$name"
    "$ENVS/$name/bin/pip" install -q --disable-pip-version-check "$x"
    touch "$ENVS/$name/done"
  fi
  installed=$(date +%s)
  export AIRFLOW_HOME="$home/airflow" AIRFLOW__CORE__LOAD_EXAMPLES=false AIRFLOW__CORE__DAGS_FOLDER="$(pwd)/examples/orchestrators" PREFECT_HOME="$home/prefect" DAGSTER_HOME=
  unset DAGSTER_HOME
  if [ "$name" = airflow ]; then "$ENVS/airflow/bin/airflow" db migrate >"$home/migrate" 2>&1 || { cat "$home/migrate"; exit 1; }; fi
  "$ENVS/$name/bin/python" "scripts/orchestrators/test_$name.py" >"$home/log" 2>&1 || { tail -60 "$home/log"; echo "$name: failed"; exit 1; }
  grep -E '^(0|1|2|3|4|99) |^(dagster|prefect|airflow) [0-9]' "$home/log"
  echo "== $name: installed in $((installed - began)) s, $(du -sLm "$ENVS/$name" | cut -f1) MB, tested in $(($(date +%s) - installed)) s"
done
