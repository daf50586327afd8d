#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# A model that is cut into segments goes through the same verbs, with one file each.
# Usage: segments_test.sh ZKINFER SOURCE_FOLDER WORK_FOLDER
set -uo pipefail
source "$(dirname "$0")/expect.sh"
begin "$@"
examples=$source_folder/examples

cp "$examples"/mlp/mlp.onnx "$examples"/mlp/calibration.json "$examples"/mlp/input.json .
expect 0 'segments  *2' "$zkinfer" compile mlp.onnx -c calibration.json --segments 2
expect 0 'segments  *2' "$zkinfer" inspect mlp.zkmodel
expect 0 'wrote' "$zkinfer" commit mlp.zkmodel --budget 8
expect 0 'segments  *2' "$zkinfer" inspect mlp.zkkey
# Sums are of all segments, for people and for programs.
expect 0 'all rounds of all 2 segments' "$zkinfer" soundness mlp.zkkey
"$zkinfer" soundness mlp.zkkey --json >soundness.json
python3 - <<'PYTHON' || fail "soundness --json of a cut model"
import json, math
got = json.load(open("soundness.json"))
bits = lambda terms: -math.log2(math.fsum(2.0 ** -term["total_bits"] for term in terms if term["total_bits"] is not None))
assert got["segments"] == 2 and got["meets_target"], got
rounds = [term for term in got["terms"] if term["label"] != "hash"]
assert abs(bits(rounds) - got["union_bits"]) < 0.01 and got["union_bits"] < got["bits"], (bits(rounds), got["union_bits"])
assert abs(bits(got["hiding_terms"]) - got["hiding_bits"]) < 0.01, (bits(got["hiding_terms"]), got["hiding_bits"])
assert {term["segment"] for term in got["terms"]} <= {1, 2} and " of segment " in got["weakest"]
PYTHON
for i in 1 2 3 4 5 6 7 8; do expect 0 'wrote' "$zkinfer" prove mlp.zkmodel -i input.json -o "p$i.zkproof"; done
expect 0 'accepted 8 of 8' "$zkinfer" verify p?.zkproof --key mlp.zkkey
expect 0 'segment 2' "$zkinfer" inspect p8.zkproof --key mlp.zkkey
expect 0 'wrote' "$zkinfer" bundle p8.zkproof --key mlp.zkkey
expect 0 'ACCEPTED' "$zkinfer" verify p8.zkbundle --key mlp.zkkey
"$zkinfer" run mlp.zkmodel -i input.json >run.txt
expect 0 'wrote' "$zkinfer" commitment backup mlp.zksecret
expect 0 "wrote" "$zkinfer" commitment open mlp.zkmodel -o mlp.zkaudit
expect 0 '.' "$zkinfer" commitment check mlp.zkmodel mlp.zkaudit --key mlp.zkkey
# What a cut model does not do.
expect 2 'batch: the model is cut into 2 segments.*--all' "$zkinfer" prove mlp.zkmodel -i calibration.json --batch -o all.zkbatch
expect 2 'without segments' "$zkinfer" commit mlp.zkmodel --no-zk --inputs public --public-model -s open.zksecret -k open.zkkey
# One that is not cut has another name.
cp mlp.zkkey cut.zkkey
expect 0 'wrote' "$zkinfer" compile mlp.onnx -c calibration.json -o whole.zkmodel
expect 2 'another model' "$zkinfer" prove whole.zkmodel -s mlp.zksecret -i input.json
expect 0 'wrote' "$zkinfer" commit whole.zkmodel --budget 8
expect 1 'another key' "$zkinfer" verify p8.zkproof --key whole.zkkey --uncertified
# By memory.
expect 0 'wrote' "$zkinfer" compile mlp.onnx -c calibration.json -o large.zkmodel --memory 64GiB
cmp -s large.zkmodel whole.zkmodel || fail "a model that fits is not cut"
expect 2 '^zkinfer: resource limit: --memory: 1024 bytes, and the program alone takes about 43 MiB' "$zkinfer" compile mlp.onnx -c calibration.json -o none.zkmodel --memory 1KiB
# Before anything is read, where that is enough to know.
expect 2 'memory: 1024 bytes' "$zkinfer" compile nowhere.onnx -c calibration.json -o none.zkmodel --memory 1KiB
expect 2 'memory: 50 MiB, and committing to (the model|the largest of the [0-9] segments .*) takes about [0-9]+ MiB.*at the default budget; most is for the [0-9]+ weights of .*Allow more' \
  "$zkinfer" compile mlp.onnx -c calibration.json -o none.zkmodel --memory 50MiB
[[ ! -e none.zkmodel ]] || fail "a model that does not fit was written"
# What cutting costs, and what became of the number.
expect 0 'note: cut into 2 segments, it takes about [0-9]+ MiB of memory to commit and prove, and as a whole [0-9]+ MiB: here segments save little' \
  "$zkinfer" compile mlp.onnx -c calibration.json -o two.zkmodel --segments 2
expect 0 'memory, about .* to commit, .* to prove' "$zkinfer" compile mlp.onnx -c calibration.json -o two.zkmodel --segments 2
expect 0 'note: cut into [0-9] segments, not 50: more would not make' "$zkinfer" compile mlp.onnx -c calibration.json -o fifty.zkmodel --segments 50
expect 0 '"text": "cut into 2 segments, it takes about' "$zkinfer" compile mlp.onnx -c calibration.json -o two.zkmodel --segments 2 --json
expect 0 '"memory_estimate": {' "$zkinfer" compile mlp.onnx -c calibration.json -o two.zkmodel --segments 2 --json
expect 0 '"memory_estimate": null' "$zkinfer" compile mlp.onnx -c calibration.json -o large.zkmodel --json
expect 2 'memory.*4GiB' "$zkinfer" compile mlp.onnx -c calibration.json -o none.zkmodel --memory much
expect 2 'segments|excludes|memory' "$zkinfer" compile mlp.onnx -c calibration.json -o none.zkmodel --memory 1GiB --segments 2
finish
