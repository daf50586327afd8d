// SPDX-License-Identifier: Apache-2.0
// zkinfer/data_set.h and zkinfer/evaluation.h: data sets, and checks of evaluations on them.
#include "zkinfer/data_set.h"
#include "zkinfer/error_bounds.h"
#include "zkinfer/metric_names.h"

#include "arrays.h"
#include "native.h"

namespace zkinfer::python {

namespace {

Tensor owned(const TensorView& view) {
  Tensor out(view.dtype, {view.shape.begin(), view.shape.end()});
  with_dtype(view.dtype, [&](auto type) {
    const auto values = out.values<decltype(type)>();
    if (!values.empty()) std::memcpy(values.data(), view.data, values.size_bytes());
  });
  return out;
}

void bind_data_set(py::module_& module) {
  py::class_<DataSet>(module, "DataSet")
      .def_static("build",
                  [](const std::string& name, const std::vector<std::string>& names,
                     const std::vector<py::array>& inputs, std::vector<std::int64_t> labels,
                     const std::optional<py::array>& targets, std::vector<std::uint32_t> groups) {
                    const auto arrays = hold({inputs});
                    DataSet::Parts parts;
                    parts.name = name;
                    parts.preprocessing = "as they are";
                    for (std::size_t i = 0; i < names.size(); ++i)
                      parts.inputs.push_back({names[i], owned(arrays->rows()[0][i])});
                    parts.labels = std::move(labels);
                    if (targets.has_value()) parts.targets = owned(hold({{*targets}})->rows()[0][0]);
                    parts.groups = std::move(groups);
                    return must(DataSet::build(std::move(parts)));
                  })
      .def_static("from_bytes", [](const py::bytes& bytes) { return must(DataSet::from_bytes(view_of(bytes))); })
      .def("to_bytes", [](const DataSet& data) { return to_python(data.to_bytes()); })
      .def_property_readonly("name", [](const DataSet& data) { return data.parts().name; })
      .def_property_readonly("num_rows", &DataSet::num_rows)
      .def_property_readonly("num_groups", &DataSet::num_groups)
      .def_property_readonly("num_duplicates", &DataSet::num_duplicates)
      .def_property_readonly("has_targets", [](const DataSet& data) { return data.parts().targets.has_value(); })
      .def_property_readonly("root", [](const DataSet& data) { return to_python(data.root()); })
      .def_property_readonly("digest", [](const DataSet& data) { return to_python(data.digest()); });
}

void bind_results(py::module_& module) {
  py::class_<EvaluationResult, VerifySummary>(module, "EvaluationResult")
      .def_property_readonly("metric", [](const EvaluationResult& result) { return metric_name(result.info.metric); })
      .def_property_readonly("output", [](const EvaluationResult& result) { return result.info.metric.output; })
      .def_property_readonly("num_groups", [](const EvaluationResult& result) { return result.info.metric.num_groups; })
      .def_property_readonly("num_rows", [](const EvaluationResult& result) { return result.info.num_rows; })
      .def_property_readonly("chunk_rows", [](const EvaluationResult& result) { return result.info.chunk_rows; })
      .def_property_readonly("data_set", [](const EvaluationResult& result) { return to_python(result.info.data_set); })
      .def_property_readonly("set_rows", [](const EvaluationResult& result) { return result.info.set_rows; })
      .def_property_readonly("totals_only", [](const EvaluationResult& result) { return result.info.totals_only; })
      .def_property_readonly("nonce",
                             [](const EvaluationResult& result) -> std::optional<py::bytes> {
                               if (!result.info.is_sampled()) return std::nullopt;
                               return to_python(result.info.nonce);
                             })
      .def_readonly("unit", &EvaluationResult::unit)
      .def_property_readonly("r_squared", &r_squared)
      .def_property_readonly("least_r_squared", &least_r_squared)
      // Low, high.
      .def_property_readonly("unrounded",
                             [](const EvaluationResult& result) -> std::optional<std::tuple<double, double>> {
                               const auto found = error_bounds(result, figures(result).front());
                               if (!found.has_value()) return std::nullopt;
                               return std::tuple{found->low, found->high};
                             })
      // Of the whole set, and of rows like them: low, high.
      .def("bounds",
           [](const EvaluationResult& result, double confidence) {
             using Pair = std::tuple<double, double>;
             const auto found = share_bounds(result, figures(result).front(), confidence);
             std::optional<std::tuple<Pair, Pair>> out;
             if (found.has_value())
               out = {Pair{found->of_set.low, found->of_set.high}, Pair{found->beyond.low, found->beyond.high}};
             return out;
           })
      .def_readonly("first_class", &EvaluationResult::first_class)
      .def_readonly("num_classes", &EvaluationResult::num_classes)
      .def_readonly("slots", &EvaluationResult::slots)
      .def_readonly("chunks", &EvaluationResult::chunks)
      .def_readonly("counts", &EvaluationResult::counts)
      // Name, group, class, numerator, denominator, factor, whether the value is e to the power of what they give.
      .def_property_readonly("figures", [](const EvaluationResult& result) {
        py::list list;
        for (const Figure& figure : figures(result))
          list.append(py::make_tuple(figure.name, figure.group, figure.label, figure.numerator, figure.denominator,
                                     figure.factor, figure.is_exponential));
        return list;
      });
}

}  // namespace

void bind_evaluation(py::module_& module) {
  bind_data_set(module);
  bind_results(module);
  module.def("metric_of", [](const std::string& name) {
    const Metric metric = must(metric_of(name));
    return MetricNumbers{static_cast<std::uint32_t>(metric.kind), metric.output, metric.num_groups, metric.k};
  });
  module.def("verify_evaluation", [](const VerificationKey& key, const py::bytes& evaluation, const DataSet& data,
                                     const VerifyRequest& request) {
    const ByteView bytes = view_of(evaluation);
    const py::gil_scoped_release no_gil;
    const std::optional<EvaluationInfo> info = claimed_evaluation(bytes);
    // Of bytes that begin otherwise the verdict says so.
    const EvaluationRows rows =
        info.has_value() && info->data_set == data.digest()
            ? must(data.rows_for(key.info().input_tensors, key.info().output_tensors, info->metric))
            : EvaluationRows{data.digest(), {}};
    return verify_evaluation(key, bytes, rows, request);
  });
}

}  // namespace zkinfer::python
