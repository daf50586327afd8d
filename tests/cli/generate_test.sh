#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# Answers of language models: from a checkpoint to text, a proof of it and its check; what is refused, and in whose words.
# stories260K of ../shared/data (or ZKINFER_TEST_DATA), where it is, must say what its float model says.
# Usage: generate_test.sh ZKINFER SOURCE_FOLDER WORK_FOLDER
set -uo pipefail
source "$(dirname "$0")/expect.sh"
begin "$@"
data=${ZKINFER_TEST_DATA:-$source_folder/../shared/data}
/usr/bin/python3 "$source_folder/examples/language_model/make_model.py" || fail "make_model.py"
generate=("$zkinfer" generate llama.zkmodel --tokenizer tokenizer.bin)

expect 0 "output 'next' +\[1, 16\]" "$zkinfer" compile llama.bin --tokens 16
expect 0 'identity' "$zkinfer" commit llama.zkmodel --inputs public
expect 0 '^ *the[^\n]*' "${generate[@]}" --prompt the --tokens 4
expect 0 '4 tokens in .*, then as many tokens as asked for' "${generate[@]}" --prompt the --tokens 4
expect 0 'as many tokens as the model reads' "${generate[@]}" --prompt the
expect 0 'warning: --tokens: 1000 tokens were asked for, and the model reads 16, of which the prompt has [0-9]+: the answer has at most' "${generate[@]}" --prompt the --tokens 1000
expect 2 '^zkinfer: invalid argument: an answer of 0 tokens; ask for at least 1' "${generate[@]}" --prompt the --tokens 0
# From nothing but the token that begins a text.
expect 0 '4 tokens in' "${generate[@]}" --prompt "" --tokens 4
expect 2 'the value is empty; look at where it comes from' "${generate[@]}" --prompt the --tokenizer ""
expect 0 '"end": "as many tokens as asked for"' "${generate[@]}" --prompt the --tokens 4 --json
# Text alone with --quiet: what the prompt is, and what follows.
text=$("${generate[@]}" --prompt the --tokens 4 --quiet)
[[ $text == the* && $(wc -l <<<"$text") -eq 1 ]] || fail "--quiet printed: $text"
[[ $(echo the | "${generate[@]}" --prompt - --tokens 4 --quiet) != "" ]] || fail "a prompt from standard input"

expect 0 'proved and checked in .*' "${generate[@]}" --prompt the --prove --context order-7
verify=("$zkinfer" verify llama.zkproof --key llama.zkkey)
expect 0 'answer +[0-9]+ tokens, each the model' "${verify[@]}" --tokenizer tokenizer.bin --context order-7
expect 0 'context +order-7' "${verify[@]}"
expect 0 'answer tokens +[0-9]' "${verify[@]}"
expect 1 'wrong statement at context: the proof is bound to another one, order-7' "${verify[@]}" --context order-8
expect 0 '--tokenizer shows the text' "${verify[@]}"
expect 0 'ACCEPTED +llama.zkproof +context order-7 +an answer of [0-9]+ tokens' "$zkinfer" verify llama.zkproof llama.zkproof --key llama.zkkey
expect 1 'an answer needs the certificate' "${verify[@]}" --uncertified
"${verify[@]}" --tokenizer tokenizer.bin --json >statement.json || fail "verify --json"
/usr/bin/python3 - <<'PYTHON' || fail "verify --json says another text than generate, or another choice than the model's"
import json, subprocess
said = json.load(open("statement.json"))["generation"]
assert said["rule"] == "greedy" and said["prompt"] == "the", said
assert len(said["prompt_tokens"]) + len(said["answer_tokens"]) == 16, said
PYTHON
# A proof of another inference under the context of a generation: it is a proof, and no answer of the model's.
/usr/bin/python3 - <<'PYTHON' || fail "the forged statement could not be written"
import json, struct
said = json.load(open("statement.json"))["generation"]
tokens = said["prompt_tokens"] + said["answer_tokens"]
tokens[9] = (tokens[9] + 1) % 280
json.dump({"input_data": [tokens]}, open("forged.json", "w"))
context = b"gen1" + struct.pack("<III", 0, len(said["prompt_tokens"]), 16)
open("context", "w").write("hex:" + context.hex())
PYTHON
expect 0 'proved' "$zkinfer" prove llama.zkmodel --input forged.json -o forged.zkproof --context "$(cat context)"
expect 1 "REJECTED: wrong statement at generation: token 9 is [0-9]+, the model's choice is" \
  "$zkinfer" verify forged.zkproof --key llama.zkkey --tokenizer tokenizer.bin

