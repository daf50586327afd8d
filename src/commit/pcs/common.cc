// SPDX-License-Identifier: Apache-2.0
#include "commit/pcs/common.h"

#include <algorithm>
#include <array>

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

Fe RangeFunctional::power_of_base(std::uint64_t exponent) const {
  return base_in_f_ ? Fe(pow(base_.c[0], exponent)) : pow(base_, exponent);
}

Fe RangeFunctional::group_value(std::uint64_t first, std::span<const Fe> weights) const {
  const std::uint64_t last = first + weights.size();  // exclusive
  Fe sum;
  const std::uint64_t from = std::max(first, begin_);
  const std::uint64_t to = std::min(last, end_);
  if (from < to) {
    Fe power = coef_ * power_of_base(from - begin_);
    for (std::uint64_t t = from; t < to; ++t) {
      sum += weights[t - first] * power;
      power = times_base(power);
    }
  }
  if (begin_ > first && begin_ <= last) sum += weights[begin_ - 1 - first] * head_;
  if (end_ >= first && end_ < last) sum += weights[end_ - first] * tail_;
  return sum;
}

void RangeFunctional::bind_low(std::span<const Fe> point, std::span<const Fe> weights) {
  const std::size_t num_bits = point.size();
  const std::uint64_t group = std::uint64_t{1} << num_bits;
  ZKI_CHECK_EQ(weights.size(), group, "weights of a group");
  // Groups [begin, end) lie wholly inside the range. If there is none, begin may exceed end by one: then the range
  // and its edges share group `end`.
  const std::uint64_t begin = (begin_ + group - 1) >> num_bits;
  const std::uint64_t end = end_ >> num_bits;
  const Fe head = begin > 0 && begin <= end ? group_value((begin - 1) * group, weights) : Fe();
  const Fe tail = group_value(end * group, weights);
  coef_ = begin < end ? coef_ * power_of_base(begin * group - begin_) : Fe();
  coef_ *= base_in_f_ ? eq_powers(point, base_.c[0]) : eq_powers(point, base_);
  for (std::size_t i = 0; i < num_bits; ++i) base_ = times_base(base_);
  begin_ = std::min(begin, end);
  end_ = end;
  head_ = head;
  tail_ = tail;
}

void RangeFunctional::add_edges(std::span<Fe> out) const {
  if (!head_.is_zero()) {
    ZKI_CHECK(begin_ > 0 && begin_ - 1 < out.size(), "head of a functional");
    out[begin_ - 1] += head_;
  }
  if (!tail_.is_zero()) {
    ZKI_CHECK(end_ < out.size(), "tail of a functional");
    out[end_] += tail_;
  }
}

void RangeFunctional::add_all(std::span<const RangeFunctional> functionals, std::span<Fe> out) {
  // Each power waits for the one before it: up to four functionals of one range, rows of an oracle, go side by side.
  while (!functionals.empty()) {
    const RangeFunctional& one = functionals.front();
    ZKI_CHECK(one.begin_ >= one.end_ || one.end_ <= out.size(), "range of a functional");
    std::array<Fe, 4> powers;
    std::array<const RangeFunctional*, 4> all;
    all.fill(&one);  // powers that stay zero
    std::size_t count = 0;
    for (const RangeFunctional& other : functionals.first(std::min(all.size(), functionals.size()))) {
      if (other.begin_ != one.begin_ || other.end_ != one.end_) break;
      all[count] = &other;
      powers[count++] = other.coef_;
      other.add_edges(out);
    }
    for (std::uint64_t t = one.begin_; t < one.end_; ++t) {
      out[t] += (powers[0] + powers[1]) + (powers[2] + powers[3]);
      for (std::size_t k = 0; k < powers.size(); ++k) powers[k] = all[k]->times_base(powers[k]);
    }
    functionals = functionals.subspan(count);
  }
}

}  // namespace zkinfer::pcs
