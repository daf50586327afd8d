#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# Runs the built zkinfer on the examples: every documented command, exit codes, tampered files.
# Usage: cli_test.sh ZKINFER SOURCE_FOLDER WORK_FOLDER
set -uo pipefail
source "$(dirname "$0")/expect.sh"
begin "$@"

examples=$source_folder/examples
cp "$examples"/digits/{digits.onnx,calibration.npy,test.npy,digit_7.png,digit_3.png,input.json} .
cp "$examples"/mlp/mlp.onnx .
cp "$examples"/mlp/calibration.json mlp_calibration.json
cp "$examples"/mlp/input.json mlp_input.json

expect 0 'Usage' "$zkinfer" --help
expect 0 '^zkinfer [0-9]' "$zkinfer" --version
for command in compile commit commitment certify rotate prove bundle evm verify verify-path verify-chain digest run inspect soundness bench demo; do
  expect 0 'Examples:' "$zkinfer" "$command" --help
done
expect 2 'subcommand' "$zkinfer"
expect 2 "did you mean 'prove'" "$zkinfer" prov x
expect 2 "did you mean '--calibration'" "$zkinfer" compile digits.onnx --calibraton c.npy
expect 2 'no option .--no-such-option' "$zkinfer" compile digits.onnx --no-such-option

# The honest way, with picture, NumPy and JSON inputs.
expect 0 'cosine' "$zkinfer" compile digits.onnx --calibration calibration.npy --evaluate test.npy --fidelity-json fidelity.json
expect 0 'identity' "$zkinfer" commit digits.zkmodel
# An error budget buys precision; what is no budget is refused.
error_of() { "$zkinfer" compile mlp.onnx -c mlp_calibration.json -o budget.zkmodel --layers "$@" 2>/dev/null | sed -nE 's/.*relative to the largest output ([0-9.]+),.*/\1/p'; }
coarse=$(error_of --float-target 2%) fine=$(error_of --float-target exact)
awk "BEGIN { exit !($fine > 0 && $fine <= 0.0002 && $coarse > 4 * $fine && $coarse <= 0.02) }" || fail "--float-target: errors $coarse at 2%, $fine at exact"
for target in 0 -1 nan 0.6 60% 1e-9 exactly 0.1%% "''"; do
  expect 2 'float-target' "$zkinfer" compile mlp.onnx -c mlp_calibration.json -o budget.zkmodel --float-target "$target"
done
expect 2 'digits.zk(secret|serving).*(is there already|holds what serves)' "$zkinfer" commit digits.zkmodel
expect 2 'digits.zk(secret|serving).*(is there already|holds what serves)' "$zkinfer" commit digits.zkmodel --force
expect 0 'wrote digit_7.zkproof' "$zkinfer" prove digits.zkmodel --input digit_7.png
expect 0 'ACCEPTED' "$zkinfer" verify digit_7.zkproof --key digits.zkkey
expect 0 '"accepted": true' "$zkinfer" verify digit_7.zkproof --key digits.zkkey --json
expect 0 'proof_bytes' "$zkinfer" prove digits.zkmodel -i test.npy --index 3 -o third.zkproof --context order-4711 --json
expect 0 'order-4711' "$zkinfer" verify third.zkproof -k digits.zkkey --context order-4711
expect 0 'ACCEPTED' "$zkinfer" verify third.zkproof -k digits.zkkey
expect 0 '\[7\]' "$zkinfer" run digits.zkmodel --input input.json
expect 0 '"integers"' "$zkinfer" run digits.zkmodel --input digit_3.png --json
expect 0 'bits' "$zkinfer" soundness digits.zkkey
expect 0 'terms' "$zkinfer" soundness digits.zkkey --json
expect 0 'Conv|conv' "$zkinfer" inspect digits.onnx
expect 0 'digraph' "$zkinfer" inspect digits.onnx --format dot --legalized
expect 0 'model package' "$zkinfer" inspect digits.zkmodel
# The structure is public: the same text and digest of the model package and of its key.
expect 0 '^structure [0-9a-f]{64}' "$zkinfer" inspect digits.zkmodel --graph
"$zkinfer" inspect digits.zkmodel --graph > model_graph.txt
"$zkinfer" inspect digits.zkkey --graph > key_graph.txt
cmp model_graph.txt key_graph.txt || fail "the key's structure is not the model's"
expect 0 '^table 0 [0-9a-f]{64}' "$zkinfer" inspect digits.zkkey --graph
expect 0 ' 0:0' "$zkinfer" inspect digits.zkkey --tables
expect 0 'digraph' "$zkinfer" inspect digits.zkkey --graph=dot
expect 0 'structure +[0-9a-f]{64}' "$zkinfer" inspect digits.zkkey
expect 0 'verification key' "$zkinfer" inspect digits.zkkey
expect 0 'accepted' "$zkinfer" inspect digit_7.zkproof --key digits.zkkey
expect 0 'picture levels' "$zkinfer" inspect digit_7.png
expect 0 'prove' "$zkinfer" bench mlp.onnx -c mlp_calibration.json -i mlp_input.json --runs 1 -o bench.json
expect 0 '"cores"' cat bench.json
[[ $(stat -c %a digits.zksecret) == 600 ]] || { echo "FAIL: digits.zksecret is readable by others"; failures=$((failures + 1)); }

