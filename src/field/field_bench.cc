// SPDX-License-Identifier: Apache-2.0
// Field kernels on one core: items per second over vectors that fit in the first-level cache and over large ones.
#include <benchmark/benchmark.h>

#include <random>

#include "field/vec.h"

namespace zkinfer {
namespace {

FpVec draw_vec(std::size_t size) {
  std::mt19937_64 rng(1);
  FpVec v(size);
  for (Fp& x : v) x = Fp::reduce(rng());
  return v;
}

FeVec draw_fe_vec(std::size_t size) {
  std::mt19937_64 rng(2);
  FeVec v(size);
  for (std::size_t i = 0; i < size; ++i) v.set(i, {Fp::reduce(rng()), Fp::reduce(rng()), Fp::reduce(rng())});
  return v;
}

// Runs `kernel` and reports nanoseconds per element.
template <class Kernel>
void measure(benchmark::State& state, std::size_t num_items, Kernel kernel) {
  for (auto _ : state) kernel();
  state.counters["ns_per_item"] =
      benchmark::Counter(static_cast<double>(num_items) * 1e-9,
                         benchmark::Counter::kIsIterationInvariantRate | benchmark::Counter::kInvert);
}

void BM_FpMul(benchmark::State& state) {
  const auto size = static_cast<std::size_t>(state.range(0));
  const FpVec a = draw_vec(size), b = draw_vec(size);
  FpVec out(size);
  measure(state, size, [&] { vec::mul(a.span(), b.span(), out.span()); });
}
void BM_FpAdd(benchmark::State& state) {
  const auto size = static_cast<std::size_t>(state.range(0));
  const FpVec a = draw_vec(size), b = draw_vec(size);
  FpVec out(size);
  measure(state, size, [&] { vec::add(a.span(), b.span(), out.span()); });
}
void BM_FpDot(benchmark::State& state) {
  const auto size = static_cast<std::size_t>(state.range(0));
  const FpVec a = draw_vec(size), b = draw_vec(size);
  measure(state, size, [&] { benchmark::DoNotOptimize(vec::dot(a.span(), b.span())); });
}
void BM_FeMul(benchmark::State& state) {
  const auto size = static_cast<std::size_t>(state.range(0));
  const FeVec a = draw_fe_vec(size), b = draw_fe_vec(size);
  FeVec out(size);
  measure(state, size, [&] { vec::mul(a, b, out); });
}
void BM_FeAxpy(benchmark::State& state) {
  const auto size = static_cast<std::size_t>(state.range(0));
  const FeVec a = draw_fe_vec(size);
  FeVec out(size);
  measure(state, size, [&] { vec::axpy(a.get(0), a, out); });
}
void BM_FeAxpyBase(benchmark::State& state) {
  const auto size = static_cast<std::size_t>(state.range(0));
  const FpVec a = draw_vec(size);
  FeVec out(size);
  measure(state, size, [&] { vec::axpy(Fe(Fp(1), Fp(2), Fp(3)), a.span(), out); });
}
void BM_FeDot(benchmark::State& state) {
  const auto size = static_cast<std::size_t>(state.range(0));
  const FeVec a = draw_fe_vec(size), b = draw_fe_vec(size);
  measure(state, size, [&] { benchmark::DoNotOptimize(vec::dot(a, b)); });
}
void BM_FeDotBase(benchmark::State& state) {
  const auto size = static_cast<std::size_t>(state.range(0));
  const FpVec a = draw_vec(size);
  const FeVec b = draw_fe_vec(size);
  measure(state, size, [&] { benchmark::DoNotOptimize(vec::dot(a.span(), b)); });
}
// Per element of the input.
void BM_FoldHigh(benchmark::State& state) {
  const auto size = static_cast<std::size_t>(state.range(0));
  const FeVec a = draw_fe_vec(size);
  FeVec out(size / 2);
  measure(state, size, [&] { vec::fold_high(a, a.get(0), out); });
}
void BM_RoundProduct(benchmark::State& state) {
  const auto size = static_cast<std::size_t>(state.range(0));
  const FeVec a = draw_fe_vec(size), b = draw_fe_vec(size);
  measure(state, size, [&] { benchmark::DoNotOptimize(vec::round_product(a, b)); });
}
void BM_RoundProduct3(benchmark::State& state) {
  const auto size = static_cast<std::size_t>(state.range(0));
  const FeVec a = draw_fe_vec(size), b = draw_fe_vec(size);
  measure(state, size, [&] { benchmark::DoNotOptimize(vec::round_product(a, b, a)); });
}
void BM_EqTable(benchmark::State& state) {
  const auto log_size = static_cast<std::size_t>(state.range(0));
  const FeVec point = draw_fe_vec(log_size);
  FeVec out(std::size_t{1} << log_size);
  measure(state, out.size(), [&] { vec::eq_table(point.to_vector(), out); });
}
void BM_BatchInverse(benchmark::State& state) {
  const auto size = static_cast<std::size_t>(state.range(0));
  FeVec a = draw_fe_vec(size);
  measure(state, size, [&] { vec::batch_inverse(a); });
}

BENCHMARK(BM_FpMul)->Arg(1 << 10)->Arg(1 << 20);
BENCHMARK(BM_FpAdd)->Arg(1 << 10);
BENCHMARK(BM_FpDot)->Arg(1 << 10);
BENCHMARK(BM_FeMul)->Arg(1 << 9);
BENCHMARK(BM_FeAxpy)->Arg(1 << 9);
BENCHMARK(BM_FeAxpyBase)->Arg(1 << 9);
BENCHMARK(BM_FeDot)->Arg(1 << 9)->Arg(1 << 18);
BENCHMARK(BM_FeDotBase)->Arg(1 << 9);
BENCHMARK(BM_FoldHigh)->Arg(1 << 9)->Arg(1 << 20);
BENCHMARK(BM_RoundProduct)->Arg(1 << 9)->Arg(1 << 18);
BENCHMARK(BM_RoundProduct3)->Arg(1 << 9);
BENCHMARK(BM_EqTable)->Arg(12)->Arg(18);
BENCHMARK(BM_BatchInverse)->Arg(1 << 12);

}  // namespace
}  // namespace zkinfer
