// SPDX-License-Identifier: Apache-2.0
// zkinfer/prove.h: evaluations on data sets.
#include "zkinfer/data_set.h"
#include "zkinfer/prove.h"

#include "native.h"
#include "work.h"

namespace zkinfer::python {

namespace {

using SharedProver = std::shared_ptr<Prover>;

Metric from_numbers(const MetricNumbers& numbers) {
  const auto& [kind, output, num_groups, k] = numbers;
  return {static_cast<MetricKind>(kind), output, num_groups, k};
}

}  // namespace

void bind_evaluate(py::module_& module) {
  py::class_<EvaluationRequest>(module, "EvaluationRequest")
      .def(py::init([](const MetricNumbers& metric, std::uint64_t chunk_rows, bool totals_only, std::uint64_t sampled,
                       const py::bytes& nonce, const py::bytes& context) {
        EvaluationRequest request;
        request.metric = from_numbers(metric);
        request.chunk_rows = chunk_rows;
        request.totals_only = totals_only;
        request.sampled = sampled;
        const Bytes drawn = bytes_of(nonce);
        std::copy_n(drawn.begin(), std::min(drawn.size(), request.nonce.size()), request.nonce.begin());
        request.context = bytes_of(context);
        return request;
      }));
  module.def("evaluation_chunks", [](const SharedProver& prover, const DataSet& data, EvaluationRequest request) {
    request.data = &data;
    const py::gil_scoped_release no_gil;
    return must(prover->evaluation_chunks(request));
  });
  // Bytes, and how much was clipped of each input. root: the identity that the model is known by.
  module.def("evaluate", [](const SharedProver& prover, const DataSet& data, const EvaluationRequest& given,
                            const py::bytes& root, const py::object& progress) {
    EvaluationProof made = run<EvaluationProof>(progress, [=, name = bytes_of(root)](const Progress& report) {
      EvaluationRequest request = given;
      request.data = &data;
      Digest identity{};
      std::copy_n(name.begin(), std::min(name.size(), identity.size()), identity.begin());
      request.root_identity = identity;
      request.progress = report;
      return prover->evaluate(request);
    });
    return py::make_tuple(to_python(made.evaluation), std::move(made.clipping));
  });
}

}  // namespace zkinfer::python
