// SPDX-License-Identifier: Apache-2.0
// zkinfer commit: model package -> verification key and the commitment's secret.
#include <filesystem>
#include <memory>

#include "base/files.h"
#include "command.h"
#include "commit_options.h"
#include "files.h"
#include "inputs/input_bytes.h"
#include "key_rows.h"
#include "machine.h"
#include "new_secret.h"
#include "output_files.h"
#include "print.h"
#include "profile_words.h"
#include "progress.h"
#include "result_json.h"
#include "stopwatch.h"
#include "tensor_policy_text.h"
#include "text.h"
#include "zkinfer/commit_warnings.h"
#include "zkinfer/commitment_tree.h"
#include "zkinfer/hex.h"

namespace zkinfer::cli {
namespace {

struct Arguments {
  std::string model_path, key_path, secret_path, certificate_path;
  CommitArguments commit;
  bool circuit_report = false;
  bool force = false;
  bool no_code_file = false;
  bool names_certificate = false;
};

bool holds(const std::string& path, const Bytes& bytes) {
  std::error_code error;
  if (path == "-" || !std::filesystem::is_regular_file(path, error)) return false;
  const Result<Bytes> there = read_file(path, kMaxProofBytes);
  return there.ok() && *there == bytes;
}

// What a budget costs each proof, beside what the default would.
Result<std::string> price_text(const Prover& prover) {
  const auto text = [](const BudgetPrice& price) {
    return "opening of " + human_bytes(price.opening_bytes) + ", " + human_bytes(8 * price.committed_elements) +
           " committed per proof, code word of " + human_bytes(price.code_word_bytes);
  };
  const BudgetPrice price = prover.price();
  ZKI_ASSIGN_OR_RETURN(const BudgetPrice usual, prover.default_price());
  if (price.budget == usual.budget) return text(price);
  return text(price) + " (default of " + human_count(usual.budget) + ": " + text(usual) + ")";
}

// Removes the code word of a commit that fails before its secret is there, unless somebody else was faster to make a secret of this name.
struct NewCode {
  std::string secret_path, code_path;
  ~NewCode() {
    std::error_code ignored;
    if (!code_path.empty() && !std::filesystem::exists(secret_path, ignored))
      std::filesystem::remove(code_path, ignored);
  }
};

// A published key, and its certificate, speak for proofs that were made: another commitment does not take their place unasked.
Status refuse_published(const Arguments& arguments) {
  if (arguments.force) return ok_status();
  std::string option, path, what;
  if (is_kind(arguments.key_path, FileKind::kKey)) {
    option = "--key";
    path = arguments.key_path;
    what = "is the key of an earlier commitment";
    if (const Result<VerificationKey> key = load_key(path, 0, kNoVerifyLimits); key.ok()) {
      what += ", identity " + to_hex(key->info().model_identity);
    }
  } else if (is_kind(arguments.certificate_path, FileKind::kCertificate)) {
    option = arguments.names_certificate ? "--certificate" : "the certificate beside --key";
    path = arguments.certificate_path;
    what = "is the certificate of an earlier commitment";
  } else {
    return ok_status();
  }
  return invalid_argument(option + " " + in_quotes(path) + " " + what +
                          ": a new commitment is a new name, under which proofs of the earlier one are rejected. Name "
                          "another key with --key (and another --secret), bring a lost secret back from a backup with "
                          "`zkinfer commitment restore`, or replace it with --force");
}

// `prove` takes the secret that is named like the model, whatever key lies beside it.
void warn_of_other_secret(Session& session, const Arguments& arguments) {
  const std::string usual = with_extension(arguments.model_path, ".zksecret");
  std::error_code error;
  if (arguments.model_path == "-" || arguments.key_path != with_extension(arguments.model_path, ".zkkey")) return;
  if (!std::filesystem::exists(usual, error) || std::filesystem::equivalent(usual, arguments.secret_path, error))
    return;
  session.warn(in_quotes(usual) + " belongs to another key than " + in_quotes(arguments.key_path) +
               "; prove with --secret " + in_quotes(arguments.secret_path));
}

CommandResult commit(Session& session, const Arguments& arguments) {
  ZKI_ASSIGN_OR_RETURN(const std::string folder, serving_folder_of(arguments.secret_path));
  ZKI_ASSIGN_OR_RETURN(const Model model, load_model(arguments.model_path));
  ProgressLine progress(session, "commit");
  ZKI_RETURN_IF_ERROR(check_commit_options(arguments.commit));
  CommitOptions options = commit_options(arguments.commit);
  const bool is_root = !options.public_parameters && model.num_parameters() > 0;
  // A root's certificate and the commitment that serves come after it.
  constexpr double kCreated = 0.3, kCertified = 0.6;
  options.progress = progress.callback(0, is_root ? kCreated : 1);
  if (is_root) options.role = CommitmentRole::kRoot;
  if (is_root && options.budget > 0 && options.budget < kMinTreeBudget) {
    return invalid_argument("--budget " + std::to_string(options.budget) + ": expected at least " +
                            std::to_string(kMinTreeBudget) +
                            ": a few slots of each commitment go to its certificate and to the commitments after it");
  }
  options.code_files = !arguments.no_code_file;
  if (code_file_pays(model, options)) options.code_file = code_file_of(arguments.secret_path);
  if (!is_root && arguments.names_certificate) {
    return invalid_argument(
        "--certificate: `commit` makes none where the model is public or has no weights; `certify` does");
  }
  ZKI_RETURN_IF_ERROR(NewSecret::clear(arguments.secret_path));
  OutputFiles files(arguments.force);
  files.reads(arguments.model_path);
  if (session.json) files.keep_standard_output();
  // Without its secret nobody can prove under the key that was published: a secret is never replaced.
  files.add_counted("--secret", arguments.secret_path, FileKind::kCommitmentSecret);
  if (!options.code_file.empty()) files.add_checked("--secret's code word", options.code_file, FileKind::kCodeFile);
  const OutputFiles::Id certificate_file =
      is_root ? files.add(arguments.names_certificate ? "--certificate" : "the certificate beside --key",
                          arguments.certificate_path, FileKind::kCertificate)
              : 0;
  const OutputFiles::Id key_file = files.add("--key", arguments.key_path, FileKind::kKey);
  ZKI_RETURN_IF_ERROR(files.prepare());
  // What hides nothing has the same key each time; that is compared below.
  if (is_root) ZKI_RETURN_IF_ERROR(refuse_published(arguments));
  if (std::error_code error; std::filesystem::is_symlink(folder, error) && !std::filesystem::exists(folder, error)) {
    return invalid_argument("'" + folder + "' is a link to nothing, and what serves would go there; remove it");
  }
  ZKI_ASSIGN_OR_RETURN(const bool has_old, has_descendants(arguments.secret_path));
  if (has_old && !arguments.force) {
    return invalid_argument(
        "'" + folder +
        "' holds what serves under another commitment of this name. Where its secret is lost, `zkinfer commitment "
        "restore` makes it again from a backup, and the name lives on; else name another file with --secret, or "
        "remove it with --force");
  }
  for (const std::string& warning : commit_warnings(model, options)) session.warn(warning);
  const NewCode code{arguments.secret_path, options.code_file};
  NewSecret secret(arguments.secret_path, arguments.key_path);
  ZKI_ASSIGN_OR_RETURN(Prover prover, Prover::create(model, options));
  Result<VerificationKey> key = VerificationKey::from_bytes(prover.verification_key(), 0, kNoVerifyLimits);
  if (!key.ok()) return internal_error("the new key does not read back: " + key.status().to_string());
  if (!is_root && !holds(arguments.key_path, prover.verification_key())) {
    ZKI_RETURN_IF_ERROR(refuse_published(arguments));
  }
  Bytes certificate;
  if (is_root) {
    // Before anything else can use a slot: it speaks for all that will come under this root.
    ZKI_ASSIGN_OR_RETURN(certificate, prover.certify(progress.callback(kCreated, kCertified)));
    if (const Verdict check = verify_certificate(*key, certificate); !check.accepted()) {
      return internal_error("the new certificate fails its own check: " + check.to_string());
    }
  }
  if (is_root) ZKI_RETURN_IF_ERROR(files.write(certificate_file, certificate));
  ZKI_RETURN_IF_ERROR(files.write(key_file, prover.verification_key()));
  // The secret first: a key without its secret is of no use, a secret without its key can make the key again. The key last: with
  // it everything is there.
  if (has_old) ZKI_RETURN_IF_ERROR(discard_descendants(arguments.secret_path));
  ZKI_RETURN_IF_ERROR(secret.begin(key->info().model_identity));
  ZKI_RETURN_IF_ERROR(prover.save(arguments.secret_path));
  if (is_root) {
    ZKI_ASSIGN_OR_RETURN(const CommitmentTree tree, CommitmentTree::open(arguments.secret_path));
    const Result<CommitmentTree::Serving> first = tree.rotate(model, {{}, progress.callback(kCertified, 1)});
    if (!first.ok()) return first.status().with_context("the first commitment that serves");
  }
  ZKI_RETURN_IF_ERROR(publish_with(files, {&secret, 1}));
  progress.clear();
  warn_of_other_secret(session, arguments);
  const KeyInfo& info = key->info();
  // What the owner makes has no limits; what others check has.
  if (const VerifyLimits usual;
      info.verify_cost.nanoseconds > usual.nanoseconds || info.verify_cost.memory_bytes > usual.memory_bytes) {
    session.warn("checking a proof may take " + human_seconds(static_cast<double>(info.verify_cost.nanoseconds) / 1e9) +
                 " and " + human_bytes(info.verify_cost.memory_bytes) +
                 " by count, more than verifiers allow unasked (" +
                 human_seconds(static_cast<double>(usual.nanoseconds) / 1e9) + " and " +
                 human_bytes(usual.memory_bytes) + "): they have to raise --verify-seconds or --verify-memory");
  }
  if (session.json) {
    nlohmann::ordered_json json = parsed(key_json(info));
    json["key"] = arguments.key_path;
    json["key_bytes"] = prover.verification_key().size();
    json["secret"] = arguments.secret_path;
    if (is_root) {
      json["certificate"] = arguments.certificate_path;
      json["certificate_bytes"] = certificate.size();
      json["serving"] = folder;
    }
    json["total_seconds"] = process_seconds();
    json["peak_memory_bytes"] = peak_memory_bytes();
    print_result(session, std::move(json));
    return ExitCode::kDone;
  }
  if (session.quiet) {
    print("{}\n", to_hex(info.model_identity));
    return ExitCode::kDone;
  }
  auto rows = key_rows(info);
  if (info.model_budget > 0) {
    ZKI_ASSIGN_OR_RETURN(const std::string price, price_text(prover));
    rows.emplace_back("price of the budget", price);
  }
  print_lines(pairs_text(rows));
  if (arguments.circuit_report) print_lines("\n" + prover.circuit_report());
  print("wrote {} ({}, for verifiers)", output_name(arguments.key_path), human_bytes(prover.verification_key().size()));
  if (is_root) print(", {} ({}, for verifiers)", arguments.certificate_path, human_bytes(certificate.size()));
  print(" and {} ({})\n", arguments.secret_path,
        options.public_parameters ? "tells `prove` which commitment it is; nothing in it is secret or counted"
                                  : "secret: keep it with the model");
  if (is_root) {
    print("proofs are made under commitments that follow by themselves, in {}\n", folder);
  }
  if (!options.code_file.empty()) {
    std::error_code error;
    print(
        "wrote {} ({}; secret: the code word or its tree, so that proofs need not encode the weights; may be deleted); "
        "each that serves has one as large\n",
        options.code_file, human_bytes(std::filesystem::file_size(options.code_file, error)));
  }
  return ExitCode::kDone;
}

}  // namespace

void add_commit_options(CLI::App& command, CommitArguments& arguments) {
  command.add_option("--security-bits", arguments.options.security.bits, "soundness error at most 2^-bits")
      ->check(CLI::Range(1u, Security::kMaxBits))
      ->capture_default_str();
  command.add_flag_callback(
      "--unique-decoding", [&arguments] { arguments.options.security.decoding = Decoding::kUnique; },
      "parameters that need no list-decoding theorem; larger proofs");
  command
      .add_option(
          "--profile", arguments.profile,
          "what proofs prefer: fast makes them in about half the time with a third more bytes, small makes them "
          "smaller, as contracts pay for bytes, and takes seconds of a core for each")
      ->check(CLI::IsMember(profile_words()))
      ->capture_default_str();
  command
      .add_option("--pow-bits", arguments.pow_bits,
                  "proof of work before each query phase (default: by profile, 16, 12 for fast, 22 for small)")
      ->check(CLI::Range(0u, Security::kMaxPowBits));
  CLI::Option* budget = command.add_option(
      "--budget", arguments.options.budget,
      "slots of this commitment and of each that follows it: one proof each, at least 8 (default: 256, "
      "from 2^18 weights on 1,024); what a larger one costs is printed");
  CLI::Option* inputs =
      command
          .add_option("--inputs", arguments.inputs,
                      "who sees the inputs: private, public or committed, then perhaps :sha256 or :keccak256")
          ->check(CLI::IsMember(tensor_policy_words()))
          ->capture_default_str();
  command.add_option("--outputs", arguments.outputs, "who sees the outputs: the same words")
      ->check(CLI::IsMember(tensor_policy_words()))
      ->capture_default_str();
  command.add_option("--tensor-budget", arguments.options.tensor_budget,
                     "proofs that a commitment to an input or output may serve (default: 8)");
  command
      .add_flag_callback(
          "--public-input", [&arguments] { arguments.inputs = "public"; }, "short for --inputs public")
      ->excludes(inputs);
  CLI::Option* public_model =
      command.add_flag("--public-model", arguments.options.public_parameters,
                       "the commitment hides no weights: whoever has the model derives the same key");
  // Nothing is counted there.
  budget->excludes(public_model);
  command.add_flag("--no-zk", arguments.no_zero_knowledge,
                   "no zero knowledge; only with --inputs public and --public-model, where there is nothing to hide");
}

Status check_commit_options(const CommitArguments& arguments) {
  const bool commits =
      parse_tensor_policy(arguments.inputs).is_committed() || parse_tensor_policy(arguments.outputs).is_committed();
  if (arguments.options.tensor_budget != 0 && !commits) {
    return invalid_argument(
        "--tensor-budget: nothing is committed; it belongs to --inputs committed or --outputs committed");
  }
  return ok_status();
}

CommitOptions commit_options(const CommitArguments& arguments) {
  CommitOptions options = arguments.options;
  options.inputs = parse_tensor_policy(arguments.inputs);
  options.outputs = parse_tensor_policy(arguments.outputs);
  options.security.profile = parse_profile(arguments.profile);
  options.security.pow_bits = arguments.pow_bits.value_or(usual_pow_bits(options.security.profile));
  options.security.zero_knowledge = !arguments.no_zero_knowledge;
  if (!arguments.insecure_seed.empty()) {
    // Not a hash: this seed is insecure by name, it only has to differ between texts.
    Digest seed{};
    for (std::size_t i = 0; i < arguments.insecure_seed.size(); ++i) {
      seed[i % seed.size()] =
          static_cast<std::uint8_t>(31 * seed[i % seed.size()] + static_cast<std::uint8_t>(arguments.insecure_seed[i]));
    }
    options.insecure_seed = seed;
  }
  return options;
}

void add_commit(CLI::App& app, Session& session) {
  auto arguments = std::make_shared<Arguments>();
  CLI::App* command = app.add_subcommand("commit", "commit to a model's weights once; makes the verification key");
  command->add_option("model", arguments->model_path, "model package (.zkmodel)")->type_name(kReadsFile)->required();
  command
      ->add_option("-k,--key", arguments->key_path, "verification key to write (default: the model's name with .zkkey)")
      ->type_name(kWritesFile);
  command
      ->add_option(
          "--certificate", arguments->certificate_path,
          "certificate to write: the weights are integers in their ranges (default: the key's name with .zkcert)")
      ->type_name(kWritesFile);
  command
      ->add_option("-s,--secret", arguments->secret_path,
                   "commitment secret to write (default: the model's name with .zksecret)")
      ->type_name(kWritesFile);
  command->add_flag(
      "--force", arguments->force,
      "replace the key and certificate of an earlier commitment and files of another kind, and remove what "
      "served under an older commitment of this name (never a secret, never an input)");
  command->add_flag("--circuit", arguments->circuit_report, "print the sizes of columns, relations and lookups");
  command->add_flag("--no-code-file", arguments->no_code_file,
                    "never keep a code word on the disk (large models): commands that prove encode the weights again");
  add_commit_options(*command, arguments->commit);
  add_json_flag(*command, session);
  command->footer(
      "Examples:\n"
      "  zkinfer commit network.zkmodel\n"
      "  zkinfer commit network.zkmodel --security-bits 100 --key public/network.zkkey\n"
      "With --quiet only the model's identity is printed.");
  command->callback([arguments, &session] {
    arguments->names_certificate = !arguments->certificate_path.empty();
    name_after(arguments->model_path, ".zkkey", "--key", arguments->key_path);
    // A public model has no certificate, so its key may go to standard output without one.
    if (arguments->key_path != "-")
      name_after(arguments->key_path, ".zkcert", "--certificate", arguments->certificate_path);
    name_after(arguments->model_path, ".zksecret", "--secret", arguments->secret_path);
    session.run([&] { return commit(session, *arguments); });
  });
}

}  // namespace zkinfer::cli
