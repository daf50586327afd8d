// SPDX-License-Identifier: Apache-2.0
// The choice of activation levels, table size and shift: the fewest table rows whose outputs on calibration data are
// exact enough. Elements cost the same whatever the choice, so rows are all that is compared.
// Errors are measured on a third of the calibration inputs, with statistics from the others only.
// Cost: a lowering for each pair (levels, table size), and some dozens of integer runs of the measured inputs.
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
