#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# What a verifier is told who has too little, or the wrong thing: a missing path is named, a file of another kind is bad input and no
# rejection, what was not looked at is said. And what the owner is told to hand over is enough.
# Usage: verifier_test.sh ZKINFER SOURCE_FOLDER WORK_FOLDER
set -uo pipefail
source "$(dirname "$0")/expect.sh"
begin "$@"
cp "$source_folder"/examples/mlp/{mlp.onnx,calibration.json,input.json} .

expect 0 'cosine' "$zkinfer" compile mlp.onnx -c calibration.json
expect 0 'identity' "$zkinfer" commit mlp.zkmodel --budget 16

# printed OUTPUT: the command that prove prints works as it stands.
printed() {
  local command
  command=$(sed -nE 's/^check with[^:]*: zkinfer //p' <<<"$1")
  [[ -n $command ]] || fail "prove prints no command to check with: $1"
  eval "expect 0 ACCEPTED '$zkinfer' $command"
}
output=$("$zkinfer" prove mlp.zkmodel -i input.json -o "it's p.zkproof" --context 'order 4711')
printed "$output"
[[ $output == *"--context 'order 4711'"* ]] || fail "the context is not in the command: $output"
path=$(basename "$(ls ./*.zkpath)")
[[ $output == *"give along $path"* ]] || fail "prove does not name the path: $output"
mkdir -p many away bare x
output=$("$zkinfer" prove mlp.zkmodel -i calibration.json --index 0-2 -o many/)
printed "$output"
[[ $output == *"give along many/$path"* ]] || fail "prove of many does not name the path: $output"
cp "it's p.zkproof" p.zkproof

# Without the path, which it names; with it, all is well.
cp p.zkproof mlp.zkkey mlp.zkcert away
for quiet in '' --json; do
  expect 2 "no path from this key" "$zkinfer" verify away/p.zkproof -k away/mlp.zkkey $quiet
  expect 2 "Ask whoever made the proof for $path" "$zkinfer" verify away/p.zkproof -k away/mlp.zkkey $quiet
done
expect 2 "Ask whoever made the proof for $path" "$zkinfer" verify away/p.zkproof away/p.zkproof -k away/mlp.zkkey
# What is not there is no answer, of every command that needs it and wherever it is named or looked for; what is there and does not show it is a rejection.
for absent in "verify away/p.zkproof -k away/mlp.zkkey" "verify nothere.zkproof -k mlp.zkkey" "verify p.zkproof -k nothere.zkkey" "verify p.zkproof -k mlp.zkkey --certificate nothere.zkcert" \
  "verify p.zkproof -k mlp.zkkey --path nothere.zkpath" "verify p.zkproof -k mlp.zkkey --certificate none/nothere.zkcert" "verify p.zkproof -k bare.zkkey" "verify p.zkproof away/p.zkproof -k bare.zkkey" \
  "verify-path mlp.zkkey nothere.zkpath" "verify-path nothere.zkkey $path" "verify-chain mlp.zkkey p.zkproof mlp.zkkey away/p.zkproof --path nothere.zkpath" "verify-chain away/mlp.zkkey away/p.zkproof away/mlp.zkkey away/p.zkproof" \
  "verify-chain bare.zkkey p.zkproof bare.zkkey p.zkproof" "bundle away/p.zkproof -k away/mlp.zkkey" "bundle p.zkproof -k bare.zkkey" "evm export away/p.zkproof -k away/mlp.zkkey" "evm export nothere.zkproof -k mlp.zkkey" \
  "inspect nothere.zkproof" "inspect p.zkproof -k nothere.zkkey" "soundness nothere.zkkey" "run nothere.zkmodel -i input.json" "prove mlp.zkmodel -i nothere.json" "digest nothere.zkkey -i input.json" \
  "commitment check mlp.zkmodel nothere.zkaudit -k mlp.zkkey"; do
  [[ -e bare.zkkey ]] || cp mlp.zkkey bare.zkkey
  expect 2 '^zkinfer: .*(no certificate|no path from this key|cannot open .bare.zkcert|nothere\.)' "$zkinfer" $absent
