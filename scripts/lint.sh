#!/bin/sh
# gofmt and vet always; golangci-lint and govulncheck where they can be installed.
set -eu
: "${GO:=go}"
bad=$(gofmt -l cmd internal)
if [ -n "$bad" ]; then echo "not gofmt-ed:"; echo "$bad"; exit 1; fi
$GO vet ./...
bin=$($GO env GOPATH)/bin
if [ ! -x "$bin/golangci-lint" ]; then
  echo "== installing golangci-lint $1"
  $GO install "github.com/golangci/golangci-lint/v2/cmd/golangci-lint@$1" || echo "WARNING: golangci-lint could not be installed: SKIPPED"
fi
[ ! -x "$bin/golangci-lint" ] || "$bin/golangci-lint" run ./...
if [ "${GOVULNCHECK:-}" = 1 ]; then $GO run golang.org/x/vuln/cmd/govulncheck@latest ./... ; fi
