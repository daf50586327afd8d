// SPDX-License-Identifier: Apache-2.0
// Blocks, layouts and functionals: the verifier's values and the prover's dense weights are the same functional, which
// equals the evaluation of the expression.
#include <random>

#include <gtest/gtest.h>

#include "argument/dense_weights.h"
#include "argument/functional_value.h"
#include "circuit/evaluate.h"
#include "field/eq.h"

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

TEST(Functional, DenseValueAndDirectEvaluationAgree) {
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
    BoxWeights box_weights;
    std::vector<std::vector<Fe>> axis_vectors;
    for (const std::uint64_t n : box) {
      box_weights.push_back(draw.below(2) == 0
                                ? list_vector(draw.fes(n))
                                : eq_vector_of(draw.fes(static_cast<std::size_t>(circuit::axis_bits(n))), n));
      axis_vectors.push_back(box_weights.back()->values());
    }

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
    const ExprFunctional functional = functionals.at(box_weights);
    const DenseWeights weights(layout, functional.terms);
    // Dense: inner product with the placed columns.
    const std::size_t num_lanes = std::size_t{1} << log_lanes;
    std::vector<FeVec> dense(num_lanes, FeVec(layout.num_coefs));
    FpVec message(num_lanes * layout.num_coefs);
    circuit::place_values(layout, circuit.columns, data, layout.num_coefs, message.span());
    Fe inner = functional.constant;
    for (std::size_t lane = 0; lane < num_lanes; ++lane) {
      // In pieces of any size: the rows of one are those of the whole.
      for (std::size_t first = 0, size = 0; first < layout.num_coefs; first += size) {
        size = std::min<std::size_t>(1 + draw.below(layout.num_coefs), layout.num_coefs - first);
        weights.add_rows(lane, first, Fe::one(), dense[lane].subspan(first, size));
      }
      inner += vec::dot(message.span().subspan(lane * layout.num_coefs, layout.num_coefs), dense[lane].span());
    }
    EXPECT_EQ(inner, direct);

    // At a point: the same weights at lane weights and the eq of the addresses.
    const int bits = circuit::axis_bits(layout.num_coefs) + 1 + static_cast<int>(draw.below(3));
    const std::uint64_t step = std::uint64_t{1} << circuit::axis_bits(layout.num_coefs);
    const pcs::BasePoint base{draw.below((std::uint64_t{1} << bits) / step) * step, draw.fes(num_lanes)};
    const std::vector<Fe> point = draw.fes(static_cast<std::size_t>(bits));
    const std::vector<Fe> eq = eq_vector(std::vector<Fe>(point.rbegin(), point.rend()));
    Fe expected;
    for (std::size_t lane = 0; lane < num_lanes; ++lane) {
      for (std::size_t row = 0; row < layout.num_coefs; ++row)
        expected += base.lane_weights[lane] * eq[base.offset + row] * dense[lane].get(row);
    }
    const auto value_of = [](FunctionalValue& at_point, const std::vector<Term>& terms) {
      Fe sum;
      for (const Term& term : terms) sum += at_point.of(term);
      return sum;
    };
    FunctionalValue whole(layout, base, point);
    EXPECT_EQ(value_of(whole, functional.terms), expected);
    // Cut in two pieces along one axis: the functionals add up.
    BoxWeights kept;  // weights are known by their address
    for (int again = 0; again < 3; ++again) {
      const std::size_t cut_axis = draw.below(box.size());
      const std::uint64_t cut = draw.below(box[cut_axis] + 1);
      Fe constant, sum;
      for (const auto& [first, last] : {std::pair{std::uint64_t{0}, cut}, std::pair{cut, box[cut_axis]}}) {
        BoxWeights part = box_weights;
        const std::vector<Fe>& all = axis_vectors[cut_axis];
        part[cut_axis] = kept.emplace_back(std::make_shared<const AxisWeights>(
            first, std::vector<Fe>(all.begin() + static_cast<std::ptrdiff_t>(first),
                                   all.begin() + static_cast<std::ptrdiff_t>(last))));
        const ExprFunctional piece = functionals.at(part);
        constant += piece.constant;
        sum += value_of(whole, piece.terms);
      }
      EXPECT_EQ(sum, expected);
      EXPECT_EQ(constant, functional.constant);
      if (again == 1) whole.forget_vectors();
    }
  }
}

TEST(Functional, EqWeightsAreTheirLists) {
  Draw draw(12);
  for (int round = 0; round < 400; ++round) {
    circuit::Circuit circuit;
    circuit.columns.push_back({"other", circuit::Oracle::kWitness, {1 + draw.below(900)}});
    circuit.columns.push_back({"c", circuit::Oracle::kWitness, {1 + draw.below(4), 1 + draw.below(900)}});
    const int log_lanes = static_cast<int>(draw.below(4));
    const circuit::Layout layout = circuit::place_columns(circuit, circuit::Oracle::kWitness, log_lanes);
    const int bits = circuit::axis_bits(layout.num_coefs);
    FunctionalValue at_point(layout, {0, draw.fes(std::size_t{1} << log_lanes)},
                             draw.fes(static_cast<std::size_t>(bits)));
    const std::uint64_t n = circuit.columns[1].shape[1];
    // A whole axis, a piece of a box that is cut as the column or otherwise, or any range.
    const circuit::Cuts cuts = circuit::cut_axes({n}, static_cast<int>(draw.below(12)));
    const circuit::AxisPiece piece = cuts.pieces[0][draw.below(cuts.pieces[0].size())];
    Vector eq;
    switch (draw.below(3)) {
      case 0: eq = eq_vector_of(draw.fes(static_cast<std::size_t>(circuit::axis_bits(n))), n); break;
      case 1: eq = eq_vector_of(draw.fes(static_cast<std::size_t>(piece.bits)), piece.length, piece.begin); break;
      default: {
        const std::uint64_t begin = draw.below(n), length = 1 + draw.below(n - begin);
        eq =
            eq_vector_of(draw.fes(static_cast<std::size_t>(circuit::axis_bits(length)) + draw.below(2)), length, begin);
      }
    }
    const Vector other = list_vector(draw.fes(circuit.columns[1].shape[0]));
    const Vector list = std::make_shared<const AxisWeights>(eq->begin(), eq->values());
    Fe total, moment;
    for (std::uint64_t i = eq->begin(); i < eq->end(); ++i) {
      total += list->at(i);
      moment += list->at(i) * Fp(i);
    }
    EXPECT_EQ(eq->total(), total);
    EXPECT_EQ(list->total(), total);
    EXPECT_EQ(eq->moment(), moment);
    EXPECT_EQ(list->moment(), moment);
    EXPECT_EQ(at_point.of({1, draw.fe(), {other, eq}}).is_zero(), false);
    const Fe coef = draw.fe();
    EXPECT_EQ(at_point.of({1, coef, {other, eq}}), at_point.of({1, coef, {other, list}}));
  }
}

TEST(Functional, EqDot) {
  Draw draw(13);
  for (std::size_t bits = 0; bits < 6; ++bits) {
    const std::vector<Fe> a = draw.fes(bits), b = draw.fes(bits);
    const std::vector<Fe> eq_a = eq_vector(a), eq_b = eq_vector(b);
    Fe sum;
    for (std::uint64_t count = 0; count <= eq_a.size(); ++count) {
      EXPECT_EQ(eq_dot(a, b, count), sum);
      if (count < eq_a.size()) sum += eq_a[count] * eq_b[count];
    }
  }
}

}  // namespace
}  // namespace zkinfer::argument
