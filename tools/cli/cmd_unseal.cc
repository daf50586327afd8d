// SPDX-License-Identifier: Apache-2.0
// zkinfer verify-sealed, zkinfer unseal: the buyer's side of sealed weights: whether they are what they are said to be, and, with both shares of the
// key, the model.
#include <algorithm>
#include <filesystem>
#include <memory>

#include "base/files.h"
#include "base/text.h"
#include "command.h"
#include "files.h"
#include "inputs/input_bytes.h"
#include "option_words.h"
#include "output_files.h"
#include "outputs.h"
#include "print.h"
#include "result_json.h"
#include "stopwatch.h"
#include "text.h"
#include "trust.h"
#include "verify_words.h"
#include "zkinfer/hex.h"
#include "zkinfer/seal.h"
#include "zkinfer/structure.h"

namespace zkinfer::cli {
namespace {

struct Arguments {
  std::string sealed_path, proof_path, key_path, certificate_path, sale, output_path;
  std::vector<std::string> paths, shares_paths;
  double min_security_bits = kDefaultMinSecurityBits;
  VerifyLimits limits;
  bool force = false;
};

struct Checked {
  VerificationKey root;
  KeyForProof found;
  Bytes sealed;
  SealedResult result;
  std::string hint;
  double seconds = 0;

