// SPDX-License-Identifier: Apache-2.0
// The result of the analysis: one labelled term per source of error. For people: soundness/report_text.h.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "zkinfer/status.h"

namespace zkinfer::soundness {

struct SoundnessTerm {
  std::string label;
  double bits = 0.0;         // of the worst round; +infinity: the event cannot happen
  std::uint64_t rounds = 1;  // number of rounds with an error of at most that
  double total_bits = 0.0;   // of all these rounds together
  bool is_round = true;      // false: computational (hash), not part of the sum over rounds
};

inline constexpr double kMinHidingBits = 100;

struct SoundnessReport {
  std::uint32_t target_bits = 0;
  bool zero_knowledge = true;
  std::vector<SoundnessTerm> terms;
  // Statistical distance of the simulated from the real view, one term per cause (empty without zero knowledge).
  std::vector<SoundnessTerm> hiding_terms;

  // The terms of a further proof of the same claims and security: both have to hold, and both are seen.
  void add(const SoundnessReport& other);

  // Round-by-round soundness: the worst round. This is what a hash-based challenge needs: an adversary with Q hash calls
  // succeeds with probability at most about Q times the worst round's error.
  double bits() const;
  // Union bound over all rounds: soundness of the interactive protocol. Hash collisions are not a round.
  double union_bits() const;
  double hiding_bits() const;
  // Zero knowledge, where it is on, is as good as the soundness that is claimed, and at least kMinHidingBits whatever is claimed:
  // parameters of the search have 160 or more.
  bool hides_enough() const {
    return !zero_knowledge ||
           hiding_bits() >= (target_bits > kMinHidingBits ? static_cast<double>(target_bits) : kMinHidingBits);
  }
  bool meets_target() const { return bits() >= static_cast<double>(target_bits); }
  // The label of the worst term; "" without terms.
  std::string weakest() const;
};

// What a caller asks for at least, whatever is claimed.
struct Floor {
  double bits = 0;
  // invalid_argument below it.
  Status check(const SoundnessReport& report) const;
};

}  // namespace zkinfer::soundness
