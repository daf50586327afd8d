// SPDX-License-Identifier: Apache-2.0
// Training a compiled model's weights as the integers that are proven: a trainer runs the program itself, with weights rounded on the
// way, so that what it measures is what a proof shows. zkinfer.torch of the Python package does it.
#pragma once

#include <cstdint>
#include <string>
#include <utility>
#include <vector>

#include "zkinfer/model.h"
#include "zkinfer/status.h"

namespace zkinfer {

// The integer program as JSON, without weights: what runs it elsewhere. Semantics: src/qir/qgraph.h.
std::string program_json(const Model& model);

// Weights, biases and constants by their number among the program's values. Secret.
using ModelWeights = std::vector<std::pair<std::uint32_t, std::vector<std::int32_t>>>;
ModelWeights model_weights(const Model& model);

// The same program with other integers, in the same order and of the same sizes; ranges and the domains of tables are widened where they
// need it. The float network is another one now: the record has no error, and a note says so.
// invalid_argument: other numbers or sizes of tensors. unsupported: the new integers need what cannot be proved.
Result<Model> with_weights(const Model& model, const ModelWeights& weights);

}  // namespace zkinfer
