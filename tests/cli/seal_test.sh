#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# A model's weights are sealed, checked by who buys them, and opened again: the whole circle, and what goes wrong on it.
# Usage: seal_test.sh ZKINFER SOURCE_FOLDER WORK_FOLDER
set -uo pipefail
source "$(dirname "$0")/expect.sh"
begin "$@"
cp "$source_folder"/examples/mlp/{mlp.onnx,calibration.json,input.json} .
expect 0 '' "$zkinfer" -q compile mlp.onnx -c calibration.json
expect 0 '' "$zkinfer" -q commit mlp.zkmodel --budget 16

expect 0 'wrote mlp.zkshares \(secret' "$zkinfer" seal mlp.zkmodel --sale order-4711
[[ $(stat -c %a mlp.zkshares) == 600 ]] || fail "key shares are readable by others"
[[ $(stat -c %a mlp.zksealed) == 644 || $(stat -c %a mlp.zksealed) == 664 ]] || fail "sealed weights are not public"
expect 0 'proven: this ciphertext is the committed' "$zkinfer" verify-sealed mlp.zksealed --key mlp.zkkey
expect 0 'sale +order-4711' "$zkinfer" verify-sealed mlp.zksealed --key mlp.zkkey --sale order-4711
expect 1 'sale: the weights are sealed for another one, order-4711' "$zkinfer" verify-sealed mlp.zksealed --key mlp.zkkey --sale order-4712
expect 2 '--sale: expected at most 32 bytes, got 40' "$zkinfer" verify-sealed mlp.zksealed --key mlp.zkkey --sale 0123456789012345678901234567890123456789
expect 2 '--sale: .*got 0x; leave that out' "$zkinfer" seal mlp.zkmodel --sale hex:0x00ff -o no.zksealed
expect 0 'sale, as it says +order-4711' "$zkinfer" inspect mlp.zkenc

# The seller's own model is not replaced by what was sealed of it.
cp mlp.zkmodel model.before || fail "copy"
expect 2 'mlp.zkmodel. is another model package.*--force' "$zkinfer" unseal mlp.zksealed --key mlp.zkkey --shares mlp.zkshares
cmp mlp.zkmodel model.before || fail "the seller's model was replaced"

# The buyer's side: files in a folder of their own, without anything of the seller's.
mkdir buyer && cp mlp.zkkey mlp.zkcert mlp.zksealed mlp.zkenc ????????????????.zkpath buyer/ || fail "what is given to the buyer"
cd buyer || exit 1
expect 0 'decrypted .* weights.*every one is in its range' "$zkinfer" unseal mlp.zksealed --key mlp.zkkey --shares ../mlp.zkshares -o bought.zkmodel
"$zkinfer" run ../mlp.zkmodel -i ../input.json --json >own.json && "$zkinfer" run bought.zkmodel -i ../input.json --json >bought.json || fail "run"
python3 - <<'PYTHON' || fail "the bought model gives other outputs"
import json
own, bought = (json.load(open(name)) for name in ("own.json", "bought.json"))
assert own["outputs"] == bought["outputs"] and own["outputs"], (own, bought)
PYTHON
# Of the same structure, which has the name that the key says.
digest_of() { "$zkinfer" inspect "$1" --json | python3 -c 'import json,sys; print(json.load(sys.stdin)["structure"])'; }
[[ $(digest_of bought.zkmodel) == $(digest_of mlp.zkkey) ]] || fail "another structure"

# JSON says what a contract and a buyer compare; no output has a share.
"$zkinfer" verify-sealed mlp.zksealed --key mlp.zkkey --json >out.json || fail "verify-sealed --json"
python3 - <<'PYTHON' || fail "c1, c2 and root"
import hashlib, json
out = json.load(open("out.json"))
shares = open("../mlp.zkshares", "rb").read()
assert len(shares) == 8 + 1 + 60 and shares[8] == 3
k1, k2 = shares[9:39], shares[39:]
assert out["accepted"] and out["weights"] == "certified", out
assert out["c1"] == hashlib.sha256(k1).hexdigest() and out["c2"] == hashlib.sha256(k2).hexdigest(), out
for name in ("mlp.zksealed", "mlp.zkenc", "out.json"):
    data = open(name, "rb").read()
    for share in (k1, k2):
        assert share not in data and share.hex().encode() not in data.lower(), name
