// SPDX-License-Identifier: Apache-2.0
// Cheating makers of a certificate: it must say that the committed parameters, and no others, lie in their ranges.
#include <gtest/gtest.h>

#include "prover/certify.h"
#include "relations/recipes.h"
#include "support/messages.h"
#include "support/session.h"
#include "support/small_graphs.h"
#include "verifier/certificate.h"

namespace zkinfer::e2e {
namespace {

class MaliciousCertificate : public ::testing::TestWithParam<bool> {
 protected:
  MaliciousCertificate()
      : session(mlp_graph(), GetParam()), compiled(relations::compile_certificate(session.graph, GetParam()).value()) {}

  RejectReason linear() const { return GetParam() ? RejectReason::kOpening : RejectReason::kFinalCheck; }
  Verdict verdict_on(const prover::ProveHooks& hooks) const {
    prover::ProveRequest request;
    request.hooks = &hooks;
    return verifier::verify_certificate(session.model.prepared, prover::certify(session.model, request).value());
  }

  Session session;
  relations::CompiledCircuit compiled;
};

TEST_P(MaliciousCertificate, HonestIsAccepted) { EXPECT_TRUE(verdict_on({}).accepted()); }

// A parameter's column that is not the committed one, inside its range or far outside.
TEST_P(MaliciousCertificate, EveryParameterColumn) {
  std::mt19937_64 draws(1);
  std::size_t num_columns = 0;
  for (circuit::ColumnId id = 0; id < compiled.circuit.columns.size(); ++id) {
    if (relations::param_of_column(compiled, id) < 0) continue;
    ++num_columns;
    for (const Fp difference : {Fp(1), Fp(std::uint64_t{1} << 40)}) {
      const std::size_t cell = draws() % compiled.circuit.columns[id].num_elements();
      prover::ProveHooks hooks;
      hooks.columns = [&](circuit::ColumnValues& data) {
        // Towards zero, so that it stays in the range.
        data[id][cell] += difference == Fp(1) && data[id][cell].to_int() > 0 ? -Fp(1) : difference;
      };
      const Verdict verdict = verdict_on(hooks);
      EXPECT_FALSE(verdict.accepted()) << compiled.circuit.columns[id].name << " cell " << cell;
      if (GetParam()) EXPECT_EQ(verdict.reason, RejectReason::kOpening) << verdict.to_string();
    }
  }
  EXPECT_EQ(num_columns, 3u);
}

TEST_P(MaliciousCertificate, EveryMultiplicityColumn) {
  std::mt19937_64 draws(2);
  for (const circuit::Table& table : compiled.circuit.tables) {
    prover::ProveHooks hooks;
    const std::size_t cell = draws() % static_cast<std::size_t>(table.num_rows());
    hooks.committed = [&](circuit::ColumnValues& data, std::vector<Fe>&) { data[table.multiplicity][cell] += Fp(1); };
    EXPECT_FALSE(verdict_on(hooks).accepted());
  }
}

TEST_P(MaliciousCertificate, OneMessageOfEveryLabel) {
  EXPECT_GE(refuse_one_message_of_every_label([&](const prover::ProveHooks& hooks) { return verdict_on(hooks); }), 6u);
}

// A certificate is no proof, a proof no certificate, and one of another commitment to the same weights is none.
TEST_P(MaliciousCertificate, OtherFilesAreRejected) {
  const Bytes certificate = prover::certify(session.model, {}).value();
  EXPECT_EQ(session.verify(certificate).reason, RejectReason::kBadHeader);
  EXPECT_EQ(verifier::verify_certificate(session.model.prepared, session.prove().bytes).reason,
            RejectReason::kBadHeader);
  if (!GetParam()) return;
  auto again = prover::recommit_model(session.graph, session.model.weights, session.model.prepared.key.params,
                                      session.model.prepared.key.visibility, test_seed(9));
  ASSERT_TRUE(again.ok());
  EXPECT_FALSE(verifier::verify_certificate(again->prepared, certificate).accepted());
}

INSTANTIATE_TEST_SUITE_P(ZeroKnowledge, MaliciousCertificate, ::testing::Bool(),
                         [](const auto& tested) { return tested.param ? std::string("On") : std::string("Off"); });

}  // namespace
}  // namespace zkinfer::e2e
