// SPDX-License-Identifier: Apache-2.0
// Networks that ask where their own numbers are NaN or minus infinity: legalized, they answer as float32 with NaN does.
#include <gtest/gtest.h>

#include <cmath>
#include <functional>
#include <limits>

#include "exec/float/float_executor.h"
#include "ir/functions.h"
#include "passes/legalize.h"
#include "passes/rewrites.h"

namespace zkinfer::passes {
namespace {

using ir::DataType;
using ir::Graph;
using ir::OpKind;
using ir::ValueId;

constexpr float kInfinity = std::numeric_limits<float>::infinity();
constexpr ir::SpecialAttributes kNan{true, false, false};

ValueId add(Graph& g, OpKind op, std::vector<ValueId> inputs, ir::Attributes attributes = {}) {
  const Result<ValueId> made = g.add_node(op, "step", std::move(inputs), std::move(attributes));
  EXPECT_TRUE(made.ok()) << made.status().to_string();
  return made.ok() ? *made : 0;
}
ValueId number(Graph& g, float x) { return g.add_constant("n", FloatTensor(Shape{}, {x})); }
ValueId exp(Graph& g, ValueId x) { return add(g, OpKind::kFunction, {x}, ir::FunctionAttributes{ir::function("Exp")}); }
ir::ReduceAttributes rows() { return {{2}, true}; }

// Scores [2, 3, 4] of which nothing is kept in row 1 (of one block where the mask has blocks).
using Masked = ValueId (*)(Graph& g, ValueId scores);
struct Mask {
  const char* name;
  Masked apply;
};
ValueId keep_input(Graph& g) { return g.add_input("keep", DataType::kBool, Shape{2, 3, 4}); }
const Mask kMasks[] = {
    {"none", [](Graph&, ValueId scores) { return scores; }},
    {"a constant",
     [](Graph& g, ValueId scores) {
       FloatTensor mask(Shape{3, 4});
       for (const std::size_t i : {3, 4, 5, 6, 7}) mask[i] = -kInfinity;
       return add(g, OpKind::kAdd, {scores, g.add_constant("mask", std::move(mask))});
     }},
    {"an input that chooses what is added",
     [](Graph& g, ValueId scores) {
       const ValueId mask = add(g, OpKind::kWhere, {keep_input(g), number(g, 0), number(g, -kInfinity)});
       return add(g, OpKind::kAdd, {scores, mask});
     }},
    {"an input that chooses scores",
     [](Graph& g, ValueId scores) {
       const ValueId drop = add(g, OpKind::kNot, {keep_input(g)});
       return add(g, OpKind::kWhere, {drop, number(g, -kInfinity), scores});
     }},
    {"a comparison",
     [](Graph& g, ValueId scores) {
       const ValueId keep = add(g, OpKind::kLess, {number(g, 0), scores});
       return add(g, OpKind::kWhere, {keep, scores, number(g, -kInfinity)});
     }},
    {"the logarithm of a mask",
     [](Graph& g, ValueId scores) {
       const ValueId keep = add(g, OpKind::kCast, {keep_input(g)}, ir::CastAttributes{DataType::kFloat});
       const ValueId mask = add(g, OpKind::kFunction, {keep}, ir::FunctionAttributes{ir::function("Log")});
       return add(g, OpKind::kAdd, {scores, mask});
     }},
};

struct Form {
  const char* name;
  ValueId (*apply)(Graph& g, ValueId x);
};
const Form kSoftmaxes[] = {
    {"Softmax", [](Graph& g, ValueId x) { return add(g, OpKind::kSoftmax, {x}, ir::SoftmaxAttributes{2}); }},
    {"exponentials",
     [](Graph& g, ValueId x) {
       const ValueId powers = exp(g, x);
       return add(g, OpKind::kDiv, {powers, add(g, OpKind::kReduceSum, {powers}, rows())});
     }},
    {"exponentials below the largest",
     [](Graph& g, ValueId x) {
       const ValueId powers = exp(g, add(g, OpKind::kSub, {x, add(g, OpKind::kReduceMax, {x}, rows())}));
       return add(g, OpKind::kDiv, {powers, add(g, OpKind::kReduceSum, {powers}, rows())});
     }},
};

// What models do about NaN; x is what the softmax was taken of.
struct Guard {
  const char* name;
  ValueId (*apply)(Graph& g, ValueId p, ValueId x);
};
const Guard kGuards[] = {
    {"IsNaN",
     [](Graph& g, ValueId p, ValueId) {
       return add(g, OpKind::kWhere, {add(g, OpKind::kIsSpecial, {p}, kNan), number(g, 0), p});
     }},
    {"not IsNaN, of its transpose",
     [](Graph& g, ValueId p, ValueId) {
       const ValueId moved = add(g, OpKind::kTranspose, {p}, ir::TransposeAttributes{{0, 2, 1}});
       const ValueId is_number = add(g, OpKind::kNot, {add(g, OpKind::kIsSpecial, {moved}, kNan)});
       return add(g, OpKind::kWhere, {is_number, moved, number(g, 0.25F)});
     }},
    {"rows of minus infinity",
     [](Graph& g, ValueId p, ValueId x) {
       const ValueId low = add(g, OpKind::kEqual, {x, number(g, -kInfinity)});
       const ValueId count =
           add(g, OpKind::kReduceSum, {add(g, OpKind::kCast, {low}, ir::CastAttributes{DataType::kInt64})}, rows());
       const ValueId three = g.add_constant("three", AnyTensor(IntTensor(Shape{}, {3})), DataType::kInt64);
       return add(g, OpKind::kWhere, {add(g, OpKind::kLess, {three, count}), number(g, 0), p});
     }},
    {"IsInf",
     [](Graph& g, ValueId p, ValueId x) {
       const ValueId low = add(g, OpKind::kIsSpecial, {x}, ir::SpecialAttributes{false, true, true});
       const ValueId kept = add(g, OpKind::kWhere, {low, number(g, 0), p});
       return add(g, OpKind::kWhere, {add(g, OpKind::kIsSpecial, {kept}, kNan), number(g, 0), kept});
     }},
};

TEST(ResolveSpecial, WhatIsNoNumberIsReplacedAsTheNetworkReplacesIt) {
  int num_replaced = 0;
  for (const Mask& mask : kMasks)
    for (const Form& softmax : kSoftmaxes)
      for (const Guard& guard : kGuards) {
        SCOPED_TRACE(std::string(mask.name) + ", " + softmax.name + ", " + guard.name);
        Graph g;
        const ValueId x = mask.apply(g, g.add_input("x", DataType::kFloat, Shape{2, 3, 4}));
        const ValueId p = softmax.apply(g, x);
        g.outputs = {guard.apply(g, p, x)};
        const std::string y = g.value(g.outputs[0]).name;
        ASSERT_TRUE(ir::verify(g).ok()) << ir::verify(g).to_string();
        std::vector<std::string> missed;
        ASSERT_TRUE(resolve_special(g, &missed).ok());
        EXPECT_TRUE(missed.empty() || mask.name == std::string("none")) << missed[0];
        const Result<Graph> legal = legalize(g);
        ASSERT_TRUE(legal.ok()) << legal.status().to_string();
        TensorMap inputs{{"x", FloatTensor(Shape{2, 3, 4})}};
        for (std::size_t i = 0; i < 24; ++i)
          inputs.at("x")[i] = (i / 4 == 1 ? -1.0F : 1.0F) * (0.1F + 0.07F * static_cast<float>(i % 7));
        if (g.inputs.size() > 1) {
          FloatTensor keep(Shape{2, 3, 4});
          for (std::size_t i = 0; i < 24; ++i) keep[i] = i / 4 == 1 || i % 5 == 3 ? 0.0F : 1.0F;
          inputs.emplace("keep", std::move(keep));
        }
        int num_nan = 0;
        const auto count = [&](const ir::Value& value, const FloatTensor& tensor) {
          if (value.name != g.value(p).name) return;
          for (const float number : tensor.data()) num_nan += std::isnan(number) ? 1 : 0;
        };
        const Result<TensorMap> before = exec_float::run_float(g, inputs, count);
        const Result<TensorMap> after = exec_float::run_float(*legal, inputs);
        ASSERT_TRUE(before.ok() && after.ok()) << before.status().to_string() << after.status().to_string();
        EXPECT_EQ(num_nan > 0, mask.name != std::string("none"));
        num_replaced += num_nan;
        for (std::size_t i = 0; i < 24; ++i) {
          ASSERT_TRUE(std::isfinite(before->at(y)[i])) << i;
          EXPECT_NEAR(before->at(y)[i], after->at(y)[i], 1e-5) << "element " << i;
        }
      }
  EXPECT_GT(num_replaced, 0);
}

// What is not followed is false, and named.
TEST(ResolveSpecial, NamesWhatItDoesNotFollow) {
  Graph g;
  const ValueId x = g.add_input("x", DataType::kFloat, Shape{2, 4});
  const ValueId ratio = add(g, OpKind::kDiv, {exp(g, add(g, OpKind::kMul, {x, number(g, -kInfinity)})), x});
  const Result<ValueId> asked = g.add_node(OpKind::kIsSpecial, "asked", {ratio}, kNan);
  g.outputs = {add(g, OpKind::kWhere, {*asked, number(g, 0), x})};
  std::vector<std::string> missed;
  ASSERT_TRUE(resolve_special(g, &missed).ok());
  EXPECT_EQ(missed, std::vector<std::string>{"asked"});
  EXPECT_TRUE(may_change_numbers(g));
}

}  // namespace
}  // namespace zkinfer::passes