# One share alone, in a file each.
head = shares[:8]
open("k1.zkshares", "wb").write(head + b"\x01" + k1)
open("k2.zkshares", "wb").write(head + b"\x02" + k2)
open("wrong.zkshares", "wb").write(head + b"\x03" + k2 + k1)
open("short.zkshares", "wb").write(shares[:-1])
PYTHON
expect 0 'decrypted' "$zkinfer" unseal mlp.zksealed --key mlp.zkkey --shares k1.zkshares --shares k2.zkshares -o again.zkmodel
cmp again.zkmodel bought.zkmodel || fail "two files of shares give another model"
expect 0 'decrypted' "$zkinfer" unseal mlp.zksealed --key mlp.zkkey --shares k1.zkshares --shares k2.zkshares -o again.zkmodel
expect 2 'k2 of the key is missing.*--shares' "$zkinfer" unseal mlp.zksealed --key mlp.zkkey --shares k1.zkshares -o no.zkmodel
expect 2 'k1 is not the one' "$zkinfer" unseal mlp.zksealed --key mlp.zkkey --shares wrong.zkshares -o no.zkmodel
expect 2 'short.zkshares.*cut off' "$zkinfer" unseal mlp.zksealed --key mlp.zkkey --shares short.zkshares -o no.zkmodel
cp mlp.zksealed bad.zksealed && change bad.zksealed 300
expect 1 'REJECTED' "$zkinfer" unseal bad.zksealed --proof mlp.zkenc --key mlp.zkkey --shares ../mlp.zkshares -o no.zkmodel
cp mlp.zkenc bad.zkenc && change bad.zkenc 2000
expect 1 'REJECTED' "$zkinfer" verify-sealed mlp.zksealed --proof bad.zkenc --key mlp.zkkey
[[ ! -e no.zkmodel ]] || fail "a model of what was refused"
mv mlp.zkenc away.zkenc
expect 2 'there is no file .mlp.zkenc., the encryption proof' "$zkinfer" verify-sealed mlp.zksealed --key mlp.zkkey
mv away.zkenc mlp.zkenc
# The certificate is demanded.
mv mlp.zkcert away.zkcert
expect 2 'no certificate' "$zkinfer" verify-sealed mlp.zksealed --key mlp.zkkey
expect 0 'ACCEPTED' "$zkinfer" verify-sealed mlp.zksealed --key mlp.zkkey --certificate away.zkcert
expect 2 'more than the limit.*--verify-seconds' "$zkinfer" verify-sealed mlp.zksealed --key mlp.zkkey --certificate away.zkcert --verify-seconds 0.001
cd ..

# The shares of a sale that money may be locked to are replaced by no second sealing.
cp mlp.zkshares kept.zkshares
expect 2 'shares.*of another sealing, which nothing can make again; replace it with --force' "$zkinfer" seal mlp.zkmodel --sale order-4712
cmp -s mlp.zkshares kept.zkshares || fail "shares were replaced"

# Two sealings have nothing in common but the weights.
cp mlp.zksealed first.zksealed
expect 0 'check with: zkinfer verify-sealed second.zksealed --key mlp.zkkey --sale order-4711' "$zkinfer" seal mlp.zkmodel --sale order-4711 -o second.zksealed
expect 0 'sealed' "$zkinfer" seal mlp.zkmodel --sale order-4711 -o second.zksealed --force
python3 - <<'PYTHON' || fail "two ciphertexts have a number in common"
numbers = lambda name: [open(name, "rb").read()[144 + 8 * i:152 + 8 * i] for i in range(20)]
assert not set(numbers("first.zksealed")) & set(numbers("second.zksealed"))
PYTHON
expect 1 'sealed weights: the proof is about others' "$zkinfer" verify-sealed second.zksealed --proof mlp.zkenc --key mlp.zkkey

# What has no weights to sell.
expect 0 '' "$zkinfer" -q compile mlp.onnx -c calibration.json --segments 2 -o cut.zkmodel
expect 0 '' "$zkinfer" -q commit cut.zkmodel --budget 16
expect 2 'cut into segments' "$zkinfer" seal cut.zkmodel
expect 0 '' "$zkinfer" -q commit mlp.zkmodel --public-model -k public.zkkey -s public.zksecret
expect 2 'parameters are public' "$zkinfer" seal mlp.zkmodel -s public.zksecret -o public.zksealed
[[ ! -e public.zksealed && ! -e cut.zksealed ]] || fail "sealed weights of what was refused"
finish
