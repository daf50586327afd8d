// SPDX-License-Identifier: Apache-2.0
#include "frontend/onnx/tree_ensemble.h"

#include <algorithm>
#include <array>
#include <cmath>

#include "frontend/onnx/build.h"

namespace zkinfer::frontend_onnx {

using ir::OpKind;
using ir::ValueId;
using std::int64_t;
using std::size_t;

namespace {

constexpr int kDeepestTree = 4096;
// Trees are cut into pieces of so many comparisons: the matrices from comparisons to exits grow with their square.
constexpr size_t kPieceComparisons = 16;
constexpr double kMostPathEntries = 0x1p24;  // of these matrices

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
        tree.nodes.push_back({0, 0, Comparison::kNotAbove, -1, -1, node.weights});
        return static_cast<int>(tree.nodes.size()) - 1;
      }
      case Branch::kLessOrEqual: return split(node, Comparison::kNotAbove, node.yes, node.no, depth, tree);
      case Branch::kGreater: return split(node, Comparison::kNotAbove, node.no, node.yes, depth, tree);
      case Branch::kLess: return split(node, Comparison::kBelow, node.yes, node.no, depth, tree);
      case Branch::kGreaterOrEqual: return split(node, Comparison::kBelow, node.no, node.yes, depth, tree);
      case Branch::kEqual: return split(node, Comparison::kEqual, node.yes, node.no, depth, tree);
      case Branch::kNotEqual: return split(node, Comparison::kEqual, node.no, node.yes, depth, tree);
    }
    return internal_error("unknown branch");
  }

 private:
  Result<int> split(const RawNode& node, Comparison comparison, int64_t yes, int64_t no, int depth, Tree& tree) {
    const int at = static_cast<int>(tree.nodes.size());
    tree.nodes.push_back({node.feature, node.threshold, comparison, -1, -1, {}});
    ZKI_ASSIGN_OR_RETURN(const int first, copy(yes, depth + 1, tree));
    ZKI_ASSIGN_OR_RETURN(const int second, copy(no, depth + 1, tree));
    tree.nodes[static_cast<size_t>(at)].yes = first;
    tree.nodes[static_cast<size_t>(at)].no = second;
    return at;
  }

  const std::vector<RawNode>& nodes_;
  size_t& nodes_left_;
};

// A subtree without what hangs below its exits: leaves of the tree, or the roots of further pieces.
struct Piece {
  size_t tree = 0;
  std::vector<int> comparisons, exits;  // node indices, the root first
  size_t reached_by = 0;                // exit of the level before, counted over all its pieces; none of a tree's root
};
// Pieces whose roots are as many pieces away from their trees' roots.
struct Level {
  std::vector<Piece> pieces;
  size_t comparisons = 1,
         exits = 1;  // the most of a piece; one that is never used keeps shapes whole where a tree is a leaf
};

Piece cut_piece(const std::vector<Tree>& trees, size_t tree, int root, size_t reached_by) {
  Piece piece{tree, {}, {}, reached_by};
  std::vector<int> open{root};
  for (size_t i = 0; i < open.size(); ++i) {
    const TreeNode& node = trees[tree].nodes[static_cast<size_t>(open[i])];
    if (node.yes < 0 || piece.comparisons.size() == kPieceComparisons) {
      piece.exits.push_back(open[i]);
      continue;
    }
    piece.comparisons.push_back(open[i]);
    open.push_back(node.yes);
    open.push_back(node.no);
  }
  return piece;
}

