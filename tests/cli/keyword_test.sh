#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# The example of a keyword spotter, and the same steps on MLPerf Tiny's int8 TensorFlow Lite model with that benchmark's own inputs where
# ../shared/data (or ZKINFER_TEST_DATA) has them.
# Usage: keyword_test.sh ZKINFER SOURCE_FOLDER WORK_FOLDER
set -uo pipefail
source "$(dirname "$0")/expect.sh"
begin "$@"
data=${ZKINFER_TEST_DATA:-$source_folder/../shared/data}
PATH=$(dirname "$zkinfer"):$PATH
output=$("$source_folder/examples/keyword_spotting/run.sh" "$PWD/example" 2>&1) || fail "run.sh: $output"
heard=$(grep -oE "'(up|down|left|right)'" <<<"$output" | tr -d "'" | tr '\n' ' ')
said=$(/usr/bin/python3 -c "
import numpy, sys
print(*(['up', 'down', 'left', 'right'][i] for i in numpy.load(sys.argv[1])[:3]))" "$source_folder/examples/keyword_spotting/words.npy")
[[ $heard == "$said " ]] || fail "heard '$heard', said was '$said'"
grep -q 'REJECTED: wrong statement' <<<"$output" || fail "run.sh: no rejection: $output"

model=$(find "$data" -name kws_ref_model.tflite 2>/dev/null | head -n 1)
sounds=$(find "$data" -type d -path '*energyrunner/kws01' 2>/dev/null | head -n 1)
if [[ -z $model || -z $sounds ]]; then
  echo "skipped: $data has no kws_ref_model.tflite with its inputs"
  finish
  exit
fi
# Files of 490 signed bytes each; y_labels.csv says what was said.
/usr/bin/python3 - "$sounds" <<'PYTHON' || fail "the inputs cannot be read"
import csv, pathlib, sys
import numpy as np
folder = pathlib.Path(sys.argv[1])
rows = [row for row in csv.reader(open(folder / "y_labels.csv")) if (folder / row[0]).exists()][:200]
sounds = np.stack([np.fromfile(folder / row[0], np.int8).reshape(49, 10, 1) for row in rows])
np.save("calibration.npy", sounds[:100])
np.save("test.npy", sounds[100:])
np.save("labels.npy", np.array([int(row[2]) for row in rows[100:]]))
PYTHON
expect 0 'same largest|100.*%' "$zkinfer" compile "$model" -c calibration.npy -e test.npy --min-agreement 98 -o kws.zkmodel
expect 0 'identity' "$zkinfer" commit kws.zkmodel
expect 0 'proved' "$zkinfer" prove kws.zkmodel -i test.npy --index 0-4 -o 'proofs/{index}.zkproof'
expect 0 '5 (of 5 )?(proofs )?accepted|accepted' "$zkinfer" verify proofs --key kws.zkkey
"$zkinfer" run kws.zkmodel -i test.npy --all --json >runs.json 2>/dev/null || fail "run --all"
right=$(/usr/bin/python3 -c "
import json, numpy
items = json.load(open('runs.json'))['items']
print(sum(int(numpy.argmax(item['outputs'][0]['integers'])) == int(label) for item, label in zip(items, numpy.load('labels.npy'))))")
echo "MLPerf Tiny: $right of 100 words right, by the integers that are proven"
[[ $right -ge 85 ]] || fail "only $right of 100 words are right"
finish
