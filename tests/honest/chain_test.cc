// SPDX-License-Identifier: Apache-2.0
// Chains of models: from ONNX files whose integers are made to agree, to linked proofs.
#include <gtest/gtest.h>

#include "base/files.h"
#include "operators/draft.h"
#include "slots/test_folder.h"
#include "support/owner.h"

namespace zkinfer::data_test {
namespace {

std::vector<RealInputs> samples(const TensorInfo& info, std::size_t count, float lo, float hi) {
  std::mt19937 random(11);
  std::vector<RealInputs> out(count);
  for (RealInputs& inputs : out) {
    RealTensor& tensor = inputs.emplace_back();
    tensor.shape = info.shape;
    for (std::uint64_t i = 0; i < info.num_elements(); ++i)
      tensor.data.push_back(std::uniform_real_distribution<float>(lo, hi)(random));
  }
  return out;
}

std::string example(const std::string& name) { return std::string(ZKINFER_SOURCE_DIR) + "/examples/chain/" + name; }

// The first model, and the second one made for its output or by itself.
struct Chain {
  Owner first, second;

  static Model compile_first() {
    const std::vector<TensorInfo> inputs = must(network_inputs(example("features.onnx")));
    return must(compile_network(example("features.onnx"), samples(inputs[0], 40, 0, 8)));
  }
  static Model compile_second(const Model& first, bool agree) {
    const std::vector<TensorInfo> inputs = must(network_inputs(example("head.onnx")));
    CompileOptions options;
    if (agree) options.input_formats = {{"", first.outputs()[0].format}};
    return must(compile_network(example("head.onnx"), samples(inputs[0], 40, -1, 1), options));
  }
  explicit Chain(const TensorPolicy& between, bool agree = true, const TensorPolicy& inputs = kPrivate)
      : first(compile_first(), options_with(inputs, between)),
        second(compile_second(first.model, agree), options_with(between, kPublic)) {}
};

TEST(Chain, OnnxModelsThroughEveryKindOfLink) {
  for (const TensorPolicy& between : {kCommitted, kPublic, TensorPolicy{Exposure::kPublic, TensorHash::kKeccak256},
                                      TensorPolicy{Exposure::kPrivate, TensorHash::kSha256},
                                      TensorPolicy{Exposure::kCommitted, TensorHash::kSha256}}) {
    Chain chain(between);
    EXPECT_EQ(chain.second.model.inputs()[0].format, chain.first.model.outputs()[0].format);
    ProofResult first = must(chain.first.prover.prove(samples(chain.first.model.inputs()[0], 1, 0, 8)[0]));
    ProveRequest request;
    if (between.is_committed())
      request.committed_inputs = {&first.committed_outputs[0]};
    else
      request.integers = first.outputs;
    const ProofResult second = must(chain.second.prover.prove(request));
    EXPECT_EQ(second.inputs, first.outputs) << "exactly what the first model gave";
    std::vector<ChainStep> steps = {{&chain.first.key, first.proof, first.statement, 0, 0},
                                    {&chain.second.key, second.proof, second.statement, 0, 0}};
    const ChainResult result = verify_chain(steps);
    EXPECT_TRUE(result.verdict.accepted()) << result.verdict.to_string();
    ASSERT_EQ(result.steps.size(), 2u);
    EXPECT_EQ(result.steps[1].outputs[0].integers, second.outputs[0]);
    // Another inference of the first model: right by itself, but not what the second one took.
    const ProofResult other = must(chain.first.prover.prove(samples(chain.first.model.inputs()[0], 2, 0, 8)[1]));
    ASSERT_NE(other.outputs, first.outputs);
    steps[0] = {&chain.first.key, other.proof, other.statement, 0, 0};
    const ChainResult broken = verify_chain(steps);
    EXPECT_EQ(broken.verdict.reason, RejectReason::kLink) << broken.verdict.to_string();
    EXPECT_EQ(broken.step, 1u);
    EXPECT_TRUE(broken.steps.empty());
  }
}

// A first model that ends without an activation gives exact sums of many bits; the second one rounds them itself, in the proof.
TEST(Chain, AfterExactSums) {
  const TestFolder folder;
  const auto write = [&](const std::string& name, bool relu) {
    operators::Draft draft;
    const std::string x = draft.x({1, 24});
    const std::string y = draft.op("MatMul", {x, draft.w({24, 24}, 0.4)});
    draft.model().output(relu ? draft.op("Relu", {y}) : y);
    ZKI_CHECK(write_file(folder.file(name), draft.model().bytes()).ok(), "a test writes its model");
    return folder.file(name);
  };
  const std::string first_path = write("first.onnx", false), second_path = write("second.onnx", true);
  const TensorInfo input = must(network_inputs(first_path))[0];
  const Model first_model = must(compile_network(first_path, samples(input, 40, -1, 1)));
  const TensorInfo sums = first_model.outputs()[0];
  ASSERT_GT(sums.format.hi - sums.format.lo, std::int64_t{1} << 16) << "wider than any input that is used as it is";
  CompileOptions options;
  options.input_formats = {{"", sums.format}};
  std::vector<RealInputs> between;
  for (const RealInputs& inputs : samples(input, 40, -1, 1))
    between.push_back(first_model.to_real_outputs(must(first_model.run(inputs)).outputs));
  Owner first(first_model, options_with(kPrivate, kCommitted));
  Owner second(must(compile_network(second_path, between, options)), options_with(kCommitted, kPublic));
  EXPECT_EQ(second.model.inputs()[0].format, sums.format);
  const ProofResult before = must(first.prover.prove(samples(input, 1, -1, 1)[0]));
  ProveRequest request;
  request.committed_inputs = {&before.committed_outputs[0]};
  const auto after = second.prover.prove(request);
  ASSERT_TRUE(after.ok()) << after.status().to_string();
  const std::vector<ChainStep> steps = {{&first.key, before.proof, VerifyRequest::uncertified(), 0, 0},
                                        {&second.key, after->proof, VerifyRequest::uncertified(), 0, 0}};
  const ChainResult result = verify_chain(steps);
  EXPECT_TRUE(result.verdict.accepted()) << result.verdict.to_string();
}

// The second model compiled by itself counts in other units.
TEST(Chain, ModelsThatWereNotMadeForEachOther) {
  Chain chain(kCommitted, false);
  const ProofResult first = must(chain.first.prover.prove(samples(chain.first.model.inputs()[0], 1, 0, 8)[0]));
  ProveRequest request;
  request.committed_inputs = {&first.committed_outputs[0]};
  const auto refused = chain.second.prover.prove(request);
  ASSERT_FALSE(refused.ok());
  EXPECT_NE(refused.status().message().find("input_formats"), std::string::npos) << refused.status().message();
  // A prover that gives the same integers another meaning makes a good proof; the link is not.
  std::vector<std::int64_t> integers = first.outputs[0];
  const TensorFormat format = chain.second.model.inputs()[0].format;
  for (std::int64_t& x : integers) x = std::clamp(x, format.lo, format.hi);
  const CommittedTensor forged = must(CommittedTensor::create(chain.second.key, 0, integers));
  request.committed_inputs = {&forged};
  const ProofResult second = must(chain.second.prover.prove(request));
  const std::vector<ChainStep> steps = {{&chain.first.key, first.proof, VerifyRequest::uncertified(), 0, 0},
                                        {&chain.second.key, second.proof, VerifyRequest::uncertified(), 0, 0}};
  const Verdict verdict = verify_chain(steps).verdict;
  EXPECT_EQ(verdict.reason, RejectReason::kLink);
  EXPECT_NE(verdict.where.find("mean different things"), std::string::npos) << verdict.to_string();
}

TEST(Chain, InputsOfTheWholeChainAndTheirOrder) {
  Chain chain(kCommitted, true, kCommitted);
  const RealInputs reals = samples(chain.first.model.inputs()[0], 1, 0, 8)[0];
  const CommittedTensor flower = must(CommittedTensor::create(chain.first.key, 0, reals[0]));
  ProveRequest request;
  request.committed_inputs = {&flower};
  const ProofResult first = must(chain.first.prover.prove(request));
  request.committed_inputs = {&first.committed_outputs[0]};
  const ProofResult second = must(chain.second.prover.prove(request));
  std::vector<ChainStep> steps = {{&chain.first.key, first.proof, VerifyRequest::uncertified(), 0, 0},
                                  {&chain.second.key, second.proof, VerifyRequest::uncertified(), 0, 0}};
  KnownTensor known;
  known.commitment = flower.commitment();
  steps[0].request.inputs = {known};
  EXPECT_TRUE(verify_chain(steps).verdict.accepted());
  known.commitment = first.committed_outputs[0].commitment();
  steps[0].request.inputs = {known};
  EXPECT_EQ(verify_chain(steps).verdict.reason, RejectReason::kWrongStatement);
  steps[0].request.inputs.clear();
  std::swap(steps[0], steps[1]);
  EXPECT_EQ(verify_chain(steps).verdict.reason, RejectReason::kLink);
  std::swap(steps[0].proof, steps[1].proof);
  EXPECT_EQ(verify_chain(steps).verdict.reason, RejectReason::kWrongStatement) << "proofs under each other's keys";
  EXPECT_FALSE(verify_chain({}).verdict.accepted());
  steps[0] = {&chain.first.key, first.proof, VerifyRequest::uncertified(), 1, 0};
  steps[1] = {&chain.second.key, second.proof, VerifyRequest::uncertified(), 0, 0};
  EXPECT_EQ(verify_chain(steps).verdict.reason, RejectReason::kLink) << "an output that is not there";
  steps[0].output = 0;
  steps[1].input = 7;
  EXPECT_EQ(verify_chain(steps).verdict.reason, RejectReason::kLink);
}

// Of a model with two outputs, the second goes on.
TEST(Chain, ChosenOutputsAndInputs) {
  Owner first(two_by_two_graph(), kPrivate, kCommitted);
  Owner second(layer_graph(4, 3, -64, 63), kCommitted, kPublic);
  ProveRequest request;
  request.integers = first.draw(5);
  const ProofResult before = must(first.prover.prove(request));
  ProveRequest following;
  following.committed_inputs = {&before.committed_outputs[1]};
  const auto result = second.prover.prove(following);
  ASSERT_TRUE(result.ok()) << result.status().to_string();
  std::vector<ChainStep> steps = {{&first.key, before.proof, VerifyRequest::uncertified(), 1, 0},
                                  {&second.key, result->proof, VerifyRequest::uncertified(), 0, 0}};
  EXPECT_TRUE(verify_chain(steps).verdict.accepted());
  steps[0].output = 0;
  EXPECT_EQ(verify_chain(steps).verdict.reason, RejectReason::kLink);
}

TEST(Chain, CompileRefusesFormatsOfInputsThatAreNotThere) {
  const std::vector<TensorInfo> inputs = must(network_inputs(example("head.onnx")));
  const std::vector<RealInputs> calibration = samples(inputs[0], 10, -1, 1);
  const auto compile = [&](std::vector<std::pair<std::string, TensorFormat>> formats) {
    CompileOptions options;
    options.input_formats = std::move(formats);
    return compile_network(example("head.onnx"), calibration, options).status();
  };
  const TensorFormat good = {-128, 127, 1, -7};
  EXPECT_TRUE(compile({{"features", good}}).ok());
  EXPECT_NE(compile({{"flower", good}}).message().find("'features'"), std::string::npos);
  EXPECT_NE(compile({{"features", good}, {"", good}}).message().find("twice"), std::string::npos);
  EXPECT_FALSE(compile({{"", {-128, 127, 1, 40}}}).ok());
}

}  // namespace
}  // namespace zkinfer::data_test
