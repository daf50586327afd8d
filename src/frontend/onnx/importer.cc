// SPDX-License-Identifier: Apache-2.0
#include "frontend/onnx/importer.h"

#include <algorithm>
#include <filesystem>
#include <limits>
#include <unordered_map>
#include <unordered_set>

#include <onnx/onnx_pb.h>

#include "base/files.h"
#include "frontend/onnx/graph_reader.h"
#include "frontend/onnx/losses.h"
#include "frontend/onnx/model_builder.h"
#include "frontend/onnx/proto_text.h"
#include "frontend/onnx/shape_example.h"

namespace zkinfer::frontend_onnx {

namespace {

using ir::ValueId;

class Importer {
 public:
  Importer(const onnx::ModelProto& model, const ImportOptions& options, const ForeignModel* foreign = nullptr)
      : model_(model), proto_(model.graph()), options_(options), foreign_(foreign), reader_(model, options, foreign) {}

  Result<ir::Graph> run() {
    Status status = read();
    if (!status.ok() && reader_.refusals().empty()) return status;
    if (!status.ok()) reader_.refuse(std::move(status));
    if (!reader_.refusals().empty()) return refused();
    ir::Graph& graph = reader_.graph();
    ir::compact(graph);
    ZKI_RETURN_IF_ERROR(ir::verify(graph));
    if (options_.note) {
      if (foreign_ != nullptr)
        for (const std::string& note : foreign_->notes) options_.note(note);
      for (const std::string& note : reader_.notes()) options_.note(note);
    }
    return std::move(graph);
  }

 private:
  Status read() {
    ZKI_RETURN_IF_ERROR(check_model());
    reader_.graph().name = is_printable(proto_.name()) ? proto_.name() : std::string();
    ZKI_RETURN_IF_ERROR(reader_.read_initializers(scope_, proto_));
    FoldBudget& budget = reader_.budget();
    budget.elements_left = std::min(budget.elements_left, (std::int64_t{1} << 22) + 4 * reader_.held_elements() +
                                                              static_cast<std::int64_t>(model_.ByteSizeLong()));
    ZKI_RETURN_IF_ERROR(read_inputs());
    if (foreign_ != nullptr) ZKI_RETURN_IF_ERROR(refuse_parts());
    ZKI_RETURN_IF_ERROR(reader_.read_nodes(scope_, proto_.node()));
    // Of what was refused there are no values.
    return reader_.refusals().empty() ? read_outputs() : ok_status();
  }

  // What the foreign format's reader could not translate.
  Status refuse_parts() {
    for (const RefusedOrigin& part : foreign_->refused) {
      reader_.refuse_part({foreign_->noun, part.origin.name, part.origin.op}, part.status);
      for (const std::string& output : part.outputs) ZKI_RETURN_IF_ERROR(reader_.define(scope_, output, kUnknown));
    }
    for (const std::string& value : foreign_->unknown) ZKI_RETURN_IF_ERROR(reader_.define(scope_, value, kUnknown));
    return ok_status();
  }

  Status check_model() {
    if (!model_.has_graph()) return corrupt("no ONNX model: it has no graph");
    for (const onnx::OperatorSetIdProto& opset : model_.opset_import())
      if (opset.domain().empty() || opset.domain() == "ai.onnx") {
        if (opset.version() < 1) return corrupt("operator set " + std::to_string(opset.version()));
        scope_.opset = static_cast<int>(std::clamp<std::int64_t>(opset.version(), 0, 1 << 20));
      }
    // Models of ai.onnx.ml alone need no other.
    if (scope_.opset == 0 && model_.opset_import_size() > 0) scope_.opset = kLastOpset;
    if (scope_.opset == 0) return corrupt("the model imports no operator set");
    if (scope_.opset < kFirstOpset || scope_.opset > kLastOpset)
      return unsupported("operator set " + std::to_string(scope_.opset) + ": versions " + std::to_string(kFirstOpset) +
                         " to " + std::to_string(kLastOpset) +
                         " can be read; convert the model with onnx.version_converter, or export it again with "
                         "opset_version=17 (skl2onnx: target_opset=17)");
    constexpr int kSame = 7;  // nothing here is read otherwise for an older one
    if (scope_.opset < kSame)
      reader_.notes().push_back("operator set " + std::to_string(scope_.opset) + " is read as " +
                                std::to_string(kSame) + "; what changed between them is refused");
    return ok_status();
  }

