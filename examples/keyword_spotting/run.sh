#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# A device in a room hears a word and acts on it. It proves that the published model heard that word in the sound whose SHA-256 its
# microphone signed; neither the sound nor the weights leave it. Everything by the command line.
# Usage: run.sh [WORK_FOLDER]      zkinfer must be in PATH; writes into the folder (default: a temporary one)
set -euo pipefail
here=$(cd "$(dirname "$0")" && pwd)
work=${1:-$(mktemp -d)}
mkdir -p "$work" && cd "$work"
words=(up down left right)

echo "== once: the maker compiles, and fails rather than ship a poor model"
zkinfer -q compile "$here/words.onnx" --calibration "$here/calibration.npy" --evaluate "$here/recordings.npy" --min-agreement 98 --output words.zkmodel
zkinfer -q commit words.zkmodel --inputs private:sha256
echo "identity $(zkinfer inspect words.zkkey --json | jq -r .root_identity)"

echo "== the device: three sounds, their digests from the microphone, their proofs"
zkinfer digest words.zkkey --input "$here/recordings.npy" --index 0-2 --json >digests.json
zkinfer prove words.zkmodel --input "$here/recordings.npy" --index 0-2 --context room-12 --output 'proofs/{index}.zkproof' --json >proofs.json

echo "== whoever wants to know: key, proofs and signed digests"
for index in 0 1 2; do
  digest=$(jq -r ".items[$index].inputs[0].sha256" digests.json)
  proof=$(jq -r ".items[$index].proof" proofs.json)
  zkinfer verify "$proof" --key words.zkkey --context room-12 --input-digest "$digest" --json >verdict.json
  echo "sound ${digest:0:12}..: $(jq -r '"\(.outputs[0].integers | index(max)) \(.verify_seconds * 1000 | floor)"' verdict.json |
    while read -r class milliseconds; do echo "'${words[$class]}', checked in $milliseconds ms"; done)"
done

echo "== a digest of another sound is rejected"
proof=$(jq -r '.items[0].proof' proofs.json)
if zkinfer verify "$proof" --key words.zkkey --context room-12 --input-digest "$(jq -r '.items[1].inputs[0].sha256' digests.json)"; then
  exit 1
fi
