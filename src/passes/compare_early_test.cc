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

// Columns of two tables in any order, one of them filled in where a number is missing, scaled before and after: the comparisons read the
// inputs and the condition only, and say the same.
TEST(CompareEarly, WhatFillsInIsDecidedBefore) {
  std::mt19937 random(5);
  std::uniform_real_distribution<float> uniform(-2, 2);
  for (const bool where_not : {false, true}) {
    for (const bool below : {false, true}) {
      Graph graph;
      const ValueId x = input(graph, {1, 4});
      const ValueId is_missing = node(graph, OpKind::kEqual, {x, number(graph, -1)});
      const ValueId present = node(graph, OpKind::kNot, {is_missing});
      const ValueId moved = node(graph, OpKind::kAdd, {x, number(graph, 0.3F)});
      const ValueId fill = graph.add_constant("fill", FloatTensor(Shape{1, 4}, {0.7F, -3, 0.2F, 5}));
      const ValueId filled =
          node(graph, OpKind::kWhere,
               where_not ? std::vector<ValueId>{present, moved, fill} : std::vector<ValueId>{is_missing, fill, moved});
      const ValueId scaled = node(graph, OpKind::kMul, {filled, number(graph, 1.7F)});
      const ValueId other = node(graph, OpKind::kMul, {x, number(graph, 3)});
      const ValueId both = node(graph, OpKind::kConcat, {scaled, other}, ir::ConcatAttributes{1});
      const ValueId order =
          graph.add_constant("order", AnyTensor(IntTensor(Shape{7}, {5, 0, 3, 7, 0, 1, 2})), ir::DataType::kInt64);
      const ValueId columns = node(graph, OpKind::kGather, {both, order}, ir::GatherAttributes{1});
      FloatTensor thresholds(Shape{1, 7});
      for (float& t : thresholds.data()) t = uniform(random);
      const ValueId limits = graph.add_constant("limits", thresholds);
      const ValueId bits = node(graph, OpKind::kLess,
                                below ? std::vector<ValueId>{columns, limits} : std::vector<ValueId>{limits, columns});
      finish(graph, last(graph, OpKind::kCast, {bits}, ir::CastAttributes{ir::DataType::kFloat}));
      const Result<Graph> legal = legalize(graph);
      ASSERT_TRUE(legal.ok()) << legal.status().to_string();
      for (const ir::Node& node : legal->nodes)
        EXPECT_TRUE(node.op != OpKind::kMul && node.op != OpKind::kAdd) << ir::to_text(*legal);
      for (int trial = 0; trial < 200; ++trial) {
        FloatTensor row(Shape{1, 4});
        for (float& entry : row.data()) entry = random() % 3 == 0 ? -1 : uniform(random);
        const TensorMap inputs{{"x", row}};
        const FloatTensor before = exec_float::run_float(graph, inputs)->at("y"),
                          after = exec_float::run_float(*legal, inputs)->at("y");
        for (std::size_t j = 0; j < 7; ++j) EXPECT_EQ(before[j], after[j]) << j;
      }
    }
  }
}

// Passes that look at the columns of tables meet numbers and lists, too.
TEST(CompareEarly, ComputedScalarsAndVectors) {
  for (const Shape& shape : {Shape{}, Shape{3}}) {
    for (const OpKind op : {OpKind::kLess, OpKind::kGreater, OpKind::kEqual, OpKind::kAdd, OpKind::kSub, OpKind::kMul,
                            OpKind::kDiv, OpKind::kMax, OpKind::kMin, OpKind::kPow}) {
      for (const bool constant_first : {false, true}) {
        for (const OpKind maker : {OpKind::kMul, OpKind::kAdd, OpKind::kRelu}) {
          for (const Shape& number : {Shape{}, Shape{1}}) {
            Graph graph;
            const ValueId x = input(graph, shape);
            const ValueId two = graph.add_constant("two", FloatTensor(number, {2}));
            const ValueId made = node(graph, maker, maker == OpKind::kRelu ? std::vector{x} : std::vector{x, two});
            ValueId y = node(graph, op, constant_first ? std::vector{two, made} : std::vector{made, two});
            if (graph.value(y).dtype != ir::DataType::kFloat)
              y = node(graph, OpKind::kCast, {y}, ir::CastAttributes{ir::DataType::kFloat});
            finish(graph, last(graph, OpKind::kRelu, {y}));
            const Result<Graph> legal = legalize(graph);
            ASSERT_TRUE(legal.ok()) << legal.status().to_string();
            const TensorMap inputs{{"x", random_tensor(shape, 5)}};
            const FloatTensor before = exec_float::run_float(graph, inputs)->at("y"),
                              after = exec_float::run_float(*legal, inputs)->at("y");
            ASSERT_EQ(before.shape(), after.shape());
            for (std::size_t i = 0; i < before.data().size(); ++i)
              if (std::isfinite(before[i])) EXPECT_NEAR(before[i], after[i], 1e-4 * (1 + std::abs(before[i])));
          }
        }
      }
    }
  }
}

}  // namespace
}  // namespace zkinfer::passes
