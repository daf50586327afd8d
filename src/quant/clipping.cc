// SPDX-License-Identifier: Apache-2.0
#include <algorithm>
#include <cstdio>
#include <cstdlib>

#include "zkinfer/calibration.h"
#include "zkinfer/compile_record.h"
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

std::string WholeTensor::to_string() const {
  std::string text = "whole numbers";
  if (lo < hi) text += " " + std::to_string(lo) + ".." + std::to_string(hi);
  if (scale == 0) return text;
  char number[64];
  std::snprintf(number, sizeof number, "%.9g", scale);
  text += std::string(", integer = real / ") + number;
  if (zero_point != 0) text += (zero_point > 0 ? " + " : " - ") + std::to_string(std::abs(zero_point));
  return text + " (scale " + number + ", zero point " + std::to_string(zero_point) + ")";
}

std::string CompileRecord::target_text() const {
  return short_number(100 * float_target) + (float_target == kExactFloatTarget ? " % (exact)" : " %");
}

std::string clipping_text(const Clipping& clipping) {
  if (clipping.num_clipped == 0) return {};
  return std::to_string(clipping.num_clipped) + " of " + std::to_string(clipping.num_values) + " values of input '" +
         clipping.input + "' lie outside of " + short_number(clipping.lo) + " .. " + short_number(clipping.hi) +
         ", the farthest by " + short_number(clipping.largest_excess);
}

}  // namespace zkinfer
