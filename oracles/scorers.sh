#!/bin/sh
# Compares the text scorers with real sacrebleu, rouge-score, NLTK, jsonschema, lm-eval's
# IFEval verifiers, pytrec_eval and scikit-learn, in a virtual environment of its own.
# Where no package registry can be reached it is skipped with a loud line, and never when
# CI is set. Usage: scorers.sh [--table | --docs]
# --docs writes the generated part of docs/scorers.md.
set -eu
cd "$(dirname "$0")/.."
: "${PYTHON:=python3}" "${GO:=go}"
VENV="${VENV:-.venv}-scorers"
page=docs/scorers.md
# lm-eval is wanted for its verifiers alone: its own dependencies are gigabytes.
LM_EVAL=lm-eval==0.4.13
stamp="$VENV/.requirements"
wanted="$(cat oracles/requirements-scorers.txt; echo "$LM_EVAL")"
if [ "$(cat "$stamp" 2>/dev/null || true)" != "$wanted" ]; then
  echo "== conformance of scorers: installing sacrebleu, rouge-score and others into $VENV (once)" >&2
  if ! { "$PYTHON" -m venv "$VENV" && "$VENV/bin/pip" install -q --disable-pip-version-check -r oracles/requirements-scorers.txt && "$VENV/bin/pip" install -q --disable-pip-version-check --no-deps "$LM_EVAL" && printf '%s\n' "$wanted" >"$stamp"; }; then
    if [ -n "${CI:-}" ]; then
      echo "conformance: the oracles of the scorers could not be installed, and CI is set: this is a failure" >&2
      exit 1
    fi
    echo "***********************************************************************" >&2
    echo "* SKIPPED: conformance of scorers (no Python or no registry).         *" >&2
    echo "* The scorers were NOT compared with their oracles in this run.       *" >&2
    echo "***********************************************************************" >&2
    exit 0
  fi
fi
mkdir -p bin
$GO build -o bin/scores ./internal/tools/scores
echo "== conformance: every scorer against its oracle" >&2
if [ "${1:-}" = --docs ]; then
  "$VENV/bin/python" oracles/scorers.py bin/scores --table >bin/scorers-table.md
  {
    sed '/^<!-- generated/q' "$page"
    bin/scores -catalogue
    printf '\n## Agreement\n\n'
    cat bin/scorers-table.md
  } >bin/scorers.md
  mv bin/scorers.md "$page"
  exit
fi
"$VENV/bin/python" oracles/scorers.py bin/scores "$@"
