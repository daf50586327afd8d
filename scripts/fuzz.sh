#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# fuzz.sh [--until EXECUTIONS] [seconds per target] [target ..]: builds the libFuzzer programs (clang-14, address and undefined-behaviour
# sanitizers) of the groups that the targets are in, and runs the targets one after another from their seeds and the corpora of earlier runs;
# all of tests/fuzz where none is named. --until passes over targets that have that many executions, and stops there.
# fuzz.sh --total: the table of docs/fuzzing.md, with what was run since.
# Corpora and findings: build/fuzz/runs/<target>. What was run: build/fuzz/runs/record.tsv, a line for each run of a target: commits,
# target, executions, CPU seconds, edges, executions since the last new edge, what came of it. A new record begins with that table.
set -euo pipefail
cd "$(dirname "$0")/.."
bin=$PWD/build/fuzz/tests/fuzz
record=$PWD/build/fuzz/runs/record.tsv
page=docs/fuzzing.md
mkdir -p build/fuzz/runs
if [[ ! -f $record ]]; then
  # | target | executions | a second | edges | since the last new edge | commits |
  awk -F ' *[|] *' -v OFS='\t' '$2 != "all" && $2 ~ /^[a-z0-9_]+$/ && $3 ~ /^[0-9]+$/ {
      cpu = 0
      if ($4 + 0 > 0) cpu = $3 / $4
      print $7, $2, $3, cpu, $5, $6 + 0, "clean"
    }' $page >"$record"
fi

# Sums of the record, a line a target: target, executions, executions a CPU second of the latest run, edges, executions since the last new
# edge, first and last commit, runs that found something.
sums() {
  awk -F '\t' -v OFS='\t' '
    {
      sum[$2] += $3; edges[$2] = ($5 > edges[$2] ? $5 : edges[$2])
      quiet[$2] = ($6 < $3 ? $6 : quiet[$2] + $3)
      if ($4 > 0) rate[$2] = $3 / $4
      split($1, commits, " to "); if (!($2 in first)) first[$2] = commits[1]
      last[$2] = commits[length(commits)]
      if ($7 != "clean") found[$2]++
    }
    END {
      for (t in sum) {
        a_second = "-"
        if (t in rate) a_second = sprintf(rate[t] < 10 ? "%.1f" : "%d", rate[t])
        commits_of = (first[t] == last[t] ? last[t] : first[t] " to " last[t])
        print t, sum[t], a_second, edges[t], quiet[t], commits_of, found[t] + 0
      }
    }' "$record" | sort
}

if [[ ${1:-} == --total ]]; then
  printf '| target | executions | a CPU second | edges | executions since the last new edge | commits |\n| --- | --- | --- | --- | --- | --- |\n'
  sums | awk -F '\t' '{printf "| %s | %s | %s | %s | %s | %s |\n", $1, $2, $3, $4, $5, $6; all += $2} END {printf "| all | %.0f | | | | |\n", all}'
  exit 0
fi
until=0
if [[ ${1:-} == --until ]]; then
  until=$2
  shift 2
fi
seconds=${1:-60}
shift || true

# The rows of the tables at the ends of the sources: {"name", function, ..
rows='\{"[a-z0-9_]+", [a-z]'
targets=("$@")
if ((${#targets[@]} == 0)); then
  mapfile -t targets < <(grep -hoE "$rows" tests/fuzz/*_targets.cc | sed -E 's/.*"(.*)".*/\1/')
fi
declare -A group
for target in "${targets[@]}"; do
  source=$(grep -lE "\{\"$target\", [a-z]" tests/fuzz/*_targets.cc) || { echo "fuzz.sh: no target is called '$target'" >&2; exit 2; }
  group[$target]=$(basename "$source" _targets.cc)
done
cmake --preset fuzz >/dev/null
mapfile -t programs < <(printf 'fuzz_%s\n' "${group[@]}" | sort -u)
cmake --build --preset fuzz --target "${programs[@]}"

# protobuf is not instrumented: its containers cannot be annotated. Less is kept of freed memory than usual: readers ask for little.
export ASAN_OPTIONS=detect_container_overflow=0:quarantine_size_mb=32:malloc_context_size=4
commit=$(git rev-parse --short HEAD)
failed=0
for target in "${targets[@]}"; do
  program=$bin/fuzz_${group[$target]}
  run=build/fuzz/runs/$target
  limits=(-max_total_time="$seconds")
  if ((until > 0)); then
    left=$((until - $(sums | awk -F '\t' -v t="$target" '$1 == t {n = $2} END {print n + 0}')))
    ((left > 0)) || continue
    limits+=(-runs="$left")
  fi
  mkdir -p "$run/corpus"
  "$program" --target="$target" --seeds="$run/seeds"
  result=clean
  TIMEFORMAT=%U
  cpu=$(cd "$run" && { time "$program" --target="$target" corpus seeds "${limits[@]}" -timeout=60 -rss_limit_mb=3000 -max_len=40000 \
    -print_final_stats=1 >log 2>&1; } 2>&1) || result="FAILED, see $run/log"
  [[ $result == clean ]] || failed=1
  # Executions, edges, executions since the last of them was new.
  awk -v OFS='\t' -v commit="$commit" -v target="$target" -v cpu="$cpu" -v result="$result" '
    /^#[0-9]+\t/ && match($0, /cov: [0-9]+/) {
      edges = substr($0, RSTART + 5, RLENGTH - 5) + 0
      if (edges > most && started) newest = substr($1, 2)
      if (edges > most) most = edges
      if ($2 == "INITED") started = 1
    }
    /^stat::number_of_executed_units:/ {executions = $2}
    END {print commit, target, executions + 0, cpu + 0, most + 0, executions - newest, result}' "$run/log" | tee -a "$record"
done
exit $failed
