// SPDX-License-Identifier: Apache-2.0
#include <gtest/gtest.h>

#include <cmath>
#include <random>

#include "exec/float/float_executor.h"
#include "passes/legalize.h"
#include "passes/test_graph.h"

namespace zkinfer::passes {
namespace {

// At every threshold the float32 numbers right beside it, of factors and offsets that lose bits.
TEST(CompareEarly, EveryNumberIsDecidedAsBefore) {
  std::mt19937 random(3);
  std::uniform_real_distribution<float> uniform(-4, 4);
  for (int trial = 0; trial < 200; ++trial) {
    const float offset = std::ldexp(uniform(random), trial % 20 - 4),
                factor = std::ldexp(std::abs(uniform(random)) + 0.1F, trial % 13 - 6);
    const float threshold = std::ldexp(uniform(random), trial % 7 - 3);
    for (const bool below : {false, true}) {
      Graph graph;
      const ValueId moved = node(graph, OpKind::kAdd, {input(graph, {1, 4}), number(graph, offset)});
      const ValueId scaled = node(graph, OpKind::kMul, {moved, number(graph, factor)});
      const ValueId limit = number(graph, threshold);
      const ValueId bit =
          node(graph, OpKind::kLess, below ? std::vector<ValueId>{scaled, limit} : std::vector<ValueId>{limit, scaled});
      finish(graph, last(graph, OpKind::kCast, {bit}, ir::CastAttributes{ir::DataType::kFloat}));
      const Result<Graph> legal = legalize(graph);
      ASSERT_TRUE(legal.ok()) << legal.status().to_string();
      EXPECT_EQ(legal->nodes.size(), 2U) << ir::to_text(*legal);
      float near = threshold / factor - offset;
      for (int i = 0; i < 3; ++i) near = std::nextafter(near, -100.0F);
      for (int i = 0; i < 8; i += 4) {
        FloatTensor x(Shape{1, 4});
        for (float& entry : x.data()) entry = near = std::nextafter(near, 100.0F);
        const TensorMap inputs{{"x", x}};
        const FloatTensor before = exec_float::run_float(graph, inputs)->at("y"),
                          after = exec_float::run_float(*legal, inputs)->at("y");
        for (std::size_t j = 0; j < 4; ++j)
          EXPECT_EQ(before[j], after[j]) << x[j] << " " << offset << " " << factor << " " << threshold;
      }
    }
  }
}

}  // namespace
}  // namespace zkinfer::passes