  const VerificationKey& key() const { return found.key(root); }
};

// The certificate is not left to the caller's word: weights outside of their ranges would not read back.
Result<Checked> check(Session& session, const Arguments& arguments) {
  ZKI_ASSIGN_OR_RETURN(const Bytes sale, parse_context(arguments.sale));
  ZKI_ASSIGN_OR_RETURN(VerificationKey root,
                       load_key(arguments.key_path, arguments.min_security_bits, arguments.limits));
  for (const std::string& warning : structure_warnings(root)) session.warn(warning);
  ProofFile file{arguments.proof_path, {}};
  ZKI_ASSIGN_OR_RETURN(Bytes sealed, load_checked("", arguments.sealed_path, FileKind::kSealedWeights));
  if (std::error_code error; arguments.proof_path != "-" && !std::filesystem::exists(arguments.proof_path, error))
    return io_error("--proof: there is no file " + in_quotes(arguments.proof_path) +
                    ", the encryption proof that `zkinfer seal` writes with the sealed weights; ask the seller for it");
  ZKI_ASSIGN_OR_RETURN(file.content.proof, load_checked("--proof", arguments.proof_path, FileKind::kEncryption));
  TrustArguments trust;
  trust.certificate_path = arguments.certificate_path;
  const Stopwatch watch;
  ZKI_ASSIGN_OR_RETURN(const CheckedTrust weights, check_weights(root, arguments.key_path, trust));
  Checked out{std::move(root), {}, std::move(sealed), {}, {}, 0};
  out.result.verdict = weights.verdict;
  if (out.result.verdict.accepted()) {
    ZKI_ASSIGN_OR_RETURN(out.found, key_to_verify(out.root, arguments.key_path, file, arguments.paths));
    out.result.verdict = out.found.verdict;
  }
  if (out.result.verdict.accepted()) {
    VerifyRequest request;
    request.weights = weights.weights;
    out.result = verify_sealed(out.key(), out.sealed, file.content.proof, request);
    ZKI_ASSIGN_OR_RETURN(out.result.verdict, within_limits(arguments.proof_path, out.result.verdict));
    Digest asked_for{};
    std::ranges::copy(sale, asked_for.begin());
    if (out.result.verdict.accepted() && !arguments.sale.empty() && out.result.info.sale != asked_for) {
      const std::string other = context_text(out.result.context);
      out.result = {};
      out.result.verdict =
          Verdict::reject(RejectReason::kWrongStatement, "sale: the weights are sealed for another one, " + other);
    }
  }
  out.hint = out.found.hint.empty() ? std::string(rejection_hint(out.result.verdict.reason)) : out.found.hint;
  out.seconds = watch.seconds();
  return out;
}

nlohmann::ordered_json json_of(const Checked& checked) {
  const SealedResult& result = checked.result;
  nlohmann::ordered_json json = {{"accepted", result.verdict.accepted()},
                                 {"model", checked.root.info().model_name},
                                 {"model_identity", to_hex(checked.root.info().model_identity)},
                                 {"verify_seconds", checked.seconds}};
  if (!result.verdict.accepted()) {
    json["reason"] = std::string(reject_reason_name(result.verdict.reason));
    json["where"] = result.verdict.where;
    json["hint"] = checked.hint;
    return json;
  }
  json["c1"] = to_hex(result.info.c1);
  json["c2"] = to_hex(result.info.c2);
  json["ciphertext_root"] = to_hex(result.info.root);
  json["sale"] = to_hex(result.info.sale);
  json["slots"] = result.slots;
  json["security_bits"] = result.security_bits;
  json["weights"] = std::string(weight_evidence_name(result.weights));
  json["serving_identity"] = to_hex(result.serving_identity);
  return json;
}

void print_rejected(const Session& session, const Checked& checked) {
  print("REJECTED: {}\n", verdict_text(checked.result.verdict));
  if (!session.quiet) print("{}\n", checked.hint);
}

CommandResult verify(Session& session, const Arguments& arguments) {
  ZKI_ASSIGN_OR_RETURN(const Checked checked, check(session, arguments));
  const SealedResult& result = checked.result;
  if (session.json) {
    print_result(session, json_of(checked));
  } else if (!result.verdict.accepted()) {
    print_rejected(session, checked);
  } else if (!session.quiet) {
    const KeyInfo& info = checked.root.info();
    print("ACCEPTED in {}\n", human_seconds(checked.seconds));
    print_lines(pairs_text({{"identity", to_hex(info.model_identity)},
                            {"model", info.model_name + ", " + counted(info.num_parameters, "weight")},
                            {"security", decimal(result.security_bits, 1) + " bits"},
                            {"weights", weights_text(info, result.weights)},
                            {"sale", context_text(result.context)},
                            {"c1", to_hex(result.info.c1)},
                            {"c2", to_hex(result.info.c2)},
                            {"ciphertext root", to_hex(result.info.root)}}));
    print(
        "proven: this ciphertext is the committed model's weights, for whoever has the two shares of 30 bytes whose "
        "SHA-256 are c1 and c2\n");
  }
  return result.verdict.accepted() ? ExitCode::kDone : ExitCode::kRejected;
}

CommandResult open_sealed(Session& session, const Arguments& arguments) {
  OutputFiles files(arguments.force);
  files.reads({arguments.sealed_path, arguments.proof_path, arguments.key_path});
  files.reads(arguments.shares_paths);
  files.reads(arguments.paths);
  files.reads({arguments.certificate_path, with_extension(arguments.key_path, ".zkcert")});
  if (session.json) files.keep_standard_output();
  const OutputFiles::Id output = files.add("--output", arguments.output_path, FileKind::kModel);
  ZKI_RETURN_IF_ERROR(files.prepare());
  KeyShares shares;
  for (const std::string& path : arguments.shares_paths) {
    ZKI_ASSIGN_OR_RETURN(const Bytes bytes, read_kind(path, FileKind::kKeyShares));
    const Result<KeyShares> read = KeyShares::from_bytes(bytes);
    if (!read.ok()) return read.status().with_context(in_quotes(path));
    if (read->k1.has_value()) shares.k1 = read->k1;
    if (read->k2.has_value()) shares.k2 = read->k2;
  }
  ZKI_ASSIGN_OR_RETURN(const Checked checked, check(session, arguments));
  if (!checked.result.verdict.accepted()) {
    if (session.json)
      print_result(session, json_of(checked));
    else
      print_rejected(session, checked);
    return ExitCode::kRejected;
  }
  const Stopwatch watch;
  const Result<Model> model = unseal(checked.key(), checked.sealed, shares);
  if (model.status().code() == StatusCode::kInvalidArgument)
    return invalid_argument(model.status().message() + " (--shares)");
  if (!model.ok()) return model.status();
  const Bytes package = model->to_bytes();
  if (std::error_code error; !arguments.force && std::filesystem::is_regular_file(arguments.output_path, error)) {
    const Result<Bytes> before = read_file(arguments.output_path, format_of(FileKind::kModel).max_bytes);
    if (!before.ok() || *before != package)
      return invalid_argument("--output " + in_quotes(arguments.output_path) +
                              " is another model package; what was sealed holds neither report nor preprocessing, so "
                              "it is no copy of the one that it was made of. Name another file, or replace it with "
                              "--force");
  }
  ZKI_RETURN_IF_ERROR(files.write(output, package));
  ZKI_RETURN_IF_ERROR(files.publish());
  if (session.json) {
    nlohmann::ordered_json json = json_of(checked);
    json["output"] = arguments.output_path;
    json["parameters"] = model->num_parameters();
    json["unseal_seconds"] = watch.seconds();
    print_result(session, std::move(json));
  } else if (!session.quiet) {
    print("checked in {}, decrypted {} in {}; every one is in its range\n", human_seconds(checked.seconds),
          counted(model->num_parameters(), "weight"), human_seconds(watch.seconds()));
    print("wrote {} (secret: holds the weights; what only its owner knew of the network is not in it)\n",
          output_name(arguments.output_path));
  }
  return ExitCode::kDone;
}

void add_sealed_options(CLI::App& command, Arguments& arguments) {
  command.add_option("sealed", arguments.sealed_path, "sealed weights (.zksealed)")->type_name(kReadsFile)->required();
  command.add_option("-k,--key", arguments.key_path, "verification key (.zkkey) of the model that is sold")
      ->type_name(kReadsFile)
      ->required();
  command
      .add_option("--proof", arguments.proof_path,
                  "encryption proof (.zkenc) (default: the sealed weights' name with .zkenc)")
      ->type_name(kReadsFile);
  command.add_option("--sale", arguments.sale, "they must be for this sale: text, or hex:00ff..");
  command
      .add_option("--certificate", arguments.certificate_path,
                  "certificate (.zkcert) of the key's weights (default: the key's name with .zkcert)")
      ->type_name(kReadsFile);
  command
      .add_option("--path", arguments.paths,
                  "path (.zkpath) from the key to the serving key of the proof (default: found beside proof or key)")
      ->type_name(kReadsFile);
  add_min_security(command, arguments.min_security_bits);
  add_verify_limits(command, arguments.limits);
}

}  // namespace

void add_verify_sealed(CLI::App& app, Session& session) {
  auto arguments = std::make_shared<Arguments>();
  CLI::App* command = app.add_subcommand(
      "verify-sealed", "check that sealed weights are those of the key's model, before paying for them");
  add_sealed_options(*command, *arguments);
  add_json_flag(*command, session);
  command->footer(
      "Examples:\n"
      "  zkinfer verify-sealed network.zksealed --key network.zkkey\n"
      "  zkinfer verify-sealed network.zksealed -k network.zkkey --proof network.zkenc --sale order-4711 --json\n"
      "Compare c1 with what the payment is locked to, and have the share whose SHA-256 is c2, before anything is "
      "paid.");
  command->callback([arguments, &session] {
    call_options({{"--context", "--sale"}});
    session.run([&]() -> CommandResult {
      name_after(arguments->sealed_path, ".zkenc", "--proof", arguments->proof_path);
      return verify(session, *arguments);
    });
  });
}

void add_unseal(CLI::App& app, Session& session) {
  auto arguments = std::make_shared<Arguments>();
  CLI::App* command = app.add_subcommand("unseal", "make the model of sealed weights and both shares of their key");
  add_sealed_options(*command, *arguments);
  command->add_option("--shares", arguments->shares_paths, "key shares (.zkshares), in one file or two")
      ->type_name(kReadsFile)
      ->required();
  command
      ->add_option("-o,--output", arguments->output_path,
                   "model package to write (default: the sealed weights' name with .zkmodel)")
      ->type_name(kWritesFile);
  add_force_flag(*command, arguments->force);
  add_json_flag(*command, session);
  command->footer(
      "Examples:\n"
      "  zkinfer unseal network.zksealed --key network.zkkey --shares network.zkshares -o bought.zkmodel\n"
      "  zkinfer unseal network.zksealed -k network.zkkey --shares k1.zkshares --shares k2.zkshares\n"
      "The proof is checked first, as `zkinfer verify-sealed` does.");
  command->callback([arguments, &session] {
    call_options({{"--context", "--sale"}});
    session.run([&]() -> CommandResult {
      name_after(arguments->sealed_path, ".zkenc", "--proof", arguments->proof_path);
      name_after(arguments->sealed_path, ".zkmodel", "--output", arguments->output_path);
      return open_sealed(session, *arguments);
    });
  });
}

}  // namespace zkinfer::cli
