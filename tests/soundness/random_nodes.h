// SPDX-License-Identifier: Apache-2.0
// One random node of each operator, on values that are there already.
#pragma once

#include <algorithm>
#include <optional>
#include <vector>

#include "qir/ops/rules.h"
#include "soundness/random_graph.h"

namespace zkinfer::differential {

using qir::Node;
using qir::Op;
using qir::TestBuilder;
using Sizes = std::vector<std::int64_t>;

inline constexpr std::int64_t kMostElements = 600;  // of one value: a graph takes well below a millisecond
inline constexpr std::int64_t kMostTableRows = 1 << 12;

class NodeDrawer {
 protected:
  explicit NodeDrawer(std::uint64_t seed) : random_(seed) { b_.graph.name = "random"; }

  const Sizes& dims_of(ValueId id) const { return b_.graph.values[id].shape.dims(); }
  ValueId any() { return random_.one_in(3) ? random_.of(values_) : values_.back(); }

  Sizes small_shape(std::int64_t most_rank, std::int64_t most) {
    Sizes shape(static_cast<std::size_t>(random_.between(1, most_rank)));
    for (std::int64_t& n : shape) n = random_.between(1, most);
    return shape;
  }

  void add_inputs(std::int64_t most_lo) {
    for (std::int64_t i = random_.between(1, 2); i > 0; --i) {
      const std::int64_t lo = random_.between(-most_lo, 4);
      values_.push_back(b_.input(Shape(small_shape(3, 4)), lo, lo + random_.between(0, 8)));
    }
  }

  static void set_range(qir::Value& value, const qir::Interval& range) {
    value.lo = static_cast<std::int64_t>(range.lo);
    value.hi = static_cast<std::int64_t>(range.hi);
  }

  // Appends the node if its operator takes it, with the range that follows; sometimes behind a table.
  bool add(Op op, std::vector<ValueId> inputs, const Sizes& dims, Node node) {
    std::int64_t elements = 1;
    for (const std::int64_t n : dims) {
      if (n < 1 || n > most_elements_) return false;
      elements *= n;
      if (elements > most_elements_) return false;
    }
    node.op = op;
    node.inputs = std::move(inputs);
    node.name = "n" + std::to_string(b_.graph.nodes.size());
    node.output = b_.value(qir::ValueKind::kNode, Shape(dims), 0, 0);
    qir::Ranges ranges;
    for (const qir::Value& value : b_.graph.values) ranges.push_back(qir::range_of(value));
    const auto inferred = qir::rule_of(op).infer(b_.graph, node, ranges);
    qir::Value& output = b_.graph.values[node.output];
    if (!inferred.ok() || !(inferred->shape == output.shape) || !inferred->acc.within(magnitude_)) {
      b_.graph.values.pop_back();
      return false;
    }
    set_range(output, inferred->acc);
    if (op <= Op::kSumPool && random_.one_in(3)) add_table(node, output);
    values_.push_back(node.output);
    b_.graph.nodes.push_back(std::move(node));
    return true;
  }

  // A table around what the accumulator reaches, of any kind, with or without a shift. Those that are formulas may have more
  // rows than fit anywhere.
  void add_table(Node& node, qir::Value& output) {
    std::int64_t shift = random_.between(0, 4);
    if (random_.one_in(8)) shift = random_.between(0, 24);
    const bool wide = random_.one_in(3);
    const std::int64_t most_rows = wide ? std::int64_t{1} << 42 : kMostTableRows;
    const auto reach = [&] {
      const std::int64_t round = shift > 0 ? std::int64_t{1} << (shift - 1) : 0;
      return std::pair((output.lo + round) >> shift, (output.hi + round) >> shift);
    };
    while (shift < 40 && reach().second - reach().first >= most_rows) ++shift;
    const auto [lo, hi] = reach();
    if (hi - lo >= most_rows || lo < -(std::int64_t{1} << 41) || hi > std::int64_t{1} << 41) return;
    qir::Table table;
    table.log_size = static_cast<std::uint8_t>(random_.between(0, wide ? 4 : 1));
    while (table.num_rows() < hi - lo + 1) ++table.log_size;
    if (table.log_size > qir::kMaxTableBits || table.log_size + shift > 61) return;
    table.first = lo - random_.between(0, table.num_rows() - (hi - lo + 1));
    output.lo = lo;
    output.hi = hi;
    const std::int64_t kind = random_.between(0, 3);
    if (kind == 1) {
      draw_clamp(table, lo, hi);
      output.lo = table.clamp_lo;
      output.hi = table.clamp_hi;
    } else if (kind == 2 && table.log_size <= 14) {
      table.kind = qir::TableKind::kExplicit;
      for (std::int64_t i = 0; i < table.num_rows(); ++i)
        table.values.push_back(static_cast<std::int32_t>(random_.between(-20, 20)));
      const auto [least, most] = std::minmax_element(table.values.begin(), table.values.end());
      output.lo = *least;
      output.hi = *most;
    } else if (kind == 3 && draw_pieces(table)) {
      const qir::Interval values = qir::values_of(table);
      if (!values.within(magnitude_)) return;
      output.lo = static_cast<std::int64_t>(values.lo);
      output.hi = static_cast<std::int64_t>(values.hi);
    }
    node.requant = {static_cast<std::uint8_t>(shift), b_.table(std::move(table))};
  }

