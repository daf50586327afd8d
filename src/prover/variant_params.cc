// SPDX-License-Identifier: Apache-2.0
#include "prover/variant_params.h"

#include "soundness/choose_params.h"

namespace zkinfer::prover {

Result<pcs::OpeningParams> variant_params(const pcs::OpeningParams& own, const relations::CompiledCircuit& compiled,
                                          std::vector<pcs::DataOracle> data) {
  soundness::ParamRequest request;
  request.security_bits = own.security_bits;
  request.regime = own.regime;
  request.zero_knowledge = own.zero_knowledge;
  request.pow_bits = own.pow_bits;
  request.witness_elements = compiled.num_elements(circuit::Oracle::kWitness);
  request.witness_rows = [&compiled](int log_lanes) {
    return circuit::place_columns(compiled.circuit, circuit::Oracle::kWitness, log_lanes).num_rows;
  };
  request.model_elements = compiled.num_elements(circuit::Oracle::kModel);
  request.model_rows = [&own](int) { return own.model.num_rows; };
  request.fixed_model = own.model;
  request.model_budget = own.model_budget;
  request.data = std::move(data);
  request.shape = compiled.shape;
  request.prover_bytes = soundness::kProverBytes;
  return soundness::choose_params(request);
}

}  // namespace zkinfer::prover
