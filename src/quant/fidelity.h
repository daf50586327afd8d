// SPDX-License-Identifier: Apache-2.0
// How close the integer model is to the float model on given inputs: outputs, and every layer whose value has the same
// name in both.
#pragma once

#include <span>
#include <vector>

#include "ir/graph.h"
#include "qir/weight_store.h"
#include "quant/quantize.h"
#include "zkinfer/fidelity.h"
#include "zkinfer/status.h"

namespace zkinfer::quant {

// By graph output.
std::vector<OutputKind> output_kinds(const ir::Graph& graph);

// Errors: those of the two executors; inputs as for the float executor.
Result<Fidelity> compare(const ir::Graph& graph, const qir::QGraph& integer_graph, const qir::WeightStore& weights,
                         std::span<const TensorMap> inputs);

}  // namespace zkinfer::quant
