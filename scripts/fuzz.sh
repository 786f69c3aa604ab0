#!/usr/bin/env bash
# Runs every fuzz target for a while: scripts/fuzz.sh 10s. Go fuzzes one target
# of one package at a time, so this finds them and takes them in turn.
set -euo pipefail

for_time=${1:-10s}
ran=0
while IFS=: read -r file target; do
  echo "--- $(dirname "$file") $target, $for_time"
  go test "./$(dirname "$file")" -run '^$' -fuzz "^$target\$" -fuzztime "$for_time"
  ran=$((ran + 1))
done < <(git ls-files '*_test.go' | xargs grep -HoE '^func Fuzz[A-Za-z0-9_]+' | sed 's/:func /:/' | sort)
if [ "$ran" -eq 0 ]; then
  echo "no fuzz target was found" >&2
  exit 1
fi
echo "$ran targets, $for_time each, nothing found"
