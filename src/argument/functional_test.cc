// SPDX-License-Identifier: Apache-2.0
// Blocks, layouts and functionals: the verifier's folding and the prover's dense weights are the same functional, which
// equals the evaluation of the expression.
#include <random>

#include <gtest/gtest.h>

#include "argument/dense_weights.h"
#include "argument/fold.h"
#include "circuit/evaluate.h"

namespace zkinfer::argument {
namespace {

class Draw {
 public:
  explicit Draw(std::uint64_t seed) : engine_(seed) {}
  std::uint64_t below(std::uint64_t n) { return engine_() % n; }
  Fe fe() { return {Fp::reduce(engine_()), Fp::reduce(engine_()), Fp::reduce(engine_())}; }
  std::vector<Fe> fes(std::size_t n) {
    std::vector<Fe> out;
    for (std::size_t i = 0; i < n; ++i) out.push_back(fe());
    return out;
  }

 private:
  std::mt19937_64 engine_;
};

TEST(Functional, DenseFoldedAndDirectEvaluationAgree) {
  Draw draw(7);
  for (int round = 0; round < 150; ++round) {
    circuit::Circuit circuit;
    const std::size_t num_columns = 1 + draw.below(4);
    circuit::ColumnValues data(num_columns);
    for (std::size_t i = 0; i < num_columns; ++i) {
      circuit::Column column{"c", circuit::Oracle::kWitness, {}};
      const std::size_t rank = draw.below(4);
      for (std::size_t a = 0; a < rank; ++a) column.shape.push_back(1 + draw.below(round % 3 == 0 ? 40 : 9));
      data[i] = FpVec(column.num_elements());
      for (Fp& x : data[i]) x = draw.fe().c[0];
      if (draw.below(5) == 0) {
        column.oracle = circuit::Oracle::kConstant;
        for (Fp& x : data[i]) {
          column.constants.push_back(static_cast<std::int64_t>(draw.below(2000)) - 1000);
          x = Fp::from_int(column.constants.back());
        }
      }
      circuit.columns.push_back(std::move(column));
    }
    // A random expression over a box of three axes.
    const circuit::Box box = {1 + draw.below(6), 1 + draw.below(6), 1 + draw.below(6)};
    circuit::LinExpr expr;
    expr.constant = Fp::from_int(static_cast<std::int64_t>(draw.below(100)) - 50);
    for (std::uint32_t axis = 0; axis < 3; ++axis) {
      if (draw.below(3) == 0) expr.slopes.push_back({axis, draw.fe().c[0]});
    }
    for (circuit::ColumnId id = 0; id < num_columns; ++id) {
      circuit::View view{id, Fp::from_int(static_cast<std::int64_t>(draw.below(20)) - 10), {}};
      std::uint32_t next_axis = 0;
      for (std::size_t a = 0; a < circuit.columns[id].shape.size(); ++a) {
        circuit::AxisMap map{static_cast<std::int64_t>(draw.below(5)) - 2, {}, {}};
        while (next_axis < 3 && draw.below(2) == 0) {
          map.terms.push_back({next_axis++, 1 + static_cast<std::int64_t>(draw.below(3))});
        }
        if (draw.below(4) == 0) map.sums.push_back({1 + draw.below(3), 1});
        view.axes.push_back(std::move(map));
      }
      expr.views.push_back(std::move(view));
      // More views of the column that differ in one axis, or in the coefficient alone.
      while (draw.below(2) == 0) {
        circuit::View other = expr.views.back();
        other.coef = Fp::from_int(static_cast<std::int64_t>(draw.below(20)) - 10);
        if (!other.axes.empty()) {
          circuit::AxisMap& map = other.axes[draw.below(other.axes.size())];
          map.offset += static_cast<std::int64_t>(draw.below(3)) - 1;
          if (draw.below(4) == 0) map.terms.clear();
        }
        expr.views.push_back(std::move(other));
      }
    }
    std::vector<std::vector<Fe>> axis_vectors;
    for (const std::uint64_t n : box) axis_vectors.push_back(draw.fes(n));

    // Direct: sum over the box.
    const FpVec values = circuit::evaluate(expr, circuit.columns, data, box);
    Fe direct;
    std::size_t at = 0;
    for (std::uint64_t i = 0; i < box[0]; ++i) {
      for (std::uint64_t j = 0; j < box[1]; ++j) {
        for (std::uint64_t k = 0; k < box[2]; ++k) {
          direct += axis_vectors[0][i] * axis_vectors[1][j] * axis_vectors[2][k] * values[at++];
        }
      }
    }

    const int log_lanes = static_cast<int>(draw.below(4));
    const circuit::Layout layout = circuit::place_columns(circuit, circuit::Oracle::kWitness, log_lanes);
    ExprFunctionals functionals(expr, circuit.columns, box.size());
    BoxWeights box_weights;
    for (const std::vector<Fe>& vector : axis_vectors) {
      box_weights.push_back(std::make_shared<const AxisWeights>(0, vector));
    }
    const ExprFunctional functional = functionals.at(box_weights);
    const DenseWeights weights(layout, functional.terms);
    // Dense: inner product with the placed columns.
    const std::size_t num_lanes = std::size_t{1} << log_lanes;
    std::vector<FeVec> dense(num_lanes, FeVec(layout.num_coefs));
    FpVec message(num_lanes * layout.num_coefs);
    circuit::place_values(layout, circuit.columns, data, layout.num_coefs, message.span());
    Fe inner = functional.constant;
    for (std::size_t lane = 0; lane < num_lanes; ++lane) {
      weights.add_lane(lane, Fe::one(), dense[lane]);
      inner += vec::dot(message.span().subspan(lane * layout.num_coefs, layout.num_coefs), dense[lane].span());
    }
    EXPECT_EQ(inner, direct);

    // Folded: the same weights bound at lane weights and low bits.
    const std::vector<Fe> lane_weights = draw.fes(num_lanes);
    BoxWeights kept;  // weights are known by their address
    for (const std::size_t low_bits : {0u, 1u, 3u, 6u}) {
      const std::vector<Fe> low = draw.fes(low_bits);
      std::vector<Fe> expected((layout.num_coefs + (1u << low_bits) - 1) >> low_bits);
      for (std::size_t lane = 0; lane < num_lanes; ++lane) {
        for (std::size_t j = 0; j < layout.num_coefs; ++j) {
          Fe weight = lane_weights[lane] * dense[lane].get(j);
          for (std::size_t b = 0; b < low_bits; ++b) weight *= ((j >> b) & 1) != 0 ? low[b] : Fe::one() - low[b];
          expected[j >> low_bits] += weight;
        }
      }
      FunctionalFold fold(layout, lane_weights, low);
      for (const Term& term : functional.terms) fold.add(term);
      EXPECT_EQ(std::move(fold).take(), expected);
      // Cut in two pieces along one axis: the functionals add up.
      const std::size_t cut_axis = draw.below(box.size());
      const std::uint64_t cut = draw.below(box[cut_axis] + 1);
      FunctionalFold parts(layout, lane_weights, low);
      Fe constant;
      for (const auto& [first, last] : {std::pair{std::uint64_t{0}, cut}, std::pair{cut, box[cut_axis]}}) {
        BoxWeights part = box_weights;
        const std::vector<Fe>& whole = axis_vectors[cut_axis];
        part[cut_axis] = kept.emplace_back(std::make_shared<const AxisWeights>(
            first, std::vector<Fe>(whole.begin() + static_cast<std::ptrdiff_t>(first),
                                   whole.begin() + static_cast<std::ptrdiff_t>(last))));
        const ExprFunctional piece = functionals.at(part);
        constant += piece.constant;
        for (const Term& term : piece.terms) parts.add(term);
      }
      EXPECT_EQ(std::move(parts).take(), expected);
      EXPECT_EQ(constant, functional.constant);
    }
  }
}

}  // namespace
}  // namespace zkinfer::argument
