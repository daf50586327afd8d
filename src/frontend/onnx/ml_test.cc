// SPDX-License-Identifier: Apache-2.0
// The operators of ai.onnx.ml but trees (ml_trees_test.cc) against their definitions, written out in the test.
#include <gtest/gtest.h>

#include <cmath>

#include "frontend/onnx/test_ml.h"

namespace zkinfer::frontend_onnx {
namespace {

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
