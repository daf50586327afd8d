// SPDX-License-Identifier: Apache-2.0
// What the prover of the grand sum computes, as a back end has it: a tree of fractions above 2^n leaves, opened layer by
// layer from the root down. lookup/gkr_prover.h sends the messages.
#pragma once

#include <span>

#include "field/fe.h"

namespace zkinfer::lookup {

class GrandSum {
 public:
  struct Fraction {
    Fe p, q;
  };
  // The coefficients c_1, c_2 of a layer's round.
  struct Round {
    Fe c1, c2;
  };
  // The children's extensions at the point of the layer's challenges.
  struct Opened {
    Fe p0, p1, q0, q1;
  };

  virtual ~GrandSum() = default;
  virtual int log_leaves() const = 0;
  virtual Fraction root() = 0;
  // Layers 0 .. log_leaves() - 1 in turn, layer l with l rounds, r in their order (lookup/tree.h), of
  //   sum_x eq(r, x) (p0 q1 + p1 q0 + lambda q0 q1)(x) = claim,
  // then its children. Each may use up what the one before left.
  virtual void begin_layer(const Fe& lambda, const Fe& claim, std::span<const Fe> r) = 0;
  virtual Round round() = 0;
  virtual void bind(const Fe& s) = 0;
  virtual Opened end_layer() = 0;
};

}  // namespace zkinfer::lookup
