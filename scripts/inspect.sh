#!/bin/sh
# Compares imported logs of Inspect AI with what Inspect itself says in their headers: the
# real Inspect from PyPI runs small tasks with its mock model, offline. Values agree, and
# standard errors, plain and clustered. Without a registry it is skipped with a loud line,
# and never when CI is set.
set -eu
cd "$(dirname "$0")/.."
: "${GO:=go}" "${PYTHON:=python3}" "${VENV:=.venv}" "${INSPECT:=inspect_ai==0.3.285}" "${SAMPLES:=60}"
venv="$VENV-inspect"
if [ "$(cat "$venv/.requirements" 2>/dev/null || true)" != "$INSPECT" ]; then
  echo "== installing $INSPECT into $venv (once)" >&2
  if ! { "$PYTHON" -m venv "$venv" && "$venv/bin/pip" install -q --disable-pip-version-check "$INSPECT" && echo "$INSPECT" >"$venv/.requirements"; }; then
    if [ -n "${CI:-}" ]; then
      echo "Inspect could not be installed, and CI is set: this is a failure" >&2
      exit 1
    fi
    echo "* SKIPPED: agreement with Inspect AI (no Python or no registry). Nothing was compared. *" >&2
    exit 0
  fi
fi
work=bin/inspect
rm -rf $work
mkdir -p $work
"$venv/bin/python" oracles/inspect_task.py $work "$SAMPLES" >$work/log 2>&1 || { tail -20 $work/log >&2; exit 1; }
make --no-print-directory build
for kind in whole broken; do
  for form in eval json; do
    to=$work/$kind-$form
    bin/fairtrial -q init $work/$kind/$form/large/*.$form $work/$kind/$form/small/*.$form -o $to/plan.yaml
    bin/fairtrial run $to/plan.yaml -q -o $to/clustered >/dev/null 2>$to/run.log || { cat $to/run.log >&2; exit 1; }
    sed 's/, cluster: country//' $to/plan.yaml >$to/plain.yaml
    bin/fairtrial run $to/plain.yaml -q -o $to/plain >/dev/null 2>$to/run.log || { cat $to/run.log >&2; exit 1; }
  done
done
"$venv/bin/python" oracles/inspect_compare.py $work
