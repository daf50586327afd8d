// SPDX-License-Identifier: Apache-2.0
#include "quant/scale.h"

#include <algorithm>
#include <cmath>
#include <type_traits>
#include <utility>

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

namespace {

// `real` divided by the scale, to the nearest, or the end of the range that is nearer. Integers in units of one stay what they
// are: no double holds all of them.
template <class T>
std::int64_t to_integer(T real, double inverse, const qir::Value& value, Clipping& seen) {
  const auto clip = [&](bool is_inside, std::int64_t result) {
    if (!is_inside) {
      ++seen.num_clipped;
      const auto x = static_cast<double>(real);
      seen.largest_excess = std::max(seen.largest_excess, x > seen.hi ? x - seen.hi : seen.lo - x);
    }
    return result;
  };
  if constexpr (std::is_integral_v<T>) {
    if (inverse == 1.0) {
      const auto exact = static_cast<std::int64_t>(real);
      const std::int64_t clamped = std::clamp(exact, value.lo, value.hi);
      return clip(clamped == exact, clamped);
    }
  }
  // Networks read float32: what they compare is the nearest of these.
  const double read =
      std::is_same_v<T, double> && inverse != 1.0 ? static_cast<float>(real) : static_cast<double>(real);
  const double rounded = nearest_integer(read * inverse);
  const double clamped = std::clamp(rounded, static_cast<double>(value.lo), static_cast<double>(value.hi));
  return clip(clamped == rounded, static_cast<std::int64_t>(clamped));
}

}  // namespace

double nearest_integer(double x) { return std::floor(x + 0.5); }

Result<std::vector<std::int64_t>> quantize_input(const qir::Value& value, const TensorView& real, Clipping* clipping) {
  const std::uint64_t count = real.num_elements();
  if (count != static_cast<std::uint64_t>(value.shape.num_elements())) {
    return invalid_argument("input '" + value.name + "': shape " + value.shape.to_string() + " needs " +
                            std::to_string(value.shape.num_elements()) + " numbers, got " + std::to_string(count));
  }
  const double scale = scale_of(value);
  const double inverse = 1.0 / scale;
  std::vector<std::int64_t> integers(count);
  Clipping seen{value.name, count, 0, static_cast<double>(value.lo) * scale, static_cast<double>(value.hi) * scale, 0};
  Status status;
  with_dtype(real.dtype, [&](auto type) {
    using T = decltype(type);
    for (std::size_t i = 0; i < count; ++i) {
      const T x = real.at<T>(i);
      if constexpr (std::is_floating_point_v<T>) {
        if (std::isnan(x)) {
          status = out_of_range("input '" + value.name + "': element " + std::to_string(i) + " is not a number");
          return;
        }
      }
      integers[i] = to_integer(x, inverse, value, seen);
    }
  });
  if (!status.ok()) return status;
  if (clipping != nullptr) *clipping = std::move(seen);
  return integers;
}

Result<std::vector<std::int64_t>> quantize_input(const qir::Value& value, std::span<const float> real,
                                                 Clipping* clipping) {
  const std::int64_t shape[1] = {static_cast<std::int64_t>(real.size())};
  return quantize_input(value, TensorView{Dtype::kFloat32, shape, real.data()}, clipping);
}

std::vector<float> dequantize(const qir::Value& value, std::span<const std::int64_t> integers) {
  const double scale = scale_of(value);
  std::vector<float> real(integers.size());
  for (std::size_t i = 0; i < real.size(); ++i) real[i] = static_cast<float>(static_cast<double>(integers[i]) * scale);
  return real;
}

}  // namespace zkinfer::quant
