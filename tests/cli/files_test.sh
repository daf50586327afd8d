#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# What commands do to files, terminals and pipes, as tables: every command that writes, with every option that names a file, against
# every kind of thing that such a name can stand for; every command that prints, into a full disk; hostile names everywhere.
# Usage: files_test.sh ZKINFER SOURCE_FOLDER WORK_FOLDER
set -uo pipefail
source "$(dirname "$0")/expect.sh"
begin "$@"
examples=$source_folder/examples

cp "$examples"/mlp/mlp.onnx .
cp "$examples"/mlp/calibration.json "$examples"/mlp/input.json .
expect 0 'wrote' "$zkinfer" compile mlp.onnx -c calibration.json
# Few slots and bits: small commitments, which are made many times here.
small=(--budget 120 --security-bits 100)
expect 0 'wrote' "$zkinfer" commit mlp.zkmodel "${small[@]}"
expect 0 'wrote' "$zkinfer" prove mlp.zkmodel -i input.json
mlp_path=$(ls ????????????????.zkpath)  # others come beside it
expect 0 'wrote' "$zkinfer" commit mlp.zkmodel --public-model --key open.zkkey --secret open.zksecret
expect 0 'wrote' "$zkinfer" commit mlp.zkmodel --inputs committed --outputs committed --key tensor.zkkey --secret tensor.zksecret "${small[@]}"
expect 0 'wrote' "$zkinfer" commit-tensor tensor.zkkey -i input.json -o flower
expect 0 'wrote' "$zkinfer" commitment backup mlp.zksecret
/usr/bin/python3 "$examples/language_model/make_model.py" || fail "make_model.py"
expect 0 'wrote' "$zkinfer" compile llama.bin --tokens 4
expect 0 'wrote' "$zkinfer" commit llama.zkmodel --inputs public "${small[@]}"
expect 0 'wrote' "$zkinfer" compile llama.bin --tokens 4 --head mean -o mean.zkmodel
expect 0 'wrote' "$zkinfer" commit mean.zkmodel "${small[@]}"

expect 0 'wrote' "$zkinfer" compile mlp.onnx -c calibration.json --segments 2 -o cut.zkmodel
expect 0 'wrote' "$zkinfer" commit cut.zkmodel "${small[@]}"
expect 0 'wrote' "$zkinfer" prove cut.zkmodel -i input.json --write-plan cut.zkplan
for i in 1 2; do expect 0 'wrote' "$zkinfer" prove cut.zkmodel --plan cut.zkplan --segment $i/2; done

echo '{"input_data": [[0, 1, 2, 0, 1, 2, 0, 1, 2, 0, 1, 2, 0, 1, 2, 0, 1, 2, 0, 1]]}' >labels.json
expect 0 'wrote' "$zkinfer" dataset build -i calibration.json --labels labels.json -o rows.zkset
expect 0 'wrote' "$zkinfer" evaluate mlp.zkmodel --data rows.zkset
expect 0 'wrote' "$zkinfer" seal mlp.zkmodel -o w.zksealed

