// SPDX-License-Identifier: Apache-2.0
// Tree ensembles of ai.onnx.ml as matrix products: which thresholds are exceeded, which leaf is reached, what it is worth.
#pragma once

#include <vector>

#include "frontend/onnx/handlers.h"

namespace zkinfer::frontend_onnx {

enum class Comparison : std::uint8_t { kNotAbove, kBelow, kEqual };
// x[feature] <= threshold, < or == goes to `yes`, else to `no`; a leaf has neither.
struct TreeNode {
  std::int64_t feature = 0;
  float threshold = 0;
  Comparison comparison = Comparison::kNotAbove;
  int yes = -1, no = -1;
  std::vector<std::pair<std::int64_t, float>> weights;  // of a leaf: target and weight
};

enum class Branch : std::uint8_t { kLessOrEqual, kLess, kGreaterOrEqual, kGreater, kEqual, kNotEqual, kLeaf };

// A tree as the file has it: children by index, any branch.
struct RawNode {
  Branch branch = Branch::kLeaf;
  std::int64_t feature = 0;
  float threshold = 0;
  std::int64_t yes = -1, no = -1;
  std::vector<std::pair<std::int64_t, float>> weights = {};
};

struct Tree {
  std::vector<TreeNode> nodes;  // the root first
};

// The tree below `root` with <=, < and == as the only branches. Not < as <= the float before: a number that is rounded as its
// threshold is would be equal to both. corrupt: children that are not there, a node below itself.
Result<Tree> normalized_tree(const std::vector<RawNode>& nodes, std::int64_t root, std::size_t& nodes_left);

enum class Aggregate : std::uint8_t { kAverage, kSum, kMin, kMax };

// Of a row whose leaves have no weight for a target: regressors give 0 without the base, as onnxruntime does.
enum class Absent : std::uint8_t { kBase, kZero };

struct Ensemble {
  std::vector<Tree> trees;
  std::int64_t targets = 1;
  Aggregate aggregate = Aggregate::kSum;
  std::vector<float> base = {};  // empty, or one per target
  Absent absent = Absent::kBase;
};

// [N, targets]: the weights of the leaves that have one for the target, over all trees, plus the base.
Result<ir::ValueId> evaluate_trees(NodeContext& context, ir::ValueId x, const Ensemble& ensemble);

}  // namespace zkinfer::frontend_onnx
