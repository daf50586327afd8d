// SPDX-License-Identifier: Apache-2.0
#include "quant/plan.h"

#include <algorithm>
#include <cmath>
#include <numeric>

#include "ir/functions.h"
#include "ir/whole.h"

namespace zkinfer::quant {

using ir::Graph;
using ir::index_of;
using ir::Node;
using ir::OpKind;
using ir::ValueId;

bool is_accumulator(const Node& node) {
  const OpKind op = node.op;
  if (op == OpKind::kFunction) return !UnaryChain::fuses(node);
  return op == OpKind::kConv || op == OpKind::kMatMul || op == OpKind::kAdd || op == OpKind::kSub ||
         op == OpKind::kMul || op == OpKind::kDiv || op == OpKind::kAveragePool || op == OpKind::kReduceMean ||
         op == OpKind::kReduceSum;
}

bool is_movement(OpKind op) {
  return op == OpKind::kReshape || op == OpKind::kTranspose || op == OpKind::kSlice || op == OpKind::kPad ||
         op == OpKind::kCast;
}

std::vector<ValueId> chosen_from(const Node& node) {
  if (is_movement(node.op) || node.op == OpKind::kMaxPool || node.op == OpKind::kReduceMax ||
      node.op == OpKind::kGather)
    return {node.inputs[0]};
  if (node.op == OpKind::kConcat || node.op == OpKind::kMax) return node.inputs;
  if (node.op == OpKind::kWhere) return {node.inputs[1], node.inputs[2]};
  return {};
}

std::optional<int> few_fraction_bits(const ir::Value& value) {
  constexpr int kMostBits = 12;
  const FloatTensor* floats = value.floats();
  if (floats == nullptr || !value.literal || floats->data().empty()) return std::nullopt;
  int bits = 0;
  for (const float x : floats->data())
    while (bits <= kMostBits && std::nearbyint(std::ldexp(x, bits)) != std::ldexp(x, bits)) ++bits;
  return bits <= kMostBits ? std::optional<int>(bits) : std::nullopt;
}

namespace {

class Planner {
 public:
  Planner(const Graph& graph, const std::vector<bool>& input_non_negative)
      : graph_(graph),
        readers_(ir::readers(graph)),
        made_by_(ir::producers(graph)),
        is_output_(graph.values.size(), false) {
    plan_.fused.assign(graph.nodes.size(), false);
    plan_.fusions.resize(graph.nodes.size());
    plan_.non_negative.assign(graph.values.size(), false);
    plan_.compared.assign(graph.values.size(), false);
    plan_.softmax.assign(graph.values.size(), -1);
    plan_.whole = ir::whole_numbers(graph);
    plan_.centers.assign(graph.nodes.size(), false);
    plan_.group.resize(graph.values.size());
    std::iota(plan_.group.begin(), plan_.group.end(), 0);
    for (const ValueId id : graph.outputs) is_output_[index_of(id)] = true;
    for (std::size_t i = 0; i < graph.inputs.size(); ++i)
      plan_.non_negative[index_of(graph.inputs[i])] = input_non_negative[i];
    for (std::size_t v = 0; v < graph.values.size(); ++v) {
      if (const FloatTensor* constant = graph.values[v].floats()) {
        plan_.non_negative[v] =
            std::all_of(constant->data().begin(), constant->data().end(), [](float x) { return x >= 0; });
      }
    }
  }

  Plan run() {
    for (std::size_t i = 0; i < graph_.nodes.size(); ++i) {
      if (!plan_.fused[i]) plan_.fusions[i] = fuse(i);
    }
    for (std::size_t i = 0; i < graph_.nodes.size(); ++i) mark_sign(i);
    for (std::size_t i = graph_.nodes.size(); i-- > 0;) mark_compared(i);
    for (std::size_t i = graph_.nodes.size(); i-- > 0;) choose_mode(i);
    for (std::size_t i = 0; i < graph_.nodes.size(); ++i) mark_centers(i);
    for (std::size_t i = 0; i < graph_.nodes.size(); ++i) join(i);
    for (std::size_t v = 0; v < graph_.values.size(); ++v) plan_.group[v] = root(static_cast<ValueId>(v));
    return std::move(plan_);
  }

