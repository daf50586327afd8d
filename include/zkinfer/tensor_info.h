// SPDX-License-Identifier: Apache-2.0
// A model's input or output: its name, its shape, and what its integers mean.
#pragma once

#include <cmath>
#include <cstdint>
#include <string>
#include <vector>

namespace zkinfer {

// Integers in [lo, hi]; real value = integer * scale_mantissa * 2^scale_exponent.
struct TensorFormat {
  std::int64_t lo = 0, hi = 0;
  std::int64_t scale_mantissa = 1;
  std::int32_t scale_exponent = 0;

  double scale() const { return std::ldexp(static_cast<double>(scale_mantissa), scale_exponent); }
  // Exactly, whatever the way of writing it.
  bool same_scale(const TensorFormat& other) const;
  friend bool operator==(const TensorFormat&, const TensorFormat&) = default;
};

struct TensorInfo {
  std::string name;
  std::vector<std::int64_t> shape;
  TensorFormat format;

  std::uint64_t num_elements() const;
};

}  // namespace zkinfer
