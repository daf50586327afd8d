// SPDX-License-Identifier: Apache-2.0
// Scales as numbers and as metadata; user tensors to integers and back.
#include <algorithm>
#include <cmath>
#include <utility>

#include "quant/quantize.h"

namespace zkinfer::quant {

double scale_of(const qir::Value& value) {
  return std::ldexp(static_cast<double>(value.scale.mantissa), value.scale.exponent);
}

qir::Scale make_scale(double scale) {
  int exponent = 0;
  const double fraction = std::frexp(scale, &exponent);
  qir::Scale result{static_cast<std::int64_t>(std::ldexp(fraction, 53)), exponent - 53};
  // Lowest terms, so that 1 is 1 * 2^0.
  while (result.mantissa % 2 == 0 && result.mantissa != 0) {
    result.mantissa /= 2;
    ++result.exponent;
  }
  return result;
}

Result<std::vector<std::int64_t>> quantize_input(const qir::Value& value, std::span<const float> real,
                                                 Clipping* clipping) {
  if (static_cast<std::int64_t>(real.size()) != value.shape.num_elements()) {
    return invalid_argument("input '" + value.name + "': shape " + value.shape.to_string() + " needs " +
                            std::to_string(value.shape.num_elements()) + " numbers, got " +
                            std::to_string(real.size()));
  }
  const double scale = scale_of(value);
  const double inverse = 1.0 / scale;
  std::vector<std::int64_t> integers(real.size());
  Clipping seen{
      value.name, real.size(), 0, static_cast<double>(value.lo) * scale, static_cast<double>(value.hi) * scale, 0};
  for (std::size_t i = 0; i < real.size(); ++i) {
    if (std::isnan(real[i]))
      return out_of_range("input '" + value.name + "': element " + std::to_string(i) + " is not a number");
    const double rounded = std::floor(static_cast<double>(real[i]) * inverse + 0.5);
    const double clamped = std::clamp(rounded, static_cast<double>(value.lo), static_cast<double>(value.hi));
    if (clamped != rounded) {
      ++seen.num_clipped;
      const double x = static_cast<double>(real[i]);
      seen.largest_excess = std::max(seen.largest_excess, x > seen.hi ? x - seen.hi : seen.lo - x);
    }
    integers[i] = static_cast<std::int64_t>(clamped);
  }
  if (clipping != nullptr) *clipping = std::move(seen);
  return integers;
}

std::vector<float> dequantize(const qir::Value& value, std::span<const std::int64_t> integers) {
  const double scale = scale_of(value);
  std::vector<float> real(integers.size());
  for (std::size_t i = 0; i < real.size(); ++i) real[i] = static_cast<float>(static_cast<double>(integers[i]) * scale);
  return real;
}

}  // namespace zkinfer::quant
