// SPDX-License-Identifier: Apache-2.0
// How close the integer model is to the float model on given inputs: outputs, and every layer whose value has the same
// name in both.
#pragma once

#include <functional>
#include <span>
#include <vector>

#include "exec/integer/executor.h"
#include "ir/graph.h"
#include "qir/weight_store.h"
#include "quant/quantize.h"
#include "zkinfer/fidelity.h"
#include "zkinfer/status.h"

namespace zkinfer::quant {

// By graph output.
std::vector<OutputKind> output_kinds(const ir::Graph& graph);

// Of one graph output: the floats, and the integers as real numbers.
struct OutputPair {
  const FloatTensor& expected;
  std::vector<float> got;
};
// Called for each input.
using CompareObserver =
    std::function<void(const exec_integer::Witness& witness, const std::vector<OutputPair>& outputs)>;

// given: the network of which `graph` was made, where its outputs are what to compare with (quant/as_given.h); the layers are those
// of `graph`. Errors: those of the two executors; inputs as for the float executor.
Result<Fidelity> compare(const ir::Graph& graph, const qir::QGraph& integer_graph, const qir::WeightStore& weights,
                         std::span<const TensorMap> inputs, const CompareObserver& observer = {},
                         const ir::Graph* given = nullptr);

}  // namespace zkinfer::quant
