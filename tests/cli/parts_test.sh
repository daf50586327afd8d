#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# A proof of a cut model segment by segment: processes side by side, killed, begun again and repeated make one proof under one slot.
# Usage: parts_test.sh ZKINFER SOURCE_FOLDER WORK_FOLDER
set -uo pipefail
source "$(dirname "$0")/expect.sh"
begin "$@"
examples=$source_folder/examples

cp "$examples"/mlp/mlp.onnx "$examples"/mlp/calibration.json "$examples"/mlp/input.json .
expect 0 'segments  *2' "$zkinfer" compile mlp.onnx -c calibration.json --segments 2
expect 0 'wrote' "$zkinfer" commit mlp.zkmodel --budget 16
expect 0 'wrote' "$zkinfer" prove mlp.zkmodel -i input.json -o whole.zkproof
left() { "$zkinfer" commitment status mlp.zksecret --json | python3 -c 'import json, sys; print(json.load(sys.stdin)["proofs_left"])'; }
prove=("$zkinfer" prove mlp.zkmodel --plan answer.zkplan)

before=$(left)
expect 0 'planned a proof of 2 segments under slot [0-9]+' "$zkinfer" prove mlp.zkmodel -i input.json --context order-17 --write-plan answer.zkplan
(($(left) == before - 1)) || fail "a plan takes one slot: $before, then $(left)"
[[ $(stat -c %a answer.zkplan) == 600 ]] || fail "a plan is readable by its owner only"
expect 2 'is there already, and has a slot of its own' "$zkinfer" prove mlp.zkmodel -i input.json --write-plan answer.zkplan
(($(left) == before - 1)) || fail "a plan that is refused takes no slot"

# Side by side.
"${prove[@]}" --segment 1/2 >one.txt 2>&1 &
first=$!
"${prove[@]}" --segment 2/2 >two.txt 2>&1 &
second=$!
wait "$first" || fail "segment 1: $(cat one.txt)"
wait "$second" || fail "segment 2: $(cat two.txt)"
grep -q 'wrote answer.1.zkpart' one.txt || fail "where it is: $(cat one.txt)"
mkdir kept && cp answer.?.zkpart kept
# Killed whenever, and begun again.
for delay in 0.02 0.05 0.1 0.2 0.4; do
  rm -f answer.1.zkpart
  timeout -s KILL "$delay" "${prove[@]}" --segment 1/2 >/dev/null 2>&1
  [[ ! -e answer.1.zkpart ]] || cmp -s answer.1.zkpart kept/answer.1.zkpart || fail "killed after $delay s: half a part"
done
for i in 1 2; do
  expect 0 'proved segment' "${prove[@]}" --segment $i/2
  cmp -s answer.$i.zkpart kept/answer.$i.zkpart || fail "segment $i, repeated, has other bytes"
done
(($(left) == before - 1)) || fail "parts take no slot: $before, then $(left)"

expect 0 'wrote answer.zkproof' "$zkinfer" join answer.2.zkpart answer.1.zkpart
expect 0 'ACCEPTED' "$zkinfer" verify answer.zkproof --key mlp.zkkey --context order-17
expect 1 'REJECTED' "$zkinfer" verify answer.zkproof --key mlp.zkkey --context order-18
"$zkinfer" verify answer.zkproof --key mlp.zkkey --json >answer.json
"$zkinfer" verify whole.zkproof --key mlp.zkkey --json >whole.json
python3 - <<'PYTHON' || fail "the outputs of a proof in parts"
import json
one, other = (json.load(open(f"{name}.json")) for name in ("answer", "whole"))
assert one["outputs"] == other["outputs"] and one["slot"] != other["slot"], (one, other)
PYTHON
(($(stat -c %s answer.zkproof) - $(stat -c %s whole.zkproof) < 4096)) || fail "a proof in parts is as long as in one piece"

# What is wrong is said, and nothing is made of it.
expect 2 'segment 1 of 2 is missing' "$zkinfer" join answer.2.zkpart -o none.zkproof
expect 2 'segment 2 of 2 is there twice' "$zkinfer" join answer.2.zkpart answer.1.zkpart kept/answer.2.zkpart -o none.zkproof
expect 0 'planned' "$zkinfer" prove mlp.zkmodel -i input.json --write-plan other.zkplan
expect 0 'proved' "$zkinfer" prove mlp.zkmodel --plan other.zkplan --segment 2/2
expect 2 'of another proof' "$zkinfer" join answer.1.zkpart other.2.zkpart -o none.zkproof
cp answer.zkplan changed.zkplan && printf '\x55' | dd of=changed.zkplan bs=1 seek=160 conv=notrunc status=none
expect 2 'changed.zkplan.*changed since it was made' "$zkinfer" prove mlp.zkmodel --plan changed.zkplan --segment 1/2
expect 2 'cut off or damaged' "$zkinfer" prove mlp.zkmodel --plan <(head -c 100 answer.zkplan) --segment 1/2 -o none.zkpart
expect 2 'the model has 2 segments' "${prove[@]}" --segment 3/3 -o none.zkpart
expect 2 'counted from 1' "${prove[@]}" --segment 0/2 -o none.zkpart
for odd in 1 1/ /2 a/2 1/2x -1/2; do expect 2 'segment.*3/8|segment' "${prove[@]}" --segment=$odd -o none.zkpart; done
expect 2 'segment' "${prove[@]}" -o none.zkpart
expect 2 'plan' "$zkinfer" prove mlp.zkmodel --segment 1/2 -o none.zkpart
expect 2 'holds 20 samples; pick with --index' "$zkinfer" prove mlp.zkmodel -i calibration.json --write-plan none.zkplan
expect 2 'one proof, and there are 2 samples; choose one with --index' "$zkinfer" prove mlp.zkmodel -i calibration.json --index 0-1 --write-plan none.zkplan
# No room is found before a slot is taken, and what fails later says that one was spent.
slots=$("$zkinfer" commitment status mlp.zksecret --quiet)
in_little() { (trap '' XFSZ && ulimit -f 40 && exec "$@"); }  # files of 40 KiB
expect 2 'no room for about' in_little "$zkinfer" prove mlp.zkmodel -i input.json --write-plan none.zkplan
[[ $("$zkinfer" commitment status mlp.zksecret --quiet) == "$slots" ]] || fail "a plan that found no room cost a slot"
expect 2 'No space left.*; the slot that was taken for it is spent' "$zkinfer" prove mlp.zkmodel -i input.json --write-plan /dev/full
# Another model: another commitment, or none that fits.
expect 0 'wrote' "$zkinfer" compile mlp.onnx -c calibration.json -o plain.zkmodel
expect 2 'not cut into segments' "$zkinfer" prove plain.zkmodel --plan answer.zkplan --segment 1/2 -s mlp.zksecret -o none.zkpart
expect 2 'not cut into segments' "$zkinfer" prove plain.zkmodel -i input.json -s mlp.zksecret --write-plan none.zkplan
expect 0 'wrote' "$zkinfer" commit mlp.zkmodel --budget 16 -s again.zksecret -k again.zkkey
expect 2 'has the identity' "$zkinfer" prove mlp.zkmodel --plan answer.zkplan --segment 1/2 -s again.zksecret -o none.zkpart
[[ -z $(compgen -G 'none*') ]] || fail "files were made: $(compgen -G 'none*')"
finish