  // Ends near 0, anywhere in what is reached, or beyond it; now and then one step, or one value.
  void draw_clamp(qir::Table& table, std::int64_t lo, std::int64_t hi) {
    table.kind = qir::TableKind::kClamp;
    const auto end = [&] {
      switch (random_.between(0, 3)) {
        case 0: return random_.between(-10, 5);
        case 1: return random_.between(lo, hi);
        case 2: return random_.one_in(2) ? lo + random_.between(-2, 2) : hi + random_.between(-2, 2);
        default: return random_.between(table.first, table.first + table.num_rows() - 1);
      }
    };
    table.clamp_lo = end();
    const std::int64_t other = random_.one_in(2) ? end() : table.clamp_lo + (1 << random_.between(0, 12));
    table.clamp_hi = std::max(table.clamp_lo, other);
    if (random_.one_in(4)) table.clamp_hi = table.clamp_lo + random_.between(0, 1);
  }

  bool draw_pieces(qir::Table& table) {
    const std::int64_t least = std::max<std::int64_t>(0, table.log_size - 10);
    table.piece_bits = static_cast<std::uint8_t>(random_.between(least, table.log_size));
    if (table.piece_bits > 28) {
      table.piece_bits = 0;
      return false;
    }
    table.kind = qir::TableKind::kPieces;
    table.slope_shift = static_cast<std::uint8_t>(random_.between(0, random_.one_in(2) ? 20 : 4));
    const std::int64_t steepest = std::int64_t{1} << random_.between(0, random_.one_in(4) ? 30 : 8);
    for (std::int64_t t = 0; t < table.num_pieces(); ++t) {
      table.values.push_back(static_cast<std::int32_t>(random_.between(-40, 40)));
      table.slopes.push_back(static_cast<std::int32_t>(random_.between(-steepest, steepest)));
    }
    return true;
  }

  // n as a product of one to four factors, in any order.
  Sizes factors_of(std::int64_t n) {
    Sizes out;
    for (std::int64_t left = random_.between(0, 3); left > 0; --left) {
      Sizes divisors;
      for (std::int64_t q = 1; q <= n; ++q) {
        if (n % q == 0) divisors.push_back(q);
      }
      out.push_back(random_.of(divisors));
      n /= out.back();
    }
    out.push_back(n);
    random_.shuffle(out);
    return out;
  }

  std::int64_t coefficient() {
    if (magnitude_ <= std::int64_t{1} << 30 || random_.one_in(2)) return random_.between(-2, 2);
    const std::int64_t most = std::int64_t{1} << random_.between(0, 40);
    return random_.between(-most, most);
  }

  std::int64_t constant() {
    if (magnitude_ <= std::int64_t{1} << 30 || random_.one_in(2)) return random_.between(-3, 3);
    const std::int64_t most = (std::int64_t{1} << random_.between(0, 62)) - 1;
    return random_.between(-most, most);
  }

  // The numpy broadcast of two shapes, or nothing.
  static std::optional<Sizes> broadcast(const Sizes& a, const Sizes& b) {
    Sizes out(std::max(a.size(), b.size()), 1);
    for (std::size_t i = 0; i < out.size(); ++i) {
      const std::int64_t x = i < out.size() - a.size() ? 1 : a[i - (out.size() - a.size())];
      const std::int64_t y = i < out.size() - b.size() ? 1 : b[i - (out.size() - b.size())];
      if (x != y && x != 1 && y != 1) return std::nullopt;
      out[i] = std::max(x, y);
    }
    return out;
  }

  void draw_reshape(ValueId x) { add(Op::kReshape, {x}, factors_of(b_.graph.values[x].shape.num_elements()), {}); }

