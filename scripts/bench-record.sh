#!/usr/bin/env bash
# Appends 1 KiB entries, each durable before the next of its writer, to Detente's
# store, to a raw file, to Tessera's POSIX driver and to immudb's embedded store:
# in one run, in turns, on one disk. Every ratio is the median of those of the
# rounds, each of two runs that were neighbours. ROUNDS and SECONDS_EACH may be
# set. The peers are built of bench/peers, whose go.sum fixes them. Nothing is
# removed before the end: ext4 makes files slowly in the minutes after many were.
set -euo pipefail
GO="${GO:-go}" ROUNDS="${ROUNDS:-5}" SECONDS_EACH="${SECONDS_EACH:-3}"
root="$(cd "$(dirname "$0")/.." && pwd)"
work="$(mktemp -d)"
trap 'rm -rf "$work"' EXIT
mkdir "$work/data" "$work/peers"
for f in go.mod go.sum main.go; do cp "$root/bench/peers/$f.txt" "$work/peers/$f"; done
(cd "$work/peers" && GOFLAGS=-mod=readonly GOWORK=off "$GO" build -o peers .)
(cd "$root" && "$GO" test -c -o "$work/ours" ./record/store)
# ours NAME FILE: runs the benchmark of that name, and keeps its entries a second.
ours() {
  (cd "$root/record/store" && "$work/ours" -test.run '^$' -test.bench "^BenchmarkAppend\$/^$1\$" -test.benchtime 1x -for "${SECONDS_EACH}s" -keep "$work/data") |
    awk '{ for (i = 2; i <= NF; i++) if ($i == "entries/s") print $(i - 1) }' >>"$work/$2"
}
peer() { (cd "$work/data" && ../peers/peers "$1" 256 "$SECONDS_EACH" 2>"$work/talk") >>"$work/$1"; }
for _ in $(seq "$ROUNDS"); do
  ours raw raw
  ours 1_writers_1_records one
  peer tessera
  ours 256_writers_1_records many
  peer immudb
  peer immudb-defaults
  ours limit limit
done
median() { sort -g | awk '{ a[NR] = $1 } END { print (a[int((NR + 1) / 2)] + a[int(NR / 2) + 1]) / 2 }'; }
row() { # what, ours, peer, target
  awk -v w="$1" -v o="$(median <"$work/$2")" -v p="$(median <"$work/$3")" -v t="$4" -v r="$(paste "$work/$2" "$work/$3" | awk '{ print $1 / $2 }' | median)" 'BEGIN {
    printf "%-44s %10.0f %10.0f %7.2f %7s  %s\n", w, o, p, r, t, t == "-" ? "-" : (r >= t) ? "met" : "MISSED" }'
}
printf '%-44s %10s %10s %7s %7s\n' 'entries of 1 KiB, durable, a second' ours peer ratio target
row '1 writer, against raw append and sync' one raw 0.7
row '256 writers, against Tessera POSIX v1.0.4' many tessera 3
row '256 writers, against immudb embedded v1.9.5' many immudb 10
row '256 writers, against immudb, its defaults' many immudb-defaults -
row '256 writers, against writing such groups' many limit -
