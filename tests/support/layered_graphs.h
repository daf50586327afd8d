// SPDX-License-Identifier: Apache-2.0
// Graphs that can be cut: layers one after the other, and tensors that are read far behind.
#pragma once

#include "support/small_graphs.h"

namespace zkinfer::e2e {

// num_layers times x <- clamp(x W), all of one size and, with `equal`, all told apart by nothing but their weights.
inline qir::QGraph layered_graph(std::int64_t width, std::size_t num_layers) {
  qir::TestBuilder b;
  b.graph.name = "layers";
  const std::int32_t clamp = b.clamp_table(-1024, 11, -64, 63);
  qir::ValueId x = b.input({1, width}, -64, 63);
  for (std::size_t i = 0; i < num_layers; ++i) {
    const qir::ValueId w = b.param({width, width}, -15, 15);
    x = b.node(qir::Op::kMatMul, {x, w}, {1, width}, -64, 63, with_coefs({}, {5, clamp}));
  }
  b.graph.outputs = {x};
  return b.graph;
}

// Four nodes: the first's result is read by the second, the third and the last; the input by the last; the second's is an output, too.
inline qir::QGraph skipping_graph() {
  qir::TestBuilder b;
  b.graph.name = "skips";
  const std::int32_t clamp = b.clamp_table(-1024, 11, -64, 63);
  const qir::ValueId x = b.input({1, 4}, -64, 63);
  const auto layer = [&](qir::ValueId from) {
    const qir::ValueId w = b.param({4, 4}, -15, 15);
    return b.node(qir::Op::kMatMul, {from, w}, {1, 4}, -64, 63, with_coefs({}, {5, clamp}));
  };
  const qir::ValueId first = layer(x);
  const qir::ValueId second = layer(first);
  const qir::ValueId third = b.node(qir::Op::kLinear, {first, second}, {1, 4}, -64, 63, with_coefs({1, 1}, {1, clamp}));
  const qir::ValueId last =
      b.node(qir::Op::kLinear, {first, third, x}, {1, 4}, -64, 63, with_coefs({1, 1, 1}, {2, clamp}));
  b.graph.outputs = {last, second};
  return b.graph;
}

}  // namespace zkinfer::e2e
