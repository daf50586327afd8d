// SPDX-License-Identifier: Apache-2.0
// zkinfer rotate: a root's secret -> the next commitment that serves under it, and its path.
// zkinfer verify-path: root key and path -> accepted or rejected.
#include <memory>

#include <nlohmann/json.hpp>

#include "command.h"
#include "committed.h"
#include "files.h"
#include "machine.h"
#include "new_secret.h"
#include "outputs.h"
#include "print.h"
#include "result_json.h"
#include "stopwatch.h"
#include "text.h"
#include "trust.h"
#include "zkinfer/hex.h"

namespace zkinfer::cli {
namespace {

struct RotateArguments {
  std::string model_path, secret_path;
};

CommandResult rotate(const Session& session, const RotateArguments& arguments) {
  ZKI_RETURN_IF_ERROR(NewSecret::refuse_unfinished(arguments.secret_path));
  ZKI_ASSIGN_OR_RETURN(const CommitmentTree tree, CommitmentTree::open(arguments.secret_path));
  ZKI_ASSIGN_OR_RETURN(const Model model, load_model(arguments.model_path));
  ProgressLine progress(session, "rotate");
  const Stopwatch watch;
  ZKI_ASSIGN_OR_RETURN(const CommitmentTree::Serving made, tree.rotate(model, told(session, progress)));
  const double seconds = watch.seconds();
  progress.clear();
  const KeyInfo& info = made.key.info();
  const std::string path_file = tree.folder() + "/" + made.node.name + ".zkpath";
  if (session.json) {
    print_result(session, {{"root_identity", to_hex(info.root_identity)},
                           {"serving_identity", to_hex(info.model_identity)},
                           {"depth", info.depth},
                           {"proofs_left", made.node.num_proofs_left},
                           {"path", path_file},
                           {"path_bytes", made.path.size()},
                           {"rotate_seconds", seconds},
                           {"peak_memory_bytes", peak_memory_bytes()}});
  } else if (session.quiet) {
    print("{}\n", to_hex(info.model_identity));
  } else {
    print_lines(pairs_text(
        {{"model", info.model_name},
         {"identity", to_hex(info.root_identity)},
         {"serving key", to_hex(info.model_identity) + ", " + std::to_string(info.depth) + " below the root"},
         {"proofs left", human_count(made.node.num_proofs_left)}}));
    print("rotated in {}, path {}, peak memory {}\nwrote {} (public; `zkinfer prove` puts it beside its proofs)\n",
          human_seconds(seconds), human_bytes(made.path.size()), human_bytes(peak_memory_bytes()), path_file);
  }
  return ExitCode::kDone;
}

struct VerifyArguments {
  std::string key_path, path_path;
  double min_security = kDefaultMinSecurityBits;
  VerifyLimits limits;
};

CommandResult verify_files(const Session& session, const VerifyArguments& arguments) {
  ZKI_ASSIGN_OR_RETURN(const VerificationKey root,
                       load_key(arguments.key_path, arguments.min_security, arguments.limits));
  ZKI_ASSIGN_OR_RETURN(const Bytes path, load_checked("", arguments.path_path, FileKind::kPath));
  const Stopwatch watch;
  PathResult result = verify_path(root, path);
  const double seconds = watch.seconds();
  ZKI_ASSIGN_OR_RETURN(result.verdict, within_limits(arguments.path_path, std::move(result.verdict)));
  const bool accepted = result.verdict.accepted();
  if (session.json) {
    nlohmann::ordered_json json = {{"accepted", accepted}, {"root_identity", to_hex(root.info().model_identity)}};
    if (accepted) {
      json["serving_identity"] = to_hex(result.key->info().model_identity);
      json["depth"] = result.key->info().depth;
      json["security_bits"] = result.key->info().weakest_bits;
      json["root_slot"] = result.root_slot;
    } else {
      json["reason"] = std::string(reject_reason_name(result.verdict.reason));
      json["where"] = result.verdict.where;
      json["hint"] = rejection_hint(result.verdict.reason);
    }
    json["verify_seconds"] = seconds;
    print_result(session, std::move(json));
  } else if (!accepted) {
    print("REJECTED: {}\n", verdict_text(result.verdict));
    if (!session.quiet) print("{}\n", rejection_hint(result.verdict.reason));
  } else if (!session.quiet) {
    const KeyInfo& info = result.key->info();
    print("ACCEPTED in {}: the serving key holds the root's weights\n", human_seconds(seconds));
    print_lines(pairs_text(
        {{"identity", to_hex(info.root_identity)},
         {"serving key", to_hex(info.model_identity) + ", " + std::to_string(info.depth) + " below the root"},
         {"security", decimal(info.weakest_bits, 1) + " bits"},
         {"root's slot", std::to_string(result.root_slot)}}));
  }
  return accepted ? ExitCode::kDone : ExitCode::kRejected;
}

}  // namespace

void add_rotate(CLI::App& app, Session& session) {
  auto arguments = std::make_shared<RotateArguments>();
  CLI::App* command =
      app.add_subcommand("rotate", "make the next commitment that serves under a root; prove does it by itself");
  command->add_option("model", arguments->model_path, "model package (.zkmodel)")->type_name(kReadsFile)->required();
  command
      ->add_option("-s,--secret", arguments->secret_path,
                   "the root's secret (default: the model's name with .zksecret)")
      ->type_name(kReadsFile);
  add_json_flag(*command, session);
  command->footer(
      "Examples:\n"
      "  zkinfer rotate network.zkmodel\n"
      "  zkinfer verify-path network.zkkey network.zkserving/2.zkpath\n"
      "`zkinfer prove` makes the next commitment when it is needed, and a little before. The model keeps its key and "
      "its\n"
      "certificate; what serves under it holds the same weights, which the path proves.");
  command->callback([arguments, &session] {
    name_after(arguments->model_path, ".zksecret", "--secret", arguments->secret_path);
    session.run([&] { return rotate(session, *arguments); });
  });
}

void add_verify_path(CLI::App& app, Session& session) {
  auto arguments = std::make_shared<VerifyArguments>();
  CLI::App* command = app.add_subcommand("verify-path", "check that a serving key descends from a root key");
  command->add_option("key", arguments->key_path, "the root's verification key (.zkkey)")
      ->type_name(kReadsFile)
      ->required();
  command->add_option("path", arguments->path_path, "path (.zkpath)")->type_name(kReadsFile)->required();
  add_min_security(*command, arguments->min_security);
  add_verify_limits(*command, arguments->limits);
  add_json_flag(*command, session);
  command->footer(
      "Examples:\n  zkinfer verify-path network.zkkey 3f2a91c04d5e6f70.zkpath\n`zkinfer verify` does this for each "
      "proof.");
  command->callback([arguments, &session] { session.run([&] { return verify_files(session, *arguments); }); });
}

}  // namespace zkinfer::cli
