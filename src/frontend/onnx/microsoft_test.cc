// SPDX-License-Identifier: Apache-2.0
// Operators of com.microsoft against the operators of ONNX that they fuse; what is not written there is as onnxruntime has it.
#include <gtest/gtest.h>

#include <cmath>
#include <random>

#include "exec/float/float_executor.h"
#include "frontend/onnx/importer.h"
#include "frontend/onnx/test_model.h"

namespace zkinfer::frontend_onnx {
namespace {

std::vector<float> random_list(std::size_t count, unsigned seed) {
  std::mt19937 random(seed);
  std::vector<float> list(count);
  for (float& x : list) x = std::uniform_real_distribution<float>(-1, 1)(random);
  return list;
}

onnx::NodeProto& fused(TestModel& model, const std::string& op, std::initializer_list<std::string> inputs,
                       std::initializer_list<std::string> outputs) {
  onnx::NodeProto& node = model.node(op, inputs, outputs);
  node.set_domain("com.microsoft");
  for (const std::string& output : outputs) model.output(output);
  return node;
}

TensorMap run(const TestModel& model, const TensorMap& inputs) {
  const Result<ir::Graph> graph = import_onnx(model.bytes());
  EXPECT_TRUE(graph.ok()) << (graph.ok() ? std::string() : graph.status().to_string());
  if (!graph.ok()) return {};
  return exec_float::run_float(*graph, inputs).value();
}

void expect_same(const FloatTensor& a, const FloatTensor& b) {
  ASSERT_EQ(a.shape(), b.shape());
  for (std::size_t i = 0; i < a.data().size(); ++i) EXPECT_NEAR(a[i], b[i], 1e-5F) << "element " << i;
}

// Queries of 2 positions behind a past of 3, four heads over two, by the last 2 keys each.
TEST(Microsoft, GroupQueryAttentionIsTheDefaultDomainsWithWindow) {
  TensorMap inputs{{"q", FloatTensor(Shape{1, 2, 32}, random_list(64, 1))},
                   {"k", FloatTensor(Shape{1, 2, 16}, random_list(32, 2))},
                   {"v", FloatTensor(Shape{1, 2, 16}, random_list(32, 3))},
                   {"pk", FloatTensor(Shape{1, 2, 3, 8}, random_list(48, 4))},
                   {"pv", FloatTensor(Shape{1, 2, 3, 8}, random_list(48, 5))}};
  TensorMap results[2];
  for (const bool ours : {false, true}) {
    TestModel model(24);
    model.input("q", {1, 2, 32}).input("k", {1, 2, 16}).input("v", {1, 2, 16});
    model.input("pk", {1, 2, 3, 8}).input("pv", {1, 2, 3, 8});
    model.ints("lengths", {4}).ints("total", {5});
    if (ours) {
      onnx::NodeProto& node =
          fused(model, "GroupQueryAttention", {"q", "k", "v", "pk", "pv", "lengths", "total"}, {"y", "nk", "nv"});
      set_int(node, "num_heads", 4);
      set_int(node, "kv_num_heads", 2);
      set_int(node, "local_window_size", 2);
      set_float(node, "softcap", 3);
    } else {
      onnx::NodeProto& node = model.node("Attention", {"q", "k", "v", "", "pk", "pv"}, {"y", "nk", "nv"});
      model.output("y").output("nk").output("nv");
      set_int(node, "q_num_heads", 4);
      set_int(node, "kv_num_heads", 2);
      set_int(node, "is_causal", 1);
      set_int(node, "left_window_size", 1);
      set_float(node, "softcap", 3);
    }
    results[ours ? 1 : 0] = run(model, inputs);
  }
  for (const char* name : {"y", "nk", "nv"}) expect_same(results[1][name], results[0][name]);
}

// Lengths that say that some of the past is not used cannot be followed.
TEST(Microsoft, GroupQueryAttentionReadsAPastAsAWhole) {
  for (const std::int64_t length : {4, 3}) {
    TestModel model(17);
    model.input("q", {1, 2, 32}).input("k", {1, 2, 16}).input("v", {1, 2, 16});
    model.input("pk", {1, 2, 3, 8}).input("pv", {1, 2, 3, 8}).ints("lengths", {length}).ints("total", {length + 1});
    onnx::NodeProto& node = fused(model, "GroupQueryAttention", {"q", "k", "v", "pk", "pv", "lengths", "total"}, {"y"});
    set_int(node, "num_heads", 4);
    set_int(node, "kv_num_heads", 2);
    EXPECT_EQ(import_onnx(model.bytes()).status().code(), length == 4 ? StatusCode::kOk : StatusCode::kUnsupported);
  }
}

TEST(Microsoft, GroupNormAndConvolutionWithChannelsLast) {
  const TensorMap inputs{{"x", FloatTensor(Shape{1, 3, 4, 6}, random_list(72, 6))}};
  TestModel model(21);
  model.input("x", {1, 3, 4, 6}).floats("g", {6}, random_list(6, 7)).floats("b", {6}, random_list(6, 8));
  model.floats("w", {2, 6, 3, 3}, random_list(108, 9));
  onnx::NodeProto& norm = fused(model, "GroupNorm", {"x", "g", "b"}, {"fused_norm"});
  set_int(norm, "groups", 3);
  set_int(norm, "activation", 1);
  onnx::NodeProto& conv = fused(model, "NhwcFusedConv", {"x", "w"}, {"fused_conv"});
  set_ints(conv, "pads", {1, 1, 1, 1});
  set_string(conv, "activation", "Relu");
  set_ints(model.node("Transpose", {"x"}, {"t"}), "perm", {0, 3, 1, 2});
  set_int(model.node("GroupNormalization", {"t", "g", "b"}, {"n"}), "num_groups", 3);
  model.node("Sigmoid", {"n"}, {"s"});
  model.node("Mul", {"n", "s"}, {"m"});
  set_ints(model.node("Transpose", {"m"}, {"norm"}), "perm", {0, 2, 3, 1});
  set_ints(model.node("Conv", {"t", "w"}, {"c"}), "pads", {1, 1, 1, 1});
  model.node("Relu", {"c"}, {"r"});
  set_ints(model.node("Transpose", {"r"}, {"conv"}), "perm", {0, 2, 3, 1});
  model.output("norm").output("conv");
  TensorMap results = run(model, inputs);
  expect_same(results["fused_norm"], results["norm"]);
  expect_same(results["fused_conv"], results["conv"]);
}

// Bytes of two numbers each, in blocks of 16 along the last axis.
TEST(Microsoft, GatherBlockQuantized) {
  std::mt19937 random(10);
  std::vector<std::int64_t> bytes(3 * 16);
  for (std::int64_t& x : bytes) x = static_cast<std::int64_t>(random() % 256);
  const std::vector<float> scales = random_list(6, 11);
  TestModel model(17);
  model.input("i", {2}, onnx::TensorProto::INT64);
  model.integers("d", {3, 16}, bytes, onnx::TensorProto::UINT8);
  model.floats("s", {3, 2}, scales);
  set_int(fused(model, "GatherBlockQuantized", {"d", "i", "s"}, {"y"}), "block_size", 16);
  const FloatTensor y = run(model, {{"i", FloatTensor(Shape{2}, {2, 0})}})["y"];
  ASSERT_EQ(y.shape(), (Shape{2, 32}));
  for (std::size_t row = 0; row < 2; ++row)
    for (std::size_t j = 0; j < 32; ++j) {
      const std::size_t from = row == 0 ? 2 : 0;
      const std::int64_t number = bytes[from * 16 + j / 2] >> (j % 2 * 4) & 15;
      EXPECT_NEAR(y[row * 32 + j], static_cast<float>(number - 8) * scales[from * 2 + j / 16], 1e-5F);
    }
}

TEST(Microsoft, SkipLayerNormalizationShowsMeanAndInverseDeviation) {
  TestModel model(17);
  model.input("x", {2, 4}).input("s", {2, 4}).floats("g", {4}, {1, 1, 1, 1}).floats("b", {4}, {0, 0, 0, 0});
  fused(model, "SkipLayerNormalization", {"x", "s", "g", "b"}, {"y", "mean", "inverse", "sum"});
  TensorMap results = run(model, {{"x", FloatTensor(Shape{2, 4}, {1, 2, 3, 4, 0, 0, 4, 4})},
                                  {"s", FloatTensor(Shape{2, 4}, {0, 0, 0, 0, 1, 1, 1, 1})}});
  expect_same(results["mean"], FloatTensor(Shape{2, 1}, {2.5F, 3}));
  expect_same(results["inverse"], FloatTensor(Shape{2, 1}, {1 / std::sqrt(1.25F), 0.5F}));
  expect_same(results["sum"], FloatTensor(Shape{2, 4}, {1, 2, 3, 4, 1, 1, 5, 5}));
}

}  // namespace
}  // namespace zkinfer::frontend_onnx
