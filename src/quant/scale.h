// SPDX-License-Identifier: Apache-2.0
// Scales as numbers and as metadata; real tensors to integers and back. A library of its own: whoever proves needs it,
// without the quantizer.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

#include "qir/qgraph.h"
#include "zkinfer/fidelity.h"
#include "zkinfer/status.h"
#include "zkinfer/tensor.h"

namespace zkinfer::quant {

// real -> integers of one graph input: rounded to the nearest, clipped at the declared range (*clipping counts, may be
// null); integers in units of one exactly, whatever their size. out_of_range: a value that is not a number.
Result<std::vector<std::int64_t>> quantize_input(const qir::Value& value, const TensorView& real,
                                                 Clipping* clipping = nullptr);
Result<std::vector<std::int64_t>> quantize_input(const qir::Value& value, std::span<const float> real,
                                                 Clipping* clipping = nullptr);
std::vector<float> dequantize(const qir::Value& value, std::span<const std::int64_t> integers);
// Halves go up, as the requantization of accumulators rounds.
double nearest_integer(double x);
double scale_of(const qir::Value& value);
qir::Scale make_scale(double scale);

}  // namespace zkinfer::quant
