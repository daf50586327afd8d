// SPDX-License-Identifier: Apache-2.0
// zkinfer rotate: a commitment whose slots are running out -> a fresh commitment to the same weights, and the proof of it.
// zkinfer verify-rotation: two keys and that proof -> accepted or rejected.
#include <cstdio>
#include <filesystem>
#include <memory>

#include <nlohmann/json.hpp>

#include "command.h"
#include "committed.h"
#include "files.h"
#include "machine.h"
#include "outputs.h"
#include "progress.h"
#include "stopwatch.h"
#include "text.h"

namespace zkinfer::cli {
namespace {

struct RotateArguments {
  std::string model_path, secret_path, new_secret_path, new_key_path, output_path;
  std::uint64_t budget = 0;
};

CommandResult rotate(const Session& session, const RotateArguments& arguments) {
  // A secret carries the count of its slots: never replace one.
  if (std::error_code error; std::filesystem::exists(arguments.new_secret_path, error)) {
    return invalid_argument("'" + arguments.new_secret_path +
                            "' is there already; name another file with --new-secret");
  }
  ZKI_ASSIGN_OR_RETURN(const Model model, load_model(arguments.model_path));
  ProgressLine progress(session, "rotate");
  ZKI_ASSIGN_OR_RETURN(Committed before, Committed::open(model, arguments.secret_path, progress.callback()));
  CommitOptions options = before.prover().options();
  if (arguments.budget != 0) options.budget = arguments.budget;
  ZKI_ASSIGN_OR_RETURN(Prover fresh, Prover::create(model, options));
  Result<VerificationKey> key = VerificationKey::from_bytes(fresh.verification_key(), 0, kNoVerifyLimits);
  if (!key.ok()) return internal_error("the new key does not read back: " + key.status().to_string());
  const Stopwatch watch;
  ZKI_ASSIGN_OR_RETURN(const Bytes rotation, before.prover().rotate(fresh, progress.callback()));
  const double seconds = watch.seconds();
  const Verdict check = verify_rotation(before.key(), *key, rotation);
  if (!check.accepted()) return internal_error("the new rotation fails its own check: " + check.to_string());
  // The secret first: it has the slot that the rotation took.
  ZKI_RETURN_IF_ERROR(fresh.save(arguments.new_secret_path));
  ZKI_RETURN_IF_ERROR(write_file(arguments.new_key_path, fresh.verification_key()));
  ZKI_RETURN_IF_ERROR(write_file(arguments.output_path, rotation));
  if (session.quiet) {
    std::printf("%s\n", to_hex(key->info().model_identity).c_str());
    return ExitCode::kDone;
  }
  std::fputs(pairs_text({{"model", key->info().model_name},
                         {"old identity", to_hex(before.key().info().model_identity)},
                         {"new identity", to_hex(key->info().model_identity)},
                         {"proofs allowed", budget_text(key->info().model_budget)}})
                 .c_str(),
             stdout);
  std::printf(
      "rotated in %s, proof %s, peak memory %s\nwrote %s, %s (for verifiers) and %s (secret: keep it with the model)\n",
      human_seconds(seconds).c_str(), human_bytes(rotation.size()).c_str(), human_bytes(peak_memory_bytes()).c_str(),
      arguments.output_path.c_str(), arguments.new_key_path.c_str(), arguments.new_secret_path.c_str());
  return ExitCode::kDone;
}

struct VerifyArguments {
  std::string old_key_path, new_key_path, rotation_path;
  double min_security = kDefaultMinSecurityBits;
  VerifyLimits limits;
  bool json = false;
};

CommandResult verify_files(const Session& session, const VerifyArguments& arguments) {
  ZKI_ASSIGN_OR_RETURN(const VerificationKey before,
                       load_key(arguments.old_key_path, arguments.min_security, arguments.limits));
  ZKI_ASSIGN_OR_RETURN(const VerificationKey after,
                       load_key(arguments.new_key_path, arguments.min_security, arguments.limits));
  ZKI_ASSIGN_OR_RETURN(const Bytes rotation, read_file(arguments.rotation_path, kMaxProofBytes));
  const Stopwatch watch;
  const Verdict verdict = verify_rotation(before, after, rotation);
  const double seconds = watch.seconds();
  const std::string old_identity = to_hex(before.info().model_identity),
                    new_identity = to_hex(after.info().model_identity);
  if (arguments.json) {
    nlohmann::ordered_json json = {{"accepted", verdict.accepted()},
                                   {"old_identity", old_identity},
                                   {"new_identity", new_identity},
                                   {"verify_seconds", seconds}};
    if (!verdict.accepted()) {
      json["reason"] = std::string(reject_reason_name(verdict.reason));
      json["where"] = verdict.where;
    }
    std::printf("%s\n", json.dump(2, ' ', false, nlohmann::json::error_handler_t::replace).c_str());
  } else if (!verdict.accepted()) {
    std::printf("REJECTED: %s\n", verdict_text(verdict).c_str());
  } else if (!session.quiet) {
    std::printf("ACCEPTED in %s: both keys commit to the same weights\n", human_seconds(seconds).c_str());
    std::fputs(pairs_text({{"old identity", old_identity}, {"new identity", new_identity}}).c_str(), stdout);
  }
  return verdict.accepted() ? ExitCode::kDone : ExitCode::kRejected;
}

}  // namespace

void add_rotate(CLI::App& app, Session& session) {
  auto arguments = std::make_shared<RotateArguments>();
  CLI::App* command =
      app.add_subcommand("rotate", "move a model to a fresh commitment and prove that both hold the same weights");
  command->add_option("model", arguments->model_path, "model package (.zkmodel)")->required();
  command->add_option("-s,--secret", arguments->secret_path,
                      "old commitment secret (default: the model's name with .zksecret)");
  command->add_option("--new-secret", arguments->new_secret_path,
                      "commitment secret to write (default: the model's name with .next.zksecret)");
  command->add_option("--new-key", arguments->new_key_path,
                      "verification key to write (default: the model's name with .next.zkkey)");
  command->add_option("-o,--output", arguments->output_path,
                      "rotation to write (default: the model's name with .zkrotation)");
  command->add_option("--budget", arguments->budget,
                      "proofs that the fresh commitment may serve (default: as the old one)");
  command->footer(
      "Examples:\n"
      "  zkinfer rotate network.zkmodel\n"
      "  zkinfer verify-rotation network.zkkey network.next.zkkey network.zkrotation\n"
      "Takes a slot of both commitments; every commitment keeps its last one for this. Everything else is as in the "
      "old\n"
      "commitment: who sees what, security, a certificate.");
  command->callback([arguments, &session] {
    const auto name = [&](const char* extension) { return with_extension(arguments->model_path, extension); };
    if (arguments->secret_path.empty()) arguments->secret_path = name(".zksecret");
    if (arguments->new_secret_path.empty()) arguments->new_secret_path = name(".next.zksecret");
    if (arguments->new_key_path.empty()) arguments->new_key_path = name(".next.zkkey");
    if (arguments->output_path.empty()) arguments->output_path = name(".zkrotation");
    session.run([&] { return rotate(session, *arguments); });
  });
}

void add_verify_rotation(CLI::App& app, Session& session) {
  auto arguments = std::make_shared<VerifyArguments>();
  CLI::App* command = app.add_subcommand("verify-rotation", "check that two keys commit to the same weights");
  command->add_option("old", arguments->old_key_path, "verification key of the old commitment (.zkkey)")->required();
  command->add_option("new", arguments->new_key_path, "verification key of the fresh one")->required();
  command->add_option("rotation", arguments->rotation_path, "rotation (.zkrotation)")->required();
  command->add_option("--min-security", arguments->min_security, "refuse keys that prove fewer bits")
      ->capture_default_str();
  add_verify_limits(*command, arguments->limits);
  command->add_flag("--json", arguments->json, "print the result as JSON");
  command->footer("Examples:\n  zkinfer verify-rotation network.zkkey network.next.zkkey network.zkrotation");
  command->callback([arguments, &session] { session.run([&] { return verify_files(session, *arguments); }); });
}

}  // namespace zkinfer::cli
