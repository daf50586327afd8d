// SPDX-License-Identifier: Apache-2.0
#include "frontend/onnx/importer.h"

#include <algorithm>
#include <filesystem>
#include <limits>
#include <unordered_map>
#include <unordered_set>

#include <onnx/onnx_pb.h>

#include "base/files.h"
#include "frontend/onnx/handlers.h"
#include "frontend/onnx/proto_text.h"
#include "ir/op_table.h"

namespace zkinfer::frontend_onnx {

namespace {

using ir::ValueId;

constexpr int kFirstOpset = 7;
constexpr int kLastOpset = 21;
constexpr ValueId kUnknown = -2;  // computed from an unsupported node: no shape

// "A reason | the remedy" -> "A reason. Do this: the remedy"
std::string advice(std::string_view message) {
  const std::size_t bar = message.find(" | ");
  if (bar == std::string_view::npos) return std::string(message);
  return std::string(message.substr(0, bar)) + "; " + std::string(message.substr(bar + 3));
}

class Importer {
 public:
  Importer(const onnx::ModelProto& model, const ImportOptions& options)
      : model_(model),
        proto_(model.graph()),
        options_(options),
        external_{options.external_data_folder, options.max_file_bytes},
        budget_{options.max_folded_elements, 2e10} {}

  Result<ir::Graph> run() {
    ZKI_RETURN_IF_ERROR(check_model());
    graph_.name = is_printable(proto_.name()) ? proto_.name() : std::string();
    ZKI_RETURN_IF_ERROR(read_initializers());
    budget_.elements_left = std::min(budget_.elements_left, (std::int64_t{1} << 22) + 4 * held_elements_ +
                                                                static_cast<std::int64_t>(model_.ByteSizeLong()));
    ZKI_RETURN_IF_ERROR(read_inputs());
    for (const onnx::NodeProto& node : proto_.node())
      for (const std::string& input : node.input()) consumed_.insert(input);
    for (const onnx::ValueInfoProto& output : proto_.output()) consumed_.insert(output.name());
    for (int i = 0; i < proto_.node_size(); ++i) ZKI_RETURN_IF_ERROR(read_node(proto_.node(i), i));
    if (!unsupported_.empty()) return unsupported_status();
    ZKI_RETURN_IF_ERROR(read_outputs());
    ir::compact(graph_);
    ZKI_RETURN_IF_ERROR(ir::verify(graph_));
    return std::move(graph_);
  }

 private:
  Status check_model() {
    if (!model_.has_graph()) return corrupt("no ONNX model: it has no graph");
    for (const onnx::OperatorSetIdProto& opset : model_.opset_import())
      if (opset.domain().empty() || opset.domain() == "ai.onnx")
        opset_ = static_cast<int>(std::clamp<std::int64_t>(opset.version(), 0, 1 << 20));
    if (opset_ == 0) return corrupt("the model imports no operator set of the default domain");
    if (opset_ < kFirstOpset || opset_ > kLastOpset)
      return unsupported("operator set " + std::to_string(opset_) +
                         ": versions 7 to 21 can be read; convert the model "
                         "with onnx.version_converter, or export it again with opset_version=17");
    if (static_cast<std::size_t>(proto_.node_size()) > options_.max_nodes)
      return resource_limit("the model has " + std::to_string(proto_.node_size()) + " nodes, at most " +
                            std::to_string(options_.max_nodes) + " are allowed");
    if (proto_.sparse_initializer_size() != 0)
      unsupported_.push_back("sparse initializers: store them as dense tensors");
    return ok_status();
  }

  Status define(const std::string& name, ValueId id) {
    if (name.empty() || !is_printable(name))
      return corrupt("a value has no name, or one that is not printable UTF-8 with single spaces");
    if (!values_.emplace(name, id).second) return corrupt("value " + in_quotes(name) + " is defined twice");
    if (id == kUnknown || graph_.value(id).is_constant()) return ok_status();
    if (const Shape& shape = graph_.value(id).shape; shape.num_elements() > options_.max_value_elements) {
      return resource_limit("value " + in_quotes(name) + " of shape " + shape.to_string() + " has " +
                            std::to_string(shape.num_elements()) + " elements, at most " +
                            std::to_string(options_.max_value_elements) + " are possible");
    }
    return ok_status();
  }

