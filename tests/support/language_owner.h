// SPDX-License-Identifier: Apache-2.0
// A small Llama with its commitment, for tests of answers.
#pragma once

#include <map>

#include "frontend/language/test_llama.h"
#include "support/owner.h"
#include "zkinfer/generate.h"

namespace zkinfer::language_test {

using data_test::must;

inline constexpr std::int64_t kCapacity = 9, kVocabulary = 11;
inline const std::vector<std::int64_t> kPrompt = {1, 7, 3};

inline const frontend_language::Llama& llama() {
  static const frontend_language::Llama made = frontend_language::small_llama(true);
  return made;
}

// Texts of so many tokens, as calibration takes them.
inline std::vector<RealInputs> calibration_texts(std::int64_t length) {
  std::vector<RealInputs> texts;
  frontend_language::TestNumbers numbers(9);
  for (int i = 0; i < 24; ++i) {
    RealTensor text{{1, length}, numbers(length, 5.49F, 5.5F)};
    for (float& token : text.data) token = std::floor(token);
    texts.push_back({std::move(text)});
  }
  return texts;
}

inline Model language_model() {
  const Bytes file = frontend_language::llama2c_version_0(llama());
  CompileOptions options;
  options.tokens = kCapacity;
  return must(compile_network(file, calibration_texts(kCapacity), options));
}

// As a verifier who has the certificate.
inline VerifyResult verified(const data_test::Owner& of, const ProofResult& proof) {
  static std::map<const data_test::Owner*, CheckedWeights> known;
  if (!known.contains(&of)) {
    const Bytes certificate = must(of.prover.certify());
    EXPECT_TRUE(CheckedWeights::from_certificate(of.key, certificate, known[&of]).accepted());
  }
  VerifyRequest request = proof.statement;
  request.weights = known[&of];
  return verify(of.key, proof.proof, request);
}

inline std::string where(const GenerationResult& result) { return result.verdict.to_string(); }
inline bool contains(const std::string& text, std::string_view part) { return text.find(part) != std::string::npos; }

}  // namespace zkinfer::language_test