/usr/bin/python3 -c 'import numpy; numpy.save("tokens16.npy", numpy.arange(32).reshape(2, 16) % 280)'
# Drawn from a seed that the verifier gives: what it says without a proof is what it proves.
expect 0 "input 'sampling.drawn' +\[1, 16, 23\]" "$zkinfer" compile llama.bin --tokens 16 --candidates 20 -o drawn.zkmodel
expect 0 'identity' "$zkinfer" commit drawn.zkmodel --inputs public
draw=("$zkinfer" generate drawn.zkmodel --tokenizer tokenizer.bin --prompt the)
rule=(--temperature 1.5 --top-k 9 --top-p 0.9 --repetition-penalty 1.2)
[[ $("${draw[@]}" --quiet) == "$("$zkinfer" generate llama.zkmodel --tokenizer tokenizer.bin --prompt the --quiet)" ]] || fail "without a temperature it is the most likely text"
said=$("${draw[@]}" "${rule[@]}" --seed order-9 --quiet)
[[ $said != "$("${draw[@]}" "${rule[@]}" --seed order-8 --quiet)" ]] || fail "two seeds, one text"
expect 0 'check with: .*--context order-9' "${draw[@]}" "${rule[@]}" --seed order-9 --prove
check=("$zkinfer" verify drawn.zkproof --key drawn.zkkey --tokenizer tokenizer.bin)
expect 0 'each drawn by the rule' "${check[@]}" --context order-9
expect 0 'rule +temperature 1.5, top-k 9, top-p 0.9, repetition penalty 1.2' "${check[@]}"
expect 0 'seed +the context: who gave it' "${check[@]}"
expect 1 'wrong statement at context: the proof is bound to another one, order-9' "${check[@]}" --context order-8
"${check[@]}" --json >drawn.json || fail "verify --json of a sampled answer"
/usr/bin/python3 - "$said" <<'PYTHON' || fail "what is proven is not what was said"
import json, sys
said = json.load(open("drawn.json"))["generation"]
assert said["rule"] == "sampled" and said["seed"] == "context" and said["top_k"] == 9 and said["temperature"] == 1.5, said
text = "".join(c if c.isprintable() else f"\\x{ord(c):02x}" for c in said["prompt"] + said["answer"])  # as a terminal is shown it
assert text == sys.argv[1], (said, sys.argv)
PYTHON
# The prover draws until it likes the text, and says the verifier's context behind it.
expect 0 'proved' "${draw[@]}" "${rule[@]}" --prove -o chosen.zkproof
expect 0 'seed +none: the prover chose' "$zkinfer" verify chosen.zkproof --key drawn.zkkey
# A rule that is demanded is that one, exactly; a seed is called what it was given as.
expect 0 'ACCEPTED' "${check[@]}" "${rule[@]}"
expect 1 'the answer is by temperature 1.5, top-k 9.*, expected temperature 0$' "${check[@]}" --temperature 0
expect 1 'the answer is by temperature 1.5, top-k 9.*, expected temperature 1.5$' "${check[@]}" --temperature 1.5
expect 0 'ACCEPTED' "${verify[@]}" --temperature 0
expect 1 'the answer is by temperature 0, expected temperature 1, top-k 3' "${verify[@]}" --temperature 1 --top-k 3
expect 2 'top-k: without a temperature' "${verify[@]}" --top-k 3
expect 2 '--seed: .*hexadecimal' "${draw[@]}" "${rule[@]}" --seed hex:0z
expect 2 '--context: .*hexadecimal' "${draw[@]}" "${rule[@]}" --context hex:0z
expect 2 'temperature 1e-09: expected 0, or 0.001 to 2' "${draw[@]}" --temperature 1e-9
expect 1 'wrong statement at context' "$zkinfer" verify chosen.zkproof --key drawn.zkkey --context order-9
expect 2 'compile it with --candidates to draw them by temperature 1' "${generate[@]}" --prompt the --temperature 1
expect 2 'give a temperature too' "${draw[@]}" --top-k 3
expect 2 'temperature 3: expected 0 to 2' "${draw[@]}" --temperature 3
expect 2 "top-k 21: the model draws from 20 candidates" "${draw[@]}" --temperature 1 --top-k 21
expect 2 'candidates 0: expected 1 to' "$zkinfer" compile llama.bin --tokens 8 --candidates 0 -o other.zkmodel
expect 2 '300 candidates of 289 tokens' "$zkinfer" compile llama.bin --tokens 8 --candidates 300 -o other.zkmodel
expect 2 '--candidates: model .* nothing can be sampled' "$zkinfer" compile llama.bin --tokens 8 --head logits --candidates 3 -o other.zkmodel
expect 0 '"perplexity": [0-9.]+' "$zkinfer" report drawn.zkmodel --network llama.bin -i tokens16.npy --json

