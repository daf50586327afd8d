// SPDX-License-Identifier: Apache-2.0
// EZKL's verbs with EZKL's options and default names. Each becomes a command of our own, which is printed, or reads and writes the files
// that only EZKL's flow has: settings.json and witness.json. docs/guides/coming_from_ezkl.md.
#include <filesystem>
#include <map>
#include <memory>

#include "base/files.h"
#include "base/text.h"
#include "batch.h"
#include "command.h"
#include "ezkl/settings.h"
#include "fidelity_output.h"
#include "files.h"
#include "inputs/input_bytes.h"
#include "option_words.h"
#include "output_files.h"
#include "outputs.h"
#include "print.h"
#include "progress.h"
#include "result_json.h"
#include "samples.h"
#include "text.h"
#include "zkinfer/compile.h"
#include "zkinfer/hex.h"
#include "zkinfer/tensor_commitment.h"

namespace zkinfer::cli {
namespace {

using Json = nlohmann::ordered_json;
using Words = std::vector<std::string>;
using Names = std::vector<std::pair<std::string, std::string>>;

// Every option of EZKL's verbs; each verb declares those that it has.
struct Arguments {
  std::string model = "network.onnx", circuit = "model.compiled", settings = "settings.json", data,
              witness = "witness.json";
  std::string pk = "pk.key", vk = "vk.key", proof = "proof.json", target = "resources", variables;
  std::string input_visibility = "private", output_visibility = "public", param_visibility = "private";
  Json kept = Json::object();  // run args that decide nothing here, kept in settings.json
  Names unused;                // options that were given and decide nothing here, and why
};
using Shared = std::shared_ptr<Arguments>;

void add_file(CLI::App& command, const char* names, std::string& value, const char* type, const char* about) {
  command.add_option(names, value, about)->type_name(type)->capture_default_str();
}

// Taken, so that scripts run, and said to decide nothing.
void add_unused(CLI::App& command, const Shared& arguments, const char* names, const char* about) {
  const std::string list = names, name = list.substr(list.find_last_of(',') + 1);
  command.add_option_function<std::string>(
      names,
      [arguments, name, about](const std::string& value) {
        arguments->unused.emplace_back(name, about);
        std::string key = name.substr(2);
        for (char& c : key)
          if (c == '-') c = '_';
        arguments->kept[key] = value;
      },
      std::string("decides nothing here: ") + about);
}
void add_unused_flag(CLI::App& command, const Shared& arguments, const char* name, const char* about) {
  command.add_flag_callback(
      name, [arguments, name, about] { arguments->unused.emplace_back(name, about); },
      std::string("decides nothing here: ") + about);
}
constexpr char kNoSetup[] = "there is no trusted setup";
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

void say_unused(Session& session, const Arguments& arguments) {
  std::map<std::string, std::string> lists;  // by reason
  for (const auto& [name, reason] : arguments.unused) {
    std::string& list = lists[reason];
    list += (list.empty() ? "" : ", ") + name;
  }
  for (const auto& [reason, list] : lists) session.warn("not used: " + list + " (" + reason + ")");
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

// A name that no parser takes for an option.
std::string as_file(const std::string& path) { return path.starts_with("-") && path != "-" ? "./" + path : path; }

Result<CompileOptions> shape_options(const EzklSettings& settings) {
  CompileOptions options;
  ZKI_ASSIGN_OR_RETURN(options.input_shapes, parse_input_shapes(shapes_of(settings)));
  return options;
}

Result<EzklSettings> load_settings(Session& session, const Arguments& arguments) {
  ZKI_ASSIGN_OR_RETURN(EzklSettings settings, read_ezkl_settings(arguments.settings));
  if (!session.quiet)
    for (const std::string& text : settings.notes) note("note: {}\n", text);
  return settings;
}

Status write_settings(const Arguments& arguments, const Json& json) {
  OutputFiles files;
  files.reads(arguments.model);
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
  ZKI_ASSIGN_OR_RETURN(const std::vector<RealInputs> samples, load_samples({arguments.data}, {}, inputs));
  namespace fs = std::filesystem;
  const fs::path folder = fs::absolute(arguments.settings).parent_path();
  settings.json["zkinfer"] = {{"calibration", {fs::absolute(arguments.data).lexically_proximate(folder).string()}},
                              {"target", arguments.target == "accuracy" ? "accuracy" : "resources"}};
  ZKI_RETURN_IF_ERROR(write_settings(arguments, settings.json));
  if (session.json) {
    print_result(session,
                 {{"settings", arguments.settings}, {"num_inputs", samples.size()}, {"target", arguments.target}});
  } else if (!session.quiet) {
    print(
        "{} of {} noted in {}; `compile-circuit` finds scales, ranges and widths with them and says how exact it is\n",
        counted(samples.size(), "calibration input"), arguments.data, arguments.settings);
  }
  return ExitCode::kDone;
}

Result<std::string> digest_of_file(const std::string& path) {
  ZKI_ASSIGN_OR_RETURN(const Bytes bytes, read_kind(path, FileKind::kModel));
  return to_hex(hash_data(TensorHash::kSha256, bytes));
}

CommandResult compile_circuit(Session& session, const Arguments& arguments) {
  ZKI_ASSIGN_OR_RETURN(EzklSettings settings, load_settings(session, arguments));
  Words words = {"compile", as_file(arguments.model), "--output=" + arguments.circuit,
                 "--name=" + std::filesystem::path(arguments.model).stem().string()};
  namespace fs = std::filesystem;
  for (const std::string& file : settings.calibration)
    words.push_back("--calibration=" + (fs::path(arguments.settings).parent_path() / file).string());
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

CommandResult setup(Session& session, const Arguments& arguments) {
  ZKI_ASSIGN_OR_RETURN(const EzklSettings settings, load_settings(session, arguments));
  ZKI_ASSIGN_OR_RETURN(const std::string digest, digest_of_file(arguments.circuit));
  if (digest != settings.circuit) {
    return invalid_argument("--settings-path " + in_quotes(arguments.settings) + " was not the settings that " +
                            in_quotes(arguments.circuit) +
                            " was compiled with last; who sees what stands there. Name the right one, or run "
                            "compile-circuit with it again");
  }
  call_options({{"--key", "--vk-path"}, {"--secret", "--pk-path"}});
  return run_words(session, {"commit", as_file(arguments.circuit), "--key=" + arguments.vk, "--secret=" + arguments.pk,
                             "--inputs=" + settings.inputs, "--outputs=" + settings.outputs});
}

// A path, "@path", or the JSON itself.
Result<std::string> data_path(const std::string& data) {
  if (data.starts_with("{")) return opened_text("--data", data);
  return data.starts_with("@") ? data.substr(1) : data;
}

Result<RealInputs> load_one(const std::string& path, const Model& model) {
  if (!model.preprocessing().empty()) {
    return invalid_argument(
        "the model was compiled with --scale, --mean or --std, which EZKL's files do not know; use `zkinfer run` and "
        "`zkinfer prove` on it");
  }
  InputOptions input;
  input.paths = {path};
  return load_input(input, model.inputs(), {});
}

template <class Number>
Json rescaled(const std::vector<Number>& values, double scale) {
  Json list = Json::array();
  for (const Number value : values) list.push_back(significant(static_cast<double>(value) * scale, 9));
  return list;
}

CommandResult gen_witness(Session& session, const Arguments& arguments) {
  ZKI_ASSIGN_OR_RETURN(const std::string path, data_path(arguments.data));
  OutputFiles files;
  files.reads(path);
  files.reads(arguments.circuit);
  if (session.json) files.keep_standard_output();
  const OutputFiles::Id id = files.add_text("--output", arguments.witness, "{\n  \"input_data\":", true);
  ZKI_RETURN_IF_ERROR(files.prepare());
  ZKI_ASSIGN_OR_RETURN(const Model model, load_model(arguments.circuit));
  ZKI_ASSIGN_OR_RETURN(const RealInputs inputs, load_one(path, model));
  ZKI_ASSIGN_OR_RETURN(const RunResult result, model.run(inputs));
  Json json = {{"input_data", Json::array()}, {"inputs", Json::array()}, {"outputs", result.outputs}};
  Json& pretty = json["pretty_elements"];
  pretty = {{"rescaled_inputs", Json::array()}, {"rescaled_outputs", Json::array()}};
  for (std::size_t i = 0; i < inputs.size(); ++i) {
    const TensorInfo tensor = model.inputs()[i];
    ZKI_ASSIGN_OR_RETURN(const std::vector<std::int64_t> integers, to_integers(tensor, inputs[i]));
    Json numbers = Json::array();
    for (const float x : inputs[i].data) numbers.push_back(x);
    json["input_data"].push_back(std::move(numbers));
    json["inputs"].push_back(integers);
    pretty["rescaled_inputs"].push_back(rescaled(integers, tensor.format.scale()));
  }
  for (std::size_t i = 0; i < result.outputs.size(); ++i)
    pretty["rescaled_outputs"].push_back(rescaled(result.outputs[i], model.outputs()[i].format.scale()));
  json["version"] = "zkinfer " ZKINFER_VERSION;
  ZKI_RETURN_IF_ERROR(files.write(id, json_text(json)));
  ZKI_RETURN_IF_ERROR(files.publish());
  ClippingSum clipping;
  clipping.add(result.clipping);
  clipping.warn(session);
  const std::vector<OutputTensor> outputs = output_tensors(model.outputs(), result.outputs);
  if (session.json) {
    print_result(session, {{"witness", arguments.witness},
                           {"clipping", clipping_json(result.clipping)},
                           {"outputs", outputs_json(outputs)}});
  } else {
    print_lines(tensors_text("output", outputs));
    if (!session.quiet) print("wrote {}: it holds the input, keep it as secret\n", output_name(arguments.witness));
  }
  return ExitCode::kDone;
}

// The outputs that a witness names, where it is one of ours.
Result<std::vector<std::vector<std::int64_t>>> outputs_of(const std::string& path) {
  ZKI_ASSIGN_OR_RETURN(const Bytes bytes, read_bytes(path, kMaxInputBytes, Content::kKnown));
  const Json json = Json::parse(bytes.begin(), bytes.end(), nullptr, false);
  const Status bad = invalid_argument("--witness " + in_quotes(path) +
                                      ": not what `zkinfer gen-witness` writes; EZKL's own holds elements of "
                                      "another field: make it again from input.json");
  if (!json.is_object() || !json.contains("outputs") || !json.contains("input_data") || !json["outputs"].is_array())
    return bad;
  std::vector<std::vector<std::int64_t>> outputs;
  for (const Json& list : json["outputs"]) {
    std::vector<std::int64_t>& tensor = outputs.emplace_back();
    if (!list.is_array()) return bad;
    for (const Json& value : list) {
      if (!value.is_number_integer()) return bad;
      tensor.push_back(value.get<std::int64_t>());
    }
  }
  return outputs;
}

// More than EZKL's: a whole proof, under a commitment that nobody keeps.
CommandResult mock(Session& session, const Arguments& arguments) {
  ZKI_ASSIGN_OR_RETURN(const auto outputs, outputs_of(arguments.witness));
  ZKI_ASSIGN_OR_RETURN(const Model model, load_model(arguments.circuit));
  ZKI_ASSIGN_OR_RETURN(const RealInputs inputs, load_one(arguments.witness, model));
  ProgressLine line(session, "mock");
  CommitOptions options;
  options.progress = line.callback();
  ZKI_ASSIGN_OR_RETURN(const Prover prover, Prover::create(model, options));
  ZKI_ASSIGN_OR_RETURN(const ProofResult proof, prover.prove(inputs, {}, line.callback()));
  ZKI_ASSIGN_OR_RETURN(const VerificationKey key,
                       VerificationKey::from_bytes(prover.verification_key(), 0, kNoVerifyLimits));
  const VerifyResult check = verify(key, proof.proof, proof.statement);
  line.clear();
  if (!check.verdict.accepted()) return internal_error("the proof fails its own check: " + check.verdict.to_string());
  const bool same = proof.outputs == outputs;
  if (session.json) {
    print_result(
        session,
        {{"accepted", same}, {"proof_bytes", proof.proof.size()}, {"prove_seconds", proof.stats.total_seconds}});
  } else if (same) {
    print("ACCEPTED: the outputs of {} are proven, under a commitment that is thrown away\n", arguments.witness);
  } else {
    print("REJECTED: the circuit gives other outputs than {} says; make it again with gen-witness\n",
          arguments.witness);
  }
  return same ? ExitCode::kDone : ExitCode::kRejected;
}

CommandResult prove(Session& session, const Arguments& arguments) {
  ZKI_RETURN_IF_ERROR(outputs_of(arguments.witness).status());
  call_options({{"--input", "--witness"}, {"--secret", "--pk-path"}, {"--output", "--proof-path"}});
  return run_words(session, {"prove", as_file(arguments.circuit), "--input=" + arguments.witness,
                             "--secret=" + arguments.pk, "--output=" + arguments.proof});
}

CommandResult verify_proof(Session& session, const Arguments& arguments) {
  call_options({{"--key", "--vk-path"}});
  return run_words(session, {"verify", as_file(arguments.proof), "--key=" + arguments.vk});
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

struct VerbOf {
  CLI::App* command;
  Shared arguments;
};

VerbOf add_verb(CLI::App& group, Session& session, const char* name, const char* about, const char* footer,
                CommandResult (*run)(Session&, const Arguments&)) {
  auto arguments = std::make_shared<Arguments>();
  CLI::App* command = group.add_subcommand(name, about);
  add_json_flag(*command, session);
  command->footer(footer);
  command->callback([arguments, run, &session] {
    session.run([&] {
      say_unused(session, *arguments);
      return run(session, *arguments);
    });
  });
  return {command, arguments};
}

void add_before_setup(CLI::App& group, Session& session) {
  VerbOf verb = add_verb(group, session, "table", "the network's nodes: zkinfer inspect",
                         "Examples:\n  zkinfer table -M network.onnx", table);
  add_file(*verb.command, "-M,--model", verb.arguments->model, kReadsFile, "ONNX file");
  add_run_args(*verb.command, verb.arguments);

  verb = add_verb(group, session, "gen-settings", "write settings.json: who sees what, lengths of open axes",
                  "Examples:\n  zkinfer gen-settings -M network.onnx --input-visibility public", gen_settings);
  add_file(*verb.command, "-M,--model", verb.arguments->model, kReadsFile, "ONNX file");
  add_file(*verb.command, "-O,--settings-path", verb.arguments->settings, kWritesFile, "settings to write");
  add_run_args(*verb.command, verb.arguments);

  verb = add_verb(group, session, "calibrate-settings", "note calibration data in settings.json",
                  "Examples:\n  zkinfer calibrate-settings -M network.onnx -D calibration.json --target accuracy",
                  calibrate_settings);
  verb.arguments->data = "calibration.json";
  add_file(*verb.command, "-D,--data", verb.arguments->data, kReadsFile, "typical inputs, many in one file");
  add_file(*verb.command, "-M,--model", verb.arguments->model, kReadsFile, "ONNX file");
  add_file(*verb.command, "-O,--settings-path", verb.arguments->settings, kReadsFile, "settings to read and write");
  verb.command
      ->add_option("--target", verb.arguments->target, "accuracy: the largest output error is 0.02 %, otherwise 0.1 %")
      ->check(CLI::IsMember({"resources", "resources/col-overflow", "accuracy"}))
      ->capture_default_str();
  for (const char* name : {"--lookup-safety-margin", "--scales", "--scale-rebase-multiplier", "--max-logrows"})
    add_unused(*verb.command, verb.arguments, name, kFromData);

  verb = add_verb(
      group, session, "compile-circuit", "ONNX file and settings to a model package: zkinfer compile",
      "Examples:\n  zkinfer compile-circuit -M network.onnx --compiled-circuit model.compiled -S settings.json",
      compile_circuit);
  add_file(*verb.command, "-M,--model", verb.arguments->model, kReadsFile, "ONNX file");
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

void add_after_setup(CLI::App& group, Session& session) {
  VerbOf verb = add_verb(group, session, "setup", "proving secret and key of a circuit: zkinfer commit",
                         "Examples:\n  zkinfer setup -M model.compiled --vk-path vk.key --pk-path pk.key", setup);
  add_file(*verb.command, "-M,--compiled-circuit", verb.arguments->circuit, kReadsFile, "model package");
  add_file(*verb.command, "--vk-path", verb.arguments->vk, kWritesFile, "verification key to write");
  add_file(*verb.command, "--pk-path", verb.arguments->pk, kWritesFile,
           "commitment secret to write: proves, and counts proofs");
  add_file(*verb.command, "-S,--settings-path", verb.arguments->settings, kReadsFile,
           "who sees what: the settings that compile-circuit had (EZKL keeps them in the circuit)");
  add_unused(*verb.command, verb.arguments, "--srs-path", kNoSetup);
  add_unused(*verb.command, verb.arguments, "-W,--witness", "keys depend on no witness");
  add_unused_flag(*verb.command, verb.arguments, "--disable-selector-compression", "a way of EZKL's circuits");

  verb = add_verb(group, session, "gen-witness", "run the circuit on an input: zkinfer run",
                  "Examples:\n  zkinfer gen-witness -D input.json -M model.compiled\n  zkinfer gen-witness -D "
                  "'{\"input_data\": [[1, 2, 3]]}'",
                  gen_witness);
  verb.arguments->data = "input.json";
  add_file(*verb.command, "-D,--data", verb.arguments->data, kReadsFile, "input: a file, @file or JSON");
  add_file(*verb.command, "-M,--compiled-circuit", verb.arguments->circuit, kReadsFile, "model package");
  add_file(*verb.command, "-O,--output", verb.arguments->witness, kWritesFile,
           "witness to write: input, outputs and their integers");
  add_unused(*verb.command, verb.arguments, "-V,--vk-path", "a witness needs no key");
  add_unused(*verb.command, verb.arguments, "-P,--srs-path", kNoSetup);

  verb = add_verb(group, session, "mock", "prove a witness under a commitment that is thrown away, and check it",
                  "Examples:\n  zkinfer mock -W witness.json -M model.compiled", mock);
  add_file(*verb.command, "-W,--witness", verb.arguments->witness, kReadsFile, "witness of gen-witness");
  add_file(*verb.command, "-M,--model", verb.arguments->circuit, kReadsFile, "model package");

  verb = add_verb(
      group, session, "prove", "witness to proof: zkinfer prove",
      "Examples:\n  zkinfer prove -W witness.json -M model.compiled --pk-path pk.key --proof-path proof.json", prove);
  add_file(*verb.command, "-W,--witness", verb.arguments->witness, kReadsFile, "witness of gen-witness");
  add_file(*verb.command, "-M,--compiled-circuit", verb.arguments->circuit, kReadsFile, "model package");
  add_file(*verb.command, "--pk-path", verb.arguments->pk, kReadsFile, "commitment secret of setup");
  add_file(*verb.command, "--proof-path", verb.arguments->proof, kWritesFile, "proof to write");
  add_unused(*verb.command, verb.arguments, "--srs-path", kNoSetup);
  add_unused(*verb.command, verb.arguments, "--check-mode", "every proof is checked before it is written");
  add_unused(*verb.command, verb.arguments, "--proof-type", "there is one kind");

  verb = add_verb(group, session, "verify", "proof and key to a verdict: zkinfer verify",
                  "Examples:\n  zkinfer verify --proof-path proof.json --vk-path vk.key", verify_proof);
  add_file(*verb.command, "--proof-path", verb.arguments->proof, kReadsFile, "proof");
  add_file(*verb.command, "--vk-path", verb.arguments->vk, kReadsFile, "verification key");
  add_unused(*verb.command, verb.arguments, "-S,--settings-path", "the key says what a proof speaks of");
  add_unused(*verb.command, verb.arguments, "--srs-path", kNoSetup);
  add_unused_flag(*verb.command, verb.arguments, "--reduced-srs", kNoSetup);
}

}  // namespace

void add_ezkl(CLI::App& app, Session& session) {
  CLI::App* group = app.add_subcommand("ezkl", "EZKL's verbs with EZKL's options, for scripts that have them");
  group->require_subcommand(1);
  group->footer(
      "Examples:\n"
      "  zkinfer gen-settings -M network.onnx && zkinfer calibrate-settings -D calibration.json\n"
      "  zkinfer compile-circuit && zkinfer setup\n"
      "  zkinfer gen-witness -D input.json && zkinfer prove --proof-path proof.json && zkinfer verify --proof-path "
      "proof.json\n"
      "The word `ezkl` may be left out, except before `prove` and `verify` without options that only EZKL's have.");
  add_before_setup(*group, session);
  add_after_setup(*group, session);
}

}  // namespace zkinfer::cli
