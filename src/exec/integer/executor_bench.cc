// SPDX-License-Identifier: Apache-2.0
// VGG-16 at 32 x 32 (15 M weights, 0.3 G products) with random weights.
#include <random>

#include <benchmark/benchmark.h>

#include "exec/integer/executor.h"
#include "qir/test_graphs.h"

namespace zkinfer::exec_integer {
namespace {

using qir::Node;
using qir::Op;

void BM_Vgg16(benchmark::State& state) {
  qir::TestBuilder b;
  const std::int32_t clamp = b.clamp_table(-(1 << 16), 17, 0, 255);
  std::int64_t channels = 3;
  std::int64_t side = 32;
  qir::ValueId x = b.input({1, 3, 32, 32}, -128, 127);
  Node conv;
  conv.kernel = {3, 3}, conv.strides = {1, 1}, conv.dilations = {1, 1}, conv.pads_begin = {1, 1};
  conv.requant = {14, clamp};
  Node pool;
  pool.kernel = {2, 2}, pool.strides = {2, 2}, pool.dilations = {1, 1}, pool.pads_begin = {0, 0};
  for (const std::int64_t width : {64, 64, 0, 128, 128, 0, 256, 256, 256, 0, 512, 512, 512, 0, 512, 512, 512, 0}) {
    if (width == 0) {
      side /= 2;
      x = b.node(Op::kMaxPool, {x}, {1, channels, side, side}, 0, 255, pool);
      continue;
    }
    const qir::ValueId w = b.param({width, channels, 3, 3}, -1000, 1000);
    x = b.node(Op::kConv, {x, w}, {1, width, side, side}, 0, 255, conv);
    channels = width;
  }
  b.graph.outputs = {x};
  std::mt19937 random(1);
  qir::Weights params(b.graph.values.size());
  for (std::size_t id = 0; id < params.size(); ++id) {
    if (b.graph.values[id].kind != qir::ValueKind::kParam) continue;
    params[id].resize(static_cast<std::size_t>(b.graph.values[id].shape.num_elements()));
    for (std::int32_t& w : params[id]) w = static_cast<std::int32_t>(random() % 1001) - 500;
  }
  Inputs inputs(1, std::vector<std::int64_t>(3 * 32 * 32));
  for (std::int64_t& v : inputs[0]) v = static_cast<std::int64_t>(random() % 256) - 128;
  for (auto _ : state) {
    const Result<Witness> witness = run(b.graph, params, inputs);
    if (!witness.ok()) state.SkipWithError(witness.status().message().c_str());
    benchmark::DoNotOptimize(witness);
  }
}
BENCHMARK(BM_Vgg16)->Unit(benchmark::kMillisecond)->UseRealTime();

}  // namespace
}  // namespace zkinfer::exec_integer
