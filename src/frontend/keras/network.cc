// SPDX-License-Identifier: Apache-2.0
#include "frontend/keras/network.h"

#include <algorithm>
#include <deque>
#include <map>
#include <set>
#include <unordered_map>

#include "base/text.h"
#include "frontend/keras/layer.h"
#include "frontend/onnx/shape_example.h"

namespace zkinfer::frontend_keras {

namespace {

using onnx::TensorProto;

std::optional<int> element_type(const std::string& dtype) {
  static const std::map<std::string, int> kTypes{
      {"", TensorProto::FLOAT},         {"float32", TensorProto::FLOAT}, {"float16", TensorProto::FLOAT},
      {"bfloat16", TensorProto::FLOAT}, {"float64", TensorProto::FLOAT}, {"int8", TensorProto::INT8},
      {"int16", TensorProto::INT16},    {"int32", TensorProto::INT32},   {"int64", TensorProto::INT64},
      {"uint8", TensorProto::UINT8},    {"uint16", TensorProto::UINT16}, {"bool", TensorProto::BOOL}};
  const auto found = kTypes.find(dtype);
  return found == kTypes.end() ? std::nullopt : std::optional(found->second);
}

bool any_unknown(const Operand& operand) {
  if (operand.kind == Argument::Kind::kTensor && !operand.value.known()) return true;
  return std::any_of(operand.list.begin(), operand.list.end(), any_unknown);
}

void references(const Argument& argument, std::vector<TensorRef>& out) {
  if (argument.kind == Argument::Kind::kTensor) out.push_back(argument.tensor);
  for (const Argument& item : argument.list) references(item, out);
}

std::vector<TensorRef> references(const Call& call) {
  std::vector<TensorRef> out;
  for (const Argument& argument : call.arguments) references(argument, out);
  for (const auto& [name, argument] : call.named) references(argument, out);
  return out;
}

class Writer {
 public:
  Writer(const Model& model, WeightFile& file, const frontend_onnx::ImportOptions& options)
      : model_(model), file_(file), by_path_(file.by_path()), options_(options), net_(model.keras) {}

  Result<frontend_onnx::ForeignModel> run() {
    // Names of outputs are Keras' own, whatever is between.
    std::vector<std::string> names;
    const std::size_t count = model_.is_sequential ? 1 : model_.outputs.size();
    for (std::size_t i = 0; i < count; ++i) names.push_back(output_name(i));
    if (!model_.name.empty()) net_.builder().graph().set_name(model_.name);
    ZKI_RETURN_IF_ERROR(make_inputs());
    if (!open_.empty()) return std::move(net_.builder()).take("layer");
    for (std::string& name : names) name = net_.builder().fresh(name);
    ZKI_ASSIGN_OR_RETURN(const Outputs outputs, run_model(model_, std::move(inputs_), top_weights(), 0));
    for (std::size_t i = 0; i < names.size() && i < outputs.size(); ++i) {
      if (!outputs[i].known()) continue;
      net_.builder().begin({names[i], "output"});
      net_.builder().node("Identity", {net_.plain(outputs[i]).name}, {names[i]});
      net_.builder().output(names[i], outputs[i].type);
    }
    return std::move(net_.builder()).take("layer");
  }

 private:
  std::string output_name(std::size_t i) const {
    if (model_.is_sequential) return model_.layers.empty() ? "output" : model_.layers.back().name;
    if (i < model_.output_names.size()) return model_.output_names[i];
    return model_.layers[static_cast<std::size_t>(model_.outputs[i].layer)].name;
  }

  Weights top_weights() { return by_path_ ? Weights::at_path(file_, "") : Weights(); }

  // The layers whose every reader looks rows up by them.
  std::set<int> looked_up() const {
    std::set<int> looked, otherwise;
    for (const Layer& reader : model_.layers)
      for (const Call& call : reader.calls)
        for (const TensorRef& ref : references(call))
          (reader.class_name == "Embedding" ? looked : otherwise).insert(ref.layer);
    std::erase_if(looked, [&](int layer) { return otherwise.count(layer) != 0; });
    return looked;
  }

