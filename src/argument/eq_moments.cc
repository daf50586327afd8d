// SPDX-License-Identifier: Apache-2.0
#include "argument/eq_moments.h"

#include "base/check.h"

namespace zkinfer::argument {

EqMoments::EqMoments(std::span<const Fe> point) : point_(point.begin(), point.end()), means_(1) {
  for (std::size_t i = 0; i < point.size(); ++i)
    means_.push_back(means_.back() + point[point.size() - 1 - i] * Fp(std::uint64_t{1} << i));
}

EqMoments::Moments EqMoments::below(std::uint64_t end) const {
  const std::size_t bits = point_.size();
  if (end >> bits != 0) return {Fe::one(), means_.back()};
  // Where a bit of `end` is set, all rows with the bits before it and a zero here lie below: their eq is that of the bits so
  // far, their mean what those bits are worth plus the mean of the bits that are free.
  Moments sum{};
  Fe prefix = Fe::one();
  std::uint64_t worth = 0;
  for (std::size_t left = bits; left-- > 0;) {
    const Fe with_one = prefix * point_[bits - 1 - left];
    const Fe with_zero = prefix - with_one;
    if ((end >> left & 1) == 0) {
      prefix = with_zero;
      continue;
    }
    sum.weight += with_zero;
    sum.first += with_zero * (means_[left] + Fe(Fp(worth)));
    prefix = with_one;
    worth += std::uint64_t{1} << left;
  }
  return sum;
}

Fe EqMoments::value(const std::vector<circuit::Line>& lines) const {
  Fe sum;
  Moments before{};
  for (const circuit::Line& line : lines) {
    const Moments to_end = below(line.end);
    sum += (to_end.weight - before.weight) * Fp::from_int(line.value);
    if (line.rises) sum += to_end.first - before.first;
    before = to_end;
  }
  return sum;
}

}  // namespace zkinfer::argument
