// SPDX-License-Identifier: Apache-2.0
// SavedModel folders that Keras 2 wrote: the configuration is in keras_metadata.pb (TensorFlow 2.5 and later) or saved_model.pb
// (before), the weights are a checkpoint. The graph of TensorFlow's own operators is not read.
// Errors: those of importer.h; unsupported: a folder without Keras' configuration (of Keras 3's model.export, or of other programs).
#pragma once

#include <string>

#include "base/bytes.h"
#include "frontend/onnx/importer.h"
#include "ir/graph.h"
#include "zkinfer/status.h"

namespace zkinfer::frontend_keras {

struct SavedModelFiles {
  Bytes graph;     // saved_model.pb
  Bytes metadata;  // keras_metadata.pb; empty: there is none
  Bytes index, data;
};

Result<ir::Graph> import_saved_model(const SavedModelFiles& files, const frontend_onnx::ImportOptions& options = {});
Result<ir::Graph> import_saved_model_folder(const std::string& path, const frontend_onnx::ImportOptions& options = {});

}  // namespace zkinfer::frontend_keras
