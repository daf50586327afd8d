// SPDX-License-Identifier: Apache-2.0
// Random nodes, run, against a formula for each element.
#pragma once

#include <algorithm>
#include <map>
#include <random>

#include <gtest/gtest.h>

#include "exec/integer/executor.h"
#include "qir/test_graphs.h"

namespace zkinfer::exec_integer {

using qir::Node;
using qir::Op;
using qir::TestBuilder;
using qir::ValueId;

using Index = std::vector<std::int64_t>;

// A tensor read by index; out-of-range spatial reads are padding and give `pad`.
struct Array {
  Shape shape;
  std::vector<std::int64_t> data;
  bool has(const Index& index) const {
    for (std::size_t i = 0; i < index.size(); ++i) {
      if (index[i] < 0 || index[i] >= shape[i]) return false;
    }
    return true;
  }
  std::int64_t at(const Index& index) const {
    std::int64_t flat = 0;
    for (std::size_t i = 0; i < index.size(); ++i) flat = flat * shape[i] + index[i];
    return data[static_cast<std::size_t>(flat)];
  }
  // Numpy broadcasting: the trailing axes of `index`, dimension 1 stretched.
  std::int64_t broadcast_at(const Index& index) const {
    Index own(index.end() - static_cast<std::ptrdiff_t>(shape.rank()), index.end());
    for (std::size_t i = 0; i < own.size(); ++i) {
      if (shape[i] == 1) own[i] = 0;
    }
    return at(own);
  }
};

inline Index unflatten(std::int64_t flat, const Shape& shape) {
  Index index(shape.rank());
  for (std::size_t i = shape.rank(); i-- > 0;) {
    index[i] = flat % shape[i];
    flat /= shape[i];
  }
  return index;
}

class Naive : public ::testing::Test {
 protected:
  std::int64_t draw(std::int64_t lo, std::int64_t hi) {
    return lo + static_cast<std::int64_t>(random_() % static_cast<std::uint64_t>(hi - lo + 1));
  }
  ValueId add(bool param, Shape shape, std::int64_t lo, std::int64_t hi) {
    Array array{shape, {}};
    for (std::int64_t i = 0; i < shape.num_elements(); ++i) array.data.push_back(draw(lo, hi));
    const ValueId id = param ? b_.param(shape, lo, hi) : b_.input(shape, lo, hi);
    arrays_[id] = array;
    return id;
  }
  // Runs the one node and compares every output element with expected(index).
  template <class F>
  void check(Op op, std::vector<ValueId> inputs, Shape out, Node node, F expected) {
    const ValueId y = b_.node(op, inputs, out, -(std::int64_t{1} << 61), std::int64_t{1} << 61, node);
    b_.graph.outputs = {y};
    const Status status = qir::validate(b_.graph);
    ASSERT_TRUE(status.ok()) << status.message() << qir::to_text(b_.graph);
    qir::Weights params(b_.graph.values.size());
    Inputs data;
    for (const auto& [id, array] : arrays_) {
      if (b_.graph.values[id].kind == qir::ValueKind::kParam)
        params[id].assign(array.data.begin(), array.data.end());
      else
        data.push_back(array.data);
    }
    const Result<Witness> witness = run(b_.graph, params, data);
    ASSERT_TRUE(witness.ok()) << witness.status().message();
    for (std::int64_t i = 0; i < out.num_elements(); ++i) {
      ASSERT_EQ(witness->values[y][static_cast<std::size_t>(i)], expected(unflatten(i, out)))
          << qir::to_text(b_.graph) << i;
    }
  }
  const Array& of(ValueId id) { return arrays_[id]; }
  void reset() { b_ = {}, arrays_.clear(); }
  Node random_window(const Shape& in, std::vector<std::int64_t>* out) {
    Node node;
    for (std::size_t i = 2; i < in.rank(); ++i) {
      node.kernel.push_back(draw(1, 3));
      node.strides.push_back(draw(1, 3));
      node.dilations.push_back(draw(1, 2));
      node.pads_begin.push_back(draw(0, node.kernel.back() - 1));
      const std::int64_t span = (node.kernel.back() - 1) * node.dilations.back() + 1;
      const std::int64_t room = in[i] + 2 * node.pads_begin.back() - span;
      out->push_back(std::max<std::int64_t>(room, 0) / node.strides.back() + 1);
    }
    return node;
  }
  // Calls visit(cell index in the input, kernel index) for every kernel cell of the window at `out`.
  template <class F>
  static void for_window(const Node& node, const Index& out, F visit) {
    const Shape kernel{Dims(node.kernel)};
    for (std::int64_t k = 0; k < kernel.num_elements(); ++k) {
      const Index cell = unflatten(k, kernel);
      Index in;
      for (std::size_t i = 0; i < cell.size(); ++i) {
        in.push_back(out[i + 2] * node.strides[i] - node.pads_begin[i] + cell[i] * node.dilations[i]);
      }
      visit(in, cell);
    }
  }

  TestBuilder b_;
  std::map<ValueId, Array> arrays_;
  std::mt19937_64 random_{11};
};

}  // namespace zkinfer::exec_integer
