// SPDX-License-Identifier: Apache-2.0
// Who sees what of an inference. Outputs are always part of the statement; what is not public is hidden by zero knowledge.
#pragma once

#include <cstdint>

#include "qir/qgraph.h"

namespace zkinfer::qir {

struct Visibility {
  bool public_inputs = false;  // the inputs are part of the statement and sent with the proof
  bool public_params = false;  // the commitment to the parameters hides nothing: anyone with the model derives the key

  bool everything() const { return public_inputs && public_params; }
  std::uint32_t bits() const { return (public_inputs ? 1u : 0u) | (public_params ? 2u : 0u); }
  friend bool operator==(const Visibility&, const Visibility&) = default;
};

inline constexpr std::uint32_t kVisibilityMask = 3;
inline Visibility visibility_from_bits(std::uint32_t bits) { return {(bits & 1) != 0, (bits & 2) != 0}; }

// The values of the statement, in order: the outputs, then public inputs.
inline std::vector<ValueId> public_values(const QGraph& graph, const Visibility& visibility) {
  std::vector<ValueId> ids = graph.outputs;
  if (visibility.public_inputs) ids.insert(ids.end(), graph.inputs.begin(), graph.inputs.end());
  return ids;
}

}  // namespace zkinfer::qir