  Status read_initializers() {
    for (const onnx::TensorProto& tensor : proto_.initializer()) {
      Result<ReadTensor> read = read_tensor(tensor, external_);
      if (!read.ok()) return read.status().with_context("initializer");
      std::int64_t elements = 1;
      for (const std::int64_t size : tensor.dims()) elements *= size;
      held_elements_ += elements;
      ZKI_RETURN_IF_ERROR(
          define(tensor.name(), graph_.add_constant(tensor.name(), std::move(read->tensor), read->dtype)));
    }
    return ok_status();
  }

  Status read_inputs() {
    std::unordered_set<std::string> seen;
    for (const onnx::ValueInfoProto& input : proto_.input()) {
      if (!seen.insert(input.name()).second) return corrupt("input " + in_quotes(input.name()) + " is listed twice");
      if (values_.count(input.name()) != 0) continue;  // an initializer: the input is only its default
      if (const auto bound = options_.constant_inputs.find(input.name()); bound != options_.constant_inputs.end()) {
        const auto dtype = data_type(input.type().tensor_type().elem_type());
        const bool is_float = std::holds_alternative<FloatTensor>(bound->second);
        if (!dtype || (*dtype == ir::DataType::kFloat) != is_float)
          return invalid_argument("the value given for input " + in_quotes(input.name()) + " has another type");
        ZKI_RETURN_IF_ERROR(define(input.name(), graph_.add_constant(input.name(), bound->second, *dtype)));
        continue;
      }
      ZKI_RETURN_IF_ERROR(read_input(input));
    }
    for (const auto& [name, dims] : options_.input_shapes)
      if (seen.count(name) == 0)
        return invalid_argument("a shape is given for " + in_quotes(name) + ", which is no input");
    for (const auto& [name, tensor] : options_.constant_inputs)
      if (seen.count(name) == 0)
        return invalid_argument("a value is given for " + in_quotes(name) + ", which is no input");
    if (!dynamic_.empty())
      return invalid_argument("inputs with axes of unknown length:" + dynamic_ +
                              "; give their whole shapes (CompileOptions::input_shapes)");
    return ok_status();
  }

  Status read_input(const onnx::ValueInfoProto& input) {
    if (!input.type().has_tensor_type()) {
      unsupported_.push_back("input " + in_quotes(input.name()) + ": only dense tensors are possible as inputs");
      return define(input.name(), kUnknown);
    }
    const onnx::TypeProto_Tensor& type = input.type().tensor_type();
    const std::optional<ir::DataType> dtype = data_type(type.elem_type());
    if (!dtype) {
      unsupported_.push_back("input " + in_quotes(input.name()) + ": element type " + std::to_string(type.elem_type()) +
                             "; only numbers and booleans are possible");
      return define(input.name(), kUnknown);
    }
    Dims dims;
    if (const auto given = options_.input_shapes.find(input.name()); given != options_.input_shapes.end()) {
      dims = given->second;
    } else {
      bool known = type.has_shape();
      std::string shown;
      for (int axis = 0; axis < type.shape().dim_size(); ++axis) {
        const auto& dim = type.shape().dim(axis);
        const bool fixed = dim.has_dim_value() && dim.dim_value() > 0;
        dims.push_back(fixed ? dim.dim_value() : 1);
        known &= fixed || axis == 0;
        shown += (axis == 0 ? "" : ", ") + (fixed ? std::to_string(dim.dim_value())
                                            : dim.has_dim_param() && is_printable(dim.dim_param()) ? dim.dim_param()
                                                                                                   : "?");
      }
      if (!known) dynamic_ += " " + in_quotes(input.name()) + " [" + shown + "]";
    }
    Result<Shape> shape = Shape::make(std::move(dims));
    if (!shape.ok()) return shape.status().with_context("input " + in_quotes(input.name()));
    return define(input.name(), graph_.add_input(input.name(), *dtype, std::move(*shape)));
  }

