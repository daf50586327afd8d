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

# A commitment makes its certificate and the first commitment that serves. The name stays, whatever serves.
expect 2 'at least 8' "$zkinfer" commit mlp.zkmodel --budget 7 --key one.zkkey --secret one.zksecret
[[ ! -e one.zksecret ]] || fail "a refused commit wrote its secret"
expect 0 'mlp.zkcert' "$zkinfer" commit mlp.zkmodel --budget 8
expect 0 'in all, 7 before the next rotation' "$zkinfer" commitment status mlp.zksecret
expect 0 'give along [0-9a-f]{16}.zkpath' "${prove[@]}"
expect 0 'ACCEPTED' "$zkinfer" verify input.zkproof -k mlp.zkkey
expect 0 'ranges certified' "$zkinfer" verify input.zkproof -k mlp.zkkey
expect 0 '"slot": 1' "$zkinfer" verify input.zkproof -k mlp.zkkey --json
expect 0 '"proofs_ready": 6' "$zkinfer" commitment status mlp.zksecret --json
expect 0 'root, 2 of 8 slots used' "$zkinfer" commitment status mlp.zksecret

# On and on: more proofs than the first commitment has, a rotation ahead of need, one by hand.
for i in {1..9}; do expect 0 'wrote' "${prove[@]}" -o "on_$i.zkproof"; done
for i in {1..9}; do expect 0 'ACCEPTED' "$zkinfer" verify "on_$i.zkproof" -k mlp.zkkey; done
[[ $("$zkinfer" verify on_1.zkproof -k mlp.zkkey --json | grep -c serving_identity) == 1 ]] || fail "no serving identity"
(($(ls ./*.zkpath | wc -l) >= 2)) || fail "nine proofs after the first came from one commitment of seven"
expect 0 'proofs left +7' "$zkinfer" rotate mlp.zkmodel
expect 0 'making a serving commitment' "$zkinfer" rotate mlp.zkmodel
for path in mlp.zkserving/*.zkpath; do
  expect 0 'ACCEPTED' "$zkinfer" verify-path mlp.zkkey "$path"
  expect 0 '"depth": 1' "$zkinfer" verify-path mlp.zkkey "$path" --json
done
expect 2 'a proof (.*), not a path' "$zkinfer" verify-path mlp.zkkey input.zkproof
expect 1 'REJECTED: truncated' "$zkinfer" verify-path mlp.zkkey <(head -c 100 mlp.zkserving/1.zkpath)

# One file with all of it, for somebody who has the root key only.
expect 0 'wrote input.zkbundle' "$zkinfer" bundle input.zkproof -k mlp.zkkey
mkdir alone && cp mlp.zkkey input.zkbundle alone/
expect 0 'ranges certified' "$zkinfer" verify alone/input.zkbundle -k alone/mlp.zkkey
head -c 1000 input.zkbundle >cut.zkbundle
expect 2 'cut.zkbundle.*truncated' "$zkinfer" verify cut.zkbundle -k mlp.zkkey

# Verifiers who lack the path, or have another one; certificates that are not there, or another's.
mkdir far && cp input.zkproof far/
expect 2 'far/input.zkproof.: .*no path from this key' "$zkinfer" verify far/input.zkproof -k <(cat mlp.zkkey) --certificate mlp.zkcert
expect 0 'ACCEPTED' "$zkinfer" verify far/input.zkproof -k mlp.zkkey
expect 0 'ACCEPTED' "$zkinfer" verify far/input.zkproof -k <(cat mlp.zkkey) --certificate mlp.zkcert --path mlp.zkserving/1.zkpath
expect 1 'REJECTED: wrong statement' "$zkinfer" verify far/input.zkproof -k <(cat mlp.zkkey) --certificate mlp.zkcert --path mlp.zkserving/2.zkpath
expect 0 'identity' "$zkinfer" commit mlp.zkmodel --budget 8 --key other.zkkey --secret other.zksecret
expect 1 'REJECTED: .*path: root identity' "$zkinfer" verify far/input.zkproof -k other.zkkey --path mlp.zkserving/1.zkpath
expect 1 'REJECTED: .*certificate' "$zkinfer" verify input.zkproof -k mlp.zkkey --certificate other.zkcert
mv mlp.zkcert away
expect 2 'no certificate .mlp.zkcert.*--uncertified' "$zkinfer" verify input.zkproof -k mlp.zkkey
expect 0 'ranges not certified' "$zkinfer" verify input.zkproof -k mlp.zkkey --uncertified
expect 0 '"weights": "uncertified"' "$zkinfer" verify input.zkproof -k mlp.zkkey --uncertified --json
expect 2 'excludes' "$zkinfer" verify input.zkproof -k mlp.zkkey --uncertified --model mlp.zkmodel
expect 2 '--model.*private' "$zkinfer" verify input.zkproof -k mlp.zkkey --model mlp.zkmodel
# Made again, it takes a slot of the root.
expect 0 'certified' "$zkinfer" certify mlp.zkmodel
expect 0 'ranges certified' "$zkinfer" verify input.zkproof -k mlp.zkkey

# Damaged, old and foreign files are refused, and stay as they are.
for damage in "head -c 100 mlp.zksecret" "sed s/ZKIC/ZKIK/ mlp.zksecret" "cat mlp.zksecret input.json" "cat input.json" \
  "printf ZKIC\\x01\\x00\\x00\\x00\\x03\\x00\\x00\\x00\\x00\\x00\\x00\\x00\\x00\\x00\\x00\\x00"; do
  $damage >damaged.zksecret
  cp damaged.zksecret before
  expect 2 'damaged.zksecret.*(damaged|version 1|another kind|not a commitment secret)' "${prove[@]}" -s damaged.zksecret
  expect 2 'damaged.zksecret' "$zkinfer" commitment status damaged.zksecret
  cmp -s damaged.zksecret before || fail "a damaged secret was changed"
done
# What serves is used through its root; no other command takes it.
for words in "prove mlp.zkmodel -i input.json -s" "certify mlp.zkmodel -o s.zkcert -s" "commitment open mlp.zkmodel -o s.zkaudit -s" "commitment split --into 2" \
  "rotate mlp.zkmodel -s" "commitment backup -o s.zkbackup"; do
  expect 2 "mlp.zkserving/1.zksecret.*(below a root|no root)" "$zkinfer" $words mlp.zkserving/1.zksecret
done

# No lock, no proof.
expect 0 'wrote' "$zkinfer" commit mlp.zkmodel --budget 8 --key lock.zkkey --secret lock.zksecret
all=$(left lock.zksecret)
rm lock.zkserving/1.zksecret.lock && mkdir lock.zkserving/1.zksecret.lock
expect 2 'cannot be locked' "${prove[@]}" -s lock.zksecret -o locked.zkproof
rm lock.zksecret.lock && mkdir lock.zksecret.lock
expect 2 'cannot be locked' "$zkinfer" commitment split lock.zksecret --into 2
expect 2 'cannot be locked' "$zkinfer" rotate mlp.zkmodel -s lock.zksecret
[[ $(left lock.zksecret) == "$all" && ! -e locked.zkproof ]] || fail "a slot was taken without a lock"

# Killed at every call: each run takes one slot at most, and no proof exists whose slot is not gone from the file.
expect 0 'wrote' "$zkinfer" commit mlp.zkmodel --budget 60 --key kill.zkkey --secret kill.zksecret
ready() { "$zkinfer" commitment status "$1" --json | sed -n 's/^ *"proofs_ready": \([0-9]*\).*/\1/p'; }
for moment in before after; do
  for ((at = 0; at < 60; at++)); do
    before=$(ready kill.zksecret)
    rm -f killed.zkproof
    killed_at "$at" "$moment" "${prove[@]}" -s kill.zksecret -o killed.zkproof
    status=$?
    after=$(ready kill.zksecret) || fail "killed $moment call $at: the secret is not readable"
    ((before - after == 0 || before - after == 1)) || fail "killed $moment call $at: $before proofs left before, $after after"
    [[ ! -e killed.zkproof ]] || ((before - after == 1)) || fail "killed $moment call $at: a proof without a slot"
    [[ $status -eq 0 ]] && break
    [[ $status -eq 137 ]] || fail "killed $moment call $at: exit code $status: $(cat killed.log)"
  done
  # lock, its flock, the file, its bytes, fsync, rename, fsync; then the fsync and rename of the path's and the proof's own
  ((at >= 9 && at < 60)) || fail "the process was killed at $at calls, expected at least 9"
  expect 0 'wrote' "${prove[@]}" -s kill.zksecret
done

# A rotation that is killed at every call: the tree stays whole, and the next one works.
for moment in before after; do
  for ((at = 0; at < 90; at += 3)); do
    before=$(ls kill.zkserving/*.zkpath | wc -l)
    killed_at "$at" "$moment" "$zkinfer" rotate mlp.zkmodel -s kill.zksecret
    status=$?
    expect 0 'root' "$zkinfer" commitment status kill.zksecret
    ! grep -q 'cannot be used' <<<"$("$zkinfer" commitment status kill.zksecret)" || fail "killed $moment call $at: the tree is damaged"
    [[ $status -eq 0 ]] && break
    [[ $status -eq 137 ]] || fail "rotation killed $moment call $at: exit code $status: $(cat killed.log)"
  done
  ((at >= 20 && at < 90)) || fail "the rotation was killed at $at calls, expected at least 20"
  expect 0 'wrote' "${prove[@]}" -s kill.zksecret
done

# A commit that is killed anywhere, or stopped: all is there and serves, or the next one works and asks for nothing.
commit_stop=("$zkinfer" commit mlp.zkmodel --budget 8 --key stop.zkkey --secret stop.zksecret)
cleared=0
for moment in before after; do
  for ((at = 0; at < 120; at++)); do
    rm -rf stop.*
    killed_at "$at" "$moment" "${commit_stop[@]}"
    status=$?
    [[ $status -eq 0 ]] && break
    [[ $status -eq 137 ]] || fail "commit killed $moment call $at: exit code $status: $(cat killed.log)"
    if [[ -e stop.zkkey ]]; then
      ((at % 2 == 0)) || expect 2 'is there already|is the key of an earlier commitment' "${commit_stop[@]}"
      expect 0 'wrote' "${prove[@]}" -s stop.zksecret -o stop.zkproof
      [[ ! -e stop.zksecret.unfinished ]] || fail "commit killed $moment call $at: its mark stays although all is there"
      continue
    fi
    [[ ! -e stop.zksecret || -e stop.zksecret.unfinished ]] || fail "commit killed $moment call $at: a secret without its key, and nothing says so"
    if [[ -e stop.zksecret ]]; then
      cleared=$((cleared + 1))
      for words in "prove mlp.zkmodel -i input.json -o no.zkproof -s" "rotate mlp.zkmodel -s" "commitment status" "commitment split --into 2" "commitment backup -o no.zkbackup"; do
        ((cleared > 1)) || expect 2 'stop.zksecret. is unfinished' "$zkinfer" $words stop.zksecret
      done
    fi
    # Every third is looked at wholly.
    ((at % 3 == 0)) || continue
    expect 0 'identity' "${commit_stop[@]}"
    expect 0 'wrote' "${prove[@]}" -s stop.zksecret -o stop.zkproof
    expect 0 'ACCEPTED' "$zkinfer" verify stop.zkproof -k stop.zkkey
    [[ -z $(ls stop.*unfinished* 2>/dev/null) ]] || fail "commit killed $moment call $at: the next one left its mark"
  done
  ((at >= 20 && at < 120)) || fail "the commit was killed at $at calls, expected at least 20"
done
((cleared >= 10)) || fail "of killed commits $cleared left an unfinished secret"
# A key that goes to a pipe cannot be looked for: its secret is unmarked first, and stays.
rm -rf stop.*
expect 0 '' "$zkinfer" commit mlp.zkmodel --budget 8 --key - --certificate stop.zkcert --secret stop.zksecret -q
[[ -e stop.zksecret && ! -e stop.zksecret.unfinished ]] || fail "a commit whose key goes to a pipe leaves $(ls stop.*)"
# The mark is of one secret: another's under this name stays, and so does one that was proven under.
rm -rf stop.*
expect 0 'identity' "${commit_stop[@]}"
printf 'zkinfer: this secret is unfinished, and nobody has its key: %064d' 0 >stop.zksecret.unfinished
expect 2 'is there already' "${commit_stop[@]}"
[[ -e stop.zksecret && ! -e stop.zksecret.unfinished ]] || fail "a mark of another secret"
expect 0 'wrote' "${prove[@]}" -s stop.zksecret -o stop.zkproof
printf 'zkinfer: this secret is unfinished, and nobody has its key: %s' "$("$zkinfer" inspect stop.zkkey --json | jq -r .identity)" >stop.zksecret.unfinished
expect 2 'is there already' "${commit_stop[@]}"
[[ -e stop.zksecret ]] || fail "a secret with proofs was taken for an unfinished one"
# Stopped by a signal at whatever moment: nothing is left, or all is there.
for signal in INT TERM HUP; do
  for moment in 0.02 0.06 0.1 0.15 0.2 0.3 0.4 0.6; do
    rm -rf stop.*
    timeout --foreground -s "$signal" "$moment" "${commit_stop[@]}" --budget 200 >stopped.log 2>&1
    [[ -e stop.zkkey && -e stop.zkcert && -e stop.zksecret ]] || [[ -z $(ls -d stop.* 2>/dev/null) ]] ||
      fail "commit stopped by $signal after $moment s left $(ls -d stop.*): $(cat stopped.log)"
  done
done
rm -rf stop.*
# What is not stopped at a better place is said, ends by the signal, and leaves nothing: here it waits for a pipe.
mkfifo pipe
exec 9<>pipe
for words in "compile - -o at.zkmodel" "compile mlp.onnx -c - -o at.zkmodel" "prove mlp.zkmodel -i - -o at.zkproof" "run mlp.zkmodel -i -" "verify - -k mlp.zkkey" "inspect -"; do
  timeout --foreground --preserve-status -s INT 0.5 "$zkinfer" $words <pipe >stopped.log 2>&1
  [[ $? -eq 130 ]] && grep -q 'zkinfer: interrupted' stopped.log || fail "$words, interrupted: $(cat stopped.log)"
  [[ -z $(ls -d at.* .zkinfer-*.tmp 2>/dev/null) ]] || fail "$words, interrupted, left $(ls -d at.* .zkinfer-*.tmp 2>/dev/null)"
  timeout --foreground --preserve-status -s INT 0.5 "$zkinfer" $words --json <pipe >stopped.json 2>/dev/null
  jq -e '.error.code == "cancelled"' stopped.json >/dev/null || fail "$words --json, interrupted: $(cat stopped.json)"
done
exec 9>&-
# Compiling ends at its next step, whenever it is told; so does a proof, which says what it has cost.
cp "$examples"/digits/digits.onnx "$examples"/digits/calibration.npy .
for moment in 0.05 0.1 0.2 0.4; do
  timeout --foreground --preserve-status -s INT "$moment" "$zkinfer" compile digits.onnx -c calibration.npy -o at.zkmodel >stopped.log 2>&1
  status=$?
  [[ $status -eq 130 || $status -eq 0 && -s at.zkmodel ]] || fail "compile interrupted after $moment s: exit code $status, $(cat stopped.log)"
  # What was too late says that it was; what was not has written nothing.
  said='interrupted'
  [[ -e at.zkmodel ]] && said='too late to stop: all is done and written|interrupted' # just behind it
  [[ $status -eq 0 ]] || grep -qE "$said" stopped.log || fail "compile interrupted after $moment s does not say '$said': $(cat stopped.log)"
  rm -f at.zkmodel
done

# A disk without room: found before a slot is taken, for whatever is written.
expect 0 'identity' "$zkinfer" commit mlp.zkmodel --budget 64 --key room.zkkey --secret room.zksecret
expect 0 'wrote' "${prove[@]}" -s room.zksecret -o room.zkproof # what serves is there from now on
in_little() { (trap '' XFSZ && ulimit -f 40 && exec "$@"); } # files of 40 KiB
for words in "-o room1.zkproof" "-o room1.zkbatch --batch"; do
  before=$(left room.zksecret)
  expect 2 'room1.*no room for about [0-9]+ bytes.*free some' in_little "${prove[@]}" -s room.zksecret $words
  [[ $(left room.zksecret) == "$before" && ! -e room1.zkproof && ! -e room1.zkbatch ]] || fail "a proof that could not be written: $before slots, then $(left room.zksecret)"
done
# What fails when the proof is there has cost a slot, and that is said.
before=$(left room.zksecret)
expect 2 'No space left.*; the slot that was taken for it is spent' "${prove[@]}" -s room.zksecret -o /dev/full --force
[[ $(left room.zksecret) == $((before - 1)) ]] || fail "a proof to a full disk: $before slots, then $(left room.zksecret)"

# Tensor commitments: the secret never without its commitment.
expect 0 'identity' "$zkinfer" commit mlp.zkmodel --budget 8 --inputs committed --outputs committed --key tensor.zkkey --secret tensor.zksecret
for command in "commit-tensor tensor.zkkey -i input.json -o stop" "prove mlp.zkmodel -s tensor.zksecret --committed-input in.zktsecret --committed-output stop -o stop.zkproof"; do
  rm -rf stop.* in.*
  expect 0 'wrote' "$zkinfer" commit-tensor tensor.zkkey -i input.json -o in
  # An error at the end: the proof's, or the commitment's, folder takes nothing.
  for ((at = 0; at < 60; at++)); do
    rm -rf stop.*
    killed_at "$at" before "$zkinfer" $command
    [[ $? -eq 0 ]] && break
    [[ ! -e stop.zktsecret || -e stop.zktensor || -e stop.zktsecret.unfinished ]] || fail "$command, killed before call $at: a secret without its commitment"
    [[ ! -e stop.zktensor ]] || { expect 2 'exists' "$zkinfer" commit-tensor tensor.zkkey -i input.json -o stop; [[ ! -e stop.zktsecret.unfinished ]] || fail "$command: the mark of what is finished stays"; }
    [[ -e stop.zktensor ]] || expect 0 'wrote' "$zkinfer" commit-tensor tensor.zkkey -i input.json -o stop
  done
done

# A split that is killed at every call: the slots of all files together never grow, every file reads.
slots_left() {
  local used all
  read -r used all < <("$zkinfer" commitment status "$1" | sed -n 's/^ *root *root, \([0-9]*\) of \([0-9]*\) slots.*/\1 \2/p')
  echo $((all - used))
}
expect 0 'wrote' "$zkinfer" commit mlp.zkmodel --budget 11 --key split.zkkey --secret whole.zksecret
[[ $(slots_left whole.zksecret) == 9 ]] || fail "a new root has used one slot for its certificate and one for what serves"
for moment in before after; do
  for ((at = 0; at < 90; at++)); do
    rm -f part*.zksecret*
    cp whole.zksecret part.zksecret
    killed_at "$at" "$moment" "$zkinfer" commitment split part.zksecret --into 3
    status=$?
    sum=0
    for file in part*.zksecret; do
      count=$(slots_left "$file") || fail "split killed $moment call $at: $file is not readable"
      sum=$((sum + count))
    done
    ((sum <= 9)) || fail "split killed $moment call $at: $sum slots left of 9"
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
[[ $(slots_left whole.zksecret) == 9 && ! -e whole.3.zksecret ]] || fail "a refused split changed something"
rm whole.2.zksecret
expect 0 'has no slots' "$zkinfer" commitment split whole.zksecret --into 3
expect 2 'no slot is left in the whole tree' "$zkinfer" rotate mlp.zkmodel -s whole.zksecret
# Each part goes on by itself, under the one name.
expect 0 'wrote' "${prove[@]}" -s whole.2.zksecret -o part.zkproof
expect 0 'ACCEPTED' "$zkinfer" verify part.zkproof -k split.zkkey
expect 0 'root, 1 of 3 slots used .slice 5..8 of 11' "$zkinfer" commitment status whole.2.zksecret
expect 2 'cannot cut 2 rotations' "$zkinfer" commitment split whole.2.zksecret --into 3
expect 0 'whole.2.1.zksecret: 1 commitment that serves$' "$zkinfer" commitment split whole.2.zksecret --into 2

# Eight processes prove with one secret: distinct slots, and somebody makes the next commitment meanwhile.
expect 0 'wrote' "$zkinfer" commit mlp.zkmodel --budget 9 --key eight.zkkey --secret eight.zksecret
pids=()
for i in {1..8}; do
  "${prove[@]}" --threads 1 -s eight.zksecret -o "eight_$i.zkproof" >"eight_$i.log" 2>&1 &
  pids+=($!)
done
for pid in "${pids[@]}"; do wait "$pid" || fail "one of eight processes got no slot: $(cat eight_*.log)"; done
for i in {1..8}; do expect 0 'ACCEPTED' "$zkinfer" verify "eight_$i.zkproof" -k eight.zkkey; done
slots=$(for i in {1..8}; do "$zkinfer" verify "eight_$i.zkproof" -k eight.zkkey --json | grep -E '"(slot|serving_identity)"' | tr -d '\n'; echo; done | sort -u | wc -l)
[[ $slots == 8 ]] || fail "eight proofs of $slots slots"
expect 0 'wrote' "${prove[@]}" -s eight.zksecret -o ninth.zkproof

# The auditor's way.
expect 0 'wrote mlp.zkaudit' "$zkinfer" commitment open mlp.zkmodel
[[ $(stat -c %a mlp.zkaudit) == 600 ]] || fail "mlp.zkaudit is readable by others"
expect 0 'MATCH' "$zkinfer" commitment check mlp.zkmodel mlp.zkaudit -k mlp.zkkey
expect 0 '^$' "$zkinfer" commitment check mlp.zkmodel mlp.zkaudit -k mlp.zkkey --quiet
expect 1 'NO MATCH: .*belongs to' "$zkinfer" commitment check mlp.zkmodel mlp.zkaudit -k eight.zkkey
expect 0 'cosine' "$zkinfer" compile mlp.onnx -c calibration.json -o other.zkmodel --weight-bits 5
expect 1 'NO MATCH: .*structure' "$zkinfer" commitment check other.zkmodel mlp.zkaudit -k mlp.zkkey
expect 2 'a verification key .*, not an audit key' "$zkinfer" commitment check mlp.zkmodel mlp.zkkey -k mlp.zkkey
expect 2 'a model package .*, not a verification key' "$zkinfer" commitment check mlp.zkmodel mlp.zkaudit -k mlp.zkmodel
expect 2 'damaged' "$zkinfer" commitment check mlp.zkmodel <(head -c 50 mlp.zkaudit) -k mlp.zkkey
expect 2 'mlp.zksecret.*belong' "$zkinfer" commitment open other.zkmodel -s mlp.zksecret

# A public model has no slots to count, and its key is derived again instead of a certificate.
expect 0 'proofs allowed +any number' "$zkinfer" commit mlp.zkmodel --public-model --key public.zkkey --secret public.zksecret
[[ ! -e public.zkserving && ! -e public.zkcert ]] || fail "nothing comes under a public model's commitment"
expect 0 'any number' "$zkinfer" commitment status public.zksecret
expect 2 'no slots to split' "$zkinfer" commitment split public.zksecret --into 2
expect 0 'wrote' "${prove[@]}" -s public.zksecret -o public.zkproof
expect 2 'give the public model with --model' "$zkinfer" verify public.zkproof -k public.zkkey
expect 0 'those of the model given' "$zkinfer" verify public.zkproof -k public.zkkey --model mlp.zkmodel
expect 0 '"weights": "rederived"' "$zkinfer" verify public.zkproof -k public.zkkey --model mlp.zkmodel --json
expect 1 'REJECTED: .*structure' "$zkinfer" verify public.zkproof -k public.zkkey --model other.zkmodel
expect 2 'no root' "$zkinfer" rotate mlp.zkmodel -s public.zksecret
expect 2 'belong' "$zkinfer" rotate other.zkmodel -s mlp.zksecret
expect 1 'REJECTED' "$zkinfer" verify-path public.zkkey mlp.zkserving/1.zkpath

# A backup comes back: it cannot be used as it is, and leaves out what may be used.
expect 0 'wrote' "$zkinfer" commit mlp.zkmodel --budget 20 --key b.zkkey --secret b.zksecret
expect 0 'wrote b.zkbackup' "$zkinfer" commitment backup b.zksecret
[[ $(stat -c %a b.zkbackup) == 600 ]] || fail "b.zkbackup is readable by others"
expect 2 'is there already' "$zkinfer" commitment backup b.zksecret
expect 2 'no root' "$zkinfer" commitment backup public.zksecret
expect 0 'rotated' "$zkinfer" rotate mlp.zkmodel -s b.zksecret
expect 0 'wrote' "${prove[@]}" -s b.zksecret -o old.zkproof
cp b.zkserving/2.zkpath published.zkpath
for command in prove "commitment status"; do
  expect 2 'b.zkbackup.*commitment secret' "$zkinfer" $command ${command:+$([[ $command == prove ]] && echo mlp.zkmodel -i input.json -s)} b.zkbackup
done
expect 2 'is there already' "$zkinfer" commitment restore b.zkbackup -k b.zkkey --published published.zkpath
rm -r b.zksecret b.zkserving
expect 2 '--none-published' "$zkinfer" commitment restore b.zkbackup -k b.zkkey
expect 2 'no path' "$zkinfer" commitment restore b.zkbackup -k b.zkkey --published mlp.zkserving/1.zkpath
[[ ! -e b.zksecret ]] || fail "a refused restore wrote a secret"
expect 0 'goes on at slot 11 of 20' "$zkinfer" commitment restore b.zkbackup -k b.zkkey --published published.zkpath
expect 0 'wrote' "${prove[@]}" -s b.zksecret -o new.zkproof
expect 0 'ACCEPTED' "$zkinfer" verify new.zkproof -k b.zkkey
expect 0 'ACCEPTED' "$zkinfer" verify old.zkproof -k b.zkkey
[[ -e b.zkserving/11.zkpath ]] || fail "the restored root goes on above the margin"
# An older copy of the secret itself is noticed by what came under it.
cp b.zksecret copy
expect 0 'rotated' "$zkinfer" rotate mlp.zkmodel -s b.zksecret
cp copy b.zksecret
expect 2 'older copy.*commitment restore' "${prove[@]}" -s b.zksecret
expect 2 'older copy' "$zkinfer" rotate mlp.zkmodel -s b.zksecret

# A typo costs no slot.
expect 2 'nodir' "${prove[@]}" -s eight.zksecret -o nodir/p.zkproof

finish
