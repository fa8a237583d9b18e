#!/bin/sh
# Fetches the Trino server and its memory connector from Maven Central, checks what came,
# and runs the tests that need it. Trino 476 runs on Java 24 and 25.
set -eu
VERSION=476
SERVER=0f388f9967c177ae70a47c099082fc95387f0c3cb96d8000d1d41fc3a5223158
MEMORY=bade81c52e2f7177a7b867aee1b10fae48fefda9c38f3ec6aeb006fdde5f0378
DIR=${TRINO_DIR:-.venv/trino-$VERSION}

java=
for j in "${JAVA_HOME:-/nowhere}/bin/java" /usr/lib/jvm/*/bin/java "$(command -v java || true)"; do
  [ -x "$j" ] || continue
  major=$("$j" -version 2>&1 | sed -n 's/.*version "\([0-9]*\).*/\1/p')
  if [ "${major:-0}" -ge 24 ]; then java=$j; break; fi
done
if [ -z "$java" ]; then
  echo "SKIPPED, NOT TESTED: Trino $VERSION needs Java 24 or newer (JAVA_HOME, /usr/lib/jvm or PATH)"
  exit 0
fi

if [ ! -d "$DIR/server/plugin/memory" ] && ! command -v mvn >/dev/null; then
  echo "SKIPPED, NOT TESTED: Trino $VERSION is fetched by Maven (apt-get install maven)"
  exit 0
fi

# fetch FILE SHA256 ARTIFACT: Maven names the file after the artifact.
fetch() {
  [ -f "$DIR/$1" ] || mvn -q -B dependency:copy -Dartifact="$3" -DoutputDirectory="$DIR"
  echo "$2  $DIR/$1" | sha256sum -c - >/dev/null || { rm -f "$DIR/$1"; echo "$3 is not what was pinned: sha256 $2"; exit 1; }
}
if [ ! -d "$DIR/server/plugin/memory" ]; then
  mkdir -p "$DIR"
  echo "== fetching Trino $VERSION from Maven Central (210 MB, once)"
  fetch "trino-server-core-$VERSION.tar.gz" "$SERVER" "io.trino:trino-server-core:$VERSION:tar.gz"
  fetch "trino-memory-$VERSION.zip" "$MEMORY" "io.trino:trino-memory:$VERSION:zip"
  rm -rf "$DIR/server" "$DIR/new"
  mkdir -p "$DIR/new"
  tar -xzf "$DIR/trino-server-core-$VERSION.tar.gz" -C "$DIR/new" --strip-components=1
  rm -rf "$DIR/new/plugin"
  mkdir "$DIR/new/plugin"
  (cd "$DIR/new/plugin" && "${PYTHON:-python3}" -m zipfile -e "../../trino-memory-$VERSION.zip" . && mv "trino-memory-$VERSION" memory)
  mv "$DIR/new" "$DIR/server"
fi
FAIRTRIAL_TEST_TRINO=$(cd "$DIR/server" && pwd) FAIRTRIAL_TEST_JAVA=$java \
  "${GO:-go}" test -count=1 -v -run 'Trino' ./internal/connect ./internal/cli