# Prompt or answer hidden.
expect 0 "input 'text.parts' +\\[1, 2, 16\\]" "$zkinfer" compile llama.bin --tokens 16 --candidates 20 --hidden-text -o unseen.zkmodel
expect 0 'identity' "$zkinfer" commit unseen.zkmodel
hide=("$zkinfer" generate unseen.zkmodel --tokenizer tokenizer.bin --prompt the --prove)
look=("$zkinfer" verify unseen.zkproof --key unseen.zkkey --tokenizer tokenizer.bin)
expect 0 'proved' "${hide[@]}" --hide prompt --temperature 1 --context order-9
expect 0 'prompt +[0-9]+ tokens?, hidden' "${look[@]}" --context order-9
"${look[@]}" --json >unseen.json || fail "verify --json of a hidden prompt"
/usr/bin/python3 - <<'PYTHON' || fail "a hidden prompt is said, or its answer is not"
import json
whole = json.load(open("unseen.json"))
said = whole["generation"]
assert said["prompt_tokens"] is None and "prompt" not in said and (
    said["ends_itself"] or len(said["answer_tokens"]) == 16 - said["num_prompt_tokens"]), said
assert whole["inputs"][0].get("integers") is None, whole["inputs"]
PYTHON
expect 0 'proved' "${hide[@]}" --hide both
expect 0 'text of the answer +[0-9]+ tokens, hidden' "${look[@]}"
expect 2 'show prompt and answer|--hidden-text' "${draw[@]}" --prove --hide prompt -o other.zkproof
expect 2 'add --prove' "$zkinfer" generate unseen.zkmodel --tokenizer tokenizer.bin --prompt the --hide prompt
expect 2 '--hidden-text: model' "$zkinfer" compile llama.bin --tokens 8 --head logits --hidden-text -o other.zkmodel

# Refused before the model says a word.
# Texts and tokens that are not this model's.
printf 'the cat and the dog and the cat and the dog and the end' >story.txt
for words in "compile llama.bin --tokens 8 -c story.txt -o other.zkmodel" "compile llama.bin --tokens 8 -e story.txt -o other.zkmodel" \
  "report llama.zkmodel -i story.txt"; do
  expect 2 'invalid argument: .*story.txt.*: a text; expected.*--tokenizer FILE' "$zkinfer" $words
done
# What a text is, its bytes say, not an error's words.
printf '\x01\x02input file: a text' >bytes.txt
output=$("$zkinfer" compile llama.bin --tokens 8 -c bytes.txt -o other.zkmodel 2>&1)
[[ $output == *'expected .json'* && $output != *--tokenizer* ]] || fail "bytes that are no text: $output"
echo '{"input_data": [[1, 2, 3, 4, 5, 6, 7, 8, 1, 2, 3, 4, 5, 1000, 7, 8]]}' >tokens.json
expect 2 "calibration input 1: input 'tokens': element 5 is 1000, and the network takes whole numbers" "$zkinfer" compile llama.bin --tokens 8 -c tokens.json -o other.zkmodel
expect 2 "element 5 is 1000" "$zkinfer" compile llama.bin --tokens 8 --evaluate tokens.json -o other.zkmodel
other=$source_folder/testdata/tokenizer/plain.bin
expect 2 "calibration input 0: input 'tokens': element [0-9]+ .*is --tokenizer .*plain.bin', of 400 pieces, another model" "$zkinfer" compile llama.bin --tokens 8 -c story.txt --tokenizer "$other" -o other.zkmodel
expect 2 "--tokenizer .*plain.bin' has 400 pieces, and the model knows 289 tokens: it is another model" "$zkinfer" generate llama.zkmodel --tokenizer "$other" --prompt the
for words in "verify llama.zkproof --key llama.zkkey" "report llama.zkmodel -i story.txt"; do
  expect 2 "--tokenizer .*plain.bin' has 400 pieces, and the model knows 289 tokens: it is another model" "$zkinfer" $words --tokenizer "$other"
