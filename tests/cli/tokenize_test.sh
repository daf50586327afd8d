#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# zkinfer tokenize: there and back, for people and for programs, and what it refuses.
# Usage: tokenize_test.sh ZKINFER SOURCE_FOLDER WORK_FOLDER
set -uo pipefail
source "$(dirname "$0")/expect.sh"
begin "$@"
data=$source_folder/testdata/tokenizer
story=$source_folder/../shared/data/models/stories260K/tok512.bin

expect 0 'Examples:' "$zkinfer" tokenize --help
for name in "$data"/*.model "$data"/*.bin "$data"/{gpt2,llama2,llama3,qwen2,gemma}.json; do
  text="  A proof, na\u00efve \U0001f600 of (x == 2)"
  text=$(printf "$text")
  tokens=$("$zkinfer" tokenize --tokenizer "$name" "$text" --quiet) || fail "$name does not tokenize"
  [[ $tokens =~ ^[0-9]+(,[0-9]+)*$ ]] || fail "$name: --quiet prints '$tokens'"
  # unigram.model squeezes spaces and has no bytes: an unknown character does not come back.
  [[ $name == */unigram.model ]] || [[ $("$zkinfer" tokenize --tokenizer "$name" --decode "$tokens") == "$text" ]] || fail "$name: the text does not come back"
  [[ $(printf '%s' "$text" | "$zkinfer" tokenize --tokenizer "$name" - --quiet) == "$tokens" ]] || fail "$name: standard input has other tokens"
  [[ $("$zkinfer" tokenize --tokenizer "$name" "$text" --json | jq -c .tokens) == "[$tokens]" ]] || fail "$name: --json has other tokens"
  [[ $("$zkinfer" tokenize --tokenizer "$name" "$text" --no-ends --json | jq -r '.tokens[0] != .tokenizer.begin') == true ]] || fail "$name: --no-ends begins with the beginning"
  expect 0 '^ +[0-9]+  .*pro' "$zkinfer" tokenize --tokenizer "$name" "proof proof"
done

# A folder's tokenizer, and the files beside it that know what ends an answer.
mkdir -p model
cp "$data/llama3.json" model/tokenizer.json
echo '{"eos_token_id": [1, 5], "bos_token_id": 0}' >model/generation_config.json
[[ $("$zkinfer" tokenize --tokenizer model x --json | jq -c '[.tokenizer.begin, .tokenizer.end, .tokenizer.end_tokens]') == '[0,5,[1,400,5]]' ]] ||
  fail "generation_config.json: $("$zkinfer" tokenize --tokenizer model x --json | jq -c .tokenizer)"
[[ $("$zkinfer" tokenize --tokenizer model x --json | jq .tokenizer.digest) == $("$zkinfer" tokenize --tokenizer "$data/llama3.json" x --json | jq .tokenizer.digest) ]] ||
  fail "the digest depends on the files beside it"
# What is written in the text is special, or text.
expect 0 '^1$' "$zkinfer" tokenize --tokenizer "$data/gpt2.json" '<|end|>' --quiet
expect 0 '^29,' "$zkinfer" tokenize --tokenizer "$data/gpt2.json" '<|end|>' --quiet --plain
expect 0 '^a$' "$zkinfer" tokenize --tokenizer "$data/gpt2.json" --decode 1,66
echo '{"model": {"type": "BPE", "vocab": {}, "merges": []}, "pre_tokenizer": {"type": "UnicodeScripts"}}' >other.json
expect 2 "other.json.*the pre-tokenizer 'UnicodeScripts' is not known" "$zkinfer" tokenize --tokenizer other.json x
echo '{"architectures": []}' >config.json
expect 2 'is it another file of the model' "$zkinfer" tokenize --tokenizer config.json x