  void draw_transpose(ValueId x) {
    Node node;
    Sizes dims;
    for (std::size_t i = 0; i < dims_of(x).size(); ++i) node.perm.push_back(static_cast<std::int64_t>(i));
    random_.shuffle(node.perm);
    for (const std::int64_t from : node.perm) dims.push_back(dims_of(x)[static_cast<std::size_t>(from)]);
    add(Op::kTranspose, {x}, dims, node);
  }

  void draw_slice(ValueId x) {
    Node node;
    Sizes dims;
    for (const std::int64_t n : dims_of(x)) {
      const bool whole = random_.one_in(2);
      node.starts.push_back(whole ? 0 : random_.between(0, n - 1));
      node.steps.push_back(whole ? 1 : random_.between(1, 3));
      const std::int64_t most = (n - 1 - node.starts.back()) / node.steps.back() + 1;
      dims.push_back(random_.one_in(2) ? most : random_.between(1, most));
    }
    add(Op::kSlice, {x}, dims, node);
  }

  void draw_pad(ValueId x, std::int64_t least) {
    Node node;
    Sizes dims = dims_of(x);
    for (std::int64_t& n : dims) {
      node.pads_begin.push_back(random_.one_in(3 - least) ? random_.between(0, 3) : 0);
      n += node.pads_begin.back() + (random_.one_in(3 - least) ? random_.between(0, 6) : 0);
    }
    add(Op::kPad, {x}, dims, node);
  }

  void draw_concat(ValueId x) {
    Sizes dims = dims_of(x);
    if (dims.empty()) return;
    const std::int64_t last = static_cast<std::int64_t>(dims.size()) - 1;
    const auto axis = static_cast<std::size_t>(random_.between(0, last));
    std::vector<ValueId> inputs = {x};
    for (std::int64_t tries = 6; tries > 0 && inputs.size() < 3; --tries) {
      const ValueId other = random_.of(values_);
      Sizes theirs = dims_of(other);
      if (theirs.size() != dims.size()) continue;
      const std::int64_t length = theirs[axis];
      theirs[axis] = dims_of(x)[axis];
      if (theirs != dims_of(x)) continue;
      inputs.push_back(other);
      dims[axis] += length;
    }
    random_.shuffle(inputs);
    Node node;
    node.axes = {static_cast<std::int64_t>(axis)};
    add(Op::kConcat, inputs, dims, node);
  }

  void draw_arithmetic(ValueId x) {
    Node node;
    if (random_.one_in(4)) {
      const ValueId p = b_.param(Shape(random_.one_in(2) ? Sizes{1} : dims_of(x)), -3, 3);
      values_.push_back(p);
    }
    const ValueId y = random_.of(values_);
    const auto dims = broadcast(dims_of(x), dims_of(y));
    node.coefs = {coefficient()};
    if (!dims) {
      node.constant = constant();
      add(Op::kLinear, {x}, dims_of(x), node);
    } else if (random_.one_in(2)) {
      node.coefs.push_back(coefficient());
      node.constant = constant();
      add(Op::kLinear, {x, y}, *dims, node);
    } else {
      add(Op::kMul, {x, y}, *dims, node);
    }
  }

  void draw_select(ValueId x) {
    const ValueId y = random_.of(values_);
    const auto dims = broadcast(dims_of(x), dims_of(y));
    if (!dims) return;
    Sizes condition = *dims;
    for (std::int64_t& n : condition) n = random_.one_in(3) ? 1 : n;
    const ValueId c = random_.one_in(3) ? b_.param(Shape(condition), 0, 1) : b_.input(Shape(condition), 0, 1);
    add(Op::kSelect, {c, x, y}, *dims, {});
  }

  // By another value moved into the positive numbers; or the root of x moved out of the negative ones.
  void draw_quotient(ValueId x) {
    const auto moved = [&](ValueId id, std::int64_t least) {
      Node node;
      node.coefs = {random_.one_in(3) ? -1 : 1};
      const qir::Value& value = b_.graph.values[id];
      node.constant = least - (node.coefs[0] > 0 ? value.lo : -value.hi);
      const Sizes dims = dims_of(id);
      return add(Op::kLinear, {id}, dims, node) && b_.graph.nodes.back().requant.table_index < 0;
    };
    const ValueId y = random_.of(values_);
    const auto dims = broadcast(dims_of(x), dims_of(y));
    Node node;
    if (!dims || random_.one_in(3)) {
      node.coefs = {random_.between(1, 3)};
      node.constant = random_.between(0, 9);
      if (moved(x, random_.between(0, 5))) add(Op::kSquareRoot, {values_.back()}, dims_of(values_.back()), node);
      return;
    }
    node.coefs = {coefficient(), random_.between(0, 1)};
    if (moved(y, random_.between(1, 5))) add(Op::kDivide, {x, values_.back()}, *dims, node);
  }

