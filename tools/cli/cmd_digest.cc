// SPDX-License-Identifier: Apache-2.0
// zkinfer digest: an input's canonical bytes and their hashes, as keys with hashed inputs use them.
#include <cstdio>
#include <memory>

#include "base/files.h"
#include "command.h"
#include "files.h"
#include "outputs.h"
#include "text.h"

namespace zkinfer::cli {
namespace {

struct Arguments {
  std::string tensors_path, data_path;
  InputOptions input;
  bool json = false;
};

CommandResult digest(const Session& session, const Arguments& arguments) {
  ZKI_ASSIGN_OR_RETURN(const Tensors tensors, load_tensors(arguments.tensors_path));
  ZKI_ASSIGN_OR_RETURN(const RealInputs input, load_input(arguments.input, tensors.inputs));
  auto list = nlohmann::ordered_json::array();
  for (std::size_t i = 0; i < tensors.inputs.size(); ++i) {
    const TensorInfo& tensor = tensors.inputs[i];
    ZKI_ASSIGN_OR_RETURN(const auto integers, to_integers(tensor, input[i]));
    ZKI_ASSIGN_OR_RETURN(const Bytes bytes, canonical_bytes(tensor, integers));
    std::vector<std::pair<std::string, std::string>> rows =
        digest_rows(TensorHash::kSha256, hash_data(TensorHash::kSha256, bytes));
    for (auto& row : digest_rows(TensorHash::kKeccak256, hash_data(TensorHash::kKeccak256, bytes)))
      rows.push_back(std::move(row));
    std::string path;
    if (!arguments.data_path.empty()) {
      path = numbered_path(arguments.data_path, i, tensors.inputs.size());
      ZKI_RETURN_IF_ERROR(write_file(path, bytes));
    }
    if (arguments.json) {
      nlohmann::ordered_json json = {{"name", tensor.name}, {"shape", tensor.shape}, {"bytes", bytes.size()}};
      for (const auto& [name, value] : rows) json[name] = value;
      if (!path.empty()) json["data"] = path;
      list.push_back(std::move(json));
      continue;
    }
    if (!session.quiet)
      std::printf("input '%s' %s, %s\n", tensor.name.c_str(), shape_text(tensor.shape).c_str(),
                  human_bytes(bytes.size()).c_str());
    std::fputs(pairs_text(rows).c_str(), stdout);
    if (!session.quiet && !path.empty()) std::printf("wrote %s\n", path.c_str());
  }
  if (arguments.json) std::printf("%s\n", list.dump(2).c_str());
  return ExitCode::kDone;
}

}  // namespace

void add_digest(CLI::App& app, Session& session) {
  auto arguments = std::make_shared<Arguments>();
  CLI::App* command = app.add_subcommand("digest", "an input's canonical bytes: SHA-256, IPFS CID and Keccak-256");
  command
      ->add_option("key", arguments->tensors_path,
                   "verification key (.zkkey) or model package (.zkmodel): says what the input's integers are")
      ->required();
  add_input_options(*command, arguments->input);
  command->add_option("--data", arguments->data_path,
                      "write the canonical bytes to this file: what others hash, or put into IPFS");
  command->add_flag("--json", arguments->json, "print the result as JSON");
  command->footer(
      "Examples:\n"
      "  zkinfer digest digits.zkkey --input digit_7.png\n"
      "  zkinfer digest network.zkkey -i input.npy --data input.bin --json\n"
      "The CID is that of the file written by --data where IPFS keeps it as one raw block (up to 256 KiB by default).");
  command->callback([arguments, &session] { session.run([&] { return digest(session, *arguments); }); });
}

}  // namespace zkinfer::cli
