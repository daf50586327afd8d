// SPDX-License-Identifier: Apache-2.0
// Sums of eq(point, row) over ranges of rows, in closed form: a table whose rows are a few straight lines is evaluated at a point
// without a look at any row.
#pragma once

#include <span>
#include <vector>

#include "circuit/circuit.h"
#include "field/fe.h"

namespace zkinfer::argument {

class EqMoments {
 public:
  // Rows [0, 2^point.size()); point[0] belongs to the most significant bit of a row.
  explicit EqMoments(std::span<const Fe> point);
  // sum_row eq(point, row) entry(row).
  Fe value(const std::vector<circuit::Line>& lines) const;
  struct Moments {
    Fe weight;  // sum of eq(point, row)
    Fe first;   // sum of eq(point, row) row
  };
  // Over the rows [0, end).
  Moments below(std::uint64_t end) const;

 private:
  std::vector<Fe> point_;
  std::vector<Fe> means_;  // [i]: sum_row eq row of the last i coordinates
};

}  // namespace zkinfer::argument
