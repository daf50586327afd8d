// SPDX-License-Identifier: Apache-2.0
// zkinfer report: a compiled model as a page to look at, or as JSON.
#include <memory>

#include "command.h"
#include "files.h"
#include "generation.h"
#include "network_options.h"
#include "output_files.h"
#include "print.h"
#include "progress.h"
#include "report/model_report.h"
#include "result_json.h"
#include "text.h"
#include "text_samples.h"
#include "zkinfer/compile.h"
#include "zkinfer/generate.h"

namespace zkinfer::cli {
namespace {

struct Arguments {
  std::string model_path, network_path, output_path, tokenizer_path;
  InputOptions input;
  NetworkOptions network;
  std::size_t limit = 64;
  bool force = false;
};

CommandResult report(Session& session, Arguments& arguments) {
  if (!arguments.tokenizer_path.empty() && arguments.input.paths.empty())
    return invalid_argument("--tokenizer: give --input too, texts that it makes tokens of");
  if (!arguments.network_path.empty() && arguments.input.paths.empty())
    return invalid_argument("--network: give --input too; the float network and the integers are compared on them");
  const bool writes = !session.json || !arguments.output_path.empty();
  if (writes) name_after(arguments.model_path, ".report.html", "--output", arguments.output_path);
  OutputFiles files(arguments.force);
  files.reads(arguments.model_path);
  files.reads(arguments.network_path);
  files.reads(arguments.input.paths);
  if (!arguments.tokenizer_path.empty()) files.reads(arguments.tokenizer_path);
  if (session.json) files.keep_standard_output();
  std::optional<OutputFiles::Id> page;
  if (writes) page = files.add_text("--output", arguments.output_path, kPageHead);
  ZKI_RETURN_IF_ERROR(files.prepare());
  ZKI_ASSIGN_OR_RETURN(Model model, load_model(arguments.model_path));
  // Of one that samples the inputs are tokens, as of the network: how it draws has nothing to measure.
  if (!arguments.input.paths.empty()) model = greedy_model(model);
  ZKI_ASSIGN_OR_RETURN(const Preprocessing preprocessing,
                       preprocessing_of(arguments.input, model.preprocessing(), session));
  std::vector<RealInputs> samples;
  if (!arguments.input.paths.empty()) {
    ZKI_ASSIGN_OR_RETURN(const std::optional<Tokenizer> tokenizer, load_tokenizer(arguments.tokenizer_path));
    if (tokenizer.has_value())
      ZKI_RETURN_IF_ERROR(check_vocabulary(session, *tokenizer, arguments.tokenizer_path, model.inputs().front()));
    ZKI_ASSIGN_OR_RETURN(samples, load_samples_or_texts(arguments.input.paths, tokenizer, preprocessing, model.inputs(),
                                                        arguments.limit, session));
    if (samples.size() > arguments.limit) samples.resize(arguments.limit);
  }
  std::vector<std::vector<TensorView>> inputs;
  for (const RealInputs& sample : samples) inputs.push_back(views(sample));

  ProgressLine progress(session, "report");
  CompileOptions options;
  options.progress = progress.callback();
  std::vector<std::string> beside;
  options.reads = [&](const std::string& path) { beside.push_back(path); };
  ZKI_RETURN_IF_ERROR(set_network_options(arguments.network, options));
  ZKI_ASSIGN_OR_RETURN(const ModelReport made, arguments.network_path.empty()
                                                   ? report_model(model, inputs, options.progress)
                                                   : report_model(arguments.network_path, model, inputs, options));
  ZKI_RETURN_IF_ERROR(files.also_reads(beside));
  progress.clear();
  for (const std::string& sentence : made.missing) session.warn(sentence);
  for (const Clipping& clipping : made.clipping)
    if (clipping.num_clipped > 0) session.warn(clipping_text(clipping) + ", and were clipped");
  if (made.fidelity) {
    FidelityFloor floor;
    floor.error_of_largest = made.record.float_target;
    for (const std::string& warning : fidelity_warnings(*made.fidelity, floor)) session.warn(warning);
  }
  if (writes) {
    ZKI_RETURN_IF_ERROR(files.write(*page, model_report_html(made, "zkinfer report")));
    ZKI_RETURN_IF_ERROR(files.publish());
  }
  if (session.json) {
    nlohmann::ordered_json json = model_report_json(made);
    if (writes) json["page"] = arguments.output_path;
    print_result(session, std::move(json));
  } else if (!session.quiet) {
    print("wrote {}: open it in a browser. It tells what the model did with the inputs: keep it with the model.\n",
          output_name(arguments.output_path));
  }
  return ExitCode::kDone;
}

}  // namespace

void add_report(CLI::App& app, Session& session) {
  auto arguments = std::make_shared<Arguments>();
  CLI::App* command = app.add_subcommand("report", "show a compiled model: its graph, errors, ranges and costs");
  command->add_option("model", arguments->model_path, "model package (.zkmodel)")->type_name(kReadsFile)->required();
  command
      ->add_option("-i,--input", arguments->input.paths,
                   "inputs to run the model on, for ranges and what is cut off: .json, .npy, .npz, .png, IDX; texts "
                   "with --tokenizer")
      ->type_name(kReadsFile)
      ->expected(1, 1 << 20);
  command
      ->add_option("--network", arguments->network_path,
                   "the network it was compiled from, to compare with on the inputs")
      ->type_name(kReadsFile);
  add_tokenizer_option(*command, arguments->tokenizer_path);
  add_network_options(*command, arguments->network, "of --network, the model's own by default: ");
  command->add_option("--limit", arguments->limit, "at most this many inputs")
      ->check(CLI::Range(1, 1 << 20))
      ->capture_default_str();
  command
      ->add_option("-o,--output", arguments->output_path,
                   "the page (HTML; default: the model's name with .report.html, none with --json)")
      ->type_name(kWritesFile);
  add_preprocessing_options(*command, arguments->input);
  add_force_flag(*command, arguments->force);
  add_json_flag(*command, session);
  command->footer(
      "Examples:\n"
      "  zkinfer report digits.zkmodel\n"
      "  zkinfer report digits.zkmodel --network digits.onnx --input test.npy -o digits.html\n"
      "  zkinfer report network.zkmodel -i test.npz --json\n"
      "  zkinfer report stories260K.zkmodel --network stories260K.bin -i text.txt --tokenizer tok512.bin\n"
      "The page needs no network and no other file. `zkinfer compile --report` writes it at once.");
  command->callback([arguments, &session] { session.run([&] { return report(session, *arguments); }); });
}

}  // namespace zkinfer::cli
