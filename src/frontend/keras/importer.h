// SPDX-License-Identifier: Apache-2.0
// Keras files -> ir::Graph: `.keras` (a zip archive of config.json and model.weights.h5, of Keras 3 and of tf.keras since 2.12) and
// whole models in HDF5 (`.h5`, `.hdf5`). Total on arbitrary bytes; nothing of Keras or TensorFlow is needed.
// Inputs keep Keras' names and layout: whoever calls model.predict gives the same arrays here.
// Errors: those of frontend/onnx/importer.h, in the words of the layers; all layers that cannot be proved are listed at once.
#pragma once

#include <string>
#include <vector>

#include "base/bytes.h"
#include "frontend/onnx/importer.h"
#include "ir/graph.h"
#include "zkinfer/status.h"

namespace zkinfer::frontend_keras {

Result<ir::Graph> import_keras(ByteView bytes, const frontend_onnx::ImportOptions& options = {});
// An HDF5 file that holds a whole model.
Result<ir::Graph> import_keras_h5(ByteView bytes, const frontend_onnx::ImportOptions& options = {});
// The configuration and the weights' file of an archive, in this order.
struct KerasPart {
  std::string name;
  Bytes bytes;
};
Result<std::vector<KerasPart>> keras_parts(ByteView bytes);
// A configuration as text and the weights' file of Keras 3, apart; keras: the major version that wrote them.
Result<ir::Graph> import_keras_parts(ByteView config, ByteView weights, int keras,
                                     const frontend_onnx::ImportOptions& options = {});
// Whether a zip archive has a Keras model's entries.
Result<bool> is_keras_archive(ByteView bytes);

}  // namespace zkinfer::frontend_keras
