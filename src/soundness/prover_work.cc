// SPDX-License-Identifier: Apache-2.0
#include "soundness/prover_work.h"

#include <cmath>

namespace zkinfer::soundness {

namespace {

constexpr std::uint64_t kElementBytes = 8;
constexpr std::uint64_t kHashRate = 136;    // bytes that Keccak-256 absorbs per permutation
constexpr std::uint64_t kMaskElements = 6;  // a row of X: two elements of K

// sum of f(code word) over what a proof commits to.
template <typename F>
double sum_committed(const pcs::OpeningParams& params, const F& of_code_word) {
  double sum = of_code_word(params.witness.log_domain, params.witness.num_lanes());
  for (const pcs::CodeParams& fold : params.folds) sum += of_code_word(fold.log_domain, 3 * fold.num_lanes());
  if (params.security.zero_knowledge) sum += of_code_word(params.mask.log_domain, kMaskElements);
  return sum;
}

}  // namespace

double code_word_work(std::uint32_t log_domain, std::uint64_t elements_per_row) {
  // A leaf starts with one byte of its domain, and at least one bit of padding follows.
  const std::uint64_t leaf = (1 + kElementBytes * elements_per_row) / kHashRate + 1;
  const double per_row = static_cast<double>(elements_per_row) + kElementsPerHash * static_cast<double>(leaf + 1);
  return std::exp2(log_domain) * per_row;
}

double prover_work(const pcs::OpeningParams& params) { return sum_committed(params, code_word_work); }

double committed_elements(const pcs::OpeningParams& params) {
  return sum_committed(params, [](std::uint32_t log_domain, std::uint64_t elements_per_row) {
    return std::exp2(log_domain) * static_cast<double>(elements_per_row);
  });
}

}  // namespace zkinfer::soundness