done
expect 2 '16 bytes' "${generate[@]}" --prompt the --prove --context "more than sixteen bytes"
expect 2 'add --prove' "${generate[@]}" --prompt the --context x
expect 2 'the prompt has [0-9]+ tokens, and the model reads 16' "${generate[@]}" --prompt "$(printf 'a b c d %.0s' {1..9})"
expect 2 'cannot open' "$zkinfer" generate nothing.zkmodel --tokenizer tokenizer.bin --prompt the
expect 2 'tokenizer|recogni' "$zkinfer" generate llama.zkmodel --tokenizer llama.bin --prompt the
mkdir hidden && cp llama.zkmodel hidden/
expect 0 'identity' "$zkinfer" commit hidden/llama.zkmodel
expect 2 'commit to the model with --inputs public' "$zkinfer" generate hidden/llama.zkmodel --tokenizer tokenizer.bin --prompt the --prove
expect 0 'wrote' "$zkinfer" compile llama.bin --tokens 8 --head logits -o scores.zkmodel
expect 2 "the head 'choice'" "$zkinfer" generate scores.zkmodel --tokenizer tokenizer.bin --prompt the
expect 2 "'llama' says the next token for each that it reads.*generate shows what it says.*'mean', 'first' or 'none' \(--head of" "$zkinfer" embed llama.zkmodel --tokenizer tokenizer.bin --text the
# Its perplexity on a text, proven under the key of its choices: as the scores of a model that shows them give it.
printf 'the cat and the dog ran to the park and the ball was red %.0s' {1..6} >text.txt
expect 0 'targets +float32 \[[0-9]+, 16\]' "$zkinfer" dataset build -i text.txt --tokenizer tokenizer.bin --tokens 16 -o text.zkset
expect 2 'leave out --labels and --targets' "$zkinfer" dataset build -i text.txt --tokenizer tokenizer.bin --tokens 16 --labels tokens16.npy -o no.zkset
expect 2 'give --tokens' "$zkinfer" dataset build -i text.txt --tokenizer tokenizer.bin -o no.zkset
expect 2 'tokenizer' "$zkinfer" dataset build -i tokens16.npy --tokens 16 -o no.zkset
expect 2 'fewer than the 9999' "$zkinfer" dataset build -i text.txt --tokenizer tokenizer.bin --tokens 9999 -o no.zkset
expect 0 'nats for each of [0-9]+ labels' "$zkinfer" evaluate llama.zkmodel --data text.zkset --metric perplexity -o text.zkeval
expect 0 'nats for each' "$zkinfer" verify text.zkeval -k llama.zkkey --data text.zkset --metric perplexity --at-most 10000
expect 1 'perplexity may be .*, expected at most 1' "$zkinfer" verify text.zkeval -k llama.zkkey --data text.zkset --metric perplexity --at-most 1
"$zkinfer" verify text.zkeval -k llama.zkkey --data text.zkset --json >text.json || fail "verify of a perplexity"
expect 0 'wrote' "$zkinfer" compile llama.bin --tokens 16 --head logits -o scores16.zkmodel
expect 0 'window' "$zkinfer" tokenize --tokenizer tokenizer.bin --file text.txt --window 17 -o windows17.npy
/usr/bin/python3 - "$zkinfer" <<'PYTHON' || fail "the perplexity"
import json, subprocess, sys
import numpy as np
program = sys.argv[1]
windows = np.load("windows17.npy").astype(np.int64)
np.save("inputs16.npy", windows[:, :-1])
outputs = json.loads(subprocess.run([program, "run", "scores16.zkmodel", "--input", "inputs16.npy", "--all", "--json"], capture_output=True, text=True, check=True).stdout)
scores = np.array([inference["outputs"][0]["values"] for inference in outputs["items"]]).reshape(len(windows), 16, -1)
losses = np.log(np.exp(scores).sum(axis=2)) - np.take_along_axis(scores, windows[:, 1:, None], axis=2)[:, :, 0]
said = json.load(open("text.json"))
assert said["num_rows"] == len(windows) and abs(np.log(said["figures"][0]["value"]) - losses.mean()) < 0.01 * losses.mean(), (said["figures"], np.exp(losses.mean()))
PYTHON
before=$(sha256sum llama.zkmodel)
expect 2 'that this command reads' "${generate[@]}" --prompt the --prove -o llama.zkmodel
[[ $before == "$(sha256sum llama.zkmodel)" ]] || fail "an output replaced the model"

