// SPDX-License-Identifier: Apache-2.0
// Integer models against the network as given: what a pass changes on the way is in the comparison, and integers wrap as theirs do.
#include "quant/as_given.h"

#include <cmath>
#include <limits>
#include <random>

#include <gtest/gtest.h>

#include "exec/float/float_executor.h"
#include "frontend/onnx/importer.h"
#include "frontend/onnx/test_model.h"
#include "passes/legalize.h"
#include "quant/fidelity.h"
#include "quant/quantize.h"

namespace zkinfer::quant {
namespace {

using frontend_onnx::set_int;
using frontend_onnx::TestModel;

struct Compiled {
  ir::Graph given, core;
  Quantized program;
};

Result<Compiled> compiled(const TestModel& model, const std::vector<TensorMap>& inputs) {
  Compiled out;
  ZKI_ASSIGN_OR_RETURN(out.given, frontend_onnx::import_onnx(model.bytes()));
  ZKI_ASSIGN_OR_RETURN(out.core, passes::legalize(out.given));
  ZKI_ASSIGN_OR_RETURN(out.program, quantize(out.core, inputs));
  return out;
}

// The weights of an attention over scores [2, 3, 4] and a mask, guarded against rows of which nothing is kept or not.
TestModel attention(float masked, bool guarded) {
  TestModel model(17);
  model.input("s", {2, 3, 4}).input("keep", {3, 4}, onnx::TensorProto::BOOL).output("y");
  model.floats("zero", {}, {0}).floats("masked", {}, {masked});
  model.node("Where", {"keep", "zero", "masked"}, {"mask"});
  model.node("Add", {"s", "mask"}, {"scores"});
  set_int(model.node("Softmax", {"scores"}, {guarded ? "p" : "y"}), "axis", -1);
  if (!guarded) return model;
  model.node("IsNaN", {"p"}, {"lost"});
  model.node("Where", {"lost", "zero", "p"}, {"y"});
  return model;
}

// Row 1 is masked as a whole in every third input.
std::vector<TensorMap> attended() {
  std::mt19937 random(3);
  std::vector<TensorMap> inputs(24);
  for (std::size_t k = 0; k < inputs.size(); ++k) {
    FloatTensor scores(Shape{2, 3, 4}), keep(Shape{3, 4});
    for (float& x : scores.data()) x = std::uniform_real_distribution<float>(-2, 2)(random);
    for (std::size_t i = 0; i < 12; ++i) keep[i] = (k % 3 == 0 && i / 4 == 1) || i % 5 == k % 5 ? 0.0F : 1.0F;
    inputs[k].emplace("s", std::move(scores));
    inputs[k].emplace("keep", std::move(keep));
  }
  return inputs;
}

TEST(AsGiven, AGuardedSoftmaxIsZeroWhereNothingIsKept) {
  const std::vector<TensorMap> inputs = attended();
  const Result<Compiled> made = compiled(attention(-std::numeric_limits<float>::infinity(), true), inputs);
  ASSERT_TRUE(made.ok()) << made.status().to_string();
  EXPECT_TRUE(passes::may_change_numbers(made->given));
  const Result<AsGiven> same = compare_as_given(made->given, made->core, inputs, {});
  ASSERT_TRUE(same.ok()) << same.status().to_string();
  EXPECT_LT(same->difference, 1e-5);
  EXPECT_EQ(same->num_not_finite, 0U);
  const Result<Fidelity> fidelity =
      compare(made->core, made->program.graph, made->program.params, inputs, {}, &made->given);
  ASSERT_TRUE(fidelity.ok()) << fidelity.status().to_string();
  EXPECT_TRUE(fidelity->meets(0.002)) << fidelity_text(*fidelity);
}

// Nothing hides behind the rewritten network: neither NaN of a row without a guard, nor a row whose mask is a finite number.
TEST(AsGiven, WhatThePassesChangeIsSeen) {
  const std::vector<TensorMap> inputs = attended();
  for (const float masked : {-std::numeric_limits<float>::infinity(), -10000.0F}) {
    const Result<Compiled> made = compiled(attention(masked, false), inputs);
    ASSERT_TRUE(made.ok()) << made.status().to_string();
    ASSERT_TRUE(passes::may_change_numbers(made->given));
    const Result<AsGiven> seen = compare_as_given(made->given, made->core, inputs, {});
    ASSERT_TRUE(seen.ok()) << seen.status().to_string();
    EXPECT_EQ(seen->num_elements, 24U * 24U);
    EXPECT_EQ(seen->num_not_finite, std::isinf(masked) ? 8U * 8U : 0U);
    if (!std::isinf(masked)) EXPECT_GT(seen->difference, 0.1);
    const Result<Fidelity> fidelity =
        compare(made->core, made->program.graph, made->program.params, inputs, {}, &made->given);
    ASSERT_TRUE(fidelity.ok()) << fidelity.status().to_string();
    EXPECT_EQ(fidelity->outputs[0].num_not_finite, seen->num_not_finite);
    EXPECT_FALSE(fidelity_warnings(*fidelity, {.error_of_largest = 0.001}).empty());
  }
}

// A question that no condition answers is named where an input makes it true.
TEST(AsGiven, QuestionsThatAreMissedAreNamed) {
  TestModel model(17);
  model.input("s", {4}).output("y").floats("zero", {}, {0}).floats("low", {}, {-1e-30F});
  model.node("Mul", {"s", "s"}, {"square"});
  model.node("Add", {"square", "low"}, {"near"});
  model.node("Log", {"near"}, {"log"});
  model.node("IsNaN", {"log"}, {"lost"});
  model.node("Where", {"lost", "zero", "s"}, {"y"});
  const Result<ir::Graph> given = frontend_onnx::import_onnx(model.bytes());
  ASSERT_TRUE(given.ok()) << given.status().to_string();
  const Result<ir::Graph> core = passes::legalize(*given);
  ASSERT_TRUE(core.ok()) << core.status().to_string();
  const std::vector<TensorMap> inputs{{{"s", FloatTensor(Shape{4}, {1, 0, 2, -1})}}};
  const Result<AsGiven> seen = compare_as_given(*given, *core, inputs, {"node_lost"});
  ASSERT_TRUE(seen.ok()) << seen.status().to_string();
  EXPECT_EQ(seen->found, std::vector<std::string>{"node_lost"});
}

struct Arithmetic {
  const char* op;
  int type;
  float a, b, y;
};

TEST(AsGiven, NarrowIntegersWrapAsInTheNetwork) {
  using onnx::TensorProto;
  const Arithmetic cases[] = {
      {"Add", TensorProto::UINT8, 200, 196, 140}, {"Sub", TensorProto::UINT8, 3, 10, 249},
      {"Mul", TensorProto::UINT8, 20, 20, 144},   {"Add", TensorProto::INT8, 100, 100, -56},
      {"Mul", TensorProto::INT8, -128, 3, -128},  {"Sub", TensorProto::INT16, -32768, 1, 32767},
      {"Add", TensorProto::UINT16, 65535, 2, 1},  {"Sum", TensorProto::UINT8, 255, 255, 254},
  };
  for (const Arithmetic& c : cases) {
    SCOPED_TRACE(c.op);
    TestModel model(17);
    model.input("a", {2}, c.type).input("b", {2}, c.type).output("y");
    model.node(c.op, {"a", "b"}, {"y"});
    const std::vector<TensorMap> inputs(
        10, TensorMap{{"a", FloatTensor(Shape{2}, {c.a, 1})}, {"b", FloatTensor(Shape{2}, {c.b, 1})}});
    const Result<Compiled> made = compiled(model, inputs);
    ASSERT_TRUE(made.ok()) << made.status().to_string();
    EXPECT_EQ(exec_float::run_float(made->given, inputs[0])->at("y")[0], c.y);
    const Result<Fidelity> fidelity = compare(made->core, made->program.graph, made->program.params, inputs);
    ASSERT_TRUE(fidelity.ok()) << fidelity.status().to_string();
    EXPECT_EQ(fidelity->agreement().value_or(1), 1) << fidelity_text(*fidelity);
    EXPECT_EQ(fidelity->max_abs_error().value_or(0), 0) << fidelity_text(*fidelity);
    EXPECT_TRUE(may_leave_type(made->given, made->program.graph, inputs)->empty());
  }
}

TEST(AsGiven, IntegersOf32BitsAreRefusedWhereTheyLeaveTheirType) {
  TestModel model(17);
  model.input("a", {2}, onnx::TensorProto::INT32).output("y");
  model.node("Mul", {"a", "a"}, {"y"});
  const auto inputs = [](float a) {
    return std::vector<TensorMap>(10, TensorMap{{"a", FloatTensor(Shape{2}, {a, 7})}});
  };
  const Result<Compiled> small = compiled(model, inputs(1000));
  ASSERT_TRUE(small.ok()) << small.status().to_string();
  EXPECT_TRUE(may_leave_type(small->given, small->program.graph, inputs(1000))->empty());
  const Result<Compiled> near = compiled(model, inputs(40000));
  ASSERT_TRUE(near.ok()) << near.status().to_string();
  EXPECT_EQ(*may_leave_type(near->given, near->program.graph, inputs(40000)), std::vector<std::string>{"'node_y'"});
  const Result<Compiled> large = compiled(model, inputs(50000));
  ASSERT_TRUE(large.ok()) << large.status().to_string();
  const Status refused = may_leave_type(large->given, large->program.graph, inputs(50000)).status();
  EXPECT_EQ(refused.code(), StatusCode::kUnsupported);
  EXPECT_NE(refused.message().find("'node_y' (Mul): reaches 2500000000 on calibration input 0"), std::string::npos)
      << refused.message();
}

// QLinearMatMul of two activations, as its QDQ form.
TEST(AsGiven, AProductOfQuantizedActivations) {
  std::mt19937 random(5);
  std::vector<TensorMap> inputs(20);
  for (TensorMap& input : inputs) {
    FloatTensor a(Shape{3, 64}), b(Shape{64, 4});
    for (float& x : a.data()) x = static_cast<float>(random() % 256);
    for (float& x : b.data()) x = static_cast<float>(random() % 256);
    input.emplace("a", std::move(a));
    input.emplace("b", std::move(b));
  }
  TestModel model(17);
  model.input("a", {3, 64}, onnx::TensorProto::UINT8).input("b", {64, 4}, onnx::TensorProto::UINT8).output("y");
  model.floats("s", {}, {0.0234F}).floats("t", {}, {0.0211F}).floats("u", {}, {0.4F});
  const auto zero = [&](const char* name, int x) {
    onnx::TensorProto& tensor = *model.graph().add_initializer();
    tensor.set_name(name);
    tensor.set_data_type(onnx::TensorProto::UINT8);
    tensor.add_int32_data(x);
  };
  zero("z", 128);
  zero("v", 120);
  model.node("QLinearMatMul", {"a", "s", "z", "b", "t", "v", "u", "z"}, {"y"});
  const Result<Compiled> made = compiled(model, inputs);
  ASSERT_TRUE(made.ok()) << made.status().to_string();
  const Result<Fidelity> fidelity = compare(made->core, made->program.graph, made->program.params, inputs);
  ASSERT_TRUE(fidelity.ok()) << fidelity.status().to_string();
  EXPECT_LE(fidelity->max_abs_error().value_or(0), 1) << fidelity_text(*fidelity);
  EXPECT_LE(fidelity->outputs[0].num_different, fidelity->outputs[0].num_elements / 50) << fidelity_text(*fidelity);
}

// Given bits keep the room above what calibration saw, where they are many.
TEST(AsGiven, GivenBitsKeepRoom) {
  std::mt19937 random(7);
  const auto normal = [&](Shape shape, float deviation) {
    FloatTensor out(std::move(shape));
    for (float& x : out.data()) x = std::normal_distribution<float>(0, deviation)(random);
    return out;
  };
  ir::Graph graph;
  ir::ValueId x = graph.add_input("x", ir::DataType::kFloat, Shape{1, 12});
  for (int layer = 0; layer < 3; ++layer) {
    const ir::ValueId w = graph.add_constant("w", normal(Shape{layer == 0 ? 12 : 32, layer == 2 ? 5 : 32}, 0.25F));
    x = *graph.add_node(ir::OpKind::kMatMul, "m", {x, w});
    if (layer < 2) x = *graph.add_node(ir::OpKind::kRelu, "r", {x});
  }
  graph.outputs = {x};
  const auto drawn = [&](std::size_t count) {
    std::vector<TensorMap> out(count);
    for (TensorMap& input : out) input.emplace("x", normal(Shape{1, 12}, 1));
    return out;
  };
  const std::vector<TensorMap> calibration = drawn(60), others = drawn(200);
  for (const int bits : {12, 16, kMostActivationBits}) {
    QuantOptions options;
    options.activation_bits = bits;
    const Result<Quantized> program = quantize(graph, calibration, options);
    ASSERT_TRUE(program.ok()) << program.status().to_string();
    const Result<Fidelity> fidelity = compare(graph, program->graph, program->params, others);
    ASSERT_TRUE(fidelity.ok()) << fidelity.status().to_string();
    EXPECT_LE(fidelity->error_of_largest().value_or(1), 0.01) << bits << " bits\n" << fidelity_text(*fidelity);
  }
}

}  // namespace
}  // namespace zkinfer::quant
