#!/usr/bin/env bash
# Builds the programs of others that the tests run Detente against, each at a
# fixed version, from source by way of the Go module proxy, and prints the
# folder that holds them. What is there is left alone, so only the first run
# needs a network. The tests fail without these programs, they never skip.
set -euo pipefail

GO="${GO:-go}"
folder="${DETENTE_PEERS:-$("$GO" env GOCACHE)/peers-of-detente}"
mkdir -p "$folder"
# Two test runs may want to build at once.
exec 9>"$folder/lock"
if command -v flock >/dev/null; then flock 9; fi

build() { # name, module path of the command, version
  local to="$folder/$1@$3"
  if [ ! -x "$to/$1" ]; then
    echo "building $2@$3" >&2
    if ! CGO_ENABLED=0 GOFLAGS='' GOWORK=off GOBIN="$to" "$GO" install "$2@$3" >&2; then
      echo "the tests need $1 $3: run '$GO install $2@$3' where the Go module proxy can be reached, with GOBIN=$to" >&2
      exit 1
    fi
  fi
  ln -sfn "$1@$3/$1" "$folder/$1"
}

build litewitness filippo.io/torchwood/cmd/litewitness v0.9.0
build fsck github.com/transparency-dev/tessera/cmd/fsck v1.0.4
# A reader on torchwood's client, of the sources in testdata, whose go.sum fixes
# what it is built of.
reader="$(cd "$(dirname "$0")/.." && pwd)/simulation/peers/testdata/reader"
work="$(mktemp -d)"
trap 'rm -rf "$work"' EXIT
for f in go.mod go.sum main.go; do cp "$reader/$f.txt" "$work/$f"; done
if ! (cd "$work" && CGO_ENABLED=0 GOFLAGS=-mod=readonly GOWORK=off "$GO" build -trimpath -o "$folder/reader.new" . >&2); then
  echo "the tests need a reader built of torchwood v0.9.0, and it could not be built: run $0 where the Go module proxy can be reached" >&2
  exit 1
fi
mv "$folder/reader.new" "$folder/reader"
echo "$folder"
