#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# EZKL's verbs, options and files: its script runs, its settings.json says who sees what, and what has no meaning here is refused. EZKL's
# own example networks go through all verbs where ../shared/data (or ZKINFER_TEST_DATA) has them.
# Usage: ezkl_test.sh ZKINFER SOURCE_FOLDER WORK_FOLDER
set -uo pipefail
source "$(dirname "$0")/expect.sh"
begin "$@"
data=${ZKINFER_TEST_DATA:-$source_folder/../shared/data}
cp "$source_folder"/examples/mlp/mlp.onnx network.onnx
cp "$source_folder"/examples/mlp/{calibration,input}.json .

# With nothing but default names, as EZKL's quick start has it.
expect 0 'inputs private, outputs public' "$zkinfer" gen-settings
expect 0 'calibration inputs of calibration.json' "$zkinfer" calibrate-settings
expect 0 "own words: zkinfer compile network.onnx .*cosine|cosine" "$zkinfer" compile-circuit
expect 0 'nothing to do' "$zkinfer" get-srs
expect 0 'own words: zkinfer commit model.compiled' "$zkinfer" setup
expect 0 'wrote witness.json' "$zkinfer" gen-witness
[[ $(stat -c %a witness.json) == 600 ]] || fail "witness.json is readable by others"
expect 0 'ACCEPTED' "$zkinfer" mock
expect 0 'wrote proof.json' "$zkinfer" ezkl prove
expect 0 'ACCEPTED' "$zkinfer" ezkl verify
# The options that EZKL's scripts give.
expect 0 'ACCEPTED' "$zkinfer" verify --proof-path proof.json --vk-path vk.key --settings-path settings.json --srs-path kzg.srs --reduced-srs
expect 0 'wrote again.json' "$zkinfer" prove -W witness.json -M model.compiled --pk-path pk.key --proof-path again.json --check-mode safe
expect 0 'logits' "$zkinfer" table -M network.onnx
expect 0 'wrote' "$zkinfer" gen-witness -D "$(cat input.json)" -O inline.json
expect 0 '' cmp witness.json inline.json
expect 0 'wrote' "$zkinfer" gen-witness -D @input.json -O at.json
echo '{"input_data": [[1]]}' >data.json
expect 2 'no settings file' "$zkinfer" gen-settings -M network.onnx -O data.json
grep -q input_data data.json || fail "gen-settings replaced somebody's data"
expect 0 'not used: --srs-path, --logrows .there is no trusted setup.' "$zkinfer" get-srs --srs-path x --logrows 20
expect 0 'not used: --input-scale, --logrows' "$zkinfer" gen-settings -M network.onnx -O more.json --logrows 20 --input-scale 7
expect 0 '"logrows": "20"' cat more.json
for command in "gen-settings -O j.json" "calibrate-settings -O j.json" gen-witness mock "verify --vk-path vk.key"; do
  expect 0 '' bash -c "'$zkinfer' $command --json 2>/dev/null | jq -e ."
done

# After options of the whole program, and with data as JSON or @file.
for global in "--threads 1" "--threads=1" "-q" "--quiet --threads 1" "--progress"; do
  expect 0 '' "$zkinfer" $global gen-settings -O global.json
  expect 0 'ACCEPTED|^$' "$zkinfer" $global verify --proof-path proof.json --vk-path vk.key
  rm -f global.json
done
for given in @calibration.json "$(cat calibration.json)" calibration.json; do
  expect 0 'wrote' "$zkinfer" gen-settings -O given.json
  expect 0 '[0-9]+ calibration inputs' "$zkinfer" calibrate-settings -D "$given" -O given.json
  expect 0 'cosine' "$zkinfer" compile-circuit --compiled-circuit given.compiled -S given.json
  [[ ! -e first.compiled ]] || cmp -s first.compiled given.compiled || fail "calibration data given as ${given:0:20} gives another circuit"
  cp given.compiled first.compiled
done

# Our own verbs are not EZKL's.
expect 2 'model' "$zkinfer" prove
expect 0 'ACCEPTED' "$zkinfer" verify proof.json --key vk.key

