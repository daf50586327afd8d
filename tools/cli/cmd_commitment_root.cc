// SPDX-License-Identifier: Apache-2.0
// zkinfer commitment, the part about roots: what is under one, its backup, and its return.
#include <algorithm>
#include <filesystem>
#include <memory>
#include <set>

#include <nlohmann/json.hpp>

#include "command.h"
#include "commitment_root.h"
#include "files.h"
#include "new_secret.h"
#include "output_files.h"
#include "outputs.h"
#include "print.h"
#include "result_json.h"
#include "text.h"
#include "zkinfer/commitment_tree.h"
#include "zkinfer/hex.h"

namespace zkinfer::cli {

namespace {

const char* role_text(CommitmentRole role) {
  switch (role) {
    case CommitmentRole::kSingle: return "single";
    case CommitmentRole::kRoot: return "root";
    case CommitmentRole::kInner: return "inner";
    case CommitmentRole::kServing: return "serving";
  }
  return "";
}

nlohmann::ordered_json node_json(const CommitmentTree::Node& node) {
  nlohmann::ordered_json json = {{"name", node.name},
                                 {"role", role_text(node.role)},
                                 {"identity", to_hex(node.identity)},
                                 {"depth", node.depth},
                                 {"slots", {node.slots.begin, node.slots.end}},
                                 {"used", node.slots.num_used()},
                                 {"proofs_left", node.num_proofs_left}};
  if (!node.published) json["published"] = false;
  if (!node.problem.empty()) json["problem"] = node.problem;
  return json;
}

}  // namespace

CommandResult root_status(const Session& session, const std::string& secret_path) {
  ZKI_ASSIGN_OR_RETURN(const CommitmentTree tree, CommitmentTree::open(secret_path));
  ZKI_ASSIGN_OR_RETURN(const std::vector<CommitmentTree::Node> nodes, tree.nodes());
  const std::uint64_t left = CommitmentTree::num_proofs_left(nodes);
  const std::uint64_t ready = CommitmentTree::num_proofs_ready(nodes);
  if (session.json) {
    nlohmann::ordered_json out = {{"kind", "root_secret"},
                                  {"identity", to_hex(nodes.front().identity)},
                                  {"budget", nodes.front().slots.total},
                                  {"proofs_left", left},
                                  {"proofs_ready", ready},
                                  {"commitments", nlohmann::ordered_json::array()}};
    for (const CommitmentTree::Node& node : nodes) out["commitments"].push_back(node_json(node));
    print_result(session, std::move(out));
    return ExitCode::kDone;
  }
  if (session.quiet) {
    print("{}\n", left);
    return ExitCode::kDone;
  }
  print_lines(pairs_text(
      {{"identity", to_hex(nodes.front().identity)},
       {"proofs left", human_count(left) + " in all, " + human_count(ready) + " before the next rotation"}}));
  std::vector<std::pair<std::string, std::string>> rows;
  for (const CommitmentTree::Node& node : nodes) {
    std::string text = std::string(node.depth, ' ') + role_text(node.role) + ", " + node.slots.to_string();
    if (node.role == CommitmentRole::kServing) text += ", " + human_count(node.num_proofs_left) + " proofs left";
    if (!node.published) text += "; its rotation was interrupted: removed by the next one";
    if (!node.problem.empty()) text += "; cannot be used: " + node.problem;
    rows.emplace_back(node.name.empty() ? "root" : node.name, text);
  }
  print_lines(pairs_text(rows));
  return ExitCode::kDone;
}

namespace {

struct BackupArguments {
  std::string secret_path, output_path;
};

CommandResult backup(Session& session, const BackupArguments& arguments) {
  ZKI_RETURN_IF_ERROR(NewSecret::refuse_unfinished(arguments.secret_path));
  OutputFiles files;
  files.reads(arguments.secret_path);
  files.add_counted("--output", arguments.output_path, FileKind::kCommitmentBackup);
  ZKI_RETURN_IF_ERROR(files.prepare());
  ZKI_RETURN_IF_ERROR(backup_root(arguments.secret_path, arguments.output_path));
  ZKI_ASSIGN_OR_RETURN(const SlotFile written, SlotFile::open(arguments.output_path, kRootBackupFile));
  const std::uint64_t left = written.slots().num_left(SlotUse::kRotation);
  if (left > 0 && left <= RestoreOptions{}.margin) {
    session.warn("the root has " + counted(left, "slot") + " left, so that restoring it needs " +
                 (left == 1 ? "more than there are"
                            : "`zkinfer commitment restore --margin " + std::to_string(left - 1) + "` or less") +
                 ", and the path of the last rotation then");
  }
  if (session.json) {
    print_result(session, {{"backup", arguments.output_path}});
  } else if (!session.quiet) {
    print("wrote {} (secret; keep it elsewhere, and no copy of {} or of what serves under it)\n",
          output_name(arguments.output_path), arguments.secret_path);
  }
  return ExitCode::kDone;
}

struct RestoreArguments {
  std::string model_path, backup_path, key_path, secret_path;
  std::vector<std::string> published;
  bool none_published = false;
  std::uint64_t margin = RestoreOptions{}.margin;
  VerifyLimits limits;
};

// Two secrets of one root count the same slots. It is looked for where a lost one would have been.
Status check_lost(const RestoreArguments& arguments) {
  const Result<SlotFile> backup = SlotFile::open(arguments.backup_path, kRootBackupFile);
  if (!backup.ok()) return backup.status();
  std::set<std::string> folders;
  for (const std::string& path : {arguments.backup_path, arguments.key_path, arguments.secret_path})
    folders.insert(std::filesystem::path(path).parent_path().string());
  for (const std::string& folder : folders) {
    std::error_code error;
    for (const auto& entry : std::filesystem::directory_iterator(folder.empty() ? "." : folder, error)) {
      if (entry.path().extension() != ".zksecret" || !entry.is_regular_file(error)) continue;
      const Result<SlotFile> there = SlotFile::open(entry.path().string(), kModelSecretFile);
      if (!there.ok() || there->payload() != backup->payload()) continue;
      // Slices of one root (`commitment split`) have slots of their own.
      const SlotRange mine = backup->slots(), others = there->slots();
      if (std::max(mine.next, others.next) >= std::min(mine.end, others.end)) continue;
      return invalid_argument(
          "restore: '" + entry.path().string() +
          "' is this root's secret, which is not lost: two of them would use the same slots; go on with it, or "
          "remove it for good first");
    }
  }
  return ok_status();
}

CommandResult restore(const Session& session, const RestoreArguments& arguments) {
  ZKI_RETURN_IF_ERROR(NewSecret::clear(arguments.secret_path));
  OutputFiles outputs;
  outputs.reads({arguments.backup_path, arguments.key_path});
  outputs.reads(arguments.published);
  outputs.add_counted("--secret", arguments.secret_path, FileKind::kCommitmentSecret);
  ZKI_RETURN_IF_ERROR(outputs.prepare());
  ZKI_ASSIGN_OR_RETURN(const VerificationKey root, load_key(arguments.key_path, 0, arguments.limits));
  RestoreOptions options;
  options.margin = arguments.margin;
  std::vector<std::string> files = arguments.published;
  ZKI_ASSIGN_OR_RETURN(const std::string folder, serving_folder_of(arguments.secret_path));
  std::error_code error;
  for (const auto& entry : std::filesystem::directory_iterator(folder, error)) {
    if (entry.path().extension() == ".zkpath") files.push_back(entry.path().string());
  }
  if (files.empty() && !arguments.none_published) {
    return invalid_argument(
        "restore: which slots of the root were used after the backup can be read from the paths that were given to "
        "verifiers; "
        "give those that you can find with --published, or say --none-published");
  }
  for (const std::string& file : files) {
    ZKI_ASSIGN_OR_RETURN(const Bytes bytes, load_checked("", file, FileKind::kPath));
    PathResult path = verify_path(root, bytes);
    ZKI_ASSIGN_OR_RETURN(path.verdict, within_limits(file, std::move(path.verdict)));
    if (!path.verdict.accepted()) {
      return invalid_argument("'" + file + "' is no path from '" + arguments.key_path +
                              "': " + verdict_text(path.verdict));
    }
    options.highest_published = std::max(options.highest_published.value_or(0), path.root_slot);
  }
  ZKI_RETURN_IF_ERROR(check_lost(arguments));
  ZKI_ASSIGN_OR_RETURN(const SlotRange slots, restore_root(arguments.backup_path, arguments.secret_path, root.info().root_identity, options));
  if (session.json) {
    print_result(session,
                 {{"secret", arguments.secret_path}, {"next_slot", slots.next}, {"slots", {slots.begin, slots.end}}});
  } else if (!session.quiet) {
    print("wrote {}: goes on at slot {} of {}; what served under the root before is discarded\n", arguments.secret_path,
          slots.next, slots.total);
  }
  return ExitCode::kDone;
}

}  // namespace

void add_backup(CLI::App& commitment, Session& session) {
  auto arguments = std::make_shared<BackupArguments>();
  CLI::App* command =
      commitment.add_subcommand("backup", "copy a root's secret to a file that can only be restored, not used");
  command->add_option("secret", arguments->secret_path, "the root's secret (.zksecret)")
      ->type_name(kReadsFile)
      ->required();
  command
      ->add_option("-o,--output", arguments->output_path, "backup to write (default: the secret's name with .zkbackup)")
      ->type_name(kWritesFile);
  add_json_flag(*command, session);
  command->footer(
      "Examples:\n  zkinfer commitment backup network.zksecret\n"
      "  zkinfer commitment backup network.zksecret -o /media/usb/network.zkbackup");
  command->callback([arguments, &session] {
    name_after(arguments->secret_path, ".zkbackup", "--output", arguments->output_path);
    session.run([&] { return backup(session, *arguments); });
  });
}

void add_restore(CLI::App& commitment, Session& session) {
  auto arguments = std::make_shared<RestoreArguments>();
  CLI::App* command =
      commitment.add_subcommand("restore", "make a lost root's secret again, leaving out every slot that may be used");
  command->add_option("backup", arguments->backup_path, "backup (.zkbackup)")->type_name(kReadsFile)->required();
  command->add_option("-k,--key", arguments->key_path, "the root's verification key (.zkkey)")
      ->type_name(kReadsFile)
      ->required();
  command
      ->add_option("-s,--secret", arguments->secret_path, "secret to write (default: the backup's name with .zksecret)")
      ->type_name(kWritesFile);
  CLI::Option* published =
      command
          ->add_option("--published", arguments->published,
                       "paths (.zkpath) that were given to verifiers: the latest ones that can be found")
          ->type_name(kReadsFile);
  command->add_flag("--none-published", arguments->none_published, "no path was ever given to anybody since the backup")
      ->excludes(published);
  command->add_option("--margin", arguments->margin, "slots to leave out for rotations that are not known")
      ->check(CLI::Range(std::uint64_t{1}, std::uint64_t{1} << 20))
      ->capture_default_str();
  add_verify_limits(*command, arguments->limits);
  add_json_flag(*command, session);
  command->footer(
      "Examples:\n  zkinfer commitment restore network.zkbackup --key network.zkkey --published *.zkpath\n"
      "  zkinfer commitment restore network.zkbackup --key network.zkkey --none-published");
  command->callback([arguments, &session] {
    name_after(arguments->backup_path, ".zksecret", "--secret", arguments->secret_path);
    session.run([&] { return restore(session, *arguments); });
  });
}

}  // namespace zkinfer::cli
