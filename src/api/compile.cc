// SPDX-License-Identifier: Apache-2.0
#include "zkinfer/compile.h"

#include <algorithm>
#include <cmath>
#include <functional>
#include <limits>
#include <type_traits>
#include <unordered_map>

#include "api/compile_notes.h"
#include "api/model_impl.h"
#include "api/model_report.h"
#include "api/network_read.h"
#include "base/text.h"
#include "frontend/network/importer.h"
#include "passes/legalize.h"
#include "qir/turn.h"
#include "quant/fidelity.h"
#include "quant/quantize.h"
#include "quant/turns.h"
#include "quant/uses.h"
#include "relations/compile.h"
#include "zkinfer/structure.h"

namespace zkinfer {

namespace {

using Noted = std::function<void(std::string)>;

Result<ir::Graph> import_model(const NetworkSource& source, const CompileOptions& options, const Noted& note = {},
                               bool inputs_only = false, std::optional<std::int64_t>* pad_token = nullptr) {
  // Not called import, which clang-format takes for a module's.
  frontend_network::ImportOptions reading;
  reading.note = note;
  reading.inputs_only = inputs_only;
  reading.reads = options.reads;
  if (pad_token != nullptr) reading.pads_with = [pad_token](std::int64_t token) { *pad_token = token; };
  for (const auto& [name, shape] : options.input_shapes) reading.input_shapes[name] = shape;
  reading.tokens = options.tokens;
  reading.head = options.head;
  reading.conversation = options.conversation;
  if (options.refused) {
    reading.refused = [&](const frontend_network::Refusal& part) {
      options.refused({part.node, part.op, part.reason, part.remedy});
    };
  }
  return source.is_file() ? frontend_network::import_network_file(source.path(), reading)
                          : frontend_network::import_network(source.bytes(), reading);
}

// What the file leaves open and the options do not say is as the model has it.
CompileOptions as_compiled(const Model& model, const CompileOptions& options) {
  CompileOptions out = options;
  out.refused = nullptr;  // said once, where it is refused as it was given too
  std::vector<TensorInfo> inputs = model.inputs();
  const std::vector<TensorInfo> outputs = model.outputs();
  const std::optional<LanguageHead> head =
      outputs.size() == 1 ? language_head_of(outputs[0].name) : std::optional<LanguageHead>();
  if (head.has_value()) inputs.resize(1);  // what a sampler reads besides is none of the network's
  if (options.input_shapes.empty() && !options.tokens)
    for (const TensorInfo& input : inputs) out.input_shapes.emplace_back(input.name, input.shape);
  if (!options.head) out.head = head;
  return out;
}

struct Network {
  ir::Graph given, core;
  bool changed = false;  // whether the outputs may differ
};

Result<Network> legalized(const ir::Graph& imported) {
  ZKI_ASSIGN_OR_RETURN(ir::Graph core, passes::legalize(imported));
  return Network{imported, std::move(core), passes::may_change_numbers(imported)};
}

// Of the file that the model was made from, to compare the two.
Result<Network> network_of(const NetworkSource& source, const Model& model, const CompileOptions& options) {
  if (qir::is_turn(api::impl(model).package.graph))
    return unsupported("a model of conversations is compared with its network while it is compiled only");
  Result<ir::Graph> read = import_model(source, as_compiled(model, options));
  // Not every network takes what a model's names look like: then it is what was given that counts, and is refused if it is.
  if (!read.ok()) read = import_model(source, options);
  ZKI_ASSIGN_OR_RETURN(ir::Graph graph, std::move(read));
  if (const Status status = api::check_same_network(graph, model.compile_record()); !status.ok())
    return source.is_file() ? status.with_context(in_quotes(source.path())) : status;
  return legalized(graph);
}

// Floats, as calibration works with.
Result<FloatTensor> as_float(const ir::Value& value, const TensorView& given) {
  const std::string where = "input '" + value.name + "'";
  if (const Status status = check_view(given); !status.ok()) return status.with_context(where);
  if (given.num_elements() != static_cast<std::uint64_t>(value.shape.num_elements())) {
    return invalid_argument(where + " needs " + std::to_string(value.shape.num_elements()) + " numbers " +
                            value.shape.to_string() + ", got " + std::to_string(given.num_elements()));
  }
  FloatTensor out(value.shape);
  Status status;
  with_dtype(given.dtype, [&](auto type) {
    using T = decltype(type);
    for (std::size_t i = 0; i < out.data().size(); ++i) {
      const T x = given.at<T>(i);
      out[i] = static_cast<float>(x);
      if constexpr (std::is_integral_v<T> && sizeof(T) > 2) {
        constexpr std::int64_t kMostExact = std::int64_t{1} << 24;
        if (static_cast<std::int64_t>(x) > kMostExact || static_cast<std::int64_t>(x) < -kMostExact) {
          status = out_of_range(where + ": element " + std::to_string(i) + " is " + std::to_string(x) +
                                "; calibration works in float32, which holds integers up to 2^24 only");
          return;
        }
      }
    }
  });
  if (!status.ok()) return status;
  return out;
}

// Inputs as the executors want them. Any shape with the right number of elements is taken.
Result<TensorMap> named_inputs(const ir::Graph& graph, const std::vector<TensorView>& inputs) {
  ZKI_RETURN_IF_ERROR(api::check_input_count(inputs.size(), graph.inputs.size()));
  TensorMap out;
  for (std::size_t i = 0; i < inputs.size(); ++i) {
    const ir::Value& value = graph.value(graph.inputs[i]);
    ZKI_ASSIGN_OR_RETURN(FloatTensor tensor, as_float(value, inputs[i]));
    out.emplace(value.name, std::move(tensor));
  }
  return out;
}

Result<std::vector<TensorMap>> named_input_list(const ir::Graph& graph,
                                                const std::vector<std::vector<TensorView>>& list) {
  std::vector<TensorMap> out;
  for (std::size_t i = 0; i < list.size(); ++i) {
    auto inputs = named_inputs(graph, list[i]);
    if (!inputs.ok()) return inputs.status().with_context("input set " + std::to_string(i));
    out.push_back(std::move(inputs).value());
  }
  return out;
}

std::vector<std::vector<TensorView>> views_of(const std::vector<RealInputs>& list) {
  std::vector<std::vector<TensorView>> out;
  for (const RealInputs& inputs : list) out.push_back(views(inputs));
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

std::string base_name(const NetworkSource& source) {
  if (!source.is_file()) return "model";
  std::string path = source.path();
  while (path.size() > 1 && path.back() == '/') path.pop_back();  // a folder
  const std::size_t slash = path.find_last_of('/');
  const std::string file = slash == std::string::npos ? path : path.substr(slash + 1);
  return file.substr(0, file.find_last_of('.'));
}

}  // namespace

Result<Model> compile_network(const NetworkSource& source, const std::vector<RealInputs>& calibration,
                              const CompileOptions& options) {
  return compile_network(source, views_of(calibration), options);
}

namespace {

// What the choice of bits changes of it, in the units in which relations are chosen (relations/builder.h). A table's row is a
// column's entry too.
double proving_cost(const qir::QGraph& graph) {
  using relations::kColumnCost, relations::kContractionCost, relations::kLookupCost, relations::kRowCost;
  const Result<circuit::Circuit> circuit = relations::build(graph, {});
  if (!circuit.ok()) return std::numeric_limits<double>::infinity();
  const auto num_points = [](const circuit::Box& box) { return static_cast<double>(circuit::box_size(box)); };
  double cost = 0;
  for (const circuit::Column& column : circuit->columns)
    if (column.oracle == circuit::Oracle::kWitness) cost += kColumnCost * static_cast<double>(column.num_elements());
  for (const circuit::Lookup& lookup : circuit->lookups) cost += kLookupCost * num_points(lookup.box);
  for (const circuit::Contraction& relation : circuit->contractions) {
    const bool pointwise = std::all_of(relation.roles.begin(), relation.roles.end(),
                                       [](circuit::AxisRole role) { return role == circuit::AxisRole::kC; });
    if (pointwise) cost += kContractionCost * num_points(relation.box);
  }
  for (const circuit::Table& table : circuit->tables)
    cost += (kRowCost - kColumnCost) * static_cast<double>(table.num_rows());
  return cost;
}

CompileRecord record_of(const quant::Quantized& quantized, const CompileOptions& options) {
  CompileRecord record;
  record.float_target = options.float_target;
  record.measured_error = quantized.measured_error;
  record.num_measured = static_cast<std::uint32_t>(quantized.num_measured);
  record.held_out = quantized.held_out;
  return record;
}

// Whole numbers where the network takes them, and of those that look something up (tokens) none that nothing is there for.
Status check_samples(const ir::Graph& graph, std::vector<WholeTensor> whole,
                     const std::vector<std::vector<TensorView>>& samples, const std::string& what) {
  const quant::Uses uses = quant::uses_of(graph);
  for (const ir::ValueId id : graph.inputs) {
    const std::int64_t length = uses.indexed_length[static_cast<std::size_t>(id)];
    for (WholeTensor& tensor : whole) {
      if (!tensor.is_input || tensor.name != graph.value(id).name || tensor.lo < tensor.hi || length <= 1) continue;
      tensor.lo = -length;  // counted from the end
      tensor.hi = length - 1;
    }
  }
  for (std::size_t k = 0; k < samples.size(); ++k) {
    for (std::size_t i = 0; i < samples[k].size() && i < graph.inputs.size(); ++i) {
      const Status status = api::check_whole(whole, graph.value(graph.inputs[i]).name, samples[k][i]);
      if (!status.ok()) return status.with_context(what + std::to_string(k));
    }
  }
  return ok_status();
}

// Texts of a conversation's length as turns.
Result<std::vector<TensorMap>> named_turns(const ir::Graph& graph, const std::vector<std::vector<TensorView>>& texts,
                                           std::int64_t conversation) {
  if (texts.empty())
    return invalid_argument(
        "a model of conversations is compiled with calibration texts: what a turn leaves to the next comes from them");
  ir::Value text = graph.value(graph.inputs[0]);
  text.shape = Shape{1, conversation};
  std::vector<TensorMap> out;
  for (std::size_t i = 0; i < texts.size(); ++i) {
    const std::string where = "calibration input " + std::to_string(i);
    if (texts[i].size() != 1) return invalid_argument(where + ": expected the tokens of one text");
    auto tokens = as_float(text, texts[i][0]);
    if (!tokens.ok()) return tokens.status().with_context(where);
    ZKI_ASSIGN_OR_RETURN(std::vector<TensorMap> turns, quant::turns_of(graph, *tokens));
    for (TensorMap& turn : turns) out.push_back(std::move(turn));
  }
  return out;
}

// What the coarsest program of it, which is quickly made, cannot do within the memory, no other one can.
Status check_memory(const ir::Graph& graph, const TensorMap& inputs, quant::QuantOptions options,
                    const CutOptions& cut) {
  options.activation_bits = kLeastActivationBits;
  options.cost = {};
  auto coarse = quant::quantize(graph, std::span(&inputs, 1), options);
  if (!coarse.ok()) return ok_status();  // whatever it is, the program that is wanted may be without it
  auto impl = std::make_shared<api::Access::Impl<Model>>();
  impl->package.graph = std::move(coarse->graph);
  impl->package.weights = coarse->params;
  const Status status = cut_model(api::Access::make<Model>(std::move(impl)), cut).status();
  return status.code() == StatusCode::kResourceLimit ? status : ok_status();
}

}  // namespace

Result<Model> compile_network(const NetworkSource& source, const std::vector<std::vector<TensorView>>& calibration,
                              const CompileOptions& options) {
  const std::string name = options.name.empty() ? base_name(source) : options.name;
  if (const Status status = check_name("model", name, kMaxModelNameBytes); !status.ok()) {
    return invalid_argument(status.message() + "; give another name (CompileOptions::name)");
  }
  ZKI_RETURN_IF_ERROR(check_cut(options.cut));
  ZKI_RETURN_IF_ERROR(options.progress("import", 0.0));
  std::vector<Note> notes;
  const auto note = [&](std::string text) { notes.push_back({false, std::move(text)}); };
  std::optional<std::int64_t> pad_token;
  ZKI_ASSIGN_OR_RETURN(ir::Graph imported, import_model(source, options, note, false, &pad_token));
  const Digest network = api::network_digest(imported);
  std::vector<WholeTensor> whole = api::whole_tensors(imported);
  ZKI_ASSIGN_OR_RETURN(const Network made, legalized(imported));
  const ir::Graph& graph = made.core;
  ZKI_RETURN_IF_ERROR(check_samples(graph, whole, calibration, "calibration input "));
  const bool converses = options.conversation.has_value();
  ZKI_ASSIGN_OR_RETURN(std::vector<TensorMap> inputs, converses ? named_turns(graph, calibration, *options.conversation)
                                                                : named_input_list(graph, calibration));
  if (inputs.empty()) {
    notes.push_back({true,
                     "no calibration inputs were given: ranges come from random ones, and whatever real inputs do "
                     "beyond is cut off; give a few dozen"});
    inputs = api::stand_in_inputs(graph, note);
  }
  if (pad_token) api::shorten_texts(*pad_token, inputs, note);
  ZKI_RETURN_IF_ERROR(api::add_calibration_notes(graph, inputs, !calibration.empty() && !converses, notes));
  quant::QuantOptions quant_options;
  // Zero means "chosen" further down.
  if (options.activation_bits == 0 || options.weight_bits == 0) return invalid_argument("compile: 0 bits are too few");
  quant_options.activation_bits = options.activation_bits.value_or(0);
  quant_options.weight_bits = options.weight_bits.value_or(0);
  quant_options.target_error = options.float_target;
  quant_options.method = options.calibration_method;
  ZKI_RETURN_IF_ERROR(options.preprocessing.validate());
  ZKI_ASSIGN_OR_RETURN(quant_options.input_formats, input_formats(graph, options));
  quant_options.cost = proving_cost;
  if (converses) quant_options.num_carried = graph.inputs.size() - quant::kTurnInputs;
  for (const ir::ValueId id : graph.outputs) {
    quant_options.output_steps.push_back(std::ranges::any_of(whole, [&](const WholeTensor& tensor) {
      return !tensor.is_input && tensor.has_scale() && tensor.name == graph.value(id).name;
    }));
  }
  quant_options.progress = [part = options.progress.part(0.2, 0.95)](double done) {
    return part("calibrate and quantize", done);
  };
  ZKI_RETURN_IF_ERROR(quant_options.progress(0));
  if (options.cut.memory_bytes > 0)
    ZKI_RETURN_IF_ERROR(check_memory(graph, inputs.front(), quant_options, options.cut));
  ZKI_ASSIGN_OR_RETURN(quant::Quantized quantized, quant::quantize(graph, inputs, quant_options));
  auto impl = std::make_shared<api::Access::Impl<Model>>();
  impl->package.report = quant::report_text(quantized);
  impl->package.graph = std::move(quantized.graph);
  impl->package.graph.name = name;
  impl->package.weights = quantized.params;
  impl->package.preprocessing = options.preprocessing;
  CompileRecord& record = impl->package.record;
  record = record_of(quantized, options);
  record.network = network;
  record.num_network_parameters = api::num_network_parameters(graph);
  record.whole = std::move(whole);
  record.pad_token = pad_token;
  for (const quant::LayerInfo& layer : quantized.layers) {
    if (layer.op.find('+') != std::string::npos && record.fused.size() < CompileRecord::kMaxFused)
      record.fused.push_back({layer.name, layer.op});
  }
  ZKI_RETURN_IF_ERROR(options.progress("compare", 0.95));
  ZKI_RETURN_IF_ERROR(
      api::add_notes_as_given(made.given, made.changed ? &graph : nullptr, impl->package.graph, inputs, record, notes));
  ZKI_ASSIGN_OR_RETURN(std::vector<Note> precision,
                       api::precision_notes(graph, impl->package, record, quant_options, inputs));
  notes.insert(notes.end(), precision.begin(), precision.end());
  api::keep_notes(std::move(notes), record);
  if (converses) {
    ZKI_ASSIGN_OR_RETURN(impl->package.graph,
                         qir::with_one_history(std::move(impl->package.graph), quant::kTurnInputs, 1));
    impl->package.weights = api::resized(impl->package.weights, impl->package.graph.values.size());
  }
  Model model = api::Access::make<Model>(std::move(impl));
  if (options.cut.is_asked()) {
    ZKI_ASSIGN_OR_RETURN(model, cut_model(model, options.cut));
  }
  ZKI_RETURN_IF_ERROR(options.progress("done", 1.0));
  return model;
}

Result<Fidelity> measure_fidelity(const NetworkSource& source, const Model& model,
                                  const std::vector<RealInputs>& inputs, const CompileOptions& options) {
  return measure_fidelity(source, model, views_of(inputs), options);
}

Result<Fidelity> measure_fidelity(const NetworkSource& source, const Model& model,
                                  const std::vector<std::vector<TensorView>>& inputs, const CompileOptions& options) {
  ZKI_ASSIGN_OR_RETURN(const Network made, network_of(source, model, options));
  const ir::Graph& graph = made.core;
  const package::Package package = api::greedy_package(api::impl(model).package);
  ZKI_RETURN_IF_ERROR(check_samples(graph, package.record.whole, inputs, "input "));
  ZKI_ASSIGN_OR_RETURN(const std::vector<TensorMap> named, named_input_list(graph, inputs));
  ZKI_ASSIGN_OR_RETURN(Fidelity fidelity, quant::compare(graph, package.graph, package.weights, named, {},
                                                         made.changed ? &made.given : nullptr));
  api::set_resolutions(package.record.whole, fidelity);
  return fidelity;
}

namespace {

// Evenly spaced elements of many: at most so many points of an output.
constexpr std::size_t kMostPoints = 4000;

class Sampler {
 public:
  Sampler(const ir::Graph& graph, std::size_t num_inputs) {
    for (const ir::ValueId id : graph.outputs) {
      OutputSamples& samples = samples_.emplace_back();
      samples.name = graph.value(id).name;
      samples.num_elements = static_cast<std::uint64_t>(graph.value(id).shape.num_elements()) * num_inputs;
    }
    seen_.assign(samples_.size(), 0);
  }

