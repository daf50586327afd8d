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

// eq(r[k + 1 ..], x) as outer[x >> inner variables] * inner[x mod 2^(inner variables)].
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
  // parent_p, parent_q: [N], the layer's own values; used up as working memory. children: [2 N]. All outlive the object.
  // r: [l], l >= 1. claim must be the value of P' + lambda Q' at r.
  LayerSumcheck(FeSpan parent_p, FeSpan parent_q, const Children& children, const Fe& lambda, const Fe& claim,
                std::span<const Fe> r);

  // l rounds.
  GrandSum::Round round();
  void bind(const Fe& s);
  // After the last one: the children's extensions at the challenges.
  GrandSum::Opened children() const;

 private:
  FeSpan parent_p_, parent_q_;
  Children children_;
  Fe lambda_;
  Fe claim_;
  EqSuffix eq_;
  LayerTables tables_;  // from the second round on, in the parents' memory
  std::size_t round_ = 0;
  RoundSums sums_{};  // of this round
  Fe c1_;
  Fe s_;
};

}  // namespace zkinfer::lookup
