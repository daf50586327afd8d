#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# demo_chain.sh ZKINFER MODEL INPUT FOLDER EVM_FOLDER: the end of `make demo`: a proof of the model, made in FOLDER, is verified by contracts on a
# node of a chain that begins and ends here. EVM_FOLDER has packages and contracts (`make evm`).
# Exit code 77: it could not run, for the reason that is said.
set -euo pipefail
zkinfer=$(realpath "$1") model=$(realpath "$2") input=$(realpath "$3") evm=$5
skip() {
  echo "   skipped: $*"
  exit 77
}
echo
echo "6. On a chain: contracts check a proof (docs/evm.md)"
anvil=$(compgen -G "$evm/npm/node_modules/@foundry-rs/anvil-linux-*/bin/anvil" | head -n 1) || skip "there is no node of a chain: npm has not given anvil (make evm, with Node.js, npm and a network)"
[[ -f $evm/artifacts.json ]] || skip "there are no contracts: make evm"
anvil=$(realpath "$anvil") artifacts=$(realpath "$evm/artifacts.json")
rm -rf "$4" && mkdir -p "$4" && cd "$4"
"$anvil" --hardfork osaka --enable-tx-gas-limit --gas-limit 60000000 --port 0 >anvil.log 2>&1 &
node=$!
trap 'kill "$node" 2>/dev/null || true' EXIT
for _ in {1..100}; do
  url=$(sed -nE 's/^Listening on (.*)/http:\/\/\1/p' anvil.log)
  [[ -n $url ]] && break
  kill -0 "$node" 2>/dev/null || skip "anvil does not start: $(tail -n 1 anvil.log)"
  sleep 0.1
done
[[ -n $url ]] || skip "anvil does not say where it listens"
account=0xf39fd6e51aad88f6f4ce6ab8827279cfffb92266 # anvil's first, of every anvil
there=(--rpc "$url" --from "$account")

# The key for proofs that one transaction takes.
"$zkinfer" --quiet commit "$model" --key chain.zkkey --secret chain.zksecret --certificate chain.zkcert --profile small --budget 16 --no-code-file >/dev/null
"$zkinfer" --quiet prove "$model" --secret chain.zksecret --input "$input" --output chain.zkproof --context "demo order 1"
"$zkinfer" --quiet evm export chain.zkproof --key chain.zkkey
"$zkinfer" evm deploy "$artifacts" "${there[@]}" --json >deployment.json 2>said.log || { cat said.log; exit 1; }
there+=(--deployment deployment.json)
registered=$("$zkinfer" evm register chain.evm.json "${there[@]}" --json 2>>said.log) || { cat said.log; exit 1; }
verified=$("$zkinfer" evm verify chain.evm.json "${there[@]}" --json 2>>said.log) || { cat said.log; exit 1; }
# A claim of something else: one bit of the proof's last word.
jq -c '.calldata |= (.[:-200] + (if .[-200:-199] == "0" then "1" else "0" end) + .[-199:])' chain.evm.json >changed.evm.json
rejected=$("$zkinfer" evm verify changed.evm.json "${there[@]}" 2>>said.log) && { echo "a changed proof was accepted: $rejected"; exit 1; }
printf '   deployed, once for all models   %s gas\n' "$(jq .gas deployment.json)"
printf '   registered, once for this key   %s gas\n' "$(jq .gas <<<"$registered")"
printf '   verified in one transaction     %s gas, %s bytes of proof: %s\n' "$(jq .gas <<<"$verified")" "$(wc -c <chain.zkproof)" \
  "$(jq -r 'if .accepted then "ACCEPTED" else .reason end' <<<"$verified")"
printf '   one bit changed                 %s\n' "$rejected"
