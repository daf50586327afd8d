// SPDX-License-Identifier: Apache-2.0
// Fiat-Shamir over Keccak-256: every prover message is absorbed, every challenge is squeezed from all that came before.
//
// State: one digest S (32 bytes), at first 32 zero bytes. Items absorbed since the last use of S wait in a running hash.
//   item        = type u8 | label length u8 | label | count u64 | payload           (all integers little-endian)
//   flush       S = keccak("zki-absb" | S | items)                                   only when items wait
//   squeeze     after a flush: D = keccak("zki-sqez" | S | item with empty payload); then S = D
//   challenge   Fe: D read as a little-endian 256-bit integer, limb i = bits [85 i, 85 i + 85) reduced mod p
//   indices     word j = u64 number j mod 4 of keccak("zki-indx" | D | u32 j / 4), index = low log_range bits
//   pow         after a flush: keccak("zki-powk" | S | bits u8 | nonce u64) starts with `bits` zero bits; then the nonce
//               is absorbed as an item "pow"
// The first eight bytes keep these uses apart from each other and from Merkle hashes (whose first byte is 0 or 1).
// Labels are string literals of at most 255 bytes.
// Soundness: every value of a limb has probability below (1 + 2^-20) / p, so of a challenge below (1 + 2^-18) / |K|.
#pragma once

#include <array>
#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/bytes.h"
#include "field/fe.h"
#include "hash/keccak.h"

namespace zkinfer {

enum class TranscriptItem : std::uint8_t {
  kBytes = 1,
  kU64 = 2,
  kFe = 3,
  kDigest = 4,
  kFp = 5,
  kChallenge = 16,
  kIndices = 17,
  kPow = 18,
};

// One line of the manifest: prover and verifiers must agree on all of them.
struct TranscriptEntry {
  std::string_view label;
  TranscriptItem type;
  std::uint64_t count;  // elements, or bytes for kBytes
  friend bool operator==(const TranscriptEntry&, const TranscriptEntry&) = default;
};

// A nonce solves it when keccak(prefix | nonce u64) starts with pow_bits zero bits.
struct PowPuzzle {
  std::array<std::uint8_t, 41> prefix{};
  int pow_bits = 0;

  bool is_solution(const Digest& digest) const;
};

class Transcript {
 public:
  // `protocol` is absorbed first, as bytes under the label "protocol".
  explicit Transcript(std::string_view protocol, bool record_manifest = false);
  Transcript(const Transcript&) = delete;
  Transcript& operator=(const Transcript&) = delete;

  void absorb_bytes(std::string_view label, ByteView bytes);
  void absorb_u64(std::string_view label, std::uint64_t value);
  void absorb_fp(std::string_view label, Fp value);
  void absorb_fps(std::string_view label, std::span<const Fp> values);
  void absorb_fe(std::string_view label, const Fe& value);
  void absorb_fes(std::string_view label, std::span<const Fe> values);
  void absorb_digest(std::string_view label, const Digest& digest);
  void absorb_digests(std::string_view label, std::span<const Digest> digests);

  Fe challenge(std::string_view label);
  // `count` successive challenges under one label.
  std::vector<Fe> challenges(std::string_view label, std::size_t count);
  // A uniform set of num_indices distinct indices from [0, 2^log_range), ascending. log_range <= 63, num_indices <=
  // 2^log_range.
  std::vector<std::uint64_t> challenge_indices(std::string_view label, std::size_t num_indices, int log_range);

  // The puzzle at this point; flushes, absorbs nothing.
  PowPuzzle pow_puzzle(int pow_bits);
  // Whether the nonce is good (0 when pow_bits is 0); absorbs it either way. The prover finds one with grind (grind.h).
  bool check_pow(std::uint64_t nonce, int pow_bits);

  // A digest of everything so far; changes nothing.
  Digest state() const;
  const std::vector<TranscriptEntry>& manifest() const { return manifest_; }

 private:
  void begin_item(TranscriptItem type, std::string_view label, std::uint64_t count);
  void put_u64(std::uint64_t x);
  void flush();
  Digest squeeze(TranscriptItem type, std::string_view label, std::uint64_t count);
  void absorb_nonce(std::uint64_t nonce, int pow_bits);

  Digest state_{};
  Keccak256 pending_;
  bool has_pending_ = false;
  bool record_manifest_;
  std::vector<TranscriptEntry> manifest_;
};

}  // namespace zkinfer
