// SPDX-License-Identifier: Apache-2.0
// TreeEnsembleClassifier, TreeEnsembleRegressor and TreeEnsemble (ai.onnx.ml). Formulas of binary classifiers: as
// onnxruntime and scikit-learn's exporter mean them.
#include <algorithm>
#include <array>
#include <map>

#include "frontend/onnx/emit.h"
#include "frontend/onnx/ml_classes.h"
#include "frontend/onnx/proto_text.h"
#include "frontend/onnx/tree_ensemble.h"

namespace zkinfer::frontend_onnx {

namespace {

using ir::OpKind;
using ir::ValueId;
using std::int64_t;
using std::size_t;

constexpr size_t kMostTreeNodes = size_t{1} << 20;

Result<Branch> branch_of(std::string_view mode) {
  constexpr std::array<std::pair<std::string_view, Branch>, 7> kModes{{{"BRANCH_LEQ", Branch::kLessOrEqual},
                                                                       {"BRANCH_LT", Branch::kLess},
                                                                       {"BRANCH_GTE", Branch::kGreaterOrEqual},
                                                                       {"BRANCH_GT", Branch::kGreater},
                                                                       {"BRANCH_EQ", Branch::kEqual},
                                                                       {"BRANCH_NEQ", Branch::kNotEqual},
                                                                       {"LEAF", Branch::kLeaf}}};
  for (const auto& [name, branch] : kModes)
    if (mode == name) return branch;
  return corrupt("nodes_modes " + in_quotes(std::string(mode)));
}

Result<Dims> needed_ints(const NodeContext& context, const std::string& name, size_t count) {
  ZKI_ASSIGN_OR_RETURN(const std::optional<Dims> list, context.ints_attribute(name));
  if (!list || list->size() != count)
    return corrupt("attribute '" + name + "' has " + std::to_string(list ? list->size() : 0) + " entries, expected " +
                   std::to_string(count));
  return *list;
}

// Weights of leaves, all trees: at[i] is the leaf's tree and node.
struct LeafWeights {
  Dims trees, nodes, targets;
  std::vector<float> weights;
};

// prefix: "class" or "target".
Result<LeafWeights> leaf_weights(const NodeContext& context, const std::string& prefix) {
  LeafWeights out;
  ZKI_ASSIGN_OR_RETURN(out.weights, context.floats_attribute(prefix + "_weights"));
  const size_t count = out.weights.size();
  ZKI_ASSIGN_OR_RETURN(out.trees, needed_ints(context, prefix + "_treeids", count));
  ZKI_ASSIGN_OR_RETURN(out.nodes, needed_ints(context, prefix + "_nodeids", count));
  ZKI_ASSIGN_OR_RETURN(out.targets, needed_ints(context, prefix + "_ids", count));
  return out;
}

Result<std::vector<Tree>> read_trees(const NodeContext& context, const LeafWeights& leaves) {
  if (context.attribute("nodes_values_as_tensor") != nullptr)
    return unsupported("attributes as tensors of doubles | export with float32");
  ZKI_ASSIGN_OR_RETURN(const std::vector<std::string> modes, context.strings_attribute("nodes_modes"));
  const size_t count = modes.size();
  ZKI_ASSIGN_OR_RETURN(const std::vector<float> values, context.floats_attribute("nodes_values"));
  if (values.size() != count) return corrupt("nodes_values has another length than nodes_modes");
  ZKI_ASSIGN_OR_RETURN(const Dims trees, needed_ints(context, "nodes_treeids", count));
  ZKI_ASSIGN_OR_RETURN(const Dims ids, needed_ints(context, "nodes_nodeids", count));
  ZKI_ASSIGN_OR_RETURN(const Dims features, needed_ints(context, "nodes_featureids", count));
  ZKI_ASSIGN_OR_RETURN(const Dims yes, needed_ints(context, "nodes_truenodeids", count));
  ZKI_ASSIGN_OR_RETURN(const Dims no, needed_ints(context, "nodes_falsenodeids", count));
  std::map<std::pair<int64_t, int64_t>, int64_t> places;  // tree and node -> index
  for (size_t i = 0; i < count; ++i)
    if (!places.emplace(std::pair(trees[i], ids[i]), static_cast<int64_t>(i)).second)
      return corrupt("node " + std::to_string(ids[i]) + " of tree " + std::to_string(trees[i]) + " is there twice");
  const auto place = [&](int64_t tree, int64_t node) {
    const auto found = places.find(std::pair(tree, node));
    return found == places.end() ? int64_t{-1} : found->second;
  };
  std::vector<RawNode> nodes(count);
  std::vector<bool> is_child(count, false);
  for (size_t i = 0; i < count; ++i) {
    RawNode& node = nodes[i];
    ZKI_ASSIGN_OR_RETURN(node.branch, branch_of(modes[i]));
    if (node.branch == Branch::kLeaf) continue;
    node.feature = features[i];
    node.threshold = values[i];
    node.yes = place(trees[i], yes[i]);
    node.no = place(trees[i], no[i]);
    for (const int64_t child : {node.yes, node.no})
      if (child >= 0) is_child[static_cast<size_t>(child)] = true;
  }
  for (size_t i = 0; i < leaves.weights.size(); ++i) {
    const int64_t at = place(leaves.trees[i], leaves.nodes[i]);
    if (at < 0) return corrupt("a leaf's weight belongs to no node");
    nodes[static_cast<size_t>(at)].weights.emplace_back(leaves.targets[i], leaves.weights[i]);
  }
  std::vector<Tree> out;
  size_t nodes_left = kMostTreeNodes;
  std::map<int64_t, bool> seen;
  for (size_t i = 0; i < count; ++i) {
    if (is_child[i] || seen[trees[i]]) continue;  // the first node that is nobody's child
    seen[trees[i]] = true;
    ZKI_ASSIGN_OR_RETURN(Tree tree, normalized_tree(nodes, static_cast<int64_t>(i), nodes_left));
    out.push_back(std::move(tree));
  }
  return out;
}

Result<Outputs> import_tree_regressor(NodeContext& context) {
  ZKI_ASSIGN_OR_RETURN(const ValueId x, rows_of_input(context));
  ZKI_ASSIGN_OR_RETURN(const int64_t targets, context.int_attribute("n_targets", 1));
  if (targets < 1 || targets > 4096) return invalid_argument("n_targets " + std::to_string(targets));
  ZKI_ASSIGN_OR_RETURN(const std::string name, context.string_attribute("aggregate_function", "SUM"));
  Aggregate aggregate = Aggregate::kSum;
  if (name == "AVERAGE") aggregate = Aggregate::kAverage;
  if (name == "MIN") aggregate = Aggregate::kMin;
  if (name == "MAX") aggregate = Aggregate::kMax;
  if (aggregate == Aggregate::kSum && name != "SUM") return corrupt("aggregate_function " + in_quotes(name));
  ZKI_ASSIGN_OR_RETURN(const LeafWeights leaves, leaf_weights(context, "target"));
  ZKI_ASSIGN_OR_RETURN(std::vector<Tree> trees, read_trees(context, leaves));
  ZKI_ASSIGN_OR_RETURN(std::vector<float> base, context.floats_attribute("base_values"));
  // With one target a leaf without a weight is worth 0 (onnxruntime's); with several it says nothing about the others.
  if (targets == 1)
    for (Tree& tree : trees)
      for (TreeNode& node : tree.nodes)
        if (node.yes < 0 && node.weights.empty()) node.weights.emplace_back(0, 0.0F);
  ZKI_ASSIGN_OR_RETURN(
      const ValueId y,
      evaluate_trees(context, x, {std::move(trees), targets, aggregate, std::move(base), Absent::kZero}));
  return one_output(post_transformed(context, y, 0));
}

// [N, 1] of one score s: the two classes' scores are 1 - s and s where s is a share, -s and s where it is a margin.
Result<ValueId> both_classes(NodeContext& context, ValueId score, bool is_share) {
  const ValueId minus_one = literal_number(context, -1, "minus_one");
  ZKI_ASSIGN_OR_RETURN(ValueId other, context.add(OpKind::kMul, {score, minus_one}, {}, "negated"));
  if (is_share) {
    ZKI_ASSIGN_OR_RETURN(other, context.add(OpKind::kAdd, {other, literal_number(context, 1, "one")}, {}, "rest"));
  }
  return concat(context, {other, score}, 1, "both");
}

Result<Outputs> import_tree_classifier(NodeContext& context) {
  ZKI_ASSIGN_OR_RETURN(const ValueId x, rows_of_input(context));
  ZKI_ASSIGN_OR_RETURN(const Labels labels, read_labels(context, "classlabels_int64s", "classlabels_strings"));
  ZKI_ASSIGN_OR_RETURN(LeafWeights leaves, leaf_weights(context, "class"));
  ZKI_ASSIGN_OR_RETURN(const std::vector<float> base, context.floats_attribute("base_values"));
  const bool one_score = labels.count == 2 && !leaves.targets.empty() &&
                         std::all_of(leaves.targets.begin(), leaves.targets.end(),
                                     [&](int64_t target) { return target == leaves.targets[0]; });
  const auto classes = static_cast<int64_t>(labels.count);
  if (!one_score) {
    ZKI_ASSIGN_OR_RETURN(std::vector<Tree> trees, read_trees(context, leaves));
    ZKI_ASSIGN_OR_RETURN(const ValueId scores,
                         evaluate_trees(context, x, {std::move(trees), classes, Aggregate::kSum, base}));
    ZKI_ASSIGN_OR_RETURN(const ValueId label, label_of_largest(context, scores, labels));
    ZKI_ASSIGN_OR_RETURN(const ValueId shown, post_transformed(context, scores, 1));
    return Outputs{label, shown};
  }
  const bool is_share =
      std::all_of(leaves.weights.begin(), leaves.weights.end(), [](float weight) { return weight >= 0; });
  for (int64_t& target : leaves.targets) target = 0;
  ZKI_ASSIGN_OR_RETURN(std::vector<Tree> trees, read_trees(context, leaves));
  std::vector<float> offset = base.empty() ? base : std::vector<float>{base.back()};
  ZKI_ASSIGN_OR_RETURN(const ValueId score,
                       evaluate_trees(context, x, {std::move(trees), 1, Aggregate::kSum, std::move(offset)}));
  ZKI_ASSIGN_OR_RETURN(const ValueId scores, both_classes(context, score, is_share));
  ZKI_ASSIGN_OR_RETURN(const ValueId label, label_of_largest(context, scores, labels));
  // A share is a probability as it is.
  ZKI_ASSIGN_OR_RETURN(const ValueId shown, is_share ? context.add_output(1, OpKind::kIdentity, {scores}, {})
                                                     : post_transformed(context, scores, 1));
  return Outputs{label, shown};
}

Result<std::vector<float>> needed_floats(const NodeContext& context, std::string_view name) {
  ZKI_ASSIGN_OR_RETURN(const std::optional<ReadTensor> tensor, context.tensor_attribute(name));
  const FloatTensor* floats = tensor ? std::get_if<FloatTensor>(&tensor->tensor) : nullptr;
  if (floats == nullptr) return corrupt("attribute '" + std::string(name) + "' is no tensor of floats");
  return std::vector<float>(floats->data().begin(), floats->data().end());
}

// Version 5: children are indices into two lists, of nodes and of leaves.
Result<Outputs> import_tree_ensemble(NodeContext& context) {
  ZKI_ASSIGN_OR_RETURN(const ValueId x, rows_of_input(context));
  ZKI_ASSIGN_OR_RETURN(const int64_t targets, context.int_attribute("n_targets", 1));
  ZKI_ASSIGN_OR_RETURN(const int64_t aggregate, context.int_attribute("aggregate_function", 1));
  ZKI_ASSIGN_OR_RETURN(const int64_t transform, context.int_attribute("post_transform", 0));
  if (targets < 1 || targets > 4096 || aggregate < 0 || aggregate > 3)
    return corrupt("n_targets " + std::to_string(targets) + ", aggregate_function " + std::to_string(aggregate));
  if (transform < 0 || transform > 2)
    return unsupported("post_transform " + std::to_string(transform) + " | use 0, 1 or 2 (NONE, SOFTMAX, LOGISTIC)");
  ZKI_ASSIGN_OR_RETURN(const std::vector<float> splits, needed_floats(context, "nodes_splits"));
  ZKI_ASSIGN_OR_RETURN(const std::vector<float> weights, needed_floats(context, "leaf_weights"));
  ZKI_ASSIGN_OR_RETURN(const std::optional<ReadTensor> modes, context.tensor_attribute("nodes_modes"));
  const IntTensor* mode = modes ? std::get_if<IntTensor>(&modes->tensor) : nullptr;
  const size_t count = splits.size();
  const auto inner = static_cast<int64_t>(count);
  if (mode == nullptr || mode->num_elements() != inner)
    return corrupt("nodes_modes has another length than nodes_splits");
  ZKI_ASSIGN_OR_RETURN(const Dims features, needed_ints(context, "nodes_featureids", count));
  ZKI_ASSIGN_OR_RETURN(const Dims yes, needed_ints(context, "nodes_truenodeids", count));
  ZKI_ASSIGN_OR_RETURN(const Dims yes_is_leaf, needed_ints(context, "nodes_trueleafs", count));
  ZKI_ASSIGN_OR_RETURN(const Dims no, needed_ints(context, "nodes_falsenodeids", count));
  ZKI_ASSIGN_OR_RETURN(const Dims no_is_leaf, needed_ints(context, "nodes_falseleafs", count));
  ZKI_ASSIGN_OR_RETURN(const Dims leaf_targets, needed_ints(context, "leaf_targetids", weights.size()));
  ZKI_ASSIGN_OR_RETURN(const std::optional<Dims> roots, context.ints_attribute("tree_roots"));
  if (!roots || roots->empty()) return corrupt("tree_roots are missing");
  std::vector<RawNode> nodes(count + weights.size());
  const auto child = [&](int64_t at, int64_t is_leaf) {
    const int64_t limit = is_leaf != 0 ? static_cast<int64_t>(weights.size()) : inner;
    return at < 0 || at >= limit ? int64_t{-1} : is_leaf != 0 ? inner + at : at;
  };
  for (size_t i = 0; i < count; ++i) {
    constexpr std::array kBranches{Branch::kLessOrEqual, Branch::kLess,  Branch::kGreaterOrEqual,
                                   Branch::kGreater,     Branch::kEqual, Branch::kNotEqual};
    const int64_t which = (*mode)[i];
    if (which == 6) return unsupported("set membership in a tree | compare with numbers");
    if (which < 0 || which > 6) return corrupt("nodes_modes " + std::to_string(which));
    nodes[i] = {kBranches[static_cast<size_t>(which)], features[i], splits[i], child(yes[i], yes_is_leaf[i]),
                child(no[i], no_is_leaf[i])};
  }
  for (size_t i = 0; i < weights.size(); ++i) nodes[count + i].weights.emplace_back(leaf_targets[i], weights[i]);
  std::vector<Tree> trees;
  size_t nodes_left = kMostTreeNodes;
  for (const int64_t root : *roots) {
    if (root < 0 || root >= inner) return corrupt("tree root " + std::to_string(root));
    // A tree that is one leaf has it as both children of its root.
    ZKI_ASSIGN_OR_RETURN(Tree tree, normalized_tree(nodes, root, nodes_left));
    trees.push_back(std::move(tree));
  }
  constexpr std::array kAggregates{Aggregate::kAverage, Aggregate::kSum, Aggregate::kMin, Aggregate::kMax};
  ZKI_ASSIGN_OR_RETURN(
      const ValueId y,
      evaluate_trees(context, x, {std::move(trees), targets, kAggregates[static_cast<size_t>(aggregate)]}));
  if (transform == 1) return one_output(context.add(OpKind::kSoftmax, {y}, ir::SoftmaxAttributes{1}));
  if (transform == 2) return one_output(apply(context, ir::function("Sigmoid"), y, ""));
  return one_output(context.add(OpKind::kIdentity, {y}));
}

constexpr auto kHandlers = std::to_array<Handler>({
    {"TreeEnsembleClassifier",
     "base_values base_values_as_tensor class_ids class_nodeids class_treeids class_weights class_weights_as_tensor "
     "classlabels_int64s classlabels_strings nodes_falsenodeids nodes_featureids nodes_hitrates "
     "nodes_hitrates_as_tensor nodes_missing_value_tracks_true nodes_modes nodes_nodeids nodes_treeids "
     "nodes_truenodeids nodes_values nodes_values_as_tensor post_transform",
     check_post_transform, import_tree_classifier},
    {"TreeEnsembleRegressor",
     "aggregate_function base_values base_values_as_tensor n_targets nodes_falsenodeids nodes_featureids "
     "nodes_hitrates nodes_hitrates_as_tensor nodes_missing_value_tracks_true nodes_modes nodes_nodeids nodes_treeids "
     "nodes_truenodeids nodes_values nodes_values_as_tensor post_transform target_ids target_nodeids target_treeids "
     "target_weights target_weights_as_tensor",
     check_post_transform, import_tree_regressor},
    {"TreeEnsemble",
     "aggregate_function leaf_targetids leaf_weights membership_values n_targets nodes_falseleafs nodes_falsenodeids "
     "nodes_featureids nodes_hitrates nodes_missing_value_tracks_true nodes_modes nodes_splits nodes_trueleafs "
     "nodes_truenodeids post_transform tree_roots",
     no_check, import_tree_ensemble},
});

}  // namespace

std::span<const Handler> ml_tree_handlers() { return kHandlers; }

}  // namespace zkinfer::frontend_onnx
