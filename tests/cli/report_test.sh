#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# What people see of a compiled model: the page of `zkinfer report` and `compile --report`, its JSON, and the compiler's notes.
# Usage: report_test.sh ZKINFER SOURCE_FOLDER WORK_FOLDER
set -uo pipefail
source "$(dirname "$0")/expect.sh"
begin "$@"
tests=$source_folder/tests/cli

# in_json FILE EXPRESSION: a Python expression over `r` that must hold.
in_json() { python3 -c 'import json, sys; r = json.load(open(sys.argv[1])); assert eval(sys.argv[2]), sys.argv[2]' "$1" "$2" || fail "$1: $2"; }
# pages NAME COMMAND..: with --json and a page; both are checked.
pages() {
  local name=$1
  shift
  "$@" -o "$name.html" --json > "$name.json" 2> /dev/null || fail "$*"
  python3 "$tests/page_test.py" "$name.html" "$name.json" || fail "$name.html"
  if command -v node > /dev/null; then
    node "$tests/page_test.js" "$name.html" || fail "the script of $name.html"
  else
    echo "no node here: the script of $name.html is not run"
  fi
}

examples=$source_folder/examples
cp "$examples"/digits/{digits.onnx,calibration.npy,test.npy} "$examples"/mlp/{calibration.json,input.json} .
expect 0 'wrote digits.zkmodel' "$zkinfer" compile digits.onnx -c calibration.npy -e test.npy --report compiled.html
expect 0 'wrote digits.report.html' "$zkinfer" report digits.zkmodel
pages alone "$zkinfer" report digits.zkmodel
pages seen "$zkinfer" report digits.zkmodel -i test.npy
pages whole "$zkinfer" report digits.zkmodel -i test.npy --network digits.onnx --limit 256
# The same numbers as compile's own page.
sed -nE 's/.*id="data">(.*)<\/script>.*/\1/p' compiled.html > compiled.json
in_json compiled.json 'r["fidelity"] == json.load(open("whole.json"))["fidelity"]'
in_json alone.json 'r["fidelity"] is None and len(r["missing"]) == 2 and r["num_inputs"] == 0'
in_json seen.json 'r["fidelity"] is None and len(r["missing"]) == 1 and r["num_inputs"] == 64'
in_json whole.json 'r["missing"] == [] and r["num_inputs"] == 256 and r["float_target"]["met"]'
in_json whole.json 'all(t["seen"] and t["range"][0] <= t["seen"][0] <= t["seen"][1] <= t["range"][1] for t in r["tensors"])'
in_json whole.json 'all(t["float"] is not None for n in r["nodes"] for t in [r["tensors"][n["output"]]])'
in_json whole.json 'r["fidelity"]["outputs"][0]["max_abs_error"] == max(abs(a - b) for a, b in r["output_samples"][0]["points"])'
in_json whole.json 'abs(sum(n["cost"]["seconds"] for n in r["nodes"]) + r["cost"]["inputs"]["seconds"] - r["cost"]["seconds"]) < 1e-9'
in_json whole.json 'all(abs(sum(n["cost"]["by_cause"].values()) - n["cost"]["seconds"]) < 1e-9 for n in r["nodes"])'
# What calibration did not see saturates, and that is said.
python3 -c 'import json; json.dump({"input_data": [[1e3] * 64]}, open("loud_input.json", "w"))'
pages loud "$zkinfer" report digits.zkmodel -i loud_input.json --network digits.onnx
in_json loud.json 'r["clipping"][0]["num_clipped"] == 64'
# So is an error above the target on inputs that compile did not measure.
in_json loud.json 'r["float_target"]["met"] and not r["float_target"]["met_where_compared"] and any("target is missed" in w for w in r["warnings"])'
in_json whole.json 'r["float_target"]["met_where_compared"] == (r["fidelity"]["error_of_largest"] <= 0.001) == (r["warnings"] == [])'
expect 0 'warning: output .*the error target is missed on this input: .*asked for' "$zkinfer" compile digits.onnx -c calibration.npy -e loud_input.json -o loud.zkmodel
"$zkinfer" compile digits.onnx -c calibration.npy -e loud_input.json -o loud.zkmodel --json > loud.json 2> /dev/null
in_json loud.json 'r["float_target"]["met"] and not r["float_target"]["met_where_compared"] and any("target is missed" in w for w in r["warnings"])'

