// SPDX-License-Identifier: Apache-2.0
// Small graphs with drawn parameters and inputs, and cheap (not secure) opening options, for whole-path tests.
#pragma once

#include <random>

#include "prover/prove.h"
#include "qir/test_graphs.h"

namespace zkinfer::e2e {

inline qir::ParamData draw_params(const qir::QGraph& graph, std::uint64_t seed) {
  std::mt19937_64 engine(seed);
  qir::ParamData params(graph.values.size());
  for (std::size_t id = 0; id < graph.values.size(); ++id) {
    const qir::Value& value = graph.values[id];
    if (value.kind != qir::ValueKind::kParam) continue;
    for (std::int64_t i = 0; i < value.shape.num_elements(); ++i) {
      params[id].push_back(static_cast<std::int32_t>(value.lo + static_cast<std::int64_t>(engine() % static_cast<std::uint64_t>(value.hi - value.lo + 1))));
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
      input.push_back(value.lo + static_cast<std::int64_t>(engine() % static_cast<std::uint64_t>(value.hi - value.lo + 1)));
    }
    inputs.push_back(std::move(input));
  }
  return inputs;
}

// 2 bits of grinding keep tests fast; queries make up for it, so the security is the same.
inline prover::ModelOptions test_options(bool zero_knowledge) {
  prover::ModelOptions options;
  options.zero_knowledge = zero_knowledge;
  options.pow_bits = 2;
  options.budget = 4;
  return options;
}

inline Digest test_seed(std::uint8_t x) {
  Digest seed{};
  seed[0] = x;
  return seed;
}

}  // namespace zkinfer::e2e
