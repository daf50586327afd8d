// SPDX-License-Identifier: Apache-2.0
#include "quant/uses.h"

#include <algorithm>
#include <cmath>
#include <cstddef>

#include "ir/functions.h"
#include "quant/plan.h"

namespace zkinfer::quant {

namespace {

using ir::index_of;
using ir::Node;
using ir::OpKind;

// Input `input` of a node.
struct Use {
  const Node* node = nullptr;
  std::size_t input = 0;
};

bool compares(const Node& node) { return node.op == OpKind::kLess || node.op == OpKind::kEqual; }

void add_gaps(const ir::Value& constant, std::set<int>& gaps) {
  const FloatTensor* floats = constant.floats();
  if (floats == nullptr) return;
  for (const float x : floats->data()) {
    const float magnitude = std::abs(x);
    if (magnitude == 0 || !std::isfinite(magnitude)) continue;
    gaps.insert(std::ilogb(magnitude - std::nextafter(magnitude, 0.0F)));
  }
}

// Every element of the output is one of this input's.
bool moves(const Use& use) {
  const OpKind op = use.node->op;
  return is_movement(op) || op == OpKind::kConcat || (op == OpKind::kGather && use.input == 0);
}

class Reader {
 public:
  explicit Reader(const ir::Graph& graph) : graph_(graph), uses_of_(graph.values.size()) {
    for (const Node& node : graph.nodes) {
      for (std::size_t j = 0; j < node.inputs.size(); ++j)
        if (node.inputs[j] != ir::kNoValue) uses_of_[index_of(node.inputs[j])].push_back({&node, j});
    }
    result_.only_compared.resize(graph.values.size());
    result_.compared_gaps.resize(graph.values.size());
    meets_computed_.resize(graph.values.size());
    result_.decides.resize(graph.values.size());
    result_.indexed_length.resize(graph.values.size());
    result_.only_indexes.resize(graph.values.size());
  }

  Uses run() && {
    for (std::size_t i = graph_.nodes.size(); i-- > 0;) add(graph_.nodes[i].output);
    for (const ir::ValueId id : graph_.inputs) add(id);
    return std::move(result_);
  }

 private:
  // All that reads the value has been added.
  void add(ir::ValueId id) {
    const std::vector<Use>& uses = uses_of_[index_of(id)];
    result_.only_compared[index_of(id)] = std::all_of(uses.begin(), uses.end(), [&](const Use& use) {
      return compares(*use.node) || (moves(use) && result_.only_compared[index_of(use.node->output)]);
    });
    add_compared_gaps(id, uses);
    result_.decides[index_of(id)] = decides(uses);
    add_indexed(id, uses);
  }

  void add_compared_gaps(ir::ValueId id, const std::vector<Use>& uses) {
    std::set<int>& gaps = result_.compared_gaps[index_of(id)];
    bool computed = false;
    for (const Use& use : uses) {
      if (moves(use)) {
        const std::set<int>& behind = result_.compared_gaps[index_of(use.node->output)];
        gaps.insert(behind.begin(), behind.end());
        computed = computed || meets_computed_[index_of(use.node->output)];
      } else if (compares(*use.node)) {
        const ir::Value& other = graph_.input_of(*use.node, use.input == 0 ? 1 : 0);
        if (other.is_constant())
          add_gaps(other, gaps);
        else
          computed = true;
      }
    }
    meets_computed_[index_of(id)] = computed;
    if (computed) gaps.clear();
  }

  bool decides(const std::vector<Use>& uses) const {
    bool any = false;
    for (const Use& use : uses) {
      const Node& node = *use.node;
      const OpKind op = node.op;
      const bool jumps = op == OpKind::kFunction && ir::row_of(node.as<ir::FunctionAttributes>().function).whole;
      if (compares(node) || jumps) {
        any = true;
        continue;
      }
      // Sums with others have a unit of their own.
      const bool sums = op == OpKind::kAdd || op == OpKind::kSub;
      const std::size_t other = use.input == 0 ? 1 : 0;
      const bool alone = node.has_input(other) && graph_.input_of(node, other).is_constant();
      if (sums && !alone) continue;
      const bool passes = moves(use) || op == OpKind::kRelu || op == OpKind::kClip || op == OpKind::kReduceMax ||
                          op == OpKind::kDiv || ((sums || op == OpKind::kMul) && alone);
      if (!passes) return false;
      const bool behind = result_.decides[index_of(node.output)];
      if (!behind && op != OpKind::kReduceMax) return false;
      any = any || behind;
    }
    return any;
  }

  void add_indexed(ir::ValueId id, const std::vector<Use>& uses) {
    std::int64_t least = 0;
    bool only = !uses.empty();
    for (const Use& use : uses) {
      std::int64_t length = 0;
      bool indexes = false;
      if (use.node->op == OpKind::kGather && use.input == 1) {
        const std::int64_t axis = use.node->as<ir::GatherAttributes>().axis;
        length = graph_.input_of(*use.node, 0).shape[static_cast<std::size_t>(axis)];
        indexes = true;
      } else if (is_movement(use.node->op) || use.node->op == OpKind::kCast) {
        length = result_.indexed_length[index_of(use.node->output)];
        indexes = is_movement(use.node->op) && result_.only_indexes[index_of(use.node->output)];
      } else {
        indexes = compares(*use.node);  // of what indexes elsewhere
      }
      only = only && indexes;
      if (length > 0) least = least == 0 ? length : std::min(least, length);
    }
    result_.indexed_length[index_of(id)] = least;
    result_.only_indexes[index_of(id)] = only && least > 0;
  }

  const ir::Graph& graph_;
  std::vector<std::vector<Use>> uses_of_;  // by value id
  std::vector<bool> meets_computed_;       // by value id: compared with something computed, maybe after it was moved
  Uses result_;
};

}  // namespace

Uses uses_of(const ir::Graph& graph) { return Reader(graph).run(); }

}  // namespace zkinfer::quant
