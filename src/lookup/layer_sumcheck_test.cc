// SPDX-License-Identifier: Apache-2.0
#include "lookup/layer_sumcheck.h"

#include <gtest/gtest.h>

#include <bit>

#include "hiding/test_session.h"
#include "sumcheck/pads.h"
#include "sumcheck/rounds.h"

namespace zkinfer::lookup {
namespace {

using hiding::TestRandom;

struct Layer {
  FeVec parent_p, parent_q, p, q;
};

Children children_of(const Layer& nodes) { return {std::countr_zero(nodes.q.size()), FeCSpan(nodes.p), nodes.q}; }

Layer make_nodes(TestRandom& random, std::size_t num_variables) {
  const std::size_t num_parents = std::size_t{1} << num_variables;
  Layer nodes{FeVec(num_parents), FeVec(num_parents), random.fe_vec(2 * num_parents), random.fe_vec(2 * num_parents)};
  children_of(nodes).build_parents(0, nodes.parent_p, nodes.parent_q);
  return nodes;
}

// Runs prover and verifier of one layer at r; true when the final relation holds with the opened children.
bool layer_holds(Layer& nodes, const std::vector<Fe>& r, const Fe& lambda, bool zero_knowledge,
                 bool has_parents = true) {
  const Fe claim = hiding::evaluate(nodes.parent_p.span(), r) + lambda * hiding::evaluate(nodes.parent_q.span(), r);
  const int num_rounds = static_cast<int>(r.size());
  const std::vector<Fe> order = in_round_order(r);
  hiding::TestSession session{.zero_knowledge = zero_knowledge, .count = [&](hiding::PadAllocator& pads) {
                                sumcheck::count_rounds_pads(pads, num_rounds, 2);
                              }};
  session.make_pads(5);
  GrandSum::Opened opening;
  std::vector<Fe> point;
  session.prove([&](hiding::ProverChannel& channel) {
    LayerSumcheck sumcheck =
        has_parents ? LayerSumcheck(nodes.parent_p, nodes.parent_q, children_of(nodes), lambda, claim, order)
                    : LayerSumcheck(children_of(nodes), lambda, claim, order);
    for (int i = 0; i < num_rounds; ++i) {
      const GrandSum::Round h = sumcheck.round();
      channel.send_hidden("lookup round", h.c1);
      channel.send_hidden("lookup round", h.c2);
      point.push_back(channel.challenge("lookup round"));
      sumcheck.bind(point.back());
    }
    opening = sumcheck.children();
  });
  // A child's extension is that of all children with its bit fixed.
  const auto at = [&](const FeVec& values, const Fe& child) {
    return hiding::evaluate(values.span(), children_point(point, child));
  };
  EXPECT_EQ(opening.p0, at(nodes.p, Fe()));
  EXPECT_EQ(opening.p1, at(nodes.p, Fe::one()));
  EXPECT_EQ(opening.q0, at(nodes.q, Fe()));
  EXPECT_EQ(opening.q1, at(nodes.q, Fe::one()));
  const auto outcome = session.verify([&](hiding::VerifierChannel& channel) {
    sumcheck::RoundsResult rounds =
        sumcheck::receive_eq_rounds(channel, "lookup round", hiding::LinearForm(claim), order, 2);
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
    Layer nodes = make_nodes(random, num_variables);
    if (num_variables > 1) EXPECT_TRUE(layer_holds(nodes, r, random.fe(), false, false)) << num_variables;
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
      Layer nodes = make_nodes(random, num_variables);
      if (num_variables > 1)
        EXPECT_TRUE(layer_holds(nodes, r, random.fe(), false, false)) << num_variables << " " << pattern;
      EXPECT_TRUE(layer_holds(nodes, r, random.fe(), false)) << num_variables << " " << pattern;
    }
  }
}

// A prover whose inner layer is not made of its children.
TEST(LayerSumcheck, WrongInnerLayer) {
  TestRandom random(3);
  for (const bool zero_knowledge : {false, true}) {
    Layer nodes = make_nodes(random, 6);
    std::vector<Fe> r(6);
    for (Fe& x : r) x = random.fe();
    nodes.parent_q.set(9, nodes.parent_q.get(9) + Fe::one());
    EXPECT_FALSE(layer_holds(nodes, r, random.fe(), zero_knowledge));
  }
}

}  // namespace
}  // namespace zkinfer::lookup
