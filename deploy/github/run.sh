#!/usr/bin/env bash
# Turns the action's inputs into one command.
set -euo pipefail
report=(--fail-on "$FAIL_ON")
[ "$COMMENT" != true ] || report+=(--comment)
[ "$CHECK" != true ] || report+=(--check)
[ "$SARIF" != true ] || report+=(--sarif)
run=("$PLAN" --output "$OUTPUT")
[ -z "$BASELINE" ] || run+=(--baseline "$BASELINE")
read -r -d '' -a more <<< "$ARGS" || true # split at blanks and lines, without globs
exec "$FAIRTRIAL" ci github "${report[@]}" -- run "${run[@]}" ${more[@]+"${more[@]}"}
