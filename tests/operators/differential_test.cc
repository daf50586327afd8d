// SPDX-License-Identifier: Apache-2.0
// Every operator and attribute variant, in four readings that must agree: the imported ONNX graph in float, the quantized
// graph in integers (within the error bounds that the quantizer states), the relations on the integer values (exactly),
// and a proof with zero knowledge. And the relations must bind: no cell of any computed column can change alone.
#include <algorithm>
#include <cmath>

#include "exec/float/float_executor.h"
#include "frontend/onnx/importer.h"
#include "operators/cases.h"
#include "operators/harness.h"
#include "passes/legalize.h"
#include "quant/fidelity.h"
#include "relations/recipes.h"
#include "verifier/verify.h"

namespace zkinfer::operators {
namespace {

std::vector<Case> all_cases() {
  std::vector<Case> all;
  for (const auto cases :
       {contract_cases(), elementwise_cases(), pool_cases(), reduce_cases(), movement_cases(), composed_cases()}) {
    all.insert(all.end(), cases.begin(), cases.end());
  }
  return all;
}

class Differential : public ::testing::TestWithParam<Case> {
 protected:
  void SetUp() override {
    Draft draft(GetParam().opset);
    for (const std::string& output : GetParam().build(draft)) draft.model().output(output);
    Result<ir::Graph> imported = frontend_onnx::import_onnx(draft.model().bytes());
    ASSERT_TRUE(imported.ok()) << imported.status().to_string();
    imported_ = std::move(*imported);
    Result<ir::Graph> legal = passes::legalize(imported_);
    ASSERT_TRUE(legal.ok()) << legal.status().to_string();
    draw_inputs(16);
    Result<quant::Quantized> quantized = quant::quantize(*legal, inputs_, fixed_options());
    ASSERT_TRUE(quantized.ok()) << quantized.status().to_string() << ir::to_text(*legal);
    quantized_ = std::move(*quantized);
    Result<relations::CompiledCircuit> compiled = relations::compile(graph(), true);
    ASSERT_TRUE(compiled.ok()) << compiled.status().to_string() << qir::to_text(graph());
    compiled_ = std::move(*compiled);
  }

  // Inputs k/255 for integers k are exact as integers, so that errors are the operators' own.
  void draw_inputs(std::size_t count) {
    std::mt19937 random(17);
    inputs_.resize(count);
    for (TensorMap& map : inputs_) {
      for (const ir::ValueId id : imported_.inputs) {
        FloatTensor tensor(imported_.value(id).shape);
        for (float& x : tensor.data()) x = static_cast<float>(static_cast<int>(random() % 256) - 128) / 255.0F;
        map.emplace(imported_.value(id).name, std::move(tensor));
      }
    }
  }
  const qir::QGraph& graph() const { return quantized_.graph; }

  ir::Graph imported_;
  quant::Quantized quantized_;
  relations::CompiledCircuit compiled_;
  std::vector<TensorMap> inputs_;
};

TEST_P(Differential, FloatAgainstInteger) {
  const Result<Fidelity> report = quant::compare(imported_, graph(), quantized_.params, inputs_);
  ASSERT_TRUE(report.ok()) << report.status().to_string();
  if (GetParam().discrete) {
    // Labels that differ from the float ones come from near ties.
    EXPECT_GE(report->cosine().value_or(report->agreement().value_or(0)), 0.97) << fidelity_text(*report);
    return;
  }
  double bound = 1e-5;
  for (const quant::LayerInfo& layer : quantized_.layers) bound += GetParam().slack * layer.error_bound;
  EXPECT_LE(report->max_abs_error().value_or(1 - report->agreement().value_or(0)), bound)
      << quant::report_text(quantized_) << qir::to_text(graph());
  EXPECT_LT(bound, 0.5) << quant::report_text(
      quantized_);  // a bound that is worth stating: outputs are of the order of 1
  EXPECT_GE(report->cosine().value_or(0), 0.99);
}

TEST_P(Differential, RelationsHold) {
  std::mt19937_64 random(5);
  for (int kind = 0; kind < 5; ++kind) {
    expect_complete(graph(), quantized_.params, compiled_, integer_inputs(graph(), kind, random));
    ASSERT_FALSE(HasFailure()) << "input kind " << kind;
  }
}

TEST_P(Differential, RelationsBind) {
  std::mt19937_64 random(6);
  expect_binding(graph(), quantized_.params, compiled_, integer_inputs(graph(), 3, random), 12);
}

TEST_P(Differential, ProvesWithZeroKnowledge) {
  prover::ModelOptions options;
  options.security.pow_bits = 2;  // fast; more queries make up for it
  options.budget = 4;
  Digest seed{};
  seed[0] = 1;
  const Result<prover::CommittedModel> model = prover::commit_model(graph(), quantized_.params, options, seed);
  ASSERT_TRUE(model.ok()) << model.status().to_string();
  std::mt19937_64 random(7);
  prover::ProveRequest request;
  request.inputs = integer_inputs(graph(), 2, random);
  const Result<prover::Proof> proof = prover::prove(*model, request);
  ASSERT_TRUE(proof.ok()) << proof.status().to_string();
  statement::Header header;
  const Verdict verdict = verifier::verify(model->prepared, proof->bytes, &header);
  EXPECT_TRUE(verdict.accepted()) << verdict.to_string();
  const auto witness = exec_integer::run(graph(), quantized_.params, request.inputs);
  ASSERT_TRUE(witness.ok());
  for (std::size_t i = 0; i < graph().outputs.size(); ++i)
    EXPECT_EQ(header.data.values[i], witness->values[graph().outputs[i]]);
}

INSTANTIATE_TEST_SUITE_P(Operators, Differential, ::testing::ValuesIn(all_cases()),
                         [](const auto& tested) { return std::string(tested.param.name); });

// What has no integer form is refused with the node and the reason, by the front end or by the quantizer.
TEST(Refused, WithTheNodeAndTheReason) {
  const std::pair<std::string, std::vector<std::string> (*)(Draft&)> refused[] = {
      {"NonZero",
       [](Draft& d) -> std::vector<std::string> {
         return {d.op("NonZero", {d.x({3, 3})})};
       }},
      {"Pad",
       [](Draft& d) -> std::vector<std::string> {
         return {d.op("Pad", {d.x({2, 3}), d.ints({1, 1, 0, 1}), d.number(-INFINITY)})};
       }},
  };
  for (const auto& [name, build] : refused) {
    Draft draft;
    for (const std::string& output : build(draft)) draft.model().output(output);
    Status status;
    Result<ir::Graph> graph = frontend_onnx::import_onnx(draft.model().bytes());
    if (graph.ok()) graph = passes::legalize(std::move(*graph));
    if (!graph.ok()) {
      status = graph.status();
    } else {
      TensorMap input;
      input.emplace("x0", FloatTensor(graph->value(graph->inputs[0]).shape));
      status = quant::quantize(*graph, std::vector<TensorMap>{input}, fixed_options()).status();
    }
    EXPECT_EQ(status.code(), StatusCode::kUnsupported) << name << ": " << status.to_string();
    EXPECT_NE(status.to_string().find(name), std::string::npos) << status.to_string();
  }
}

}  // namespace
}  // namespace zkinfer::operators
