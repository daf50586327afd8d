// SPDX-License-Identifier: Apache-2.0
// zkinfer run: integer inference without a proof; its outputs are the ones a proof would show.
#include <cstdio>
#include <memory>

#include "command.h"
#include "files.h"
#include "outputs.h"
#include "stopwatch.h"
#include "text.h"

namespace zkinfer::cli {
namespace {

struct Arguments {
  std::string model_path;
  InputOptions input;
  bool json = false;
};

CommandResult run_model(const Arguments& arguments) {
  ZKI_ASSIGN_OR_RETURN(const Model model, load_model(arguments.model_path));
  ZKI_ASSIGN_OR_RETURN(const RealInputs input, load_input(arguments.input, model.inputs()));
  const Stopwatch watch;
  ZKI_ASSIGN_OR_RETURN(const auto values, model.run(input));
  const double seconds = watch.seconds();
  std::vector<OutputTensor> outputs;
  const std::vector<TensorInfo> infos = model.outputs();
  for (std::size_t i = 0; i < infos.size() && i < values.size(); ++i) {
    outputs.push_back({infos[i].name, infos[i].shape, values[i], infos[i].format.scale()});
  }
  if (arguments.json) {
    const nlohmann::ordered_json json = {{"run_seconds", seconds}, {"outputs", outputs_json(outputs)}};
    std::printf("%s\n", json.dump(2).c_str());
  } else {
    std::fputs(tensors_text("output", outputs).c_str(), stdout);
    std::printf("integer inference in %s\n", human_seconds(seconds).c_str());
  }
  return ExitCode::kDone;
}

}  // namespace

void add_run(CLI::App& app, Session& session) {
  auto arguments = std::make_shared<Arguments>();
  CLI::App* command = app.add_subcommand("run", "run the integer model without proving");
  command->add_option("model", arguments->model_path, "model package (.zkmodel)")->required();
  add_input_options(*command, arguments->input);
  command->add_flag("--json", arguments->json, "print the outputs as JSON");
  command->footer(
      "Examples:\n"
      "  zkinfer run digits.zkmodel --input digit_7.png\n"
      "  zkinfer run network.zkmodel -i test.npz --index 12 --json");
  command->callback([arguments, &session] { session.run([&] { return run_model(*arguments); }); });
}

}  // namespace zkinfer::cli
