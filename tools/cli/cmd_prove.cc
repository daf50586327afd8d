// SPDX-License-Identifier: Apache-2.0
// zkinfer prove: model, commitment secret and input -> proof.
#include <cstdio>
#include <memory>

#include "base/files.h"
#include "command.h"
#include "committed.h"
#include "data_files.h"
#include "files.h"
#include "known_tensors.h"
#include "machine.h"
#include "outputs.h"
#include "progress.h"
#include "stopwatch.h"
#include "text.h"

namespace zkinfer::cli {
namespace {

struct Arguments {
  std::string model_path, secret_path, output_path, context;
  InputOptions input;
  std::vector<std::string> data, openings;  // the input in other forms
  std::string committed_name, write_inputs, write_outputs;
  bool json = false;
};

struct Done {
  ProofResult result;
  VerifyResult check;
  double verify_seconds = 0;
  std::vector<CommitmentPaths> commitments;
  std::string path_file;
  std::size_t path_bytes = 0;
};

void print_json(const Arguments& arguments, const std::vector<OutputTensor>& outputs, const Done& done) {
  nlohmann::ordered_json json = {
      {"proof", arguments.output_path},
      {"proof_bytes", done.result.proof.size()},
      {"prove_seconds", done.result.stats.total_seconds},
      {"verify_seconds", done.verify_seconds},
      {"peak_memory_bytes", peak_memory_bytes()},
      {"outputs", outputs_json(outputs)},
      {"statement", {{"outputs", verified_json(done.check.outputs)}, {"inputs", verified_json(done.check.inputs)}}}};
  json["root_identity"] = to_hex(done.check.root_identity);
  json["serving_identity"] = to_hex(done.check.serving_identity);
  json["slot"] = done.check.slot;
  if (!done.path_file.empty()) json["path"] = done.path_file;
  if (!done.commitments.empty()) {
    json["committed_outputs"] = nlohmann::ordered_json::array();
    for (std::size_t i = 0; i < done.commitments.size(); ++i) {
      json["committed_outputs"].push_back({{"commitment", to_hex(done.result.committed_outputs[i].commitment().id())},
                                           {"data", done.commitments[i].data},
                                           {"opening", done.commitments[i].opening}});
    }
  }
  std::printf("%s\n", json.dump(2, ' ', false, nlohmann::json::error_handler_t::replace).c_str());
}

void print_text(const Arguments& arguments, const std::vector<OutputTensor>& outputs, const Done& done) {
  std::fputs(tensors_text("output", outputs).c_str(), stdout);
  const std::string statement =
      verified_text("input", done.check.inputs, false) + verified_text("output", done.check.outputs, false);
  if (!statement.empty()) std::printf("the proof says\n%s", statement.c_str());
  std::printf("proved in %s, proof %s, checked in %s, peak memory %s\nwrote %s\n",
              human_seconds(done.result.stats.total_seconds).c_str(), human_bytes(done.result.proof.size()).c_str(),
              human_seconds(done.verify_seconds).c_str(), human_bytes(peak_memory_bytes()).c_str(),
              arguments.output_path.c_str());
  if (!done.path_file.empty()) {
    std::printf("give along %s (%s, leads from the root's key to this proof; one for many proofs)\n",
                done.path_file.c_str(), human_bytes(done.path_bytes).c_str());
  }
  for (const CommitmentPaths& paths : done.commitments) {
    std::printf("wrote %s (for verifiers) and %s (secret: opens it in later proofs)\n", paths.data.c_str(),
                paths.opening.c_str());
  }
}

CommandResult prove(const Session& session, const Arguments& arguments) {
  ProveRequest request;
  ZKI_ASSIGN_OR_RETURN(request.context, parse_context(arguments.context));
  ZKI_ASSIGN_OR_RETURN(const Model model, load_model(arguments.model_path));
  std::vector<CommittedTensor> openings;
  if (!arguments.openings.empty()) {
    ZKI_ASSIGN_OR_RETURN(openings, load_openings("--committed-input", arguments.openings, model.inputs()));
    for (const CommittedTensor& opening : openings) request.committed_inputs.push_back(&opening);
  } else if (!arguments.data.empty()) {
    ZKI_ASSIGN_OR_RETURN(request.integers, load_canonical("--input-data", arguments.data, model.inputs()));
  } else {
    ZKI_ASSIGN_OR_RETURN(request.inputs, load_input(arguments.input, model.inputs()));
  }
  ProgressLine progress(session, "prove");
  request.progress = progress.callback();
  ZKI_ASSIGN_OR_RETURN(Committed committed, Committed::serve(model, arguments.secret_path, told(session, progress)));
  Done done;
  if (committed.key().info().outputs.is_committed()) {
    const std::string& name = arguments.committed_name;
    ZKI_ASSIGN_OR_RETURN(
        done.commitments,
        commitment_paths(name.empty() ? with_extension(arguments.output_path, "") : name, model.outputs().size()));
  } else if (!arguments.committed_name.empty()) {
    return invalid_argument(
        "--committed-output: this key's outputs are not committed; commit to the model with --outputs committed");
  }
  ZKI_ASSIGN_OR_RETURN(done.result, committed.prove(request));

  // A proof that fails its own check must not leave the house.
  const Stopwatch watch;
  done.check = verify(committed.key(), done.result.proof, done.result.statement);
  done.verify_seconds = watch.seconds();
  if (!done.check.verdict.accepted())
    return internal_error("the new proof fails its own check: " + done.check.verdict.to_string());
  for (std::size_t i = 0; i < done.commitments.size(); ++i) {
    ZKI_RETURN_IF_ERROR(save_commitment(done.commitments[i], done.result.committed_outputs[i]));
  }
  if (!arguments.write_inputs.empty())
    ZKI_RETURN_IF_ERROR(write_canonical(arguments.write_inputs, model.inputs(), done.result.inputs));
  if (!arguments.write_outputs.empty())
    ZKI_RETURN_IF_ERROR(write_canonical(arguments.write_outputs, model.outputs(), done.result.outputs));
  // The path before the proof: a proof without it convinces nobody who has the root's key only.
  if (!committed.path().empty()) {
    ZKI_ASSIGN_OR_RETURN(done.path_file, write_path_beside(arguments.output_path, committed));
    done.path_bytes = committed.path().size();
  }
  ZKI_RETURN_IF_ERROR(write_file(arguments.output_path, done.result.proof));
  std::vector<OutputTensor> outputs;
  const std::vector<TensorInfo> infos = model.outputs();
  for (std::size_t i = 0; i < infos.size(); ++i) {
    outputs.push_back({infos[i].name, infos[i].shape, done.result.outputs[i], infos[i].format.scale()});
  }
  if (arguments.json)
    print_json(arguments, outputs, done);
  else if (!session.quiet)
    print_text(arguments, outputs, done);
  std::fflush(stdout);
  committed.rotate_ahead();
  return ExitCode::kDone;
}

}  // namespace

void add_prove(CLI::App& app, Session& session) {
  auto arguments = std::make_shared<Arguments>();
  CLI::App* command = app.add_subcommand("prove", "run the model on an input and prove the result");
  command->add_option("model", arguments->model_path, "model package (.zkmodel)")->required();
  add_input_options(*command, arguments->input, false);
  CLI::Option* data = command->add_option(
      "--input-data", arguments->data, "[NAME=]FILE: the input as canonical bytes (`zkinfer digest --data`), exactly");
  CLI::Option* opening =
      command->add_option("--committed-input", arguments->openings,
                          "[NAME=]FILE.zktsecret: the input that was committed to; takes one of its slots");
  data->excludes("--input")->excludes(opening);
  opening->excludes("--input");
  command->add_option("-s,--secret", arguments->secret_path,
                      "commitment secret (default: the model's name with .zksecret)");
  command->add_option("-o,--output", arguments->output_path,
                      "proof to write (default: the input's name with .zkproof)");
  command->add_option(
      "--committed-output", arguments->committed_name,
      "where outputs are committed: name of the files to write, NAME.zktensor and NAME.zktsecret (default: "
      "the proof's name)");
  command->add_option("--write-input-data", arguments->write_inputs,
                      "write the input's canonical bytes, which verifiers need where only its hash is public");
  command->add_option("--write-output-data", arguments->write_outputs, "the same of the output");
  command->add_option("--context", arguments->context,
                      "up to 32 bytes bound into the proof against replay: text, or hex:00ff..");
  command->add_flag("--json", arguments->json, "print the result as JSON");
  command->footer(
      "Examples:\n"
      "  zkinfer prove digits.zkmodel --input digit_7.png\n"
      "  zkinfer prove network.zkmodel -i test.npy --index 3 -o third.zkproof --context order-4711\n"
      "  zkinfer prove features.zkmodel --committed-input record.zktsecret --committed-output features -o "
      "features.zkproof\n"
      "  zkinfer prove head.zkmodel --committed-input features.zktsecret -o head.zkproof");
  command->callback([arguments, &session] {
    session.run([&]() -> CommandResult {
      const std::vector<std::string>& names = !arguments->openings.empty() ? arguments->openings
                                              : !arguments->data.empty()   ? arguments->data
                                                                           : arguments->input.paths;
      if (names.empty())
        return invalid_argument("prove: give the input with --input, --input-data or --committed-input");
      if (arguments->secret_path.empty()) arguments->secret_path = with_extension(arguments->model_path, ".zksecret");
      if (arguments->output_path.empty()) arguments->output_path = with_extension(file_part(names.front()), ".zkproof");
      return prove(session, *arguments);
    });
  });
}

}  // namespace zkinfer::cli
