// SPDX-License-Identifier: Apache-2.0
// The axes of a contraction's box with their roles, in the order they are added.
#pragma once

#include "circuit/circuit.h"

namespace zkinfer::relations {

struct BoxBuilder {
  circuit::Box box;
  std::vector<circuit::AxisRole> roles;

  // Returns the index of the first axis added.
  std::uint32_t add(const circuit::Box& sizes, circuit::AxisRole role) {
    const auto first = static_cast<std::uint32_t>(box.size());
    box.insert(box.end(), sizes.begin(), sizes.end());
    roles.insert(roles.end(), sizes.size(), role);
    return first;
  }
};

}  // namespace zkinfer::relations
