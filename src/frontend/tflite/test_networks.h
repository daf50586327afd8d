// SPDX-License-Identifier: Apache-2.0
// Small networks in TFLite files: what tests damage, and what fuzzing begins with.
#pragma once

#include <vector>

#include "frontend/tflite/test_file.h"

namespace zkinfer::frontend_tflite {

namespace networks {

using Options = std::map<int, Flat::Field>;
inline Flat::Field integer(std::int32_t x) { return Flat::number(x); }
inline Flat::Field byte(int x) { return Flat::number(static_cast<std::int8_t>(x)); }

// Integers: convolution, border, pools, sum, shape, product, softmax.
inline TestFile quantized_image() {
  TestFile file;
  const TestFile::Grid grid{0.5F, -3};
  const auto tensor = [&](const char* name, std::vector<std::int32_t> dims) {
    return file.tensor(name, std::move(dims), Type::kInt8, {grid});
  };
  const int x = tensor("x", {-1, 4, 4, 2});
  const int w = file.constant<std::int8_t>("w", {2, 1, 1, 2}, Type::kInt8, {1, 2, 3, 4}, {{0.25F, 0}, {0.5F, 0}});
  const int c = tensor("c", {1, 4, 4, 2});
  file.op("CONV_2D", {x, w}, {c}, {{0, byte(0)}, {1, integer(1)}, {2, integer(1)}, {3, byte(1)}});
  const int pads = file.constant<std::int32_t>("pads", {4, 2}, Type::kInt32, {0, 0, 1, 1, 1, 1, 0, 0});
  const int p = tensor("p", {1, 6, 6, 2});
  file.op("PAD", {c, pads}, {p});
  const Options window{{0, byte(1)}, {1, integer(2)}, {2, integer(2)}, {3, integer(2)}, {4, integer(2)}};
  const int m = tensor("m", {1, 3, 3, 2});
  file.op("MAX_POOL_2D", {p}, {m}, window);
  const int a = tensor("a", {1, 3, 3, 2});
  file.op("AVERAGE_POOL_2D", {p}, {a}, window);
  const int s = tensor("s", {1, 3, 3, 2});
  file.op("ADD", {m, a}, {s});
  const int shape = file.ints("shape", {-1, 18});
  const int r = tensor("r", {1, 18});
  file.op("RESHAPE", {s, shape}, {r});
  const int full =
      file.constant<std::int8_t>("full", {3, 18}, Type::kInt8, std::vector<std::int8_t>(54, 7), {{0.1F, 0}});
  const int f = tensor("f", {1, 3});
  file.op("FULLY_CONNECTED", {r, full, -1}, {f});
  const int y = file.tensor("y", {1, 3}, Type::kInt8, {{1 / 256.F, -128}});
  file.op("SOFTMAX", {f}, {y}, {{0, Flat::number(1.F)}});
  file.ends({x}, {y});
  return file;
}

// y = an LSTM of two units over three steps of x, its parts taken and joined.
inline TestFile recurrent() {
  TestFile file;
  const int x = file.tensor("x", {1, 3, 2});
  std::vector<std::int32_t> inputs(24, -1);
  inputs[0] = x;
  for (std::size_t gate = 0; gate < 4; ++gate) {
    inputs[1 + gate] = file.floats("w" + std::to_string(gate), {2, 2}, {0.5F, 0.25F, -0.5F, 1});
    inputs[5 + gate] = file.floats("r" + std::to_string(gate), {2, 2}, {0.5F, 0.25F, -0.5F, 1});
    inputs[12 + gate] = file.floats("b" + std::to_string(gate), {2}, {1, 0});
  }
  inputs[18] = file.tensor("h", {1, 2});
  inputs[19] = file.tensor("c", {1, 2});
  const int h = file.tensor("hs", {1, 3, 2});
  file.op("UNIDIRECTIONAL_SEQUENCE_LSTM", inputs, {h}, {{0, byte(4)}, {1, Flat::number(10.F)}});
  const int begin = file.ints("begin", {0, -1, 0});
  const int end = file.ints("end", {0, 0, 0});
  const int step = file.ints("step", {1, 1, 1});
  const int last = file.tensor("last", {1, 2});
  file.op("STRIDED_SLICE", {h, begin, end, step}, {last}, {{0, integer(5)}, {1, integer(5)}, {4, integer(2)}});
  const int axis = file.constant<std::int32_t>("axis", {}, Type::kInt32, {1});
  const int a = file.tensor("a", {1, 1});
  const int b = file.tensor("b", {1, 1});
  file.op("SPLIT", {axis, last}, {a, b}, {{0, integer(2)}});
  const int y = file.tensor("y", {1, 2});
  file.op("CONCATENATION", {b, a}, {y}, {{0, integer(1)}});
  file.ends({x}, {y});
  return file;
}

// Floats: depthwise and transposed convolution, resizing, reduction, comparison, choice.
inline TestFile float_image() {
  TestFile file;
  const int x = file.tensor("x", {1, 3, 3, 1});
  const int w = file.floats("w", {1, 2, 2, 2}, {1, 2, 3, 4, 5, 6, 7, 8});
  const int d = file.tensor("d", {1, 2, 2, 2});
  file.op("DEPTHWISE_CONV_2D", {x, w}, {d}, {{0, byte(1)}, {1, integer(1)}, {2, integer(1)}, {3, integer(2)}});
  const int size = file.ints("size", {1, 4, 4, 1});
  const int v = file.floats("v", {1, 2, 2, 2}, std::vector<float>(8, 0.5F));
  const int t = file.tensor("t", {1, 4, 4, 1});
  file.op("TRANSPOSE_CONV", {size, v, d}, {t}, {{0, byte(1)}, {1, integer(2)}, {2, integer(2)}});
  const int larger = file.ints("larger", {8, 8});
  const int r = file.tensor("r", {1, 8, 8, 1});
  file.op("RESIZE_BILINEAR", {t, larger}, {r}, {{3, byte(1)}});
  const int axes = file.ints("axes", {1, 2});
  const int m = file.tensor("m", {1, 1});
  file.op("MEAN", {r, axes}, {m});
  const int zero = file.floats("zero", {1, 1}, {0});
  const int positive = file.tensor("positive", {1, 1}, Type::kBool);
  file.op("GREATER", {m, zero}, {positive});
  const int y = file.tensor("y", {1, 1});
  file.op("SELECT_V2", {positive, m, zero}, {y});
  file.ends({x}, {y});
  return file;
}

}  // namespace networks

inline std::vector<Bytes> test_networks() {
  return {networks::quantized_image().bytes(), networks::recurrent().bytes(), networks::float_image().bytes()};
}

}  // namespace zkinfer::frontend_tflite
