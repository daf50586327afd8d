// SPDX-License-Identifier: Apache-2.0
// An inference whose input comes element by element, as a language model's tokens do. What each tensor's elements depend on
// (qir/causality.h) says which of them an input element completes; those, and no others, are computed when it comes. So all steps together cost
// what one inference costs.
#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include "exec/integer/executor.h"
#include "qir/causality.h"

namespace zkinfer::exec_integer {

class Continued {
 public:
  // An inference of all elements at once; those of the first input from `known` on stand for what is still to come. graph and params must outlive it.
  // Errors: of run and of reach_of_output; unsupported: a node that other than all at once cannot be computed depends on part of the input.
  static Result<Continued> begin(const qir::QGraph& graph, const qir::WeightStore& params, Inputs inputs,
                                 std::int64_t known);

  // Input element `known`, the next one. out_of_range: as of run.
  Status next(std::int64_t element);

  std::int64_t known() const { return known_; }
  // The last input element that element i of outputs[0] may depend on: what is below known is what a whole run gives for any input that begins so.
  std::int64_t reach(std::size_t i) const { return reach_[i]; }
  std::span<const std::int64_t> output() const { return witness_.values[graph_->outputs[0]]; }
  // Accumulators of elements that depend on nothing, because their range is one number, may still be of another input.
  const Witness& witness() const { return witness_; }

 private:
  // What an input element completes of one node.
  struct Part {
    std::size_t node = 0;
    std::vector<Run> runs;
  };

  Continued(const qir::QGraph& graph, const qir::WeightStore& params) : graph_(&graph), params_(&params) {}

  const qir::QGraph* graph_;
  const qir::WeightStore* params_;
  std::int64_t known_ = 0;
  std::vector<std::vector<Part>> steps_;  // by input element, nodes in order
  std::vector<std::int64_t> reach_;
  Witness witness_;
};

}  // namespace zkinfer::exec_integer
