// SPDX-License-Identifier: Apache-2.0
// Who sees what of an inference: inputs, outputs and parameters each on their own. What is not public is hidden by zero
// knowledge; a committed tensor is hidden too, under a commitment that other proofs and parties can refer to.
#pragma once

#include <cstdint>
#include <optional>

#include "qir/qgraph.h"
#include "zkinfer/tensor_policy.h"

namespace zkinfer::qir {

struct Visibility {
  TensorPolicy inputs;
  TensorPolicy outputs{Exposure::kPublic, TensorHash::kNone};
  bool public_params = false;  // the commitment to the parameters hides nothing: anyone with the model derives the key

  bool everything() const { return inputs.is_public() && outputs.is_public() && public_params; }
  bool valid() const { return inputs.valid() && outputs.valid(); }
  // inputs: exposure (2 bits), hash (2); outputs likewise; public_params.
  std::uint32_t bits() const {
    const auto group = [](const TensorPolicy& g) {
      return static_cast<std::uint32_t>(g.exposure) | static_cast<std::uint32_t>(g.hash) << 2;
    };
    return group(inputs) | group(outputs) << 4 | (public_params ? 1u << 8 : 0u);
  }
  friend bool operator==(const Visibility&, const Visibility&) = default;
};

inline constexpr std::uint32_t kVisibilityMask = (1u << 9) - 1;
// Nothing for flags that Visibility::bits() never gives.
inline std::optional<Visibility> visibility_from_bits(std::uint32_t bits) {
  const auto group = [](std::uint32_t x) {
    return TensorPolicy{static_cast<Exposure>(x & 3), static_cast<TensorHash>(x >> 2 & 3)};
  };
  const auto known = [](const TensorPolicy& g) {
    return g.exposure <= Exposure::kCommitted && g.hash <= TensorHash::kSha256;
  };
  const Visibility visibility{group(bits), group(bits >> 4), (bits >> 8 & 1) != 0};
  if ((bits & ~kVisibilityMask) != 0 || !known(visibility.inputs) || !known(visibility.outputs) || !visibility.valid())
    return std::nullopt;
  return visibility;
}

// The tensors of those groups that `has` chooses, in the order of the statement: outputs, then inputs.
template <typename Has>
std::vector<ValueId> chosen_values(const QGraph& graph, const Visibility& visibility, Has has) {
  std::vector<ValueId> ids;
  if (has(visibility.outputs)) ids = graph.outputs;
  if (has(visibility.inputs)) ids.insert(ids.end(), graph.inputs.begin(), graph.inputs.end());
  return ids;
}
inline std::vector<ValueId> public_values(const QGraph& graph, const Visibility& visibility) {
  return chosen_values(graph, visibility, [](const TensorPolicy& g) { return g.is_public(); });
}
inline std::vector<ValueId> hashed_values(const QGraph& graph, const Visibility& visibility) {
  return chosen_values(graph, visibility, [](const TensorPolicy& g) { return g.hash != TensorHash::kNone; });
}
inline std::vector<ValueId> committed_values(const QGraph& graph, const Visibility& visibility) {
  return chosen_values(graph, visibility, [](const TensorPolicy& g) { return g.is_committed(); });
}

}  // namespace zkinfer::qir
