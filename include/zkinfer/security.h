// SPDX-License-Identifier: Apache-2.0
// What a commitment and the proofs under it promise. The one type that carries these settings from the options of a user to the
// parameters in a key, and the only place that bounds them.
#pragma once

#include <cstdint>

#include "zkinfer/status.h"

namespace zkinfer {

// How far from the code a committed word may be (docs/soundness.md, "Codes").
enum class Decoding : std::uint8_t {
  kJohnson = 0,  // up to the Johnson radius; rests on a theorem of a preprint
  kUnique = 1,   // half the distance: without that theorem, larger proofs
};

// What the search for parameters prefers, where both are equally secure. Part of the key: what descends from a commitment and what is
// proven about it prefer the same.
enum class Profile : std::uint8_t {
  kBalanced = 0,
  kFast = 1,   // proofs sooner: about half the time, a third more bytes
  kSmall = 2,  // fewer bytes, as contracts pay for them: seconds of a core for each proof
};

struct Security {
  static constexpr std::uint32_t kMaxBits = 128;  // digests of 32 bytes give no more
  static constexpr std::uint32_t kMaxPowBits = 32;

  std::uint32_t bits = 128;  // soundness error at most 2^-bits per call of the hash function
  Decoding decoding = Decoding::kJohnson;
  std::uint32_t pow_bits = 16;  // grinding before each query phase; part of `bits`
  Profile profile = Profile::kBalanced;
  // false: proofs may show anything; allowed only where inputs, outputs and weights are public.
  bool zero_knowledge = true;

  // invalid_argument: bits not in 1 .. kMaxBits, pow_bits above kMaxPowBits or not below bits, an unknown decoding or profile.
  Status validate() const;
  friend bool operator==(const Security&, const Security&) = default;
};

}  // namespace zkinfer