done
"$zkinfer" commit mlp.zkmodel --budget 8 --key foreign.zkkey --secret foreign.zksecret >/dev/null || fail "a second commitment"
for foreign in "verify p.zkproof -k foreign.zkkey --path $path" "verify p.zkproof -k mlp.zkkey --certificate foreign.zkcert" "verify-path foreign.zkkey $path" "verify p.zkproof -k foreign.zkkey --identity $(printf '0%.0s' {1..64})"; do
  expect 1 '^REJECTED: ' "$zkinfer" $foreign
done
for option in --verify-seconds --min-security; do
  for number in nan -nan inf; do
    expect 2 "$option: (expected a finite number, got .$number|Value .*not in range)" "$zkinfer" verify p.zkproof -k mlp.zkkey "$option=$number"
  done
done
# A file that is something else altogether is a mistake, not a rejection.
printf '[1,2]' >short.json
expect 2 'short.json.: expected a proof .*got (another kind of file|5 bytes)' "$zkinfer" verify short.json -k mlp.zkkey
expect 2 'mlp.onnx.: expected a proof .*got another kind of file' "$zkinfer" verify mlp.onnx -k mlp.zkkey
for other in "verify input.json -k mlp.zkkey" "verify mlp.onnx -k input.json" "verify p.zkproof -k mlp.zkkey --certificate input.json" "verify p.zkproof -k mlp.zkkey --path input.json"; do
  expect 2 '^zkinfer: .*input.json.: expected an? .*got another kind of file' "$zkinfer" $other
done
expect 2 "mlp.onnx.: expected a model package .*got a network.*zkinfer compile" "$zkinfer" prove mlp.onnx -i input.json
expect 2 "mlp.onnx.: expected a model package .*got a network.*zkinfer compile" "$zkinfer" commit mlp.onnx
expect 0 'warning: inputs and outputs are private: a proof says only' "$zkinfer" commit mlp.zkmodel --inputs private --outputs private --key hidden.zkkey --secret hidden.zksecret
# Nor is a proof of much use whose outputs nobody sees, whatever is shown of its inputs.
for inputs in public public:sha256 private:sha256 committed; do
  expect 0 'warning: outputs are private: a proof says that the model has some output' "$zkinfer" commit mlp.zkmodel --inputs $inputs --outputs private --key unseen-$inputs.zkkey --secret unseen-$inputs.zksecret
done
expect 0 'warning: inputs and weights are public: whoever has them computes the outputs' "$zkinfer" commit mlp.zkmodel --public-model --inputs public --outputs committed --key seen.zkkey --secret seen.zksecret
# Four numbers of seven bits are tried one after the other by whoever has the model.
expect 0 'warning: weights are public and the inputs have 2.28 values at most' "$zkinfer" commit mlp.zkmodel --public-model --key few.zkkey --secret few.zksecret
expect 0 "warning: input .flower. has 2.28 values at most" "$zkinfer" commit mlp.zkmodel --inputs private:sha256 --key few2.zkkey --secret few2.zksecret
for words in "" "--inputs public" "--inputs committed --outputs committed" "--inputs public:sha256 --outputs committed" "--public-model --inputs public --no-zk"; do
  output=$("$zkinfer" commit mlp.zkmodel $words --key plain.zkkey --secret plain.zksecret --force 2>&1) || fail "commit $words: $output"
  [[ $output != *warning* ]] || fail "commit $words warns: $output"
  rm -rf plain.*
done
expect 2 'more than the limit of 10 us and' "$zkinfer" verify p.zkproof -k mlp.zkkey --verify-seconds 0.00001
expect 2 "Ask whoever made the proof for $path" "$zkinfer" bundle away/p.zkproof -k away/mlp.zkkey
expect 0 'no path from this key' "$zkinfer" inspect away/p.zkproof -k away/mlp.zkkey
expect 0 'ACCEPTED' "$zkinfer" verify away/p.zkproof -k away/mlp.zkkey --path "$path"
expect 0 'wrote p.zkbundle' "$zkinfer" bundle p.zkproof -k mlp.zkkey
expect 0 'ACCEPTED' "$zkinfer" verify p.zkbundle -k away/mlp.zkkey

