// SPDX-License-Identifier: Apache-2.0
// What a linear expression over a box becomes when every box axis gets weights: a linear functional of the columns, a sum of
// rank-one tensors
//   sum_terms coef * sum_idx (prod_axis vectors[axis][idx_axis]) column[idx].
// The verifier folds the terms at the opening's challenges (argument/fold.h), at the cost of the vectors' lengths, not of the
// column's size; the prover adds their dense weights lane by lane (argument/dense_weights.h).
#pragma once

#include <map>
#include <memory>
#include <optional>
#include <span>
#include <vector>

#include "circuit/circuit.h"
#include "field/fe.h"

namespace zkinfer::argument {

// Shared: a lookup's leaf blocks have most of their vectors in common.
using Vector = std::shared_ptr<const std::vector<Fe>>;

Vector make_vector(std::vector<Fe> values);
// (1, x, x^2): the limbs of an element of K that a column holds.
Vector limb_vector();

struct Term {
  circuit::ColumnId column = 0;
  Fe coef = Fe::one();
  std::vector<Vector> vectors;  // [column rank][axis length]
  // Of a column with one axis of 2^point.size() entries, instead of its vector: eq(point, i), point[0] for the most significant
  // bit. The verifier never writes such a vector out.
  std::vector<Fe> eq_point = {};

  // With the vector written out.
  Term listed() const;
};

// Weights of one box axis: values[i] at index begin + i, zero elsewhere.
struct AxisWeights {
  std::uint64_t begin = 0;
  std::vector<Fe> values;
  Fe total;

  AxisWeights(std::uint64_t first, std::vector<Fe> weights);
  // sum (begin + i) values[i].
  Fe moment() const;
};
using BoxWeights = std::vector<std::shared_ptr<const AxisWeights>>;  // [box rank]

// The constant part and the column terms of  sum_i prod_b weights_b[i_b] expr(i)  over the box.
struct ExprFunctional {
  Fe constant;
  std::vector<Term> terms;
};

// Views that read a column alike but for one axis give one term, whose vectors on that axis add up; the axis is the one that
// leaves the fewest terms. Keys of lookups that are made of many bits of a word need it.
struct ViewGroup {
  std::vector<const circuit::View*> views;
  bool merges = false;                              // more than one, with the axis to merge them on
  std::vector<std::uint32_t> broadcast;             // box axes that no view of the group reads
  std::vector<std::vector<std::uint32_t>> depends;  // [column axis]: box axes that its vector depends on
};
struct ViewGroups {
  std::size_t merged = 0;  // the axis
  std::vector<ViewGroup> groups;
};
ViewGroups group_views(const circuit::LinExpr& expr, std::size_t box_rank);

// The box axis that a column's axis is, index by index and from end to end, for the group: its vector is then the box axis'
// weights, which all expressions over the box have in common.
std::optional<std::uint32_t> whole_axis(const ViewGroups& grouped, const ViewGroup& group, std::size_t axis,
                                        std::uint64_t length, const circuit::Box& box);

// Those vectors.
struct SharedVectors {
  const circuit::Box& box;
  std::map<const AxisWeights*, Vector> known;
};

// The functionals of one expression at any number of weights of its box. Every vector is computed once per combination of
// weights that it depends on; weights are told apart by address, so they must outlive the object.
class ExprFunctionals {
 public:
  // All arguments outlive the object.
  ExprFunctionals(const circuit::LinExpr& expr, const std::vector<circuit::Column>& columns, std::size_t box_rank,
                  SharedVectors* shared = nullptr);
  ExprFunctional at(const BoxWeights& weights);

 private:
  // By the weights of the box axes that they depend on.
  using KnownVectors = std::map<std::vector<const AxisWeights*>, Vector>;

  Vector vector_of(std::size_t group_index, std::size_t axis, const BoxWeights& weights);

  const circuit::LinExpr& expr_;
  const std::vector<circuit::Column>& columns_;
  SharedVectors* shared_;
  ViewGroups grouped_;
  std::vector<std::vector<KnownVectors>> vectors_;  // [group][column axis]
};

}  // namespace zkinfer::argument
