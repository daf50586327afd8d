// SPDX-License-Identifier: Apache-2.0
// The one writer of graphs of language models.
// Input: "tokens", integers [1, T]. Output by ImportOptions::head: "next" [1, T], the most likely token behind each position;
// "logits" [1, T, vocabulary]; "hidden" [1, T, width]; "embedding" [1, width].
// Of pictures: "pixel_values" [1, channels, side, side]; "class" [1], "logits" [1, classes], "hidden" [1, 1 + squares, width].
#pragma once

#include "frontend/language/network.h"
#include "frontend/onnx/importer.h"
#include "ir/graph.h"
#include "zkinfer/status.h"

namespace zkinfer::frontend_language {

// corrupt: a tensor has another shape than the description asks for; invalid_argument: the number of tokens is missing or too
// large for the model, or a head that the model has not.
Result<frontend_onnx::ForeignModel> write_network(const Network& network, const frontend_onnx::ImportOptions& options);
Result<ir::Graph> import_described(const Network& network, frontend_onnx::ImportOptions options);

}  // namespace zkinfer::frontend_language