bin=$data/plain.bin
echo text >cut.txt
expect 0 'llama2.c tokenizer, byte-pair encoding by scores, 400 pieces, digest [0-9a-f]{64}$' "$zkinfer" tokenize --tokenizer "$bin" x
expect 0 '^ +1  .\\n<s>\\n.$' "$zkinfer" tokenize --tokenizer "$bin" x
# The first byte of a character alone: said, and U+FFFD in its place.
expect 0 'no whole characters of UTF-8 at byte 0' "$zkinfer" tokenize --tokenizer "$bin" --decode 229
expect 0 $'\xef\xbf\xbd' "$zkinfer" tokenize --tokenizer "$bin" --decode 229
[[ $("$zkinfer" tokenize --tokenizer "$bin" --decode 229 --json 2>/dev/null | jq -r '.warnings | length') == 1 ]] || fail "the warning is not in JSON"
# A terminal is never given what a token holds as it is.
expect 0 '\\x1b' "$zkinfer" tokenize --tokenizer "$bin" --decode "$((3 + 27)),$((3 + 65))"

# The name of a file is no text by mistake.
expect 2 "'cut.txt' is a file, and a text was expected.*--file FILE" "$zkinfer" tokenize --tokenizer "$bin" cut.txt
[[ $("$zkinfer" tokenize --tokenizer "$bin" --file cut.txt --quiet) == "$("$zkinfer" tokenize --tokenizer "$bin" - --quiet <cut.txt)" ]] || fail "--file is not the file's text"
[[ $(printf cut.txt | "$zkinfer" tokenize --tokenizer "$bin" - --decode 1 2>&1) == *"give a text"* ]] || fail "a text and tokens together"
expect 2 'no.txt' "$zkinfer" tokenize --tokenizer "$bin" --file no.txt

# Windows of a text as inputs: a token for each letter and the space before them.
expect 0 'wrote windows.npy: 3 windows of 8 tokens; 6 tokens behind' "$zkinfer" tokenize --tokenizer "$bin" "$(printf 'Q%.0s' {1..26})" --window 8 -o windows.npy
expect 0 '3 ?x ?8|3, ?8' "$zkinfer" inspect windows.npy
expect 2 '--window: .*the text has 2 tokens, fewer than the 7 of a window' "$zkinfer" tokenize --tokenizer "$bin" Q --window 8 -o windows.npy
expect 2 '--window: say where' "$zkinfer" tokenize --tokenizer "$bin" Q --window 8
expect 2 'cut.txt' "$zkinfer" tokenize --tokenizer "$bin" "a longer text" --window 2 -o cut.txt
expect 2 'give a text' "$zkinfer" tokenize --tokenizer "$bin"
expect 2 'give a text' "$zkinfer" tokenize --tokenizer "$bin" x --decode 1
expect 2 "'1x' is no token" "$zkinfer" tokenize --tokenizer "$bin" --decode 1x
expect 2 'token 400 is none of this tokenizer' "$zkinfer" tokenize --tokenizer "$bin" --decode 5,400
expect 2 'no token' "$zkinfer" tokenize --tokenizer "$bin" --decode 99999999999
expect 2 'no UTF-8 at byte 1' "$zkinfer" tokenize --tokenizer "$bin" $'a\xff'
expect 2 'No such file' "$zkinfer" tokenize --tokenizer absent.model x
expect 2 'no tokenizer that is known; expected' "$zkinfer" tokenize --tokenizer "$source_folder/README.md" x
head -c 3000 "$bin" >cut.bin
expect 2 'cut.bin' "$zkinfer" tokenize --tokenizer cut.bin x
[[ $("$zkinfer" tokenize --tokenizer cut.bin x --json 2>/dev/null | jq -r .error.code) != null ]] || fail "an error is no JSON"

# What llama2.c makes of it.
if [[ -r $story ]]; then
  expect 0 '^1,403,407,261,378' "$zkinfer" tokenize --tokenizer "$story" "Once upon a time" --quiet
  expect 0 '^Once upon a time$' "$zkinfer" tokenize --tokenizer "$story" --decode 1,403,407,261,378
else
  echo "skipped: no $story"
fi
finish
