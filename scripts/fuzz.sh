#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# fuzz.sh [seconds per target] [target ..]: builds the libFuzzer targets (clang-14, address and undefined-behaviour
# sanitizers) and runs them one after another from their seeds; all of tests/fuzz where none is named. Corpora and findings:
# build/fuzz/runs/<target>. What was run: build/fuzz/runs/record.tsv, a line for each target (docs/fuzzing.md).
set -euo pipefail
cd "$(dirname "$0")/.."
seconds=${1:-60}
shift || true
targets=("$@")
cmake --preset fuzz >/dev/null
if ((${#targets[@]})); then
  cmake --build --preset fuzz --target "${targets[@]/#/fuzz_}"
else
  cmake --build --preset fuzz --target fuzzers
  mapfile -t targets <build/fuzz/tests/fuzz/targets.txt
fi
bin=$PWD/build/fuzz/tests/fuzz
# protobuf is not instrumented: its containers cannot be annotated.
export ASAN_OPTIONS=detect_container_overflow=0
record=$PWD/build/fuzz/runs/record.tsv
mkdir -p build/fuzz/runs
failed=0
for target in "${targets[@]}"; do
  run=build/fuzz/runs/$target
  mkdir -p "$run/corpus"
  "$bin/fuzz_$target" --seeds "$run/seeds"
  result=clean
  (cd "$run" && "$bin/fuzz_$target" corpus seeds -max_total_time="$seconds" -timeout=60 -rss_limit_mb=3000 -max_len=40000 \
    -print_final_stats=1 >log 2>&1) || result="FAILED, see $run/log"
  [[ $result == clean ]] || failed=1
  executions=$(sed -nE 's/^stat::number_of_executed_units: *//p' "$run/log")
  edges=$(sed -nE 's/.* cov: ([0-9]+) .*/\1/p' "$run/log" | tail -n 1)
  printf '%s\t%s\t%s\t%s\t%s\n' "$(git rev-parse --short HEAD)" "$target" "${executions:-0}" "${edges:-0}" "$result" | tee -a "$record"
done
exit $failed
