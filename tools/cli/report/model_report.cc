// SPDX-License-Identifier: Apache-2.0
#include "report/model_report.h"

#include <string_view>

#include "base/check.h"
#include "fidelity_output.h"
#include "option_words.h"
#include "report/graph_text.h"
#include "report/html.h"
#include "report/model_text.h"
#include "report/style_text.h"
#include "zkinfer/hex.h"

namespace zkinfer::cli {
namespace {

nlohmann::ordered_json cost_json(const ProofCost& cost) {
  const CostByCause seconds = seconds_of(cost);
  return {{"seconds", cost.seconds},
          {"values", cost.values},
          {"lookups", cost.lookups},
          {"table_rows", cost.table_rows},
          {"operands", cost.operands},
          {"weights", cost.weights},
          {"by_cause",
           {{"values", seconds.values},
            {"lookups", seconds.lookups},
            {"table_rows", seconds.table_rows},
            {"operands", seconds.operands},
            {"weights", seconds.weights}}}};
}

const char* kind_word(ReportTensor::Kind kind) {
  switch (kind) {
    case ReportTensor::Kind::kInput: return "input";
    case ReportTensor::Kind::kParameter: return "parameter";
    case ReportTensor::Kind::kComputed: return "computed";
  }
  return "?";
}

nlohmann::ordered_json tensor_json(const ReportTensor& tensor) {
  nlohmann::ordered_json json = {{"name", tensor.name},
                                 {"kind", kind_word(tensor.kind)},
                                 {"is_output", tensor.is_output},
                                 {"shape", tensor.shape},
                                 {"range", {tensor.lo, tensor.hi}},
                                 {"bits", tensor.bits},
                                 {"scale", tensor.scale},
                                 {"seen", nullptr},
                                 {"float", nullptr}};
  if (tensor.seen) json["seen"] = {tensor.seen->first, tensor.seen->second};
  if (tensor.against_float) json["float"] = tensor_fidelity_json(*tensor.against_float);
  return json;
}

nlohmann::ordered_json node_json(const ReportNode& node) {
  return {{"name", node.name},
          {"op", node.op},
          {"inputs", node.inputs},
          {"output", node.output},
          {"shift", node.shift},
          {"table", node.table},
          {"table_rows", node.table_rows},
          {"num_values", node.num_values},
          {"num_saturated", node.num_saturated},
          {"cost", cost_json(node.cost)}};
}

template <class T, class Convert>
nlohmann::ordered_json list_json(const std::vector<T>& list, Convert convert) {
  auto out = nlohmann::ordered_json::array();
  for (const T& item : list) out.push_back(convert(item));
  return out;
}

}  // namespace

nlohmann::ordered_json notes_json(const CompileRecord& record) {
  return list_json(record.notes, [](const Note& note) {
    return nlohmann::ordered_json{{"warning", note.is_warning}, {"text", in_command_words(note.text)}};
  });
}

nlohmann::ordered_json float_target_json(const CompileRecord& record, const Fidelity* compared) {
  nlohmann::ordered_json met = nullptr;
  if (compared != nullptr && compared->num_inputs > 0) met = compared->meets(record.float_target);
  return {{"asked", record.float_target}, {"measured", record.measured_error},
          {"met", record.meets_target()}, {"num_measured", record.num_measured},
          {"held_out", record.held_out},  {"met_where_compared", std::move(met)}};
}

nlohmann::ordered_json preprocessing_json(const Preprocessing& preprocessing) {
  return {{"scale", optional_json(preprocessing.scale)}, {"mean", preprocessing.mean}, {"std", preprocessing.std}};
}

nlohmann::ordered_json model_report_json(const ModelReport& report) {
  nlohmann::ordered_json cost = cost_json(report.total_cost);
  cost["inputs"] = cost_json(report.inputs_cost);
  nlohmann::ordered_json json = {
      {"model", report.name},
      {"structure", to_hex(report.structure_digest)},
      {"parameters", report.num_parameters},
      {"network_parameters", report.record.num_network_parameters},
      {"preprocessing", preprocessing_json(report.preprocessing)},
      {"float_target", float_target_json(report.record, report.fidelity ? &*report.fidelity : nullptr)},
      {"notes", notes_json(report.record)},
      {"structure_warnings", report.structure_warnings},
      {"missing", report.missing},
      {"num_inputs", report.num_inputs},
      {"clipping", clipping_json(report.clipping)},
      {"fidelity", nullptr},
      {"cost", std::move(cost)},
      {"inputs", report.inputs},
      {"outputs", report.outputs},
      {"tensors", list_json(report.tensors, tensor_json)},
      {"nodes", list_json(report.nodes, node_json)}};
  if (report.fidelity) {
    json["fidelity"] = fidelity_json(*report.fidelity);
    json["fidelity"].erase("layers");  // at the tensors
  }
  json["output_samples"] = list_json(report.output_samples, [](const OutputSamples& samples) {
    return nlohmann::ordered_json{{"name", samples.name},
                                  {"num_elements", samples.num_elements},
                                  {"points", list_json(samples.points, [](const std::pair<float, float>& point) {
                                     return nlohmann::ordered_json{point.first, point.second};
                                   })}};
  });
  return json;
}

std::string model_report_html(const ModelReport& report, const std::string& made_by) {
  nlohmann::ordered_json json = model_report_json(report);
  json["made_by"] = made_by;
  return filled(kModelPage, [&](std::string_view name) -> std::string {
    if (name == "style") return kReportStyle;
    if (name == "graph") return kGraphScript;
    ZKI_CHECK(name == "data", "the template's names");
    return script_text(json);
  });
}

}  // namespace zkinfer::cli
