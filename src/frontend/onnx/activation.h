// SPDX-License-Identifier: Apache-2.0
// Activations that operators name in an attribute: of fused products and of recurrent networks.
#pragma once

#include <string>
#include <vector>

#include "frontend/onnx/build.h"

namespace zkinfer::frontend_onnx {

struct Activation {
  std::string name;  // empty: none
  float alpha = 0;
  float beta = 0;
};

// unsupported, through `b`, when nothing is known by that name.
ir::ValueId activated(Build& b, ir::ValueId x, const Activation& activation);

// How many of the attributes `activation_alpha` and `activation_beta` the activation takes, and what holds without them (ONNX Runtime's defaults).
struct ActivationParameters {
  std::size_t count = 0;
  float alpha = 0;
  float beta = 0;
};
ActivationParameters parameters_of(const std::string& activation);

// Attribute `activations` with their parameters, which are taken in the order of those that have any; `usual` where it is absent.
Result<std::vector<Activation>> read_activations(const NodeContext& context, const std::vector<std::string>& usual);

}  // namespace zkinfer::frontend_onnx
