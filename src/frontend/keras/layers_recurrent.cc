// SPDX-License-Identifier: Apache-2.0
// SimpleRNN, LSTM, GRU, RNN of one of their cells, and Bidirectional. Gates lie i f c o (LSTM) and z r h (GRU) in Keras. With the usual
// activations they are ONNX' operators, with others they are written out step by step.
#include <algorithm>

#include "frontend/keras/layer.h"

namespace zkinfer::frontend_keras {

namespace {

constexpr std::int64_t kMostWrittenSteps = 512;

enum class Kind { kSimple, kLstm, kGru };

struct Recurrence {
  Kind kind;
  Config config;    // of the cell
  Weights weights;  // of the cell
  std::int64_t units = 0, gates = 1;
  FloatTensor kernel, recurrent;            // [in, gates * units], [units, gates * units]
  std::vector<float> bias, recurrent_bias;  // gates * units each; the second only where it is added apart
  bool reset_after = false;
};

struct States {
  Value sequence;  // [batch, steps, units], in the order of time
  Value h, c;      // [batch, units]
};

std::optional<Kind> kind_of(const std::string& class_name) {
  if (class_name == "SimpleRNN" || class_name == "SimpleRNNCell") return Kind::kSimple;
  if (class_name == "LSTM" || class_name == "LSTMCell") return Kind::kLstm;
  if (class_name == "GRU" || class_name == "GRUCell") return Kind::kGru;
  return std::nullopt;
}

Result<Recurrence> read_recurrence(Kind kind, const Config& config, const Weights& weights, int keras) {
  Recurrence out{kind, config, weights, 0, 1, {}, {}, {}, {}, false};
  ZKI_ASSIGN_OR_RETURN(out.units, config.integer("units"));
  out.gates = kind == Kind::kLstm ? 4 : kind == Kind::kGru ? 3 : 1;
  const bool has_bias = config.flag("use_bias", true);
  ZKI_ASSIGN_OR_RETURN(std::vector<FloatTensor> all, weights.take(has_bias ? 3 : 2));
  out.kernel = std::move(all[0]);
  out.recurrent = std::move(all[1]);
  const std::int64_t columns = out.gates * out.units;
  if (out.units < 1 || out.kernel.shape().rank() != 2 || out.kernel.shape()[1] != columns ||
      out.recurrent.shape() != Shape({out.units, columns}))
    return corrupt("its weights in the file are " + out.kernel.shape().to_string() + " and " +
                   out.recurrent.shape().to_string() + ", which its configuration does not say");
  out.reset_after = kind == Kind::kGru && config.flag("reset_after", keras >= 3);
  const auto width = static_cast<std::size_t>(columns);
  out.bias.assign(width, 0.0F);
  if (out.reset_after) out.recurrent_bias.assign(width, 0.0F);
  if (!has_bias) return out;
  const std::span<const float> bias = all[2].data();
  if (bias.size() != (out.reset_after ? 2 : 1) * width)
    return corrupt("its bias in the file is " + all[2].shape().to_string());
  out.bias.assign(bias.begin(), bias.begin() + columns);
  if (out.reset_after) out.recurrent_bias.assign(bias.begin() + columns, bias.end());
  return out;
}

// "tanh" for most; empty for what is no plain name.
std::string activation_name(const Config& config, const char* key, const std::string& fallback) {
  const Json& json = config[key];
  if (json.is_null()) return fallback;
  if (json.is_text()) return json.text();
  return json["class_name"].text() == "function" ? json["config"].text() : "";
}

bool is_usual(const Recurrence& r) {
  const std::string outer = activation_name(r.config, "activation", "tanh");
  if (r.kind == Kind::kSimple) return outer == "tanh" || outer == "relu";
  return outer == "tanh" && activation_name(r.config, "recurrent_activation", "sigmoid") == "sigmoid";
}

// Columns of gates, transposed and in ONNX' order: [gates * units, rows].
std::vector<float> onnx_rows(const Recurrence& r, const FloatTensor& matrix) {
  static constexpr std::int64_t kLstmOrder[] = {0, 3, 1, 2};  // i o f c of i f c o
  const std::int64_t rows = matrix.shape()[0], columns = matrix.shape()[1];
  std::vector<float> out;
  out.reserve(matrix.data().size());
  for (std::int64_t gate = 0; gate < r.gates; ++gate) {
    const std::int64_t from = r.kind == Kind::kLstm ? kLstmOrder[gate] : gate;
    for (std::int64_t unit = 0; unit < r.units; ++unit)
      for (std::int64_t row = 0; row < rows; ++row)
        out.push_back(matrix[static_cast<std::size_t>(row * columns + from * r.units + unit)]);
  }
  return out;
}

Result<States> run_operator(Net& net, const Recurrence& r, const Value& x, const std::vector<Value>& initial,
                            bool reverse) {
  const std::int64_t rows = r.gates * r.units, batch = x.dims[0], steps = x.dims[1];
  const std::string key = r.weights.key();
  const std::string w = net.parameter(key + "/kernel", {1, rows, x.dims[2]}, onnx_rows(r, r.kernel));
  const std::string u = net.parameter(key + "/recurrent_kernel", {1, rows, r.units}, onnx_rows(r, r.recurrent));
  const auto bias_rows = [&](const std::vector<float>& bias) {
    return bias.empty() ? std::vector<float>(static_cast<std::size_t>(rows), 0.0F)
                        : onnx_rows(r, FloatTensor(Shape({1, rows}), bias));
  };
  std::vector<float> bias = bias_rows(r.bias), second = bias_rows(r.recurrent_bias);
  bias.insert(bias.end(), second.begin(), second.end());
  std::vector<std::string> inputs{x.name, w, u, net.parameter(key + "/bias", {1, 2 * rows}, bias), ""};
  for (const Value& state : initial) {
    ZKI_ASSIGN_OR_RETURN(const Value apart, net.reshape(state, {batch, 1, r.units}));
    inputs.push_back(apart.name);
  }
  if (initial.empty()) inputs.pop_back();
  Attributes attributes{{"hidden_size", r.units}, {"layout", 1}, {"direction", reverse ? "reverse" : "forward"}};
  if (r.kind == Kind::kGru) attributes.push_back({"linear_before_reset", r.reset_after ? 1 : 0});
  std::vector<std::string> outputs{net.builder().fresh(key + "/sequence"), net.builder().fresh(key + "/h")};
  if (r.kind == Kind::kLstm) outputs.push_back(net.builder().fresh(key + "/c"));
  auto& node = net.builder().node(r.kind == Kind::kLstm  ? "LSTM"
                                  : r.kind == Kind::kGru ? "GRU"
                                                         : "RNN",
                                  inputs, outputs, attributes);
  if (r.kind == Kind::kSimple) {
    auto* names = node.add_attribute();
    names->set_name("activations");
    names->set_type(onnx::AttributeProto::STRINGS);
    names->add_strings(activation_name(r.config, "activation", "tanh") == "relu" ? "Relu" : "Tanh");
  }
  States out;
  out.sequence.name = outputs[0];
  out.sequence.dims = {batch, steps, 1, r.units};
  out.h.name = outputs[1];
  out.h.dims = {batch, 1, r.units};
  ZKI_ASSIGN_OR_RETURN(out.sequence, net.reshape(out.sequence, {batch, steps, r.units}));
  ZKI_ASSIGN_OR_RETURN(out.h, net.reshape(out.h, {batch, r.units}));
  if (r.kind == Kind::kLstm) {
    out.c.name = outputs[2];
    out.c.dims = {batch, 1, r.units};
    ZKI_ASSIGN_OR_RETURN(out.c, net.reshape(out.c, {batch, r.units}));
  }
  return out;
}

// One step after the other, in Keras' words.
class Written {
 public:
  Written(Net& net, const Recurrence& r) : net_(net), r_(r) {}