# Files of another kind are bad input, under the name of the option that they were given to.
for other in mlp.zkkey p.zkproof p.zkbundle "$path"; do
  expect 2 "--certificate .$other.: an? [a-z ]+ .*, not a certificate " "$zkinfer" verify p.zkproof -k mlp.zkkey --certificate "$other"
done
for other in mlp.zkkey p.zkproof p.zkbundle mlp.zkcert; do
  expect 2 "--path .$other.: an? [a-z ]+ .*, not a path " "$zkinfer" verify p.zkproof -k mlp.zkkey --path "$other"
  expect 2 "$other.: an? [a-z ]+ .*, not a path " "$zkinfer" verify-path mlp.zkkey "$other"
done
for other in mlp.zkkey mlp.zkcert "$path" mlp.zkmodel; do
  expect 2 "$other.: an? [a-z ]+ .*, not a proof " "$zkinfer" verify "$other" -k mlp.zkkey
  expect 2 "$other.: an? [a-z ]+ .*, not a proof " "$zkinfer" verify-chain mlp.zkkey "$other" mlp.zkkey p.zkproof
done
: >empty
expect 2 "standard input.: it is empty, expected a proof" "$zkinfer" verify - -k mlp.zkkey
for command in "verify empty -k mlp.zkkey" "verify p.zkproof -k mlp.zkkey --certificate empty" "verify p.zkproof -k mlp.zkkey --path empty" "verify-path mlp.zkkey empty"; do
  expect 2 'empty.: it is empty, expected a' "$zkinfer" $command
done
expect 2 "weights of the key .mlp.zkkey. are private.*--certificate" "$zkinfer" verify p.zkproof -k mlp.zkkey --model mlp.zkmodel
expect 2 "standard input no certificate.*--certificate" bash -c "'$zkinfer' verify p.zkproof -k - < mlp.zkkey"
expect 2 "--identity: expected 64 hexadecimal digits, got .abc. of 3" "$zkinfer" verify p.zkproof -k mlp.zkkey --identity abc
expect 2 'zkinfer verify PROOF --key KEY' "$zkinfer" verify-chain mlp.zkkey p.zkproof
expect 2 'counts slots is a regular file' "$zkinfer" prove mlp.zkmodel -i input.json -s -
expect 2 'counts slots is a regular file' "$zkinfer" commitment status -

# A folder: bundles are proofs, what is left out is said.
cp p.zkbundle many/ && touch many/notes.txt
expect 0 'accepted 4 of 4' "$zkinfer" verify many/ -k mlp.zkkey
expect 0 '1 entry of the folder was not checked, .many/notes.txt.' "$zkinfer" verify many/ -k mlp.zkkey --json

# A structure has one digest, whatever its file is called, and another name is no other model.
structure_of() { "$zkinfer" inspect "$1" --json | sed -nE 's/^  "structure": "([0-9a-f]+)",?$/\1/p'; }
cp mlp.onnx 'a b.onnx'
expect 0 'cosine' "$zkinfer" compile 'a b.onnx' -c calibration.json
expect 0 'cosine' bash -c "'$zkinfer' compile - -c calibration.json -o piped.zkmodel < mlp.onnx"
for file in 'a b.zkmodel' piped.zkmodel mlp.zkkey; do
  [[ $(structure_of "$file") == "$(structure_of mlp.zkmodel)" ]] || fail "$file has another structure digest"
done
expect 0 'wrote' "$zkinfer" commitment open mlp.zkmodel
expect 0 'MATCH' "$zkinfer" commitment check 'a b.zkmodel' mlp.zkaudit -k mlp.zkkey
expect 0 'wrote' "$zkinfer" commit mlp.zkmodel --public-model --key open.zkkey --secret open.zksecret
printed "$("$zkinfer" prove mlp.zkmodel -i input.json -s open.zksecret -o open.zkproof)"
expect 0 'ACCEPTED' "$zkinfer" verify open.zkproof -k open.zkkey --model 'a b.zkmodel'
expect 1 'with public weights no other key serves' "$zkinfer" verify p.zkproof -k open.zkkey --uncertified

