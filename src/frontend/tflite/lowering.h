// SPDX-License-Identifier: Apache-2.0
// What the readers of operators see: one TFLite operator, its tensors as values of the ONNX model that is written, in the form that
// each wants.
//
// Forms. A quantized tensor is its integers or the reals that they stand for; either is made of the other when somebody asks. A
// tensor of four or five axes lies as in the file (channels last) or with channels first, as ONNX's convolutions want it. An operator
// that computes with the numbers takes reals and gives reals, which are rounded to the integers of its output there
// (QuantizeLinear, DequantizeLinear): where TFLite rounds.
#pragma once

#include <array>
#include <span>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "frontend/onnx/model_builder.h"
#include "frontend/tflite/file.h"

namespace zkinfer::frontend_tflite {

using Attributes = frontend_onnx::Attributes;
using Names = frontend_onnx::ModelBuilder::Names;

enum class Layout : std::uint8_t { kLast = 0, kFirst = 1 };  // of channels

class Lowering {
 public:
  Lowering(const File& file, frontend_onnx::ModelBuilder& builder);

  const File& file() const { return file_; }
  frontend_onnx::ModelBuilder& builder() { return builder_; }
  const Tensor& tensor(int t) const { return file_.tensors[static_cast<std::size_t>(t)]; }
  std::size_t rank(int t) const { return tensor(t).shape.size(); }

  // Values. After the first that cannot be had, status() says why and names are of nothing.
  std::string real(int t, Layout layout = Layout::kLast);  // reals of floats and of quantized integers
  std::string raw(int t);                                  // as the file stores it
  // What operators that only move numbers take: reals where there are any.
  std::string any(int t, Layout layout = Layout::kLast) { return is_real(t) ? real(t, layout) : raw(t); }
  bool is_real(int t) const { return is_float(tensor(t).type) || tensor(t).quantized(); }
  // Channels first where it lies so already.
  Layout layout_of(int t) const;
  Status status() const { return status_; }
  void fail(Status status) {
    if (status_.ok()) status_ = std::move(status);
  }
  void reset() { status_ = ok_status(); }

  // Results. Reals are rounded where the tensor is quantized, unless they lie on its grid already.
  void set_real(int t, std::string y, Layout layout = Layout::kLast, bool on_grid = false);
  void set_raw(int t, std::string y);
  void set_any(int t, std::string y, Layout layout, bool on_grid) {
    if (is_real(t))
      set_real(t, std::move(y), layout, on_grid);
    else
      set_raw(t, std::move(y));
  }
  void set_unknown(int t, const std::string& name);
  // Whether two tensors have the same scale and zero, so that moved numbers stay on the grid.
  bool same_grid(int a, int b) const;

  // Constants.
  bool is_constant(int t) const;
  // Integers as stored, of shapes and axes: unsupported when they are computed.
  Result<Dims> integers(int t, std::string_view what);
  // Reals of a constant with its axes permuted, as a parameter of the ONNX model.
  std::string parameter(int t, const Dims& perm);
  // A float constant, computed by the file from another (float16 weights).
  void set_constant(int t, int from);

 private:
  struct Held {
    std::array<std::string, 2> real, integer;  // by layout
    int alias = -1;                            // a constant that this one is
  };
  Held& held(int t) { return held_[static_cast<std::size_t>(t)]; }
  int origin(int t) const;
  std::string relaid(const std::string& x, int t, Layout to);
  std::string quantized(const std::string& x, int t);
  std::string dequantized(const std::string& x, int t);
  Status check_quantization(int t) const;
  Result<std::vector<std::int64_t>> stored_integers(int t) const;
  Result<std::vector<float>> stored_reals(int t) const;
  // Elements of constants made so far, against what a file may hold.
  Status spend(std::int64_t elements);

  const File& file_;
  frontend_onnx::ModelBuilder& builder_;
  std::vector<Held> held_;
  std::unordered_map<std::string, std::string> parameters_;  // by tensor and permutation
  std::int64_t elements_left_ = 0;
  Status status_;
};

class Operation;

// How an operator is read; onnx: the operator of ONNX that it is, where readers are shared.
struct Row {
  std::string_view name;
  Status (*read)(Operation& op);
  std::string_view onnx = {};
};

// One operator. part: what people know it by.
class Operation {
 public:
  Operation(Lowering& lowering, const Operator& op, const Row& row, std::string part)
      : g(lowering), op_(op), row_(row), part_(std::move(part)) {}

  Lowering& g;
  std::string_view name() const { return row_.name; }
  std::string_view onnx() const { return row_.onnx; }
  const std::string& part() const { return part_; }
  const Table& options() const { return op_.options; }
  const Operator& op() const { return op_; }
  std::size_t num_inputs() const { return op_.inputs.size(); }
  std::size_t num_outputs() const { return op_.outputs.size(); }
  bool has_input(std::size_t i) const { return i < op_.inputs.size() && op_.inputs[i] >= 0; }
  int input(std::size_t i) const { return op_.inputs[i]; }
  int output(std::size_t i = 0) const { return op_.outputs[i]; }
  const Tensor& tensor(std::size_t i) const { return g.tensor(op_.inputs[i]); }
  // corrupt unless inputs 0 .. inputs - 1 and as many outputs are there.
  Status require(std::size_t inputs, std::size_t outputs = 1) const;

  std::string real(std::size_t i, Layout layout = Layout::kLast) { return g.real(input(i), layout); }
  std::string raw(std::size_t i) { return g.raw(input(i)); }
  std::string any(std::size_t i) { return g.any(input(i)); }
  std::string node(std::string_view op_type, const Names& inputs, const Attributes& attributes = {}) {
    return g.builder().op(op_type, inputs, attributes);
  }
  std::string number(float x) { return g.builder().number(x); }
  std::string list(const Dims& x) { return g.builder().list(x); }
  // The fused activation at the end; its number is an option.
  Result<std::string> activated(std::string y, int field);
  Status finish(std::string y, Layout layout = Layout::kLast) {
    g.set_real(output(), std::move(y), layout);
    return g.status();
  }

 private:
  const Operator& op_;
  const Row& row_;
  std::string part_;
};

std::span<const Row> contract_rows();
std::span<const Row> elementwise_rows();
std::span<const Row> movement_rows();
std::span<const Row> reduce_rows();
std::span<const Row> resize_rows();
std::span<const Row> recurrent_rows();

// Converters name a tensor after all that went into it: "relu;bias;conv".
inline std::string short_name(std::string_view name) {
  constexpr std::size_t kLongest = 1024;  // many tensors may share one long name in the file
  name = name.substr(0, kLongest);
  return std::string(name.substr(0, name.find(';')));
}

// unsupported where it is open.
Result<std::int64_t> fixed_length(const Tensor& tensor, std::size_t axis);

// axis in [-rank, rank) -> [0, rank).
Result<std::int64_t> resolved_axis(std::int64_t axis, std::size_t rank);

}  // namespace zkinfer::frontend_tflite
