// SPDX-License-Identifier: Apache-2.0
// The SHA-256 relations on columns: honest ones hold, and whatever a prover changes is caught by the relation that is there for it.
#include "relations/sha256.h"

#include <gtest/gtest.h>

#include <random>

#include "exec/integer/executor.h"
#include "hash/sha256.h"
#include "prover/check_columns.h"
#include "prover/witness.h"
#include "qir/test_graphs.h"
#include "statement/canonical_bytes.h"

namespace zkinfer::relations {
namespace {

struct Hashed {
  qir::QGraph graph;
  CompiledCircuit compiled;
  circuit::ColumnData data;
  proof::PublicValues values;  // the graph's output, the digest
  std::vector<std::int64_t> input;

  Status check() const { return prover::check_columns(compiled, data, values); }
  circuit::ColumnId column(const std::string& name) const {
    for (circuit::ColumnId id = 0; id < compiled.circuit.columns.size(); ++id) {
      if (compiled.circuit.columns[id].name == "v0 sha256 " + name) return id;
    }
    ADD_FAILURE() << "no column " << name;
    return 0;
  }
  Fp& bit(std::size_t block, std::size_t row, std::size_t k) { return data[column("bits")][(block * 32 + k) * kSha256Rows + row]; }
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
  visibility.inputs.hash = DataHash::kSha256;
  auto compiled = compile(h.graph, false, visibility);
  EXPECT_TRUE(compiled.ok()) << compiled.status().message();
  h.compiled = std::move(*compiled);
  const qir::ParamData params(h.graph.values.size());
  auto witness = exec_integer::run(h.graph, params, {h.input});
  EXPECT_TRUE(witness.ok()) << witness.status().message();
  h.data = prover::fill_columns(h.graph, h.compiled, params, *witness);
  h.values = {h.input, digest_words(proof::canonical_bytes(h.graph.values[0], h.input))};
  return h;
}

TEST(Sha256Relations, HonestColumnsHold) {
  for (const std::int64_t length : {1, 3, 55, 56, 63, 64, 65, 119, 784}) {
    EXPECT_TRUE(hashed({length}, 0, 255).check().ok()) << length << hashed({length}, 0, 255).check().message();
  }
  struct Case {
    std::int64_t lo, hi;
  };
  for (const Case& c : {Case{-128, 127}, {-3, 5}, {0, 65535}, {-32768, 32767}, {0, 70000}, {-70000, 3}, {0, (1LL << 61) - 1},
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

}  // namespace
}  // namespace zkinfer::relations
