// SPDX-License-Identifier: Apache-2.0
// setup, gen-witness, mock, prove, verify: what is done with a circuit, with witness.json between them.
#include "base/text.h"
#include "batch.h"
#include "ezkl/verbs.h"
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

namespace zkinfer::cli::ezkl {
namespace {

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
  clipping.warn(session, "");
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
  options.progress = line.callback(0, 0.5);
  ZKI_ASSIGN_OR_RETURN(const Prover prover, Prover::create(model, options));
  ZKI_ASSIGN_OR_RETURN(const ProofResult proof, prover.prove(inputs, {}, line.callback(0.5, 1)));
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
  ZKI_ASSIGN_OR_RETURN(const auto outputs, outputs_of(arguments.witness));
  {
    // A witness that was changed, or is another circuit's, would be proven with outputs that it does not name.
    ZKI_ASSIGN_OR_RETURN(const Model model, load_model(arguments.circuit));
    ZKI_ASSIGN_OR_RETURN(const RealInputs inputs, load_one(arguments.witness, model));
    ZKI_ASSIGN_OR_RETURN(const RunResult result, model.run(inputs));
    if (result.outputs != outputs) {
      return invalid_argument("--witness " + in_quotes(arguments.witness) + ": its outputs are not those that " +
                              in_quotes(arguments.circuit) +
                              " gives for its input; nothing was proven. Make it again with gen-witness");
    }
  }
  call_options({{"--input", "--witness"}, {"--secret", "--pk-path"}, {"--output", "--proof-path"}});
  return run_words(session, {"prove", as_file(arguments.circuit), "--input=" + arguments.witness,
                             "--secret=" + arguments.pk, "--output=" + arguments.proof});
}

CommandResult verify_proof(Session& session, const Arguments& arguments) {
  call_options({{"--key", "--vk-path"}});
  return run_words(session, {"verify", as_file(arguments.proof), "--key=" + arguments.vk});
}

}  // namespace

void add_proof_verbs(CLI::App& group, Session& session) {
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

}  // namespace zkinfer::cli::ezkl
