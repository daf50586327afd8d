#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# Inputs and outputs that are hashed, committed or chained, through the built zkinfer: what is documented, and wrong files.
# Usage: data_test.sh ZKINFER SOURCE_FOLDER WORK_FOLDER
set -uo pipefail
source "$(dirname "$0")/expect.sh"
begin "$@"

examples=$source_folder/examples
cp "$examples"/chain/{features.onnx,head.onnx,head_calibration.json} .
cp "$examples"/mlp/{mlp.onnx,calibration.json,input.json} .
cp "$examples"/digits/{digits.onnx,calibration.npy,digit_7.png,digit_3.png} .
for command in commit-tensor digest verify-chain; do expect 0 'Examples:' "$zkinfer" "$command" --help; done

# Hashed public input: an 8-bit picture's canonical bytes are its levels, and the hash is that of the file.
expect 0 'cosine' "$zkinfer" compile digits.onnx -c calibration.npy
expect 0 'public:sha256' "$zkinfer" commit digits.zkmodel --budget 16 --inputs public:sha256
expect 0 'bafkrei' "$zkinfer" digest digits.zkkey -i digit_7.png --write-input-data seven.bin
expect 0 'bafkrei' "$zkinfer" digest digits.zkmodel -i digit_3.png --write-input-data three.bin
sha=$(sha256sum seven.bin | cut -d' ' -f1)
expect 0 "$sha" "$zkinfer" digest digits.zkkey -i digit_7.png
expect 0 '"keccak256": "[0-9a-f]{64}"' "$zkinfer" digest digits.zkkey -i digit_7.png --json
cid=$("$zkinfer" digest digits.zkkey -i digit_7.png -q | awk '$1 == "cid" { print $2 }')
expect 0 'wrote seven.zkproof' "$zkinfer" prove digits.zkmodel --input-data seven.bin
expect 0 "$sha" "$zkinfer" prove digits.zkmodel -i digit_7.png -o seven.zkproof --write-input-data again.bin
cmp -s seven.bin again.bin || fail "prove writes other canonical bytes than digest"
expect 0 "$cid" "$zkinfer" verify seven.zkproof -k digits.zkkey --input-data seven.bin
expect 0 'ACCEPTED' "$zkinfer" verify seven.zkproof -k digits.zkkey --input-data seven.bin --input-digest "$cid"
expect 0 '"sha256"' "$zkinfer" verify seven.zkproof -k digits.zkkey --input-data image=seven.bin --input-digest "$sha" --json
expect 2 "--input-data: .*only the hash of .image.*give its canonical bytes" "$zkinfer" verify seven.zkproof -k digits.zkkey
expect 1 "another hash" "$zkinfer" verify seven.zkproof -k digits.zkkey --input-data three.bin
expect 2 '--input-data.*input.json.*expected 64 entries' "$zkinfer" verify seven.zkproof -k digits.zkkey --input-data input.json
other_cid=$("$zkinfer" digest digits.zkkey -i digit_3.png -q | awk '$1 == "cid" { print $2 }')
expect 1 "wrong statement at input 'image'" "$zkinfer" verify seven.zkproof -k digits.zkkey --input-data seven.bin --input-digest "$other_cid"
expect 2 'supported are' "$zkinfer" verify seven.zkproof -k digits.zkkey --input-data seven.bin --input-digest QmbFMke1KXqnYyBBWxB74N4c5SBnJMVAiMNRcGu6x1AwQH
expect 2 'supported are' "$zkinfer" verify seven.zkproof -k digits.zkkey --input-data seven.bin --input-digest bafybeid3weurg3gvyoi7nisadzolomlvoxoppe2sesktnpvdve3256n5tq
expect 2 'names no hash' "$zkinfer" verify seven.zkproof -k digits.zkkey --input-data seven.bin --output-digest "$sha"
expect 2 "'image'" "$zkinfer" verify seven.zkproof -k digits.zkkey --input-data seven.bin --input-data three.bin
expect 2 'does not commit' "$zkinfer" verify seven.zkproof -k digits.zkkey --input-data seven.bin --input-commitment seven.bin

