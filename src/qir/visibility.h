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
  // The last input and the last output are committed, whatever the others are: what one inference leaves to the next.
  bool carries = false;

  bool everything() const { return inputs.is_public() && outputs.is_public() && public_params && !carries; }
  bool valid() const { return inputs.valid() && outputs.valid(); }
  // inputs: exposure (2 bits), hash (2); outputs likewise; public_params; carries.
  std::uint32_t bits() const {
    const auto group = [](const TensorPolicy& g) {
      return static_cast<std::uint32_t>(g.exposure) | static_cast<std::uint32_t>(g.hash) << 2;
    };
    return group(inputs) | group(outputs) << 4 | (public_params ? 1u << 8 : 0u) | (carries ? 1u << 9 : 0u);
  }
  friend bool operator==(const Visibility&, const Visibility&) = default;
};

inline constexpr std::uint32_t kVisibilityMask = (1u << 10) - 1;
// Nothing for flags that Visibility::bits() never gives.
inline std::optional<Visibility> visibility_from_bits(std::uint32_t bits) {
  const auto group = [](std::uint32_t x) {
    return TensorPolicy{static_cast<Exposure>(x & 3), static_cast<TensorHash>(x >> 2 & 3)};
  };
  const auto known = [](const TensorPolicy& g) {
    return g.exposure <= Exposure::kCommitted && g.hash <= TensorHash::kSha256;
  };
  const Visibility visibility{group(bits), group(bits >> 4), (bits >> 8 & 1) != 0, (bits >> 9 & 1) != 0};
  if ((bits & ~kVisibilityMask) != 0 || !known(visibility.inputs) || !known(visibility.outputs) || !visibility.valid())
    return std::nullopt;
  return visibility;
}

// The tensors of the statement in its order, outputs, then inputs, and who sees each.
struct SeenTensor {
  ValueId id = 0;
  TensorPolicy policy;
};
inline std::vector<SeenTensor> seen_tensors(const QGraph& graph, const Visibility& visibility) {
  std::vector<SeenTensor> out;
  const auto add = [&](const std::vector<ValueId>& ids, const TensorPolicy& policy) {
    for (const ValueId id : ids) out.push_back({id, policy});
    if (visibility.carries && !ids.empty()) out.back().policy = {Exposure::kCommitted, TensorHash::kNone};
  };
  add(graph.outputs, visibility.outputs);
  add(graph.inputs, visibility.inputs);
  return out;
}
// Those that `has` chooses.
template <typename Has>
std::vector<ValueId> chosen_values(const QGraph& graph, const Visibility& visibility, Has has) {
  std::vector<ValueId> ids;
  for (const SeenTensor& tensor : seen_tensors(graph, visibility))
    if (has(tensor.policy)) ids.push_back(tensor.id);
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