  // Resolves the node's inputs; `unknown` tells whether one comes from an unsupported node.
  Result<std::vector<ValueId>> resolve_inputs(const onnx::NodeProto& node, bool& unknown) {
    std::vector<ValueId> inputs;
    for (const std::string& name : node.input()) {
      if (name.empty()) {
        inputs.push_back(ir::kNoValue);
        continue;
      }
      const auto found = values_.find(name);
      if (found == values_.end())
        return corrupt("input " + in_quotes(name) +
                       " is neither an input, an initializer nor the output of an earlier node");
      unknown |= found->second == kUnknown;
      inputs.push_back(found->second);
    }
    while (!inputs.empty() && inputs.back() == ir::kNoValue) inputs.pop_back();
    return inputs;
  }

  Status read_node(const onnx::NodeProto& node, int index) {
    std::string name = node.name();
    if (name.empty()) name = node.op_type() + "_" + std::to_string(index);
    if (!is_printable(name) || !is_printable(node.op_type()))
      return corrupt("node " + std::to_string(index) + " has a name that is not printable UTF-8 with single spaces");
    const std::string where = "node " + in_quotes(name) + " (" + node.op_type() + ")";
    bool unknown = false;
    Result<std::vector<ValueId>> inputs = resolve_inputs(node, unknown);
    if (!inputs.ok()) return inputs.status().with_context(where);

    const std::size_t reports_before = unsupported_.size();
    Result<Outputs> outputs = import_node(node, name, std::move(*inputs), unknown);
    if (!outputs.ok()) {
      if (outputs.status().code() != StatusCode::kUnsupported)
        return outputs.status().message().find(in_quotes(name)) == std::string::npos
                   ? outputs.status().with_context(where)
                   : outputs.status();
      unsupported_.push_back(where + ": " + advice(outputs.status().message()));
    }
    for (int i = 0; i < node.output_size(); ++i) {
      if (node.output(i).empty()) continue;
      const bool offered = outputs.ok() && static_cast<std::size_t>(i) < outputs->size();
      if (!offered && outputs.ok() && !unknown && unsupported_.size() == reports_before &&
          consumed_.count(node.output(i)) != 0)
        unsupported_.push_back(where + ": output " + std::to_string(i) + " " + in_quotes(node.output(i)) +
                               " is used; only output 0 is possible");
      ZKI_RETURN_IF_ERROR(
          define(node.output(i), offered ? (*outputs)[static_cast<std::size_t>(i)] : kUnknown).with_context(where));
    }
    return ok_status();
  }

  // No outputs: the node is behind an unsupported one, or has just been reported.
  Result<Outputs> import_node(const onnx::NodeProto& node, const std::string& name, std::vector<ValueId> inputs,
                              bool unknown) {
    const Handler* handler = find_handler(node.domain(), node.op_type());
    if (handler == nullptr)
      return unsupported(
          (node.domain().empty() ? "unknown operator" : "unknown operator of domain " + in_quotes(node.domain())) +
          " | replace it by supported operators (docs/operators.md)");
    NodeContext context(node, name, opset_, graph_, std::move(inputs), external_, budget_);
    ZKI_RETURN_IF_ERROR(check_attribute_names(node, *handler));
    ZKI_RETURN_IF_ERROR(handler->check(context));
    if (unknown) return Outputs{};
    const std::size_t first_new_node = graph_.nodes.size();
    Result<Outputs> outputs = handler->simple ? import_simple(context, *handler) : handler->import(context);
    if (!outputs.ok()) return outputs;
    for (std::size_t i = first_new_node; i < graph_.nodes.size(); ++i)
      if (const auto reason = ir::unsupported_reason(graph_, graph_.nodes[i]))
        return unsupported(reason->reason + " | " + reason->remedy);
    return outputs;
  }

  static Result<Outputs> import_simple(NodeContext& context, const Handler& handler) {
    ZKI_RETURN_IF_ERROR(context.require_inputs(handler.num_inputs));
    if (context.num_inputs() > handler.num_inputs) return corrupt("more inputs than the operator's definition has");
    return one_output(context.add(*handler.simple, context.inputs()));
  }

