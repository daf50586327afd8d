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
  ZKI_ASSIGN_OR_RETURN(const std::uint64_t usual,
                       api::usual_rows(model, some, relations::build_evaluation(outcome, {some})));
  const std::uint64_t most = std::min(usual, num_rows);
  const std::uint64_t num_chunks = (num_rows + most - 1) / most;
  return (num_rows + num_chunks - 1) / num_chunks;
}

std::uint64_t num_rows_of(const EvaluationRequest& request) {
  return request.sampled == 0 ? request.data->num_rows() : request.sampled;
}

// Of rows that are counted by class, and of the positions of a perplexity.
Status check_labels(const EvaluationRequest& request, const qir::Outcome& outcome) {
  const DataSet& data = *request.data;
  // What has no labels is refused by DataSet::rows_for.
  if (request.metric.has_targets() || (data.parts().targets.has_value() && !request.metric.is_summed()))
    return ok_status();
  ZKI_ASSIGN_OR_RETURN(const std::vector<std::int64_t> labels, data.labels());
  const std::uint64_t size = labels.size() / data.num_rows(),
                      expected = request.metric.is_summed() ? outcome.num_targets : 1;
  if (size != expected)
    return invalid_argument("the data set has " + std::to_string(size) + " labels a row, the output has " +
                            std::to_string(expected) + " positions; give one for each, as targets");
  const std::int64_t first = outcome.first_class, last = first + outcome.num_classes - 1;
  const auto odd = std::ranges::find_if(labels, [&](std::int64_t label) { return label < first || label > last; });
  if (odd == labels.end()) return ok_status();
  return invalid_argument("data set, row " + std::to_string(static_cast<std::uint64_t>(odd - labels.begin()) / size) +
                          ": label " + std::to_string(*odd) + ", the output's classes are " + std::to_string(first) +
                          " to " + std::to_string(last));
}

// The head, for a request that it can serve.
Result<qir::Outcome> outcome_of(const api::Access::Impl<Prover>& prover, const EvaluationRequest& request) {
  if (prover.cut != nullptr)
    return unsupported(
        "an evaluation of a model that is cut into segments; compile it without CutOptions::num_segments and "
        "CutOptions::memory_bytes");
  if (request.data == nullptr) return invalid_argument("an evaluation without a data set");
  if (request.sampled >= request.data->num_rows())
    return invalid_argument("a sample of " + std::to_string(request.sampled) + " rows, the data set has " +
                            std::to_string(request.data->num_rows()) + "; take fewer, or all of them without a nonce");
  if (request.sampled == 0 && request.nonce != Digest{}) return invalid_argument("a nonce, but no sample");
  ZKI_ASSIGN_OR_RETURN(qir::Outcome outcome,
                       qir::with_outcome(prover.model.prepared.key.graph, request.metric, num_rows_of(request)));
  ZKI_RETURN_IF_ERROR(check_labels(request, outcome));
  return outcome;
}

// Without context and the data set's digest.
Result<verifier::EvaluationHead> head_of(const prover::CommittedModel& model, const EvaluationRequest& request,
                                         const qir::Outcome& outcome) {
  verifier::EvaluationHead head;
  head.identity = model.prepared.identity;
  head.metric = request.metric;
  head.is_joined = request.totals_only || request.metric.kind == MetricKind::kAuc;
  head.set_rows = request.data->num_rows();
  head.num_rows = num_rows_of(request);
  head.nonce = request.nonce;
  head.chunk_rows = std::min(request.chunk_rows, head.num_rows);
  if (head.chunk_rows == 0) {
    ZKI_ASSIGN_OR_RETURN(head.chunk_rows, usual_chunk(model, outcome, head.num_rows));
  }
  return head;
}

}  // namespace

