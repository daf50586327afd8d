// SPDX-License-Identifier: Apache-2.0
// An operand with axes bound to weights is the weighted sum of the expression over the whole box, whatever its views are.
#include "argument/operands.h"

#include <random>

#include <gtest/gtest.h>

namespace zkinfer::argument {
namespace {

using circuit::AxisRole;

class Draw {
 public:
  explicit Draw(std::uint64_t seed) : engine_(seed) {}
  std::uint64_t below(std::uint64_t n) { return engine_() % n; }
  std::int64_t between(std::int64_t lo, std::int64_t hi) {
    return lo + static_cast<std::int64_t>(below(static_cast<std::uint64_t>(hi - lo) + 1));
  }
  Fe fe() { return {Fp::reduce(engine_()), Fp::reduce(engine_()), Fp::reduce(engine_())}; }

 private:
  std::mt19937_64 engine_;
};

struct Case {
  circuit::Circuit circuit;
  circuit::ColumnValues data;
  std::vector<std::vector<std::int16_t>> ints;  // of columns that are small integers
  circuit::Contraction relation;
  ContractionPlan plan;
  circuit::LinExpr expr;
  BoxWeights weights;
};

// Columns of up to three axes of any size, views that leave them, step over them, walk them backwards, share an axis between two box axes or sum.
void make(Draw& draw, std::uint64_t longest, Case& out) {
  const std::size_t num_columns = 1 + draw.below(3);
  out.data = circuit::ColumnValues(num_columns);
  out.ints.resize(num_columns);
  for (std::size_t i = 0; i < num_columns; ++i) {
    circuit::Column column{"c", circuit::Oracle::kWitness, {}};
    const std::size_t rank = draw.below(4);
    for (std::size_t a = 0; a < rank; ++a) column.shape.push_back(1 + draw.below(longest));
    const std::size_t size = column.num_elements();
    if (draw.below(2) == 0) {
      for (std::size_t j = 0; j < size; ++j)
        out.ints[i].push_back(static_cast<std::int16_t>(draw.between(-9000, 9000)));
      out.data.borrow(i, {reinterpret_cast<const std::uint8_t*>(out.ints[i].data()), size, 2});
    } else {
      out.data[i] = FpVec(size);
      for (Fp& x : out.data[i]) x = draw.fe().c[0];
    }
    out.circuit.columns.push_back(std::move(column));
  }
  // c axes come before k axes, the bound ones anywhere.
  const std::vector<std::vector<AxisRole>> roles = {{AxisRole::kA, AxisRole::kC, AxisRole::kA, AxisRole::kK},
                                                    {AxisRole::kC, AxisRole::kK, AxisRole::kA, AxisRole::kK},
                                                    {AxisRole::kA, AxisRole::kB, AxisRole::kK, AxisRole::kK},
                                                    {AxisRole::kC, AxisRole::kA, AxisRole::kA, AxisRole::kB}};
  out.relation.roles = roles[draw.below(roles.size())];
  for (std::size_t axis = 0; axis < 4; ++axis) {
    out.relation.box.push_back(1 + draw.below(longest));
    const AxisRole role = out.relation.roles[axis];
    if (role == AxisRole::kC || role == AxisRole::kK) out.plan.sum_bits += circuit::axis_bits(out.relation.box[axis]);
    std::vector<Fe> weights;
    for (std::uint64_t i = 0; i < std::bit_ceil(out.relation.box[axis]); ++i) weights.push_back(draw.fe());
    out.weights.push_back(std::make_shared<const AxisWeights>(0, std::move(weights)));
  }
  if (draw.below(2) == 0) out.expr.constant = draw.fe().c[0];
  for (std::uint32_t axis = 0; axis < 4; ++axis) {
    if (out.relation.roles[axis] != AxisRole::kB && draw.below(6) == 0)
      out.expr.slopes.push_back({axis, draw.fe().c[0]});
  }
  for (std::size_t which = 1 + draw.below(3); which-- > 0;) {
    const auto id = static_cast<circuit::ColumnId>(draw.below(num_columns));
    circuit::View view{id, draw.fe().c[0], {}};
    std::vector<bool> is_used(4, false);
    for (std::size_t a = 0; a < out.circuit.columns[id].shape.size(); ++a) {
      circuit::AxisMap map{draw.below(2) == 0 ? 0 : draw.between(-3, 3), {}, {}};
      for (std::uint32_t axis = 0; axis < 4; ++axis) {
        if (out.relation.roles[axis] == AxisRole::kB || is_used[axis] || draw.below(2) == 0) continue;
        is_used[axis] = true;
        map.terms.push_back({axis, draw.below(3) == 0 ? draw.between(-2, 3) : 1});
      }
      if (draw.below(6) == 0) map.sums.push_back({1 + draw.below(3), draw.between(1, 2)});
      view.axes.push_back(std::move(map));
    }
    out.expr.views.push_back(std::move(view));
  }
}

TEST(Operands, BoundAxesAreWeightedSums) {
  Draw draw(11);
  for (int round = 0; round < 400; ++round) {
    SCOPED_TRACE(round);
    Case it;
    make(draw, round % 20 == 0 ? 40 : 7, it);
    const FeVec bound = bind_operand(it.relation, it.plan, it.circuit, it.data, it.expr, AxisRole::kA, it.weights);
    ASSERT_EQ(bound.size(), std::size_t{1} << it.plan.sum_bits);
    const FpVec values = circuit::evaluate(it.expr, it.circuit.columns, it.data, it.relation.box);
    std::vector<Fe> expected(bound.size());
    std::vector<std::uint64_t> point(4, 0);
    for (std::size_t i = 0; i < values.size(); ++i) {
      std::size_t rest = i, at = 0;
      int bits = 0;
      bool is_first = true;  // of axes that the operand does not have
      Fe weight = Fe::one();
      for (std::size_t axis = 4; axis-- > 0; rest /= it.relation.box[axis]) point[axis] = rest % it.relation.box[axis];
      for (std::size_t axis = 4; axis-- > 0;) {
        const AxisRole role = it.relation.roles[axis];
        if (role == AxisRole::kA) weight *= it.weights[axis]->values()[point[axis]];
        if (role == AxisRole::kB) is_first = is_first && point[axis] == 0;
        if (role != AxisRole::kC && role != AxisRole::kK) continue;
        at += point[axis] << bits;
        bits += circuit::axis_bits(it.relation.box[axis]);
      }
      if (is_first) expected[at] += weight * Fe(values[i]);
    }
    EXPECT_EQ(bound.to_vector(), expected);
  }
}

}  // namespace
}  // namespace zkinfer::argument
