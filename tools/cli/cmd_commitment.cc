// SPDX-License-Identifier: Apache-2.0
// zkinfer commitment: what is left of a commitment's slots, slices for several machines, and its audit key.
#include <memory>
#include <string_view>

#include <nlohmann/json.hpp>

#include "base/files.h"
#include "command.h"
#include "commitment_root.h"
#include "committed.h"
#include "files.h"
#include "inputs/input_bytes.h"
#include "new_secret.h"
#include "output_files.h"
#include "print.h"
#include "progress.h"
#include "result_json.h"
#include "text.h"
#include "zkinfer/commit_tensor.h"
#include "zkinfer/hex.h"
#include "zkinfer/slots.h"

namespace zkinfer::cli {
namespace {

// A file that counts slots: a commitment secret, or a tensor secret.
struct Counted {
  SlotFile file;
  std::string identity;      // of the model; empty for data
  std::uint64_t budget = 0;  // 0: public parameters, nothing to count
  std::string_view extension;
  bool is_root = false;
  CommitmentRole role = CommitmentRole::kSingle;
};

Result<Counted> open_counted(const std::string& path) {
  ZKI_RETURN_IF_ERROR(NewSecret::refuse_unfinished(path));
  const Result<const FileFormat*> format = kind_of_file(path);
  if (format.ok() && *format == &format_of(FileKind::kTensorSecret)) {
    ZKI_ASSIGN_OR_RETURN(SlotFile file, SlotFile::open(path, kTensorSecretFile));
    const std::uint64_t budget = file.slots().total;
    return Counted{std::move(file), "", budget, ".zktsecret", false};
  }
  ZKI_ASSIGN_OR_RETURN(SlotFile file, SlotFile::open(path, kModelSecretFile));
  ZKI_ASSIGN_OR_RETURN(const CommitmentInfo info, read_commitment_secret(file.payload()));
  return Counted{std::move(file), to_hex(info.model_identity),        info.budget,
                 ".zksecret",     info.role == CommitmentRole::kRoot, info.role};
}

struct StatusArguments {
  std::string secret_path;
};

CommandResult status(const Session& session, const StatusArguments& arguments) {
  ZKI_ASSIGN_OR_RETURN(const Counted counted, open_counted(arguments.secret_path));
  if (counted.is_root) return root_status(session, arguments.secret_path);
  const std::pair<std::string, std::string> what =
      counted.identity.empty() ? std::pair<std::string, std::string>{"commits to", "data"}
                               : std::pair<std::string, std::string>{"identity", counted.identity};
  const SlotRange& slots = counted.file.slots();
  const std::uint64_t num_proofs = slots.num_left(SlotUse::kProof);
  const std::uint64_t num_kept = slots.num_left(SlotUse::kRotation) - num_proofs;
  if (session.json) {
    nlohmann::ordered_json json = {{"kind", counted.identity.empty() ? "tensor_secret" : "commitment_secret"},
                                   {"budget", counted.budget},
                                   {"slots", {slots.begin, slots.end}},
                                   {"used", slots.num_used()},
                                   {"proofs_left", num_proofs},
                                   {"kept_for_rotation", num_kept}};
    if (!counted.identity.empty()) json["identity"] = counted.identity;
    print_result(session, std::move(json));
  } else if (session.quiet) {
    print("{}\n", num_proofs);
  } else if (counted.budget == 0) {
    print_lines(pairs_text({what, {"budget", budget_text(0)}}));
  } else {
    const bool empty = slots.begin == slots.end;
    print_lines(pairs_text(
        {what,
         {"budget", counted.identity.empty() ? human_count(counted.budget) : budget_text(counted.budget)},
         {"slots of this file", empty ? "none" : std::to_string(slots.begin) + " to " + std::to_string(slots.end - 1)},
         {"used", human_count(slots.num_used())},
         {"proofs left", human_count(num_proofs)},
         {"kept for rotation", human_count(num_kept)}}));
  }
  return ExitCode::kDone;
}

struct SplitArguments {
  std::string secret_path;
  std::size_t num_parts = 0;
};

// network.zksecret -> network.3.zksecret
std::string part_path(const std::string& path, std::size_t number, std::string_view extension) {
  return with_extension(path, "." + std::to_string(number) + std::string(extension));
}

CommandResult split(const Session& session, const SplitArguments& arguments) {
  ZKI_ASSIGN_OR_RETURN(Counted counted, open_counted(arguments.secret_path));
  if (counted.budget == 0) {
    return invalid_argument("'" + arguments.secret_path +
                            "': a commitment to public parameters has no slots to split; copy the file");
  }
  ZKI_RETURN_IF_ERROR(refuse_below_root(counted.role, arguments.secret_path));
  std::vector<std::string> paths;
  for (std::size_t i = 1; i <= arguments.num_parts; ++i)
    paths.push_back(part_path(arguments.secret_path, i, counted.extension));
  ZKI_RETURN_IF_ERROR(counted.file.split(paths));
  auto parts = nlohmann::ordered_json::array();
  for (const std::string& path : paths) {
    ZKI_ASSIGN_OR_RETURN(const Counted part, open_counted(path));
    const std::uint64_t num_proofs = part.file.slots().num_left(SlotUse::kProof);
    const std::uint64_t num_kept = part.file.slots().num_left(SlotUse::kRotation) - num_proofs;
    if (session.json) {
      parts.push_back({{"secret", path}, {"proofs_left", num_proofs}, {"kept_for_rotation", num_kept}});
    } else if (session.quiet) {
      continue;
    } else if (part.is_root) {
      print("wrote {}: {} that serve{}\n", path, cli::counted(num_kept, "commitment"), num_kept == 1 ? "s" : "");
    } else {
      print("wrote {}: {}{}\n", path, cli::counted(num_proofs, "proof"),
            num_kept > 0 ? ", and the slot for rotation" : "");
    }
  }
  if (session.json) {
    print_result(session, {{"secret", arguments.secret_path}, {"parts", std::move(parts)}});
  } else if (!session.quiet) {
    print("{} has no slots any more; move each file to where it is used, and keep no copy\n", arguments.secret_path);
  }
  return ExitCode::kDone;
}

struct OpenArguments {
  std::string model_path, secret_path, output_path;
  bool force = false;
};

CommandResult open(const Session& session, const OpenArguments& arguments) {
  OutputFiles files(arguments.force);
  files.reads({arguments.model_path, arguments.secret_path});
  if (session.json) files.keep_standard_output();
  const OutputFiles::Id output = files.add("--output", arguments.output_path, FileKind::kAuditKey);
  ZKI_RETURN_IF_ERROR(files.prepare());
  ZKI_ASSIGN_OR_RETURN(const Model model, load_model(arguments.model_path));
  ProgressLine progress(session, "open");
  ZKI_ASSIGN_OR_RETURN(const Counted counted, open_counted(arguments.secret_path));
  ZKI_RETURN_IF_ERROR(refuse_below_root(counted.role, arguments.secret_path));
  ZKI_ASSIGN_OR_RETURN(const Prover prover, Prover::open(model, arguments.secret_path, progress.callback()));
  ZKI_RETURN_IF_ERROR(files.write(output, prover.audit_key()));
  ZKI_RETURN_IF_ERROR(files.publish());
  progress.clear();
  if (session.json) {
    print_result(session, {{"audit_key", arguments.output_path}});
  } else if (!session.quiet) {
    print("wrote {} (secret: only for an auditor who may see the model)\n", output_name(arguments.output_path));
  }
  return ExitCode::kDone;
}

struct CheckArguments {
  std::string model_path, audit_key_path, key_path;
};

CommandResult check(const Session& session, const CheckArguments& arguments) {
  ZKI_ASSIGN_OR_RETURN(const Model model, load_model(arguments.model_path));
  ZKI_ASSIGN_OR_RETURN(const Bytes key, read_kind(arguments.key_path, FileKind::kKey));
  ZKI_ASSIGN_OR_RETURN(const Bytes audit_key, read_kind(arguments.audit_key_path, FileKind::kAuditKey));
  auto waiting = std::make_unique<WaitingLine>(session, "check", "encoding the weights again");
  Result<AuditCheck> result = check_audit_key(model, key, audit_key);
  waiting.reset();
  if (!result.ok())
    return result.status().with_context("'" + arguments.audit_key_path + "', '" + arguments.key_path + "'");
  if (session.json) {
    nlohmann::ordered_json json = {{"matches", result->matches}};
    if (!result->matches) json["reason"] = result->reason;
    print_result(session, std::move(json));
  } else if (!result->matches) {
    print("NO MATCH: {}\n", result->reason);
  } else if (!session.quiet) {
    print("MATCH: {} commits to exactly the model in {}\n", arguments.key_path, arguments.model_path);
  }
  return result->matches ? ExitCode::kDone : ExitCode::kRejected;
}

void add_status(CLI::App& commitment, Session& session) {
  auto arguments = std::make_shared<StatusArguments>();
  CLI::App* command = commitment.add_subcommand("status", "how many proofs a secret or a tensor secret may still make");
  command->add_option("secret", arguments->secret_path, "commitment secret (.zksecret) or tensor secret (.zktsecret)")
      ->type_name(kReadsFile)
      ->required();
  add_json_flag(*command, session);
  command->footer(
      "Examples:\n  zkinfer commitment status network.zksecret\n"
      "  zkinfer commitment status between.zktsecret");
  command->callback([arguments, &session] { session.run([&] { return status(session, *arguments); }); });
}

void add_split(CLI::App& commitment, Session& session) {
  auto arguments = std::make_shared<SplitArguments>();
  CLI::App* command = commitment.add_subcommand(
      "split", "share what is left among several prover machines, or with the next party of a chain");
  command
      ->add_option("secret", arguments->secret_path,
                   "commitment secret (.zksecret) or tensor secret (.zktsecret); has no slots afterwards")
      ->type_name(kReadsFile)
      ->required();
  command->add_option("--into", arguments->num_parts, "number of secrets to write, network.1.zksecret and so on")
      ->required()
      ->check(CLI::Range(2, 4096));
  add_json_flag(*command, session);
  command->footer(
      "Examples:\n  zkinfer commitment split network.zksecret --into 4\n"
      "  zkinfer commitment split between.zktsecret --into 2");
  command->callback([arguments, &session] { session.run([&] { return split(session, *arguments); }); });
}

void add_open(CLI::App& commitment, Session& session) {
  auto arguments = std::make_shared<OpenArguments>();
  CLI::App* command =
      commitment.add_subcommand("open", "write what an auditor needs to see that a key commits to a model");
  command->add_option("model", arguments->model_path, "model package (.zkmodel)")->type_name(kReadsFile)->required();
  add_secret_option(*command, arguments->secret_path);
  command
      ->add_option("-o,--output", arguments->output_path,
                   "audit key to write (default: the model's name with .zkaudit)")
      ->type_name(kWritesFile);
  add_force_flag(*command, arguments->force);
  add_json_flag(*command, session);
  command->footer(
      "Examples:\n  zkinfer commitment open network.zkmodel\n"
      "  zkinfer commitment open network.zkmodel --secret network.zksecret -o network.zkaudit");
  command->callback([arguments, &session] {
    name_after(arguments->model_path, ".zksecret", "--secret", arguments->secret_path);
    name_after(arguments->model_path, ".zkaudit", "--output", arguments->output_path);
    session.run([&] { return open(session, *arguments); });
  });
}

void add_check(CLI::App& commitment, Session& session) {
  auto arguments = std::make_shared<CheckArguments>();
  CLI::App* command = commitment.add_subcommand("check", "the auditor's side of open; exit code 0 match, 1 no match");
  command->add_option("model", arguments->model_path, "model package (.zkmodel)")->type_name(kReadsFile)->required();
  command->add_option("audit_key", arguments->audit_key_path, "audit key (.zkaudit) from the model's owner")
      ->type_name(kReadsFile)
      ->required();
  command->add_option("-k,--key", arguments->key_path, "verification key (.zkkey)")->type_name(kReadsFile)->required();
  add_json_flag(*command, session);
  command->footer("Examples:\n  zkinfer commitment check network.zkmodel network.zkaudit --key network.zkkey");
  command->callback([arguments, &session] { session.run([&] { return check(session, *arguments); }); });
}

}  // namespace

void add_commitment(CLI::App& app, Session& session) {
  CLI::App* command = app.add_subcommand("commitment", "slots of a commitment, slices of them, and its audit key");
  command->require_subcommand(1);
  add_status(*command, session);
  add_split(*command, session);
  add_open(*command, session);
  add_check(*command, session);
  add_backup(*command, session);
  add_restore(*command, session);
  command->footer(
      "Examples:\n"
      "  zkinfer commitment status network.zksecret\n"
      "  zkinfer commitment split network.zksecret --into 4\n"
      "  zkinfer commitment split between.zktsecret --into 2\n"
      "  zkinfer commitment open network.zkmodel\n"
      "  zkinfer commitment check network.zkmodel network.zkaudit --key network.zkkey");
}

}  // namespace zkinfer::cli
