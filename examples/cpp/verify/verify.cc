// SPDX-License-Identifier: Apache-2.0
// verify KEY CERTIFICATE PATH PROOF..: what a service that checks proofs does. Files as the command line makes them.
#include <cstdio>
#include <cstdlib>
#include <fstream>
#include <iterator>
#include <optional>
#include <string>

#include "zkinfer/verify.h"

using namespace zkinfer;

namespace {

Bytes read_file(const char* path) {
  std::ifstream file(path, std::ios::binary);
  if (!file) {
    std::fprintf(stderr, "cannot open %s\n", path);
    std::exit(2);
  }
  return Bytes(std::istreambuf_iterator<char>(file), {});
}

int rejected(const char* path, const Verdict& verdict) {
  std::printf("%s: %s\n", path, verdict.to_string().c_str());
  return 1;
}

}  // namespace

int main(int argc, char** argv) {
  if (argc < 5) {
    std::fprintf(stderr, "usage: verify KEY CERTIFICATE PATH PROOF..\n");
    return 2;
  }
  // Once per model: the root key, by which the model is known, and what shows that its weights are integers in their ranges.
  const Result<VerificationKey> root = VerificationKey::from_bytes(read_file(argv[1]));
  if (!root.ok()) {
    std::fprintf(stderr, "%s: %s\n", argv[1], root.status().to_string().c_str());
    return 2;
  }
  VerifyRequest request;
  if (const Verdict verdict = CheckedWeights::from_certificate(*root, read_file(argv[2]), request.weights);
      !verdict.accepted()) {
    return rejected(argv[2], verdict);
  }
  // Once per serving commitment, of which one makes a few hundred proofs: keep the key, by its identity.
  const PathResult path = verify_path(*root, read_file(argv[3]));
  if (!path.verdict.accepted()) return rejected(argv[3], path.verdict);
  int code = 0;
  for (int i = 4; i < argc; ++i) {
    const Bytes proof = read_file(argv[i]);
    // A proof says which key it was made under; no path leads to the root itself.
    const bool is_roots_own = claimed_identity(proof) == std::optional(root->info().model_identity);
    const VerifyResult result = verify(is_roots_own ? *root : *path.key, proof, request);
    if (!result.verdict.accepted()) {
      code = rejected(argv[i], result.verdict);
      continue;
    }
    std::printf("%s: accepted\n", argv[i]);
    for (const VerifiedTensor& output : result.outputs) {
      for (const std::int64_t integer : output.integers) {
        std::printf("  %s %g\n", output.name.c_str(), static_cast<double>(integer) * output.format.scale());
      }
    }
  }
  return code;
}