  // Lengths by the names that symbolic axes have: given as such, or by the whole shape of another input.
  void bind_symbols() {
    for (const onnx::ValueInfoProto& input : proto_.input()) {
      const auto& shape = input.type().tensor_type().shape();
      const auto given = options_.input_shapes.find(input.name());
      for (int axis = 0; axis < shape.dim_size(); ++axis) {
        const std::string& symbol = shape.dim(axis).dim_param();
        if (symbol.empty()) continue;
        symbols_.emplace(symbol, std::nullopt);
        const auto at = static_cast<std::size_t>(axis);
        if (given != options_.input_shapes.end() && at < given->second.size()) symbols_[symbol] = given->second[at];
      }
    }
    for (const auto& [name, dims] : options_.input_shapes)
      if (const auto symbol = symbols_.find(name); symbol != symbols_.end() && dims.size() == 1)
        symbol->second = dims[0];
  }

  Status read_inputs() {
    bind_symbols();
    std::unordered_set<std::string> seen;
    for (const onnx::ValueInfoProto& input : proto_.input()) {
      if (!seen.insert(input.name()).second) return corrupt("input " + in_quotes(input.name()) + " is listed twice");
      if (scope_.values.count(input.name()) != 0) continue;  // an initializer: the input is only its default
      if (const auto bound = options_.constant_inputs.find(input.name()); bound != options_.constant_inputs.end()) {
        const auto dtype = data_type(input.type().tensor_type().elem_type());
        const bool is_float = std::holds_alternative<FloatTensor>(bound->second);
        if (!dtype || (*dtype == ir::DataType::kFloat) != is_float)
          return invalid_argument("the value given for input " + in_quotes(input.name()) + " has another type");
        const ValueId id = reader_.graph().add_constant(input.name(), bound->second, *dtype);
        reader_.graph().value(id).declared = declared_range(input.type().tensor_type().elem_type());
        ZKI_RETURN_IF_ERROR(reader_.define(scope_, input.name(), id));
        continue;
      }
      ZKI_RETURN_IF_ERROR(read_input(input));
    }
    for (const auto& [name, dims] : options_.input_shapes)
      if (seen.count(name) == 0 && !(symbols_.count(name) != 0 && dims.size() == 1))
        return invalid_argument("a shape is given for " + in_quotes(name) +
                                ", which is neither an input nor, with one length, a symbolic axis");
    for (const auto& [name, tensor] : options_.constant_inputs)
      if (seen.count(name) == 0)
        return invalid_argument("a value is given for " + in_quotes(name) + ", which is no input");
    if (!dynamic_.empty())
      return invalid_argument(
          "inputs with axes of unknown length:" + dynamic_ +
          "; give their whole shapes, or lengths by the axes' names (CompileOptions::input_shapes), as in " + example_);
    return ok_status();
  }

