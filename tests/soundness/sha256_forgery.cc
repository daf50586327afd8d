// SPDX-License-Identifier: Apache-2.0
#include "soundness/sha256_forgery.h"

namespace zkinfer::e2e {

using namespace relations;

namespace {

Word bits_of(std::uint32_t x) {
  Word word{};
  for (std::size_t k = 0; k < 32; ++k) word[k] = x >> k & 1;
  return word;
}
std::int64_t number(const Word& word) {
  std::int64_t x = 0;
  for (std::size_t k = 0; k < 32; ++k) x += word[k] << k;
  return x;
}

// The lookups' functions of a key, one digit per position.
std::int64_t digits(std::int64_t key, int digit_bits, int length, const std::function<int(int)>& value) {
  std::int64_t sum = 0;
  for (int digit = 0; digit < 32 / length; ++digit) {
    sum += static_cast<std::int64_t>(value(static_cast<int>(key >> (digit_bits * digit) & ((1 << digit_bits) - 1))))
           << (length * digit);
  }
  return sum;
}

}  // namespace

// Columns of the hash of whole blocks, from the words' bits as they are: a second implementation of prover/sha256_columns.cc and
// of the relations' right-hand sides, for bits of any value.
void Hashed::fill(ByteView padded, const Forgery& forgery) {
  const std::size_t num_blocks = padded.size() / 64;
  const int length = static_cast<int>(sha256_lookups_per_word(num_blocks));
  FpVec &bits = column("bits"), &choices = column("choice"), &majorities = column("majority"),
        &schedules = column("schedule"), &carries = column("carries");
  ASSERT_EQ(bits.size(), num_blocks * 32 * kSha256Rows) << "a message of as many blocks as the tensor's";
  Sha256State state = kSha256Start;
  for (std::size_t n = 0; n < num_blocks; ++n) {
    std::vector<Word> rows(kSha256Rows);
    const auto put = [&](std::size_t row, std::uint32_t x) {
      rows[row] = bits_of(x);
      if (forgery.word) forgery.word(n, row, rows[row]);
    };
    const auto put_carry = [&](std::size_t index, std::int64_t x) {
      Fp carry(static_cast<std::uint64_t>(x));
      if (forgery.carry) forgery.carry(n, index, carry);
      carries[n * kSha256Carries + index] = carry;
    };
    const auto rotated = [&](std::size_t row, int i, int by) {
      return rows[row][static_cast<std::size_t>((i + by) % 32)];
    };
    const auto shifted = [&](std::size_t row, int i, int by) {
      return i + by < 32 ? rows[row][static_cast<std::size_t>(i + by)] : 0;
    };
    // One lookup column of a round: sum_k 2^k of it.
    const auto look_up = [&](const char* name, FpVec& out, int positions, std::size_t round, std::size_t num_rounds,
                             int digit_bits, const std::function<std::int64_t(int)>& digit,
                             const std::function<int(int)>& value) {
      std::int64_t sum = 0;
      for (int i = 0; i < positions; ++i) {
        std::int64_t key = 0;
        for (int j = 0; j < 32 / positions; ++j) key += digit(i + j * positions) << (digit_bits * j);
        std::int64_t entry = digits(key, digit_bits, positions, value);
        if (forgery.sum) forgery.sum(name, n, static_cast<std::size_t>(i), round, entry);
        out[(n * static_cast<std::size_t>(positions) + static_cast<std::size_t>(i)) * num_rounds + round] =
            Fp(static_cast<std::uint64_t>(entry));
        sum += entry << i;
      }
      return sum;
    };
    if (forgery.start) forgery.start(n, state);
    for (std::size_t r = 0; r < 4; ++r) put(kSha256FirstA + r, state[3 - r]), put(kSha256FirstE + r, state[7 - r]);
    constexpr std::int64_t kModulus = std::int64_t{1} << 32;
    for (std::size_t t = 0; t < 64; ++t) {
      const std::size_t w = kSha256FirstW + t;
      if (t < 16) {
        std::uint32_t x = 0;
        for (std::size_t i = 0; i < 4; ++i) x = x << 8 | padded[64 * n + 4 * t + i];
        put(w, x);
      } else {
        const std::int64_t sums = look_up(
            "schedule", schedules, length, t - 16, 48, 4,
            [&](int i) {
              return 4 * (rotated(w - 15, i, 7) + rotated(w - 15, i, 18) + shifted(w - 15, i, 3)) +
                     rotated(w - 2, i, 17) + rotated(w - 2, i, 19) + shifted(w - 2, i, 10);
            },
            [](int digit) { return (digit >> 2 & 1) + (digit & 1); });
        const std::int64_t sum = sums + number(rows[w - 7]) + number(rows[w - 16]);
        put(w, static_cast<std::uint32_t>(sum));
        put_carry(kSha256CarryW + t - 16, sum / kModulus);
      }
      const std::size_t a = kSha256FirstA + t, e = kSha256FirstE + t;
      const std::int64_t choice = look_up(
          "choice", choices, 16, t, 64, 5,
          [&](int i) {
            return 8 * (rotated(e + 3, i, 6) + rotated(e + 3, i, 11) + rotated(e + 3, i, 25)) +
                   4 * rotated(e + 3, i, 0) + 2 * rotated(e + 2, i, 0) + rotated(e + 1, i, 0);
          },
          [](int digit) { return (digit >> 3 & 1) + ((digit & 4) != 0 ? digit >> 1 & 1 : digit & 1); });
      const std::int64_t majority = look_up(
          "majority", majorities, length, t, 64, 4,
          [&](int i) {
            return 4 * (rotated(a + 3, i, 2) + rotated(a + 3, i, 13) + rotated(a + 3, i, 22)) + rotated(a + 3, i, 0) +
                   rotated(a + 2, i, 0) + rotated(a + 1, i, 0);
          },
          [](int digit) { return (digit >> 2 & 1) + ((digit & 3) >= 2 ? 1 : 0); });
      const std::int64_t new_e = number(rows[a]) + number(rows[e]) + choice + kSha256Constants[t] + number(rows[w]);
      put(e + 4, static_cast<std::uint32_t>(new_e));
      put_carry(t, new_e / kModulus);
      const std::int64_t new_a = number(rows[e + 4]) + kModulus - number(rows[a]) + majority;
      put(a + 4, static_cast<std::uint32_t>(new_a));
      put_carry(kSha256CarryA + t, new_a / kModulus);
    }
    for (std::size_t r = 0; r < 8; ++r) {
      const std::size_t row = r < 4 ? kSha256FirstA + r : kSha256FirstE + r - 4;
      const std::int64_t sum = number(rows[row]) + number(rows[row + 64]);
      state[r < 4 ? 3 - r : 11 - r] = static_cast<std::uint32_t>(sum);
      put_carry(kSha256CarryState + r, sum / kModulus);
    }
    for (std::size_t row = 0; row < kSha256Rows; ++row) {
      for (std::size_t k = 0; k < 32; ++k) bits[(n * 32 + k) * kSha256Rows + row] = Fp::from_int(rows[row][k]);
    }
  }
  if (forgery.digest) forgery.digest(state);
  for (std::size_t i = 0; i < 8; ++i) column("digest")[i] = Fp(state[i]), digest[i] = state[i];
}

Bytes padded(Bytes message) {
  const Bytes padding = sha256_padding(message.size());
  message.insert(message.end(), padding.begin(), padding.end());
  return message;
}

Hashed bytes_of_three_blocks() {
  std::vector<std::int64_t> values;
  for (std::int64_t i = 0; i < 150; ++i) values.push_back(i * 89 % 256);
  return Hashed(std::move(values), 0, 255);
}

Hashed forged(const Forgery& forgery) {
  Hashed h = bytes_of_three_blocks();
  h.fill(padded(h.message()), forgery);
  return h;
}

}  // namespace zkinfer::e2e
