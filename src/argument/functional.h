// SPDX-License-Identifier: Apache-2.0
// What a linear expression over a box becomes when every box axis gets weights: a linear functional of the columns, a sum of
// rank-one tensors
//   sum_terms coef * sum_idx (prod_axis vectors[axis][idx_axis]) column[idx].
// The verifier evaluates the terms at the opening's challenges (argument/functional_value.h), at the cost of the lists' lengths, or of
// an eq's bits, not of the column's size; the prover adds their dense weights lane by lane (argument/dense_weights.h).
#pragma once

#include <map>
#include <memory>
#include <optional>
#include <span>
#include <vector>

#include "circuit/circuit.h"
#include "field/fe.h"

namespace zkinfer::argument {

// Weights of an axis: values()[i] at index begin() + i, zero elsewhere. Either a list, or eq(point, i) for i < length(), which is
// not written out unless somebody asks for it.
class AxisWeights {
 public:
  AxisWeights(std::uint64_t begin, std::vector<Fe> values);
  // eq; point[0] for the most significant bit of i; length <= 2^point.size().
  AxisWeights(std::uint64_t begin, std::span<const Fe> point, std::uint64_t length)
      : begin_(begin), length_(length), is_eq_(true), point_(point.begin(), point.end()) {}

  std::uint64_t begin() const { return begin_; }
  std::uint64_t end() const { return begin_ + length_; }
  bool is_eq() const { return is_eq_; }
  const std::vector<Fe>& point() const { return point_; }
  // Of eq weights the first call lists them: not from several threads at once.
  const std::vector<Fe>& values() const;
  Fe at(std::uint64_t index) const { return index < begin_ || index >= end() ? Fe() : values()[index - begin_]; }
  Fe total() const;
  // sum (begin + i) values[i].
  Fe moment() const;

 private:
  std::uint64_t begin_ = 0, length_ = 0;
  bool is_eq_ = false;
  std::vector<Fe> point_;
  mutable std::vector<Fe> values_;
  mutable std::optional<Fe> total_;
};
using Vector = std::shared_ptr<const AxisWeights>;
using BoxWeights = std::vector<Vector>;  // [box rank]

Vector list_vector(std::vector<Fe> values);
// eq(point, i) for i < length.
Vector eq_vector_of(std::span<const Fe> point, std::uint64_t length, std::uint64_t begin = 0);
// (1, x, x^2): the limbs of an element of K that a column holds.
Vector limb_vector();

struct Term {
  circuit::ColumnId column = 0;
  Fe coef = Fe::one();
  std::vector<Vector> vectors;  // [column rank]
};

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

// The box axis that a column's axis is, index by index, for the group: its vector is then the box axis' weights, unless they go beyond the
// column.
std::optional<std::uint32_t> same_axis(const ViewGroups& grouped, const ViewGroup& group, std::size_t axis);

// The functionals of one expression at any number of weights of its box. Every vector is computed once per combination of
// weights that it depends on; weights are told apart by address, so they must outlive the object.
class ExprFunctionals {
 public:
  // All arguments outlive the object.
  ExprFunctionals(const circuit::LinExpr& expr, const std::vector<circuit::Column>& columns, std::size_t box_rank);
  ExprFunctional at(const BoxWeights& weights);

 private:
  // By the weights of the box axes that they depend on.
  using KnownVectors = std::map<std::vector<const AxisWeights*>, Vector>;

  Vector vector_of(std::size_t group_index, std::size_t axis, const BoxWeights& weights);

  const circuit::LinExpr& expr_;
  const std::vector<circuit::Column>& columns_;
  ViewGroups grouped_;
  std::vector<std::vector<KnownVectors>> vectors_;  // [group][column axis]
};

}  // namespace zkinfer::argument
