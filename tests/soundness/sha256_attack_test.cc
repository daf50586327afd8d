// SPDX-License-Identifier: Apache-2.0
// Attacks on the SHA-256 relations. Each forgery is a full assignment of the columns to a false statement (a digest that is not the
// tensor's) which breaks exactly one relation: with it removed everything else holds, so the test fails if that relation goes.
#include <gtest/gtest.h>

#include <functional>

#include "exec/integer/executor.h"
#include "hash/sha256.h"
#include "prover/check_columns.h"
#include "prover/witness.h"
#include "relations/sha256.h"
#include "statement/canonical_bytes.h"
#include "support/session.h"

namespace zkinfer::e2e {
namespace {

using namespace relations;
using Word = std::array<std::int64_t, 32>;  // its bits, which a forger may choose at will

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

// What a forger gives instead of what the relations ask for; everything after it follows the relations again.
struct Forgery {
  std::function<void(std::size_t block, Sha256State& state)> start = {};
  std::function<void(std::size_t block, std::size_t row, Word& word)> word = {};
  std::function<void(const std::string& column, std::size_t block, std::size_t entry, std::size_t round,
                     std::int64_t& value)>
      sum = {};
  std::function<void(std::size_t block, std::size_t index, Fp& carry)> carry = {};
  std::function<void(Sha256State& digest)> digest = {};
};

// A graph that gives back its hashed input, honest columns, and the statement they belong to.
struct Hashed {
  qir::QGraph graph;
  CompiledCircuit compiled;
  circuit::ColumnValues data;
  std::vector<std::int64_t> input;
  std::vector<std::int64_t> digest;  // words, as claimed

  Hashed(std::vector<std::int64_t> values, std::int64_t lo, std::int64_t hi) : input(std::move(values)) {
    qir::TestBuilder b;
    const auto n = static_cast<std::int64_t>(input.size());
    const qir::ValueId x = b.input({1, n}, lo, hi);
    b.graph.outputs = {b.node(qir::Op::kReshape, {x}, {n}, lo, hi)};
    graph = b.graph;
    qir::Visibility visibility;
    visibility.inputs.hash = TensorHash::kSha256;
    compiled = compile(graph, false, visibility).value();
    const qir::Weights params(graph.values.size());
    data = prover::fill_columns(graph, compiled, params, exec_integer::run(graph, params, {input}).value());
    digest = true_digest();
  }

  Bytes message() const { return statement::canonical_bytes(graph.values[0], input); }
  std::vector<std::int64_t> true_digest() const {
    const Digest bytes = sha256(message());
    std::vector<std::int64_t> words(8);
    for (std::size_t i = 0; i < bytes.size(); ++i) words[i / 4] = words[i / 4] << 8 | bytes[i];
    return words;
  }
  FpVec& column(const std::string& name) {
    for (circuit::ColumnId id = 0; id < compiled.circuit.columns.size(); ++id) {
      if (compiled.circuit.columns[id].name == "v0 sha256 " + name) return data[id];
    }
    ADD_FAILURE() << "no column " << name;
    return data[0];
  }
  std::vector<FpVec*> columns(const std::string& name) {
    std::vector<FpVec*> found;
    for (circuit::ColumnId id = 0; id < compiled.circuit.columns.size(); ++id) {
      if (compiled.circuit.columns[id].name == "v0 sha256 " + name) found.push_back(&data[id]);
    }
    return found;
  }
  Status check() const { return prover::check_columns(compiled, data, {input, digest}); }

  // Removes every relation of this name ("digest": the public tensor); returns how many there were.
  std::size_t drop(const std::string& name) {
    circuit::Circuit& c = compiled.circuit;
    const auto is_it = [&](const auto& relation) { return relation.name == "v0 sha256 " + name; };
    std::size_t count =
        std::erase_if(c.contractions, is_it) + std::erase_if(c.lookups, is_it) + std::erase_if(c.equalities, is_it);
    if (name == "digest") {
      count += std::erase_if(c.public_tensors,
                             [](const auto& t) { return t.source == circuit::PublicTensor::Source::kDigest; });
    }
    return count;
  }

  // Only `name` stands between these columns and a false statement.
  void expect_only(const std::string& name, const std::string& what) {
    EXPECT_NE(digest, true_digest()) << what << ": no forgery, the statement is true";
    const Status status = check();
    EXPECT_FALSE(status.ok()) << what << ": a forged digest passes every relation";
    const std::string expected = name == "digest" ? "'public output'" : "'v0 sha256 " + name + " (";
    EXPECT_NE(status.message().find(expected), std::string::npos) << what << ": " << status.message();
    EXPECT_GT(drop(name), 0u) << name;
    EXPECT_TRUE(check().ok()) << what << ": the forgery is clumsy: " << check().message();
  }

  void fill(ByteView padded, const Forgery& forgery);
};

// The lookups' functions of a key, one digit per position.
std::int64_t digits(std::int64_t key, int digit_bits, int length, const std::function<int(int)>& value) {
  std::int64_t sum = 0;
  for (int digit = 0; digit < 32 / length; ++digit) {
    sum += static_cast<std::int64_t>(value(static_cast<int>(key >> (digit_bits * digit) & ((1 << digit_bits) - 1))))
           << (length * digit);
  }
  return sum;
}

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

// Three blocks of bytes.
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
