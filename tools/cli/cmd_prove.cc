// SPDX-License-Identifier: Apache-2.0
// zkinfer prove: model, commitment secret and input -> proof.
#include <cstdio>
#include <memory>

#include "command.h"
#include "committed.h"
#include "files.h"
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
  bool json = false;
};

void print_result(const Arguments& arguments, const Model& model, const ProofResult& result, double verify_seconds) {
  std::vector<OutputTensor> outputs;
  const std::vector<TensorInfo> infos = model.outputs();
  for (std::size_t i = 0; i < infos.size() && i < result.outputs.size(); ++i) {
    outputs.push_back({infos[i].name, infos[i].shape, result.outputs[i], infos[i].format.scale()});
  }
  if (arguments.json) {
    const ProveStats& s = result.stats;
    const nlohmann::ordered_json json = {
        {"proof", arguments.output_path},
        {"proof_bytes", result.proof.size()},
        {"prove_seconds", s.total_seconds},
        {"verify_seconds", verify_seconds},
        {"peak_memory_bytes", peak_memory_bytes()},
        {"outputs", outputs_json(outputs)}};
    std::printf("%s\n", json.dump(2).c_str());
    return;
  }
  std::fputs(tensors_text("output", outputs).c_str(), stdout);
  std::printf("proved in %s, proof %s, checked in %s, peak memory %s\nwrote %s\n", human_seconds(result.stats.total_seconds).c_str(),
              human_bytes(result.proof.size()).c_str(), human_seconds(verify_seconds).c_str(),
              human_bytes(peak_memory_bytes()).c_str(), arguments.output_path.c_str());
}

CommandResult prove(const Session& session, const Arguments& arguments) {
  ZKI_ASSIGN_OR_RETURN(const Bytes context, parse_context(arguments.context));
  ZKI_ASSIGN_OR_RETURN(const Model model, load_model(arguments.model_path));
  ZKI_ASSIGN_OR_RETURN(const RealInputs input, load_input(arguments.input, model.inputs()));
  ProgressLine progress(session, "prove");
  ZKI_ASSIGN_OR_RETURN(Committed committed, Committed::open(model, arguments.secret_path, progress.callback()));
  ZKI_ASSIGN_OR_RETURN(const ProofResult result, committed.prover().prove(input, context, progress.callback()));

  // A proof that fails its own check must not leave the house.
  const Stopwatch watch;
  const VerifyResult check = verify(committed.key(), result.proof, context);
  const double verify_seconds = watch.seconds();
  if (!check.verdict.accepted()) return internal_error("the new proof fails its own check: " + check.verdict.to_string());
  ZKI_RETURN_IF_ERROR(write_file(arguments.output_path, result.proof));
  if (!session.quiet || arguments.json) print_result(arguments, model, result, verify_seconds);
  return ExitCode::kDone;
}

}  // namespace

void add_prove(CLI::App& app, Session& session) {
  auto arguments = std::make_shared<Arguments>();
  CLI::App* command = app.add_subcommand("prove", "run the model on an input and prove the result");
  command->add_option("model", arguments->model_path, "model package (.zkmodel)")->required();
  add_input_options(*command, arguments->input);
  command->add_option("-s,--secret", arguments->secret_path, "commitment secret (default: the model's name with .zksecret)");
  command->add_option("-o,--output", arguments->output_path, "proof to write (default: the input's name with .zkproof)");
  command->add_option("--context", arguments->context, "up to 32 bytes bound into the proof against replay: text, or hex:00ff..");
  command->add_flag("--json", arguments->json, "print the result as JSON");
  command->footer("Examples:\n"
                  "  zkinfer prove digits.zkmodel --input digit_7.png\n"
                  "  zkinfer prove network.zkmodel -i test.npy --index 3 -o third.zkproof --context order-4711");
  command->callback([arguments, &session] {
    if (arguments->secret_path.empty()) arguments->secret_path = with_extension(arguments->model_path, ".zksecret");
    if (arguments->output_path.empty()) arguments->output_path = with_extension(arguments->input.paths.front(), ".zkproof");
    session.run([&] { return prove(session, *arguments); });
  });
}

}  // namespace zkinfer::cli
