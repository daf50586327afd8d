// SPDX-License-Identifier: Apache-2.0
#include "api/model_report.h"

#include <algorithm>
#include <cmath>
#include <limits>
#include <string>
#include <unordered_map>

#include "api/key_impl.h"
#include "api/proof_cost.h"
#include "exec/integer/saturation.h"
#include "qir/ops/rules.h"
#include "zkinfer/structure.h"

namespace zkinfer {

namespace {

int bits_of(std::int64_t lo, std::int64_t hi) {
  int bits = 0;
  while (bits < 63 && (hi >> bits) > 0) ++bits;
  if (lo >= 0) return bits;
  int below = 0;
  while (below < 63 && ((-1 - lo) >> below) > 0) ++below;
  return std::max(bits, below) + 1;
}

const char* table_word(qir::TableKind kind) {
  switch (kind) {
    case qir::TableKind::kRange: return "range";
    case qir::TableKind::kClamp: return "clamp";
    case qir::TableKind::kExplicit: return "listed";
    case qir::TableKind::kPieces: return "pieces";
  }
  return "";
}

ReportTensor tensor_of(const package::Package& package, qir::ValueId id) {
  const qir::Value& value = package.graph.value(id);
  ReportTensor out;
  out.name = value.name;
  out.kind = value.kind == qir::ValueKind::kInput   ? ReportTensor::Kind::kInput
             : value.kind == qir::ValueKind::kParam ? ReportTensor::Kind::kParameter
                                                    : ReportTensor::Kind::kComputed;
  out.shape = value.shape.dims();
  out.lo = value.lo;
  out.hi = value.hi;
  out.bits = bits_of(value.lo, value.hi);
  out.scale = std::ldexp(static_cast<double>(value.scale.mantissa), value.scale.exponent);
  if (value.kind == qir::ValueKind::kParam && !package.weights[id].empty())
    out.seen = {package.weights.least(id), package.weights.greatest(id)};
  return out;
}

}  // namespace

namespace api {

Result<ModelReport> report_of(const package::Package& package) {
  const qir::QGraph& graph = package.graph;
  ZKI_ASSIGN_OR_RETURN(const ProofCosts costs, proof_costs(graph));
  ModelReport report;
  report.name = graph.name;
  report.structure_digest = structure_digest(graph);
  report.num_parameters = package.weights.num_weights();
  report.preprocessing = package.preprocessing;
  report.record = package.record;
  for (qir::ValueId id = 0; id < graph.values.size(); ++id) report.tensors.push_back(tensor_of(package, id));
  report.inputs.assign(graph.inputs.begin(), graph.inputs.end());
  report.outputs.assign(graph.outputs.begin(), graph.outputs.end());
  for (const qir::ValueId id : graph.outputs) report.tensors[id].is_output = true;
  std::unordered_map<std::string, const std::string*> fused;  // by the value's name
  for (const FusedOp& op : package.record.fused) fused[op.value] = &op.op;
  for (std::size_t i = 0; i < graph.nodes.size(); ++i) {
    const qir::Node& node = graph.nodes[i];
    ReportNode out;
    out.name = node.name;
    out.op = qir::rule_of(node.op).name;
    const auto more = fused.find(graph.value(node.output).name);
    if (more != fused.end()) out.op = *more->second;
    out.inputs.assign(node.inputs.begin(), node.inputs.end());
    out.output = node.output;
    out.shift = node.requant.shift;
    if (node.requant.table_index != qir::kNoTable) {
      const qir::Table& table = graph.tables[static_cast<std::size_t>(node.requant.table_index)];
      out.table = table_word(table.kind);
      out.table_rows = static_cast<std::uint64_t>(table.num_rows());
    }
    out.cost = costs.nodes[i];
    report.nodes.push_back(std::move(out));
  }
  report.inputs_cost = costs.inputs;
  report.total_cost = costs.total;
  return report;
}

void add_run(const qir::QGraph& graph, const exec_integer::Witness& witness, ModelReport& report) {
  ++report.num_inputs;
  for (qir::ValueId id = 0; id < graph.values.size(); ++id) {
    const std::vector<std::int64_t>& values = witness.values[id];
    if (values.empty()) continue;
    const auto [least, greatest] = std::minmax_element(values.begin(), values.end());
    auto& seen = report.tensors[id].seen;
    seen = seen ? std::pair(std::min(seen->first, *least), std::max(seen->second, *greatest))
                : std::pair(*least, *greatest);
  }
  for (std::size_t i = 0; i < graph.nodes.size(); ++i) {
    report.nodes[i].num_values += static_cast<std::uint64_t>(graph.value(graph.nodes[i].output).shape.num_elements());
    report.nodes[i].num_saturated += exec_integer::num_saturated(graph, i, witness);
  }
}

}  // namespace api

Result<ModelReport> report_model(const Model& model, const std::vector<std::vector<TensorView>>& inputs,
                                 const Progress& progress) {
  const package::Package& package = api::impl(model).package;
  ZKI_ASSIGN_OR_RETURN(ModelReport report, api::report_of(package));
  report.structure_warnings = structure_warnings(model);
  for (std::size_t i = 0; i < inputs.size(); ++i) {
    ZKI_RETURN_IF_ERROR(progress("run", static_cast<double>(i) / static_cast<double>(inputs.size())));
    std::vector<Clipping> clipping;
    Result<std::vector<std::vector<std::int64_t>>> integers =
        api::quantize_inputs(package.graph, package.record.whole, inputs[i], clipping);
    if (!integers.ok()) return integers.status().with_context("input set " + std::to_string(i));
    ZKI_ASSIGN_OR_RETURN(const exec_integer::Witness witness,
                         exec_integer::run(package.graph, package.weights, *integers));
    api::add_run(package.graph, witness, report);
    for (std::size_t j = 0; j < clipping.size(); ++j) {
      if (report.clipping.size() <= j)
        report.clipping.push_back(clipping[j]);
      else
        report.clipping[j].add(clipping[j]);
    }
  }
  if (inputs.empty())
    report.missing.push_back("no inputs were given: which ranges are used and where values are cut off is not known");
  report.missing.push_back(
      "the float network was not there: no errors of layers and outputs (give the ONNX file and inputs)");
  return report;
}

}  // namespace zkinfer
