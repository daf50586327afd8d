// SPDX-License-Identifier: Apache-2.0
// Attacks on the SHA-256 relations. Each forgery is a full assignment of the columns to a false statement (a digest that is not the
// tensor's) which breaks exactly one relation: with it removed everything else holds, so the test fails if that relation goes.
#include <gtest/gtest.h>

#include "soundness/sha256_forgery.h"

namespace zkinfer::e2e {
namespace {

using namespace relations;

TEST(Sha256Forgeries, TheGeneratorIsHonestWithoutOne) {
  Hashed h = forged({});
  EXPECT_TRUE(h.check().ok()) << h.check().message();
  EXPECT_EQ(h.digest, h.true_digest());
}

TEST(Sha256Forgeries, BitsThatAreNoBits) {
  // Two for one of the next higher position: the same word, another key. Wherever all keys stay in their tables.
  std::size_t num_tried = 0;
  for (std::size_t row : {kSha256FirstW + 1, kSha256FirstW + 9, kSha256FirstW + 15}) {
    for (std::size_t k = 0; k + 1 < 32; ++k) {
      Hashed h = forged({.word = [&](std::size_t n, std::size_t r, Word& word) {
        if (n == 1 && r == row && word[k + 1] == 1) word[k + 1] = 0, word[k] += 2;
      }});
      const Status status = h.check();
      if (status.ok() || status.message().find(" bits (") == std::string::npos || h.digest == h.true_digest()) continue;
      Hashed without = h;
      without.drop("bits");
      if (!without.check().ok()) continue;  // out of a table's range
      h.expect_only("bits", "row " + std::to_string(row) + " bit " + std::to_string(k));
      ++num_tried;
    }
  }
  EXPECT_GT(num_tried, 10u);
}

TEST(Sha256Forgeries, LookupValues) {
  for (const std::string column : {"choice", "majority", "schedule"}) {
    for (const std::size_t block : {0, 2}) {
      for (const std::size_t round : {0, 17, 47}) {
        Hashed h = forged(
            {.sum = [&](const std::string& name, std::size_t n, std::size_t i, std::size_t t, std::int64_t& value) {
              if (name == column && n == block && t == round && i == 5) value ^= 1;
            }});
        h.expect_only(column, column);
      }
    }
  }
}

TEST(Sha256Forgeries, WordsOfEveryRow) {
  const auto relation_of = [](std::size_t row) {
    if (row >= kSha256FirstW) return row < kSha256FirstW + 16 ? "message" : "next w";
    const std::size_t r = row % kSha256FirstE;
    if (r < 4) return "state";
    return row < kSha256FirstE ? "new a" : "new e";
  };
  for (std::size_t row = 0; row < kSha256Rows; row += 7) {
    for (const std::size_t block : {0, 1, 2}) {
      Hashed h = forged({.word = [&](std::size_t n, std::size_t r, Word& word) {
        if (n == block && r == row) word[(row * 5 + n) % 32] ^= 1;
      }});
      h.expect_only(relation_of(row), "row " + std::to_string(row) + " of block " + std::to_string(block));
    }
  }
}

// Carries that move a word by any amount: 2^32 carry is every field element.
TEST(Sha256Forgeries, CarriesBeyondTheirRange) {
  const Fp unit = inverse(Fp(std::uint64_t{1} << 32));
  struct Place {
    std::size_t row, carry;
  };
  for (const Place& place : {Place{kSha256FirstE + 4, 0},
                             {kSha256FirstE + 67, 63},
                             {kSha256FirstA + 30, kSha256CarryA + 26},
                             {kSha256FirstW + 16, kSha256CarryW},
                             {kSha256FirstW + 63, kSha256CarryW + 47}}) {
    Fp moved;
    Hashed h = forged({.word =
                           [&](std::size_t n, std::size_t row, Word& word) {
                             if (n != 1 || row != place.row) return;
                             moved = Fp::from_int(word[9] == 0 ? -512 : 512);
                             word[9] ^= 1;
                           },
                       .carry =
                           [&](std::size_t n, std::size_t index, Fp& carry) {
                             if (n == 1 && index == place.carry) carry += moved * unit;
                           }});
    h.expect_only("carries", "carry " + std::to_string(place.carry));
  }
  // Of the state: the next block, and the digest.
  for (const std::size_t block : {1, 3}) {
    Hashed h = forged({.start =
                           [&](std::size_t n, Sha256State& state) {
                             if (n == block) state[2] += 7;
                           },
                       .carry =
                           [&](std::size_t n, std::size_t index, Fp& carry) {
                             if (n + 1 == block && index == kSha256CarryState + 1) carry += Fp::from_int(-7) * unit;
                           },
                       .digest =
                           [&](Sha256State& state) {
                             if (block == 3) state[2] += 7;
                           }});
    h.expect_only("carries", "state before block " + std::to_string(block));
  }
}

TEST(Sha256Forgeries, States) {
  const auto start_of = [](std::size_t block, std::size_t word) {
    return Forgery{.start = [=](std::size_t n, Sha256State& state) {
      if (n == block) state[word] ^= 0x100;
    }};
  };
  for (std::size_t word = 0; word < 8; ++word) {
    forged(start_of(0, word)).expect_only("state", "another start, word " + std::to_string(word));
    forged(start_of(2, word)).expect_only("state", "a cut chain, word " + std::to_string(word));
    forged({.digest = [=](Sha256State& state) {
      state[word] += 1;
    }}).expect_only("state", "another digest, word " + std::to_string(word));
  }
  // The last block forgets the blocks before it.
  forged({.start = [](std::size_t n, Sha256State& state) {
    if (n == 2) state = kSha256Start;
  }}).expect_only("state", "a restart");
  Hashed h = forged({});
  h.digest[3] ^= 1;
  h.expect_only("digest", "another digest than the column's");
}

TEST(Sha256Forgeries, OtherMessages) {
  // Another tensor's digest: the words say it, the tensor does not.
  Hashed other = bytes_of_three_blocks();
  Bytes message = other.message();
  for (const std::size_t at : {std::size_t{0}, std::size_t{63}, std::size_t{64}, message.size() - 1}) {
    Hashed h = bytes_of_three_blocks();
    Bytes changed = message;
    changed[at] ^= 0x80;
    h.fill(padded(changed), {});
    Hashed without_words = h;
    h.expect_only("message", "byte " + std::to_string(at));
    without_words.column("words")[at] = Fp(changed[at]);
    without_words.expect_only("entries", "byte " + std::to_string(at));
  }
  // Another padding: a longer or shorter message, or none of the ends.
  const Bytes honest = padded(message);
  for (std::size_t at = message.size(); at < honest.size(); ++at) {
    Hashed h = bytes_of_three_blocks();
    Bytes changed = honest;
    changed[at] ^= 1;
    h.fill(changed, {});
    h.expect_only("message", "padding byte " + std::to_string(at));
  }
}

// Entries of several bytes: order and sign.
TEST(Sha256Forgeries, ByteOrderAndSign) {
  struct Case {
    std::int64_t lo, hi;
    std::vector<std::int64_t> values;
    std::size_t entry_bytes;
  };
  for (const Case& c : {Case{-128, 127, {-1, 5, -128, 127}, 1},
                        {-300, 300, {-1, 258, -256, 300}, 2},
                        {0, 70000, {1, 258, 65536, 70000}, 4},
                        {-70000, 70000, {-1, 258, -65536, 3}, 4},
                        {-(1LL << 40), 1LL << 40, {-1, 258, -(1LL << 33), 3}, 8}}) {
    const Hashed honest(c.values, c.lo, c.hi);
    ASSERT_EQ(statement::entry_format(c.lo, c.hi).num_bytes, c.entry_bytes);
    EXPECT_TRUE(honest.check().ok()) << honest.check().message();
    for (std::size_t byte = 0; byte < honest.message().size(); ++byte) {
      Hashed h = honest;
      Bytes changed = h.message();
      changed[byte] ^= 0xff;
      h.fill(padded(changed), {});
      h.expect_only("message", std::to_string(c.entry_bytes) + " bytes, byte " + std::to_string(byte));
    }
    if (c.entry_bytes == 1) continue;
    Hashed h = honest;
    Bytes swapped = h.message();
    for (std::size_t i = 0; i < swapped.size(); i += c.entry_bytes) {
      std::reverse(swapped.begin() + static_cast<std::ptrdiff_t>(i),
                   swapped.begin() + static_cast<std::ptrdiff_t>(i + c.entry_bytes));
    }
    h.fill(padded(swapped), {});
    h.expect_only("message", "big-endian entries");
  }
}

// Entries of 8 bytes: numbers that agree modulo p = 2^64 - 2^32 + 1 have different bytes.
class Sha256Wrap : public ::testing::TestWithParam<bool> {  // signed
 protected:
  Sha256Wrap()
      : h_(GetParam() ? std::vector<std::int64_t>{5, -6, 1LL << 59} : std::vector<std::int64_t>{5, 6, 1LL << 60},
           GetParam() ? -(1LL << 60) : 0, 1LL << 60) {}

