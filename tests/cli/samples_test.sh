#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# Several samples in one call, inputs that the model clips, what the model keeps of its preprocessing, and models that are no
# likeness of the network: what is refused, what is warned about, and that programs see both.
# Usage: samples_test.sh ZKINFER SOURCE_FOLDER WORK_FOLDER
set -uo pipefail
source "$(dirname "$0")/expect.sh"
begin "$@"
cp "$source_folder"/examples/digits/{digits.onnx,calibration.npy,test.npy,digit_7.png,digit_3.png} .
cp "$source_folder"/examples/mlp/mlp.onnx .
cp "$source_folder"/examples/mlp/calibration.json mlp_calibration.json

# json FILE FILTER: what jq makes of it, on one line.
json() { jq -c "$2" "$1"; }
# is VALUE EXPECTED WHAT
is() { [[ $1 == "$2" ]] || fail "$3: expected $2, got $1"; }
# The slot that a proof takes now; what was refused since the last one has taken none if it is the next.
slot() { "$zkinfer" prove digits.zkmodel -i digit_7.png -o slot.zkproof --json 2>/dev/null | jq .slot; }

expect 0 'cosine' "$zkinfer" compile digits.onnx -c calibration.npy
expect 0 'identity' "$zkinfer" commit digits.zkmodel

# run and digest: ranges, all, one.
"$zkinfer" run digits.zkmodel -i test.npy --index 3-5,9 --json >run.json || fail "run of a range"
is "$(json run.json "[.items[].index]")" "[3,4,5,9]" "indices"
is "$(json run.json "[.num_done, .num_failed, .warnings]")" "[4,0,[]]" "counts"
"$zkinfer" run digits.zkmodel -i test.npy --index 4 --json >one.json
is "$(json one.json .outputs)" "$(json run.json ".items[1].outputs")" "the fourth sample alone and in a range"
expect 0 'ran 2 of 2' "$zkinfer" run digits.zkmodel -i digit_7.png digit_3.png
expect 2 'holds [0-9]+ samples.*--all' "$zkinfer" run digits.zkmodel -i test.npy
for index in x 5-3 1, -1 99999 0-99999 1-2-3 18446744073709551616; do
  expect 2 '--index' "$zkinfer" run digits.zkmodel -i test.npy --index="$index"
done
expect 2 'samples of one file' "$zkinfer" run digits.zkmodel -i test.npy digit_7.png --index 0
# Nor are the names of streams those of files.
mkfifo a_pipe
for stream in - /dev/null a_pipe; do
  expect 2 "'$stream' is no name for 2 files.*index" "$zkinfer" prove digits.zkmodel -i test.npy --index 0-1 -o "$stream"
  expect 2 "'$stream' is no name for 2 files" "$zkinfer" digest digits.zkmodel -i test.npy --index 0-1 --write-input-data "$stream"
done
[[ -z $(find . -name '*.000[01]*') ]] || fail "files beside a stream"
# A folder is made where the name asks for one; not two, and nothing stays of it where the command is refused.
expect 2 '.nme.. stands for nothing.*index' "$zkinfer" digest digits.zkmodel -i test.npy --index 0-1 --write-input-data 'digests/{nme}.bin'
expect 2 'no_such/digests/' "$zkinfer" digest digits.zkmodel -i test.npy --index 0-1 --write-input-data no_such/digests/
[[ ! -e digests && ! -e no_such ]] || fail "a refused command made a folder"
expect 0 'bafkrei' "$zkinfer" digest digits.zkmodel -i test.npy --index 0-1 --write-input-data digests/
[[ -f digests/test.0000.bin && -f digests/test.0001.bin ]] || fail "digest names its files by index"

