// SPDX-License-Identifier: Apache-2.0
// Rounding:  y = T[h],  h = floor(X / 2^s),  X = acc + round,  round = 2^(s-1) (0 when s = 0).
// X is a sum of parts, all but the last committed; the last is what they leave of X, or, where acc is no expression, is
// committed too and X is the sum. The forms (rounding.cc chooses), each with its reason why y is unique:
//
//   table    X = 2^s h + r, 0 <= r < 2^s; (h, y) in T, or h in T where T is a range: then y = h.
//   limbs    the same for a range T, h - first in [0, |T|) by limbs.
//   pieces   the same, h - first = 2^k t + l, 0 <= l < 2^k; (t, a, b) in the list of pieces; a l = 2^q (y - b) + g - 2^(q-1),
//            0 <= g < 2^q, y in a range around T's values.
// The others are clamps y = min(max(h, lo), hi). An end that no honest h is beyond is left out: h beyond it has no proof.
//   constant lo = hi: y = lo, whatever X is.
//   step     hi = lo + 1:  X - 2^s hi = 2^w t + r, 0 <= r < 2^w; (t, [t >= 0]) in a table: X >= 2^s hi exactly where t >= 0.
//   coarse ends   X = 2^s y + 2^w (x - y - k) + v, w > s; (x, y, k) is a row (x, min(max(x, lo), hi), [x outside]); and
//            v = 2^c v' + r, 0 <= r < 2^c, c <= s, (v', k) in a table: 0 <= v < 2^(w+1) and k = [v >= 2^s]. So one row
//            beyond an end stands for 2^(w-s) values of h. k = 0: x = y in [lo, hi] and 0 <= v < 2^s, so y = h.
//            k = 1, x > hi: X >= 2^s hi + v >= 2^s (hi + 1), so h > hi, and y = hi. k = 1, x < lo:
//            X <= 2^s lo - 2^(w+1) + v < 2^s lo, so h < lo, and y = lo. No X has two y; x and v may be chosen.
//   excess   X = 2^s (y + e) + r, 0 <= r < 2^s; lo <= y <= hi; e in a range, and e (y - end) = 0 with end the one on the
//            side of e's sign: e = 0, y = h in [lo, hi]; or y is the end that h is beyond. Where both ends can be
//            reached, e = 2^c t + r', 0 <= r' < 2^c, (t, g) with g = [t >= 0] in a table, end = lo + (hi - lo) g.
//
// Nothing wraps: |acc| < 2^62, 2^s |h| < 2^62 over T's domain (qir::validate), and the sums of parts stay below 3 * 2^62 < p - 2^62
// as ranges are at most twice what honest runs reach and 2^s |T| <= 2^60 wherever X is cut in other parts than quotient and
// remainder; |a l| < 2^59 and 2^q |y - b| < 2^63. So an equation modulo p is one of integers.
#include <algorithm>

#include "relations/builder.h"

namespace zkinfer::relations {

using circuit::minus;
using circuit::plus;
using circuit::plus_constant;
using circuit::scaled;

namespace {

using Form = circuit::Table::Form;

class Requantization {
 public:
  // acc: the accumulator's expression, if it has one.
  Requantization(Builder& builder, std::uint32_t index, const Tensor& like, const LinExpr* acc)
      : builder_(builder),
        index_(index),
        node_(builder.graph().nodes[index]),
        table_(builder.graph().tables[static_cast<std::size_t>(node_.requant.table_index)]),
        how_(builder.rounding(node_.requant.table_index, node_.requant.shift)),
        shift_(node_.requant.shift),
        unit_(std::int64_t{1} << shift_),
        like_(like),
        known_(acc) {}

  // The tensor of y.
  Tensor build() {
    Tensor y = like_;
    switch (how_.form) {
      case Rounding::Form::kTable: y.expr = from_table(); break;
      case Rounding::Form::kLimbs: y.expr = from_limbs(); break;
      case Rounding::Form::kConstant: y.expr = constant(); break;
      case Rounding::Form::kStep: y.expr = step(); break;
      case Rounding::Form::kCoarseEnds: y.expr = coarse_ends(); break;
      case Rounding::Form::kExcess: y.expr = excess(); break;
      case Rounding::Form::kPieces: y.expr = pieces(); break;
    }
    return y;
  }
  // acc, once it is built.
  const LinExpr& accumulator() const { return acc_; }

