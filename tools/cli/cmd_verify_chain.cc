// SPDX-License-Identifier: Apache-2.0
// zkinfer verify-chain: proofs of several models, each about what the one before it gave.
#include <algorithm>
#include <memory>

#include "base/files.h"
#include "base/text.h"
#include "command.h"
#include "files.h"
#include "inputs/input_bytes.h"
#include "known_tensors.h"
#include "outputs.h"
#include "print.h"
#include "progress.h"
#include "result_json.h"
#include "stopwatch.h"
#include "text.h"
#include "trust.h"
#include "zkinfer/hex.h"
#include "zkinfer/prove.h"
#include "zkinfer/structure.h"

namespace zkinfer::cli {
namespace {

struct Arguments {
  std::vector<std::string> paths;  // key, proof, key, proof, ..
  std::vector<std::string> contexts, links, link_data;
  std::vector<std::string> certificates, models;
  TrustArguments trust;
  KnownArguments inputs, outputs;
  double min_security_bits = kDefaultMinSecurityBits;
  VerifyLimits limits;
};

// "output=input" of --link.
Status set_link(const std::string& text, ChainStep& from, ChainStep& to) {
  const std::vector<TensorInfo>& outputs = from.key->info().output_tensors;
  const std::vector<TensorInfo>& inputs = to.key->info().input_tensors;
  std::string choices;
  for (std::size_t i = 0; i < outputs.size(); ++i) {
    for (std::size_t j = 0; j < inputs.size(); ++j) {
      // Names may hold '=' themselves.
      const std::string choice = outputs[i].name + "=" + inputs[j].name;
      if (text == choice) {
        from.output = i;
        to.input = j;
        return {};
      }
      choices += " " + choice;
    }
  }
  return invalid_argument("--link " + text + ": expected OUTPUT=INPUT, one of" + choices);
}

void print_chain(const Session& session, const ChainResult& result, const std::string& hint,
                 const std::vector<VerificationKey>& keys, double seconds) {
  nlohmann::ordered_json json = {{"accepted", result.verdict.accepted()}, {"verify_seconds", seconds}};
  if (result.verdict.accepted()) {
    json["steps"] = nlohmann::ordered_json::array();
    for (std::size_t i = 0; i < keys.size(); ++i) {
      json["steps"].push_back({{"model", keys[i].info().model_name},
                               {"model_identity", to_hex(keys[i].info().model_identity)},
                               {"security_bits", result.steps[i].security_bits},
                               {"weights", std::string(weight_evidence_name(result.steps[i].weights))},
                               {"serving_identity", to_hex(result.steps[i].serving_identity)},
                               {"context", parsed(context_json(result.steps[i].context))},
                               {"inputs", parsed(verified_json(result.steps[i].inputs))},
                               {"outputs", parsed(verified_json(result.steps[i].outputs))}});
    }
  } else {
    json["reason"] = std::string(reject_reason_name(result.verdict.reason));
    json["step"] = result.step + 1;
    json["where"] = result.verdict.where;
    json["hint"] = hint;
  }
  print_result(session, std::move(json));
}

CommandResult verify_files(Session& session, const Arguments& arguments) {
  const std::size_t num_steps = arguments.paths.size() / 2;
  if (arguments.paths.size() % 2 != 0 || num_steps < 2) {
    return invalid_argument(
        "verify-chain: expected KEY PROOF KEY PROOF .., a key and a proof for each of two or more models, got " +
        std::to_string(arguments.paths.size()) +
        (num_steps == 1 && arguments.paths.size() == 2 ? " files; one proof is for `zkinfer verify PROOF --key KEY`"
                                                       : " files"));
  }
  if (!arguments.contexts.empty() && arguments.contexts.size() != 1 && arguments.contexts.size() != num_steps) {
    return invalid_argument("--context: expected one for all proofs, or one for each of the " +
                            std::to_string(num_steps));
  }
  if (!arguments.links.empty() && arguments.links.size() != num_steps - 1) {
    return invalid_argument("--link: expected " + std::to_string(num_steps - 1) +
                            ", one for each proof after the first");
  }
  std::vector<VerificationKey> keys;
  std::vector<ProofFile> files;
  for (std::size_t i = 0; i < num_steps; ++i) {
    ZKI_ASSIGN_OR_RETURN(VerificationKey key,
                         load_key(arguments.paths[2 * i], arguments.min_security_bits, arguments.limits));
    ZKI_ASSIGN_OR_RETURN(ProofFile file, load_proof_file(arguments.paths[2 * i + 1]));
    for (const std::string& warning : structure_warnings(key)) {
      session.warn(in_quotes(arguments.paths[2 * i]) + ": " + warning);
    }
    keys.push_back(std::move(key));
    files.push_back(std::move(file));
  }
  auto waiting = std::make_unique<WaitingLine>(session, "verify-chain", "checking what the keys hold");
  // The model of each key that is public and has one among those given.
  std::vector<std::string> model_of(num_steps);
  for (const std::string& path : arguments.models) {
    ZKI_ASSIGN_OR_RETURN(const Model model, load_model(path));
    bool is_used = false;
    for (std::size_t i = 0; i < num_steps; ++i) {
      const KeyInfo& info = keys[i].info();
      if (!info.public_parameters || info.structure_digest != model.structure_digest()) continue;
      // Several models may have one structure.
      CheckedWeights weights;
      if (!model_of[i].empty() && !check_public_weights(model, keys[i], weights).accepted()) continue;
      model_of[i] = path;
      is_used = true;
    }
    if (!is_used) return invalid_argument("--model '" + path + "': none of the keys is of this model and public");
  }
  const auto num_certified = static_cast<std::size_t>(std::ranges::count(model_of, std::string()));
  if (!arguments.certificates.empty() && arguments.certificates.size() != num_certified) {
    return invalid_argument("--certificate: expected " + std::to_string(num_certified) + ", one for each key" +
                            (arguments.models.empty() ? "" : " without a --model"));
  }
  std::vector<CheckedTrust> trust;
  std::vector<KeyForProof> found;
  std::size_t next_certificate = 0;
  for (std::size_t i = 0; i < num_steps; ++i) {
    const std::string& key_path = arguments.paths[2 * i];
    TrustArguments for_key = arguments.trust;
    for_key.model_path = model_of[i];
    if (model_of[i].empty() && !arguments.certificates.empty())
      for_key.certificate_path = arguments.certificates[next_certificate++];
    ZKI_ASSIGN_OR_RETURN(CheckedTrust checked, check_weights(keys[i], key_path, for_key, files[i]));
    ZKI_ASSIGN_OR_RETURN(KeyForProof key, key_to_verify(keys[i], key_path, files[i], for_key.paths));
    trust.push_back(std::move(checked));
    found.push_back(std::move(key));
  }
  waiting.reset();
  std::vector<ChainStep> steps(num_steps);
  for (std::size_t i = 0; i < num_steps; ++i) {
    steps[i].key = &found[i].key(keys[i]);
    steps[i].proof = files[i].content.proof;
    steps[i].request.weights = trust[i].weights;
    if (arguments.contexts.empty()) continue;
    ZKI_ASSIGN_OR_RETURN(steps[i].request.context,
                         parse_context(arguments.contexts[arguments.contexts.size() == 1 ? 0 : i]));
  }
  for (std::size_t i = 0; i + 1 < num_steps && arguments.links.empty(); ++i) {
    if (keys[i].info().output_tensors.size() == 1 && keys[i + 1].info().input_tensors.size() == 1) continue;
    return invalid_argument("verify-chain: '" + arguments.paths[2 * i] + "' has several outputs, or '" +
                            arguments.paths[2 * i + 2] +
                            "' several inputs; say with --link OUTPUT=INPUT which belong together, for each step");
  }
  for (std::size_t i = 0; i < arguments.links.size(); ++i)
    ZKI_RETURN_IF_ERROR(set_link(arguments.links[i], steps[i], steps[i + 1]));
  if (!arguments.link_data.empty() && arguments.link_data.size() != num_steps - 1) {
    return invalid_argument("--link-data: expected " + std::to_string(num_steps - 1) +
                            ", one for each proof after the first");
  }
  ZKI_ASSIGN_OR_RETURN(steps.front().request.inputs, load_known(arguments.inputs, keys.front().info()));
  ZKI_ASSIGN_OR_RETURN(steps.back().request.outputs, load_known(arguments.outputs, keys.back().info()));
  for (std::size_t i = 0; i < arguments.link_data.size(); ++i) {
    KnownTensor known;
    known.index = steps[i].output;
    Result<Bytes> data = load_known_data(arguments.link_data[i], keys[i].info().output_tensors[steps[i].output]);
    if (!data.ok()) return data.status().with_context("--link-data");
    known.data = std::move(data).value();
    steps[i].request.outputs.push_back(known);
    known.index = steps[i + 1].input;
    steps[i + 1].request.inputs.push_back(std::move(known));
  }
  for (std::size_t i = 0; i < num_steps; ++i) {
    const KeyInfo& info = keys[i].info();
    ZKI_RETURN_IF_ERROR(check_data_given("--link-data", info.input_tensors, info.inputs, steps[i].request.inputs));
    ZKI_RETURN_IF_ERROR(check_data_given("--link-data", info.output_tensors, info.outputs, steps[i].request.outputs));
  }
  const Stopwatch watch;
  ChainResult result;
  std::string hint;
  for (std::size_t i = 0; i < num_steps && result.verdict.accepted(); ++i) {
    result.verdict = trust[i].verdict.accepted() ? found[i].verdict : trust[i].verdict;
    if (result.verdict.accepted()) continue;
    result.verdict.where = "step " + std::to_string(i + 1) + ": " + result.verdict.where;
    result.step = i;
    if (trust[i].verdict.accepted()) hint = found[i].hint;
  }
  if (result.verdict.accepted()) result = verify_chain(steps);
  if (hint.empty()) hint = std::string(rejection_hint(result.verdict.reason));
  const double seconds = watch.seconds();
  if (session.json) {
    print_chain(session, result, hint, keys, seconds);
  } else if (!result.verdict.accepted()) {
    print("REJECTED: {}\n", verdict_text(result.verdict));
    if (!session.quiet) print("{}\n", hint);
  } else if (!session.quiet) {
    print("ACCEPTED, {} linked proofs, in {}\n", num_steps, human_seconds(seconds));
    print_lines(verified_text("input", result.steps.front().inputs));
    for (std::size_t i = 0; i < num_steps; ++i) {
      print("step {}: model {}, identity {}, context {}\n  weights {}\n", i + 1, keys[i].info().model_name,
            to_hex(keys[i].info().model_identity), context_text(result.steps[i].context),
            weights_text(keys[i].info(), result.steps[i].weights));
      print_lines(verified_text("output", result.steps[i].outputs));
    }
  }
  return result.verdict.accepted() ? ExitCode::kDone : ExitCode::kRejected;
}

}  // namespace

void add_verify_chain(CLI::App& app, Session& session) {
  auto arguments = std::make_shared<Arguments>();
  CLI::App* command =
      app.add_subcommand("verify-chain", "check proofs of several models, each about what the one before it gave");
  command->add_option("files", arguments->paths, "key and proof of the first model, of the second, ..")
      ->type_name(kReadsFile)
      ->required()
      ->expected(2, 1 << 10);
  command->add_option("--context", arguments->contexts, "the proofs must be bound to this: one for all, or one each");
  command->add_option("--link", arguments->links,
                      "OUTPUT=INPUT: names of the tensors that link two steps, where a model has several");
  command
      ->add_option("--link-data", arguments->link_data,
                   "canonical bytes of the tensor that links two steps, one file per link: needed where the proofs "
                   "hold only its hash")
      ->type_name(kReadsFile);
  add_known_options(*command, arguments->inputs, "input");
  add_known_options(*command, arguments->outputs, "output");
  command
      ->add_option(
          "--certificate", arguments->certificates,
          "certificates of the keys' weights, one per key without a --model (default: each key's name with .zkcert)")
      ->type_name(kReadsFile);
  command
      ->add_option(
          "--model", arguments->models,
          "of public models, instead of certificates: the model packages (.zkmodel), from which their keys are "
          "derived again")
      ->type_name(kReadsFile);
  command->add_flag("--uncertified", arguments->trust.uncertified,
                    "take the weights as they are: nothing then shows that they are integers in their ranges");
  command
      ->add_option("--path", arguments->trust.paths,
                   "paths (.zkpath) to the serving keys of the proofs (default: found beside proof or key)")
      ->type_name(kReadsFile);
  add_min_security(*command, arguments->min_security_bits);
  add_verify_limits(*command, arguments->limits);
  add_json_flag(*command, session);
  command->footer(
      "Examples:\n"
      "  zkinfer verify-chain features.zkkey features.zkproof head.zkkey head.zkproof\n"
      "  zkinfer verify-chain a.zkkey a.zkproof b.zkkey b.zkproof --input-commitment x.zktensor --json\n"
      "--input-.. options are about the first proof, --output-.. options about the last one.");
  command->callback([arguments, &session] { session.run([&] { return verify_files(session, *arguments); }); });
}

}  // namespace zkinfer::cli