  static Status check_attribute_names(const onnx::NodeProto& node, const Handler& handler) {
    const std::string known = " " + std::string(handler.attributes) + " ";
    for (const onnx::AttributeProto& attribute : node.attribute())
      if (attribute.name().find(' ') != std::string::npos ||
          known.find(" " + attribute.name() + " ") == std::string::npos)
        return unsupported("unknown attribute " + in_quotes(attribute.name()) +
                           " | export the model with an opset of 7 to 21");
    return ok_status();
  }

  Status read_outputs() {
    if (proto_.output_size() == 0) return corrupt("the model has no outputs");
    std::unordered_set<std::string> seen;
    for (const onnx::ValueInfoProto& output : proto_.output()) {
      const auto found = values_.find(output.name());
      if (found == values_.end()) return corrupt("output " + in_quotes(output.name()) + " is never computed");
      if (!seen.insert(output.name()).second) return corrupt("output " + in_quotes(output.name()) + " is listed twice");
      if (graph_.value(found->second).name != output.name())
        return corrupt("output " + in_quotes(output.name()) + " has the name of an inner step");
      graph_.outputs.push_back(found->second);
    }
    return ok_status();
  }

  Status unsupported_status() const {
    constexpr std::size_t kMostShown = 200;
    std::string message = std::to_string(unsupported_.size()) + " part(s) of the model cannot be proved:";
    for (std::size_t i = 0; i < std::min(unsupported_.size(), kMostShown); ++i) message += "\n  " + unsupported_[i];
    if (unsupported_.size() > kMostShown)
      message += "\n  and " + std::to_string(unsupported_.size() - kMostShown) + " more";
    return unsupported(message);
  }

  const onnx::ModelProto& model_;
  const onnx::GraphProto& proto_;
  const ImportOptions& options_;
  ExternalData external_;
  std::int64_t held_elements_ = 0;  // of all initializers
  FoldBudget budget_;
  int opset_ = 0;
  ir::Graph graph_;
  std::unordered_map<std::string, ValueId> values_;
  std::unordered_set<std::string> consumed_;
  std::vector<std::string> unsupported_;
  std::string dynamic_;
};

bool parse(google::protobuf::MessageLite& message, ByteView bytes) {
  return bytes.size() <= static_cast<std::size_t>(std::numeric_limits<int>::max()) &&
         message.ParseFromArray(bytes.data(), static_cast<int>(bytes.size()));
}

}  // namespace

Result<ir::Graph> import_onnx(ByteView bytes, const ImportOptions& options) {
  if (bytes.size() > options.max_file_bytes)
    return resource_limit("the model has " + std::to_string(bytes.size()) + " bytes, at most " +
                          std::to_string(options.max_file_bytes) + " are allowed");
  onnx::ModelProto model;
  if (!parse(model, bytes)) return corrupt("these bytes are no ONNX model (protobuf cannot read them)");
  return Importer(model, options).run();
}

Result<ir::Graph> import_onnx_file(const std::string& path, ImportOptions options) {
  if (options.external_data_folder.empty()) {
    options.external_data_folder = std::filesystem::path(path).parent_path().string();
    if (options.external_data_folder.empty()) options.external_data_folder = ".";
  }
  ZKI_ASSIGN_OR_RETURN(const Bytes bytes, read_file(path, options.max_file_bytes));
  Result<ir::Graph> graph = import_onnx(bytes, options);
  if (!graph.ok()) return graph.status().with_context(path);
  return graph;
}

Result<NamedTensor> read_tensor_proto(ByteView bytes) {
  onnx::TensorProto proto;
  if (!parse(proto, bytes)) return corrupt("these bytes are no ONNX tensor (protobuf cannot read them)");
  ExternalData none;
  ZKI_ASSIGN_OR_RETURN(ReadTensor tensor, read_tensor(proto, none));
  return NamedTensor{proto.name(), std::move(tensor.tensor)};
}

}  // namespace zkinfer::frontend_onnx
