// SPDX-License-Identifier: Apache-2.0
#include "frontend/keras/model.h"

#include <algorithm>
#include <map>
#include <span>

#include "base/text.h"

namespace zkinfer::frontend_keras {

namespace {

using Names = std::map<std::string, int>;  // of layers

Status bad_call(const std::string& layer) {
  return corrupt("layer " + in_quotes(layer) + ": its inbound_nodes are damaged");
}

// ["name", call, output], perhaps with a dictionary of named arguments.
std::optional<TensorRef> reference(const Json& json, const Names& names) {
  if (json.size() < 3 || json.size() > 4 || !json.at(0).is_text()) return std::nullopt;
  const auto found = names.find(json.at(0).text());
  const auto call = json.at(1).integer(), output = json.at(2).integer();
  if (found == names.end() || !call || !output || *call < 0 || *output < 0) return std::nullopt;
  return TensorRef{found->second, *call, *output};
}

// {"class_name": "__keras_tensor__", "config": {"keras_history": ["name", call, output]}}
const Json* keras_tensor(const Json& json) {
  return json["class_name"].text() == "__keras_tensor__" ? &json["config"]["keras_history"] : nullptr;
}

Result<Argument> argument(const Json& json, const Names& names, const std::string& layer, int depth) {
  Argument made;
  if (depth > kDeepestModel) return bad_call(layer);
  const Json* history = keras_tensor(json);
  if (history != nullptr || reference(json, names)) {
    const std::optional<TensorRef> ref = reference(history != nullptr ? *history : json, names);
    if (!ref) return bad_call(layer);
    made.kind = Argument::Kind::kTensor;
    made.tensor = *ref;
    return made;
  }
  if (json.is_list()) {
    made.kind = Argument::Kind::kList;
    for (const Json& item : json.items()) {
      ZKI_ASSIGN_OR_RETURN(Argument part, argument(item, names, layer, depth + 1));
      made.list.push_back(std::move(part));
    }
    // [1, 2] is a constant, not a list of them: handlers want it whole.
    const bool all_constant = std::all_of(made.list.begin(), made.list.end(),
                                          [](const Argument& a) { return a.kind == Argument::Kind::kConstant; });
    if (!all_constant) return made;
    made = {};
  }
  if (json.is_object() && !json.has("class_name") && !json.members().empty()) {
    Argument all;
    all.kind = Argument::Kind::kList;
    bool tensors = true;
    for (const auto& [name, item] : json.members()) {
      ZKI_ASSIGN_OR_RETURN(Argument part, argument(item, names, layer, depth + 1));
      tensors &= part.kind == Argument::Kind::kTensor;
      all.names.push_back(name);
      all.list.push_back(std::move(part));
    }
    if (tensors) return all;
  }
  made.constant = &json;
  return made;
}

Status read_named(const Json& json, const Names& names, const std::string& layer, Call& call) {
  for (const auto& [name, value] : json.members()) {
    ZKI_ASSIGN_OR_RETURN(Argument made, argument(value, names, layer, 0));
    call.named.emplace_back(name, std::move(made));
  }
  return ok_status();
}

// Keras 3: {"args": [..], "kwargs": {..}}.
Result<Call> read_call_3(const Json& json, const Names& names, const std::string& layer) {
  Call call;
  for (const Json& item : json["args"].items()) {
    ZKI_ASSIGN_OR_RETURN(Argument made, argument(item, names, layer, 0));
    call.arguments.push_back(std::move(made));
  }
  ZKI_RETURN_IF_ERROR(read_named(json["kwargs"], names, layer, call));
  return call;
}

// Keras 2: a list of ["name", call, output, {named}], or one alone; constants are ["_CONSTANT_VALUE", -1, value, {named}].
Result<Call> read_call_2(const Json& json, const Names& names, const std::string& layer) {
  Call call;
  const bool alone = json.at(0).is_text();
  Argument list;
  list.kind = Argument::Kind::kList;
  const std::size_t count = alone ? 1 : json.size();
  for (std::size_t i = 0; i < count; ++i) {
    const Json& item = alone ? json : json.at(i);
    Argument made;
    if (item.at(0).text() == "_CONSTANT_VALUE" && item.size() >= 3) {
      made.constant = &item.at(2);
    } else if (const std::optional<TensorRef> ref = reference(item, names)) {
      made.kind = Argument::Kind::kTensor;
      made.tensor = *ref;
    } else {
      return bad_call(layer);
    }
    list.list.push_back(std::move(made));
    if (item.at(3).is_object()) ZKI_RETURN_IF_ERROR(read_named(item.at(3), names, layer, call));
  }
  if (list.list.empty()) return bad_call(layer);
  call.arguments.push_back(list.list.size() == 1 ? std::move(list.list[0]) : std::move(list));
  return call;
}

// [["name", 0, 0], ..], ["name", 0, 0] or {"a": ["name", 0, 0]}.
Result<std::vector<TensorRef>> read_ends(const Json& json, const Names& names, const char* what,
                                         std::vector<std::string>* given_names) {
  std::vector<const Json*> items;
  if (json.at(0).is_text())
    items.push_back(&json);
  else
    for (const Json& item : json.items()) items.push_back(&item);
  for (const auto& [name, item] : json.members()) {
    items.push_back(&item);
    if (given_names != nullptr) given_names->push_back(name);
  }
  std::vector<TensorRef> ends;
  for (const Json* item : items) {
    const std::optional<TensorRef> ref = reference(*item, names);
    if (!ref) return corrupt(std::string("the model's ") + what + " name no layer of it");
    ends.push_back(*ref);
  }
  if (ends.empty()) return corrupt(std::string("the model has no ") + what);
  return ends;
}

void collect(Argument& argument, std::vector<TensorRef*>& out) {
  if (argument.kind == Argument::Kind::kTensor) out.push_back(&argument.tensor);
  for (Argument& item : argument.list) collect(item, out);
}

// Calls of a model inside another are counted from 1 where Keras counts the one that built it as the first, which is not written.
// A list of references says so if one is to the call behind the last, and the contrary if one is to call 0; else it is a matter of
// the class, and of the list: Keras 3 counts those of calls anew, from 0, and leaves those of the outputs as they are.
void count_from_zero(const Layer& layer, bool usually_from_one, std::span<TensorRef* const> refs) {
  const auto num_calls = static_cast<std::int64_t>(layer.calls.size());
  bool from_one = usually_from_one;
  for (const TensorRef* ref : refs) {
    if (ref->call == 0) from_one = false;
    if (ref->call == num_calls) from_one = true;
  }
  if (!from_one) return;
  for (TensorRef* ref : refs) --ref->call;
}

// By the layers that they refer to.
std::vector<std::vector<TensorRef*>> grouped(const std::vector<TensorRef*>& refs, std::size_t num_layers) {
  std::vector<std::vector<TensorRef*>> groups(num_layers);
  for (TensorRef* ref : refs) groups[static_cast<std::size_t>(ref->layer)].push_back(ref);
  return groups;
}

void count_calls_from_zero(Model& model) {
  std::vector<TensorRef*> of_calls, of_outputs;
  for (Layer& layer : model.layers)
    for (Call& call : layer.calls) {
      for (Argument& argument : call.arguments) collect(argument, of_calls);
      for (auto& [name, argument] : call.named) collect(argument, of_calls);
    }
  for (TensorRef& ref : model.outputs) of_outputs.push_back(&ref);
  const auto calls = grouped(of_calls, model.layers.size()), outputs = grouped(of_outputs, model.layers.size());
  for (std::size_t i = 0; i < model.layers.size(); ++i) {
    const Layer& layer = model.layers[i];
    if (!layer.model) continue;
    const bool from_one = !layer.model->is_sequential || (model.keras < 3 && layer.model->has_input_layer);
    count_from_zero(layer, from_one && (model.keras < 3 || layer.calls.size() == 1), calls[i]);
    count_from_zero(layer, from_one, outputs[i]);
  }
}

// Where Keras writes the shape of an input: in the input layer, or in a Sequential's first layer.
const Json* shape_in(const Json& config) {
  for (const char* key : {"batch_input_shape", "batch_shape"})
    if (config[key].is_list()) return &config[key];
  return nullptr;
}

Status read_sequential(const Json& config, Model& model) {
  if (config["build_input_shape"].is_list()) model.input_shape = &config["build_input_shape"];
  if (!model.layers.empty()) {
    const Layer& first = model.layers.front();
    if (const Json* shape = shape_in(*first.config)) model.input_shape = shape;
    if (first.class_name == "InputLayer") {
      model.has_input_layer = true;
      model.input_name = first.name;
      model.input_dtype = (*first.config)["dtype"].text();
      model.layers.erase(model.layers.begin());
    } else if (first.model) {
      // A nested model's own input says what this one's is.
      if (model.input_shape == nullptr)
        model.input_shape =
            first.model->is_sequential ? first.model->input_shape
            : first.model->inputs.empty()
                ? nullptr
                : shape_in(*first.model->layers[static_cast<std::size_t>(first.model->inputs[0].layer)].config);
    }
    if (model.input_name.empty() && !model.layers.empty())
      model.input_name = model.keras >= 3 ? "input_layer" : model.layers.front().name + "_input";
    if (model.input_dtype.empty() && !model.layers.empty()) model.input_dtype = "float32";
  }
  if (std::any_of(model.layers.begin(), model.layers.end(),
                  [](const Layer& l) { return l.class_name == "InputLayer"; }))
    return corrupt("a Sequential has an input layer that is not its first");
  return ok_status();
}

}  // namespace

bool is_model_class(const std::string& class_name) {
  return class_name == "Sequential" || class_name == "Functional" || class_name == "Model";
}

Result<Layer> read_layer(const Json& entry, int keras, std::size_t& left, int depth) {
  Layer layer;
  if (left == 0) return resource_limit("the model has more than " + std::to_string(kMostLayers) + " layers");
  --left;
  layer.class_name = entry["class_name"].text();
  layer.config = &entry["config"];
  layer.name = entry["config"]["name"].text();
  if (layer.name.empty()) layer.name = entry["name"].text();
  layer.module = entry["module"].text();
  // "Package>Class" of one that is registered; a module of somebody's own else.
  const std::string& registered = entry["registered_name"].text();
  const std::size_t mark = layer.class_name.find('>');
  if (mark != std::string::npos) {
    layer.package = layer.class_name.substr(0, mark);
  } else if (!layer.module.empty() && !layer.module.starts_with("keras") && !layer.module.starts_with("tf_keras") &&
             !layer.module.starts_with("tensorflow")) {
    layer.package = layer.module;
  } else if (entry.has("module") && entry["module"].is_null() && !registered.empty()) {
    layer.package = registered.substr(0, registered.find('>'));
  }
  if (layer.class_name.empty() || !entry["config"].is_object())
    return corrupt("layer " + in_quotes(layer.name) + " has no class or no configuration");
  if (is_model_class(layer.class_name) && layer.package.empty()) {
    Result<Model> model = read_model(entry, keras, left, depth + 1);
    if (!model.ok()) return model.status().with_context("model " + in_quotes(layer.name));
    layer.model = std::make_shared<const Model>(std::move(*model));
  }
  return layer;
}

Result<Model> read_model(const Json& entry, int keras, std::size_t& left, int depth) {
  Model model;
  model.keras = keras;
  model.class_name = entry["class_name"].text();
  const Json& config = entry["config"];
  if (depth > kDeepestModel) return resource_limit("models nested deeper than " + std::to_string(kDeepestModel));
  // Keras 1 and early Keras 2 wrote a Sequential's layers without a name around them.
  const Json& layers = config.is_list() ? config : config["layers"];
  if (!is_model_class(model.class_name) || !layers.is_list()) {
    if (model.class_name.empty()) return corrupt("the configuration names no class of model");
    return unsupported(
        "a model of the class " + in_quotes(model.class_name) +
        ", whose calls only its Python code knows; save a Sequential or a functional keras.Model, or convert it to "
        "ONNX with tf2onnx");
  }
  model.name = config["name"].text();
  model.is_sequential = model.class_name == "Sequential";
  Names names;
  for (const Json& item : layers.items()) {
    ZKI_ASSIGN_OR_RETURN(Layer layer, read_layer(item, keras, left, depth));
    // A functional model refers to its layers by the names beside them.
    if (!model.is_sequential && item["name"].is_text()) layer.name = item["name"].text();
    if (!names.emplace(layer.name, static_cast<int>(model.layers.size())).second)
      return corrupt("two layers are named " + in_quotes(layer.name));
    model.layers.push_back(std::move(layer));
  }
  if (model.is_sequential) {
    ZKI_RETURN_IF_ERROR(read_sequential(config, model));
    return model;
  }
  std::size_t index = 0;
  for (const Json& item : layers.items()) {
    Layer& layer = model.layers[index++];
    for (const Json& node : item["inbound_nodes"].items()) {
      ZKI_ASSIGN_OR_RETURN(
          Call call, node.is_object() ? read_call_3(node, names, layer.name) : read_call_2(node, names, layer.name));
      layer.calls.push_back(std::move(call));
    }
  }
  ZKI_ASSIGN_OR_RETURN(model.inputs, read_ends(config["input_layers"], names, "inputs", &model.input_names));
  ZKI_ASSIGN_OR_RETURN(model.outputs, read_ends(config["output_layers"], names, "outputs", &model.output_names));
  count_calls_from_zero(model);
  return model;
}

}  // namespace zkinfer::frontend_keras