 private:
  // The unary functions that follow node i, each the only reader of what is before it.
  Fusion fuse(std::size_t i) {
    Fusion fusion;
    fusion.output = graph_.nodes[i].output;
    const Node& head = graph_.nodes[i];
    if (UnaryChain::is_unary(head) && UnaryChain::fuses(head))
      fusion.chain.push(head);
    else if (!is_accumulator(head))
      return fusion;
    while (!is_output_[index_of(fusion.output)] && readers_[index_of(fusion.output)].size() == 1) {
      const std::size_t next = readers_[index_of(fusion.output)][0];
      if (!UnaryChain::is_unary(graph_.nodes[next]) || !UnaryChain::fuses(graph_.nodes[next])) break;
      fusion.chain.push(graph_.nodes[next]);
      plan_.fused[next] = true;
      fusion.output = graph_.nodes[next].output;
    }
    return fusion;
  }

  bool sign(const Node& node, std::size_t i) const { return plan_.non_negative[index_of(node.inputs[i])]; }

  void mark_sign(std::size_t i) {
    const Node& node = graph_.nodes[i];
    bool result = false;
    switch (node.op) {
      case OpKind::kSoftmax:
      case OpKind::kArgMax:
      case OpKind::kSort:
      case OpKind::kLess:
      case OpKind::kEqual:
      case OpKind::kRelu: result = true; break;
      case OpKind::kFunction: result = ir::row_of(node.as<ir::FunctionAttributes>().function).lo >= 0; break;
      case OpKind::kClip:
      case OpKind::kLeakyRelu: {
        UnaryChain chain;
        chain.push(node);
        result = chain.non_negative(sign(node, 0));
        break;
      }
      case OpKind::kAdd:
      case OpKind::kMul:
      case OpKind::kMatMul:
      case OpKind::kConv:
      case OpKind::kDiv:
      case OpKind::kMod:
      case OpKind::kConcat:
        result = true;
        for (std::size_t j = 0; j < node.inputs.size(); ++j) result = result && (!node.has_input(j) || sign(node, j));
        result = result || (node.op == OpKind::kMul && node.inputs[0] == node.inputs[1]);
        break;
      case OpKind::kSub: break;
      case OpKind::kMax: result = sign(node, 0) || sign(node, 1); break;
      case OpKind::kWhere: result = sign(node, 1) && sign(node, 2); break;
      default: result = sign(node, 0);
    }
    plan_.non_negative[index_of(node.output)] = result;
  }

  void mark_compared(std::size_t i) {
    const Node& node = graph_.nodes[i];
    const bool compares = node.op == OpKind::kSoftmax || node.op == OpKind::kArgMax || node.op == OpKind::kSort;
    if (compares) plan_.compared[index_of(node.inputs[0])] = true;
    if (node.op == OpKind::kSoftmax) plan_.softmax[index_of(node.inputs[0])] = static_cast<std::int32_t>(i);
    if (!plan_.compared[index_of(node.output)]) return;
    for (const ValueId id : chosen_from(node)) {
      plan_.compared[index_of(id)] = true;
      if (plan_.softmax[index_of(node.output)] >= 0) plan_.softmax[index_of(id)] = plan_.softmax[index_of(node.output)];
    }
  }

  // Does every reader of `id`, through movement, satisfy accept(node index)? Graph outputs count as outputs_fine.
  template <class F>
  bool all_readers(ValueId id, bool outputs_fine, F accept) const {
    if (is_output_[index_of(id)] && !outputs_fine) return false;
    for (const std::size_t reader : readers_[index_of(id)]) {
      const Node& node = graph_.nodes[reader];
      if (is_movement(node.op) ? !all_readers(node.output, outputs_fine, accept) : !accept(reader)) return false;
    }
    return true;
  }

