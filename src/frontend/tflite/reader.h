// SPDX-License-Identifier: Apache-2.0
// TFLite files: floats, and integers with scales (int8, uint8, int16), read without TensorFlow. Total on arbitrary bytes.
// Every operator is written as ONNX operators (frontend/onnx/model_builder.h), quantized ones with QuantizeLinear and
// DequantizeLinear around; what has no reader is refused with its name, all at once.
// Inputs and outputs are what the interpreter takes and gives: integers of a quantized model.
#pragma once

#include "base/bytes.h"
#include "frontend/onnx/importer.h"
#include "frontend/onnx/model_builder.h"
#include "zkinfer/status.h"

namespace zkinfer::frontend_tflite {

Result<frontend_onnx::ForeignModel> read_tflite(ByteView bytes);
Result<ir::Graph> import_tflite(ByteView bytes, const frontend_onnx::ImportOptions& options = {});

}  // namespace zkinfer::frontend_tflite
