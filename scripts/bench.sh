#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# Whole-model benchmarks: one JSON file per model. Usage: bench.sh ZKINFER OUTPUT_FOLDER [MODEL..]
# Models: digits mlp lenet5 vgg16 squeezenet resnet18 mobilenet_v2 efficientnet_lite0 yolo_v3_tiny resnet50 mnist_cnn mnist_net_256x2, and with _off
# (everything public, zero knowledge off), _committed (input and output) or _sha256 (of the private input) behind them (default:
# those that take seconds and can be made here, as they are). lenet5 and vgg16 need python3-torch (scripts/install_packages.sh
# train); they have random weights, lenet5 only unless ZKINFER_MNIST names a folder with MNIST's IDX files. squeezenet to resnet50 are of full
# size (tests/models/full_size.py) and need a python with onnx, onnxruntime and numpy, such as that of `make test-full`, in PYTHON (default
# python3). The last two need ZKINFER_DATA, a folder with models/ort_examples (the ONNX model zoo's mnist.onnx), models/vnncomp2021
# and data/mnist. RUNS (default 5) proofs each.
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
  "$zkinfer" bench "$@" "${variant[@]}" --label "$label" --runs "${RUNS:-5}" --output "$output/$label.json"
}

for model in "${models[@]}"; do
  name=${model%_off} name=${name%_committed} name=${name%_sha256}
  case "${model#"$name"}" in
    "") variant=() ;;
    _off) variant=(--inputs public --public-model --no-zk) ;;
    _committed) variant=(--inputs committed --outputs committed) ;;
    _sha256) variant=(--inputs private:sha256) ;;
  esac
  case "$name" in
    digits) bench "$model" examples/digits/digits.onnx -c examples/digits/calibration.npy -e examples/digits/test.npy -i examples/digits/digit_7.png ;;
    mlp) bench "$model" examples/mlp/mlp.onnx -c examples/mlp/calibration.json -i examples/mlp/input.json ;;
    lenet5)
      made=$output/lenet5
      [[ -f $made/lenet5.onnx ]] || /usr/bin/python3 examples/lenet5/make_lenet5.py "$made" ${ZKINFER_MNIST:+--mnist "$ZKINFER_MNIST"}
      bench "$model" "$made/lenet5.onnx" -c "$made/calibration.npy" -e "$made/test.npy" -i "$made/input.npy"
      ;;
    vgg16)
      made=$output/vgg16
      [[ -f $made/vgg16.onnx ]] || /usr/bin/python3 examples/vgg16/make_vgg16.py "$made"
      bench "$model" "$made/vgg16.onnx" -c "$made/calibration.npy" --limit 32 -e "$made/calibration.npy" -i "$made/input.npy"
      ;;
    squeezenet | resnet18 | mobilenet_v2 | efficientnet_lite0 | yolo_v3_tiny | resnet50)
      made=$output/full_size
      [[ -f $made/${name}_input.npy ]] || "${PYTHON:-python3}" tests/models/full_size.py "$zkinfer" --only "$name" --write "$made"
      bench "$model" "$made/$name.onnx" -c "$made/${name}_calibration.npy" -e "$made/${name}_calibration.npy" -i "$made/${name}_input.npy"
      ;;
    mnist_cnn | mnist_net_256x2)
      : "${ZKINFER_DATA:?bench.sh: $model needs the folder of models and data in ZKINFER_DATA}"
      images=$ZKINFER_DATA/data/mnist/t10k-first5000-images-idx3-ubyte.gz
      network=$ZKINFER_DATA/models/ort_examples/c_cxx/MNIST/mnist.onnx scale=1
      [[ $name == mnist_net_256x2 ]] && network=$ZKINFER_DATA/models/vnncomp2021/mnistfc/mnist-net_256x2.onnx scale=0.00392156862745098
      bench "$model" "$network" -c "$images" -e "$images" --limit 500 -i "$images" --index 0 --scale "$scale"
      ;;
    *) echo "bench.sh: unknown model '$model'; expected digits, mlp, lenet5, vgg16, squeezenet, resnet18, mobilenet_v2, efficientnet_lite0, yolo_v3_tiny, resnet50, mnist_cnn or mnist_net_256x2" >&2; exit 2 ;;
  esac
done
