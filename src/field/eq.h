// SPDX-License-Identifier: Apache-2.0
// eq(r, i) = prod_k (r_k if bit k of i is set, else 1 - r_k), the multilinear extension's weights, in plain C++.
#pragma once

#include <span>
#include <vector>

#include "base/check.h"
#include "field/fe.h"

namespace zkinfer {

// eq(point, i) for i < size; point[0] is the most significant of point.size() bits, size <= 2^point.size().
inline std::vector<Fe> eq_vector(std::span<const Fe> point, std::uint64_t size) {
  std::vector<Fe> table(std::size_t{1} << point.size());
  table[0] = Fe::one();
  std::size_t filled = 1;
  for (const Fe& r : point) {
    // One more, lower bit: entry i splits in 2 i and 2 i + 1.
    for (std::size_t i = filled; i-- > 0;) {
      const Fe high = table[i] * r;
      table[2 * i] = table[i] - high;
      table[2 * i + 1] = high;
    }
    filled *= 2;
  }
  ZKI_CHECK(size <= table.size(), "an axis fits its index bits");
  table.resize(size);
  return table;
}

// At all 2^point.size() indices.
inline std::vector<Fe> eq_vector(std::span<const Fe> point) {
  return eq_vector(point, std::uint64_t{1} << point.size());
}

}  // namespace zkinfer