std::vector<Level> cut_trees(const std::vector<Tree>& trees) {
  std::vector<Level> levels(1);
  for (size_t t = 0; t < trees.size(); ++t) levels[0].pieces.push_back(cut_piece(trees, t, 0, 0));
  for (;;) {
    Level& level = levels.back();
    for (const Piece& piece : level.pieces) {
      level.comparisons = std::max(level.comparisons, piece.comparisons.size());
      level.exits = std::max(level.exits, piece.exits.size());
    }
    Level next;
    for (size_t p = 0; p < level.pieces.size(); ++p) {
      const Piece& piece = level.pieces[p];
      for (size_t e = 0; e < piece.exits.size(); ++e)
        if (trees[piece.tree].nodes[static_cast<size_t>(piece.exits[e])].yes >= 0)
          next.pieces.push_back(cut_piece(trees, piece.tree, piece.exits[e], p * level.exits + e));
    }
    if (next.pieces.empty()) return levels;
    levels.push_back(std::move(next));
  }
}

// For every exit: +1 at comparisons that must be 1 (bits_of), -1 at those that must be 0; and how many must be 1.
void fill_paths(const Tree& tree, const Piece& piece, size_t columns, std::span<float> matrix, std::span<float> bias) {
  const auto position = [](const std::vector<int>& list, int node) {
    return static_cast<size_t>(std::find(list.begin(), list.end(), node) - list.begin());
  };
  std::vector<std::pair<size_t, float>> path;  // comparison and its sign
  struct Step {
    int node;
    size_t depth;
    std::pair<size_t, float> reached_by;
  };
  std::vector<Step> open{{piece.comparisons.empty() ? piece.exits[0] : piece.comparisons[0], 0, {0, 0}}};
  while (!open.empty()) {
    const Step step = open.back();
    open.pop_back();
    path.resize(step.depth == 0 ? 0 : step.depth - 1);
    if (step.depth > 0) path.push_back(step.reached_by);
    const size_t at = position(piece.comparisons, step.node);
    if (at < piece.comparisons.size()) {
      const TreeNode& node = tree.nodes[static_cast<size_t>(step.node)];
      const float sign = node.comparison == Comparison::kNotAbove ? -1.0F : 1.0F;
      open.push_back({node.yes, step.depth + 1, {at, sign}});
      open.push_back({node.no, step.depth + 1, {at, -sign}});
      continue;
    }
    const size_t exit = position(piece.exits, step.node);
    float needed = 0;
    for (const auto& [comparison, sign] : path) {
      matrix[comparison * columns + exit] = sign;
      needed += sign > 0 ? 1.0F : 0.0F;
    }
    bias[exit] = 1 - needed;
  }
}

bool is_extreme(const Ensemble& ensemble) {
  return ensemble.aggregate == Aggregate::kMin || ensemble.aggregate == Aggregate::kMax;
}

// What an extreme of an ensemble counts where a leaf has no weight for a target: the weight, of all, that decides last.
std::vector<float> last_to_decide(const Ensemble& ensemble) {
  std::vector<float> last(static_cast<size_t>(ensemble.targets), 0);
  if (!is_extreme(ensemble)) return last;
  std::vector<bool> seen(last.size(), false);
  for (const Tree& tree : ensemble.trees)
    for (const TreeNode& node : tree.nodes)
      for (const auto& [target, weight] : node.weights) {
        const auto at = static_cast<size_t>(target);
        if (!seen[at] || (ensemble.aggregate == Aggregate::kMin ? weight > last[at] : weight < last[at]))
          last[at] = weight;
        seen[at] = true;
      }
  return last;
}

Status check_targets(const Ensemble& ensemble) {
  for (const Tree& tree : ensemble.trees)
    for (const TreeNode& node : tree.nodes)
      for (const auto& [target, weight] : node.weights)
        if (target < 0 || target >= ensemble.targets)
          return corrupt("a leaf's target " + std::to_string(target) + " of " + std::to_string(ensemble.targets));
  return ok_status();
}

