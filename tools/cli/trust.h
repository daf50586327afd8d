// SPDX-License-Identifier: Apache-2.0
// What a verifier knows besides the root key: what shows that its weights are integers in range, and the paths that lead from it to
// the keys that proofs were made under. Both are found by name where no option gives them.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "command.h"
#include "zkinfer/verify.h"

namespace zkinfer::cli {

struct TrustArguments {
  std::string certificate_path, model_path;
  bool uncertified = false;
  std::vector<std::string> paths;
};
void add_trust_options(CLI::App& command, TrustArguments& arguments);

// The certificate that is given, or NAME.zkcert beside NAME.zkkey; a public model's package; or the word of the caller.
// Errors: none of the three. A certificate or model of something else is rejected.
struct CheckedTrust {
  Verdict verdict;
  CheckedWeights weights;
};
Result<CheckedTrust> check_weights(const VerificationKey& root, const std::string& key_path,
                                   const TrustArguments& arguments);

// "3f2a91c04d5e6f70.zkpath": of the path to the key with this identity.
std::string path_file_name(const Digest& identity);

// The key that the proof was made under: the root itself, or the one that a path leads to. Looks for the path among those given, then
// beside the proof and beside the key. The root where there is none: the verifier then says what the proof was made under.
struct KeyForProof {
  Verdict verdict;                         // of the path
  std::optional<VerificationKey> serving;  // where a path led to it
  std::string path;                        // its file

  const VerificationKey& key(const VerificationKey& root) const { return serving.has_value() ? *serving : root; }
};
Result<KeyForProof> key_for_proof(const VerificationKey& root, const std::string& key_path, ByteView proof,
                                  const std::string& proof_path, const std::vector<std::string>& paths);

// "certified", for people.
std::string weights_text(const KeyInfo& info, WeightEvidence evidence);

}  // namespace zkinfer::cli