  Result<States> run(const Value& x, const std::vector<Value>& initial, bool reverse) {
    const std::int64_t batch = x.dims[0], steps = x.dims[1], width = r_.gates * r_.units;
    const std::string key = r_.weights.key();
    if (steps > kMostWrittenSteps)
      return refusal(std::to_string(steps) + " steps with other activations than tanh and sigmoid",
                     "use the usual activations, or at most " + std::to_string(kMostWrittenSteps) + " steps");
    recurrent_ = net_.parameter_value(key + "/recurrent_kernel", {r_.units, width}, r_.recurrent.data());
    ZKI_ASSIGN_OR_RETURN(
        Value all, net_.matmul(x, net_.parameter_value(key + "/kernel", r_.kernel.shape().dims(), r_.kernel.data())));
    ZKI_ASSIGN_OR_RETURN(all, net_.binary("Add", all, net_.parameter_value(key + "/bias", {width}, r_.bias)));
    if (r_.reset_after) recurrent_bias_ = net_.parameter_value(key + "/recurrent_bias", {width}, r_.recurrent_bias);
    const std::vector<float> zeros(static_cast<std::size_t>(r_.units), 0.0F);
    h_ = initial.empty() ? net_.parameter_value("zeros", {1, r_.units}, zeros) : net_.plain(initial[0]);
    c_ = initial.size() < 2 ? net_.parameter_value("zeros", {1, r_.units}, zeros) : net_.plain(initial[1]);
    std::vector<Value> states(static_cast<std::size_t>(steps));
    for (std::int64_t i = 0; i < steps; ++i) {
      const std::int64_t at = reverse ? steps - 1 - i : i;
      ZKI_ASSIGN_OR_RETURN(const Value now, net_.reshape(net_.slice(all, 1, at, 1), {batch, width}));
      ZKI_RETURN_IF_ERROR(r_.kind == Kind::kLstm ? lstm(now) : r_.kind == Kind::kGru ? gru(now) : simple(now));
      ZKI_ASSIGN_OR_RETURN(states[static_cast<std::size_t>(at)], net_.reshape(h_, {batch, 1, r_.units}));
    }
    return States{net_.concat(states, 1), h_, r_.kind == Kind::kLstm ? c_ : Value{}};
  }

