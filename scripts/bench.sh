#!/usr/bin/env bash
# Every figure of docs/benchmarks.md in one run and one table: what, ours, the
# peer or limit of the same run, their ratio, the target, the command. TIME is
# that of each benchmark; ROUNDS and SECONDS_EACH are the record layer's;
# ONLY=regexp takes some rows (BenchRecord is the record layer).
set -euo pipefail
GO="${GO:-go}" TIME="${TIME:-3s}"
root="$(cd "$(dirname "$0")/.." && pwd)"
cd "$root"
work="$(mktemp -d)"
trap 'rm -rf "$work"' EXIT
printf '%s, %s cores, load average %s\n\n' "$(date -u +%F)" "$(nproc)" "$(cut -d' ' -f1 /proc/loadavg)"
printf '%-62s %10s %10s %7s %8s  %-7s %s\n' what ours 'peer/limit' ratio target '' command

# run BENCHMARK PACKAGE [TIME] [FLAGS of the test]: runs it once and keeps its metrics.
run() {
  local file="$work/$(echo "$1" | tr -c 'A-Za-z0-9\n' _)"
  command="go test -run ^\$ -bench ^$1\$ ./$2 ${*:4}"
  [[ -z "${ONLY:-}" || "$1" =~ ${ONLY} ]] || { now=/dev/null; return 0; }
  if ! "$GO" test -timeout 20m -run '^$' -bench "^$1\$" -benchtime "${3:-$TIME}" "./$2" "${@:4}" >"$file.out" 2>&1; then
    tail -20 "$file.out" >&2
    exit 1
  fi
  # One line "metric value" for each, with the sub-benchmark's name before it.
  awk '/^Benchmark/ { name = $1; sub(/-[0-9]+$/, "", name); sub(/^[^\/]*\/?/, "", name)
    for (i = 3; i < NF; i += 2) print (name == "" ? "" : name "/") $(i + 1), $i }' "$file.out" >"$file"
  now="$file"
}
value() { awk -v m="$1" '$1 == m { print $2 }' "$now"; }
# row WHAT OURS LIMIT TARGET: the ratio of two metrics, at least the target; "-" has none.
row() {
  [[ -s "$now" ]] || return 0
  awk -v w="$1" -v o="$(value "$2")" -v p="$(value "$3")" -v t="$4" -v c="$command" 'BEGIN {
    printf "%-62s %10.4g %10.4g %7.2f %8s  %-7s %s\n", w, o, p, o / p, t == "-" ? t : ">= " t, t == "-" ? "" : (o / p >= t) ? "met" : "MISSED", c }'
}
# most WHAT METRIC TARGET: a metric that is at most the target.
most() {
  [[ -s "$now" ]] || return 0
  awk -v w="$1" -v o="$(value "$2")" -v t="$3" -v c="$command" 'BEGIN {
    printf "%-62s %10.4g %10s %7s %8s  %-7s %s\n", w, o, "", "", t == "-" ? t : "<= " t, t == "-" ? "" : (o <= t) ? "met" : "MISSED", c }'
}

run BenchmarkFigures vault
row 'sealing, one core, MB/s; limit 1/(1/cipher+1/hash)' seal seal-limit 0.85
row 'sealing, two cores; against one' seal2 seal -
row 'sealing, two cores; against stock age, then digest' seal2 stock 1.8
row 'opening with its check, one core, MB/s; limit likewise' open open-limit 0.85
row 'opening, two cores; against one' open2 open -

# The record layer has a script of its own, whose rows fit the table.
if [[ -z "${ONLY:-}" || BenchRecord =~ ${ONLY} ]]; then
  ROUNDS="${ROUNDS:-5}" SECONDS_EACH="${SECONDS_EACH:-2}" scripts/bench-record.sh | tail -n +2 | awk '{
    t = $(NF - 1); met = $NF; r = $(NF - 2); p = $(NF - 3); o = $(NF - 4); NF -= 5
    printf "%-62s %10.4g %10.4g %7.2f %8s  %-7s %s\n", $0 ", entries/s", o, p, r, t == "-" ? t : ">= " t, met == "-" ? "" : met, "scripts/bench-record.sh" }'
fi

run BenchmarkIntake depositary
row 'intake of 1 KiB with signatures, durable; batch verification' entries/s limit/s 0.7
most '  time of a core for each entry, us' cpu-us/entry -
run BenchmarkWitnessed depositary
most 'submitted to witnessed, above the witnesses'"'"' own answer, ms' above-ms 10
run BenchmarkIdle depositary 1x
most 'idle records that follow' records -
most '  live memory, MB' heap-MB 50
most '  processor over 10 s, % of a core' cpu-% 1
most '  opened in, s' open-s 3
most '  all read in the background, s' read-s -
most '    and seconds of a core for it' read-cpu-s -
most '  open files' files 64

run BenchmarkAudit audit
row 'audit of 1 KiB entries a second; batch verification' entries/s limit/s 0.9
row '  the same; against our own batch verification, one key' entries/s grouped/s -
most '  live memory for each entry, bytes' heap-B -

for n in 7 31; do # 101 takes minutes to play
  run BenchmarkFirstFrame simulation 1x -custodians "$n"
  most "deciding tick to first frame in clear, $n custodians, ms" frame-ms "$([[ $n == 7 ]] && echo 1000 || echo -)"
done

run BenchmarkCoverage vault 1x
most 'coverage, s for a million manifests' s/million -
most '  live memory for a million manifests, MB' MB-live/million -
