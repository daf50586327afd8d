// SPDX-License-Identifier: Apache-2.0
// Every op on random shapes against loops that index each element on its own.
#include <algorithm>
#include <cmath>
#include <map>
#include <random>

#include <gtest/gtest.h>

#include "exec/integer/executor.h"
#include "qir/ops/rules.h"
#include "qir/test_graphs.h"

namespace zkinfer::exec_integer {
namespace {

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

Index unflatten(std::int64_t flat, const Shape& shape) {
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

TEST_F(Naive, Conv) {
  for (int round = 0; round < 60; ++round) {
    reset();
    const std::int64_t groups = draw(1, 3);
    const std::int64_t in_group = draw(1, 4);
    Dims x_dims = {draw(1, 2), groups * in_group};
    const std::int64_t num_spatial = draw(1, 3);
    for (std::int64_t i = 0; i < num_spatial; ++i) x_dims.push_back(draw(3, 7));
    const Shape x_shape(x_dims);
    Dims out_dims = {x_dims[0], groups * draw(1, 6)};
    Node node = random_window(x_shape, &out_dims);
    node.groups = groups;
    Dims w_dims = {out_dims[1], in_group};
    w_dims.insert(w_dims.end(), node.kernel.begin(), node.kernel.end());
    // One bound for each width of the dot product.
    const std::int64_t bound = round % 3 == 0 ? 127 : round % 3 == 1 ? 40000 : 4000000000;
    const ValueId x = add(false, x_shape, -bound, bound);
    const ValueId w = add(true, Shape(w_dims), -bound % 1000003, bound % 1000003);
    const ValueId bias = add(true, Shape{out_dims[1]}, -5, 5);
    check(Op::kConv, {x, w, bias}, Shape(out_dims), node, [&](const Index& out) {
      std::int64_t sum = of(bias).data[static_cast<std::size_t>(out[1])];
      const std::int64_t group = out[1] / (out_dims[1] / groups);
      for (std::int64_t c = 0; c < in_group; ++c) {
        for_window(node, out, [&](const Index& in, const Index& cell) {
          Index x_index = {out[0], group * in_group + c};
          x_index.insert(x_index.end(), in.begin(), in.end());
          Index w_index = {out[1], c};
          w_index.insert(w_index.end(), cell.begin(), cell.end());
          if (of(x).has(x_index)) sum += of(x).at(x_index) * of(w).at(w_index);
        });
      }
      return sum;
    });
  }
}

TEST_F(Naive, MatMul) {
  for (int round = 0; round < 120; ++round) {
    reset();
    const std::int64_t rows = draw(1, 20);
    const std::int64_t depth = draw(1, 200);
    const std::int64_t cols = draw(1, 40);
    const std::int64_t batch = draw(1, 3);
    const bool shared = round % 2 == 0;
    // Of 16 bits, of two parts of 16 bits, of 32 and of more.
    const std::int64_t bounds[] = {255, 30000, 70000, 4000000, 200000000, 4000000000};
    const std::int64_t bound = bounds[round % 6];
    const std::int64_t b_bound = round % 4 == 0 ? 1500 : round % 4 == 3 ? 32767 : bound % 1000003;
    const ValueId a = add(false, round % 5 == 0 ? Shape{rows, depth} : Shape{2, batch, rows, depth}, -bound, bound / 2);
    const ValueId b =
        add(true, shared ? Shape{depth, cols} : Shape{round % 4 == 1 ? 1 : batch, depth, cols}, -b_bound, b_bound);
    const ValueId bias = add(true, Shape{cols}, -100, 100);
    const std::size_t out_rank = std::max(of(a).shape.rank(), of(b).shape.rank());
    Dims out = {2, batch, rows, cols};
    if (of(a).shape.rank() == 2) out = shared ? Dims{rows, cols} : Dims{of(b).shape[0], rows, cols};
    ASSERT_EQ(out.size(), out_rank);
    check(Op::kMatMul, {a, b, bias}, Shape(out), {}, [&](const Index& index) {
      std::int64_t sum = of(bias).data[static_cast<std::size_t>(index.back())];
      for (std::int64_t k = 0; k < depth; ++k) {
        Index left = index;
        left.back() = k;
        Index right = index;
        right[right.size() - 2] = k;
        sum += of(a).broadcast_at(left) * of(b).broadcast_at(right);
      }
      return sum;
    });
  }
}

// More columns than are transposed at a time.
TEST_F(Naive, LargeMatMul) {
  const std::int64_t rows = 8, depth = 9000, cols = 500;
  for (const std::int64_t bound : {1000, 100000, 2000000000}) {
    reset();
    const ValueId a = add(false, Shape{rows, depth}, -bound, bound);
    const ValueId b = add(true, Shape{depth, cols}, -1000, 1000);
    check(Op::kMatMul, {a, b}, Shape{rows, cols}, {}, [&](const Index& index) {
      std::int64_t sum = 0;
      for (std::int64_t k = 0; k < depth; ++k)
        sum += of(a).data[static_cast<std::size_t>(index[0] * depth + k)] *
               of(b).data[static_cast<std::size_t>(k * cols + index[1])];
      return sum;
    });
  }
}

TEST_F(Naive, MulAndLinear) {
  for (int round = 0; round < 30; ++round) {
    reset();
    const std::int64_t p = draw(1, 4);
    const std::int64_t q = draw(1, 5);
    const ValueId a = add(false, Shape{p, 1, q}, -100, 100);
    const ValueId b = add(true, round % 2 == 0 ? Shape{3, q} : Shape{}, -100, 100);
    const Shape out = round % 2 == 0 ? Shape{p, 3, q} : Shape{p, 1, q};
    Node node;
    node.coefs = {draw(-5, 5)};
    check(Op::kMul, {a, b}, out, node,
          [&](const Index& i) { return node.coefs[0] * of(a).broadcast_at(i) * of(b).broadcast_at(i); });
    reset();
    const ValueId c = add(false, Shape{p, 3, q}, -100, 100);
    const ValueId d = add(true, Shape{3, 1}, -100, 100);
    node.coefs = {draw(-5, 5), draw(-5, 5), 7};
    node.constant = draw(-9, 9);
    check(Op::kLinear, {c, d, c}, Shape{p, 3, q}, node, [&](const Index& i) {
      return node.constant + (node.coefs[0] + 7) * of(c).at(i) + node.coefs[1] * of(d).broadcast_at(i);
    });
  }
}

TEST_F(Naive, Select) {
  for (int round = 0; round < 20; ++round) {
    reset();
    const std::int64_t p = draw(1, 4);
    const std::int64_t q = draw(1, 5);
    const ValueId c = add(round % 3 == 0, round % 2 == 0 ? Shape{p, 1} : Shape{3, 1, q}, 0, 1);
    const ValueId a = add(false, Shape{p, q}, -100, 100);
    const ValueId b = add(true, round % 5 == 0 ? Shape{} : Shape{q}, -100, 100);
    check(Op::kSelect, {c, a, b}, round % 2 == 0 ? Shape{p, q} : Shape{3, p, q}, {},
          [&](const Index& i) { return of(c).broadcast_at(i) == 1 ? of(a).broadcast_at(i) : of(b).broadcast_at(i); });
  }
}

// By the definition: 2 b y <= 2 c a + h b < 2 b (y + 1), in 128 bits.
TEST_F(Naive, Divide) {
  for (int round = 0; round < 60; ++round) {
    reset();
    const std::int64_t p = draw(1, 4);
    const std::int64_t q = draw(1, 5);
    const bool wide = round % 3 == 0;
    const std::int64_t most = wide ? std::int64_t{1} << 48 : 100;
    const ValueId a = add(false, Shape{p, 1, q}, -most, round % 4 == 0 ? -1 : most);
    const ValueId b = add(round % 5 == 1, Shape{3, q}, 1, wide && round % 5 != 1 ? std::int64_t{1} << 40 : 7);
    Node node;
    node.coefs = {draw(-5, 5), draw(0, 1)};
    check(Op::kDivide, {a, b}, Shape{p, 3, q}, node, [&](const Index& i) {
      const qir::Wide by = 2 * qir::Wide{of(b).broadcast_at(i)};
      const qir::Wide x = 2 * qir::Wide{node.coefs[0]} * of(a).broadcast_at(i) + node.coefs[1] * (by / 2);
      // From the float quotient to the only integer that fits.
      auto y = static_cast<std::int64_t>(static_cast<long double>(x) / static_cast<long double>(by));
      while (by * y > x) --y;
      while (by * (y + 1) <= x) ++y;
      return y;
    });
  }
}

TEST_F(Naive, SquareRoot) {
  for (int round = 0; round < 40; ++round) {
    reset();
    const std::int64_t most = round % 2 == 0 ? 300 : std::int64_t{1} << 40;
    const ValueId x = add(round % 4 == 0, Shape{2, draw(1, 9)}, -most, most);
    Node node;
    node.coefs = {draw(-(1 << 20), 1 << 20)};
    node.constant = std::abs(node.coefs[0]) * most + draw(0, 2);
    if (round % 7 == 0) node.coefs[0] = 0, node.constant = (std::int64_t{1} << 62) - 1 - draw(0, 1);
    check(Op::kSquareRoot, {x}, of(x).shape, node, [&](const Index& i) {
      const std::int64_t z = node.coefs[0] * of(x).at(i) + node.constant;
      auto y = static_cast<std::int64_t>(std::sqrt(static_cast<double>(z)));
      while (y * y > z) --y;
      while ((y + 1) * (y + 1) <= z) ++y;
      return y;
    });
  }
}

// y = T[floor((acc + 2^(s-1)) / 2^s)] for tables that are formulas, by divisions of 128-bit integers.
TEST_F(Naive, WideTables) {
  __extension__ using Wide = __int128;
  const auto floor_divided = [](Wide x, int bits) {
    const Wide unit = Wide{1} << bits;
    return x >= 0 ? x / unit : -((-x + unit - 1) / unit);
  };
  for (int round = 0; round < 120; ++round) {
    reset();
    const int shift = static_cast<int>(draw(0, 14));
    qir::Table table;
    table.kind = static_cast<qir::TableKind>(round % 3 == 2 ? 3 : round % 3);
    table.log_size = static_cast<std::uint8_t>(draw(4, 44));
    if (table.kind == qir::TableKind::kPieces) {
      table.piece_bits = static_cast<std::uint8_t>(draw(std::max(0, table.log_size - 20), 26));
      table.log_size = std::max(table.log_size, table.piece_bits);
      table.slope_shift = static_cast<std::uint8_t>(draw(0, 20));
      for (std::int64_t t = 0; t < table.num_pieces() && t < 1 << 20; ++t) {
        table.values.push_back(static_cast<std::int32_t>(draw(-1000, 1000)));
        table.slopes.push_back(static_cast<std::int32_t>(draw(-100000, 100000)));
      }
    }
    table.first = -(std::int64_t{1} << (table.log_size - 1));
    const std::int64_t last = table.first + table.num_rows() - 1;
    if (table.kind == qir::TableKind::kClamp) {
      table.clamp_lo = draw(table.first, last);
      table.clamp_hi = draw(table.clamp_lo, last);
    }
    const std::int64_t half = shift > 0 ? std::int64_t{1} << (shift - 1) : 0;
    const ValueId x = add(false, {40}, table.first * (std::int64_t{1} << shift), last * (std::int64_t{1} << shift));
    Node node;
    node.coefs = {1};
    node.requant = {static_cast<std::uint8_t>(shift), b_.table(table)};
    check(Op::kLinear, {x}, {40}, node, [&](const Index& index) -> std::int64_t {
      const Wide h = floor_divided(Wide{of(x).at(index)} + half, shift);
      if (table.kind == qir::TableKind::kRange) return static_cast<std::int64_t>(h);
      if (table.kind == qir::TableKind::kClamp)
        return static_cast<std::int64_t>(h < table.clamp_lo ? table.clamp_lo : h > table.clamp_hi ? table.clamp_hi : h);
      const Wide piece = floor_divided(h - table.first, table.piece_bits);
      const Wide low = h - table.first - (piece << table.piece_bits);
      const auto t = static_cast<std::size_t>(piece);
      const Wide round_half = table.slope_shift > 0 ? Wide{1} << (table.slope_shift - 1) : 0;
      return static_cast<std::int64_t>(table.values[t] +
                                       floor_divided(table.slopes[t] * low + round_half, table.slope_shift));
    });
  }
}

TEST_F(Naive, Reductions) {
  for (int round = 0; round < 32; ++round) {
    reset();
    const Shape in{draw(1, 4), draw(1, 4), draw(1, 4)};
    const ValueId x = add(false, in, -20, 20);
    Node node;
    for (std::int64_t axis = 0; axis < 3; ++axis) {
      if ((round >> axis) % 2 == 1) node.axes.push_back(axis);
    }
    if (node.axes.empty()) node.axes = {1};
    const bool keep = round >= 16;
    Dims out;
    for (std::int64_t axis = 0; axis < 3; ++axis) {
      const bool reduced = std::count(node.axes.begin(), node.axes.end(), axis) > 0;
      if (!reduced)
        out.push_back(in[static_cast<std::size_t>(axis)]);
      else if (keep)
        out.push_back(1);
    }
    // Visits the input elements that go to output `index`.
    const auto for_terms = [&](const Index& index, auto visit) {
      for (std::int64_t flat = 0; flat < in.num_elements(); ++flat) {
        const Index from = unflatten(flat, in);
        Index to;
        for (std::int64_t axis = 0; axis < 3; ++axis) {
          const bool reduced = std::count(node.axes.begin(), node.axes.end(), axis) > 0;
          if (!reduced)
            to.push_back(from[static_cast<std::size_t>(axis)]);
          else if (keep)
            to.push_back(0);
        }
        if (to == index) visit(of(x).at(from), from);
      }
    };
    const Node axes_only = node;
    node.coefs = {draw(-3, 3)};
    check(Op::kReduceSum, {x}, Shape(out), node, [&](const Index& index) {
      std::int64_t sum = 0;
      for_terms(index, [&](std::int64_t v, const Index&) { sum += v; });
      return node.coefs[0] * sum;
    });
    const auto again = [&] {
      b_.graph.nodes.clear();
      b_.graph.values.resize(1);
    };
    again();
    check(Op::kReduceMax, {x}, Shape(out), axes_only, [&](const Index& index) {
      std::int64_t most = -1000;
      for_terms(index, [&](std::int64_t v, const Index&) { most = std::max(most, v); });
      return most;
    });
    if (node.axes.size() != 1) continue;
    again();
    check(Op::kArgMax, {x}, Shape(out), axes_only, [&](const Index& index) {
      std::int64_t most = -1000;
      std::int64_t best = -1;
      for_terms(index, [&](std::int64_t v, const Index& from) {
        if (v > most) most = v, best = from[static_cast<std::size_t>(axes_only.axes[0])];
      });
      return best;
    });
  }
}

TEST_F(Naive, Pools) {
  for (int round = 0; round < 60; ++round) {
    reset();
    Dims in = {draw(1, 2), draw(1, 3)};
    const std::int64_t num_spatial = draw(1, 3);
    for (std::int64_t i = 0; i < num_spatial; ++i) in.push_back(draw(5, 8));
    Dims out = {in[0], in[1]};
    Node node = random_window(Shape(in), &out);
    const ValueId x = add(false, Shape(in), -90, round % 2 == 0 ? 90 : -3);
    const auto full = [&](const Index& o, const Index& cell) {
      Index index = {o[0], o[1]};
      index.insert(index.end(), cell.begin(), cell.end());
      return index;
    };
    if (round % 2 == 0) {
      node.coefs = {draw(1, 9)};
      check(Op::kSumPool, {x}, Shape(out), node, [&](const Index& o) {
        std::int64_t sum = 0;
        for_window(node, o, [&](const Index& in_cell, const Index&) {
          if (of(x).has(full(o, in_cell))) sum += of(x).at(full(o, in_cell));
        });
        return node.coefs[0] * sum;
      });
    } else {
      // Keeps every window on a real cell.
      for (std::size_t i = 0; i < node.pads_begin.size(); ++i) {
        if (node.dilations[i] > 1) node.pads_begin[i] = 0;
      }
      check(Op::kMaxPool, {x}, Shape(out), node, [&](const Index& o) {
        std::int64_t most = -1000;
        for_window(node, o, [&](const Index& in_cell, const Index&) {
          if (of(x).has(full(o, in_cell))) most = std::max(most, of(x).at(full(o, in_cell)));
        });
        return most;
      });
    }
  }
}

TEST_F(Naive, Movement) {
  for (int round = 0; round < 20; ++round) {
    reset();
    const Shape in{draw(1, 3), draw(2, 4), draw(3, 6)};
    const ValueId x = add(round % 2 == 0, in, -9, 9);
    const auto again = [&] {
      b_.graph.nodes.clear();
      b_.graph.values.resize(arrays_.size());
    };
    Node transpose;
    transpose.perm = {2, 0, 1};
    check(Op::kTranspose, {x}, Shape{in[2], in[0], in[1]}, transpose, [&](const Index& i) {
      return of(x).at({i[1], i[2], i[0]});
    });
    again();
    check(Op::kReshape, {x}, Shape{in.num_elements()}, {},
          [&](const Index& i) { return of(x).data[static_cast<std::size_t>(i[0])]; });
    again();
    Node slice;
    slice.starts = {0, 1, draw(0, 1)};
    slice.steps = {1, 1, draw(1, 2)};
    const Shape sliced{in[0], in[1] - 1, (in[2] - slice.starts[2] - 1) / slice.steps[2] + 1};
    check(Op::kSlice, {x}, sliced, slice, [&](const Index& i) {
      return of(x).at({i[0], i[1] + 1, i[2] * slice.steps[2] + slice.starts[2]});
    });
    again();
    Node pad;
    pad.pads_begin = {1, 0, 2};
    check(Op::kPad, {x}, Shape{in[0] + 1, in[1] + 3, in[2] + 2}, pad, [&](const Index& i) {
      const Index from = {i[0] - 1, i[1], i[2] - 2};
      return of(x).has(from) ? of(x).at(from) : 0;
    });
    again();
    const ValueId y = add(round % 3 == 0, Shape{in[0], 2, in[2]}, -9, 9);
    Node concat;
    concat.axes = {1};
    check(Op::kConcat, {x, y, x}, Shape{in[0], 2 * in[1] + 2, in[2]}, concat, [&](const Index& i) {
      if (i[1] < in[1]) return of(x).at(i);
      if (i[1] < in[1] + 2) return of(y).at({i[0], i[1] - in[1], i[2]});
      return of(x).at({i[0], i[1] - in[1] - 2, i[2]});
    });
  }
}

TEST_F(Naive, Gather) {
  for (int round = 0; round < 40; ++round) {
    reset();
    const Shape in{draw(1, 3), draw(1, 5), draw(1, 4)};
    const auto axis = static_cast<std::size_t>(round % 3);
    const ValueId x = add(round % 2 == 0, in, -9, 9);
    Node node;
    node.axes = {round % 3};
    if (round % 4 < 2) {
      Dims dims = in.dims();
      dims[axis] = draw(1, 6);
      node.coefs = {1};
      const ValueId indices = add(round % 8 == 0, Shape(dims), 0, in[axis] - 1);
      check(Op::kGather, {x, indices}, Shape(dims), node, [&](const Index& i) {
        Index from = i;
        from[axis] = of(indices).at(i);
        return of(x).at(from);
      });
      continue;
    }
    const std::size_t rank = static_cast<std::size_t>(draw(0, 2));
    const ValueId indices = add(round % 8 == 2, Shape(Dims(rank, draw(1, 3))), 0, in[axis] - 1);
    Dims dims(in.dims().begin(), in.dims().begin() + round % 3);
    dims.insert(dims.end(), of(indices).shape.dims().begin(), of(indices).shape.dims().end());
    dims.insert(dims.end(), in.dims().begin() + round % 3 + 1, in.dims().end());
    check(Op::kGather, {x, indices}, Shape(dims), node, [&](const Index& i) {
      const auto begin = i.begin() + round % 3;
      const auto end = begin + static_cast<std::ptrdiff_t>(rank);
      Index from(i.begin(), begin);
      from.push_back(of(indices).at(Index(begin, end)));
      from.insert(from.end(), end, i.end());
      return of(x).at(from);
    });
  }
}

TEST_F(Naive, Sort) {
  for (int round = 0; round < 30; ++round) {
    reset();
    const Shape shape{draw(1, 3), draw(1, 12), draw(1, 3)};
    const ValueId x = add(round % 2 == 0, shape, -4, 4);
    const auto axis = static_cast<std::size_t>(draw(0, 2));
    Node node;
    node.axes = {static_cast<std::int64_t>(axis)};
    node.coefs = {round % 4 < 2 ? 1 : -1};
    check(Op::kSort, {x}, shape, node, [&](const Index& i) {
      // The index that i[axis] others stand before.
      Index at = i;
      for (std::int64_t j = 0; j < shape[axis]; ++j) {
        std::int64_t before = 0;
        at[axis] = j;
        const std::int64_t value = of(x).at(at) * node.coefs[0];
        for (std::int64_t k = 0; k < shape[axis]; ++k) {
          at[axis] = k;
          const std::int64_t other = of(x).at(at) * node.coefs[0];
          if (other < value || (other == value && k < j)) ++before;
        }
        if (before == i[axis]) return j;
      }
      return std::int64_t{-1};
    });
  }
}

TEST_F(Naive, Softmax) {
  for (int round = 0; round < 10; ++round) {
    reset();
    const Shape shape{3, draw(1, 9), 2};
    const std::int64_t far = round % 2 == 0 ? 30 : std::int64_t{1} << 45;
    const ValueId x = add(false, shape, -far, 33);
    for (std::int64_t& value : arrays_[x].data) value = draw(0, 2) == 0 ? value : draw(-30, 33);
    qir::Table table{qir::TableKind::kExplicit, -63, 6, 0, 0, {}};
    for (int i = 0; i < 64; ++i) table.values.push_back(1 + i * i);
    const auto exponential = [&](std::int64_t d) {
      return table.values[static_cast<std::size_t>(d < -63 ? 0 : d + 63)];
    };
    Node node;
    node.axes = {1};
    node.requant = {10, b_.table(table)};
    check(Op::kSoftmax, {x}, shape, node, [&](const Index& i) {
      std::int64_t most = -far;
      std::int64_t sum = 0;
      for (std::int64_t j = 0; j < shape[1]; ++j) most = std::max(most, of(x).at({i[0], j, i[2]}));
      for (std::int64_t j = 0; j < shape[1]; ++j) sum += exponential(of(x).at({i[0], j, i[2]}) - most);
      // round half up of 2^10 e / s, by search for the y with 2 s y <= 2^11 e + s < 2 s (y + 1)
      const std::int64_t numerator = 2048 * exponential(of(x).at(i) - most) + sum;
      std::int64_t y = 0;
      while (2 * sum * (y + 1) <= numerator) ++y;
      return y;
    });
  }
}

}  // namespace
}  // namespace zkinfer::exec_integer