 private:
  Value gate(const Value& x, std::int64_t which) { return net_.slice(x, 1, which * r_.units, r_.units); }
  Result<Value> outer(const Value& x) { return activate(net_, activation("activation"), x); }
  Result<Value> inner(const Value& x) { return activate(net_, activation("recurrent_activation"), x); }
  const Json& activation(const char* key) const { return r_.config[key]; }

  Status simple(const Value& now) {
    ZKI_ASSIGN_OR_RETURN(const Value product, net_.matmul(h_, recurrent_));
    ZKI_ASSIGN_OR_RETURN(const Value sum, net_.binary("Add", now, product));
    ZKI_ASSIGN_OR_RETURN(h_, outer(sum));
    return ok_status();
  }

  Status lstm(const Value& now) {
    ZKI_ASSIGN_OR_RETURN(const Value product, net_.matmul(h_, recurrent_));
    ZKI_ASSIGN_OR_RETURN(const Value sum, net_.binary("Add", now, product));
    ZKI_ASSIGN_OR_RETURN(const Value i, inner(gate(sum, 0)));
    ZKI_ASSIGN_OR_RETURN(const Value f, inner(gate(sum, 1)));
    ZKI_ASSIGN_OR_RETURN(const Value g, outer(gate(sum, 2)));
    ZKI_ASSIGN_OR_RETURN(const Value o, inner(gate(sum, 3)));
    ZKI_ASSIGN_OR_RETURN(const Value kept, net_.binary("Mul", f, c_));
    ZKI_ASSIGN_OR_RETURN(const Value added, net_.binary("Mul", i, g));
    ZKI_ASSIGN_OR_RETURN(c_, net_.binary("Add", kept, added));
    ZKI_ASSIGN_OR_RETURN(const Value shown, outer(c_));
    ZKI_ASSIGN_OR_RETURN(h_, net_.binary("Mul", o, shown));
    return ok_status();
  }

