#!/bin/sh
# Runs the generative examples with the small model of scripts/model.sh asked: what it
# decides is shown, not demanded, for another processor may round another way.
# demo-live.sh PROGRAM [record]: with record, all is asked anew and the examples' recorded
# answers are replaced.
set -eu
cd "$(dirname "$0")/.."
if [ -z "${LIVE_URL:-}" ]; then
  status=0
  sh scripts/model.sh with sh scripts/demo-live.sh "$@" || status=$?
  if [ $status = 77 ]; then
    echo "SKIPPED: no model, so nothing was asked" >&2
    [ -n "${2:-}" ] || status=0
  fi
  exit $status
fi
program=$1 fresh=
[ "${2:-}" != record ] || fresh=--fresh
for example in support-answers extraction; do
  out=examples/$example/fairtrial-out/live
  echo "== fairtrial run examples/$example/plan-live.yaml"
  status=0
  "$program" run examples/$example/plan-live.yaml -o "$out" $fresh || status=$?
  case $status in
  0 | 1 | 3) echo "exit status $status" ;; # go, no-go, inconclusive
  *) exit $status ;;
  esac
  [ "${2:-}" = record ] || continue
  "$program" answers "$out" --model baseline -o examples/$example/answers-v1.jsonl
  "$program" answers "$out" --model candidate -o examples/$example/answers-v2.jsonl
done
