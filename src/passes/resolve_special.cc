// SPDX-License-Identifier: Apache-2.0
// Numbers of an integer program are finite. A network may still ask where its own would not be: a row of scores that are all masked with
// minus infinity has a Softmax of NaN, which models replace (the "safe softmax" of scaled_dot_product_attention). Where that
// happens is decided by the masks, which are conditions: here every value that may be NaN, minus infinity or (exponentials) zero for
// that reason carries such a condition along, and questions for them become it.
#include <algorithm>
#include <cmath>
#include <limits>
#include <optional>

#include "ir/functions.h"
#include "ir/whole.h"
#include "passes/rewriter.h"
#include "passes/rewrites.h"

namespace zkinfer::passes {

namespace {

using ir::kNoValue;
using ir::Node;
using ir::OpKind;
using ir::ValueId;
using std::int64_t;
using std::size_t;

// Conditions that broadcast to the value's shape, of the new graph; kNoValue: nowhere.
struct Special {
  ValueId nan = kNoValue, low = kNoValue, zero = kNoValue;
  bool missed = false;  // may be NaN or infinite elsewhere too

  bool may_be() const { return nan != kNoValue || low != kNoValue || missed; }
};

constexpr float kInfinity = std::numeric_limits<float>::infinity();

bool asks(const ir::Graph& graph, const Node& node) {
  if (node.op == OpKind::kIsSpecial) return true;
  if (node.op != OpKind::kEqual) return false;
  return std::ranges::any_of(node.inputs, [&](ValueId id) {
    const FloatTensor* floats = graph.value(id).floats();
    return floats != nullptr && floats->num_elements() == 1 && (*floats)[0] == -kInfinity;
  });
}

class Resolver {
 public:
  Resolver(const ir::Graph& graph, std::vector<std::string>* missed)
      : graph_(graph), whole_(ir::whole_numbers(graph)), specials_(graph.values.size()), missed_(missed) {}

  Result<ValueId> visit(Rewriter& rewriter, const Node& node) {
    rewriter_ = &rewriter;
    node_ = &node;
    if (asks(graph_, node)) return answer();
    if (graph_.output_of(node).dtype != ir::DataType::kFloat) return kNoValue;
    ZKI_ASSIGN_OR_RETURN(specials_[ir::index_of(node.output)], follow());
    return kNoValue;
  }

 private:
  using Condition = Result<ValueId>;

  std::string step() { return "special" + std::to_string(++steps_); }
  Condition emit(OpKind op, std::vector<ValueId> inputs, ir::Attributes attributes = {}) {
    return rewriter_->emit(op, *node_, std::move(inputs), std::move(attributes), step());
  }
  Condition either(ValueId a, ValueId b) {
    if (a == kNoValue || b == kNoValue || a == b) return a == kNoValue ? b : a;
    return emit(OpKind::kOr, {a, b});
  }
  Condition both(ValueId a, ValueId b) {
    if (a == kNoValue || b == kNoValue || a == b) return a == b ? a : kNoValue;
    return emit(OpKind::kAnd, {a, b});
  }
  Condition as(ValueId condition, const Shape& shape) {
    if (condition == kNoValue || rewriter_->to().value(condition).shape == shape) return condition;
    return emit(OpKind::kExpand, {condition}, ir::ExpandAttributes{shape});
  }
  // Of all along the axes of a value of that rank, or of any.
  Condition along(ValueId condition, size_t rank, const Dims& axes, bool keepdims, bool all) {
    if (condition == kNoValue) return kNoValue;
    const Shape& shape = rewriter_->to().value(condition).shape;
    if (shape.rank() < rank) {
      Dims dims(rank - shape.rank(), 1);
      for (size_t i = 0; i < shape.rank(); ++i) dims.push_back(shape[i]);
      ZKI_ASSIGN_OR_RETURN(condition, emit(OpKind::kReshape, {condition}, ir::ReshapeAttributes{Shape(dims)}));
    }
    int64_t count = 1;
    for (const int64_t axis : axes) count *= rewriter_->to().value(condition).shape[static_cast<size_t>(axis)];
    ZKI_ASSIGN_OR_RETURN(ValueId sum, emit(OpKind::kCast, {condition}, ir::CastAttributes{ir::DataType::kInt64}));
    ZKI_ASSIGN_OR_RETURN(sum, emit(OpKind::kReduceSum, {sum}, ir::ReduceAttributes{axes, keepdims}));
    const auto fewer = static_cast<float>(all ? count - 1 : 0);
    return emit(OpKind::kLess, {rewriter_->literal(*node_, fewer, step(), ir::DataType::kInt64), sum});
  }

