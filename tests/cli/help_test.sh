#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# What --help says is what is accepted: both ends of every stated range work, one step beyond each is refused by the option's name,
# and so is an empty value of whatever takes a value. Walks the help of every command: a range that this test has no command line
# for is a failure.
# Usage: help_test.sh ZKINFER SOURCE_FOLDER WORK_FOLDER
set -uo pipefail
source "$(dirname "$0")/expect.sh"
begin "$@"
mkdir kept
# They use the same slots again and again, which is not to be remembered: no folder can be made there.
export XDG_STATE_HOME=/dev/null

# What the commands read is made once. Each of them works on copies, which it may write into.
cp "$source_folder"/examples/mlp/{mlp.onnx,calibration.json,input.json} "$source_folder"/examples/chain/{features.onnx,head.onnx,head_calibration.json} kept
(
  cd kept || exit 1
  expect 0 'cosine' "$zkinfer" compile mlp.onnx -c calibration.json
  expect 0 'identity' "$zkinfer" commit mlp.zkmodel --no-code-file
  expect 0 'wrote' "$zkinfer" prove mlp.zkmodel -i input.json -o p.zkproof
  expect 0 'wrote' "$zkinfer" seal mlp.zkmodel -o w.zksealed
  expect 0 'wrote' "$zkinfer" commitment backup mlp.zksecret
  mkdir lost && cp mlp.zkbackup mlp.zkkey lost/  # where the root's secret is not
  mv ./????????????????.zkpath p.zkpath
  echo '{"input_data": [[0, 1, 2, 0, 1, 2, 0, 1, 2, 0, 1, 2, 0, 1, 2, 0, 1, 2, 0, 1]]}' >labels.json
  echo 'a few words of a text' >words.txt
  expect 0 'wrote' "$zkinfer" dataset build -i calibration.json --labels labels.json -o rows.zkset
  expect 0 'wrote' "$zkinfer" evm export p.zkproof -k mlp.zkkey --path p.zkpath
  # Few bits and many slots.
  expect 0 'identity' "$zkinfer" commit mlp.zkmodel --secret many.zksecret --key many.zkkey --security-bits 1 --pow-bits 0 --budget 10000
  expect 0 'identity' "$zkinfer" commit mlp.zkmodel --secret tensor.zksecret --key tensor.zkkey --inputs committed --security-bits 40 --pow-bits 0
  expect 0 'cosine' "$zkinfer" compile mlp.onnx -c calibration.json --segments 2 -o cut.zkmodel
  expect 0 'identity' "$zkinfer" commit cut.zkmodel --security-bits 40 --pow-bits 0 --budget 16
  expect 0 'wrote' "$zkinfer" prove cut.zkmodel -i input.json --write-plan cut.zkplan
  for i in 1 2; do expect 0 'wrote' "$zkinfer" prove cut.zkmodel --plan cut.zkplan --segment $i/2; done
  expect 0 'cosine' "$zkinfer" compile features.onnx -c calibration.json
  expect 0 'identity' "$zkinfer" commit features.zkmodel --inputs committed --outputs committed --no-code-file
  expect 0 'cosine' "$zkinfer" compile head.onnx -c head_calibration.json --input-from features.zkkey
  expect 0 'identity' "$zkinfer" commit head.zkmodel --inputs committed --no-code-file
  expect 0 'wrote' "$zkinfer" commit-tensor features.zkkey -i input.json -o flower
  expect 0 'wrote' "$zkinfer" prove features.zkmodel --committed-input flower.zktsecret --committed-output between -o features.zkproof
  expect 0 'wrote' "$zkinfer" prove head.zkmodel --committed-input between.zktsecret -o head.zkproof
  rm flower.*
  rm -rf ./*.zkcode ./*.lock ./*.zkserving/*.zkcode ./*.zkserving/*.lock
  exit "$failures"
) || fail "the files for this test cannot be made"
# Thousands of small files, each brought to the disk: in memory where that is to be had.
work=$PWD/work
if [[ -d /dev/shm && -w /dev/shm ]]; then
  work=$(mktemp -d /dev/shm/zkinfer_help.XXXXXX) || exit 1
  trap 'rm -rf "$work"' EXIT
fi

# What a command line of each command looks like; every option with a range is added to it.
declare -A line=(
  ["zkinfer"]="run mlp.zkmodel -i input.json"
  ["compile"]="compile mlp.onnx -c calibration.json -o out.zkmodel"
  ["commit"]="commit mlp.zkmodel --key out.zkkey --secret out.zksecret --no-code-file"
  ["commitment split"]="commitment split many.zksecret"
  ["commitment restore"]="commitment restore lost/mlp.zkbackup -k lost/mlp.zkkey --published p.zkpath -s lost/restored.zksecret"
  ["commit-tensor"]="commit-tensor tensor.zkkey -i input.json -o flower"
  ["dataset build"]="dataset build -i words.txt --tokenizer $source_folder/testdata/tokenizer/plain.bin -o words.zkset"
  ["evaluate"]="evaluate mlp.zkmodel --data rows.zkset"
  ["seal"]="seal mlp.zkmodel"
  ["verify-sealed"]="verify-sealed w.zksealed -k mlp.zkkey --path p.zkpath"
  ["unseal"]="unseal w.zksealed -k mlp.zkkey --path p.zkpath --shares w.zkshares"
  ["join"]="join cut.1.zkpart cut.2.zkpart"
  ["bundle"]="bundle p.zkproof -k mlp.zkkey --path p.zkpath"
  ["evm export"]="evm export p.zkproof -k mlp.zkkey --path p.zkpath"
  ["evm check"]="evm check p.evm.json -k mlp.zkkey --path p.zkpath"
  ["digest"]="digest mlp.zkkey -i input.json"
  ["verify"]="verify p.zkproof -k mlp.zkkey --path p.zkpath"
  ["verify-chain"]="verify-chain features.zkkey features.zkproof head.zkkey head.zkproof"
  ["verify-path"]="verify-path mlp.zkkey p.zkpath"
  ["inspect"]="inspect mlp.zkkey"
  ["report"]="report mlp.zkmodel --network mlp.onnx --input input.json -o page.html"
  ["soundness"]="soundness mlp.zkkey"
  ["bench"]="bench mlp.zkmodel -i input.json"
  ["tokenize"]="tokenize --tokenizer $source_folder/testdata/tokenizer/plain.bin text -o windows.npy"
  ["generate"]="generate mlp.zkmodel --tokenizer input.json --prompt the"
  ["embed"]="embed mlp.zkmodel --tokenizer input.json --text the"
  ["demo"]="demo --examples $source_folder/examples -o demo"
)
# The two are bound to each other: without proof of work, as few bits as can be asked for.
declare -A also=(["--security-bits"]="--pow-bits 0")
# Ends where what is asked for cannot be had of this example: the command says so, in these words.
declare -A answer=(
  ["commitment restore --margin 1048576"]="a margin of 1048576 does not fit: above slot [0-9]+ the root has [0-9]+ of 256 slots left"
  ["compile --min-cosine 1"]="--min-cosine: cosine [01]\.[0-9]+, expected at least 1"
  ["compile --weight-bits 2"]="needs [0-9]+ bits beside what it acts on, --weight-bits allows 2; allow more"
)
answer["dataset build --tokens 1048576"]="fewer than the 1048576 of a window"
answer["tokenize --window 1"]="hold none of the text"
answer["tokenize --window 16777216"]="fewer than the 16777215 of a window"
for command in "commitment restore" commit-tensor bundle "evm export" "evm check" verify verify-chain verify-path digest inspect soundness evaluate seal verify-sealed unseal; do
  answer["$command --verify-seconds 0"]="more than the limit of 0 ms.*--verify-seconds"
done
# The ciphertext's numbers, and a permutation's matrix.
for command in seal verify-sealed unseal; do answer["$command --verify-memory 1"]="more than the limit of .* and 1 MiB.*--verify-memory"; done
# Ends that cannot run here: only that the option is understood is looked at, before a model that is not there. Why stands beside it.
declare -A understood=(
  ["bench --runs 1000"]="a thousand proofs"
  ["bench --pow-bits 32"]="2^32 hashes before each proof"
  ["commit --pow-bits 32"]="2^32 hashes before the certificate"
)

ranges_of() { # command -> its options with a range: name, lowest, highest
  "$zkinfer" $1 --help | tr '\n' ' ' | grep -oE -- '--[a-z-]+( [A-Z]+)?:?[A-Z]* in \[[^]]+\]' |
    sed -E 's/^(--[a-z-]+).* in \[([^ ]+) - ([^]]+)\]$/\1 \2 \3/'
}

run_one() { # command option value, and what replaces the model's name -> exit code and output
  rm -rf "$work"
  cp -r kept "$work" && cd "$work" || exit 1
  "$zkinfer" ${line[$1]//mlp.zkmodel/${4:-mlp.zkmodel}} ${also[$2]:-} "$2" "$3" 2>&1 </dev/null
}

# says CODE PATTERN COMMAND OPTION VALUE [MODEL]
says() {
  local code=$1 pattern=$2 output status
  shift 2
  output=$(run_one "$@")
  status=$?
  [[ $status -eq $code ]] && grep -qE -- "$pattern" <<<"$output" ||
    fail "${*:1:3}: expected exit code $code and /$pattern/, got $status: $(head -n 3 <<<"$output")"
}

accepted() {
  local case="$1 $2 $3"
  if [[ -n ${answer[$case]:-} ]]; then
    says 2 "${answer[$case]}" "$@"
  elif [[ -n ${understood[$case]:-} ]]; then
    says 2 "absent.zkmodel.*No such file" "$@" absent.zkmodel
  else
    says 0 '' "$@"
  fi
}

# `verify --context "$NONCE"` with NONCE not set must not accept any context.
empty=0
refuses_empty() { # command
  local option before=() words
  read -ra words <<<"$1"
  while read -r option; do
    [[ $option == --prompt ]] && continue # a model may begin from nothing
    empty=$((empty + 1))
    expect 2 "usage: $option: " "$zkinfer" "${words[@]}" "$option" ''
  done < <(options_of "$1" '[A-Z-]+([ :]|$)')
  while read -r option; do
    empty=$((empty + 1))
    expect 2 "usage: $option: *(the value is empty|not in .)" "$zkinfer" "${words[@]}" "${before[@]}" ''
    before+=(x)
  done < <("$zkinfer" $1 --help | sed -n '/^Positionals:/,/^$/p' | sed -nE 's/^  ([a-z]+) .*/\1/p')
}

checked=0
walk() { # command ("" for the program)
  local name=${1:-zkinfer} option low high below above
  while read -r option low high; do
    checked=$((checked + 1))
    if [[ -z ${line[$name]:-} ]]; then
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
    says 2 "usage: $option" "$name" "$option" "$below"
    says 2 "usage: $option" "$name" "$option" "$above"
  done < <(ranges_of "$1")
  refuses_empty "$1"
}
while read -r command; do walk "$command"; done < <(all_commands)
[[ $checked -ge 20 ]] || fail "only $checked ranges were found in the help: has its format changed?"
[[ $empty -ge 100 ]] || fail "only $empty values were found in the help: has its format changed?"
for case in "${!answer[@]}" "${!understood[@]}"; do
  read -ra words <<<"$case"
  grep -qE -- "^${words[-2]} .*\b${words[-1]}\b" <<<"$(ranges_of "${words[*]:0:${#words[@]}-2}")" || fail "$case: no end of a range; take it out of this test"
done
echo "$checked ranges, $empty values"
finish