  Status gru(const Value& now) {
    const std::int64_t u = r_.units;
    Value inside;
    if (r_.reset_after) {
      ZKI_ASSIGN_OR_RETURN(const Value product, net_.matmul(h_, recurrent_));
      ZKI_ASSIGN_OR_RETURN(inside, net_.binary("Add", product, recurrent_bias_));
    } else {
      ZKI_ASSIGN_OR_RETURN(inside, net_.matmul(h_, net_.slice(recurrent_, 1, 0, 2 * u)));
    }
    ZKI_ASSIGN_OR_RETURN(const Value z_sum, net_.binary("Add", gate(now, 0), gate(inside, 0)));
    ZKI_ASSIGN_OR_RETURN(const Value r_sum, net_.binary("Add", gate(now, 1), gate(inside, 1)));
    ZKI_ASSIGN_OR_RETURN(const Value z, inner(z_sum));
    ZKI_ASSIGN_OR_RETURN(const Value r, inner(r_sum));
    Value candidate;
    if (r_.reset_after) {
      ZKI_ASSIGN_OR_RETURN(candidate, net_.binary("Mul", r, gate(inside, 2)));
    } else {
      ZKI_ASSIGN_OR_RETURN(const Value reset, net_.binary("Mul", r, h_));
      ZKI_ASSIGN_OR_RETURN(candidate, net_.matmul(reset, net_.slice(recurrent_, 1, 2 * u, u)));
    }
    ZKI_ASSIGN_OR_RETURN(candidate, net_.binary("Add", gate(now, 2), candidate));
    ZKI_ASSIGN_OR_RETURN(candidate, outer(candidate));
    // z * h + (1 - z) * candidate
    ZKI_ASSIGN_OR_RETURN(const Value step, net_.binary("Sub", h_, candidate));
    ZKI_ASSIGN_OR_RETURN(const Value part, net_.binary("Mul", z, step));
    ZKI_ASSIGN_OR_RETURN(h_, net_.binary("Add", candidate, part));
    return ok_status();
  }

