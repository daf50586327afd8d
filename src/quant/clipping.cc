// SPDX-License-Identifier: Apache-2.0
#include <algorithm>
#include <cstdio>

#include "zkinfer/fidelity.h"

namespace zkinfer {

namespace {

std::string short_number(double x) {
  char buffer[64];
  std::snprintf(buffer, sizeof buffer, "%.6g", x);
  return buffer;
}

}  // namespace

void Clipping::add(const Clipping& other) {
  num_values += other.num_values;
  num_clipped += other.num_clipped;
  largest_excess = std::max(largest_excess, other.largest_excess);
}

std::string clipping_text(const Clipping& clipping) {
  if (clipping.num_clipped == 0) return {};
  return std::to_string(clipping.num_clipped) + " of " + std::to_string(clipping.num_values) + " values of input '" +
         clipping.input + "' lie outside of " + short_number(clipping.lo) + " .. " + short_number(clipping.hi) +
         ", the farthest by " + short_number(clipping.largest_excess);
}

}  // namespace zkinfer
