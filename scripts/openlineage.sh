#!/bin/sh
# Has OpenLineage's Python client check the events that the tests make.
set -eu
: "${VENV:=.venv-openlineage}" "${PYTHON:=python3}" "${GO:=go}"
if ! "$VENV/bin/python" -c 'import openlineage.client' 2>/dev/null; then
  echo "== installing openlineage-python into $VENV (once)"
  [ -x "$VENV/bin/python" ] || "$PYTHON" -m venv "$VENV"
  "$VENV/bin/pip" install -q --disable-pip-version-check openlineage-python==1.54.0
fi
events=$(mktemp)
trap 'rm -f "$events"' EXIT
FAIRTRIAL_TEST_OPENLINEAGE_EVENTS="$events" "$GO" test -count=1 -run TestLineage ./internal/notice
"$VENV/bin/python" scripts/openlineage/check.py "$events"
