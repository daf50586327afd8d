// SPDX-License-Identifier: Apache-2.0
// A read-only view of one operand of a node: a parameter (8 to 32 bits) or a computed value (64 bits).
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <utility>
#include <vector>

#include "base/int_span.h"
#include "exec/integer/executor.h"
#include "qir/qgraph.h"
#include "tensor/odometer.h"

namespace zkinfer::exec_integer {

class Operand {
 public:
  Operand(const qir::Value& value, const IntSpan& params, std::span<const std::int64_t> values)
      : value_(&value), params_(params), values_(values) {}
  const Shape& shape() const { return value_->shape; }
  std::int64_t lo() const { return value_->lo; }
  std::int64_t hi() const { return value_->hi; }
  std::int64_t operator[](std::size_t i) const { return params_.empty() ? values_[i] : params_[i]; }
  // out[i] = operand[begin + i]; T must hold the operand's range.
  template <class T>
  void copy(std::size_t begin, std::span<T> out) const {
    if (!params_.empty()) return params_.copy(begin, out);
    for (std::size_t i = 0; i < out.size(); ++i) out[i] = static_cast<T>(values_[begin + i]);
  }
  // Every element as 64 bits.
  std::vector<std::int64_t> widened() const;

 private:
  const qir::Value* value_;
  IntSpan params_;
  std::span<const std::int64_t> values_;
};

// Sums and products of 64-bit integers modulo 2^64. validate bounds every accumulator by 2^62, so the result is exact, but a
// sum may pass through larger values on the way to it.
inline std::int64_t sum_of(std::int64_t a, std::int64_t b) {
  return static_cast<std::int64_t>(static_cast<std::uint64_t>(a) + static_cast<std::uint64_t>(b));
}
inline std::int64_t product_of(std::int64_t a, std::int64_t b) {
  return static_cast<std::int64_t>(static_cast<std::uint64_t>(a) * static_cast<std::uint64_t>(b));
}

// What one op sees: its node, the values it reads, the array it fills and which elements of it: all of them in one run, or, of ops that
// computes_parts (executor.h) names, any. `acc` is y for nodes without requantization.
struct OpContext {
  const qir::QGraph* graph;
  const qir::Node* node;
  std::vector<Operand> inputs;
  const Shape* out_shape;
  std::span<std::int64_t> out;
  Runs runs;

  bool is_whole() const { return runs.size() == 1 && runs[0].length == out.size(); }
};

// element(i, odometer) of every element that is asked for, with the operands' offsets along out_shape.
template <class Element>
void walk(const OpContext& op, std::vector<Dims> strides, const Element& element) {
  Odometer odometer(*op.out_shape, std::move(strides));
  for (const Run& run : op.runs) {
    odometer.seek(run.begin);
    for (std::size_t i = run.begin; i < run.end(); ++i, odometer.next()) element(i, odometer);
  }
}
template <class Element>
void walk(const OpContext& op, const Element& element) {
  for (const Run& run : op.runs)
    for (std::size_t i = run.begin; i < run.end(); ++i) element(i);
}

void run_conv(const OpContext& op);
void run_matmul(const OpContext& op);
void run_mul(const OpContext& op);
void run_linear(const OpContext& op);
void run_reduce_sum(const OpContext& op);
void run_sum_pool(const OpContext& op);
void run_max_pool(const OpContext& op);
void run_reduce_max(const OpContext& op);
void run_arg_max(const OpContext& op);
void run_softmax(const OpContext& op);
void run_reshape(const OpContext& op);
void run_transpose(const OpContext& op);
void run_slice(const OpContext& op);
void run_pad(const OpContext& op);
void run_concat(const OpContext& op);
void run_select(const OpContext& op);
void run_gather(const OpContext& op);
void run_sort(const OpContext& op);
void run_divide(const OpContext& op);
void run_square_root(const OpContext& op);

}  // namespace zkinfer::exec_integer
