#!/bin/sh
# Compares fairtrial with real scikit-learn, statsmodels and fairlearn. Makes its own
# virtual environment. Where no package registry can be reached it is skipped with a
# loud line, and never when CI is set.
set -eu
cd "$(dirname "$0")/.."
: "${VENV:=.venv}" "${PYTHON:=python3}"
stamp="$VENV/.requirements"
if ! cmp -s oracles/requirements.txt "$stamp" 2>/dev/null; then
  echo "== conformance: installing scikit-learn, statsmodels and fairlearn into $VENV (once)" >&2
  if ! { "$PYTHON" -m venv "$VENV" && "$VENV/bin/pip" install -q --disable-pip-version-check -r oracles/requirements.txt && cp oracles/requirements.txt "$stamp"; }; then
    if [ -n "${CI:-}" ]; then
      echo "conformance: the Python oracles could not be installed, and CI is set: this is a failure" >&2
      exit 1
    fi
    echo "***********************************************************************" >&2
    echo "* SKIPPED: conformance with scikit-learn (no Python or no registry).  *" >&2
    echo "* The metrics were NOT compared with their oracles in this run.       *" >&2
    echo "***********************************************************************" >&2
    exit 0
  fi
fi
echo "== conformance: every metric against its oracle" >&2
"$VENV/bin/python" oracles/conformance.py bin/fairtrial "$@"
