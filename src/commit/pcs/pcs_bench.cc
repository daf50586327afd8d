// SPDX-License-Identifier: Apache-2.0
// Commitment, opening and verification at the sizes of the default 128-bit parameters. Weights are one tensor product,
// so that the numbers are those of the opening and not of the functionals.
#include <benchmark/benchmark.h>

#include <algorithm>
#include <bit>
#include <map>
#include <memory>

#include "commit/pcs/test_support.h"

namespace zkinfer::pcs {
namespace {

using testing::SeededRandom;

// U[lane][row] = lane_part[lane] * eq(point, row), 2^point.size() rows, point[i] for bit i of the row.
class TensorWeights : public testing::TestWeights {
 public:
  TensorWeights(const CodeParams& oracle, SeededRandom& random) {
    for (std::uint64_t i = 0; i < oracle.num_lanes(); ++i) lane_part_.push_back(random.element());
    for (int i = std::countr_zero(oracle.num_coefs); i > 0; --i) point_.push_back(random.element());
    rows_ = FeVec(oracle.num_coefs);
    vec::eq_table(std::vector<Fe>(point_.rbegin(), point_.rend()), rows_);
  }
  void add_rows(std::size_t lane, std::size_t first, const Fe& factor, FeSpan out) const override {
    vec::axpy(factor * lane_part_[lane], rows_.subspan(first, out.size), out);
  }
  Fe at(const BasePoint& base, const std::vector<Fe>& point) const override {
    Fe sum;
    for (std::size_t i = 0; i < lane_part_.size(); ++i) sum += base.lane_weights[i] * lane_part_[i];
    // Bits of the row are bits of the index up to the offset's lowest one; rows are chunks of that size.
    const std::size_t num_low = std::min<std::size_t>(std::countr_zero(base.offset), point_.size());
    for (std::size_t i = 0; i < num_low; ++i) sum *= eq_bits(point[i], point_[i]);
    const std::span<const Fe> high = std::span(point).subspan(num_low);
    const std::vector<Fe> chunks = eq_low_first(std::span(point_).subspan(num_low));
    Fe at_high;
    for (std::size_t chunk = 0; chunk < chunks.size(); ++chunk) {
      const std::uint64_t index = (base.offset >> num_low) + chunk;
      at_high += chunks[chunk] * range_sum(high, index, index + 1, Fp(1));
    }
    return sum * at_high;
  }
  // <e, U> over the message of an oracle.
  Fe product(const CommittedOracle& oracle) const {
    Fe sum;
    for (std::size_t lane = 0; lane < lane_part_.size(); ++lane) {
      sum += lane_part_[lane] * vec::dot(oracle.lane(lane).span().subspan(0, rows_.size()), rows_);
    }
    return sum;
  }

 private:
  static Fe eq_bits(const Fe& a, const Fe& b) {
    const Fe product = a * b;
    return Fe::one() - a - b + product + product;
  }

  std::vector<Fe> lane_part_, point_;
  FeVec rows_;
};

// log 1/rate, log lanes, queries.
struct Code {
  int log_inverse_rate;
  std::uint8_t log_lanes;
  std::uint32_t num_queries;
};

CodeParams oracle_of(const Code& code, std::uint64_t num_coefs, std::uint64_t num_random_coefs) {
  CodeParams oracle{num_coefs, num_random_coefs, code.log_lanes, 0, code.num_queries};
  // A dimension up to 15 % above a power of two keeps that power's domain.
  const std::uint64_t scaled = oracle.dimension() * 100 / 115;
  oracle.log_domain = static_cast<std::uint8_t>(std::bit_width(scaled) + code.log_inverse_rate);
  return oracle;
}

OpeningParams sized_params(int log_witness, bool has_model) {
  OpeningParams params;
  params.has_model = has_model;
  if (has_model) {
    params.model_budget = 1024;
    params.model = oracle_of({2, 5, 115}, std::uint64_t{1} << 19, 1024 * 115 + 4);
  }
  params.witness = oracle_of({4, 4, 57}, std::uint64_t{1} << (log_witness - 4), 58);
  std::vector<Code> folds = {{2, 3, 88}, {4, 3, 50}, {6, 4, 35}, {9, 3, 25}};
  if (!has_model) folds = {{6, 3, 34}, {8, 3, 27}, {10, 3, 22}};
  if (!has_model && log_witness <= 16) folds = {{6, 3, 34}, {9, 3, 25}};
  for (const Code& code : folds) {
    const std::uint64_t num_coefs = fold_rows(params.final_size(), code.log_lanes);
    params.folds.push_back(oracle_of(code, num_coefs, code.num_queries + 1));
    // The offset of W's block depends on all folds: repair the chain from the first one.
    for (std::size_t i = 0; i < params.folds.size(); ++i) {
      CodeParams& fold = params.folds[i];
      fold.num_coefs = fold_rows(params.vector_size(i), fold.log_lanes);
    }
  }
  params.mask = oracle_of({10, 0, 22}, params.num_mask_elements(), 24);
  return params;
}

struct Setup {
  OpeningParams params;
  SeededRandom random{7};
  FpVec model_message, witness_message;
  CommittedOracle model, witness;
  MaskOracle mask;
  std::unique_ptr<TensorWeights> model_weights, witness_weights;
  OpeningStatement statement;
  OpeningRoots roots;
  OpeningProof proof;