  bool is_wide_product(std::size_t i, ValueId operand) const {
    const Node& node = graph_.nodes[i];
    const bool product = node.op == OpKind::kConv || node.op == OpKind::kMatMul;
    return product && plan_.fusions[i].mode == Mode::kWideOutput && node.inputs[1] != operand &&
           graph_.input_of(node, 1).is_constant();
  }

  // Times one number of the program text: the same integers in another unit.
  bool scales_only(const Node& node) const {
    for (const std::size_t j : {std::size_t{0}, std::size_t{1}}) {
      const FloatTensor* number = graph_.input_of(node, j).floats();
      if (number != nullptr && graph_.input_of(node, j).literal && number->num_elements() == 1 && (*number)[0] > 0)
        return true;
    }
    return false;
  }

  // A product with constants, which may take the unit of the sum that reads it.
  bool has_free_unit(ValueId id) const {
    const std::int32_t maker = made_by_[index_of(id)];
    if (maker < 0) return false;
    const Node& node = graph_.nodes[static_cast<std::size_t>(maker)];
    const bool product =
        node.op == OpKind::kConv || node.op == OpKind::kMatMul || (node.op == OpKind::kMul && !scales_only(node));
    return product && (graph_.input_of(node, 0).is_constant() || graph_.input_of(node, 1).is_constant());
  }

  // Does node i take its operands as integers of any width?
  bool takes_wide(std::size_t i) const {
    const Node& node = graph_.nodes[i];
    switch (node.op) {
      case OpKind::kDiv:
      case OpKind::kLess:
      case OpKind::kArgMax:
      case OpKind::kEqual: return true;
      case OpKind::kFunction: return !UnaryChain::fuses(node);
      case OpKind::kReduceMean:
      case OpKind::kReduceSum: return plan_.fusions[i].mode == Mode::kWideValue;
      case OpKind::kMul: return plan_.fusions[i].mode == Mode::kWideValue && scales_only(node);
      case OpKind::kAdd:
      case OpKind::kSub:
        return plan_.fusions[i].mode == Mode::kWideValue &&
               (graph_.input_of(node, 0).is_constant() || graph_.input_of(node, 1).is_constant() ||
                !(has_free_unit(node.inputs[0]) || has_free_unit(node.inputs[1])));
      default: return false;
    }
  }

  // A product with a matrix of the program text: interpolation, as Resize has it.
  bool interpolates(const Node& node) const {
    if (node.op != OpKind::kMatMul || node.has_input(2)) return false;
    return std::any_of(node.inputs.begin(), node.inputs.end(),
                       [&](ValueId id) { return graph_.value(id).floats() != nullptr && graph_.value(id).literal; });
  }

  // Is what node i makes rounded to whole numbers, maybe after a sum?
  bool decides(std::size_t i) const {
    const Fusion& fusion = plan_.fusions[i];
    const Fusion& last =
        fusion.mode == Mode::kWideTerm ? plan_.fusions[static_cast<std::size_t>(fusion.term_of)] : fusion;
    return last.chain.whole_first().has_value();
  }

  // What is rounded to whole numbers soon is not rounded before, where that is exact or nearly so.
  bool waits_for_rounding(const Node& node, ValueId y) const {
    if (interpolates(node)) {
      return all_readers(y, false, [&](std::size_t reader) {
        const bool wide = plan_.fusions[reader].mode == Mode::kWideValue;
        return interpolates(graph_.nodes[reader]) && (wide || decides(reader));
      });
    }
    if (node.op != OpKind::kDiv) return false;
    return all_readers(y, false, [&](std::size_t reader) {
      const Node& product = graph_.nodes[reader];
      return product.op == OpKind::kMul && decides(reader) &&
             (graph_.input_of(product, 0).is_constant() || graph_.input_of(product, 1).is_constant());
    });
  }

