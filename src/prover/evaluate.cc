// SPDX-License-Identifier: Apache-2.0
#include "prover/evaluate.h"

#include "prover/key_proof_params.h"
#include "prover/witness.h"

namespace zkinfer::prover {

namespace {

// With nothing for the values of the head.
qir::WeightStore weights_for(const qir::QGraph& graph, const qir::WeightStore& weights) {
  std::vector<IntSpan> spans;
  for (std::size_t id = 0; id < weights.size(); ++id) spans.push_back(weights[id]);
  spans.resize(graph.values.size());
  return {std::move(spans), weights.memory()};
}

std::uint64_t num_cells(const BatchPlan& plan) {
  const qir::QGraph& graph = plan.prepared.key.graph;
  return static_cast<std::uint64_t>(graph.value(graph.outputs[0]).hi) + 1;
}

}  // namespace

Result<BatchPlan> plan_chunk(const CommittedModel& model, const qir::Outcome& outcome, std::uint64_t num_rows) {
  const bool zero_knowledge = model.prepared.key.params.security.zero_knowledge;
  BatchPlan plan;
  ZKI_ASSIGN_OR_RETURN(
      plan.row, relations::compile(outcome.graph, zero_knowledge, {{Exposure::kPublic, TensorHash::kNone}}, num_rows));
  pcs::OpeningParams params;
  {
    ZKI_ASSIGN_OR_RETURN(circuit::Circuit circuit,
                         relations::build_evaluation(outcome.graph, outcome.num_cells, num_rows));
    const relations::CompiledCircuit compiled{argument::compile(std::move(circuit), zero_knowledge), plan.row.recipes};
    ZKI_ASSIGN_OR_RETURN(params, key_proof_params(model.prepared.key.params, compiled, {}));
  }
  ZKI_ASSIGN_OR_RETURN(plan.prepared,
                       verifier::prepare_chunk(model.prepared, outcome, params, num_rows, relations::new_recipes()));
  return plan;
}

Result<Chunk> prove_chunk(const CommittedModel& model, const BatchPlan& plan, const verifier::EvaluationHead& head,
                          std::uint64_t chunk, const ProveRequest& request) {
  const qir::QGraph& graph = plan.prepared.key.graph;
  ZKI_RETURN_IF_ERROR(request.progress("run the network", 0.0));
  exec_integer::Witness values;
  ZKI_ASSIGN_OR_RETURN(circuit::ColumnValues data,
                       batch_columns(graph, weights_for(graph, model.weights), plan, request.inputs, values));
  if (request.hooks != nullptr && request.hooks->columns) request.hooks->columns(data);
  Chunk out;
  out.counts.resize(num_cells(plan));
  for (const std::int64_t cell : values.values[graph.outputs[0]]) ++out.counts[static_cast<std::size_t>(cell)];
  statement::PublicIo said{request.inputs, {}, {}, plan.prepared.num_rows};
  said.values.emplace_back(out.counts.begin(), out.counts.end());
  if (request.hooks != nullptr && request.hooks->outputs) request.hooks->outputs(said);
  out.counts.assign(said.values.back().begin(), said.values.back().end());
  said.values.pop_back();
  const auto absorb = [&](Transcript& transcript) {
    verifier::absorb_chunk(transcript, plan.prepared, head, chunk, request.slot, said.values, out.counts);
  };
  const statement::PublicValues tensors = verifier::chunk_tensors(said.values, out.counts);
  ProveTimes times;
  ZKI_ASSIGN_OR_RETURN(Messages messages,
                       prove_messages(model, {plan.prepared, verifier::kEvaluationProtocol, absorb, tensors, {}, {}},
                                      std::move(data), request, times));
  out.messages = std::move(messages.bytes);
  return out;
}

}  // namespace zkinfer::prover
