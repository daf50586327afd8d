// SPDX-License-Identifier: Apache-2.0
#include "trust.h"

#include <filesystem>

#include "base/text.h"
#include "command_options.h"
#include "files.h"
#include "inputs/input_bytes.h"
#include "outputs.h"
#include "seat.h"
#include "zkinfer/evaluation.h"
#include "zkinfer/hex.h"
#include "zkinfer/prove.h"

namespace zkinfer::cli {
namespace {

bool is_file(const std::string& path) {
  std::error_code error;
  return std::filesystem::is_regular_file(path, error);
}

std::string beside(const std::string& path, const std::string& name) {
  const std::size_t slash = path.find_last_of('/');
  return slash == std::string::npos ? name : path.substr(0, slash + 1) + name;
}

}  // namespace

void add_trust_options(CLI::App& command, TrustArguments& arguments) {
  CLI::Option* certificate =
      command
          .add_option(
              "--certificate", arguments.certificate_path,
              "certificate (.zkcert) of the key's weights (default: the key's name with .zkcert, if it is there)")
          ->type_name(kReadsFile);
  CLI::Option* model = command
                           .add_option("--model", arguments.model_path,
                                       "of a public model, instead of a certificate: the model package (.zkmodel), "
                                       "from which the key is derived again")
                           ->type_name(kReadsFile);
  CLI::Option* uncertified =
      command.add_flag("--uncertified", arguments.uncertified,
                       "take the weights as they are: nothing then shows that they are integers in their ranges");
  certificate->excludes(model)->excludes(uncertified);
  model->excludes(uncertified);
  command
      .add_option("--path", arguments.paths,
                  "path (.zkpath) from the key to the serving key of the proof (default: found beside proof or key)")
      ->type_name(kReadsFile);
}

Result<ProofFile> load_proof_file(const std::string& path) {
  ZKI_ASSIGN_OR_RETURN(Bytes bytes, read_bytes(path, format_of(FileKind::kBundle).max_bytes, Content::kKnown));
  ProofFile file{path, {}};
  if (!is_bundle(bytes)) {
    const FileKind kind = claimed_rows(bytes).has_value()         ? FileKind::kBatch
                          : claimed_evaluation(bytes).has_value() ? FileKind::kEvaluation
                          : is_joint(bytes)                       ? FileKind::kJoint
                                                                  : FileKind::kProof;
    ZKI_RETURN_IF_ERROR(check_checked("", path, kind, bytes));
    file.content.proof = std::move(bytes);
    return file;
  }
  Result<ProofBundle> bundle = parse_bundle(bytes);
  if (!bundle.ok()) return bundle.status().with_context("'" + path + "'");
  file.content = std::move(bundle).value();
  return file;
}

Result<CheckedTrust> check_weights(const VerificationKey& root, const std::string& key_path,
                                   const TrustArguments& arguments, const ProofFile& file) {
  CheckedTrust out;
  if (arguments.uncertified) {
    out.weights = CheckedWeights::uncertified();
    return out;
  }
  if (!arguments.model_path.empty()) {
    if (!root.info().public_parameters && root.info().num_parameters > 0) {
      return invalid_argument("--model: the weights of the key '" + key_path +
                              "' are private, so that no model can be compared with them; give its certificate with "
                              "--certificate");
    }
    ZKI_ASSIGN_OR_RETURN(const Model model, load_model(arguments.model_path));
    out.verdict = check_public_weights(model, root, out.weights);
    return out;
  }
  if (root.info().num_parameters == 0) return out;
  if (arguments.certificate_path.empty() && !file.content.certificate.empty()) {
    ZKI_ASSIGN_OR_RETURN(out.verdict, within_limits(file.name, CheckedWeights::from_certificate(
                                                                   root, file.content.certificate, out.weights)));
    return out;
  }
  const std::string found = with_extension(key_path, ".zkcert");
  const std::string otherwise =
      command_has("--uncertified") ? ", or take the weights as they are with --uncertified" : std::string();
  if (arguments.certificate_path.empty() && key_path == "-") {
    return invalid_argument(
        "beside a key from standard input no certificate can be looked for; give it with --certificate" + otherwise);
  }
  if (arguments.certificate_path.empty() && !is_file(found)) {
    return invalid_argument(
        "there is no certificate '" + found +
        "' beside the key, so nothing shows that its weights are integers in their ranges; " +
        (root.info().public_parameters ? "give the public model with --model" : "give it with --certificate") +
        otherwise);
  }
  const std::string& name = arguments.certificate_path.empty() ? found : arguments.certificate_path;
  ZKI_ASSIGN_OR_RETURN(const Bytes certificate, load_checked(arguments.certificate_path.empty() ? "" : "--certificate",
                                                             name, FileKind::kCertificate));
  ZKI_ASSIGN_OR_RETURN(out.verdict,
                       within_limits(name, CheckedWeights::from_certificate(root, certificate, out.weights)));
  return out;
}

std::string path_file_name(const Digest& identity) { return to_hex(identity).substr(0, 16) + ".zkpath"; }

std::vector<std::string> usual_path_files(const ProofFile& file, const std::string& key_path) {
  const std::optional<Digest> identity = claimed_identity(file.content.proof);
  if (!identity.has_value()) return {};
  const std::string name = path_file_name(*identity);
  return {beside(file.name, name), beside(key_path, name)};
}

Result<KeyForProof> key_for_proof(const VerificationKey& root, const std::string& key_path, const ProofFile& file,
                                  const std::vector<std::string>& paths) {
  KeyForProof out;
  const std::optional<Digest> identity = claimed_identity(file.content.proof);
  if (!identity.has_value() || *identity == root.info().model_identity) return out;
  const std::string from = "model identity: the proof was made under the key " + to_hex(*identity);
  const bool has_serving_keys = root.info().num_parameters > 0 && !root.info().public_parameters;
  if (!has_serving_keys) {
    out.verdict =
        Verdict::reject(RejectReason::kWrongStatement, from + ", expected " + to_hex(root.info().model_identity) +
                                                           ": with public weights no other key serves under it");
    return out;
  }
  std::vector<std::pair<std::string, Bytes>> candidates;  // name, bytes
  std::vector<std::string> names = paths;
  if (names.empty() && !file.content.path.empty()) candidates.emplace_back(file.name, file.content.path);
  if (names.empty() && candidates.empty()) {
    for (const std::string& name : usual_path_files(file, key_path)) {
      if (names.empty() && is_file(name)) names.push_back(name);
    }
  }
  for (const std::string& name : names) {
    ZKI_ASSIGN_OR_RETURN(Bytes bytes, load_checked(paths.empty() ? "" : "--path", name, FileKind::kPath));
    candidates.emplace_back(name, std::move(bytes));
  }
  for (const auto& [name, bytes] : candidates) {
    PathResult path = verify_path(root, bytes);
    ZKI_ASSIGN_OR_RETURN(path.verdict, within_limits(name, std::move(path.verdict)));
    if (!path.verdict.accepted()) {
      out.verdict = Verdict::reject(path.verdict.reason, "'" + name + "': " + path.verdict.where);
      return out;
    }
    if (path.key->info().model_identity != *identity) continue;
    out.serving = std::move(path.key);
    out.path = bytes;
    return out;
  }
  // No path leads there; another model's proof looks the same from here.
  const std::string tried = candidates.empty() ? "no path from this key to that one is there"
                            : names.empty()    ? "the bundle's path from this key leads to another one"
                                               : "the paths given lead from this key to others";
  out.verdict = Verdict::reject(RejectReason::kWrongStatement, from + ", and " + tried);
  out.no_path = candidates.empty();
  out.hint =
      "Ask whoever made the proof for " + path_file_name(*identity) +
      ", which shows that that key serves under this one: put it beside the proof, or give it with --path. Where "
      "there is no such path, the proof is another model's.";
  return out;
}

Result<KeyForProof> key_to_verify(const VerificationKey& root, const std::string& key_path, const ProofFile& file,
                                  const std::vector<std::string>& paths) {
  ZKI_ASSIGN_OR_RETURN(KeyForProof found, key_for_proof(root, key_path, file, paths));
  if (found.no_path) return invalid_argument(in_quotes(file.name) + ": " + found.verdict.where + ". " + found.hint);
  return found;
}

Result<KeyForProof> require_key_for_proof(const VerificationKey& root, const std::string& key_path,
                                          const ProofFile& file, const std::vector<std::string>& paths) {
  ZKI_ASSIGN_OR_RETURN(KeyForProof found, key_for_proof(root, key_path, file, paths));
  if (found.verdict.accepted()) return found;
  return invalid_argument(in_quotes(file.name) + " does not come from " + in_quotes(key_path) + ": " +
                          verdict_text(found.verdict) + (found.hint.empty() ? "" : ". " + found.hint));
}

void add_proof_and_root(CLI::App& command, std::string& proof_path, std::string& key_path,
                        std::vector<std::string>& paths) {
  command.add_option("proof", proof_path, "proof (.zkproof)")->type_name(kReadsFile)->required();
  add_root(command, key_path, paths);
}

void add_root(CLI::App& command, std::string& key_path, std::vector<std::string>& paths) {
  command.add_option("-k,--key", key_path, "the root's verification key (.zkkey)")->type_name(kReadsFile)->required();
  command.add_option("--path", paths, "path (.zkpath) to the proof's key (default: found beside proof or key)")
      ->type_name(kReadsFile);
}

std::string weights_text(const KeyInfo& info, WeightEvidence evidence) {
  std::string text = info.public_parameters ? "public" : "private, as committed in the key";
  if (info.insecure_seed) text += "; fixed seed, for tests only";
  switch (evidence) {
    case WeightEvidence::kCertified: return text + "; ranges certified";
    case WeightEvidence::kRederived: return text + "; those of the model given";
    case WeightEvidence::kNoWeights: return "none";
    case WeightEvidence::kNone:
    case WeightEvidence::kUncertified: break;
  }
  return text + "; ranges not certified";
}

}  // namespace zkinfer::cli
