#!/bin/sh
# Runs every fuzz target of the module for the given time.
set -eu
: "${GO:=go}"
for pkg in $(grep -rl --include='*_test.go' '^func Fuzz' . | xargs -n1 dirname | sort -u); do
  for f in $(grep -h -o '^func Fuzz[A-Za-z0-9_]*' "$pkg"/*_test.go | sed 's/func //' | sort -u); do
    echo "== $pkg $f"
    $GO test -tags snowflake,bigquery -run '^$' -fuzz "^$f\$" -fuzztime "$1" "$pkg"
  done
done
