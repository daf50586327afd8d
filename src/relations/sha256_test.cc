// SPDX-License-Identifier: Apache-2.0
// The SHA-256 relations on columns: honest ones hold, and whatever a prover changes is caught by the relation that is there for it.
#include "relations/sha256.h"

#include <gtest/gtest.h>

#include <random>

#include "exec/integer/executor.h"
#include "hash/sha256.h"
#include "prover/check_columns.h"
#include "prover/sha256_columns.h"
#include "prover/witness.h"
#include "qir/test_graphs.h"
#include "statement/canonical_bytes.h"

namespace zkinfer::relations {
namespace {

struct Hashed {
  qir::QGraph graph;
  CompiledCircuit compiled;
  circuit::ColumnValues data;
  statement::PublicValues values;  // the graph's output, the digest
  std::vector<std::int64_t> input;

  Status check() const { return prover::check_columns(compiled, data, values); }
  circuit::ColumnId column(const std::string& name) const {
    for (circuit::ColumnId id = 0; id < compiled.circuit.columns.size(); ++id) {
      if (compiled.circuit.columns[id].name == "v0 sha256 " + name) return id;
    }
    ADD_FAILURE() << "no column " << name;
    return 0;
  }
  Fp& bit(std::size_t block, std::size_t row, std::size_t k) {
    return data[column("bits")][(block * 32 + k) * kSha256Rows + row];
  }
};

std::vector<std::int64_t> digest_words(ByteView message) {
  const Digest digest = sha256(message);
  std::vector<std::int64_t> words(8);
  for (std::size_t i = 0; i < digest.size(); ++i) words[i / 4] = words[i / 4] << 8 | digest[i];
  return words;
}

// A graph whose input is hashed; the output is the input.
Hashed hashed(Shape shape, std::int64_t lo, std::int64_t hi, std::uint64_t seed = 1) {
  Hashed h;
  qir::TestBuilder b;
  const qir::ValueId x = b.input(shape, lo, hi);
  qir::Node reshape;
  b.graph.outputs = {b.node(qir::Op::kReshape, {x}, {shape.num_elements()}, lo, hi, reshape)};
  h.graph = b.graph;
  std::mt19937_64 rng(seed);
  const std::uint64_t width = static_cast<std::uint64_t>(hi) - static_cast<std::uint64_t>(lo) + 1;
  for (std::int64_t i = 0; i < shape.num_elements(); ++i) {
    const std::uint64_t pick = i == 0 ? 0 : i == 1 ? width - 1 : rng() % width;
    h.input.push_back(static_cast<std::int64_t>(static_cast<std::uint64_t>(lo) + pick));
  }
  qir::Visibility visibility;
  visibility.inputs.hash = TensorHash::kSha256;
  auto compiled = compile(h.graph, false, visibility);
  EXPECT_TRUE(compiled.ok()) << compiled.status().message();
  h.compiled = std::move(*compiled);
  const qir::Weights params(h.graph.values.size());
  auto witness = exec_integer::run(h.graph, params, {h.input});
  EXPECT_TRUE(witness.ok()) << witness.status().message();
  h.data = prover::fill_columns(h.graph, h.compiled, params, *witness);
  h.values = {h.input, digest_words(statement::canonical_bytes(h.graph.values[0], h.input))};
  return h;
}

TEST(Sha256Relations, HonestColumnsHold) {
  for (const std::int64_t length : {1, 3, 55, 56, 63, 64, 65, 119, 784}) {
    EXPECT_TRUE(hashed({length}, 0, 255).check().ok()) << length << hashed({length}, 0, 255).check().message();
  }
  struct Case {
    std::int64_t lo, hi;
  };
  for (const Case& c : {Case{-128, 127},
                        {-3, 5},
                        {0, 65535},
                        {-32768, 32767},
                        {0, 70000},
                        {-70000, 3},
                        {0, (1LL << 61) - 1},
                        {-(1LL << 60), (1LL << 60)}}) {
    for (const Shape& shape : {Shape{1, 3, 7, 5}, Shape{14}, Shape{1}, Shape{2, 32}}) {
      const Hashed h = hashed(shape, c.lo, c.hi);
      EXPECT_TRUE(h.check().ok()) << c.lo << " " << c.hi << " " << h.check().message();
    }
  }
}

TEST(Sha256Relations, LongMessagesUseLargerTables) {
  const Hashed h = hashed({3, 60, 60}, 0, 255);
  EXPECT_EQ(h.compiled.circuit.columns[h.column("majority")].shape[1], 8u);
  EXPECT_TRUE(h.check().ok()) << h.check().message();
}

// A key may ask for anything: sizes beyond the limits are an error.
TEST(Sha256Relations, HugeInputsAreRefused) {
  for (const std::int64_t hi : {std::int64_t{255}, std::int64_t{1} << 40}) {
    qir::TestBuilder b;
    const qir::ValueId x = b.input({1 << 15, 1 << 15}, 0, hi);
    b.graph.outputs = {b.node(qir::Op::kReshape, {x}, {1 << 30}, 0, hi)};
    qir::Visibility visibility;
    visibility.inputs.hash = TensorHash::kSha256;
    visibility.outputs.exposure = Exposure::kPrivate;
    const auto compiled = compile(b.graph, true, visibility);
    ASSERT_FALSE(compiled.ok());
    EXPECT_EQ(compiled.status().code(), StatusCode::kResourceLimit) << compiled.status().message();
  }
}

// ---- what a prover may try: the relation that catches it is named

constexpr std::pair<Sha256Column, const char*> kHashColumns[] = {
    {Sha256Column::kBits, "bits"},         {Sha256Column::kChoice, "choice"},   {Sha256Column::kMajority, "majority"},
    {Sha256Column::kSchedule, "schedule"}, {Sha256Column::kCarries, "carries"}, {Sha256Column::kDigest, "digest"}};

Bytes padded(const Hashed& h) {
  Bytes bytes = statement::canonical_bytes(h.graph.values[0], h.input);
  const Bytes padding = sha256_padding(bytes.size());
  bytes.insert(bytes.end(), padding.begin(), padding.end());
  return bytes;
}

// A consistent hash of something else: all columns of the hash and the digest in the statement.
void set_message(Hashed& h, const prover::Sha256Message& message) {
  for (const auto& [column, name] : kHashColumns) h.data[h.column(name)] = prover::sha256_column(column, message);
  h.values[1].assign(message.states.back().begin(), message.states.back().end());
}

void expect_caught(const Hashed& h, const std::string& relation) {
  const Status status = h.check();
  ASSERT_FALSE(status.ok()) << relation;
  EXPECT_NE(status.message().find("'v0 sha256 " + relation), std::string::npos) << relation << ": " << status.message();
}

TEST(Sha256Attacks, EveryColumnIsBound) {
  const Hashed honest = hashed({2, 33}, 0, 255);  // two blocks
  std::mt19937_64 rng(5);
  for (const char* name : {"bits", "choice", "majority", "schedule", "carries", "words", "digest"}) {
    const circuit::ColumnId id = honest.column(name);
    const std::size_t size = honest.data[id].size();
    for (int trial = 0; trial < 40; ++trial) {
      Hashed h = honest;
      Fp& cell = h.data[id][rng() % size];
      const Fp before = cell;
      // A bit to the other bit, or to something that is none; other cells to a neighbour.
      cell = trial % 2 == 0 ? Fp(1) - before : before + Fp(1 + rng() % 3);
      if (cell == before) continue;
      EXPECT_FALSE(h.check().ok()) << name << " " << trial;
    }
  }
}

// The state at the start of a block and the first and last rows of each part, all of them.
TEST(Sha256Attacks, EveryRowOfBitsIsBound) {
  const Hashed honest = hashed({66}, 0, 255);
  for (std::size_t row = 0; row < kSha256Rows; ++row) {
    for (std::size_t block = 0; block < 2; ++block) {
      Hashed h = honest;
      Fp& bit = h.bit(block, row, (7 * row + 3) % 32);
      bit = Fp(1) - bit;
      EXPECT_FALSE(h.check().ok()) << block << " " << row;
    }
  }
}

TEST(Sha256Attacks, WrongDigest) {
  Hashed h = hashed({70}, 0, 255);
  h.values[1][3] ^= 1;
  EXPECT_NE(h.check().message().find("public"), std::string::npos);
  h.data[h.column("digest")][3] = Fp::from_int(h.values[1][3]);
  expect_caught(h, "state");
}

TEST(Sha256Attacks, AnotherMessage) {
  Hashed h = hashed({70}, 0, 255);
  Bytes bytes = padded(h);
  bytes[69] ^= 1;
  set_message(h, prover::Sha256Message(bytes));
  expect_caught(h, "message");
  // The words follow the bits, but they are the tensor's.
  h.data[h.column("words")][69] = Fp(bytes[69]);
  expect_caught(h, "entries");
}

TEST(Sha256Attacks, PaddingAndLength) {
  for (const std::int64_t length : {3, 55, 56, 64, 119}) {
    const Hashed honest = hashed({length}, 0, 255);
    const Bytes bytes = padded(honest);
    for (std::size_t i = static_cast<std::size_t>(length); i < bytes.size(); ++i) {
      if (i > static_cast<std::size_t>(length) + 3 && i + 10 < bytes.size()) continue;
      Hashed h = honest;
      Bytes tampered = bytes;
      tampered[i] ^= i == static_cast<std::size_t>(length) ? 0x80 : 0x01;
      set_message(h, prover::Sha256Message(tampered));
      expect_caught(h, "message");
    }
  }
  // Padded as if the message were longer: what length extension starts from.
  Hashed h = hashed({3}, 0, 255);
  Bytes longer(h.input.begin(), h.input.end());
  longer.push_back(0x80);
  const Bytes padding = sha256_padding(4);
  longer.insert(longer.end(), padding.begin(), padding.end());
  set_message(h, prover::Sha256Message(longer));
  expect_caught(h, "message");
}

TEST(Sha256Attacks, AnotherStart) {
  Hashed h = hashed({70}, 0, 255);
  Sha256State start = kSha256Start;
  start[5] ^= 4;
  set_message(h, prover::Sha256Message(padded(h), start));
  expect_caught(h, "state");
}

TEST(Sha256Attacks, BrokenChain) {
  for (std::size_t word = 0; word < 8; ++word) {
    Hashed h = hashed({150}, 0, 255);
    prover::Sha256Message message(padded(h));
    message.states[1][word] += 1;
    for (std::size_t n = 1; n < message.num_blocks(); ++n) message.states[n + 1] = message.compress(n).next();
    set_message(h, message);
    expect_caught(h, "state");
  }
}

// A word may be any number if its carry may be a fraction.
TEST(Sha256Attacks, CarryThatIsNoInteger) {
  const Fp fraction = inverse(Fp(std::uint64_t{1} << 32));
  Hashed h = hashed({3}, 0, 255);
  // The last round's e goes into the digest only.
  std::size_t k = 0;
  while (!h.bit(0, kSha256FirstE + 67, k).is_zero()) ++k;
  h.bit(0, kSha256FirstE + 67, k) = Fp(1);
  FpVec& carries = h.data[h.column("carries")];
  const Fp change = Fp(std::uint64_t{1} << k);
  carries[63] -= change * fraction;                  // new e is larger
  carries[kSha256CarryA + 63] += change * fraction;  // new a is not
  Fp& word = h.data[h.column("digest")][4];
  word += change;
  h.values[1][4] = word.to_int();
  expect_caught(h, "carries");
  // The same in the addition to the state.
  Hashed g = hashed({3}, 0, 255);
  g.data[g.column("carries")][kSha256CarryState + 7] -= fraction;
  g.data[g.column("digest")][4] += Fp(1);
  g.values[1][4] += 1;
  expect_caught(g, "carries");
}

TEST(Sha256Attacks, BitsThatAreNone) {
  Hashed h = hashed({3}, 0, 255);
  for (std::size_t row = kSha256FirstA + 4; row < kSha256Rows; row += 17) {
    for (std::size_t k = 0; k + 1 < 32; ++k) {
      if (!h.bit(0, row, k).is_zero() || h.bit(0, row, k + 1).is_zero()) continue;
      Hashed g = h;
      g.bit(0, row, k) = Fp(2);
      g.bit(0, row, k + 1) = Fp();
      expect_caught(g, "bits");
      break;
    }
  }
}

// Sums of a word that add up to the same number.
TEST(Sha256Attacks, SumsThatAreNotTheBits) {
  for (const char* name : {"choice", "majority", "schedule"}) {
    Hashed h = hashed({3}, 0, 255);
    const circuit::ColumnId id = h.column(name);
    const std::size_t rounds = h.compiled.circuit.columns[id].shape[2];
    h.data[id][5 * rounds + 7] += Fp(2);
    h.data[id][6 * rounds + 7] -= Fp(1);
    expect_caught(h, name);
  }
}

// An entry and its bytes that differ by a sign.
TEST(Sha256Attacks, Sign) {
  Hashed h = hashed({9}, -128, 127);
  ASSERT_EQ(h.input[0], -128);
  h.data[h.column("words")][0] += Fp(256);
  expect_caught(h, "message");
  Bytes bytes = padded(h);
  bytes[0] = 0;
  set_message(h, prover::Sha256Message(bytes));
  h.data[h.column("words")][0] = Fp();
  expect_caught(h, "entries");
}

// Entries of 8 bytes: x + p are other bytes of the same element of F.
TEST(Sha256Attacks, EntryPlusModulus) {
  for (const bool is_signed : {false, true}) {
    Hashed h = hashed({1}, is_signed ? -(1LL << 40) : 0, 1LL << 40);
    h.input[0] = 5;
    h.data[0][0] = Fp(5);
    h.values[0][0] = 5;
    const std::uint64_t twin = Fp::kModulus + 5;
    Bytes bytes = padded(h);
    for (std::size_t i = 0; i < 8; ++i) bytes[i] = static_cast<std::uint8_t>(twin >> (8 * i));
    set_message(h, prover::Sha256Message(bytes));
    h.data[h.column("words")][0] = Fp(twin & 0xffffffff);
    h.data[h.column("words")][1] = Fp(twin >> 32);
    const std::uint64_t shifted = (twin >> 32) + (is_signed ? std::uint64_t{1} << 30 : 0);
    if (is_signed) h.data[h.column("sign")][0] = Fp();
    // The limbs of the range check, as well as they can be.
    std::size_t num_limbs = 0;
    for (circuit::ColumnId id = 0; id < h.compiled.circuit.columns.size(); ++id) {
      if (h.compiled.circuit.columns[id].name == "v0 sha256 high half limb") {
        const Recipe& recipe = recipe_of(h.compiled, id);
        const std::uint64_t rest = shifted >> recipe.limb_shift;
        const bool last = recipe.limb_shift + recipe.limb_bits >= 31;
        h.data[id][0] = Fp(last ? rest : rest & ((std::uint64_t{1} << recipe.limb_bits) - 1));
        ++num_limbs;
      }
      // The input's own range check.
      if (h.compiled.circuit.columns[id].name == "v0 range limb" ||
          h.compiled.circuit.columns[id].name == "v0 upper range limb") {
        h.data[id] = {};
      }
    }
    ASSERT_GE(num_limbs, 1u);
    // Refill the columns of the input's range.
    for (circuit::ColumnId id = 0; id < h.compiled.circuit.columns.size(); ++id) {
      if (!h.data[id].empty() || recipe_of(h.compiled, id).kind != Recipe::Kind::kLimb) continue;
      const Recipe& recipe = recipe_of(h.compiled, id);
      h.data[id] = circuit::evaluate(recipe.expr, h.compiled.circuit.columns, h.data, recipe.box);
      for (Fp& x : h.data[id]) x = Fp(x.v >> recipe.limb_shift & ((std::uint64_t{1} << recipe.limb_bits) - 1));
    }
    expect_caught(h, "high half");
  }
}

}  // namespace
}  // namespace zkinfer::relations
