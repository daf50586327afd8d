// SPDX-License-Identifier: Apache-2.0
// zkinfer run: integer inference without a proof; its outputs are the ones a proof would show.
#include <algorithm>
#include <memory>

#include "batch.h"
#include "command.h"
#include "fidelity_output.h"
#include "files.h"
#include "outputs.h"
#include "print.h"
#include "result_json.h"
#include "stopwatch.h"
#include "text.h"

namespace zkinfer::cli {
namespace {

struct Arguments {
  std::string model_path;
  InputOptions input;
  bool strict = false, saturation = false;
};

struct Done {
  RunResult result;
  std::vector<OutputTensor> outputs;
  double seconds = 0;
};

Result<Done> run_one(const Arguments& arguments, const Model& model, const RealInputs& input) {
  Done done;
  const Stopwatch watch;
  ZKI_ASSIGN_OR_RETURN(done.result, model.run(input));
  done.seconds = watch.seconds();
  for (const Clipping& clipping : done.result.clipping) {
    if (arguments.strict && clipping.num_clipped > 0) return out_of_range("--strict: " + clipping_text(clipping));
  }
  done.outputs = output_tensors(model.outputs(), done.result.outputs);
  return done;
}

nlohmann::ordered_json done_json(const Model& model, const Done& done) {
  auto saturation = nlohmann::ordered_json::array();
  for (const RunResult::Saturation& node : done.result.saturation) {
    saturation.push_back({{"node", node.node}, {"num_values", node.num_values}, {"num_saturated", node.num_saturated}});
  }
  return {{"run_seconds", done.seconds},
          {"clipping", clipping_json(done.result.clipping)},
          {"saturation", saturation},
          {"outputs", outputs_json(done.outputs)},
          {"whole_numbers", whole_json(model.compile_record())}};
}

std::string saturation_text(const std::vector<RunResult::Saturation>& saturation) {
  if (saturation.empty()) return "no value was cut off at the end of a range\n";
  std::vector<std::pair<std::string, std::string>> rows;
  for (const RunResult::Saturation& node : saturation) {
    rows.emplace_back(printable(node.node), human_count(node.num_saturated) + " of " + human_count(node.num_values));
  }
  return "values cut off at the end of their range (what calibration saw, or a bound of the model's own)\n" +
         pairs_text(rows);
}

CommandResult run_model(Session& session, const Arguments& arguments) {
  ZKI_ASSIGN_OR_RETURN(const Model model, load_model(arguments.model_path));
  ZKI_ASSIGN_OR_RETURN(const Preprocessing preprocessing,
                       preprocessing_of(arguments.input, model.preprocessing(), session));
  ZKI_ASSIGN_OR_RETURN(Samples samples, Samples::open(arguments.input, model.inputs(), preprocessing));
  samples.say_skipped(session);
  ClippingSum clipping;
  if (!samples.many()) {
    ZKI_ASSIGN_OR_RETURN(const RealInputs input, samples.load(samples.items().front()));
    ZKI_ASSIGN_OR_RETURN(const Done done, run_one(arguments, model, input));
    clipping.add(done.result.clipping);
    clipping.warn(session);
    if (session.json) {
      print_result(session, done_json(model, done));
      return ExitCode::kDone;
    }
    print_lines(tensors_text("output", done.outputs) + output_scales_text(model.compile_record()));
    if (arguments.saturation) print_lines(saturation_text(done.result.saturation));
    if (!session.quiet) print("integer inference in {}\n", human_seconds(done.seconds));
    return ExitCode::kDone;
  }
  ProgressLine line(session, "run");
  Batch batch(session, samples, line);
  batch.run([&](std::size_t i, const RealInputs& input) -> Result<nlohmann::ordered_json> {
    ZKI_ASSIGN_OR_RETURN(const Done done, run_one(arguments, model, input));
    clipping.add(done.result.clipping);
    if (!session.json) {
      print("{}  ", samples.label(samples.items()[i]));
      print_lines(outputs_line(done.outputs) + "\n");
      if (arguments.saturation) print_lines(saturation_text(done.result.saturation));
    }
    return done_json(model, done);
  });
  clipping.warn(session);
  if (session.json) {
    nlohmann::ordered_json json = batch.json();
    json["total_seconds"] = process_seconds();
    print_result(session, std::move(json));
  } else if (!session.quiet) {
    print("ran {} in {}\n", batch.summary(), human_seconds(process_seconds()));
  }
  return batch.exit_code();
}

}  // namespace

void add_run(CLI::App& app, Session& session) {
  auto arguments = std::make_shared<Arguments>();
  CLI::App* command = app.add_subcommand("run", "run the integer model without proving");
  command->add_option("model", arguments->model_path, "model package (.zkmodel)")->type_name(kReadsFile)->required();
  add_input_options(*command, arguments->input, Many::kYes);
  command->add_flag("--strict", arguments->strict, "refuse inputs with values outside of the model's range");
  command->add_flag("--saturation", arguments->saturation,
                    "say in which nodes values were cut off at the end of their range");
  add_json_flag(*command, session);
  command->footer(
      "Examples:\n"
      "  zkinfer run digits.zkmodel --input digit_7.png\n"
      "  zkinfer run network.zkmodel -i test.npz --index 12 --json\n"
      "  zkinfer run network.zkmodel -i test.npy --all");
  command->callback([arguments, &session] { session.run([&] { return run_model(session, *arguments); }); });
}

}  // namespace zkinfer::cli