# Chains say what nothing shows of the weights.
expect 0 'cosine' "$zkinfer" compile "$source_folder"/examples/chain/features.onnx -c calibration.json -o first.zkmodel
expect 0 'cosine' "$zkinfer" compile "$source_folder"/examples/chain/head.onnx -c "$source_folder"/examples/chain/head_calibration.json --input-from first.zkmodel -o second.zkmodel
expect 0 'wrote' "$zkinfer" commit first.zkmodel --budget 16
expect 0 'wrote' "$zkinfer" commit second.zkmodel --budget 16 --inputs public
expect 0 'wrote' "$zkinfer" prove first.zkmodel -i input.json -o first.zkproof --write-output-data features.bin
expect 0 'wrote' "$zkinfer" prove second.zkmodel --input-data features.bin -o second.zkproof
chain=(first.zkkey first.zkproof second.zkkey second.zkproof)
expect 0 'ranges certified' "$zkinfer" verify-chain "${chain[@]}"
expect 0 'ranges not certified' "$zkinfer" verify-chain "${chain[@]}" --uncertified
cp {first,second}.{zkkey,zkcert,zkproof} bare
expect 2 'first.zkproof.*no path from this key' "$zkinfer" verify-chain bare/first.zkkey bare/first.zkproof bare/second.zkkey bare/second.zkproof
expect 2 'Ask whoever made the proof for [0-9a-f]{16}.zkpath' "$zkinfer" verify-chain bare/first.zkkey bare/first.zkproof bare/second.zkkey bare/second.zkproof --json

# Messages in the words of who reads them.
python3 -c 'import json; print(json.dumps({"input_data": [[0.1, 0.2, 0.3, 0.4]] * 20}))' >rows.json
expect 2 'holds 20 arrays, expected one for each input of the model.*one sample after the other' "$zkinfer" run mlp.zkmodel -i rows.json
expect 2 'mlp.zkmodel. is a model package, expected a network; it is compiled already' "$zkinfer" compile mlp.zkmodel -c calibration.json
expect 2 'there is no command .prov. \(did you mean .prove.\?\); ' "$zkinfer" prov
expect 2 '"error"' "$zkinfer" inspect mlp.zkkey --jsn
expect 2 'no folder .examples/digits.*--examples' "$zkinfer" demo
[[ ! -e build ]] || fail "a demo that does not begin leaves a folder"
output=$("$zkinfer" bench mlp.zkmodel -i calibration.json 2>&1)
[[ $? == 2 && $output == *--index* && $output != *--all* ]] || fail "bench names an option that it does not have: $output"
expect 0 'wrote' "$zkinfer" commit mlp.zkmodel --budget 16 --inputs committed --key c.zkkey --secret c.zksecret
output=$("$zkinfer" prove mlp.zkmodel -s c.zksecret -i calibration.json --index 0-1 -o x/ --json 2>&1)
[[ $? == 2 && $output == *'zkinfer commit-tensor'* && $output != *CommittedTensor* ]] || fail "names of the library in a command's messages: $output"
# Root opens every file, unless it gives that up.
may_not=()
[[ $(id -u) == 0 ]] && may_not=(setpriv --bounding-set=-dac_override,-dac_read_search)
if "${may_not[@]}" true 2>/dev/null; then
  for file in mlp.zkmodel mlp.zkkey mlp.onnx input.json p.zkproof; do
    cp "$file" "locked.${file#*.}" && chmod 000 "locked.${file#*.}"
    expect 2 "locked.${file#*.}.: cannot open it: Permission denied|cannot open .locked.${file#*.}.: Permission denied" "${may_not[@]}" "$zkinfer" inspect "locked.${file#*.}"
  done
else
  echo "not tried: files that cannot be opened, which this machine lets root open always"
fi

# Every command of commitment has examples of its own.
for command in status split open check backup restore; do
  expect 0 "zkinfer commitment $command" "$zkinfer" commitment "$command" --help
  expect 1 '' bash -c "'$zkinfer' commitment $command --help | grep 'Typical order'"
done

finish
