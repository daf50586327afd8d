// SPDX-License-Identifier: Apache-2.0
// From an ONNX file to a checked proof: prove_and_verify NETWORK.onnx. Takes made-up numbers for calibration and input.
#include <cstdio>

#include "zkinfer/compile.h"
#include "zkinfer/prove.h"
#include "zkinfer/verify.h"

using namespace zkinfer;

namespace {

// A value, or the error's text and the end.
template <class T>
T must(Result<T> result) {
  if (result.ok()) return std::move(result).value();
  std::fprintf(stderr, "%s\n", result.status().to_string().c_str());
  std::exit(2);
}

RealInputs sample(const std::vector<TensorInfo>& inputs, unsigned seed) {
  RealInputs out;
  for (const TensorInfo& input : inputs) {
    RealTensor& tensor = out.emplace_back(RealTensor{input.shape, {}});
    for (std::uint64_t i = 0; i < input.num_elements(); ++i) {
      seed = seed * 1664525 + 1013904223;
      tensor.data.push_back(static_cast<float>(seed >> 8) / static_cast<float>(1 << 24));
    }
  }
  return out;
}

}  // namespace

int main(int argc, char** argv) {
  if (argc != 2) return 2;
  const std::vector<TensorInfo> inputs = must(network_inputs(argv[1]));
  std::vector<RealInputs> calibration;
  for (unsigned i = 0; i < 50; ++i) calibration.push_back(sample(inputs, i));

  // The owner, once.
  const Model model = must(compile_network(argv[1], calibration));
  Prover prover = must(Prover::create(model));
  const Bytes certificate = must(prover.certify());
  // The owner, per inference.
  const Bytes nonce = {1, 2, 3};
  const ProofResult result = must(prover.prove(sample(inputs, 1000), nonce));
  // Anybody who has the key.
  const VerificationKey key = must(VerificationKey::from_bytes(prover.verification_key()));
  VerifyRequest request;
  request.context = nonce;
  const Verdict certified = CheckedWeights::from_certificate(key, certificate, request.weights);  // once per key
  VerifyResult checked;
  checked.verdict = certified;
  if (certified.accepted()) checked = verify(key, result.proof, request);
  std::printf("%s: %s, proof of %zu bytes, first output %lld\n", model.name().c_str(),
              checked.verdict.to_string().c_str(), result.proof.size(),
              checked.verdict.accepted() ? static_cast<long long>(checked.outputs[0].integers[0]) : 0);
  return checked.verdict.accepted() ? 0 : 1;
}
