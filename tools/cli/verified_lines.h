// SPDX-License-Identifier: Apache-2.0
// What an accepted proof says, on one line.
#pragma once

#include <string>
#include <vector>

#include "outputs.h"
#include "zkinfer/verify.h"

namespace zkinfer::cli {

// Those whose values are seen.
std::vector<OutputTensor> seen_tensors(const std::vector<VerifiedTensor>& tensors);
// A row of a batch in short, its outputs and before them its inputs where they are seen; empty where there is a digest or
// commitment to show.
std::string row_line(const std::vector<VerifiedTensor>& inputs, const std::vector<VerifiedTensor>& outputs);

}  // namespace zkinfer::cli