  // How a forger fills the limbs of the high half: what does not fit goes into the last one, or stays in the lowest, which is
  // what the others leave.
  enum class Limbs { kCut, kZero };

  // Entry 0 gets these bytes, with this sign.
  void claim(std::uint64_t bytes, Fp sign, Fp high, Limbs cut) {
    Bytes message = h_.message();
    for (std::size_t i = 0; i < 8; ++i) message[i] = static_cast<std::uint8_t>(bytes >> (8 * i));
    h_.fill(padded(message), {});
    h_.column("words")[0] = Fp(bytes & 0xffffffff);
    h_.column("words")[1] = Fp(bytes >> 32);
    if (GetParam()) h_.column("sign")[0] = sign;
    const std::vector<FpVec*> limbs = h_.columns("high half limb");
    ASSERT_GE(limbs.size(), 1u);
    const std::size_t bits = (31 + limbs.size()) / (limbs.size() + 1);
    for (std::size_t i = 0; i < limbs.size(); ++i) {
      const bool last = i + 1 == limbs.size();
      const std::uint64_t rest = high.v >> (bits * (i + 1));
      (*limbs[i])[0] = cut == Limbs::kCut ? Fp(last ? rest : rest & ((std::uint64_t{1} << bits) - 1)) : Fp();
    }
  }
  static constexpr std::uint64_t kOffset = std::uint64_t{1} << 30;  // of the signed high half's range

