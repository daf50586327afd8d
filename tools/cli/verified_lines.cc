// SPDX-License-Identifier: Apache-2.0
#include "verified_lines.h"

namespace zkinfer::cli {

std::vector<OutputTensor> seen_tensors(const std::vector<VerifiedTensor>& tensors) {
  std::vector<OutputTensor> out;
  for (const VerifiedTensor& tensor : tensors) {
    if (tensor.group.is_public()) out.push_back({tensor.name, tensor.shape, tensor.integers, tensor.format.scale()});
  }
  return out;
}

std::string row_line(const std::vector<VerifiedTensor>& inputs, const std::vector<VerifiedTensor>& outputs) {
  for (const auto* side : {&inputs, &outputs}) {
    for (const VerifiedTensor& tensor : *side)
      if (tensor.digest.has_value() || tensor.commitment.has_value()) return "";
  }
  const std::string given = outputs_line(seen_tensors(inputs));
  return given + (given.empty() ? "" : "  ->  ") + outputs_line(seen_tensors(outputs));
}

}  // namespace zkinfer::cli
