// SPDX-License-Identifier: Apache-2.0
#include <algorithm>
#include <filesystem>
#include <fstream>

#include "api/data_impl.h"
#include "api/model_impl.h"
#include "base/files.h"
#include "base/text.h"
#include "exec/integer/executor.h"
#include "exec/integer/saturation.h"
#include "formats/frame.h"
#include "frontend/onnx/importer.h"
#include "hash/keccak.h"
#include "passes/legalize.h"
#include "quant/fidelity.h"
#include "quant/quantize.h"

namespace zkinfer {

namespace {

Status check_count(std::size_t got, std::size_t expected) {
  if (got == expected) return ok_status();
  return invalid_argument("the model has " + std::to_string(expected) + " inputs, got " + std::to_string(got) +
                          " tensors");
}

Result<ir::Graph> import_model(const std::string& path, const CompileOptions& options) {
  frontend_onnx::ImportOptions import;
  for (const auto& [name, shape] : options.input_shapes) import.input_shapes[name] = shape;
  return frontend_onnx::import_onnx_file(path, import);
}

Result<ir::Graph> legalized_model(const std::string& path, const CompileOptions& options) {
  ZKI_ASSIGN_OR_RETURN(ir::Graph graph, import_model(path, options));
  return passes::legalize(std::move(graph));
}

// Inputs as the executors want them. Any shape with the right number of elements is taken.
Result<TensorMap> named_inputs(const ir::Graph& graph, const RealInputs& inputs) {
  ZKI_RETURN_IF_ERROR(check_count(inputs.size(), graph.inputs.size()));
  TensorMap out;
  for (std::size_t i = 0; i < inputs.size(); ++i) {
    const ir::Value& value = graph.value(graph.inputs[i]);
    if (static_cast<std::int64_t>(inputs[i].data.size()) != value.shape.num_elements()) {
      return invalid_argument("input '" + value.name + "' needs " + std::to_string(value.shape.num_elements()) +
                              " numbers " + value.shape.to_string() + ", got " + std::to_string(inputs[i].data.size()));
    }
    out.emplace(value.name, FloatTensor(value.shape, inputs[i].data));
  }
  return out;
}

Result<std::vector<TensorMap>> named_input_list(const ir::Graph& graph, const std::vector<RealInputs>& list) {
  std::vector<TensorMap> out;
  for (std::size_t i = 0; i < list.size(); ++i) {
    auto inputs = named_inputs(graph, list[i]);
    if (!inputs.ok()) return inputs.status().with_context("input set " + std::to_string(i));
    out.push_back(std::move(inputs).value());
  }
  return out;
}

std::vector<TensorInfo> describe(const qir::QGraph& graph, const std::vector<qir::ValueId>& ids) {
  std::vector<TensorInfo> out;
  for (const qir::ValueId id : ids) out.push_back(api::tensor_info(graph.value(id)));
  return out;
}

// One per graph input, as the quantizer wants them.
Result<std::vector<std::optional<quant::InputFormat>>> input_formats(const ir::Graph& graph,
                                                                     const CompileOptions& options) {
  std::vector<std::optional<quant::InputFormat>> out;
  if (options.input_formats.empty()) return out;
  out.resize(graph.inputs.size());
  for (const auto& [name, format] : options.input_formats) {
    std::size_t found = 0;
    while (found < graph.inputs.size() && graph.value(graph.inputs[found]).name != name) ++found;
    if (name.empty() && graph.inputs.size() == 1) found = 0;
    if (found == graph.inputs.size()) {
      std::string names;
      for (const ir::ValueId id : graph.inputs) names += (names.empty() ? "'" : ", '") + graph.value(id).name + "'";
      return invalid_argument("format of input '" + name + "': the model has the inputs " + names +
                              (name.empty() ? "; name one of them" : ""));
    }
    if (out[found].has_value())
      return invalid_argument("format of input '" + graph.value(graph.inputs[found]).name + "' is given twice");
    out[found] = {format.lo, format.hi, {format.scale_mantissa, format.scale_exponent}};
  }
  return out;
}

std::string base_name(const std::string& path) {
  const std::size_t slash = path.find_last_of('/');
  const std::string file = slash == std::string::npos ? path : path.substr(slash + 1);
  return file.substr(0, file.find_last_of('.'));
}

}  // namespace

namespace api {

Result<std::vector<std::vector<std::int64_t>>> quantize_inputs(const qir::QGraph& graph, const RealInputs& inputs,
                                                               std::vector<Clipping>& clipping) {
  ZKI_RETURN_IF_ERROR(check_count(inputs.size(), graph.inputs.size()));
  std::vector<std::vector<std::int64_t>> out;
  for (std::size_t i = 0; i < inputs.size(); ++i) {
    ZKI_ASSIGN_OR_RETURN(auto integers,
                         to_integers(tensor_info(graph.value(graph.inputs[i])), inputs[i], &clipping.emplace_back()));
    out.push_back(std::move(integers));
  }
  return out;
}

}  // namespace api

Result<std::vector<std::int64_t>> to_integers(const TensorInfo& input, const RealTensor& values, Clipping* clipping) {
  ZKI_RETURN_IF_ERROR(api::check_tensor(input));
  return quant::quantize_input(api::value_of(input), values.data, clipping);
}

Result<Model> Model::compile(const std::string& onnx_path, const std::vector<RealInputs>& calibration,
                             const CompileOptions& options) {
  const auto progress = [&](const char* stage, double fraction) {
    if (options.progress) options.progress(stage, fraction);
  };
  const std::string name = options.name.empty() ? base_name(onnx_path) : options.name;
  if (const Status status = check_name("model", name, kMaxModelNameBytes); !status.ok()) {
    return invalid_argument(status.message() + "; give another name (CompileOptions::name)");
  }
  progress("import", 0.0);
  ZKI_ASSIGN_OR_RETURN(const ir::Graph graph, legalized_model(onnx_path, options));
  ZKI_ASSIGN_OR_RETURN(const std::vector<TensorMap> inputs, named_input_list(graph, calibration));
  quant::QuantOptions quant_options;
  // Zero means "chosen" further down.
  if (options.activation_bits == 0 || options.weight_bits == 0) return invalid_argument("compile: 0 bits are too few");
  quant_options.activation_bits = options.activation_bits.value_or(0);
  quant_options.weight_bits = options.weight_bits.value_or(0);
  quant_options.method = options.calibration_method;
  ZKI_RETURN_IF_ERROR(options.preprocessing.validate());
  ZKI_ASSIGN_OR_RETURN(quant_options.input_formats, input_formats(graph, options));
  progress("calibrate and quantize", 0.2);
  ZKI_ASSIGN_OR_RETURN(quant::Quantized quantized, quant::quantize(graph, inputs, quant_options));
  auto impl = std::make_shared<Impl>();
  impl->package.report = quant::report_text(quantized);
  impl->package.graph = std::move(quantized.graph);
  impl->package.graph.name = name;
  impl->package.weights = quantized.params;
  impl->package.preprocessing = options.preprocessing;
  progress("done", 1.0);
  return Model(std::move(impl));
}

Result<Model> Model::from_bytes(ByteView bytes) { return from_bytes(Bytes(bytes.begin(), bytes.end())); }

Result<Model> Model::from_bytes(Bytes&& bytes) {
  ZKI_ASSIGN_OR_RETURN(package::Package package, package::from_bytes(std::make_shared<const Bytes>(std::move(bytes))));
  auto impl = std::make_shared<Impl>();
  impl->package = std::move(package);
  return Model(std::move(impl));
}

Result<Model> Model::open(const std::string& path) {
  // Of a pipe nothing can be said before it is read.
  if (std::error_code error; std::filesystem::is_regular_file(path, error)) {
    std::ifstream file(path, std::ios::binary);
    const auto read = [&](std::uint64_t offset, std::uint64_t num_bytes) -> Result<Bytes> {
      file.clear();
      file.seekg(static_cast<std::streamoff>(offset));
      Bytes bytes(num_bytes);
      file.read(reinterpret_cast<char*>(bytes.data()), static_cast<std::streamsize>(num_bytes));
      if (file.bad() || !file.is_open()) return io_error("cannot read " + in_quotes(path));
      bytes.resize(static_cast<std::size_t>(file.gcount()));
      return bytes;
    };
    const std::uint64_t file_bytes = std::filesystem::file_size(path, error);
    if (Status status = package::check_sizes(file_bytes, read); !status.ok())
      return status.with_context(in_quotes(path));
  }
  ZKI_ASSIGN_OR_RETURN(Bytes bytes, read_file(path, kMaxModelBytes));
  Result<Model> model = from_bytes(std::move(bytes));
  if (!model.ok()) return model.status().with_context(in_quotes(path));
  return model;
}

Bytes Model::to_bytes() const { return package::to_bytes(impl_->package); }
const std::string& Model::name() const { return impl_->package.graph.name; }
std::vector<TensorInfo> Model::inputs() const { return describe(impl_->package.graph, impl_->package.graph.inputs); }
std::vector<TensorInfo> Model::outputs() const { return describe(impl_->package.graph, impl_->package.graph.outputs); }

std::uint64_t Model::num_parameters() const { return impl_->package.weights.num_weights(); }

std::string Model::report() const { return impl_->package.report; }
Digest Model::structure_digest() const { return keccak256(qir::structure_bytes(impl_->package.graph)); }

const Preprocessing& Model::preprocessing() const { return impl_->package.preprocessing; }

Result<RunResult> Model::run(const RealInputs& inputs) const {
  const package::Package& package = impl_->package;
  RunResult result;
  ZKI_ASSIGN_OR_RETURN(const auto integers, api::quantize_inputs(package.graph, inputs, result.clipping));
  ZKI_ASSIGN_OR_RETURN(const exec_integer::Witness witness,
                       exec_integer::run(package.graph, package.weights, integers));
  for (const qir::ValueId id : package.graph.outputs) result.outputs.push_back(witness.values[id]);
  for (std::size_t i = 0; i < package.graph.nodes.size(); ++i) {
    const std::uint64_t saturated = exec_integer::num_saturated(package.graph, i, witness);
    if (saturated > 0) result.saturation.push_back({package.graph.nodes[i].name, witness.acc[i].size(), saturated});
  }
  return result;
}

std::vector<RealTensor> Model::to_real_outputs(const std::vector<std::vector<std::int64_t>>& outputs) const {
  const qir::QGraph& graph = impl_->package.graph;
  std::vector<RealTensor> out;
  for (std::size_t i = 0; i < outputs.size() && i < graph.outputs.size(); ++i) {
    const qir::Value& value = graph.value(graph.outputs[i]);
    out.push_back({value.shape.dims(), quant::dequantize(value, outputs[i])});
  }
  return out;
}

Result<Fidelity> measure_fidelity(const std::string& onnx_path, const Model& model,
                                  const std::vector<RealInputs>& inputs, const CompileOptions& options) {
  ZKI_ASSIGN_OR_RETURN(const ir::Graph graph, legalized_model(onnx_path, options));
  ZKI_ASSIGN_OR_RETURN(const std::vector<TensorMap> named, named_input_list(graph, inputs));
  const package::Package& package = model.impl().package;
  return quant::compare(graph, package.graph, package.weights, named);
}

Result<std::string> print_onnx_graph(const std::string& onnx_path, const CompileOptions& options, GraphStage stage,
                                     GraphFormat format) {
  auto graph = stage == GraphStage::kLegalized ? legalized_model(onnx_path, options) : import_model(onnx_path, options);
  if (!graph.ok()) return graph.status();
  return format == GraphFormat::kDot ? ir::to_dot(*graph) : ir::to_text(*graph);
}

}  // namespace zkinfer
