// SPDX-License-Identifier: Apache-2.0
#include "commit/pcs/lane_sumcheck.h"

#include <algorithm>

#include "base/check.h"
#include "base/parallel.h"
#include "field/eq.h"

namespace zkinfer::pcs {
namespace {

constexpr int kMaxGramBits = 3;
constexpr std::size_t kRowBlock = 512;
constexpr std::size_t kRowGrain = 8192;

}  // namespace

LaneSumcheck::LaneSumcheck(const CommittedOracle& oracle, const WeightSource* weights,
                           const std::vector<PowerFunctional>& powers, std::size_t most_kept)
    : oracle_(oracle),
      weights_(weights),
      num_coefs_(oracle.params().num_coefs),
      log_lanes_(oracle.params().log_lanes),
      gram_bits_(std::min<int>(kMaxGramBits, log_lanes_)),
      keep_groups_(num_coefs_ << log_lanes_ <= most_kept) {
  for (const PowerFunctional& power : powers) products_.push_back({power, {}, oracle.lane_evaluations(power.base)});
  for (Product& product : products_) {
    const Fe step = pow(product.power.base, oracle.params().dimension());
    Fe factor = product.power.coef;
    for (std::size_t lane = 0; lane < product.evaluations.size(); ++lane, factor *= step) {
      product.lane_part.push_back(factor);
    }
  }
  if (weights_ != nullptr) make_products();
}

void LaneSumcheck::make_weights(std::size_t low, std::size_t begin, std::size_t count, FeSpan out) const {
  vec::fill(Fe(), out);
  for (std::size_t a = 0; a < gram_lanes(); ++a)
    weights_->add_rows(a * num_groups() + low, begin, Fe::one(), out.subspan(a * count, count));
}

// gram[a][b] = sum over the lower lane bits l and rows of e[(a, l)][row] U[(b, l)][row].
void LaneSumcheck::make_products() {
  const std::size_t size = gram_lanes();
  const std::size_t chunks_per_group = num_chunks(num_coefs_, kRowGrain);
  if (keep_groups_) groups_.assign(num_groups(), FeVec());
  for (FeVec& group : groups_) group = FeVec(size * num_coefs_, Contents::kUnset);
  std::vector<std::vector<Fe>> partial(num_groups() * chunks_per_group);
  parallel_chunks(partial.size(), 1, [&](std::size_t task, std::size_t, std::size_t) {
    const std::size_t low = task / chunks_per_group;
    const std::size_t first = task % chunks_per_group * kRowGrain;
    const std::size_t num_rows = std::min(kRowGrain, num_coefs_ - first);
    FeVec weights(size * num_rows, Contents::kUnset);
    make_weights(low, first, num_rows, weights);
    std::vector<Fe>& sums = partial[task];
    sums.resize(size * size);
    Fp scratch[kRowBlock];
    for (std::size_t begin = 0; begin < num_rows; begin += kRowBlock) {
      const std::size_t count = std::min(kRowBlock, num_rows - begin);
      for (std::size_t a = 0; a < size; ++a) {
        const FpCSpan e = coefs_of(a, low, first + begin, FpSpan(scratch, count));
        for (std::size_t b = 0; b < size; ++b)
          sums[a * size + b] += vec::dot(e, weights.subspan(b * num_rows + begin, count));
      }
    }
    if (!keep_groups_) return;
    for (std::size_t a = 0; a < size; ++a)
      vec::scale(Fp(1), weights.subspan(a * num_rows, num_rows),
                 groups_[low].subspan(a * num_coefs_ + first, num_rows));
  });
  gram_.assign(size * size, Fe());
  for (const std::vector<Fe>& part : partial) {
    for (std::size_t i = 0; i < gram_.size(); ++i) gram_[i] += part[i];
  }
}

// h(s) = trace over the lower bits of gram with both high bits bound to s.
RoundPolynomial LaneSumcheck::gram_round() const {
  const std::size_t size = gram_lanes() >> point_.size();
  const std::size_t half = size / 2;
  RoundPolynomial h;
  for (std::size_t i = 0; i < half; ++i) {
    const Fe g00 = gram_[i * size + i];
    const Fe cross = gram_[i * size + i + half] + gram_[(i + half) * size + i];
    const Fe g11 = gram_[(i + half) * size + i + half];
    h.c1 += cross - g00 - g00;
    h.c2 += g11 - cross + g00;
  }
  return h;
}

void LaneSumcheck::gram_bind(Fe s) {
  const std::size_t size = gram_lanes() >> point_.size();
  const std::size_t half = size / 2;
  const Fe t = Fe::one() - s;
  std::vector<Fe> next(half * half);
  for (std::size_t i = 0; i < half; ++i) {
    for (std::size_t j = 0; j < half; ++j) {
      const Fe cross = gram_[i * size + j + half] + gram_[(i + half) * size + j];
      next[i * half + j] = t * t * gram_[i * size + j] + s * t * cross + s * s * gram_[(i + half) * size + j + half];
    }
  }
  gram_ = std::move(next);
}

RoundPolynomial LaneSumcheck::round() {
  ZKI_CHECK(point_.size() < static_cast<std::size_t>(log_lanes_), "a round per lane bit");
  RoundPolynomial h;
  if (weights_ != nullptr) h = point_.size() < static_cast<std::size_t>(gram_bits_) ? gram_round() : dense_.round();
  for (const Product& product : products_) {
    const std::size_t half = product.lane_part.size() / 2;
    for (std::size_t i = 0; i < half; ++i) {
      const Fe lane_slope = product.lane_part[i + half] - product.lane_part[i];
      const Fe slope = product.evaluations[i + half] - product.evaluations[i];
      h.c1 += product.lane_part[i] * slope + lane_slope * product.evaluations[i];
      h.c2 += lane_slope * slope;
    }
  }
  return h;
}

void LaneSumcheck::bind(Fe s) {
  if (weights_ != nullptr && point_.size() >= static_cast<std::size_t>(gram_bits_)) dense_.bind(s);
  if (weights_ != nullptr && point_.size() < static_cast<std::size_t>(gram_bits_)) gram_bind(s);
  point_.push_back(s);
  for (Product& product : products_) {
    const std::size_t half = product.lane_part.size() / 2;
    for (std::vector<Fe>* values : {&product.lane_part, &product.evaluations}) {
      for (std::size_t i = 0; i < half; ++i) (*values)[i] += s * ((*values)[i + half] - (*values)[i]);
      values->resize(half);
    }
  }
  if (weights_ != nullptr && point_.size() == static_cast<std::size_t>(gram_bits_)) fold_dense();
}

// Folds e and U by the first gram_bits challenges: U group by group, straight from its source where it is not kept.
void LaneSumcheck::fold_dense() {
  const std::vector<Fe> weights = eq_vector(point_);
  FeVec v(num_groups() * num_coefs_, Contents::kUnset);
  FeVec u(num_groups() * num_coefs_);
  if (!keep_groups_) {
    parallel_chunks(num_groups(), 1, [&](std::size_t low, std::size_t, std::size_t) {
      for (std::size_t a = 0; a < weights.size(); ++a)
        weights_->add_rows(a * num_groups() + low, 0, weights[a], u.subspan(low * num_coefs_, num_coefs_));
    });
  }
  for (std::size_t low = 0; low < num_groups(); ++low) {
    const FeCSpan group = keep_groups_ ? groups_[low].span() : FeCSpan();
    parallel_for(num_coefs_, kRowGrain, [&](std::size_t chunk_begin, std::size_t chunk_end) {
      Fp scratch[kRowBlock];
      for (std::size_t begin = chunk_begin; begin < chunk_end; begin += kRowBlock) {
        const std::size_t count = std::min(kRowBlock, chunk_end - begin);
        const FeSpan v_out = v.subspan(low * num_coefs_ + begin, count);
        vec::scale(weights[0], coefs_of(0, low, begin, FpSpan(scratch, count)), v_out);
        for (std::size_t a = 1; a < weights.size(); ++a)
          vec::axpy(weights[a], coefs_of(a, low, begin, FpSpan(scratch, count)), v_out);
        if (!keep_groups_) continue;
        const FeSpan u_out = u.subspan(low * num_coefs_ + begin, count);
        for (std::size_t a = 0; a < weights.size(); ++a)
          vec::axpy(weights[a], group.subspan(a * num_coefs_ + begin, count), u_out);
      }
    });
  }
  groups_.clear();
  dense_ = DenseSumcheck(std::move(v), std::move(u), gram_[0]);
}

void LaneSumcheck::finish(Fp scale, FeSpan vector, FeSpan functional) {
  const std::size_t dimension = oracle_.params().dimension();
  ZKI_CHECK_EQ(point_.size(), static_cast<std::size_t>(log_lanes_), "a challenge per lane bit");
  ZKI_CHECK_EQ(vector.size, dimension, "folded vector");
  ZKI_CHECK_EQ(functional.size, dimension, "folded functional");
  std::size_t done = 0;  // rows of e that are folded already
  vec::fill(Fe(), functional);
  if (weights_ != nullptr) {
    if (log_lanes_ == 0) fold_dense();
    dense_.finish();
    done = num_coefs_;
    parallel_for(num_coefs_, kRowGrain, [&](std::size_t begin, std::size_t end) {
      vec::scale(scale, dense_.u().subspan(begin, end - begin), functional.subspan(begin, end - begin));
      vec::scale(Fp(1), dense_.v().subspan(begin, end - begin), vector.subspan(begin, end - begin));
    });
    dense_ = DenseSumcheck();
  }
  const std::vector<Fe> weights = eq_vector(point_);
  parallel_for(dimension - done, kRowGrain, [&](std::size_t begin, std::size_t end) {
    const FeSpan out = vector.subspan(done + begin, end - begin);
    vec::fill(Fe(), out);
    Fp scratch[kRowBlock];
    for (std::size_t lane = 0; lane < weights.size(); ++lane) {
      for (std::size_t i = 0; i < out.size; i += kRowBlock) {
        const std::size_t count = std::min(kRowBlock, out.size - i);
        const FpCSpan e = oracle_.coefs().read(lane, done + begin + i, FpSpan(scratch, count));
        vec::axpy(weights[lane], e, out.subspan(i, count));
      }
    }
  });
  for (const Product& product : products_) {
    parallel_for(dimension, kRowGrain, [&](std::size_t begin, std::size_t end) {
      FeVec row_part(end - begin);
      vec::powers(product.lane_part[0] * scale * pow(product.power.base, begin), product.power.base, row_part);
      const FeSpan out = functional.subspan(begin, end - begin);
      vec::add(out, row_part, out);
    });
  }
}

}  // namespace zkinfer::pcs
