// SPDX-License-Identifier: Apache-2.0
#include "frontend/onnx/activation.h"

#include "frontend/onnx/proto_text.h"

namespace zkinfer::frontend_onnx {

using ir::OpKind;
using ir::ValueId;

namespace {

ValueId affine(Build& b, ValueId x, const Activation& of) {
  return b.add(b.mul(x, b.number(static_cast<double>(of.alpha))), b.number(static_cast<double>(of.beta)));
}

}  // namespace

ValueId activated(Build& b, ValueId x, const Activation& activation) {
  const auto& [name, alpha, beta] = activation;
  if (name.empty()) return x;
  if (name == "Relu") return b.op(OpKind::kRelu, {x});
  if (name == "LeakyRelu") return b.op(OpKind::kLeakyRelu, {x}, ir::LeakyReluAttributes{alpha});
  if (name == "Clip") return b.clip(x, alpha, beta);
  if (name == "HardSigmoid") return b.clip(affine(b, x, activation), 0, 1);
  if (name == "Affine") return affine(b, x, activation);
  if (name == "ScaledTanh") {
    const ValueId scaled = b.mul(x, b.number(static_cast<double>(beta)));
    return b.mul(b.function(ir::function("Tanh"), scaled), b.number(static_cast<double>(alpha)));
  }
  if (const auto id = ir::find_function(name); id && !ir::row_of(*id).inner) return b.function(*id, x, alpha, beta);
  b.fail(unsupported("activation " + in_quotes(name) + " | export the model with another one, or without fusion"));
  return x;
}

ActivationParameters parameters_of(const std::string& activation) {
  if (activation == "Affine" || activation == "ScaledTanh") return {2, 1, activation == "Affine" ? 0.0F : 1.0F};
  if (activation == "HardSigmoid") return {2, 0.2F, 0.5F};
  if (activation == "LeakyRelu") return {1, 0.01F, 0};
  if (activation == "ThresholdedRelu" || activation == "Elu") return {1, 1, 0};
  return {};
}

Result<std::vector<Activation>> read_activations(const NodeContext& context, const std::vector<std::string>& usual) {
  ZKI_ASSIGN_OR_RETURN(std::vector<std::string> names, context.strings_attribute("activations"));
  ZKI_ASSIGN_OR_RETURN(const std::vector<float> alphas, context.floats_attribute("activation_alpha"));
  ZKI_ASSIGN_OR_RETURN(const std::vector<float> betas, context.floats_attribute("activation_beta"));
  if (names.empty()) names = usual;
  if (names.size() != usual.size())
    return corrupt("attribute 'activations' has " + std::to_string(names.size()) + " names, expected " +
                   std::to_string(usual.size()));
  std::vector<Activation> out;
  std::size_t alpha = 0;
  std::size_t beta = 0;
  for (std::string& name : names) {
    const ActivationParameters parameters = parameters_of(name);
    Activation activation{std::move(name), parameters.alpha, parameters.beta};
    if (parameters.count > 0 && alpha < alphas.size()) activation.alpha = alphas[alpha++];
    if (parameters.count > 1 && beta < betas.size()) activation.beta = betas[beta++];
    out.push_back(std::move(activation));
  }
  return out;
}

}  // namespace zkinfer::frontend_onnx