  Status read_input(const onnx::ValueInfoProto& input) {
    const auto refused = [&](const std::string& why) {
      reader_.refuse(unsupported("input " + in_quotes(input.name()) + ": " + why));
      return reader_.define(scope_, input.name(), kUnknown);
    };
    if (!input.type().has_tensor_type())
      return refused(std::string(input.type().has_sequence_type()   ? "a sequence"
                                 : input.type().has_optional_type() ? "an optional value"
                                 : input.type().has_map_type()      ? "a map"
                                                                    : "no dense tensor") +
                     "; only dense tensors have a meaning here");
    const onnx::TypeProto_Tensor& type = input.type().tensor_type();
    const std::optional<ir::DataType> dtype = data_type(type.elem_type());
    if (!dtype) return refused(element_type_name(type.elem_type()));
    Dims dims;
    if (const auto given = options_.input_shapes.find(input.name()); given != options_.input_shapes.end()) {
      dims = given->second;
    } else {
      bool known = type.has_shape();
      std::string shown;
      std::vector<bool> open;
      for (int axis = 0; axis < type.shape().dim_size(); ++axis) {
        const auto& dim = type.shape().dim(axis);
        const auto symbol = symbols_.find(dim.dim_param());
        const bool bound = symbol != symbols_.end() && symbol->second.has_value();
        const bool fixed = dim.has_dim_value() && dim.dim_value() > 0;
        dims.push_back(bound ? *symbol->second : fixed ? dim.dim_value() : 1);
        known &= bound || fixed || axis == 0;
        open.push_back(!bound && !fixed && axis != 0);
        if (!bound && !fixed && axis == 0)
          reader_.notes().push_back("input " + in_quotes(input.name()) +
                                    ": the length of its first axis is open in the file; 1 is taken (another: "
                                    "CompileOptions::input_shapes)");
        shown += (axis == 0 ? "" : ", ") + (fixed ? std::to_string(dim.dim_value())
                                            : dim.has_dim_param() && is_printable(dim.dim_param()) ? dim.dim_param()
                                                                                                   : "?");
      }
      if (!known) dynamic_ += " " + in_quotes(input.name()) + " [" + shown + "]";
      if (!known && example_.empty()) example_ = shape_example(input.name(), open, dims);
    }
    Result<Shape> shape = Shape::make(std::move(dims));
    if (!shape.ok()) return shape.status().with_context("input " + in_quotes(input.name()));
    const ValueId id = reader_.graph().add_input(input.name(), *dtype, std::move(*shape));
    reader_.graph().value(id).declared = declared_range(type.elem_type());
    return reader_.define(scope_, input.name(), id);
  }

  // Gives the value the output's name: it may be an input, a constant, the value of a branch or a second name of one.
  Result<ValueId> named_output(ValueId id, const std::string& name, const std::unordered_set<ValueId>& taken) {
    ir::Graph& graph = reader_.graph();
    if (graph.value(id).name == name && taken.count(id) == 0) return id;
    if (const auto inner = by_name_.find(name); inner != by_name_.end()) {  // of an inner step
      ir::Value& value = graph.value(inner->second);
      if (value.name == name) {
        value.name += "#inner";
        while (!graph.value_names.insert(value.name).second) value.name += "_";
      }
    }
    graph.value_names.erase(name);
    const bool is_input = inputs_.count(id) != 0;
    if (is_input || taken.count(id) != 0 || graph.value(id).is_constant()) {
      if (graph.value(id).is_constant()) {
        AnyTensor copy = *graph.value(id).constant;
        const ir::DataType dtype = graph.value(id).dtype;
        const bool literal = graph.value(id).literal;
        const ValueId constant = graph.add_constant(name, std::move(copy), dtype);
        graph.value(constant).literal = literal;
        return constant;
      }
      return graph.add_node(ir::OpKind::kIdentity, name + "#output", {id}, {}, {}, name);
    }
    graph.value_names.erase(graph.value(id).name);
    graph.value(id).name = name;
    graph.value_names.insert(name);
    return id;
  }

