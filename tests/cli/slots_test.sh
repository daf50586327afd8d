#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# The slots of a commitment through the command line: killed processes, parallel ones, slices, locks, and the auditor's way.
# Usage: slots_test.sh ZKINFER KILL_SHIM SOURCE_FOLDER WORK_FOLDER
set -uo pipefail
source "$(dirname "$0")/expect.sh"
zkinfer=$(realpath "$1")
shim=$(realpath "$2")
examples=$(realpath "$3")/examples
rm -rf "$4" && mkdir -p "$4" && cd "$4" || exit 1

left() { "$zkinfer" commitment status "$1" --quiet; }

# killed_at N before|after COMMAND..: exit code of the command, killed at its Nth call.
killed_at() {
  local at=$1 moment=$2
  shift 2
  # In a shell of its own, which reports the kill into the log.
  bash -c '
    [[ $2 == after ]] && export ZKI_TEST_KILL_AFTER=1
    export ZKI_TEST_KILL_AT=$1
    shift 2
    LD_PRELOAD=$0 ASAN_OPTIONS=${ASAN_OPTIONS:-}:verify_asan_link_order=0 "$@"
    exit $?' "$shim" "$at" "$moment" "$@" >killed.log 2>&1 </dev/null
}

cp "$examples"/mlp/mlp.onnx .
cp "$examples"/mlp/calibration.json "$examples"/mlp/input.json .
expect 0 'cosine' "$zkinfer" compile mlp.onnx -c calibration.json
prove=("$zkinfer" prove mlp.zkmodel -i input.json)

# Budgets and what the last slot is for.
expect 2 'at least 2' "$zkinfer" commit mlp.zkmodel --budget 1 --key one.zkkey --secret one.zksecret
[[ ! -e one.zksecret ]] || fail "a refused commit wrote its secret"
expect 0 'proofs allowed +4, one of them for rotation' "$zkinfer" commit mlp.zkmodel --budget 4
expect 0 'proofs left +3' "$zkinfer" commitment status mlp.zksecret
expect 0 'wrote' "${prove[@]}"
expect 0 'ACCEPTED' "$zkinfer" verify input.zkproof -k mlp.zkkey
expect 0 'certified' "$zkinfer" certify mlp.zkmodel
expect 0 '"proofs_left": 1' "$zkinfer" commitment status mlp.zksecret --json
expect 0 'wrote' "${prove[@]}"
expect 2 'kept for rotation.*zkinfer rotate.*--budget' "${prove[@]}"
expect 2 'kept for rotation' "$zkinfer" certify mlp.zkmodel
expect 0 'kept for rotation +1' "$zkinfer" commitment status mlp.zksecret

# Damaged, old and foreign files are refused, and stay as they are.
for damage in "head -c 100 mlp.zksecret" "sed s/ZKIC/ZKIK/ mlp.zksecret" "cat mlp.zksecret input.json" "cat input.json" \
  "printf ZKIC\\x01\\x00\\x00\\x00\\x03\\x00\\x00\\x00\\x00\\x00\\x00\\x00\\x00\\x00\\x00\\x00"; do
  $damage >damaged.zksecret
  cp damaged.zksecret before
  expect 2 'damaged.zksecret.*(damaged|version 1|another kind)' "${prove[@]}" -s damaged.zksecret
  expect 2 'damaged.zksecret' "$zkinfer" commitment status damaged.zksecret
  cmp -s damaged.zksecret before || fail "a damaged secret was changed"
done

# No lock, no proof.
expect 0 'wrote' "$zkinfer" commit mlp.zkmodel --budget 8 --key lock.zkkey --secret lock.zksecret
rm lock.zksecret.lock && mkdir lock.zksecret.lock
expect 2 'cannot be locked' "${prove[@]}" -s lock.zksecret -o locked.zkproof
expect 2 'cannot be locked' "$zkinfer" commitment split lock.zksecret --into 2
[[ $(left lock.zksecret) == 7 && ! -e locked.zkproof ]] || fail "a slot was taken without a lock"

