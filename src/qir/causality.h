// SPDX-License-Identifier: Apache-2.0
// What each output element of an integer program may depend on: how far into its one input. By the structure alone, so whatever the
// parameters are; a mask that hides later tokens counts where the structure makes the hidden scores' weights 0.
#pragma once

#include <cstdint>
#include <functional>
#include <vector>

#include "qir/qgraph.h"

namespace zkinfer::qir {

// Counted before they are spent: steps of a few nanoseconds, and elements held at once, of 24 bytes.
struct ReachLimits {
  std::uint64_t steps = std::uint64_t{1} << 28;
  std::uint64_t elements = (std::uint64_t{512} << 20) / 24;
};
// Of an input behind the first: its elements where they are known, else how far into inputs[0] each reaches itself.
struct OtherInput {
  std::vector<std::int64_t> values, reach;
};
// What elements reach that nothing may depend on.
inline constexpr std::int64_t kNeverReached = std::int64_t{1} << 62;

// By element of outputs[0], row-major: the last element of inputs[0], row-major, that it may depend on; -1: none. May be larger than
// what is really read, never smaller. unsupported: inputs of which nothing is said. resource_limit: over the limits.
// told, if any, is called with the same of every node's output, in order of nodes.
using ReachOf = std::function<std::int64_t(std::size_t element)>;
Result<std::vector<std::int64_t>> reach_of_output(
    const QGraph& graph, const ReachLimits& limits = {},
    const std::function<void(std::size_t node, const ReachOf&)>& told = {});
// The same of every output, of a program with other inputs besides.
Result<std::vector<std::vector<std::int64_t>>> reach_of_outputs(
    const QGraph& graph, const std::vector<OtherInput>& others, const ReachLimits& limits = {},
    const std::function<void(std::size_t node, const ReachOf&)>& told = {});

}  // namespace zkinfer::qir
