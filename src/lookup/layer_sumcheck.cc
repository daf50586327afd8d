// SPDX-License-Identifier: Apache-2.0
#include "lookup/layer_sumcheck.h"

#include <algorithm>

#include "base/check.h"
#include "base/parallel.h"
#include "field/inverse.h"

namespace zkinfer::lookup {
namespace {

constexpr std::size_t kRowsPerChunk = 4096;

void add(Fe& total, const Fe& weight, const Fe& sum) { total += weight * sum; }
void add(RoundSums& total, const Fe& weight, const RoundSums& sums) {
  total.at_zero += weight * sums.at_zero;
  total.top += weight * sums.top;
}

// sum over blocks of outer * sums(inner table, first row of the block); Sums is Fe or RoundSums.
template <class Sums, class Body>
Sums weighted_sum(const EqSuffix& eq, const Body& body) {
  const FeCSpan inner = eq.inner();
  const FeCSpan outer = eq.outer();
  const std::size_t grain = std::max<std::size_t>(1, kRowsPerChunk / inner.size);
  std::vector<Sums> partial(num_chunks(outer.size, grain));
  parallel_chunks(outer.size, grain, [&](std::size_t chunk, std::size_t begin, std::size_t end) {
    for (std::size_t block = begin; block < end; ++block)
      add(partial[chunk], outer.get(block), body(inner, block * inner.size));
  });
  Sums total{};
  for (const Sums& sums : partial) add(total, Fe::one(), sums);
  return total;
}

LayerTables tables_in(FeSpan p, FeSpan q, std::size_t num_rows) {
  return {p.subspan(0, num_rows), p.subspan(num_rows, num_rows), q.subspan(0, num_rows), q.subspan(num_rows, num_rows)};
}

template <class Table>
Fe bind_last(const Table& table, std::size_t first, const Fe& s) {
  return table.get(first) + s * (table.get(first + 1) - table.get(first));
}

}  // namespace

void EqSuffix::move_to(std::size_t k) {
  const std::span<const Fe> suffix = std::span<const Fe>(r_).subspan(k + 1);
  const std::size_t num_inner = std::min<std::size_t>(suffix.size(), kBlockBits);
  // While the suffix is long the inner table, of the last variables, stays.
  if (inner_.size() != std::size_t{1} << num_inner) {
    inner_.resize(std::size_t{1} << num_inner);
    vec::eq_table(suffix.last(num_inner), inner_);
  }
  outer_.resize(std::size_t{1} << (suffix.size() - num_inner));
  vec::eq_table(suffix.first(suffix.size() - num_inner), outer_);
}

LayerSumcheck::LayerSumcheck(FeSpan parent_p, FeSpan parent_q, const Children& children, const Fe& lambda,
                             const Fe& claim, std::span<const Fe> r)
    : parent_p_(parent_p),
      parent_q_(parent_q),
      children_(children),
      lambda_(lambda),
      claim_(claim),
      eq_({r.begin(), r.end()}),
      num_rows_(children.num_rows()) {
  ZKI_CHECK(!r.empty(), "a layer sumcheck has a variable");
  ZKI_CHECK_EQ(static_cast<std::size_t>(children_.log_size()), r.size() + 1, "children of a layer");
  ZKI_CHECK_EQ(parent_q.size, parent_p.size, "parents of a layer");
  if (r.size() > 1) tables_ = tables_in(parent_p_, parent_q_, num_rows_);
}

LayerSumcheck::LayerSumcheck(const Children& children, const Fe& lambda, const Fe& claim, std::span<const Fe> r)
    : own_p_(2 * children.num_rows(), Contents::kUnset),
      own_q_(2 * children.num_rows(), Contents::kUnset),
      parent_p_(own_p_.span()),
      parent_q_(own_q_.span()),
      children_(children),
      lambda_(lambda),
      claim_(claim),
      eq_({r.begin(), r.end()}),
      num_rows_(children.num_rows()) {
  ZKI_CHECK(r.size() > 1, "a long layer");
  ZKI_CHECK_EQ(static_cast<std::size_t>(children_.log_size()), r.size() + 1, "children of a layer");
  tables_ = tables_in(parent_p_, parent_q_, num_rows_);
}

Fe LayerSumcheck::parents_sum(FeCSpan weights, std::size_t parent) const {
  return vec::dot(weights, parent_p_.subspan(parent, weights.size)) +
         lambda_ * vec::dot(weights, parent_q_.subspan(parent, weights.size));
}

RoundSums LayerSumcheck::sums_of(FeCSpan weights, std::size_t begin) const {
  if (round_ == 1) return children_.fold(lambda_, s_, weights, begin, half(), tables_);
  if (round_ > 1) return fold_tables(tables_, half(), num_rows_, lambda_, s_, weights, begin);
  if (begin >= num_rows_) return {lambda_, Fe()};  // nodes 0 / 1, and the weights of a block add up to 1
  if (!has_parents()) return children_.first_sums(lambda_, weights, begin);
  return {parents_sum(weights, children_.first_parent(begin)), children_.first_top(lambda_, weights, begin)};
}

Fe LayerSumcheck::at_one(FeCSpan weights, std::size_t begin) const {
  if (round_ > 0) return sum_at_one(tables_, half(), num_rows_, lambda_, weights, begin);
  if (begin >= num_rows_) return lambda_;
  if (!has_parents()) return children_.first_at_one(lambda_, weights, begin);
  return parents_sum(weights, children_.second_parent(begin));
}

GrandSum::Round LayerSumcheck::round() {
  ZKI_CHECK(round_ < eq_.r().size(), "a round per variable");
  eq_.move_to(round_);
  sums_ = weighted_sum<RoundSums>(eq_, [&](FeCSpan weights, std::size_t begin) { return sums_of(weights, begin); });
  if (round_ > 1) num_rows_ = 2 * half();

  const Fe& r = eq_.r()[round_];
  if (!r.is_zero()) {
    // claim = c_0 + r (c_1 + c_2)
    c1_ = (claim_ - sums_.at_zero) * inverse(r) - sums_.top;
  } else {
    const Fe one = weighted_sum<Fe>(eq_, [&](FeCSpan weights, std::size_t begin) { return at_one(weights, begin); });
    c1_ = one - sums_.at_zero - sums_.top;
  }
  return {c1_, sums_.top};
}

void LayerSumcheck::bind(const Fe& s) {
  claim_ = sums_.at_zero + s * (c1_ + s * sums_.top);
  s_ = s;
  ++round_;
}

GrandSum::Opened LayerSumcheck::children() const {
  ZKI_CHECK_EQ(round_, eq_.r().size(), "a challenge per variable");
  if (round_ == 1) {
    const auto bound = [&](const Fe& low, const Fe& high) { return low + s_ * (high - low); };
    return {.p0 = bound(children_.p(0), children_.p(1)),
            .p1 = bound(children_.p(2), children_.p(3)),
            .q0 = bound(children_.q(0), children_.q(1)),
            .q1 = bound(children_.q(2), children_.q(3))};
  }
  const Fe q1 = bind_last(tables_.q1, 0, s_);
  return {.p0 = bind_last(tables_.p0, 0, s_),
          .p1 = bind_last(tables_.p1, 0, s_) - lambda_ * q1,
          .q0 = bind_last(tables_.q0, 0, s_),
          .q1 = q1};
}

}  // namespace zkinfer::lookup
