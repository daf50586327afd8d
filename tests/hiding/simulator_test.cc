// SPDX-License-Identifier: Apache-2.0
// Proofs without a witness: the verifier accepts them under the challenges that the simulator knew, of true and of false
// statements, and they are distributed as real proofs are.
#include "hiding/simulator.h"

#include <gtest/gtest.h>

#include "e2e/small_graphs.h"
#include "e2e/support.h"
#include "hiding/fixture.h"

namespace zkinfer::e2e {
namespace {

Simulator make_simulator(const Twins& twins, const ChallengeProgram& program, std::uint64_t seed) {
  const Fe eta = program.element("mask eta", 0);
  const auto compiled = relations::compile(twins.graph, true, twins.visibility);
  ZKI_CHECK(compiled.ok(), "the graph of a test has a circuit");
  const pcs::OpeningParams params = tiny_params(*compiled, twins.visibility);
  if (!twins.visibility.public_params) return {twins.graph, twins.visibility, params, eta, seed};
  const auto model = prover::commit_model(twins.graph, twins.params[0], params, twins.visibility, test_seed(1));
  ZKI_CHECK(model.ok(), "the graph of a test has a commitment");
  return {*model, eta, seed};
}

Verdict verify(const Simulator& simulator, const Bytes& proof) { return verifier::verify(simulator.prepared(), proof, nullptr); }

TEST(Simulator, VerifierAcceptsProofsWithoutAWitness) {
  const ChallengeProgram program(3);
  const InstalledProgram installed(program);
  for (const Twins& twins : all_twins()) {
    Simulator simulator = make_simulator(twins, program, 1);
    for (int i = 0; i < 3; ++i) {
      const Verdict verdict = verify(simulator, simulator.prove(twins.values()));
      EXPECT_TRUE(verdict.accepted()) << twins.name << ": " << verdict.where;
    }
  }
}

// One graph per kind of relation; the parameters of the key are a security level's, with grinding.
TEST(Simulator, EveryRelation) {
  const ChallengeProgram program(4);
  const InstalledProgram installed(program);
  for (const NamedGraph& named : small_graphs()) {
    prover::ModelOptions options = test_options(true);
    options.security_bits = 20;
    const Session session(named.graph, options);
    const prover::Proof honest = session.prove();
    Simulator simulator(named.graph, {}, session.model.prepared.key.params, program.element("mask eta", 0), 1);
    const Bytes proof = simulator.prove(honest.data.values);
    const Verdict verdict = verify(simulator, proof);
    EXPECT_TRUE(verdict.accepted()) << named.name << ": " << verdict.where;
    EXPECT_EQ(proof.size(), honest.bytes.size()) << named.name << ": nothing but the queries decides the length";
  }
}

// Outputs that no input and no model of this structure gives: 255 is no square. What makes the simulator succeed is that it
// knows the challenges; under others its proof is rejected.
TEST(Simulator, FalseStatementsAreAcceptedUnderKnownChallengesOnly) {
  Twins twins = two_inputs_no_model();
  twins.graph = lookup_graph();
  const proof::PublicValues impossible = {{255, 255, 255, 255, 255}};
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

TEST(Simulator, OneOtherChallengeSpoilsTheProof) {
  const Twins twins = two_inputs();
  const ChallengeProgram program(7);
  Simulator simulator = make_simulator(twins, program, 1);
  Bytes proof;
  std::vector<InstalledProgram::Place> places;
  {
    const InstalledProgram installed(program);
    proof = simulator.prove(twins.values());
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
      const Bytes proof = simulator.prove(twins.values());
      simulated.push_back(f.sampler.words_of_proof(simulator.prepared().key.commitment, proof));
    }
    f.compare(family, real, simulated, f.hidden_words());
  }
  EXPECT_GT(family.corrected(), kFalseAlarm) << family.where << ": p = " << family.least << " of " << family.num_tests;
}

}  // namespace
}  // namespace zkinfer::e2e
