// SPDX-License-Identifier: Apache-2.0
// Pools, reductions and movement on random shapes against loops that index each element on its own.
#include <algorithm>
#include <cmath>

#include "exec/integer/test_naive.h"
#include "qir/ops/rules.h"

namespace zkinfer::exec_integer {
namespace {

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
    const bool weights = round >= 5;  // or exponentials alone
    if (!weights) node.coefs = {1}, node.requant.shift = 0;
    check(Op::kSoftmax, {x}, shape, node, [&](const Index& i) {
      std::int64_t most = -far;
      std::int64_t sum = 0;
      for (std::int64_t j = 0; j < shape[1]; ++j) most = std::max(most, of(x).at({i[0], j, i[2]}));
      if (!weights) return std::int64_t{exponential(of(x).at(i) - most)};
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
