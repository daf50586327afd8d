// SPDX-License-Identifier: Apache-2.0
// Tree ensembles whose thresholds are numbers of the table, as trees are trained: nothing goes the other way in integers.
#include <array>
#include <cmath>
#include <random>

#include <gtest/gtest.h>

#include "frontend/onnx/importer.h"
#include "frontend/onnx/test_model.h"
#include "passes/legalize.h"
#include "quant/fidelity.h"
#include "quant/quantize.h"

namespace zkinfer::quant {
namespace {

using frontend_onnx::set_attribute;
using frontend_onnx::TestModel;

constexpr std::int64_t kFeatures = 3, kTrees = 12, kRows = 64;

// Trees of three comparisons and four leaves.
TestModel forest(const std::vector<std::string>& branches, const std::vector<float>& rows, std::mt19937& random) {
  std::vector<std::int64_t> trees, nodes, features, yes, no, leaf_trees, leaves;
  std::vector<float> thresholds, weights;
  std::vector<std::string> modes;
  for (std::int64_t tree = 0; tree < kTrees; ++tree) {
    for (std::int64_t node = 0; node < 7; ++node) {
      const auto feature = static_cast<std::int64_t>(random() % kFeatures);
      trees.push_back(tree);
      nodes.push_back(node);
      features.push_back(feature);
      thresholds.push_back(rows[(random() % kRows) * kFeatures + static_cast<std::size_t>(feature)]);
      modes.push_back(node < 3 ? branches[random() % branches.size()] : "LEAF");
      yes.push_back(node < 3 ? 2 * node + 1 : 0);
      no.push_back(node < 3 ? 2 * node + 2 : 0);
      if (node < 3) continue;
      leaf_trees.push_back(tree);
      leaves.push_back(node);
      weights.push_back(static_cast<float>(random() % 100));
    }
  }
  TestModel model(17);
  auto* domain = model.model().add_opset_import();
  domain->set_domain("ai.onnx.ml");
  domain->set_version(3);
  model.input("x", {1, kFeatures}).output("y");
  onnx::NodeProto& made = model.node("TreeEnsembleRegressor", {"x"}, {"y"});
  made.set_domain("ai.onnx.ml");
  set_attribute(made, {"n_targets", std::int64_t{1}});
  set_attribute(made, {"nodes_treeids", trees});
  set_attribute(made, {"nodes_nodeids", nodes});
  set_attribute(made, {"nodes_featureids", features});
  set_attribute(made, {"nodes_values", thresholds});
  auto* list = made.add_attribute();  // of words, which set_attribute does not take
  list->set_name("nodes_modes");
  list->set_type(onnx::AttributeProto::STRINGS);
  for (const std::string& mode : modes) list->add_strings(mode);
  set_attribute(made, {"nodes_truenodeids", yes});
  set_attribute(made, {"nodes_falsenodeids", no});
  set_attribute(made, {"target_treeids", leaf_trees});
  set_attribute(made, {"target_nodeids", leaves});
  set_attribute(made, {"target_ids", std::vector<std::int64_t>(leaves.size())});
  set_attribute(made, {"target_weights", weights});
  return model;
}

std::vector<TensorMap> samples(const std::vector<float>& rows) {
  std::vector<TensorMap> inputs;
  for (std::size_t i = 0; i < rows.size(); i += kFeatures) {
    const auto first = rows.begin() + static_cast<std::ptrdiff_t>(i);
    inputs.emplace_back().emplace("x", FloatTensor(Shape{1, kFeatures}, std::vector<float>(first, first + kFeatures)));
  }
  return inputs;
}

TEST(Trees, RowsThatEqualThresholdsGoTheSameWay) {
  const std::vector<std::string> all = {"BRANCH_LEQ", "BRANCH_LT", "BRANCH_GTE",
                                        "BRANCH_GT",  "BRANCH_EQ", "BRANCH_NEQ"};
  std::vector<std::vector<std::string>> cases = {all};
  for (const std::string& branch : all) cases.push_back({branch});
  std::mt19937 random(11);
  std::uniform_real_distribution<float> uniform(-3.7F, 3.7F);
  for (const auto& branches : cases) {
    SCOPED_TRACE(branches[0] + (branches.size() > 1 ? " and others" : ""));
    std::vector<float> rows(kRows * kFeatures);
    for (float& x : rows) x = uniform(random);
    const Bytes bytes = forest(branches, rows, random).bytes();
    Result<ir::Graph> imported = frontend_onnx::import_onnx(bytes);
    ASSERT_TRUE(imported.ok()) << imported.status().to_string();
    const Result<ir::Graph> graph = passes::legalize(std::move(imported).value());
    ASSERT_TRUE(graph.ok()) << graph.status().to_string();
    const std::vector<TensorMap> inputs = samples(rows);
    const Result<Quantized> quantized = quantize(*graph, inputs);
    ASSERT_TRUE(quantized.ok()) << quantized.status().to_string();
    const Result<Fidelity> report = compare(*graph, quantized->graph, quantized->params, inputs);
    ASSERT_TRUE(report.ok()) << report.status().to_string();
    // A leaf's weight is a whole number.
    EXPECT_LT(report->outputs.at(0).max_abs_error.value(), 0.5);
  }
}

// Columns of different ranges, as tables have them, and the float32 numbers right beside every threshold.
TEST(Trees, NeighboursOfThresholdsGoTheirWay) {
  std::mt19937 random(12);
  for (const double step : {0.0, 0.1}) {
    SCOPED_TRACE(step);
    // What is nearer to 0 than a ten-thousandth of the largest number may have neighbours that no unit tells apart.
    std::uniform_real_distribution<float> uniform(0.1F, 1);
    constexpr std::array<float, kFeatures> kReach = {0.9F, 20.0F, 846.0F};
    std::vector<float> rows(kRows * kFeatures);
    for (std::size_t i = 0; i < rows.size(); ++i) {
      rows[i] = kReach[i % kFeatures] * uniform(random) * (random() % 2 == 0 ? 1.0F : -1.0F);
      if (step > 0) rows[i] = static_cast<float>(std::nearbyint(static_cast<double>(rows[i]) / step) * step);
    }
    std::vector<float> thresholds = rows;
    // Of multiples, thresholds are anywhere between: right below one, too.
    if (step > 0)
      for (float& x : thresholds) x = random() % 2 == 0 ? x : std::nextafter(x, -HUGE_VALF);
    const Bytes bytes =
        forest({"BRANCH_LEQ", "BRANCH_LT", "BRANCH_GT", "BRANCH_GTE", "BRANCH_EQ"}, thresholds, random).bytes();
    Result<ir::Graph> imported = frontend_onnx::import_onnx(bytes);
    ASSERT_TRUE(imported.ok()) << imported.status().to_string();
    const Result<ir::Graph> graph = passes::legalize(std::move(imported).value());
    ASSERT_TRUE(graph.ok()) << graph.status().to_string();
    const Result<Quantized> quantized = quantize(*graph, samples(rows));
    ASSERT_TRUE(quantized.ok()) << quantized.status().to_string();
    std::vector<float> tried = rows;
    if (step == 0) {
      for (const float x : rows) tried.push_back(std::nextafter(x, HUGE_VALF));
      for (const float x : rows) tried.push_back(std::nextafter(x, -HUGE_VALF));
    }
    const Result<Fidelity> report = compare(*graph, quantized->graph, quantized->params, samples(tried));
    ASSERT_TRUE(report.ok()) << report.status().to_string();
    EXPECT_LT(report->outputs.at(0).max_abs_error.value(), 0.5);
  }
}

// Columns that no step divides, so that they are rounded, of numbers with few decimals; thresholds stand on them or right below.
TEST(Trees, RoundedColumnsGoTheWayOfTheirDecimals) {
  std::mt19937 random(13);
  std::uniform_real_distribution<float> uniform(0, 1);
  std::vector<float> rows(kRows * kFeatures);
  for (std::size_t i = 0; i < rows.size(); i += kFeatures) {
    rows[i] = std::nearbyint(90 * uniform(random));
    rows[i + 1] = std::nearbyint(1000 * uniform(random)) / 1000;
    rows[i + 2] = 99999 * uniform(random);
  }
  std::vector<float> thresholds = rows;
  for (std::size_t i = 0; i < thresholds.size(); ++i)
    if (i % kFeatures < 2 && random() % 2 == 0 && thresholds[i] > 0)
      thresholds[i] = std::nextafter(thresholds[i], 0.0F);
  ir::Graph graph;
  const ir::ValueId x = graph.add_input("x", ir::DataType::kFloat, Shape{1, kFeatures});
  std::vector<std::int64_t> order;
  for (std::size_t i = 0; i < thresholds.size(); ++i) order.push_back(static_cast<std::int64_t>(i % kFeatures));
  const auto count = static_cast<std::int64_t>(order.size());
  const ir::ValueId columns =
      *graph.add_node(ir::OpKind::kGather, "columns",
                      {x, graph.add_constant("order", AnyTensor(IntTensor(Shape{count}, order)), ir::DataType::kInt64)},
                      ir::GatherAttributes{1});
  const ir::ValueId limits = graph.add_constant("limits", FloatTensor(Shape{1, count}, thresholds));
  const ir::ValueId bits = *graph.add_node(ir::OpKind::kLess, "bits", {limits, columns});
  const ir::ValueId y = *graph.add_node(ir::OpKind::kCast, "y", {bits}, ir::CastAttributes{ir::DataType::kFloat});
  // What reads the numbers too: the input has the bits of an activation.
  const ir::ValueId sum = *graph.add_node(ir::OpKind::kReduceSum, "sum", {x}, ir::ReduceAttributes{{1}, true});
  graph.outputs = {y, sum};
  const Result<Quantized> quantized = quantize(graph, samples(rows));
  ASSERT_TRUE(quantized.ok()) << quantized.status().to_string();
  const Result<Fidelity> report = compare(graph, quantized->graph, quantized->params, samples(rows));
  ASSERT_TRUE(report.ok()) << report.status().to_string();
  // The third column is rounded before it is compared: a threshold is one of its own numbers.
  EXPECT_EQ(report->outputs.at(0).agreement, 1) << fidelity_text(*report);
}

// Below the roots a threshold is looked up by what was decided above: it has a unit of its own, and beside it the finest gap of the
// roots' thresholds would ask for more bits than a comparison has.
TEST(Trees, ThresholdsThatAreLookedUp) {
  TestModel model(17);
  model.input("x", {1, 2}).output("y");
  model.floats("root", {1}, {0.00099450035F});
  model.floats("below", {2}, {0.56638485F, 0.9866184F});
  model.ints("zero", {0});
  model.ints("one", {1});
  frontend_onnx::set_int(model.node("Gather", {"x", "zero"}, {"first"}), "axis", 1);
  frontend_onnx::set_int(model.node("Gather", {"x", "one"}, {"second"}), "axis", 1);
  model.node("Less", {"first", "root"}, {"left"});
  set_attribute(model.node("Cast", {"left"}, {"at"}), {"to", std::int64_t{onnx::TensorProto::INT64}});
  model.node("Gather", {"below", "at"}, {"threshold"});
  model.node("Less", {"second", "threshold"}, {"again"});
  set_attribute(model.node("Cast", {"again"}, {"y"}), {"to", std::int64_t{onnx::TensorProto::FLOAT}});
  Result<ir::Graph> imported = frontend_onnx::import_onnx(model.bytes());
  ASSERT_TRUE(imported.ok()) << imported.status().to_string();
  const Result<ir::Graph> graph = passes::legalize(std::move(imported).value());
  ASSERT_TRUE(graph.ok()) << graph.status().to_string();
  std::vector<TensorMap> inputs;
  for (const float x : {0.0001F, 0.001F, 0.3F, 0.5F, 0.6F, 0.95F, 0.99F, 1.0F})
    inputs.emplace_back().emplace("x", FloatTensor(Shape{1, 2}, {x, 1 - x}));
  const Result<Quantized> quantized = quantize(*graph, inputs);
  ASSERT_TRUE(quantized.ok()) << quantized.status().to_string();
  EXPECT_EQ(compare(*graph, quantized->graph, quantized->params, inputs)->outputs.at(0).agreement, 1);
}

}  // namespace
}  // namespace zkinfer::quant
