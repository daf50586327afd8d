// SPDX-License-Identifier: Apache-2.0
#include "sumcheck/batched_products.h"

#include <gtest/gtest.h>

#include "base/parallel.h"
#include "field/simd_test_util.h"
#include "hiding/test_session.h"
#include "sumcheck/pads.h"
#include "sumcheck/product_kernels.h"
#include "sumcheck/rounds.h"

namespace zkinfer::sumcheck {
namespace {

using hiding::LinearForm;
using hiding::TestRandom;
using hiding::TestSession;

constexpr Fe kHalf(inverse(Fp(2)));

struct Shape {
  int log_size;
  int num_factors;
};

struct Case {
  int degree;
  std::vector<ProductRelation> relations;
  int num_rounds = 0;
  Fe claim;
};

Case make_case(TestRandom& random, int degree, const std::vector<Shape>& shapes) {
  Case result{.degree = degree, .relations = {}, .claim = {}};
  for (const Shape& shape : shapes) {
    ProductRelation relation{.coef = random.fe(), .factors = {}};
    const std::size_t size = std::size_t{1} << shape.log_size;
    for (int f = 0; f < shape.num_factors; ++f) relation.factors.push_back(random.fe_vec(size));
    Fe sum;
    for (std::size_t x = 0; x < size; ++x) {
      Fe product = Fe::one();
      for (const FeVec& factor : relation.factors) product *= factor.get(x);
      sum += product;
    }
    result.claim += relation.coef * sum;
    result.num_rounds = std::max(result.num_rounds, shape.log_size);
    result.relations.push_back(std::move(relation));
  }
  return result;
}

std::vector<Fe> last_coordinates(const std::vector<Fe>& point, std::size_t count) {
  return {point.end() - static_cast<std::ptrdiff_t>(count), point.end()};
}

// Proves, then checks the factor values, honest acceptance and every mutation.
void run_case(const Case& c, bool zero_knowledge) {
  TestSession session{.zero_knowledge = zero_knowledge,
                      .count = [&](hiding::PadAllocator& pads) { count_rounds_pads(pads, c.num_rounds, c.degree); }};
  session.make_pads(99);
  BatchedProducts opened;
  EXPECT_TRUE(session.prove([&](hiding::ProverChannel& channel) {
    opened = prove_batched_products(channel, "round", c.relations, c.degree);
  }));
  ASSERT_EQ(opened.point.size(), static_cast<std::size_t>(c.num_rounds));
  Fe expected;
  for (std::size_t i = 0; i < c.relations.size(); ++i) {
    const auto log_size = static_cast<std::size_t>(std::countr_zero(c.relations[i].factors[0].size()));
    const std::vector<Fe> point = last_coordinates(opened.point, log_size);
    Fe product = c.relations[i].coef * pow(kHalf, static_cast<std::uint64_t>(c.num_rounds) - log_size);
    for (std::size_t f = 0; f < c.relations[i].factors.size(); ++f) {
      EXPECT_EQ(opened.values[i][f], hiding::evaluate(c.relations[i].factors[f].span(), point));
      product *= opened.values[i][f];
    }
    expected += product;
  }

  const auto verifier = [&](hiding::VerifierChannel& channel) {
    RoundsResult rounds = receive_rounds(channel, "round", LinearForm(c.claim), c.num_rounds, c.degree);
    EXPECT_TRUE(channel.failed() || rounds.point.size() == opened.point.size());
    channel.require_zero("final", rounds.claim - LinearForm(expected));
  };
  EXPECT_TRUE(session.verify(verifier).accepted());
  for (std::size_t i = 0; i < session.proof.size() / 24; ++i) {
    const auto outcome = session.verify(hiding::mutate(session.proof, i), verifier);
    EXPECT_FALSE(outcome.accepted());
    if (!zero_knowledge) EXPECT_EQ(outcome.verdict.reason, RejectReason::kSumcheck);
  }
}

TEST(BatchedProducts, DrawnShapes) {
  TestRandom random(1);
  for (int trial = 0; trial < 24; ++trial) {
    const int degree = 2 + static_cast<int>(random.below(2));
    std::vector<Shape> shapes;
    for (std::uint64_t i = 0; i < 1 + random.below(5); ++i)
      shapes.push_back(
          {static_cast<int>(random.below(9)), 1 + static_cast<int>(random.below(static_cast<std::uint64_t>(degree)))});
    SCOPED_TRACE(trial);
    run_case(make_case(random, degree, shapes), trial % 2 == 0);
  }
}

// The same proof as with the eq factor as a table; factors in K or F, one or two or one squared, and any coordinate may be zero.
TEST(BatchedProducts, EqFactorsGiveTheProofOfTheirTables) {
  TestRandom random(8);
  struct EqShape {
    int log_size;
    int eq_variables;
    int num_factors;
    bool in_base_field;
    bool squared;
  };
  const auto prove = [](std::vector<ProductRelation> relations) {
    TestSession session{.zero_knowledge = false, .count = [](hiding::PadAllocator&) {}};
    session.make_pads(0);
    BatchedProducts opened;
    session.prove([&](hiding::ProverChannel& channel) {
      opened = prove_batched_products(channel, "round", std::move(relations), 3);
    });
    return std::pair(session.proof, opened);
  };
  for (int trial = 0; trial < 60; ++trial) {
    std::vector<ProductRelation> with_tables, with_points;
    std::vector<EqShape> shapes;
    for (std::uint64_t i = 0; i < 1 + random.below(4); ++i) {
      const int log_size = 1 + static_cast<int>(random.below(trial % 10 == 0 ? 14 : 8));
      const int eq_variables = 1 + static_cast<int>(random.below(static_cast<std::uint64_t>(log_size)));
      const bool squared = random.below(3) == 0;
      shapes.push_back(
          {log_size, eq_variables, squared ? 1 : 1 + static_cast<int>(random.below(2)), random.below(2) == 0, squared});
    }
    for (const EqShape& shape : shapes) {
      const std::size_t size = std::size_t{1} << shape.log_size;
      ProductRelation table{.coef = random.fe(), .factors = {}};
      ProductRelation point{.coef = table.coef, .factors = {}};
      for (int f = 0; f < shape.num_factors; ++f) {
        FeVec values = random.fe_vec(size);
        if (shape.in_base_field) {
          FpVec base(size);
          for (std::size_t x = 0; x < size; ++x) base[x] = values.get(x).c[0];
          vec::lift(FpCSpan(base.data(), size), values);
          point.base_factors.push_back(std::move(base));
        } else {
          point.factors.push_back(values);
        }
        table.factors.push_back(std::move(values));
      }
      point.squared = shape.squared;
      if (shape.squared) table.factors.push_back(table.factors[0]);
      for (int i = 0; i < shape.eq_variables; ++i) point.eq_point.push_back(random.below(5) == 0 ? Fe() : random.fe());
      FeVec eq(std::size_t{1} << shape.eq_variables), repeated(size);
      vec::eq_table(point.eq_point, eq);
      for (std::size_t x = 0; x < size; ++x) repeated.set(x, eq.get(x >> (shape.log_size - shape.eq_variables)));
      table.factors.push_back(std::move(repeated));
      with_tables.push_back(std::move(table));
      with_points.push_back(std::move(point));
    }
    const auto expected = prove(std::move(with_tables));
    const auto actual = prove(std::move(with_points));
    EXPECT_EQ(actual.first, expected.first) << trial;
    EXPECT_EQ(actual.second.point, expected.second.point);
    for (std::size_t i = 0; i < shapes.size(); ++i) {
      for (std::size_t f = 0; f < static_cast<std::size_t>(shapes[i].num_factors); ++f) {
        EXPECT_EQ(actual.second.values[i][f], expected.second.values[i][f]);
      }
    }
  }
}

TEST(BatchedProducts, OneRowOnly) {
  TestRandom random(2);
  for (const bool zero_knowledge : {false, true}) run_case(make_case(random, 3, {{0, 3}, {0, 1}}), zero_knowledge);
}

TEST(BatchedProducts, NoRelations) { run_case(Case{.degree = 2, .relations = {}, .claim = {}}, true); }

TEST(BatchedProducts, LargeAndWrongFactor) {
  TestRandom random(3);
  Case c = make_case(random, 3, {{12, 3}, {14, 2}, {3, 1}});
  run_case(c, true);
  // One wrong table value: the claim no longer fits, whatever the rounds say.
  c.relations[1].factors[0].set(777, random.fe());
  TestSession session{.zero_knowledge = false, .count = [](hiding::PadAllocator&) {}};
  session.make_pads(0);
  BatchedProducts opened;
  session.prove(
      [&](hiding::ProverChannel& channel) { opened = prove_batched_products(channel, "round", c.relations, 3); });
  const auto outcome = session.verify([&](hiding::VerifierChannel& channel) {
    RoundsResult rounds = receive_rounds(channel, "round", LinearForm(c.claim), c.num_rounds, 3);
    Fe expected;
    for (std::size_t i = 0; i < c.relations.size(); ++i) {
      const auto log_size = static_cast<std::uint64_t>(std::countr_zero(c.relations[i].factors[0].size()));
      Fe product = c.relations[i].coef * pow(kHalf, static_cast<std::uint64_t>(c.num_rounds) - log_size);
      for (const Fe& value : opened.values[i]) product *= value;
      expected += product;
    }
    channel.require_zero("final", rounds.claim - LinearForm(expected));
  });
  EXPECT_EQ(outcome.verdict.reason, RejectReason::kSumcheck);
}

TEST(BatchedProducts, SameBytesOnAnyThreadsAndInstructionSet) {
  TestRandom random(4);
  Case c = make_case(random, 3, {{14, 3}, {14, 2}, {9, 2}, {13, 1}});
  for (int i = 0; i < 2; ++i) {
    ProductRelation& relation = c.relations.emplace_back(ProductRelation{.coef = random.fe(), .factors = {}});
    for (int j = 0; j < 11; ++j) relation.eq_point.push_back(random.fe());
    const FeVec table = random.fe_vec(std::size_t{1} << 13);
    if (i == 0) relation.factors = {table, random.fe_vec(table.size())};
    relation.squared = i == 1;
    if (i == 0) continue;
    relation.base_factors.emplace_back(table.size());
    for (std::size_t x = 0; x < table.size(); ++x) relation.base_factors[0][x] = table.get(x).c[0];
  }
  std::vector<Bytes> proofs;
  for (const simd::Target target : simd_targets()) {
    const SimdTargetScope scope(target);
    // One thread and all of them in turns.
    const ThreadLimit limit(proofs.size() % 2);
    TestSession session{.zero_knowledge = false, .count = [](hiding::PadAllocator&) {}};
    session.prove([&](hiding::ProverChannel& channel) {
      static_cast<void>(prove_batched_products(channel, "round", c.relations, 3));
    });
    proofs.push_back(session.proof);
  }
  for (const Bytes& proof : proofs) EXPECT_EQ(proof, proofs[0]);
}

// A functional start claim may be added after the rounds with weight 2^-n.
TEST(Rounds, StartClaimScales) {
  TestRandom random(5);
  const Case c = make_case(random, 2, {{5, 2}});
  TestSession session{.zero_knowledge = true,
                      .count = [&](hiding::PadAllocator& pads) { count_rounds_pads(pads, 5, 2); }};
  session.make_pads(6);
  session.prove([&](hiding::ProverChannel& channel) {
    static_cast<void>(prove_batched_products(channel, "round", c.relations, 2));
  });
  Fe with_claim, without;
  static_cast<void>(session.verify([&](hiding::VerifierChannel& channel) {
    with_claim = hiding::evaluate(receive_rounds(channel, "round", LinearForm(c.claim), 5, 2).claim, session.pads);
  }));
  static_cast<void>(session.verify([&](hiding::VerifierChannel& channel) {
    without = hiding::evaluate(receive_rounds(channel, "round", LinearForm(), 5, 2).claim, session.pads);
  }));
  EXPECT_EQ(with_claim, without + c.claim * pow(kHalf, 5));
}

}  // namespace
}  // namespace zkinfer::sumcheck
