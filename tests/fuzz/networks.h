// SPDX-License-Identifier: Apache-2.0
// ONNX models to start from: every case of tests/operators.
#pragma once

#include "frontend/onnx/importer.h"
#include "fuzz/targets.h"

namespace zkinfer::fuzz {

std::vector<Bytes> onnx_seeds();
frontend_onnx::ImportOptions small_import();

}  // namespace zkinfer::fuzz
