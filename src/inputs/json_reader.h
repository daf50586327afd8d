// SPDX-License-Identifier: Apache-2.0
// Reads {"input_data": [[flat row-major numbers], ...]}: one array of numbers per model input. Nested lists inside an
// input are flattened; a flat list of numbers is one input; other keys are skipped.
// Errors: corrupt (no JSON, no input_data, something that is no number, with the place), resource_limit.
#pragma once

#include "base/bytes.h"
#include "inputs/array.h"

namespace zkinfer {

Result<std::vector<Array>> read_json_inputs(ByteView bytes);

}  // namespace zkinfer