  Hashed h_;
};

TEST_P(Sha256Wrap, PlusTheModulus) {
  const std::uint64_t bytes = 5 + Fp::kModulus;
  const Fp high = Fp(bytes >> 32) + Fp(GetParam() ? kOffset : 0);
  Hashed honest = h_;
  claim(bytes, Fp(0), high, Limbs::kCut);
  h_.expect_only("high half limb", "5 + p");
  h_ = honest;
  claim(bytes, Fp(0), high, Limbs::kZero);
  h_.expect_only("high half", "5 + p");
}

TEST_P(Sha256Wrap, PositiveNumbersAsNegative) {
  if (!GetParam()) return;
  // 5 = x - 2^64 modulo p for x = 5 + 2^32 - 1.
  const std::uint64_t bytes = 5 + 0xffffffffULL;
  const Fp high = Fp(bytes >> 32) + Fp(kOffset) - Fp(std::uint64_t{1} << 32);
  Hashed honest = h_;
  claim(bytes, Fp(1), high, Limbs::kCut);
  h_.expect_only("high half limb", "5 with a sign");
  h_ = honest;
  claim(bytes, Fp(1), high, Limbs::kZero);
  h_.expect_only("high half", "5 with a sign");
  // A sign that is no bit makes up for any high half.
  h_ = honest;
  const std::uint64_t high_half = 0xdead;
  claim(5 | high_half << 32, Fp(high_half) * inverse(Fp(std::uint64_t{1} << 32)), Fp(kOffset), Limbs::kCut);
  h_.expect_only("sign", "a fraction of a sign");
}

INSTANTIATE_TEST_SUITE_P(Signed, Sha256Wrap, ::testing::Bool());

// Messages so long that lookups take four positions at once.
TEST(Sha256Forgeries, LongMessages) {
  const Hashed honest = [] {
    std::vector<std::int64_t> values;
    for (std::int64_t i = 0; i < 150 * 64; ++i) values.push_back((i * i + 3) % 256);
    return Hashed(std::move(values), 0, 255);
  }();
  const auto with = [&](const Forgery& forgery) {
    Hashed h = honest;
    h.fill(padded(h.message()), forgery);
    return h;
  };
  Hashed h = with({});
  ASSERT_EQ(h.column("majority").size(), h.column("choice").size() / 2) << "the larger tables";
  EXPECT_TRUE(h.check().ok()) << h.check().message();
  EXPECT_EQ(h.digest, h.true_digest());
  for (const std::string column : {"choice", "majority", "schedule"}) {
    with({.sum = [&](const std::string& name, std::size_t n, std::size_t i, std::size_t t, std::int64_t& value) {
      if (name == column && n == 149 && t == 31 && i == 7) value ^= 1;
    }}).expect_only(column, column);
  }
  with({.word = [&](std::size_t n, std::size_t r, Word& word) {
    if (n == 128 && r == kSha256FirstE + 12) word[31] ^= 1;
  }}).expect_only("new e", "block 128");
  with({.start = [](std::size_t n, Sha256State& state) {
    if (n == 128) state = kSha256Start;
  }}).expect_only("state", "block 128");
}

// No cell of any column is free: a changed one breaks a relation.
TEST(Sha256Forgeries, EveryCellIsConstrained) {
  Hashed h({1, 2, 3, -1, 5}, -(1LL << 40), 1LL << 40);
  std::size_t num_tried = 0;
  for (circuit::ColumnId id = 0; id < h.compiled.circuit.columns.size(); ++id) {
    const circuit::Column& column = h.compiled.circuit.columns[id];
    if (column.oracle != circuit::Oracle::kWitness || column.name.starts_with("multiplicities") || h.data[id].empty())
      continue;
    const std::size_t step = column.num_elements() > 1000 ? 97 : 1 + column.num_elements() / 40;
    for (std::size_t i = 0; i < h.data[id].size(); i += step) {
      const Fp honest = h.data[id][i];
      h.data[id][i] = honest.is_zero() ? Fp(1) : Fp(0);
      EXPECT_FALSE(h.check().ok()) << column.name << " " << i;
      h.data[id][i] = honest;
      ++num_tried;
    }
  }
  EXPECT_GT(num_tried, 200u);
}

}  // namespace
}  // namespace zkinfer::e2e
