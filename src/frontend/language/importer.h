// SPDX-License-Identifier: Apache-2.0
// Files of language models -> ir::Graph of one inference over a number of tokens that the caller gives. Total on arbitrary bytes:
// every length, offset and type is checked before it is used, and weights are read one tensor at a time.
// Errors: those of frontend/onnx/importer.h.
#pragma once

#include <memory>
#include <string>

#include "base/bytes.h"
#include "frontend/language/source.h"
#include "frontend/onnx/importer.h"
#include "ir/graph.h"
#include "zkinfer/status.h"

namespace zkinfer::frontend_language {

Result<ir::Graph> import_llama2c(std::shared_ptr<const Source> source,
                                 const frontend_onnx::ImportOptions& options = {});

Result<ir::Graph> import_gguf(std::shared_ptr<const Source> source, const frontend_onnx::ImportOptions& options = {});

// A folder with config.json and safetensors. Errors do not name it.
Result<ir::Graph> import_huggingface_folder(const std::string& folder,
                                            const frontend_onnx::ImportOptions& options = {});

}  // namespace zkinfer::frontend_language
