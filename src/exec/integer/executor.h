// SPDX-License-Identifier: Apache-2.0
// The integer executor: computes every value and every accumulator of a QGraph exactly, as the prover needs them.
// Preconditions: qir::validate accepted the graph (parse_structure did it).
// Errors: invalid_argument (number or size of inputs or parameters), out_of_range (an input or parameter outside its
// declared range, an accumulator that the node's table does not contain; the message names node, value, range, remedy),
// resource_limit (the graph needs more than kMaxWitnessBytes or kMaxProducts).
// Cost: contractions multiply 16-bit integers eight at a time where the ranges allow it, on all cores; deterministic.
#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include "qir/qgraph.h"
#include "qir/weight_store.h"
#include "zkinfer/status.h"

namespace zkinfer::exec_integer {

struct Witness {
  // By ValueId, row-major; empty for parameters (their values are in the weight store).
  std::vector<std::vector<std::int64_t>> values;
  // By node index: the accumulators of a node with a table, row-major in the output's shape; empty for nodes without a
  // table (there acc = y, or nothing is accumulated) and for Softmax.
  std::vector<std::vector<std::int64_t>> acc;
};

// Elements begin .. begin + length - 1 of a tensor, row-major.
struct Run {
  std::uint32_t begin = 0, length = 0;
  std::size_t end() const { return std::size_t{begin} + length; }
};
using Runs = std::span<const Run>;

using Inputs = std::vector<std::vector<std::int64_t>>;  // one per graph.inputs, row-major

inline constexpr std::int64_t kMaxWitnessBytes = std::int64_t{1} << 36;
inline constexpr std::int64_t kMaxProducts = std::int64_t{1} << 44;

Result<Witness> run(const qir::QGraph& graph, const qir::WeightStore& params, const Inputs& inputs);

// Some elements of one node, in place: its row of `values` and `acc` and the values that it reads are there. out_of_range as of run.
// runs: of what computes_parts says no to, all elements in one run.
Status compute(const qir::QGraph& graph, const qir::WeightStore& params, std::size_t index, Runs runs,
               Witness& witness);
// Whether it computes any part of its output without the rest.
bool computes_parts(qir::Op op);

// Sizes and ranges of the parameters; part of run.
Status check_params(const qir::QGraph& graph, const qir::WeightStore& params);

}  // namespace zkinfer::exec_integer
