// SPDX-License-Identifier: Apache-2.0
// Tree ensembles of ai.onnx.ml against walks over the trees.
#include <gtest/gtest.h>

#include <array>
#include <cmath>
#include <numeric>
#include <random>

#include "frontend/onnx/test_ml.h"

namespace zkinfer::frontend_onnx {
namespace {

constexpr std::array kModes{"BRANCH_LEQ", "BRANCH_LT", "BRANCH_GTE", "BRANCH_GT", "BRANCH_EQ", "BRANCH_NEQ"};

bool takes(std::size_t mode, float x, float threshold) {
  switch (mode) {
    case 0: return x <= threshold;
    case 1: return x < threshold;
    case 2: return x >= threshold;
    case 3: return x > threshold;
    case 4: return x == threshold;
    default: return x != threshold;
  }
}

struct Node {
  std::size_t mode = 0;  // kModes.size(): a leaf
  std::int64_t feature = 0;
  float threshold = 0;
  std::int64_t yes = 0, no = 0;
  float weight = 0;
  std::int64_t target = 0;
};
using Nodes = std::vector<Node>;

std::int64_t grow(Nodes& nodes, int depth, std::size_t modes, std::int64_t targets, std::mt19937& random) {
  const auto at = static_cast<std::int64_t>(nodes.size());
  nodes.emplace_back();
  Node node;
  if (depth == 0 || random() % 5 == 0) {
    node.mode = kModes.size();
    node.weight = static_cast<float>(static_cast<int>(random() % 41) - 20) / 8;
    node.target = static_cast<std::int64_t>(random()) % targets;
  } else {
    node.mode = random() % modes;
    node.feature = static_cast<std::int64_t>(random() % 3);
    node.threshold = static_cast<float>(random() % 4);
    node.yes = grow(nodes, depth - 1, modes, targets, random);
    node.no = grow(nodes, depth - 1, modes, targets, random);
  }
  nodes[static_cast<std::size_t>(at)] = node;
  return at;
}

const Node& leaf_of(const Nodes& nodes, const float* x) {
  const Node* node = nodes.data();
  while (node->mode < kModes.size())
    node =
        &nodes[static_cast<std::size_t>(takes(node->mode, x[node->feature], node->threshold) ? node->yes : node->no)];
  return *node;
}

std::vector<Nodes> forest(std::size_t modes, std::int64_t targets, std::mt19937& random, int depth = 4) {
  std::vector<Nodes> trees(4);
  for (Nodes& tree : trees) grow(tree, depth, modes, targets, random);
  return trees;
}

void set_trees(onnx::NodeProto& node, const std::vector<Nodes>& trees, const std::string& kind) {
  std::vector<std::int64_t> ids, tree_ids, features, yes, no, leaf_trees, leaf_nodes, leaf_targets;
  std::vector<float> thresholds, weights;
  std::vector<std::string> modes;
  for (std::size_t t = 0; t < trees.size(); ++t)
    for (std::size_t i = 0; i < trees[t].size(); ++i) {
      const Node& from = trees[t][i];
      ids.push_back(static_cast<std::int64_t>(i));
      tree_ids.push_back(static_cast<std::int64_t>(t));
      features.push_back(from.feature);
      thresholds.push_back(from.threshold);
      yes.push_back(from.yes);
      no.push_back(from.no);
      modes.emplace_back(from.mode < kModes.size() ? kModes[from.mode] : "LEAF");
      if (from.mode < kModes.size() || from.target < 0) continue;
      leaf_trees.push_back(static_cast<std::int64_t>(t));
      leaf_nodes.push_back(static_cast<std::int64_t>(i));
      leaf_targets.push_back(from.target);
      weights.push_back(from.weight);
    }
  set_list(node, "nodes_nodeids", ids);
  set_list(node, "nodes_treeids", tree_ids);
  set_list(node, "nodes_featureids", features);
  set_floats(node, "nodes_values", thresholds);
  set_list(node, "nodes_truenodeids", yes);
  set_list(node, "nodes_falsenodeids", no);
  set_words(node, "nodes_modes", modes);
  set_list(node, kind + "_treeids", leaf_trees);
  set_list(node, kind + "_nodeids", leaf_nodes);
  set_list(node, kind + "_ids", leaf_targets);
  set_floats(node, kind + "_weights", weights);
}

// Every combination of 0 .. 3 and halves between, so that thresholds are met exactly too.
FloatTensor grid() {
  FloatTensor x(Shape{216, 3});
  for (std::size_t i = 0; i < 216; ++i)
    for (std::size_t f = 0, rest = i; f < 3; ++f, rest /= 6) x[i * 3 + f] = static_cast<float>(rest % 6) * 0.5F + 0.5F;
  return x;
}

TEST(Trees, RegressorsOfEveryBranchAndAggregate) {
  std::mt19937 random(5);
  const FloatTensor x = grid();
  // Deep trees are cut into several levels of pieces.
  for (const auto& [aggregate, depth] : std::vector<std::pair<std::string, int>>{{"SUM", 4},
                                                                                 {"AVERAGE", 4},
                                                                                 {"MIN", 4},
                                                                                 {"MAX", 4},
                                                                                 {"SUM", 13},
                                                                                 {"AVERAGE", 10},
                                                                                 {"MIN", 11},
                                                                                 {"MAX", 12}}) {
    const bool extreme = aggregate == "MIN" || aggregate == "MAX";
    const std::vector<Nodes> trees = forest(kModes.size(), extreme ? 1 : 2, random, depth);
    TestModel model;
    model.input("x", {216, 3});
    onnx::NodeProto& node = ml_node(model, "TreeEnsembleRegressor", {"y"});
    set_int(node, "n_targets", extreme ? 1 : 2);
    set_string(node, "aggregate_function", aggregate);
    set_trees(node, trees, "target");
    if (!extreme) set_floats(node, "base_values", {1, -2});
    const FloatTensor y = run(model, x)["y"];
    const std::size_t targets = extreme ? 1 : 2;
    for (std::size_t row = 0; row < 216; ++row) {
      std::vector<float> sums(targets, 0);
      std::vector<bool> present(targets, false);
      float low = INFINITY;
      float high = -INFINITY;
      for (const Nodes& tree : trees) {
        const Node& leaf = leaf_of(tree, &x[row * 3]);
        sums[static_cast<std::size_t>(leaf.target)] += leaf.weight;
        present[static_cast<std::size_t>(leaf.target)] = true;
        low = std::min(low, leaf.weight);
        high = std::max(high, leaf.weight);
      }
      for (std::size_t t = 0; t < targets; ++t) {
        const float base = t == 0 ? 1.0F : -2.0F;
        const float expected = aggregate == "MIN"   ? low
                               : aggregate == "MAX" ? high
                               : present[t]         ? sums[t] / (aggregate == "SUM" ? 1.0F : 4.0F) + base
                                                    : 0;
        EXPECT_NEAR(y[row * targets + t], expected, 1e-5F) << aggregate << " row " << row;
      }
    }
  }
}

// Of several targets a leaf is for one: extremes are over the trees whose leaf is for the target, and where there is none
// the result is 0 without the base, as onnxruntime has it. A leaf may be for no target at all.
TEST(Trees, TargetsThatLeavesSayNothingAbout) {
  std::mt19937 random(8);
  const FloatTensor x = grid();
  for (const std::string aggregate : {"SUM", "AVERAGE", "MIN", "MAX"})
    for (const bool based : {false, true})
      for (const int depth : {3, 11}) {
        std::vector<Nodes> trees = forest(1, 3, random, depth);
        for (Nodes& tree : trees)
          for (Node& node : tree)
            if (random() % 6 == 0) node.target = -1;
        TestModel model;
        model.input("x", {216, 3});
        onnx::NodeProto& node = ml_node(model, "TreeEnsembleRegressor", {"y"});
        set_int(node, "n_targets", 3);
        set_string(node, "aggregate_function", aggregate);
        set_trees(node, trees, "target");
        if (based) set_floats(node, "base_values", {1, -2, 0.5F});
        const FloatTensor y = run(model, x)["y"];
        ASSERT_EQ(y.num_elements(), 648);
        std::size_t absent = 0;
        for (std::size_t row = 0; row < 216; ++row)
          for (std::size_t t = 0; t < 3; ++t) {
            std::vector<float> weights;
            for (const Nodes& tree : trees)
              if (const Node& leaf = leaf_of(tree, &x[row * 3]); leaf.target == static_cast<std::int64_t>(t))
                weights.push_back(leaf.weight);
            float expected = 0;
            if (weights.empty()) {
              ++absent;
            } else {
              const float sum = std::accumulate(weights.begin(), weights.end(), 0.0F);
              expected = aggregate == "MIN"   ? *std::min_element(weights.begin(), weights.end())
                         : aggregate == "MAX" ? *std::max_element(weights.begin(), weights.end())
                                              : sum / (aggregate == "SUM" ? 1.0F : 4.0F);
              if (based) expected += t == 0 ? 1.0F : t == 1 ? -2.0F : 0.5F;
            }
            EXPECT_NEAR(y[row * 3 + t], expected, 1e-5F) << aggregate << " row " << row << " target " << t;
          }
        EXPECT_GT(absent, 0U);
      }
}

// A complete subtree of so many levels.
std::int64_t grow_complete(Nodes& nodes, int depth, std::mt19937& random) {
  const auto at = static_cast<std::int64_t>(nodes.size());
  nodes.emplace_back();
  Node node;
  node.mode = depth == 0 ? kModes.size() : 0;
  node.weight = static_cast<float>(random() % 64) / 8;
  node.feature = static_cast<std::int64_t>(random() % 3);
  node.threshold = static_cast<float>(random() % 1000) / 250;
  if (depth > 0) {
    node.yes = grow_complete(nodes, depth - 1, random);
    node.no = grow_complete(nodes, depth - 1, random);
  }
  nodes[static_cast<std::size_t>(at)] = node;
  return at;
}

// Comparisons times leaves are more than 2^24 here; what is built grows with the comparisons.
TEST(Trees, ForestsOfLargeTrees) {
  std::mt19937 random(9);
  std::vector<Nodes> trees(80);
  for (Nodes& tree : trees) grow_complete(tree, 9, random);
  TestModel model;
  model.input("x", {4, 3});
  onnx::NodeProto& node = ml_node(model, "TreeEnsembleRegressor", {"y"});
  set_int(node, "n_targets", 1);
  set_trees(node, trees, "target");
  const FloatTensor x(Shape{4, 3}, {0.1F, 2.3F, 1.7F, 3.9F, 0, 2, 1.1F, 1.2F, 1.3F, 2.5F, 3.5F, 0.5F});
  const FloatTensor y = run(model, x)["y"];
  ASSERT_EQ(y.num_elements(), 4);
  for (std::size_t row = 0; row < 4; ++row) {
    float sum = 0;
    for (const Nodes& tree : trees) sum += leaf_of(tree, &x[row * 3]).weight;
    EXPECT_NEAR(y[row], sum, 1e-3F);
  }
}

TEST(Trees, ClassifiersOfManyClassesAndOfTwo) {
  std::mt19937 random(6);
  const FloatTensor x = grid();
  for (const std::int64_t classes : {3, 2}) {
    const std::vector<Nodes> trees = forest(1, classes == 2 ? 1 : classes, random);  // of two: one score, a margin
    TestModel model;
    model.input("x", {216, 3});
    onnx::NodeProto& node = ml_node(model, "TreeEnsembleClassifier", {"label", "scores"});
    set_trees(node, trees, "class");
    set_list(node, "classlabels_int64s",
             classes == 3 ? std::vector<std::int64_t>{7, 8, 5} : std::vector<std::int64_t>{4, 9});
    TensorMap outputs = run(model, x);
    const FloatTensor scores = outputs["scores"];
    const FloatTensor label = outputs["label"];
    ASSERT_EQ(scores.shape(), (Shape{216, classes}));
    for (std::size_t row = 0; row < 216; ++row) {
      std::vector<float> sums(static_cast<std::size_t>(classes), 0);
      for (const Nodes& tree : trees) {
        const Node& leaf = leaf_of(tree, &x[row * 3]);
        sums[classes == 2 ? 1 : static_cast<std::size_t>(leaf.target)] += leaf.weight;
      }
      if (classes == 2) sums[0] = -sums[1];
      for (std::size_t c = 0; c < sums.size(); ++c) EXPECT_NEAR(scores[row * sums.size() + c], sums[c], 1e-5F);
      const auto best = static_cast<std::size_t>(std::max_element(sums.begin(), sums.end()) - sums.begin());
      const std::vector<float> numbers = classes == 3 ? std::vector<float>{7, 8, 5} : std::vector<float>{4, 9};
      EXPECT_EQ(label[row], numbers[best]);
    }
  }
}

TEST(Trees, SharesOfTwoClassesAddUpToOne) {
  TestModel model;
  model.input("x", {2, 3});
  onnx::NodeProto& node = ml_node(model, "TreeEnsembleClassifier", {"label", "scores"});
  set_trees(node, {{{0, 1, 2, 1, 2, 0, 0}, {6, 0, 0, 0, 0, 0.25F, 0}, {6, 0, 0, 0, 0, 0.75F, 0}}}, "class");
  set_words(node, "classlabels_strings", {"no", "yes"});  // words are positions
  TensorMap outputs = run(model, FloatTensor(Shape{2, 3}, {0, 1, 0, 0, 3, 0}));
  EXPECT_EQ(outputs["scores"], FloatTensor(Shape({2, 2}), {0.75F, 0.25F, 0.25F, 0.75F}));
  EXPECT_EQ(outputs["label"], FloatTensor(Shape{2}, {0, 1}));
}

TEST(Trees, VersionFive) {
  TestModel model;
  model.input("x", {3, 2});
  onnx::NodeProto& node = ml_node(model, "TreeEnsemble", {"y"});
  const auto tensor = [&](const std::string& name, int type, const std::vector<float>& data) {
    onnx::AttributeProto& attribute = *node.add_attribute();
    attribute.set_name(name);
    attribute.set_type(onnx::AttributeProto::TENSOR);
    attribute.mutable_t()->set_data_type(type);
    attribute.mutable_t()->add_dims(static_cast<std::int64_t>(data.size()));
    for (const float value : data)
      if (type == onnx::TensorProto::FLOAT)
        attribute.mutable_t()->add_float_data(value);
      else
        attribute.mutable_t()->add_int32_data(static_cast<int>(value));
  };
  // x0 < 1 ? 10 : (x1 >= 2 ? 20 : 30)
  tensor("nodes_splits", onnx::TensorProto::FLOAT, {1, 2});
  tensor("nodes_modes", onnx::TensorProto::UINT8, {1, 2});
  tensor("leaf_weights", onnx::TensorProto::FLOAT, {10, 20, 30});
  set_list(node, "nodes_featureids", {0, 1});
  set_list(node, "nodes_truenodeids", {0, 1});
  set_list(node, "nodes_trueleafs", {1, 1});
  set_list(node, "nodes_falsenodeids", {1, 2});
  set_list(node, "nodes_falseleafs", {0, 1});
  set_list(node, "leaf_targetids", {0, 0, 0});
  set_list(node, "tree_roots", {0});
  EXPECT_EQ(run(model, FloatTensor(Shape({3, 2}), {0, 5, 1, 2, 1, 1}))["y"], FloatTensor(Shape({3, 1}), {10, 20, 30}));
  node.mutable_attribute(5)->set_ints(1, 1);  // a node that is its own child
  node.mutable_attribute(7)->set_ints(1, 1);
  node.mutable_attribute(4)->set_ints(1, 0);
  node.mutable_attribute(3 + 2)->set_ints(1, 1);
  EXPECT_NE(refusal(model), StatusCode::kInternal);
}

}  // namespace
}  // namespace zkinfer::frontend_onnx
