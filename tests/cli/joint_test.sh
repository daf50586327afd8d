#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# A joint proof, as the owner of a seat in it checks it. Usage: joint_test.sh ZKINFER SOURCE_FOLDER WORK_FOLDER JOINT_MAKER
set -uo pipefail
source "$(dirname "$0")/expect.sh"
maker=$(realpath "$4")
begin "$@"
cp "$source_folder"/examples/mlp/{mlp.onnx,calibration.json,input.json} .
expect 0 '' "$zkinfer" -q compile mlp.onnx -c calibration.json
expect 0 '' "$zkinfer" -q commit mlp.zkmodel --budget 16
mkdir answers && "$maker" mlp.zkmodel mlp.zksecret 4 answers || fail "no joint proof"
cd answers || exit 1
own=(--key ../mlp.zkkey --seat 1.zkseat --input-data 1.in.bin --output-data 1.out.bin)

expect 0 'seat +1 of 4' "$zkinfer" verify answer.zkjoint "${own[@]}"
expect 0 'ACCEPTED' "$zkinfer" verify answer.zkjoint "${own[@]}" --context 'request 1'
expect 0 'ACCEPTED' "$zkinfer" verify answer.zkjoint --key ../mlp.zkkey --seat 2.zkseat --input-data 2.in.bin --output-data 2.out.bin
cp 1.zkseat answer.zkseat
expect 0 'context +request 1' "$zkinfer" verify answer.zkjoint --key ../mlp.zkkey --input-data 1.in.bin --output-data 1.out.bin
expect 0 'ACCEPTED' bash -c "'$zkinfer' verify - ${own[*]} --path $(echo ????????????????.zkpath) <answer.zkjoint"
rm answer.zkseat
"$zkinfer" verify answer.zkjoint "${own[@]}" --json >out.json || fail "verify --json"
python3 - <<'PYTHON' || fail "verify --json of a joint proof"
import json
out = json.load(open("out.json"))
assert out["accepted"] and out["seat"] == 1 and out["num_seats"] == 4 and out["weights_certified"], out
assert bytes.fromhex(out["context"][4:]).rstrip(b"\0") == b"request 1", out
assert out["inputs"][0]["seen"] == "private" and len(out["outputs"][0]["values"]) == 3, out
assert out["serving_identity"] != out["model_identity"], out
PYTHON

# Another's seat, data or context; data that are none; changed bytes.
expect 1 'REJECTED.*seat' "$zkinfer" verify answer.zkjoint "${own[@]/1.zkseat/0.zkseat}"
expect 1 'REJECTED.*seat' "$zkinfer" verify answer.zkjoint "${own[@]/1.in.bin/0.in.bin}"
expect 1 'REJECTED.*seat' "$zkinfer" verify answer.zkjoint "${own[@]/1.out.bin/0.out.bin}"
expect 1 'REJECTED.*context' "$zkinfer" verify answer.zkjoint "${own[@]}" --context 'request 2'
expect 1 'REJECTED.*model identity' "$zkinfer" verify answer.zkjoint "${own[@]}" --identity $(printf '0%.0s' {1..64})
for at in 40 200 1000 20000; do
  cp answer.zkjoint changed.zkjoint && change changed.zkjoint $at
  expect 1 'REJECTED' "$zkinfer" verify changed.zkjoint "${own[@]}" --path ????????????????.zkpath
done
for at in 8 20 50 80 120; do
  cp 1.zkseat changed.zkseat && change changed.zkseat $at
  expect 1 'REJECTED' "$zkinfer" verify answer.zkjoint "${own[@]/1.zkseat/changed.zkseat}"
done
head -c 3000 answer.zkjoint >cut.zkjoint
expect 1 'REJECTED' "$zkinfer" verify cut.zkjoint "${own[@]}"
head -c 60 1.zkseat >cut.zkseat
expect 1 'REJECTED.*seat' "$zkinfer" verify answer.zkjoint "${own[@]/1.zkseat/cut.zkseat}"

