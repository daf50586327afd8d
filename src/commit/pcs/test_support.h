// SPDX-License-Identifier: Apache-2.0
// Tests and benchmarks only: a seeded random source, dense weights, small parameter sets, and one whole opening.
#pragma once

#include <cstdint>
#include <memory>
#include <random>
#include <vector>

#include "commit/pcs/cpu_backend.h"
#include "commit/pcs/opening_prover.h"
#include "commit/pcs/opening_verifier.h"

namespace zkinfer::pcs::testing {

class SeededRandom : public hiding::RandomSource {
 public:
  explicit SeededRandom(std::uint64_t seed) : engine_(seed) {}
  void fill(FpSpan out) override {
    for (Fp& x : out) {
      do x.v = engine_();
      while (x.v >= Fp::kModulus);
    }
  }
  Fe element() {
    Fe x;
    fill(x.c);
    return x;
  }

 private:
  std::mt19937_64 engine_;
};

// A functional of one oracle in both forms: dense for the prover, at a point for the verifier (OpeningClaim::evaluate).
class TestWeights : public WeightSource {
 public:
  virtual Fe at(const BasePoint& base, const std::vector<Fe>& point) const = 0;
};

// U given entry by entry, [num_lanes, num_coefs].
class DenseWeights : public TestWeights {
 public:
  DenseWeights(const CodeParams& oracle, SeededRandom& random) : num_coefs_(oracle.num_coefs) {
    for (std::uint64_t i = 0; i < oracle.num_lanes() * oracle.num_coefs; ++i) values_.push_back(random.element());
  }
  const Fe& at(std::size_t lane, std::size_t row) const { return values_[lane * num_coefs_ + row]; }
  const std::vector<Fe>& values() const { return values_; }
  void add_rows(std::size_t lane, std::size_t first, const Fe& factor, FeSpan out) const override {
    for (std::size_t row = 0; row < out.size; ++row) out.set(row, out.get(row) + factor * at(lane, first + row));
  }
  Fe at(const BasePoint& base, const std::vector<Fe>& point) const override {
    const std::vector<Fe> eq = eq_low_first(point);
    Fe sum;
    for (std::size_t lane = 0; lane < base.lane_weights.size(); ++lane) {
      for (std::size_t row = 0; row < num_coefs_; ++row)
        sum += base.lane_weights[lane] * eq[base.offset + row] * values_[lane * num_coefs_ + row];
    }
    return sum;
  }

 private:
  std::size_t num_coefs_;
  std::vector<Fe> values_;
};

// The prover's statement as the verifier's claim; its weights are TestWeights.
class TestClaim final : public OpeningClaim {
 public:
  explicit TestClaim(const OpeningStatement& statement) : statement_(statement) {
    for (const OpeningStatement::Base& base : statement.bases) powers_.push_back(base.powers);
  }
  const std::vector<std::vector<PowerFunctional>>& powers() const override { return powers_; }
  Value evaluate(const std::vector<BasePoint>& bases, const std::vector<Fe>& point) const override {
    Value out{statement_.mu, {}};
    for (std::size_t i = 0; i < statement_.bases.size(); ++i) {
      const auto* weights = static_cast<const TestWeights*>(statement_.bases[i].weights);
      if (weights != nullptr) out.value += weights->at(bases[i], point);
    }
    return out;
  }

