#!/bin/sh
# Runs the Go tests under the race detector, which finds only what runs at the same time:
# those of each package that starts a goroutine, locks, serves or calls HTTP or has parallel
# tests, and of each that links such a package of ours. The others (formulas, formats) cannot
# race and are named. -short, as simulations prove numbers, which `make test` does: here
# each way through them is taken once. Command scripts end at "[short] stop", from where on
# nothing runs at the same time that did not before. Usage: race.sh [FLAG OF go test …]
set -eu
cd "$(dirname "$0")/.."
: "${GO:=go}"
concurrent='^[[:space:]]*go (func\(|[[:alnum:]_.]+\()|\.Go\(|t\.Parallel\(\)|"(sync|sync/atomic|net/http)"'
module=$($GO list -m)
folders() { grep -lErZ "$@" "$concurrent" cmd internal | xargs -0 -n1 dirname | LC_ALL=C sort -u | sed "s#^#$module/#"; }
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
folders --include='*.go' >"$work/own"
folders --include='*.go' --exclude='*_test.go' >"$work/code"
$GO list -f '{{.ImportPath}} {{if or .TestGoFiles .XTestGoFiles}}tested{{else}}-{{end}} {{join .Deps " "}} / {{join .TestImports " "}} {{join .XTestImports " "}}' ./... >"$work/imports"
# A test's imports bring what they import: the third file is read twice.
awk -v chosen="$work/chosen" '
  FILENAME ~ /own$/ { own[$1]; next }
  FILENAME ~ /code$/ { code[$1]; next }
  !again { hot[$1] = $1 in code; for (i = 3; $i != "/"; i++) if ($i in code) hot[$1] = 1; next }
  $2 == "tested" {
    yes = $1 in own || hot[$1]
    for (i = 3; i <= NF; i++) if (hot[$i]) yes = 1
    if (yes) print $1 >chosen; else { sub(".*/internal/", "", $1); left = left " " $1 }
  }
  END { print "== not raced, nothing in them runs at the same time:" left }
' "$work/own" "$work/code" "$work/imports" again=1 "$work/imports"
# A raced process sleeps for a second before it ends, to see the last of its threads: the
# command tests start hundreds.
export GORACE="atexit_sleep_ms=0 ${GORACE:-}"
# shellcheck disable=SC2046
$GO test -race -short "$@" $(cat "$work/chosen")
