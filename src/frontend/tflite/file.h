// SPDX-License-Identifier: Apache-2.0
// A TFLite file as it is: tensors and operators of its first subgraph, every index checked. Views into the file's bytes.
// Source: tensorflow/tflite-micro, schema.fbs, version 3. Numbers of fields, types and operators are facts of the format.
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "frontend/tflite/flatbuffer.h"
#include "tensor/shape.h"

namespace zkinfer::frontend_tflite {

enum class Type : std::int8_t {
  kFloat32 = 0,
  kFloat16 = 1,
  kInt32 = 2,
  kUint8 = 3,
  kInt64 = 4,
  kString = 5,
  kBool = 6,
  kInt16 = 7,
  kComplex64 = 8,
  kInt8 = 9,
  kFloat64 = 10,
  kUint64 = 12,
  kUint32 = 15,
  kUint16 = 16,
  kInt4 = 17,
  kBfloat16 = 18,
};
std::string_view type_name(Type type);
bool is_float(Type type);
bool is_integer(Type type);
// onnx::TensorProto's; nullopt: no numbers.
std::optional<int> onnx_type(Type type);

struct Tensor {
  std::string_view name;
  Type type = Type::kFloat32;
  Dims shape;              // of one inference
  std::vector<bool> open;  // per axis: the length is not fixed
  ByteView data;           // of a constant
  bool constant = false;
  bool is_variable = false;  // a state
  bool is_sparse = false;
  Vector<float> scales;  // empty: the numbers themselves. real = (integer - zero) * scale
  Vector<std::int64_t> zeros;
  std::int32_t scale_axis = 0;
  bool other_scheme = false;  // quantized in a way that scales and zeros do not say

  bool quantized() const { return !scales.empty() && is_integer(type); }
  std::int64_t zero(std::size_t i) const { return i < zeros.size() ? zeros[i] : zeros.size() == 1 ? zeros[0] : 0; }
  std::int64_t num_elements() const;
};

struct Operator {
  int code = 0;
  std::string_view custom;  // name of a custom operator
  Table options;
  std::vector<int> inputs;  // tensors; -1: not there
  std::vector<int> outputs, intermediates;
};

struct File {
  // Views point into it.
  std::unique_ptr<FlatBuffer> buffer;
  std::vector<Tensor> tensors;
  std::vector<Operator> operators;
  std::vector<int> inputs, outputs;
  std::size_t num_subgraphs = 0;
};

// The operators' names in order of their numbers; empty for a number that has none.
std::string_view operator_name(int code);
inline constexpr int kCustom = 32;

// corrupt, resource_limit or unsupported (a version of the format).
Result<File> read_file_tables(ByteView bytes);

}  // namespace zkinfer::frontend_tflite