# Hashed public output under Keccak-256, hidden input that is proven to have a SHA-256.
expect 0 'private:sha256' "$zkinfer" commit digits.zkmodel --budget 16 --inputs private:sha256 --outputs public:keccak256 --key k.zkkey --secret k.zksecret
expect 0 'keccak256' "$zkinfer" prove digits.zkmodel -i digit_7.png -s k.zksecret -o k.zkproof --write-output-data scores.bin
expect 0 "$cid" "$zkinfer" verify k.zkproof -k k.zkkey --output-data scores.bin --input-digest "$cid"
expect 0 'ACCEPTED' "$zkinfer" verify k.zkproof -k k.zkkey --output-data scores.bin --input-data seven.bin
expect 1 "input 'image'" "$zkinfer" verify k.zkproof -k k.zkkey --output-data scores.bin --input-data three.bin
expect 1 "input 'image'" "$zkinfer" verify k.zkproof -k k.zkkey --output-data scores.bin --input-digest "$other_cid"
expect 2 'another hash' "$zkinfer" verify k.zkproof -k k.zkkey --output-data scores.bin --output-digest "$cid"
expect 2 'private:sha256' "$zkinfer" commit digits.zkmodel --budget 16 --outputs private:keccak256 --key no.zkkey --secret no.zksecret

# A chain of two models under commitments.
expect 0 'cosine' "$zkinfer" compile features.onnx -c calibration.json
expect 0 'committed' "$zkinfer" commit features.zkmodel --budget 16 --inputs committed --outputs committed --tensor-budget 3
expect 0 'cosine' "$zkinfer" compile head.onnx -c head_calibration.json --input-from features.zkkey
expect 0 'cosine' "$zkinfer" compile head.onnx -c head_calibration.json --input-from features=features.zkmodel:features
expect 0 'committed' "$zkinfer" commit head.zkmodel --budget 16 --inputs committed --tensor-budget 3
expect 2 'needs 4' "$zkinfer" compile features.onnx -c calibration.json --input-from features.zkkey -o bad.zkmodel
expect 2 "outputs of" "$zkinfer" compile head.onnx -c head_calibration.json --input-from features.zkkey:nothing -o bad.zkmodel
expect 2 "expected a verification key" "$zkinfer" compile head.onnx -c head_calibration.json --input-from input.json -o bad.zkmodel
expect 0 'wrote flower.zktensor .* and flower.zktsecret' "$zkinfer" commit-tensor features.zkkey -i input.json -o flower
[[ $(stat -c %a flower.zktsecret) == 600 ]] || fail "flower.zktsecret is readable by others"
expect 0 'wrote between.zktensor' "$zkinfer" prove features.zkmodel --committed-input flower.zktsecret --committed-output between -o features.zkproof
expect 0 'wrote head.zkproof' "$zkinfer" prove head.zkmodel --committed-input between.zktsecret -o head.zkproof
expect 0 'ACCEPTED, 2 linked' "$zkinfer" verify-chain features.zkkey features.zkproof head.zkkey head.zkproof --input-commitment flower.zktensor
expect 0 '"accepted": true' "$zkinfer" verify-chain features.zkkey features.zkproof head.zkkey head.zkproof --link features=features --json
expect 0 'ACCEPTED' "$zkinfer" verify features.zkproof -k features.zkkey --input-commitment flower=flower.zktensor --output-commitment between.zktensor
expect 0 'ACCEPTED' "$zkinfer" verify head.zkproof -k head.zkkey --input-commitment between.zktensor
expect 0 '2 of 3 slots used' "$zkinfer" inspect between.zktsecret
expect 0 '1 of 3 slots used' "$zkinfer" inspect flower.zktsecret
expect 0 "tensor 'features'" "$zkinfer" inspect between.zktensor
expect 0 'per committed tensor +3' "$zkinfer" inspect features.zkkey

# The same chain with a public tensor between, of which the proofs hold the hash.
expect 0 'public:keccak256' "$zkinfer" commit features.zkmodel --budget 16 --outputs public:keccak256 --key fk.zkkey --secret fk.zksecret
expect 0 'public:keccak256' "$zkinfer" commit head.zkmodel --budget 16 --inputs public:keccak256 --key hk.zkkey --secret hk.zksecret
expect 0 'keccak256' "$zkinfer" prove features.zkmodel -s fk.zksecret -i input.json -o fk.zkproof --write-output-data between.bin
expect 0 'keccak256' "$zkinfer" prove head.zkmodel -s hk.zksecret --input-data between.bin -o hk.zkproof
expect 0 'ACCEPTED, 2 linked' "$zkinfer" verify-chain fk.zkkey fk.zkproof hk.zkkey hk.zkproof --link-data between.bin
expect 2 '--link-data: .*only the hash of .features.' "$zkinfer" verify-chain fk.zkkey fk.zkproof hk.zkkey hk.zkproof
expect 2 '--link-data: .seven.bin.: canonical bytes of .features.' "$zkinfer" verify-chain fk.zkkey fk.zkproof hk.zkkey hk.zkproof --link-data seven.bin
cp between.bin other.bin && change other.bin 0
expect 1 'step 1.*another hash|file of --input-data, --output-data or --link-data' "$zkinfer" verify-chain fk.zkkey fk.zkproof hk.zkkey hk.zkproof --link-data other.bin
expect 2 'one for each proof' "$zkinfer" verify-chain fk.zkkey fk.zkproof hk.zkkey hk.zkproof --link-data between.bin between.bin
expect 0 'not checked here' "$zkinfer" inspect fk.zkproof --key fk.zkkey

