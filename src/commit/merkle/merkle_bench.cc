// SPDX-License-Identifier: Apache-2.0
// Building a tree over field rows on one core, and checking a multiproof.
#include <benchmark/benchmark.h>

#include "base/parallel.h"
#include "commit/merkle/merkle_prover.h"
#include "commit/merkle/merkle_verifier.h"

namespace zkinfer::merkle {
namespace {

// log of the leaves, values a row
void BM_Commit(benchmark::State& state) {
  const ThreadLimit one_thread(1);
  const int log_leaves = static_cast<int>(state.range(0));
  const auto row_values = static_cast<std::size_t>(state.range(1));
  const FpVec rows(row_values << log_leaves);
  for (auto _ : state) benchmark::DoNotOptimize(MerkleTree::over_field(log_leaves, rows.span()));
  state.counters["ns_per_leaf"] =
      benchmark::Counter(static_cast<double>(std::size_t{1} << log_leaves) * 1e-9,
                         benchmark::Counter::kIsIterationInvariantRate | benchmark::Counter::kInvert);
}

void BM_Verify(benchmark::State& state) {
  const FpVec rows(std::size_t{48} << 16);
  const MerkleTree tree = MerkleTree::over_field(16, rows.span());
  std::vector<std::uint64_t> indices;
  for (std::uint64_t i = 0; i < 60; ++i) indices.push_back(i * 1091);
  const std::vector<Digest> siblings = tree.open(indices);
  const Bytes opened(indices.size() * 48 * 8);
  for (auto _ : state) {
    benchmark::DoNotOptimize(verify_multiproof(tree.shape(), tree.root(), indices, opened, siblings));
  }
}

BENCHMARK(BM_Commit)->Args({16, 16})->Args({16, 48})->Args({20, 32})->Unit(benchmark::kMillisecond);
BENCHMARK(BM_Verify)->Unit(benchmark::kMicrosecond);

}  // namespace
}  // namespace zkinfer::merkle
