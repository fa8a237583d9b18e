#!/bin/sh
# Tests the Python package: types, style, and its tests in two environments, one with
# pandas, polars, pyarrow and the notebook's tools, one with pytest alone. Both are made
# once. Where no package registry can be reached it is skipped with a loud line, and never
# when CI is set.
set -eu
cd "$(dirname "$0")/.."
: "${PYTHON:=python3}" "${VENVS:=.venv-python}"
case "$VENVS" in /*) ;; *) VENVS=$PWD/$VENVS ;; esac
[ -x bin/fairtrial ] || { echo "bin/fairtrial is missing: make build" >&2; exit 1; }
export FAIRTRIAL_BINARY="$PWD/bin/fairtrial" PYTHONDONTWRITEBYTECODE=1
unset FAIRTRIAL_HOME || true

skip() {
  if [ -n "${CI:-}" ]; then
    echo "test-python: $1, and CI is set: this is a failure" >&2
    exit 1
  fi
  echo "***********************************************************************" >&2
  echo "* SKIPPED: tests of the Python package ($1)." >&2
  echo "***********************************************************************" >&2
  exit 0
}
"$PYTHON" -c 'import sys, venv, ensurepip; sys.exit(sys.version_info < (3, 10))' 2>/dev/null || skip "Python 3.10 or newer with venv is needed"

environment() { # NAME: installs python/requirements-NAME.txt and the package, once
  stamp="$VENVS/$1/.installed"
  cat "python/requirements-$1.txt" python/pyproject.toml >"$VENVS/$1.wanted"
  cmp -s "$VENVS/$1.wanted" "$stamp" && return
  echo "== python: installing $1 into $VENVS/$1 (once)" >&2
  rm -rf "${VENVS:?}/$1"
  "$PYTHON" -m venv "$VENVS/$1" && "$VENVS/$1/bin/pip" install -q --disable-pip-version-check -r "python/requirements-$1.txt" -e python || return 1
  cp "$VENVS/$1.wanted" "$stamp"
}
mkdir -p "$VENVS"
environment full || skip "no package registry"
environment bare || skip "no package registry"

# As go test does: what passed on the same files is not run again.
passed="$VENVS/passed"
now=$(find python examples README.md dist bin/fairtrial -type f ! -path '*/__pycache__/*' ! -path '*/fairtrial-out/*' ! -path '*/.fairtrial/*' 2>/dev/null | LC_ALL=C sort | xargs sha256sum | sha256sum)
if [ $# -eq 0 ] && [ -z "${CI:-}" ] && [ "$now" = "$(cat "$passed" 2>/dev/null)" ]; then
  echo "== python: unchanged since its tests passed" >&2
  exit 0
fi
if [ -n "${CI:-}" ] && ! ls dist/fairtrial-*.whl >/dev/null 2>&1; then
  sh scripts/wheel.sh # and the README's example in an empty environment is tested
fi

full="$VENVS/full/bin"
echo "== python: ruff and mypy --strict" >&2
"$full/ruff" check -q --no-cache python
"$full/ruff" format -q --no-cache --check python/src python/tests
(cd python && "$full/mypy" --cache-dir "$VENVS/mypy")
echo "== python: tests with pandas, polars, pyarrow and notebooks" >&2
"$full/python" -m pytest -q python "$@"
echo "== python: tests without any of them" >&2
"$VENVS/bare/bin/python" -m pytest -q python "$@"
[ $# -gt 0 ] || echo "$now" >"$passed"
