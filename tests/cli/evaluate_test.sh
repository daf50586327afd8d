#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# A data set, evaluations of a hidden model on it, and what verifiers take and refuse. Usage: evaluate_test.sh ZKINFER SOURCE_FOLDER WORK_FOLDER
set -uo pipefail
source "$(dirname "$0")/expect.sh"
begin "$@"
cp "$source_folder"/examples/mlp/{mlp.onnx,calibration.json,input.json} .
expect 0 '' "$zkinfer" -q compile mlp.onnx -c calibration.json
expect 0 '' "$zkinfer" -q commit mlp.zkmodel --budget 16

# The classes of the calibration inputs, as the integer model has them, but for two rows; groups; a set with other labels.
python3 - "$zkinfer" <<'PYTHON' || fail "labels"
import json, struct, subprocess, sys
classes = []
for i in range(20):
    out = json.loads(subprocess.check_output([sys.argv[1], "run", "mlp.zkmodel", "-i", "calibration.json", "--index", str(i), "--json"]))
    items = out["items"][0]["outputs"] if "items" in out else out["outputs"]
    values = items[0]["values"]
    classes.append(values.index(max(values)))
labels = list(classes)
labels[3], labels[17] = (labels[3] + 1) % 3, (labels[17] + 1) % 3
matrix = [0] * 9
for label, own in zip(labels, classes):
    matrix[3 * label + own] += 1
json.dump({"input_data": [labels]}, open("labels.json", "w"))
json.dump({"input_data": [[i % 2 for i in range(20)]]}, open("groups.json", "w"))
json.dump({"input_data": [[3 * (i % 2) for i in range(20)]]}, open("far_groups.json", "w"))
json.dump({"input_data": [[16777216] * 20]}, open("wide_labels.json", "w"))
json.dump({"input_data": [[0] * 20]}, open("other_labels.json", "w"))
json.dump({"input_data": [[7] * 20]}, open("odd_labels.json", "w"))
json.dump({"input_data": [[0.5] * 20]}, open("half_labels.json", "w"))
json.dump({"input_data": [[1] * 19]}, open("few_labels.json", "w"))
json.dump(matrix, open("matrix.json", "w"))
# Scores of class 1 against the others, pair by pair; targets beside the outputs.
scores, outputs = [], []
for i in range(20):
    out = json.loads(subprocess.check_output([sys.argv[1], "run", "mlp.zkmodel", "-i", "calibration.json", "--index", str(i), "--json"]))
    item = (out["items"][0]["outputs"] if "items" in out else out["outputs"])[0]
    outputs.append(item["values"])
    scores.append(item["values"][1])
ours = [s for s, l in zip(scores, labels) if l == 1]
others = [s for s, l in zip(scores, labels) if l != 1]
twice = sum((a > b) * 2 + (a == b) for a in ours for b in others)
json.dump([twice, len(ours), len(others)], open("auc.json", "w"))
targets = [[v + (0.25 if i % 2 else -0.5) for v in row] for i, row in enumerate(outputs)]
def write_npy(name, rows):
    head = "{'descr': '<f4', 'fortran_order': False, 'shape': (%d, %d), }" % (len(rows), len(rows[0]))
    head += " " * (-(len(head) + 11) % 64) + "\n"
    with open(name, "wb") as file:
        file.write(b"\x93NUMPY\x01\x00" + struct.pack("<H", len(head)) + head.encode())
        file.write(b"".join(struct.pack("<f", x) for row in rows for x in row))
