// SPDX-License-Identifier: Apache-2.0
// The network as it was given, in float32 with infinities and NaN, beside the core operators that were made of it: most passes only
// rearrange, but masks become conditions and questions for NaN are answered by them (passes/resolve_special.cc).
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <vector>

#include "ir/graph.h"
#include "qir/qgraph.h"
#include "tensor/tensor.h"
#include "zkinfer/status.h"

namespace zkinfer::quant {

struct AsGiven {
  double difference = 0;             // the largest of an output's number, relative to the output's largest
  std::string output;                // which that is
  std::uint64_t num_elements = 0;    // of all outputs on all inputs
  std::uint64_t num_not_finite = 0;  // of them, in the network as given
  std::vector<std::string> found;    // of the watched nodes, those that were true somewhere
};

// watched: names of nodes of `given` that make booleans. Errors: those of the float executor.
Result<AsGiven> compare_as_given(const ir::Graph& given, const ir::Graph& core, std::span<const TensorMap> inputs,
                                 const std::vector<std::string>& watched);

// Names of nodes whose 32-bit integers leave their type for some inputs in the program's ranges: arithmetic wraps in the network and
// not in the program. unsupported where one of these inputs makes it so.
Result<std::vector<std::string>> may_leave_type(const ir::Graph& given, const qir::QGraph& program,
                                                std::span<const TensorMap> inputs);

}  // namespace zkinfer::quant
