#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# fuzz.sh [seconds per target] [target ..]: builds the libFuzzer targets (clang-14, address and undefined-behaviour
# sanitizers) and runs them one after another from their seeds. Corpora and findings: build/fuzz/runs/<target>.
set -euo pipefail
cd "$(dirname "$0")/.."
seconds=${1:-60}
shift || true
targets=("$@")
if [ ${#targets[@]} -eq 0 ]; then
  targets=(onnx_import onnx_compile input_json input_npy input_npz input_png input_idx
           model_package verification_key verify_proof verify_patched verify_bound verify_beside certificate rotation
           certificate_bytes data_commitment data_opening content_identifier commitment_secret)
fi
cmake --preset fuzz >/dev/null
cmake --build --preset fuzz --target write_seeds "${targets[@]/#/fuzz_}"
bin=$PWD/build/fuzz/tests/fuzz
# protobuf is not instrumented: its containers cannot be annotated.
export ASAN_OPTIONS=detect_container_overflow=0
failed=0
for target in "${targets[@]}"; do
  run=build/fuzz/runs/$target
  mkdir -p "$run/corpus"
  "$bin/write_seeds" "$target" "$run/seeds"
  if (cd "$run" && "$bin/fuzz_$target" corpus seeds -max_total_time="$seconds" -timeout=20 -rss_limit_mb=3000 -max_len=40000 >log 2>&1); then
    echo "$target: $(grep DONE "$run/log" || true)"
  else
    echo "$target: FAILED, see $run/log"
    failed=1
  fi
done
exit $failed