# The commands that write: command and option, what stands before the file's name, and the files that the command reads.
rows=(
  "compile --output|$zkinfer compile mlp.onnx -c calibration.json -o|mlp.onnx calibration.json"
  "compile --fidelity-json|$zkinfer compile mlp.onnx -c calibration.json -o /dev/null --fidelity-json|mlp.onnx calibration.json"
  "compile --report|$zkinfer compile mlp.onnx -c calibration.json -o /dev/null --report|mlp.onnx calibration.json"
  "report --output|$zkinfer report mlp.zkmodel -i input.json --network mlp.onnx -o|mlp.zkmodel input.json mlp.onnx"
  "commit --key|$zkinfer commit mlp.zkmodel ${small[*]} --secret fresh.zksecret --certificate fresh.zkcert --key|mlp.zkmodel"
  "commit --certificate|$zkinfer commit mlp.zkmodel ${small[*]} --secret fresh.zksecret --key fresh.zkkey --certificate|mlp.zkmodel"
  "prove --output|$zkinfer prove mlp.zkmodel -i input.json -o|mlp.zkmodel input.json"
  "prove --write-input-data|$zkinfer prove mlp.zkmodel -i input.json -o /dev/null --write-input-data|mlp.zkmodel input.json"
  "prove --write-output-data|$zkinfer prove mlp.zkmodel -i input.json -o /dev/null --write-output-data|mlp.zkmodel input.json"
  "prove --write-plan|$zkinfer prove cut.zkmodel -i input.json --write-plan|cut.zkmodel input.json"
  "join --output|$zkinfer join cut.1.zkpart cut.2.zkpart -o|cut.1.zkpart cut.2.zkpart"
  "dataset build --output|$zkinfer dataset build -i calibration.json --labels labels.json -o|calibration.json labels.json"
  "evaluate --output|$zkinfer evaluate mlp.zkmodel --data rows.zkset -o|mlp.zkmodel rows.zkset"
  "verify --report|$zkinfer verify rows.zkeval -k mlp.zkkey --data rows.zkset --report|rows.zkeval mlp.zkkey mlp.zkcert rows.zkset"
  "seal --output|$zkinfer seal mlp.zkmodel --proof fresh.zkenc --shares fresh.zkshares -o|mlp.zkmodel"
  "seal --proof|$zkinfer seal mlp.zkmodel -o fresh.zksealed --shares fresh.zkshares --proof|mlp.zkmodel"
  "seal --shares|$zkinfer seal mlp.zkmodel -o fresh.zksealed --proof fresh.zkenc --shares|mlp.zkmodel"
  "unseal --output|$zkinfer unseal w.zksealed -k mlp.zkkey --path $mlp_path --shares w.zkshares -o|w.zksealed w.zkenc mlp.zkkey w.zkshares"
  "certify --output|$zkinfer certify mlp.zkmodel -s tensor.zksecret -o|mlp.zkmodel"
  "digest --write-input-data|$zkinfer digest mlp.zkkey -i input.json --write-input-data|mlp.zkkey input.json"
  "prove --report|$zkinfer prove mlp.zkmodel -i input.json -o /dev/null --report|mlp.zkmodel input.json"
  "bundle --output|$zkinfer bundle input.zkproof -k mlp.zkkey -o|input.zkproof mlp.zkkey mlp.zkcert $mlp_path"
  "evm export --output|$zkinfer evm export input.zkproof -k mlp.zkkey -o|input.zkproof mlp.zkkey $mlp_path"
  "commitment open --output|$zkinfer commitment open mlp.zkmodel -o|mlp.zkmodel"
  "generate --output|$zkinfer generate llama.zkmodel --tokenizer tokenizer.bin --prompt a --tokens 1 --prove -o|llama.zkmodel tokenizer.bin"
  "embed --output|$zkinfer embed mean.zkmodel --tokenizer tokenizer.bin --text abc --secret mean.zksecret --prove -o|mean.zkmodel tokenizer.bin"
  "tokenize --output|$zkinfer tokenize --tokenizer tokenizer.bin --window 4 abcdefgh -o|tokenizer.bin"
  "bench --output|$zkinfer bench mlp.zkmodel -i input.json -n 1 -o|mlp.zkmodel input.json"
)
secrets=(mlp.zksecret flower.zktsecret)
# Those that make files that count slots, by their name or by that of two files; the table of what is refused is below.
counted=(
  "commit --secret|commit mlp.zkmodel ${small[*]} --key fresh.zkkey --certificate fresh.zkcert --force --secret"
  "commitment backup --output|commitment backup mlp.zksecret -o"
  "commitment restore --secret|commitment restore mlp.zkbackup -k mlp.zkkey --none-published -s"
)
named=(
  "commit-tensor --output|commit-tensor tensor.zkkey -i input.json --force -o"
  "prove --committed-output|prove mlp.zkmodel -s tensor.zksecret --committed-input flower.zktsecret -o fresh.zkproof --force --committed-output"
)
while read -r command; do
  for option in $(options_of "$command" 'NEW-FILE([ :]|$)'); do
    grep -q -- "^$command $option|" <<<"$(printf '%s\n' "${rows[@]}" "${counted[@]}" "${named[@]}")" || fail "$command $option: no row in this test"
  done
done < <(all_commands)

