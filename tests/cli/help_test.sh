#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# What --help says of numbers is what is accepted: both ends of every stated range work, one step beyond each is refused by the
# option's name. Walks the help of every command: a range that this test has no command line for is a failure.
# Usage: help_test.sh ZKINFER SOURCE_FOLDER WORK_FOLDER
set -uo pipefail
source "$(dirname "$0")/expect.sh"
zkinfer=$(realpath "$1")
source_folder=$(realpath "$2")
rm -rf "$3" && mkdir -p "$3" && cd "$3" || exit 1
cp "$source_folder"/examples/mlp/{mlp.onnx,calibration.json,input.json} .
expect 0 'cosine' "$zkinfer" compile mlp.onnx -c calibration.json
expect 0 'identity' "$zkinfer" commit mlp.zkmodel
expect 0 'wrote' "$zkinfer" prove mlp.zkmodel -i input.json -o p.zkproof

# What a command line of each command looks like; every option with a range is added to it.
declare -A line=(
  ["zkinfer"]="run mlp.zkmodel -i input.json"
  ["compile"]="compile mlp.onnx -c calibration.json -o out.zkmodel"
  ["commit"]="commit mlp.zkmodel --key out.zkkey --secret FRESH"
  ["verify"]="verify p.zkproof -k mlp.zkkey"
  ["commitment split"]="commitment split FRESH"
  ["bench"]="bench mlp.zkmodel -i input.json"
  ["demo"]="demo --examples $source_folder/examples -o demo"
)
# Commands that need more files than are here: that the option is understood is all that is looked at.
readonly understood_only=" verify-chain verify-rotation commit-tensor inspect soundness rotate commitment-restore "
declare -A also=(["--security-bits"]="--pow-bits 0")  # the two are bound to each other
# Ends that take too long, or ask for more than this example gives: only that the option itself is understood. Why stands beside it.
declare -A understood=(
  ["bench --runs 1000"]="a thousand proofs"
  ["commitment split --into 4096"]="more slices than slots"
  ["commit --pow-bits 32"]="the certificate's proof of work takes many minutes"
  ["compile --min-cosine 1"]="nothing but the float model reaches it"
  ["compile --min-agreement 100"]="may be missed by one input"
  ["verify --min-security 128"]="the key proves a fraction of a bit less"
  ["verify --verify-seconds 0"]="no key can be verified in no time"
  ["verify --verify-memory 1"]="less than the key needs"
)

commands_of() { "$zkinfer" $1 --help | sed -n '/^Subcommands:/,/^[^ ]/p' | sed -nE 's/^  ([a-z-]+) .*/\1/p'; }

run_one() { # command option value -> exit code and output
  local words=${line[$1]:-$1 absent}
  if [[ $words == *FRESH* ]]; then
    rm -f fresh.zksecret fresh.*.zksecret out.zkkey fresh.zkkey
    [[ $1 == "commitment split" ]] && "$zkinfer" commit mlp.zkmodel --key fresh.zkkey --secret fresh.zksecret -q >/dev/null
    words=${words//FRESH/fresh.zksecret}
  fi
  # Options of the program stand before the command too.
  "$zkinfer" $words ${also[$2]:-} "$2" "$3" 2>&1 </dev/null
}

is_understood_only() { [[ $understood_only == *" ${1/ /-} "* ]]; }

accepted() {
  local output status
  output=$(run_one "$1" "$2" "$3")
  status=$?
  if is_understood_only "$1" || [[ -n ${understood["$1 $2 $3"]:-} ]]; then
    grep -qE -- "$2.*not in range" <<<"$output" && fail "$1 $2 $3 is not understood: $output"
  elif [[ $status -ne 0 ]]; then
    fail "$1 $2 $3: help says it is accepted; exit code $status: $(head -n 3 <<<"$output")"
  fi
}

refused() {
  local output status
  output=$(run_one "$1" "$2" "$3")
  status=$?
  [[ $status -eq 2 ]] && grep -qE -- "$2" <<<"$output" || fail "$1 $2 $3: expected a refusal that names the option, got $status: $output"
}

checked=0
walk() { # command ("" for the program)
  local name=${1:-zkinfer} option low high below above
  while read -r option low high; do
    checked=$((checked + 1))
    if [[ -z ${line[$name]:-} ]] && ! is_understood_only "$name"; then
      fail "$name $option: a range without a command line in this test"
      continue
    fi
    # Whole numbers are exceeded by one, others by a thousandth.
    if [[ $low$high$option =~ [.e]|--min-|--verify-seconds ]]; then
      below=$(awk "BEGIN { print $low - 0.001 }") above=$(awk "BEGIN { printf \"%.3f\", $high + 0.001 }")
    else
      below=$((low - 1)) above=$((high + 1))
    fi
    accepted "$name" "$option" "$low"
    accepted "$name" "$option" "$high"
    refused "$name" "$option" "$below"
    refused "$name" "$option" "$above"
  done < <("$zkinfer" $1 --help | tr '\n' ' ' | grep -oE -- '--[a-z-]+( [A-Z]+)?:?[A-Z]* in \[[^]]+\]' | sed -E 's/^(--[a-z-]+).* in \[([^ ]+) - ([^]]+)\]$/\1 \2 \3/')
}
walk ""
for command in $(commands_of ""); do
  walk "$command"
  for inner in $(commands_of "$command"); do walk "$command $inner"; done
done
[[ $checked -ge 10 ]] || fail "only $checked ranges were found in the help: has its format changed?"
echo "$checked ranges"
finish
