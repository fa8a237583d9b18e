#!/bin/sh
# Builds dist/fairtrial-*.whl: the Python package with the Go program for this platform. On
# Linux the C++ runtime is linked in, and auditwheel says which C library the wheel needs.
set -eu
cd "$(dirname "$0")/.."
: "${GO:=go}" "${PYTHON:=python3}" "${TOOLS:=.venv-python/wheel}" "${GOFLAGS:=}"
version=$(sed -n 's/^__version__ = "\(.*\)"$/\1/p' python/src/fairtrial/_version.py)
[ -n "$version" ] || { echo "no version in python/src/fairtrial/_version.py" >&2; exit 1; }
stamp="$TOOLS/.installed"
if [ ! -e "$stamp" ]; then
  echo "== wheel: installing hatchling and auditwheel into $TOOLS (once)" >&2
  "$PYTHON" -m venv "$TOOLS" && "$TOOLS/bin/pip" install -q --disable-pip-version-check 'hatchling>=1.25,<2' 'auditwheel>=6,<7' && : >"$stamp" || {
    rm -rf "$TOOLS"
    echo "wheel: hatchling could not be installed: Python 3.10 or newer with venv, and a package registry, are needed" >&2
    exit 1
  }
fi
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
flags="-s -w -X github.com/fairtrial/fairtrial/internal/cli.version=$version"
if [ "$("$GO" env GOOS)" = linux ]; then
  # DuckDB asks for -lstdc++ by name, which -static-libstdc++ does not touch: a folder that
  # has only the archive comes before the system's.
  archive=$(g++ -print-file-name=libstdc++.a)
  [ -f "$archive" ] || { echo "wheel: libstdc++.a is missing: install g++ with its static library" >&2; exit 1; }
  mkdir "$work/static"
  ln -s "$archive" "$work/static/libstdc++.a"
  flags="$flags -linkmode external -extldflags \"-L$work/static -static-libgcc\""
fi
echo "== wheel: building the program, version $version" >&2
"$GO" build -trimpath -ldflags "$flags" -o "$work/fairtrial" ./cmd/fairtrial

# The platform tag: named, or what auditwheel finds in a first wheel, or Python's own.
pack() { # TAG FOLDER
  (cd python && FAIRTRIAL_BINARY="$work/fairtrial" FAIRTRIAL_PLATFORM="$1" "$tools/bin/python" -m hatchling build -t wheel -d "$work/$2") >/dev/null
}
case "$TOOLS" in /*) tools=$TOOLS ;; *) tools=$PWD/$TOOLS ;; esac
platform=${FAIRTRIAL_PLATFORM:-}
if [ -z "$platform" ] && [ "$("$GO" env GOOS)" = linux ]; then
  pack "linux_$(uname -m)" first
  "$TOOLS/bin/auditwheel" show "$work"/first/*.whl >"$work/audit"
  # auditwheel wraps its lines: the first quoted tag after "following platform tag"
  platform=$(tr '\n' ' ' <"$work/audit" | sed -n 's/.*following *platform tag: *"\([a-z0-9_]*\)".*/\1/p')
  [ -n "$platform" ] || { cat "$work/audit" >&2; exit 1; }
fi
pack "$platform" last
if "$TOOLS/bin/auditwheel" show "$work"/last/*.whl 2>/dev/null | grep -q 'libstdc++'; then
  echo "wheel: the program still asks for the system's libstdc++" >&2
  exit 1
fi
mkdir -p dist
rm -f dist/fairtrial-*.whl
mv "$work"/last/*.whl dist/
ls -l dist/fairtrial-*.whl | awk '{print $NF " (" int($5/1e6) " MB)"}'
