// SPDX-License-Identifier: Apache-2.0
#include "prover/commit_model.h"

#include <cstring>
#include "argument/place_narrow.h"

#include "circuit/evaluate.h"
#include "commit/pcs/code_file.h"
#include "commit/pcs/content_digest.h"
#include "commit/pcs/unkept_code.h"
#include "exec/integer/executor.h"
#include "prover/check_model.h"
#include "prover/choose_opening.h"
#include "prover/prf.h"
#include "prover/witness.h"
#include "soundness/analyze.h"
#include "verifier/cost.h"

namespace zkinfer::prover {

namespace {

// Stream number of PrfStream under the rows key.
constexpr std::uint64_t kModelStream = 1;

// M's message: the weights, placed.
pcs::IntLanes message_of(const verifier::PreparedKey& prepared, const qir::WeightStore& weights) {
  const circuit::ColumnValues data = parameter_columns(prepared.compiled, weights);
  return argument::place_narrow(prepared.layouts.model, prepared.compiled.circuit.columns, data);
}

Result<CommittedModel> encode(const qir::QGraph& graph, relations::CompiledCircuit compiled,
                              const qir::WeightStore& weights, const pcs::OpeningParams& opening,
                              const qir::Visibility& visibility, const Digest& content, const Digest& rows_key,
                              pcs::NewCodeFile* code) {
  CommittedModel model;
  model.weights = weights;
  verifier::PreparedKey& prepared = model.prepared;
  prepared.key.graph = graph;
  prepared.key.visibility = visibility;
  prepared.key.params = opening;
  prepared.compiled = std::move(compiled);
  prepared.limits = kNoVerifyLimits;
  prepared.cost = verifier::count_cost(prepared.key, prepared.compiled.circuit, prepared.limits);
  ZKI_ASSIGN_OR_RETURN(prepared.layouts, argument::place(prepared.compiled, opening));
  prepared.soundness = soundness::analyze(opening, prepared.compiled.shape);
  if (opening.has_model) {
    model.rows_key = rows_key;
    PrfStream random(rows_key, kModelStream);
    pcs::LaneCoefs coefs(opening.model, message_of(prepared, weights), random);
    std::shared_ptr<pcs::CodeFile> file;
    if (code == nullptr) {
      model.oracle = pcs::commit_lanes(std::move(coefs), pcs::kMostWrittenRows);
    } else {
      const auto shared = std::make_shared<const pcs::LaneCoefs>(std::move(coefs));
      ZKI_ASSIGN_OR_RETURN(file, code->add(shared));
      model.oracle = pcs::CommittedOracle(shared, file);
    }
    prepared.key.commitment.root = model.oracle.root();
    prepared.ood_point = statement::ood_point(graph, opening, model.oracle.root());
    prepared.key.commitment.ood_value = pcs::ood_value(model.oracle, prepared.ood_point);
    if (file != nullptr) {
      pcs::CodeFileHeader header;
      header.content = content;
      header.rows_key = rows_key;
      header.base = prepared.ood_point;
      header.evaluations = model.oracle.lane_evaluations(prepared.ood_point);
      ZKI_RETURN_IF_ERROR(code->seal(*file, std::move(header)));
    }
  }
  prepared.identity = prepared.key.identity();
  return model;
}

Result<CommittedModel> encode_with_seed(const qir::QGraph& graph, relations::CompiledCircuit compiled,
                                        const qir::WeightStore& weights, const pcs::OpeningParams& opening,
                                        const qir::Visibility& visibility, const Digest& seed, pcs::NewCodeFile* code) {
  const Digest content = weights_digest(graph, weights);
  const Digest rows_key = derive_rows_key(seed, graph, opening, content);
  ZKI_ASSIGN_OR_RETURN(CommittedModel model,
                       encode(graph, std::move(compiled), weights, opening, visibility, content, rows_key, code));
  model.seed = seed;
  return model;
}

}  // namespace

Digest weights_digest(const qir::QGraph& graph, const qir::WeightStore& weights) {
  Keccak256 all;
  for (std::size_t id = 0; id < weights.size(); ++id) {
    const IntSpan& tensor = weights[id];
    const std::uint8_t width = int_width(graph.values[id].lo, graph.values[id].hi);
    if (tensor.width == width) {
      all.update(pcs::content_digest({tensor.data, tensor.num_bytes()}));
      continue;
    }
    Bytes bytes(tensor.size * width);
    for (std::size_t i = 0; i < tensor.size; ++i) {
      const std::int32_t x = tensor[i];
      std::memcpy(bytes.data() + i * width, &x, width);  // little-endian: the low bytes come first
    }
    all.update(pcs::content_digest(bytes));
  }
  return all.finish();
}

Digest derive_rows_key(const Digest& seed, const qir::QGraph& graph, const pcs::OpeningParams& opening,
                       const Digest& weights) {
  return derive_key("zkinfer model rows v2", {seed, qir::structure_bytes(graph), opening.canonical_bytes(), weights});
}

Result<CommittedModel> commit_model(const qir::QGraph& graph, const qir::WeightStore& weights,
                                    const ModelOptions& options, const Digest& seed, pcs::NewCodeFile* code) {
  if (!options.security.zero_knowledge && !options.visibility.everything()) {
    return invalid_argument(
        "zero knowledge can only be off where nothing is private; make inputs, outputs and parameters public too");
  }
  if (!options.visibility.valid()) {
    return invalid_argument("the circuit computes SHA-256 only: Keccak-256 digests are for public inputs and outputs");
  }
  ZKI_RETURN_IF_ERROR(exec_integer::check_params(graph, weights));
  ZKI_ASSIGN_OR_RETURN(relations::CompiledCircuit compiled,
                       relations::compile(graph, options.security.zero_knowledge, options.visibility));
  if (options.check_model) ZKI_RETURN_IF_ERROR(check_model(graph, weights, options.visibility, compiled));
  ZKI_ASSIGN_OR_RETURN(const pcs::OpeningParams opening, choose_opening(graph, compiled, options));
  return encode_with_seed(graph, std::move(compiled), weights, opening, options.visibility, seed, code);
}

Result<CommittedModel> recommit_model(const qir::QGraph& graph, const qir::WeightStore& weights,
                                      const pcs::OpeningParams& opening, const qir::Visibility& visibility,
                                      const Digest& seed, pcs::NewCodeFile* code) {
  ZKI_RETURN_IF_ERROR(exec_integer::check_params(graph, weights));
  ZKI_ASSIGN_OR_RETURN(relations::CompiledCircuit compiled,
                       relations::compile(graph, opening.security.zero_knowledge, visibility));
  return encode_with_seed(graph, std::move(compiled), weights, opening, visibility, seed, code);
}

Result<CommittedModel> reopen_model(const qir::QGraph& graph, const qir::WeightStore& weights,
                                    const pcs::OpeningParams& opening, const qir::Visibility& visibility,
                                    const Digest& seed, const std::shared_ptr<pcs::CodeFile>& file) {
  ZKI_RETURN_IF_ERROR(exec_integer::check_params(graph, weights));
  const pcs::CodeFileHeader& header = file->header();
  if (!opening.has_model || header.params != opening.model || header.content != weights_digest(graph, weights)) {
    return invalid_argument("code file '" + file->path() +
                            "': it holds other weights or parameters than this model; give the model that was "
                            "committed to");
  }
  statement::Key key;
  key.graph = graph;
  key.visibility = visibility;
  key.params = opening;
  key.commitment = {header.root, pcs::ood_value(header.evaluations, opening.model.dimension(), header.base)};
  CommittedModel model;
  ZKI_ASSIGN_OR_RETURN(model.prepared, verifier::prepare(std::move(key), kNoVerifyLimits, relations::new_recipes()));
  if (!(model.prepared.ood_point == header.base)) {
    return corrupt("code file '" + file->path() + "': it is of another commitment");
  }
  model.weights = weights;
  model.seed = seed;
  model.rows_key = header.rows_key;
  ZKI_ASSIGN_OR_RETURN(FpVec random_coefs, file->random_coefs());
  auto coefs = std::make_shared<const pcs::LaneCoefs>(opening.model, message_of(model.prepared, weights),
                                                      std::move(random_coefs));
  if (!file->has_rows()) file->compute_rows_from(coefs);
  model.oracle = pcs::CommittedOracle(std::move(coefs), file);
  model.oracle.set_evaluations(header.base, header.evaluations);
  return model;
}

Result<CommittedModel> encode_model(const qir::QGraph& graph, const qir::WeightStore& weights,
                                    const pcs::OpeningParams& opening, const qir::Visibility& visibility,
                                    const Digest& rows_key) {
  ZKI_RETURN_IF_ERROR(exec_integer::check_params(graph, weights));
  ZKI_ASSIGN_OR_RETURN(relations::CompiledCircuit compiled,
                       relations::compile(graph, opening.security.zero_knowledge, visibility));
  return encode(graph, std::move(compiled), weights, opening, visibility, Digest{}, rows_key, nullptr);
}

}  // namespace zkinfer::prover
