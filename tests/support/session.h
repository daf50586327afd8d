// SPDX-License-Identifier: Apache-2.0
// What the suites of the whole protocol share: small graphs with drawn parameters and inputs, cheap opening options,
// a session that proves one model again and again under hooks, and the checks before the opening without any opening.
#pragma once

#include <random>
#include <string>
#include <vector>

#include "prover/prove.h"
#include "qir/test_graphs.h"
#include "verifier/verify.h"

namespace zkinfer::e2e {

inline qir::Weights draw_params(const qir::QGraph& graph, std::uint64_t seed) {
  std::mt19937_64 engine(seed);
  qir::Weights params(graph.values.size());
  for (std::size_t id = 0; id < graph.values.size(); ++id) {
    const qir::Value& value = graph.values[id];
    if (value.kind != qir::ValueKind::kParam) continue;
    for (std::int64_t i = 0; i < value.shape.num_elements(); ++i) {
      params[id].push_back(static_cast<std::int32_t>(
          value.lo + static_cast<std::int64_t>(engine() % static_cast<std::uint64_t>(value.hi - value.lo + 1))));
    }
  }
  return params;
}

inline std::vector<std::vector<std::int64_t>> draw_inputs(const qir::QGraph& graph, std::uint64_t seed) {
  std::mt19937_64 engine(seed);
  std::vector<std::vector<std::int64_t>> inputs;
  for (const qir::ValueId id : graph.inputs) {
    const qir::Value& value = graph.values[id];
    std::vector<std::int64_t> input;
    for (std::int64_t i = 0; i < value.shape.num_elements(); ++i) {
      input.push_back(value.lo +
                      static_cast<std::int64_t>(engine() % static_cast<std::uint64_t>(value.hi - value.lo + 1)));
    }
    inputs.push_back(std::move(input));
  }
  return inputs;
}

// 2 bits of grinding keep tests fast; queries make up for it, so the security is the same.
inline prover::ModelOptions test_options(bool zero_knowledge) {
  prover::ModelOptions options;
  options.security.zero_knowledge = zero_knowledge;
  // Without zero knowledge nothing may be private.
  if (!zero_knowledge) options.visibility = {{Exposure::kPublic}, {Exposure::kPublic}, true};
  options.security.pow_bits = 2;
  options.budget = 4;
  return options;
}

inline Digest test_seed(std::uint8_t x) {
  Digest seed{};
  seed[0] = x;
  return seed;
}

// Told of every verdict of a Session where somebody sets it (tests/soundness/keep_proofs.cc).
inline void (*on_verdict)(const verifier::PreparedKey& prepared, ByteView proof, const Verdict& verdict) = nullptr;

// One committed model and one input.
struct Session {
  qir::QGraph graph;
  prover::CommittedModel model;
  prover::ProveRequest request;
  std::vector<std::shared_ptr<prover::CommittedValues>> committed_inputs;  // where the options ask for them

  // Aborts the process when the graph cannot be committed to: a broken test.
  Session(const qir::QGraph& g, const prover::ModelOptions& options, std::uint64_t seed = 1)
      : Session(g, prover::commit_model(g, draw_params(g, seed), options, test_seed(1)), seed + 1) {}
  Session(qir::QGraph g, Result<prover::CommittedModel> committed, std::uint64_t inputs_seed) : graph(std::move(g)) {
    ZKI_CHECK(committed.ok(), committed.status().to_string().c_str());
    model = std::move(committed).value();
    request.inputs = draw_inputs(graph, inputs_seed);
    commit_inputs();
  }
  void commit_inputs() {
    const std::vector<pcs::TensorOracle>& oracles = model.prepared.key.params.data;
    const std::vector<qir::SeenTensor> seen = qir::seen_tensors(graph, key().visibility);
    for (std::size_t i = 0; i < request.inputs.size(); ++i) {
      if (!seen[graph.outputs.size() + i].policy.is_committed()) continue;
      auto data = prover::commit_tensor(request.inputs[i], oracles[oracles.size() - (request.inputs.size() - i)],
                                        test_seed(static_cast<std::uint8_t>(100 + i)));
      ZKI_CHECK(data.ok(), "the input of a test has a commitment");
      committed_inputs.push_back(std::make_shared<prover::CommittedValues>(std::move(data).value()));
      request.committed_inputs.push_back(committed_inputs.back().get());
    }
  }
  Session(qir::QGraph g, bool zero_knowledge, std::uint64_t seed = 1)
      : Session(std::move(g), test_options(zero_knowledge), seed) {}

  const statement::Key& key() const { return model.prepared.key; }
  const relations::CompiledCircuit& compiled() const { return model.prepared.compiled; }
  prover::Proof prove(const prover::ProveHooks* hooks = nullptr) const {
    prover::ProveRequest hooked = request;
    hooked.hooks = hooks;
    auto proof = prover::prove(model, hooked);
    ZKI_CHECK(proof.ok(), "the input of a test has a proof");
    return std::move(proof).value();
  }
  // The public tensors that the proof holds only the hash of.
  statement::PublicValues beside(const prover::Proof& proof) const {
    statement::PublicValues out;
    std::size_t next = 0;
    for (const auto& [id, policy] : qir::seen_tensors(graph, key().visibility)) {
      if (!policy.is_public()) continue;
      if (!policy.in_proof()) out.push_back(proof.data.values[next]);
      ++next;
    }
    return out;
  }
  Verdict verify(ByteView proof) const {
    const Verdict verdict = verifier::verify(model.prepared, proof, nullptr);
    if (on_verdict != nullptr) on_verdict(model.prepared, proof, verdict);
    return verdict;
  }
  Verdict verdict_on(const prover::ProveHooks& hooks) const { return verify(prove(&hooks).bytes); }
};

// The label of every field element before the opening, in order, and where the first one lies in the proof.
struct OuterMessages {
  std::vector<std::string> labels;
  std::size_t begin = 0;

  explicit OuterMessages(const Session& session) {
    prover::ProveHooks hooks;
    hooks.messages = [&](std::size_t, const char* label, Fe&) { labels.emplace_back(label); };
    static_cast<void>(session.prove(&hooks));
    const std::size_t num_roots = session.model.prepared.key.params.security.zero_knowledge ? 2 : 1;
    begin = statement::header_size(session.graph, session.model.prepared.key.visibility) + num_roots * sizeof(Digest);
  }
  std::size_t offset(std::size_t index) const { return begin + 3 * sizeof(std::uint64_t) * index; }
};

}  // namespace zkinfer::e2e