 private:
  const OpeningStatement& statement_;
  std::vector<std::vector<PowerFunctional>> powers_;
};

struct Shape {
  std::uint64_t model_rows = 0;  // 0: no model
  std::uint8_t model_lanes = 0;
  std::uint64_t witness_rows = 1;
  std::uint8_t witness_lanes = 0;
  std::vector<std::uint8_t> fold_lanes;
  bool zero_knowledge = true;
  std::uint64_t model_budget = 2;
  std::uint32_t num_queries = 3;
  std::uint8_t pow_bits = 2;
  std::uint8_t log_inverse_rate = 2;
  std::uint64_t more_rows = 0;  // of each fold, beyond those that its vector takes
  struct Data {
    std::uint64_t rows;
    std::uint8_t lanes;
    std::uint64_t budget;
  };
  std::vector<Data> data = {};
};

inline std::uint8_t domain_for(const CodeParams& oracle, int log_inverse_rate) {
  int log_domain = log_inverse_rate;
  while (oracle.dimension() << log_inverse_rate > std::uint64_t{1} << log_domain) ++log_domain;
  while (oracle.num_queries >= std::uint64_t{1} << log_domain) ++log_domain;
  return static_cast<std::uint8_t>(log_domain);
}

// The parameter set of a shape; valid.
inline OpeningParams make_params(const Shape& shape) {
  OpeningParams params;
  params.security.zero_knowledge = shape.zero_knowledge;
  params.security.pow_bits = shape.pow_bits;
  params.has_model = shape.model_rows > 0;
  const auto complete = [&](CodeParams& oracle, std::uint64_t random_rows) {
    oracle.num_queries = shape.num_queries;
    oracle.num_random_coefs = shape.zero_knowledge ? random_rows : 0;
    oracle.log_domain = domain_for(oracle, shape.log_inverse_rate);
  };
  if (params.has_model) {
    params.model_budget = shape.zero_knowledge ? shape.model_budget : 0;
    params.model = {shape.model_rows, 0, shape.model_lanes, 0, 0};
    complete(params.model, params.model_budget > 0 ? params.model_budget * shape.num_queries + 4 : 0);
  }
  for (const Shape::Data& data : shape.data) {
    TensorOracle oracle{{data.rows, 0, data.lanes, 0, 0}, shape.zero_knowledge ? data.budget : 0};
    complete(oracle.oracle, oracle.budget > 0 ? oracle.budget * shape.num_queries + 4 : 0);
    params.data.push_back(oracle);
  }
  params.witness = {shape.witness_rows, 0, shape.witness_lanes, 0, 0};
  complete(params.witness, shape.num_queries + 1);
  for (const std::uint8_t lanes : shape.fold_lanes) params.folds.push_back({0, 0, lanes, 0, shape.num_queries});
  for (std::size_t i = 0; i < params.folds.size(); ++i) {
    CodeParams& fold = params.folds[i];
    fold.num_coefs = fold_rows(params.vector_size(i), fold.log_lanes) + shape.more_rows;
    complete(fold, shape.num_queries + 1);
  }
  if (params.security.zero_knowledge) {
    params.mask.num_coefs = params.num_mask_elements();
    complete(params.mask, shape.num_queries + 2);
  }
  return params;
}

// Oracles, weights and the true mu of one opening, drawn from a seed.
struct Instance {
  Instance(const OpeningParams& opening_params, std::uint64_t seed) : params(opening_params), random(seed) {
    for (const BaseOracle& base : params.bases()) {
      const bool pinned = bases.size() + 1 < params.num_bases();
      const CodeParams& oracle = *base.params;
      FpVec message(oracle.num_lanes() * oracle.num_coefs);
      random.fill(message.span());
      bases.emplace_back(oracle, message.span(), random);
      weights.push_back(std::make_unique<DenseWeights>(oracle, random));
      statement.bases.push_back({weights.back().get(), {}});
      for (std::size_t i = 0; i < message.size(); ++i) statement.mu += weights.back()->values()[i] * message[i];
      for (int i = 0; pinned && i < 2; ++i) {
        const Fe point = random.element();
        const Fe coef = random.element();
        statement.bases.back().powers.push_back({point, coef});
        statement.mu += coef * ood_value(bases.back(), point);
      }
      roots.bases.push_back(bases.back().root());
    }
    if (params.security.zero_knowledge) {
      mask = MaskOracle(params, random);
      roots.mask = mask.root();
      roots.pin = mask.pin(Fe(Fp(3), Fp(1), Fp(4)));
    }
  }
  Instance(const Instance&) = delete;
  Instance& operator=(const Instance&) = delete;

  OpeningProof prove(ProverHooks* hooks = nullptr, std::uint64_t seed = 99,
                     const Backend& backend = cpu_backend()) const {
    Transcript transcript("pcs test");
    bind(transcript);
    SeededRandom fold_random(seed);
    OpeningOracles oracles;
    for (const CommittedOracle& base : bases) oracles.bases.push_back(&base);
    oracles.mask = params.security.zero_knowledge ? &mask : nullptr;
    return prove_opening(params, statement, oracles, backend, fold_random, transcript, hooks).value();
  }
  Verdict verify(ByteView proof) const {
    Transcript transcript("pcs test");
    bind(transcript);
    return verify_opening(params, TestClaim(statement), roots, proof, transcript);
  }

  OpeningParams params;
  SeededRandom random;
  std::vector<CommittedOracle> bases;
  MaskOracle mask;
  std::vector<std::unique_ptr<DenseWeights>> weights;
  OpeningStatement statement;
  OpeningRoots roots;

 private:
  void bind(Transcript& transcript) const {
    transcript.absorb_bytes("params", params.canonical_bytes());
    for (const Digest& root : roots.bases) transcript.absorb_digest("base", root);
    transcript.absorb_digest("mask", roots.mask);
    transcript.absorb_fe("mu", statement.mu);
  }
};

}  // namespace zkinfer::pcs::testing