  Status make_inputs() {
    if (model_.is_sequential) {
      if (model_.layers.empty()) return corrupt("the model has no layers");
      const bool looks_up = model_.layers.front().class_name == "Embedding";
      ZKI_RETURN_IF_ERROR(make_input(model_.input_name, model_.input_shape, looks_up ? "int32" : model_.input_dtype));
    } else {
      std::set<int> seen;
      const std::set<int> only_looked_up = looked_up();
      for (const TensorRef& ref : model_.inputs) {
        const Layer& layer = model_.layers[static_cast<std::size_t>(ref.layer)];
        if (!seen.insert(ref.layer).second) return corrupt("input " + in_quotes(layer.name) + " is listed twice");
        const Config config(*layer.config);
        if (config.flag("sparse", false) || config.flag("ragged", false))
          return unsupported("input " + in_quotes(layer.name) +
                             " is sparse or ragged; build the network with a dense one");
        const Json& old = config["batch_input_shape"];
        const Json& shape = old.is_list() ? old : config["batch_shape"];
        const std::string dtype =
            config["dtype"].is_object() ? config["dtype"]["config"]["name"].text() : config.text("dtype", "float32");
        ZKI_RETURN_IF_ERROR(make_input(layer.name, shape.is_list() ? &shape : nullptr,
                                       only_looked_up.count(ref.layer) != 0 ? "int32" : dtype));
      }
    }
    if (open_.empty()) return ok_status();
    Status open = invalid_argument("inputs with axes of unknown length:" + open_ +
                                   "; give their whole shapes (CompileOptions::input_shapes), as in " + example_);
    if (!refuse_without_running(model_)) return open;
    net_.builder().begin({model_.name, "model"});
    net_.builder().refuse(std::move(open), {});
    return ok_status();
  }

  Status make_input(const std::string& given_name, const Json* shape, const std::string& dtype) {
    const std::optional<int> type = element_type(dtype);
    if (!type)
      return unsupported("input " + in_quotes(given_name) + " holds " + in_quotes(dtype) +
                         ", only numbers have a meaning here; turn them into numbers before the network");
    Value x;
    x.name = net_.builder().fresh(given_name);
    x.type = *type;
    Dims declared;
    const auto wanted = options_.input_shapes.find(x.name);
    if (wanted != options_.input_shapes.end()) {
      declared = x.dims = wanted->second;
      if (shape != nullptr && shape->size() != x.dims.size())
        return invalid_argument("input " + in_quotes(x.name) + " has " + std::to_string(shape->size()) +
                                " axes, the shape given for it " + std::to_string(x.dims.size()));
      for (std::size_t i = 0; i < x.dims.size(); ++i) {
        const std::optional<std::int64_t> fixed = shape == nullptr ? std::nullopt : shape->at(i).integer();
        if (fixed && *fixed != x.dims[i])
          return invalid_argument("input " + in_quotes(x.name) + ": its axis " + std::to_string(i) + " has length " +
                                  std::to_string(*fixed) + " in the file, " + std::to_string(x.dims[i]) + " is given");
      }
    } else if (shape == nullptr) {
      open_ += " " + in_quotes(x.name) + " [?]";
      if (example_.empty()) example_ = frontend_onnx::shape_example(x.name, {}, {});
      return ok_status();
    } else {
      bool known = true;
      std::string shown;
      std::vector<bool> open;
      for (std::size_t i = 0; i < shape->size(); ++i) {
        const std::optional<std::int64_t> dim = shape->at(i).integer();
        open.push_back(!dim && i != 0);
        known &= dim.has_value() || i == 0;
        x.dims.push_back(dim.value_or(1));
        declared.push_back(dim || i != 0 ? dim.value_or(1) : -1);
        shown += (i == 0 ? "" : ", ") + (dim ? std::to_string(*dim) : "?");
      }
      if (!known) open_ += " " + in_quotes(x.name) + " [" + shown + "]";
      if (!known && example_.empty()) example_ = frontend_onnx::shape_example(x.name, open, x.dims);
    }
    ZKI_ASSIGN_OR_RETURN(const Shape checked, Shape::make(x.dims));
    if (checked.rank() == 0)
      return unsupported("input " + in_quotes(x.name) + " is a single number without a batch; give it a shape");
    net_.builder().input(x.name, declared, x.type);
    inputs_.push_back(std::move(x));
    return ok_status();
  }

