// SPDX-License-Identifier: Apache-2.0
// The CPU's rounds of one layer of the grand sum: sum_x eq(r, x) (p0 q1 + p1 q0 + lambda q0 q1)(x) = claim over N = 2^l parents.
//
// Eq-factored rounds of degree 2 (sumcheck/rounds.h). c_0 and c_2 are sums over the rows, weighted by eq of the later
// variables only, split in two short tables; c_1 follows from the claim. No table of eq(r, .) is ever built.
// Source: Gruen, "Some improvements for the PIOP for ZeroCheck", eprint 2024/108 (the factored eq).
#pragma once

#include <span>
#include <vector>

#include "lookup/children.h"
#include "lookup/grand_sum.h"

namespace zkinfer::lookup {

// eq(r[k + 1 ..], x), r in the order of the rounds, as outer[x >> inner variables] * inner[x mod 2^(inner variables)].
class EqSuffix {
 public:
  explicit EqSuffix(std::vector<Fe> r) : r_(std::move(r)) {}
  void move_to(std::size_t k);
  std::span<const Fe> r() const { return r_; }
  FeCSpan inner() const { return inner_.span(); }
  FeCSpan outer() const { return outer_.span(); }

 private:
  std::vector<Fe> r_;
  FeVec inner_, outer_;
};

class LayerSumcheck {
 public:
  // parent_p, parent_q: the layer's own values, half as many as there are children or more; used up as working memory. All
  // outlive the object. r: [l], l >= 1, in the order of the rounds. claim must be the value of P' + lambda Q' at that point.
  LayerSumcheck(FeSpan parent_p, FeSpan parent_q, const Children& children, const Fe& lambda, const Fe& claim,
                std::span<const Fe> r);
  // The same without the layer's values, which it computes from the children; its working memory is its own.
  LayerSumcheck(const Children& children, const Fe& lambda, const Fe& claim, std::span<const Fe> r);

  // l rounds.
  GrandSum::Round round();
  void bind(const Fe& s);
  // After the last one: the children's extensions at the challenges.
  GrandSum::Opened children() const;

 private:
  // Rows of this round's polynomial: it binds rows x and x + half.
  std::size_t half() const { return std::size_t{1} << (eq_.r().size() - 1 - round_); }
  RoundSums sums_of(FeCSpan weights, std::size_t begin) const;
  Fe at_one(FeCSpan weights, std::size_t begin) const;
  // Whether the first round can read the layer's own values.
  bool has_parents() const { return own_p_.empty(); }
  // sum of weights (P' + lambda Q') over one block of parents.
  Fe parents_sum(FeCSpan weights, std::size_t parent) const;

  FeVec own_p_, own_q_;  // instead of the parents' memory
  FeSpan parent_p_, parent_q_;
  Children children_;
  Fe lambda_;
  Fe claim_;
  EqSuffix eq_;
  std::size_t num_rows_;  // of the tables after the first round, which are in the parents' memory; 0 / 1 beyond
  LayerTables tables_;
  std::size_t round_ = 0;
  RoundSums sums_{};  // of this round
  Fe c1_;
  Fe s_;
};

}  // namespace zkinfer::lookup
