#!/bin/sh
# gofmt always; golangci-lint, which vets as well, and govulncheck where they can be installed.
set -eu
: "${GO:=go}"
bad=$(gofmt -l cmd internal)
if [ -n "$bad" ]; then echo "not gofmt-ed:"; echo "$bad"; exit 1; fi
tags=snowflake,bigquery # files that ordinary builds leave out; gcs and azure need modules that go.mod lacks
bin=$($GO env GOPATH)/bin
if [ ! -x "$bin/golangci-lint" ]; then
  echo "== installing golangci-lint $1"
  $GO install "github.com/golangci/golangci-lint/v2/cmd/golangci-lint@$1" || echo "WARNING: golangci-lint could not be installed: SKIPPED"
fi
if [ -x "$bin/golangci-lint" ]; then
  "$bin/golangci-lint" run ./...
  "$bin/golangci-lint" run --build-tags $tags ./internal/connect
else
  $GO vet ./...
  $GO vet -tags $tags ./internal/connect
fi
if [ "${GOVULNCHECK:-}" = 1 ]; then $GO run golang.org/x/vuln/cmd/govulncheck@latest ./... ; fi