  // The weights of a model's layers, in order.
  Result<std::vector<Weights>> weights_of(const Model& model, const Weights& scope, int depth) {
    std::vector<Weights> out;
    std::map<std::string, int> used;
    const std::unordered_map<std::string, Weights> parts =
        by_path_ || depth == 0 ? std::unordered_map<std::string, Weights>() : scope.parts();
    for (const Layer& layer : model.layers) {
      if (by_path_) {
        if (is_operation(layer)) {  // of no class that keeps weights
          out.emplace_back();
          continue;
        }
        // A folder per class; the second of a class is name_1.
        std::string name = snake_case(layer.class_name.substr(layer.class_name.find('>') + 1));
        const int count = used[name]++;
        if (count > 0) name += "_" + std::to_string(count);
        ZKI_ASSIGN_OR_RETURN(Weights weights,
                             scope.part({"layers/" + name, "_layer_checkpoint_dependencies/" + name}, name));
        out.push_back(std::move(weights));
      } else if (depth == 0) {
        ZKI_ASSIGN_OR_RETURN(Weights weights, Weights::of_layer(file_, layer.name));
        out.push_back(std::move(weights));
      } else {
        const auto found = parts.find(layer.name);
        Weights weights = found != parts.end() ? found->second : scope.no_part(layer.name);
        ZKI_ASSIGN_OR_RETURN(const std::size_t count, weights.count());
        // Keras 2 does not write the names of models into those of their layers' weights.
        if (layer.model && count == 0) weights = scope;
        out.push_back(std::move(weights));
      }
    }
    return out;
  }

  // Errors: the file is broken. What cannot be proved is refused in the builder, and its outputs are unknown.
  Result<Outputs> run_model(const Model& model, Outputs inputs, const Weights& scope, int depth) {
    if (depth > kDeepestModel) return resource_limit("models nested deeper than " + std::to_string(kDeepestModel));
    ZKI_ASSIGN_OR_RETURN(const std::vector<Weights> weights, weights_of(model, scope, depth));
    if (!model.is_sequential) return run_functional(model, std::move(inputs), weights, depth);
    if (inputs.size() != 1) return corrupt("a Sequential is called with " + std::to_string(inputs.size()) + " tensors");
    for (std::size_t i = 0; i < model.layers.size(); ++i) {
      std::vector<Operand> operands;
      for (Value& x : inputs) operands.push_back({Argument::Kind::kTensor, std::move(x), {}, {}, nullptr});
      ZKI_ASSIGN_OR_RETURN(inputs, run_layer(model.layers[i], weights[i], std::move(operands), {}, depth));
    }
    return inputs;
  }

  Result<Outputs> run_functional(const Model& model, Outputs inputs, const std::vector<Weights>& weights, int depth) {
    using Key = std::pair<int, std::int64_t>;
    struct Task {
      int layer;
      std::size_t call;
      std::size_t missing = 0;
      std::vector<std::size_t> readers;
    };
    std::map<Key, Outputs> done;
    if (inputs.size() != model.inputs.size())
      return corrupt("a model of " + std::to_string(model.inputs.size()) + " inputs is called with " +
                     std::to_string(inputs.size()) + " tensors");
    for (std::size_t i = 0; i < inputs.size(); ++i)
      done[{model.inputs[i].layer, model.inputs[i].call}] = {std::move(inputs[i])};
    std::vector<Task> tasks;
    std::map<Key, std::size_t> by_key;
    for (std::size_t i = 0; i < model.layers.size(); ++i)
      for (std::size_t c = 0; c < model.layers[i].calls.size(); ++c) {
        const Key key{static_cast<int>(i), static_cast<std::int64_t>(c)};
        if (done.count(key) != 0) continue;
        by_key[key] = tasks.size();
        tasks.push_back({key.first, c, 0, {}});
      }
    for (std::size_t t = 0; t < tasks.size(); ++t) {
      const Layer& layer = model.layers[static_cast<std::size_t>(tasks[t].layer)];
      for (const TensorRef& ref : references(layer.calls[tasks[t].call])) {
        const Key key{ref.layer, ref.call};
        if (done.count(key) != 0) continue;
        const auto maker = by_key.find(key);
        if (maker == by_key.end())
          return corrupt("layer " + in_quotes(layer.name) + " reads a call that is not in the file");
        tasks[maker->second].readers.push_back(t);
        ++tasks[t].missing;
      }
    }
    std::deque<std::size_t> ready;
    for (std::size_t t = 0; t < tasks.size(); ++t)
      if (tasks[t].missing == 0) ready.push_back(t);
    for (; !ready.empty(); ready.pop_front()) {
      const Task& task = tasks[ready.front()];
      const Layer& layer = model.layers[static_cast<std::size_t>(task.layer)];
      const Call& call = layer.calls[task.call];
      std::vector<Operand> operands;
      for (const Argument& argument : call.arguments) {
        ZKI_ASSIGN_OR_RETURN(Operand operand, resolved(argument, done));
        operands.push_back(std::move(operand));
      }
      std::vector<std::pair<std::string, Operand>> named;
      for (const auto& [name, argument] : call.named) {
        ZKI_ASSIGN_OR_RETURN(Operand operand, resolved(argument, done));
        named.emplace_back(name, std::move(operand));
      }
      ZKI_ASSIGN_OR_RETURN(Outputs outputs, run_layer(layer, weights[static_cast<std::size_t>(task.layer)],
                                                      std::move(operands), std::move(named), depth));
      done[{task.layer, static_cast<std::int64_t>(task.call)}] = std::move(outputs);
      for (const std::size_t reader : task.readers)
        if (--tasks[reader].missing == 0) ready.push_back(reader);
    }
    Outputs out;
    for (const TensorRef& ref : model.outputs) {
      if (done.count({ref.layer, ref.call}) == 0)
        return corrupt("layer " + in_quotes(model.layers[static_cast<std::size_t>(ref.layer)].name) +
                       " is never computed: calls lead back to each other");
      ZKI_ASSIGN_OR_RETURN(Value value, output_of(ref, done));
      out.push_back(std::move(value));
    }
    return out;
  }

