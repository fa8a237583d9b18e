#!/bin/sh
# Runs the tests of object stores against moto, a second S3-compatible server.
set -eu
: "${VENV:=.venv}" "${PYTHON:=python3}" "${GO:=go}" "${PORT:=5567}"
if [ ! -x "$VENV/bin/moto_server" ]; then
  echo "== installing moto into $VENV (once)"
  [ -x "$VENV/bin/python" ] || "$PYTHON" -m venv "$VENV"
  "$VENV/bin/pip" install -q --disable-pip-version-check -r oracles/requirements-s3.txt
fi
log=$(mktemp)
"$VENV/bin/moto_server" -H 127.0.0.1 -p "$PORT" >"$log" 2>&1 &
trap 'kill $! 2>/dev/null; rm -f "$log"' EXIT
for _ in $(seq 60); do
  "$VENV/bin/python" -c "import socket; socket.create_connection(('127.0.0.1', $PORT))" 2>/dev/null && break
  sleep 0.5
done
FAIRTRIAL_TEST_S3="http://127.0.0.1:$PORT" "$GO" test -count=1 -v -run 'Object|SameRows' ./internal/connect ./internal/cli
grep -q 'GET /cases' "$log" || { echo "moto was not asked for an object: nothing was tested"; cat "$log"; exit 1; }
