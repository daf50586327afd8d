// SPDX-License-Identifier: Apache-2.0
// Time of the grand sum over 2^n leaves, numerators in F, all cores (wall time).
#include <benchmark/benchmark.h>

#include "lookup/gkr_prover.h"
#include "lookup/pads.h"

namespace zkinfer::lookup {
namespace {

void grand_sum(benchmark::State& state) {
  const std::size_t num_leaves = std::size_t{1} << state.range(0);
  FpVec p(num_leaves);
  FeVec q(num_leaves);
  // Any values do: the prover's work does not depend on them.
  vec::powers(Fp(3), Fp(Fp::kGenerator), p.span());
  vec::powers(Fe(Fp(5), Fp(6), Fp(7)), Fe(Fp(1), Fp(2), Fp(3)), q);
  for (auto _ : state) {
    Transcript transcript("bench");
    hiding::PadAllocator pads(false);
    hiding::ProverChannel channel(transcript, pads, {});
    benchmark::DoNotOptimize(prove_grand_sum(channel, p.span(), q.span()));
  }
  state.SetItemsProcessed(state.iterations() * static_cast<std::int64_t>(num_leaves));
}
BENCHMARK(grand_sum)->Arg(12)->Arg(16)->Arg(21)->Unit(benchmark::kMillisecond)->UseRealTime();

}  // namespace
}  // namespace zkinfer::lookup
