// SPDX-License-Identifier: Apache-2.0
// Time of the batched sumcheck of one relation with two or three factors of 2^n rows, all cores (wall time).
#include <benchmark/benchmark.h>

#include "sumcheck/batched_products.h"

namespace zkinfer::sumcheck {
namespace {

void batched_products(benchmark::State& state) {
  const std::size_t num_rows = std::size_t{1} << state.range(0);
  const int num_factors = static_cast<int>(state.range(1));
  FeVec table(num_rows);
  vec::powers(Fe(Fp(5), Fp(6), Fp(7)), Fe(Fp(1), Fp(2), Fp(3)), table);
  for (auto _ : state) {
    state.PauseTiming();
    std::vector<ProductRelation> relations(1);
    relations[0].coef = Fe(Fp(3));
    for (int f = 0; f < num_factors; ++f) relations[0].factors.push_back(table);
    state.ResumeTiming();
    Transcript transcript("bench");
    hiding::PadAllocator pads(false);
    hiding::ProverChannel channel(transcript, pads, {});
    benchmark::DoNotOptimize(prove_batched_products(channel, "round", std::move(relations), 3));
  }
  state.SetItemsProcessed(state.iterations() * static_cast<std::int64_t>(num_rows));
}
BENCHMARK(batched_products)
    ->Args({16, 2})
    ->Args({20, 2})
    ->Args({16, 3})
    ->Args({20, 3})
    ->Unit(benchmark::kMillisecond)
    ->UseRealTime();

}  // namespace
}  // namespace zkinfer::sumcheck
