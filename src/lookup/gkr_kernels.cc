// SPDX-License-Identifier: Apache-2.0
#include "lookup/gkr_kernels.h"

namespace zkinfer::lookup {
namespace {

// v(X) = low + X (high - low) of each table in one row.
struct Row {
  Fe p0, p1, q0, q1;
};

void add_row(const Row& low, const Row& high, const Fe& weight, RoundSums& sums) {
  sums.at_zero += weight * (low.p0 * low.q1 + low.p1 * low.q0);
  sums.top += weight * ((high.p0 - low.p0) * (high.q1 - low.q1) + (high.p1 - low.p1) * (high.q0 - low.q0));
}

Row get_row(const LayerTables& t, std::size_t i) { return {t.p0.get(i), t.p1.get(i), t.q0.get(i), t.q1.get(i)}; }

void set_row(const LayerTables& t, std::size_t i, const Row& row) {
  t.p0.set(i, row.p0);
  t.p1.set(i, row.p1);
  t.q0.set(i, row.q0);
  t.q1.set(i, row.q1);
}

}  // namespace

void build_parents(const Numerators& p, FeCSpan q, std::size_t begin, std::size_t end, FeSpan out_p, FeSpan out_q) {
  const std::size_t n = q.size / 2;
  for (std::size_t i = begin; i < end; ++i) {
    const Fe q0 = q.get(i), q1 = q.get(i + n);
    out_p.set(i, p.get(i) * q1 + p.get(i + n) * q0);
    out_q.set(i, q0 * q1);
  }
}

RoundSums first_round(FeCSpan parent_p, FeCSpan parent_q, const Numerators& p, FeCSpan q, const Fe& lambda, FeCSpan eq,
                      std::size_t begin) {
  const std::size_t n = q.size / 2, h = n / 2;
  RoundSums sums;
  for (std::size_t j = 0; j < eq.size; ++j) {
    const std::size_t i = begin + j;
    const Fe dp0 = p.get(i + h) - p.get(i), dp1 = p.get(i + n + h) - p.get(i + n);
    const Fe dq0 = q.get(i + h) - q.get(i), dq1 = q.get(i + n + h) - q.get(i + n);
    sums.at_zero += eq.get(j) * (parent_p.get(i) + lambda * parent_q.get(i));
    sums.top += eq.get(j) * (dp0 * dq1 + dq0 * (dp1 + lambda * dq1));
  }
  return sums;
}

RoundSums fold_children(const Numerators& p, FeCSpan q, const Fe& lambda, const Fe& s, FeCSpan eq, std::size_t begin,
                        const LayerTables& out) {
  const std::size_t n = q.size / 2, h = n / 4;
  const auto fold = [&](const auto& v, std::size_t i) { return v.get(i) + s * (v.get(i + 2 * h) - v.get(i)); };
  const auto folded_row = [&](std::size_t i) {
    Row row{fold(p, i), fold(p, i + n), fold(q, i), fold(q, i + n)};
    row.p1 += lambda * row.q1;
    set_row(out, i, row);
    return row;
  };
  RoundSums sums;
  for (std::size_t j = 0; j < eq.size; ++j) {
    const Row low = folded_row(begin + j);
    const Row high = folded_row(begin + j + h);
    add_row(low, high, eq.get(j), sums);
  }
  return sums;
}

RoundSums fold_tables(const LayerTables& tables, const Fe& s, FeCSpan eq, std::size_t begin) {
  const std::size_t h = tables.p0.size / 4;
  const auto folded_row = [&](std::size_t i) {
    const Row a = get_row(tables, i), b = get_row(tables, i + 2 * h);
    const Row row{a.p0 + s * (b.p0 - a.p0), a.p1 + s * (b.p1 - a.p1), a.q0 + s * (b.q0 - a.q0),
                  a.q1 + s * (b.q1 - a.q1)};
    set_row(tables, i, row);
    return row;
  };
  RoundSums sums;
  for (std::size_t j = 0; j < eq.size; ++j) {
    const Row low = folded_row(begin + j);
    const Row high = folded_row(begin + j + h);
    add_row(low, high, eq.get(j), sums);
  }
  return sums;
}

Fe sum_at_one(const LayerTables& tables, FeCSpan eq, std::size_t begin) {
  const std::size_t h = tables.p0.size / 2;
  Fe sum;
  for (std::size_t j = 0; j < eq.size; ++j) {
    const Row row = get_row(tables, begin + j + h);
    sum += eq.get(j) * (row.p0 * row.q1 + row.p1 * row.q0);
  }
  return sum;
}

}  // namespace zkinfer::lookup
