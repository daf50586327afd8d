// SPDX-License-Identifier: Apache-2.0
// The IDX format of the MNIST files, plain or gzipped, element type unsigned byte (picture levels or labels).
// Source: Y. LeCun, C. Cortes, C. Burges, "The MNIST database", file formats. Errors: corrupt, unsupported, resource_limit.
#pragma once

#include "base/bytes.h"
#include "inputs/array.h"

namespace zkinfer {

Result<Array> read_idx(ByteView bytes);

}  // namespace zkinfer