 private:
  // A column of f(X).
  LinExpr column(const char* what, Map f) {
    const LinExpr expr = builder_.add_tensor(named(what), like_).expr;
    builder_.recipes().rounded(Builder::column_of(expr), index_, std::move(f));
    return expr;
  }
  LinExpr value_column() { return builder_.add_value(node_, like_).expr; }
  // The last part of X, f(X): X = others + it.
  LinExpr rest(const char* what, const LinExpr& others, Map f) {
    const std::int64_t round = unit_ / 2;
    if (known_ != nullptr) {
      acc_ = *known_;
      return minus(plus_constant(acc_, round), others);
    }
    const LinExpr last = column(what, std::move(f));
    acc_ = plus_constant(plus(others, last), -round);
    return last;
  }
  std::string named(const char* what) const { return node_.name + " " + what; }
  void check_range(const char* what, const LinExpr& expr, int bits) {
    builder_.add_range_check(named(what), like_.atoms, expr, bits);
  }
  void look_up(const char* what, std::uint32_t table, std::vector<LinExpr> tuple) {
    builder_.add_lookup(named(what), like_.atoms, table, std::move(tuple));
  }
  void product(const char* what, LinExpr y, LinExpr a, LinExpr b) {
    builder_.add_pointwise(named(what), like_.atoms, std::move(y), std::move(a), std::move(b));
  }

  LinExpr quotient() {
    if (shift_ == 0) return rest("quotient", {}, [](std::int64_t x) { return x; });
    const LinExpr h = column("quotient", [s = shift_](std::int64_t x) { return x >> s; });
    check_remainder(scaled(h, unit_));
    return h;
  }
  // X = others + r, 0 <= r < 2^s.
  void check_remainder(const LinExpr& others) {
    check_range("remainder", rest("remainder", others, [mask = unit_ - 1](std::int64_t x) { return x & mask; }),
                shift_);
  }

  LinExpr from_table() {
    const LinExpr h = quotient();
    const std::uint32_t table = builder_.graph_table(node_.requant.table_index);
    if (table_.kind == qir::TableKind::kRange) {
      look_up("value", table, {h});
      return h;
    }
    const LinExpr y = value_column();
    look_up("value", table, {h, y});
    return y;
  }

  LinExpr from_limbs() {
    const LinExpr h = quotient();
    check_range("value", plus_constant(h, -table_.first), table_.log_size);
    return h;
  }

  LinExpr constant() {
    rest("quotient", {}, [](std::int64_t x) { return x; });
    LinExpr y;
    y.constant = Fp::from_int(table_.clamp_lo);
    return y;
  }

  // (t, -[t < 0]) for t from floor(least / 2^bits) to floor(most / 2^bits).
  std::uint32_t sign_table(std::int64_t least, std::int64_t most, int bits) {
    const std::int64_t first = least >> bits;
    const int log_size = circuit::axis_bits(static_cast<std::uint64_t>((most >> bits) - first) + 1);
    return builder_.clamp_table(Form::kValues, first, log_size, -1, 0);
  }

  LinExpr step() {
    const int w = how_.low_bits;
    const std::int64_t hi = table_.clamp_hi, origin = hi * unit_;
    const std::int64_t least = (how_.least - hi) * unit_, most = (how_.most - hi + 1) * unit_ - 1;
    LinExpr others;
    others.constant = Fp::from_int(origin);
    LinExpr t;
    if (w > 0) {
      t = column("step", [=](std::int64_t x) { return (x - origin) >> w; });
      const LinExpr low = rest("step remainder", plus(others, scaled(t, std::int64_t{1} << w)),
                               [=](std::int64_t x) { return (x - origin) & ((std::int64_t{1} << w) - 1); });
      check_range("step remainder", low, w);
    } else {
      t = rest("step", others, [=](std::int64_t x) { return x - origin; });
    }
    const LinExpr y = value_column();
    look_up("value", sign_table(least, most, w), {t, plus_constant(y, -hi)});
    return y;
  }