  void draw_window(ValueId x) {
    if (dims_of(x).size() < 3) {
      Sizes dims = dims_of(x);
      while (dims.size() < 3) dims.insert(dims.begin(), 1);
      if (!add(Op::kReshape, {x}, dims, {})) return;
      x = values_.back();
    }
    const Sizes in = dims_of(x);
    Node node;
    Sizes dims = {in[0], in[1]};
    for (std::size_t i = 2; i < in.size(); ++i) {
      node.kernel.push_back(random_.between(1, 3));
      node.strides.push_back(random_.between(1, 2));
      node.dilations.push_back(random_.between(1, 2));
      node.pads_begin.push_back(random_.one_in(2) ? random_.between(0, 2) : 0);
      const std::int64_t end = random_.one_in(2) ? random_.between(0, 2) : 0;
      const std::int64_t room =
          in[i] + node.pads_begin.back() + end - (node.kernel.back() - 1) * node.dilations.back() - 1;
      if (room < 0) return;
      dims.push_back(room / node.strides.back() + 1);
    }
    switch (random_.between(0, 2)) {
      case 0: add(Op::kMaxPool, {x}, dims, node); return;
      case 1:
        node.coefs = {coefficient()};
        add(Op::kSumPool, {x}, dims, node);
        return;
      default: break;
    }
    for (const std::int64_t groups : {2, 3}) {
      if (in[1] % groups == 0 && random_.one_in(2)) node.groups = groups;
    }
    dims[1] = node.groups * random_.between(1, 2);
    Sizes weights = {dims[1], in[1] / node.groups};
    weights.insert(weights.end(), node.kernel.begin(), node.kernel.end());
    std::vector<ValueId> inputs = {x, b_.param(Shape(weights), -3, 3)};
    if (random_.one_in(2)) inputs.push_back(b_.param({dims[1]}, -3, 3));
    add(Op::kConv, inputs, dims, node);
  }

  void draw_matmul(ValueId x) {
    const Sizes a = dims_of(x);
    if (a.size() < 2) return;
    for (const ValueId y : values_) {
      const Sizes b = dims_of(y);
      if (b.size() < 2 || b[b.size() - 2] != a.back() || random_.one_in(2)) continue;
      auto dims = broadcast(Sizes(a.begin(), a.end() - 2), Sizes(b.begin(), b.end() - 2));
      if (!dims) continue;
      dims->push_back(a[a.size() - 2]);
      dims->push_back(b.back());
      std::vector<ValueId> inputs = {x, y};
      if (random_.one_in(2)) inputs.push_back(b_.param({b.back()}, -3, 3));
      add(Op::kMatMul, inputs, *dims, {});
      return;
    }
    Sizes dims = a;
    dims.back() = random_.between(1, 4);
    const ValueId weights = b_.param({a.back(), dims.back()}, -3, 3);
    if (random_.one_in(3) && a.size() == 2) {
      // The constant operand on the left.
      const ValueId left = b_.param({dims.back(), a[0]}, -3, 3);
      add(Op::kMatMul, {left, x}, {dims.back(), a[1]}, {});
      return;
    }
    add(Op::kMatMul, {x, weights}, dims, {});
  }

  void draw_reduction(ValueId x, Op op) {
    const Sizes in = dims_of(x);
    if (in.empty()) return;
    Node node;
    const bool keep = random_.one_in(2);
    const std::int64_t only = random_.between(0, static_cast<std::int64_t>(in.size()) - 1);
    Sizes dims;
    for (std::size_t i = 0; i < in.size(); ++i) {
      const bool reduced = op == Op::kArgMax ? static_cast<std::int64_t>(i) == only : random_.one_in(2);
      if (reduced) node.axes.push_back(static_cast<std::int64_t>(i));
      if (!reduced) dims.push_back(in[i]);
      if (reduced && keep) dims.push_back(1);
    }
    if (op == Op::kReduceSum) node.coefs = {coefficient()};
    add(op, {x}, dims, node);
  }

