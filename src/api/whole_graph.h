// SPDX-License-Identifier: Apache-2.0
// The program of a key as one graph, where it is cut, too: for people, and for questions about structure.
#pragma once

#include <string>
#include <vector>

#include "qir/qgraph.h"
#include "zkinfer/verify.h"

namespace zkinfer::api {

qir::QGraph whole_graph(const VerificationKey& key);
// zkinfer/inspect.h.
std::vector<std::string> structure_warnings(const qir::QGraph& graph);

}  // namespace zkinfer::api
