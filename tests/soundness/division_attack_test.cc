// SPDX-License-Identifier: Apache-2.0
// Attacks on quotients whose product with the divisor may pass the modulus: a prover who chooses another quotient and fills
// every other column from it as an honest one would. Only the arithmetic modulo 2^t stands in the way.
#include <gtest/gtest.h>

#include "prover/check_columns.h"
#include "prover/witness.h"
#include "qir/ops/rules.h"
#include "support/session.h"
#include "support/small_graphs.h"

namespace zkinfer::e2e {
namespace {

using qir::Node;
using qir::Op;
using qir::TestBuilder;
using qir::ValueId;

// Columns that follow from others, again.
void refill(const relations::CompiledCircuit& compiled, circuit::ColumnValues& data) {
  for (std::size_t id = 0; id < data.size(); ++id) {
    const relations::Recipe& recipe = relations::recipe_of(compiled, id);
    const bool limb = recipe.kind == relations::Recipe::Kind::kLimb;
    if (!limb && recipe.kind != relations::Recipe::Kind::kProduct) continue;
    FpVec values = circuit::evaluate(recipe.expr, compiled.circuit.columns, data, recipe.box);
    const FpVec others = limb ? FpVec() : circuit::evaluate(recipe.other, compiled.circuit.columns, data, recipe.box);
    for (std::size_t i = 0; i < values.size(); ++i) {
      values[i] = limb ? Fp(values[i].v >> recipe.limb_shift & ((std::uint64_t{1} << recipe.limb_bits) - 1))
                       : values[i] * others[i];
    }
    data[id] = std::move(values);
  }
}

struct Honest {
  qir::QGraph graph;
  relations::CompiledCircuit compiled;
  circuit::ColumnValues data;
  std::vector<std::int64_t> y;
};

Honest run(const qir::QGraph& graph, const std::vector<std::vector<std::int64_t>>& inputs) {
  Result<relations::CompiledCircuit> compiled = relations::compile(graph, true);
  EXPECT_TRUE(compiled.ok()) << compiled.status().to_string();
  const qir::Weights none(graph.values.size());
  const auto witness = exec_integer::run(graph, none, inputs);
  EXPECT_TRUE(witness.ok()) << witness.status().to_string();
  circuit::ColumnValues data = prover::fill_columns(graph, *compiled, none, *witness);
  return {graph, std::move(compiled).value(), std::move(data), witness->values[graph.outputs[0]]};
}

// What check_columns says of the columns with another output.
Status with_output(const Honest& honest, std::size_t i, std::int64_t y) {
  circuit::ColumnValues data = honest.data;
  for (std::size_t id = 0; id < data.size(); ++id) {
    if (honest.compiled.circuit.columns[id].name == "n0") data[id][i] = Fp::from_int(y);
  }
  refill(honest.compiled, data);
  std::vector<std::int64_t> outputs = honest.y;
  outputs[i] = y;
  return prover::check_columns(honest.compiled, data, {outputs});
}

// numerator + k p = divisor y + r has solutions with y and r in range; modulo p they are as good as the honest one.
TEST(WideQuotient, OtherSolutionsModuloTheModulus) {
  const std::int64_t by = (std::int64_t{1} << 40) - 87;
  const std::int64_t x = 123456789012345;
  const Honest honest = run(wide_divide_graph(), {{x, -x}, {by, 1}});
  EXPECT_EQ(honest.y, (std::vector<std::int64_t>{x / by, x, -x / by - 1, -x}));
  ASSERT_TRUE(with_output(honest, 0, honest.y[0]).ok()) << with_output(honest, 0, honest.y[0]).to_string();
  for (const int wraps : {1, 2, -1, 1000, 50000000}) {
    const qir::Wide other = x + qir::Wide{wraps} * static_cast<qir::Wide>(Fp::kModulus);
    const auto y = static_cast<std::int64_t>(qir::floor_divide(other, by));
    ASSERT_LT(std::abs(y), std::int64_t{1} << 50);
    const Status status = with_output(honest, 0, y);
    ASSERT_FALSE(status.ok()) << "another quotient, " << y << ", passes for " << x / by;
    // The remainder modulo p is in range: nothing else is wrong.
    EXPECT_NE(status.message().find("n0 carry"), std::string::npos) << status.to_string();
  }
  for (const std::int64_t difference : {1, -1, 1 << 30, -(1 << 30)})
    EXPECT_FALSE(with_output(honest, 0, honest.y[0] + difference).ok()) << difference;
}

// Without an honest range for y the divisor's inverse modulo p would be a quotient of anything.
TEST(WideQuotient, QuotientsOutOfRange) {
  const Honest honest = run(divide_graph(), {{7, -7, 3, 20, -20, 0}, {3, 9}});
  ASSERT_TRUE(with_output(honest, 0, honest.y[0]).ok());
  for (std::int64_t r = 0; r < 6; ++r) {
    // 2 * 5 * 7 + 3 - r = 6 y modulo p.
    const Fp y = Fp::from_int(73 - r) * inverse(Fp(6));
    if (y.to_int() == honest.y[0]) continue;
    const Status status = with_output(honest, 0, y.to_int());
    EXPECT_NE(status.message().find("n0 value"), std::string::npos) << status.to_string();
  }
}

// -y has the square of y.
TEST(SquareRoot, NegativeRoots) {
  const Honest honest = run(root_graph(), {{-8, 7, 0, 1}});
  EXPECT_EQ(honest.y, (std::vector<std::int64_t>{1, 11, 8, 9}));
  ASSERT_TRUE(with_output(honest, 1, 11).ok());
  EXPECT_NE(with_output(honest, 1, -11).message().find("n0 value"), std::string::npos);
  for (const std::int64_t y : {10, 12, 0}) EXPECT_FALSE(with_output(honest, 1, y).ok()) << y;
}

// The bounds of a plan against the definition of what they must bound, at the corners of what passes the range checks.
TEST(DivisionPlan, NothingWraps) {
  using qir::Wide;
  std::mt19937_64 draws(5);
  int planned = 0, wide = 0;
  for (int round = 0; round < 3000; ++round) {
    const auto bits = [&](int most) { return std::int64_t{1} << draws() % static_cast<unsigned>(most); };
    const std::int64_t a = bits(62), d = bits(61);
    const qir::Interval numerator = qir::make_interval(-a + 1, draws() % 2 == 0 ? 0 : a - 1);
    const qir::Interval denominator = qir::make_interval(d / bits(40) + 1, d);
    if (denominator.hi < denominator.lo) continue;
    const qir::Interval quotient = qir::make_interval(qir::floor_divide(numerator.lo, denominator.lo),
                                                      qir::floor_divide(numerator.hi, denominator.lo));
    const auto plan = qir::plan_division(numerator, denominator, quotient);
    if (!plan.ok()) continue;
    ++planned;
    if (plan->low_bits > 0) ++wide;
    const Wide p = static_cast<Wide>(Fp::kModulus);
    const Wide unit = Wide{1} << plan->low_bits;
    ASSERT_EQ(plan->least % static_cast<std::int64_t>(unit), 0);
    ASSERT_LE(plan->least, quotient.lo);
    ASSERT_LT(quotient.hi - plan->least, Wide{1} << plan->quotient_bits);
    ASSERT_LE(denominator.hi, Wide{1} << plan->remainder_bits);
    ASSERT_LT(denominator.hi, Wide{1} << plan->denominator_bits);
    for (const Wide n : {numerator.lo, numerator.hi}) {
      for (const Wide r : {Wide{0}, denominator.hi - 1}) {
        for (const Wide y : {Wide{plan->least}, plan->least + (Wide{1} << plan->most_quotient_bits) - 1}) {
          const Wide e = n - r - denominator.hi * y;
          ASSERT_LT(e, unit * p);
          ASSERT_GT(e, -unit * p);
        }
        if (plan->low_bits == 0) continue;
        for (const Wide z : {Wide{0}, (unit - 1) * (unit - 1)}) {
          const Wide carry = (n - r - z) >> plan->low_bits;
          ASSERT_GE(carry, plan->least_carry);
          ASSERT_LT(carry - plan->least_carry, Wide{1} << plan->carry_bits);
          for (const Wide c : {Wide{plan->least_carry}, plan->least_carry + (Wide{1} << plan->carry_bits) - 1}) {
            ASSERT_LT(n - r - z - unit * c, p);
            ASSERT_GT(n - r - z - unit * c, -p);
          }
        }
      }
    }
  }
  EXPECT_GT(planned, 1000);
  EXPECT_GT(wide, 100);
}

// Every width up to 2^50 by 2^40, whole proofs of two of them.
TEST(WideQuotient, Widths) {
  std::mt19937_64 draws(6);
  for (const int dividend : {8, 20, 31, 40, 50}) {
    for (const int divisor : {1, 8, 16, 24, 32, 40}) {
      for (const std::int64_t half : {0, 1}) {
        TestBuilder b;
        const std::int64_t most = std::int64_t{1} << dividend;
        const std::int64_t most_by = std::int64_t{1} << divisor;
        const ValueId x = b.input({4}, -most, most);
        const ValueId by = b.input({4}, 1, most_by);
        b.graph.outputs = {b.node(Op::kDivide, {x, by}, {4}, -most, most, with_coefs({1, half}))};
        ASSERT_TRUE(qir::validate(b.graph).ok()) << qir::validate(b.graph).to_string();
        const auto draw = [&](std::int64_t limit) {
          return static_cast<std::int64_t>(draws() % static_cast<std::uint64_t>(limit));
        };
        const Honest honest =
            run(b.graph, {{most, -most, draw(most), -draw(most)}, {most_by, 1, 1 + draw(most_by), most_by}});
        const Status status = prover::check_columns(honest.compiled, honest.data, {honest.y});
        EXPECT_TRUE(status.ok()) << dividend << " by " << divisor << ": " << status.to_string();
      }
    }
  }
  for (const bool zero_knowledge : {false, true}) {
    const Session session(wide_divide_graph(), zero_knowledge);
    EXPECT_TRUE(session.verify(session.prove().bytes).accepted());
  }
}

}  // namespace
}  // namespace zkinfer::e2e