  LinExpr coarse_ends() {
    const int s = shift_, w = s + how_.coarse_bits, c = how_.low_bits;
    const std::int64_t lo = std::max(table_.clamp_lo, how_.least), hi = std::min(table_.clamp_hi, how_.most);
    // x - y: how many coarse steps X is beyond an end.
    const auto beyond = [=](std::int64_t x) {
      const std::int64_t below = x - lo * (std::int64_t{1} << s), above = x - (hi + 1) * (std::int64_t{1} << s);
      if (below < 0) return below >> w;
      return above < 0 ? 0 : (above >> w) + 1;
    };
    const auto part = [=](std::int64_t x) {
      const std::int64_t m = beyond(x), y = std::clamp(x >> s, lo, hi);
      return x - y * (std::int64_t{1} << s) - (m - (m != 0 ? 1 : 0)) * (std::int64_t{1} << w);
    };
    const LinExpr x = column("coarse quotient", [=](std::int64_t v) { return std::clamp(v >> s, lo, hi) + beyond(v); });
    const LinExpr y = value_column();
    const LinExpr outside = column("outside", [=](std::int64_t v) { return beyond(v) != 0 ? 1 : 0; });
    const std::int64_t first = lo + beyond(how_.least * unit_), last = hi + beyond(how_.most * unit_ + unit_ - 1);
    look_up(
        "value",
        builder_.clamp_table(Form::kOutside, first, circuit::axis_bits(static_cast<std::uint64_t>(last - first) + 1),
                             table_.clamp_lo, table_.clamp_hi),
        {x, y, outside});
    LinExpr others = plus(scaled(y, unit_), scaled(minus(minus(x, y), outside), std::int64_t{1} << w));
    LinExpr high;
    if (c > 0) {
      high = column("remainder top", [=](std::int64_t v) { return part(v) >> c; });
      others = plus(others, scaled(high, std::int64_t{1} << c));
      const LinExpr low =
          rest("remainder", others, [=](std::int64_t v) { return part(v) & ((std::int64_t{1} << c) - 1); });
      check_range("remainder", low, c);
    } else {
      high = rest("remainder", others, part);
    }
    // high = 2^(s-c) + t: k - 1 = -[t < 0].
    const std::int64_t threshold = std::int64_t{1} << (s - c);
    look_up("remainder class", builder_.clamp_table(Form::kValues, -threshold, w + 1 - c, -1, 0),
            {plus_constant(high, -threshold), plus_constant(outside, -1)});
    return y;
  }

  LinExpr excess() {
    const bool below = how_.least<table_.clamp_lo, above = how_.most> table_.clamp_hi;
    const std::int64_t lo = std::max(table_.clamp_lo, how_.least), hi = std::min(table_.clamp_hi, how_.most);
    if (!below && !above) {
      const LinExpr h = quotient();
      check_between(h, lo, hi);
      return h;
    }
    const LinExpr y = value_column();
    check_between(y, lo, hi);
    const auto beyond = [=, s = shift_](std::int64_t x) { return (x >> s) - std::clamp(x >> s, lo, hi); };
    LinExpr e;
    if (shift_ > 0) {
      e = column("excess", beyond);
      check_remainder(scaled(plus(y, e), unit_));
    } else {
      e = rest("excess", y, beyond);
    }
    const std::int64_t least = below ? how_.least - lo : 0, most = above ? how_.most - hi : 0;
    LinExpr end;  // of the side that e is on
    if (below && above) {
      const int c = how_.low_bits;
      LinExpr t = e;
      if (c > 0) {
        t = column("excess top", [=](std::int64_t x) { return beyond(x) >> c; });
        check_range("excess", minus(e, scaled(t, std::int64_t{1} << c)), c);
      }
      const LinExpr side = column("side", [=](std::int64_t x) { return (beyond(x) >> c) < 0 ? 0 : 1; });
      look_up("side", sign_table(least, most, c), {t, plus_constant(side, -1)});
      end = plus_constant(scaled(side, hi - lo), lo);
    } else {
      end.constant = Fp::from_int(below ? lo : hi);
      check_range("excess", scaled(e, below ? -1 : 1),
                  circuit::axis_bits(static_cast<std::uint64_t>(most - least) + 1));
    }
    product("excess", {}, e, minus(y, end));
    return y;
  }