  static Result<Value> output_of(const TensorRef& ref, const std::map<std::pair<int, std::int64_t>, Outputs>& done) {
    const Outputs& outputs = done.at({ref.layer, ref.call});
    if (outputs.size() == 1 && !outputs[0].known()) return Value{};  // however many there would be
    if (ref.output >= static_cast<std::int64_t>(outputs.size()))
      return corrupt("an output that a layer does not have is read");
    return outputs[static_cast<std::size_t>(ref.output)];
  }

  static Result<Operand> resolved(const Argument& argument,
                                  const std::map<std::pair<int, std::int64_t>, Outputs>& done) {
    Operand out;
    out.kind = argument.kind;
    out.constant = argument.constant;
    out.names = argument.names;
    if (argument.kind == Argument::Kind::kTensor) {
      ZKI_ASSIGN_OR_RETURN(out.value, output_of(argument.tensor, done));
    }
    for (const Argument& item : argument.list) {
      ZKI_ASSIGN_OR_RETURN(Operand part, resolved(item, done));
      out.list.push_back(std::move(part));
    }
    return out;
  }

  static Status knows(const Layer& layer, const Entry* entry) {
    if (!layer.package.empty())
      return refusal("a layer of " + in_quotes(layer.package) + ", whose code is not in the file",
                     "replace it by layers of Keras, or convert the model to ONNX with tf2onnx");
    if (layer.model || is_operation(layer) || entry != nullptr) return ok_status();
    return refusal("this layer is not known here",
                   "replace it by layers that are (docs/keras.md), or convert the model to ONNX with tf2onnx");
  }

  // Where nothing can be run, for an axis of its inputs is open: what is refused whatever it reads. None: false.
  bool refuse_without_running(const Model& model) {
    bool any = false;
    for (const Layer& layer : model.layers) {
      if (layer.model) {
        any |= refuse_without_running(*layer.model);
        continue;
      }
      if (layer.class_name == "InputLayer") continue;
      const Entry* entry = find_layer(layer.class_name);
      Status status = knows(layer, entry);
      if (status.ok() && entry != nullptr && entry->always_refused) {
        LayerCall call{net_, layer, Config(*layer.config), Weights(), {}, {}, {}};
        status = entry->run(call).status();
      }
      if (status.ok()) continue;
      any = true;
      net_.builder().begin({layer.name, layer.class_name});
      net_.builder().refuse(std::move(status), {});
    }
    return any;
  }

  // A nested model's inputs in its order: positions, or names in a dictionary.
  static Result<Outputs> inputs_of(const Model& model, const LayerCall& call) {
    if (call.operands.size() != 1 || call.operands[0].names.empty()) return call.tensors();
    const Operand& given = call.operands[0];
    Outputs inputs;
    for (std::size_t i = 0; i < model.inputs.size(); ++i) {
      const std::string& layer = model.layers[static_cast<std::size_t>(model.inputs[i].layer)].name;
      const std::string& name = i < model.input_names.size() ? model.input_names[i] : layer;
      auto found = std::find(given.names.begin(), given.names.end(), name);
      if (found == given.names.end()) found = std::find(given.names.begin(), given.names.end(), layer);
      if (found == given.names.end())
        return corrupt("model " + in_quotes(call.layer.name) + " is called without its input " + in_quotes(name));
      inputs.push_back(given.list[static_cast<std::size_t>(found - given.names.begin())].value);
    }
    return inputs;
  }