  // Indices in [0, n): an input, a parameter, or what the graph computes under a clamp.
  std::optional<ValueId> draw_indices(const Sizes& dims, std::int64_t n) {
    switch (random_.between(0, 3)) {
      case 0: return b_.param(Shape(dims), 0, n - 1);
      case 1: return b_.input(Shape(dims), random_.between(0, n - 1), n - 1);
      default: break;
    }
    for (const ValueId id : values_) {
      if (dims_of(id) != dims || random_.one_in(3)) continue;
      const qir::Value& value = b_.graph.values[id];
      if (value.lo >= 0 && value.hi < n) return id;
      if (value.lo < -(kMostTableRows / 2) || value.hi >= kMostTableRows / 2) continue;
      Node node;
      node.coefs = {1};
      node.op = Op::kLinear;
      node.inputs = {id};
      node.name = "n" + std::to_string(b_.graph.nodes.size());
      node.requant = {0, b_.clamp_table(-(kMostTableRows / 2), 12, 0, n - 1)};
      node.output = b_.value(qir::ValueKind::kNode, Shape(dims), 0, n - 1);
      values_.push_back(node.output);
      b_.graph.nodes.push_back(std::move(node));
      return values_.back();
    }
    return std::nullopt;
  }

  void draw_gather(ValueId x) {
    Sizes in = dims_of(x);
    if (in.empty()) return;
    Node node;
    const auto axis = static_cast<std::size_t>(random_.between(0, static_cast<std::int64_t>(in.size()) - 1));
    node.axes = {static_cast<std::int64_t>(axis)};
    const bool along = random_.one_in(2);
    if (along) node.coefs = {1};
    Sizes indices = along ? in : small_shape(2, 4);
    if (along && random_.one_in(2)) indices[axis] = random_.between(1, 5);
    // The shape of something that is there, now and then.
    if (!along && random_.one_in(3)) indices = dims_of(random_.of(values_));
    if (!along && random_.one_in(6)) indices.clear();
    Sizes dims = indices;
    if (!along) {
      dims.assign(in.begin(), in.begin() + static_cast<std::ptrdiff_t>(axis));
      dims.insert(dims.end(), indices.begin(), indices.end());
      dims.insert(dims.end(), in.begin() + static_cast<std::ptrdiff_t>(axis) + 1, in.end());
    }
    if (const auto chosen = draw_indices(indices, in[axis])) add(Op::kGather, {x, *chosen}, dims, node);
  }

  void draw_sort(ValueId x) {
    if (dims_of(x).empty()) return;
    Node node;
    node.axes = {random_.between(0, static_cast<std::int64_t>(dims_of(x).size()) - 1)};
    node.coefs = {random_.one_in(2) ? 1 : -1};
    Sizes dims = dims_of(x);
    if (!add(Op::kSort, {x}, dims, node) || random_.one_in(2)) return;
    // The first k of it.
    const auto axis = static_cast<std::size_t>(node.axes[0]);
    Node slice;
    slice.starts.assign(dims.size(), 0);
    slice.steps.assign(dims.size(), 1);
    dims[axis] = random_.between(1, dims[axis]);
    if (!add(Op::kSlice, {values_.back()}, dims, slice)) return;
    node.coefs = {1};
    add(Op::kGather, {x, values_.back()}, dims, node);
  }

  void draw_softmax(ValueId x) {
    if (dims_of(x).empty()) return;
    Node node;
    qir::Table table{qir::TableKind::kExplicit, 0, 0, 0, 0, {}};
    // Often shorter than the input is wide.
    table.log_size = static_cast<std::uint8_t>(random_.between(1, 8));
    table.first = 1 - table.num_rows();
    const std::int64_t flat = random_.between(1, table.num_rows() - 1);
    for (std::int64_t i = 0; i < table.num_rows(); ++i)
      table.values.push_back(static_cast<std::int32_t>(1 + std::max<std::int64_t>(0, i - flat)));
    table.values.back() += 1;
    node.axes = {random_.between(0, static_cast<std::int64_t>(dims_of(x).size()) - 1)};
    if (random_.one_in(3)) node.coefs = {1};
    const std::int64_t shift = node.coefs.empty() ? random_.between(0, 6) : 0;
    node.requant = {static_cast<std::uint8_t>(shift), b_.table(std::move(table))};
    const Sizes dims = dims_of(x);
    if (!add(Op::kSoftmax, {x}, dims, node)) b_.graph.tables.pop_back();
  }

  Random random_;
  TestBuilder b_;
  std::vector<ValueId> values_;  // that later nodes may read
  std::int64_t magnitude_ = std::int64_t{1} << 30;
  std::int64_t most_elements_ = kMostElements;
};

}  // namespace zkinfer::differential
