// SPDX-License-Identifier: Apache-2.0
// The graph passes between importer and quantizer: a flat list of named rewrites, each followed by ir::verify.
// After legalize() the graph has core operators only (see ir/attributes.h), convolutions and pools are
// two-dimensional, constants are folded, nothing is dead; input and output names and shapes are those of the model.
// Errors: unsupported (lists every node that cannot become core operators), internal (a pass broke the graph).
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "ir/graph.h"
#include "zkinfer/status.h"

namespace zkinfer::passes {

struct PassTiming {
  std::string pass;
  double seconds = 0;
  std::size_t nodes_before = 0, nodes_after = 0;
};

struct PassReport {
  std::vector<PassTiming> passes;
};

struct PassOptions {
  std::vector<std::string> disabled;  // names from pass_names()
};

// Names of all passes in the order they run.
std::vector<std::string_view> pass_names();

// Runs the whole list. report may be null.
Result<ir::Graph> legalize(ir::Graph graph, PassReport* report = nullptr, const PassOptions& options = {});

}  // namespace zkinfer::passes
