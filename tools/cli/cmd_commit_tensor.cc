// SPDX-License-Identifier: Apache-2.0
// zkinfer commit-tensor: an input to a commitment that proofs, other models and other parties can refer to.
#include <memory>

#include <nlohmann/json.hpp>

#include "batch.h"
#include "command.h"
#include "data_files.h"
#include "files.h"
#include "known_tensors.h"
#include "output_files.h"
#include "print.h"
#include "result_json.h"
#include "text.h"
#include "zkinfer/hex.h"

namespace zkinfer::cli {
namespace {

struct Arguments {
  std::string key_path, name;
  VerifyLimits limits;
  InputOptions input;
  std::vector<std::string> data;
  bool strict = false, force = false;
};

Result<std::vector<std::vector<std::int64_t>>> load_integers(Session& session, const Arguments& arguments,
                                                             const std::vector<TensorInfo>& tensors) {
  if (!arguments.data.empty()) return load_canonical("--input-data", arguments.data, tensors);
  ZKI_ASSIGN_OR_RETURN(const RealInputs input, load_input(arguments.input, tensors, arguments.input.preprocessing));
  std::vector<std::vector<std::int64_t>> integers;
  std::vector<Clipping> clipping(tensors.size());
  for (std::size_t i = 0; i < tensors.size(); ++i) {
    ZKI_ASSIGN_OR_RETURN(auto one, to_integers(tensors[i], input[i], &clipping[i]));
    if (arguments.strict && clipping[i].num_clipped > 0) return out_of_range("--strict: " + clipping_text(clipping[i]));
    integers.push_back(std::move(one));
  }
  ClippingSum sum;
  sum.add(clipping);
  sum.warn(session);
  return integers;
}

CommandResult commit_tensor(Session& session, const Arguments& arguments) {
  ZKI_ASSIGN_OR_RETURN(const VerificationKey key, load_key(arguments.key_path, 0, arguments.limits));
  const std::vector<TensorInfo>& tensors = key.info().input_tensors;
  ZKI_ASSIGN_OR_RETURN(const auto integers, load_integers(session, arguments, tensors));
  ZKI_ASSIGN_OR_RETURN(const std::vector<CommitmentPaths> paths,
                       commitment_paths("--output", arguments.name, tensors.size()));
  OutputFiles files(arguments.force);
  files.reads(arguments.key_path);
  files.reads(arguments.input.paths);
  for (const std::string& text : arguments.data) files.reads(file_part(text));
  if (session.json) files.keep_standard_output();
  std::vector<OutputFiles::Id> ids;
  for (const CommitmentPaths& path : paths) {
    ids.push_back(files.add("--output", path.data, FileKind::kTensorCommitment));
    files.add_counted("--output", path.opening, FileKind::kTensorSecret);
  }
  ZKI_RETURN_IF_ERROR(files.prepare());
  std::vector<CommittedTensor> committed;
  for (std::size_t i = 0; i < tensors.size(); ++i) {
    ZKI_ASSIGN_OR_RETURN(CommittedTensor tensor, CommittedTensor::create(key, i, integers[i]));
    ZKI_RETURN_IF_ERROR(files.write(ids[i], tensor.commitment().to_bytes()));
    committed.push_back(std::move(tensor));
  }
  ZKI_ASSIGN_OR_RETURN(std::vector<NewSecret> secrets, save_openings(committed, paths));
  ZKI_RETURN_IF_ERROR(publish_with(files, secrets));
  auto list = nlohmann::ordered_json::array();
  for (std::size_t i = 0; i < tensors.size(); ++i) {
    const TensorCommitment& commitment = committed[i].commitment();
    const std::string id = to_hex(commitment.id());
    if (session.json) {
      list.push_back({{"name", tensors[i].name},
                      {"shape", tensors[i].shape},
                      {"commitment", id},
                      {"commitment_root", to_hex(commitment.root())},
                      {"commitment_budget", commitment.budget()},
                      {"data", paths[i].data},
                      {"opening", paths[i].opening}});
    } else if (session.quiet) {
      print("{}\n", id);
    } else {
      print("input '{}' {}\n", tensors[i].name, shape_text(tensors[i].shape));
      print_lines(pairs_text({{"commitment", id}, {"proofs allowed", human_count(commitment.budget())}}));
      print("wrote {} (for verifiers) and {} (secret: opens it in proofs)\n", paths[i].data, paths[i].opening);
    }
  }
  if (session.json) print_result(session, {{"inputs", std::move(list)}});
  return ExitCode::kDone;
}

}  // namespace

void add_commit_tensor(CLI::App& app, Session& session) {
  auto arguments = std::make_shared<Arguments>();
  CLI::App* command = app.add_subcommand("commit-tensor",
                                         "commit to an input, so that proofs and other parties can refer to it unseen");
  command->add_option("key", arguments->key_path, "verification key (.zkkey) of a model with --inputs committed")
      ->type_name(kReadsFile)
      ->required();
  add_input_options(*command, arguments->input, Many::kNo, false);
  command->add_flag("--strict", arguments->strict, "refuse values outside of the input's range");
  CLI::Option* data =
      command
          ->add_option("--input-data", arguments->data,
                       "[NAME=]FILE: the input as canonical bytes (`zkinfer digest --write-input-data`)")
          ->type_name(kReadsFile);
  data->excludes("--input");
  command
      ->add_option("-o,--output", arguments->name,
                   "name of the files to write, NAME.zktensor and NAME.zktsecret (default: the input's name)")
      ->type_name(kWritesFile);
  add_json_flag(*command, session);
  add_verify_limits(*command, arguments->limits);
  add_force_flag(*command, arguments->force);
  command->footer(
      "Examples:\n"
      "  zkinfer commit-tensor network.zkkey --input record.npy\n"
      "  zkinfer prove network.zkmodel --committed-input record.zktsecret\n"
      "  zkinfer verify record.zkproof --key network.zkkey --input-commitment record.zktensor\n"
      "Each proof takes one of the commitment's slots (--tensor-budget of `zkinfer commit`). With --quiet only the\n"
      "commitment's identity is printed.");
  command->callback([arguments, &session] {
    session.run([&]() -> CommandResult {
      if (arguments->input.paths.empty() && arguments->data.empty())
        return invalid_argument("commit-tensor: give the input with --input or --input-data");
      name_after(arguments->data.empty() ? arguments->input.paths.front() : file_part(arguments->data.front()), "",
                 "--output", arguments->name);
      return commit_tensor(session, *arguments);
    });
  });
}

}  // namespace zkinfer::cli
