// SPDX-License-Identifier: Apache-2.0
#include "frontend/onnx/model_builder.h"

#include "base/text.h"

namespace zkinfer::frontend_onnx {

using onnx::AttributeProto;
using onnx::TensorProto;

namespace {

void describe(onnx::ValueInfoProto& value, const std::string& name, int type) {
  value.set_name(name);
  value.mutable_type()->mutable_tensor_type()->set_elem_type(type);
}

// Characters that names may not have become underscores.
std::string cleaned(std::string_view wanted) {
  constexpr std::size_t kLongest = kMaxNameBytes / 2;  // suffixes come to it
  std::string name;
  while (!wanted.empty() && name.size() < kLongest) {
    const std::size_t length = shown_character(wanted);
    if (length == 0 || wanted[0] == ' ') {
      name += '_';
    } else {
      name += wanted.substr(0, length);
    }
    wanted.remove_prefix(std::max<std::size_t>(length, 1));
  }
  return name;
}

std::string unique(std::string_view wanted, std::string_view missing, FreeNames& names) {
  const std::string stem = wanted.empty() ? std::string(missing) : cleaned(wanted);
  std::string name = stem;
  for (int& next = names.next.emplace(stem, 2).first->second; !names.taken.insert(name).second; ++next)
    name = stem + "_" + std::to_string(next);
  return name;
}

}  // namespace

void set_attribute(onnx::NodeProto& node, const Attribute& attribute) {
  AttributeProto& made = *node.add_attribute();
  made.set_name(attribute.name);
  if (const auto* number = std::get_if<std::int64_t>(&attribute.value)) {
    made.set_type(AttributeProto::INT);
    made.set_i(*number);
  } else if (const auto* real = std::get_if<float>(&attribute.value)) {
    made.set_type(AttributeProto::FLOAT);
    made.set_f(*real);
  } else if (const auto* text = std::get_if<std::string>(&attribute.value)) {
    made.set_type(AttributeProto::STRING);
    made.set_s(*text);
  } else if (const auto* list = std::get_if<Dims>(&attribute.value)) {
    made.set_type(AttributeProto::INTS);
    for (const std::int64_t x : *list) made.add_ints(x);
  } else if (const auto* reals = std::get_if<std::vector<float>>(&attribute.value)) {
    made.set_type(AttributeProto::FLOATS);
    for (const float x : *reals) made.add_floats(x);
  }
}

ModelBuilder::ModelBuilder(int opset) {
  model_.set_ir_version(8);
  auto* import = model_.add_opset_import();
  import->set_domain("");
  import->set_version(opset);
  graph().set_name("model");
}

std::string ModelBuilder::fresh(std::string_view wanted) { return unique(wanted, "value", names_); }

void ModelBuilder::input(const std::string& name, const Dims& dims, int type) {
  onnx::ValueInfoProto& value = *graph().add_input();
  describe(value, name, type);
  names_.taken.insert(name);
  auto& shape = *value.mutable_type()->mutable_tensor_type()->mutable_shape();
  for (const std::int64_t dim : dims) {
    auto* axis = shape.add_dim();
    if (dim >= 0) axis->set_dim_value(dim);
  }
}

void ModelBuilder::output(const std::string& name, int type) { describe(*graph().add_output(), name, type); }

TensorProto& ModelBuilder::constant(std::string& name, const Dims& dims, int type) {
  if (name.empty())
    name = fresh("constant");
  else
    names_.taken.insert(name);
  TensorProto& tensor = *graph().add_initializer();
  tensor.set_name(name);
  tensor.set_data_type(type);
  for (const std::int64_t dim : dims) tensor.add_dims(dim);
  return tensor;
}

std::string ModelBuilder::floats(std::string name, const Dims& dims, std::span<const float> data) {
  TensorProto& tensor = constant(name, dims, TensorProto::FLOAT);
  tensor.mutable_float_data()->Add(data.begin(), data.end());
  return name;
}

std::string ModelBuilder::integers(std::string name, const Dims& dims, std::span<const std::int64_t> data, int type) {
  TensorProto& tensor = constant(name, dims, type);
  for (const std::int64_t x : data) {
    if (type == TensorProto::INT64)
      tensor.add_int64_data(x);
    else
      tensor.add_int32_data(static_cast<std::int32_t>(x));
  }
  return name;
}

std::string ModelBuilder::raw(std::string name, const Dims& dims, int type, ByteView little_endian) {
  TensorProto& tensor = constant(name, dims, type);
  tensor.mutable_raw_data()->assign(little_endian.begin(), little_endian.end());
  return name;
}

std::string ModelBuilder::deferred(std::string name, const Dims& dims, ReadFloats read) {
  constant(name, dims, TensorProto::FLOAT);
  deferred_.emplace(name, std::move(read));
  return name;
}

std::string ModelBuilder::literal(TensorProto tensor) {
  std::string name = fresh("constant");
  AttributeProto& value = *node("Constant", {}, {name}).add_attribute();
  value.set_name("value");
  value.set_type(AttributeProto::TENSOR);
  *value.mutable_t() = std::move(tensor);
  return name;
}

std::string ModelBuilder::number(float x) {
  TensorProto tensor;
  tensor.set_data_type(TensorProto::FLOAT);
  tensor.add_float_data(x);
  return literal(std::move(tensor));
}

std::string ModelBuilder::table(const Dims& dims, std::span<const float> data) {
  TensorProto tensor;
  tensor.set_data_type(TensorProto::FLOAT);
  for (const std::int64_t dim : dims) tensor.add_dims(dim);
  tensor.mutable_float_data()->Add(data.begin(), data.end());
  return literal(std::move(tensor));
}

std::string ModelBuilder::list(const Dims& list) {
  TensorProto tensor;
  tensor.set_data_type(TensorProto::INT64);
  tensor.add_dims(static_cast<std::int64_t>(list.size()));
  for (const std::int64_t x : list) tensor.add_int64_data(x);
  return literal(std::move(tensor));
}

std::string ModelBuilder::scalar(std::int64_t x, int type) {
  TensorProto tensor;
  tensor.set_data_type(type);
  if (type == TensorProto::INT64)
    tensor.add_int64_data(x);
  else
    tensor.add_int32_data(static_cast<std::int32_t>(x));
  return literal(std::move(tensor));
}

void ModelBuilder::begin(Origin origin) { origin_ = std::move(origin); }

void ModelBuilder::refuse(Status status, Names outputs) {
  refused_.push_back({origin_, std::move(status), std::move(outputs)});
}

onnx::NodeProto& ModelBuilder::node(std::string_view op_type, const Names& inputs, const Names& outputs,
                                    const Attributes& attributes, std::string_view domain) {
  onnx::NodeProto& made = *graph().add_node();
  made.set_op_type(std::string(op_type));
  made.set_domain(std::string(domain));
  made.set_name(unique(origin_.name, op_type, node_names_));
  for (const std::string& name : inputs) made.add_input(name);
  for (const std::string& name : outputs) {
    made.add_output(name);
    names_.taken.insert(name);
  }
  for (const Attribute& attribute : attributes) set_attribute(made, attribute);
  origins_.push_back(origin_);
  return made;
}

std::string ModelBuilder::op(std::string_view op_type, const Names& inputs, const Attributes& attributes,
                             std::string output) {
  if (output.empty()) output = fresh(origin_.name.empty() ? op_type : std::string_view(origin_.name));
  node(op_type, inputs, {output}, attributes);
  return output;
}

ForeignModel ModelBuilder::take(std::string noun) && {
  return {std::move(model_),   std::move(noun),   std::move(origins_), std::move(refused_),
          std::move(unknown_), std::move(notes_), std::move(deferred_)};
}

}  // namespace zkinfer::frontend_onnx
