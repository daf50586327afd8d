// SPDX-License-Identifier: Apache-2.0
// Proofs of many rows: batches, and joint proofs, whose rows belong to different people.
#include <algorithm>
#include <bit>

#include "api/prove_request.h"
#include "api/prover_impl.h"
#include "verifier/cost.h"

namespace zkinfer {

namespace {

// The rows of a request, once nothing is wrong with them.
struct CheckedRows {
  std::vector<std::vector<std::int64_t>> inputs;  // per graph input, of all rows
  std::vector<BatchRow> rows;                     // without outputs
};

// name: "a batch".
Result<CheckedRows> check_rows(const api::Access::Impl<Prover>& prover, const std::string& name,
                               const std::vector<std::vector<TensorView>>& reals, bool refuse_clipping,
                               const std::vector<std::vector<std::vector<std::int64_t>>>& integers) {
  const statement::Key& key = prover.model.prepared.key;
  if (prover.cut != nullptr) {
    return unsupported(name +
                       " of a model that is cut into segments; prove its rows one by one, or compile it without "
                       "CutOptions::num_segments and CutOptions::memory_bytes");
  }
  if (!key.params.data.empty()) {
    return invalid_argument(
        name +
        " of a key with committed inputs or outputs; prove its rows one by one, or commit to the model without "
        "committed tensors");
  }
  if (!reals.empty() && !integers.empty()) {
    return invalid_argument("the rows are given in two forms; expected real numbers or integers");
  }
  const std::size_t num_rows = std::max(reals.size(), integers.size());
  if (num_rows == 0) return invalid_argument(name + " without rows");
  CheckedRows out;
  out.inputs.resize(key.graph.inputs.size());
  for (std::size_t row = 0; row < num_rows; ++row) {
    ProveRequest one;
    one.refuse_clipping = refuse_clipping;
    if (row < reals.size()) one.inputs = reals[row];
    if (row < integers.size()) one.integers = integers[row];
    prover::ProveRequest checked;
    BatchRow& made = out.rows.emplace_back();
    if (const Status status = api::set_inputs(key, prover.whole, one, checked, made.clipping); !status.ok())
      return status.with_context("row " + std::to_string(row));
    for (std::size_t i = 0; i < out.inputs.size(); ++i)
      out.inputs[i].insert(out.inputs[i].end(), checked.inputs[i].begin(), checked.inputs[i].end());
    made.inputs = std::move(checked.inputs);
  }
  return out;
}

// Verifiers who take the key's proofs under the usual limits are to take such a proof.
Status check_usual_cost(const prover::CommittedModel& model, const prover::BatchPlan& plan, const std::string& name) {
  const VerifyLimits usual;
  if (!verifier::check_cost(model.prepared.cost, usual).ok()) return ok_status();
  const Status cost = verifier::check_cost(plan.prepared.cost, usual);
  if (cost.ok()) return cost;
  return cost.with_context(name + " of " + std::to_string(plan.prepared.num_rows) +
                           " rows, as verifiers count it; prove fewer at once");
}

// all: per output, the rows one behind the other.
void split_outputs(const std::vector<std::vector<std::int64_t>>& all, std::size_t row, std::size_t num_rows,
                   BatchRow& out) {
  for (const std::vector<std::int64_t>& tensor : all) {
    const std::size_t size = tensor.size() / num_rows;
    const auto begin = tensor.begin() + static_cast<std::ptrdiff_t>(row * size);
    out.outputs.emplace_back(begin, begin + static_cast<std::ptrdiff_t>(size));
  }
}

// Field elements of the witness of many rows. More of them cost more each, and fewer leave the weights' opening to fewer rows; memory is some 60
// bytes of each (docs/benchmarks.md).
constexpr std::uint64_t kManyElements = std::uint64_t{1} << 23;
// Few gain from more.
constexpr std::uint64_t kMostUsualSeats = 128;

}  // namespace

Result<std::uint64_t> api::usual_rows(const prover::CommittedModel& model, std::uint64_t num_rows,
                                      Result<circuit::Circuit> built) {
  ZKI_ASSIGN_OR_RETURN(circuit::Circuit circuit, std::move(built));
  const bool zero_knowledge = model.prepared.key.params.security.zero_knowledge;
  const relations::CompiledCircuit compiled{argument::compile(std::move(circuit), zero_knowledge), nullptr};
  const std::uint64_t of_a_row = compiled.num_elements(circuit::Oracle::kWitness) / num_rows + 1;
  return std::max<std::uint64_t>(kManyElements / of_a_row, 1);
}

Result<std::uint64_t> Prover::usual_seats() const {
  const statement::Key& key = impl_->model.prepared.key;
  if (impl_->cut != nullptr || !key.params.data.empty() || !key.params.security.zero_knowledge) return 1;
  ZKI_ASSIGN_OR_RETURN(const std::uint64_t rows, api::usual_rows(impl_->model, api::kSomeRows,
                                                                 relations::build_joint(key.graph, api::kSomeRows)));
  return std::min(std::bit_floor(rows), kMostUsualSeats);
}

Result<BatchResult> Prover::prove_batch(const BatchRequest& request) const {
  ZKI_RETURN_IF_ERROR(api::check_context(request.context));
  ZKI_ASSIGN_OR_RETURN(CheckedRows checked,
                       check_rows(*impl_, "a batch", request.inputs, request.refuse_clipping, request.integers));
  const std::size_t num_rows = checked.rows.size();
  ZKI_ASSIGN_OR_RETURN(const auto plan, impl_->batch_plans.get(impl_->model, num_rows));
  ZKI_RETURN_IF_ERROR(check_usual_cost(impl_->model, *plan, "a batch"));
  ZKI_ASSIGN_OR_RETURN(prover::ProveRequest inner, impl_->begin_proof(SlotUse::kProof, request.progress));
  inner.inputs = std::move(checked.inputs);
  std::copy(request.context.begin(), request.context.end(), inner.context.begin());
  ZKI_ASSIGN_OR_RETURN(prover::Proof proof, impl_->ended(prover::prove_batch(impl_->model, *plan, inner)));
  BatchResult result;
  result.proof = std::move(proof.bytes);
  result.rows = std::move(checked.rows);
  for (std::size_t row = 0; row < num_rows; ++row) split_outputs(proof.outputs, row, num_rows, result.rows[row]);
  result.statement = api::statement_of(impl_->model.prepared.key, request.context, result.rows);
  result.stats = api::stats_of(proof.times);
  return result;
}

Result<JointResult> Prover::prove_joint(const JointRequest& request) const {
  if (!impl_->model.prepared.key.params.security.zero_knowledge)
    return unsupported("a joint proof of a key without zero knowledge, which hides nothing; use a batch");
  ZKI_ASSIGN_OR_RETURN(CheckedRows checked,
                       check_rows(*impl_, "a joint proof", request.inputs, request.refuse_clipping, request.integers));
  const std::size_t num_rows = checked.rows.size();
  if (request.contexts.size() != num_rows) {
    return invalid_argument(std::to_string(request.contexts.size()) + " contexts for " + std::to_string(num_rows) +
                            " requests, expected one each");
  }
  std::vector<Digest> contexts;
  for (const Bytes& context : request.contexts) {
    ZKI_RETURN_IF_ERROR(api::check_context(context));
    Digest& padded = contexts.emplace_back();
    std::copy(context.begin(), context.end(), padded.begin());
  }
  std::vector<Digest> sorted = contexts;
  std::ranges::sort(sorted);
  if (std::ranges::adjacent_find(sorted) != sorted.end())
    return invalid_argument("two requests of a joint proof have the same context: one seat would serve both");
  const std::uint64_t num_seats = request.num_seats > 0 ? request.num_seats : std::bit_ceil(num_rows);
  if (num_seats < num_rows) {
    return invalid_argument(std::to_string(num_rows) + " requests for " + std::to_string(num_seats) + " seats");
  }
  ZKI_ASSIGN_OR_RETURN(const auto plan, impl_->joint_plans.get(impl_->model, num_seats));
  ZKI_RETURN_IF_ERROR(check_usual_cost(impl_->model, *plan, "a joint proof"));
  ZKI_ASSIGN_OR_RETURN(prover::ProveRequest inner, impl_->begin_proof(SlotUse::kProof, request.progress));
  inner.inputs = std::move(checked.inputs);
  ZKI_ASSIGN_OR_RETURN(prover::JointProof proof,
                       impl_->ended(prover::prove_joint(impl_->model, *plan, contexts, inner)));
  JointResult result;
  result.proof = std::move(proof.bytes);
  for (std::size_t row = 0; row < num_rows; ++row) {
    JointRow& out = result.rows.emplace_back(JointRow{std::move(checked.rows[row]), std::move(proof.seats[row]), {}});
    split_outputs(proof.outputs, row, num_rows, out);
    out.statement.context = request.contexts[row];
    out.statement.weights = CheckedWeights::uncertified();
    for (std::size_t i = 0; i < out.inputs.size(); ++i)
      out.statement.inputs.push_back({i, {}, out.inputs[i], {}, {}, 0});
    for (std::size_t i = 0; i < out.outputs.size(); ++i)
      out.statement.outputs.push_back({i, {}, out.outputs[i], {}, {}, 0});
  }
  result.stats = api::stats_of(proof.times);
  return result;
}

}  // namespace zkinfer
