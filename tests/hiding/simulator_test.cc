// SPDX-License-Identifier: Apache-2.0
// Proofs without a witness: the verifier accepts them under the challenges that the simulator knew, of true and of false
// statements, and they are distributed as real proofs are.
#include "hiding/simulator.h"

#include <gtest/gtest.h>

#include "hiding/fixture.h"
#include "relations/recipes.h"
#include "support/session.h"
#include "support/small_graphs.h"
#include "verifier/certificate.h"
#include "verifier/rotation.h"

namespace zkinfer::e2e {
namespace {

Simulator make_simulator(const Twins& twins, const ChallengeProgram& program, std::uint64_t seed) {
  const Fe eta = program.element("mask eta", 0);
  const auto compiled = relations::compile(twins.graph, true, twins.visibility);
  ZKI_CHECK(compiled.ok(), "the graph of a test has a circuit");
  const pcs::OpeningParams params = tiny_params(*compiled, twins.visibility);
  if (!twins.visibility.public_params) return {twins.graph, twins.visibility, params, eta, seed};
  const auto model = prover::recommit_model(twins.graph, twins.params[0], params, twins.visibility, test_seed(1));
  ZKI_CHECK(model.ok(), "the graph of a test has a commitment");
  return {*model, eta, seed};
}

Verdict verify(const Simulator& simulator, const Bytes& proof) {
  return verifier::verify(simulator.prepared(), proof, nullptr);
}

TEST(Simulator, VerifierAcceptsProofsWithoutAWitness) {
  const ChallengeProgram program(3);
  const InstalledProgram installed(program);
  for (const Twins& twins : all_twins()) {
    Simulator simulator = make_simulator(twins, program, 1);
    for (int i = 0; i < 3; ++i) {
      const Verdict verdict = verify(simulator, simulator.prove(twins.statement()));
      EXPECT_TRUE(verdict.accepted()) << twins.name << ": " << verdict.where;
    }
  }
}

TEST(Simulator, EveryRelation) {
  const ChallengeProgram program(4);
  const InstalledProgram installed(program);
  for (const Twins& twins : one_per_relation()) {
    Sampler sampler(twins);
    Simulator simulator = make_simulator(twins, program, 1);
    const Bytes proof = simulator.prove(twins.statement());
    const Verdict verdict = verify(simulator, proof);
    EXPECT_TRUE(verdict.accepted()) << twins.name << ": " << verdict.where;
    EXPECT_EQ(proof.size(), sampler.observe(0, 0, {}).proof.size())
        << twins.name << ": nothing but the queries decides the length";
  }
}

// Outputs that no input and no model of this structure gives: 255 is no square. What makes the simulator succeed is that it
// knows the challenges; under others its proof is rejected.
TEST(Simulator, FalseStatementsAreAcceptedUnderKnownChallengesOnly) {
  Twins twins = two_inputs_no_model();
  twins.graph = lookup_graph();
  const statement::PublicIo impossible{.values = {{255, 255, 255, 255, 255}}, .digests = {}, .commitments = {}};
  const ChallengeProgram program(5);
  Bytes proof;
  Simulator simulator = make_simulator(twins, program, 1);
  {
    const InstalledProgram installed(program);
    proof = simulator.prove(impossible);
    EXPECT_TRUE(verify(simulator, proof).accepted());
  }
  EXPECT_FALSE(verify(simulator, proof).accepted()) << "hashed challenges";
  const ChallengeProgram other(6);
  const InstalledProgram installed(other);
  EXPECT_FALSE(verify(simulator, proof).accepted()) << "another program";
}

// The further proofs over a weight commitment, for commitments that hold nothing; with a security level and grinding.
TEST(Simulator, CertificatesAndRotations) {
  const ChallengeProgram program(8);
  const InstalledProgram installed(program);
  prover::ModelOptions options = test_options(true);
  options.security.bits = 20;
  const Session session(mlp_graph(), options);
  const pcs::OpeningParams& params = session.model.prepared.key.params;
  const Fe eta = program.element("mask eta", 0);
  Simulator before(session.graph, {}, params, eta, 1);
  const Simulator after(session.graph, {}, params, eta, 2);
  const Verdict certificate = verifier::verify_certificate(before.prepared(), before.certify());
  EXPECT_TRUE(certificate.accepted()) << certificate.where;
  const Verdict rotation = verifier::verify_rotation(before.prepared(), after.prepared(), before.rotate(after));
  EXPECT_TRUE(rotation.accepted()) << rotation.where;
}

// A digest that the circuit would compute from a private input.
TEST(Simulator, HashedPrivateInput) {
  const ChallengeProgram program(9);
  const InstalledProgram installed(program);
  Twins twins = two_inputs();
  statement::PublicIo statement = twins.statement();
  twins.visibility.inputs = {Exposure::kPrivate, TensorHash::kSha256};
  statement.digests.push_back(test_seed(77));
  Simulator simulator = make_simulator(twins, program, 1);
  const Verdict verdict = verify(simulator, simulator.prove(statement));
  EXPECT_TRUE(verdict.accepted()) << verdict.where;
}

TEST(Simulator, OneOtherChallengeSpoilsTheProof) {
  const Twins twins = two_inputs();
  const ChallengeProgram program(7);
  Simulator simulator = make_simulator(twins, program, 1);
  Bytes proof;
  std::vector<InstalledProgram::Place> places;
  {
    const InstalledProgram installed(program);
    proof = simulator.prove(twins.statement());
  }
  {
    InstalledProgram installed(program);
    EXPECT_TRUE(verify(simulator, proof).accepted());
    places = installed.asked();
  }
  EXPECT_GT(places.size(), 60u);
  for (const auto& [label, occurrence] : places) {
    ChallengeProgram changed = program;
    changed.change(label, occurrence);
    const InstalledProgram installed(changed);
    EXPECT_FALSE(verify(simulator, proof).accepted()) << label << " " << occurrence;
  }
}

TEST(Simulator, SimulatedProofsAreDistributedAsRealOnes) {
  Family family;
  for (const Twins& twins : {two_committed_inputs(), two_models_public_input()}) {
    Fixture f(twins);
    const Samples real = f.sampler.sample(0, kNumProofs, {});
    Samples simulated;
    for (std::uint64_t i = 0; i < kNumProofs; ++i) {
      Simulator simulator = make_simulator(twins, f.program, i);
      const Bytes proof = simulator.prove(twins.statement());
      simulated.push_back(f.sampler.words_of_proof(simulator.prepared().key.commitment, proof));
    }
    f.compare(family, real, simulated, f.hidden_words());
  }
  EXPECT_GT(family.corrected(), kFalseAlarm) << family.where << ": p = " << family.least << " of " << family.num_tests;
}

}  // namespace
}  // namespace zkinfer::e2e
