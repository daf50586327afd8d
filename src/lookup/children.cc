// SPDX-License-Identifier: Apache-2.0
#include "lookup/children.h"

#include <algorithm>

namespace zkinfer::lookup {

namespace {

constexpr std::size_t kMaxPieces = 8;

// One thread's blocks of leaves and of tables: a second-level cache's worth.
struct Scratch {
  FpVec p{kMaxPieces * kMaxBlockRows};
  FeVec q{kMaxPieces * kMaxBlockRows};
  FeVec tables[4] = {FeVec(2 * kMaxBlockRows), FeVec(2 * kMaxBlockRows), FeVec(2 * kMaxBlockRows),
                     FeVec(2 * kMaxBlockRows)};
};

Scratch& scratch() {
  thread_local Scratch memory;
  return memory;
}

void copy(FeCSpan from, FeSpan to) {
  for (int j = 0; j < Fe::kDegree; ++j) std::copy_n(from.c[j], from.size, to.c[j]);
}

}  // namespace

Children::Pieces Children::load(std::size_t begin, std::size_t stride, std::size_t num_pieces,
                                std::size_t count) const {
  Scratch& memory = scratch();
  for (std::size_t k = 0; k < num_pieces; ++k) {
    source_->load(begin + k * stride, memory.p.span().subspan(k * count, count), memory.q.subspan(k * count, count));
  }
  const std::size_t total = num_pieces * count;
  return {FpCSpan(memory.p.data(), total), FeCSpan(memory.q.subspan(0, total))};
}

Fe Children::p(std::size_t i) const { return source_ == nullptr ? p_.get(i) : Fe(load(i, 0, 1, 1).p[0]); }
Fe Children::q(std::size_t i) const { return source_ == nullptr ? q_.get(i) : load(i, 0, 1, 1).q.get(0); }

void Children::build_parents(std::size_t begin, std::size_t end, FeSpan out_p, FeSpan out_q) const {
  if (source_ == nullptr) return lookup::build_parents(p_, q_, begin, end, out_p, out_q);
  for (; begin < end; begin += kMaxBlockRows) {
    const std::size_t count = std::min(kMaxBlockRows, end - begin);
    if (is_second_trivial(begin)) {  // the parent is the first child
      const Pieces leaves = load(begin, 0, 1, count);
      vec::lift(leaves.p, out_p.subspan(begin, count));
      copy(leaves.q, out_q.subspan(begin, count));
      continue;
    }
    const Pieces leaves = load(begin, size() / 2, 2, count);
    lookup::build_parents(leaves.p, leaves.q, 0, count, out_p.subspan(begin, count), out_q.subspan(begin, count));
  }
}

RoundSums Children::first_round(FeCSpan parent_p, FeCSpan parent_q, const Fe& lambda, FeCSpan eq,
                                std::size_t begin) const {
  if (source_ == nullptr) return lookup::first_round(parent_p, parent_q, p_, q_, lambda, eq, begin);
  if (is_second_trivial(begin)) {  // their differences are zero
    const Fe at_zero =
        vec::dot(eq, parent_p.subspan(begin, eq.size)) + lambda * vec::dot(eq, parent_q.subspan(begin, eq.size));
    return {at_zero, Fe()};
  }
  const Pieces leaves = load(begin, size() / 4, 4, eq.size);
  return lookup::first_round(parent_p.subspan(begin, eq.size), parent_q.subspan(begin, eq.size), leaves.p, leaves.q,
                             lambda, eq, 0);
}

RoundSums Children::fold(const Fe& lambda, const Fe& s, FeCSpan eq, std::size_t begin, const LayerTables& out) const {
  if (source_ == nullptr) return fold_children(p_, q_, lambda, s, eq, begin, out);
  const std::size_t half = size() / 8;
  if (is_second_trivial(begin)) {
    const std::size_t count = eq.size;
    const Pieces first = load(begin, half, 4, count);  // rows x, x + h, x + 2 h, x + 3 h of the first children
    for (std::size_t k = 0; k < 2; ++k) {
      const FeSpan p0 = out.p0.subspan(begin + k * half, count), q0 = out.q0.subspan(begin + k * half, count);
      const FpCSpan p_low = first.p.subspan(k * count, count), p_high = first.p.subspan((k + 2) * count, count);
      const FeCSpan q_low = first.q.subspan(k * count, count), q_high = first.q.subspan((k + 2) * count, count);
      // low + s (high - low)
      vec::lift(p_low, p0);
      vec::axpy(s, p_high, p0);
      vec::axpy(-s, p_low, p0);
      vec::sub(q_high, q_low, q0);
      vec::scale(s, q0, q0);
      vec::add(q0, q_low, q0);
      vec::fill(lambda, out.p1.subspan(begin + k * half, count));
      vec::fill(Fe::one(), out.q1.subspan(begin + k * half, count));
    }
    const Fe at_zero = vec::dot(eq, out.p0.subspan(begin, count)) + lambda * vec::dot(eq, out.q0.subspan(begin, count));
    return {at_zero, Fe()};
  }
  const Pieces leaves = load(begin, half, 8, eq.size);
  Scratch& memory = scratch();
  const auto table = [&](int i) { return memory.tables[i].subspan(0, 2 * eq.size); };
  const LayerTables folded = {table(0), table(1), table(2), table(3)};
  const RoundSums sums = fold_children(leaves.p, leaves.q, lambda, s, eq, 0, folded);
  const auto put = [&](FeCSpan from, FeSpan to) {
    copy(from.subspan(0, eq.size), to.subspan(begin, eq.size));
    copy(from.subspan(eq.size, eq.size), to.subspan(begin + half, eq.size));
  };
  put(folded.p0, out.p0);
  put(folded.p1, out.p1);
  put(folded.q0, out.q0);
  put(folded.q1, out.q1);
  return sums;
}

}  // namespace zkinfer::lookup