# The second model; its key must not accept the first one's proof.
expect 0 'cosine' "$zkinfer" compile mlp.onnx -c mlp_calibration.json
expect 0 '^[0-9a-f]{64}$' "$zkinfer" commit mlp.zkmodel --quiet
expect 0 'wrote' "$zkinfer" prove mlp.zkmodel -i mlp_input.json -o mlp.zkproof
expect 0 'ACCEPTED' "$zkinfer" verify mlp.zkproof -k mlp.zkkey
expect 1 'REJECTED: .+' "$zkinfer" verify digit_7.zkproof -k mlp.zkkey
expect 1 'wrong statement at model identity' "$zkinfer" verify mlp.zkproof -k mlp.zkkey --identity "$(printf '0%.0s' {1..64})"

# The certificate of the weights belongs to one commitment; it is found beside the key.
expect 2 'digits.zkcert. is a certificate already.*--force' "$zkinfer" certify digits.zkmodel
expect 0 'certified' "$zkinfer" certify digits.zkmodel --force
expect 0 'ranges certified' "$zkinfer" verify digit_7.zkproof -k digits.zkkey --certificate digits.zkcert
expect 0 '"weights_certified": true' "$zkinfer" verify digit_7.zkproof -k digits.zkkey --json
expect 0 'ranges not certified' "$zkinfer" verify digit_7.zkproof -k digits.zkkey --uncertified
expect 1 'REJECTED: .*certificate' "$zkinfer" verify mlp.zkproof -k mlp.zkkey --certificate digits.zkcert
expect 2 '--certificate.*a proof \(.zkproof\), not a certificate \(.zkcert\)' "$zkinfer" verify digit_7.zkproof -k digits.zkkey --certificate digit_7.zkproof

# A floor of security that the key does not reach.
expect 0 'identity' "$zkinfer" commit mlp.zkmodel --security-bits 60 --key weak.zkkey --secret weak.zksecret
expect 0 'wrote' "$zkinfer" prove mlp.zkmodel -i mlp_input.json -s weak.zksecret -o weak.zkproof
expect 2 'bits of security' "$zkinfer" verify weak.zkproof -k weak.zkkey
expect 0 'ACCEPTED' "$zkinfer" verify weak.zkproof -k weak.zkkey --min-security 50

# Public inputs: the proof carries them, and they cannot be exchanged.
expect 0 'public' "$zkinfer" commit mlp.zkmodel --public-input --key open.zkkey --secret open.zksecret
expect 0 'wrote' "$zkinfer" prove mlp.zkmodel -i mlp_input.json -s open.zksecret -o open.zkproof
expect 0 "input 'flower'" "$zkinfer" verify open.zkproof -k open.zkkey
expect 0 '"inputs"' "$zkinfer" verify open.zkproof -k open.zkkey --json
cp open.zkproof changed.zkproof
change changed.zkproof 87
expect 1 'REJECTED' "$zkinfer" verify changed.zkproof -k open.zkkey

# Rejected: changed, cut and extended proofs, another context.
size=$(stat -c %s digit_7.zkproof)
for offset in 0 8 100 $((size / 2)) $((size - 1)); do
  cp digit_7.zkproof changed.zkproof
  change changed.zkproof "$offset"
  expect 1 'REJECTED: .+' "$zkinfer" verify changed.zkproof -k digits.zkkey
done
for length in 1 50 $((size / 2)) $((size - 1)); do
  head -c "$length" digit_7.zkproof >cut.zkproof
  expect 1 'REJECTED' "$zkinfer" verify cut.zkproof -k digits.zkkey
