// SPDX-License-Identifier: Apache-2.0
// LSTM, GRU and RNN: every way to give them the same numbers, and a plain loop.
#include <gtest/gtest.h>

#include <cmath>

#include "frontend/onnx/test_runs.h"

namespace zkinfer::frontend_onnx {
namespace {

TEST(Recurrence, SequenceLengthsAndLayout) {
  for (const std::string op : {"LSTM", "GRU", "RNN"}) {
    const std::int64_t gates = op == "LSTM" ? 4 : op == "GRU" ? 3 : 1;
    const auto rows = static_cast<std::size_t>(gates * 2);
    const std::vector<float> w = random_list(2 * rows * 3, 8);
    const std::vector<float> r = random_list(2 * rows * 2, 9);
    const std::vector<float> x = random_list(18, 10);
    const auto model_of = [&](std::int64_t steps, std::int64_t batch, bool lengths, bool batch_first) {
      TestModel model(14);
      if (batch_first)
        model.input("x", {batch, steps, 3});
      else
        model.input("x", {steps, batch, 3});
      model.output("y").output("h").floats("w", {2, gates * 2, 3}, w).floats("r", {2, gates * 2, 2}, r);
      model.ints("lengths", {3, 1});
      onnx::NodeProto& node = model.node(op, {"x", "w", "r", "", lengths ? "lengths" : ""}, {"y", "h"});
      set_string(node, "direction", "bidirectional");
      set_int(node, "hidden_size", 2);
      if (batch_first) set_int(node, "layout", 1);
      return model;
    };
    TensorMap both = run(model_of(3, 2, true, false), {{"x", FloatTensor(Shape{3, 2, 3}, x)}});
    const auto alone = [&](std::size_t entry, std::int64_t steps) {
      std::vector<float> own;
      for (std::size_t t = 0; t < static_cast<std::size_t>(steps); ++t)
        own.insert(own.end(), x.begin() + static_cast<std::ptrdiff_t>((t * 2 + entry) * 3),
                   x.begin() + static_cast<std::ptrdiff_t>((t * 2 + entry + 1) * 3));
      return run(model_of(steps, 1, false, false), {{"x", FloatTensor(Shape{steps, 1, 3}, own)}});
    };
    TensorMap single[2] = {alone(0, 3), alone(1, 1)};
    for (std::size_t entry : {0U, 1U})
      for (std::size_t direction : {0U, 1U})
        for (std::size_t unit : {0U, 1U}) {
          EXPECT_NEAR(both["h"][(direction * 2 + entry) * 2 + unit], single[entry]["h"][direction * 2 + unit], 1e-5F);
          for (std::size_t t = 0; t < 3; ++t) {
            const bool runs = entry == 0 || t == 0;
            const float expected = runs ? single[entry]["y"][(t * 2 + direction) * 2 + unit] : 0.0F;
            EXPECT_NEAR(both["y"][((t * 2 + direction) * 2 + entry) * 2 + unit], expected, 1e-5F) << op << t;
          }
        }
    std::vector<float> turned;
    for (std::size_t entry : {0U, 1U})
      for (std::size_t t = 0; t < 3; ++t)
        turned.insert(turned.end(), x.begin() + static_cast<std::ptrdiff_t>((t * 2 + entry) * 3),
                      x.begin() + static_cast<std::ptrdiff_t>((t * 2 + entry + 1) * 3));
    TensorMap first = run(model_of(3, 2, true, true), {{"x", FloatTensor(Shape{2, 3, 3}, turned)}});
    ASSERT_EQ(first["y"].shape(), (Shape{2, 3, 2, 2}));
    for (std::size_t entry : {0U, 1U})
      for (std::size_t t = 0; t < 3; ++t)
        for (std::size_t k = 0; k < 4; ++k)
          EXPECT_NEAR(first["y"][(entry * 3 + t) * 4 + k], both["y"][((t * 2 + k / 2) * 2 + entry) * 2 + k % 2], 1e-5F);
  }
}

// A model of one LSTM over 3 sequences of at most 4 steps of 2 numbers, 3 hidden; what is named in `computed` is an input instead of a constant.
struct Lstm {
  std::vector<float> w = random_list(2 * 12 * 2, 1), r = random_list(2 * 12 * 3, 2), b = random_list(2 * 24, 3),
                     p = random_list(2 * 9, 4), c = random_list(2 * 9, 5);
  TestModel model{14};
  TensorMap inputs{{"x", FloatTensor(Shape{4, 3, 2}, random_list(24, 6))}};
  onnx::NodeProto* node;