  Result<Outputs> run_layer(const Layer& layer, const Weights& weights, std::vector<Operand> operands,
                            std::vector<std::pair<std::string, Operand>> named, int depth) {
    if (++num_calls_ > options_.max_nodes)
      return resource_limit("the model has more than " + std::to_string(options_.max_nodes) + " calls of layers");
    net_.builder().begin({layer.name, layer.class_name});
    const auto refuse = [&](Status status) {
      if (refused_.insert(&layer).second) net_.builder().refuse(std::move(status), {});
      return Outputs{Value{}};
    };
    const Entry* entry = find_layer(layer.class_name);
    if (Status status = knows(layer, entry); !status.ok()) return refuse(std::move(status));
    for (const auto& [name, operand] : named) {
      const bool is_tensor = operand.kind != Argument::Kind::kConstant;
      if (name == "mask" && is_tensor)
        return refuse(refusal("it is called with a mask", "build the network without masks"));
      // Keras 3 lets the call of the model decide.
      if (name == "training" && net_.keras() < 3 && !is_tensor && operand.constant->boolean())
        return refuse(
            refusal("it is called with training=True", "build the network without it: what is proved is its use"));
    }
    // layer(inputs=x)
    for (auto it = named.begin(); operands.empty() && it != named.end(); ++it) {
      if (it->first != "inputs" && it->first != "sequences" && it->first != "sequence") continue;
      operands.push_back(std::move(it->second));
      named.erase(it);
      break;
    }
    const bool blind =
        std::any_of(operands.begin(), operands.end(), any_unknown) ||
        std::any_of(named.begin(), named.end(), [](const auto& argument) { return any_unknown(argument.second); });
    if (layer.model) {
      LayerCall call{net_, layer, Config(*layer.config), weights, std::move(operands), std::move(named), {}};
      ZKI_ASSIGN_OR_RETURN(Outputs inputs, inputs_of(*layer.model, call));
      return run_model(*layer.model, std::move(inputs), weights, depth + 1);
    }
    for (const Operand& operand : operands)
      if (!operand.names.empty())
        return refuse(refusal("it is called with a dictionary of tensors", "call it with a list of them"));
    if (blind && (entry == nullptr || is_operation(layer) || !entry->always_refused)) return Outputs{Value{}};
    LayerCall call{net_,
                   layer,
                   Config(*layer.config),
                   weights,
                   std::move(operands),
                   std::move(named),
                   [this, depth](const Layer& inner, const Weights& inner_weights, Outputs inputs) -> Result<Outputs> {
                     std::vector<Operand> given;
                     for (Value& x : inputs) given.push_back({Argument::Kind::kTensor, std::move(x), {}, {}, nullptr});
                     return run_layer(inner, inner_weights, std::move(given), {}, depth + 1);
                   }};
    Result<Outputs> outputs = is_operation(layer) ? run_operation(call) : entry->run(call);
    // Whatever came of a value of the wrong type.
    if (!call.config.problem().ok()) return refuse(call.config.problem());
    if (!outputs.ok())
      return outputs.status().code() == StatusCode::kResourceLimit
                 ? Result<Outputs>(outputs.status().with_context("layer " + in_quotes(layer.name)))
                 : refuse(outputs.status());
    for (const Value& y : *outputs) {
      if (!y.known()) continue;
      const Result<Shape> shape = Shape::make(y.dims);
      if (!shape.ok()) return shape.status().with_context("layer " + in_quotes(layer.name));
    }
    return outputs;
  }

  const Model& model_;
  WeightFile& file_;
  const bool by_path_;
  const frontend_onnx::ImportOptions& options_;
  Net net_;
  Outputs inputs_;
  std::string open_, example_;
  std::size_t num_calls_ = 0;
  std::set<const Layer*> refused_;
};

}  // namespace

Result<frontend_onnx::ForeignModel> write_network(const Model& model, WeightFile& file,
                                                  const frontend_onnx::ImportOptions& options) {
  return Writer(model, file, options).run();
}

}  // namespace zkinfer::frontend_keras
