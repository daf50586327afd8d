// SPDX-License-Identifier: Apache-2.0
// A network in whatever format -> verified ir::Graph: what the first bytes say decides, never the name of the file. Total on
// arbitrary bytes. Readers of formats other than ONNX write an ONNX model in memory (frontend/onnx/model_builder.h), so that every
// operator is lowered in one place.
// Errors: those of frontend/onnx/importer.h; unsupported: a format that is known and not read; corrupt: none that is known.
#pragma once

#include <string>

#include "base/bytes.h"
#include "frontend/onnx/importer.h"
#include "ir/graph.h"
#include "zkinfer/status.h"

namespace zkinfer::frontend_network {

using ImportOptions = frontend_onnx::ImportOptions;
using Refusal = frontend_onnx::Refusal;

Result<ir::Graph> import_network(ByteView bytes, const ImportOptions& options = {});
// A file, or a folder where the format is one. Errors name it.
Result<ir::Graph> import_network_file(const std::string& path, const ImportOptions& options = {});

}  // namespace zkinfer::frontend_network
