// SPDX-License-Identifier: Apache-2.0
// The order in which the nodes of a graph can be computed, and the names that they use.
#pragma once

#include <string>
#include <unordered_set>
#include <vector>

#include <onnx/onnx_pb.h>

#include "zkinfer/status.h"

namespace zkinfer::frontend_onnx {

using NodeList = google::protobuf::RepeatedPtrField<onnx::NodeProto>;

// Indices of the nodes: every node after those whose outputs it reads, itself or in its subgraphs, and as they stand where
// that allows it. corrupt where the nodes read each other in a circle.
Result<std::vector<int>> computable_order(const NodeList& nodes);

// Every name that a node reads, in subgraphs too.
void collect_inputs(const onnx::NodeProto& node, std::unordered_set<std::string>& names);
void collect_inputs(const NodeList& nodes, std::unordered_set<std::string>& names);

}  // namespace zkinfer::frontend_onnx
