// SPDX-License-Identifier: Apache-2.0
#include "zkinfer/train.h"

#include "api/model_impl.h"
#include "base/text.h"
#include "exec/integer/executor.h"
#include "qir/ops/rules.h"
#include "quant/new_weights.h"

namespace zkinfer {

namespace {

// Names hold nothing but characters that may be shown (check_name).
std::string quoted(const std::string& text) {
  std::string out = "\"";
  for (const char c : text) {
    if (c == '"' || c == '\\') out += '\\';
    out += c;
  }
  return out + "\"";
}

template <class Numbers>
std::string list(const Numbers& numbers) {
  std::string out = "[";
  for (const auto x : numbers) out += (out.size() > 1 ? "," : "") + std::to_string(x);
  return out + "]";
}

const char* kind_name(qir::ValueKind kind) {
  switch (kind) {
    case qir::ValueKind::kInput: return "input";
    case qir::ValueKind::kParam: return "param";
    case qir::ValueKind::kNode: return "node";
  }
  return "";
}

const char* kind_name(qir::TableKind kind) {
  switch (kind) {
    case qir::TableKind::kRange: return "range";
    case qir::TableKind::kClamp: return "clamp";
    case qir::TableKind::kExplicit: return "explicit";
    case qir::TableKind::kPieces: return "pieces";
  }
  return "";
}

std::string json_of(const qir::Value& value) {
  return "{\"name\":" + quoted(value.name) + ",\"kind\":\"" + kind_name(value.kind) +
         "\",\"shape\":" + list(value.shape.dims()) + ",\"lo\":" + std::to_string(value.lo) +
         ",\"hi\":" + std::to_string(value.hi) +
         ",\"scale\":" + list(std::vector<std::int64_t>{value.scale.mantissa, value.scale.exponent}) + "}";
}

std::string json_of(const qir::Table& table) {
  return std::string("{\"kind\":\"") + kind_name(table.kind) + "\",\"first\":" + std::to_string(table.first) +
         ",\"log_size\":" + std::to_string(table.log_size) +
         ",\"clamp\":" + list(std::vector<std::int64_t>{table.clamp_lo, table.clamp_hi}) +
         ",\"values\":" + list(table.values) + ",\"slopes\":" + list(table.slopes) +
         ",\"piece_bits\":" + std::to_string(table.piece_bits) +
         ",\"slope_shift\":" + std::to_string(table.slope_shift) + "}";
}

std::string json_of(const qir::Node& node) {
  std::string out = "{\"op\":" + quoted(std::string(qir::rule_of(node.op).name)) + ",\"name\":" + quoted(node.name) +
                    ",\"inputs\":" + list(node.inputs) + ",\"output\":" + std::to_string(node.output) +
                    ",\"shift\":" + std::to_string(node.requant.shift) +
                    ",\"table\":" + std::to_string(node.requant.table_index);
  const auto add = [&](const char* name, const std::vector<std::int64_t>& numbers) {
    if (!numbers.empty()) out += std::string(",\"") + name + "\":" + list(numbers);
  };
  add("coefs", node.coefs);
  add("kernel", node.kernel);
  add("strides", node.strides);
  add("dilations", node.dilations);
  add("pads_begin", node.pads_begin);
  add("axes", node.axes);
  add("perm", node.perm);
  add("starts", node.starts);
  add("steps", node.steps);
  return out + ",\"constant\":" + std::to_string(node.constant) + ",\"groups\":" + std::to_string(node.groups) + "}";
}

template <class T>
std::string json_of(const std::vector<T>& things) {
  std::string out = "[";
  for (const T& thing : things) out += (out.size() > 1 ? "," : "") + json_of(thing);
  return out + "]";
}

}  // namespace

std::string program_json(const Model& model) {
  const qir::QGraph& graph = api::impl(model).package.graph;
  return "{\"values\":" + json_of(graph.values) + ",\"tables\":" + json_of(graph.tables) +
         ",\"nodes\":" + json_of(graph.nodes) + ",\"inputs\":" + list(graph.inputs) +
         ",\"outputs\":" + list(graph.outputs) + "}";
}

ModelWeights model_weights(const Model& model) {
  const package::Package& package = api::impl(model).package;
  ModelWeights out;
  const qir::Weights values = package.weights.to_vectors();
  for (std::size_t id = 0; id < package.graph.values.size(); ++id) {
    if (package.graph.values[id].kind == qir::ValueKind::kParam)
      out.emplace_back(static_cast<std::uint32_t>(id), values[id]);
  }
  return out;
}

Result<Model> with_weights(const Model& model, const ModelWeights& weights) {
  const package::Package& old = api::impl(model).package;
  qir::Weights values(old.graph.values.size());
  const ModelWeights expected = model_weights(model);
  if (weights.size() != expected.size()) {
    return invalid_argument(std::to_string(weights.size()) + " weight tensors, the model has " +
                            std::to_string(expected.size()));
  }
  for (std::size_t i = 0; i < weights.size(); ++i) {
    const auto& [id, integers] = weights[i];
    const std::string& name = old.graph.values[expected[i].first].name;
    if (id != expected[i].first || integers.size() != expected[i].second.size()) {
      return invalid_argument("weights '" + name + "', value " + std::to_string(expected[i].first) +
                              " of the program: " + std::to_string(integers.size()) + " numbers for value " +
                              std::to_string(id) + ", expected " + std::to_string(expected[i].second.size()));
    }
    values[id] = integers;
  }
  auto impl = std::make_shared<api::Access::Impl<Model>>();
  impl->package = old;
  impl->package.weights = qir::WeightStore(values);
  ZKI_ASSIGN_OR_RETURN(impl->package.graph, quant::with_new_weights(old.graph, impl->package.weights));
  ZKI_RETURN_IF_ERROR(exec_integer::check_params(impl->package.graph, impl->package.weights));
  if (impl->package.weights == old.weights) return api::Access::make<Model>(std::move(impl));
  CompileRecord& record = impl->package.record;
  record.network = {};
  record.num_measured = 0;
  record.measured_error = 0;
  record.notes = {
      {false,
       "its weights were trained as integers after it was compiled: there is no float network that it could be "
       "compared with"}};
  return api::Access::make<Model>(std::move(impl));
}

}  // namespace zkinfer