  explicit Lstm(const std::string& computed = "", const std::string& op = "LSTM",
                std::initializer_list<std::string> more = {}) {
    model.input("x", {4, 3, 2}).output("y").output("h").output("c");
    const auto add = [&](const std::string& name, TestModel::List dims, const std::vector<float>& data) {
      if (computed.find(name) == std::string::npos) {
        model.floats(name, dims, data);
      } else {
        model.input(name, dims);
        inputs.emplace(name, FloatTensor(Shape(Dims(dims)), data));
      }
    };
    if (op == "LSTM") {
      add("w", {2, 12, 2}, w);
      add("r", {2, 12, 3}, r);
    }
    add("b", {2, 24}, b);
    add("p", {2, 9}, p);
    add("c0", {2, 3, 3}, c);
    if (computed.find("lengths") == std::string::npos) {
      model.ints("lengths", {4, 1, 3});
    } else {
      model.input("lengths", {3}, onnx::TensorProto::INT64);
      inputs.emplace("lengths", FloatTensor(Shape{3}, {4, 1, 3}));
    }
    node = &model.node(op, {"x", "w", "r", "b", "lengths", "", "c0", "p"}, {"y", "h", "c"});
    for (const std::string& name : more) node->add_input(name);
    set_string(*node, "direction", "bidirectional");
    set_int(*node, "hidden_size", 3);
    if (op != "LSTM") node->set_domain("com.microsoft");
  }
  TensorMap run() { return frontend_onnx::run(model, inputs); }

