// SPDX-License-Identifier: Apache-2.0
#include "lookup/layer_sumcheck.h"

#include <algorithm>

#include "base/check.h"
#include "base/parallel.h"
#include "field/inverse.h"

namespace zkinfer::lookup {
namespace {

constexpr std::size_t kMaxInnerVariables = 9;
static_assert(std::size_t{1} << kMaxInnerVariables == kMaxBlockRows);
constexpr std::size_t kRowsPerChunk = 4096;

// eq(r[k + 1 ..], x) as outer[x >> inner variables] * inner[x mod 2^(inner variables)].
class EqSuffix {
 public:
  explicit EqSuffix(std::span<const Fe> r) : r_(r) {}

  void move_to(std::size_t k) {
    const std::span<const Fe> suffix = r_.subspan(k + 1);
    const std::size_t num_inner = std::min(suffix.size(), kMaxInnerVariables);
    // While the suffix is long the inner table, of the last variables, stays.
    if (inner_.size() != std::size_t{1} << num_inner) {
      inner_.resize(std::size_t{1} << num_inner);
      vec::eq_table(suffix.last(num_inner), inner_);
    }
    outer_.resize(std::size_t{1} << (suffix.size() - num_inner));
    vec::eq_table(suffix.first(suffix.size() - num_inner), outer_);
  }

  // sum over blocks of outer * sums(inner table, first row of the block); Sums is Fe or RoundSums.
  template <class Sums, class Body>
  Sums weighted_sum(const Body& body) const {
    const std::size_t grain = std::max<std::size_t>(1, kRowsPerChunk / inner_.size());
    std::vector<Sums> partial(num_chunks(outer_.size(), grain));
    parallel_chunks(outer_.size(), grain, [&](std::size_t chunk, std::size_t begin, std::size_t end) {
      for (std::size_t block = begin; block < end; ++block)
        add(partial[chunk], outer_.get(block), body(inner_.span(), block * inner_.size()));
    });
    Sums total{};
    for (const Sums& sums : partial) add(total, Fe::one(), sums);
    return total;
  }

 private:
  static void add(Fe& total, const Fe& weight, const Fe& sum) { total += weight * sum; }
  static void add(RoundSums& total, const Fe& weight, const RoundSums& sums) {
    total.at_zero += weight * sums.at_zero;
    total.top += weight * sums.top;
  }

  std::span<const Fe> r_;
  FeVec inner_, outer_;
};

LayerTables halves(FeSpan p, FeSpan q) {
  const std::size_t half = p.size / 2;
  return {p.subspan(0, half), p.subspan(half, half), q.subspan(0, half), q.subspan(half, half)};
}

void shrink(LayerTables& tables) {
  for (FeSpan* table : {&tables.p0, &tables.p1, &tables.q0, &tables.q1}) table->size /= 2;
}

template <class Table>
Fe bind_last(const Table& table, std::size_t first, const Fe& s) {
  return table.get(first) + s * (table.get(first + 1) - table.get(first));
}

}  // namespace

LayerOpening prove_layer(hiding::ProverChannel& channel, FeSpan parent_p, FeSpan parent_q, const Children& children,
                         const Fe& lambda, Fe claim, std::span<const Fe> r) {
  const std::size_t num_parents = parent_p.size;
  ZKI_CHECK(!r.empty(), "a layer sumcheck has a variable");
  ZKI_CHECK_EQ(num_parents, std::size_t{1} << r.size(), "parents of a layer");
  ZKI_CHECK_EQ(parent_q.size, num_parents, "parents of a layer");
  ZKI_CHECK_EQ(children.size(), 2 * num_parents, "children of a layer");

  // From the second round on the parents' memory holds the four tables.
  LayerTables tables = halves(parent_p, parent_q);
  EqSuffix eq(r);
  LayerOpening opening;
  Fe s;
  for (std::size_t round = 0; round < r.size(); ++round) {
    eq.move_to(round);
    const RoundSums sums = eq.weighted_sum<RoundSums>([&](FeCSpan weights, std::size_t begin) {
      if (round == 0) return children.first_round(parent_p, parent_q, lambda, weights, begin);
      if (round == 1) return children.fold(lambda, s, weights, begin, tables);
      return fold_tables(tables, s, weights, begin);
    });
    if (round >= 2) shrink(tables);

    Fe c1;
    if (!r[round].is_zero()) {
      // claim = c_0 + r (c_1 + c_2)
      c1 = (claim - sums.at_zero) * inverse(r[round]) - sums.top;
    } else {
      const Fe at_one = eq.weighted_sum<Fe>([&](FeCSpan weights, std::size_t begin) {
        if (round > 0) return sum_at_one(tables, weights, begin);
        begin += num_parents / 2;
        return vec::dot(weights, parent_p.subspan(begin, weights.size)) +
               lambda * vec::dot(weights, parent_q.subspan(begin, weights.size));
      });
      c1 = at_one - sums.at_zero - sums.top;
    }
    channel.send_hidden("lookup round", c1);
    channel.send_hidden("lookup round", sums.top);
    s = channel.challenge("lookup round");
    claim = sums.at_zero + s * (c1 + s * sums.top);
    opening.point.push_back(s);
  }
  if (r.size() == 1) {
    const auto bound = [&](const Fe& low, const Fe& high) { return low + s * (high - low); };
    opening.p0 = bound(children.p(0), children.p(1));
    opening.p1 = bound(children.p(2), children.p(3));
    opening.q0 = bound(children.q(0), children.q(1));
    opening.q1 = bound(children.q(2), children.q(3));
  } else {
    opening.p0 = bind_last(tables.p0, 0, s);
    opening.q0 = bind_last(tables.q0, 0, s);
    opening.q1 = bind_last(tables.q1, 0, s);
    opening.p1 = bind_last(tables.p1, 0, s) - lambda * opening.q1;
  }
  return opening;
}

}  // namespace zkinfer::lookup
