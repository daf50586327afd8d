#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# Conversations: turns, each proven from what the one before has left; what is checked together, and what is refused.
# Usage: conversation_test.sh ZKINFER SOURCE_FOLDER WORK_FOLDER
set -uo pipefail
source "$(dirname "$0")/expect.sh"
begin "$@"
/usr/bin/python3 "$source_folder/examples/language_model/make_model.py" || fail "make_model.py"
for _ in {1..30}; do printf 'the cat and a hat sat on the mat, and that was that. '; done >story.txt
compile=("$zkinfer" compile llama.bin --tokens 8)
whole=("${compile[@]}" --conversation 24)

expect 2 'a model of conversations is compiled with calibration texts' "${whole[@]}"
expect 2 'a conversation of 7 tokens .*, expected 8 to' "${compile[@]}" --conversation 7 -c story.txt --tokenizer tokenizer.bin
expect 2 "a conversation's answers are not sampled yet" "${whole[@]}" -c story.txt --tokenizer tokenizer.bin --candidates 4
expect 2 '--conversation: without --report' "${whole[@]}" -c story.txt --tokenizer tokenizer.bin --segments 2
expect 0 "input 'history' +\[1, 24, .*" "${whole[@]}" -c story.txt --tokenizer tokenizer.bin
expect 0 'identity' "$zkinfer" commit llama.zkmodel --inputs public
expect 0 'history +committed, from turn to turn' "$zkinfer" inspect llama.zkkey

generate=("$zkinfer" generate llama.zkmodel --tokenizer tokenizer.bin)
expect 0 'tokens in' "${generate[@]}" --prompt the --tokens 2
expect 0 'wrote first.zktsecret \(secret: the next turn goes on from it, with --continue first.zkproof\)' \
  "${generate[@]}" --prompt the --tokens 2 --prove -o first.zkproof
expect 2 '--continue is for proofs: add --prove' "${generate[@]}" --prompt the --continue first.zkproof
expect 0 'behind the proofs of the turns before it' \
  "${generate[@]}" --prompt cat --tokens 3 --prove --continue first.zkproof -o second.zkproof
expect 0 'proved and checked' "${generate[@]}" --prompt hat --prove --continue second.zkproof -o third.zkproof

verify=("$zkinfer" verify --key llama.zkkey --tokenizer tokenizer.bin)
expect 0 'answer +2 tokens' "${verify[@]}" first.zkproof
expect 0 'accepted 3 of 3' "${verify[@]}" first.zkproof second.zkproof third.zkproof
# Each turn is read, not counted only; without a tokenizer nobody can.
said=$("${verify[@]}" first.zkproof second.zkproof third.zkproof)
[[ $(grep -c '^answer$' <<<"$said") -eq 3 && $(grep -c '^  | the$\|^  | cat$\|^  | hat$' <<<"$said") -eq 3 ]] || fail "verify of turns shows no texts: $said"
expect 0 'an answer of 3 tokens$' "$zkinfer" verify --key llama.zkkey first.zkproof second.zkproof
expect 1 'begins behind [0-9]+ tokens, so the proofs of the turns before it belong to it; give them first, in order' "${verify[@]}" second.zkproof
expect 1 'and the turns before it have [0-9]+' "${verify[@]}" first.zkproof third.zkproof
# Another first turn of as many tokens.
expect 0 'proved and checked' "${generate[@]}" --prompt mat --tokens 2 --prove -o other.zkproof
expect 1 'the proofs are about different commitments|the turns before it have' "${verify[@]}" other.zkproof second.zkproof
# What opens a turn belongs to its proof.
cp other.zktsecret copied.zktsecret && cp first.zkproof copied.zkproof
expect 2 "'copied.zktsecret' opens another commitment than what this turn has left" \
  "${generate[@]}" --prompt cat --prove --continue copied.zkproof -o none.zkproof
rm first.zktsecret
expect 2 'first.zktsecret' "${generate[@]}" --prompt cat --prove --continue first.zkproof -o none.zkproof
[[ ! -e none.zkproof ]] || fail "a proof without a turn before it"
# The history is in no file that is given away, and a turn is as long as its tokens.
expect 0 '"num_tokens_before": [1-9]' "${verify[@]}" first.zkproof second.zkproof --json
finish
