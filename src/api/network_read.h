// SPDX-License-Identifier: Apache-2.0
// What a compiled model keeps of the network that it was made from (CompileRecord), and whether another file holds the same one.
#pragma once

#include <cstdint>
#include <vector>

#include "ir/graph.h"
#include "zkinfer/bytes.h"
#include "zkinfer/compile_record.h"
#include "zkinfer/fidelity.h"
#include "zkinfer/status.h"

namespace zkinfer::api {

// Of a graph as it was imported: names, shapes, operators, attributes and every constant. Not of the file: a copy of it, under
// another name or with its weights in files beside it, is the same network.
Digest network_digest(const ir::Graph& imported);

// Numbers in the constants that nodes read, each constant once however many nodes read it, without those of the program text.
std::uint64_t num_network_parameters(const ir::Graph& legalized);

// Inputs and outputs of whole numbers, with scale and zero point where the graph begins (ends) with DequantizeLinear (QuantizeLinear).
std::vector<WholeTensor> whole_tensors(const ir::Graph& imported);
// Outputs with a scale of the network's own resolve one step.
void set_resolutions(const std::vector<WholeTensor>& whole, Fidelity& fidelity);

// invalid_argument unless it is the network that the model was made from.
Status check_same_network(const ir::Graph& imported, const CompileRecord& record);

}  // namespace zkinfer::api
