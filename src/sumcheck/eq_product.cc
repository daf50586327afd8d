// SPDX-License-Identifier: Apache-2.0
#include "sumcheck/eq_product.h"

#include <algorithm>
#include <bit>

#include "base/check.h"
#include "field/inverse.h"

namespace zkinfer::sumcheck {

namespace {

constexpr std::size_t kMaxInnerVariables = 8;
static_assert(std::size_t{1} << kMaxInnerVariables == kMaxWeightedRows);

}  // namespace

void EqWeights::set(std::span<const Fe> point, std::size_t num_free_variables) {
  const std::size_t num_inner = std::min(point.size() + num_free_variables, kMaxInnerVariables);
  const std::size_t inner_free = std::min(num_free_variables, num_inner);
  const std::span<const Fe> inner_point = point.last(num_inner - inner_free);
  FeVec eq(std::size_t{1} << inner_point.size());
  vec::eq_table(inner_point, eq);
  inner_.resize(std::size_t{1} << num_inner);
  for (std::size_t i = 0; i < eq.size(); ++i)
    vec::fill(eq.get(i), inner_.subspan(i << inner_free, std::size_t{1} << inner_free));
  outer_free_ = num_free_variables - inner_free;
  const std::span<const Fe> outer_point = point.first(point.size() - inner_point.size());
  outer_.resize(std::size_t{1} << outer_point.size());
  vec::eq_table(outer_point, outer_);
}

EqProduct::EqProduct(ProductRelation relation) : squared_(relation.squared), point_(std::move(relation.eq_point)) {
  const bool in_base_field = !relation.base_factors.empty();
  ZKI_CHECK(in_base_field != !relation.factors.empty(), "all factors lie in one field");
  for (FpVec& table : relation.base_factors) tables_.push_back({std::move(table), {}});
  for (FeVec& table : relation.factors) tables_.push_back({{}, std::move(table)});
  ZKI_CHECK(tables_.size() <= (squared_ ? 1u : 2u), "an eq factor and at most two others");
  const std::size_t size = tables_[0].view().values.size;
  ZKI_CHECK(std::has_single_bit(size), "a table has 2^n rows");
  for (const Table& table : tables_) ZKI_CHECK_EQ(table.view().values.size, size, "tables of one relation");
  log_size_ = std::countr_zero(size);
  ZKI_CHECK(point_.size() <= static_cast<std::size_t>(log_size_), "eq of the first variables");
}

void EqProduct::begin_round(const Fe& last_challenge) {
  if (round_ >= 0) {
    challenge_ = last_challenge;
    claim_ = q_[0] + challenge_ * (q_[1] + challenge_ * q_[2]);
    if (!bound_all()) {
      const Fe& r = point_[static_cast<std::size_t>(round_)];
      const Fe product = r * challenge_;
      scale_ *= Fe::one() - r - challenge_ + product + product;
    }
    // Room for the fold out of F; a table in K is folded in place.
    for (Table& table : tables_) {
      if (!table.base.empty()) table.values = FeVec(table.base.size() / 2);
    }
  }
  ++round_;
  const std::size_t bound = std::min<std::size_t>(static_cast<std::size_t>(round_) + 1, point_.size());
  weights_.set(
      std::span<const Fe>(point_).subspan(bound),
      static_cast<std::size_t>(log_size_) - std::max<std::size_t>(point_.size(), static_cast<std::size_t>(round_) + 1));
}

ProductSums EqProduct::sum_rows(std::size_t begin, std::size_t end) {
  const bool is_first = round_ == 0;
  const bool want_at_one = is_first || (!bound_all() && point_[static_cast<std::size_t>(round_)].is_zero());
  const std::size_t half = std::size_t{1} << (log_size_ - 1 - round_);
  const std::size_t step = weights_.block_rows();
  ProductSums total;
  for (std::size_t row = begin; row < end; row += step) {
    std::array<FactorView, 2> views = {FeCSpan(), FeCSpan()};
    for (std::size_t f = 0; f < tables_.size(); ++f) {
      Table& table = tables_[f];
      if (is_first) {
        views[f] = table.view();
        continue;
      }
      const FeSpan folded = table.values.span().subspan(0, 2 * half);
      fold_rows(table.view(), challenge_, row, row + step, folded);
      fold_rows(table.view(), challenge_, row + half, row + half + step, folded);
      views[f] = FactorView(FeCSpan(folded));
    }
    if (squared_) views[1] = views[0];
    const ProductSums sums =
        weighted_sums({views.data(), squared_ ? 2 : tables_.size()}, weights_.inner(), row, want_at_one);
    const Fe weight = weights_.outer(row / step);
    total.at_zero += weight * sums.at_zero;
    total.at_one += weight * sums.at_one;
    total.top += weight * sums.top;
  }
  return total;
}

RoundCoefs EqProduct::end_round(const ProductSums& sums) {
  if (round_ > 0) {
    for (Table& table : tables_) {
      table.base.clear();
      table.values.resize(std::size_t{1} << (log_size_ - round_));
    }
  }
  const Fe r = bound_all() ? Fe() : point_[static_cast<std::size_t>(round_)];
  Fe at_one = sums.at_one;
  if (round_ > 0) {
    if (bound_all())
      at_one = claim_ - sums.at_zero;
    else if (!r.is_zero())
      at_one = (claim_ - (Fe::one() - r) * sums.at_zero) * inverse(r);
  }
  q_ = {sums.at_zero, at_one - sums.at_zero - sums.top, sums.top};
  // E (eq_0 + eq_1 X) q(X).
  const Fe eq_0 = bound_all() ? scale_ : scale_ * (Fe::one() - r);
  const Fe eq_1 = bound_all() ? Fe() : scale_ * (r + r - Fe::one());
  return {eq_0 * q_[0], eq_0 * q_[1] + eq_1 * q_[0], eq_0 * q_[2] + eq_1 * q_[1], eq_1 * q_[2]};
}

std::vector<Fe> EqProduct::values(const Fe& last_challenge) const {
  std::vector<Fe> out;
  for (const Table& table : tables_) {
    const auto get = [&](std::size_t i) { return table.base.empty() ? table.values.get(i) : Fe(table.base[i]); };
    out.push_back(log_size_ == 0 ? get(0) : get(0) + last_challenge * (get(1) - get(0)));
  }
  return out;
}

}  // namespace zkinfer::sumcheck
