#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# What the owner of a model may get wrong: nothing published is replaced unasked, a command that fails leaves nothing, and messages lead out.
# Usage: owner_test.sh ZKINFER SOURCE_FOLDER WORK_FOLDER
set -uo pipefail
source "$(dirname "$0")/expect.sh"
begin "$@"
examples=$source_folder/examples

cp "$examples"/mlp/mlp.onnx "$examples"/mlp/calibration.json "$examples"/mlp/input.json .
expect 0 'wrote' "$zkinfer" compile mlp.onnx -c calibration.json
expect 0 'wrote' "$zkinfer" commit mlp.zkmodel --budget 8
identity=$("$zkinfer" inspect mlp.zkkey | awk '/identity/{print $2; exit}')
expect 0 'warning: the root has 6 slots left, so that restoring it needs .zkinfer commitment restore --margin 5. or less' "$zkinfer" commitment backup mlp.zksecret
same() { [[ $("$zkinfer" inspect mlp.zkkey | awk '/identity/{print $2; exit}') == "$identity" ]] || fail "$1: the published key was replaced"; }

# A second commitment never takes the name of the first one.
expect 2 "mlp.zkkey.*$identity.*--key.*commitment restore.*--force" "$zkinfer" commit mlp.zkmodel --budget 8 --secret second.zksecret
[[ ! -e second.zksecret && ! -e second.zkserving ]] || fail "a refused commit left a secret"
expect 2 "mlp.zkcert.*certificate of an earlier" "$zkinfer" commit mlp.zkmodel --budget 8 --secret second.zksecret --key second.zkkey --certificate mlp.zkcert
cp mlp.zkkey published.zkkey && cp mlp.zkcert published.zkcert
mkdir lost && mv mlp.zksecret mlp.zkserving lost/
expect 2 "mlp.zkkey.*earlier commitment" "$zkinfer" commit mlp.zkmodel --budget 8
expect 2 'commitment restore.*new name' "$zkinfer" prove mlp.zkmodel -i input.json
expect 2 'commitment restore.*new name' "$zkinfer" certify mlp.zkmodel -o again.zkcert
expect 2 'commitment restore.*new name' "$zkinfer" rotate mlp.zkmodel
head -c 100 lost/mlp.zksecret >mlp.zksecret
expect 2 'damaged.*older copy.*commitment restore' "$zkinfer" commitment status mlp.zksecret
rm mlp.zksecret
cp -r lost/mlp.zkserving . && mv mlp.zkkey mlp.zkcert lost/
expect 2 'mlp.zkserving.*commitment restore' "$zkinfer" commit mlp.zkmodel --budget 8
rm -r mlp.zkserving && mv lost/* . && rmdir lost
same 'refused commits'
expect 0 'wrote' "$zkinfer" commitment backup mlp.zksecret -o kept.zkbackup
expect 2 'mlp.zksecret.*not lost' "$zkinfer" commitment restore kept.zkbackup -k mlp.zkkey --none-published --margin 1 -s twin.zksecret
[[ ! -e twin.zksecret ]] || fail "a root was restored beside itself"
expect 2 'kept.zkbackup.*nothing can make again' "$zkinfer" report mlp.zkmodel -o kept.zkbackup --force
# With --force, or beside it under names of its own; what proves under which is said.
expect 0 'mlp.zksecret. belongs to another key.*--secret .second.zksecret' "$zkinfer" commit mlp.zkmodel --budget 8 --secret second.zksecret --key mlp.zkkey --certificate second.zkcert --force
mv mlp.zkkey second.zkkey
expect 0 'wrote' "$zkinfer" prove mlp.zkmodel -i input.json -s second.zksecret -o second.zkproof
expect 0 'ACCEPTED' "$zkinfer" verify second.zkproof -k second.zkkey
# A model whose commitment hides nothing has one key, however often it is made.
expect 0 'nothing in it is secret' "$zkinfer" commit mlp.zkmodel --public-model --key public.zkkey --secret public.zksecret
expect 0 'wrote' "$zkinfer" commit mlp.zkmodel --public-model --key public.zkkey --secret public2.zksecret
expect 2 'public.zkkey.*earlier commitment' "$zkinfer" commit mlp.zkmodel --public-model --inputs public --key public.zkkey --secret public3.zksecret
[[ ! -e public3.zksecret ]] || fail "a refused commit of a public model left a secret"

# Nor does another model take the place of the one that a secret was made for.
expect 0 'wrote' "$zkinfer" compile mlp.onnx -c calibration.json
cp mlp.zkmodel before
expect 2 'mlp.zksecret.*--output.*--force' "$zkinfer" compile mlp.onnx -c calibration.json --weight-bits 5
cmp -s before mlp.zkmodel || fail "a refused compile replaced the model"
expect 0 'wrote' "$zkinfer" compile mlp.onnx -c calibration.json --weight-bits 5 -o other.zkmodel
cp mlp.zksecret other.zksecret
expect 0 'other.zksecret. was made for the model' "$zkinfer" compile mlp.onnx -c calibration.json -o other.zkmodel --force
expect 0 'wrote' "$zkinfer" compile mlp.onnx -c calibration.json --weight-bits 5 -o other.zkmodel --force
rm other.zksecret
# A budget too small for the usual margin comes back with another one.
rm -r mlp.zksecret mlp.zkserving
cp before mlp.zkmodel
expect 2 'margin of 8 does not fit: above slot 2 the root has 6 of 8 slots left, so that the largest is 5; .*--margin 5 or less' "$zkinfer" commitment restore mlp.zkbackup -k published.zkkey --none-published
expect 2 'the largest is 5' "$zkinfer" commitment restore mlp.zkbackup -k published.zkkey --none-published --margin 6
expect 0 'goes on at slot 7 of 8' "$zkinfer" commitment restore mlp.zkbackup -k published.zkkey --none-published --margin 5
rm -r mlp.zksecret*
expect 0 'goes on at slot 3 of 8' "$zkinfer" commitment restore mlp.zkbackup -k published.zkkey --none-published --margin 1
expect 0 'wrote' "$zkinfer" prove mlp.zkmodel -i input.json -o again.zkproof
expect 0 'ACCEPTED' "$zkinfer" verify again.zkproof -k published.zkkey --certificate published.zkcert

# A commit that fails on its way leaves nothing: what follows the key is made before the key is there.
room() { # KiB COMMAND..: in a folder with so much room, of which nothing may be left
  local kib=$1
  shift
  unshare -rm bash -c 'mount -t tmpfs -o size=$0k none room && cp mlp.zkmodel room/ && cd room && "$@"; status=$?; ls -A >../room.txt; exit $status' "$kib" "$@"
}
mkdir room
if unshare -rm true 2>/dev/null; then
  for kib in 200 400 600 800; do
    room "$kib" "$zkinfer" commit mlp.zkmodel --no-code-file >full.txt 2>&1 </dev/null
    status=$?
    [[ $status -eq 2 || $status -eq 0 ]] || fail "commit with $kib KiB of room: exit code $status: $(cat full.txt)"
    [[ $status -eq 0 || $(grep -vE '^mlp.zkmodel$|[.]lock$' room.txt) == '' ]] || fail "commit with $kib KiB of room left $(tr '\n' ' ' <room.txt)"
    [[ $status -eq 0 ]] || grep -q 'No space left' full.txt || fail "commit with $kib KiB of room: $(cat full.txt)"
  done
  room 20000 "$zkinfer" commit mlp.zkmodel --budget 10000 >full.txt 2>&1 </dev/null
  grep -q 'no room for the code file.*--no-code-file' full.txt || fail "no room for a code word: $(cat full.txt)"
  room 20000 bash -c '"$0" commit mlp.zkmodel --budget 10000 --no-code-file && "$0" rotate mlp.zkmodel' "$zkinfer" >full.txt 2>&1 </dev/null ||
    fail "--no-code-file: $(cat full.txt)"
  ! grep -q zkcode room.txt || fail "--no-code-file left a code file"
  # Neither a rotation nor a certificate takes a slot of the root where there is no room for it.
  # shellcheck disable=SC2016
  room 2000 bash -c '"$0" commit mlp.zkmodel --no-code-file --budget 8 && "$0" prove mlp.zkmodel -i "$1" -o p.zkproof || exit 3
    before=$("$0" inspect mlp.zksecret) && head -c 10M /dev/zero >fill
    truncate -s -20K fill
    for i in 1 2 3; do "$0" rotate mlp.zkmodel && exit 4; "$0" certify mlp.zkmodel -o again.zkcert && exit 5; done
    rm fill && [[ $("$0" inspect mlp.zksecret) == "$before" ]] && "$0" rotate mlp.zkmodel' "$zkinfer" "$PWD/input.json" >full.txt 2>&1 </dev/null ||
    fail "a full disk took slots of the root: $(cat full.txt)"
else
  echo "SKIPPED: full disks, for want of user namespaces"
fi
# Code words that are made again in no time have no files.
mkdir few && cp mlp.zkmodel few && "$zkinfer" commit few/mlp.zkmodel --budget 64 >/dev/null
[[ -z $(find few -name '*.zkcode') ]] || fail "code files of a small code word: $(find few -name '*.zkcode')"
# Of another structure too: its tables are others.
mkdir meet && cp before meet/mlp.zkmodel && cp other.zkmodel calibration.json input.json mlp.onnx meet/ && cd meet || exit 1
expect 0 'identity' "$zkinfer" commit mlp.zkmodel --budget 16
# Wherever a model and a secret meet, however many commitments are under it: nothing is damaged, and nothing is to be moved away.
printf '{"input_data": [[0%s]]}' "$(printf ', 1%.0s' {1..19})" >labels.json
expect 0 'rows +20' "$zkinfer" dataset build -i calibration.json --labels labels.json -o test.zkset
for i in 1 2 3; do expect 0 'wrote' "$zkinfer" rotate mlp.zkmodel; done
expect 0 'wrote' "$zkinfer" compile mlp.onnx -c calibration.json --activation-bits 7 -o shape.zkmodel
for words in "certify" "rotate" "prove -i input.json -o no.zkproof" "prove -i calibration.json --index 0-3 -o no.zkproof" "prove -i calibration.json --index 0-3 --batch -o no.zkbatch" \
  "commitment open -o no.zkaudit" "evaluate --data test.zkset --metric accuracy -o no.zkeval"; do
  for wrong in other.zkmodel shape.zkmodel; do
    read -ra split <<<"$words"
    command=("$zkinfer" "${split[0]}")
    [[ ${split[0]} != commitment ]] || { command+=("${split[1]}"); split=("${split[@]:1}"); }
    before=$(ls -R mlp.zkserving)
    expect 2 'invalid argument.*mlp.zksecret.*belongs to another model' "${command[@]}" "$wrong" "${split[@]:1}" --secret mlp.zksecret
    [[ $before == "$(ls -R mlp.zkserving)" && -z $(ls no.* 2>/dev/null) ]] || fail "$words with $wrong left something"
  done
done
# A plain copy of a commitment, and an older one that was brought back, count the same slots: this machine has seen them.
expect 0 'wrote' "$zkinfer" prove mlp.zkmodel -i input.json -o fresh.zkproof
mkdir copied && cp -r mlp.zksecret mlp.zkserving mlp.zkmodel copied/
expect 0 'wrote' "$zkinfer" prove mlp.zkmodel -i input.json -o fresh.zkproof
expect 0 'certified' "$zkinfer" certify mlp.zkmodel -o again.zkcert
expect 2 'copied/mlp.zkserving/.*is a copy: its next slot is [0-9]+, and on this machine .*/mlp.zkserving/.*zksecret. has used' "$zkinfer" prove copied/mlp.zkmodel -i input.json -o copied/no.zkproof
expect 2 'copied/mlp.zksecret. is a copy' "$zkinfer" certify copied/mlp.zkmodel -o copied/no.zkcert
[[ -z $(ls copied/no.* 2>/dev/null) ]] || fail "a copy has proven"
rm -r copied
cd ..
finish