write_npy("targets.npy", targets)
write_npy("far_targets.npy", [[1000 * x + 1e6 for x in row] for row in targets])
errors = [a - b for r, s in zip(targets, outputs) for a, b in zip(r, s)]
json.dump({"mse": sum(e * e for e in errors) / len(errors), "mae": sum(map(abs, errors)) / len(errors)}, open("errors.json", "w"))
PYTHON
expect 0 'rows +20' "$zkinfer" dataset build -i calibration.json --labels labels.json --groups groups.json -o test.zkset
expect 0 'wrote' "$zkinfer" dataset build -i calibration.json --labels other_labels.json -o other.zkset
expect 0 'wrote' "$zkinfer" dataset build -i calibration.json --labels odd_labels.json -o odd.zkset
expect 2 'half_labels.json. row 0: 0.5, expected a whole number|row 0: 0.5' "$zkinfer" dataset build -i calibration.json --labels half_labels.json -o no.zkset
expect 2 'labels' "$zkinfer" dataset build -i calibration.json --labels few_labels.json -o no.zkset
[[ ! -e no.zkset ]] || fail "a data set of what was refused"
digest=$("$zkinfer" -q dataset build -i calibration.json --labels labels.json --groups groups.json -o test.zkset)
[[ $("$zkinfer" inspect test.zkset --json | python3 -c 'import json,sys; print(json.load(sys.stdin)["digest"])') == "$digest" ]] || fail "the digest is what inspect says"
cp test.zkset bad.zkset && change bad.zkset 400 && expect 2 'Merkle root|damaged|data set' "$zkinfer" inspect bad.zkset

# Accuracy, in chunks that take a slot each.
expect 0 'accuracy +18 of 20 = 90.00 %' "$zkinfer" evaluate mlp.zkmodel --data test.zkset --chunk 8 -o accuracy.zkeval --context audit
expect 0 'accuracy +18 of 20 = 90.00 %' "$zkinfer" verify accuracy.zkeval -k mlp.zkkey --data test.zkset --context audit
expect 0 'not proven: .*public' "$zkinfer" verify accuracy.zkeval -k mlp.zkkey --data test.zkset
"$zkinfer" verify accuracy.zkeval -k mlp.zkkey --data test.zkset --json >out.json || fail "verify --json"
python3 - <<'PYTHON' || fail "verify --json of an evaluation"
import json
out = json.load(open("out.json"))
assert out["accepted"] and out["metric"] == "accuracy" and out["num_rows"] == 20 and out["chunk_rows"] == 8, out
assert out["figures"] == [{"name": "accuracy", "numerator": 18, "denominator": 20, "value": 0.9}], out["figures"]
assert out["counts"] == [2, 18] and len(out["chunk_counts"]) == 3 and len(set(out["slots"])) == 3, out
assert "outputs" not in out or not out["outputs"], out
PYTHON
expect 0 'confusion' "$zkinfer" inspect <("$zkinfer" -q evaluate mlp.zkmodel --data test.zkset --metric confusion -o matrix.zkeval && cat matrix.zkeval)
"$zkinfer" verify matrix.zkeval -k mlp.zkkey --data test.zkset --json >out.json || fail "verify of a confusion matrix"
python3 -c 'import json; assert json.load(open("out.json"))["counts"] == json.load(open("matrix.json"))' || fail "the confusion matrix"
expect 0 'f1 of class 0' "$zkinfer" verify matrix.zkeval -k mlp.zkkey --data test.zkset
expect 0 'top-2 +(19|20) of 20' "$zkinfer" evaluate mlp.zkmodel --data test.zkset --metric top-2 -o top.zkeval
expect 0 'accuracy, group 1 +[0-9]+ of 10' "$zkinfer" evaluate mlp.zkmodel --data test.zkset --by-group -o groups.zkeval
expect 0 'accuracy, group 0 +[0-9]+ of 10' "$zkinfer" verify groups.zkeval -k mlp.zkkey --data test.zkset
expect 0 'accepted 2 of 2' "$zkinfer" verify groups.zkeval top.zkeval -k mlp.zkkey --data test.zkset

