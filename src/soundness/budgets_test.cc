// SPDX-License-Identifier: Apache-2.0
// A model of any size has parameters for its proofs, its certificate and its rotation, all of them sound by a second
// computation (test_recheck.h) too.
#include <gtest/gtest.h>

#include <chrono>
#include <cmath>

#include "soundness/analyze.h"
#include "soundness/caps.h"
#include "soundness/largest_budget.h"
#include "soundness/proof_size.h"
#include "soundness/prover_work.h"
#include "soundness/report_text.h"
#include "soundness/tensor_oracle.h"
#include "soundness/test_recheck.h"
#include "soundness/test_requests.h"

namespace zkinfer::soundness {
namespace {

using pcs::OpeningParams;

OuterShape shape_of(int log_leaves) {
  OuterShape shape;
  shape.log_leaves = static_cast<std::uint32_t>(log_leaves);
  shape.max_tuple_width = 2;
  shape.num_relations = 50;
  shape.batched_rounds = static_cast<std::uint32_t>(log_leaves) + 2;
  shape.num_triples = 3 * shape.log_leaves + 100;
  shape.log_triple_rows = 9;
  shape.num_functionals = 4096;
  return shape;
}

ParamRequest proof_request(std::uint64_t weights, std::uint64_t budget, const Security& security = {}) {
  ParamRequest request;
  request.security = security;
  set_price(request, Profile::kBalanced);
  const int log_weights = static_cast<int>(std::bit_width(weights));
  // Activations: small models have more of them than weights, large ones fewer.
  const int log_witness = std::clamp(log_weights / 2 + 8, 13, 24);
  set_witness(request, std::uint64_t{1} << log_witness, std::max(0, log_witness - 11));
  set_model(request, weights, std::max(0, log_weights - 11));
  request.model_budget = budget;
  request.shape = shape_of(log_witness + 1);
  return request;
}

// The witness of a proof about a key holds pads, and a certificate's the multiplicities of a small table.
ParamRequest key_proof_request(const ParamRequest& proofs, const OpeningParams& params, bool rotation) {
  ParamRequest request = proofs;
  request.fixed_model = params.model;
  set_witness(request, rotation ? 900 : 2'000);
  request.shape = shape_of(rotation ? 1 : static_cast<int>(std::bit_width(proofs.model_elements)) + 1);
  request.shape.num_relations = 0;
  if (rotation) request.data = {{params.model, params.model_budget}};
  return request;
}

void expect_sound(const OpeningParams& params, const OuterShape& shape, const std::string& what) {
  SCOPED_TRACE(what);
  ASSERT_TRUE(params.validate().ok()) << params.validate().message();
  const SoundnessReport report = analyze(params, shape);
  EXPECT_TRUE(report.meets_target()) << report_text(params, shape);
  EXPECT_TRUE(report.hides_enough()) << report_text(params, shape);
  EXPECT_GE(recheck::bits(params, shape), static_cast<long double>(params.security.bits) - 0.001L)
      << report_text(params, shape);
}

void expect_all_three(const ParamRequest& request, const std::string& what) {
  const Result<OpeningParams> proof = choose_params(request);
  ASSERT_TRUE(proof.ok()) << what << ": " << proof.status().message();
  expect_sound(*proof, request.shape, what + ", proof");
  EXPECT_GE(proof->model.num_random_coefs, request.model_budget * proof->model.num_queries + 4);
  for (const bool rotation : {false, true}) {
    const ParamRequest key_proof = key_proof_request(request, *proof, rotation);
    const Result<OpeningParams> params = choose_params(key_proof);
    ASSERT_TRUE(params.ok()) << what << (rotation ? ", rotation: " : ", certificate: ") << params.status().message();
    EXPECT_EQ(params->model, proof->model);
    expect_sound(*params, key_proof.shape, what + (rotation ? ", rotation" : ", certificate"));
  }
}

TEST(Budgets, EverySizeHasProofsCertificateAndRotation) {
  for (const Decoding decoding : {Decoding::kJohnson, Decoding::kUnique}) {
    for (int log_weights = 10; log_weights <= 34; ++log_weights) {
      Security security;
      security.decoding = decoding;
      // One weight more than a power of two needs the most in proportion.
      for (const std::uint64_t weights : {std::uint64_t{1} << log_weights, (std::uint64_t{1} << log_weights) + 1}) {
        if (weights > std::uint64_t{1} << 34) continue;
        expect_all_three(proof_request(weights, default_model_budget(weights), security),
                         std::to_string(weights) + " weights, decoding " + std::to_string(static_cast<int>(decoding)));
      }
    }
  }
}

TEST(Budgets, TenThousandProofsOfEverySize) {
  for (int log_weights = 10; log_weights <= 34; log_weights += 2) {
    expect_all_three(proof_request(std::uint64_t{1} << log_weights, 10'000),
                     "10,000 proofs of 2^" + std::to_string(log_weights));
  }
}

TEST(Budgets, AHundredThousandOnlyWhereTheWeightsAreMany) {
  for (const int log_weights : {28, 31, 34}) {
    expect_all_three(proof_request(std::uint64_t{1} << log_weights, 100'000),
                     "100,000 proofs of 2^" + std::to_string(log_weights));
  }
  for (const int log_weights : {10, 14, 18, 22}) {
    EXPECT_EQ(choose_params(proof_request(std::uint64_t{1} << log_weights, 100'000)).status().code(),
              StatusCode::kResourceLimit);
  }
}

TEST(Budgets, OtherSecurityToo) {
  for (const std::uint32_t bits : {60u, 100u}) {
    for (const std::uint32_t pow_bits : {0u, 24u}) {
      Security security;
      security.bits = bits;
      security.pow_bits = pow_bits;
      expect_all_three(proof_request(17'000, 256, security), std::to_string(bits) + " bits");
      expect_all_three(proof_request(15'000'000, 1024, security), std::to_string(bits) + " bits");
    }
  }
}

// The price of a larger budget, in the bytes of an opening, for W and M of the digits example, of the MNIST CNN of bench/, and
// of VGG-16: what docs/soundness.md, "Budgets", says.
TEST(Budgets, Price) {
  const auto kib = [](std::uint64_t witness, std::uint64_t weights, std::uint64_t budget) {
    ParamRequest request = proof_request(weights, budget);
    set_witness(request, witness, 4);
    const Result<OpeningParams> params = choose_params(request);
    EXPECT_TRUE(params.ok()) << params.status().message();
    if (!params.ok()) return 0.0;
    const double bytes = estimate_proof_bytes(*params).total() / 1024;
    std::printf("%llu weights, budget %llu: opening %.0f KiB, 2^%.1f elements per proof, code word of M 2^%d\n",
                static_cast<unsigned long long>(weights), static_cast<unsigned long long>(budget), bytes,
                std::log2(committed_elements(*params)), params->model.log_domain + params->model.log_lanes);
    return bytes;
  };
  for (const auto& [witness, weights] : {std::pair{15'129, 17'266}, std::pair{40'000, 5'998}}) {
    const double old_default = kib(witness, weights, 64);
    EXPECT_LE(kib(witness, weights, 256), old_default + 19.0);
    EXPECT_LE(kib(witness, weights, 1024), 1.6 * old_default);
    EXPECT_LE(kib(witness, weights, 10'000), 2.25 * old_default);
  }
  EXPECT_LE(kib(600'000, 15'000'000, 10'000), 1.5 * kib(600'000, 15'000'000, 1024));
}

TEST(Budgets, SearchIsQuick) {
  const ParamRequest request = proof_request(17'000, 256);
  const auto start = std::chrono::steady_clock::now();
  const Result<OpeningParams> proof = choose_params(request);
  ASSERT_TRUE(proof.ok());
  for (const bool rotation : {false, true})
    ASSERT_TRUE(choose_params(key_proof_request(request, *proof, rotation)).ok());
  const double ms = 1e3 * std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count();
  std::printf("proof, certificate and rotation: %.1f ms\n", ms);
  EXPECT_LT(ms, 1000.0) << "generous: sanitizers and a busy machine; some 20 ms";
}

TensorRequest tensor_request(std::uint64_t entries, std::uint64_t budget) {
  TensorRequest request;
  request.elements = entries;
  request.budget = budget;
  request.rows = packed_rows(entries, 0);
  return request;
}

TEST(Budgets, TensorCommitments) {
  for (const std::uint64_t entries : {1ull, 10ull, 784ull, 150'528ull, 10'000'000ull}) {
    for (const std::uint64_t budget : {0, 8, 256, 1000, 5000}) {
      const Result<pcs::TensorOracle> oracle = tensor_oracle(tensor_request(entries, budget));
      ASSERT_TRUE(oracle.ok()) << entries << " entries: " << oracle.status().message();
      EXPECT_GE(oracle->oracle.num_random_coefs, budget > 0 ? budget * oracle->oracle.num_queries + 4 : 0);
      // A small model's proof opens it.
      ParamRequest request = proof_request(17'000, 256);
      request.data = {*oracle};
      const Result<OpeningParams> params = choose_params(request);
      ASSERT_TRUE(params.ok()) << entries << " entries, budget " << budget << ": " << params.status().message();
      expect_sound(*params, request.shape, std::to_string(entries) + " entries, budget " + std::to_string(budget));
    }
  }
  const Result<pcs::TensorOracle> refused = tensor_oracle(tensor_request(784, 1'000'000));
  ASSERT_EQ(refused.status().code(), StatusCode::kResourceLimit);
  // The message names a budget that works.
  const std::string& message = refused.status().message();
  const std::size_t at = message.find("a budget of ");
  ASSERT_NE(at, std::string::npos) << message;
  const std::uint64_t works = std::stoull(message.substr(at + 12));
  std::printf("784 entries: a budget of %llu works\n", static_cast<unsigned long long>(works));
  EXPECT_TRUE(tensor_oracle(tensor_request(784, works)).ok()) << message;
  EXPECT_FALSE(tensor_oracle(tensor_request(784, 2 * works)).ok()) << message;
}

TEST(Budgets, LargestBudget) {
  for (const std::uint64_t limit : {1ull, 2ull, 3ull, 100ull, 4097ull, 1'000'000ull}) {
    const std::uint64_t found = largest_budget(std::uint64_t{1} << 40, [&](std::uint64_t x) { return x <= limit; });
    EXPECT_LE(found, limit);
    EXPECT_GE(found, limit - limit / 4);
  }
  EXPECT_EQ(largest_budget(100, [](std::uint64_t) { return false; }), 0u);
  EXPECT_EQ(largest_budget(1, [](std::uint64_t) { return true; }), 0u);
  EXPECT_LT(largest_budget(100, [](std::uint64_t) { return true; }), 100u);
}

}  // namespace
}  // namespace zkinfer::soundness
