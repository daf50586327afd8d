// SPDX-License-Identifier: Apache-2.0
// zkinfer digest: an input's canonical bytes and their hashes, as keys with hashed inputs use them.
#include <memory>

#include "base/files.h"
#include "batch.h"
#include "command.h"
#include "data_files.h"
#include "fidelity_output.h"
#include "files.h"
#include "output_files.h"
#include "outputs.h"
#include "print.h"
#include "result_json.h"
#include "text.h"

namespace zkinfer::cli {
namespace {

struct Arguments {
  std::string tensors_path, data_path;
  InputOptions input;
  VerifyLimits limits;
  bool strict = false, force = false;
};

class Digester {
 public:
  Digester(const Session& session, const Arguments& arguments, const Tensors& tensors, std::vector<std::string> reads)
      : session_(session), arguments_(arguments), tensors_(tensors), reads_(std::move(reads)) {}

  // data_path: where the canonical bytes go; empty: nowhere.
  Result<nlohmann::ordered_json> digest(const RealInputs& input, const std::string& data_path, ClippingSum& clipped) {
    OutputFiles files(arguments_.force);
    files.reads(arguments_.tensors_path);
    files.reads(reads_);
    if (session_.json) files.keep_standard_output();
    std::vector<OutputFiles::Id> ids;
    files.may_make(folder_to_make(arguments_.data_path));
    if (!data_path.empty()) ids = declare_canonical(files, "--write-input-data", data_path, tensors_.inputs);
    ZKI_RETURN_IF_ERROR(files.prepare());
    auto list = nlohmann::ordered_json::array();
    std::vector<Clipping> clipping(tensors_.inputs.size());
    std::string text;
    for (std::size_t i = 0; i < tensors_.inputs.size(); ++i) {
      const TensorInfo& tensor = tensors_.inputs[i];
      ZKI_ASSIGN_OR_RETURN(const auto integers, to_integers(tensor, input[i], &clipping[i]));
      if (arguments_.strict && clipping[i].num_clipped > 0) {
        return out_of_range("--strict: " + clipping_text(clipping[i]));
      }
      ZKI_ASSIGN_OR_RETURN(const Bytes bytes, canonical_bytes(tensor, integers));
      std::vector<std::pair<std::string, std::string>> rows;
      for (const TensorHash hash : {TensorHash::kSha256, TensorHash::kKeccak256}) {
        for (auto& row : digest_rows(hash, hash_data(hash, bytes))) rows.push_back(std::move(row));
      }
      nlohmann::ordered_json json = {{"name", tensor.name}, {"shape", tensor.shape}, {"data_bytes", bytes.size()}};
      for (const auto& [name, value] : rows) json[name] = value;
      if (!session_.quiet) {
        text += "input '" + printable(tensor.name) + "' " + shape_text(tensor.shape) + ", " +
                human_bytes(bytes.size()) + "\n";
      }
      text += pairs_text(rows);
      if (!ids.empty()) {
        ZKI_RETURN_IF_ERROR(files.write(ids[i], bytes));
        const std::string path = numbered_path(data_path, i, tensors_.inputs.size());
        json["data"] = path;
        if (!session_.quiet) text += "wrote " + printable(path) + "\n";
      }
      list.push_back(std::move(json));
    }
    ZKI_RETURN_IF_ERROR(files.publish());
    clipped.add(clipping);
    if (!session_.json) print_lines(text);
    return nlohmann::ordered_json{{"clipping", clipping_json(clipping)}, {"inputs", std::move(list)}};
  }

 private:
  const Session& session_;
  const Arguments& arguments_;
  const Tensors& tensors_;
  std::vector<std::string> reads_;
};

CommandResult digest(Session& session, const Arguments& arguments) {
  ZKI_ASSIGN_OR_RETURN(const Tensors tensors, load_tensors(arguments.tensors_path, arguments.limits));
  ZKI_ASSIGN_OR_RETURN(const Preprocessing preprocessing,
                       preprocessing_of(arguments.input, tensors.preprocessing, session));
  ZKI_ASSIGN_OR_RETURN(Samples samples, Samples::open(arguments.input, tensors.inputs, preprocessing));
  samples.say_skipped(session);
  std::vector<std::string> data_paths(samples.items().size());
  if (!arguments.data_path.empty()) {
    ZKI_ASSIGN_OR_RETURN(data_paths, output_paths(samples, "--write-input-data", arguments.data_path, ".bin"));
  }
  Digester digester(session, arguments, tensors, samples.paths());
  ClippingSum clipping;
  if (!samples.many()) {
    ZKI_ASSIGN_OR_RETURN(const RealInputs input, samples.load(samples.items().front()));
    ZKI_ASSIGN_OR_RETURN(nlohmann::ordered_json json, digester.digest(input, data_paths.front(), clipping));
    clipping.warn(session);
    if (session.json) print_result(session, std::move(json));
    return ExitCode::kDone;
  }
  ProgressLine line(session, "digest");
  Batch batch(session, samples, line);
  batch.run([&](std::size_t i, const RealInputs& input) {
    if (!session.json && !session.quiet) print("{}\n", samples.label(samples.items()[i]));
    return digester.digest(input, data_paths[i], clipping);
  });
  clipping.warn(session);
  if (session.json) print_result(session, batch.json());
  return batch.exit_code();
}

}  // namespace

void add_digest(CLI::App& app, Session& session) {
  auto arguments = std::make_shared<Arguments>();
  CLI::App* command = app.add_subcommand("digest", "an input's canonical bytes: SHA-256, IPFS CID and Keccak-256");
  command
      ->add_option("key", arguments->tensors_path,
                   "verification key (.zkkey) or model package (.zkmodel): says what the input's integers are. The "
                   "package also knows --scale, --mean and --std of compile")
      ->type_name(kReadsFile)
      ->required();
  add_input_options(*command, arguments->input, Many::kYes);
  command
      ->add_option("--write-input-data", arguments->data_path,
                   "write the canonical bytes to this file: what others hash, or put into IPFS")
      ->type_name(kWritesFile);
  command->add_flag("--strict", arguments->strict, "refuse inputs with values outside of the model's range");
  command->add_flag("--force", arguments->force, "let --write-input-data replace a file of another kind");
  add_verify_limits(*command, arguments->limits);
  add_json_flag(*command, session);
  command->footer(
      "Examples:\n"
      "  zkinfer digest digits.zkkey --input digit_7.png\n"
      "  zkinfer digest network.zkkey -i input.npy --write-input-data input.bin --json\n"
      "  zkinfer digest network.zkmodel -i test.npy --index 0-9 --write-input-data digests/\n"
      "The CID is that of the file written by --write-input-data where IPFS keeps it as one raw block (up to 256 KiB "
      "by default).");
  command->callback([arguments, &session] { session.run([&] { return digest(session, *arguments); }); });
}

}  // namespace zkinfer::cli
