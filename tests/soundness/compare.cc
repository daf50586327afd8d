// SPDX-License-Identifier: Apache-2.0
#include "soundness/compare.h"

#include <numeric>

#include "prover/check_columns.h"
#include "prover/check_model.h"
#include "relations/recipes.h"
#include "soundness/random_graph.h"
#include "support/outer_check.h"

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
  return run;
}

Comparison compare_protocol(const qir::QGraph& graph, const Run& run, Depth depth) {
  prover::ModelOptions options = e2e::test_options(true);
  options.visibility = run.visibility;
  options.security.bits = 40;
  options.budget = 2;
  auto committed = prover::commit_model(graph, run.params, options, e2e::test_seed(1));
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
