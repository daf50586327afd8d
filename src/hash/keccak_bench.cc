// SPDX-License-Identifier: Apache-2.0
// Keccak-256 on one core: Merkle nodes (64 bytes behind one) and rows.
#include <benchmark/benchmark.h>

#include "hash/keccak_many.h"

namespace zkinfer {
namespace {

void BM_Permutation(benchmark::State& state) {
  std::array<std::uint64_t, 25> words{};
  for (auto _ : state) keccak_f1600(words);
  benchmark::DoNotOptimize(words);
}

// message bytes
void BM_Many(benchmark::State& state) {
  constexpr std::size_t kCount = 256;
  const auto num_bytes = static_cast<std::size_t>(state.range(0));
  const Bytes messages(kCount * num_bytes, 7);
  const Bytes prefix(1);
  std::vector<Digest> out(kCount);
  for (auto _ : state) keccak256_many(prefix, messages, num_bytes, num_bytes, out);
  state.SetBytesProcessed(static_cast<std::int64_t>(kCount * num_bytes) *
                          static_cast<std::int64_t>(state.iterations()));
  state.counters["ns_per_hash"] = benchmark::Counter(
      static_cast<double>(kCount) * 1e-9, benchmark::Counter::kIsIterationInvariantRate | benchmark::Counter::kInvert);
}

BENCHMARK(BM_Permutation);
BENCHMARK(BM_Many)->Arg(64)->Arg(135)->Arg(384)->Arg(4096);

}  // namespace
}  // namespace zkinfer
