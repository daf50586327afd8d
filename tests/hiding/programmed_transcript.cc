// SPDX-License-Identifier: Apache-2.0
#include "hiding/programmed_transcript.h"

#include <algorithm>
#include <set>

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

// The class, once more. state_ is a running hash; record_manifest_ means that challenges come from the program, and then
// manifest_ counts them by label.

Transcript::Transcript(std::string_view protocol, bool)
    : record_manifest_(installed != nullptr && programmable(protocol)) {
  absorb_bytes("protocol", ByteView(reinterpret_cast<const std::uint8_t*>(protocol.data()), protocol.size()));
}

void Transcript::begin_item(TranscriptItem type, std::string_view label, std::uint64_t count) {
  if (!has_pending_) pending_.update(state_);
  has_pending_ = true;
  pending_.update(static_cast<std::uint8_t>(type));
  update_text(pending_, label);
  put_u64(count);
}

void Transcript::put_u64(std::uint64_t x) { update_u64(pending_, x); }

void Transcript::flush() {
  if (has_pending_) state_ = pending_.finish();
  has_pending_ = false;
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
  for (const Fp x : values) put_u64(x.v);
}

void Transcript::absorb_fe(std::string_view label, const Fe& value) {
  absorb_fes(label, std::span<const Fe>(&value, 1));
}

void Transcript::absorb_fes(std::string_view label, std::span<const Fe> values) {
  begin_item(TranscriptItem::kFe, label, values.size());
  for (const Fe& x : values) {
    for (const Fp limb : x.c) put_u64(limb.v);
  }
}

void Transcript::absorb_digest(std::string_view label, const Digest& digest) {
  absorb_digests(label, std::span<const Digest>(&digest, 1));
}

void Transcript::absorb_digests(std::string_view label, std::span<const Digest> digests) {
  begin_item(TranscriptItem::kDigest, label, digests.size());
  for (const Digest& digest : digests) pending_.update(digest);
}

Digest Transcript::squeeze(TranscriptItem type, std::string_view label, std::uint64_t count) {
  begin_item(type, label, count);
  flush();
  return state_;
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
  const Digest digest = squeeze(TranscriptItem::kChallenge, label, 1);
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
  const Digest digest = squeeze(TranscriptItem::kIndices, label, num_indices);
  if (!record_manifest_) return e2e::ChallengeProgram(word(digest, 0)).indices(label, 0, num_indices, log_range);
  return installed->program().indices(label, next_occurrence(manifest_, label), num_indices, log_range);
}

bool PowPuzzle::is_solution(const Digest& digest) const {
  return pow_bits == 0 || word(digest, 0) >> (64 - pow_bits) == 0;
}

PowPuzzle Transcript::pow_puzzle(int pow_bits) {
  flush();
  PowPuzzle puzzle;
  puzzle.pow_bits = pow_bits;
  std::copy(state_.begin(), state_.end(), puzzle.prefix.begin());
  return puzzle;
}

void Transcript::absorb_nonce(std::uint64_t nonce, int pow_bits) {
  begin_item(TranscriptItem::kPow, "pow", static_cast<std::uint64_t>(pow_bits));
  put_u64(nonce);
}

// Proof of work stays what it is: a simulator finds nonces as a prover does.
bool Transcript::check_pow(std::uint64_t nonce, int pow_bits) {
  const PowPuzzle puzzle = pow_puzzle(pow_bits);
  Keccak256 hash;
  hash.update(puzzle.prefix);
  update_u64(hash, nonce);
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
