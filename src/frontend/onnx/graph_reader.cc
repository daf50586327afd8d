// SPDX-License-Identifier: Apache-2.0
#include "frontend/onnx/graph_reader.h"

#include <algorithm>
#include <array>
#include <cmath>

#include "frontend/onnx/losses.h"
#include "frontend/onnx/proto_text.h"
#include "frontend/onnx/wrap.h"
#include "ir/op_table.h"

namespace zkinfer::frontend_onnx {

using ir::ValueId;

namespace {

constexpr int kDeepest = 32;  // functions that call functions, loops in loops

// "A reason | the remedy" -> "A reason; the remedy"
std::string advice(std::string_view message) {
  const std::size_t bar = message.find(" | ");
  if (bar == std::string_view::npos) return std::string(message);
  return std::string(message.substr(0, bar)) + "; " + std::string(message.substr(bar + 3));
}

std::string domain_of(const std::string& domain) { return domain == "ai.onnx" ? std::string() : domain; }

Result<Outputs> import_simple(NodeContext& context, const Handler& handler) {
  ZKI_RETURN_IF_ERROR(context.require_inputs(handler.num_inputs));
  if (context.num_inputs() > handler.num_inputs) return corrupt("more inputs than the operator's definition has");
  return one_output(context.add(*handler.simple, context.inputs()));
}

Status check_attribute_names(const onnx::NodeProto& node, const Handler& handler) {
  const std::string known = " " + std::string(handler.attributes) + " ";
  for (const onnx::AttributeProto& attribute : node.attribute())
    if (attribute.name().find(' ') != std::string::npos ||
        known.find(" " + attribute.name() + " ") == std::string::npos)
      return unsupported("unknown attribute " + in_quotes(attribute.name()) +
                         " | export the model with an opset of 7 to " + std::to_string(kLastOpset));
  return ok_status();
}

// A function's node as one call wants it: attributes that name one of the function's get the call's, or its default, or go.
void bind_attributes(onnx::NodeProto& node,
                     const std::unordered_map<std::string, const onnx::AttributeProto*>& arguments) {
  auto& attributes = *node.mutable_attribute();
  for (int i = attributes.size(); i-- > 0;) {
    onnx::AttributeProto& attribute = attributes[i];
    if (!attribute.ref_attr_name().empty()) {
      const auto found = arguments.find(attribute.ref_attr_name());
      if (found == arguments.end()) {
        attributes.DeleteSubrange(i, 1);
        continue;
      }
      const std::string name = attribute.name();
      attribute = *found->second;
      attribute.set_name(name);
      continue;
    }
    if (attribute.has_g())
      for (onnx::NodeProto& inner : *attribute.mutable_g()->mutable_node()) bind_attributes(inner, arguments);
  }
}

// Of operators whose constants are no masks or bounds.
Status check_weights(const NodeContext& context) {
  constexpr auto kWeighted = std::to_array<std::string_view>(
      {"Conv", "ConvTranspose", "MatMul", "Gemm", "LSTM", "GRU", "RNN", "BatchNormalization"});
  if (std::ranges::find(kWeighted, context.proto().op_type()) == kWeighted.end()) return ok_status();
  for (std::size_t i = 0; i < context.num_inputs(); ++i) {
    const FloatTensor* floats = context.has_input(i) ? context.value(i).floats() : nullptr;
    if (floats != nullptr && !std::ranges::all_of(floats->data(), [](float x) { return std::isfinite(x); }))
      return unsupported(
          "its operand " + in_quotes(context.value(i).name) +
          " holds infinity or NaN | use finite numbers; masks are understood before a Softmax or a maximum");
  }
  return ok_status();
}

// Infinity may be a bound or a mask; NaN is a fault of the file.
Status check_numbers(const std::string& name, const AnyTensor& tensor) {
  const auto* floats = std::get_if<FloatTensor>(&tensor);
  if (floats == nullptr) return ok_status();
  for (std::size_t i = 0; i < floats->data().size(); ++i)
    if (std::isnan((*floats)[i]))
      return invalid_argument("initializer " + in_quotes(name) + " of shape " + floats->shape().to_string() +
                              ": element " + std::to_string(i) +
                              " is not a number (NaN); train or export the model again");
  return ok_status();
}

}  // namespace

std::optional<ValueId> Scope::find(const std::string& name) const {
  for (const Scope* scope = this; scope != nullptr; scope = scope->outer)
    if (const auto found = scope->values.find(name); found != scope->values.end()) return found->second;
  return std::nullopt;
}

std::string Part::where() const {
  return noun + (name.empty() ? std::string() : " " + in_quotes(name)) + " (" + op + ")";
}

GraphReader::GraphReader(const onnx::ModelProto& model, const ImportOptions& options, const ForeignModel* foreign)
    : model_(model),
      options_(options),
      foreign_(foreign),
      external_{options.external_data_folder, options.max_external_bytes, &options.reads},
      budget_{options.max_folded_elements, 2e10} {
  collect_inputs(model.graph().node(), consumed_);
  for (const onnx::ValueInfoProto& output : model.graph().output()) consumed_.insert(output.name());
  for (const onnx::FunctionProto& function : model.functions()) {
    functions_.emplace(domain_of(function.domain()) + ":" + function.name(), &function);
    collect_inputs(function.node(), consumed_);
    for (const std::string& output : function.output()) consumed_.insert(output);
  }
}

void GraphReader::refuse(Status status, const Part& part) {
  if (options_.refused) {
    // The name is said apart; after the last semicolon is what to do.
    std::string reason = status.message();
    const std::string where = part.where() + ": ";
    if (!part.op.empty() && reason.compare(0, where.size(), where) == 0) reason.erase(0, where.size());
    const std::size_t remedy = reason.rfind("; ");
    const bool has_remedy = remedy != std::string::npos;
    options_.refused(
        {part.name, part.op, reason.substr(0, remedy), has_remedy ? reason.substr(remedy + 2) : std::string()});
  }
  refusals_.push_back(std::move(status));
}

void GraphReader::refuse_part(const Part& part, const Status& status) {
  refuse(Status(status.code(), advice(status.message())).with_context(part.where()), part);
}

Part GraphReader::part_of(const Scope& scope, const onnx::NodeProto& node, const std::string& name, int index) const {
  if (foreign_ == nullptr || scope.depth > 0) return {"node", name, node.op_type()};
  const Origin& origin = foreign_->origins[static_cast<std::size_t>(index)];
  return {foreign_->noun, origin.name, origin.op};
}

Status GraphReader::define(Scope& scope, const std::string& name, ValueId id) {
  if (name.empty() || !is_printable(name))
    return corrupt("a value has no name, or one that is not printable UTF-8 with single spaces");
  if (!scope.values.emplace(name, id).second) return corrupt("value " + in_quotes(name) + " is defined twice");
  if (id < 0 || graph_.value(id).is_constant()) return ok_status();
  if (const Shape& shape = graph_.value(id).shape; shape.num_elements() > options_.max_value_elements) {
    return resource_limit("value " + in_quotes(name) + " of shape " + shape.to_string() + " has " +
                          std::to_string(shape.num_elements()) + " elements, at most " +
                          std::to_string(options_.max_value_elements) + " are possible");
  }
  return ok_status();
}

// A foreign model's may be read from its file only now.
Result<ReadTensor> GraphReader::read_initializer(const onnx::TensorProto& tensor) {
  if (foreign_ == nullptr) return read_tensor(tensor, external_);
  const auto deferred = foreign_->deferred.find(tensor.name());
  if (deferred == foreign_->deferred.end()) return read_tensor(tensor, external_);
  const std::string where = "tensor " + in_quotes(tensor.name());
  Result<Shape> shape = Shape::make(Dims(tensor.dims().begin(), tensor.dims().end()));
  if (!shape.ok()) return shape.status().with_context(where);
  Result<std::vector<float>> data = deferred->second();
  if (!data.ok()) return data.status().with_context(where);
  return ReadTensor{FloatTensor(std::move(*shape), std::move(*data)), ir::DataType::kFloat};
}

Status GraphReader::read_initializers(Scope& scope, const onnx::GraphProto& proto) {
  const auto add = [&](const std::string& name, const onnx::TensorProto& key, auto read_one) -> Status {
    auto known = tensors_.find(&key);
    if (known == tensors_.end()) {
      Result<ReadTensor> read = read_one();
      const Status status = read.ok() ? check_numbers(name, read->tensor)
                                      : Status(read.status().code(), "initializer " + read.status().message());
      if (!status.ok()) {
        refuse(status);
        if (!read.ok()) return define(scope, name, kUnknown);
        read->tensor = FloatTensor(shape_of(read->tensor));  // what reads it is judged too
      }
      held_elements_ += shape_of(read->tensor).num_elements();
      const ValueId id = graph_.add_constant(name, std::move(read->tensor), read->dtype);
      graph_.value(id).declared = read->declared;
      known = tensors_.emplace(&key, id).first;
    }
    return define(scope, name, known->second);
  };
  for (const onnx::TensorProto& tensor : proto.initializer())
    ZKI_RETURN_IF_ERROR(add(tensor.name(), tensor, [&] { return read_initializer(tensor); }));
  for (const onnx::SparseTensorProto& sparse : proto.sparse_initializer())
    ZKI_RETURN_IF_ERROR(
        add(sparse.values().name(), sparse.values(), [&] { return read_sparse_tensor(sparse, external_); }));
  return ok_status();
}

Status GraphReader::read_nodes(Scope& scope, const NodeList& nodes) {
  ZKI_ASSIGN_OR_RETURN(const std::vector<int> order, computable_order(nodes));
  for (const int i : order) {
    if (++nodes_read_ > options_.max_nodes)
      return resource_limit("the model has more than " + std::to_string(options_.max_nodes) +
                            " nodes, with those of unrolled loops and of functions");
    ZKI_RETURN_IF_ERROR(read_node(scope, nodes[i], i));
  }
  return ok_status();
}

Result<std::vector<ValueId>> GraphReader::resolve_inputs(const Scope& scope, const onnx::NodeProto& node,
                                                         bool& unknown) {
  std::vector<ValueId> inputs;
  for (const std::string& name : node.input()) {
    if (name.empty()) {
      inputs.push_back(ir::kNoValue);
      continue;
    }
    const std::optional<ValueId> found = scope.find(name);
    if (!found)
      return corrupt("input " + in_quotes(name) + " is neither an input, an initializer nor the output of a node");
    unknown |= *found == kUnknown;
    inputs.push_back(*found);
  }
  while (!inputs.empty() && inputs.back() == ir::kNoValue) inputs.pop_back();
  return inputs;
}

// For what was refused, where the file says its shape: what comes after it is judged too. Nothing is made of such a graph.
ValueId GraphReader::stand_in(const std::string& name) {
  if (refusals_.empty()) return kUnknown;
  for (const onnx::ValueInfoProto& info : model_.graph().value_info()) {
    const onnx::TypeProto_Tensor& type = info.type().tensor_type();
    const std::optional<ir::DataType> dtype = data_type(type.elem_type());
    if (info.name() != name || !type.has_shape() || !dtype) continue;
    Dims dims;
    for (const auto& dim : type.shape().dim()) dims.push_back(dim.has_dim_value() ? dim.dim_value() : 0);
    Result<Shape> shape = Shape::make(std::move(dims));
    if (!shape.ok() || shape->num_elements() == 0 || shape->num_elements() > options_.max_value_elements) break;
    return graph_.add_input(name, *dtype, std::move(*shape));
  }
  return kUnknown;
}

Status GraphReader::read_node(Scope& scope, const onnx::NodeProto& node, int index) {
  std::string name = node.name();
  if (name.empty()) name = node.op_type() + "_" + std::to_string(index);
  if (!is_printable(name) || !is_printable(node.op_type()))
    return corrupt("node " + std::to_string(index) + " has a name that is not printable UTF-8 with single spaces");
  name = scope.prefix + name;
  const Part part = part_of(scope, node, name, index);
  const std::string where = part.where();
  bool unknown = false;
  Result<std::vector<ValueId>> inputs = resolve_inputs(scope, node, unknown);
  if (!inputs.ok()) return inputs.status().with_context(where);

  const std::size_t refusals_before = refusals_.size();
  const std::size_t first_new_node = graph_.nodes.size();
  Result<Outputs> outputs = import_node(scope, node, name, std::move(*inputs), unknown);
  if (outputs.ok()) {
    note_losses(where, node, notes_);
    if (foreign_ != nullptr)
      for (std::size_t i = first_new_node; i < graph_.nodes.size(); ++i) graph_.nodes[i].origin = part.op;
  } else {
    const Status status(outputs.status().code(), advice(outputs.status().message()));
    const bool says_where =
        status.code() != StatusCode::kUnsupported && status.message().find(in_quotes(name)) != std::string::npos;
    refuse(says_where ? status : status.with_context(where), part);
  }
  for (int i = 0; i < node.output_size(); ++i) {
    if (node.output(i).empty()) continue;
    const auto at = static_cast<std::size_t>(i);
    const bool offered = outputs.ok() && at < outputs->size() && (*outputs)[at] != ir::kNoValue;
    if (!offered && outputs.ok() && !unknown && refusals_.size() == refusals_before &&
        consumed_.count(node.output(i)) != 0)
      refuse(unsupported(where + ": output " + std::to_string(i) + " " + in_quotes(node.output(i)) +
                         " is used; it cannot be computed, remove its uses"),
             part);
    const ValueId id = offered ? (*outputs)[at] : scope.depth == 0 ? stand_in(node.output(i)) : kUnknown;
    const Status defined = define(scope, node.output(i), id).with_context(where);
    if (defined.ok()) continue;
    // A value that is too large may have others beside it.
    if (defined.code() != StatusCode::kResourceLimit) return defined;
    refuse(defined, part);
    scope.values[node.output(i)] = kUnknown;
  }
  return ok_status();
}

Result<Outputs> GraphReader::import_node(Scope& scope, const onnx::NodeProto& node, const std::string& name,
                                         std::vector<ValueId> inputs, bool unknown) {
  const std::string domain = domain_of(node.domain());
  if (const auto function = functions_.find(domain + ":" + node.op_type()); function != functions_.end())
    return call_function(scope, *function->second, node, name, inputs);
  const bool controls =
      domain.empty() && (node.op_type() == "If" || node.op_type() == "Loop" || node.op_type() == "Scan");
  if (!controls) return import_operator(scope, node, name, std::move(inputs), unknown);
  if (scope.depth >= kDeepest)
    return resource_limit("subgraphs and functions nest more than " + std::to_string(kDeepest) + " deep");
  NodeContext context(node, name, scope.opset, graph_, std::move(inputs), external_, budget_);
  return node.op_type() == "If"     ? import_if(context, scope)
         : node.op_type() == "Loop" ? import_loop(context, scope)
                                    : import_scan(context, scope);
}

Result<Outputs> GraphReader::import_operator(const Scope& scope, const onnx::NodeProto& node, const std::string& name,
                                             std::vector<ValueId> inputs, bool unknown) {
  const std::string domain = domain_of(node.domain());
  const Handler* handler = find_handler(domain, node.op_type());
  if (handler == nullptr && domain.empty() && !no_meaning(node.op_type()).empty())
    return unsupported(std::string(no_meaning(node.op_type())) + " | move it out of the model");
  if (handler == nullptr && domain == "ai.onnx.preview.training")
    return unsupported("it trains, and only inference has a meaning here | export the model in inference mode");
  if (handler == nullptr && domain.empty() && node.op_type() == "NonMaxSuppression") {
    return unsupported(
        "how many boxes it gives depends on the data, and what is proven has one shape | end the model before it: "
        "prove "
        "boxes and scores, which the verifier sees, and choose among them afterwards; or with TopK for a fixed number");
  }
  if (handler == nullptr)
    return unsupported((domain.empty() ? "unknown operator" : "unknown operator of domain " + in_quotes(domain)) +
                       " | replace it by supported operators (docs/operators.md)");
  NodeContext context(node, name, scope.opset, graph_, std::move(inputs), external_, budget_);
  ZKI_RETURN_IF_ERROR(check_attribute_names(node, *handler));
  ZKI_RETURN_IF_ERROR(handler->check(context));
  if (unknown) return Outputs{};
  const std::size_t first_new_node = graph_.nodes.size();
  Result<Outputs> outputs = handler->simple ? import_simple(context, *handler) : handler->import(context);
  if (!outputs.ok()) return outputs;
  ZKI_RETURN_IF_ERROR(check_weights(context));
  if (domain.empty()) ZKI_RETURN_IF_ERROR(wrap_integers(context, *outputs));
  for (std::size_t i = first_new_node; i < graph_.nodes.size(); ++i)
    if (const auto reason = ir::unsupported_reason(graph_, graph_.nodes[i]))
      return unsupported(reason->reason + " | " + reason->remedy);
  return outputs;
}

Result<Outputs> GraphReader::read_subgraph(const Scope& outer, const onnx::GraphProto& proto, const std::string& prefix,
                                           const std::vector<ValueId>& inputs) {
  Scope scope{&outer, outer.opset, prefix, outer.depth + 1};
  if (static_cast<std::size_t>(proto.input_size()) != inputs.size())
    return corrupt("its subgraph has " + std::to_string(proto.input_size()) + " inputs, expected " +
                   std::to_string(inputs.size()));
  for (std::size_t i = 0; i < inputs.size(); ++i)
    ZKI_RETURN_IF_ERROR(define(scope, proto.input(static_cast<int>(i)).name(), inputs[i]));
  ZKI_RETURN_IF_ERROR(read_initializers(scope, proto));
  ZKI_RETURN_IF_ERROR(read_nodes(scope, proto.node()));
  Outputs outputs;
  for (const onnx::ValueInfoProto& output : proto.output()) {
    const std::optional<ValueId> found = scope.find(output.name());
    if (!found) return corrupt("output " + in_quotes(output.name()) + " of its subgraph is never computed");
    outputs.push_back(*found);
  }
  return outputs;
}

Result<Outputs> GraphReader::call_function(const Scope& scope, const onnx::FunctionProto& function,
                                           const onnx::NodeProto& node, const std::string& name,
                                           const std::vector<ValueId>& inputs) {
  if (scope.depth >= kDeepest)
    return resource_limit("subgraphs and functions nest more than " + std::to_string(kDeepest) + " deep");
  if (inputs.size() > static_cast<std::size_t>(function.input_size()))
    return corrupt("more inputs than the function has");
  Scope inner{nullptr, scope.opset, name + "/", scope.depth + 1};
  for (const onnx::OperatorSetIdProto& opset : function.opset_import())
    if (domain_of(opset.domain()).empty())
      inner.opset = static_cast<int>(std::clamp<std::int64_t>(opset.version(), 0, 1 << 20));
  for (int i = 0; i < function.input_size(); ++i) {
    const auto at = static_cast<std::size_t>(i);
    ZKI_RETURN_IF_ERROR(define(inner, function.input(i), at < inputs.size() ? inputs[at] : ir::kNoValue));
  }
  std::unordered_map<std::string, const onnx::AttributeProto*> arguments;
  for (const onnx::AttributeProto& attribute : node.attribute()) arguments.emplace(attribute.name(), &attribute);
  std::deque<onnx::AttributeProto> defaults;  // field 11, newer than the protobuf definitions at hand
  const auto& unread = function.GetReflection()->GetUnknownFields(function);
  for (int i = 0; i < unread.field_count(); ++i) {
    const auto& field = unread.field(i);
    if (field.number() != 11 || field.type() != google::protobuf::UnknownField::TYPE_LENGTH_DELIMITED) continue;
    onnx::AttributeProto& attribute = defaults.emplace_back();
    if (!attribute.ParseFromString(field.length_delimited())) return corrupt("its function has a broken default");
    arguments.emplace(attribute.name(), &attribute);
  }
  // Instances stay: tensors_ remembers them by address.
  onnx::NodeProto& holder = instances_.emplace_back();
  onnx::GraphProto& body = *holder.add_attribute()->mutable_g();
  *body.mutable_node() = function.node();
  for (onnx::NodeProto& inner_node : *body.mutable_node()) bind_attributes(inner_node, arguments);
  ZKI_RETURN_IF_ERROR(read_nodes(inner, body.node()));
  Outputs outputs;
  for (const std::string& output : function.output()) {
    const std::optional<ValueId> found = inner.find(output);
    if (!found) return corrupt("output " + in_quotes(output) + " of its function is never computed");
    outputs.push_back(*found);
  }
  return outputs;
}

}  // namespace zkinfer::frontend_onnx
