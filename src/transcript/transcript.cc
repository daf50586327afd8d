// SPDX-License-Identifier: Apache-2.0
#include "transcript/transcript.h"

#include <algorithm>
#include <cstring>

#include "base/check.h"
#include "zkinfer/security.h"

namespace zkinfer {
namespace {

using Domain = std::array<std::uint8_t, 8>;

constexpr Domain domain(const char (&text)[9]) {
  Domain bytes{};
  for (std::size_t i = 0; i < 8; ++i) bytes[i] = static_cast<std::uint8_t>(text[i]);
  return bytes;
}

constexpr Domain kAbsorbDomain = domain("zki-absb");
constexpr Domain kSqueezeDomain = domain("zki-sqez");
constexpr Domain kIndexDomain = domain("zki-indx");
constexpr Domain kPowDomain = domain("zki-powk");

std::array<std::uint8_t, 8> u64_bytes(std::uint64_t x) {
  std::array<std::uint8_t, 8> bytes;
  for (std::size_t i = 0; i < 8; ++i) bytes[i] = static_cast<std::uint8_t>(x >> (8 * i));
  return bytes;
}

std::uint64_t digest_word(const Digest& digest, std::size_t word) {
  std::uint64_t x = 0;
  for (std::size_t i = 0; i < 8; ++i) x |= static_cast<std::uint64_t>(digest[8 * word + i]) << (8 * i);
  return x;
}

// Bits [85 i, 85 i + 85) of the digest, reduced mod p.
Fp challenge_limb(const Digest& digest, std::size_t i) {
  const std::size_t word = 85 * i / 64;
  const std::size_t offset = 85 * i % 64;
  // Two words hold the first 128 - offset >= 65 bits; a third one holds the rest.
  unsigned __int128 x = digest_word(digest, word) | static_cast<unsigned __int128>(digest_word(digest, word + 1)) << 64;
  x >>= offset;
  if (offset + 85 > 128) x |= static_cast<unsigned __int128>(digest_word(digest, word + 2)) << (128 - offset);
  return Fp::reduce_wide(x & ((static_cast<unsigned __int128>(1) << 85) - 1));
}

}  // namespace

Transcript::Transcript(std::string_view protocol, bool record_manifest) : record_manifest_(record_manifest) {
  absorb_bytes("protocol", ByteView(reinterpret_cast<const std::uint8_t*>(protocol.data()), protocol.size()));
}

void Transcript::put_u64(std::uint64_t x) { pending_.update(u64_bytes(x)); }

void Transcript::begin_item(TranscriptItem type, std::string_view label, std::uint64_t count) {
  ZKI_CHECK(label.size() <= 255, "transcript label too long");
  if (!has_pending_) {
    pending_.update(kAbsorbDomain);
    pending_.update(state_);
    has_pending_ = true;
  }
  pending_.update(static_cast<std::uint8_t>(type));
  pending_.update(static_cast<std::uint8_t>(label.size()));
  pending_.update(ByteView(reinterpret_cast<const std::uint8_t*>(label.data()), label.size()));
  put_u64(count);
  if (record_manifest_) manifest_.push_back({label, type, count});
}

void Transcript::absorb_bytes(std::string_view label, ByteView bytes) {
  begin_item(TranscriptItem::kBytes, label, bytes.size());
  pending_.update(bytes);
}

void Transcript::absorb_u64(std::string_view label, std::uint64_t value) {
  begin_item(TranscriptItem::kU64, label, 1);
  put_u64(value);
}

void Transcript::absorb_fp(std::string_view label, Fp value) { absorb_fps(label, std::span<const Fp>(&value, 1)); }

void Transcript::absorb_fps(std::string_view label, std::span<const Fp> values) {
  begin_item(TranscriptItem::kFp, label, values.size());
  for (const Fp& x : values) put_u64(x.v);
}

void Transcript::absorb_fe(std::string_view label, const Fe& value) {
  absorb_fes(label, std::span<const Fe>(&value, 1));
}

void Transcript::absorb_fes(std::string_view label, std::span<const Fe> values) {
  begin_item(TranscriptItem::kFe, label, values.size());
  for (const Fe& x : values)
    for (const Fp& limb : x.c) put_u64(limb.v);
}

void Transcript::absorb_digest(std::string_view label, const Digest& digest) {
  absorb_digests(label, std::span<const Digest>(&digest, 1));
}

void Transcript::absorb_digests(std::string_view label, std::span<const Digest> digests) {
  begin_item(TranscriptItem::kDigest, label, digests.size());
  for (const Digest& digest : digests) pending_.update(digest);
}

void Transcript::flush() {
  if (!has_pending_) return;
  state_ = pending_.finish();
  has_pending_ = false;
}

Digest Transcript::squeeze(TranscriptItem type, std::string_view label, std::uint64_t count) {
  ZKI_CHECK(label.size() <= 255, "transcript label too long");
  flush();
  Keccak256 hash;
  hash.update(kSqueezeDomain);
  hash.update(state_);
  hash.update(static_cast<std::uint8_t>(type));
  hash.update(static_cast<std::uint8_t>(label.size()));
  hash.update(ByteView(reinterpret_cast<const std::uint8_t*>(label.data()), label.size()));
  hash.update(u64_bytes(count));
  state_ = hash.finish();
  if (record_manifest_) manifest_.push_back({label, type, count});
  return state_;
}

Fe Transcript::challenge(std::string_view label) {
  const Digest digest = squeeze(TranscriptItem::kChallenge, label, 1);
  return {challenge_limb(digest, 0), challenge_limb(digest, 1), challenge_limb(digest, 2)};
}

std::vector<Fe> Transcript::challenges(std::string_view label, std::size_t count) {
  std::vector<Fe> values(count);
  for (Fe& x : values) x = challenge(label);
  return values;
}

std::vector<std::uint64_t> Transcript::challenge_indices(std::string_view label, std::size_t num_indices,
                                                         int log_range) {
  ZKI_CHECK(log_range >= 0 && log_range <= 63, "transcript: index range");
  ZKI_CHECK(num_indices <= (std::size_t{1} << 32), "transcript: number of indices");
  const std::uint64_t mask = (std::uint64_t{1} << log_range) - 1;
  ZKI_CHECK(num_indices <= mask + 1, "transcript: more distinct indices than there are");
  const Digest seed = squeeze(TranscriptItem::kIndices, label, num_indices);
  std::vector<std::uint64_t> indices;
  Digest block{};
  std::size_t i = 0;
  // Each pass draws as many as are still missing, so the result is that of drawing one by one and skipping repetitions.
  while (indices.size() < num_indices) {
    const std::size_t missing = num_indices - indices.size();
    for (const std::size_t end = i + missing; i < end; ++i) {
      if (i % 4 == 0) {
        const std::uint64_t counter = i / 4;
        Keccak256 hash;
        hash.update(kIndexDomain);
        hash.update(seed);
        for (int byte = 0; byte < 4; ++byte) hash.update(static_cast<std::uint8_t>(counter >> (8 * byte)));
        block = hash.finish();
      }
      indices.push_back(digest_word(block, i % 4) & mask);
    }
    std::sort(indices.begin(), indices.end());
    indices.erase(std::unique(indices.begin(), indices.end()), indices.end());
  }
  return indices;
}

void Transcript::absorb_nonce(std::uint64_t nonce, int pow_bits) {
  begin_item(TranscriptItem::kPow, "pow", static_cast<std::uint64_t>(pow_bits));
  put_u64(nonce);
}

bool PowPuzzle::is_solution(const Digest& digest) const {
  std::uint64_t head = 0;
  for (std::size_t i = 0; i < 8; ++i) head = head << 8 | digest[i];
  return pow_bits == 0 || head >> (64 - pow_bits) == 0;
}

PowPuzzle Transcript::pow_puzzle(int pow_bits) {
  ZKI_CHECK(pow_bits >= 0 && pow_bits <= static_cast<int>(Security::kMaxPowBits), "proof-of-work bits");
  flush();
  PowPuzzle puzzle;
  puzzle.pow_bits = pow_bits;
  std::copy(kPowDomain.begin(), kPowDomain.end(), puzzle.prefix.begin());
  std::copy(state_.begin(), state_.end(), puzzle.prefix.begin() + 8);
  puzzle.prefix[40] = static_cast<std::uint8_t>(pow_bits);
  return puzzle;
}

bool Transcript::check_pow(std::uint64_t nonce, int pow_bits) {
  const PowPuzzle puzzle = pow_puzzle(pow_bits);
  Keccak256 hash;
  hash.update(puzzle.prefix);
  hash.update(u64_bytes(nonce));
  const bool good = pow_bits == 0 ? nonce == 0 : puzzle.is_solution(hash.finish());
  absorb_nonce(nonce, pow_bits);
  return good;
}

Digest Transcript::state() const {
  if (!has_pending_) return state_;
  Keccak256 copy = pending_;
  return copy.finish();
}

}  // namespace zkinfer