# Names of operators say what a rounding computes on the way, and no column is cut.
in_json whole.json 'any(n["op"].endswith("+Relu") for n in r["nodes"])'
long_name=$(printf 'a_long_name/%.0s' {1..12})
python3 "$tests/odd_model.py" long.onnx "$long_name" twice
expect 0 "^$long_name +MatMul +\\[1, 4\\]" "$zkinfer" compile long.onnx -c calibration.json --layers
expect 0 "^$long_name +MatMul" "$zkinfer" inspect long.zkmodel
# Weights that are used twice are two parameters of the model, and that is said.
expect 0 'parameters +[0-9]+, for 16 numbers of the network' "$zkinfer" inspect long.zkmodel

# Names cannot leave the data they are in.
hostile='</script><script>alert(1)</script><!--<img src=x>'
python3 "$tests/odd_model.py" hostile.onnx "$hostile"
expect 0 'wrote' "$zkinfer" compile hostile.onnx -c calibration.json
expect 0 'parameters +15, for 12 numbers' "$zkinfer" inspect hostile.zkmodel
pages hostile_page "$zkinfer" report hostile.zkmodel -i calibration.json --network hostile.onnx
in_json hostile_page.json '"</script><script>alert(1)</script><!--<img src=x>" in [t["name"] for t in r["tensors"]]'

expect 2 '--network: give --input too' "$zkinfer" report digits.zkmodel --network digits.onnx
# Another network of the same shape is not compared with; a copy of the file under another name is.
expect 2 'hostile.onnx.*another network' "$zkinfer" report digits.zkmodel --network hostile.onnx -i test.npy
python3 "$tests/odd_model.py" other.onnx "$hostile" other
expect 2 'other.onnx.*another network.*compiled.*--shape' "$zkinfer" report hostile.zkmodel --network other.onnx -i calibration.json
cp hostile.onnx copy.onnx
expect 0 'wrote' "$zkinfer" report hostile.zkmodel --network copy.onnx -i calibration.json
expect 2 'is an ONNX|expected a model' "$zkinfer" report digits.onnx
echo 'mine' > mine.html
expect 2 'mine.html' "$zkinfer" report digits.zkmodel -o mine.html
expect 0 'wrote mine.html' "$zkinfer" report digits.zkmodel -o mine.html --force

