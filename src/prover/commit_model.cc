// SPDX-License-Identifier: Apache-2.0
#include "prover/commit_model.h"

#include "circuit/evaluate.h"
#include "exec/integer/executor.h"
#include "prover/choose_opening.h"
#include "prover/prf.h"
#include "verifier/cost.h"

namespace zkinfer::prover {

namespace {

// Stream number of PrfStream under the rows key.
constexpr std::uint64_t kModelStream = 1;

pcs::CommittedOracle encode_model(const verifier::PreparedKey& prepared, const qir::Weights& params,
                                  const Digest& rows_key) {
  const relations::CompiledCircuit& compiled = prepared.compiled;
  const pcs::CodeParams& oracle = prepared.key.params.model;
  circuit::ColumnValues data(compiled.circuit.columns.size());
  for (std::size_t id = 0; id < data.size(); ++id) {
    const std::int64_t param = compiled.param_of_column[id];
    if (param < 0) continue;
    const std::vector<std::int32_t>& values = params[static_cast<std::size_t>(param)];
    data[id] = FpVec(values.size());
    for (std::size_t i = 0; i < values.size(); ++i) data[id][i] = Fp::from_int(values[i]);
  }
  FpVec message(oracle.num_lanes() * oracle.num_coefs);
  circuit::place_values(prepared.layouts.model, compiled.circuit.columns, data, message.span());
  PrfStream random(rows_key, kModelStream);
  return pcs::CommittedOracle(oracle, message.span(), random);
}

Result<CommittedModel> finish(const qir::QGraph& graph, relations::CompiledCircuit compiled, qir::Weights params,
                              const pcs::OpeningParams& opening, const qir::Visibility& visibility,
                              const Digest& rows_key) {
  CommittedModel model;
  model.rows_key = rows_key;
  verifier::PreparedKey& prepared = model.prepared;
  prepared.key.graph = graph;
  prepared.key.visibility = visibility;
  prepared.key.params = opening;
  prepared.compiled = std::move(compiled);
  prepared.limits = kNoVerifyLimits;
  prepared.cost = verifier::count_cost(prepared.key, prepared.compiled.circuit, prepared.limits);
  ZKI_ASSIGN_OR_RETURN(prepared.layouts, relations::place(prepared.compiled, opening));
  if (opening.has_model) {
    model.oracle = encode_model(prepared, params, rows_key);
    prepared.key.commitment.root = model.oracle.root();
    prepared.ood_point = statement::ood_point(graph, opening, model.oracle.root());
    prepared.key.commitment.ood_value = pcs::ood_value(model.oracle, prepared.ood_point);
  }
  prepared.identity = prepared.key.identity();
  model.params = std::move(params);
  return model;
}

Result<CommittedModel> with_seed(const qir::QGraph& graph, relations::CompiledCircuit compiled, qir::Weights params,
                                 const pcs::OpeningParams& opening, const qir::Visibility& visibility,
                                 const Digest& seed) {
  const Digest rows_key = opening.has_model ? derive_rows_key(seed, graph, opening, params) : Digest{};
  ZKI_ASSIGN_OR_RETURN(CommittedModel model,
                       finish(graph, std::move(compiled), std::move(params), opening, visibility, rows_key));
  model.seed = seed;
  return model;
}

}  // namespace

Digest derive_rows_key(const Digest& seed, const qir::QGraph& graph, const pcs::OpeningParams& opening,
                       const qir::Weights& params) {
  Keccak256 weights;
  for (const std::vector<std::int32_t>& values : params) {
    weights.update(
        ByteView(reinterpret_cast<const std::uint8_t*>(values.data()), values.size() * sizeof(std::int32_t)));
  }
  return derive_key("zkinfer model rows v1",
                    {seed, qir::structure_bytes(graph), opening.canonical_bytes(), weights.finish()});
}

Result<CommittedModel> commit_model(const qir::QGraph& graph, qir::Weights params, const ModelOptions& options,
                                    const Digest& seed) {
  if (!options.security.zero_knowledge && !options.visibility.everything()) {
    return invalid_argument(
        "zero knowledge can only be off where nothing is private; make inputs, outputs and parameters public too");
  }
  if (!options.visibility.valid()) {
    return invalid_argument("the circuit computes SHA-256 only: Keccak-256 digests are for public inputs and outputs");
  }
  ZKI_RETURN_IF_ERROR(exec_integer::check_params(graph, params));
  ZKI_ASSIGN_OR_RETURN(relations::CompiledCircuit compiled,
                       relations::compile(graph, options.security.zero_knowledge, options.visibility));
  ZKI_ASSIGN_OR_RETURN(const pcs::OpeningParams opening, choose_opening(graph, compiled, options));
  return with_seed(graph, std::move(compiled), std::move(params), opening, options.visibility, seed);
}

Result<CommittedModel> commit_model(const qir::QGraph& graph, qir::Weights params, const pcs::OpeningParams& opening,
                                    const qir::Visibility& visibility, const Digest& seed) {
  ZKI_RETURN_IF_ERROR(exec_integer::check_params(graph, params));
  ZKI_ASSIGN_OR_RETURN(relations::CompiledCircuit compiled,
                       relations::compile(graph, opening.security.zero_knowledge, visibility));
  return with_seed(graph, std::move(compiled), std::move(params), opening, visibility, seed);
}

Result<CommittedModel> commit_model_with_rows(const qir::QGraph& graph, qir::Weights params,
                                              const pcs::OpeningParams& opening, const qir::Visibility& visibility,
                                              const Digest& rows_key) {
  ZKI_RETURN_IF_ERROR(exec_integer::check_params(graph, params));
  ZKI_ASSIGN_OR_RETURN(relations::CompiledCircuit compiled,
                       relations::compile(graph, opening.security.zero_knowledge, visibility));
  return finish(graph, std::move(compiled), std::move(params), opening, visibility, rows_key);
}

}  // namespace zkinfer::prover