# What does not belong together.
expect 1 "wrong statement at input 'flower': .*another commitment" "$zkinfer" verify features.zkproof -k features.zkkey --input-commitment between.zktensor
expect 1 "wrong statement at output 'features': .*another commitment" "$zkinfer" verify features.zkproof -k features.zkkey --output-commitment flower.zktensor
# Public models: their keys are derived again, beside a certificate for the one that is not public.
expect 0 'wrote' "$zkinfer" commit features.zkmodel --public-model --key open.zkkey --secret open.zksecret
expect 0 'wrote' "$zkinfer" commit head.zkmodel --public-model --inputs public --key open_head.zkkey --secret open_head.zksecret
expect 0 'wrote' "$zkinfer" commit head.zkmodel --budget 16 --inputs public --key own_head.zkkey --secret own_head.zksecret --certificate own.zkcert
expect 0 'wrote' "$zkinfer" prove features.zkmodel -i input.json -s open.zksecret -o open.zkproof --write-output-data open.bin
expect 0 'wrote' "$zkinfer" prove head.zkmodel --input-data open.bin -s open_head.zksecret -o open_head.zkproof
expect 0 'wrote' "$zkinfer" prove head.zkmodel --input-data open.bin -s own_head.zksecret -o own_head.zkproof
open=(open.zkkey open.zkproof open_head.zkkey open_head.zkproof)
expect 0 'ACCEPTED, 2 linked' "$zkinfer" verify-chain "${open[@]}" --model features.zkmodel head.zkmodel
expect 0 '"weights": "rederived"' "$zkinfer" verify-chain "${open[@]}" --model head.zkmodel --model features.zkmodel --json
expect 2 'give the public model with --model' "$zkinfer" verify-chain "${open[@]}" --model features.zkmodel
expect 2 "'digits.zkmodel': none of the keys" "$zkinfer" verify-chain "${open[@]}" --model features.zkmodel head.zkmodel digits.zkmodel
expect 0 'ACCEPTED, 2 linked' "$zkinfer" verify-chain "${open[@]:0:2}" own_head.zkkey own_head.zkproof --model features.zkmodel --certificate own.zkcert
expect 2 'certificate: expected 1, one for each key without' "$zkinfer" verify-chain "${open[@]:0:2}" own_head.zkkey own_head.zkproof --model features.zkmodel \
  --certificate own.zkcert own.zkcert
expect 1 'REJECTED: link' "$zkinfer" verify-chain head.zkkey head.zkproof features.zkkey features.zkproof
expect 1 'step 1' "$zkinfer" verify-chain features.zkkey head.zkproof head.zkkey features.zkproof
expect 0 'wrote' "$zkinfer" prove features.zkmodel --committed-input flower.zktsecret -o again.zkproof
expect 1 'REJECTED: link .*different commitments' "$zkinfer" verify-chain features.zkkey again.zkproof head.zkkey head.zkproof
expect 1 '"reason": "link"' "$zkinfer" verify-chain features.zkkey again.zkproof head.zkkey head.zkproof --json
expect 2 'KEY PROOF' "$zkinfer" verify-chain features.zkkey features.zkproof head.zkkey
expect 2 'expected OUTPUT=INPUT' "$zkinfer" verify-chain features.zkkey features.zkproof head.zkkey head.zkproof --link a=b
expect 2 'scale|elements' "$zkinfer" prove head.zkmodel --committed-input flower.zktsecret -o x.zkproof
expect 2 'not committed' "$zkinfer" prove digits.zkmodel --committed-input flower.zktsecret
expect 2 'commit-tensor' "$zkinfer" prove head.zkmodel -i head_calibration.json --index 0
expect 2 'not committed' "$zkinfer" commit-tensor digits.zkkey -i digit_7.png
expect 2 'not committed' "$zkinfer" prove digits.zkmodel -i digit_7.png --committed-output y
expect 2 'give the input' "$zkinfer" prove head.zkmodel
expect 2 'excludes' "$zkinfer" prove head.zkmodel --committed-input between.zktsecret --input-data seven.bin

