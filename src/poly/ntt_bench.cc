// SPDX-License-Identifier: Apache-2.0
// Encoding on one core: nanoseconds per butterfly of one lane, N log2(dim) lanes / 2 butterflies in all.
#include <benchmark/benchmark.h>

#include "base/parallel.h"
#include "poly/ntt.h"

namespace zkinfer::poly {
namespace {

// log_n, log of 1 / rate, lanes
void BM_Encode(benchmark::State& state) {
  const ThreadLimit one_thread(1);
  const int log_n = static_cast<int>(state.range(0));
  const int log_dim = log_n - static_cast<int>(state.range(1));
  const auto num_lanes = static_cast<std::size_t>(state.range(2));
  FpVec matrix(num_lanes << log_n);
  std::uint64_t x = 1;
  for (Fp& value : matrix) value = Fp::reduce(x = x * 6364136223846793005ULL + 1442695040888963407ULL);
  for (auto _ : state) encode_rows(matrix.span(), num_lanes, log_n, std::size_t{1} << log_dim);
  state.counters["ns_per_butterfly"] =
      benchmark::Counter(static_cast<double>(num_lanes << log_n) / 2 * log_dim * 1e-9,
                         benchmark::Counter::kIsIterationInvariantRate | benchmark::Counter::kInvert);
  state.counters["ns_per_value"] =
      benchmark::Counter(static_cast<double>(num_lanes << log_n) * 1e-9,
                         benchmark::Counter::kIsIterationInvariantRate | benchmark::Counter::kInvert);
}

BENCHMARK(BM_Encode)
    ->Args({10, 0, 16})
    ->Args({14, 2, 16})
    ->Args({20, 0, 1})
    ->Args({20, 0, 3})
    ->Args({20, 0, 16})
    ->Args({20, 2, 16})
    ->Args({20, 4, 48})
    ->Args({22, 2, 32})
    ->Unit(benchmark::kMillisecond);

}  // namespace
}  // namespace zkinfer::poly
