// SPDX-License-Identifier: Apache-2.0
// Contractions and elementwise operators on random shapes against loops that index each element on its own.
#include <algorithm>

#include "exec/integer/test_naive.h"
#include "qir/ops/rules.h"

namespace zkinfer::exec_integer {
namespace {

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

}  // namespace
}  // namespace zkinfer::exec_integer