# The same rows have one digest, whatever they are called; groups without rows are said; labels that were rounded when they were read are refused.
[[ $("$zkinfer" -q dataset build -i calibration.json --labels labels.json --groups groups.json --name another -o renamed.zkset) == "$digest" ]] || fail "the name is part of the digest"
expect 0 'groups +4, of which 2 without rows' "$zkinfer" dataset build -i calibration.json --labels labels.json --groups far_groups.json -o far.zkset
expect 2 'row 0: 16777216, expected a whole number below 2\^24' "$zkinfer" dataset build -i calibration.json --labels wide_labels.json -o no.zkset
expect 2 'labels.*targets' "$zkinfer" dataset build -i calibration.json -o no.zkset

# AUC, errors, totals alone: what plain loops give.
expect 0 'auc-1 +[01]' "$zkinfer" evaluate mlp.zkmodel --data test.zkset --metric auc --chunk 10 -o auc.zkeval
"$zkinfer" verify auc.zkeval -k mlp.zkkey --data test.zkset --json >out.json || fail "verify of an AUC"
python3 -c 'import json; out = json.load(open("out.json")); assert out["counts"] == json.load(open("auc.json")) and out["chunk_counts"] == [] and out["totals_only"], out' || fail "the AUC"
expect 0 'rows +20' "$zkinfer" dataset build -i calibration.json --targets targets.npy --groups groups.json -o errors.zkset
expect 0 'rmse +0' "$zkinfer" evaluate mlp.zkmodel --data errors.zkset --metric mse --totals-only --chunk 10 -o mse.zkeval
expect 0 'hide their own' "$zkinfer" verify mse.zkeval -k mlp.zkkey --data errors.zkset
expect 0 'mae, group 1' "$zkinfer" evaluate mlp.zkmodel --data errors.zkset --metric mae --by-group -o mae.zkeval
for metric in mse mae; do
  "$zkinfer" verify $metric.zkeval -k mlp.zkkey --data errors.zkset --json >out.json || fail "verify of $metric"
  python3 - $metric <<'PYTHON' || fail "$metric"
import json, sys
out, expected = json.load(open("out.json")), json.load(open("errors.json"))[sys.argv[1]]
assert abs(out["figures"][0]["value"] - expected) < 0.01 * expected, (out["figures"][0], expected)
assert (sys.argv[1] == "mse") == ("r_squared" in out) and ("chunk_counts" not in out or (out["chunk_counts"] == []) == (sys.argv[1] == "mse")), out
PYTHON
done
expect 2 'targets.*farther' bash -c "'$zkinfer' -q dataset build -i calibration.json --targets far_targets.npy -o away.zkset; '$zkinfer' evaluate mlp.zkmodel --data away.zkset --metric mse -o no.zkeval"
expect 2 'has targets' "$zkinfer" evaluate mlp.zkmodel --data errors.zkset -o no.zkeval
expect 2 'errors are those of targets' "$zkinfer" evaluate mlp.zkmodel --data test.zkset --metric mae -o no.zkeval
expect 2 'metric auc: the rows of several groups' "$zkinfer" evaluate mlp.zkmodel --data test.zkset --metric auc --by-group -o no.zkeval

