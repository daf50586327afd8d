// SPDX-License-Identifier: Apache-2.0
// What a node of a model loses on the way to numbers: words of labels, maps, sequences.
#pragma once

#include <string>
#include <vector>

#include <onnx/onnx_pb.h>

namespace zkinfer::frontend_onnx {

// A sentence for each thing that an imported node does not give as the file says. where: the node, for people.
void note_losses(const std::string& where, const onnx::NodeProto& node, std::vector<std::string>& notes);
// The same for a graph output by its declared type.
void note_losses(const onnx::ValueInfoProto& output, std::vector<std::string>& notes);

}  // namespace zkinfer::frontend_onnx