  Condition where_constant(ValueId id, bool (*is)(float)) {
    const FloatTensor& floats = *graph_.value(id).floats();
    if (std::ranges::none_of(floats.data(), is)) return kNoValue;
    IntTensor condition(floats.shape());
    for (size_t i = 0; i < condition.data().size(); ++i) condition[i] = is(floats[i]) ? 1 : 0;
    const ValueId out =
        rewriter_->to().add_constant(graph_.value(id).name + "#" + step(), std::move(condition), ir::DataType::kBool);
    rewriter_->to().value(out).literal = graph_.value(id).literal;
    return out;
  }

  Result<Special> of(ValueId id) {
    Special special;
    if (id == kNoValue) return special;
    if (graph_.value(id).floats() == nullptr) return specials_[ir::index_of(id)];
    ZKI_ASSIGN_OR_RETURN(special.nan, where_constant(id, [](float x) { return std::isnan(x); }));
    ZKI_ASSIGN_OR_RETURN(special.low, where_constant(id, [](float x) { return x == -kInfinity; }));
    special.missed = std::ranges::any_of(graph_.value(id).floats()->data(), [](float x) { return x == kInfinity; });
    return special;
  }

  bool is_finite(ValueId id) const {
    const FloatTensor* floats = graph_.value(id).floats();
    return floats != nullptr && std::ranges::all_of(floats->data(), [](float x) { return std::isfinite(x); });
  }
  bool is_positive(ValueId id) const {
    return is_finite(id) && std::ranges::all_of(graph_.value(id).floats()->data(), [](float x) { return x > 0; });
  }

  Condition answer() {
    const Node& node = *node_;
    ir::SpecialAttributes asked{false, false, true};
    size_t operand = 0;
    if (node.op == OpKind::kIsSpecial)
      asked = node.as<ir::SpecialAttributes>();
    else if (const FloatTensor* floats = graph_.input_of(node, 0).floats();
             floats != nullptr && floats->num_elements() == 1 && (*floats)[0] == -kInfinity)
      operand = 1;
    if (node.op == OpKind::kIsSpecial && graph_.input_of(node, 0).is_constant()) return kNoValue;  // fold_constants
    ZKI_ASSIGN_OR_RETURN(const Special special, of(node.inputs[operand]));
    if (special.missed && missed_ != nullptr) missed_->push_back(node.name);
    ZKI_ASSIGN_OR_RETURN(const ValueId found,
                         either(asked.nan ? special.nan : kNoValue, asked.negative ? special.low : kNoValue));
    const Shape& shape = graph_.output_of(node).shape;
    if (found != kNoValue) return as(found, shape);
    const ValueId never = rewriter_->to().add_constant(node.name + "#never", IntTensor(shape), ir::DataType::kBool);
    rewriter_->to().value(never).literal = true;
    return never;
  }

  Result<Special> follow() {
    const Node& node = *node_;
    if (node.op == OpKind::kFunction) return of_function();
    if (node.op == OpKind::kPad && std::isinf(node.as<ir::PadAttributes>().value)) return Special{.missed = true};
    std::vector<Special> in;
    bool any = false;
    for (const ValueId id : node.inputs) {
      ZKI_ASSIGN_OR_RETURN(in.emplace_back(), of(id));
      any |= in.back().may_be() || in.back().zero != kNoValue;
    }
    if (!any) return Special();
    switch (node.op) {
      case OpKind::kIdentity:
      case OpKind::kCast: return in[0];
      case OpKind::kReshape:
      case OpKind::kTranspose:
      case OpKind::kSlice:
      case OpKind::kExpand:
      case OpKind::kTile:
      case OpKind::kConcat: return moved(in);
      case OpKind::kGather: return in[1].may_be() ? Special{.missed = true} : moved(in);
      case OpKind::kAdd:
      case OpKind::kSub:
      case OpKind::kMul:
      case OpKind::kDiv:
      case OpKind::kMax:
      case OpKind::kMin: return of_pair(in[0], in[1]);
      case OpKind::kWhere: return of_choice(in[1], in[2]);
      case OpKind::kClip: return Special{.nan = in[0].nan, .missed = in[0].missed};
      case OpKind::kRelu: return Special{.nan = in[0].nan, .missed = in[0].missed};
      case OpKind::kSoftmax:
      case OpKind::kReduceMax:
      case OpKind::kReduceMin:
      case OpKind::kReduceSum:
      case OpKind::kReduceMean: return of_reduction(in[0]);
      case OpKind::kMatMul: return of_product(in);
      default:
        return Special{.missed = std::ranges::any_of(in, [](const Special& special) { return special.may_be(); })};
    }
  }