# Killed at every call: each run takes one slot at most, and no proof exists whose slot is not gone from the file.
expect 0 'wrote' "$zkinfer" commit mlp.zkmodel --budget 60 --key kill.zkkey --secret kill.zksecret
for moment in before after; do
  for ((at = 0; at < 60; at++)); do
    before=$(left kill.zksecret)
    rm -f killed.zkproof
    killed_at "$at" "$moment" "${prove[@]}" -s kill.zksecret -o killed.zkproof
    status=$?
    after=$(left kill.zksecret) || fail "killed $moment call $at: the secret is not readable"
    ((before - after == 0 || before - after == 1)) || fail "killed $moment call $at: $before proofs left before, $after after"
    [[ ! -e killed.zkproof ]] || ((before - after == 1)) || fail "killed $moment call $at: a proof without a slot"
    [[ $status -eq 0 ]] && break
    [[ $status -eq 137 ]] || fail "killed $moment call $at: exit code $status: $(cat killed.log)"
  done
  # lock, its flock, the file, its bytes, fsync, rename, fsync; then the proof's own fsync and rename
  ((at >= 9 && at < 60)) || fail "the process was killed at $at calls, expected at least 9"
  expect 0 'wrote' "${prove[@]}" -s kill.zksecret
done

# A split that is killed at every call: the slots of all files together never grow, every file reads.
expect 0 'wrote' "$zkinfer" commit mlp.zkmodel --budget 10 --key split.zkkey --secret whole.zksecret
for moment in before after; do
  for ((at = 0; at < 90; at++)); do
    rm -f part*.zksecret*
    cp whole.zksecret part.zksecret
    killed_at "$at" "$moment" "$zkinfer" commitment split part.zksecret --into 3
    status=$?
    sum=0
    for file in part*.zksecret; do
      count=$(left "$file") || fail "split killed $moment call $at: $file is not readable"
      sum=$((sum + count))
    done
    ((sum <= 9)) || fail "split killed $moment call $at: $sum proofs left of 9"
    ((sum >= 6)) || fail "split killed $moment call $at: more than one slice lost, $sum of 9 left"
    [[ $status -eq 0 ]] && break
    [[ $status -eq 137 ]] || fail "split killed $moment call $at: exit code $status: $(cat killed.log)"
  done
  ((at >= 30 && at < 90)) || fail "the split was killed at $at calls, expected at least 30"
  ((sum == 9)) || fail "a finished split leaves $sum of 9"
done
expect 2 'range' "$zkinfer" commitment split whole.zksecret --into 1
echo something >whole.2.zksecret
expect 2 'whole.2.zksecret.*is there already' "$zkinfer" commitment split whole.zksecret --into 3
[[ $(left whole.zksecret) == 9 && ! -e whole.3.zksecret ]] || fail "a refused split changed something"
rm whole.2.zksecret
expect 0 'has no slots' "$zkinfer" commitment split whole.zksecret --into 3
expect 2 'none is left' "${prove[@]}" -s whole.zksecret
expect 0 'wrote' "${prove[@]}" -s whole.2.zksecret
expect 0 'slots of this file +3 to 5' "$zkinfer" commitment status whole.2.zksecret
expect 0 'kept for rotation +1' "$zkinfer" commitment status whole.3.zksecret
expect 2 'cannot cut 2 proofs' "$zkinfer" commitment split whole.2.zksecret --into 3
expect 0 'whole.2.1.zksecret: 1 proofs' "$zkinfer" commitment split whole.2.zksecret --into 2

# Eight processes prove with one secret: distinct slots, so all that it has.
expect 0 'wrote' "$zkinfer" commit mlp.zkmodel --budget 9 --key eight.zkkey --secret eight.zksecret
pids=()
for i in {1..8}; do
  "${prove[@]}" --threads 1 -s eight.zksecret -o "eight_$i.zkproof" >"eight_$i.log" 2>&1 &
  pids+=($!)
