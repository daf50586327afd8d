// SPDX-License-Identifier: Apache-2.0
// How the shape of an input with open axes is given, for messages: 'x=1,N,224' with numbers for each N.
#pragma once

#include <string>
#include <vector>

#include "base/text.h"
#include "tensor/shape.h"

namespace zkinfer::frontend_onnx {

inline std::string shape_example(const std::string& name, const std::vector<bool>& open, const Dims& dims) {
  std::string text;
  for (std::size_t i = 0; i < dims.size(); ++i)
    text += (i == 0 ? "" : ",") + (open[i] ? std::string("N") : std::to_string(dims[i]));
  return in_quotes(name + "=" + (dims.empty() ? "N" : text)) + " with numbers for each N";
}

}  // namespace zkinfer::frontend_onnx