# What is asked for wrongly: nothing is known of the proof.
expect 2 "there is no seat 'answer.zkseat'.*--seat" "$zkinfer" verify answer.zkjoint -k ../mlp.zkkey --input-data 1.in.bin --output-data 1.out.bin
expect 2 'input-data: a joint proof holds no data' "$zkinfer" verify answer.zkjoint -k ../mlp.zkkey --seat 1.zkseat --output-data 1.out.bin
expect 2 'output-data: a joint proof holds no data' "$zkinfer" verify answer.zkjoint -k ../mlp.zkkey --seat 1.zkseat --input-data 1.in.bin
expect 2 'canonical bytes' "$zkinfer" verify answer.zkjoint "${own[@]/1.in.bin/1.out.bin}"
expect 2 'is a joint proof: check it by itself' "$zkinfer" verify answer.zkjoint answer.zkjoint "${own[@]}"
expect 2 'no .zkproof' "$zkinfer" verify . "${own[@]}"
expect 2 'is no evaluation' "$zkinfer" verify answer.zkjoint "${own[@]}" --at-least 0.5
expect 1 'is of no answer of a language model' "$zkinfer" verify answer.zkjoint "${own[@]}" --temperature 0
expect 2 'certificate' "$zkinfer" verify answer.zkjoint "${own[@]}" --certificate 1.zkseat
"$zkinfer" -q prove ../mlp.zkmodel -s ../mlp.zksecret -i ../input.json -o one.zkproof
expect 2 'seat: .one.zkproof. is no joint proof' "$zkinfer" verify one.zkproof -k ../mlp.zkkey --seat 1.zkseat
expect 2 'no path.*zkpath|zkpath' "$zkinfer" verify <(cat answer.zkjoint) "${own[@]}"
"$zkinfer" -q commit ../mlp.zkmodel --inputs private:sha256 --key hashed.zkkey --secret hashed.zksecret --certificate hashed.zkcert --budget 16
mkdir hashed && "$maker" ../mlp.zkmodel hashed.zksecret 2 hashed || fail "no joint proof of a hashed input"
expect 0 'seat +0 of 2' "$zkinfer" verify hashed/answer.zkjoint -k hashed.zkkey --seat hashed/0.zkseat --input-data hashed/0.in.bin --output-data hashed/0.out.bin
expect 2 'names no hash' "$zkinfer" verify hashed/answer.zkjoint -k hashed.zkkey --seat hashed/0.zkseat --input-data hashed/0.in.bin --output-data hashed/0.out.bin --input-digest $(sha256sum hashed/0.in.bin | cut -c 1-64)

# Files of other kinds: which they are is said.
for entry in "../mlp.zkkey|verification key" "../mlp.zkcert|certificate" "one.zkproof|proof" "answer.zkjoint|joint proof" "../calibration.json|expected a seat"; do
  expect 2 "${entry#*|}" "$zkinfer" verify answer.zkjoint "${own[@]/1.zkseat/${entry%|*}}"
done
expect 2 'seat' "$zkinfer" verify 1.zkseat "${own[@]}"
expect 2 'joint proof' "$zkinfer" verify one.zkproof -k answer.zkjoint
expect 2 'joint proof' "$zkinfer" bundle answer.zkjoint -k ../mlp.zkkey
expect 1 'REJECTED.*joint proof' "$zkinfer" verify-chain ../mlp.zkkey answer.zkjoint ../mlp.zkkey answer.zkjoint

# What the files say of themselves.
expect 0 'seats, as it says +4' "$zkinfer" inspect answer.zkjoint
expect 0 'seat +1 of 4' "$zkinfer" inspect 1.zkseat
[[ $("$zkinfer" inspect answer.zkjoint --json | python3 -c 'import json,sys; out = json.load(sys.stdin); print(out["kind"], out["num_seats"], len(out["seats_root"]))') == "joint_proof 4 64" ]] || fail "inspect --json of a joint proof"
[[ $("$zkinfer" inspect 1.zkseat --json | python3 -c 'import json,sys; out = json.load(sys.stdin); print(out["kind"], out["seat"], out["num_seats"])') == "seat 1 4" ]] || fail "inspect --json of a seat"
expect 2 'cut off or damaged' "$zkinfer" inspect cut.zkseat
head -c 60 answer.zkjoint >short.zkjoint
expect 2 'cut off or damaged' "$zkinfer" inspect short.zkjoint
finish
