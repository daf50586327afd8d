// SPDX-License-Identifier: Apache-2.0
#include "frontend/onnx/tree_ensemble.h"

#include <algorithm>
#include <cmath>
#include <limits>

#include "frontend/onnx/emit.h"

namespace zkinfer::frontend_onnx {

using ir::OpKind;
using ir::ValueId;
using std::int64_t;
using std::size_t;

namespace {

constexpr int kDeepestTree = 4096;
// Entries of the matrices from comparisons to leaves.
constexpr int64_t kMostPathEntries = int64_t{1} << 24;

float below(float x) { return std::nextafter(x, -std::numeric_limits<float>::infinity()); }

class Normalizer {
 public:
  Normalizer(const std::vector<RawNode>& nodes, size_t& nodes_left) : nodes_(nodes), nodes_left_(nodes_left) {}

  // Appends the subtree at `from`; its index.
  Result<int> copy(int64_t from, int depth, Tree& tree) {
    if (from < 0 || from >= static_cast<int64_t>(nodes_.size())) return corrupt("a tree's child is no node of it");
    if (depth > kDeepestTree)
      return corrupt("a tree's node is below itself, or deeper than " + std::to_string(kDeepestTree));
    if (nodes_left_ == 0) return resource_limit("the trees have too many nodes");
    --nodes_left_;
    const RawNode& node = nodes_[static_cast<size_t>(from)];
    switch (node.branch) {
      case Branch::kLeaf: {
        tree.nodes.push_back({0, 0, -1, -1, node.weights});
        return static_cast<int>(tree.nodes.size()) - 1;
      }
      case Branch::kLessOrEqual: return split(node, node.threshold, node.yes, node.no, depth, tree);
      case Branch::kGreater: return split(node, node.threshold, node.no, node.yes, depth, tree);
      // Below a float is at most the float before it.
      case Branch::kLess: return split(node, below(node.threshold), node.yes, node.no, depth, tree);
      case Branch::kGreaterOrEqual: return split(node, below(node.threshold), node.no, node.yes, depth, tree);
      case Branch::kEqual: return between(node, node.yes, node.no, depth, tree);
      case Branch::kNotEqual: return between(node, node.no, node.yes, depth, tree);
    }
    return internal_error("unknown branch");
  }

 private:
  int add(const RawNode& node, float threshold, Tree& tree) {
    tree.nodes.push_back({node.feature, threshold, -1, -1, {}});
    return static_cast<int>(tree.nodes.size()) - 1;
  }
  Result<int> split(const RawNode& node, float threshold, int64_t yes, int64_t no, int depth, Tree& tree) {
    const int at = add(node, threshold, tree);
    ZKI_ASSIGN_OR_RETURN(const int first, copy(yes, depth + 1, tree));
    ZKI_ASSIGN_OR_RETURN(const int second, copy(no, depth + 1, tree));
    tree.nodes[static_cast<size_t>(at)].yes = first;
    tree.nodes[static_cast<size_t>(at)].no = second;
    return at;
  }
  // x == t: x <= t and not x <= the float before t.
  Result<int> between(const RawNode& node, int64_t equal, int64_t other, int depth, Tree& tree) {
    const int at = add(node, node.threshold, tree);
    const int inner = add(node, below(node.threshold), tree);
    ZKI_ASSIGN_OR_RETURN(const int low, copy(other, depth + 1, tree));
    ZKI_ASSIGN_OR_RETURN(const int middle, copy(equal, depth + 1, tree));
    ZKI_ASSIGN_OR_RETURN(const int high, copy(other, depth + 1, tree));
    tree.nodes[static_cast<size_t>(at)].yes = inner;
    tree.nodes[static_cast<size_t>(at)].no = high;
    tree.nodes[static_cast<size_t>(inner)].yes = low;
    tree.nodes[static_cast<size_t>(inner)].no = middle;
    return at;
  }