# EZKL's own spelling, its scales and counts beside it.
settings() { # input output param [variables]
  local variables='[["batch_size",1]]'
  variables=${4:-$variables}
  cat <<JSON
{"run_args":{"input_scale":7,"param_scale":7,"rebase_scale":null,"scale_rebase_multiplier":1,"lookup_range":[-32768,32768],"logrows":17,
"num_inner_cols":2,"variables":$variables,"input_visibility":$1,"output_visibility":$2,"param_visibility":$3,
"rebase_frac_zero_constants":false,"check_mode":"UNSAFE","commitment":"KZG","decomp_base":16384,"decomp_legs":2},
"num_rows":1024,"total_assignments":2048,"model_instance_shapes":[[1,3]],"model_output_scales":[14],"version":"23.0.4"}
JSON
}
hash='{"Hashed":{"hash_is_public":true,"outlets":[]}}'
seen() { # what inspect says of the key after settings $1 $2 $3
  settings "$1" "$2" "$3" >s.json
  rm -rf c.compiled pk2.key* vk2.*
  expect 0 '' "$zkinfer" compile-circuit --compiled-circuit c.compiled -S s.json
  expect 0 '' "$zkinfer" setup -M c.compiled -S s.json --pk-path pk2.key --vk-path vk2.key
  "$zkinfer" inspect vk2.key --json | jq -r '"\(.inputs_seen) \(.outputs_seen) \(.public_weights)"'
}
expect_seen() { [[ $(seen "$2" "$3" "$4") == *"$1" ]] || fail "settings $2 $3 $4: expected $1, got $(seen "$2" "$3" "$4")"; }
expect_seen 'public public false' '"Public"' '"Public"' '"Fixed"'
expect_seen 'private:sha256 private false' "$hash" '"Private"' '"Private"'
expect_seen 'committed committed false' '"KZGCommit"' '"polycommit"' '"KZGCommit"'
refused() { # pattern, and settings
  local pattern=$1
  shift
  settings "$@" >refused.json
  expect 2 "$pattern" "$zkinfer" compile-circuit --compiled-circuit no.compiled -S refused.json
}
refused 'input_visibility: a fixed tensor' '"Fixed"' '"Public"' '"Private"'
refused 'input_visibility: hashed/private' '{"Hashed":{"hash_is_public":false,"outlets":[0]}}' '"Public"' '"Private"'
refused 'output_visibility: EZKL had encrypted' '"Private"' '"Encrypted"' '"Private"'
refused 'param_visibility: EZKL has no public weights' '"Private"' '"Public"' '"Public"'
refused 'param_visibility: the weights have a name' '"Private"' '"Public"' "$hash"
refused 'none of EZKL' '"Nobody"' '"Public"' '"Private"'
refused 'run_args.variables: expected' '"Private"' '"Public"' '"Private"' '[["batch_size","1"]]'
for text in '' '{' '[]' '{"run_args": 3}' '{"run_args": {"input_visibility": {"Hashed": 3}}}'; do
  printf '%s' "$text" >refused.json
  expect 2 'refused.json' "$zkinfer" compile-circuit --compiled-circuit no.compiled -S refused.json
done
[[ ! -e no.compiled ]] || fail "a circuit was made from refused settings"

# Settings of another circuit decide nothing about this one.
expect 2 'was not the settings' "$zkinfer" setup -M c.compiled -S settings.json --pk-path no.key --vk-path no_vk.key
# A secret is never replaced; the option has EZKL's name in what is said.
expect 2 '--pk-path .pk.key. is there already' "$zkinfer" setup --vk-path other.key
expect 2 '--witness .*gen-witness' "$zkinfer" prove -W input.json
printf '{"inputs":[["0100000000000000000000000000000000000000000000000000000000000000"]],"outputs":[]}' >theirs.json
expect 2 '--witness .*another field' "$zkinfer" mock -W theirs.json
jq '.outputs[0][0] += 1' witness.json >wrong.json
expect 1 'REJECTED' "$zkinfer" mock -W wrong.json
left=$("$zkinfer" commitment status pk.key --quiet)
expect 2 'wrong.json.*its outputs are not those' "$zkinfer" prove -W wrong.json --proof-path wrong_proof.json
[[ ! -e wrong_proof.json && $("$zkinfer" commitment status pk.key --quiet) == "$left" ]] || fail "a witness with other outputs was proven"
expect 2 'create-evm-verifier.*EVM' "$zkinfer" create-evm-verifier --vk-path vk.key
expect 2 'aggregate.*--batch' "$zkinfer" aggregate
expect 2 'swap-proof-commitments.*verify-chain' "$zkinfer" swap-proof-commitments
expect 2 '--variables: expected' "$zkinfer" gen-settings --variables batch_size

models=$data/models/ezkl
if [[ ! -d $models ]]; then
  echo "skipped: no folder $models, EZKL's own networks are not tried"
  finish
  exit
fi
# As each folder has them: network.onnx and input.json, which is its calibration too. Every witness is made; some are proven.
compiled=0 proven=0
declare -A refusals
for folder in "$models"/*/; do
  name=$(basename "$folder")
  rm -rf model && mkdir model
  if ! output=$(cd model && "$zkinfer" -q gen-settings -M "$folder/network.onnx" 2>&1 && "$zkinfer" -q calibrate-settings -M "$folder/network.onnx" -D "$folder/input.json" 2>&1 &&
    "$zkinfer" -q compile-circuit -M "$folder/network.onnx" 2>&1 && "$zkinfer" -q gen-witness -D "$folder/input.json" 2>&1); then
    refusals[$name]=$(grep '^zkinfer:' <<<"$output" | head -n 1)
    continue
  fi
  compiled=$((compiled + 1))
  [[ $((compiled % 12)) -eq 1 ]] || continue
  if output=$(cd model && "$zkinfer" -q setup 2>&1 && "$zkinfer" -q ezkl prove 2>&1 && "$zkinfer" -q ezkl verify 2>&1); then
    proven=$((proven + 1))
  else
    fail "$name: $output"
  fi
done
for name in "${!refusals[@]}"; do echo "refused: $name: ${refusals[$name]:0:160}"; done
echo "EZKL's networks: $compiled with a witness, $proven proven, ${#refusals[@]} refused"
[[ $compiled -ge 80 ]] || fail "only $compiled of EZKL's networks get a witness"
finish
