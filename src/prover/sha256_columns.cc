// SPDX-License-Identifier: Apache-2.0
#include "prover/sha256_columns.h"

#include <algorithm>

#include "base/parallel.h"
#include "relations/sha256.h"

namespace zkinfer::prover {

namespace {

using relations::Sha256Column;

constexpr std::size_t kWordBits = 32;

Bytes padded_message(const FpVec& entries, std::size_t entry_bytes) {
  Bytes out;
  out.reserve(entries.size() * entry_bytes + 2 * kSha256BlockBytes);
  for (const Fp& x : entries) {
    const auto bits = static_cast<std::uint64_t>(x.to_int());
    for (std::size_t i = 0; i < entry_bytes; ++i) out.push_back(static_cast<std::uint8_t>(bits >> (8 * i)));
  }
  const Bytes padding = sha256_padding(out.size());
  out.insert(out.end(), padding.begin(), padding.end());
  return out;
}

// out[n] for every block n: `size` values from the block's rounds.
template <class Fill>
FpVec per_block(const Sha256Message& message, std::size_t size, const Fill& fill) {
  FpVec out(message.num_blocks() * size);
  parallel_for(message.num_blocks(), 8, [&](std::size_t begin, std::size_t end) {
    for (std::size_t n = begin; n < end; ++n) fill(message.compress(n), out.data() + n * size);
  });
  return out;
}

void fill_bits(const Sha256Compression& c, Fp* out) {
  using namespace relations;
  const auto set = [&](std::size_t row, std::uint32_t word) {
    for (std::size_t k = 0; k < kWordBits; ++k) out[k * kSha256Rows + row] = Fp(word >> k & 1);
  };
  for (std::size_t t = 0; t < c.a.size(); ++t) set(kSha256FirstA + t, c.a[t]);
  for (std::size_t t = 0; t < c.e.size(); ++t) set(kSha256FirstE + t, c.e[t]);
  for (std::size_t t = 0; t < c.schedule.size(); ++t) set(kSha256FirstW + t, c.schedule[t]);
}

// Column [per_word, rounds] of the sums of the bits of x and y at i, i + per_word, ..
void set_sums(std::uint32_t x, std::uint32_t y, std::size_t per_word, std::size_t round, std::size_t num_rounds,
              Fp* out) {
  std::uint32_t mask = 0;
  for (std::size_t k = 0; k < kWordBits; k += per_word) mask |= std::uint32_t{1} << k;
  for (std::size_t i = 0; i < per_word; ++i) out[i * num_rounds + round] = Fp((x >> i & mask) + (y >> i & mask));
}

void fill_choice(const Sha256Compression& c, std::size_t per_word, Fp* out) {
  for (std::size_t t = 0; t < kSha256Rounds; ++t) {
    set_sums(sha256_large1(c.e[t + 3]), sha256_choice(c.e[t + 3], c.e[t + 2], c.e[t + 1]), per_word, t, kSha256Rounds,
             out);
  }
}

void fill_majority(const Sha256Compression& c, std::size_t per_word, Fp* out) {
  for (std::size_t t = 0; t < kSha256Rounds; ++t) {
    set_sums(sha256_large0(c.a[t + 3]), sha256_majority(c.a[t + 3], c.a[t + 2], c.a[t + 1]), per_word, t, kSha256Rounds,
             out);
  }
}

void fill_schedule(const Sha256Compression& c, std::size_t per_word, Fp* out) {
  constexpr std::size_t kRounds = kSha256Rounds - 16;
  for (std::size_t t = 0; t < kRounds; ++t) {
    set_sums(sha256_small0(c.schedule[t + 1]), sha256_small1(c.schedule[t + 14]), per_word, t, kRounds, out);
  }
}

void fill_carries(const Sha256Compression& c, Fp* out) {
  using namespace relations;
  using U = std::uint64_t;
  for (std::size_t t = 0; t < kSha256Rounds; ++t) {
    const U choice = U{sha256_large1(c.e[t + 3])} + sha256_choice(c.e[t + 3], c.e[t + 2], c.e[t + 1]);
    out[t] = Fp((U{c.a[t]} + c.e[t] + choice + kSha256Constants[t] + c.schedule[t]) >> kWordBits);
    const U majority = U{sha256_large0(c.a[t + 3])} + sha256_majority(c.a[t + 3], c.a[t + 2], c.a[t + 1]);
    out[kSha256CarryA + t] = Fp((U{c.e[t + 4]} + (U{1} << kWordBits) - c.a[t] + majority) >> kWordBits);
  }
  for (std::size_t t = 0; t + 16 < kSha256Rounds; ++t) {
    const auto& w = c.schedule;
    const U sum = U{sha256_small0(w[t + 1])} + sha256_small1(w[t + 14]) + w[t + 9] + w[t];
    out[kSha256CarryW + t] = Fp(sum >> kWordBits);
  }
  for (std::size_t r = 0; r < 4; ++r) {
    out[kSha256CarryState + r] = Fp((U{c.a[r]} + c.a[kSha256Rounds + r]) >> kWordBits);
    out[kSha256CarryState + 4 + r] = Fp((U{c.e[r]} + c.e[kSha256Rounds + r]) >> kWordBits);
  }
}

// Entries as they are; of 8 bytes their halves, low first.
FpVec words(const FpVec& entries, std::size_t entry_bytes) {
  if (entry_bytes < 8) return entries;
  FpVec out(2 * entries.size());
  for (std::size_t i = 0; i < entries.size(); ++i) {
    const auto bits = static_cast<std::uint64_t>(entries[i].to_int());
    out[2 * i] = Fp(bits & 0xffffffff);
    out[2 * i + 1] = Fp(bits >> kWordBits);
  }
  return out;
}

FpVec digest(const Sha256Message& message) {
  const Sha256State& state = message.states.back();
  FpVec out(state.size());
  for (std::size_t i = 0; i < state.size(); ++i) out[i] = Fp(state[i]);
  return out;
}

}  // namespace

Sha256Message::Sha256Message(Bytes padded, const Sha256State& start) : bytes(std::move(padded)), states(1, start) {
  for (std::size_t n = 0; n < num_blocks(); ++n) states.push_back(compress(n).next());
}

Sha256Compression Sha256Message::compress(std::size_t block) const {
  return sha256_compress(states[block], ByteView(bytes).subspan(block * kSha256BlockBytes).first<kSha256BlockBytes>());
}

FpVec sha256_column(Sha256Column column, const FpVec& entries, std::size_t entry_bytes) {
  if (column == Sha256Column::kWords) return words(entries, entry_bytes);
  return sha256_column(column, Sha256Message(padded_message(entries, entry_bytes)));
}

FpVec sha256_column(Sha256Column column, const Sha256Message& message) {
  const std::size_t per_word = relations::sha256_lookups_per_word(message.num_blocks());
  switch (column) {
    case Sha256Column::kBits: return per_block(message, kWordBits * relations::kSha256Rows, fill_bits);
    case Sha256Column::kChoice:
      return per_block(message, kWordBits / 2 * kSha256Rounds,
                       [](const auto& c, Fp* out) { fill_choice(c, kWordBits / 2, out); });
    case Sha256Column::kMajority:
      return per_block(message, per_word * kSha256Rounds,
                       [&](const auto& c, Fp* out) { fill_majority(c, per_word, out); });
    case Sha256Column::kSchedule:
      return per_block(message, per_word * (kSha256Rounds - 16),
                       [&](const auto& c, Fp* out) { fill_schedule(c, per_word, out); });
    case Sha256Column::kCarries: return per_block(message, relations::kSha256Carries, fill_carries);
    case Sha256Column::kWords: break;
    case Sha256Column::kDigest: return digest(message);
  }
  return {};
}

}  // namespace zkinfer::prover