Result<EvaluationProof> Prover::evaluate(const EvaluationRequest& request) const {
  ZKI_RETURN_IF_ERROR(api::check_context(request.context));
  const prover::CommittedModel& model = impl_->model;
  const statement::Key& key = model.prepared.key;
  ZKI_ASSIGN_OR_RETURN(const qir::Outcome outcome, outcome_of(*impl_, request));
  EvaluationProof out;
  std::vector<TensorInfo> inputs, outputs;
  for (const qir::ValueId id : key.graph.inputs) inputs.push_back(api::tensor_info(key.graph.value(id)));
  for (const qir::ValueId id : key.graph.outputs) outputs.push_back(api::tensor_info(key.graph.value(id)));
  ZKI_ASSIGN_OR_RETURN(out.rows, request.data->rows_for(inputs, outputs, request.metric, &out.clipping));
  ZKI_ASSIGN_OR_RETURN(verifier::EvaluationHead head, head_of(model, request, outcome));
  std::copy(request.context.begin(), request.context.end(), head.context.begin());
  head.data_set = out.rows.data_set;
  ZKI_RETURN_IF_ERROR(request.progress("plan", 0.0));
  ZKI_ASSIGN_OR_RETURN(const std::vector<prover::ChunkPlan> plans, prover::plan_chunks(model, outcome, head));
  // All that is wrong is found before the first slot is taken; that verifiers would not check it, too.
  const std::vector<verifier::ChunkRun> runs = head.runs();
  VerifyCost cost;
  std::vector<pcs::OpeningParams> params;
  for (std::size_t run = 0; run < runs.size(); ++run) {
    params.push_back(plans[run].prepared.key.params);
    if (const Status status = verifier::add_cost(cost, plans[run].prepared.cost, runs[run].times, request.limits);
        !status.ok())
      return status.with_context("an evaluation in chunks of " + std::to_string(head.chunk_rows) + " rows, " +
                                 std::to_string(head.num_chunks()) + " in all, where larger ones cost less");
  }
  const verifier::EvaluatedRows rows = verifier::EvaluatedRows{out.rows.data_set, out.rows.columns}.chosen(
      head, request.root_identity.value_or(head.identity));
  out.evaluation = prover::evaluation_head_bytes(head, params);
  prover::Totals totals;
  // Together, so that others who prove under this commitment cannot take the last ones when half is done.
  ZKI_ASSIGN_OR_RETURN(const std::uint64_t first_slot, impl_->take_slots(SlotUse::kProof, head.num_chunks()));
  std::uint64_t chunk = 0;
  for (std::size_t run = 0; run < runs.size(); ++run) {
    for (std::uint64_t i = 0; i < runs[run].times; ++i, ++chunk) {
      const std::string name = "chunk " + std::to_string(chunk + 1) + " of " + std::to_string(head.num_chunks());
      ZKI_ASSIGN_OR_RETURN(
          prover::ProveRequest inner,
          impl_->begin_proof_at(first_slot + chunk, request.progress.step(chunk, head.num_chunks(), name)));
      inner.inputs = rows.of_chunk(head, chunk);
      inner.context = head.context;
      Result<prover::Chunk> made = impl_->ended(prover::prove_chunk(model, plans[run], head, chunk, totals, inner));
      if (!made.ok() && chunk > 0)
        return made.status().with_context("after " + std::to_string(chunk) + " chunks, whose slots are used");
      if (!made.ok()) return made.status();
      const Bytes bytes = prover::chunk_bytes(runs[run].shape, made->claims, made->messages);
      out.evaluation.insert(out.evaluation.end(), bytes.begin(), bytes.end());
      totals = std::move(made->totals);
    }
  }
  out.statement.context = request.context;
  out.statement.weights = CheckedWeights::uncertified();
  ZKI_RETURN_IF_ERROR(request.progress("done", 1.0));
  return out;
}

Result<std::uint64_t> Prover::evaluation_chunks(const EvaluationRequest& request) const {
  ZKI_ASSIGN_OR_RETURN(const qir::Outcome outcome, outcome_of(*impl_, request));
  ZKI_ASSIGN_OR_RETURN(const verifier::EvaluationHead head, head_of(impl_->model, request, outcome));
  return head.num_chunks();
}

}  // namespace zkinfer
