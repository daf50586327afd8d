// SPDX-License-Identifier: Apache-2.0
#include "prover/key_proof_params.h"

#include <array>
#include <memory>

namespace zkinfer::prover {

namespace {

// A layout is asked for again when other budgets are tried.
soundness::RowsForLanes rows_of(const relations::CompiledCircuit& compiled, circuit::Oracle oracle) {
  auto known = std::make_shared<std::array<std::uint64_t, soundness::kMaxLogLanes + 1>>();
  return [&compiled, oracle, known](int log_lanes) {
    std::uint64_t& rows = known->at(static_cast<std::size_t>(log_lanes));
    if (rows == 0) rows = circuit::place_columns(compiled.circuit, oracle, log_lanes).num_coefs;
    return rows;
  };
}

}  // namespace

soundness::ParamRequest param_request(const Security& security, const relations::CompiledCircuit& compiled) {
  soundness::ParamRequest request;
  request.security = security;
  request.witness_elements = compiled.num_elements(circuit::Oracle::kWitness);
  request.witness_rows = rows_of(compiled, circuit::Oracle::kWitness);
  request.model_elements = compiled.num_elements(circuit::Oracle::kModel);
  request.model_rows = rows_of(compiled, circuit::Oracle::kModel);
  request.shape = compiled.shape;
  soundness::set_price(request, security.profile);
  return request;
}

Result<pcs::OpeningParams> key_proof_params(const pcs::OpeningParams& own, const relations::CompiledCircuit& compiled,
                                            std::vector<pcs::TensorOracle> data) {
  soundness::ParamRequest request = param_request(own.security, compiled);
  if (own.has_model) request.fixed_model = own.model;
  request.model_budget = own.model_budget;
  request.data = std::move(data);
  return soundness::choose_params(request);
}

}  // namespace zkinfer::prover
