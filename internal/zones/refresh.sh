#!/bin/sh
# Takes the time zone data of the Go release in use. Run it when a new Go is
# pinned: a bundle made afterwards carries the new rules, old ones keep theirs.
set -eu
cd "$(dirname "$0")"
cp "$(go env GOROOT)/lib/time/zoneinfo.zip" zoneinfo.zip
chmod 644 zoneinfo.zip
