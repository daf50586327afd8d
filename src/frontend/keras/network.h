// SPDX-License-Identifier: Apache-2.0
// A model and its weights as an ONNX network.
#pragma once

#include "frontend/keras/model.h"
#include "frontend/keras/weights.h"
#include "frontend/onnx/importer.h"
#include "frontend/onnx/model_builder.h"

namespace zkinfer::frontend_keras {

Result<frontend_onnx::ForeignModel> write_network(const Model& model, WeightFile& file,
                                                  const frontend_onnx::ImportOptions& options);
// The same from the text of a configuration; keras: the major version that wrote it.
Result<ir::Graph> import_model(ByteView config, int keras, WeightFile& file,
                               const frontend_onnx::ImportOptions& options);

}  // namespace zkinfer::frontend_keras
