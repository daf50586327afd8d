// SPDX-License-Identifier: Apache-2.0
#include "quant/lowering.h"

#include <algorithm>
#include <bit>
#include <cmath>
#include <limits>
#include <unordered_set>

#include "base/op_table.h"
#include "ir/functions.h"
#include "ir/op_table.h"
#include "qir/ops/rules.h"
#include "quant/pieces.h"

namespace zkinfer::quant {

using ir::index_of;
using ir::OpKind;

Lowering::Lowering(const ir::Graph& graph, const Calibration& calibration, const Choice& choice,
                   const QuantOptions& options, CurveTables* known)
    : graph_(graph),
      calibration_(calibration),
      choice_(choice),
      bits_(static_cast<int>(std::bit_width(static_cast<unsigned>(choice.levels)))),
      options_(options),
      known_(known),
      pool_(known) {}

Status Lowering::fail(std::size_t index, const std::string& why) const {
  return unsupported("quantize: node '" + node(index).name + "' (" + std::string(ir::op_name(node(index).op)) +
                     "): " + why);
}

Result<Quantized> Lowering::run() {
  std::vector<bool> non_negative;
  for (std::size_t i = 0; i < graph_.inputs.size(); ++i) {
    const std::string& name = graph_.value(graph_.inputs[i]).name;
    const auto it = calibration_.by_name.find(name);
    if (it == calibration_.by_name.end())
      return invalid_argument("quantize: calibration has no data for input '" + name + "'");
    const InputFormat* given = given_format(i);
    non_negative.push_back(given != nullptr ? given->lo >= 0 : it->second.min() >= 0 && it->second.max_abs() > 0);
  }
  plan_ = make_plan(graph_, non_negative);
  uses_ = uses_of(graph_);
  unrounded_ = unrounded_values();
  tensors_.resize(graph_.values.size());
  out_.graph.name = graph_.name;
  out_.activation_bits = bits_;
  out_.levels = choice_.levels;
  out_.shift = choice_.shift;
  assign_targets();
  ZKI_RETURN_IF_ERROR(lower_inputs());
  ZKI_RETURN_IF_ERROR(lower_nodes());
  ZKI_RETURN_IF_ERROR(finish_graph());
  // One range for all that is carried, which is known once all of it has its own.
  AccRange all{0, 0};
  bool same = true;
  for (std::size_t i = graph_.inputs.size() - options_.num_carried; i < graph_.inputs.size(); ++i) {
    const qir::Value& value = qvalue(tensor(graph_.inputs[i]));
    all = {std::min(all.lo, value.lo), std::max(all.hi, value.hi)};
  }
  for (std::size_t i = graph_.inputs.size() - options_.num_carried; i < graph_.inputs.size(); ++i) {
    const qir::Value& value = qvalue(tensor(graph_.inputs[i]));
    same &= value.lo == all.lo && value.hi == all.hi;
  }
  if (same || carried_range_.has_value()) return std::move(out_);
  Lowering again(graph_, calibration_, choice_, options_, known_);
  again.carried_range_ = all;
  return again.run();
}

Status Lowering::lower_nodes() {
  std::vector<Status> refusals;
  std::vector<bool> lost(graph_.values.size(), false);  // behind a refused node
  for (std::size_t i = 0; i < graph_.nodes.size(); ++i) {
    const std::vector<ir::ValueId>& inputs = node(i).inputs;
    const bool skipped = std::any_of(inputs.begin(), inputs.end(),
                                     [&](ir::ValueId id) { return id != ir::kNoValue && lost[index_of(id)]; });
    Status status = skipped || plan_.fused[i] ? ok_status() : lower_node(i);
    if (status.code() == StatusCode::kOutOfRange) status = {status.code(), fail(i, status.message()).message()};
    if (!status.ok()) refusals.push_back(status);
    if (skipped || !status.ok()) lost[index_of(node(i).output)] = true;
  }
  if (refusals.size() <= 1) return refusals.empty() ? ok_status() : refusals.front();
  std::string message = std::to_string(refusals.size()) + " parts of the model have no integer form:";
  for (const Status& status : refusals) message += "\n  " + status.message();
  return {refusals.front().code(), std::move(message)};
}

Status Lowering::lower_node(std::size_t i) {
  const ir::Node& n = node(i);
  ZKI_RETURN_IF_ERROR(settle_carried(i));
  for (std::size_t j = 0; j < n.inputs.size(); ++j) {
    if (n.has_input(j) && !is_const(n.inputs[j]) && tensor(n.inputs[j]).scale == 0)
      return fail(i, "its input has no integer form");
  }
  if (static_cast<std::size_t>(n.op) >= ir::kNumCoreOps)
    return fail(i, "has no integer form; run passes::legalize first");
  static constexpr base::OpTable<OpKind, ir::kNumCoreOps, Status (Lowering::*)(std::size_t)> kLower({
      {OpKind::kConv, &Lowering::lower_contract},
      {OpKind::kMatMul, &Lowering::lower_matmul},
      {OpKind::kAdd, &Lowering::lower_sum},
      {OpKind::kSub, &Lowering::lower_sum},
      {OpKind::kMul, &Lowering::lower_mul},
      {OpKind::kAveragePool, &Lowering::lower_average},
      {OpKind::kReduceMean, &Lowering::lower_average},
      {OpKind::kReduceSum, &Lowering::lower_average},
      {OpKind::kSoftmax, &Lowering::lower_softmax},
      {OpKind::kConcat, &Lowering::lower_concat},
      {OpKind::kRelu, &Lowering::lower_unary},
      {OpKind::kLeakyRelu, &Lowering::lower_unary},
      {OpKind::kClip, &Lowering::lower_unary},
      {OpKind::kFunction, &Lowering::lower_unary},
      {OpKind::kDiv, &Lowering::lower_divide},
      {OpKind::kMod, &Lowering::lower_mod},
      {OpKind::kMax, &Lowering::lower_max},
      {OpKind::kLess, &Lowering::lower_less},
      {OpKind::kEqual, &Lowering::lower_equal},
      {OpKind::kWhere, &Lowering::lower_where},
      {OpKind::kCast, &Lowering::lower_cast},
      {OpKind::kReshape, &Lowering::lower_movement},
      {OpKind::kTranspose, &Lowering::lower_movement},
      {OpKind::kSlice, &Lowering::lower_movement},
      {OpKind::kPad, &Lowering::lower_movement},
      {OpKind::kMaxPool, &Lowering::lower_movement},
      {OpKind::kReduceMax, &Lowering::lower_movement},
      {OpKind::kArgMax, &Lowering::lower_movement},
      {OpKind::kGather, &Lowering::lower_gather},
      {OpKind::kSort, &Lowering::lower_sort},
  });
  return takes_exact(i) ? lower_exact(i) : (this->*kLower[n.op])(i);
}

Status Lowering::lower_matmul(std::size_t i) {
  const ir::Node& n = node(i);
  return is_const(n.inputs[0]) || is_const(n.inputs[1]) ? lower_contract(i) : lower_product(i);
}

// A parameter cannot be an output itself: nodes compute those.
Status Lowering::constant_output(ir::ValueId id) {
  constexpr int kBits = 24;  // of a float's fraction
  const ir::Value& value = graph_.value(id);
  const std::vector<double> real = numbers(value);
  double largest = 0;
  for (const double x : real) largest = std::max(largest, std::abs(x));
  if (real.empty() || !std::isfinite(largest)) {
    return unsupported("quantize: output '" + value.name + "' is a constant " +
                       (real.empty() ? "without elements" : "with infinite elements") + "; remove it from the model");
  }
  const bool whole = value.dtype != ir::DataType::kFloat;
  const double scale = whole || largest == 0 ? 1 : std::ldexp(1.0, std::ilogb(largest) + 1 - kBits);
  ZKI_ASSIGN_OR_RETURN(const qir::ValueId param,
                       add_param(value.name + "#constant", value.shape, real, scale, nullptr));
  qir::Node q;
  q.op = qir::Op::kLinear;
  q.name = value.name;
  q.inputs = {param};
  q.coefs = {1};
  const qir::Value& made = out_.graph.value(param);
  tensor(id) = append(std::move(q), value.name, value.shape, {made.lo, made.hi}, scale);
  return ok_status();
}

Status Lowering::finish_graph() {
  const std::vector<std::int32_t> tables = pool_.build(out_.graph.tables);
  for (const auto& [node_index, request] : wanted_tables_) {
    const qir::Table& table = out_.graph.tables[static_cast<std::size_t>(tables[request])];
    if (table.log_size > qir::kMaxTableBits || table.first < -(std::int64_t{1} << qir::kMaxTableBits)) {
      return unsupported("quantize: node '" + out_.graph.nodes[node_index].name + "' rounds or compares integers of " +
                         std::to_string(table.log_size) + " bits, at most " + std::to_string(qir::kMaxTableBits) +
                         " are possible; give inputs a smaller range, or use fewer activation bits");
    }
  }
  for (const auto& [node_index, request] : wanted_tables_)
    out_.graph.nodes[node_index].requant.table_index = tables[request];
  for (std::size_t i = 0; i < out_.layers.size(); ++i) {
    const qir::Node& q = out_.graph.nodes[layer_nodes_[i]];
    if (q.requant.table_index == qir::kNoTable) continue;
    out_.layers[i].log_table = out_.graph.tables[static_cast<std::size_t>(q.requant.table_index)].log_size;
    out_.num_requantized += out_.graph.value(q.output).shape.num_elements();
  }
  std::unordered_set<qir::ValueId> taken;
  const bool all_constant =
      std::all_of(graph_.outputs.begin(), graph_.outputs.end(), [&](ir::ValueId id) { return is_const(id); });
  for (const ir::ValueId id : graph_.outputs) {
    if (all_constant || (!is_const(id) && tensor(id).scale == 0)) {
      return unsupported("quantize: output '" + graph_.value(id).name +
                         "' does not depend on the inputs, and no other does: there is nothing to prove");
    }
    if (is_const(id) && tensor(id).scale == 0) ZKI_RETURN_IF_ERROR(constant_output(id));
    QTensor y = tensor(id);
    const std::string& name = graph_.value(id).name;
    const bool own = qvalue(y).kind == qir::ValueKind::kNode && taken.count(y.id) == 0;
    const bool same_scale = std::abs(scale_of(qvalue(y)) / y.scale - 1) <= 1e-12;
    if (own && same_scale) {
      // The last step of a chain has a name of its own.
      out_.graph.values[static_cast<std::size_t>(y.id)].name = name;
    } else if (!same_scale || qvalue(y).name != name) {
      // A factor that only changed the scale, an input, another output: the output needs a value that says so.
      qir::Node q;
      q.op = qir::Op::kReshape;
      q.name = name;
      q.inputs = {y.id};
      const AccRange range = {qvalue(y).lo, qvalue(y).hi};
      y = append(std::move(q), name, graph_.value(id).shape, range, y.scale);
    }
    taken.insert(y.id);
    out_.graph.outputs.push_back(y.id);
  }
  out_.params.resize(out_.graph.values.size());
  out_.table_rows = count_table_rows(out_.graph);
  if (Status status = qir::validate(out_.graph); !status.ok()) {
    // What the model's sizes and values reach is no bug of ours.
    if (status.code() == StatusCode::kOutOfRange || status.code() == StatusCode::kResourceLimit)
      return unsupported("quantize: the integers that it needs cannot be proved: " + status.message());
    return internal_error("quantize: the integer graph is not valid: " + status.message());
  }
  return ok_status();
}

}  // namespace zkinfer::quant