# prove: into a folder, by a pattern, by name; one commitment load; each proof verifies and is about its sample.
expect 2 '.nme.. stands for nothing' "$zkinfer" prove digits.zkmodel -i test.npy --index 7-9 -o 'proofs/{nme}.zkproof'
expect 2 'lie outside|4000' "$zkinfer" prove digits.zkmodel -i test.npy --index 4000-4001 -o proofs/
expect 2 'absent.zksecret' "$zkinfer" prove digits.zkmodel -i test.npy --index 7-9 -s absent.zksecret -o proofs/
[[ ! -e proofs ]] || fail "a refused command made a folder"
before=$(slot)
"$zkinfer" prove digits.zkmodel -i test.npy --index 7-9 -o proofs/ --json >prove.json || fail "prove of a range"
is "$(ls proofs/*.zkproof | tr '\n' ' ')" "proofs/test.0007.zkproof proofs/test.0008.zkproof proofs/test.0009.zkproof " "names in a folder"
is "$(slot)" "$((before + 4))" "slots"
is "$(json prove.json "[.num_done, .num_failed, (.items | length)]")" "[3,0,3]" "counts"
is "$(json prove.json ".total_seconds > .prove_seconds and .prove_seconds > 0 and .restore_seconds > 0")" true "what a person waited, and the kernel's share"
"$zkinfer" run digits.zkmodel -i test.npy --index 8 --json >eighth.json
is "$(json prove.json ".items[1].outputs")" "$(json eighth.json .outputs)" "outputs of the eighth"
for proof in proofs/*.zkproof; do expect 0 'ACCEPTED' "$zkinfer" verify "$proof" -k digits.zkkey; done

# verify: a folder, several files; a rejected one and an unreadable one among them.
expect 0 'accepted 3 of 3' "$zkinfer" verify proofs -k digits.zkkey
cp proofs/test.0007.zkproof changed.zkproof && change changed.zkproof 200
cp proofs/*.zkpath .
"$zkinfer" verify proofs changed.zkproof -k digits.zkkey --json >verify.json
is "$?" 1 "exit code with a rejected proof"
is "$(json verify.json "[.accepted, .num_items, .num_accepted, .num_rejected, .num_failed]")" "[false,4,3,1,0]" "counts of verify"
is "$(json verify.json '.items[3].accepted')" false "the changed proof"
expect 2 'accepted 3 of 4, rejected 0, not read 1' "$zkinfer" verify proofs absent.zkproof -k digits.zkkey
expect 1 'rejected 1, not read 1' "$zkinfer" verify changed.zkproof absent.zkproof -k digits.zkkey
mkdir empty && expect 2 'no .zkproof' "$zkinfer" verify empty -k digits.zkkey
expect 0 'proved 2 of 2' "$zkinfer" prove digits.zkmodel -i test.npy --index 0,1 -o 'proofs/p-{index}.zkproof'
expect 0 'proved 2 of 2' "$zkinfer" prove digits.zkmodel -i test.npy --index 0,1 -o q.zkproof
expect 0 'proved 2 of 2' "$zkinfer" prove digits.zkmodel -i digit_7.png digit_3.png -o 'proofs/{name}.zkproof'
expect 0 'proved 2 of 2' "$zkinfer" prove digits.zkmodel -i test.npy --index 0,1 -o 'made/p-{index}.zkproof' --report 'pages/{index}.html'
[[ -f made/p-0001.zkproof && -f pages/0001.html ]] || fail "a pattern's folder is made"

# prove --batch: one file, one slot; every row's outputs are those of its own run; verify, inspect and bundle take it.
before=$(slot)
"$zkinfer" prove digits.zkmodel -i test.npy --batch --index 7-9,12 -o rows.zkbatch --context order-4711 --json >batch.json || fail "prove --batch"
is "$(slot)" "$((before + 2))" "slots of a batch"
is "$(json batch.json "[.num_rows, (.rows | length), [.rows[].index]]")" "[4,4,[7,8,9,12]]" "rows"
is "$(json batch.json ".rows[1].outputs")" "$(json eighth.json .outputs)" "outputs of a row"
"$zkinfer" verify rows.zkbatch -k digits.zkkey --context order-4711 --json >rows.json || fail "verify of a batch"
is "$(json rows.json "[.accepted, .num_rows, .weights_certified]")" "[true,4,true]" "a batch is accepted"
is "$(json rows.json "[.rows[].outputs[0].integers]")" "$(json batch.json "[.rows[].outputs[0].integers]")" "outputs by row"
expect 0 'rows +4' "$zkinfer" verify rows.zkbatch -k digits.zkkey
expect 0 '^row 3  \[[0-9]\] [0-9.]+$' "$zkinfer" verify rows.zkbatch -k digits.zkkey
expect 0 'check with: zkinfer verify checked.zkbatch --key digits.zkkey --context a$' "$zkinfer" prove digits.zkmodel -i test.npy --batch --index 7-8 -o checked.zkbatch --context a
expect 0 'ACCEPTED' "$zkinfer" verify checked.zkbatch --key digits.zkkey --context a
expect 1 'REJECTED.*context' "$zkinfer" verify rows.zkbatch -k digits.zkkey --context other
is "$("$zkinfer" inspect rows.zkbatch --json | jq -c '[.kind, .claimed_rows]')" '["batch",4]' "kind"
expect 0 'batch proof.*accepted' "$zkinfer" inspect rows.zkbatch --key digits.zkkey
expect 0 'wrote' "$zkinfer" bundle rows.zkbatch -k digits.zkkey -o rows.zkbundle
expect 0 'rows +4' "$zkinfer" verify rows.zkbundle -k digits.zkkey
mkdir both && cp rows.zkbatch proofs/test.0007.zkproof proofs/*.zkpath both
expect 0 'rows.zkbatch +4 rows' "$zkinfer" verify both -k digits.zkkey
cp rows.zkbatch changed.zkbatch && change changed.zkbatch 2000
expect 1 'REJECTED' "$zkinfer" verify changed.zkbatch -k digits.zkkey
expect 2 'rows.zkbatch. is there already.*--force' "$zkinfer" prove digits.zkmodel -i test.npy --batch --index 7 -o rows.zkbatch
expect 2 '--all' "$zkinfer" prove digits.zkmodel -i test.npy --batch --all -o other.zkbatch
expect 2 '--output-digest.*batch' "$zkinfer" verify rows.zkbatch -k digits.zkkey --output-digest "$(printf '0%.0s' {1..64})"
expect 1 'a batch proof' "$zkinfer" verify-chain digits.zkkey rows.zkbatch digits.zkkey proofs/test.0007.zkproof
expect 0 'proved 2 rows' "$zkinfer" prove digits.zkmodel -i digit_7.png digit_3.png --batch
[[ -f digit_7.zkbatch ]] || fail "a batch is named after its first input"
# What only the hash is public of comes row after row.
expect 0 'identity' "$zkinfer" commit digits.zkmodel --secret hashed.zksecret --key hashed.zkkey --inputs public:sha256
expect 0 'wrote' "$zkinfer" prove digits.zkmodel -s hashed.zksecret -i test.npy --batch --index 0-2 -o hashed.zkbatch --write-input-data rows.bin
expect 0 'rows +3' "$zkinfer" verify hashed.zkbatch -k hashed.zkkey --input-data rows.bin
expect 2 '--input-data' "$zkinfer" verify hashed.zkbatch -k hashed.zkkey
head -c 100 rows.bin >short.bin && expect 2 'every row' "$zkinfer" verify hashed.zkbatch -k hashed.zkkey --input-data short.bin
change rows.bin 100 && expect 1 "'image' of row 1: .*hash" "$zkinfer" verify hashed.zkbatch -k hashed.zkkey --input-data rows.bin

# A batch that is stopped ends with what it is at, and says what there is.
"$zkinfer" prove digits.zkmodel -i test.npy --all -o stopped/ >stopped.txt 2>&1 &
stopped=$!
for ((i = 0; i < 600; i++)); do
  [[ -n $(ls stopped 2>/dev/null | grep zkproof) ]] && break
  sleep 0.1
done
kill -TERM "$stopped"
wait "$stopped"
is "$?" 143 "exit code of a batch that was stopped"
count=$(ls stopped/*.zkproof | wc -l)
grep -q "interrupted: $count of 400, $((400 - count)) not tried" stopped.txt || fail "a stopped batch says nothing: $(tail -n 3 stopped.txt)"
is "$(grep -c 'written: stopped/test' stopped.txt)" "$count" "what a stopped batch has written"
for file in proofs/p-0000.zkproof q.0001.zkproof proofs/digit_3.zkproof; do [[ -f $file ]] || fail "no $file"; done
expect 0 'wrote test.0002.zkproof' "$zkinfer" prove digits.zkmodel -i test.npy --index 2

# A page about a proof, of one's own model; it shows what the proof shows and no input.
expect 0 'wrote page.html' "$zkinfer" prove digits.zkmodel -i digit_7.png -o page.zkproof --context order-4711 --report page.html
grep -q 'PROOF ACCEPTED' page.html || fail "the page has no verdict"
grep -q "$("$zkinfer" inspect digits.zkkey | awk '$1 == "identity" { print $2; exit }')" page.html || fail "the page names another model"
grep -q 'order-4711' page.html || fail "the page names no context"
grep -qE '<script|https?://' page.html && fail "the page is not self-contained"

# Nothing is replaced in silence, and nothing that is refused costs a slot.
before=$(slot)
expect 2 'q.0000.zkproof.*1 more.*there already.*--force' "$zkinfer" prove digits.zkmodel -i test.npy --index 0,1 -o q.zkproof
expect 2 'would both be written' "$zkinfer" prove digits.zkmodel -i digit_7.png ./digit_7.png -o proofs/
expect 2 'no_such' "$zkinfer" prove digits.zkmodel -i test.npy --index 0-1 -o no_such/p.zkproof
is "$(slot)" "$((before + 1))" "slots after refusals"
expect 0 'proved 2 of 2' "$zkinfer" prove digits.zkmodel -i test.npy --index 0,1 -o q.zkproof --force
expect 0 'warning: an earlier proof' "$zkinfer" prove digits.zkmodel -i test.npy --index 2

# A folder: what is no input is left out and said; what is a bad one fails alone, and the exit code says so.
mkdir inbox && cp digit_7.png digit_3.png inbox/ && echo 'not an input' >inbox/readme.txt && head -c 60 digit_7.png >inbox/broken.png
"$zkinfer" prove digits.zkmodel -i inbox -o proofs/in.zkproof --json >inbox.json 2>inbox.err
is "$?" 2 "exit code when one of three fails"
is "$(json inbox.json "[.num_items, .num_done, .num_failed]")" "[3,2,1]" "counts with a bad file"
is "$(json inbox.json '[.items[] | select(.error) | .input]')" '["inbox/broken.png"]' "the bad file"
is "$(json inbox.json ".warnings | length")" 1 "the file that is no input"
grep -q 'broken.png' inbox.err || fail "the bad file is named on standard error"

# Inputs that the model clips: counted, said, refused.
# Sixty-four numbers: $1, and the last four $2.
sample() { for ((i = 0; i < 60; i++)); do printf '%s, ' "$1"; done; echo -n "$2"; }
echo "{\"input_data\": [[$(sample 0.5 '3.0, 2.0, -1.0, 1e30')]]}" >loud.json
echo "{\"input_data\": [[$(sample 0.5 '0.5, 0.5, 0.5, 0.5'), $(sample 0.5 '3.0, 2.0, -1.0, 1e30')]]}" >pair.json
expect 0 "warning: 4 of 64 values of input 'image' lie outside of 0 .. 1.*1e\+30.*clipped" "$zkinfer" run digits.zkmodel -i loud.json
"$zkinfer" run digits.zkmodel -i loud.json --json >clipped.json 2>/dev/null
is "$(json clipped.json "[.clipping[0].num_clipped, (.warnings | length)]")" "[4,1]" "clipped values in JSON"
before=$(slot)
expect 2 "4 of 64 values" "$zkinfer" prove digits.zkmodel -i loud.json --strict
expect 2 "4 of 64 values" "$zkinfer" run digits.zkmodel -i loud.json --strict
expect 2 "4 of 64 values" "$zkinfer" digest digits.zkmodel -i loud.json --strict
is "$(slot)" "$((before + 1))" "slots after --strict"
expect 0 'warning: 4 of 64' "$zkinfer" prove digits.zkmodel -i loud.json -o loud.zkproof
"$zkinfer" prove digits.zkmodel -i pair.json --all --strict -o pair/ >pair.txt 2>&1
is "$?" 2 "one sample of two is clipped"
is "$(cd pair && ls *.zkproof)" "pair.0000.zkproof" "the other one is proven"
expect 0 'cut off|no value' "$zkinfer" run digits.zkmodel -i loud.json --saturation

# Preprocessing belongs to the model.
expect 0 'cosine' "$zkinfer" compile digits.onnx -c calibration.npy --scale 0.00392156862745098 --mean 0 --std 1 -o kept.zkmodel
# The levels of the first test picture, as numbers.
header=$(od -An -tu2 -j 8 -N 2 test.npy)
echo "{\"input_data\": [[$(od -An -v -w64 -tu1 -j $((10 + header)) -N 64 test.npy | xargs | tr ' ' ',')]]}" >floats.json
"$zkinfer" run kept.zkmodel -i floats.json --json >kept.json || fail "run with kept preprocessing"
"$zkinfer" run kept.zkmodel -i test.npy --index 0 --json >levels.json
is "$(json kept.json "[.outputs, .warnings]")" "$(json levels.json "[.outputs, .warnings]")" "levels as numbers and as picture"
expect 0 'warning: .*clipped' "$zkinfer" run digits.zkmodel -i floats.json
expect 2 '--scale .*compiled with 0.00392.*--override-preprocessing' "$zkinfer" run kept.zkmodel -i floats.json --scale 1
expect 0 'warning: the input is prepared in another way' "$zkinfer" run kept.zkmodel -i floats.json --scale 0.004 --override-preprocessing
expect 0 '\[' "$zkinfer" run kept.zkmodel -i floats.json --std 1
expect 2 '--scale' "$zkinfer" run digits.zkmodel -i floats.json --scale 0.00392156862745098
expect 2 'positive' "$zkinfer" compile digits.onnx -c calibration.npy --std 0 -o bad.zkmodel
expect 2 'finite' "$zkinfer" compile digits.onnx -c calibration.npy --scale nan -o bad.zkmodel

# A poor likeness is said, and refused where a floor is given.
expect 0 'warning: .*(largest entry|cosine)' "$zkinfer" compile mlp.onnx -c mlp_calibration.json --weight-bits 4 -o poor.zkmodel
expect 2 '--min-cosine: cosine 0' "$zkinfer" compile mlp.onnx -c mlp_calibration.json --weight-bits 4 -o none.zkmodel --min-cosine 0.9999
expect 2 '--min-cosine' "$zkinfer" compile mlp.onnx -c mlp_calibration.json --weight-bits 4 -o none.zkmodel --min-cosine 0.99
[[ -e none.zkmodel ]] && fail "a refused model was written"
echo '{"input_data": [[1, 1, 1, 1]]}' >constant.json
python3 -c 'import json; print(json.dumps({"input_data": [[5.1, 3.5, 1.4, 0.2] * 9]}))' >same.json
expect 0 'warning: all 9 calibration inputs have the same .flower.: give inputs like' "$zkinfer" compile mlp.onnx -c same.json -o poor.zkmodel
expect 0 'warning: only 1 calibration input:' "$zkinfer" compile mlp.onnx -c constant.json -o poor.zkmodel
expect 0 'warning: .*one number' "$zkinfer" compile mlp.onnx -c constant.json -o poor.zkmodel
# On whatever is given the integers look as good as they can be; what is odd about it is said, and the range that it gave.
odd() { jq -n "{input_data: [[range(1200) | $1]]}" >odd.json && expect 0 "$2" "$zkinfer" compile mlp.onnx -c odd.json -o odd.zkmodel --limit 300; }
odd 'if . == 30 then 1e7 else (. % 7) / 7 end' 'warning: the calibration data of input .flower. reach 1e.07, and 99.9 % of them lie within'
odd '. * 1e-15' 'warning: output .logits. is the same for all [0-9]+ calibration inputs, which differ'
odd '(. * 37) % 256' 'input .flower. +.1, 4., takes 0 .. 2[0-9][0-9]'
"$zkinfer" compile mlp.onnx -c mlp_calibration.json -o fine.zkmodel --json >compile.json 2>/dev/null || fail "compile --json"
is "$(json compile.json "[.fidelity.outputs[0].kind, .fidelity_on_calibration_data, .model]")" '["scores",true,"fine.zkmodel"]' "compile --json"
is "$(script -qec "'$zkinfer' compile mlp.onnx -c constant.json -o poor.zkmodel" /dev/null | grep -c $'\033\[31mwarning')" 2 "warnings are red on a terminal"
is "$(NO_COLOR=1 script -qec "'$zkinfer' compile mlp.onnx -c constant.json -o poor.zkmodel" /dev/null | grep -c $'\033\[31m')" 0 "not with NO_COLOR"

# Every command's result is one object with warnings.
for words in "inspect digits.zkkey" "inspect digits.zkmodel" "inspect slot.zkproof" "inspect test.npy" "soundness digits.zkkey" "commitment status digits.zksecret" \
  "commit fine.zkmodel" "rotate digits.zkmodel" "commitment open digits.zkmodel" "commitment check digits.zkmodel digits.zkaudit -k digits.zkkey" \
  "verify slot.zkproof -k digits.zkkey" "commitment backup digits.zksecret" "certify fine.zkmodel --force" "commitment split fine.zksecret --into 2"; do
  "$zkinfer" $words --json >object.json 2>object.err || fail "$words --json: $(cat object.err)"
  is "$(json object.json '.warnings | type')" '"array"' "$words --json"
done

# Errors are JSON too: one object on standard output, whatever went wrong.
for words in "run digits.zkmodel -i absent.npy --json" "run absent.zkmodel -i test.npy --json" "run --json" "prove digits.zkmodel -i test.npy --json" \
  "compile absent.onnx -c calibration.npy --json" "digest digits.zkkey -i test.npy --index 4000 --json"; do
  "$zkinfer" $words >error.json 2>/dev/null
  is "$?" 2 "$words"
  is "$(json error.json '[keys, (.error | keys)]')" '[["error","warnings"],["code","message"]]' "$words"
done
finish