  Net& net_;
  const Recurrence& r_;
  Value recurrent_, recurrent_bias_, h_, c_;
};

Result<States> run_states(Net& net, const Recurrence& r, const Value& input, const std::vector<Value>& initial,
                          bool reverse) {
  const Value x = net.plain(input);
  if (x.masked)
    return refusal("its input has a mask",
                   "build the network without mask_zero and Masking, with sequences of one length");
  if (x.rank() != 3 || x.last() != r.kernel.shape()[0] || x.dims[1] < 1)
    return invalid_argument("an input " + dims_to_string(x.dims) + " does not meet its kernel " +
                            r.kernel.shape().to_string());
  for (const Value& state : initial)
    if (state.dims != Dims{x.dims[0], r.units})
      return invalid_argument("a state " + dims_to_string(state.dims) + ", expected " +
                              dims_to_string({x.dims[0], r.units}));
  if (is_usual(r)) return run_operator(net, r, x, initial, reverse);
  return Written(net, r).run(x, initial, reverse);
}

Status check_options(const Config& config) {
  if (config.flag("stateful", false))
    return refusal("it is stateful: its result depends on earlier calls",
                   "build it with stateful=False and give the state as an input");
  if (config.flag("time_major", false)) return refusal("time_major", "put the batch first");
  return ok_status();
}

std::vector<Value> as_outputs(const Config& config, const Value& y, const States& states) {
  std::vector<Value> out{y};
  if (!config.flag("return_state", false)) return out;
  out.push_back(states.h);
  if (states.c.known()) out.push_back(states.c);
  return out;
}

// The kind of a layer and the configuration and weights of its cell.
Result<Recurrence> recurrence_of(const std::string& class_name, const Config& config, const Weights& weights,
                                 int keras) {
  if (class_name != "RNN") {
    const std::optional<Kind> kind = kind_of(class_name);
    if (!kind) return refusal("a recurrent layer of the class '" + class_name + "'", "use SimpleRNN, LSTM or GRU");
    return read_recurrence(*kind, config, weights, keras);
  }
  const Json& cell = config["cell"];
  const std::optional<Kind> kind = kind_of(cell["class_name"].text());
  if (!kind)
    return refusal("a recurrent cell of the class '" + cell["class_name"].text() + "'",
                   "use one SimpleRNNCell, LSTMCell or GRUCell");
  return read_recurrence(*kind, Config(cell["config"], config), weights, keras);
}

Result<Outputs> run_recurrent(LayerCall& call) {
  ZKI_RETURN_IF_ERROR(check_options(call.config));
  ZKI_ASSIGN_OR_RETURN(const Weights weights, call.weights.part({"cell"}));
  ZKI_ASSIGN_OR_RETURN(const Recurrence r,
                       recurrence_of(call.layer.class_name, call.config, weights, call.net.keras()));
  std::vector<Value> initial = call.tensors();
  if (initial.empty()) return corrupt("it is called without a tensor");
  const Value x = initial[0];
  initial.erase(initial.begin());
  for (const auto& [name, operand] : call.named) {
    if (name != "initial_state") continue;
    if (operand.kind == Argument::Kind::kTensor) initial.push_back(operand.value);
    for (const Operand& item : operand.list) initial.push_back(item.value);
  }
  const std::size_t needed = r.kind == Kind::kLstm ? 2 : 1;
  if (!initial.empty() && initial.size() != needed)
    return refusal("it is called with other tensors than its input and its states",
                   "call it with one input, or with its states too");
  const bool backwards = call.config.flag("go_backwards", false);
  ZKI_ASSIGN_OR_RETURN(const States states, run_states(call.net, r, x, initial, backwards));
  if (!call.config.flag("return_sequences", false)) return as_outputs(call.config, states.h, states);
  // Keras gives the states in the order in which they were made.
  return as_outputs(call.config, backwards ? call.net.slice(states.sequence, 1, 0, x.dims[1], -1) : states.sequence,
                    states);
}

Result<Outputs> run_bidirectional(LayerCall& call) {
  const Json& layer = call.config["layer"];
  const Json& given = call.config["backward_layer"];
  const Config forward(layer["config"], call.config);
  const Config backward(given.is_object() ? given["config"] : layer["config"], call.config);
  ZKI_RETURN_IF_ERROR(check_options(forward));
  ZKI_RETURN_IF_ERROR(check_options(backward));
  const std::vector<Value> all = call.tensors();
  if (all.size() != 1 || call.argument("initial_state", SIZE_MAX) != nullptr)
    return refusal("it is called with states", "call it with its input alone");
  ZKI_ASSIGN_OR_RETURN(const std::size_t count, call.weights.count());
  const std::size_t half = count / 2;
  ZKI_ASSIGN_OR_RETURN(const Weights of_forward, call.weights.part({"forward_layer/cell"}, "forward_", 0, half));
  ZKI_ASSIGN_OR_RETURN(const Weights of_backward,
                       call.weights.part({"backward_layer/cell"}, "backward_", half, count - half));
  const std::string class_name = layer["class_name"].text();
  const int keras = call.net.keras();
  ZKI_ASSIGN_OR_RETURN(const Recurrence first, recurrence_of(class_name, forward, of_forward, keras));
  ZKI_ASSIGN_OR_RETURN(
      const Recurrence second,
      recurrence_of(given.is_object() ? given["class_name"].text() : class_name, backward, of_backward, keras));
  // The second runs against the first.
  const bool reversed = forward.flag("go_backwards", false);
  ZKI_ASSIGN_OR_RETURN(const States ahead, run_states(call.net, first, all[0], {}, reversed));
  ZKI_ASSIGN_OR_RETURN(const States back, run_states(call.net, second, all[0], {}, !reversed));
  const bool sequences = forward.flag("return_sequences", false);
  Net& net = call.net;
  Value a = sequences ? ahead.sequence : ahead.h, b = sequences ? back.sequence : back.h;
  if (sequences && reversed) {
    a = net.slice(a, 1, 0, a.dims[1], -1);
    b = net.slice(b, 1, 0, b.dims[1], -1);
  }
  const Json& mode = call.config["merge_mode"];
  const std::string how =
      call.config.json().has("merge_mode") && mode.is_null() ? "" : call.config.text("merge_mode", "concat");
  Outputs out;
  if (how == "concat") {
    out.push_back(net.concat({a, b}, a.rank() - 1));
  } else if (how == "sum" || how == "ave") {
    ZKI_ASSIGN_OR_RETURN(const Value sum, net.binary("Add", a, b));
    out.push_back(how == "sum" ? sum : net.with_number("Mul", sum, 0.5));
  } else if (how == "mul") {
    ZKI_ASSIGN_OR_RETURN(const Value y, net.binary("Mul", a, b));
    out.push_back(y);
  } else if (how.empty()) {
    out = {a, b};
  } else {
    return corrupt("its merge_mode is '" + how + "'");
  }
  if (forward.flag("return_state", false))
    for (const States& states : {ahead, back}) {
      out.push_back(states.h);
      if (states.c.known()) out.push_back(states.c);
    }
  return out;
}

constexpr Entry kEntries[] = {
    {"SimpleRNN", run_recurrent},         {"LSTM", run_recurrent}, {"GRU", run_recurrent}, {"RNN", run_recurrent},
    {"Bidirectional", run_bidirectional},
};

}  // namespace

std::span<const Entry> recurrent_layers() { return kEntries; }

}  // namespace zkinfer::frontend_keras
