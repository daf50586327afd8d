// SPDX-License-Identifier: Apache-2.0
// A verification program gives what the verifier's own evaluation gives, at any challenges.
#include <gtest/gtest.h>

#include <cstdio>
#include <random>

#include "argument/opening_claim.h"
#include "evm/functionals.h"
#include "evm/interpreter.h"
#include "prover/key_proof_params.h"
#include "relations/recipes.h"
#include "soundness/choose_params.h"
#include "soundness/random_graph.h"
#include "support/session.h"
#include "support/small_graphs.h"
#include "support/wide_graphs.h"

namespace zkinfer::e2e {
namespace {

class Draws {
 public:
  explicit Draws(std::uint64_t seed) : engine_(seed) {}
  Fe element() { return {Fp::reduce(engine_()), Fp::reduce(engine_()), Fp::reduce(engine_())}; }
  std::vector<Fe> elements(std::size_t n) {
    std::vector<Fe> out(n);
    for (Fe& x : out) x = element();
    return out;
  }
  std::uint64_t number() { return engine_(); }

 private:
  std::mt19937_64 engine_;
};

// Challenges and messages that nobody sent, with one form on the pads.
argument::OuterMessages random_messages(const argument::Compiled& compiled, Draws& draws, std::vector<Fe>& pads) {
  argument::OuterMessages outer;
  outer.alpha = draws.element();
  outer.beta = draws.element();
  outer.gamma = draws.element();
  outer.delta = draws.element();
  outer.leaves.point = draws.elements(static_cast<std::size_t>(compiled.plan.log_leaves));
  outer.tau = draws.elements(static_cast<std::size_t>(compiled.plan.tau_bits));
  outer.rounds.point = draws.elements(static_cast<std::size_t>(compiled.plan.rounds));
  outer.operands.resize(compiled.circuit.contractions.size());
  hiding::LinearForm form;
  pads.assign(compiled.pads.layout().num_pads(), Fe());
  const Fe weight = pow(outer.delta, argument::ConstraintCounts(compiled, outer).total());
  for (std::uint32_t i = 0; i < pads.size(); ++i) {
    const Fe coef = draws.element();
    form.add_scaled(hiding::LinearForm::from_ciphertext(Fe(), i), -coef);
    pads[i] = weight * coef;
  }
  outer.messages.push_back(form);
  return outer;
}

struct Sizes {
  std::size_t bytes = 0, multiplications = 0;
};

// Empty: there is no program for this key.
std::optional<Sizes> expect_equal(const verifier::PreparedKey& prepared, std::uint64_t seed) {
  const Result<Bytes> program = evm::functional_instructions(prepared);
  if (!program.ok()) return std::nullopt;
  Draws draws(seed);
  std::vector<Fe> pads;
  const argument::OuterMessages outer = random_messages(prepared.compiled, draws, pads);
  statement::PublicValues tensors;
  for (const circuit::PublicTensor& tensor : prepared.compiled.circuit.public_tensors) {
    tensors.emplace_back(circuit::box_size(tensor.box));
    for (std::int64_t& x : tensors.back()) x = static_cast<std::int64_t>(draws.number() % 2001) - 1000;
  }
  const pcs::OpeningParams& params = prepared.key.params;
  std::vector<pcs::BasePoint> bases;
  for (const pcs::BaseOracle& base : params.bases())
    bases.push_back({base.offset, draws.elements(base.params->num_lanes())});
  const std::vector<Fe> point = draws.elements(static_cast<std::size_t>(params.fold_bits() + params.final_rounds()));
  const argument::OraclePins pins =
      oracle_pins(prepared, verifier::data_pins(prepared, std::vector<statement::Commitment>(params.data.size())));
  const argument::OpeningClaim claim(prepared.compiled, prepared.layouts, pins, tensors, outer);
  const pcs::OpeningClaim::Value expected = claim.evaluate(bases, point);

  std::vector<Fe> registers = {Fe::one(),  Fe::basis(1), Fe::basis(2), outer.alpha,
                               outer.beta, outer.gamma,  outer.delta};
  const auto add = [&](const std::vector<Fe>& values) {
    registers.insert(registers.end(), values.begin(), values.end());
  };
  add(outer.leaves.point);
  add(outer.tau);
  add(outer.rounds.point);
  add(pads);
  add({point.rbegin(), point.rend()});
  for (const pcs::BasePoint& base : bases) add(base.lane_weights);
  for (const std::vector<std::int64_t>& tensor : tensors) {
    for (const std::int64_t x : tensor) registers.emplace_back(Fp::from_int(x));
  }
  evm::Interpreter interpreter(*program);
  const auto [mu, value] = interpreter.run(registers);
  const Fe pins_mu = argument::pin_claims(prepared.compiled, pins, outer).mu;
  EXPECT_EQ(mu + pins_mu, expected.mu);
  EXPECT_EQ(value, expected.value);
  return Sizes{program->size(), interpreter.num_multiplications()};
}

void expect_program(const char* name, const qir::QGraph& graph, const prover::ModelOptions& options) {
  SCOPED_TRACE(name);
  const Session session(graph, options);
  const std::optional<Sizes> sizes = expect_equal(session.model.prepared, 5);
  ASSERT_TRUE(sizes.has_value());
  std::printf("%-12s %6zu bytes, %6zu multiplications in K\n", name, sizes->bytes, sizes->multiplications);
}

TEST(Functionals, GivesTheVerifiersValues) {
  expect_program("every op", qir::every_op_graph(), test_options(true));
  expect_program("clear", qir::every_op_graph(), test_options(false));
  expect_program("mlp", mlp_graph(), test_options(true));
  expect_program("softmax", softmax_graph(), test_options(true));
  for (const NamedGraph& named : wide_graphs()) expect_program(named.name.c_str(), named.graph, test_options(true));
  expect_program("gather", gather_graph(false), test_options(true));
  expect_program("gather along", gather_graph(true), test_options(true));
  expect_program("sort", sort_graph(), test_options(true));
  prover::ModelOptions hashed = test_options(true);
  hashed.visibility.inputs = {Exposure::kPrivate, TensorHash::kSha256};
  expect_program("sha256", mul_graph(), hashed);
  hashed.visibility.inputs = {Exposure::kCommitted};
  expect_program("committed", mul_graph(), hashed);
}

// Random graphs of all operators, with their parameters as a key's maker would choose them.
TEST(Functionals, OfRandomGraphs) {
  std::size_t compared = 0;
  for (std::uint64_t seed = 900000; seed < 900160; ++seed) {
    const qir::QGraph graph = differential::draw_graph(seed);
    qir::Visibility visibility;
    visibility.inputs.exposure = seed % 3 == 0 ? Exposure::kPublic : Exposure::kPrivate;
    visibility.outputs.exposure = seed % 2 == 0 ? Exposure::kPublic : Exposure::kPrivate;
    const auto compiled = relations::compile(graph, true, visibility);
    if (!compiled.ok()) continue;
    Security security;
    security.bits = 100;
    const auto params = soundness::choose_params(prover::param_request(security, *compiled));
    if (!params.ok()) continue;
    statement::Key key;
    key.graph = graph;
    key.visibility = visibility;
    key.params = *params;
    const auto prepared = verifier::prepare(std::move(key), kNoVerifyLimits);
    if (!prepared.ok()) continue;
    SCOPED_TRACE(seed);
    if (expect_equal(*prepared, seed)) ++compared;
    if (HasFailure()) FAIL() << qir::to_text(graph);
  }
  std::printf("%zu graphs\n", compared);
  EXPECT_GT(compared, 100u);
}

}  // namespace
}  // namespace zkinfer::e2e
