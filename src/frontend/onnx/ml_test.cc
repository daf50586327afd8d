// SPDX-License-Identifier: Apache-2.0
// The operators of ai.onnx.ml against their definitions, written out in the test.
#include <gtest/gtest.h>

#include <cmath>
#include <random>

#include "exec/float/float_executor.h"
#include "frontend/onnx/importer.h"
#include "frontend/onnx/test_model.h"
#include "passes/legalize.h"

namespace zkinfer::frontend_onnx {
namespace {

void set_floats(onnx::NodeProto& node, const std::string& name, const std::vector<float>& list) {
  onnx::AttributeProto& attribute = *node.add_attribute();
  attribute.set_name(name);
  attribute.set_type(onnx::AttributeProto::FLOATS);
  for (const float x : list) attribute.add_floats(x);
}

void set_list(onnx::NodeProto& node, const std::string& name, const std::vector<std::int64_t>& list) {
  set_ints(node, name, {});
  for (const std::int64_t x : list) node.mutable_attribute(node.attribute_size() - 1)->add_ints(x);
}

void set_words(onnx::NodeProto& node, const std::string& name, const std::vector<std::string>& list) {
  onnx::AttributeProto& attribute = *node.add_attribute();
  attribute.set_name(name);
  attribute.set_type(onnx::AttributeProto::STRINGS);
  for (const std::string& word : list) attribute.add_strings(word);
}

onnx::NodeProto& ml_node(TestModel& model, const std::string& op, std::initializer_list<std::string> outputs) {
  onnx::NodeProto& node = model.node(op, {"x"}, outputs);
  node.set_domain("ai.onnx.ml");
  for (const std::string& output : outputs) model.output(output);
  return node;
}

TensorMap run(const TestModel& model, const FloatTensor& x) {
  Result<ir::Graph> graph = import_onnx(model.bytes());
  EXPECT_TRUE(graph.ok()) << (graph.ok() ? std::string() : graph.status().to_string());
  if (!graph.ok()) return {};
  const TensorMap outputs = exec_float::run_float(*graph, {{"x", x}}).value();
  const Result<ir::Graph> legal = passes::legalize(std::move(*graph));
  EXPECT_TRUE(legal.ok());
  if (!legal.ok()) return {};
  const TensorMap again = exec_float::run_float(*legal, {{"x", x}}).value();
  for (const auto& [name, tensor] : outputs)
    for (std::size_t i = 0; i < tensor.data().size(); ++i) EXPECT_NEAR(again.at(name)[i], tensor[i], 1e-5F) << name;
  return outputs;
}

StatusCode refusal(const TestModel& model) { return import_onnx(model.bytes()).status().code(); }

// ---- Trees.

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
      if (from.mode < kModes.size()) continue;
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
      float low = INFINITY;
      float high = -INFINITY;
      for (const Nodes& tree : trees) {
        const Node& leaf = leaf_of(tree, &x[row * 3]);
        sums[static_cast<std::size_t>(leaf.target)] += leaf.weight;
        low = std::min(low, leaf.weight);
        high = std::max(high, leaf.weight);
      }
      for (std::size_t t = 0; t < targets; ++t) {
        const float base = t == 0 ? 1.0F : -2.0F;
        const float expected = aggregate == "MIN"   ? low
                               : aggregate == "MAX" ? high
                                                    : sums[t] / (aggregate == "SUM" ? 1.0F : 4.0F) + base;
        EXPECT_NEAR(y[row * targets + t], expected, 1e-5F) << aggregate << " row " << row;
      }
    }
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

// ---- The rest.

TEST(MlOperators, Preprocessing) {
  const FloatTensor x(Shape{2, 2}, {3, -4, 0, 0});
  const auto one = [&](const std::string& op, auto fill) {
    TestModel model;
    model.input("x", {2, 2});
    fill(ml_node(model, op, {"y"}));
    return run(model, x)["y"];
  };
  using N = onnx::NodeProto&;
  EXPECT_EQ(one("Scaler",
                [](N n) {
                  set_floats(n, "offset", {1, 2}), set_floats(n, "scale", {2});
                }),
            FloatTensor(Shape({2, 2}), {4, -12, -2, -4}));
  EXPECT_EQ(one("Normalizer", [](N n) { set_string(n, "norm", "L2"); }),
            FloatTensor(Shape({2, 2}), {0.6F, -0.8F, 0, 0}));
  EXPECT_EQ(one("Normalizer", [](N n) { set_string(n, "norm", "MAX"); }),
            FloatTensor(Shape({2, 2}), {1, -4.0F / 3, 0, 0}));
  EXPECT_EQ(one("Binarizer", [](N n) { set_float(n, "threshold", 0); }), FloatTensor(Shape({2, 2}), {1, 0, 0, 0}));
  EXPECT_EQ(one("Imputer",
                [](N n) {
                  set_floats(n, "imputed_value_floats", {7, 8}), set_float(n, "replaced_value_float", 0);
                }),
            FloatTensor(Shape({2, 2}), {3, -4, 7, 8}));
  EXPECT_EQ(one("OneHotEncoder",
                [](N n) {
                  set_list(n, "cats_int64s", {0, 3});
                }),
            FloatTensor(Shape({2, 2, 2}), {0, 1, 0, 0, 1, 0, 1, 0}));
  EXPECT_EQ(one("LabelEncoder",
                [](N n) {
                  set_floats(n, "keys_floats", {3, 0}), set_floats(n, "values_floats", {10, 20}),
                      set_float(n, "default_float", 5);
                }),
            FloatTensor(Shape({2, 2}), {10, 5, 20, 20}));
  EXPECT_EQ(one("FeatureVectorizer", [](N n) { set_list(n, "inputdimensions", {1}); }),
            FloatTensor(Shape({2, 1}), {3, 0}));
  EXPECT_EQ(one("ZipMap", [](N n) { set_list(n, "classlabels_int64s", {0, 1}); }), x);
}

TEST(MlOperators, ArrayFeatureExtractor) {
  TestModel model;
  model.input("x", {2, 3}).output("y").ints("i", {2, 0});
  model.node("ArrayFeatureExtractor", {"x", "i"}, {"y"}).set_domain("ai.onnx.ml");
  EXPECT_EQ(run(model, FloatTensor(Shape{2, 3}, {1, 2, 3, 4, 5, 6}))["y"], FloatTensor(Shape({2, 2}), {3, 1, 6, 4}));
}

TEST(MlOperators, LinearModels) {
  const FloatTensor x(Shape{2, 2}, {1, 2, 3, -4});
  TestModel regressor;
  regressor.input("x", {2, 2});
  onnx::NodeProto& regression = ml_node(regressor, "LinearRegressor", {"y"});
  set_floats(regression, "coefficients", {1, 10, 2, 20});
  set_floats(regression, "intercepts", {0.5F, -0.5F});
  set_int(regression, "targets", 2);
  EXPECT_EQ(run(regressor, x)["y"], FloatTensor(Shape({2, 2}), {21.5F, 41.5F, -36.5F, -74.5F}));

  TestModel classifier;
  classifier.input("x", {2, 2});
  onnx::NodeProto& classes = ml_node(classifier, "LinearClassifier", {"label", "scores"});
  set_floats(classes, "coefficients", {1, 0, 0, 1, -1, -1});
  set_floats(classes, "intercepts", {0, 0, 0});
  set_list(classes, "classlabels_ints", {0, 1, 2});
  set_string(classes, "post_transform", "SOFTMAX");
  TensorMap outputs = run(classifier, x);
  EXPECT_EQ(outputs["label"], FloatTensor(Shape{2}, {1, 0}));
  const float sum = std::exp(1.0F) + std::exp(2.0F) + std::exp(-3.0F);
  EXPECT_NEAR(outputs["scores"][1], std::exp(2.0F) / sum, 1e-6F);
}

TEST(MlOperators, SupportVectors) {
  const FloatTensor x(Shape{2, 2}, {1, 2, 0, -1});
  const auto kernel = [](const std::string& type, const float* a, const float* b) {
    const float dot = a[0] * b[0] + a[1] * b[1];
    const float square = (a[0] - b[0]) * (a[0] - b[0]) + (a[1] - b[1]) * (a[1] - b[1]);
    if (type == "LINEAR") return dot;
    if (type == "POLY") return std::pow(0.5F * dot + 1, 3.0F);
    return type == "RBF" ? std::exp(-0.5F * square) : std::tanh(0.5F * dot + 1);
  };
  const std::vector<float> vectors{1, 0, 0, 1, -1, 1};
  for (const std::string type : {"LINEAR", "POLY", "RBF", "SIGMOID"}) {
    TestModel model;
    model.input("x", {2, 2});
    onnx::NodeProto& node = ml_node(model, "SVMRegressor", {"y"});
    set_string(node, "kernel_type", type);
    set_floats(node, "kernel_params", {0.5F, 1, 3});
    set_floats(node, "support_vectors", vectors);
    set_floats(node, "coefficients", {1, -2, 3});
    set_floats(node, "rho", {0.25F});
    set_int(node, "n_supports", 3);
    const FloatTensor y = run(model, x)["y"];
    for (std::size_t row = 0; row < 2; ++row) {
      float expected = 0.25F;
      const std::array coefficients{1.0F, -2.0F, 3.0F};
      for (std::size_t v = 0; v < 3; ++v) expected += coefficients[v] * kernel(type, &x[2 * row], &vectors[2 * v]);
      EXPECT_NEAR(y[row], expected, 1e-4F) << type;
    }
  }
  // Three classes of one vector each: pair (i, j) scores x * (a_ij v_i + a_ji v_j) + rho.
  TestModel model;
  model.input("x", {2, 2});
  onnx::NodeProto& node = ml_node(model, "SVMClassifier", {"label", "scores"});
  set_floats(node, "support_vectors", vectors);
  set_floats(node, "coefficients", {1, 2, 3, 4, 5, 6});
  set_floats(node, "rho", {0, 0.5F, -20});
  set_list(node, "vectors_per_class", {1, 1, 1});
  set_list(node, "classlabels_ints", {0, 1, 2});
  TensorMap outputs = run(model, x);
  // Products of x with the vectors: 1, 2, 1 and 0, -1, -1.
  EXPECT_EQ(outputs["scores"], FloatTensor(Shape({2, 3}), {5, 7.5F, -4, -2, -2.5F, -31}));
  EXPECT_EQ(outputs["label"], FloatTensor(Shape{2}, {0, 2}));
}

// The least of sum over pairs of (r(j, i) p(i) - r(i, j) p(j))^2 with p summing to one, by elimination.
std::vector<double> least_squares_shares(const std::vector<std::vector<double>>& r) {
  const std::size_t n = r.size();
  std::vector<std::vector<double>> rows(n + 1, std::vector<double>(n + 2, 0));
  for (std::size_t i = 0; i < n; ++i) {
    for (std::size_t j = 0; j < n; ++j) {
      if (i == j) continue;
      rows[i][i] += r[j][i] * r[j][i];
      rows[i][j] = -r[j][i] * r[i][j];
    }
    rows[i][n] = rows[n][i] = 1;
  }
  rows[n][n + 1] = 1;
  for (std::size_t c = 0; c <= n; ++c) {
    std::size_t best = c;
    for (std::size_t i = c; i <= n; ++i)
      if (std::abs(rows[i][c]) > std::abs(rows[best][c])) best = i;
    std::swap(rows[c], rows[best]);
    for (std::size_t i = 0; i <= n; ++i) {
      if (i == c) continue;
      const double factor = rows[i][c] / rows[c][c];
      for (std::size_t k = c; k < n + 2; ++k) rows[i][k] -= factor * rows[c][k];
    }
  }
  std::vector<double> p(n);
  for (std::size_t i = 0; i < n; ++i) p[i] = rows[i][n + 1] / rows[i][i];
  return p;
}

TEST(MlOperators, SharesOfSupportVectorsOfSeveralClasses) {
  std::mt19937 random(12);
  std::normal_distribution<float> normal;
  const auto numbers = [&](std::size_t count) {
    std::vector<float> list(count);
    for (float& x : list) x = normal(random);
    return list;
  };
  for (const std::size_t classes : {2U, 3U, 4U, 5U}) {
    const std::size_t pairs = classes * (classes - 1) / 2;
    TestModel model, with_shares;
    const std::vector<float> vectors = numbers(2 * classes), coefficients = numbers((classes - 1) * classes),
                             rho = numbers(pairs), prob_a = numbers(pairs), prob_b = numbers(pairs);
    for (TestModel* each : {&model, &with_shares}) {
      each->input("x", {20, 2});
      onnx::NodeProto& node = ml_node(*each, "SVMClassifier", {"label", "scores"});
      set_floats(node, "support_vectors", vectors);
      set_floats(node, "coefficients", coefficients);
      set_floats(node, "rho", rho);
      set_list(node, "vectors_per_class", std::vector<std::int64_t>(classes, 1));
      std::vector<std::int64_t> labels(classes);
      for (std::size_t c = 0; c < classes; ++c) labels[c] = static_cast<std::int64_t>(c);
      set_list(node, "classlabels_ints", labels);
      if (each == &model) continue;
      set_floats(node, "prob_a", prob_a);
      set_floats(node, "prob_b", prob_b);
    }
    if (classes == 5) {
      EXPECT_NE(import_onnx(with_shares.bytes()).status().message().find("probability=False"), std::string::npos);
      continue;
    }
    const FloatTensor x(Shape{20, 2}, numbers(40));
    TensorMap without = run(model, x), with = run(with_shares, x);
    const FloatTensor& shares = with["scores"];
    ASSERT_EQ(shares.shape(), (Shape{20, static_cast<std::int64_t>(classes)}));
    if (classes > 2) EXPECT_EQ(with["label"], without["label"]) << "votes decide";
    for (std::size_t row = 0; row < 20; ++row) {
      std::vector<std::vector<double>> r(classes, std::vector<double>(classes, 0));
      for (std::size_t i = 0, pair = 0; i < classes; ++i)
        for (std::size_t j = i + 1; j < classes; ++j, ++pair) {
          // Of two classes the model without shares gives both signs, the second first.
          const float score = without["scores"][classes == 2 ? row * 2 + 1 : row * pairs + pair];
          r[i][j] = 1 / (1 + std::exp(static_cast<double>(prob_a[pair] * score + prob_b[pair])));
          r[j][i] = 1 - r[i][j];
        }
      const std::vector<double> expected = least_squares_shares(r);
      for (std::size_t c = 0; c < classes; ++c)
        EXPECT_NEAR(shares[row * classes + c], expected[c], 1e-4) << classes << " classes, row " << row;
    }
  }
}

}  // namespace
}  // namespace zkinfer::frontend_onnx
