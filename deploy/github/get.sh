#!/usr/bin/env bash
# Finds or installs fairtrial for the action and writes its path to the step's output.
# BINARY, VERSION and HERE (the action's checkout) come from action.yml.
set -euo pipefail
work=${RUNNER_TEMP:-$(mktemp -d)}/fairtrial-bin
case "${BINARY:-}:${VERSION:-}" in
  ?*:*)
    command -v "$BINARY" >/dev/null || { echo "::error title=fairtrial::no program at $BINARY (input binary)"; exit 2; }
    found=$BINARY ;;
  :source)
    for tool in go gcc g++; do
      command -v $tool >/dev/null || { echo "::error title=fairtrial::$tool is needed to build from source"; exit 2; }
    done
    mkdir -p "$work"
    (cd "$HERE" && go build -trimpath -o "$work/fairtrial" ./cmd/fairtrial)
    found=$work/fairtrial ;;
  *)
    if [ -z "$VERSION" ] && found=$(command -v fairtrial); then :; else
      case "$VERSION" in
        '') want=fairtrial ;;
        *.whl) want=$VERSION ;;
        *) want=fairtrial==${VERSION#v} ;;
      esac
      python3 -m venv "$work"
      "$work/bin/pip" install -q --disable-pip-version-check "$want" || { echo "::error title=fairtrial::pip could not install $want"; exit 2; }
      found=$work/bin/fairtrial
    fi ;;
esac
"$found" version
echo "fairtrial=$found" >> "$GITHUB_OUTPUT"
