// SPDX-License-Identifier: Apache-2.0
// What each output element of an integer program may depend on: how far into its one input. By the structure alone, so whatever the
// parameters are; a mask that hides later tokens counts where the structure makes the hidden scores' weights 0.
#pragma once

#include <cstdint>
#include <vector>

#include "qir/qgraph.h"

namespace zkinfer::qir {

// By element of outputs[0], row-major: the last element of inputs[0], row-major, that it may depend on; -1: none. May be larger than
// what is really read, never smaller. unsupported: more than one input. resource_limit: more steps than max_steps.
Result<std::vector<std::int64_t>> reach_of_output(const QGraph& graph, std::uint64_t max_steps);

}  // namespace zkinfer::qir