# A sample of the verifier's nonce.
nonce=00112233445566778899aabbccddeeff00112233445566778899aabbccddeeff
expect 0 'of all 20 rows' "$zkinfer" evaluate mlp.zkmodel --data test.zkset --sample 8 --nonce $nonce -o sample.zkeval
expect 2 'give the nonce that you drew' "$zkinfer" verify sample.zkeval -k mlp.zkkey --data test.zkset
expect 0 'those 8 rows of the 20' "$zkinfer" verify sample.zkeval -k mlp.zkkey --data test.zkset --sample 8 --nonce $nonce
expect 0 "^$nonce chooses,$" "$zkinfer" verify sample.zkeval -k mlp.zkkey --data test.zkset --sample 8 --nonce $nonce
expect 1 'REJECTED.*nonce' "$zkinfer" verify sample.zkeval -k mlp.zkkey --data test.zkset --sample 8 --nonce ff${nonce:2}
# Each number of rows is a draw of its own: a prover who chose it would have as many samples as the set has rows, and show the best.
expect 2 'the number of rows that you asked for; whoever proves' "$zkinfer" verify sample.zkeval -k mlp.zkkey --data test.zkset --nonce $nonce --metric accuracy --at-least 0.1
expect 1 'sample: the evaluation is of 8 rows, expected 9' "$zkinfer" verify sample.zkeval -k mlp.zkkey --data test.zkset --sample 9 --nonce $nonce
expect 1 'REJECTED.*nonce: the rows were chosen by none' "$zkinfer" verify accuracy.zkeval -k mlp.zkkey --data test.zkset --sample 8 --nonce $nonce
expect 1 'accuracy may be 0\.[0-9]+, expected at least 0.99' "$zkinfer" verify sample.zkeval -k mlp.zkkey --data test.zkset --sample 8 --nonce $nonce --metric accuracy --at-least 0.99
expect 2 'sample and --nonce go together' "$zkinfer" evaluate mlp.zkmodel --data test.zkset --sample 8 -o no.zkeval
expect 2 'a sample of 20 rows' "$zkinfer" evaluate mlp.zkmodel --data test.zkset --sample 20 --nonce $nonce -o no.zkeval
expect 2 'nonce: expected 64' "$zkinfer" verify sample.zkeval -k mlp.zkkey --data test.zkset --nonce 0011
grep -q "\"nonce\":\"$nonce\"\|\"nonce\": \"$nonce\"" <<<"$("$zkinfer" inspect sample.zkeval --json)" || fail "inspect says the nonce"

# What a verifier asks for.
expect 0 'ACCEPTED' "$zkinfer" verify accuracy.zkeval -k mlp.zkkey --data test.zkset --metric accuracy --at-least 0.9
expect 1 'accuracy is 0.9, expected at least 0.91' "$zkinfer" verify accuracy.zkeval -k mlp.zkkey --data test.zkset --metric accuracy --at-least 0.91
expect 2 'say of which metric' "$zkinfer" verify top.zkeval -k mlp.zkkey --data test.zkset --at-least 0.99
expect 1 'of output 0, expected 1' "$zkinfer" verify accuracy.zkeval -k mlp.zkkey --data test.zkset --metric accuracy --of-output 1
expect 0 'ACCEPTED' "$zkinfer" verify accuracy.zkeval -k mlp.zkkey --data test.zkset --metric accuracy --of-output 0
expect 1 'of accuracy, expected confusion' "$zkinfer" verify accuracy.zkeval -k mlp.zkkey --data test.zkset --metric confusion
expect 0 'ACCEPTED' "$zkinfer" verify mse.zkeval -k mlp.zkkey --data errors.zkset --metric mse --at-most 1
expect 1 'mse may be .*expected at most' "$zkinfer" verify mse.zkeval -k mlp.zkkey --data errors.zkset --metric mse --at-most 0.001
# A model of a wide range, which its owner chooses by what he calibrates on, has large units: outputs and targets are all 0 of them. What errors may be
# unrounded says so.
python3 "$source_folder"/tests/cli/odd_model.py wide.onnx
python3 - <<'PYTHON' || fail "wide calibration"
import json, math, struct
rows = json.load(open("calibration.json"))["input_data"][0]
json.dump({"input_data": [[1e7 * x for x in rows]]}, open("wide.json", "w"))
head = "{'descr': '<f4', 'fortran_order': False, 'shape': (20, 3), }"
head += " " * (-(len(head) + 11) % 64) + "\n"
with open("wide_targets.npy", "wb") as file:
    file.write(b"\x93NUMPY\x01\x00" + struct.pack("<H", len(head)) + head.encode() + b"".join(struct.pack("<f", 50 * math.sin(i)) for i in range(60)))
