// SPDX-License-Identifier: Apache-2.0
// WeightSource: a linear functional on the message part f of one oracle (zero on the random rows), as the opening sees it.
// The prover asks for dense weights, the verifier for their folding at the challenges; implementations: circuit/.
#pragma once

#include <span>
#include <vector>

#include "field/fe.h"
#include "field/vec.h"

namespace zkinfer::pcs {

class WeightSource {
 public:
  virtual ~WeightSource() = default;
  // Prover. Adds the weights U[lane][0 .. R) to out ([R]). Thread-safe.
  virtual void add_lane(std::size_t lane, FeSpan out) const = 0;
  // Verifier. With A = low_point.size() and low_point[i] the challenge of index bit i (least significant first), returns
  //   out[t] = sum_lane lane_weights[lane] sum_{j < 2^A} eq(low_point, j) U[lane][t 2^A + j],   t < ceil(R / 2^A).
  virtual std::vector<Fe> fold(std::span<const Fe> lane_weights, std::span<const Fe> low_point) const = 0;
};

}  // namespace zkinfer::pcs