  // What ONNX says of it, one sequence after the other. Outputs as the node's.
  TensorMap plain(float clip, bool coupled) const {
    TensorMap out{
        {"y", FloatTensor(Shape{4, 2, 3, 3})}, {"h", FloatTensor(Shape{2, 3, 3})}, {"c", FloatTensor(Shape{2, 3, 3})}};
    const auto sigmoid = [](float x) { return 1 / (1 + std::exp(-x)); };
    const auto clipped = [clip](float x) { return clip > 0 ? std::clamp(x, -clip, clip) : x; };
    const std::size_t lengths[] = {4, 1, 3};
    for (std::size_t d = 0; d < 2; ++d)
      for (std::size_t n = 0; n < 3; ++n) {
        float h[3] = {0, 0, 0};
        float cell[3];
        for (std::size_t k = 0; k < 3; ++k) cell[k] = c[(d * 3 + n) * 3 + k];
        for (std::size_t step = 0; step < lengths[n]; ++step) {
          const std::size_t t = d == 1 ? lengths[n] - 1 - step : step;
          float gates[12];
          for (std::size_t g = 0; g < 12; ++g) {
            gates[g] = b[d * 24 + g] + b[d * 24 + 12 + g];
            for (std::size_t i = 0; i < 2; ++i)
              gates[g] += w[(d * 12 + g) * 2 + i] * inputs.at("x")[(t * 3 + n) * 2 + i];
            for (std::size_t i = 0; i < 3; ++i) gates[g] += r[(d * 12 + g) * 3 + i] * h[i];
          }
          for (std::size_t k = 0; k < 3; ++k) {
            const float in = sigmoid(clipped(gates[k] + p[d * 9 + k] * cell[k]));
            const float forget = coupled ? 1 - in : sigmoid(clipped(gates[6 + k] + p[d * 9 + 6 + k] * cell[k]));
            cell[k] = forget * cell[k] + in * std::tanh(clipped(gates[9 + k]));
            h[k] = sigmoid(clipped(gates[3 + k] + p[d * 9 + 3 + k] * cell[k])) * std::tanh(cell[k]);
          }
          for (std::size_t k = 0; k < 3; ++k) out["y"][((t * 2 + d) * 3 + n) * 3 + k] = h[k];
        }
        for (std::size_t k = 0; k < 3; ++k) {
          out["h"][(d * 3 + n) * 3 + k] = h[k];
          out["c"][(d * 3 + n) * 3 + k] = cell[k];
        }
      }
    return out;
  }
};

void expect_same(const TensorMap& got, const TensorMap& expected, const std::string& what) {
  for (const auto& [name, tensor] : expected) {
    ASSERT_EQ(got.at(name).shape(), tensor.shape()) << what;
    for (std::size_t i = 0; i < tensor.data().size(); ++i)
      EXPECT_NEAR(got.at(name)[i], tensor[i], 1e-5F) << what << name << i;
  }
}

TEST(Recurrence, ClipAndCoupledGates) {
  for (const float clip : {0.0F, 0.4F})
    for (const bool coupled : {false, true}) {
      Lstm lstm;
      if (clip > 0) set_float(*lstm.node, "clip", clip);
      if (coupled) set_int(*lstm.node, "input_forget", 1);
      expect_same(lstm.run(), lstm.plain(clip, coupled), coupled ? "coupled " : "apart ");
    }
}

TEST(Recurrence, WhatIsComputedIsAsGoodAsAConstant) {
  const TensorMap expected = Lstm().plain(0, false);
  for (const std::string computed : {"w", "r", "b", "p", "c0", "lengths", "w r b p c0 lengths"})
    expect_same(Lstm(computed).run(), expected, computed + ": ");
}

TEST(Recurrence, QuantizedWeights) {
  // Per direction and per column; the integers are transposed.
  for (const bool each : {false, true}) {
    Lstm lstm("", "DynamicQuantizeLSTM", {"ws", "wz", "rs", "rz"});
    const std::int64_t columns = each ? 12 : 1;
    for (const auto& [name, inner, real] :
         {std::tuple{"w", std::int64_t{2}, &lstm.w}, {"r", std::int64_t{3}, &lstm.r}}) {
      std::vector<float> scales;
      std::vector<std::int64_t> zeros;
      for (std::int64_t i = 0; i < 2 * columns; ++i) {
        scales.push_back(i % 2 == 0 ? 1.0F / 16 : 1.0F / 32);
        zeros.push_back(i % 3);
      }
      std::vector<std::int64_t> integers;
      for (std::int64_t d = 0; d < 2; ++d)
        for (std::int64_t i = 0; i < inner; ++i)
          for (std::int64_t g = 0; g < 12; ++g) {
            const auto at = static_cast<std::size_t>(d * columns + (each ? g : 0));
            const float x = (*real)[static_cast<std::size_t>((d * 12 + g) * inner + i)];
            integers.push_back(static_cast<std::int64_t>(std::lround(x / scales[at])) + zeros[at]);
          }
      const std::string s = std::string(name) + "s";
      const std::string z = std::string(name) + "z";
      lstm.model.integers(name, {2, inner, 12}, integers);
      if (each) {
        lstm.model.floats(s, {2, 12}, scales);
        lstm.model.integers(z, {2, 12}, zeros);
      } else {
        lstm.model.floats(s, {2}, scales);
        lstm.model.integers(z, {2}, zeros);
      }
    }
    expect_same(lstm.run(), lstm.plain(0, false), each ? "per column " : "per direction ");
  }
}

TEST(Recurrence, ActivationsTakeTheirParametersInOrder) {
  const auto output_of = [](const std::vector<std::string>& names, const std::vector<float>& alphas) {
    TestModel model(14);
    model.input("x", {1, 1, 1}).output("y").floats("w", {2, 1, 1}, {1, 1}).floats("r", {2, 1, 1}, {0, 0});
    onnx::NodeProto& node = model.node("RNN", {"x", "w", "r"}, {"y"});
    set_string(node, "direction", "bidirectional");
    set_int(node, "hidden_size", 1);
    auto* list = node.add_attribute();
    list->set_name("activations");
    list->set_type(onnx::AttributeProto::STRINGS);
    for (const std::string& name : names) list->add_strings(name);
    auto* alpha = node.add_attribute();
    alpha->set_name("activation_alpha");
    alpha->set_type(onnx::AttributeProto::FLOATS);
    for (const float x : alphas) alpha->add_floats(x);
    return run(model, {{"x", FloatTensor(Shape{1, 1, 1}, {-0.5F})}})["y"];
  };
  const FloatTensor first = output_of({"Tanh", "LeakyRelu"}, {0.2F});
  EXPECT_NEAR(first[0], std::tanh(-0.5F), 1e-6F);
  EXPECT_NEAR(first[1], -0.1F, 1e-6F);
  const FloatTensor second = output_of({"Elu", "LeakyRelu"}, {2.0F});
  EXPECT_NEAR(second[0], 2 * (std::exp(-0.5F) - 1), 1e-6F);
  EXPECT_NEAR(second[1], -0.005F, 1e-6F);
}

}  // namespace
}  // namespace zkinfer::frontend_onnx
