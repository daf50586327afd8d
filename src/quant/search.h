// SPDX-License-Identifier: Apache-2.0
// The choice of activation bits and shift: what is cheapest to prove among those whose outputs on calibration data are exact
// enough. Errors are measured on a third of the calibration inputs, with statistics from the others only.
// Cost: about a dozen lowerings, each with an integer run of the measured inputs.
#pragma once

#include <span>

#include "ir/graph.h"
#include "quant/calibration.h"
#include "quant/lowering.h"
#include "quant/quantize.h"
#include "zkinfer/status.h"

namespace zkinfer::quant {

// calibration: of all `inputs`.
Result<Quantized> search(const ir::Graph& graph, const Calibration& calibration, std::span<const TensorMap> inputs,
                         const QuantOptions& options);

}  // namespace zkinfer::quant
