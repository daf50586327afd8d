// SPDX-License-Identifier: Apache-2.0
#include <random>

#include <gtest/gtest.h>

#include "qir/qgraph.h"
#include "qir/test_graphs.h"

namespace zkinfer::qir {
namespace {

TEST(QirBytes, RoundTrip) {
  for (const QGraph& graph : {every_op_graph(), wide_tables_graph()}) {
    const Bytes bytes = structure_bytes(graph);
    const Result<QGraph> parsed = parse_structure(bytes);
    ASSERT_TRUE(parsed.ok()) << parsed.status().message();
    EXPECT_EQ(structure_bytes(*parsed), bytes);
    EXPECT_EQ(to_text(*parsed), to_text(graph));
  }
}

TEST(QirBytes, EveryTruncationIsRefused) {
  for (const QGraph& graph : {every_op_graph(), wide_tables_graph()}) {
    const Bytes bytes = structure_bytes(graph);
    for (std::size_t size = 0; size < bytes.size(); ++size) {
      ASSERT_FALSE(parse_structure(ByteView(bytes.data(), size)).ok()) << size;
    }
  }
}

TEST(QirBytes, TrailingByteIsRefused) {
  Bytes bytes = structure_bytes(every_op_graph());
  bytes.push_back(0);
  EXPECT_FALSE(parse_structure(bytes).ok());
}

// Whatever still parses after a change must encode to the changed bytes.
TEST(QirBytes, MutationsAreCanonicalOrRefused) {
  const Bytes graphs[] = {structure_bytes(every_op_graph()), structure_bytes(wide_tables_graph())};
  std::mt19937_64 random(7);
  int accepted = 0;
  for (int round = 0; round < 20000; ++round) {
    const Bytes& bytes = graphs[round % 2];
    Bytes changed = bytes;
    const std::size_t num_changes = 1 + random() % 3;
    for (std::size_t i = 0; i < num_changes; ++i) {
      const std::size_t at = random() % changed.size();
      changed[at] = static_cast<std::uint8_t>(random() % 4 == 0 ? 0xff : random());
    }
    const Result<QGraph> parsed = parse_structure(changed);
    if (!parsed.ok()) continue;
    ++accepted;
    ASSERT_EQ(structure_bytes(*parsed), changed);
  }
  EXPECT_GT(accepted, 0);
}

}  // namespace
}  // namespace zkinfer::qir
