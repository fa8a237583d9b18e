#!/bin/sh
# Makes web/dist/charts.js when npm is there and a source is newer; says so when it is not.
# Reports are whole without it: their charts stay static pictures. With CI set it must be made.
set -eu
cd "$(dirname "$0")/.."
out=web/dist/charts.js
if [ -f "$out" ] && [ -z "$(find web/src web/package-lock.json internal/tools/bundle -type f -newer "$out" | head -n 1)" ]; then exit 0; fi
if ! command -v npm >/dev/null 2>&1; then
  echo "npm is not installed: reports get static charts only (apt-get install nodejs npm, then make web)"
  [ -z "${CI:-}" ] || exit 1
  exit 0
fi
echo "== building the charts' script (npm packages are fetched the first time)"
if ! (cd web && npm ci --ignore-scripts --no-audit --no-fund --loglevel=error >/dev/null) || ! (cd internal/tools/bundle && "${GO:-go}" run . ../../../web); then
  [ -z "${CI:-}" ] || exit 1
  echo "the charts' script could not be built: reports get static charts only"
fi