  // clamp_lo <= y <= clamp_hi, for y that honest runs keep in [lo, hi], whose ends that are reached are the clamp's.
  void check_between(const LinExpr& y, std::int64_t lo, std::int64_t hi) {
    const int bits = circuit::axis_bits(static_cast<std::uint64_t>(hi - lo) + 1);
    const std::int64_t slack = (std::int64_t{1} << bits) - 1 - (hi - lo);
    if (table_.clamp_hi - hi >= slack) return check_range("value", plus_constant(y, -lo), bits);
    if (lo - table_.clamp_lo >= slack) return check_range("value", plus_constant(scaled(y, -1), hi), bits);
    builder_.add_interval_check(named("value"), like_.atoms, y, lo, hi);
  }

  LinExpr pieces() {
    const int k = table_.piece_bits, q = table_.slope_shift;
    const Pieces& pieces = builder_.pieces(node_.requant.table_index);
    const std::shared_ptr<const qir::Table> table = pieces.table;
    const std::int64_t first = table_.first, mask = (std::int64_t{1} << k) - 1, half = (std::int64_t{1} << q) / 2;
    const auto piece = [=, s = shift_](std::int64_t x) { return ((x >> s) - first) >> k; };
    const auto low_part = [=, s = shift_](std::int64_t x) { return ((x >> s) - first) & mask; };
    const LinExpr t = column("piece", piece);
    LinExpr others = plus_constant(scaled(t, unit_ * (mask + 1)), first * unit_);
    LinExpr l;
    if (shift_ > 0) {
      l = column("low part", low_part);
      check_remainder(plus(others, scaled(l, unit_)));
    } else {
      l = rest("low part", others, low_part);
    }
    check_range("low part", l, k);
    const auto at = [=](const std::vector<std::int32_t>& list, std::int64_t x) {
      return std::int64_t{list[static_cast<std::size_t>(piece(x))]};
    };
    const LinExpr slope = column("slope", [=](std::int64_t x) { return at(table->slopes, x); });
    const LinExpr base = column("base", [=](std::int64_t x) { return at(table->values, x); });
    look_up("piece", pieces.index, {t, slope, base});
    const LinExpr y = value_column();
    LinExpr scaled_y = scaled(minus(y, base), std::int64_t{1} << q);
    if (q > 0) {
      const LinExpr g = column("slope remainder", [=](std::int64_t x) {
        return (at(table->slopes, x) * low_part(x) + half) & (2 * half - 1);
      });
      check_range("slope remainder", g, q);
      check_range("value", plus_constant(y, -pieces.least), pieces.value_bits);
      scaled_y = plus_constant(plus(scaled_y, g), -half);
    }
    product("slope", std::move(scaled_y), slope, l);
    return y;
  }

  Builder& builder_;
  std::uint32_t index_;
  const qir::Node& node_;
  const qir::Table& table_;
  Rounding how_;
  int shift_;
  std::int64_t unit_;
  const Tensor& like_;
  const LinExpr* known_;
  LinExpr acc_;
};

}  // namespace

Tensor Builder::requantize(std::uint32_t index, const Tensor& acc) {
  if (graph_.nodes[index].requant.table_index == qir::kNoTable) return acc;
  return Requantization(*this, index, acc, &acc.expr).build();
}

Tensor Builder::committed_accumulator(std::uint32_t index, const Tensor& like, Tensor& y) {
  const qir::Node& node = graph_.nodes[index];
  if (node.requant.table_index == qir::kNoTable) {
    y = add_value(node, like);
    return y;
  }
  Requantization rounding(*this, index, like, nullptr);
  y = rounding.build();
  return {like.atoms, like.atoms_per_axis, rounding.accumulator()};
}

}  // namespace zkinfer::relations
