#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# A project folder from nothing to a verified proof, and what `doctor` says of this machine.
# Usage: init_test.sh ZKINFER SOURCE_FOLDER WORK_FOLDER
set -uo pipefail
source "$(dirname "$0")/expect.sh"
begin "$@"

expect 0 'MODEL_CARD.md, Makefile, .gitignore' "$zkinfer" init iris
expect 2 'put the network into this folder: network.onnx, .tflite' make -C iris ZKINFER="$zkinfer"
cp "$source_folder"/examples/mlp/mlp.onnx iris/network.onnx
expect 2 'put typical inputs into this folder: calibration.npy' make -C iris ZKINFER="$zkinfer"
cp "$source_folder"/examples/mlp/{calibration,input}.json iris
expect 0 'ACCEPTED' make -C iris ZKINFER="$zkinfer"
expect 0 'wrote network.report.html' make -C iris report ZKINFER="$zkinfer"
identity=$("$zkinfer" inspect iris/network.zkkey --json | jq -r .identity)
grep -q "$identity" iris/MODEL_CARD.md || fail "the card does not name the model"
grep -q 'largest output error' iris/MODEL_CARD.md || fail "the card does not say how close the integers are"
grep -q 'What it is' iris/MODEL_CARD.md || fail "the card has lost what people wrote"
# A second run makes nothing again but the proof's check and the card.
expect 0 'ACCEPTED' make -C iris ZKINFER="$zkinfer"
[[ $("$zkinfer" inspect iris/network.zkkey --json | jq -r .identity) == "$identity" ]] || fail "make committed again"

# No secret and no input gets into a repository.
if command -v git >/dev/null; then
  git init -q iris && git -C iris add -A
  while read -r file; do
    case "$file" in
      .gitignore | MODEL_CARD.md | Makefile | accuracy.json | network.zkkey | network.zkcert | proofs/*) ;;
      *) fail "git would take $file" ;;
    esac
  done < <(git -C iris ls-files)
  [[ $(git -C iris ls-files | wc -l) -ge 7 ]] || fail "git would leave public files out: $(git -C iris ls-files)"
fi

# What is there is never replaced, and nothing is half made.
expect 2 'iris/MODEL_CARD.md. is there already' "$zkinfer" init iris
mkdir partly && echo mine >partly/Makefile
expect 2 'partly/Makefile. is there already' "$zkinfer" init partly
[[ $(ls -A partly) == Makefile && $(cat partly/Makefile) == mine ]] || fail "a refused init left something behind"
expect 2 'no/where' "$zkinfer" init no/where/deep
expect 2 "--name: expected" "$zkinfer" init "bad name"
expect 2 "--name: expected" "$zkinfer" init other --name '$(touch x)'
[[ ! -e other && ! -e "bad name" ]] || fail "a refused init made a folder"
expect 0 '"name": "other"' "$zkinfer" init made --name other --json
expect 0 '' "$zkinfer" init open --inputs private:sha256 --public-model
expect 0 'commit network.zkmodel --inputs private:sha256 --public-model' cat open/Makefile
cp iris/{network.onnx,calibration.json,input.json} open
expect 0 'ACCEPTED' make -C open ZKINFER="$zkinfer"
expect 0 'weights: public' cat open/MODEL_CARD.md
expect 2 'network.zkmodel.*No such file' "$zkinfer" init made --card
sed -i '/written by/d' iris/MODEL_CARD.md
expect 2 'the two lines between which' "$zkinfer" init iris --card

mkdir keys
expect 0 'this machine proves and verifies' "$zkinfer" doctor --folder keys
"$zkinfer" doctor --folder keys --json >doctor.json 2>/dev/null || fail "doctor --json"
jq -e '(.prove_seconds > 0) and (.verify_seconds > 0) and (.slot_seconds > 0) and (.usable_cores > 0) and .randomness and (.problems == [])
  and (.instructions | length > 0) and (.memory_bytes > 0) and (.keccak256_bytes_per_second > 0) and (.formats[".zkkey"] > 0)' doctor.json >/dev/null ||
  fail "doctor --json: $(cat doctor.json)"
[[ -z $(ls -A keys) ]] || fail "doctor left something behind: $(ls -A keys)"
expect 2 'PROBLEM: slots cannot be counted in nowhere' "$zkinfer" doctor --folder nowhere
finish
