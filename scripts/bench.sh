#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# Whole-model benchmarks: one JSON file per model. Usage: bench.sh ZKINFER OUTPUT_FOLDER [MODEL..]
# Models: digits mlp lenet5 vgg16 (default: all that can be made here). lenet5 and vgg16 need python3-torch
# (scripts/install_packages.sh train); vgg16 has random weights, lenet5 too unless ZKINFER_MNIST names a folder with
# MNIST's IDX files. RUNS (default 5) proofs each.
set -euo pipefail
zkinfer=$(realpath "$1")
output=$2
shift 2
cd "$(dirname "$0")/.."
mkdir -p "$output"
models=("$@")
if [[ ${#models[@]} -eq 0 ]]; then
  models=(digits mlp)
  if /usr/bin/python3 -c 'import torch, onnx' 2>/dev/null; then
    models+=(lenet5 vgg16)
  else
    echo "Without python3-torch only the committed models are measured (scripts/install_packages.sh train)."
  fi
fi

bench() {
  local label=$1
  shift
  printf '\n== %s\n' "$label"
  "$zkinfer" bench "$@" --label "$label" --runs "${RUNS:-5}" --json "$output/$label.json"
}

for model in "${models[@]}"; do
  case "$model" in
    digits) bench digits examples/digits/digits.onnx -c examples/digits/calibration.npy -e examples/digits/test.npy -i examples/digits/digit_7.png ;;
    mlp) bench mlp examples/mlp/mlp.onnx -c examples/mlp/calibration.json -i examples/mlp/input.json ;;
    lenet5)
      made=$output/lenet5
      [[ -f $made/lenet5.onnx ]] || /usr/bin/python3 examples/lenet5/make_lenet5.py "$made" ${ZKINFER_MNIST:+--mnist "$ZKINFER_MNIST"}
      bench lenet5 "$made/lenet5.onnx" -c "$made/calibration.npy" -e "$made/test.npy" -i "$made/input.npy"
      ;;
    vgg16)
      made=$output/vgg16
      [[ -f $made/vgg16.onnx ]] || /usr/bin/python3 examples/vgg16/make_vgg16.py "$made"
      bench vgg16 "$made/vgg16.onnx" -c "$made/calibration.npy" --limit 32 -e "$made/calibration.npy" -i "$made/input.npy"
      ;;
    *) echo "bench.sh: unknown model '$model'; expected digits, mlp, lenet5 or vgg16" >&2; exit 2 ;;
  esac
done
