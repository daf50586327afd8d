// SPDX-License-Identifier: Apache-2.0
// What the distribution tests and the leaks that they must see share.
#pragma once

#include "hiding/programmed_transcript.h"
#include "hiding/sampler.h"

namespace zkinfer::e2e {

inline constexpr double kFalseAlarm = 1e-7;  // of one TEST; there are fewer than ten
inline constexpr double kCaught = 1e-9;      // a leak must give less, after Bonferroni
// A constant against uniform values gives a distance of at least n/2: p < 3e-14.
inline constexpr std::size_t kNumProofs = 128;

struct Fixture {
  ChallengeProgram program{1};
  InstalledProgram installed{program};
  Sampler sampler;
  explicit Fixture(const Twins& twins) : sampler(twins) {}

  // Both witnesses against each other and the first one against uniform words.
  void compare(Family& family, const Samples& first, const Samples& second,
               const std::vector<std::size_t>& words) const {
    const Samples uniform = sampler.uniform(first.size(), family.num_tests);
    for (const std::size_t word : words) {
      family.add_column(first, second, word, sampler.name(word));
      family.add_column(first, uniform, word, sampler.name(word) + " against uniform");
    }
  }
  std::vector<std::size_t> hidden_words() const {
    std::vector<std::size_t> out;
    for (std::size_t i = 0; i < sampler.words().size(); ++i) {
      if (!sampler.words()[i].source.empty()) out.push_back(i);
    }
    return out;
  }
};

}  // namespace zkinfer::e2e
