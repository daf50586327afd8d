// SPDX-License-Identifier: Apache-2.0
#include "prover/evaluate.h"

#include <algorithm>

#include "api/model_impl.h"
#include "api/prove_request.h"
#include "api/prover_impl.h"
#include "api/tensor_commitment_impl.h"
#include "prover/write.h"
#include "verifier/cost.h"
#include "zkinfer/data_set.h"

namespace zkinfer {

namespace {

// Chunks that are equally large, but perhaps the last.
Result<std::uint64_t> usual_chunk(const prover::CommittedModel& model, const qir::Outcome& outcome,
                                  std::uint64_t num_rows) {
  const std::uint64_t some = std::min<std::uint64_t>(num_rows, api::kSomeRows);
  ZKI_ASSIGN_OR_RETURN(
      const std::uint64_t usual,
      api::usual_rows(model, some, relations::build_evaluation(outcome.graph, outcome.num_cells, some)));
  const std::uint64_t most = std::min(usual, num_rows);
  const std::uint64_t num_chunks = (num_rows + most - 1) / most;
  return (num_rows + num_chunks - 1) / num_chunks;
}

// The head, for a request that it can serve.
Result<qir::Outcome> outcome_of(const api::Access::Impl<Prover>& prover, const EvaluationRequest& request) {
  if (prover.cut != nullptr)
    return unsupported(
        "an evaluation of a model that is cut into segments; compile it without CutOptions::num_segments and "
        "CutOptions::memory_bytes");
  if (request.data == nullptr) return invalid_argument("an evaluation without a data set");
  ZKI_ASSIGN_OR_RETURN(qir::Outcome outcome, qir::with_outcome(prover.model.prepared.key.graph, request.metric));
  const std::vector<std::int64_t>& labels = request.data->parts().labels;
  const auto odd = std::ranges::find_if(labels, [&](std::int64_t label) {
    return label < outcome.first_class || label >= outcome.first_class + outcome.num_classes;
  });
  if (odd != labels.end())
    return invalid_argument("data set, row " + std::to_string(odd - labels.begin()) + ": label " +
                            std::to_string(*odd) + ", the output's classes are " + std::to_string(outcome.first_class) +
                            " to " + std::to_string(outcome.first_class + outcome.num_classes - 1));
  return outcome;
}

}  // namespace

Result<EvaluationProof> Prover::evaluate(const EvaluationRequest& request) const {
  ZKI_RETURN_IF_ERROR(api::check_context(request.context));
  const prover::CommittedModel& model = impl_->model;
  const statement::Key& key = model.prepared.key;
  ZKI_ASSIGN_OR_RETURN(const qir::Outcome outcome, outcome_of(*impl_, request));
  EvaluationProof out;
  std::vector<TensorInfo> inputs;
  for (const qir::ValueId id : key.graph.inputs) inputs.push_back(api::tensor_info(key.graph.value(id)));
  ZKI_ASSIGN_OR_RETURN(out.rows, request.data->rows_for(inputs, request.metric, &out.clipping));

  verifier::EvaluationHead head;
  head.identity = model.prepared.identity;
  std::copy(request.context.begin(), request.context.end(), head.context.begin());
  head.data_set = out.rows.data_set;
  head.metric = request.metric;
  head.num_rows = request.data->num_rows();
  head.chunk_rows = std::min(request.chunk_rows, head.num_rows);
  if (head.chunk_rows == 0) {
    ZKI_ASSIGN_OR_RETURN(head.chunk_rows, usual_chunk(model, outcome, head.num_rows));
  }
  ZKI_RETURN_IF_ERROR(request.progress("plan", 0.0));
  std::vector<prover::BatchPlan> plans;
  std::vector<pcs::OpeningParams> params;
  for (const std::uint64_t num_rows : {head.chunk_rows, head.num_rows % head.chunk_rows}) {
    if (num_rows == 0) continue;
    ZKI_ASSIGN_OR_RETURN(prover::BatchPlan plan, prover::plan_chunk(model, outcome, num_rows));
    params.push_back(plan.prepared.key.params);
    plans.push_back(std::move(plan));
  }
  // All that is wrong is found before the first slot is taken; that verifiers would not check it, too.
  VerifyCost cost;
  for (std::size_t i = 0; i < plans.size(); ++i) {
    const auto& one = plans[i].prepared.cost;
    cost.nanoseconds += one.nanoseconds * (i == 0 ? head.num_rows / head.chunk_rows : 1);
    cost.memory_bytes = std::max(cost.memory_bytes, one.memory_bytes);
  }
  if (const Status status = verifier::check_cost(cost, request.limits); !status.ok())
    return status.with_context("an evaluation in chunks of " + std::to_string(head.chunk_rows) + " rows, " +
                               std::to_string(head.num_chunks()) + " in all, where larger ones cost less");
  const verifier::EvaluatedRows rows{out.rows.data_set, out.rows.columns};
  out.evaluation = prover::evaluation_head_bytes(head, params);
  for (std::uint64_t chunk = 0; chunk < head.num_chunks(); ++chunk) {
    const std::string name = "chunk " + std::to_string(chunk + 1) + " of " + std::to_string(head.num_chunks());
    ZKI_ASSIGN_OR_RETURN(prover::ProveRequest inner,
                         impl_->begin_proof(SlotUse::kProof, request.progress.step(chunk, head.num_chunks(), name)));
    inner.inputs = rows.of_chunk(head, chunk);
    inner.context = head.context;
    const prover::BatchPlan& plan = chunk < head.num_rows / head.chunk_rows ? plans.front() : plans.back();
    ZKI_ASSIGN_OR_RETURN(const prover::Chunk made, impl_->ended(prover::prove_chunk(model, plan, head, chunk, inner)));
    const Bytes bytes = prover::chunk_bytes(inner.slot, made.counts, made.messages);
    out.evaluation.insert(out.evaluation.end(), bytes.begin(), bytes.end());
  }
  out.statement.context = request.context;
  out.statement.weights = CheckedWeights::uncertified();
  ZKI_RETURN_IF_ERROR(request.progress("done", 1.0));
  return out;
}

Result<std::uint64_t> Prover::evaluation_chunks(const EvaluationRequest& request) const {
  ZKI_ASSIGN_OR_RETURN(const qir::Outcome outcome, outcome_of(*impl_, request));
  const std::uint64_t num_rows = request.data->num_rows();
  if (request.chunk_rows > 0) return (num_rows + request.chunk_rows - 1) / request.chunk_rows;
  ZKI_ASSIGN_OR_RETURN(const std::uint64_t chunk, usual_chunk(impl_->model, outcome, num_rows));
  return (num_rows + chunk - 1) / chunk;
}

}  // namespace zkinfer