done
{ cat digit_7.zkproof; printf x; } >long.zkproof
expect 1 'REJECTED' "$zkinfer" verify long.zkproof -k digits.zkkey
expect 1 'REJECTED.*bound to another one, order-4711' "$zkinfer" verify third.zkproof -k digits.zkkey --context order-4712
expect 1 '"reason"' "$zkinfer" verify long.zkproof -k digits.zkkey --json

# Proofs that prefer time have more bytes, and their key says so; what comes under a root prefers what it does.
for profile in fast small; do
  expect 0 'wrote' "$zkinfer" commit mlp.zkmodel --profile $profile --inputs public --public-model --key $profile.zkkey --secret $profile.zksecret
  expect 0 "\"profile\": \"$profile\"" "$zkinfer" inspect $profile.zkkey --json
  expect 0 'wrote' "$zkinfer" prove mlp.zkmodel -i mlp_input.json -s $profile.zksecret -o $profile.zkproof
  expect 0 'ACCEPTED' "$zkinfer" verify $profile.zkproof -k $profile.zkkey --model mlp.zkmodel
done
(($(stat -c %s fast.zkproof) > $(stat -c %s small.zkproof))) || fail "a fast proof is no longer than a small one"
expect 2 'fastest' "$zkinfer" commit mlp.zkmodel --profile fastest

# A structure that a verifier should look at is warned about by whoever reads it.
python3 "$source_folder/tests/cli/odd_model.py" odd.onnx
readonly odd='"warnings": \[[^]]*output .copy. does not depend on any committed parameter'
says_odd() { expect 0 "$odd" bash -c '"$@" --json | tr "\n" " "' words "$zkinfer" "$@"; }
says_odd compile odd.onnx -c mlp_calibration.json
expect 0 'wrote' "$zkinfer" commit odd.zkmodel --budget 16
expect 0 'wrote' "$zkinfer" prove odd.zkmodel -i mlp_input.json -o odd.zkproof
says_odd inspect odd.zkmodel
says_odd inspect odd.zkkey
says_odd verify odd.zkproof -k odd.zkkey
expect 0 "warning: output 'copy'" "$zkinfer" verify odd.zkproof -k odd.zkkey --quiet

# Bad input: exit code 2 and a message that names the file or option.
head -c 40 digits.zkkey >cut.zkkey
head -c 100 digits.zkmodel >cut.zkmodel
head -c 300 digits.onnx >cut.onnx
echo '{"input_data": [[1, 2]]}' >short.json
echo '{"input_data": [["a"]]}' >text.json
expect 2 'absent.zkproof' "$zkinfer" verify absent.zkproof -k digits.zkkey
expect 2 'cut.zkkey' "$zkinfer" verify digit_7.zkproof -k cut.zkkey
expect 2 'cut.zkmodel' "$zkinfer" run cut.zkmodel -i digit_7.png
expect 2 '.+' "$zkinfer" compile cut.onnx -c calibration.npy
expect 2 '.+' "$zkinfer" compile digits.onnx -c digits.onnx
expect 2 'shape|expected' "$zkinfer" run digits.zkmodel -i short.json
expect 2 'expected a number' "$zkinfer" run digits.zkmodel -i text.json
expect 2 '--index' "$zkinfer" run digits.zkmodel -i test.npy
expect 2 '--index' "$zkinfer" run digits.zkmodel -i test.npy --index 400
expect 2 'mlp.zksecret' "$zkinfer" prove digits.zkmodel -i digit_7.png -s mlp.zksecret
expect 2 'secret' "$zkinfer" prove digits.zkmodel -i digit_7.png -s absent.zksecret
expect 2 '32 bytes' "$zkinfer" prove digits.zkmodel -i digit_7.png --context 123456789012345678901234567890123
expect 2 '--shape' "$zkinfer" compile digits.onnx -c calibration.npy --shape image=1,-3
expect 2 'cut.zkkey.*truncated after 40 bytes' "$zkinfer" inspect cut.zkkey

# What takes over a second says how far it is in a pipe too, in plain lines; not with --quiet, unless it is asked for.
said=$("$zkinfer" bench mlp.zkmodel -i mlp_input.json -n 100 2>&1 >/dev/null)
grep -qE '^bench: prove, [0-9]+ %(, .* left)?$' <<<"$said" || fail "no progress in a pipe: $said"
grep -q $'[\r\x1b]' <<<"$said" && fail "progress in a pipe is for terminals: $said"
said=$("$zkinfer" -q bench mlp.zkmodel -i mlp_input.json -n 100 2>&1 >/dev/null)
[[ -z $said ]] || fail "--quiet shows progress: $said"

finish
