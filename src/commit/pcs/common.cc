// SPDX-License-Identifier: Apache-2.0
#include "commit/pcs/common.h"

#include <algorithm>

#include "base/check.h"
#include "field/eq.h"

namespace zkinfer::pcs {
namespace {

// The coset that poly::encode_rows uses by default.
constexpr Fp kDomainShift{7};

std::uint64_t reverse_low_bits(std::uint64_t x, int num_bits) {
  std::uint64_t reversed = 0;
  for (int i = 0; i < num_bits; ++i) reversed |= (x >> i & 1) << (num_bits - 1 - i);
  return reversed;
}

}  // namespace

const char* base_rows_label(const OpeningParams& params, std::size_t base) {
  if (base + 1 == params.num_bases()) return "witness rows";
  return params.has_model && base == 0 ? "model rows" : "data rows";
}

merkle::TreeShape tree_shape(const CodeParams& oracle, std::size_t leaf_values) {
  merkle::TreeShape shape;
  shape.log_leaves = oracle.log_domain;
  shape.row_bytes = 8 * leaf_values;
  return shape;
}

std::vector<Fp> domain_points(const CodeParams& oracle, std::span<const std::uint64_t> rows) {
  // squares[i] = w^(2^i).
  std::vector<Fp> squares(oracle.log_domain);
  Fp power = root_of_unity(oracle.log_domain);
  for (Fp& square : squares) {
    square = power;
    power *= power;
  }
  std::vector<Fp> points;
  points.reserve(rows.size());
  for (const std::uint64_t row : rows) {
    const std::uint64_t exponent = reverse_low_bits(row, oracle.log_domain);
    Fp point = kDomainShift;
    for (std::size_t i = 0; i < squares.size(); ++i) {
      if (exponent >> i & 1) point *= squares[i];
    }
    points.push_back(point);
  }
  return points;
}

std::vector<Fe> eq_low_first(std::span<const Fe> point) {
  return eq_vector(std::vector<Fe>(point.rbegin(), point.rend()));
}

Fe fold_base_row(std::span<const Fp> row, std::span<const Fe> weights) {
  ZKI_CHECK_EQ(row.size(), weights.size(), "lanes of a row");
  Fe sum;
  for (std::size_t i = 0; i < row.size(); ++i) sum += weights[i] * row[i];
  return sum;
}

Fe fold_extension_row(std::span<const Fp> row, std::span<const Fe> weights) {
  ZKI_CHECK_EQ(row.size(), 3 * weights.size(), "lanes of a row");
  Fe sum;
  for (std::size_t i = 0; i < weights.size(); ++i) sum += weights[i] * Fe(row[3 * i], row[3 * i + 1], row[3 * i + 2]);
  return sum;
}

void RunningClaim::advance(const hiding::LinearForm& c1, const hiding::LinearForm& c2, const Fe& s) {
  // 2 h(s) = claim + (2 s - 1) c1 + (2 s^2 - 1) c2.
  add(c1, s + s - Fe::one());
  add(c2, (s + s) * s - Fe::one());
  scale_ += scale_;
}

namespace {

// sum_{first <= j} eq(point, j) base^(j - first), over the bits of j so far.
template <class Base>
struct Suffix {
  std::uint64_t first;
  Fe sum{};
  Base gap{};  // base^(2^bits - first), once a bit of first was set
  bool is_all = true;

  // all, next: the sums over all j without and with bit i; power: base^(2^i).
  void add_bit(std::size_t i, const Fe& r, const Fe& all, const Fe& next, const Base& power) {
    if ((first >> i & 1) != 0) {
      if (is_all) gap = power;
      sum = r * (is_all ? all : sum);
      is_all = false;
    } else if (!is_all) {
      sum += r * (all * gap - sum);
      gap *= power;
    } else {
      sum = next;
    }
  }
};

}  // namespace

template <class Base>
Fe range_sum(std::span<const Fe> point, std::uint64_t begin, std::uint64_t end, const Base& base) {
  const std::uint64_t size = std::uint64_t{1} << point.size();
  ZKI_CHECK(begin <= end && end <= size, "range of a functional");
  Fe all = Fe::one();
  Suffix<Base> from{.first = begin, .sum = all}, to{.first = end, .sum = all};
  Base power = base;
  for (std::size_t i = 0; i < point.size(); ++i) {
    const Fe next = all * (Fe::one() + point[i] * (power - Base(Fp(1))));
    from.add_bit(i, point[i], all, next, power);
    if (end < size) to.add_bit(i, point[i], all, next, power);
    all = next;
    power *= power;
  }
  if (begin == size) return {};
  return end < size ? from.sum - to.sum * pow(base, end - begin) : from.sum;
}

template Fe range_sum<Fp>(std::span<const Fe>, std::uint64_t, std::uint64_t, const Fp&);
template Fe range_sum<Fe>(std::span<const Fe>, std::uint64_t, std::uint64_t, const Fe&);

std::vector<IndexRange> row_ranges(const OpeningParams& params, std::size_t stage) {
  const bool is_final = stage == params.folds.size();
  const std::uint64_t end = is_final ? std::uint64_t{1} << params.final_rounds() : params.folds[stage].message_size();
  if (stage > 0) return {{0, end}};
  std::vector<IndexRange> ranges;
  for (const BaseOracle& base : params.bases()) ranges.push_back({base.offset, base.end});
  ranges.back().end = end;
  return ranges;
}

std::vector<IndexRange> zero_ranges(const OpeningParams& params, std::size_t stage) {
  std::vector<IndexRange> ranges;
  if (stage == 0) {
    for (const BaseOracle& base : params.bases()) ranges.push_back({base.offset + base.params->dimension(), base.end});
  }
  if (stage < params.folds.size()) ranges.push_back({params.vector_size(stage), params.folds[stage].message_size()});
  std::erase_if(ranges, [](const IndexRange& range) { return range.begin == range.end; });
  return ranges;
}

}  // namespace zkinfer::pcs
