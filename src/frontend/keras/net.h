// SPDX-License-Identifier: Apache-2.0
// Writes a Keras network as an ONNX one: values with the shapes that Keras gives them, whichever way the tensor lies. What
// convolutions give stays channels first until something needs the order of Keras, so that a chain of them moves nothing.
#pragma once

#include <map>
#include <string>
#include <vector>

#include "frontend/json/json.h"
#include "frontend/onnx/model_builder.h"
#include "tensor/tensor.h"

namespace zkinfer::frontend_keras {

using frontend_json::Json;

using frontend_onnx::Attributes;

struct Value {
  std::string name;     // of the ONNX value; empty: unknown, behind a refused layer
  Dims dims;            // as Keras sees it, batch first
  bool first = false;   // the tensor's axis 1 is Keras' last
  bool masked = false;  // Keras gives it a mask that layers of sequences would use
  int type = onnx::TensorProto::FLOAT;

  bool known() const { return !name.empty(); }
  std::int64_t last() const { return dims.empty() ? 1 : dims.back(); }
  std::size_t rank() const { return dims.size(); }
};

// Errors of layers: "reason | remedy".
Status refusal(std::string reason, std::string remedy);

class Net {
 public:
  explicit Net(int keras);
  int keras() const { return keras_; }
  frontend_onnx::ModelBuilder& builder() { return builder_; }

  // One node. The shape is what the caller knows.
  Value node(const std::string& op, const std::vector<std::string>& inputs, const Attributes& attributes, Dims dims,
             bool first = false);
  // Element by element: shape and layout stay.
  Value unary(const std::string& op, const Value& x, const Attributes& attributes = {},
              const std::vector<std::string>& more = {});
  // With broadcasting as NumPy has it.
  Result<Value> binary(const std::string& op, const Value& a, const Value& b);
  Value with_number(const std::string& op, const Value& x, double number);

  // In the order of Keras.
  Value plain(const Value& x);
  // Channels first: of a value in Keras' order with channels last. Rank 3 or more.
  Value channels_first(const Value& x);
  Value transpose(const Value& x, const Dims& perm);  // plain
  Result<Value> reshape(const Value& x, Dims dims);   // plain, the same number of elements
  // Elements [begin, begin + count) of an axis, every step-th; a step of -1 reverses the whole axis.
  Value slice(const Value& x, std::size_t axis, std::int64_t begin, std::int64_t count, std::int64_t step = 1);
  Value concat(const std::vector<Value>& parts, std::size_t axis);  // of plain values of equal rank
  Value reduce(const std::string& op, const Value& x, const Dims& axes, bool keepdims);
  Result<Value> matmul(const Value& a, const Value& b);
  Value cast(const Value& x, int type);
  // Zeros around each axis: {before, after} per axis of Keras' order.
  Value pad(const Value& x, const std::vector<std::pair<std::int64_t, std::int64_t>>& amounts);

  // A trained tensor, written once per key and shape.
  std::string parameter(const std::string& key, const Dims& dims, std::span<const float> data);
  std::string parameter(const std::string& key, const FloatTensor& tensor) {
    return parameter(key, tensor.shape().dims(), tensor.data());
  }
  Value parameter_value(const std::string& key, Dims dims, std::span<const float> data);
  // Numbers along the last axis of x, shaped to meet x as it lies.
  std::string along_last(const std::string& key, const Value& x, std::span<const float> data);
  std::string number(double x) { return builder_.number(static_cast<float>(x)); }
  std::string list(const Dims& list) { return builder_.list(list); }

 private:
  int keras_;
  frontend_onnx::ModelBuilder builder_;
  std::map<std::string, std::string> parameters_;
};

// Axis of Keras' order from 0; an error beyond.
Result<std::size_t> checked_axis(std::int64_t axis, std::size_t rank);
// A tensor with its axes in another order: out[i] has the length of axis perm[i].
FloatTensor permuted(const FloatTensor& tensor, const std::vector<std::size_t>& perm);
std::int64_t product(const Dims& dims, std::size_t begin, std::size_t end);

}  // namespace zkinfer::frontend_keras