  Status read_outputs() {
    if (proto_.output_size() == 0) return corrupt("the model has no outputs");
    std::unordered_set<std::string> seen;
    std::unordered_set<ValueId> taken;
    const ir::Graph& graph = reader_.graph();
    for (std::size_t id = 0; id < graph.values.size(); ++id)
      by_name_.emplace(graph.values[id].name, static_cast<ValueId>(id));
    inputs_.insert(graph.inputs.begin(), graph.inputs.end());
    for (const onnx::ValueInfoProto& output : proto_.output()) {
      const std::optional<ValueId> found = scope_.find(output.name());
      if (!found) return corrupt("output " + in_quotes(output.name()) + " is never computed");
      if (!seen.insert(output.name()).second) {
        reader_.notes().push_back("output " + in_quotes(output.name()) + " is listed twice; it is there once");
        continue;
      }
      note_losses(output, reader_.notes());
      ZKI_ASSIGN_OR_RETURN(const ValueId id, named_output(*found, output.name(), taken));
      taken.insert(id);
      reader_.graph().outputs.push_back(id);
    }
    return ok_status();
  }

  Status refused() {
    constexpr std::size_t kMostShown = 200;
    const std::vector<Status>& refusals = reader_.refusals();
    const auto gravest = std::find_if(refusals.begin(), refusals.end(),
                                      [](const Status& status) { return status.code() != StatusCode::kUnsupported; });
    if (refusals.size() == 1 && gravest != refusals.end()) return *gravest;
    std::string message = std::to_string(refusals.size()) + " part(s) of the model cannot be proved:";
    for (std::size_t i = 0; i < std::min(refusals.size(), kMostShown); ++i) message += "\n  " + refusals[i].message();
    if (refusals.size() > kMostShown) message += "\n  and " + std::to_string(refusals.size() - kMostShown) + " more";
    return {gravest == refusals.end() ? StatusCode::kUnsupported : gravest->code(), std::move(message)};
  }

  const onnx::ModelProto& model_;
  const onnx::GraphProto& proto_;
  const ImportOptions& options_;
  const ForeignModel* foreign_;
  GraphReader reader_;
  Scope scope_;
  std::unordered_map<std::string, std::optional<std::int64_t>> symbols_;
  std::string dynamic_, example_;
  // While outputs are read: names before them, and the inputs.
  std::unordered_map<std::string, ValueId> by_name_;
  std::unordered_set<ValueId> inputs_;
};

constexpr std::uint64_t kMostProtobufBytes = std::numeric_limits<int>::max();

bool parse(google::protobuf::MessageLite& message, ByteView bytes) {
  return bytes.size() <= kMostProtobufBytes && message.ParseFromArray(bytes.data(), static_cast<int>(bytes.size()));
}

}  // namespace

Status check_file_size(std::uint64_t num_bytes, const ImportOptions& options) {
  if (num_bytes <= std::min(options.max_file_bytes, kMostProtobufBytes)) return ok_status();
  if (num_bytes <= kMostProtobufBytes)
    return resource_limit("the model has " + std::to_string(num_bytes) + " bytes, at most " +
                          std::to_string(options.max_file_bytes) + " are allowed");
  return resource_limit("the model has " + std::to_string(num_bytes) +
                        " bytes, and protobuf reads less than 2 GiB; save its weights in files beside it "
                        "(onnx.save_model with save_as_external_data=True)");
}

Result<ir::Graph> import_onnx(ByteView bytes, const ImportOptions& options) {
  ZKI_RETURN_IF_ERROR(check_file_size(bytes.size(), options));
  onnx::ModelProto model;
  if (!parse(model, bytes)) return corrupt("these bytes are no ONNX model (protobuf cannot read them)");
  return Importer(model, options).run();
}

Result<ir::Graph> import_foreign(const ForeignModel& foreign, const ImportOptions& options) {
  return Importer(foreign.model, options, &foreign).run();
}

Result<ir::Graph> import_onnx_file(const std::string& path, ImportOptions options) {
  if (options.external_data_folder.empty()) {
    options.external_data_folder = std::filesystem::path(path).parent_path().string();
    if (options.external_data_folder.empty()) options.external_data_folder = ".";
  }
  std::error_code error;
  if (std::filesystem::is_regular_file(path, error)) {
    const Status status = check_file_size(std::filesystem::file_size(path, error), options);
    if (!status.ok()) return status.with_context(path);
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