done
for pid in "${pids[@]}"; do wait "$pid" || fail "one of eight processes got no slot: $(cat eight_*.log)"; done
for i in {1..8}; do expect 0 'ACCEPTED' "$zkinfer" verify "eight_$i.zkproof" -k eight.zkkey; done
[[ $(left eight.zksecret) == 0 ]] || fail "eight proofs took $((8 - $(left eight.zksecret))) slots"
expect 2 'kept for rotation' "${prove[@]}" -s eight.zksecret

# The auditor's way.
expect 0 'wrote mlp.zkaudit' "$zkinfer" commitment open mlp.zkmodel
[[ $(stat -c %a mlp.zkaudit) == 600 ]] || fail "mlp.zkaudit is readable by others"
expect 0 'MATCH' "$zkinfer" commitment check mlp.zkmodel mlp.zkaudit -k mlp.zkkey
expect 0 '^$' "$zkinfer" commitment check mlp.zkmodel mlp.zkaudit -k mlp.zkkey --quiet
expect 1 'NO MATCH: .*belongs to' "$zkinfer" commitment check mlp.zkmodel mlp.zkaudit -k eight.zkkey
expect 0 'cosine' "$zkinfer" compile mlp.onnx -c calibration.json -o other.zkmodel --weight-bits 5
expect 1 'NO MATCH: .*structure' "$zkinfer" commitment check other.zkmodel mlp.zkaudit -k mlp.zkkey
expect 2 'another kind' "$zkinfer" commitment check mlp.zkmodel mlp.zkkey -k mlp.zkkey
expect 2 'another kind' "$zkinfer" commitment check mlp.zkmodel mlp.zkaudit -k mlp.zkmodel
expect 2 'damaged' "$zkinfer" commitment check mlp.zkmodel <(head -c 50 mlp.zkaudit) -k mlp.zkkey
expect 2 'mlp.zksecret.*belong' "$zkinfer" commitment open other.zkmodel -s mlp.zksecret

# A public model has no slots to count.
expect 0 'proofs allowed +any number' "$zkinfer" commit mlp.zkmodel --public-model --key public.zkkey --secret public.zksecret
expect 0 'any number' "$zkinfer" commitment status public.zksecret
expect 2 'no slots to split' "$zkinfer" commitment split public.zksecret --into 2
expect 0 'wrote' "${prove[@]}" -s public.zksecret

# Rotation: the slot that is kept for it is enough, once; nothing is written when there is none.
expect 0 'wrote mlp.zkrotation' "$zkinfer" rotate mlp.zkmodel --budget 5
expect 0 'ACCEPTED.*same weights' "$zkinfer" verify-rotation mlp.zkkey mlp.next.zkkey mlp.zkrotation
expect 0 '"accepted": true' "$zkinfer" verify-rotation mlp.zkkey mlp.next.zkkey mlp.zkrotation --json
expect 1 'REJECTED' "$zkinfer" verify-rotation mlp.next.zkkey mlp.zkkey mlp.zkrotation
expect 1 'REJECTED: wrong statement' "$zkinfer" verify-rotation mlp.zkkey public.zkkey mlp.zkrotation
expect 1 'REJECTED: bad header' "$zkinfer" verify-rotation mlp.zkkey mlp.next.zkkey eight_1.zkproof
[[ $(left mlp.next.zksecret) == 3 ]] || fail "a rotation takes one slot of the fresh commitment"
expect 0 'wrote' "${prove[@]}" -s mlp.next.zksecret -o next.zkproof
expect 0 'ACCEPTED' "$zkinfer" verify next.zkproof -k mlp.next.zkkey
expect 2 'mlp.next.zksecret.*is there already' "$zkinfer" rotate mlp.zkmodel
expect 2 'no slot for a rotation.*commit again' "$zkinfer" rotate mlp.zkmodel --new-secret third.zksecret --new-key third.zkkey -o third.zkrotation
[[ ! -e third.zksecret && ! -e third.zkkey && ! -e third.zkrotation ]] || fail "a refused rotation wrote something"
expect 2 'public model' "$zkinfer" rotate mlp.zkmodel -s public.zksecret --new-secret third.zksecret
expect 2 'belong' "$zkinfer" rotate other.zkmodel -s mlp.zksecret --new-secret third.zksecret

finish
