// SPDX-License-Identifier: Apache-2.0
// compile --input-from: the range and scale of an input, from another model, a commitment, or a raw file's bytes.
#pragma once

#include <string>
#include <vector>

#include "zkinfer/compile.h"
#include "zkinfer/verify_limits.h"

namespace zkinfer::cli {

// "[INPUT=]SOURCE", the value at `position` of num_values. limits: of keys among the sources.
Status set_input_format(const std::string& text, std::size_t position, std::size_t num_values,
                        const std::vector<TensorInfo>& inputs, const VerifyLimits& limits, CompileOptions& options);

}  // namespace zkinfer::cli
