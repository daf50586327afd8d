// SPDX-License-Identifier: Apache-2.0
// How close the integer model is to the float model on given inputs: outputs, and every layer whose value has the same
// name in both.
#pragma once

#include <cstddef>
#include <span>
#include <string>
#include <vector>

#include "base/status.h"
#include "ir/graph.h"
#include "qir/weight_store.h"
#include "quant/quantize.h"

namespace zkinfer::quant {

struct TensorFidelity {
  std::string name;
  double cosine = 0;          // mean over inputs; 1 when both are zero
  double max_abs_error = 0;   // real units
  double relative_error = 0;  // |integer - float| / |float|, 2-norms over all inputs
};

struct FidelityReport {
  std::size_t num_inputs = 0;
  TensorFidelity whole;  // over all outputs; name "outputs"
  double top1_agreement =
      0;  // share of inputs where the first output's arg max over its last axis is the same everywhere
  std::size_t num_saturated = 0;  // input elements outside the declared range
  std::vector<TensorFidelity> layers;
  std::string text() const;
  std::string json() const;
};

// Errors: those of the two executors; inputs as for the float executor.
Result<FidelityReport> compare(const ir::Graph& graph, const qir::QGraph& integer_graph,
                               const qir::WeightStore& weights, std::span<const TensorMap> inputs);

}  // namespace zkinfer::quant