  const std::vector<RawNode>& nodes_;
  size_t& nodes_left_;
};

// One tree's comparisons and leaves, in the order of the nodes.
struct Paths {
  std::vector<int> comparisons, leaves;  // node indices
};

Paths paths_of(const Tree& tree) {
  Paths paths;
  for (size_t i = 0; i < tree.nodes.size(); ++i)
    (tree.nodes[i].yes < 0 ? paths.leaves : paths.comparisons).push_back(static_cast<int>(i));
  return paths;
}

// For every leaf: +1 at comparisons that must exceed the threshold, -1 at those that must not; and how many must.
void fill_paths(const Tree& tree, const Paths& paths, size_t columns, std::span<float> matrix, std::span<float> bias) {
  std::vector<size_t> position(tree.nodes.size());
  for (size_t i = 0; i < paths.comparisons.size(); ++i) position[static_cast<size_t>(paths.comparisons[i])] = i;
  for (size_t i = 0; i < paths.leaves.size(); ++i) position[static_cast<size_t>(paths.leaves[i])] = i;
  std::vector<std::pair<int, float>> path;  // comparison and its sign
  struct Step {
    int node;
    size_t depth;
    std::pair<int, float> reached_by;
  };
  std::vector<Step> open{{0, 0, {-1, 0}}};
  while (!open.empty()) {
    const Step step = open.back();
    open.pop_back();
    path.resize(step.depth == 0 ? 0 : step.depth - 1);
    if (step.depth > 0) path.push_back(step.reached_by);
    const TreeNode& node = tree.nodes[static_cast<size_t>(step.node)];
    if (node.yes >= 0) {
      open.push_back({node.yes, step.depth + 1, {step.node, -1.0F}});
      open.push_back({node.no, step.depth + 1, {step.node, 1.0F}});
      continue;
    }
    const size_t leaf = position[static_cast<size_t>(step.node)];
    float needed = 0;
    for (const auto& [comparison, sign] : path) {
      matrix[position[static_cast<size_t>(comparison)] * columns + leaf] = sign;
      needed += sign > 0 ? 1.0F : 0.0F;
    }
    bias[leaf] = 1 - needed;
  }
}

}  // namespace

Result<Tree> normalized_tree(const std::vector<RawNode>& nodes, int64_t root, size_t& nodes_left) {
  Tree tree;
  ZKI_ASSIGN_OR_RETURN(const int first, Normalizer(nodes, nodes_left).copy(root, 0, tree));
  ZKI_CHECK_EQ(first, 0, "the root is the first node");
  return tree;
}

// exceeded [N, trees, comparisons] = threshold < x[feature]; leaf = relu(paths * exceeded + 1 - needed) is 1 where every
// comparison of its path is as it must be, else 0; the result is a product with the leaves' weights. All numbers but the
// weights are whole.
Result<ValueId> evaluate_trees(NodeContext& context, ValueId x, const std::vector<Tree>& trees, int64_t targets,
                               Aggregate aggregate, const std::vector<float>& base) {
  const int64_t rows = context.shape_of(x)[0];
  const int64_t features = context.shape_of(x)[1];
  if (trees.empty()) return corrupt("the ensemble has no trees");
  std::vector<Paths> all;
  size_t comparisons = 1;  // one that is never used keeps shapes whole where every tree is a leaf
  size_t leaves = 1;
  for (const Tree& tree : trees) {
    all.push_back(paths_of(tree));
    comparisons = std::max(comparisons, all.back().comparisons.size());
    leaves = std::max(leaves, all.back().leaves.size());
  }
  const size_t count = trees.size();
  if (static_cast<double>(count * comparisons) * static_cast<double>(leaves) > static_cast<double>(kMostPathEntries))
    return unsupported(
        std::to_string(count) + " trees of up to " + std::to_string(leaves) +
        " leaves | train fewer or smaller trees (their product of comparisons and leaves is at most 2^24)");
  Dims picked(count * comparisons, 0);
  FloatTensor thresholds(Shape{static_cast<int64_t>(count * comparisons)});
  FloatTensor paths(
      Shape({static_cast<int64_t>(count), static_cast<int64_t>(comparisons), static_cast<int64_t>(leaves)}));
  FloatTensor bias(Shape({static_cast<int64_t>(count), 1, static_cast<int64_t>(leaves)}));
  FloatTensor weights(Shape({static_cast<int64_t>(count), static_cast<int64_t>(leaves), targets}));
  for (size_t t = 0; t < count; ++t) {
    for (size_t i = 0; i < all[t].comparisons.size(); ++i) {
      const TreeNode& node = trees[t].nodes[static_cast<size_t>(all[t].comparisons[i])];
      if (node.feature < 0 || node.feature >= features)
        return invalid_argument("a tree compares feature " + std::to_string(node.feature) + " of " +
                                std::to_string(features));
      if (!std::isfinite(node.threshold)) return invalid_argument("a threshold is infinite or not a number");
      picked[t * comparisons + i] = node.feature;
      thresholds[t * comparisons + i] = node.threshold;
    }
    fill_paths(trees[t], all[t], leaves, paths.data().subspan(t * comparisons * leaves, comparisons * leaves),
               bias.data().subspan(t * leaves, leaves));
    for (size_t i = 0; i < all[t].leaves.size(); ++i)
      for (const auto& [target, weight] : trees[t].nodes[static_cast<size_t>(all[t].leaves[i])].weights) {
        if (target < 0 || target >= targets)
          return corrupt("a leaf's target " + std::to_string(target) + " of " + std::to_string(targets));
        weights[(t * leaves + i) * static_cast<size_t>(targets) + static_cast<size_t>(target)] += weight;
      }
  }
  const auto width = static_cast<int64_t>(count * comparisons);
  const Dims tree_shape{rows, static_cast<int64_t>(count), static_cast<int64_t>(comparisons)};
  ZKI_ASSIGN_OR_RETURN(const ValueId values, gather(context, x, 1, std::move(picked), "picked"));
  const ValueId limit =
      context.add_constant(std::move(thresholds).reshaped(Shape{1, width}), ir::DataType::kFloat, "thresholds");
  ZKI_ASSIGN_OR_RETURN(const ValueId above, context.add(OpKind::kLess, {limit, values}, {}, "above"));
  ZKI_ASSIGN_OR_RETURN(const ValueId bits,
                       context.add(OpKind::kCast, {above}, ir::CastAttributes{ir::DataType::kFloat}, "bits"));
  ZKI_ASSIGN_OR_RETURN(const ValueId per_tree, reshape(context, bits, tree_shape, "per_tree"));
  ZKI_ASSIGN_OR_RETURN(const ValueId by_tree, transpose(context, per_tree, {1, 0, 2}, "by_tree"));
  const ValueId path_matrix = context.add_constant(std::move(paths), ir::DataType::kFloat, "paths");
  const ValueId path_bias = context.add_constant(std::move(bias), ir::DataType::kFloat, "needed");
  ZKI_ASSIGN_OR_RETURN(const ValueId sums, context.add(OpKind::kMatMul, {by_tree, path_matrix}, {}, "sums"));
  ZKI_ASSIGN_OR_RETURN(const ValueId shifted, context.add(OpKind::kAdd, {sums, path_bias}, {}, "shifted"));
  ZKI_ASSIGN_OR_RETURN(const ValueId reached, context.add(OpKind::kRelu, {shifted}, {}, "reached"));
  ValueId y = ir::kNoValue;
  if (aggregate == Aggregate::kMin || aggregate == Aggregate::kMax) {
    const ValueId worth = context.add_constant(std::move(weights), ir::DataType::kFloat, "weights");
    ZKI_ASSIGN_OR_RETURN(const ValueId each, context.add(OpKind::kMatMul, {reached, worth}, {}, "each"));
    ZKI_ASSIGN_OR_RETURN(y, context.add(aggregate == Aggregate::kMin ? OpKind::kReduceMin : OpKind::kReduceMax, {each},
                                        ir::ReduceAttributes{{0}, false}, "extremum"));
  } else {
    if (aggregate == Aggregate::kAverage)
      for (float& weight : weights.data()) weight /= static_cast<float>(count);
    const auto all_leaves = static_cast<int64_t>(count * leaves);
    const ValueId worth =
        context.add_constant(std::move(weights).reshaped(Shape{all_leaves, targets}), ir::DataType::kFloat, "weights");
    ZKI_ASSIGN_OR_RETURN(const ValueId by_row, transpose(context, reached, {1, 0, 2}, "by_row"));
    ZKI_ASSIGN_OR_RETURN(const ValueId flat, reshape(context, by_row, {rows, all_leaves}, "leaves"));
    ZKI_ASSIGN_OR_RETURN(y, context.add(OpKind::kMatMul, {flat, worth}, {}, "worth"));
  }
  if (base.empty()) return y;
  if (static_cast<int64_t>(base.size()) != targets)
    return corrupt("base_values has " + std::to_string(base.size()) + " entries");
  const ValueId offset = context.add_constant(FloatTensor(Shape{targets}, base), ir::DataType::kFloat, "base");
  return context.add(OpKind::kAdd, {y, offset}, {}, "with_base");
}

}  // namespace zkinfer::frontend_onnx
