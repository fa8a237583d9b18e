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
began=0
[ ! -f "$GITHUB_OUTPUT" ] || began=$(wc -c < "$GITHUB_OUTPUT")
code=0
"$FAIRTRIAL" ci github "${report[@]}" -- run "${run[@]}" ${more[@]+"${more[@]}"} || code=$?
# One that was killed, most often for want of memory, could write nothing itself. It may have
# stopped the reading of commands (::error), so that the summary alone can say it.
if [ $code -gt 128 ] && ! tail -c +$((began + 1)) "$GITHUB_OUTPUT" 2>/dev/null | grep -q '^verdict<<'; then
  printf 'verdict=error\nsentence=Not judged: the run was killed (signal %d).\nexit-code=%d\n' $((code - 128)) $code >> "$GITHUB_OUTPUT"
  printf '## ▲ Not judged: the run was killed (signal %d)\n\n%s\n' $((code - 128)) 'Signal 9 is most often a want of memory.' >> "${GITHUB_STEP_SUMMARY:-/dev/null}"
fi
exit $code
