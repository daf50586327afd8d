// SPDX-License-Identifier: Apache-2.0
// A model and its weights as an ONNX network.
#pragma once

#include "frontend/hdf5/hdf5.h"
#include "frontend/keras/model.h"
#include "frontend/onnx/importer.h"
#include "frontend/onnx/model_builder.h"

namespace zkinfer::frontend_keras {

// `by_path`: the weights' file is one of Keras 3.
Result<frontend_onnx::ForeignModel> write_network(const Model& model, hdf5::File& file, bool by_path,
                                                  const frontend_onnx::ImportOptions& options);

}  // namespace zkinfer::frontend_keras