# How likely a text is to it, in floats as somebody else computes it, and in integers close to that.
for i in {1..40}; do echo "the cat sat on that hat and $i was there "; done | tr -d '0-9\n' >text.txt
"$zkinfer" tokenize --tokenizer tokenizer.bin --window 16 -o windows.npy --quiet - <text.txt || fail "windows of a text"
measure=("$zkinfer" report llama.zkmodel --network llama.bin --limit 1000)
"${measure[@]}" -i windows.npy --json >windows.json || fail "report of windows"
"${measure[@]}" -i text.txt --tokenizer tokenizer.bin --json >text.json || fail "report of a text"
/usr/bin/python3 - "$(/usr/bin/python3 "$source_folder/tests/cli/sample_llama.py" --perplexity llama.bin windows.npy)" <<'PYTHON' || fail "perplexity"
import json, sys
said = [json.load(open(name))["fidelity"]["language"] for name in ("windows.json", "text.json")]
assert said[0] == said[1] and said[0]["num_tokens"] % 15 == 0, said
assert abs(said[0]["float_perplexity"] / float(sys.argv[1]) - 1) < 1e-4, (said, sys.argv)
assert abs(said[0]["perplexity"] / said[0]["float_perplexity"] - 1) < 0.02 and said[0]["agreement"] > 0.9, said
PYTHON
expect 2 'give --input too' "$zkinfer" report llama.zkmodel --tokenizer tokenizer.bin
# Tokens are numbers without a distance: equal or not.
/usr/bin/python3 - <<'PYTHON' || fail "errors between token numbers"
import json
said = json.load(open("windows.json"))
fidelity = said["fidelity"]
assert fidelity["max_abs_error"] is None and fidelity["error_of_largest"] is None and fidelity["agreement"] > 0.9, fidelity
output, = fidelity["outputs"]
assert output["kind"] == "labels" and output["max_abs_error"] is output["mean_abs_error"] is output["relative_error"] is None, output
assert all(t["float"]["max_abs_error"] is None for t in said["tensors"] if t["is_output"] and t["float"]), said["tensors"]
PYTHON
# What the model was compiled to is the model's to say: tokens and head; other ones are other networks.
"$zkinfer" tokenize --tokenizer tokenizer.bin --window 8 -o short.npy --quiet - <text.txt || fail "windows of a text"
expect 0 'wrote' "$zkinfer" report scores.zkmodel --network llama.bin -i short.npy
expect 2 'another network than the one that the model was compiled from' "$zkinfer" report scores.zkmodel --network llama.bin -i short.npy --head choice
expect 2 'another network than the one that the model was compiled from' "$zkinfer" report scores.zkmodel --network llama.bin -i short.npy --tokens 4

# What it makes of a text, which has as many tokens as it reads.
expect 0 "output 'embedding' +\[1, 16\]" "$zkinfer" compile llama.bin --tokens 9 --head mean -o mean.zkmodel
expect 0 'identity' "$zkinfer" commit mean.zkmodel --inputs public
embed=("$zkinfer" embed mean.zkmodel --tokenizer tokenizer.bin)
expect 0 '9 tokens in' "${embed[@]}" --text "cat hat"
expect 2 '--text: the text has 2 tokens .*, and the model reads 9; compile it for 2 \(--tokens of' "${embed[@]}" --text "a"
expect 2 'add --prove' "${embed[@]}" --text "cat hat" --context x
expect 0 'proved and checked in' "${embed[@]}" --text "cat hat" --prove --context "order 8"
expect 0 '\| cat hat' "$zkinfer" verify mean.zkproof --key mean.zkkey --tokenizer tokenizer.bin --context "order 8"
# Tokens in their order, and an embedding's first numbers: none of them is a class. Without a tokenizer it says how to see the text.
for line in '^  1( [0-9]+){8}$' 'if these are tokens of a text, --tokenizer shows it' '^  \[4\] ' 'the first 5 of 16'; do
  expect 0 "$line" "$zkinfer" verify mean.zkproof --key mean.zkkey