// What is added to a target that none of a row's leaves has a weight for: nothing where some tree has one in every leaf.
std::vector<float> where_absent(const Ensemble& ensemble, const std::vector<float>& last) {
  const auto targets = static_cast<size_t>(ensemble.targets);
  std::vector<bool> always(targets, false);
  for (const Tree& tree : ensemble.trees) {
    std::vector<size_t> leaves(targets, 0);
    size_t all = 0;
    for (const TreeNode& node : tree.nodes) {
      if (node.yes >= 0) continue;
      ++all;
      std::vector<bool> has(targets, false);
      for (const auto& [target, weight] : node.weights) has[static_cast<size_t>(target)] = true;
      for (size_t t = 0; t < targets; ++t) leaves[t] += has[t] ? 1 : 0;
    }
    for (size_t t = 0; t < targets; ++t)
      if (leaves[t] == all) always[t] = true;
  }
  std::vector<float> amounts(targets, 0);
  for (size_t t = 0; t < targets; ++t) {
    const float base = ensemble.absent == Absent::kZero && !ensemble.base.empty() ? ensemble.base[t] : 0;
    if (!always[t]) amounts[t] = -(last[t] + base);
  }
  return amounts;
}

// What the matrices of one level hold.
struct LevelNumbers {
  Dims picked;  // features
  std::vector<float> thresholds;
  std::vector<Comparison> comparisons;
  FloatTensor paths, bias, weights;
  FloatTensor present;  // like weights: 1 where there is one
};

Result<LevelNumbers> numbers_of(const Ensemble& ensemble, const Level& level, bool is_first, int64_t features,
                                const std::vector<float>& last) {
  const int64_t targets = ensemble.targets;
  const size_t count = level.pieces.size(), comparisons = level.comparisons, exits = level.exits;
  const auto wide = [](size_t n) { return static_cast<int64_t>(n); };
  LevelNumbers out{Dims(count * comparisons, 0),
                   std::vector<float>(count * comparisons),
                   std::vector<Comparison>(count * comparisons, Comparison::kNotAbove),
                   FloatTensor(Shape({wide(count), wide(comparisons), wide(exits)})),
                   FloatTensor(Shape({wide(count), 1, wide(exits)})),
                   FloatTensor(Shape({wide(count), wide(exits), targets})),
                   FloatTensor(Shape({wide(count), wide(exits), targets}))};
  for (size_t p = 0; p < count; ++p) {
    const Piece& piece = level.pieces[p];
    const Tree& tree = ensemble.trees[piece.tree];
    for (size_t i = 0; i < piece.comparisons.size(); ++i) {
      const TreeNode& node = tree.nodes[static_cast<size_t>(piece.comparisons[i])];
      if (node.feature < 0 || node.feature >= features)
        return invalid_argument("a tree compares feature " + std::to_string(node.feature) + " of " +
                                std::to_string(features));
      if (!std::isfinite(node.threshold)) return invalid_argument("a threshold is infinite or not a number");
      out.picked[p * comparisons + i] = node.feature;
      out.thresholds[p * comparisons + i] = node.threshold;
      out.comparisons[p * comparisons + i] = node.comparison;
    }
    const std::span<float> bias = out.bias.data().subspan(p * exits, exits);
    fill_paths(tree, piece, exits, out.paths.data().subspan(p * comparisons * exits, comparisons * exits), bias);
    // Further down, the piece has to be reached too.
    if (!is_first)
      for (float& x : bias) x -= 1;
    for (size_t e = 0; e < piece.exits.size(); ++e) {
      const TreeNode& exit = tree.nodes[static_cast<size_t>(piece.exits[e])];
      if (exit.yes >= 0) continue;
      const size_t row = (p * exits + e) * static_cast<size_t>(targets);
      for (size_t t = 0; t < last.size(); ++t) out.weights[row + t] = last[t];
      for (const auto& [target, weight] : exit.weights) {
        float& own = out.weights[row + static_cast<size_t>(target)];
        switch (ensemble.aggregate) {
          case Aggregate::kMin: own = std::min(own, weight); break;
          case Aggregate::kMax: own = std::max(own, weight); break;
          case Aggregate::kSum:
          case Aggregate::kAverage: own += weight; break;
        }
        out.present[row + static_cast<size_t>(target)] = 1;
      }
    }
  }
  return out;
}