  Result<Special> moved(const std::vector<Special>& in) {
    const Node& node = *node_;
    Special out;
    for (ValueId Special::*what : {&Special::nan, &Special::low, &Special::zero}) {
      if (std::ranges::all_of(in, [&](const Special& special) { return special.*what == kNoValue; })) continue;
      std::vector<ValueId> inputs = rewriter_->mapped(node.inputs);
      for (size_t i = 0; i < inputs.size(); ++i) {
        if (node.op == OpKind::kGather && i == 1) continue;
        const Shape& shape = graph_.input_of(node, i).shape;
        if (in[i].*what == kNoValue) {
          inputs[i] = rewriter_->to().add_constant(node.name + "#" + step(), IntTensor(shape), ir::DataType::kBool);
          continue;
        }
        ZKI_ASSIGN_OR_RETURN(inputs[i], as(in[i].*what, shape));
      }
      ZKI_ASSIGN_OR_RETURN(out.*what, emit(node.op, std::move(inputs), node.attributes));
    }
    out.missed = std::ranges::any_of(in, [](const Special& special) { return special.missed; });
    return out;
  }

  Result<Special> of_pair(const Special& a, const Special& b) {
    const Node& node = *node_;
    Special out;
    ZKI_ASSIGN_OR_RETURN(out.nan, either(a.nan, b.nan));
    out.missed = a.missed || b.missed;
    const bool a_low = a.low != kNoValue, b_low = b.low != kNoValue;
    switch (node.op) {
      case OpKind::kAdd:
      case OpKind::kMin: {
        ZKI_ASSIGN_OR_RETURN(out.low, either(a.low, b.low));
        break;
      }
      case OpKind::kMax: {
        ZKI_ASSIGN_OR_RETURN(out.low, both(a.low, b.low));
        break;
      }
      case OpKind::kSub: {
        const Node* largest = rewriter_->maker(node.inputs[1]);
        const bool is_own =
            largest != nullptr && largest->op == OpKind::kReduceMax && largest->inputs[0] == node.inputs[0];
        out.low = a.low;
        out.missed |= b_low && !is_own;
        ZKI_ASSIGN_OR_RETURN(const ValueId lost, both(a.low, b.low));
        ZKI_ASSIGN_OR_RETURN(out.nan, either(out.nan, lost));
        break;
      }
      case OpKind::kMul:
        if (a_low && is_positive(node.inputs[1]))
          out.low = a.low;
        else if (b_low && is_positive(node.inputs[0]))
          out.low = b.low;
        else
          out.missed |= a_low || b_low;
        break;
      default: {  // Div
        const bool kept = a_low && is_positive(node.inputs[1]);
        if (kept) out.low = a.low;
        out.missed |= (a_low && !kept) || b_low || (b.zero != kNoValue && a.zero == kNoValue);
        ZKI_ASSIGN_OR_RETURN(const ValueId lost, both(a.zero, b.zero));
        ZKI_ASSIGN_OR_RETURN(out.nan, either(out.nan, lost));
      }
    }
    return out;
  }

