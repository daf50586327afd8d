// SPDX-License-Identifier: Apache-2.0
#include "commit/pcs/dense_sumcheck.h"

#include <algorithm>

#include "base/check.h"
#include "base/parallel.h"

namespace zkinfer::pcs {
namespace {

constexpr std::size_t kGrain = 16384;  // elements per task
constexpr std::size_t kBlock = 512;    // elements per pass: all operands stay in the first-level cache

// low += s (high - low); high is overwritten.
void fold_block(FeSpan low, FeSpan high, Fe s) {
  vec::sub(high, low, high);
  vec::axpy(s, high, low);
}

}  // namespace

Fe parallel_dot(FeCSpan a, FeCSpan b) {
  ZKI_CHECK_EQ(a.size, b.size, "vector length");
  std::vector<Fe> partial(num_chunks(a.size, kGrain));
  parallel_chunks(a.size, kGrain, [&](std::size_t chunk, std::size_t begin, std::size_t end) {
    partial[chunk] = vec::dot(a.subspan(begin, end - begin), b.subspan(begin, end - begin));
  });
  Fe sum;
  for (const Fe& x : partial) sum += x;
  return sum;
}

DenseSumcheck::DenseSumcheck(FeVec v, FeVec u, Fe claim) : v_(std::move(v)), u_(std::move(u)), claim_(claim) {
  ZKI_CHECK_EQ(v_.size(), u_.size(), "vector length");
}

DenseSumcheck::Sums DenseSumcheck::fold_and_sum(bool fold, bool sum) {
  // With fold and sum, the quarters q0..q3 become (q0, q1) <- fold with (q2, q3), and q1 - q0 is summed against its like.
  const std::size_t half = (fold ? v_.size() / 2 : v_.size());
  const std::size_t num_pairs = sum ? half / 2 : half;
  std::vector<Sums> partial(num_chunks(num_pairs, kGrain));
  parallel_chunks(num_pairs, kGrain, [&](std::size_t chunk, std::size_t chunk_begin, std::size_t chunk_end) {
    FeVec v_slope(kBlock), u_slope(kBlock);
    for (std::size_t begin = chunk_begin; begin < chunk_end; begin += kBlock) {
      const std::size_t count = std::min(kBlock, chunk_end - begin);
      const auto part = [&](FeVec& x, std::size_t offset) { return x.subspan(offset + begin, count); };
      if (fold) {
        for (FeVec* x : {&v_, &u_}) fold_block(part(*x, 0), part(*x, half), challenge_);
        if (sum) {
          for (FeVec* x : {&v_, &u_}) fold_block(part(*x, num_pairs), part(*x, half + num_pairs), challenge_);
        }
      }
      if (!sum) continue;
      vec::sub(part(v_, num_pairs), part(v_, 0), v_slope.subspan(0, count));
      vec::sub(part(u_, num_pairs), part(u_, 0), u_slope.subspan(0, count));
      partial[chunk].at_zero += vec::dot(part(v_, 0), part(u_, 0));
      partial[chunk].at_infinity += vec::dot(v_slope.subspan(0, count), u_slope.subspan(0, count));
    }
  });
  if (fold) {
    v_.resize(half);
    u_.resize(half);
  }
  Sums total;
  for (const Sums& s : partial) {
    total.at_zero += s.at_zero;
    total.at_infinity += s.at_infinity;
  }
  return total;
}

RoundPolynomial DenseSumcheck::round() {
  const std::size_t size = must_fold_ ? v_.size() / 2 : v_.size();
  ZKI_CHECK(size % 2 == 0, "a round needs an even length");
  const Sums sums = fold_and_sum(must_fold_, true);
  must_fold_ = false;
  at_zero_ = sums.at_zero;
  polynomial_ = {claim_ - at_zero_ - at_zero_ - sums.at_infinity, sums.at_infinity};
  return polynomial_;
}

void DenseSumcheck::bind(Fe s) {
  ZKI_CHECK(!must_fold_, "one challenge per round");
  claim_ = at_zero_ + s * (polynomial_.c1 + s * polynomial_.c2);
  challenge_ = s;
  must_fold_ = true;
}

void DenseSumcheck::finish() {
  if (must_fold_) fold_and_sum(true, false);
  must_fold_ = false;
}

}  // namespace zkinfer::pcs
