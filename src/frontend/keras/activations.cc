// SPDX-License-Identifier: Apache-2.0
// Activations by name, as functions and as layers.
#include <cmath>

#include "base/text.h"
#include "frontend/keras/layer.h"

namespace zkinfer::frontend_keras {

namespace {

Value clip(Net& net, const Value& x, double lo, double hi) {
  return net.unary("Clip", x, {}, {net.number(lo), net.number(hi)});
}

// max(x, threshold) below max_value, and negative_slope * (x - threshold) below the threshold.
Result<Value> relu(Net& net, const Value& x, double slope, std::optional<double> most, double threshold) {
  if (threshold == 0) {
    Value y = slope == 0 ? net.unary("Relu", x) : net.unary("LeakyRelu", x, {{"alpha", slope}});
    return most ? net.unary("Min", y, {}, {net.number(*most)}) : y;
  }
  // Keras cuts at max_value only what is above the threshold.
  const Value above = net.with_number("GreaterOrEqual", x, threshold);
  Value high = x;
  if (most) high = net.unary("Min", x, {}, {net.number(*most)});
  Value low = net.with_number("Mul", net.with_number("Sub", x, threshold), slope);
  return net.unary("Where", above, {}, {high.name, low.name});
}

Value hard_sigmoid(Net& net, const Value& x) {
  const double slope = net.keras() >= 3 ? 1.0 / 6 : 0.2;
  return net.unary("HardSigmoid", x, {{"alpha", slope}, {"beta", 0.5}});
}

Result<Value> log_softmax(Net& net, const Value& x, std::int64_t axis) {
  const Value p = net.plain(x);
  ZKI_ASSIGN_OR_RETURN(const std::size_t at, checked_axis(axis, p.rank()));
  return net.unary("LogSoftmax", p, {{"axis", at}});
}

Result<Value> leaky_relu(Net& net, const Config& config, const Value& x) {
  const double slope = config.number("negative_slope", config.number("alpha", 0.3));
  if (!config.problem().ok()) return config.problem();
  return net.unary("LeakyRelu", x, {{"alpha", slope}});
}

Result<Value> activation(Net& net, const std::string& name, const Value& x, const Json& config) {
  const Config checked(config);
  const auto number = [&](const char* key, double fallback) { return checked.number(key, fallback); };
  for (const char* key : {"negative_slope", "alpha", "max_value", "threshold"}) static_cast<void>(number(key, 0));
  static_cast<void>(checked.flag("approximate", false));
  if (!checked.problem().ok()) return checked.problem();
  if (name == "linear") return x;
  if (name == "relu") {
    const Json& most = config["max_value"];
    return relu(net, x, number("negative_slope", number("alpha", 0)),
                most.is_number() ? std::optional(most.number()) : std::nullopt, number("threshold", 0));
  }
  if (name == "relu6") return clip(net, x, 0, 6);
  if (name == "leaky_relu")
    return net.unary("LeakyRelu", x, {{"alpha", number("negative_slope", number("alpha", 0.2))}});
  if (name == "elu") return net.unary("Elu", x, {{"alpha", number("alpha", 1)}});
  if (name == "selu") return net.unary("Selu", x, {{"alpha", 1.6732632423543772}, {"gamma", 1.0507009873554805}});
  if (name == "celu") return net.unary("Celu", x, {{"alpha", number("alpha", 1)}});
  if (name == "softplus") return net.unary("Softplus", x);
  if (name == "softsign") return net.unary("Softsign", x);
  if (name == "sigmoid") return net.unary("Sigmoid", x);
  if (name == "tanh") return net.unary("Tanh", x);
  if (name == "exponential") return net.unary("Exp", x);
  if (name == "hard_sigmoid") return hard_sigmoid(net, x);
  if (name == "hard_silu" || name == "hard_swish")
    return net.binary("Mul", x, net.unary("HardSigmoid", x, {{"alpha", 1.0 / 6}, {"beta", 0.5}}));
  if (name == "hard_tanh") return clip(net, x, -1, 1);
  if (name == "silu" || name == "swish") return net.binary("Mul", x, net.unary("Sigmoid", x));
  if (name == "gelu")
    return net.unary("Gelu", x, {{"approximate", checked.flag("approximate", false) ? "tanh" : "none"}});
  if (name == "mish") return net.unary("Mish", x);
  if (name == "log_sigmoid") return net.unary("Neg", net.unary("Softplus", net.unary("Neg", x)));
  if (name == "hard_shrink") return net.unary("Shrink", x, {{"lambd", number("threshold", 0.5)}, {"bias", 0.0}});
  if (name == "soft_shrink")
    return net.unary("Shrink", x, {{"lambd", number("threshold", 0.5)}, {"bias", number("threshold", 0.5)}});
  if (name == "tanh_shrink") return net.binary("Sub", x, net.unary("Tanh", x));
  if (name == "squareplus") {
    const Value root = net.unary("Sqrt", net.with_number("Add", net.unary("Mul", x, {}, {x.name}), number("b", 4)));
    ZKI_ASSIGN_OR_RETURN(const Value sum, net.binary("Add", x, root));
    return net.with_number("Mul", sum, 0.5);
  }
  if (name == "softmax") return softmax(net, x, config["axis"].integer().value_or(-1));
  if (name == "log_softmax") return log_softmax(net, x, config["axis"].integer().value_or(-1));
  return refusal("the activation " + in_quotes(name) + " is not known here", "use one of Keras' own, such as 'relu'");
}

Result<Outputs> one(Result<Value> value) {
  if (!value.ok()) return value.status();
  return Outputs{std::move(*value)};
}

Result<Outputs> run_activation(LayerCall& call) {
  ZKI_ASSIGN_OR_RETURN(const Value x, call.input());
  return one(call.activated(x));
}

template <const char* kName>
Result<Outputs> run_named(LayerCall& call) {
  ZKI_ASSIGN_OR_RETURN(const Value x, call.input());
  return one(activation(call.net, kName, x, call.config.json()));
}
constexpr char kElu[] = "elu", kRelu[] = "relu";

Result<Outputs> run_leaky(LayerCall& call) {
  ZKI_ASSIGN_OR_RETURN(const Value x, call.input());
  const double slope = call.config.number("negative_slope", call.config.number("alpha", 0.3));
  return Outputs{call.net.unary("LeakyRelu", x, {{"alpha", slope}})};
}

Result<Outputs> run_thresholded(LayerCall& call) {
  ZKI_ASSIGN_OR_RETURN(const Value x, call.input());
  return Outputs{call.net.unary("ThresholdedRelu", x, {{"alpha", call.config.number("theta", 1)}})};
}

Result<Outputs> run_softmax(LayerCall& call) {
  ZKI_ASSIGN_OR_RETURN(const Value x, call.input());
  ZKI_ASSIGN_OR_RETURN(const Dims axes, call.config.integers("axis", {-1}));
  if (call.argument("mask", 1) != nullptr || x.masked)
    return refusal("it is called with a mask", "use a network without masks");
  if (axes.size() != 1) return refusal("a softmax over several axes", "flatten them to one with Reshape");
  return one(softmax(call.net, x, axes[0]));
}

// A slope per entry of the input without batch and shared axes.
Result<Outputs> run_prelu(LayerCall& call) {
  ZKI_ASSIGN_OR_RETURN(const Value input, call.input());
  ZKI_ASSIGN_OR_RETURN(const std::vector<FloatTensor> weights, call.weights.take(1));
  const Value x = call.net.plain(input);
  Dims dims = weights[0].shape().dims();
  Dims needed(x.dims.begin() + 1, x.dims.end());
  if (dims.size() != needed.size())
    return invalid_argument("its slopes " + dims_to_string(dims) + " do not meet " + dims_to_string(x.dims));
  for (std::size_t i = 0; i < dims.size(); ++i)
    if (dims[i] != 1 && dims[i] != needed[i])
      return invalid_argument("its slopes " + dims_to_string(dims) + " do not meet " + dims_to_string(x.dims));
  return Outputs{call.net.unary("PRelu", x, {}, {call.net.parameter(call.key("alpha"), weights[0])})};
}

constexpr Entry kEntries[] = {
    {"Activation", run_activation}, {"ReLU", run_named<kRelu>}, {"LeakyReLU", run_leaky},
    {"ELU", run_named<kElu>},       {"PReLU", run_prelu},       {"ThresholdedReLU", run_thresholded},
    {"Softmax", run_softmax},
};

}  // namespace

Result<Value> activate_named(Net& net, const std::string& name, const Value& x, const Json& parameters) {
  return activation(net, name, x, parameters);
}

Result<Value> softmax(Net& net, const Value& x, std::int64_t axis) {
  const Value p = net.plain(x);
  ZKI_ASSIGN_OR_RETURN(const std::size_t at, checked_axis(axis, p.rank()));
  return net.unary("Softmax", p, {{"axis", at}});
}

Result<Value> activate(Net& net, const Json& given, const Value& x) {
  if (given.is_null()) return x;
  static const Json none;
  if (given.is_text()) {
    // "keras.activations.relu" of some files.
    const std::size_t dot = given.text().rfind('.');
    return activation(net, dot == std::string::npos ? given.text() : given.text().substr(dot + 1), x, none);
  }
  const std::string& kind = given["class_name"].text();
  if (kind == "function") {
    const Json& config = given["config"];
    return activation(net, config.is_text() ? config.text() : config["name"].text(), x, none);
  }
  // A layer in the place of a function: those without weights.
  const Json& config = given["config"];
  if (kind == "LeakyReLU") return leaky_relu(net, Config(config), x);
  if (kind == "ReLU" || kind == "ELU" || kind == "Softmax")
    return activation(net, kind == "ReLU" ? "relu" : kind == "ELU" ? "elu" : "softmax", x, config);
  if (kind == "Activation") return activate(net, config["activation"], x);
  return refusal(
      "its activation is " + (kind.empty() ? printable(given.shown()) : in_quotes(kind)) + ", which is not known here",
      "use one of Keras' own by name, such as 'relu'");
}

std::span<const Entry> activation_layers() { return kEntries; }

}  // namespace zkinfer::frontend_keras