# What the compiler assumed or missed, to people and to programs.
expect 0 'warning: no calibration inputs were given' "$zkinfer" compile digits.onnx -o guessed.zkmodel --report guessed.html
expect 0 "note: input 'image': normal random numbers" "$zkinfer" compile digits.onnx -o guessed.zkmodel
pages guessed_page "$zkinfer" report guessed.zkmodel
in_json guessed_page.json 'r["notes"][0]["warning"] and "no calibration" in r["notes"][0]["text"] and any("random" in n["text"] for n in r["notes"][1:])'
"$zkinfer" compile digits.onnx -o guessed.zkmodel --json > guessed.json 2> /dev/null
in_json guessed.json 'r["fidelity"] is None and any("no calibration" in w for w in r["warnings"])'
expect 2 'give --calibration or --evaluate' "$zkinfer" compile digits.onnx -o guessed.zkmodel --min-cosine 0.5
expect 0 'warning: the error target is missed.*asked for; the layer with the largest error is .*--activation-bits' "$zkinfer" compile digits.onnx -c calibration.npy -o coarse.zkmodel --activation-bits 4
"$zkinfer" compile digits.onnx -c calibration.npy -o coarse.zkmodel --activation-bits 4 --json > coarse.json 2> /dev/null
in_json coarse.json 'not r["float_target"]["met"] and r["float_target"]["measured"] > r["float_target"]["asked"] == 0.001'
python3 -c 'import json; json.dump({"input_data": [[0.0] * 64]}, open("zeros.json", "w"))'
expect 0 'only 1 calibration input:' "$zkinfer" compile digits.onnx -c zeros.json -o zeros.zkmodel
expect 0 "of input 'image' are one number, 0, throughout" "$zkinfer" compile digits.onnx -c zeros.json -o zeros.zkmodel
# An output that is a constant is compiled, said to be one, and proven.
python3 "$tests/odd_model.py" constant.onnx scores constant
expect 0 "warning: output 'w' does not depend on any input" "$zkinfer" compile constant.onnx -c calibration.json
expect 0 'wrote' "$zkinfer" commit constant.zkmodel --budget 16
expect 0 'wrote' "$zkinfer" prove constant.zkmodel -i input.json -o constant.zkproof
"$zkinfer" verify constant.zkproof -k constant.zkkey --json > constant.json 2> /dev/null || fail 'the proof of a constant output'
in_json constant.json 'max(abs(x - (0.1 * i - 0.5)) for i, x in enumerate(r["outputs"][2]["values"])) < 1e-6'
# A row of which a mask leaves nothing is 0 where the network makes it so; else that the network has NaN there is said.
for kind in guarded masked; do python3 "$tests/odd_model.py" $kind.onnx y $kind; done
python3 -c 'import json; json.dump({"input_data": [[(i * k % 11) / 5 - 1 for i in range(1, 9) for k in range(1, 21)]]}, open("rows.json", "w"))'
"$zkinfer" compile guarded.onnx -c rows.json -o guarded.zkmodel --json > guarded.json 2> /dev/null || fail 'a guarded softmax'
in_json guarded.json 'r["float_target"]["met"] and not r["warnings"] and r["fidelity"]["outputs"][0]["num_not_finite"] == 0'
"$zkinfer" run guarded.zkmodel -i rows.json --index 0 --json > guarded.json 2> /dev/null || fail 'a guarded softmax runs'
in_json guarded.json 'not any(r["outputs"][0]["values"][:4]) and abs(sum(r["outputs"][0]["values"][4:]) - 1) < 1e-3'
expect 0 'warning: 80 of 160 output numbers are infinite or NaN in the network as given' "$zkinfer" compile masked.onnx -c rows.json
"$zkinfer" compile masked.onnx -c rows.json --json > masked.json 2> /dev/null
in_json masked.json 'any("infinite or NaN" in w for w in r["warnings"]) and r["fidelity"]["outputs"][0]["num_not_finite"] == 80'
# The widths that may be asked for are those that the compiler takes by itself, and help says them.
expect 0 'activation-bits .*\[4 - 21\]' "$zkinfer" compile --help
expect 0 'weight-bits .*\[2 - 26\]' "$zkinfer" compile --help
expect 0 'wrote' "$zkinfer" compile digits.onnx -c calibration.npy -o wide.zkmodel --activation-bits 18 --weight-bits 26
expect 2 '--activation-bits.*22 not in range' "$zkinfer" compile digits.onnx -c calibration.npy -o wide.zkmodel --activation-bits 22
expect 2 '--weight-bits.*27 not in range' "$zkinfer" compile digits.onnx -c calibration.npy -o wide.zkmodel --weight-bits 27
# Who knew --report as the name of other things is told what they are called.
expect 2 '--report takes the name of a page.*--layers' "$zkinfer" compile digits.onnx -c calibration.npy --report
expect 2 '--report takes the name of a page.*--layers' "$zkinfer" compile --report digits.onnx -c calibration.npy
expect 2 '--saturation' "$zkinfer" run digits.zkmodel -i test.npy --index 0 --report
finish