// [N, comparisons], each 1 where threshold < x[feature], x[feature] < threshold or x[feature] == threshold, by kind.
ValueId bits_of(Build& b, ValueId x, const LevelNumbers& numbers) {
  constexpr size_t kKinds = 3;
  std::array<Dims, kKinds> picked;
  std::array<std::vector<float>, kKinds> thresholds;
  Dims place;  // among those of its kind
  for (size_t i = 0; i < numbers.picked.size(); ++i) {
    const auto kind = static_cast<size_t>(numbers.comparisons[i]);
    place.push_back(static_cast<int64_t>(picked[kind].size()));
    picked[kind].push_back(numbers.picked[i]);
    thresholds[kind].push_back(numbers.thresholds[i]);
  }
  std::vector<ValueId> parts;
  std::array<int64_t, kKinds> first = {};
  int64_t count = 0;
  for (size_t kind = 0; kind < kKinds; ++kind) {
    first[kind] = count;
    count += static_cast<int64_t>(picked[kind].size());
    if (picked[kind].empty()) continue;
    const ValueId threshold =
        b.parameter(FloatTensor(Shape{1, static_cast<int64_t>(thresholds[kind].size())}, thresholds[kind]));
    const ValueId feature = b.gather(x, picked[kind], 1);
    const auto comparison = static_cast<Comparison>(kind);
    const ValueId bits = comparison == Comparison::kNotAbove ? b.less(threshold, feature)
                         : comparison == Comparison::kBelow  ? b.less(feature, threshold)
                                                             : b.op(OpKind::kEqual, {feature, threshold});
    parts.push_back(b.cast(bits, ir::DataType::kFloat));
  }
  if (parts.size() == 1) return parts[0];
  for (size_t i = 0; i < place.size(); ++i) place[i] += first[static_cast<size_t>(numbers.comparisons[i])];
  return b.gather(b.op(OpKind::kConcat, parts, ir::ConcatAttributes{1}), std::move(place), 1);
}

}  // namespace

Result<Tree> normalized_tree(const std::vector<RawNode>& nodes, int64_t root, size_t& nodes_left) {
  Tree tree;
  ZKI_ASSIGN_OR_RETURN(const int first, Normalizer(nodes, nodes_left).copy(root, 0, tree));
  ZKI_CHECK_EQ(first, 0, "the root is the first node");
  return tree;
}

