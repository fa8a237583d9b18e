#!/bin/sh
# Runs the tests of MLflow against real servers on this machine: one that serves its own
# store, one whose artifacts lie elsewhere, one that asks for a password.
set -eu
: "${VENV:=.venv-mlflow}" "${PYTHON:=python3}" "${GO:=go}"
if [ ! -x "$VENV/bin/mlflow" ]; then
  echo "== installing MLflow into $VENV (once, about a minute)"
  [ -x "$VENV/bin/python" ] || "$PYTHON" -m venv "$VENV"
  "$VENV/bin/pip" install -q --disable-pip-version-check -r scripts/mlflow/requirements.txt
fi
VENV=$(cd "$VENV" && pwd)
dir=$(mktemp -d)
pids=
trap 'for p in $pids; do kill "$p" 2>/dev/null || :; done; wait 2>/dev/null || :; rm -rf "$dir"' EXIT
trap 'exit 1' INT TERM

# Three ports in a row that nobody has: another run on this machine has its own.
PORT=${PORT:-$("$PYTHON" - <<'END'
import random, socket
while True:
    port = random.randrange(20000, 32000)
    held = []
    try:
        for i in range(3):
            held.append(socket.socket())
            held[-1].bind(("127.0.0.1", port + i))
        print(port)
        break
    except OSError:
        continue
    finally:
        for s in held:
            s.close()
END
)}

# serve NAME PORT OPTIONS…
serve() {
  name=$1 port=$2
  shift 2
  mkdir -p "$dir/$name"
  (cd "$dir/$name" && exec "$VENV/bin/mlflow" server --backend-store-uri sqlite:///m.db --host 127.0.0.1 --port "$port" --workers 1 "$@" >server.log 2>&1) &
  echo $! >"$dir/$name/pid"
  pids="$pids $!"
}

export MLFLOW_SERVER_ENABLE_JOB_EXECUTION=false MLFLOW_DISABLE_TELEMETRY=true DO_NOT_TRACK=true
began=$(date +%s)
serve own "$PORT" --artifacts-destination ./art
serve elsewhere $((PORT + 1)) --no-serve-artifacts --default-artifact-root "$dir/store"
MLFLOW_FLASK_SERVER_SECRET_KEY=for-tests MLFLOW_AUTH_ADMIN_PASSWORD=word-of-the-tests serve locked $((PORT + 2)) --app-name basic-auth
for name in own elsewhere locked; do
  port=$PORT
  [ $name = own ] || port=$((PORT + 1))
  [ $name != locked ] || port=$((PORT + 2))
  up=
  for _ in $(seq 120); do
    kill -0 "$(cat "$dir/$name/pid")" 2>/dev/null || break # what answers there would be another's
    if "$VENV/bin/python" -c "import urllib.request as u; u.urlopen('http://127.0.0.1:$port/health', timeout=2)" 2>/dev/null; then up=1; break; fi
    sleep 0.5
  done
  [ -n "$up" ] || { echo "the server \"$name\" does not answer:"; tail -20 "$dir/$name/server.log"; exit 1; }
done
for name in own elsewhere; do
  port=$PORT
  [ $name = own ] || port=$((PORT + 1))
  MLFLOW_TRACKING_URI="http://127.0.0.1:$port" "$VENV/bin/python" scripts/mlflow/seed.py >"$dir/$name.out" 2>"$dir/$name.err" || { cat "$dir/$name.err"; exit 1; }
  tail -1 "$dir/$name.out" >"$dir/$name.json"
done
echo "== servers up and filled after $(($(date +%s) - began)) s"
FAIRTRIAL_TEST_MLFLOW="http://127.0.0.1:$PORT" FAIRTRIAL_TEST_MLFLOW_ELSEWHERE="http://127.0.0.1:$((PORT + 1))" \
  FAIRTRIAL_TEST_MLFLOW_LOCKED="http://127.0.0.1:$((PORT + 2))" FAIRTRIAL_TEST_MLFLOW_SEED="$dir" \
  "$GO" test -count=1 -timeout 5m -v -run 'MLflow' ./internal/mlflow/... ./internal/cli >"$dir/tests" 2>&1 || { cat "$dir/tests"; exit 1; }
grep -E '^(---|    ---|ok|FAIL)' "$dir/tests"
grep -q 'POST /api/2.0/mlflow/runs/log-batch' "$dir/own/server.log" || grep -q -- '--- PASS: TestMLflowPublish' "$dir/tests" || { echo "nothing was published: nothing was tested"; exit 1; }