# What a refused command leaves: nothing new, nothing changed, no slot taken.
snapshot() { find . -not -name '*.lock' -not -path './tensor.zkserving*' -type f -exec sha256sum {} + | sort -k 2; }
left() { "$zkinfer" commitment status mlp.zksecret --quiet; }
refuses() {
  local what=$1 status output
  shift
  snapshot >../before
  local slots
  slots=$(left)
  output=$("$@" 2>&1 </dev/null)
  status=$?
  [[ $status -eq 2 ]] || fail "$what: exit code $status, expected 2: $* : $(head -c 300 <<<"$output")"
  [[ $output == zkinfer:* ]] || fail "$what: no message: $*: $output"
  [[ $(left) == "$slots" ]] || fail "$what: a slot was taken"
  snapshot >../after
  cmp -s ../before ../after || fail "$what: files changed: $(diff ../before ../after | head -n 5)"
}

mkdir -p folder
for row in "${rows[@]}"; do
  IFS='|' read -r name command inputs <<<"$row"
  read -ra words <<<"$command"
  rm -rf fresh.* pipe null link dangling target got other
  # Where several inputs can be given, a folder takes the outputs.
  [[ $name == prove* || $name == digest* ]] || refuses "$name: folder" "${words[@]}" folder
  refuses "$name: missing folder" "${words[@]}" nowhere/x
  refuses "$name: a file as a folder" "${words[@]}" input.json/x
  for input in $inputs; do
    refuses "$name: its own input $input" "${words[@]}" "$input"
    refuses "$name: its own input $input, forced" "${words[@]}" "$input" --force
    ln -sf "$input" link
    refuses "$name: its own input $input by a link" "${words[@]}" link
    rm -f link
  done
  for secret in "${secrets[@]}"; do
    refuses "$name: secret $secret" "${words[@]}" "$secret"
    refuses "$name: secret $secret, forced" "${words[@]}" "$secret" --force
    refuses "$name: the lock of $secret" "${words[@]}" "$secret.lock" --force
  done
  echo "something of mine" >other
  refuses "$name: another kind of file" "${words[@]}" other
  refuses "$name: what serves" "${words[@]}" mlp.zkserving/1.zkpath --force
  # In place: the pipe stays one, the device stays one; a link stays one, and its target is written.
  rm -rf fresh.*
  mkfifo pipe
  timeout 100 cat pipe >got &
  reader=$!
  expect 0 '' timeout 120 "${words[@]}" pipe
  wait "$reader"
  [[ -p pipe && -s got ]] || fail "$name: the pipe was replaced, or got nothing"
  rm -rf fresh.* pipe
  expect 0 '' "${words[@]}" /dev/null
  [[ -c /dev/null ]] || fail "$name: /dev/null is no device any more"
  rm -rf fresh.*
  expect 2 'cannot write' "${words[@]}" /dev/full
  [[ ! -e fresh.zksecret && ! -e fresh.zkkey ]] || fail "$name: a failed command left files: $(ls fresh.*)"
  rm -rf fresh.*
  ln -s target dangling
  expect 0 '' "${words[@]}" dangling
  [[ -L dangling && -s target ]] || fail "$name: a link to a new file was replaced"
  rm -rf fresh.*
  # What has no head may be anybody's, whatever its length.
  [[ $name != *-data ]] || expect 2 'nothing in it says what it is; replace it with --force' "${words[@]}" dangling
  # This, keys and certificates, a plan that has a slot, and key shares are replaced with --force only.
  [[ $name != "commit "* && $name != "certify --output" && $name != "prove --write-plan" && $name != "seal --shares" && $name != *-data ]] || words=("${words[@]:0:2}" --force "${words[@]:2}")
  expect 0 '' "${words[@]}" dangling
  [[ -L dangling && -s target ]] || fail "$name: a link to a file of this kind was replaced"
  rm -rf fresh.* dangling target
  "${words[@]}" - >piped 2>said </dev/null || fail "$name: - is not standard output: $(head -c 300 said)"
  cmp -s got piped || [[ $(head -c 4 got) == "$(head -c 4 piped)" ]] || fail "$name: - and a pipe get different things"
  rm -rf fresh.* piped said
done
leftovers=$(find . -name '.zkinfer-*' -o -name '*.tmp*')
[[ -z $leftovers ]] || fail "temporary files were left: $leftovers"