// Level by level: bits [N, pieces, comparisons]; exit = relu(paths * bits + 1 - needed) is 1
// where every comparison of its path is as it must be, and the piece itself is reached, else 0; the result is a product with
// the leaves' weights. All numbers but the weights are whole.
Result<ValueId> evaluate_trees(NodeContext& context, ValueId x, const Ensemble& ensemble) {
  const int64_t targets = ensemble.targets;
  if (ensemble.trees.empty()) return corrupt("the ensemble has no trees");
  if (!ensemble.base.empty() && static_cast<int64_t>(ensemble.base.size()) != targets)
    return corrupt("base_values has " + std::to_string(ensemble.base.size()) + " entries");
  ZKI_RETURN_IF_ERROR(check_targets(ensemble));
  const int64_t rows = context.shape_of(x)[0];
  const auto num_trees = static_cast<int64_t>(ensemble.trees.size());
  const std::vector<Level> levels = cut_trees(ensemble.trees);
  double entries = 0;
  size_t num_comparisons = 0;
  for (const Level& level : levels) {
    entries += static_cast<double>(level.pieces.size() * level.comparisons) * static_cast<double>(level.exits);
    for (const Piece& piece : level.pieces) num_comparisons += piece.comparisons.size();
  }
  if (entries > kMostPathEntries)
    return unsupported(std::to_string(num_trees) + " trees with " + std::to_string(num_comparisons) +
                       " comparisons | train fewer or smaller trees (about a million comparisons are possible)");
  const std::vector<float> last = last_to_decide(ensemble);
  std::vector<float> amounts = where_absent(ensemble, last);
  const bool counts_absent = std::any_of(amounts.begin(), amounts.end(), [](float amount) { return amount != 0; });
  Build b(context);
  ValueId before = ir::kNoValue;   // the exits of the level before, [N, all]
  ValueId y = ir::kNoValue;        // what the leaves are worth
  ValueId present = ir::kNoValue;  // how many of a row's leaves have a weight for the target
  const auto add_to = [&](ValueId& sum, ValueId more) { sum = sum == ir::kNoValue ? more : b.add(sum, more); };
  for (const Level& level : levels) {
    const bool is_first = &level == &levels.front();
    ZKI_ASSIGN_OR_RETURN(LevelNumbers numbers, numbers_of(ensemble, level, is_first, context.shape_of(x)[1], last));
    const auto count = static_cast<int64_t>(level.pieces.size());
    const auto exits = static_cast<int64_t>(level.exits);
    const ValueId per_piece = b.reshape(bits_of(b, x, numbers), {rows, count, static_cast<int64_t>(level.comparisons)});
    ValueId sums = b.matmul(b.transpose(per_piece, {1, 0, 2}), b.parameter(std::move(numbers.paths)));
    sums = b.add(sums, b.parameter(std::move(numbers.bias)));
    if (!is_first) {
      Dims reached_by;
      for (const Piece& piece : level.pieces) reached_by.push_back(static_cast<int64_t>(piece.reached_by));
      const ValueId reached = b.gather(before, std::move(reached_by), 1);
      sums = b.add(sums, b.reshape(b.transpose(reached, {1, 0}), {count, rows, 1}));
    }
    const ValueId reached = b.op(OpKind::kRelu, {sums});
    before = b.reshape(b.transpose(reached, {1, 0, 2}), {rows, count * exits});
    if (ensemble.aggregate == Aggregate::kAverage)
      for (float& weight : numbers.weights.data()) weight /= static_cast<float>(num_trees);
    const auto times = [&](FloatTensor matrix) {
      return b.matmul(before, b.parameter(std::move(matrix).reshaped(Shape{count * exits, targets})));
    };
    if (counts_absent) add_to(present, times(std::move(numbers.present)));
    if (!is_extreme(ensemble)) {
      add_to(y, times(std::move(numbers.weights)));
      continue;
    }
    // [trees, N * targets]: the tree of each piece.
    FloatTensor whose(Shape{num_trees, count});
    for (size_t p = 0; p < level.pieces.size(); ++p) whose[level.pieces[p].tree * level.pieces.size() + p] = 1;
    ValueId worth = b.matmul(reached, b.parameter(std::move(numbers.weights)));
    if (levels.size() > 1)
      worth = b.matmul(b.literal(std::move(whose), ir::DataType::kFloat), b.reshape(worth, {count, rows * targets}));
    add_to(y, worth);
  }
  if (is_extreme(ensemble)) {
    if (levels.size() > 1) y = b.reshape(y, {num_trees, rows, targets});
    y = b.reduce(ensemble.aggregate == Aggregate::kMin ? OpKind::kReduceMin : OpKind::kReduceMax, y, {0}, false);
  }
  if (!ensemble.base.empty()) y = b.add(y, b.parameter(FloatTensor(Shape{targets}, ensemble.base)));
  if (counts_absent) {
    const ValueId absent = b.op(OpKind::kRelu, {b.sub(b.number(1), present)});
    y = b.add(y, b.mul(absent, b.parameter(FloatTensor(Shape{targets}, std::move(amounts)))));
  }
  ZKI_RETURN_IF_ERROR(b.status());
  return y;
}

}  // namespace zkinfer::frontend_onnx
