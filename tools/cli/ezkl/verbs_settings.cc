// SPDX-License-Identifier: Apache-2.0
// table, gen-settings, calibrate-settings, compile-circuit, get-srs: from a network to a circuit, with settings.json between them.
#include <filesystem>

#include "base/text.h"
#include "ezkl/verbs.h"
#include "files.h"
#include "inputs/input_bytes.h"
#include "option_words.h"
#include "output_files.h"
#include "print.h"
#include "result_json.h"
#include "text.h"
#include "zkinfer/compile.h"

namespace zkinfer::cli::ezkl {
namespace {

constexpr char kFromData[] = "scales, ranges and widths come from calibration inputs and the error asked for";

void add_run_args(CLI::App& command, const Shared& arguments) {
  for (const char* names :
       {"-S,--input-scale", "--param-scale", "--rebase-scale", "--scale-rebase-multiplier", "-B,--lookup-range",
        "-K,--logrows", "-N,--num-inner-cols", "--decomp-base", "--decomp-legs", "--epsilon", "--check-mode"})
    add_unused(command, arguments, names, kFromData);
  for (const char* name : {"--rebase-frac-zero-constants", "--bounded-log-lookup",
                           "--ignore-range-check-inputs-outputs", "--disable-freivalds"})
    add_unused_flag(command, arguments, name, "a way of EZKL's circuits");
  command.add_option("-V,--variables", arguments->variables, "lengths of open axes: batch_size->1,sequence->128");
  command.add_option("--input-visibility", arguments->input_visibility, "private, public, hashed or polycommit")
      ->capture_default_str();
  command.add_option("--output-visibility", arguments->output_visibility, "private, public, hashed or polycommit")
      ->capture_default_str();
  command
      .add_option("--param-visibility", arguments->param_visibility,
                  "private, fixed or polycommit: hidden, and bound by the key")
      ->capture_default_str();
}

// "batch_size->1,sequence->128"
Result<Json> read_variables(const std::string& text) {
  Json list = Json::array();
  for (std::size_t at = 0; at < text.size();) {
    const std::size_t comma = std::min(text.find(',', at), text.size()), arrow = text.find("->", at);
    const std::string digits = arrow < comma ? text.substr(arrow + 2, comma - arrow - 2) : "";
    if (arrow == at || digits.empty() || digits.size() > 9 ||
        digits.find_first_not_of("0123456789") != std::string::npos)
      return invalid_argument("--variables: expected name->length,.., got " + in_quotes(text));
    list.push_back({text.substr(at, arrow - at), std::stoull(digits)});
    at = comma + 1;
  }
  return list;
}

// As --shape takes them. EZKL's default for its batch axis is ours too.
Words shapes_of(const EzklSettings& settings) {
  Words shapes;
  for (const auto& [name, length] : settings.variables)
    if (name != "batch_size" || length != 1) shapes.push_back(name + "=" + std::to_string(length));
  return shapes;
}

Result<CompileOptions> shape_options(const EzklSettings& settings) {
  CompileOptions options;
  ZKI_ASSIGN_OR_RETURN(options.input_shapes, parse_input_shapes(shapes_of(settings)));
  return options;
}

Status write_settings(const Arguments& arguments, const Json& json) {
  OutputFiles files;
  files.reads({arguments.model, arguments.data});
  const OutputFiles::Id id = files.add_json("--settings-path", arguments.settings, "run_args", "settings file");
  ZKI_RETURN_IF_ERROR(files.prepare());
  ZKI_RETURN_IF_ERROR(files.write(id, json_text(json)));
  return files.publish();
}

CommandResult gen_settings(Session& session, const Arguments& arguments) {
  Json run_args = arguments.kept;
  Json& variables = run_args["variables"];
  ZKI_ASSIGN_OR_RETURN(variables, read_variables(arguments.variables.empty() ? "batch_size->1" : arguments.variables));
  for (const auto& [option, word] : {std::pair{"--input-visibility", &arguments.input_visibility},
                                     {"--output-visibility", &arguments.output_visibility},
                                     {"--param-visibility", &arguments.param_visibility}}) {
    std::string key = option + 2;
    key[key.find('-')] = '_';
    ZKI_ASSIGN_OR_RETURN(run_args[key], ezkl_visibility(option, *word));
  }
  Json json = {{"run_args", run_args}};
  ZKI_ASSIGN_OR_RETURN(const EzklSettings settings, ezkl_settings(json));  // refuses what has no meaning here
  ZKI_ASSIGN_OR_RETURN(const CompileOptions options, shape_options(settings));
  ZKI_ASSIGN_OR_RETURN(const std::vector<TensorInfo> inputs, network_inputs(arguments.model, options));
  json["model_input_shapes"] = Json::array();
  for (const TensorInfo& input : inputs) json["model_input_shapes"].push_back(input.shape);
  json["version"] = "zkinfer " ZKINFER_VERSION;
  ZKI_RETURN_IF_ERROR(write_settings(arguments, json));
  if (session.json) {
    print_result(session,
                 {{"settings", arguments.settings}, {"inputs", settings.inputs}, {"outputs", settings.outputs}});
  } else if (!session.quiet) {
    for (const std::string& text : settings.notes) print("note: {}\n", text);
    print("wrote {}: inputs {}, outputs {}, weights private and bound by the key\n", arguments.settings,
          settings.inputs, settings.outputs);
  }
  return ExitCode::kDone;
}

// EZKL searches its scales here; ours are found when the network is compiled, from the same data.
CommandResult calibrate_settings(Session& session, const Arguments& arguments) {
  ZKI_ASSIGN_OR_RETURN(EzklSettings settings, load_settings(session, arguments));
  ZKI_ASSIGN_OR_RETURN(const CompileOptions options, shape_options(settings));
  ZKI_ASSIGN_OR_RETURN(const std::vector<TensorInfo> inputs, network_inputs(arguments.model, options));
  ZKI_ASSIGN_OR_RETURN(const std::string path, data_path(arguments.data));
  ZKI_ASSIGN_OR_RETURN(const std::vector<RealInputs> samples, load_samples({path}, {}, inputs));
  namespace fs = std::filesystem;
  const fs::path folder = fs::absolute(arguments.settings).parent_path();
  // JSON that was given itself is kept in the settings; it was read, so it is valid.
  const bool is_inline = arguments.data.starts_with("{");
  const Json calibration = is_inline ? Json::parse(arguments.data, nullptr, false)
                                     : Json(fs::absolute(path).lexically_proximate(folder).string());
  settings.json["zkinfer"] = {{"calibration", Json::array({calibration})},
                              {"target", arguments.target == "accuracy" ? "accuracy" : "resources"}};
  ZKI_RETURN_IF_ERROR(write_settings(arguments, settings.json));
  if (session.json) {
    print_result(session,
                 {{"settings", arguments.settings}, {"num_inputs", samples.size()}, {"target", arguments.target}});
  } else if (!session.quiet) {
    print(
        "{} of {} noted in {}; `compile-circuit` finds scales, ranges and widths with them and says how exact it is\n",
        counted(samples.size(), "calibration input"), is_inline ? "--data" : path, arguments.settings);
  }
  return ExitCode::kDone;
}

CommandResult compile_circuit(Session& session, const Arguments& arguments) {
  ZKI_ASSIGN_OR_RETURN(EzklSettings settings, load_settings(session, arguments));
  Words words = {"compile", as_file(arguments.model), "--output=" + arguments.circuit,
                 "--name=" + std::filesystem::path(arguments.model).stem().string()};
  namespace fs = std::filesystem;
  for (const Json& data : settings.calibration) {
    std::string path;
    if (data.is_string()) {
      path = (fs::path(arguments.settings).parent_path() / data.get<std::string>()).string();
    } else {
      ZKI_ASSIGN_OR_RETURN(path, opened_text("the calibration data in " + arguments.settings, data.dump()));
    }
    words.push_back("--calibration=" + path);
  }
  if (settings.accuracy) words.push_back("--float-target=exact");
  for (const std::string& shape : shapes_of(settings)) words.push_back("--shape=" + shape);
  call_options({{"--output", "--compiled-circuit"}, {"--shape", "--variables"}});
  const CommandResult done = run_words(session, words);
  if (!done.ok() || *done != ExitCode::kDone) return done;
  // `setup` decides who sees what by these settings, and must find those that this circuit was made with.
  ZKI_ASSIGN_OR_RETURN(const std::string digest, digest_of_file(arguments.circuit));
  settings.json["zkinfer"]["circuit"] = digest;
  ZKI_RETURN_IF_ERROR(write_settings(arguments, settings.json));
  return done;
}

CommandResult table(Session& session, const Arguments& arguments) {
  Words words = {"inspect", as_file(arguments.model)};
  ZKI_ASSIGN_OR_RETURN(const Json variables, read_variables(arguments.variables));
  ZKI_ASSIGN_OR_RETURN(const EzklSettings settings, ezkl_settings({{"run_args", {{"variables", variables}}}}));
  for (const std::string& shape : shapes_of(settings)) words.push_back("--shape=" + shape);
  return run_words(session, words);
}

CommandResult no_srs(Session& session) {
  if (session.json) {
    print_result(session, {{"srs", nullptr}});
  } else {
    print("nothing to do: proofs here need no structured reference string, since there is no trusted setup\n");
  }
  return ExitCode::kDone;
}

}  // namespace

void add_settings_verbs(CLI::App& group, Session& session) {
  VerbOf verb = add_verb(group, session, "table", "the network's nodes: zkinfer inspect",
                         "Examples:\n  zkinfer table -M network.onnx", table);
  add_file(*verb.command, "-M,--model", verb.arguments->model, kReadsFile, "network");
  add_run_args(*verb.command, verb.arguments);

  verb = add_verb(group, session, "gen-settings", "write settings.json: who sees what, lengths of open axes",
                  "Examples:\n  zkinfer gen-settings -M network.onnx --input-visibility public", gen_settings);
  add_file(*verb.command, "-M,--model", verb.arguments->model, kReadsFile, "network");
  add_file(*verb.command, "-O,--settings-path", verb.arguments->settings, kWritesFile, "settings to write");
  add_run_args(*verb.command, verb.arguments);

  verb = add_verb(group, session, "calibrate-settings", "note calibration data in settings.json",
                  "Examples:\n  zkinfer calibrate-settings -M network.onnx -D calibration.json --target accuracy",
                  calibrate_settings);
  verb.arguments->data = "calibration.json";
  add_file(*verb.command, "-D,--data", verb.arguments->data, kReadsFile,
           "typical inputs, many in one file: a file, @file or JSON");
  add_file(*verb.command, "-M,--model", verb.arguments->model, kReadsFile, "network");
  add_file(*verb.command, "-O,--settings-path", verb.arguments->settings, kReadsFile, "settings to read and write");
  verb.command
      ->add_option("--target", verb.arguments->target, "accuracy: the largest output error is 0.02 %, otherwise 0.1 %")
      ->check(CLI::IsMember({"resources", "resources/col-overflow", "accuracy"}))
      ->capture_default_str();
  for (const char* name : {"--lookup-safety-margin", "--scales", "--scale-rebase-multiplier", "--max-logrows"})
    add_unused(*verb.command, verb.arguments, name, kFromData);

  verb = add_verb(
      group, session, "compile-circuit", "network and settings to a model package: zkinfer compile",
      "Examples:\n  zkinfer compile-circuit -M network.onnx --compiled-circuit model.compiled -S settings.json",
      compile_circuit);
  add_file(*verb.command, "-M,--model", verb.arguments->model, kReadsFile, "network");
  add_file(*verb.command, "--compiled-circuit", verb.arguments->circuit, kWritesFile, "model package to write");
  add_file(*verb.command, "-S,--settings-path", verb.arguments->settings, kReadsFile,
           "settings of calibrate-settings, or EZKL's");

  for (const char* name : {"get-srs", "gen-srs"}) {
    verb = add_verb(group, session, name, "nothing to do: there is no trusted setup",
                    "Examples:\n  zkinfer get-srs -S settings.json",
                    [](Session& s, const Arguments&) { return no_srs(s); });
    for (const char* names : {"--srs-path", "-S,--settings-path", "--logrows"})
      add_unused(*verb.command, verb.arguments, names, kNoSetup);
  }
}

}  // namespace zkinfer::cli::ezkl
