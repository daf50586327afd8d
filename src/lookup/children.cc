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
    const Pieces leaves = load(begin, size() / 2, 2, count);
    lookup::build_parents(leaves.p, leaves.q, 0, count, out_p.subspan(begin, count), out_q.subspan(begin, count));
  }
}

RoundSums Children::first_round(FeCSpan parent_p, FeCSpan parent_q, const Fe& lambda, FeCSpan eq,
                                std::size_t begin) const {
  if (source_ == nullptr) return lookup::first_round(parent_p, parent_q, p_, q_, lambda, eq, begin);
  const Pieces leaves = load(begin, size() / 4, 4, eq.size);
  return lookup::first_round(parent_p.subspan(begin, eq.size), parent_q.subspan(begin, eq.size), leaves.p, leaves.q,
                             lambda, eq, 0);
}

RoundSums Children::fold(const Fe& lambda, const Fe& s, FeCSpan eq, std::size_t begin, const LayerTables& out) const {
  if (source_ == nullptr) return fold_children(p_, q_, lambda, s, eq, begin, out);
  const std::size_t half = size() / 8;
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