  FpVec draw(const CodeParams& oracle) {
    FpVec message(oracle.num_lanes() * oracle.num_coefs);
    random.fill(message.span());
    return message;
  }
  explicit Setup(const OpeningParams& p) : params(p) {
    if (params.has_model) {
      model_message = draw(params.model);
      model = CommittedOracle(params.model, model_message.span(), random);
      model_weights = std::make_unique<TensorWeights>(params.model, random);
      const Fe z = random.element(), coef = random.element();
      statement.bases.push_back({model_weights.get(), {{z, coef}}});
      statement.mu = coef * ood_value(model, z) + model_weights->product(model);
      roots.bases.push_back(model.root());
    }
    witness_message = draw(params.witness);
    witness = CommittedOracle(params.witness, witness_message.span(), random);
    witness_weights = std::make_unique<TensorWeights>(params.witness, random);
    statement.bases.push_back({witness_weights.get(), {}});
    statement.mu += witness_weights->product(witness);
    mask = MaskOracle(params, random);
    roots.bases.push_back(witness.root());
    roots.mask = mask.root();
    roots.pin = mask.pin(Fe(Fp(3), Fp(1), Fp(4)));
  }
  OpeningProof prove() {
    Transcript transcript("bench");
    SeededRandom folds(3);
    OpeningOracles oracles{{}, &mask};
    if (params.has_model) oracles.bases.push_back(&model);
    oracles.bases.push_back(&witness);
    return prove_opening(params, statement, oracles, cpu_backend(), folds, transcript).value();
  }
  bool verify() {
    Transcript transcript("bench");
    return verify_opening(params, testing::TestClaim(statement), roots, proof.bytes, transcript).accepted();
  }
};

Setup& setup_of(const benchmark::State& state) {
  static std::pair<std::int64_t, std::int64_t> key{-1, -1};
  static std::unique_ptr<Setup> setup;
  const std::pair<std::int64_t, std::int64_t> wanted{state.range(0), state.range(1)};
  if (key != wanted) {
    setup.reset();
    setup = std::make_unique<Setup>(sized_params(static_cast<int>(state.range(0)), state.range(1) != 0));
    key = wanted;
  }
  return *setup;
}

void commit_witness(benchmark::State& state) {
  Setup& setup = setup_of(state);
  for (auto _ : state) {
    const CommittedOracle oracle(setup.params.witness, setup.witness_message.span(), setup.random);
    benchmark::DoNotOptimize(oracle.root());
  }
}

void commit_model(benchmark::State& state) {
  Setup& setup = setup_of(state);
  for (auto _ : state) {
    const CommittedOracle oracle(setup.params.model, setup.model_message.span(), setup.random);
    benchmark::DoNotOptimize(oracle.root());
  }
}

void open(benchmark::State& state) {
  Setup& setup = setup_of(state);
  for (auto _ : state) setup.proof = setup.prove();
  state.counters["proof_KiB"] = static_cast<double>(setup.proof.bytes.size()) / 1024;
  std::map<std::string, double> sizes;
  for (const ProofSection& section : setup.proof.sections) {
    sizes[section.label] += static_cast<double>(section.num_bytes);
  }
  for (const auto& [label, bytes] : sizes) state.counters[label] = bytes;
}

void verify(benchmark::State& state) {
  Setup& setup = setup_of(state);
  if (setup.proof.bytes.empty()) setup.proof = setup.prove();
  bool accepted = true;
  for (auto _ : state) accepted = setup.verify() && accepted;
  if (!accepted) state.SkipWithError("rejected");
}

// Per size all four in a row, so that a setup is built once.
void register_all() {
  for (const auto& [log_witness, has_model] : std::vector<std::pair<int, int>>{{16, 0}, {20, 0}, {16, 1}, {20, 1}}) {
    const auto add = [&](const char* name, void (*run)(benchmark::State&)) {
      benchmark::internal::Benchmark* bench = benchmark::RegisterBenchmark(name, run);
      bench->Args({log_witness, has_model})->Unit(benchmark::kMillisecond)->MeasureProcessCPUTime()->UseRealTime();
    };
    add("commit_witness", commit_witness);
    add("open", open);
    add("verify", verify);
    if (has_model != 0 && log_witness == 20) add("commit_model", commit_model);
  }
}

[[maybe_unused]] const bool kRegistered = (register_all(), true);

}  // namespace
}  // namespace zkinfer::pcs
