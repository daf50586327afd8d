// SPDX-License-Identifier: Apache-2.0
// Which relation a requantization gets (relations/requantize.cc): the one that costs least over all nodes with its table. Costs
// count lookups, columns, contractions and new table rows (kLookupCost and its like). The last part of an accumulator is an
// expression or takes the accumulator's own place: it is free in every form.
#include <algorithm>

#include "relations/builder.h"

namespace zkinfer::relations {

namespace {

using qir::Wide;

// Tables that relations make are short: they would not be cheap otherwise.
constexpr int kMostBits = 22;

// Bits of a table of so many rows.
int bits_of(Wide count) { return circuit::axis_bits(static_cast<std::uint64_t>(std::max<Wide>(count, 1))); }

class Chooser {
 public:
  Chooser(const Builder& builder, const qir::Table& table, const TableUse& use, int shift)
      : table_(table), shift_(shift), n_(std::min(use.num_elements, std::uint64_t{1} << 40)) {
    best_.least = static_cast<std::int64_t>(use.arguments.lo);
    best_.most = static_cast<std::int64_t>(use.arguments.hi);
    // All that honest runs reach is cut off: the domain reaches further.
    if (table.kind == qir::TableKind::kClamp && (best_.most < table.clamp_lo || best_.least > table.clamp_hi)) {
      best_.least = table.first;
      best_.most = table.first + table.num_rows() - 1;
    }
    reach_ = {best_.least, best_.most};
    for (int bits = 0; bits < 64; ++bits) range_[static_cast<std::size_t>(bits)] = builder.range_cost(n_, bits);
  }

  Rounding choose() {
    consider(Rounding::Form::kTable, one_table());
    if (table_.log_size <= kUncutBits || table_.log_size + shift_ > qir::kMaxWideBits) return best_;
    switch (table_.kind) {
      case qir::TableKind::kRange: consider(Rounding::Form::kLimbs, quotient() + range(table_.log_size)); break;
      case qir::TableKind::kClamp: consider_clamps(); break;
      case qir::TableKind::kPieces: consider(Rounding::Form::kPieces, pieces()); break;
      case qir::TableKind::kExplicit: break;
    }
    return best_;
  }

 private:
  void consider(Rounding::Form form, std::uint64_t cost, int low_bits = 0, int coarse_bits = 0) {
    if (cost >= least_) return;
    least_ = cost;
    best_.form = form;
    best_.low_bits = low_bits;
    best_.coarse_bits = coarse_bits;
  }

  std::uint64_t range(int bits) const { return range_[static_cast<std::size_t>(bits)]; }
  std::uint64_t columns(std::uint64_t count) const { return n_ * kColumnCost * count; }
  std::uint64_t lookups(std::uint64_t count) const { return n_ * kLookupCost * count; }
  static std::uint64_t rows(int bits) { return bits <= kMostBits ? kRowCost << bits : kNever; }
  // The quotient and the remainder's check.
  std::uint64_t quotient() const { return shift_ > 0 ? columns(1) + range(shift_) : 0; }

  std::uint64_t one_table() const {
    if (table_.log_size > qir::kMaxListedBits) return kNever - 1;
    const bool is_range = table_.kind == qir::TableKind::kRange;
    return quotient() + columns(is_range ? 0 : 1) + lookups(1) + (kRowCost << table_.log_size);
  }

  std::uint64_t pieces() const {
    const int slope_shift = table_.slope_shift;
    const std::uint64_t value = range(bits_of(qir::values_of(table_).width() + 1));
    return quotient() + columns(4) + (slope_shift > 0 ? columns(1) + range(slope_shift) + value : 0) + lookups(1) +
           range(table_.piece_bits) + n_ * kContractionCost + rows(table_.log_size - table_.piece_bits);
  }

  void consider_clamps() {
    const Wide lo = table_.clamp_lo, hi = table_.clamp_hi;
    if (hi < reach_.lo || lo > reach_.hi) return;
    if (lo == hi) return consider(Rounding::Form::kConstant, 0);
    const Wide below = std::max<Wide>(0, lo - reach_.lo), above = std::max<Wide>(0, reach_.hi - hi);
    if (hi == lo + 1) consider_steps();
    if (below > 0 || above > 0) consider_coarse_ends(below, above);
    consider_excess(below, above);
  }

  Wide inside_width() const {
    return std::min<Wide>(reach_.hi, table_.clamp_hi) - std::max<Wide>(reach_.lo, table_.clamp_lo) + 1;
  }

  // Pieces of 2^w values of acc + round, w at the end of one of them.
  void consider_steps() {
    const Wide unit = Wide{1} << shift_;
    const Wide least = (reach_.lo - table_.clamp_hi) * unit, most = (reach_.hi - table_.clamp_hi + 1) * unit - 1;
    for (int w = 0; w < 62; ++w) {
      const int bits = bits_of((most >> w) - (least >> w) + 1);
      consider(Rounding::Form::kStep, columns(w > 0 ? 2 : 1) + lookups(1) + range(w) + rows(bits), w);
    }
  }

  void consider_coarse_ends(Wide below, Wide above) {
    const Wide inside = inside_width();
    for (int coarse = 1; coarse <= qir::kMaxTableBits; ++coarse) {
      const Wide unit = Wide{1} << coarse;
      const int bits = bits_of(inside + (below + unit - 1) / unit + (above + unit - 1) / unit);
      if (bits + coarse + shift_ > qir::kMaxWideBits) continue;
      for (int low = 0; low <= shift_; ++low) {
        const std::uint64_t cost =
            columns(low > 0 ? 4 : 3) + lookups(2) + range(low) + rows(bits) + rows(shift_ + coarse + 1 - low);
        consider(Rounding::Form::kCoarseEnds, cost, low, coarse);
      }
    }
  }

  void consider_excess(Wide below, Wide above) {
    const Wide width = inside_width();
    const bool exact = (below > 0 && above > 0) && (width & (width - 1)) != 0;
    const std::uint64_t value = columns(1) + (exact ? 2 : 1) * range(bits_of(width)) + range(shift_);
    const std::uint64_t product = n_ * kContractionCost + (shift_ > 0 ? columns(1) : 0);
    if (below == 0 && above == 0) return consider(Rounding::Form::kExcess, value);
    if (below == 0 || above == 0)
      return consider(Rounding::Form::kExcess, value + product + range(bits_of(below + above + 1)));
    for (int low = 0; low < table_.log_size; ++low) {
      const Wide count = (above >> low) + ((below + (Wide{1} << low) - 1) >> low) + 1;
      const std::uint64_t ends = columns(low > 0 ? 2 : 1) + lookups(1) + range(low) + rows(bits_of(count));
      consider(Rounding::Form::kExcess, value + product + ends, low);
    }
  }

  const qir::Table& table_;
  int shift_;
  std::uint64_t n_;
  qir::Interval reach_;
  std::array<std::uint64_t, 64> range_{};
  Rounding best_;
  std::uint64_t least_ = kNever;
};

}  // namespace

Rounding Builder::rounding(std::int32_t table, int shift) {
  const auto [known, is_new] = roundings_.try_emplace({table, shift});
  if (is_new) {
    const auto index = static_cast<std::size_t>(table);
    known->second = Chooser(*this, graph_.tables[index], uses_[index], shift).choose();
  }
  return known->second;
}

}  // namespace zkinfer::relations