PYTHON
expect 0 '' "$zkinfer" -q compile wide.onnx -c wide.json
expect 0 '' "$zkinfer" -q commit wide.zkmodel --budget 16
expect 0 '' "$zkinfer" -q dataset build -i calibration.json --targets wide_targets.npy -o wide.zkset
for metric in mse mae; do
  expect 0 "$metric +0 " "$zkinfer" evaluate wide.zkmodel --data wide.zkset --metric $metric -o wide.zkeval
  expect 0 'unrounded +0 to [1-9]' "$zkinfer" verify wide.zkeval -k wide.zkkey --data wide.zkset --metric $metric
  expect 1 "$metric may be [1-9].*expected at most 1" "$zkinfer" verify wide.zkeval -k wide.zkkey --data wide.zkset --metric $metric --at-most 1
done
# What an evaluation says of itself costs nothing that the data set does not: 2^32 - 1 groups for each of 20 rows.
"$zkinfer" -q evaluate mlp.zkmodel --data errors.zkset --metric mae --by-group -o groups.zkeval
python3 -c 'data = bytearray(open("groups.zkeval", "rb").read()); data[112:116] = b"\xff" * 4; open("many.zkeval", "wb").write(data)'
expect 2 'groups for 20 rows' bash -c "ulimit -v 4000000; '$zkinfer' verify many.zkeval -k mlp.zkkey --data errors.zkset"
expect 0 'not proven: that the weights are numbers' "$zkinfer" verify accuracy.zkeval -k mlp.zkkey --data test.zkset --uncertified

# A page to look at: exact figures, classes, what is hidden, what is not shown; and what programs are told. No page of what is rejected.
expect 0 'ACCEPTED' "$zkinfer" verify matrix.zkeval -k mlp.zkkey --data test.zkset --report matrix.html
"$zkinfer" verify matrix.zkeval accuracy.zkeval -k mlp.zkkey --data test.zkset --report both.html --json >both.json || fail "verify --report of two"
expect 0 'ACCEPTED' "$zkinfer" verify sample.zkeval -k mlp.zkkey --data test.zkset --sample 8 --nonce $nonce --report sample.html
expect 0 'ACCEPTED' "$zkinfer" verify mse.zkeval -k mlp.zkkey --data errors.zkset --uncertified --report mse.html
expect 0 'report of evaluations' "$zkinfer" inspect mse.html
python3 - "$digest" "$nonce" <<'PYTHON' || fail "the pages of evaluations"
import html.parser, json, re, sys
digest, nonce = sys.argv[1:]
class Page(html.parser.HTMLParser):
    def __init__(self, name):
        super().__init__(convert_charrefs=True)
        self.open, self.rows, self.texts, self.data = [], [], [], ""
        self.feed(open(name, encoding="utf-8").read())
        assert self.open == [], (name, self.open)
        self.text = " ".join(" ".join(self.texts).split())
        self.data = json.loads(self.data)
    def handle_starttag(self, tag, attributes):
        if tag in ("meta", "br"): return
        self.open.append(tag)
        if tag == "tr": self.rows.append([])
        if tag in ("td", "th") and self.rows: self.rows[-1].append("")
        assert not any(name.startswith("on") or name in ("src", "href") for name, _ in attributes), attributes
    def handle_endtag(self, tag):
        assert self.open.pop() == tag, tag
    def handle_data(self, data):
        if self.open[-1:] == ["script"]: self.data += data
        elif "style" not in self.open: self.texts.append(data)
        if self.open and {"td", "th"} & set(self.open): self.rows[-1][-1] += data
matrix, both, sample, mse = map(Page, ["matrix.html", "both.html", "sample.html", "mse.html"])
counts = json.load(open("matrix.json"))
for label in range(3):
    row = [str(n) for n in counts[3 * label : 3 * label + 3]]
    assert [str(label), *row] in matrix.rows, (label, row, matrix.rows)
    hits, total = counts[3 * label + label], sum(counts[3 * label : 3 * label + 3])
    assert any(r[:3] == [str(label), str(total), f"{hits} of {total} = {100 * hits / total:.2f} %"] for r in matrix.rows), label
for page in (matrix, both, sample):
    assert digest in page.text and "learned it by heart" in page.text and "hidden: a commitment" in page.text, page.text
