// SPDX-License-Identifier: Apache-2.0
// Fiat-Shamir over Keccak-256: every prover message is absorbed, every challenge is squeezed from all that came before.
//
// State: one digest S (32 bytes), at first keccak(name of the protocol). What is absorbed waits, one item behind the other:
//   u64        8 bytes, most significant first
//   Fe         three limbs like that, c0 first
//   digest     its 32 bytes
//   bytes      their digest, keccak(bytes)
// so every item has a width of its own, and whoever knows how many of what are absorbed reads them back: callers absorb what
// the name of the protocol and the items before say.
//   squeeze    S = keccak(S | tag u32 | waiting items), tag = transcript_tag(label)
//   challenge  squeeze; limb i of the Fe = bits [85 i, 85 i + 85) of S as a big-endian integer, mod p
//   indices    squeeze; word j = u64 number j mod 4 of keccak(0x02 | S | u32 j / 4), index = low log_range bits
//   pow        squeeze; the nonce is good when keccak(0x03 | S | bits u8 | nonce u64) starts with `bits` zero bits; then it is
//              absorbed as u64
//   state      keccak(S | u32 0 | waiting items)
// Integers are big-endian. Lengths keep these uses apart from each other and from Merkle hashes: modulo 8 a squeeze has 4 bytes,
// leaves and nodes 1 (first bytes 0 and 1), indices 5, pow 2.
// Soundness: every value of a limb has probability below (1 + 2^-20) / p, so of a challenge below (1 + 2^-18) / |K|.
#pragma once

#include <array>
#include <cstdint>
#include <string_view>
#include <vector>

#include "base/bytes.h"
#include "field/fe.h"
#include "hash/keccak.h"

namespace zkinfer {

// What tells squeezes apart: the 32-bit FNV-1a hash of the label. Distinct, and not 0, for all labels of a protocol.
constexpr std::uint32_t transcript_tag(std::string_view label) {
  std::uint32_t tag = 0x811c9dc5;
  for (const char c : label) tag = (tag ^ static_cast<std::uint8_t>(c)) * 0x01000193;
  return tag;
}

// Of the manifest.
enum class TranscriptItem : std::uint8_t {
  kBytes = 1,
  kU64 = 2,
  kFe = 3,
  kDigest = 4,
  kChallenge = 16,
  kIndices = 17,
  kPow = 18,
};

// One line of the manifest: prover and verifiers must agree on all of them.
struct TranscriptEntry {
  std::string_view label;
  TranscriptItem type;
  std::uint64_t count;  // 1; of kBytes the bytes, of kIndices the indices, of kPow the bits
  friend bool operator==(const TranscriptEntry&, const TranscriptEntry&) = default;
};

// A nonce solves it when keccak(prefix | nonce u64) starts with pow_bits zero bits.
struct PowPuzzle {
  std::array<std::uint8_t, 34> prefix{};
  int pow_bits = 0;

  bool is_solution(const Digest& digest) const;
};

class Transcript {
 public:
  explicit Transcript(std::string_view protocol, bool record_manifest = false);
  Transcript(const Transcript&) = delete;
  Transcript& operator=(const Transcript&) = delete;

  void absorb_bytes(std::string_view label, ByteView bytes);
  void absorb_u64(std::string_view label, std::uint64_t value);
  void absorb_fe(std::string_view label, const Fe& value);
  void absorb_digest(std::string_view label, const Digest& digest);

  Fe challenge(std::string_view label);
  // `count` successive challenges under one label.
  std::vector<Fe> challenges(std::string_view label, std::size_t count);
  // A uniform set of num_indices distinct indices from [0, 2^log_range), ascending. log_range <= 63, num_indices <=
  // 2^log_range.
  std::vector<std::uint64_t> challenge_indices(std::string_view label, std::size_t num_indices, int log_range);

  // The puzzle at this point: squeezes. Once, and then absorb_nonce.
  PowPuzzle pow_puzzle(int pow_bits);
  void absorb_nonce(std::uint64_t nonce);
  // Whether the nonce is good (0 when pow_bits is 0); absorbs it either way. The prover finds one with grind (grind.h).
  bool check_pow(std::uint64_t nonce, int pow_bits);

  // A digest of everything so far; changes nothing.
  Digest state() const;
  const std::vector<TranscriptEntry>& manifest() const { return manifest_; }

 private:
  void note(std::string_view label, TranscriptItem type, std::uint64_t count);
  void put_u64(std::uint64_t x);
  const Digest& squeeze(std::string_view label, TranscriptItem type, std::uint64_t count);

  Digest state_{};
  Bytes waiting_;
  bool record_manifest_;
  std::vector<TranscriptEntry> manifest_;
};

}  // namespace zkinfer