  void add(const std::vector<quant::OutputPair>& outputs) {
    for (std::size_t j = 0; j < outputs.size(); ++j) {
      const std::uint64_t total = samples_[j].num_elements;
      const std::uint64_t kept = std::min<std::uint64_t>(total, kMostPoints);
      for (std::size_t k = 0; k < outputs[j].got.size(); ++k, ++seen_[j]) {
        // Where seen * kept / total steps to the next whole number.
        if (seen_[j] * kept % total < kept) samples_[j].points.emplace_back(outputs[j].expected[k], outputs[j].got[k]);
      }
    }
  }

  std::vector<OutputSamples> take() && { return std::move(samples_); }

 private:
  std::vector<OutputSamples> samples_;
  std::vector<std::uint64_t> seen_;  // elements so far
};

}  // namespace

Result<ModelReport> report_model(const NetworkSource& source, const Model& model,
                                 const std::vector<std::vector<TensorView>>& inputs, const CompileOptions& options) {
  ZKI_ASSIGN_OR_RETURN(const Network made, network_of(source, model, options));
  const ir::Graph& graph = made.core;
  const package::Package package = api::greedy_package(api::impl(model).package);
  ZKI_ASSIGN_OR_RETURN(const std::vector<TensorMap> named, named_input_list(graph, inputs));
  ZKI_ASSIGN_OR_RETURN(ModelReport report, api::report_of(package));
  report.structure_warnings = structure_warnings(model);
  Sampler sampler(graph, inputs.size());
  Status stopped;
  const auto observe = [&](const exec_integer::Witness& witness, const std::vector<quant::OutputPair>& outputs) {
    if (!stopped.ok()) return;
    stopped = options.progress("compare", static_cast<double>(report.num_inputs) / static_cast<double>(inputs.size()));
    api::add_run(package.graph, witness, report);
    sampler.add(outputs);
  };
  ZKI_ASSIGN_OR_RETURN(Fidelity fidelity, quant::compare(graph, package.graph, package.weights, named, observe,
                                                         made.changed ? &made.given : nullptr));
  api::set_resolutions(package.record.whole, fidelity);
  if (!stopped.ok()) return stopped;
  std::unordered_map<std::string, std::size_t> by_name;
  for (const ReportNode& node : report.nodes) by_name[report.tensors[node.output].name] = node.output;
  for (const TensorFidelity& layer : fidelity.layers) report.tensors[by_name.at(layer.name)].against_float = layer;
  report.clipping = fidelity.inputs;
  report.fidelity = std::move(fidelity);
  report.output_samples = std::move(sampler).take();
  return report;
}

namespace {

constexpr std::int64_t kWidestInput = std::int64_t{1} << 59;  // of an integer type that says no less

}  // namespace

Result<std::vector<TensorInfo>> network_inputs(const NetworkSource& source, const CompileOptions& options) {
  ZKI_ASSIGN_OR_RETURN(const ir::Graph graph, import_model(source, options, {}, true));
  std::vector<TensorInfo> out;
  for (const ir::ValueId id : graph.inputs) {
    TensorInfo info;
    info.name = graph.value(id).name;
    info.shape = graph.value(id).shape.dims();
    const ir::Value& value = graph.value(id);
    if (value.dtype == ir::DataType::kBool)
      info.format.hi = 1;
    else if (value.declared)
      info.format.lo = value.declared->lo, info.format.hi = value.declared->hi;
    else if (value.dtype == ir::DataType::kInt64)
      info.format.lo = -kWidestInput, info.format.hi = kWidestInput;
    if (options.conversation) info.shape = {1, *options.conversation};
    out.push_back(std::move(info));
    if (options.conversation) break;  // the texts; the other inputs follow from them
  }
  return out;
}

Result<std::string> print_network_graph(const NetworkSource& source, const CompileOptions& options, GraphStage stage,
                                        GraphFormat format) {
  ZKI_ASSIGN_OR_RETURN(ir::Graph graph, import_model(source, options));
  std::string whole;
  for (const WholeTensor& tensor : api::whole_tensors(graph))
    whole +=
        std::string(tensor.is_input ? "input " : "output ") + in_quotes(tensor.name) + ": " + tensor.to_string() + "\n";
  if (stage == GraphStage::kLegalized) {
    ZKI_ASSIGN_OR_RETURN(graph, passes::legalize(std::move(graph)));
  }
  return format == GraphFormat::kDot ? ir::to_dot(graph) : ir::to_text(graph) + whole;
}

}  // namespace zkinfer