# A folder that is read stands for all that is in it, and a network for the files that it names.
mkdir -p saved/variables
cp "$(dirname "$examples")"/testdata/keras/sequence_new/{saved_model.pb,keras_metadata.pb} saved
cp "$(dirname "$examples")"/testdata/keras/sequence_new/variables/* saved/variables
python3 "$examples"/../tests/cli/odd_model.py beside.onnx scores beside || fail "beside.onnx cannot be made"
expect 0 'wrote' "$zkinfer" compile beside.onnx -c calibration.json -o beside.zkmodel
for member in saved_model.pb keras_metadata.pb variables/variables.index variables/variables.data-00000-of-00001; do
  refuses "compile: $member of its own input" "$zkinfer" compile saved -o saved/$member
  refuses "compile: $member of its own input, forced" "$zkinfer" compile saved -o saved/$member --force
  refuses "compile --report: $member of its own input, forced" "$zkinfer" compile saved -o fresh.zkmodel --report saved/$member --force
  ln -sf "saved/$member" link
  refuses "compile: $member of its own input by a link" "$zkinfer" compile saved -o link --force
  rm -f link
done
refuses 'compile: weights of its own input, forced' "$zkinfer" compile beside.onnx -c calibration.json -o beside.onnx.bin --force
refuses 'bench: weights of its own input, forced' "$zkinfer" bench beside.onnx -c calibration.json -i input.json -n 1 -o beside.onnx.bin --force
refuses 'report: weights of its own input, forced' "$zkinfer" report beside.zkmodel -i input.json --network beside.onnx -o beside.onnx.bin --force
mkdir -p photos && cp input.json photos/a.json && cp input.json photos/b.json
refuses 'prove: a member of the folder of inputs' "$zkinfer" prove mlp.zkmodel -i photos -o photos/{name}.json --force
refuses 'prove --batch: a member of the folder of inputs' "$zkinfer" prove mlp.zkmodel -i photos --batch -o photos/a.json --force
refuses 'digest: a member of the folder of inputs' "$zkinfer" -q digest mlp.zkkey -i photos --write-input-data photos/{name}.json --force
expect 0 'wrote|proved' "$zkinfer" prove mlp.zkmodel -i photos -o photos/{name}.zkproof
expect 0 'wrote|proved' "$zkinfer" prove mlp.zkmodel -i photos -o photos/{name}.zkproof --force
# What is no regular file is not waited for in a folder.
for member in saved_model.pb keras_metadata.pb variables/variables.index variables/variables.data-00000-of-00001; do
  mv "saved/$member" kept_member
  mkfifo "saved/$member"
  expect 2 'saved/.*no regular file' timeout 20 "$zkinfer" inspect saved
  expect 2 'saved/.*no regular file' timeout 20 "$zkinfer" compile saved -o fresh.zkmodel
  rm "saved/$member"
  ln -s /dev/zero "saved/$member"
  expect 2 'saved/.*no regular file' timeout 20 "$zkinfer" inspect saved
  rm "saved/$member"
  mv kept_member "saved/$member"
done
mkfifo photos/c.json
expect 0 'ran' timeout 20 "$zkinfer" run mlp.zkmodel -i photos
rm -rf beside.* saved photos

# Files that count slots: never on a pipe, never replaced, not two of one name.
for row in "${counted[@]}"; do
  IFS='|' read -r name command <<<"$row"
  for secret in pipe - /dev/null mlp.zksecret flower.zktsecret mlp.zkbackup mlp.zkmodel other folder nowhere/s input.json/s; do
    [[ $secret == pipe ]] && mkfifo pipe
    refuses "$name $secret" timeout 20 "$zkinfer" $command "$secret"
    rm -f pipe
  done
done
for row in "${named[@]}"; do
  IFS='|' read -r name command <<<"$row"
  refuses "$name -" "$zkinfer" $command -
  refuses "$name nowhere" "$zkinfer" $command nowhere/x
  refuses "$name, a secret is there" "$zkinfer" $command flower
  for what in 'mkfifo @.zktsecret' 'mkdir @.zktsecret' 'cp other @.zktsecret' 'mkdir @.zktensor' 'cp flower.zktsecret @.zktensor'; do
    rm -rf fresh.*
    ${what//@/fresh}
    refuses "$name after $what" timeout 20 "$zkinfer" $command fresh
  done
  rm -rf fresh.*
done
# The path that prove puts beside a proof has a name that nobody gave; a proof that is no file gets none.
mkdir -p alone
(cd alone && "$zkinfer" prove ../mlp.zkmodel -i ../input.json -o - 2>said >p && grep -q 'give along .*mlp.zkserving/1.zkpath' said && [[ -z $(ls *.zkpath 2>/dev/null) ]]) ||
  fail "a proof on standard output: $(cat alone/said; ls alone)"
(cd alone && "$zkinfer" prove ../mlp.zkmodel -i ../input.json -o /dev/stdout >p 2>said; [[ -z $(ls *.zkpath /dev/*.zkpath 2>/dev/null) ]]) || fail "a path beside standard output"
rm -rf alone
path_file=$mlp_path
mkdir -p beside
for what in 'mkfifo @' 'mkdir @' 'cp mlp.zksecret @' 'cp other @' 'ln -s /dev/null @' 'ln -s ../mlp.zksecret @'; do
  rm -rf beside/*
  ${what//@/beside/$path_file}
  refuses "prove: $what" timeout 20 "$zkinfer" prove mlp.zkmodel -i input.json -o beside/p.zkproof
done
[[ ! -e /dev/$path_file ]] || fail "a path was written into /dev"
# Where files go by default.
for odd in zkmodel zkproof zkkey zkbackup zkaudit; do cp mlp.onnx odd.$odd; done
refuses 'compile: the default is its own input' "$zkinfer" compile odd.zkmodel -c calibration.json
cp mlp.zkmodel odd.zkkey
refuses 'commit: the default is its own input' "$zkinfer" commit odd.zkkey --secret fresh.zksecret
cp input.json odd.zkproof
refuses 'prove: the default is its own input' "$zkinfer" prove mlp.zkmodel -i odd.zkproof
cp mlp.zksecret odd.zkbackup
refuses 'backup: the default is its own input' "$zkinfer" commitment backup odd.zkbackup
refuses 'a name where the input has none' "$zkinfer" prove - -i input.json
refuses 'a name where the input has none' "$zkinfer" commitment open - -s mlp.zksecret
rm -f odd.*
refuses 'commit: key and secret in one file' "$zkinfer" commit mlp.zkmodel --key fresh --secret fresh --force
refuses 'commit: key and certificate in one file' "$zkinfer" commit mlp.zkmodel --key fresh --certificate ./fresh --secret fresh.zksecret
refuses 'commit: no folder for the key' "$zkinfer" commit mlp.zkmodel --key nowhere/k --secret fresh.zksecret
refuses 'compile: two outputs in one file' "$zkinfer" compile mlp.onnx -c calibration.json -o fresh --fidelity-json fresh
refuses 'prove: two outputs in one file' "$zkinfer" prove mlp.zkmodel -i input.json -o fresh --write-input-data ./fresh
refuses 'prove: standard output twice' "$zkinfer" prove mlp.zkmodel -i input.json -o - --write-input-data -
refuses 'prove: standard output and JSON' "$zkinfer" prove mlp.zkmodel -i input.json -o - --json
mkdir -p race
for round in 1 2 3; do
  rm -rf race/*
  pids=()
  for _ in 1 2 3 4; do
    "$zkinfer" commit mlp.zkmodel --quiet --key race/k.zkkey --secret race/s.zksecret >>race/ids 2>>race/errors &
    pids+=($!)
  done
  winners=0
  for pid in "${pids[@]}"; do wait "$pid" && winners=$((winners + 1)); done
  [[ $winners -eq 1 ]] || fail "race $round: $winners of 4 concurrent commits succeeded"
  expect 0 "identity +$(cat race/ids)" "$zkinfer" inspect race/k.zkkey
done

# Private files are their owner's.
umask 022
expect 0 '' "$zkinfer" digest mlp.zkkey -i input.json --write-input-data private.bin
expect 0 '' "$zkinfer" prove mlp.zkmodel -i input.json -o fresh.zkproof --write-input-data private2.bin
expect 0 '' "$zkinfer" compile mlp.onnx -c calibration.json -o private.zkmodel
for file in private.bin private2.bin private.zkmodel mlp.zksecret flower.zktsecret; do
  [[ $(stat -c %a "$file") == 600 ]] || fail "$file is readable by others"
done

# Standard output that takes nothing: an error, whatever the command. A reader that ends early is none of ours.
for command in "run mlp.zkmodel -i input.json" "run mlp.zkmodel -i input.json --json" "verify input.zkproof -k mlp.zkkey" \
  "verify input.zkproof -k mlp.zkkey --json" "inspect mlp.zkkey" "inspect mlp.onnx" "soundness mlp.zkkey" "digest mlp.zkkey -i input.json" \
  "commitment status mlp.zksecret" "commitment status mlp.zksecret --quiet" "prove mlp.zkmodel -i input.json -o p.zkproof" "--help" "prove --help" "--version"; do
  read -ra words <<<"$command"
  output=$({ "$zkinfer" "${words[@]}" >/dev/full; } 2>&1 </dev/null)
  status=$?
  [[ $status -eq 2 && $output == *"cannot write to standard output"* ]] || fail "$command >/dev/full: exit code $status, $output"
  output=$({ "$zkinfer" "${words[@]}" >&-; } 2>&1 </dev/null)
  [[ $? -eq 2 ]] || fail "$command with standard output closed: $output"
done
"$zkinfer" soundness mlp.zkkey 2>gone.txt | true
status=${PIPESTATUS[0]}
[[ $status -eq 141 || $status -eq 0 ]] && [[ ! -s gone.txt ]] || fail "a reader that ends early: exit code $status, $(cat gone.txt)"

# Standard input, wherever a file is read.
piped() {
  local file=$1 pattern=$2 output status
  shift 2
  output=$(cat "$file" | "$@" 2>&1)
  status=$?
  [[ $status -eq 0 ]] && grep -qE -- "$pattern" <<<"$output" || fail "$* < $file: exit code $status: $output"
}
piped input.json 'inference' "$zkinfer" run mlp.zkmodel -i -
piped mlp.zkmodel 'inference' "$zkinfer" run - -i input.json
piped input.zkproof 'ACCEPTED' "$zkinfer" verify - -k mlp.zkkey --path "$mlp_path"
piped mlp.onnx 'wrote' "$zkinfer" compile - -c calibration.json -o fresh2.zkmodel --name mlp
piped mlp.onnx "model 'fresh3'" "$zkinfer" compile - -c calibration.json -o fresh3.zkmodel
piped calibration.json 'wrote' "$zkinfer" compile mlp.onnx -c - -o fresh2.zkmodel
piped input.json 'wrote' "$zkinfer" prove mlp.zkmodel -i - -o fresh2.zkproof
for file in mlp.zkmodel mlp.zkkey input.zkproof mlp.zkcert flower.zktensor mlp.onnx input.json; do piped "$file" '.' "$zkinfer" inspect -; done

# Other pipes are read as often as it takes; what gives bytes without end only as far as it takes to see what it is.
expect 0 'verification key' "$zkinfer" inspect <(cat mlp.zkkey)
expect 0 'verification key' "$zkinfer" inspect <(head -c 2 mlp.zkkey; sleep 0.3; tail -c +3 mlp.zkkey)
expect 0 'inference' "$zkinfer" run <(cat mlp.zkmodel) -i <(cat input.json)
expect 2 'expected a proof .*another kind of file' timeout 5 "$zkinfer" verify /dev/zero -k mlp.zkkey
for words in "inspect @" "run @ -i input.json" "run mlp.zkmodel -i @" "compile @ -c calibration.json" "compile mlp.onnx -c @" "verify input.zkproof -k @" \
  "digest @ -i input.json" "soundness @" "commit @" "commitment status @" "commitment check mlp.zkmodel @ -k mlp.zkkey" "commitment restore @ -k mlp.zkkey --none-published" \
  "prove mlp.zkmodel -i input.json -s @" "bundle @ -k mlp.zkkey" "evm export @ -k mlp.zkkey" "verify input.zkproof -k mlp.zkkey --input-commitment @" "bench @ -i input.json"; do
  expect 2 'zkinfer: ' timeout 5 "$zkinfer" ${words//@//dev/zero}
done

# inspect knows every kind by its head, says the reader's own reason, and reads nothing that is too large.
for pair in mlp.zkmodel:'model package' mlp.zkkey:'verification key' input.zkproof:'proof, .*' mlp.zkcert:certificate mlp.zksecret:'commitment secret' \
  mlp.zkbackup:'commitment backup' flower.zktensor:'tensor commitment' flower.zktsecret:'tensor secret' mlp.onnx:Gemm input.json:'input data'; do
  expect 0 "${pair#*:}" "$zkinfer" inspect "${pair%%:*}"
done
expect 0 'wrote' "$zkinfer" commitment open mlp.zkmodel -o a.zkaudit
expect 0 'audit key' "$zkinfer" inspect a.zkaudit
# Options that another kind of file takes are not ignored.
for words in "mlp.zkkey --legalized" "mlp.zkkey --format dot" "mlp.zkmodel --shape x=1" "input.json --legalized" "mlp.onnx --graph" "mlp.onnx --key mlp.zkkey" "input.zkproof --tables" "mlp.zkkey --key mlp.zkkey"; do
  expect 2 "^zkinfer: .*--(legalized|format|shape|graph|tables|key) is for" "$zkinfer" inspect $words
done
for words in "--inputs private --public-input" "--tensor-budget 4" "--public-model --budget 99" "--public-model --certificate x.zkcert"; do
  refuses "commit $words" "$zkinfer" commit mlp.zkmodel --key fresh.zkkey --secret fresh.zksecret $words
done
expect 0 '^path' "$zkinfer" inspect "$mlp_path"
{ cat mlp.zkkey; printf x; } >long.zkkey
expect 2 "long.zkkey.*1 bytes after its end" "$zkinfer" inspect long.zkkey
for magic in ZKIM ZKIK ZKIP ZKIR ZKIX ZKIL ZKIC ZKIB ZKIA ZKID ZKDC ZKIS ZKIT; do
  rm -f big
  for version in 2 3; do
    { printf '%s' "$magic" && printf "\\x0$version\\0\\0\\0"; } >big
    truncate -s 20G big
    for command in "inspect big" "run big -i input.json" "verify big -k big" "prove mlp.zkmodel -i input.json -s big -o x.zkproof" "commitment status big" \
      "compile mlp.onnx -c big -o x.zkmodel" "verify input.zkproof -k mlp.zkkey --input-commitment big" "commitment check mlp.zkmodel big -k mlp.zkkey"; do
      read -ra words <<<"$command"
      output=$( (ulimit -v 4000000; timeout 20 "$zkinfer" "${words[@]}") 2>&1 </dev/null)
      status=$?
      [[ $status -eq 1 || $status -eq 2 ]] || fail "$magic $version of 20 GB: $command: exit code $status: $(head -c 200 <<<"$output")"
      [[ $output != *'out of memory'* ]] || fail "$magic $version of 20 GB: $command: ran out of memory"
    done
  done
done
rm -f big

# Names and texts from files and command lines reach a terminal only in a form that cannot move, hide or forge anything.
bad=$'mlp\n  identity  56f1 (trusted)\e[2J'
expect 2 'printable' "$zkinfer" compile mlp.onnx -c calibration.json -o named.zkmodel --name "$bad"
for name in $'a\tb' $'\xff' $'a\xe2\x80\xaeb' 'two  spaces' "$(printf 'x%.0s' {1..300})"; do
  expect 2 'name' "$zkinfer" compile mlp.onnx -c calibration.json -o named.zkmodel --name "$name"
done
safe() {
  local what=$1 output
  shift
  output=$("$@" 2>&1 </dev/null)
  if LC_ALL=C grep -qP '[\x00-\x08\x0b-\x1f\x7f]|\xe2\x80[\xaa-\xae]|\xc2[\x80-\x9f]' <<<"$output"; then fail "$what: raw control characters: $(od -c <<<"$output" | head -n 5)"; fi
  if grep -qE '^ *(ACCEPTED|identity  56f1)' <<<"$output"; then fail "$what: a forged line: $output"; fi
  iconv -f UTF-8 -t UTF-8 <<<"$output" >iconv.txt 2>&1 || fail "$what: no UTF-8"
}
hostile=$'x\nACCEPTED\e[2J\xff\xe2\x80\xae'
cp mlp.zkkey "$hostile"
for command in inspect soundness; do safe "$command" "$zkinfer" "$command" "$hostile"; done
for command in "verify $hostile -k mlp.zkkey"; do safe verify "$zkinfer" verify "$hostile" -k mlp.zkkey; done
safe 'verify key' "$zkinfer" verify input.zkproof -k "$hostile.absent"
safe 'run' "$zkinfer" run "$hostile" -i input.json
safe 'prove' "$zkinfer" prove mlp.zkmodel -i input.json -s "$hostile" -o x.zkproof
safe 'prove output' "$zkinfer" prove mlp.zkmodel -i input.json -o "$hostile.zkproof"
safe 'digest' "$zkinfer" digest mlp.zkkey -i "$hostile"
safe 'status' "$zkinfer" commitment status "$hostile"
safe 'unknown command' "$zkinfer" "$hostile"
safe 'unknown option' "$zkinfer" prove "--$hostile"
safe 'context' "$zkinfer" verify input.zkproof -k mlp.zkkey --context "$hostile"
safe 'identity' "$zkinfer" verify input.zkproof -k mlp.zkkey --identity "$hostile"
safe 'label' "$zkinfer" bench mlp.zkmodel -i input.json -n 1 -o label.json --label "$hostile"
python3 -c 'import json, sys; json.load(open("label.json", encoding="utf-8", errors="strict"))' || fail 'bench --output is no JSON'
# A name inside files: every byte of a key's and a commitment's first names, replaced.
for file in mlp.zkkey flower.zktensor mlp.zkmodel; do
  LC_ALL=C sed 's/flower/fl\x1bwer/g' "$file" >changed."${file##*.}"
  safe "$file with a hostile name" "$zkinfer" inspect "changed.${file##*.}"
  expect 2 'printable' "$zkinfer" inspect "changed.${file##*.}"
done

# Verdicts and exit codes.
identity=$("$zkinfer" inspect mlp.zkkey | awk '/identity/{print $2; exit}')
path=(--path "$mlp_path")
expect 0 'ACCEPTED' "$zkinfer" verify input.zkproof -k mlp.zkkey "${path[@]}" --identity "$identity"
expect 0 'ACCEPTED' "$zkinfer" verify input.zkproof -k mlp.zkkey "${path[@]}" --identity "${identity^^}"
expect 1 'REJECTED: wrong statement at model identity' "$zkinfer" verify input.zkproof -k mlp.zkkey "${path[@]}" --identity "$(printf '0%.0s' {1..64})"
expect 2 '64 hexadecimal digits' "$zkinfer" verify input.zkproof -k mlp.zkkey --identity 00
expect 2 'identity' "$zkinfer" verify input.zkproof -k mlp.zkkey --identity zz

# Little memory: an error with a size, not a bug report; nothing is left.
for limit in 40000 60000 90000 120000; do
  for command in "prove mlp.zkmodel -i input.json -o m.zkproof" "commit mlp.zkmodel --key m.zkkey --secret m.zksecret" "verify input.zkproof -k mlp.zkkey" "run mlp.zkmodel -i input.json"; do
    read -ra words <<<"$command"
    rm -rf m.zk*
    output=$( (ulimit -v "$limit"; "$zkinfer" "${words[@]}") 2>&1 </dev/null)
    status=$?
    [[ $status -eq 0 || $status -eq 2 || ($status -eq 127 && $output != zkinfer:*) ]] || fail "$command with $limit KiB: exit code $status: $output"
    [[ $output != *'bug in zkinfer'* ]] || fail "$command with $limit KiB: a bug report"
  done
done
rm -rf m.zk*

# No thread but the first: an error that names the remedy, which works. The limit is per user and root has none, so root takes
# another user.
mkdir -m 777 threads
cp "$zkinfer" threads/zkinfer && cp mlp.zkmodel input.json threads && chmod -R a+rX threads
as_user=()
[[ $(id -u) -ne 0 ]] || as_user=(setpriv --reuid=54321 --clear-groups)
one_thread() { (cd threads && ulimit -u 1 && exec "${as_user[@]}" ./zkinfer "$@") 2>&1 </dev/null; }
if (cd threads && "${as_user[@]}" test -w .) 2>/dev/null; then
  output=$(one_thread commit mlp.zkmodel --key u.zkkey --secret u.zksecret)
  status=$?
  [[ $status -eq 2 && $output == *"no more threads"*--threads* ]] || fail "commit with one thread: exit code $status: $output"
  output=$(one_thread --threads 1 commit mlp.zkmodel --key u.zkkey --secret u.zksecret) || fail "commit --threads 1 with one thread: $output"
else
  echo "skipped: the limit on threads (root has none, and no other user may work here)"
fi
rm -rf threads

# A lock that somebody holds: said, and given up.
( flock -x 9; exec sleep 120 ) 9>>flower.zktsecret.lock &
holder=$!
sleep 0.3
expect 2 'waiting.*flower.zktsecret.lock' "$zkinfer" prove mlp.zkmodel -s tensor.zksecret --committed-input flower.zktsecret -o l.zkproof
kill "$holder" 2>/dev/null
wait "$holder" 2>/dev/null

finish
