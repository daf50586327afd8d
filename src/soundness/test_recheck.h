// SPDX-License-Identifier: Apache-2.0
// The soundness of opening parameters, computed a second time from the theorems and docs/security.md, with nothing of the
// analysis but the parameter structs: long double instead of logarithms, one agreement count per code found by bisection instead
// of a multiplicity, Theorem 4.6 of BCHKS25 as printed (rate of the degree, multiplicity rounded up), the Johnson list by
// counting, the exact bias of challenges, and queries and xi as the one verifier message that they are. Tests compare.
#pragma once

#include <algorithm>
#include <cmath>
#include <vector>

#include "commit/pcs/params.h"
#include "soundness/shape.h"

namespace zkinfer::soundness::recheck {

using Real = long double;

// The largest probability of one element of K: a limb is a uniform 85-bit integer mod p, so no residue has more than
// ceil(2^85 / p) of them.
inline Real most_likely_challenge() {
  const Real p = 0x1p64L - 0x1p32L + 1;
  const Real limb = (std::floor(0x1p85L / p) + 1) / 0x1p85L;
  return limb * limb * limb;
}

// One code at the radius that the recheck takes for it.
struct Code {
  Real agreeing = 0;  // a word that is not close agrees with a code word on fewer leaves than this
  Real list = 1;
  Real fold = 1;    // one pair of lanes
  Real missed = 1;  // the queries all agree, grinding included
};

// Theorem 4.6 for a line, agreement on A of N leaves. No radius: 1.
inline Real fold_error(Real domain, Real dimension, Real agreeing) {
  if (dimension == 1) return domain * (domain - 1) / 2 * most_likely_challenge();
  const Real rate = (dimension - 1) / domain;
  const Real root = std::sqrt(rate);
  const Real gamma = 1 - agreeing / domain;
  const Real eta = 1 - root - gamma;
  if (eta <= 0) return 1;
  const Real h = std::max<Real>(std::ceil(root / eta), 3) + 0.5L;
  const Real count = (2 * std::pow(h, 5.0L) + 3 * h * gamma * rate) / (3 * rate * root) * domain + h / root;
  return std::min<Real>(1, count * most_likely_challenge());
}

// `most`: what the code may contribute to a fold round; list: what its list may be at most.
inline Code code(const pcs::CodeParams& oracle, const pcs::OpeningParams& params, Real most, Real longest_list) {
  const Real domain = static_cast<Real>(oracle.domain_size());
  const Real dimension = static_cast<Real>(oracle.dimension());
  const Real pairs = oracle.log_lanes == 0 ? 1 : std::exp2(static_cast<Real>(oracle.log_lanes) - 1);
  Code out;
  if (params.security.decoding == Decoding::kUnique) {
    out.agreeing = std::floor((domain + dimension) / 2) + 1;
    out.fold = (dimension == 1 ? domain * (domain - 1) / 2 : domain) * most_likely_challenge();
  } else {
    // dimension - 1 < agreeing^2 / domain: two code words share at most dimension - 1 leaves, and L words that each agree on
    // `agreeing` leaves need L <= (A/N - r) / ((A/N)^2 - r).
    const Real rate = (dimension - 1) / domain;
    const auto list_at = [&](Real agreeing) {
      const Real share = agreeing / domain;
      return share * share <= rate ? HUGE_VALL : std::max<Real>(1, (share - rate) / (share * share - rate));
    };
    const auto fits = [&](Real agreeing) {
      return pairs * fold_error(domain, dimension, agreeing) <= most && list_at(agreeing) <= longest_list;
    };
    Real low = std::floor(std::sqrt(rate) * domain);  // no radius
    Real high = domain;
    if (!fits(high)) return out;
    while (high - low > 1) {
      const Real middle = std::floor((low + high) / 2);
      (fits(middle) ? high : low) = middle;
    }
    out.agreeing = high;
    out.list = list_at(high);
    out.fold = fold_error(domain, dimension, high);
  }
  out.missed = std::exp2(-static_cast<Real>(params.security.pow_bits));
  for (std::uint32_t i = 0; i < oracle.num_queries; ++i) {
    out.missed *= std::max<Real>(0, out.agreeing - 1 - i) / (domain - i);
  }
  return out;
}

// Bits of the worst verifier message.
inline Real bits(const pcs::OpeningParams& params, const OuterShape& shape) {
  const Real one = most_likely_challenge();
  const Real target = std::exp2(-static_cast<Real>(params.security.bits));
  const bool zero_knowledge = params.security.zero_knowledge;
  Real worst = 0x1p-128L;  // a collision of digests
  const auto charge = [&](Real error) { worst = std::max(worst, error); };
  const auto length = [](const pcs::CodeParams& o) {
    return static_cast<Real>(o.dimension()) * std::exp2(static_cast<Real>(o.log_lanes));
  };
  const auto identity = [&](const Code& c, const pcs::CodeParams& o) {
    if (c.list > 1) charge(c.list * c.list / 2 * length(o) * one);
  };

  std::vector<const pcs::CodeParams*> base_params;
  std::vector<Code> bases;
  const std::size_t count = (params.has_model ? 1 : 0) + params.data.size() + 1;
  const auto add = [&](const pcs::CodeParams& o, Real most, Real list) {
    base_params.push_back(&o);
    bases.push_back(code(o, params, most, list));
  };
  const Real third = target / 3.02L;
  if (params.has_model) add(params.model, third, HUGE_VALL);
  for (const pcs::TensorOracle& data : params.data) {
    add(data.oracle, count <= 3 ? third : target / 4096, params.data.size() > 1 ? 64.0L : HUGE_VALL);
  }
  add(params.witness, third, HUGE_VALL);
  Real all_lists = 1;
  for (const Code& c : bases) all_lists *= c.list;
  const Real witness_list = bases.back().list;

  // Statement and outer protocol.
  for (std::size_t i = 0; i + 1 < bases.size(); ++i) identity(bases[i], *base_params[i]);
  if (shape.log_leaves > 0) {
    const Real leaves = std::exp2(static_cast<Real>(shape.log_leaves));
    charge(2 * leaves * std::max(1u, shape.max_tuple_width) * witness_list * one);
    charge(3 * witness_list * one);  // a round; "lookup r" with the next lambda: 2
  }
  const Real variables = shape.relation_variables > 0 ? shape.relation_variables : shape.batched_rounds;
  charge((variables + shape.num_relations + 1) * witness_list * one);  // with "lookup r"
  charge(static_cast<Real>(shape.batched_degree) * witness_list * one);
  charge(static_cast<Real>(shape.log_triple_rows) * witness_list * one);
  charge(static_cast<Real>(shape.num_functionals) * all_lists * one);

  // First rounds: one challenge folds all base oracles that still have lanes.
  int rounds = 0;
  for (const pcs::CodeParams* o : base_params) rounds = std::max<int>(rounds, o->log_lanes);
  for (int left = rounds; left >= 1; --left) {
    Real error = 2 * all_lists * one;
    for (std::size_t i = 0; i < bases.size(); ++i) {
      if (left <= base_params[i]->log_lanes) error += bases[i].fold * std::exp2(static_cast<Real>(left) - 1);
    }
    charge(error);
  }

  // Folds, queries with the batching that follows them.
  std::vector<Code> folds;
  for (const pcs::CodeParams& o : params.folds) {
    folds.push_back(code(o, params, third, HUGE_VALL));
    identity(folds.back(), o);
    for (int left = o.log_lanes; left >= 1; --left) {
      charge(folds.back().fold * std::exp2(static_cast<Real>(left) - 1) + 2 * folds.back().list * one);
    }
  }
  for (std::size_t stage = 0; stage <= folds.size(); ++stage) {
    Real missed = 0;
    Real constraints = 2;
    std::uint64_t encoded = 0;
    if (stage == 0) {
      for (std::size_t i = 0; i < bases.size(); ++i) {
        missed = std::max(missed, bases[i].missed);
        constraints += base_params[i]->num_queries;
        encoded += base_params[i]->dimension();
      }
    } else {
      missed = folds[stage - 1].missed;
      constraints += params.folds[stage - 1].num_queries;
      encoded = params.folds[stage - 1].dimension();
    }
    Real list = 1;
    if (stage < folds.size()) {
      list = folds[stage].list;
      constraints += static_cast<Real>((params.folds[stage].num_coefs << params.folds[stage].log_lanes) - encoded);
    } else if (stage == 0) {
      constraints += static_cast<Real>(params.first_vector_size() - encoded);
    }
    charge(missed + constraints * list * one);
  }
  if (params.final_size() > 1) charge(2 * one);  // a round over the final vector
  if (zero_knowledge) {
    const Code mask = code(params.mask, params, third, HUGE_VALL);
    identity(mask, params.mask);
    charge(mask.fold + 2 * mask.list * one);
    charge(mask.missed);
  }
  return -std::log2(worst);
}

}  // namespace zkinfer::soundness::recheck
