// SPDX-License-Identifier: Apache-2.0
// Texts as the inputs of a float network that reads them turn by turn (qir/turn.h; before its history is one tensor).
#pragma once

#include <vector>

#include "ir/graph.h"
#include "tensor/tensor.h"
#include "zkinfer/status.h"

namespace zkinfer::quant {

// Tokens and places; the inputs behind them are what the outputs behind the first of the turn before have left.
inline constexpr std::size_t kTurnInputs = 2;

// Of one text, as long as a conversation: turns of as many tokens as a turn may have, each behind what the network itself left.
Result<std::vector<TensorMap>> turns_of(const ir::Graph& graph, const FloatTensor& text);

}  // namespace zkinfer::quant
