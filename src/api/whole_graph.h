// SPDX-License-Identifier: Apache-2.0
// The program of a key as one graph, where it is cut, too: for people, and for questions about structure.
#pragma once

#include "qir/qgraph.h"
#include "zkinfer/verify.h"

namespace zkinfer::api {

qir::QGraph whole_graph(const VerificationKey& key);

}  // namespace zkinfer::api
