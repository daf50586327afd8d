// SPDX-License-Identifier: Apache-2.0
#include "soundness/report.h"

#include <algorithm>
#include <limits>

#include "soundness/challenge.h"

namespace zkinfer::soundness {

namespace {

constexpr double kInfinity = std::numeric_limits<double>::infinity();

double least_bits(const std::vector<SoundnessTerm>& terms) {
  double least = kInfinity;
  for (const SoundnessTerm& term : terms) least = std::min(least, term.bits);
  return least;
}

double summed_bits(const std::vector<SoundnessTerm>& terms) {
  double log2_error = -kInfinity;
  for (const SoundnessTerm& term : terms) {
    if (term.is_round) log2_error = log2_sum(log2_error, -term.total_bits);
  }
  return to_bits(log2_error);
}

}  // namespace

double SoundnessReport::bits() const { return terms.empty() ? 0.0 : least_bits(terms); }
double SoundnessReport::union_bits() const { return terms.empty() ? 0.0 : summed_bits(terms); }
double SoundnessReport::hiding_bits() const { return summed_bits(hiding_terms); }

void SoundnessReport::add(const SoundnessReport& other) {
  if (terms.empty()) target_bits = other.target_bits, zero_knowledge = other.zero_knowledge;
  terms.insert(terms.end(), other.terms.begin(), other.terms.end());
  hiding_terms.insert(hiding_terms.end(), other.hiding_terms.begin(), other.hiding_terms.end());
}

std::string SoundnessReport::weakest() const {
  const auto worst =
      std::min_element(terms.begin(), terms.end(), [](const auto& a, const auto& b) { return a.bits < b.bits; });
  return worst == terms.end() ? std::string() : worst->label;
}

Status Floor::check(const SoundnessReport& report) const {
  if (report.bits() >= bits) return ok_status();
  return invalid_argument("it proves " + std::to_string(static_cast<int>(report.bits())) +
                          " bits of security, at least " + std::to_string(static_cast<int>(bits)) +
                          " are asked for; get one with more, or lower the floor knowingly");
}

}  // namespace zkinfer::soundness
