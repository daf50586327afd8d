// SPDX-License-Identifier: Apache-2.0
// What each node of an integer program adds to the work of a proof, from the circuit that it is proved by.
#pragma once

#include <vector>

#include "relations/compile.h"
#include "zkinfer/model_report.h"

namespace zkinfer::api {

struct ProofCosts {
  std::vector<ProofCost> nodes;  // by node
  ProofCost inputs;              // their ranges
  ProofCost total;
};

Result<ProofCosts> proof_costs(const qir::QGraph& graph);

}  // namespace zkinfer::api
