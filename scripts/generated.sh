#!/usr/bin/env bash
# Fails if what `go generate` makes differs from what is committed or lies in
# the checkout: it generates, and compares the checkout before and after.
set -euo pipefail

state() { git status --porcelain=v1 -z | sha256sum; git diff | sha256sum; }
before=$(state)
go generate ./...
if [ "$before" != "$(state)" ]; then
  echo "generated files are stale; commit what go generate has just written:" >&2
  git status --short >&2
  exit 1
fi
