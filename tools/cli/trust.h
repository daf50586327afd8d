// SPDX-License-Identifier: Apache-2.0
// What a verifier knows besides the root key: what shows that its weights are integers in range, and the paths that lead from it to
// the keys that proofs were made under. Both are found by name where no option gives them.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "command.h"
#include "zkinfer/bundle.h"
#include "zkinfer/verify.h"

namespace zkinfer::cli {

struct TrustArguments {
  std::string certificate_path, model_path;
  bool uncertified = false;
  std::vector<std::string> paths;
};
void add_trust_options(CLI::App& command, TrustArguments& arguments);

// A file with a proof; in a bundle also what comes along.
struct ProofFile {
  std::string name;
  ProofBundle content;
};
Result<ProofFile> load_proof_file(const std::string& path);

// The certificate that is given, or that of the bundle, or NAME.zkcert beside NAME.zkkey; a public model's package; or the word of the caller.
// Errors: none of the three. A certificate or model of something else is rejected.
struct CheckedTrust {
  Verdict verdict;
  CheckedWeights weights;
};
Result<CheckedTrust> check_weights(const VerificationKey& root, const std::string& key_path,
                                   const TrustArguments& arguments, const ProofFile& file = {});

// "3f2a91c04d5e6f70.zkpath": of the path to the key with this identity.
std::string path_file_name(const Digest& identity);

// Where its path is looked for when no option names one.
std::vector<std::string> usual_path_files(const ProofFile& file, const std::string& key_path);

// The key that the proof was made under: the root itself, or the one that a path leads to. Looks for the path among those given, then
// in the bundle, beside the proof and beside the key. Rejected where the proof says that it is of another key, and none leads there.
struct KeyForProof {
  Verdict verdict;                         // of the path
  std::optional<VerificationKey> serving;  // where a path led to it
  Bytes path;                              // that path
  std::string hint;                        // what to do where no path leads there; else that of the verdict's reason
  bool no_path = false;  // none was given, and none is where it is looked for: nothing says whose the proof is

  const VerificationKey& key(const VerificationKey& root) const { return serving.has_value() ? *serving : root; }
};
Result<KeyForProof> key_for_proof(const VerificationKey& root, const std::string& key_path, const ProofFile& file,
                                  const std::vector<std::string>& paths);
// The same for a verdict: invalid_argument where there is no path, as where there is no certificate.
Result<KeyForProof> key_to_verify(const VerificationKey& root, const std::string& key_path, const ProofFile& file,
                                  const std::vector<std::string>& paths);
// The same for commands that make something of a proof: invalid_argument where it is rejected.
Result<KeyForProof> require_key_for_proof(const VerificationKey& root, const std::string& key_path,
                                          const ProofFile& file, const std::vector<std::string>& paths);
// What these commands read: the proof, --key and --path.
void add_proof_and_root(CLI::App& command, std::string& proof_path, std::string& key_path,
                        std::vector<std::string>& paths);
void add_root(CLI::App& command, std::string& key_path, std::vector<std::string>& paths);

// "certified", for people.
std::string weights_text(const KeyInfo& info, WeightEvidence evidence);

}  // namespace zkinfer::cli
