// SPDX-License-Identifier: Apache-2.0
#include "commit/pcs/lane_sumcheck.h"

#include <algorithm>

#include "base/check.h"
#include "base/parallel.h"

namespace zkinfer::pcs {
namespace {

constexpr int kMaxGramBits = 2;
constexpr std::size_t kRowBlock = 512;
constexpr std::size_t kRowGrain = 8192;

}  // namespace

LaneSumcheck::LaneSumcheck(const CommittedOracle& oracle, const WeightSource* weights,
                           const std::vector<PowerFunctional>& powers)
    : oracle_(oracle), has_weights_(weights != nullptr), num_rows_(oracle.params().num_rows),
      log_lanes_(oracle.params().log_lanes), gram_bits_(std::min<int>(kMaxGramBits, log_lanes_)) {
  for (const PowerFunctional& power : powers) products_.push_back({power, {}, oracle.lane_evaluations(power.base)});
  for (Product& product : products_) {
    const Fe step = pow(product.power.base, oracle.params().dimension());
    Fe factor = product.power.coef;
    for (std::size_t lane = 0; lane < product.evaluations.size(); ++lane, factor *= step) {
      product.lane_part.push_back(factor);
    }
  }
  if (has_weights_) {
    u_.resize(oracle.params().num_lanes() * num_rows_);
    parallel_for(oracle.params().num_lanes(), 1, [&](std::size_t begin, std::size_t end) {
      for (std::size_t lane = begin; lane < end; ++lane) weights->add_lane(lane, weight_lane(lane));
    });
    make_products();
  }
}

// gram[a][b] = sum over the lower lane bits l and rows of e[(a, l)][row] U[(b, l)][row].
void LaneSumcheck::make_products() {
  const std::size_t size = gram_lanes();
  const std::size_t num_low = std::size_t{1} << (log_lanes_ - gram_bits_);
  const std::size_t blocks_per_lane = num_chunks(num_rows_, kRowGrain);
  std::vector<std::vector<Fe>> partial(num_low * blocks_per_lane);
  parallel_chunks(partial.size(), 1, [&](std::size_t task, std::size_t, std::size_t) {
    const std::size_t low = task / blocks_per_lane;
    const std::size_t task_begin = task % blocks_per_lane * kRowGrain;
    const std::size_t task_end = std::min(task_begin + kRowGrain, num_rows_);
    partial[task].resize(size * size);
    for (std::size_t begin = task_begin; begin < task_end; begin += kRowBlock) {
      const std::size_t count = std::min(kRowBlock, task_end - begin);
      for (std::size_t b = 0; b < size; ++b) {
        const FeSpan u = weight_lane(b * num_low + low).subspan(begin, count);
        for (std::size_t a = 0; a < size; ++a) {
          const FpCSpan e = oracle_.lane(a * num_low + low).subspan(begin, count);
          partial[task][a * size + b] += vec::dot(e, u);
        }
      }
    }
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
  if (has_weights_) h = point_.size() < static_cast<std::size_t>(gram_bits_) ? gram_round() : dense_.round();
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
  if (has_weights_ && point_.size() >= static_cast<std::size_t>(gram_bits_)) dense_.bind(s);
  if (has_weights_ && point_.size() < static_cast<std::size_t>(gram_bits_)) gram_bind(s);
  point_.push_back(s);
  for (Product& product : products_) {
    const std::size_t half = product.lane_part.size() / 2;
    for (std::vector<Fe>* values : {&product.lane_part, &product.evaluations}) {
      for (std::size_t i = 0; i < half; ++i) (*values)[i] += s * ((*values)[i + half] - (*values)[i]);
      values->resize(half);
    }
  }
  if (has_weights_ && point_.size() == static_cast<std::size_t>(gram_bits_)) fold_dense();
}

// Folds e and U by the first gram_bits challenges.
void LaneSumcheck::fold_dense() {
  const std::vector<Fe> weights = eq_high_first(point_);
  const std::size_t num_low = std::size_t{1} << (log_lanes_ - gram_bits_);
  FeVec v(num_low * num_rows_);
  const std::size_t blocks_per_lane = num_chunks(num_rows_, kRowGrain);
  parallel_chunks(num_low * blocks_per_lane, 1, [&](std::size_t task, std::size_t, std::size_t) {
    const std::size_t low = task / blocks_per_lane;
    const std::size_t task_begin = task % blocks_per_lane * kRowGrain;
    const std::size_t task_end = std::min(task_begin + kRowGrain, num_rows_);
    for (std::size_t begin = task_begin; begin < task_end; begin += kRowBlock) {
      const std::size_t count = std::min(kRowBlock, task_end - begin);
      const FeSpan v_out = v.subspan(low * num_rows_ + begin, count);
      const FeSpan u_out = weight_lane(low).subspan(begin, count);
      vec::scale(weights[0], u_out, u_out);
      for (std::size_t a = 0; a < weights.size(); ++a) {
        vec::axpy(weights[a], oracle_.lane(a * num_low + low).subspan(begin, count), v_out);
        if (a > 0) vec::axpy(weights[a], weight_lane(a * num_low + low).subspan(begin, count), u_out);
      }
    }
  });
  u_.resize(num_low * num_rows_);
  dense_ = DenseSumcheck(std::move(v), std::move(u_), gram_[0]);
}

void LaneSumcheck::finish(Fp scale, FeSpan vector, FeSpan functional) {
  const std::size_t dimension = oracle_.params().dimension();
  ZKI_CHECK_EQ(point_.size(), static_cast<std::size_t>(log_lanes_), "a challenge per lane bit");
  ZKI_CHECK_EQ(vector.size, dimension, "folded vector");
  ZKI_CHECK_EQ(functional.size, dimension, "folded functional");
  std::size_t done = 0;  // rows of e that are folded already
  vec::fill(Fe(), functional);
  if (has_weights_) {
    if (log_lanes_ == 0) fold_dense();
    dense_.finish();
    done = num_rows_;
    parallel_for(num_rows_, kRowGrain, [&](std::size_t begin, std::size_t end) {
      vec::scale(scale, dense_.u().subspan(begin, end - begin), functional.subspan(begin, end - begin));
      vec::scale(Fp(1), dense_.v().subspan(begin, end - begin), vector.subspan(begin, end - begin));
    });
    dense_ = DenseSumcheck();
  }
  const std::vector<Fe> weights = eq_high_first(point_);
  parallel_for(dimension - done, kRowGrain, [&](std::size_t begin, std::size_t end) {
    const FeSpan out = vector.subspan(done + begin, end - begin);
    vec::fill(Fe(), out);
    for (std::size_t lane = 0; lane < weights.size(); ++lane) {
      vec::axpy(weights[lane], oracle_.lane(lane).subspan(done + begin, end - begin), out);
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