# Another key's parameters, and openings that are not written over.
expect 0 'committed' "$zkinfer" commit head.zkmodel --budget 16 --inputs committed --tensor-budget 4 --key h4.zkkey --secret h4.zksecret
expect 2 'same --security-bits' "$zkinfer" prove head.zkmodel -s h4.zksecret --committed-input between.zktsecret -o x.zkproof
expect 0 '2 of 3 slots used' "$zkinfer" inspect between.zktsecret
expect 2 'exists' "$zkinfer" commit-tensor features.zkkey -i input.json -o flower
expect 2 'exists' "$zkinfer" prove features.zkmodel --committed-input flower.zktsecret --committed-output between -o x.zkproof
expect 0 '2 of 3 slots used' "$zkinfer" inspect flower.zktsecret

# The budget holds, and the message says what to do.
expect 0 'wrote' "$zkinfer" prove head.zkmodel --committed-input between.zktsecret -o head2.zkproof
expect 2 'none is left.*commit-tensor' "$zkinfer" prove head.zkmodel --committed-input between.zktsecret -o head3.zkproof
[[ ! -e head3.zkproof ]] || fail "a proof past the budget"

# Cut and changed files (every length and byte: tests/honest).
for file in flower.zktensor flower.zktsecret; do
  size=$(stat -c %s "$file")
  for ((i = 0; i < size; i += 11)); do
    cp "$file" bad.tmp
    change bad.tmp "$i"
    head -c "$i" "$file" >cut.tmp
    for bad in bad.tmp cut.tmp; do
      if [[ $file == *.zktensor ]]; then
        output=$("$zkinfer" verify features.zkproof -k features.zkkey --input-commitment "$bad" 2>&1 </dev/null)
      else
        output=$("$zkinfer" prove features.zkmodel --committed-input "$bad" -o bad.zkproof 2>&1 </dev/null)
      fi
      status=$?
      # Of a .zktensor name, shape and range say nothing that the proof contradicts.
      [[ $status -eq 2 || ($file == *.zktensor && $bad == bad.tmp && $status -le 1) ]] || fail "$bad made from $file at $i: exit code $status, $output"
    done
  done
done
cp flower.zktensor named.zktensor
change named.zktensor 12
expect 0 'ACCEPTED' "$zkinfer" verify features.zkproof -k features.zkkey --input-commitment named.zktensor
expect 2 'tensor commitment' "$zkinfer" verify features.zkproof -k features.zkkey --input-commitment flower.zktsecret
expect 2 'tensor secret' "$zkinfer" prove features.zkmodel --committed-input flower.zktensor -o x.zkproof
expect 2 'tensor secret' "$zkinfer" prove features.zkmodel --committed-input features.zksecret -o x.zkproof

# The next party of a chain gets slots of its own, not a copy of the opening.
expect 0 'wrote shared.zktensor' "$zkinfer" commit-tensor features.zkkey -i input.json -o shared
expect 0 'proofs left +3' "$zkinfer" commitment status shared.zktsecret
expect 0 'shared.2.zktsecret: 1 proof$' "$zkinfer" commitment split shared.zktsecret --into 2
expect 2 'none is left' "$zkinfer" prove features.zkmodel --committed-input shared.zktsecret -o x.zkproof
expect 0 'wrote' "$zkinfer" prove features.zkmodel --committed-input shared.2.zktsecret -o party.zkproof
expect 0 'ACCEPTED' "$zkinfer" verify party.zkproof -k features.zkkey --input-commitment shared.zktensor
expect 2 'none is left' "$zkinfer" prove features.zkmodel --committed-input shared.2.zktsecret -o x.zkproof
[[ $("$zkinfer" commitment status shared.1.zktsecret --quiet) == 2 ]] || fail "two of three slots are in the first share"

