// SPDX-License-Identifier: Apache-2.0
#include "prover/evaluate.h"

#include <algorithm>
#include <string_view>

#include "prover/key_proof_params.h"
#include "prover/prf.h"
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

// What the rows count for, behind the totals of the chunks before.
std::vector<std::uint64_t> totals_of(const ChunkPlan& plan, const std::vector<std::int64_t>& rows,
                                     const std::vector<std::uint64_t>& before) {
  std::vector<std::uint64_t> totals = before;
  totals.resize(relations::totals_size(plan.outcome), 0);
  for (std::size_t i = 0; i < rows.size(); ++i) {
    if (plan.outcome.is_summed)
      totals[i % totals.size()] += static_cast<std::uint64_t>(rows[i]);
    else
      ++totals[static_cast<std::size_t>(rows[i])];
  }
  return totals;
}

std::vector<std::int64_t> as_integers(const std::vector<std::uint64_t>& values) {
  return {values.begin(), values.end()};
}

void fill(circuit::ColumnValues& data, circuit::ColumnId id, const std::vector<std::uint64_t>& values) {
  data[id] = FpVec(values.size());
  for (std::size_t i = 0; i < values.size(); ++i) data[id][i] = Fp::from_int(static_cast<std::int64_t>(values[i]));
}

// Of an AUC: how many of the others are below each score; pairs, rows of the class, others.
struct Comparison {
  std::vector<std::uint64_t> below, shown;
};
Comparison compared(const qir::Outcome& outcome, const std::vector<std::uint64_t>& totals) {
  Comparison out{{}, {0, 0, 0}};
  for (std::uint64_t i = 0; i < outcome.num_scores; ++i) {
    out.below.push_back(out.shown[2]);
    out.shown[0] += totals[outcome.num_scores + i] * (2 * out.shown[2] + totals[i]);
    out.shown[1] += totals[outcome.num_scores + i];
    out.shown[2] += totals[i];
  }
  return out;
}

// The columns behind those of the rows, in the order of relations/evaluation.cc; returns what the chunk shows.
std::vector<std::uint64_t> fill_totals(const ChunkPlan& plan, const Totals& before, const Totals& totals,
                                       circuit::ColumnValues& data) {
  const std::vector<circuit::Column>& columns = plan.prepared.compiled.circuit.columns;
  const auto find = [&](circuit::Oracle oracle, std::string_view name) {
    const auto found = std::find_if(columns.rbegin(), columns.rend(), [&](const circuit::Column& column) {
      return column.oracle == oracle && column.name == name;
    });
    ZKI_CHECK(found != columns.rend(), "a chunk's circuit has the columns of its shape");
    return static_cast<circuit::ColumnId>(columns.rend() - found - 1);
  };
  if (plan.shape.gives) fill(data, find(circuit::data_oracle(0), "totals"), totals.values);
  if (plan.shape.takes)
    fill(data, find(circuit::data_oracle(plan.shape.gives ? 1 : 0), "totals before"), before.values);
  if (plan.shape.gives) return {};
  if (plan.outcome.num_scores == 0)
    return {totals.values.begin(), totals.values.begin() + static_cast<std::ptrdiff_t>(plan.outcome.num_totals)};
  Comparison result = compared(plan.outcome, totals.values);
  fill(data, find(circuit::Oracle::kWitness, "below"), result.below);
  fill(data, find(circuit::Oracle::kWitness, "pairs"), {result.shown[0]});
  return std::move(result.shown);
}

// Under a seed that nothing but this proof knows, bound to what it hides, and to the slot: were the same totals committed to again when the
// machine's randomness repeats itself, more proofs would open them than their budget has.
Result<std::shared_ptr<const CommittedValues>> commit_totals(const CommittedModel& model, const ChunkPlan& plan,
                                                             const std::vector<std::uint64_t>& totals,
                                                             std::uint64_t chunk, const ProveRequest& request) {
  ByteWriter bound;
  bound.u64(chunk);
  bound.u64(request.slot);
  for (const std::vector<std::int64_t>& values : request.inputs) {
    for (const std::int64_t x : values) bound.i64(x);
  }
  const Digest seed =
      derive_key("zkinfer evaluation totals v1", {model.seed, request.entropy, request.context, bound.bytes()});
  ZKI_ASSIGN_OR_RETURN(CommittedValues made,
                       commit_tensor(as_integers(totals), plan.prepared.key.params.data[0], seed));
  return std::make_shared<const CommittedValues>(std::move(made));
}

}  // namespace

