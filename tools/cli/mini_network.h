// SPDX-License-Identifier: Apache-2.0
// A small network as an ONNX file in memory, for trying a machine without one.
#pragma once

#include <cstdint>

#include "zkinfer/bytes.h"

namespace zkinfer::cli {

// "input" [1, width] -> MatMul [width, width] -> Relu -> MatMul [width, width] -> "output" [1, width], weights drawn from a fixed seed.
Bytes mini_network(std::int64_t width);

}  // namespace zkinfer::cli
