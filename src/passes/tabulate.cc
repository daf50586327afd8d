// SPDX-License-Identifier: Apache-2.0
// What quantized models compute between two integers of few values (DequantizeLinear, a curve or several, QuantizeLinear) is a list of
// integers: each entry as the network's own float32 arithmetic gives it, so that the proven integers are the model's own.
#include <algorithm>
#include <map>
#include <optional>

#include "exec/float/float_executor.h"
#include "ir/family.h"
#include "ir/functions.h"
#include "passes/rewriter.h"
#include "passes/rewrites.h"

namespace zkinfer::passes {

namespace {

using ir::DataType;
using ir::Node;
using ir::OpKind;
using ir::ValueId;
using std::int64_t;
using std::size_t;

constexpr int64_t kMostEntries = int64_t{1} << 16;
constexpr size_t kMostNodes = 64;

// Sums, products and clamps are exact as they are.
bool is_curved(const Node& node) {
  switch (node.op) {
    case OpKind::kAdd:
    case OpKind::kSub:
    case OpKind::kMul:
    case OpKind::kDiv:  // by a number: a quotient by something computed has a curve of its own
    case OpKind::kNeg:
    case OpKind::kRelu:
    case OpKind::kClip:
    case OpKind::kCast:
    case OpKind::kIdentity: return false;
    case OpKind::kFunction: return !ir::row_of(node.as<ir::FunctionAttributes>().function).whole;
    default: return true;
  }
}

// The nodes that make a value from one integer value of few values, element by element.
struct Region {
  ValueId source = ir::kNoValue;
  std::vector<const Node*> nodes;  // backwards
  bool curved = false;
};

class Finder {
 public:
  explicit Finder(const ir::Graph& graph) : graph_(graph), made_by_(ir::producers(graph)) {}

  std::optional<Region> region(const Node& last) {
    Region region;
    seen_.clear();
    if (!take(last, region) || region.source == ir::kNoValue || !region.curved) return std::nullopt;
    return region;
  }

  static bool is_few(const ir::Value& value) {
    return value.dtype == DataType::kInt64 && value.declared && value.declared->hi - value.declared->lo < kMostEntries;
  }

 private:
  bool take(const Node& node, Region& region) {
    if (ir::family_of(node.op) != ir::OpFamily::kElementwise || node.op == OpKind::kBatchNormalization ||
        node.op == OpKind::kIsSpecial || region.nodes.size() >= kMostNodes)
      return false;
    region.nodes.push_back(&node);
    size_t computed = 0;
    const Shape& shape = graph_.output_of(node).shape;
    for (const ValueId id : node.inputs) {
      if (id == ir::kNoValue) continue;
      const ir::Value& value = graph_.value(id);
      if (value.is_constant()) {
        if (value.shape.num_elements() != 1) return false;
        continue;
      }
      ++computed;
      if (value.shape != shape || !reach(id, region)) return false;
    }
    region.curved |= is_curved(node) || (computed > 1 && (node.op == OpKind::kMul || node.op == OpKind::kDiv));
    return computed > 0;
  }

  bool reach(ValueId id, Region& region) {
    if (const auto known = seen_.find(id); known != seen_.end()) return known->second;
    bool fine = false;
    const std::int32_t maker = made_by_[ir::index_of(id)];
    if (is_few(graph_.value(id))) {
      fine = region.source == ir::kNoValue || region.source == id;
      region.source = id;
    } else if (maker >= 0) {
      fine = take(graph_.nodes[static_cast<size_t>(maker)], region);
    }
    return seen_[id] = fine;
  }

  const ir::Graph& graph_;
  const std::vector<std::int32_t> made_by_;
  std::map<ValueId, bool> seen_;
};

// The region's last value for every value of its source.
Result<IntTensor> entries_of(const ir::Graph& graph, const Region& region) {
  const ir::IntegerRange range = *graph.value(region.source).declared;
  const Shape shape{range.hi - range.lo + 1};
  IntTensor arguments(shape);
  for (int64_t x = range.lo; x <= range.hi; ++x) arguments[static_cast<size_t>(x - range.lo)] = x;
  std::map<ValueId, AnyTensor> known;
  known.emplace(region.source, std::move(arguments));
  std::vector<const Node*> nodes = region.nodes;
  std::sort(nodes.begin(), nodes.end());  // as the graph has them: what is read comes first
  nodes.erase(std::unique(nodes.begin(), nodes.end()), nodes.end());
  for (const Node* node : nodes) {
    std::vector<const AnyTensor*> inputs;
    for (const ValueId id : node->inputs) {
      if (id != ir::kNoValue && graph.value(id).is_constant() && !known.contains(id)) {
        // Of rank 0, as the list has no other axes.
        known.emplace(id, std::visit([](const auto& tensor) -> AnyTensor { return tensor.reshaped(Shape{}); },
                                     *graph.value(id).constant));
      }
      inputs.push_back(id == ir::kNoValue ? nullptr : &known.at(id));
    }
    Result<AnyTensor> y = exec_float::evaluate(*node, inputs, graph.output_of(*node).dtype, shape);
    if (!y.ok()) return y.status();
    known.emplace(node->output, std::move(*y));
  }
  return std::get<IntTensor>(known.at(region.nodes.front()->output));
}

}  // namespace

Result<ir::Graph> tabulate(const ir::Graph& graph) {
  Finder finder(graph);
  return rewrite(graph, [&](Rewriter& rewriter, const Node& node) -> Result<ValueId> {
    if (node.op != OpKind::kCast || !Finder::is_few(graph.output_of(node)) ||
        graph.output_of(node).shape.num_elements() == 0)
      return ir::kNoValue;
    const std::optional<Region> region = finder.region(node);
    if (!region) return ir::kNoValue;
    // Where its arithmetic has no integers as results, it is left to be refused with its reason.
    Result<IntTensor> entries = entries_of(graph, *region);
    if (!entries.ok()) return ir::kNoValue;
    const ValueId list = rewriter.to().add_constant(node.name + "#list", std::move(*entries), DataType::kInt64);
    rewriter.to().value(list).literal = true;
    ValueId index = rewriter.mapped(region->source);
    if (const int64_t least = graph.value(region->source).declared->lo; least != 0) {
      const ValueId offset = rewriter.literal(node, static_cast<float>(-least), "offset", DataType::kInt64);
      ZKI_ASSIGN_OR_RETURN(index, rewriter.emit(OpKind::kAdd, node, {index, offset}, {}, "index"));
    }
    return rewriter.emit(OpKind::kGather, node, {list, index}, ir::GatherAttributes{0, false});
  });
}

}  // namespace zkinfer::passes
