// SPDX-License-Identifier: Apache-2.0
#include "transcript/transcript.h"

#include <algorithm>

#include "base/big_endian.h"
#include "base/check.h"
#include "zkinfer/security.h"

namespace zkinfer {
namespace {

constexpr std::uint8_t kIndexDomain = 2;
constexpr std::uint8_t kPowDomain = 3;
constexpr std::uint32_t kStateTag = 0;

std::array<std::uint8_t, 8> u64_bytes(std::uint64_t x) {
  std::array<std::uint8_t, 8> bytes;
  store_big_endian(x, bytes.data());
  return bytes;
}

// Number `word` from the most significant one on.
std::uint64_t digest_word(const Digest& digest, std::size_t word) { return load_big_endian(digest.data() + 8 * word); }

// Bits [85 i, 85 i + 85) of the digest, reduced mod p.
Fp challenge_limb(const Digest& digest, std::size_t i) {
  const std::size_t word = 85 * i / 64;
  const std::size_t offset = 85 * i % 64;
  // Two words hold the first 128 - offset >= 65 bits; a third one holds the rest.
  unsigned __int128 x = digest_word(digest, 3 - word) | static_cast<unsigned __int128>(digest_word(digest, 2 - word))
                                                            << 64;
  x >>= offset;
  if (offset + 85 > 128) x |= static_cast<unsigned __int128>(digest_word(digest, 1 - word)) << (128 - offset);
  return Fp::reduce_wide(x & ((static_cast<unsigned __int128>(1) << 85) - 1));
}

Digest squeezed(const Digest& state, std::uint32_t tag, ByteView items) {
  Keccak256 hash;
  hash.update(state);
  for (int byte = 3; byte >= 0; --byte) hash.update(static_cast<std::uint8_t>(tag >> (8 * byte)));
  hash.update(items);
  return hash.finish();
}

}  // namespace

Transcript::Transcript(std::string_view protocol, bool record_manifest)
    : state_(keccak256(ByteView(reinterpret_cast<const std::uint8_t*>(protocol.data()), protocol.size()))),
      record_manifest_(record_manifest) {}

void Transcript::note(std::string_view label, TranscriptItem type, std::uint64_t count) {
  if (record_manifest_) manifest_.push_back({label, type, count});
}

void Transcript::put_u64(std::uint64_t x) {
  waiting_.resize(waiting_.size() + 8);
  store_big_endian(x, waiting_.data() + waiting_.size() - 8);
}

void Transcript::absorb_bytes(std::string_view label, ByteView bytes) {
  note(label, TranscriptItem::kBytes, bytes.size());
  const Digest digest = keccak256(bytes);
  waiting_.insert(waiting_.end(), digest.begin(), digest.end());
}

void Transcript::absorb_u64(std::string_view label, std::uint64_t value) {
  note(label, TranscriptItem::kU64, 1);
  put_u64(value);
}

void Transcript::absorb_fe(std::string_view label, const Fe& value) {
  note(label, TranscriptItem::kFe, 1);
  for (const Fp& limb : value.c) put_u64(limb.v);
}

void Transcript::absorb_digest(std::string_view label, const Digest& digest) {
  note(label, TranscriptItem::kDigest, 1);
  waiting_.insert(waiting_.end(), digest.begin(), digest.end());
}

const Digest& Transcript::squeeze(std::string_view label, TranscriptItem type, std::uint64_t count) {
  note(label, type, count);
  state_ = squeezed(state_, transcript_tag(label), waiting_);
  waiting_.clear();
  return state_;
}

Fe Transcript::challenge(std::string_view label) {
  const Digest& digest = squeeze(label, TranscriptItem::kChallenge, 1);
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
  ZKI_CHECK(std::uint64_t{num_indices} <= std::uint64_t{1} << 32, "transcript: number of indices");
  const std::uint64_t mask = (std::uint64_t{1} << log_range) - 1;
  ZKI_CHECK(num_indices <= mask + 1, "transcript: more distinct indices than there are");
  const Digest& seed = squeeze(label, TranscriptItem::kIndices, num_indices);
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
        for (int byte = 3; byte >= 0; --byte) hash.update(static_cast<std::uint8_t>(counter >> (8 * byte)));
        block = hash.finish();
      }
      indices.push_back(digest_word(block, i % 4) & mask);
    }
    std::sort(indices.begin(), indices.end());
    indices.erase(std::unique(indices.begin(), indices.end()), indices.end());
  }
  return indices;
}

bool PowPuzzle::is_solution(const Digest& digest) const {
  return pow_bits == 0 || digest_word(digest, 0) >> (64 - pow_bits) == 0;
}

PowPuzzle Transcript::pow_puzzle(int pow_bits) {
  ZKI_CHECK(pow_bits >= 0 && pow_bits <= static_cast<int>(Security::kMaxPowBits), "proof-of-work bits");
  const Digest& state = squeeze("pow", TranscriptItem::kPow, static_cast<std::uint64_t>(pow_bits));
  PowPuzzle puzzle;
  puzzle.pow_bits = pow_bits;
  puzzle.prefix[0] = kPowDomain;
  std::copy(state.begin(), state.end(), puzzle.prefix.begin() + 1);
  puzzle.prefix[33] = static_cast<std::uint8_t>(pow_bits);
  return puzzle;
}

void Transcript::absorb_nonce(std::uint64_t nonce) { put_u64(nonce); }

bool Transcript::check_pow(std::uint64_t nonce, int pow_bits) {
  const PowPuzzle puzzle = pow_puzzle(pow_bits);
  Keccak256 hash;
  hash.update(puzzle.prefix);
  hash.update(u64_bytes(nonce));
  const bool good = pow_bits == 0 ? nonce == 0 : puzzle.is_solution(hash.finish());
  absorb_nonce(nonce);
  return good;
}

Digest Transcript::state() const { return squeezed(state_, kStateTag, waiting_); }

}  // namespace zkinfer
