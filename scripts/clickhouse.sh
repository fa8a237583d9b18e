#!/bin/sh
# Runs the tests that need a real ClickHouse server: the one that CLICKHOUSE names or that
# is installed. Debian has an old one (18.16), which is what its users run.
set -eu
for c in "${CLICKHOUSE:-}" "$(command -v clickhouse-server || true)" /usr/sbin/clickhouse-server /usr/bin/clickhouse-server "$(command -v clickhouse || true)"; do
  [ -n "$c" ] && [ -x "$c" ] || continue
  FAIRTRIAL_TEST_CLICKHOUSE=$c exec "${GO:-go}" test -p 1 -count=1 -timeout 5m -v -run 'ClickHouse' ./internal/connect ./internal/cli
done
echo "SKIPPED, NOT TESTED: no ClickHouse server (apt-get install clickhouse-server, or set CLICKHOUSE)"
[ -z "${CI:-}" ] || exit 1