done
expect 1 'the proof is of no answer of a language model' "$zkinfer" verify mean.zkproof --key mean.zkkey --temperature 0
"$zkinfer" verify mean.zkproof --key mean.zkkey --tokenizer tokenizer.bin --json >read.json || fail "verify --json"
"${embed[@]}" --text "cat hat" --json >embedded.json || fail "embed --json"
/usr/bin/python3 - <<'PYTHON' || fail "the proven embedding"
import json
read, said = json.load(open("read.json")), json.load(open("embedded.json"))
assert read["read"]["text"] == "cat hat" and read["inputs"][0]["integers"] == said["tokens"], (read, said)
assert read["outputs"][0]["integers"] == said["outputs"][0]["integers"], (read, said)
PYTHON
expect 0 'wrote' "$zkinfer" compile "$source_folder/examples/mlp/mlp.onnx" -c "$source_folder/examples/mlp/calibration.json" -o mlp.zkmodel
expect 2 'its input is no text' "$zkinfer" embed mlp.zkmodel --tokenizer tokenizer.bin --text a

stories=$data/models/stories260K
if [[ ! -f $stories/stories260K.bin ]]; then
  echo "skipped: $data has no stories260K"
  finish
  exit
fi
# Some of its own text as calibration: what the model says to a few beginnings, by its float scores with some chance.
/usr/bin/python3 "$source_folder/tests/cli/sample_llama.py" "$stories/stories260K.bin" 64 16 calibration.npy greedy.json || fail "sample_llama.py"
expect 0 'equal labels +(99|100)' "$zkinfer" compile "$stories/stories260K.bin" --tokens 64 -c calibration.npy -o stories.zkmodel
# The bar: perplexity within 0.5 % of float, on text that calibration did not see.
/usr/bin/python3 "$source_folder/tests/cli/sample_llama.py" "$stories/stories260K.bin" 64 32 more.npy more.json || fail "sample_llama.py"
/usr/bin/python3 -c 'import numpy; numpy.save("held.npy", numpy.load("more.npy")[16:])'
"$zkinfer" report stories.zkmodel --network "$stories/stories260K.bin" -i held.npy --json >held.json || fail "report stories"
/usr/bin/python3 - <<'PYTHON' || fail "perplexity of stories260K"
import json
said = json.load(open("held.json"))["fidelity"]["language"]
assert abs(said["perplexity"] / said["float_perplexity"] - 1) < 0.005 and said["agreement"] > 0.97, said
PYTHON
expect 0 'identity' "$zkinfer" commit stories.zkmodel --inputs public
expect 0 '"proof_bytes"' "$zkinfer" generate stories.zkmodel --tokenizer "$stories/tok512.bin" --prompt "Once upon a time" --prove --json
"$zkinfer" verify stories.zkproof --key stories.zkkey --json >stories.json || fail "verify stories"
/usr/bin/python3 - <<'PYTHON' || fail "the proven answer is not the float model's"
import json
said = json.load(open("stories.json"))["generation"]
assert said["prompt_tokens"] + said["answer_tokens"] == json.load(open("greedy.json")), said
PYTHON
# Sampled: the default rule of others, from its 64 best tokens.
expect 0 'sampling.drawn' "$zkinfer" compile "$stories/stories260K.bin" --tokens 64 -c calibration.npy --candidates 64 -o sampled.zkmodel
expect 0 'identity' "$zkinfer" commit sampled.zkmodel --inputs public
expect 0 '"proof_bytes"' "$zkinfer" generate sampled.zkmodel --tokenizer "$stories/tok512.bin" --prompt "Once upon a time" --temperature 0.8 --top-k 40 --top-p 0.95 \
  --seed order-17 --prove --json
expect 0 'each drawn by the rule' "$zkinfer" verify sampled.zkproof --key sampled.zkkey --tokenizer "$stories/tok512.bin" --context order-17
finish
