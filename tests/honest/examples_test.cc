// SPDX-License-Identifier: Apache-2.0
// Every example at the defaults of the library: its commitment has a certificate and a rotation that verify, and so has the
// commitment that the rotation leads to. Weights come from the ONNX files; calibration is noise, which no range minds.
#include <gtest/gtest.h>

#include <algorithm>
#include <random>

#include "zkinfer/compile.h"
#include "zkinfer/prove.h"
#include "zkinfer/verify.h"

namespace zkinfer {
namespace {

RealInputs noise(const std::vector<TensorInfo>& infos, std::uint64_t seed) {
  std::mt19937 engine(static_cast<std::uint32_t>(seed));
  std::uniform_real_distribution<float> uniform(0.0F, 1.0F);
  RealInputs inputs;
  for (const TensorInfo& info : infos) {
    RealTensor tensor;
    tensor.shape = info.shape;
    std::size_t count = 1;
    for (const std::int64_t dim : info.shape) count *= static_cast<std::size_t>(dim);
    for (std::size_t i = 0; i < count; ++i) tensor.data.push_back(uniform(engine));
    inputs.push_back(std::move(tensor));
  }
  return inputs;
}

Result<Model> compile_example(const std::string& name) {
  const std::string path = std::string(ZKINFER_SOURCE_DIR) + "/examples/" + name;
  ZKI_ASSIGN_OR_RETURN(const std::vector<TensorInfo> inputs, network_inputs(path));
  std::vector<RealInputs> calibration;
  for (std::uint64_t seed = 1; seed <= 8; ++seed) calibration.push_back(noise(inputs, seed));
  return compile_network(path, calibration);
}

VerificationKey key_of(const Prover& prover) { return VerificationKey::from_bytes(prover.verification_key()).value(); }

class Examples : public ::testing::TestWithParam<const char*> {};

TEST_P(Examples, DefaultsHaveCertificateAndRotation) {
  const Result<Model> model = compile_example(GetParam());
  ASSERT_TRUE(model.ok()) << model.status().to_string();
  Result<Prover> prover = Prover::create(*model);
  ASSERT_TRUE(prover.ok()) << prover.status().to_string();
  for (int generation = 0; generation < 2; ++generation) {
    const VerificationKey key = key_of(*prover);
    EXPECT_EQ(key.info().model_budget, key.info().num_parameters < (1 << 18) ? 256u : 1024u);
    const Result<Bytes> certificate = prover->certify();
    ASSERT_TRUE(certificate.ok()) << certificate.status().to_string();
    EXPECT_EQ(verify_certificate(key, *certificate).to_string(), "accepted");
    const Result<ProofResult> proof = prover->prove(noise(model->inputs(), 99));
    ASSERT_TRUE(proof.ok()) << proof.status().to_string();
    EXPECT_EQ(verify(key, proof->proof, proof->statement).verdict.to_string(), "accepted");
    Result<Prover> fresh = Prover::create(*model, prover->options());
    ASSERT_TRUE(fresh.ok()) << fresh.status().to_string();
    const Result<Bytes> rotation = prover->rotate(*fresh);
    ASSERT_TRUE(rotation.ok()) << rotation.status().to_string();
    EXPECT_EQ(verify_rotation(key, key_of(*fresh), *rotation).to_string(), "accepted");
    std::printf("%s: proof %zu KiB, certificate %zu KiB, rotation %zu KiB\n", GetParam(), proof->proof.size() / 1024,
                certificate->size() / 1024, rotation->size() / 1024);
    prover = std::move(fresh);
  }
}

// The price of the budget, and what a refusal says.
TEST_P(Examples, BudgetsHaveAPriceAndALimit) {
  const Result<Model> model = compile_example(GetParam());
  ASSERT_TRUE(model.ok()) << model.status().to_string();
  CommitOptions options;
  options.budget = 1000;
  const Result<Prover> prover = Prover::create(*model, options);
  ASSERT_TRUE(prover.ok()) << prover.status().to_string();
  const BudgetPrice price = prover->price();
  const Result<BudgetPrice> usual = prover->default_price();
  ASSERT_TRUE(usual.ok()) << usual.status().to_string();
  EXPECT_EQ(price.budget, 1000u);
  EXPECT_EQ(usual->budget, 256u);
  EXPECT_GT(price.opening_bytes, usual->opening_bytes);
  EXPECT_GE(price.code_word_bytes, usual->code_word_bytes);
  options.budget = 1'000'000;
  const Result<Prover> refused = Prover::create(*model, options);
  ASSERT_EQ(refused.status().code(), StatusCode::kResourceLimit) << refused.status().to_string();
  const std::string& message = refused.status().message();
  EXPECT_NE(message.find("rotation leads to the next commitment"), std::string::npos) << message;
  const std::size_t at = message.find("a budget of ", message.find(';'));
  ASSERT_NE(at, std::string::npos) << message;
  EXPECT_GE(std::stoull(message.substr(at + 12)), 10'000u) << message;
}

INSTANTIATE_TEST_SUITE_P(Onnx, Examples,
                         ::testing::Values("digits/digits.onnx", "mlp/mlp.onnx", "chain/features.onnx",
                                           "chain/head.onnx"));

}  // namespace
}  // namespace zkinfer
