// SPDX-License-Identifier: Apache-2.0
// zkinfer init: a folder for one model, with a model card, a Makefile of the commands in their order, and a .gitignore that keeps
// secrets out. `init --card` fills what can be measured into the card.
#include <filesystem>
#include <memory>

#include "base/files.h"
#include "base/text.h"
#include "command.h"
#include "files.h"
#include "inputs/input_bytes.h"
#include "output_files.h"
#include "outputs.h"
#include "print.h"
#include "project_texts.h"
#include "result_json.h"
#include "tensor_policy_text.h"
#include "text.h"
#include "zkinfer/hex.h"

namespace zkinfer::cli {
namespace {

constexpr char kEnd[] = "<!-- zkinfer: to here -->\n";

struct Arguments {
  std::string folder, name, inputs = "private", outputs = "public";
  bool public_model = false, card = false;
};

std::string replaced(std::string text, const std::string& from, const std::string& to) {
  for (std::size_t at = text.find(from); at != std::string::npos; at = text.find(from, at + to.size()))
    text.replace(at, from.size(), to);
  return text;
}

// A name in a Makefile, a shell and a Markdown file, in all of them the same.
Status check_name(const std::string& name) {
  const bool good =
      !name.empty() && name.size() <= 64 && name[0] != '-' && name[0] != '.' &&
      name.find_first_not_of("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_.-") == std::string::npos;
  if (good) return ok_status();
  return invalid_argument("--name: expected at most 64 letters, digits, '-', '_' or '.', got " + in_quotes(name));
}

CommandResult make(Session& session, const Arguments& arguments) {
  namespace fs = std::filesystem;
  std::string name =
      arguments.name.empty() ? fs::absolute(arguments.folder).lexically_normal().filename().string() : arguments.name;
  if (name.empty()) name = fs::absolute(arguments.folder).lexically_normal().parent_path().filename().string();
  ZKI_RETURN_IF_ERROR(check_name(name));
  const std::string options = std::string(arguments.inputs == "private" ? "" : " --inputs " + arguments.inputs) +
                              (arguments.outputs == "public" ? "" : " --outputs " + arguments.outputs) +
                              (arguments.public_model ? " --public-model" : "");
  const auto filled = [&](const char* text) {
    const std::pair<const char*, std::string> words[] = {
        {"@NAME@", name},
        {"@COMMIT_OPTIONS@", options},
        {"@INPUTS@", arguments.inputs},
        {"@OUTPUTS@", arguments.outputs},
        {"@WEIGHTS@", arguments.public_model ? "public" : "private"},
        // Of a model that verifiers have, the key is derived from it again.
        {"@VERIFY_OPTIONS@", arguments.public_model ? " --model network.zkmodel" : ""}};
    std::string out = text;
    for (const auto& [word, value] : words) out = replaced(std::move(out), word, value);
    return out;
  };
  std::error_code error;
  const bool was_there = fs::exists(arguments.folder, error);
  OutputFiles files;
  files.may_make(arguments.folder);
  const std::pair<std::string, std::string> texts[] = {{"MODEL_CARD.md", filled(kModelCard)},
                                                       {"Makefile", filled(kProjectMakefile)},
                                                       {".gitignore", filled(kProjectGitignore)}};
  std::vector<OutputFiles::Id> ids;
  for (const auto& [file, text] : texts) {
    const std::string path = (fs::path(arguments.folder) / file).string();
    if (fs::exists(fs::symlink_status(path, error)))
      return invalid_argument(in_quotes(path) + " is there already; a project is begun in a folder without one");
    ids.push_back(files.add_text("FOLDER", path, text.substr(0, 16)));
  }
  ZKI_RETURN_IF_ERROR(files.prepare());
  for (std::size_t i = 0; i < ids.size(); ++i) ZKI_RETURN_IF_ERROR(files.write(ids[i], texts[i].second));
  ZKI_RETURN_IF_ERROR(files.publish());
  if (session.json) {
    print_result(session, {{"folder", arguments.folder},
                           {"name", name},
                           {"made_folder", !was_there},
                           {"files", {"MODEL_CARD.md", "Makefile", ".gitignore"}}});
  } else if (!session.quiet) {
    print(
        "{}: MODEL_CARD.md, Makefile, .gitignore\n"
        "put the network there as network.onnx (.tflite, .keras, .h5; a SavedModel folder as network), typical inputs "
        "as calibration.npy (or .json), "
        "one to prove as "
        "input.npy; then `make`\n",
        arguments.folder);
  }
  return ExitCode::kDone;
}

// What the folder's files say of the model.
Result<std::string> measured(const std::string& folder, nlohmann::ordered_json& json) {
  namespace fs = std::filesystem;
  const auto path = [&](const char* file) { return (fs::path(folder) / file).string(); };
  ZKI_ASSIGN_OR_RETURN(const Model model, load_model(path("network.zkmodel")));
  std::string text = "| | |\n| --- | --- |\n";
  const auto row = [&](const std::string& name, const std::string& value) {
    text += "| " + name + " | " + replaced(printable(value), "|", "\\|") + " |\n";
  };
  row("model", model.name());
  row("parameters", human_count(model.num_parameters()));
  for (const TensorInfo& input : model.inputs()) row("input `" + printable(input.name) + "`", shape_text(input.shape));
  for (const TensorInfo& output : model.outputs())
    row("output `" + printable(output.name) + "`", shape_text(output.shape));
  const CompileRecord& record = model.compile_record();
  row("largest output error asked for", record.target_text() + " of the largest output");
  row("largest output error on calibration inputs, where the target is held",
      significant(100 * record.measured_error, 3) + " %");
  json = {{"model", model.name()},
          {"parameters", model.num_parameters()},
          {"float_target", record.float_target},
          {"measured_error", record.measured_error}};
  std::error_code error;
  if (fs::exists(path("accuracy.json"), error)) {
    ZKI_ASSIGN_OR_RETURN(const Bytes bytes, read_bytes(path("accuracy.json"), std::uint64_t{1} << 26, Content::kAny));
    const auto accuracy = nlohmann::json::parse(bytes.begin(), bytes.end(), nullptr, false);
    if (!accuracy.is_object() || !accuracy.contains("num_inputs"))
      return corrupt(in_quotes(path("accuracy.json")) + ": not what `zkinfer compile --fidelity-json` writes");
    const auto add = [&](const char* key, const char* name, double scale, const char* unit) {
      if (!accuracy.contains(key) || !accuracy[key].is_number()) return;
      row(name, significant(scale * accuracy[key].get<double>(), 6) + unit);
      json[key] = accuracy[key];
    };
    add("num_inputs", "inputs that integers and floats were compared on", 1, "");
    add("agreement", "same largest entry", 100, " %");
    add("cosine", "cosine", 1, "");
    add("r_squared", "R squared", 1, "");
    add("error_of_largest", "largest output error on the inputs compared on, which may exceed it", 100,
        " % of the largest output");
  }
  if (fs::exists(path("network.zkkey"), error)) {
    ZKI_ASSIGN_OR_RETURN(const VerificationKey key, load_key(path("network.zkkey"), 0, kNoVerifyLimits));
    const KeyInfo& info = key.info();
    row("identity", "`" + to_hex(info.root_identity) + "`");
    row("security", decimal(info.security_bits, 1) + " bits");
    row("inputs", tensor_policy_text(info.inputs));
    row("outputs", tensor_policy_text(info.outputs));
    row("weights", info.public_parameters ? "public" : "private");
    json["identity"] = to_hex(info.root_identity);
  } else {
    row("identity", "none yet: `make network.zkkey`");
  }
  return text;
}

CommandResult card(Session& session, const Arguments& arguments) {
  const std::string path = (std::filesystem::path(arguments.folder) / "MODEL_CARD.md").string();
  ZKI_ASSIGN_OR_RETURN(const Bytes bytes, read_bytes(path, std::uint64_t{1} << 24, Content::kAny));
  const std::string before(bytes.begin(), bytes.end());
  const std::size_t begin = before.find(kCardBegin), end = before.find(kEnd);
  if (begin == std::string::npos || end == std::string::npos || end < begin)
    return invalid_argument(in_quotes(path) + ": the two lines between which numbers are written are gone:\n" +
                            kCardBegin + kEnd);
  nlohmann::ordered_json json;
  ZKI_ASSIGN_OR_RETURN(const std::string table, measured(arguments.folder, json));
  const std::string after = before.substr(0, begin) + kCardBegin + "\n" + table + "\n" + before.substr(end);
  OutputFiles files;
  const OutputFiles::Id id = files.add_text("FOLDER", path, before.substr(0, 2));
  ZKI_RETURN_IF_ERROR(files.prepare());
  ZKI_RETURN_IF_ERROR(files.write(id, after));
  ZKI_RETURN_IF_ERROR(files.publish());
  if (session.json) {
    json["card"] = path;
    print_result(session, std::move(json));
  } else if (!session.quiet) {
    print("wrote {}\n", path);
  }
  return ExitCode::kDone;
}

}  // namespace

void add_init(CLI::App& app, Session& session) {
  auto arguments = std::make_shared<Arguments>();
  CLI::App* command = app.add_subcommand("init", "begin a project folder: model card, Makefile, .gitignore");
  command->add_option("folder", arguments->folder, "the folder; made where it is not there")
      ->type_name("FOLDER")
      ->required();
  command->add_option("--name", arguments->name, "the model's name (default: the folder's)");
  command->add_option("--inputs", arguments->inputs, "who sees the inputs, as `zkinfer commit` takes it")
      ->check(CLI::IsMember({"private", "private:sha256", "public"}))
      ->capture_default_str();
  command->add_option("--outputs", arguments->outputs, "who sees the outputs: public or private")
      ->check(CLI::IsMember({"public", "private"}))
      ->capture_default_str();
  command->add_flag("--public-model", arguments->public_model, "the weights are no secret");
  command->add_flag("--card", arguments->card,
                    "fill the model card's table from the folder's model, key and accuracy.json");
  add_json_flag(*command, session);
  command->footer(
      "Examples:\n"
      "  zkinfer init credit-model\n"
      "  zkinfer init credit-model --inputs private:sha256 --public-model\n"
      "  cp net.onnx credit-model/network.onnx && make -C credit-model\n"
      "  zkinfer init credit-model --card   the Makefile does it after `commit`");
  command->callback([arguments, &session] {
    session.run([&] { return arguments->card ? card(session, *arguments) : make(session, *arguments); });
  });
}

}  // namespace zkinfer::cli