# Inputs that are a raw file's bytes: the hash of the input is the hash of the file.
expect 0 'cosine' "$zkinfer" compile "$source_folder"/examples/digits/digits.onnx -c "$source_folder"/examples/digits/calibration.npy --input-from bytes -o raw.zkmodel
expect 2 'bytes:SCALE' "$zkinfer" compile "$source_folder"/examples/digits/digits.onnx -c "$source_folder"/examples/digits/calibration.npy --input-from bytes:0x -o x.zkmodel
expect 0 'image.*0\.\.255' "$zkinfer" inspect raw.zkmodel
expect 0 'private:sha256' "$zkinfer" commit raw.zkmodel --budget 16 --inputs private:sha256
printf '\0\0\132\264\264\341\360\132%.0s' 1 2 3 4 5 6 7 8 >pixels.bin
expect 0 'wrote' "$zkinfer" prove raw.zkmodel --input-data pixels.bin -o pixels.zkproof
expect 0 'ACCEPTED' "$zkinfer" verify pixels.zkproof -k raw.zkkey --input-digest "$(sha256sum pixels.bin | cut -c 1-64)"
expect 1 'wrong statement' "$zkinfer" verify pixels.zkproof -k raw.zkkey --input-digest "$(sha256sum input.json | cut -c 1-64)"

# Measuring models with committed inputs and outputs.
expect 0 'commit to the input' "$zkinfer" bench features.zkmodel -i input.json --inputs committed --outputs committed --runs 2
expect 0 'prove' "$zkinfer" bench features.zkmodel -i input.json --inputs public:sha256 --outputs public:keccak256 --runs 1

# Inputs of whole numbers take no others; what they stand for is said wherever they are.
python3 "$source_folder"/tests/cli/odd_model.py int8.onnx scores int8
python3 - <<'PY'
import json
rows = [[(37 * i + 11 * k) % 200 - 100 for k in range(4)] for i in range(40)]
json.dump({"input_data": [sum(rows, [])]}, open("int8_calibration.json", "w"))
for name, row in {"whole": rows[3], "half": [1, 2.5, 3, 4], "wide": [1, 2, 200, 4], "real": [1.0, 2.0, -3.0, 0]}.items():
    json.dump({"input_data": [row]}, open(f"int8_{name}.json", "w"))
PY
input_says='whole numbers -128..127, integer = real / 0.5 . 3 .scale 0.5, zero point 3'
output_says='whole numbers -128..127, integer = real / 0.25 - 7 .scale 0.25, zero point -7'
for says in "input 'x' .*$input_says" "output 'scores' .*$output_says"; do expect 0 "$says" "$zkinfer" compile int8.onnx -c int8_calibration.json; done
"$zkinfer" compile int8.onnx -c int8_calibration.json 2>&1 | grep -i 'warning: .*target' && fail "an int8 network that is right to the last step misses a target"
[[ $("$zkinfer" compile int8.onnx -c int8_calibration.json --json 2>/dev/null | jq -c '.whole_numbers[0]') == '{"name":"x","kind":"input","range":[-128,127],"scale":0.5,"zero_point":3}' ]] ||
  fail "whole_numbers of compile --json"
expect 0 "input 'x': $input_says" "$zkinfer" inspect int8.onnx
expect 0 "output 'scores': $output_says" "$zkinfer" inspect int8.onnx --legalized
expect 0 "the network's input 'x' +$input_says" "$zkinfer" inspect int8.zkmodel
expect 0 "the network's output 'scores' +$output_says" "$zkinfer" inspect int8.zkmodel
expect 0 "output 'scores': $output_says" "$zkinfer" run int8.zkmodel -i int8_whole.json
expect 0 'zero_point": -7' "$zkinfer" run int8.zkmodel -i int8_real.json --json
expect 0 '' "$zkinfer" commit int8.zkmodel --budget 8 --security-bits 100
expect 0 "output 'scores': $output_says" "$zkinfer" prove int8.zkmodel -i int8_whole.json
left=$("$zkinfer" commitment status int8.zksecret --quiet)
for case in "half:element 1 is 2.5" "wide:element 2 is 200"; do
  for words in "run int8.zkmodel -i" "prove int8.zkmodel -o no.zkproof -i" "prove int8.zkmodel --batch -o no.zkbatch -i" "report int8.zkmodel -o no.html -i" "bench int8.zkmodel -n 1 -i" \
    "compile int8.onnx -o no.zkmodel -c"; do
    expect 2 "input 'x': ${case#*:}, and the network takes $input_says" "$zkinfer" $words "int8_${case%%:*}.json"
  done
done
[[ $("$zkinfer" commitment status int8.zksecret --quiet) == "$left" ]] || fail "a refused input took a slot"

finish
