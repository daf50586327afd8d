#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# `zkinfer inspect` of every kind of file: the keys that docs/cli.md lists, with values of their types; whose a file is; and that it is
# cut off where that can be told.
# Usage: inspect_test.sh ZKINFER SOURCE_FOLDER WORK_FOLDER [SEGMENTS]: of a model that is cut into so many
set -uo pipefail
source "$(dirname "$0")/expect.sh"
begin "$@"
segments=${4:-1}
cp "$source_folder"/examples/mlp/{mlp.onnx,calibration.json,input.json} .

expect 0 'cosine' "$zkinfer" compile mlp.onnx -c calibration.json --segments "$segments"
# A damaged part is named, and what is wrong with it.
python3 -c "
import zipfile
with zipfile.ZipFile('bad.keras', 'w') as archive:
    archive.writestr('metadata.json', '{}'), archive.writestr('config.json', '{}'), archive.writestr('model.weights.h5', b'junk')"
expect 2 "bad.keras.: .keras entry 'model.weights.h5': no HDF5 file" "$zkinfer" inspect bad.keras
expect 0 'values of files +none kept' "$zkinfer" inspect mlp.zkmodel
expect 0 'cosine' "$zkinfer" compile mlp.onnx -c calibration.json --scale 0.5 --mean 0.25 --std 2 -o scaled.zkmodel
expect 0 'values of files +\(value \* 0.5 - 0.25\) / 2$' "$zkinfer" inspect scaled.zkmodel
expect 0 '"scale": 0.5' "$zkinfer" inspect scaled.zkmodel --json
expect 0 'identity' "$zkinfer" commit mlp.zkmodel --budget 16
expect 0 'wrote' "$zkinfer" prove mlp.zkmodel -i input.json -o p.zkproof
path=$(ls ./*.zkpath)  # others come beside it
expect 0 'wrote' "$zkinfer" bundle p.zkproof -k mlp.zkkey
expect 0 'wrote' "$zkinfer" commitment open mlp.zkmodel
expect 0 'wrote' "$zkinfer" commitment backup mlp.zksecret
# A model that is cut makes parts.
expect 0 'segments' "$zkinfer" compile mlp.onnx -c calibration.json --segments 2 -o parted.zkmodel
expect 0 'identity' "$zkinfer" commit parted.zkmodel --budget 16
expect 0 'wrote' "$zkinfer" prove parted.zkmodel -i input.json --write-plan answer.zkplan
expect 0 'wrote' "$zkinfer" prove parted.zkmodel --plan answer.zkplan --segment 1/2
expect 0 'wrote' "$zkinfer" commit mlp.zkmodel --inputs committed --key t.zkkey --secret t.zksecret --budget 16
expect 0 'wrote' "$zkinfer" commit-tensor t.zkkey -i input.json -o flower
identity=$("$zkinfer" inspect mlp.zkkey --json | sed -nE 's/^  "identity": "(.*)",$/\1/p')
[[ $identity =~ ^[0-9a-f]{64}$ ]] || fail "no identity: $identity"

# has FILE KIND "KEY:TYPE .." [OPTIONS]: exactly these keys beside file, kind, text and warnings.
inspected=" "  # kinds
has() {
  local file=$1 kind=$2 keys=$3
  inspected+="$kind "
  shift 3
  "$zkinfer" inspect "$file" --json "$@" >out.json || fail "inspect $file --json"
  python3 - "$file" "$kind" "$keys" <<'PYTHON' || fail "inspect $file --json $*"
import json, sys
file, kind, wanted = sys.argv[1], sys.argv[2], dict(word.split(":") for word in sys.argv[3].split())
got = json.load(open("out.json"))
types = {"text": str, "digest": str, "number": (int, float), "count": int, "bool": bool, "list": list, "object": dict}
wrong = [] if got["file"] == file and got["kind"] == kind and got["text"].strip() and isinstance(got["warnings"], list) else ["head"]
for key, name in wanted.items():
    value = got.get(key)
    good = isinstance(value, types[name]) and (name == "bool" or not isinstance(value, bool))
    if not good or (name == "digest" and len(bytes.fromhex(value)) != 32):
        wrong.append(f"{key}: {value!r} is no {name}")
wrong += [f"{key}: undocumented here" for key in got if key not in wanted and key not in ("file", "kind", "text", "warnings")]
if wrong:
    sys.exit("; ".join(wrong))
# What is documented is what is there.
text = open("cli.md").read()
row = next(line for line in text[text.index("| `kind` | keys |"):].splitlines() if line.startswith("| `") and "`" + kind + "`" in line.split("|")[1])
missing = [key for key in wanted if f"`{key}`" not in row]
if missing:
    sys.exit(f"docs/cli.md, inspect of {kind}: no word of {missing}")
PYTHON
}
cp "$source_folder"/docs/cli.md cli.md
has mlp.onnx onnx ""
has input.json input_data "arrays:list"
has mlp.zkmodel model "model:text structure:digest parameters:count network_parameters:count segments:count inputs:list outputs:list preprocessing:object whole_numbers:list"
has mlp.zkkey key "model:text identity:digest root_identity:digest depth:count structure:digest parameters:count segments:count security_bits:number pow_bits:count profile:text verify_seconds_at_most:number verify_memory_bytes_at_most:count zero_knowledge:bool public_weights:bool inputs_seen:text outputs_seen:text carries_history:bool budget:count tensor_budget:count inputs:list outputs:list"
has mlp.zkkey key "model:text identity:digest root_identity:digest depth:count structure:digest parameters:count segments:count security_bits:number pow_bits:count profile:text verify_seconds_at_most:number verify_memory_bytes_at_most:count zero_knowledge:bool public_weights:bool inputs_seen:text outputs_seen:text carries_history:bool budget:count tensor_budget:count inputs:list outputs:list" --graph
has p.zkproof proof "claimed_identity:digest"
has p.zkproof proof "claimed_identity:digest root_identity:digest accepted:bool parts:list" --key mlp.zkkey
has "$path" path "root_identity:digest depth:count commitments:count"
has "$path" path "root_identity:digest depth:count commitments:count accepted:bool serving_identity:digest" --key mlp.zkkey
has "$path" path "root_identity:digest depth:count commitments:count accepted:bool reason:text where:text" --key t.zkkey
has p.zkbundle bundle "claimed_identity:digest root_identity:digest proof_bytes:count path_bytes:count certificate_bytes:count"
has p.zkbundle bundle "claimed_identity:digest root_identity:digest proof_bytes:count path_bytes:count certificate_bytes:count accepted:bool parts:list" --key mlp.zkkey
has mlp.zkcert certificate "slot:count identity:digest accepted:bool"
has mlp.zkcert certificate "slot:count identity:digest accepted:bool reason:text where:text" --key t.zkkey
cp mlp.zkcert alone.zkcert
has alone.zkcert certificate "slot:count"
has mlp.zkaudit audit_key "identity:digest segments:count"
expect 0 "\"segments\": $segments[,}]?" "$zkinfer" inspect mlp.zkaudit --json
expect 0 "\"commitments\": $segments,?" "$zkinfer" inspect "$path" --json
has answer.zkplan proof_plan "identity:digest slot:count segments:count"
has answer.1.zkpart proof_part "claimed_identity:digest slot:count segment:count segments:count"
has mlp.zksecret root_secret "identity:digest budget:count slots:list used:count"
has mlp.zkbackup commitment_backup "identity:digest budget:count slots:list used:count"
has "$(ls mlp.zkserving/*.zksecret)" commitment_secret "identity:digest budget:count slots:list used:count"
has flower.zktensor tensor_commitment "tensor:object commitment:digest commitment_root:digest commitment_budget:count"
has flower.zktsecret tensor_secret "tensor:object commitment:digest commitment_root:digest commitment_budget:count slots:list used:count"

# What language models come with.
/usr/bin/python3 "$source_folder/examples/language_model/make_model.py" || fail "make_model.py"
has tokenizer.bin tokenizer "format:text pieces:count end_tokens:list digest:digest"
for name in llama3.json joined.model plain.bin; do has "$source_folder/testdata/tokenizer/$name" tokenizer "format:text pieces:count end_tokens:list digest:digest"; done
has llama.bin language_model ""
expect 0 'how many tokens one inference reads is open in the file; give 1 to 32 \(--tokens\)' "$zkinfer" inspect llama.bin
expect 0 'MatMul|ArgMax' "$zkinfer" inspect llama.bin --tokens 4
python3 - <<'PYTHON'
import json, struct
header = json.dumps({"a": {"dtype": "F32", "shape": [2], "data_offsets": [0, 8]}}).encode()
open("m.safetensors", "wb").write(struct.pack("<Q", len(header)) + header + bytes(8))
json.dump({"added_tokens": [], "model": {"type": "Unheard"}}, open("odd.json", "w"))
# A GGUF file of one key and one tensor: no model, and no tokenizer.
text = lambda value: struct.pack("<Q", len(value)) + value.encode()
open("odd.gguf", "wb").write(b"GGUF" + struct.pack("<IQQ", 3, 0, 1) + text("general.architecture") + struct.pack("<I", 8) + text("unheard"))
PYTHON
expect 2 'm.safetensors.*weights and not what is computed with them; give the folder' "$zkinfer" inspect m.safetensors
expect 2 'odd.json.*Unheard' "$zkinfer" inspect odd.json
expect 2 'odd.gguf.*unheard' "$zkinfer" inspect odd.gguf
expect 2 'key is for .*none|key is for' "$zkinfer" inspect tokenizer.bin --key mlp.zkkey

# What lies beside those, and texts that commands write.
expect 0 'cosine' "$zkinfer" compile mlp.onnx -c calibration.json -o again.zkmodel --fidelity-json accuracy.json --report page.html
expect 0 'wrote' "$zkinfer" prove mlp.zkmodel -i input.json -o q.zkproof --report proof.html
expect 0 'wrote' "$zkinfer" bench mlp.zkmodel -i input.json -n 1 -o bench.json --budget 16
expect 0 'wrote' "$zkinfer" gen-settings -M mlp.onnx -O settings.json
expect 0 'MODEL_CARD' "$zkinfer" init project
printf 'zkinfer: this secret is unfinished, and nobody has its key: %s' "$identity" >mark.zksecret.unfinished
echo '{"input_data": [[0, 1, 2, 0, 1, 2, 0, 1, 2, 0, 1, 2, 0, 1, 2, 0, 1, 2, 0, 1]]}' >labels.json
expect 0 'wrote' "$zkinfer" dataset build -i calibration.json --labels labels.json -o rows.zkset
has rows.zkset data_set "name:text digest:digest data_set_root:digest num_rows:count num_groups:count num_empty_groups:count labels:text num_duplicates:count preprocessing:text inputs:list"
expect 0 'wrote' "$zkinfer" compile mlp.onnx -c calibration.json -o whole.zkmodel
expect 0 'identity' "$zkinfer" commit whole.zkmodel --budget 16 -k sold.zkkey -s sold.zksecret
expect 0 'wrote' "$zkinfer" seal whole.zkmodel -s sold.zksecret -o w.zksealed
has w.zkenc encryption_proof "claimed_identity:digest sale:digest c1:digest c2:digest ciphertext_root:digest"
has w.zksealed sealed_weights ""
has w.zkshares key_shares ""
expect 0 'identity' "$zkinfer" commit whole.zkmodel --public-model
expect 0 'wrote' "$zkinfer" evaluate whole.zkmodel --data rows.zkset
has rows.zkeval evaluation "claimed_identity:digest metric:text data_set_digest:digest num_rows:count chunk_rows:count totals_only:bool data_set_rows:count"
has mlp.zksecret.lock lock "of:text"
has mark.zksecret.unfinished unfinished_mark "identity:digest"
has mlp.zkserving serving_folder "secrets:count paths:count code_files:count"
has mlp.zkserving/ serving_folder "secrets:count paths:count code_files:count"
# As `evm export` writes it, which takes no proofs of cut models.
echo '{"model_id": "0x01", "identity": "0x02", "program": "0x5a4b4556", "calldata": "0x00"}' >p.evm.json
has p.evm.json evm "model_id:text identity:text"
# As `evm deploy` and the service write them (tests evm_cli and server look at real ones).
echo '{"outer": "0x06", "functionals": "0x05", "registry": "0x02", "verifier": "0x01", "receipts": "0x03", "session": "0x04", "chain_id": 31337}' >deployment.json
has deployment.json deployment "chain_id:count verifier:text registry:text receipts:text"
echo '{"ZkInferVerifier": {"abi": []}, "ZkInferRegistry": {}}' >artifacts.json
has artifacts.json contracts "num_contracts:count"
echo '{"payload": {"v": 1, "id": "01a2", "iss": "zkinfer-server", "iat": "2026-11-28T15:21:44.832Z", "model": {"root": "'"$identity"'", "revision": "mlp"}, "proof": {"mode": "wait", "by": "2026-11-28T15:31:44.832Z"},
 "outcome": "OK", "kid": "IgLF"}, "signature": {"alg": "EdDSA", "kid": "IgLF", "sig": "6rl0"}}' >receipt.json
has receipt.json receipt "id:text iss:text iat:text outcome:text kid:text root_identity:digest"
expect 0 'verify. checks it, which nothing here did' "$zkinfer" inspect receipt.json
echo '{"payload": {"id": "01a2", "state": "queued", "at": "2026-11-28T15:21:44.832Z"}, "signature": {}}' >state.json
has state.json proof_state "id:text state:text at:text"
echo '{"keys": [{"kty": "OKP", "crv": "Ed25519", "kid": "IgLF", "x": "7biW", "nbf": 1}, {"kty": "OKP", "crv": "Ed25519", "kid": "Other", "x": "7biW", "retired": 2}]}' >keys.json
has keys.json signing_keys "kids:list"
expect 0 'Other, no longer used' "$zkinfer" inspect keys.json
echo zki_c22ff0ef954f_0HCScYGzsVNHVnehZhBfObf76Hsk8xflMvNSKsyOpLE >alice.key
has alice.key api_key ""
expect 0 'API key' bash -c "! '$zkinfer' inspect alice.key | grep 0HCS && '$zkinfer' inspect alice.key"
for odd in '{"payload": 3, "signature": 4}' '{"payload": {}, "signature": 4}' '{"payload": {"model": 3, "proof": [], "id": {}}, "signature": {}}' '{"keys": [3]}' '{"keys": 3}' '{"keys": [{"kid": 3, "crv": 4}]}' \
  '{"chain_id": [], "verifier": 3, "registry": {}, "receipts": null}'; do
  "$zkinfer" inspect <(echo "$odd") >out.txt 2>&1
  [[ $? -le 2 && ! $(cat out.txt) =~ (internal|terminate) ]] || fail "inspect of $odd: $(cat out.txt)"
done
has accuracy.json fidelity "num_inputs:count cosine:number agreement:number error_of_largest:number"
has bench.json benchmark "label:text runs:count prove_seconds:number verify_seconds:number proof_bytes:count"
has settings.json ezkl_settings "inputs:text outputs:text"
for page in page.html proof.html; do has $page report ""; done
for text in MODEL_CARD.md Makefile .gitignore; do has project/$text project ""; done
expect 2 'key is for .*a lock file' "$zkinfer" inspect mlp.zksecret.lock --key mlp.zkkey
expect 2 'legalized is for .*a benchmark' "$zkinfer" inspect bench.json --legalized
expect 2 'run_args|settings' "$zkinfer" inspect <(echo '{"run_args": 3}')
# Every option that names a new file, with the kind of file that it makes: one without a row is one that inspect may not know.
made=" compile--output:model compile--fidelity-json:fidelity compile--report:report report--output:report commit--key:key commit--certificate:certificate
 commit--secret:root_secret prove--output:proof prove--write-input-data:canonical prove--write-output-data:canonical prove--report:report verify--report:report prove--write-plan:proof_plan join--output:proof prove--committed-output:tensor_commitment
 certify--output:certificate digest--write-input-data:canonical bundle--output:bundle evmexport--output:evm commitmentopen--output:audit_key commitmentbackup--output:commitment_backup
 commitmentrestore--secret:root_secret datasetbuild--output:data_set evaluate--output:evaluation seal--output:sealed_weights seal--proof:encryption_proof seal--shares:key_shares unseal--output:model commit-tensor--output:tensor_commitment generate--output:proof embed--output:proof tokenize--output:input_data bench--output:benchmark "
while read -r command; do
  for option in $(options_of "$command" 'NEW-FILE([ :]|$)'); do
    [[ $made =~ [[:space:]]"${command// /}$option":([a-z_]+)[[:space:]] ]] || { fail "$command $option: what does inspect say of that file?"; continue; }
    kind=${BASH_REMATCH[1]}
    [[ $kind == canonical || $inspected == *" $kind "* ]] || fail "$command $option: no file of kind $kind is inspected here"
  done
done < <(all_commands)
expect 0 'wrote' "$zkinfer" digest mlp.zkkey -i input.json --write-input-data canonical
expect 2 'canonical bytes' "$zkinfer" inspect canonical

# Whose they are.
for file in "$path" p.zkbundle mlp.zkaudit mlp.zkcert mlp.zksecret; do expect 0 "$identity" "$zkinfer" inspect "$file"; done
expect 0 "$identity" "$zkinfer" inspect p.zkproof --key mlp.zkkey --json

# Cut off: an error where the file itself says how long it is, a rejection where only its key does.
for file in "$path" p.zkbundle mlp.zkaudit answer.zkplan; do
  size=$(stat -c %s "$file")
  for length in 9 $((size / 2)) $((size - 1)); do
    head -c "$length" "$file" >cut
    expect 2 'cut.: .*(cut off|truncated)' "$zkinfer" inspect cut
  done
done
for file in mlp.zkcert p.zkproof; do
  head -c $(($(stat -c %s "$file") - 1)) "$file" >cut
  expect 0 'rejected, truncated' "$zkinfer" inspect cut --key mlp.zkkey
  expect 0 'whole.* cannot be told without its key' "$zkinfer" inspect cut
  head -c 12 "$file" >cut
  expect 2 'cut off' "$zkinfer" inspect cut
done

# A container is what its content says, and that reader says what is wrong with it.
cp "$source_folder"/testdata/keras/small_keras3.keras "$source_folder"/testdata/keras/small_keras3.h5 .
python3 - <<'PY'
import struct
import zipfile

def write(name, entries):
    with zipfile.ZipFile(name, "w") as archive:
        for entry, content in entries.items():
            archive.writestr(entry, content)

with zipfile.ZipFile("small_keras3.keras") as archive:
    parts = {name: archive.read(name) for name in archive.namelist()}
write("config.keras", {**parts, "config.json": b"{}"})
write("weights.keras", {**parts, "model.weights.h5": parts["model.weights.h5"][:500]})
write("json.keras", {**parts, "config.json": parts["config.json"][:100]})
write("pickle.pt", {"archive/data.pkl": b"\x80\x02.", "archive/version": b"3"})
array = b"\x93NUMPY\x01\x00v\x00" + b"{'descr': '<f4', 'fortran_order': False, 'shape': (2,), }".ljust(117) + b"\n" + struct.pack("<2f", 1, 2)
write("good.npz", {"x.npy": array})
write("bad.npz", {"x.npy": array[:-3]})
open("cut.tflite", "wb").write(b"\x1c\0\0\0TFL3" + bytes(60))
open("cut.h5", "wb").write(open("small_keras3.h5", "rb").read()[:900])
PY
head -c 1500 small_keras3.keras >cut.keras
for file in small_keras3.keras small_keras3.h5; do
  expect 0 'Conv' "$zkinfer" inspect "$file"
  expect 0 'Conv' bash -c "'$zkinfer' inspect - <$file"
  expect 0 'Conv' "$zkinfer" inspect <(cat "$file")
done
expect 0 'input data, 1 array' "$zkinfer" inspect good.npz
for case in "config.keras:class" "weights.keras:HDF5|outside the file" "json.keras:JSON" "cut.keras:.keras" "pickle.pt:PyTorch" "bad.npz:npz|npy|shape" "cut.tflite:TFLite|cut short" "cut.h5:HDF5|outside the file"; do
  expect 2 "${case%%:*}.*(${case#*:})" "$zkinfer" inspect "${case%%:*}"
  [[ $case == *.npz:* ]] || { grep -q 'npz' <<<"$("$zkinfer" inspect "${case%%:*}" 2>&1)" && fail "${case%%:*} is called .npz: $("$zkinfer" inspect "${case%%:*}" 2>&1)"; }
done
expect 2 'no .npz' "$zkinfer" run mlp.zkmodel -i small_keras3.keras
# A network of whatever format is measured, and one with an open axis says how its own input is given.
expect 2 'is a network, which needs --calibration' "$zkinfer" bench small_keras3.keras -i input.json

finish
