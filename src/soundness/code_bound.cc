// SPDX-License-Identifier: Apache-2.0
#include "soundness/code_bound.h"

#include <algorithm>
#include <cmath>

#include "soundness/challenge.h"

namespace zkinfer::soundness {

namespace {

// log2 of the pairs of lanes folded in the first round; a single lane pair (the mask) counts as one.
double log2_first_pairs(const pcs::CodeParams& oracle) {
  return oracle.log_lanes == 0 ? 0.0 : static_cast<double>(oracle.log_lanes) - 1.0;
}

// Running product of (A - i)/(N - i); stays exact to a few ulps and does not underflow before 2^-1000.
struct AgreementProduct {
  double agreeing;
  double domain;
  double product = 1.0;
  std::uint64_t count = 0;

  AgreementProduct(const CodeBound& bound, std::uint64_t domain_size)
      : agreeing(std::floor(bound.agreement * static_cast<double>(domain_size))),
        domain(static_cast<double>(domain_size)) {}
  void step() {
    const double i = static_cast<double>(count++);
    product *= std::max(0.0, agreeing - i) / (domain - i);
  }
};

}  // namespace

CodeBound code_bound(const pcs::CodeParams& oracle, Decoding decoding, std::uint32_t multiplicity) {
  CodeBound bound;
  const double domain = static_cast<double>(oracle.domain_size());
  const double dimension = static_cast<double>(oracle.dimension());
  if (oracle.dimension() < 1 || oracle.dimension() >= oracle.domain_size()) return bound;
  bound.rate = dimension / domain;
  if (decoding == Decoding::kUnique) {
    bound.usable = true;
    bound.agreement = (1.0 + bound.rate) / 2.0;
    bound.log2_fold = log2_bad_fraction(oracle.dimension() == 1 ? domain * (domain - 1.0) / 2.0 : domain);
    return bound;
  }
  const double root = std::sqrt(bound.rate);
  const double s = static_cast<double>(multiplicity);
  const double agreement = root * (1.0 + 1.0 / s);
  if (multiplicity < kMinMultiplicity || agreement >= 1.0) return bound;
  bound.usable = true;
  bound.multiplicity = multiplicity;
  bound.agreement = agreement;
  bound.log2_list = std::max(0.0, std::log2(s / (2.0 * bound.rate)));
  if (oracle.dimension() == 1) {
    bound.log2_fold = log2_bad_fraction(domain * (domain - 1.0) / 2.0);
    return bound;
  }
  const double h = s + 0.5;
  const double degree_rate = (dimension - 1.0) / domain;
  const double degree_root = std::sqrt(degree_rate);
  const double theta = 1.0 - agreement;
  const double h5 = h * h * h * h * h;
  const double bad =
      (2.0 * h5 + 3.0 * h * theta * bound.rate) * domain / (3.0 * degree_rate * degree_root) + h / degree_root;
  bound.log2_fold = log2_bad_fraction(bad);
  return bound;
}

std::uint32_t multiplicity_limit(const pcs::CodeParams& oracle, Decoding decoding, double max_log2_list) {
  // list = s / (2 rho) <= 2^max_log2_list
  if (decoding != Decoding::kJohnson || max_log2_list > 60.0) return kMaxMultiplicity;
  const double rate = static_cast<double>(oracle.dimension()) / static_cast<double>(oracle.domain_size());
  const double limit = std::floor(2.0 * rate * std::exp2(max_log2_list));
  return static_cast<std::uint32_t>(std::clamp(limit, 0.0, static_cast<double>(kMaxMultiplicity)));
}

CodeBound best_code_bound(const pcs::CodeParams& oracle, Decoding decoding, double fold_bits,
                          std::uint32_t max_multiplicity) {
  if (decoding == Decoding::kUnique) return code_bound(oracle, decoding, 0);
  const double pairs = log2_first_pairs(oracle);
  // The error grows with s while the radius grows too, so a binary search finds the last s that fits. A rate without
  // radius at small s may have one at larger s: such codes are refused here but at the limit itself, they are useless anyway.
  const auto fits = [&](std::uint32_t multiplicity) {
    const CodeBound bound = code_bound(oracle, decoding, multiplicity);
    return bound.usable && bound.log2_fold + pairs <= -fold_bits;
  };
  std::uint32_t low = kMinMultiplicity;
  std::uint32_t high = std::max(max_multiplicity, kMinMultiplicity);
  if (fits(high)) return code_bound(oracle, decoding, high);
  while (low + 1 < high) {  // high does not fit
    const std::uint32_t middle = low + (high - low) / 2;
    (fits(middle) ? low : high) = middle;
  }
  return code_bound(oracle, decoding, low);
}

double log2_query_error(const CodeBound& bound, std::uint64_t domain_size, std::uint64_t num_queries) {
  if (!bound.usable) return 0.0;
  AgreementProduct agreement(bound, domain_size);
  while (agreement.count < num_queries && agreement.count < domain_size && agreement.product > 0x1p-900)
    agreement.step();
  return std::log2(std::max(agreement.product, 0x1p-900));
}

std::uint64_t least_queries(const CodeBound& bound, std::uint64_t domain_size, double bits, std::uint64_t limit) {
  if (!bound.usable) return 0;
  const double target = std::exp2(-(bits + 2.0 * kRoundingSlack));
  AgreementProduct agreement(bound, domain_size);
  while (agreement.count < limit && agreement.count < domain_size) {
    agreement.step();
    if (agreement.product <= target) return agreement.count;
  }
  return 0;
}

}  // namespace zkinfer::soundness
