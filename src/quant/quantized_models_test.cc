// SPDX-License-Identifier: Apache-2.0
// Models that were quantized elsewhere: between DequantizeLinear and QuantizeLinear whatever operator gives the integers that its
// own float32 arithmetic gives, every one.
#include <functional>
#include <random>

#include <gtest/gtest.h>

#include "frontend/onnx/importer.h"
#include "frontend/onnx/test_model.h"
#include "passes/legalize.h"
#include "quant/fidelity.h"
#include "quant/quantize.h"

namespace zkinfer::quant {
namespace {

using frontend_onnx::set_float;
using frontend_onnx::set_int;
using frontend_onnx::set_ints;
using frontend_onnx::set_string;
using frontend_onnx::TestModel;

struct Case {
  const char* name;
  std::function<void(TestModel&)> build;  // "o" of the real tensors "a" and, where it reads it, "b"
  float scale;                            // of the result
  std::int64_t zero;
  bool of_two = false;
};

std::vector<float> numbers(std::size_t count, unsigned seed) {
  std::mt19937 random(seed);
  std::vector<float> list(count);
  for (float& x : list) x = std::uniform_real_distribution<float>(-1.5F, 1.5F)(random);
  return list;
}

void normalize(TestModel& model) {
  model.floats("g", {6}, numbers(6, 1)).floats("h", {6}, numbers(6, 2));
  set_int(model.node("LayerNormalization", {"a", "g", "h"}, {"o"}), "axis", -1);
}

void resize(TestModel& model, const char* mode, float factor) {
  model.floats("r", {4}, {1, 1, factor, factor});
  set_string(model.node("Resize", {"a", "", "r"}, {"o"}), "mode", mode);
}

const std::vector<Case> kCases = {
    {"Sigmoid", [](TestModel& m) { m.node("Sigmoid", {"a"}, {"o"}); }, 1.0F / 256, 0},
    {"Tanh", [](TestModel& m) { m.node("Tanh", {"a"}, {"o"}); }, 1.0F / 128, 128},
    {"HardSwish", [](TestModel& m) { m.node("HardSwish", {"a"}, {"o"}); }, 0.0113F, 40},
    {"LeakyRelu", [](TestModel& m) { set_float(m.node("LeakyRelu", {"a"}, {"o"}), "alpha", 0.1F); }, 0.0161F, 20},
    {"Swish",
     [](TestModel& m) {
       m.node("Sigmoid", {"a"}, {"s"});
       m.node("Mul", {"a", "s"}, {"o"});
     },
     0.0161F, 20},
    {"Gelu",
     [](TestModel& m) {
       m.floats("root", {}, {1.41421356F}).floats("one", {}, {1}).floats("half", {}, {0.5F});
       m.node("Div", {"a", "root"}, {"t"});
       m.node("Erf", {"t"}, {"e"});
       m.node("Add", {"e", "one"}, {"f"});
       m.node("Mul", {"a", "f"}, {"p"});
       m.node("Mul", {"p", "half"}, {"o"});
     },
     0.0161F, 20},
    {"Softmax", [](TestModel& m) { set_int(m.node("Softmax", {"a"}, {"o"}), "axis", -1); }, 1.0F / 256, 0},
    {"LayerNormalization", normalize, 0.0234F, 128},
    {"Mul",
     [](TestModel& m) {
       m.node("Mul", {"a", "b"}, {"o"});
     },
     0.0817F, 128, true},
    {"Add",
     [](TestModel& m) {
       m.node("Add", {"a", "b"}, {"o"});
     },
     0.0411F, 128, true},
    {"Max",
     [](TestModel& m) {
       m.node("Max", {"a", "b"}, {"o"});
     },
     0.0411F, 128, true},
    {"Concat",
     [](TestModel& m) {
       set_int(m.node("Concat", {"a", "b"}, {"o"}), "axis", 1);
     },
     0.0351F, 128, true},
    {"Where",
     [](TestModel& m) {
       m.node("Less", {"a", "b"}, {"c"});
       m.node("Where", {"c", "a", "b"}, {"o"});
     },
     0.0351F, 128, true},
    {"AveragePool",
     [](TestModel& m) {
       set_ints(m.node("AveragePool", {"a"}, {"o"}), "kernel_shape", {3, 3});
     },
     0.0117F, 128},
    {"GlobalAveragePool", [](TestModel& m) { m.node("GlobalAveragePool", {"a"}, {"o"}); }, 0.0117F, 128},
    {"Mean of transposed",
     [](TestModel& m) {
       set_ints(m.node("Transpose", {"a"}, {"t"}), "perm", {0, 3, 1, 2});
       m.node("GlobalAveragePool", {"t"}, {"o"});
     },
     0.0137F, 128},
    {"MaxPool behind Relu",
     [](TestModel& m) {
       m.node("Relu", {"a"}, {"t"});
       set_ints(m.node("MaxPool", {"t"}, {"o"}), "kernel_shape", {2, 2});
     },
     0.0117F, 0},
    {"Conv",
     [](TestModel& m) {
       m.floats("w", {4, 2, 3, 3}, numbers(72, 3));
       m.node("Conv", {"a", "w"}, {"o"});
     },
     0.0834F, 128},
    {"Resize linear", [](TestModel& m) { resize(m, "linear", 2); }, 0.0197F, 120},
    {"Resize cubic", [](TestModel& m) { resize(m, "cubic", 2); }, 0.0191F, 120},
};

class QuantizedModels : public ::testing::TestWithParam<Case> {};

TEST_P(QuantizedModels, HaveTheirOwnIntegers) {
  constexpr int kUint8 = onnx::TensorProto::UINT8;
  const Case& which = GetParam();
  TestModel model(17);
  TensorMap input;
  std::vector<TensorMap> inputs(10);
  std::mt19937 random(4);
  for (const std::string name : {"a", "b"}) {
    if (name == "b" && !which.of_two) continue;
    const Shape shape{1, 2, 5, 6};
    model.input("q" + name, {1, 2, 5, 6}, kUint8);
    model.floats("scale_" + name, {}, {name == "a" ? 0.0234F : 0.0321F});
    model.integers("zero_" + name, {}, std::vector<std::int64_t>{name == "a" ? 120 : 125}, kUint8);
    model.node("DequantizeLinear", {"q" + name, "scale_" + name, "zero_" + name}, {name});
    for (TensorMap& sample : inputs) {
      FloatTensor x(shape);
      for (float& entry : x.data()) entry = static_cast<float>(random() % 256);
      sample.emplace("q" + name, std::move(x));
    }
  }
  which.build(model);
  model.floats("scale", {}, {which.scale});
  model.integers("zero", {}, std::vector<std::int64_t>{which.zero}, kUint8);
  model.node("QuantizeLinear", {"o", "scale", "zero"}, {"y"});
  model.output("y");
  const Result<ir::Graph> given = frontend_onnx::import_onnx(model.bytes());
  ASSERT_TRUE(given.ok()) << given.status().to_string();
  const Result<ir::Graph> core = passes::legalize(*given);
  ASSERT_TRUE(core.ok()) << core.status().to_string();
  const Result<Quantized> program = quantize(*core, inputs);
  ASSERT_TRUE(program.ok()) << program.status().to_string();
  const Result<Fidelity> report = compare(*given, program->graph, program->params, inputs);
  ASSERT_TRUE(report.ok()) << report.status().to_string();
  EXPECT_EQ(report->outputs.at(0).max_abs_error.value(), 0);
}

INSTANTIATE_TEST_SUITE_P(Operators, QuantizedModels, ::testing::ValuesIn(kCases), [](const auto& which) {
  std::string name = which.param.name;
  std::replace(name.begin(), name.end(), ' ', '_');
  return name;
});

}  // namespace
}  // namespace zkinfer::quant
