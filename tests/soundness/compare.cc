// SPDX-License-Identifier: Apache-2.0
#include "soundness/compare.h"

#include <algorithm>
#include <numeric>
#include <span>

#include "prover/check_columns.h"
#include "prover/check_model.h"
#include "prover/prove_batch.h"
#include "relations/recipes.h"
#include "soundness/random_graph.h"
#include "statement/canonical_bytes.h"
#include "support/outer_check.h"
#include "verifier/batch.h"

namespace zkinfer::differential {

namespace {

// What the executor can hold in a moment; graphs with absurd shapes stop here.
constexpr std::int64_t kMostElements = std::int64_t{1} << 21;

std::int64_t num_elements(const qir::QGraph& graph) {
  std::int64_t sum = 0;
  for (const qir::Value& value : graph.values) sum += value.shape.num_elements();
  return sum;
}

// Uniform over the declared range, or its ends only.
std::vector<std::int64_t> draw_values(const qir::Value& value, Random& random) {
  const bool ends = random.one_in(3);
  std::vector<std::int64_t> out(static_cast<std::size_t>(value.shape.num_elements()));
  for (std::int64_t& x : out) x = ends ? (random.one_in(2) ? value.lo : value.hi) : random.between(value.lo, value.hi);
  return out;
}

qir::Visibility draw_visibility(Random& random) {
  static const std::vector<TensorPolicy> kGroups = {
      {Exposure::kPublic, TensorHash::kNone},    {Exposure::kPrivate, TensorHash::kNone},
      {Exposure::kPublic, TensorHash::kSha256},  {Exposure::kPublic, TensorHash::kKeccak256},
      {Exposure::kPrivate, TensorHash::kSha256}, {Exposure::kCommitted, TensorHash::kNone}};
  qir::Visibility visibility;
  // Mostly what costs nothing.
  if (random.one_in(4)) visibility.inputs = random.of(kGroups);
  if (random.one_in(4)) visibility.outputs = random.of(kGroups);
  return visibility;
}

struct Run {
  qir::Weights params;
  std::vector<std::vector<std::int64_t>> inputs;
  qir::Visibility visibility;
};

Run draw_run(const qir::QGraph& graph, std::uint64_t seed) {
  Random random(seed ^ 0x9e3779b97f4a7c15);
  Run run;
  run.params.resize(graph.values.size());
  for (std::size_t id = 0; id < graph.values.size(); ++id) {
    if (graph.values[id].kind != qir::ValueKind::kParam) continue;
    for (const std::int64_t x : draw_values(graph.values[id], random))
      run.params[id].push_back(static_cast<std::int32_t>(x));
  }
  for (const qir::ValueId id : graph.inputs) run.inputs.push_back(draw_values(graph.values[id], random));
  run.visibility = draw_visibility(random);
  // A hash in the circuit has 800 bits for every byte of a tensor: gigabytes for the longest ones that are drawn.
  const auto is_long = [&](qir::ValueId id) { return graph.values[id].shape.num_elements() > 4096; };
  const auto shorten = [&](TensorPolicy& policy, const std::vector<qir::ValueId>& ids) {
    if (policy.hash == TensorHash::kSha256 && std::ranges::any_of(ids, is_long)) policy.hash = TensorHash::kNone;
  };
  shorten(run.visibility.inputs, graph.inputs);
  shorten(run.visibility.outputs, graph.outputs);
  return run;
}

prover::ModelOptions options_of(const Run& run) {
  prover::ModelOptions options = e2e::test_options(true);
  options.visibility = run.visibility;
  options.security.bits = 40;
  options.budget = 2;
  return options;
}

Comparison compare_protocol(const qir::QGraph& graph, const Run& run, Depth depth) {
  auto committed = prover::commit_model(graph, run.params, options_of(run), e2e::test_seed(1));
  if (!committed.ok()) return {Outcome::kRefused, "commit: " + committed.status().message()};
  e2e::Session session(graph, std::move(committed), 1);
  session.request.inputs = run.inputs;
  if (run.visibility.inputs.is_committed()) {
    session.request.committed_inputs.clear();
    session.committed_inputs.clear();
    session.commit_inputs();
  }
  for (const std::string& label : e2e::failed_checks(session, {})) return {Outcome::kDiffers, "functionals: " + label};
  if (depth != Depth::kProof) return {};
  const prover::Proof proof = session.prove();
  const Verdict verdict = verifier::verify(session.model.prepared, proof.bytes, session.beside(proof), nullptr);
  if (!verdict.accepted()) return {Outcome::kDiffers, "proof: " + verdict.to_string()};
  return {};
}

}  // namespace

Comparison compare(const qir::QGraph& graph, std::uint64_t seed, Depth depth) {
  if (const Status status = qir::validate(graph); !status.ok())
    return {Outcome::kRefused, "validate: " + status.message()};
  const Run run = num_elements(graph) <= kMostElements ? draw_run(graph, seed) : Run{};
  const auto compiled = relations::compile(graph, true, run.visibility);
  if (!compiled.ok()) return {Outcome::kRefused, "compile: " + compiled.status().message()};
  if (num_elements(graph) > kMostElements) return {Outcome::kNotRun, "too large to run here"};
  const auto witness = exec_integer::run(graph, run.params, run.inputs);
  if (!witness.ok()) return {Outcome::kNotRun, witness.status().message()};
  const circuit::ColumnValues columns = prover::fill_columns(graph, *compiled, run.params, *witness);
  const Status held =
      prover::check_columns(*compiled, columns, prover::statement_values(graph, run.visibility, *witness));
  if (!held.ok()) return {Outcome::kDiffers, "columns: " + held.message()};
  return depth == Depth::kColumns ? Comparison{} : compare_protocol(graph, run, depth);
}

namespace {

// A row later, the last one first.
template <class T>
void turn(std::vector<T>& values, std::uint64_t num_rows) {
  std::rotate(values.begin(), values.end() - static_cast<std::ptrdiff_t>(values.size() / num_rows), values.end());
}

Comparison prove_batch(const qir::QGraph& graph, const Run& run, std::uint64_t num_rows) {
  const auto committed_model = prover::commit_model(graph, run.params, options_of(run), e2e::test_seed(1));
  if (!committed_model.ok()) return {Outcome::kRefused, "commit: " + committed_model.status().message()};
  const prover::CommittedModel& model = *committed_model;
  const auto planned = prover::plan_batch(model, num_rows);
  if (!planned.ok()) return {Outcome::kRefused, "plan: " + planned.status().message()};
  const prover::BatchPlan& plan = *planned;
  const std::vector<std::vector<std::int64_t>>& inputs = run.inputs;
  prover::ProveRequest request;
  request.inputs = inputs;
  std::vector<prover::CommittedValues> committed;
  if (model.prepared.key.visibility.inputs.is_committed()) {
    const std::vector<pcs::TensorOracle>& oracles = plan.prepared.key.params.data;
    for (std::size_t i = 0; i < inputs.size(); ++i) {
      committed.push_back(prover::commit_tensor(inputs[i], oracles[oracles.size() - inputs.size() + i],
                                                e2e::test_seed(static_cast<std::uint8_t>(100 + i)))
                              .value());
    }
    for (const prover::CommittedValues& values : committed) request.committed_inputs.push_back(&values);
  }
  const auto proof = prover::prove_batch(model, plan, request);
  if (!proof.ok()) return {Outcome::kDiffers, "prove: " + proof.status().message()};
  statement::PublicValues beside;
  const qir::Visibility& visibility = model.prepared.key.visibility;
  const std::size_t num_outputs = visibility.outputs.is_public() ? model.prepared.key.graph.outputs.size() : 0;
  for (std::size_t i = 0; i < proof->data.values.size(); ++i) {
    if (!(i < num_outputs ? visibility.outputs : visibility.inputs).in_proof()) beside.push_back(proof->data.values[i]);
  }
  const Verdict verdict = verifier::verify_batch(model.prepared, proof->bytes, beside, nullptr);
  if (!verdict.accepted()) return {Outcome::kDiffers, "batch: " + verdict.to_string()};
  return {};
}

}  // namespace

Comparison compare_batch(const qir::QGraph& graph, std::uint64_t seed, std::uint64_t num_rows, Depth depth) {
  if (const Status status = qir::validate(graph); !status.ok())
    return {Outcome::kRefused, "validate: " + status.message()};
  if (num_elements(graph) * static_cast<std::int64_t>(num_rows) > kMostElements)
    return {Outcome::kNotRun, "too large to run here"};
  Run run = draw_run(graph, seed);
  // More inputs under the same parameters.
  Random random(seed + 1);
  for (std::size_t i = 0; i < graph.inputs.size(); ++i) {
    for (std::uint64_t row = 1; row < num_rows; ++row) {
      const std::vector<std::int64_t> more = draw_values(graph.value(graph.inputs[i]), random);
      run.inputs[i].insert(run.inputs[i].end(), more.begin(), more.end());
    }
  }
  auto one_row = relations::compile(graph, true, run.visibility, num_rows);
  if (!one_row.ok()) return {Outcome::kRefused, "compile: " + one_row.status().message()};
  auto circuit = relations::build_batch(graph, run.visibility, num_rows);
  if (!circuit.ok()) return {Outcome::kRefused, "build: " + circuit.status().message()};
  prover::BatchPlan plan;
  plan.prepared.num_rows = num_rows;
  plan.prepared.compiled = {argument::compile(std::move(circuit).value(), true), one_row->recipes};
  plan.row = std::move(one_row).value();
  exec_integer::Witness values;
  const auto columns = prover::batch_columns(graph, run.params, plan, run.inputs, values);
  if (!columns.ok()) return {Outcome::kNotRun, columns.status().message()};
  statement::PublicValues tensors;
  for (const qir::ValueId id : qir::public_values(graph, run.visibility)) tensors.push_back(values.values[id]);
  const auto add_digests = [&](const TensorPolicy& group, const std::vector<qir::ValueId>& ids) {
    if (!group.hashed_in_circuit()) return;
    for (const qir::ValueId id : ids) {
      const auto size = static_cast<std::size_t>(graph.value(id).shape.num_elements());
      std::vector<std::int64_t>& words = tensors.emplace_back();
      for (std::uint64_t row = 0; row < num_rows; ++row) {
        const Digest digest = statement::hash_data(
            group.hash,
            statement::canonical_bytes(graph.value(id), std::span(values.values[id]).subspan(row * size, size)));
        for (std::size_t j = 0; j < digest.size(); j += 4) {
          words.push_back(std::int64_t{digest[j]} << 24 | digest[j + 1] << 16 | digest[j + 2] << 8 | digest[j + 3]);
        }
      }
    }
  };
  add_digests(run.visibility.outputs, graph.outputs);
  add_digests(run.visibility.inputs, graph.inputs);
  const relations::CompiledCircuit& compiled = plan.prepared.compiled;
  if (const Status held = prover::check_columns(compiled, *columns, tensors); !held.ok())
    return {Outcome::kDiffers, "columns: " + held.message()};
  statement::PublicValues turned = tensors;
  for (std::vector<std::int64_t>& tensor : turned) turn(tensor, num_rows);
  if (turned != tensors && prover::check_columns(compiled, *columns, turned).ok())
    return {Outcome::kDiffers, "the outputs of other rows are accepted"};
  return depth == Depth::kProof ? prove_batch(graph, run, num_rows) : Comparison{};
}

bool differs_when_broken(const qir::QGraph& graph, std::uint64_t seed) {
  if (!qir::validate(graph).ok()) return false;
  const Run run = draw_run(graph, seed);
  auto compiled = relations::compile(graph, true, run.visibility);
  if (!compiled.ok()) return false;
  const auto witness = exec_integer::run(graph, run.params, run.inputs);
  if (!witness.ok()) return false;
  circuit::Circuit& circuit = compiled->circuit;
  circuit::LinExpr* broken = nullptr;
  if (!circuit.public_tensors.empty()) broken = &circuit.public_tensors.back().expr;
  if (!circuit.contractions.empty()) broken = &circuit.contractions.back().y;
  if (broken == nullptr) return false;
  broken->constant += Fp(1);
  const circuit::ColumnValues columns = prover::fill_columns(graph, *compiled, run.params, *witness);
  return !prover::check_columns(*compiled, columns, prover::statement_values(graph, run.visibility, *witness)).ok();
}

}  // namespace zkinfer::differential
