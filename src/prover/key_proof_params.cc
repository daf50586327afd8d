// SPDX-License-Identifier: Apache-2.0
#include "prover/key_proof_params.h"

namespace zkinfer::prover {

soundness::ParamRequest param_request(const pcs::OpeningParams& like, const relations::CompiledCircuit& compiled) {
  soundness::ParamRequest request;
  request.security_bits = like.security_bits;
  request.regime = like.regime;
  request.zero_knowledge = like.zero_knowledge;
  request.pow_bits = like.pow_bits;
  request.witness_elements = compiled.num_elements(circuit::Oracle::kWitness);
  request.model_elements = compiled.num_elements(circuit::Oracle::kModel);
  const auto rows = [&](circuit::Oracle oracle) {
    return [&compiled, oracle](int log_lanes) {
      return circuit::place_columns(compiled.circuit, oracle, log_lanes).num_coefs;
    };
  };
  request.witness_rows = rows(circuit::Oracle::kWitness);
  request.model_rows = rows(circuit::Oracle::kModel);
  request.shape = compiled.shape;
  request.prover_bytes = soundness::kProverBytes;
  return request;
}

Result<pcs::OpeningParams> key_proof_params(const pcs::OpeningParams& own, const relations::CompiledCircuit& compiled,
                                            std::vector<pcs::TensorOracle> data) {
  soundness::ParamRequest request = param_request(own, compiled);
  request.model_rows = [&own](int) { return own.model.num_coefs; };
  request.fixed_model = own.model;
  request.model_budget = own.model_budget;
  request.data = std::move(data);
  return soundness::choose_params(request);
}

}  // namespace zkinfer::prover
