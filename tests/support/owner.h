// SPDX-License-Identifier: Apache-2.0
// Models and inputs for tests of the public interface: small integer graphs as packages.
#pragma once

#include "package/package.h"
#include "support/session.h"
#include "support/small_graphs.h"
#include "zkinfer/compile.h"
#include "zkinfer/prove.h"

namespace zkinfer::data_test {

inline constexpr TensorPolicy kPrivate{};
inline constexpr TensorPolicy kPublic{Exposure::kPublic, TensorHash::kNone};
inline constexpr TensorPolicy kCommitted{Exposure::kCommitted, TensorHash::kNone};

template <typename T>
T must(Result<T> result) {
  ZKI_CHECK(result.ok(), result.status().to_string().c_str());
  return std::move(result).value();
}

// One layer, [1, n] in [lo, hi] -> [1, m] in [-64, 63].
inline qir::QGraph layer_graph(std::int64_t n, std::int64_t m, std::int64_t lo, std::int64_t hi) {
  qir::TestBuilder b;
  const std::int32_t clamp = b.clamp_table(-2048, 12, -64, 63);
  const qir::ValueId x = b.input({1, n}, lo, hi);
  const qir::ValueId w = b.param({n, m}, -15, 15);
  b.graph.outputs = {b.node(qir::Op::kMatMul, {x, w}, {1, m}, -64, 63, e2e::with_coefs({}, {5, clamp}))};
  return b.graph;
}

// Two inputs of one size, their sum and their difference.
inline qir::QGraph two_by_two_graph() {
  qir::TestBuilder b;
  const qir::ValueId x = b.input({1, 4}, -8, 7);
  const qir::ValueId y = b.input({1, 4}, -8, 7);
  const qir::ValueId w = b.param({1, 4}, -3, 3);
  b.graph.outputs = {b.node(qir::Op::kLinear, {x, y, w}, {1, 4}, -64, 63, e2e::with_coefs({1, 1, 1})),
                     b.node(qir::Op::kLinear, {x, y}, {1, 4}, -64, 63, e2e::with_coefs({1, -1}))};
  return b.graph;
}

inline Model make_model(qir::QGraph graph, std::uint64_t weights_seed = 1) {
  package::Package package;
  package.graph = std::move(graph);
  package.weights = e2e::draw_params(package.graph, weights_seed);
  return must(Model::from_bytes(package::to_bytes(package)));
}

inline CommitOptions options_with(const TensorPolicy& inputs, const TensorPolicy& outputs) {
  CommitOptions options;
  options.security.pow_bits = 2;
  options.budget = 64;
  options.tensor_budget = 3;
  options.inputs = inputs;
  options.outputs = outputs;
  return options;
}

// A model with its commitment and key.
struct Owner {
  Model model;
  Prover prover;
  VerificationKey key;

  Owner(Model m, const CommitOptions& options)
      : model(std::move(m)),
        prover(must(Prover::create(model, options))),
        key(must(VerificationKey::from_bytes(prover.verification_key()))) {}
  Owner(qir::QGraph graph, const TensorPolicy& inputs, const TensorPolicy& outputs)
      : Owner(make_model(std::move(graph)), options_with(inputs, outputs)) {}

  std::vector<std::vector<std::int64_t>> draw(std::uint64_t seed) const {
    std::mt19937_64 engine(seed);
    std::vector<std::vector<std::int64_t>> inputs;
    for (const TensorInfo& info : model.inputs()) {
      const auto width = static_cast<std::uint64_t>(info.format.hi - info.format.lo + 1);
      std::vector<std::int64_t>& input = inputs.emplace_back(info.num_elements());
      for (std::int64_t& x : input) x = info.format.lo + static_cast<std::int64_t>(engine() % width);
    }
    return inputs;
  }
  std::vector<CommittedTensor> commit(const std::vector<std::vector<std::int64_t>>& inputs) const {
    std::vector<CommittedTensor> out;
    for (std::size_t i = 0; i < inputs.size(); ++i) out.push_back(must(CommittedTensor::create(key, i, inputs[i])));
    return out;
  }
  // A request in the form that the key wants; `committed` keeps what it points to.
  ProveRequest request(const std::vector<std::vector<std::int64_t>>& inputs,
                       std::vector<CommittedTensor>& committed) const {
    ProveRequest out;
    if (!key.info().inputs.is_committed()) {
      out.integers = inputs;
      return out;
    }
    committed = commit(inputs);
    for (const CommittedTensor& tensor : committed) out.committed_inputs.push_back(&tensor);
    return out;
  }
  VerifyResult verify(const ProofResult& result) const { return zkinfer::verify(key, result.proof, result.statement); }
};

}  // namespace zkinfer::data_test
