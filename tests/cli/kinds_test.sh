#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# A file of ours under the name of another: every command says what it is and what was expected, as bad input, and never that the file is
# damaged or a proof rejected. Usage: kinds_test.sh ZKINFER SOURCE_FOLDER WORK_FOLDER
set -uo pipefail
source "$(dirname "$0")/expect.sh"
begin "$@"
cp "$source_folder"/examples/mlp/{mlp.onnx,calibration.json,input.json} .
expect 0 '' "$zkinfer" -q compile mlp.onnx -c calibration.json
expect 0 '' "$zkinfer" -q commit mlp.zkmodel
expect 0 '' "$zkinfer" -q prove mlp.zkmodel -i input.json -o proof.zkproof
expect 0 '' "$zkinfer" -q prove mlp.zkmodel -i calibration.json --index 0-1 --batch -o batch.zkbatch
expect 0 '' "$zkinfer" -q bundle proof.zkproof -k mlp.zkkey
expect 0 '' "$zkinfer" -q commitment backup mlp.zksecret
expect 0 '' "$zkinfer" -q commitment open mlp.zkmodel
expect 0 '' "$zkinfer" -q commit mlp.zkmodel --inputs committed -k other.zkkey -s other.zksecret
expect 0 '' "$zkinfer" -q commit mlp.zkmodel --public-model -k public.zkkey -s public.zksecret
expect 0 '' "$zkinfer" -q commit-tensor other.zkkey -i input.json -o flower
expect 0 '' "$zkinfer" -q seal mlp.zkmodel -o w.zksealed
mv ./????????????????.zkpath path.zkpath
expect 0 '' "$zkinfer" -q compile mlp.onnx -c calibration.json --segments 2 -o cut.zkmodel
expect 0 '' "$zkinfer" -q commit cut.zkmodel --budget 16
expect 0 '' "$zkinfer" -q prove cut.zkmodel -i input.json --write-plan proof.zkplan
expect 0 '' "$zkinfer" -q prove cut.zkmodel --plan proof.zkplan --segment 1/2 -o proof.zkpart
echo '{"input_data": [[0, 1, 2, 0, 1, 2, 0, 1, 2, 0, 1, 2, 0, 1, 2, 0, 1, 2, 0, 1]]}' >labels.json
expect 0 '' "$zkinfer" -q dataset build -i calibration.json --labels labels.json -o rows.zkset
expect 0 '' "$zkinfer" -q evaluate mlp.zkmodel --data rows.zkset

declare -A name=([mlp.zkkey]="verification key" [mlp.zkmodel]="model package" [mlp.zksecret]="commitment secret" [mlp.zkcert]="certificate"
  [proof.zkproof]="proof" [batch.zkbatch]="batch proof" [proof.zkbundle]="bundle" [path.zkpath]="path" [mlp.zkbackup]="commitment backup"
  [proof.zkplan]="proof plan" [proof.zkpart]="proof part" [rows.zkset]="data set" [rows.zkeval]="evaluation" [w.zksealed]="sealed weights" [w.zkenc]="encryption proof" [w.zkshares]="key shares" [mlp.zkaudit]="audit key" [flower.zktensor]="tensor commitment" [flower.zktsecret]="tensor secret")
# A command line with @ for the file, and the kinds that it takes there.
lines=(
  "verify proof.zkproof --key @|mlp.zkkey"
  "verify @ --key mlp.zkkey|proof.zkproof batch.zkbatch proof.zkbundle rows.zkeval"
  "verify rows.zkeval --key mlp.zkkey --data @|rows.zkset"
  "evaluate mlp.zkmodel --data @ -o new.zkeval|rows.zkset"
  "verify proof.zkproof --key mlp.zkkey --certificate @|mlp.zkcert"
  "verify proof.zkproof --key mlp.zkkey --path @|path.zkpath"
  "verify proof.zkproof --key public.zkkey --model @|mlp.zkmodel"
  "verify proof.zkproof --key other.zkkey --input-commitment @|flower.zktensor"
  "verify-sealed @ --proof w.zkenc --key mlp.zkkey --path path.zkpath|w.zksealed"
  "verify-sealed w.zksealed --proof @ --key mlp.zkkey --path path.zkpath|w.zkenc"
  "verify-sealed w.zksealed --key @ --path path.zkpath|mlp.zkkey"
  "unseal w.zksealed --key mlp.zkkey --path path.zkpath --shares @ -o new.zkmodel|w.zkshares"
  "seal @ -s mlp.zksecret -o new.zksealed|mlp.zkmodel"
  "verify-path @ path.zkpath|mlp.zkkey"
  "verify-path mlp.zkkey @|path.zkpath"
  "verify-chain @ proof.zkproof mlp.zkkey proof.zkproof|mlp.zkkey"
  "compile @ -o new.zkmodel|"
  "commit @ -k new.zkkey -s new.zksecret|mlp.zkmodel"
  "certify @ -o new.zkcert|mlp.zkmodel"
  "certify mlp.zkmodel -s @ -o new.zkcert|mlp.zksecret"
  "rotate @ -s mlp.zksecret|mlp.zkmodel"
  "prove @ -i input.json -s mlp.zksecret -o new.zkproof|mlp.zkmodel"
  "prove mlp.zkmodel -i input.json -s @ -o new.zkproof|mlp.zksecret"
  "prove mlp.zkmodel -i @ -o new.zkproof|"
  "prove mlp.zkmodel --committed-input @ -s other.zksecret -o new.zkproof|flower.zktsecret"
  "prove cut.zkmodel --plan @ --segment 1/2 -o new.zkpart|proof.zkplan"
  "join @ proof.zkpart -o new.zkproof|proof.zkpart"
  "run @ -i input.json|mlp.zkmodel"
  "run mlp.zkmodel -i @|"
  "digest @ -i input.json|mlp.zkkey mlp.zkmodel"
  "commit-tensor @ -i input.json -o new|mlp.zkkey"
  "report @ --json|mlp.zkmodel"
  "soundness @|mlp.zkkey"
  "bench @ -i input.json -n 1|mlp.zkmodel"
  "bundle @ -k mlp.zkkey --path path.zkpath -o new.zkbundle|proof.zkproof batch.zkbatch proof.zkbundle"
  "bundle proof.zkproof -k @ --path path.zkpath -o new.zkbundle|mlp.zkkey"
  "evm export proof.zkproof -k @ --path path.zkpath -o new.json|mlp.zkkey"
  "commitment check @ mlp.zkaudit -k mlp.zkkey|mlp.zkmodel"
  "commitment check mlp.zkmodel @ -k mlp.zkkey|mlp.zkaudit"
  "commitment status @|mlp.zksecret flower.zktsecret"
  "commitment restore @ -k mlp.zkkey --none-published -s new.zksecret|mlp.zkbackup"
  "inspect proof.zkproof -k @|mlp.zkkey"
)
checked=0
for entry in "${lines[@]}"; do
  line=${entry%|*} takes=" ${entry#*|} "
  for file in "${!name[@]}"; do
    [[ $takes == *" $file "* ]] && continue
    checked=$((checked + 1))
    output=$("$zkinfer" ${line//@/$file} 2>&1 </dev/null)
    status=$?
    [[ $status -eq 2 && $output == *"${name[$file]}"* && $output != *orrupt* && $output != *REJECTED* ]] ||
      fail "${line//@/$file}: exit code $status, $(head -n 2 <<<"$output")"
  done
done
[[ -z $(compgen -G 'new*') ]] || fail "files were made: $(compgen -G 'new*')"
echo "$checked wrong files"
finish
