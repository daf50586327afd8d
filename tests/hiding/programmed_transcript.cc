// SPDX-License-Identifier: Apache-2.0
#include "hiding/programmed_transcript.h"

#include <algorithm>
#include <set>

#include "base/big_endian.h"
#include "base/check.h"
#include "verifier/certificate.h"
#include "verifier/rotation.h"

namespace zkinfer {

namespace {

e2e::InstalledProgram* installed = nullptr;

std::uint64_t word(const Digest& digest, std::size_t i) {
  std::uint64_t x = 0;
  for (std::size_t byte = 8; byte-- > 0;) x = x << 8 | digest[8 * i + byte];
  return x;
}

Fe element_of(const Digest& digest) {
  return {Fp::reduce(word(digest, 0)), Fp::reduce(word(digest, 1)), Fp::reduce(word(digest, 2))};
}

void update_u64(Keccak256& hash, std::uint64_t x) {
  for (int i = 0; i < 8; ++i) hash.update(static_cast<std::uint8_t>(x >> (8 * i)));
}

void update_text(Keccak256& hash, std::string_view text) {
  update_u64(hash, text.size());
  hash.update(ByteView(reinterpret_cast<const std::uint8_t*>(text.data()), text.size()));
}

bool programmable(std::string_view protocol) {
  return protocol == verifier::kProtocolName || protocol == verifier::kCertificateProtocol ||
         protocol == verifier::kRotationProtocol;
}

}  // namespace

namespace e2e {

Digest ChallengeProgram::answer(std::string_view label, std::uint64_t occurrence, std::uint64_t counter) const {
  Keccak256 hash;
  update_u64(hash, seed_);
  update_text(hash, label);
  update_u64(hash, occurrence);
  const auto version = versions_.find({std::string(label), occurrence});
  update_u64(hash, version == versions_.end() ? 0 : version->second);
  update_u64(hash, counter);
  return hash.finish();
}

Fe ChallengeProgram::element(std::string_view label, std::uint64_t occurrence) const {
  return element_of(answer(label, occurrence, 0));
}

std::vector<std::uint64_t> ChallengeProgram::indices(std::string_view label, std::uint64_t occurrence,
                                                     std::size_t num_indices, int log_range) const {
  std::set<std::uint64_t> out;
  for (std::uint64_t i = 0; out.size() < num_indices; ++i)
    out.insert(word(answer(label, occurrence, i), 0) & ((std::uint64_t{1} << log_range) - 1));
  return {out.begin(), out.end()};
}

InstalledProgram::InstalledProgram(const ChallengeProgram& program) : program_(program) {
  ZKI_CHECK(installed == nullptr, "one program at a time");
  installed = this;
}

InstalledProgram::~InstalledProgram() { installed = nullptr; }

}  // namespace e2e

// The class, once more, with hashes of another format. record_manifest_ means that challenges come from the program, and then
// manifest_ counts them by label.

Transcript::Transcript(std::string_view protocol, bool)
    : record_manifest_(installed != nullptr && programmable(protocol)) {
  absorb_bytes("protocol", ByteView(reinterpret_cast<const std::uint8_t*>(protocol.data()), protocol.size()));
}

void Transcript::note(std::string_view, TranscriptItem, std::uint64_t) {}

void Transcript::put_u64(std::uint64_t x) {
  for (int i = 0; i < 8; ++i) waiting_.push_back(static_cast<std::uint8_t>(x >> (8 * i)));
}

void Transcript::absorb_bytes(std::string_view label, ByteView bytes) { absorb_digest(label, keccak256(bytes)); }

void Transcript::absorb_u64(std::string_view, std::uint64_t value) { put_u64(value); }

void Transcript::absorb_fe(std::string_view, const Fe& value) {
  for (const Fp limb : value.c) put_u64(limb.v);
}

void Transcript::absorb_digest(std::string_view, const Digest& digest) {
  waiting_.insert(waiting_.end(), digest.begin(), digest.end());
}

const Digest& Transcript::squeeze(std::string_view label, TranscriptItem type, std::uint64_t count) {
  Keccak256 hash;
  hash.update(state_);
  hash.update(waiting_);
  hash.update(static_cast<std::uint8_t>(type));
  update_text(hash, label);
  update_u64(hash, count);
  waiting_.clear();
  return state_ = hash.finish();
}

namespace {

std::uint64_t next_occurrence(std::vector<TranscriptEntry>& counts, std::string_view label) {
  auto entry =
      std::find_if(counts.begin(), counts.end(), [&](const TranscriptEntry& other) { return other.label == label; });
  if (entry == counts.end()) entry = counts.insert(entry, {label, TranscriptItem::kChallenge, 0});
  installed->note({std::string(label), entry->count});
  return entry->count++;
}

}  // namespace

Fe Transcript::challenge(std::string_view label) {
  const Digest digest = squeeze(label, TranscriptItem::kChallenge, 1);
  if (!record_manifest_) return element_of(digest);
  return installed->program().element(label, next_occurrence(manifest_, label));
}

std::vector<Fe> Transcript::challenges(std::string_view label, std::size_t count) {
  std::vector<Fe> values(count);
  for (Fe& x : values) x = challenge(label);
  return values;
}

std::vector<std::uint64_t> Transcript::challenge_indices(std::string_view label, std::size_t num_indices,
                                                         int log_range) {
  const Digest digest = squeeze(label, TranscriptItem::kIndices, num_indices);
  if (!record_manifest_) return e2e::ChallengeProgram(word(digest, 0)).indices(label, 0, num_indices, log_range);
  return installed->program().indices(label, next_occurrence(manifest_, label), num_indices, log_range);
}

bool PowPuzzle::is_solution(const Digest& digest) const {
  return pow_bits == 0 || word(digest, 0) >> (64 - pow_bits) == 0;
}

PowPuzzle Transcript::pow_puzzle(int pow_bits) {
  const Digest& state = squeeze("pow", TranscriptItem::kPow, static_cast<std::uint64_t>(pow_bits));
  PowPuzzle puzzle;
  puzzle.pow_bits = pow_bits;
  std::copy(state.begin(), state.end(), puzzle.prefix.begin());
  return puzzle;
}

void Transcript::absorb_nonce(std::uint64_t nonce) { put_u64(nonce); }

// Proof of work stays what it is: a simulator finds nonces as a prover does.
bool Transcript::check_pow(std::uint64_t nonce, int pow_bits) {
  const PowPuzzle puzzle = pow_puzzle(pow_bits);
  std::array<std::uint8_t, 8> bytes;
  store_big_endian(nonce, bytes.data());
  Keccak256 hash;
  hash.update(puzzle.prefix);
  hash.update(bytes);
  const bool good = pow_bits == 0 ? nonce == 0 : puzzle.is_solution(hash.finish());
  absorb_nonce(nonce);
  return good;
}

Digest Transcript::state() const {
  Keccak256 hash;
  hash.update(state_);
  hash.update(waiting_);
  return hash.finish();
}

}  // namespace zkinfer
