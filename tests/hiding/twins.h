// SPDX-License-Identifier: Apache-2.0
// Two witnesses of one statement: other inputs, or another model of the same structure, with the same public values. And
// opening parameters without security for them: few queries and short code words, so that a proof takes a millisecond.
#pragma once

#include <array>
#include <string>
#include <vector>

#include "prover/prove.h"

namespace zkinfer::e2e {

struct Twins {
  std::string name;
  qir::QGraph graph;
  qir::Visibility visibility;
  std::array<qir::Weights, 2> params;
  std::array<std::vector<std::vector<std::int64_t>>, 2> inputs;

  // What both witnesses show: the public tensors.
  statement::PublicIo statement() const;
};

Twins two_inputs();  // private model, private input
Twins two_inputs_public_model();
Twins two_committed_inputs();
Twins two_inputs_no_model();  // a graph without parameters
Twins two_models();           // hidden units change places: other weights, the same function
Twins two_models_public_input();
std::vector<Twins> all_twins();
// The small graphs of the end-to-end tests, both witnesses the same.
std::vector<Twins> one_per_relation();

// Two folds; every oracle has exactly the random rows that OpeningParams::validate demands.
pcs::OpeningParams tiny_params(const relations::CompiledCircuit& compiled, const qir::Visibility& visibility);
inline constexpr std::uint64_t kTinyBudget = 3;
inline constexpr std::uint64_t kTinyDataBudget = 2;

}  // namespace zkinfer::e2e