  // Readers come later in the order and are already decided.
  void choose_mode(std::size_t i) {
    const Node& node = graph_.nodes[i];
    Fusion& fusion = plan_.fusions[i];
    if (plan_.fused[i] || !is_accumulator(node) || !fusion.chain.empty()) return;
    const ValueId y = fusion.output;
    if (all_readers(y, true, [](std::size_t) { return false; })) {
      fusion.mode = Mode::kWideOutput;
      return;
    }
    if (all_readers(y, true, [&](std::size_t reader) { return takes_wide(reader); }) || waits_for_rounding(node, y)) {
      fusion.mode = Mode::kWideValue;
      return;
    }
    const bool sums =
        node.op == OpKind::kAveragePool || node.op == OpKind::kReduceMean || node.op == OpKind::kReduceSum;
    if (sums) {
      if (all_readers(y, false, [&](std::size_t reader) { return is_wide_product(reader, y); }))
        fusion.mode = Mode::kWideSum;
      return;
    }
    // A product of two activations has no free factor that could match the sum's unit.
    const bool free_unit = node.op == OpKind::kAdd || node.op == OpKind::kSub ||
                           (node.op != OpKind::kDiv && node.inputs.size() > 1 &&
                            (graph_.input_of(node, 0).is_constant() || graph_.input_of(node, 1).is_constant()));
    if (!free_unit || is_output_[index_of(y)] || readers_[index_of(y)].size() != 1) return;
    const std::size_t reader = readers_[index_of(y)][0];
    if (graph_.nodes[reader].op != OpKind::kAdd && graph_.nodes[reader].op != OpKind::kSub) return;
    fusion.mode = Mode::kWideTerm;
    fusion.term_of = static_cast<std::int32_t>(reader);
  }

  // Node i is a mean that is only taken away from what it is the mean of.
  void mark_centers(std::size_t i) {
    const Node& mean = graph_.nodes[i];
    const auto plain = [&](std::size_t node) {
      return !plan_.fused[node] && plan_.fusions[node].chain.empty() && plan_.fusions[node].mode == Mode::kNarrow;
    };
    if (mean.op != OpKind::kReduceMean || !plain(i) || is_output_[index_of(mean.output)]) return;
    for (const std::size_t reader : readers_[index_of(mean.output)]) {
      const Node& node = graph_.nodes[reader];
      const bool difference =
          node.op == OpKind::kSub && node.inputs[0] == mean.inputs[0] && node.inputs[1] == mean.output && plain(reader);
      const auto multiplies = [&](std::size_t of) {
        return graph_.nodes[of].op == OpKind::kMul || graph_.nodes[of].op == OpKind::kDiv;
      };
      if (!difference || !all_readers(node.output, false, multiplies)) return;
    }
    plan_.centers[i] = true;
    for (const std::size_t reader : readers_[index_of(mean.output)]) plan_.centers[reader] = true;
  }

  // Halves the way that it goes, or thousands of outputs of one value would make a chain that each walks.
  ValueId root(ValueId id) {
    while (plan_.group[index_of(id)] != id)
      id = plan_.group[index_of(id)] = plan_.group[index_of(plan_.group[index_of(id)])];
    return id;
  }
  void unite(ValueId a, ValueId b) { plan_.group[index_of(root(b))] = root(a); }

  // Whole numbers keep units of one. What is put together for an output only meets at the finest unit there: a joint one would
  // be too coarse for who else reads a small part.
  void join(std::size_t i) {
    const Node& node = graph_.nodes[i];
    if (node.op == OpKind::kConcat && all_readers(node.output, true, [](std::size_t) { return false; })) return;
    for (const ValueId id : chosen_from(node)) {
      if (plan_.whole[index_of(id)] == plan_.whole[index_of(node.output)]) unite(node.output, id);
    }
  }

  const Graph& graph_;
  std::vector<std::vector<std::size_t>> readers_;
  std::vector<std::int32_t> made_by_;
  std::vector<bool> is_output_;
  Plan plan_;
};

}  // namespace

Plan make_plan(const Graph& graph, const std::vector<bool>& input_non_negative) {
  return Planner(graph, input_non_negative).run();
}

}  // namespace zkinfer::quant