assert "18 of 20 = 90.00 %" in both.text and "zkinfer verify matrix.zkeval accuracy.zkeval --key mlp.zkkey --data test.zkset" in both.text
out = json.load(open("both.json"))
assert out["report"] == "both.html" and both.data["items"] == out["items"] and both.data["num_accepted"] == 2, out
assert matrix.data["figures"][0]["numerator"] == 18 and matrix.data["accepted"]
assert nonce in sample.text and "confidence of 99.9 %" in sample.text and "whoever drew the nonce" in sample.text
low, high = sample.data["of_set"]
assert f"{100 * low:.2f} % to {100 * high:.2f} %" in sample.text, sample.text
assert "numbers in the model's ranges" in mse.text and "rmse" in mse.text and "numbers in the model" not in matrix.text
assert "By class" not in mse.text and "Confusion" not in sample.text
PYTHON
expect 1 'REJECTED' "$zkinfer" verify matrix.zkeval -k mlp.zkkey --data other.zkset --report no.html
expect 1 'REJECTED' "$zkinfer" verify matrix.zkeval accuracy.zkeval -k mlp.zkkey --data test.zkset --metric accuracy --report no.html
expect 2 'report: .* is no evaluation' bash -c "'$zkinfer' -q prove mlp.zkmodel -i input.json -o two.zkproof && '$zkinfer' verify two.zkproof -k mlp.zkkey --report no.html"
expect 2 'report' "$zkinfer" verify matrix.zkeval -k mlp.zkkey --data test.zkset --report matrix.zkeval
[[ ! -e no.html ]] || fail "a page of what was not accepted"
"$zkinfer" -q dataset build -i calibration.json --labels labels.json --groups groups.json --name '</script><b onclick="x">' -o hostile.zkset
expect 0 'ACCEPTED' "$zkinfer" verify accuracy.zkeval -k mlp.zkkey --data hostile.zkset --report hostile.html
grep -q '<b onclick' hostile.html && fail "a name in the page is markup"

# What verifiers refuse.
expect 1 'REJECTED  accuracy.zkeval' "$zkinfer" verify accuracy.zkeval top.zkeval -k mlp.zkkey --data other.zkset
head -c 5000 top.zkeval >cut.zkeval
expect 1 'REJECTED  cut.zkeval' "$zkinfer" verify top.zkeval cut.zkeval -k mlp.zkkey --data test.zkset
expect 0 'which say how single rows did' "$zkinfer" verify accuracy.zkeval -k mlp.zkkey --data test.zkset
expect 2 'chunks of 7 rows.*more than the limit' "$zkinfer" evaluate mlp.zkmodel --data test.zkset --chunk 7 -o one.zkeval --verify-seconds 0.001
expect 2 'data set.*--data' "$zkinfer" verify accuracy.zkeval -k mlp.zkkey
expect 1 'REJECTED.*data set' "$zkinfer" verify accuracy.zkeval -k mlp.zkkey --data other.zkset
expect 1 'REJECTED.*context' "$zkinfer" verify accuracy.zkeval -k mlp.zkkey --data test.zkset --context other
cp accuracy.zkeval changed.zkeval && change changed.zkeval 3000
expect 1 'REJECTED' "$zkinfer" verify changed.zkeval -k mlp.zkkey --data test.zkset
expect 1 'REJECTED|evaluation' "$zkinfer" verify-chain mlp.zkkey accuracy.zkeval mlp.zkkey accuracy.zkeval
expect 2 'evaluation' "$zkinfer" bundle accuracy.zkeval -k mlp.zkkey
"$zkinfer" -q compile mlp.onnx -c calibration.json -o twin.zkmodel && "$zkinfer" -q commit twin.zkmodel --public-model || fail "a second model"
expect 1 'REJECTED.*model identity' "$zkinfer" verify accuracy.zkeval -k twin.zkkey --data test.zkset --model twin.zkmodel
# A public model takes no slots.
expect 0 'wrote test.zkeval' "$zkinfer" evaluate twin.zkmodel --data test.zkset
expect 0 'earlier evaluation at .test.zkeval. was replaced' "$zkinfer" evaluate twin.zkmodel --data test.zkset
expect 0 'accuracy +18 of 20' "$zkinfer" evaluate twin.zkmodel --data test.zkset -o twin.zkeval --chunk 3
expect 0 'ACCEPTED' "$zkinfer" verify twin.zkeval -k twin.zkkey --data test.zkset --model twin.zkmodel