Result<ChunkPlan> plan_chunk(const CommittedModel& model, const qir::Outcome& outcome,
                             const relations::ChunkShape& shape) {
  const Security& security = model.prepared.key.params.security;
  ChunkPlan plan;
  plan.outcome = outcome;
  plan.shape = shape;
  ZKI_ASSIGN_OR_RETURN(plan.row, relations::compile(outcome.graph, security.zero_knowledge,
                                                    {{Exposure::kPublic, TensorHash::kNone}}, shape.num_rows));
  pcs::OpeningParams params;
  {
    ZKI_ASSIGN_OR_RETURN(circuit::Circuit circuit, relations::build_evaluation(outcome, shape));
    const relations::CompiledCircuit compiled{argument::compile(std::move(circuit), security.zero_knowledge),
                                              plan.row.recipes};
    std::vector<pcs::TensorOracle> data;
    for (std::size_t i = 0; i < shape.num_data(); ++i) {
      ZKI_ASSIGN_OR_RETURN(data.emplace_back(),
                           tensor_oracle_params(relations::totals_size(outcome),
                                                security.zero_knowledge ? verifier::kTotalsBudget : 0, security));
    }
    ZKI_ASSIGN_OR_RETURN(params, key_proof_params(model.prepared.key.params, compiled, std::move(data)));
  }
  ZKI_ASSIGN_OR_RETURN(plan.prepared,
                       verifier::prepare_chunk(model.prepared, outcome, params, shape, relations::new_recipes()));
  return plan;
}

Result<std::vector<ChunkPlan>> plan_chunks(const CommittedModel& model, const qir::Outcome& outcome,
                                           const verifier::EvaluationHead& head) {
  std::vector<ChunkPlan> plans;
  for (const verifier::ChunkRun& run : head.runs()) {
    ZKI_ASSIGN_OR_RETURN(plans.emplace_back(), plan_chunk(model, outcome, run.shape));
  }
  return plans;
}

Result<Chunk> prove_chunk(const CommittedModel& model, const ChunkPlan& plan, const verifier::EvaluationHead& head,
                          std::uint64_t chunk, const Totals& before, const ProveRequest& request) {
  const qir::QGraph& graph = plan.prepared.key.graph;
  ZKI_RETURN_IF_ERROR(request.progress("run the network", 0.0));
  exec_integer::Witness values;
  ZKI_ASSIGN_OR_RETURN(circuit::ColumnValues data,
                       batch_columns(graph, weights_for(graph, model.weights), plan, request.inputs, values));
  if (request.hooks != nullptr && request.hooks->columns) request.hooks->columns(data);
  Chunk out;
  out.totals.values =
      totals_of(plan, values.values[graph.outputs[0]], plan.shape.takes ? before.values : std::vector<std::uint64_t>{});
  if (request.hooks != nullptr && request.hooks->totals) request.hooks->totals(out.totals.values);
  if (plan.shape.gives) {
    ZKI_ASSIGN_OR_RETURN(out.totals.committed, commit_totals(model, plan, out.totals.values, chunk, request));
    out.claims.totals.push_back(out.totals.committed->commitment);
  }
  if (plan.shape.takes) out.claims.totals.push_back(before.committed->commitment);
  out.claims.slot = request.slot;
  out.claims.numbers = fill_totals(plan, before, out.totals, data);
  statement::PublicIo said{request.inputs, {}, {}, plan.prepared.num_rows};
  said.values.push_back(as_integers(out.claims.numbers));
  if (request.hooks != nullptr && request.hooks->outputs) request.hooks->outputs(said);
  out.claims.numbers.assign(said.values.back().begin(), said.values.back().end());
  said.values.pop_back();
  const auto absorb = [&](Transcript& transcript) {
    verifier::absorb_chunk(transcript, plan.prepared, head, chunk, said.values, out.claims);
  };
  std::vector<const pcs::CommittedOracle*> oracles;
  if (plan.shape.gives) oracles.push_back(&out.totals.committed->oracle);
  if (plan.shape.takes) oracles.push_back(&before.committed->oracle);
  const statement::PublicValues tensors = verifier::chunk_tensors(plan.prepared, said.values, out.claims.numbers);
  const verifier::DataPins pins =
      verifier::chunk_pins(plan.prepared, out.claims.totals, relations::totals_size(plan.outcome));
  ProveTimes times;
  ZKI_ASSIGN_OR_RETURN(
      Messages messages,
      prove_messages(model, {plan.prepared, verifier::kEvaluationProtocol, absorb, tensors, pins, oracles},
                     std::move(data), request, times));
  out.messages = std::move(messages.bytes);
  return out;
}

}  // namespace zkinfer::prover
