// SPDX-License-Identifier: Apache-2.0
// zkinfer commit-tensor: an input to a commitment that proofs, other models and other parties can refer to.
#include <cstdio>
#include <memory>

#include <nlohmann/json.hpp>

#include "command.h"
#include "data_files.h"
#include "files.h"
#include "known_tensors.h"
#include "text.h"

namespace zkinfer::cli {
namespace {

struct Arguments {
  std::string key_path, name;
  VerifyLimits limits;
  InputOptions input;
  std::vector<std::string> data;
  bool json = false;
};

Result<std::vector<std::vector<std::int64_t>>> load_integers(const Arguments& arguments,
                                                             const std::vector<TensorInfo>& tensors) {
  if (!arguments.data.empty()) return load_canonical("--input-data", arguments.data, tensors);
  ZKI_ASSIGN_OR_RETURN(const RealInputs input, load_input(arguments.input, tensors));
  std::vector<std::vector<std::int64_t>> integers;
  for (std::size_t i = 0; i < tensors.size(); ++i) {
    ZKI_ASSIGN_OR_RETURN(auto one, to_integers(tensors[i], input[i]));
    integers.push_back(std::move(one));
  }
  return integers;
}

CommandResult commit_tensor(const Session& session, const Arguments& arguments) {
  ZKI_ASSIGN_OR_RETURN(const VerificationKey key, load_key(arguments.key_path, 0, arguments.limits));
  const std::vector<TensorInfo>& tensors = key.info().input_tensors;
  ZKI_ASSIGN_OR_RETURN(const auto integers, load_integers(arguments, tensors));
  ZKI_ASSIGN_OR_RETURN(const std::vector<CommitmentPaths> paths, commitment_paths(arguments.name, tensors.size()));
  auto list = nlohmann::ordered_json::array();
  for (std::size_t i = 0; i < tensors.size(); ++i) {
    ZKI_ASSIGN_OR_RETURN(CommittedTensor tensor, CommittedTensor::create(key, i, integers[i]));
    ZKI_RETURN_IF_ERROR(save_commitment(paths[i], tensor));
    const std::string id = to_hex(tensor.commitment().id());
    if (arguments.json) {
      list.push_back({{"name", tensors[i].name},
                      {"shape", tensors[i].shape},
                      {"commitment", id},
                      {"commitment_root", to_hex(tensor.commitment().root())},
                      {"commitment_budget", tensor.commitment().budget()},
                      {"data", paths[i].data},
                      {"opening", paths[i].opening}});
    } else if (session.quiet) {
      std::printf("%s\n", id.c_str());
    } else {
      std::printf("input '%s' %s\n", tensors[i].name.c_str(), shape_text(tensors[i].shape).c_str());
      std::fputs(
          pairs_text({{"commitment", id}, {"proofs allowed", human_count(tensor.commitment().budget())}}).c_str(),
          stdout);
      std::printf("wrote %s (for verifiers) and %s (secret: opens it in proofs)\n", paths[i].data.c_str(),
                  paths[i].opening.c_str());
    }
  }
  if (arguments.json) std::printf("%s\n", list.dump(2).c_str());
  return ExitCode::kDone;
}

}  // namespace

void add_commit_tensor(CLI::App& app, Session& session) {
  auto arguments = std::make_shared<Arguments>();
  CLI::App* command = app.add_subcommand("commit-tensor",
                                         "commit to an input, so that proofs and other parties can refer to it unseen");
  command->add_option("key", arguments->key_path, "verification key (.zkkey) of a model with --inputs committed")
      ->required();
  add_input_options(*command, arguments->input, false);
  CLI::Option* data = command->add_option("--input-data", arguments->data,
                                          "[NAME=]FILE: the input as canonical bytes (`zkinfer digest --data`)");
  data->excludes("--input");
  command->add_option("-o,--output", arguments->name,
                      "name of the files to write, NAME.zktensor and NAME.zktsecret (default: the input's name)");
  command->add_flag("--json", arguments->json, "print the result as JSON");
  add_verify_limits(*command, arguments->limits);
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
      if (arguments->name.empty())
        arguments->name = with_extension(
            arguments->data.empty() ? arguments->input.paths.front() : file_part(arguments->data.front()), "");
      return commit_tensor(session, *arguments);
    });
  });
}

}  // namespace zkinfer::cli