# Whoever sees what of proofs, evaluations have the data set's rows and hide outputs.
for visibility in "--inputs committed --outputs committed" "--inputs private:sha256" "--inputs public:keccak256 --outputs public:sha256" "--profile small" "--unique-decoding"; do
  rm -rf seen.*
  expect 0 '' "$zkinfer" -q commit mlp.zkmodel $visibility --key seen.zkkey --secret seen.zksecret --certificate seen.zkcert --budget 16
  expect 0 'accuracy +18 of 20' "$zkinfer" evaluate mlp.zkmodel -s seen.zksecret --data test.zkset -o seen.zkeval
  expect 0 'accuracy +18 of 20' "$zkinfer" verify seen.zkeval -k seen.zkkey --data test.zkset
done
"$zkinfer" -q prove mlp.zkmodel -i input.json -o one.zkproof
expect 2 'is no evaluation' "$zkinfer" verify one.zkproof -k mlp.zkkey --at-least 0.5
expect 2 'input-data: an evaluation says nothing of single rows' "$zkinfer" verify accuracy.zkeval -k mlp.zkkey --data test.zkset --input-data input.json

# What evaluate refuses, before a slot is taken.
left() { "$zkinfer" commitment status mlp.zksecret --quiet; }
before=$(left)
expect 2 'row 0: label 7, the output.s classes are 0 to 2' "$zkinfer" evaluate mlp.zkmodel --data odd.zkset -o no.zkeval
expect 2 'by-group' "$zkinfer" evaluate mlp.zkmodel --data other.zkset --by-group -o no.zkeval
expect 2 'metric' "$zkinfer" evaluate mlp.zkmodel --data test.zkset --metric f2 -o no.zkeval
expect 2 'no output 3' "$zkinfer" evaluate mlp.zkmodel --data test.zkset --of-output 3 -o no.zkeval
expect 2 'slots.*--chunk' "$zkinfer" evaluate mlp.zkmodel --data test.zkset --chunk 1 -o no.zkeval
expect 2 'segments' bash -c "'$zkinfer' -q compile mlp.onnx -c calibration.json --segments 2 -o cut.zkmodel && '$zkinfer' -q commit cut.zkmodel --budget 16 && '$zkinfer' evaluate cut.zkmodel --data test.zkset"
[[ $(left) == "$before" && ! -e no.zkeval ]] || fail "a slot was taken for what was refused: $before, then $(left)"
# Beside others who take the slots of the same commitment: it begins with all of its own, or goes on under the next.
mkdir beside && cp mlp.zkmodel input.json test.zkset beside/
"$zkinfer" -q commit beside/mlp.zkmodel --no-code-file --budget 16 >/dev/null || fail "a commitment of 16"
for round in 1 2; do
  for i in {1..6}; do "$zkinfer" -q prove beside/mlp.zkmodel -i input.json -o "beside/$round.$i.zkproof" >/dev/null 2>"beside/$round.$i" & done
  expect 0 'accuracy' "$zkinfer" evaluate beside/mlp.zkmodel --data test.zkset --chunk 2 -o beside/$round.zkeval
  wait
  [[ -z $(cat beside/$round.?) ]] || fail "a proof beside an evaluation: $(cat beside/$round.?)"
  expect 0 'accuracy' "$zkinfer" verify beside/$round.zkeval -k beside/mlp.zkkey --data test.zkset
done
finish
