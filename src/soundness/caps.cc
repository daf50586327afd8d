// SPDX-License-Identifier: Apache-2.0
#include "soundness/caps.h"

#include <algorithm>
#include <bit>

namespace zkinfer::soundness {

namespace {

constexpr std::uint64_t two_to(int exponent) { return std::uint64_t{1} << exponent; }

// At least 1, at most 2^40: no size here is larger, and products of a few powers of two cannot overflow.
std::uint64_t rounded_up(std::uint64_t x) { return std::bit_ceil(std::clamp(x, std::uint64_t{1}, two_to(40))); }

}  // namespace

std::uint64_t witness_cap(std::uint64_t witness_elements) {
  return std::max(16 * rounded_up(witness_elements), two_to(16));
}

std::uint64_t model_cap(std::uint64_t model_elements, std::uint64_t budget) {
  const std::uint64_t weights = rounded_up(model_elements);
  const std::uint64_t by_weights = std::max(std::clamp(16 * weights, two_to(20), two_to(27)), 4 * weights);
  const std::uint64_t proofs = budget == 0 ? 0 : rounded_up(budget);
  const std::uint64_t by_budget =
      std::max(std::min(two_to(14) * proofs, two_to(23)), std::min(two_to(12) * proofs, two_to(25)));
  return std::max(by_weights, by_budget);
}

std::uint64_t tensor_cap(std::uint64_t entries, std::uint64_t budget) {
  const std::uint64_t by_budget = budget == 0 ? 0 : std::min(two_to(12) * rounded_up(budget), two_to(25));
  return std::max({64 * rounded_up(entries), two_to(18), by_budget});
}

std::uint64_t fold_cap(std::uint64_t witness_elements, std::uint64_t model_elements, std::uint64_t first_length,
                       bool key_proof) {
  const std::uint64_t by_length = (key_proof ? 64 : 16) * rounded_up(first_length);
  return std::max({witness_cap(witness_elements), std::min(rounded_up(model_elements), two_to(24)), by_length});
}

std::uint64_t wider_cap(std::uint64_t cap) { return std::max(cap, std::min(8 * cap, two_to(23))); }

std::uint64_t default_model_budget(std::uint64_t model_elements) { return model_elements < two_to(18) ? 256 : 1024; }

}  // namespace zkinfer::soundness
