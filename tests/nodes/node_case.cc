// SPDX-License-Identifier: Apache-2.0
#include "nodes/node_case.h"

#include <algorithm>
#include <map>
#include <set>

#include "base/files.h"
#include "frontend/onnx/importer.h"

namespace zkinfer::nodes {

namespace {

namespace fs = std::filesystem;

Result<Bytes> bytes_of(const fs::path& path) { return read_file(path.string(), std::uint64_t{1} << 28); }

bool is_float(std::int32_t type) {
  switch (type) {
    case onnx::TensorProto::FLOAT:
    case onnx::TensorProto::FLOAT16:
    case onnx::TensorProto::DOUBLE:
    case onnx::TensorProto::BFLOAT16: return true;
    default: return false;
  }
}

// Operators that draw random numbers, or take a step of training: no function of their inputs.
const std::set<std::string> kRandom = {"Bernoulli",        "Multinomial",   "RandomNormal",
                                       "RandomNormalLike", "RandomUniform", "RandomUniformLike"};
const std::set<std::string> kTexts = {"StringNormalizer", "StringSplit",     "StringConcat",
                                      "RegexFullMatch",   "TfIdfVectorizer", "ImageDecoder"};

// Tests whose expected outputs no runtime gives.
const std::map<std::string, std::string> kDisputed = {
    {"test_resize_downsample_scales_linear_align_corners",
     "its reference takes the output length 2.4 for 2; we take whole lengths, as runtimes do"},
    {"test_resize_downsample_scales_cubic_align_corners",
     "its reference takes the output length 3.2 for 3; we take whole lengths, as runtimes do"},
};

std::string no_meaning_of_type(const onnx::TypeProto& type) {
  if (type.has_sequence_type()) return "sequences";
  if (type.has_optional_type()) return "optional values";
  if (type.has_map_type()) return "maps";
  if (!type.has_tensor_type()) return "values that are no tensors";
  const std::int32_t element = type.tensor_type().elem_type();
  if (element == onnx::TensorProto::STRING) return "strings";
  if (element == onnx::TensorProto::COMPLEX64 || element == onnx::TensorProto::COMPLEX128) return "complex numbers";
  return {};
}

std::string no_meaning_of_node(const onnx::NodeProto& node) {
  if (node.domain() == "ai.onnx.preview.training") return "training";
  if (kRandom.contains(node.op_type())) return "random numbers";
  if (kTexts.contains(node.op_type())) return node.op_type() == "ImageDecoder" ? "compressed pictures" : "strings";
  for (const onnx::AttributeProto& attribute : node.attribute()) {
    if (attribute.name() == "training_mode" && attribute.i() != 0) return "training";
  }
  // Dropout of opset 12 and later trains when its third input is there: every test that has one uses true or is named so.
  if (node.op_type() == "Dropout" && node.input_size() == 3 && !node.input(2).empty()) return "training";
  return {};
}

std::string no_meaning(const onnx::GraphProto& graph) {
  for (const auto* values : {&graph.input(), &graph.output()}) {
    for (const onnx::ValueInfoProto& value : *values) {
      if (std::string why = no_meaning_of_type(value.type()); !why.empty()) return why;
    }
  }
  for (const onnx::NodeProto& node : graph.node()) {
    if (std::string why = no_meaning_of_node(node); !why.empty()) return why;
  }
  return {};
}

// The operator of a one-node model; of `test_x_expanded*`, that of `test_x` beside it.
std::string op_of(const fs::path& folder, const onnx::ModelProto& model) {
  const std::string name = folder.filename().string();
  if (const std::size_t at = name.find("_expanded"); at != std::string::npos) {
    onnx::ModelProto whole;
    const auto bytes = bytes_of(folder.parent_path() / name.substr(0, at) / "model.onnx");
    if (bytes.ok() && whole.ParseFromArray(bytes->data(), static_cast<int>(bytes->size())) &&
        whole.graph().node_size() > 0)
      return whole.graph().node(0).op_type();
  }
  std::vector<std::string> ops;
  for (const onnx::NodeProto& node : model.graph().node()) {
    if (node.op_type() != "Constant" && std::find(ops.begin(), ops.end(), node.op_type()) == ops.end())
      ops.push_back(node.op_type());
  }
  if (ops.empty()) return "Constant";
  return ops.size() == 1 ? ops[0] : "several";
}

}  // namespace

const char* binding_name(Binding binding) {
  switch (binding) {
    case Binding::kNone: return "run time";
    case Binding::kIntegers: return "integers constant";
    case Binding::kRest: return "all but the first constant";
    case Binding::kAll: return "folded";
  }
  return "";
}

bool is_exact(const NodeCase& test, std::size_t output) {
  return !is_float(test.model.graph().output(static_cast<int>(output)).type().tensor_type().elem_type());
}

Result<NodeCase> load_case(const fs::path& folder) {
  NodeCase test;
  test.name = folder.filename().string();
  ZKI_ASSIGN_OR_RETURN(const Bytes bytes, bytes_of(folder / "model.onnx"));
  if (!test.model.ParseFromArray(bytes.data(), static_cast<int>(bytes.size())))
    return corrupt("model.onnx is no model");
  test.op = op_of(folder, test.model);
  test.no_meaning = no_meaning(test.model.graph());
  if (const auto disputed = kDisputed.find(test.name); disputed != kDisputed.end()) test.no_meaning = disputed->second;
  if (!test.no_meaning.empty()) return test;
  const auto read = [&](const char* kind, int i, const onnx::ValueInfoProto& value,
                        std::vector<AnyTensor>& into) -> Status {
    const fs::path path = folder / "test_data_set_0" / (std::string(kind) + "_" + std::to_string(i) + ".pb");
    ZKI_ASSIGN_OR_RETURN(const Bytes data, bytes_of(path));
    onnx::TensorProto proto;
    if (!proto.ParseFromArray(data.data(), static_cast<int>(data.size())))
      return corrupt(path.filename().string() + " is no tensor");
    // bfloat16 as the bits of a uint16 tensor, in the tests before opset 19.
    if (proto.data_type() != value.type().tensor_type().elem_type())
      test.no_meaning = "the test's data have another type than its model";
    auto tensor = frontend_onnx::read_tensor_proto(data);
    if (!tensor.ok()) return tensor.status().with_context(path.filename().string());
    into.push_back(std::move(tensor->tensor));
    if (kind[0] == 'i') test.input_protos.push_back(std::move(proto));
    return ok_status();
  };
  const onnx::GraphProto& graph = test.model.graph();
  for (int i = 0; i < graph.input_size() && test.readable.ok(); ++i)
    test.readable = read("input", i, graph.input(i), test.inputs);
  for (int i = 0; i < graph.output_size() && test.readable.ok(); ++i)
    test.readable = read("output", i, graph.output(i), test.outputs);
  return test;
}

namespace {

bool is_constant(const NodeCase& test, Binding binding, std::size_t input) {
  switch (binding) {
    case Binding::kNone: return false;
    case Binding::kIntegers: return std::holds_alternative<IntTensor>(test.inputs[input]);
    case Binding::kRest: return input > 0;
    case Binding::kAll: return true;
  }
  return false;
}

std::vector<bool> constants(const NodeCase& test, Binding binding) {
  std::vector<bool> out;
  for (std::size_t i = 0; i < test.inputs.size(); ++i) out.push_back(is_constant(test, binding, i));
  return out;
}

// output + zero, as a float: so that a model of constants has an input, and something to prove.
void add_zero(onnx::GraphProto& graph) {
  onnx::ValueInfoProto& zero = *graph.add_input();
  zero.set_name("zero");
  zero.mutable_type()->mutable_tensor_type()->set_elem_type(onnx::TensorProto::FLOAT);
  zero.mutable_type()->mutable_tensor_type()->mutable_shape()->add_dim()->set_dim_value(1);
  for (onnx::ValueInfoProto& output : *graph.mutable_output()) {
    onnx::NodeProto& cast = *graph.add_node();
    cast.set_op_type("Cast");
    cast.add_input(output.name());
    cast.add_output(output.name() + "/float");
    onnx::AttributeProto& to = *cast.add_attribute();
    to.set_name("to");
    to.set_type(onnx::AttributeProto::INT);
    to.set_i(onnx::TensorProto::FLOAT);
    onnx::NodeProto& add = *graph.add_node();
    add.set_op_type("Add");
    add.add_input(output.name() + "/float");
    add.add_input("zero");
    add.add_output(output.name() + "/sum");
    output.set_name(output.name() + "/sum");
    output.mutable_type()->mutable_tensor_type()->set_elem_type(onnx::TensorProto::FLOAT);
    if (output.type().tensor_type().shape().dim_size() == 0) output.clear_type();
  }
}

}  // namespace

bool differs_from_earlier(const NodeCase& test, Binding binding) {
  if (binding == Binding::kAll) return true;
  const std::vector<bool> mine = constants(test, binding);
  if (std::all_of(mine.begin(), mine.end(), [](bool is) { return is; })) return false;
  for (int earlier = 0; earlier < static_cast<int>(binding); ++earlier) {
    if (constants(test, static_cast<Binding>(earlier)) == mine) return false;
  }
  return true;
}

BoundCase bind(const NodeCase& test, Binding binding) {
  BoundCase out;
  onnx::ModelProto model = test.model;
  onnx::GraphProto& graph = *model.mutable_graph();
  google::protobuf::RepeatedPtrField<onnx::ValueInfoProto> inputs;
  inputs.Swap(graph.mutable_input());
  for (int i = 0; i < inputs.size(); ++i) {
    if (is_constant(test, binding, static_cast<std::size_t>(i))) {
      onnx::TensorProto& constant = *graph.add_initializer();
      constant = test.input_protos[static_cast<std::size_t>(i)];
      constant.set_name(inputs[i].name());
      continue;
    }
    onnx::ValueInfoProto& input = *graph.add_input();
    input = inputs[i];
    // Symbolic axes get the length that the data have.
    onnx::TensorShapeProto& shape = *input.mutable_type()->mutable_tensor_type()->mutable_shape();
    shape.clear_dim();
    for (const std::int64_t length : shape_of(test.inputs[static_cast<std::size_t>(i)]).dims())
      shape.add_dim()->set_dim_value(length);
    out.run_time.push_back(static_cast<std::size_t>(i));
  }
  if (binding == Binding::kAll) add_zero(graph);
  out.model.resize(model.ByteSizeLong());
  model.SerializeToArray(out.model.data(), static_cast<int>(out.model.size()));
  return out;
}

}  // namespace zkinfer::nodes
