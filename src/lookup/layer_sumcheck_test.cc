// SPDX-License-Identifier: Apache-2.0
#include "lookup/layer_sumcheck.h"

#include <gtest/gtest.h>

#include "hiding/test_session.h"
#include "sumcheck/pads.h"
#include "sumcheck/rounds.h"

namespace zkinfer::lookup {
namespace {

using hiding::TestRandom;

struct Nodes {
  FeVec parent_p, parent_q, p, q;
};

Nodes make_nodes(TestRandom& random, std::size_t num_variables) {
  const std::size_t num_parents = std::size_t{1} << num_variables;
  Nodes nodes{FeVec(num_parents), FeVec(num_parents), random.fe_vec(2 * num_parents), random.fe_vec(2 * num_parents)};
  build_parents(FeCSpan(nodes.p), nodes.q, 0, num_parents, nodes.parent_p, nodes.parent_q);
  return nodes;
}

// Runs prover and verifier of one layer at r; true when the final relation holds with the opened children.
bool layer_holds(Nodes& nodes, const std::vector<Fe>& r, const Fe& lambda, bool zero_knowledge) {
  const Fe claim = hiding::evaluate(nodes.parent_p.span(), r) + lambda * hiding::evaluate(nodes.parent_q.span(), r);
  const int num_rounds = static_cast<int>(r.size());
  hiding::TestSession session{.zero_knowledge = zero_knowledge, .count = [&](hiding::PadAllocator& pads) {
                                sumcheck::count_rounds_pads(pads, num_rounds, 2);
                              }};
  session.make_pads(5);
  GrandSum::Opened opening;
  std::vector<Fe> point;
  session.prove([&](hiding::ProverChannel& channel) {
    LayerSumcheck sumcheck(nodes.parent_p, nodes.parent_q, Children(FeCSpan(nodes.p), nodes.q), lambda, claim, r);
    for (int i = 0; i < num_rounds; ++i) {
      const GrandSum::Round h = sumcheck.round();
      channel.send_hidden("lookup round", h.c1);
      channel.send_hidden("lookup round", h.c2);
      point.push_back(channel.challenge("lookup round"));
      sumcheck.bind(point.back());
    }
    opening = sumcheck.children();
  });
  const std::size_t num_parents = std::size_t{1} << r.size();
  EXPECT_EQ(opening.p0, hiding::evaluate(nodes.p.subspan(0, num_parents), point));
  EXPECT_EQ(opening.p1, hiding::evaluate(nodes.p.subspan(num_parents, num_parents), point));
  EXPECT_EQ(opening.q0, hiding::evaluate(nodes.q.subspan(0, num_parents), point));
  EXPECT_EQ(opening.q1, hiding::evaluate(nodes.q.subspan(num_parents, num_parents), point));
  const auto outcome = session.verify([&](hiding::VerifierChannel& channel) {
    sumcheck::RoundsResult rounds =
        sumcheck::receive_eq_rounds(channel, "lookup round", hiding::LinearForm(claim), r, 2);
    EXPECT_EQ(rounds.point, point);
    rounds.claim -= opening.p0 * opening.q1 + opening.p1 * opening.q0 + lambda * opening.q0 * opening.q1;
    channel.require_zero("final", std::move(rounds.claim));
  });
  return outcome.accepted();
}

TEST(LayerSumcheck, AllSizes) {
  TestRandom random(1);
  for (std::size_t num_variables = 1; num_variables <= 12; ++num_variables) {
    std::vector<Fe> r(num_variables);
    for (Fe& x : r) x = random.fe();
    Nodes nodes = make_nodes(random, num_variables);
    EXPECT_TRUE(layer_holds(nodes, r, random.fe(), num_variables % 2 == 0)) << num_variables;
  }
}

// c_1 cannot be had from the claim where a coordinate is zero.
TEST(LayerSumcheck, ZeroAndOneCoordinates) {
  TestRandom random(2);
  for (std::size_t num_variables = 1; num_variables <= 4; ++num_variables) {
    for (int pattern = 0; pattern < 1 << (2 * num_variables); ++pattern) {
      std::vector<Fe> r(num_variables);
      for (std::size_t i = 0; i < num_variables; ++i) {
        const int choice = pattern >> (2 * i) & 3;
        if (choice >= 2) r[i] = random.fe();
        if (choice == 1) r[i] = Fe::one();
      }
      Nodes nodes = make_nodes(random, num_variables);
      EXPECT_TRUE(layer_holds(nodes, r, random.fe(), false)) << num_variables << " " << pattern;
    }
  }
}

// A prover whose inner layer is not made of its children.
TEST(LayerSumcheck, WrongInnerLayer) {
  TestRandom random(3);
  for (const bool zero_knowledge : {false, true}) {
    Nodes nodes = make_nodes(random, 6);
    std::vector<Fe> r(6);
    for (Fe& x : r) x = random.fe();
    nodes.parent_q.set(9, nodes.parent_q.get(9) + Fe::one());
    EXPECT_FALSE(layer_holds(nodes, r, random.fe(), zero_knowledge));
  }
}

}  // namespace
}  // namespace zkinfer::lookup
