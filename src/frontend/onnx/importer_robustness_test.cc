// SPDX-License-Identifier: Apache-2.0
// Damaged models: refused or read, never a crash.
#include <gtest/gtest.h>

#include <random>

#include "exec/float/float_executor.h"
#include "frontend/onnx/test_importer.h"
#include "passes/legalize.h"

namespace zkinfer::frontend_onnx {
namespace {

// Imports, legalizes and runs; anything but a crash is fine.
void exercise(ByteView bytes) {
  ImportOptions options;
  options.max_folded_elements = 1 << 20;
  Result<ir::Graph> graph = import_onnx(bytes, options);
  if (!graph.ok()) {
    ASSERT_NE(graph.status().code(), StatusCode::kInternal) << graph.status().to_string();
    return;
  }
  double elements = 0;
  for (const ir::Value& value : graph->values) elements += static_cast<double>(value.shape.num_elements());
  if (elements > 1 << 20) return;  // would only be slow
  const Result<ir::Graph> legal = passes::legalize(std::move(*graph));
  if (!legal.ok()) {
    ASSERT_NE(legal.status().code(), StatusCode::kInternal) << legal.status().to_string();
    return;
  }
  TensorMap inputs;
  for (const ir::ValueId id : legal->inputs) inputs[legal->value(id).name] = FloatTensor(legal->value(id).shape);
  ASSERT_NE(exec_float::run_float(*legal, inputs).status().code(), StatusCode::kInternal);
}

// A model with most handlers in it, so that mutations reach them.
TestModel many_operators() {
  TestModel model(12);
  model.input("x", {1, 2, 6, 6}).output("y").floats("w", {2, 1, 3, 3}, std::vector<float>(18, 0.1F));
  model.floats("v", {2}, {1, 2})
      .floats("fc", {8, 5}, std::vector<float>(40, 0.2F))
      .ints("pads", {0, 0, 1, 1, 0, 0, 1, 1});
  model.ints("starts", {0, 1})
      .ints("ends", {100, -1})
      .ints("axes", {2, 3})
      .ints("steps", {2, 1})
      .ints("shape", {0, -1});
  model.floats("two", {}, {2}).floats("six", {}, {6}).ints("pick", {1, 0, 1});
  auto& conv = model.node("Conv", {"x", "w"}, {"a"});
  set_int(conv, "group", 2);
  set_string(conv, "auto_pad", "SAME_UPPER");
  set_float(model.node("BatchNormalization", {"a", "v", "v", "v", "v"}, {"b"}), "epsilon", 1e-3F);
  model.node("Pad", {"b", "pads"}, {"c"});
  model.node("Slice", {"c", "starts", "ends", "axes", "steps"}, {"d"});
  auto& pool = model.node("MaxPool", {"d"}, {"e"});
  set_ints(pool, "kernel_shape", {2, 2});
  set_ints(pool, "strides", {2, 2});
  set_int(pool, "ceil_mode", 1);
  auto& average = model.node("AveragePool", {"e"}, {"f"});
  set_ints(average, "kernel_shape", {1, 2});
  set_ints(model.node("Transpose", {"f"}, {"g"}), "perm", {0, 2, 3, 1});
  model.node("Clip", {"g", "", "six"}, {"h"});
  model.node("Pow", {"h", "two"}, {"i"});
  set_int(model.node("Gather", {"i", "pick"}, {"j"}), "axis", 3);
  set_int(model.node("Split", {"j"}, {"k0", "k1"}), "axis", 1);
  set_int(model.node("Concat", {"k0", "k1"}, {"l"}), "axis", 2);
  model.node("Reshape", {"l", "shape"}, {"m"});
  set_int(model.node("Softmax", {"m"}, {"n"}), "axis", 1);
  set_ints(model.node("ReduceMean", {"n"}, {"o"}), "axes", {-1});
  model.node("Sum", {"o", "o", "six"}, {"p"});
  set_int(model.node("Flatten", {"p"}, {"q"}), "axis", 0);
  model.node("Div", {"q", "six"}, {"r"});
  set_int(model.node("ArgMax", {"r"}, {"y"}), "axis", 1);
  return model;
}

TestModel more_operators() {
  TestModel model(13);
  model.input("x", {1, 2, 3, 3})
      .output("y")
      .output("last")
      .output("g")
      .floats("w", {2, 2, 2, 2}, std::vector<float>(16, 0.1F));
  model.floats("scales", {4}, {1, 1, 2, 1.5F}).floats("roi", {0}, {}).ints("sizes", {1, 2, 6, 5}).ints("k", {1});
  model.floats("slope", {2, 1, 1}, {0.1F, 0.2F})
      .ints("shape", {4, 3, 8})
      .ints("repeats", {1, 1, 1, 2})
      .ints("wide", {1, 2, 6, 8});
  model.floats("lw", {1, 12, 8}, std::vector<float>(96, 0.1F)).floats("lr", {1, 12, 3}, std::vector<float>(36, 0.2F));
  model.floats("gw", {2, 9, 3}, std::vector<float>(54, 0.1F)).floats("gr", {2, 9, 3}, std::vector<float>(54, 0.2F));
  auto& transposed = model.node("ConvTranspose", {"x", "w"}, {"a"});
  set_ints(transposed, "strides", {2, 1});
  set_ints(transposed, "pads", {1, 0, 0, 1});
  set_ints(transposed, "output_padding", {1, 0});
  auto& nearest = model.node("Resize", {"a", "roi", "scales"}, {"b"});
  set_string(nearest, "mode", "nearest");
  auto& linear = model.node("Resize", {"a", "", "", "sizes"}, {"c"});
  set_string(linear, "mode", "linear");
  set_string(linear, "coordinate_transformation_mode", "align_corners");
  model.node("PRelu", {"c", "slope"}, {"d"});
  set_int(model.node("Trilu", {"d", "k"}, {"e"}), "upper", 0);
  model.node("Tile", {"e", "repeats"}, {"f"});
  model.node("HardSwish", {"f"}, {"g"});
  model.node("Abs", {"b"}, {"h"});
  model.node("ReduceMin", {"h"}, {"i"});
  model.node("Expand", {"i", "wide"}, {"j"});
  model.node("Max", {"j", "i"}, {"m"});
  model.node("Reshape", {"m", "shape"}, {"n"});
  model.node("LSTM", {"n", "lw", "lr"}, {"o", "", "last"});
  model.node("Squeeze", {"o", "k"}, {"p"});
  set_string(model.node("GRU", {"p", "gw", "gr"}, {"y"}), "direction", "bidirectional");
  return model;
}

TEST(ImporterRobustness, ManyOperatorsImport) {
  for (const Bytes& bytes : {many_operators().bytes(), more_operators().bytes()}) {
    const Result<ir::Graph> graph = import_onnx(bytes);
    ASSERT_TRUE(graph.ok()) << error_of(graph);
    exercise(bytes);
  }
}

TEST(ImporterRobustness, EveryPrefix) {
  for (const Bytes& bytes : {small_cnn().bytes(), many_operators().bytes(), more_operators().bytes()})
    for (std::size_t length = 0; length < bytes.size(); ++length) exercise(ByteView(bytes).first(length));
}

TEST(ImporterRobustness, RandomMutations) {
  std::mt19937 random(20240607);
  for (const Bytes& original : {small_cnn().bytes(), many_operators().bytes(), more_operators().bytes()})
    for (int round = 0; round < 4000; ++round) {
      Bytes bytes = original;
      const int num_changes = 1 + static_cast<int>(random() % 4);
      for (int i = 0; i < num_changes; ++i) {
        const std::size_t at = random() % bytes.size();
        switch (random() % 3) {
          case 0: bytes[at] = static_cast<std::uint8_t>(random()); break;
          case 1: bytes[at] ^= static_cast<std::uint8_t>(1U << (random() % 8)); break;
          default: bytes.insert(bytes.begin() + static_cast<std::ptrdiff_t>(at), static_cast<std::uint8_t>(random()));
        }
      }
      exercise(bytes);
      if (HasFatalFailure()) FAIL() << "round " << round;
    }
}

TEST(ImporterRobustness, RandomBytes) {
  std::mt19937 random(7);
  for (int round = 0; round < 500; ++round) {
    Bytes bytes(random() % 300);
    for (std::uint8_t& byte : bytes) byte = static_cast<std::uint8_t>(random());
    exercise(bytes);
  }
}

// Structured mutation: integers of attributes and dimensions become extreme values.
TEST(ImporterRobustness, ExtremeNumbers) {
  const std::int64_t extremes[] = {INT64_MIN, -2, -1, 0, 1, 2, 7, 1 << 24, (1LL << 31) - 1, 1LL << 40, INT64_MAX};
  std::mt19937 random(3);
  for (int round = 0; round < 4000; ++round) {
    TestModel model = round % 2 == 0 ? many_operators() : more_operators();
    auto& graph = model.graph();
    for (int i = 0; i < 2; ++i) {
      const std::int64_t x = extremes[random() % std::size(extremes)];
      auto* node = graph.mutable_node(static_cast<int>(random() % static_cast<unsigned>(graph.node_size())));
      auto* tensor =
          graph.mutable_initializer(static_cast<int>(random() % static_cast<unsigned>(graph.initializer_size())));
      switch (random() % 4) {
        case 0:
          if (node->attribute_size() > 0) {
            auto* attribute = node->mutable_attribute(0);
            if (attribute->ints_size() > 0)
              attribute->set_ints(static_cast<int>(random() % static_cast<unsigned>(attribute->ints_size())), x);
            else
              attribute->set_i(x);
          }
          break;
        case 1:
          if (tensor->int64_data_size() > 0)
            tensor->set_int64_data(static_cast<int>(random() % static_cast<unsigned>(tensor->int64_data_size())), x);
          break;
        case 2:
          graph.mutable_input(0)
              ->mutable_type()
              ->mutable_tensor_type()
              ->mutable_shape()
              ->mutable_dim(static_cast<int>(random() % 4))
              ->set_dim_value(x);
          break;
        default:
          if (tensor->dims_size() > 0) tensor->set_dims(0, x);
      }
    }
    exercise(model.bytes());
    if (HasFatalFailure()) FAIL() << "round " << round;
  }
}

}  // namespace
}  // namespace zkinfer::frontend_onnx
