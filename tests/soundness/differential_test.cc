// SPDX-License-Identifier: Apache-2.0
// Random graphs of fixed seeds, a few seconds' worth, and every graph that once made a difference. Many more:
// run_graphs FIRST COUNT.
#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>
#include <iterator>
#include <map>
#include <string>

#include "relations/compile.h"
#include "soundness/compare.h"
#include "soundness/random_graph.h"

namespace zkinfer::differential {
namespace {

void compare_seeds(std::uint64_t first, std::uint64_t count, Depth depth) {
  std::uint64_t agree = 0;
  for (std::uint64_t seed = first; seed < first + count; ++seed) {
    const qir::QGraph graph = draw_graph(seed);
    const Comparison comparison = compare(graph, seed, depth);
    EXPECT_NE(comparison.outcome, Outcome::kDiffers) << "seed " << seed << ": " << comparison.what << "\n"
                                                     << qir::to_text(graph);
    if (comparison.outcome == Outcome::kAgrees) ++agree;
  }
  // Most graphs are valid and run, or the test would say nothing.
  EXPECT_GT(agree, count * 3 / 4);
}

void compare_batches(std::uint64_t first, std::uint64_t count, Depth depth) {
  std::uint64_t agree = 0;
  for (std::uint64_t seed = first; seed < first + count; ++seed) {
    const qir::QGraph graph = draw_graph(seed);
    const std::uint64_t num_rows = 1 + seed % 5;
    const Comparison comparison = compare_batch(graph, seed, num_rows, depth);
    EXPECT_NE(comparison.outcome, Outcome::kDiffers)
        << "seed " << seed << ", " << num_rows << " rows: " << comparison.what << "\n"
        << qir::to_text(graph);
    if (comparison.outcome == Outcome::kAgrees) ++agree;
  }
  EXPECT_GT(agree, count / 2);
}

TEST(Differential, BatchColumns) { compare_batches(400000, 600, Depth::kColumns); }
TEST(Differential, WholeBatches) { compare_batches(500000, 24, Depth::kProof); }

TEST(Differential, Columns) { compare_seeds(1, 3000, Depth::kColumns); }
TEST(Differential, Functionals) { compare_seeds(100000, 48, Depth::kFunctionals); }
TEST(Differential, WholeProofs) { compare_seeds(200000, 16, Depth::kProof); }

// The verdict on the drawn graphs must be able to fail: another relation than the program is a difference.
TEST(Differential, SeesAWrongGraph) {
  std::uint64_t seen = 0;
  for (std::uint64_t seed = 1; seed <= 40; ++seed) seen += differs_when_broken(draw_graph(seed), seed) ? 1 : 0;
  EXPECT_GT(seen, 20u);
}

// Every form of rounding (relations/requantize.cc) occurs among the drawn graphs, by its column or lookup.
TEST(Differential, DrawsEveryRounding) {
  std::map<std::string, std::uint64_t> seen;
  for (std::uint64_t seed = 1; seed <= 9000; ++seed) {
    const qir::QGraph graph = draw_graph(seed);
    if (!qir::validate(graph).ok()) continue;
    const auto circuit = relations::build(graph, {});
    if (!circuit.ok()) continue;
    for (const circuit::Column& column : circuit->columns) ++seen[column.name.substr(column.name.find(' ') + 1)];
  }
  for (const char* part : {"quotient", "remainder", "value limb", "step", "coarse quotient", "remainder top", "excess",
                           "excess top", "side", "piece", "slope remainder"}) {
    EXPECT_GE(seen[part], 2u) << part;
  }
}

TEST(Differential, KeptGraphs) {
  std::size_t num_valid = 0;
  for (const auto& entry : std::filesystem::directory_iterator(ZKINFER_KEPT_GRAPHS)) {
    if (entry.path().extension() != ".zkqir") continue;
    std::ifstream file(entry.path(), std::ios::binary);
    const std::string bytes((std::istreambuf_iterator<char>(file)), {});
    const auto graph = qir::parse_structure({reinterpret_cast<const std::uint8_t*>(bytes.data()), bytes.size()});
    if (!graph.ok()) continue;  // refused today: fine
    ++num_valid;
    for (std::uint64_t seed = 1; seed <= 8; ++seed) {
      const Comparison comparison = compare(*graph, seed, seed == 8 ? Depth::kFunctionals : Depth::kColumns);
      EXPECT_NE(comparison.outcome, Outcome::kDiffers) << entry.path() << ": " << comparison.what;
    }
  }
  EXPECT_GE(num_valid, 10u);
}

}  // namespace
}  // namespace zkinfer::differential