  Result<Special> of_choice(const Special& then, const Special& otherwise) {
    const ValueId condition = rewriter_->mapped(node_->inputs[0]);
    Special out;
    for (ValueId Special::*what : {&Special::nan, &Special::low, &Special::zero}) {
      ValueId kept = kNoValue, other = kNoValue;
      if (then.*what != kNoValue) {
        ZKI_ASSIGN_OR_RETURN(kept, both(condition, then.*what));
      }
      if (otherwise.*what != kNoValue) {
        ZKI_ASSIGN_OR_RETURN(other, emit(OpKind::kNot, {condition}));
        ZKI_ASSIGN_OR_RETURN(other, both(other, otherwise.*what));
      }
      ZKI_ASSIGN_OR_RETURN(out.*what, either(kept, other));
    }
    out.missed = then.missed || otherwise.missed;
    return out;
  }

  Result<Special> of_reduction(const Special& x) {
    const Node& node = *node_;
    const size_t rank = graph_.input_of(node, 0).shape.rank();
    const bool softmax = node.op == OpKind::kSoftmax;
    const Dims axes = softmax ? Dims{node.as<ir::SoftmaxAttributes>().axis} : node.as<ir::ReduceAttributes>().axes;
    const bool keepdims = softmax || node.as<ir::ReduceAttributes>().keepdims;
    Special out;
    out.missed = x.missed;
    ZKI_ASSIGN_OR_RETURN(out.nan, along(x.nan, rank, axes, keepdims, false));
    if (softmax) {
      if (node.has_input(1)) return Special{.missed = x.may_be()};
      ZKI_ASSIGN_OR_RETURN(const ValueId nothing, along(x.low, rank, axes, keepdims, true));
      ZKI_ASSIGN_OR_RETURN(out.nan, either(out.nan, nothing));
      out.zero = x.low;
    } else {
      ZKI_ASSIGN_OR_RETURN(out.low, along(x.low, rank, axes, keepdims, node.op == OpKind::kReduceMax));
      if (node.op == OpKind::kReduceSum || node.op == OpKind::kReduceMean) {
        ZKI_ASSIGN_OR_RETURN(out.zero, along(x.zero, rank, axes, keepdims, true));
      }
    }
    return out;
  }

  // What takes part in a sum of products spoils it.
  Result<Special> of_product(const std::vector<Special>& in) {
    const Shape& a = graph_.input_of(*node_, 0).shape;
    Special out;
    for (size_t i = 0; i < in.size(); ++i)
      out.missed |= in[i].missed || in[i].low != kNoValue || (i > 0 && in[i].nan != kNoValue);
    const Dims last{static_cast<int64_t>(a.rank()) - 1};
    ZKI_ASSIGN_OR_RETURN(out.nan, along(in[0].nan, a.rank(), last, true, false));
    return out;
  }

  Result<Special> of_function() {
    const Node& node = *node_;
    const ir::FunctionId id = node.as<ir::FunctionAttributes>().function;
    ZKI_ASSIGN_OR_RETURN(const Special x, of(node.inputs[0]));
    Special out{.nan = x.nan, .missed = x.missed};
    if (id == ir::function("Exp")) {
      out.zero = x.low;
    } else if (id == ir::function("Log")) {
      out.missed |= x.low != kNoValue || !whole_[ir::index_of(node.inputs[0])];
      if (whole_[ir::index_of(node.inputs[0])]) {
        const ValueId zero = rewriter_->literal(node, 0, step());
        ZKI_ASSIGN_OR_RETURN(out.low, emit(OpKind::kEqual, {rewriter_->mapped(node.inputs[0]), zero}));
      }
    } else if (id != ir::function("Sigmoid") && id != ir::function("Tanh")) {
      out.missed |= x.low != kNoValue;
    }
    return out;
  }

  const ir::Graph& graph_;
  const std::vector<bool> whole_;
  std::vector<Special> specials_;
  std::vector<std::string>* missed_;
  Rewriter* rewriter_ = nullptr;
  const Node* node_ = nullptr;
  int steps_ = 0;
};

}  // namespace

Result<ir::Graph> resolve_special(const ir::Graph& graph, std::vector<std::string>* missed) {
  if (std::ranges::none_of(graph.nodes, [&](const Node& node) { return asks(graph, node); })) return graph;
  Resolver resolver(graph, missed);
  return rewrite(graph, [&](Rewriter& rewriter, const Node& node) { return resolver.visit(rewriter, node); });
}

}  // namespace zkinfer::passes
