// SPDX-License-Identifier: Apache-2.0
// zkinfer/compile.h and zkinfer/model.h.
#include "zkinfer/compile.h"

#include "arrays.h"
#include "native.h"
#include "work.h"
#include "zkinfer/structure.h"
#include "zkinfer/train.h"

namespace zkinfer::python {

namespace {

// A path (str) or the file's bytes; the latter are borrowed from `owner`.
NetworkSource source_of(const py::object& owner) {
  if (py::isinstance<py::bytes>(owner)) return view_of(py::reinterpret_borrow<py::bytes>(owner));
  return py::cast<std::string>(owner);
}

// An object of Python's for threads: freed with the GIL.
std::shared_ptr<const py::object> hold_object(const py::object& object) {
  return {new py::object(object), [](const py::object* held) {
            const py::gil_scoped_acquire gil;
            delete held;
          }};
}

// work(options), whose errors say which parts are refused.
template <class Work>
auto about_model(const CompileOptions& options, const Work& work) {
  const auto parts = std::make_shared<std::vector<RefusedPart>>();
  CompileOptions collecting = options;
  collecting.refused = [parts](const RefusedPart& part) { parts->push_back(part); };
  try {
    return work(collecting);
  } catch (StatusError& error) {
    error.about_model = true;
    for (const RefusedPart& part : *parts) error.parts.push_back({part.node, part.op, part.reason, part.remedy});
    throw;
  }
}

Model compile(const py::object& network, const std::vector<std::vector<py::array>>& calibration,
              const CompileOptions& options, const py::object& progress) {
  must(check_process());
  const auto arrays = hold(calibration);
  return about_model(options, [&](const CompileOptions& collecting) {
    return run<Model>(progress, [=, owner = hold_object(network), source = source_of(network),
                                 given = collecting](const Progress& report) mutable {
      given.progress = report;
      return compile_network(source, arrays->rows(), given);
    });
  });
}

std::vector<TensorInfo> inputs_of(const py::object& network, const CompileOptions& options) {
  return about_model(
      options, [&](const CompileOptions& collecting) { return must(network_inputs(source_of(network), collecting)); });
}

void bind_fidelity(py::module_& module) {
  py::enum_<OutputKind>(module, "OutputKind")
      .value("scores", OutputKind::kScores)
      .value("labels", OutputKind::kLabels)
      .value("values", OutputKind::kValues);
  py::class_<TensorFidelity>(module, "TensorFidelity")
      .def_readonly("name", &TensorFidelity::name)
      .def_readonly("kind", &TensorFidelity::kind)
      .def_readonly("cosine", &TensorFidelity::cosine)
      .def_readonly("mean_abs_error", &TensorFidelity::mean_abs_error)
      .def_readonly("max_abs_error", &TensorFidelity::max_abs_error)
      .def_readonly("relative_error", &TensorFidelity::relative_error)
      .def_readonly("r_squared", &TensorFidelity::r_squared)
      .def_readonly("agreement", &TensorFidelity::agreement)
      .def_readonly("num_elements", &TensorFidelity::num_elements)
      .def_readonly("num_not_finite", &TensorFidelity::num_not_finite)
      .def_property_readonly("num_different",
                             [](const TensorFidelity& of) {
                               return of.resolution > 0 ? std::optional<std::uint64_t>(of.num_different) : std::nullopt;
                             })
      .def_property_readonly("error_of_largest", &TensorFidelity::error_of_largest);
  py::class_<LanguageFidelity>(module, "LanguageFidelity")
      .def_readonly("num_tokens", &LanguageFidelity::num_tokens)
      .def_readonly("perplexity", &LanguageFidelity::perplexity)
      .def_readonly("float_perplexity", &LanguageFidelity::float_perplexity)
      .def_readonly("agreement", &LanguageFidelity::agreement)
      .def_property_readonly("loss", &LanguageFidelity::loss);
  py::class_<Fidelity>(module, "Fidelity")
      .def_readonly("language", &Fidelity::language)
      .def_readonly("num_inputs", &Fidelity::num_inputs)
      .def_readonly("inputs", &Fidelity::inputs)
      .def_readonly("outputs", &Fidelity::outputs)
      .def_readonly("layers", &Fidelity::layers)
      .def_property_readonly("cosine", &Fidelity::cosine)
      .def_property_readonly("agreement", &Fidelity::agreement)
      .def_property_readonly("r_squared", &Fidelity::r_squared)
      .def_property_readonly("relative_error", &Fidelity::relative_error)
      .def_property_readonly("max_abs_error", &Fidelity::max_abs_error)
      .def_property_readonly("error_of_largest", &Fidelity::error_of_largest)
      .def_property_readonly("warnings", [](const Fidelity& fidelity) { return fidelity_warnings(fidelity); })
      .def_property_readonly("text", &fidelity_text);
}

void bind_report(py::module_& module) {
  py::class_<ProofCost>(module, "ProofCost")
      .def_readonly("values", &ProofCost::values)
      .def_readonly("lookups", &ProofCost::lookups)
      .def_readonly("table_rows", &ProofCost::table_rows)
      .def_readonly("operands", &ProofCost::operands)
      .def_readonly("weights", &ProofCost::weights)
      .def_readonly("seconds", &ProofCost::seconds);
  py::class_<ReportTensor>(module, "ReportTensor")
      .def_readonly("name", &ReportTensor::name)
      .def_readonly("is_output", &ReportTensor::is_output)
      .def_property_readonly("shape", [](const ReportTensor& tensor) { return py::tuple(py::cast(tensor.shape)); })
      .def_readonly("lo", &ReportTensor::lo)
      .def_readonly("hi", &ReportTensor::hi)
      .def_readonly("bits", &ReportTensor::bits)
      .def_readonly("scale", &ReportTensor::scale)
      .def_readonly("seen", &ReportTensor::seen)
      .def_readonly("against_float", &ReportTensor::against_float);
  py::class_<ReportNode>(module, "ReportNode")
      .def_readonly("name", &ReportNode::name)
      .def_readonly("op", &ReportNode::op)
      .def_readonly("inputs", &ReportNode::inputs)
      .def_readonly("output", &ReportNode::output)
      .def_readonly("shift", &ReportNode::shift)
      .def_readonly("table", &ReportNode::table)
      .def_readonly("table_rows", &ReportNode::table_rows)
      .def_readonly("cost", &ReportNode::cost)
      .def_readonly("num_saturated", &ReportNode::num_saturated)
      .def_readonly("num_values", &ReportNode::num_values);
  py::class_<ModelReport>(module, "ModelReport")
      .def_readonly("name", &ModelReport::name)
      .def_readonly("num_parameters", &ModelReport::num_parameters)
      .def_readonly("tensors", &ModelReport::tensors)
      .def_readonly("nodes", &ModelReport::nodes)
      .def_readonly("structure_warnings", &ModelReport::structure_warnings)
      .def_readonly("total_cost", &ModelReport::total_cost)
      .def_readonly("num_inputs", &ModelReport::num_inputs)
      .def_readonly("clipping", &ModelReport::clipping)
      .def_readonly("fidelity", &ModelReport::fidelity)
      .def_readonly("missing", &ModelReport::missing);
}

void bind_model(py::module_& module) {
  py::class_<Note>(module, "Note").def_readonly("is_warning", &Note::is_warning).def_readonly("text", &Note::text);
  py::class_<CompileRecord>(module, "CompileRecord")
      .def_readonly("float_target", &CompileRecord::float_target)
      .def_readonly("measured_error", &CompileRecord::measured_error)
      .def_property_readonly("target_text", &CompileRecord::target_text)
      .def_readonly("num_measured", &CompileRecord::num_measured)
      .def_readonly("held_out", &CompileRecord::held_out)
      .def_readonly("notes", &CompileRecord::notes)
      .def_readonly("pad_token", &CompileRecord::pad_token)
      .def_property_readonly("meets_target", &CompileRecord::meets_target);
  py::class_<RunResult::Saturation>(module, "Saturation")
      .def_readonly("node", &RunResult::Saturation::node)
      .def_readonly("num_values", &RunResult::Saturation::num_values)
      .def_readonly("num_saturated", &RunResult::Saturation::num_saturated);
  py::class_<RunResult>(module, "RunResult")
      .def_property_readonly("outputs", [](const RunResult& result) { return to_python(result.outputs); })
      .def_readonly("clipping", &RunResult::clipping)
      .def_readonly("saturation", &RunResult::saturation);
  py::class_<Model>(module, "Model")
      .def_static("open", [](const std::string& path) { return must(Model::open(path)); })
      .def_static("from_bytes", [](const py::bytes& bytes) { return must(Model::from_bytes(bytes_of(bytes))); })
      .def("to_bytes", [](const Model& model) { return to_python(model.to_bytes()); })
      .def_property_readonly("name", &Model::name)
      .def_property_readonly("inputs", &Model::inputs)
      .def_property_readonly("outputs", &Model::outputs)
      .def_property_readonly("num_parameters", &Model::num_parameters)
      .def_property_readonly("num_segments", &Model::num_segments)
      .def_property_readonly("quantization", &Model::report)
      .def_property_readonly("structure_digest", [](const Model& model) { return to_python(model.structure_digest()); })
      .def_property_readonly("preprocessing", &Model::preprocessing)
      .def_property_readonly("record", &Model::compile_record)
      .def("structure", [](const Model& model) { return structure_text(model); })
      .def("run",
           [](const Model& model, const std::vector<py::array>& inputs, const py::object& progress) {
             const auto arrays = hold({inputs});
             return run<RunResult>(progress, [model, arrays](const Progress&) { return model.run(arrays->rows()[0]); });
           })
      .def("report",
           [](const Model& model, const std::vector<std::vector<py::array>>& inputs, const py::object& progress) {
             const auto arrays = hold(inputs);
             return run<ModelReport>(progress, [model, arrays](const Progress& report) {
               return report_model(model, arrays->rows(), report);
             });
           })
      .def("compare",
           [](const Model& model, const py::object& network, const std::vector<std::vector<py::array>>& inputs,
              const CompileOptions& options, const py::object& progress) {
             const auto arrays = hold(inputs);
             const auto owner = hold_object(network);
             return run<ModelReport>(progress,
                                     [=, source = source_of(network), given = options](const Progress& report) mutable {
                                       given.progress = report;
                                       static_cast<void>(owner);
                                       return report_model(source, model, arrays->rows(), given);
                                     });
           })
      .def("program", [](const Model& model) { return program_json(model); })
      .def("weights",
           [](const Model& model) {
             py::dict out;
             for (const auto& [value, integers] : model_weights(model))
               out[py::int_(value)] = new_array("int32", {static_cast<std::int64_t>(integers.size())}, integers.data());
             return out;
           })
      .def("with_weights",
           [](const Model& model, const std::vector<std::pair<std::uint32_t, std::vector<std::int32_t>>>& weights) {
             return must(with_weights(model, weights));
           })
      .def("real_outputs", [](const Model& model, const std::vector<std::vector<std::int64_t>>& outputs) {
        py::list arrays;
        for (const RealTensor& output : model.to_real_outputs(outputs))
          arrays.append(new_array("float32", output.shape, output.data.data()));
        return arrays;
      });
}

}  // namespace

void bind_compile(py::module_& module) {
  bind_fidelity(module);
  bind_report(module);
  py::enum_<CalibrationMethod>(module, "CalibrationMethod")
      .value("minmax", CalibrationMethod::kMinMax)
      .value("percentile", CalibrationMethod::kPercentile)
      .value("mse", CalibrationMethod::kMse);
  py::enum_<LanguageHead>(module, "LanguageHead")
      .value("choice", LanguageHead::kChoice)
      .value("logits", LanguageHead::kLogits)
      .value("none", LanguageHead::kNone)
      .value("mean", LanguageHead::kMean)
      .value("first", LanguageHead::kFirst);
  py::class_<CompileOptions>(module, "CompileOptions")
      .def(py::init<>())
      .def_readwrite("name", &CompileOptions::name)
      .def_readwrite("input_shapes", &CompileOptions::input_shapes)
      .def_readwrite("tokens", &CompileOptions::tokens)
      .def_readwrite("conversation", &CompileOptions::conversation)
      .def_readwrite("head", &CompileOptions::head)
      .def_readwrite("float_target", &CompileOptions::float_target)
      .def_readwrite("activation_bits", &CompileOptions::activation_bits)
      .def_readwrite("weight_bits", &CompileOptions::weight_bits)
      .def_readwrite("calibration_method", &CompileOptions::calibration_method)
      .def_readwrite("preprocessing", &CompileOptions::preprocessing)
      .def_readwrite("input_formats", &CompileOptions::input_formats)
      .def_property(
          "num_segments", [](const CompileOptions& options) { return options.cut.num_segments; },
          [](CompileOptions& options, std::size_t value) { options.cut.num_segments = value; })
      .def_property(
          "memory_bytes", [](const CompileOptions& options) { return options.cut.memory_bytes; },
          [](CompileOptions& options, std::uint64_t value) { options.cut.memory_bytes = value; });
  bind_model(module);
  module.attr("exact_float_target") = kExactFloatTarget;
  module.def("compile_network", &compile);
  module.def("network_inputs", &inputs_of);
  module.def("parse_memory", [](const std::string& text) { return must(parse_memory(text)); });
}

}  // namespace zkinfer::python
