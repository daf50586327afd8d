// SPDX-License-Identifier: Apache-2.0
// zkinfer evaluate: model, commitment secret and data set -> a proven metric.
#include <filesystem>
#include <memory>
#include <optional>

#include "batch.h"
#include "command.h"
#include "committed.h"
#include "evaluation_output.h"
#include "fidelity_output.h"
#include "files.h"
#include "machine.h"
#include "output_files.h"
#include "print.h"
#include "progress.h"
#include "result_json.h"
#include "samples.h"
#include "signals.h"
#include "stopwatch.h"
#include "text.h"
#include "zkinfer/hex.h"
#include "zkinfer/metric_names.h"

namespace zkinfer::cli {
namespace {

struct Arguments {
  std::string model_path, secret_path, data_path, metric = "accuracy", output_path, context, nonce;
  std::uint32_t output = 0;
  std::uint64_t chunk_rows = 0;
  std::optional<std::uint64_t> sampled;
  VerifyLimits limits;
  bool is_named = false, by_group = false, totals_only = false, strict = false, force = false;
};

CommandResult evaluate(Session& session, const Arguments& arguments) {
  ProgressLine line(session, "evaluate");
  EvaluationRequest request;
  ZKI_ASSIGN_OR_RETURN(request.metric, metric_of(arguments.metric));
  ZKI_ASSIGN_OR_RETURN(request.context, parse_context(arguments.context));
  ZKI_ASSIGN_OR_RETURN(const Model model, load_model(arguments.model_path));
  ZKI_ASSIGN_OR_RETURN(const DataSet data, load_data_set(arguments.data_path));
  request.data = &data;
  request.chunk_rows = arguments.chunk_rows;
  request.totals_only = arguments.totals_only;
  request.sampled = arguments.sampled.value_or(0);
  ZKI_ASSIGN_OR_RETURN(request.nonce, parse_nonce(arguments.nonce));
  if (arguments.sampled.has_value() != !arguments.nonce.empty() || arguments.sampled == std::uint64_t{0})
    return invalid_argument("--sample and --nonce go together: so many rows, and the nonce of whoever will check them");
  request.limits = arguments.limits;
  request.metric.output = arguments.output;
  if (arguments.by_group) request.metric.num_groups = static_cast<std::uint32_t>(data.num_groups());
  if (arguments.by_group && data.num_groups() < 2)
    return invalid_argument("--by-group: the data set has no groups; give them to `zkinfer dataset build --groups`");
  // A data set says what models take; whether that is what this one was calibrated on only its owner knows.
  if (!model.preprocessing().empty() && preprocessing_text(model.preprocessing()) != data.parts().preprocessing)
    session.warn(
        "the numbers that the model was calibrated on were made so: " + preprocessing_text(model.preprocessing()) +
        "; those of the data set so: " + data.parts().preprocessing);
  std::vector<Clipping> clipping;
  ZKI_RETURN_IF_ERROR(data.rows_for(model.inputs(), model.outputs(), request.metric, &clipping).status());
  ClippingSum sum;
  sum.add(clipping);
  for (const Clipping& input : clipping) {
    if (arguments.strict && input.num_clipped > 0) return out_of_range("--strict: " + clipping_text(input));
  }

  OutputFiles files(arguments.force);
  files.reads({arguments.model_path, arguments.secret_path, arguments.data_path});
  if (session.json) files.keep_standard_output();
  const OutputFiles::Id id = files.add("--output", arguments.output_path, FileKind::kEvaluation);
  ZKI_RETURN_IF_ERROR(files.prepare());
  std::error_code error;
  const bool replaces = std::filesystem::is_regular_file(arguments.output_path, error);
  const Stopwatch restore_watch;
  ZKI_ASSIGN_OR_RETURN(Committed committed,
                       Committed::serve(model, arguments.secret_path, told(session, line, kServingShare)));
  ZKI_ASSIGN_OR_RETURN(const std::uint64_t num_chunks, committed.prepare_evaluation(request));
  request.root_identity = committed.key().info().root_identity;
  line.clear();
  const double restore_seconds = restore_watch.seconds();
  ZKI_RETURN_IF_ERROR(files.reserve(id, num_chunks * committed.proof_room()));
  if (!committed.path().empty()) ZKI_RETURN_IF_ERROR(check_path_beside(arguments.output_path, committed));

  request.progress = line.callback(kServingShare, 1);
  const Stopwatch prove_watch;
  const Result<EvaluationProof> made = committed.evaluate(request, num_chunks);
  if (made.status().code() == StatusCode::kResourceLimit && !is_of_slots(made.status()))
    return resource_limit(made.status().message() + with_limit_options("--chunk"));
  if (!made.ok()) return made.status();
  const double prove_seconds = prove_watch.seconds();
  const Stopwatch check_watch;
  const EvaluationResult check = verify_evaluation(committed.key(), made->evaluation, made->rows, made->statement);
  const double verify_seconds = check_watch.seconds();
  std::string path_file;
  const auto write_all = [&]() -> Status {
    if (!check.verdict.accepted())
      return internal_error("the new evaluation fails its own check: " + check.verdict.to_string());
    ZKI_RETURN_IF_ERROR(files.write(id, made->evaluation));
    if (!committed.path().empty()) {
      ZKI_ASSIGN_OR_RETURN(path_file, write_path_beside(arguments.output_path, committed));
    }
    return files.publish();
  };
  ZKI_RETURN_IF_ERROR(committed.after_proof(write_all()));
  line.clear();
  sum.warn(session);
  // As `prove` does: a name that was given is meant, one that we chose may not be.
  if (replaces && !arguments.is_named)
    session.warn("an earlier evaluation at '" + arguments.output_path + "' was replaced");

  if (session.json) {
    nlohmann::ordered_json json = {{"evaluation", arguments.output_path},
                                   {"evaluation_bytes", made->evaluation.size()},
                                   {"prove_seconds", prove_seconds},
                                   {"verify_seconds", verify_seconds},
                                   {"clipping", clipping_json(clipping)}};
    json.update(parsed(evaluation_json(check, data, EvaluationDemands().confidence)));
    add_serving(json, check, path_file, committed.path().size());
    add_totals(json, restore_seconds);
    print_result(session, std::move(json));
  } else if (!session.quiet) {
    print_lines(evaluation_text(check, data, EvaluationDemands().confidence));
    print("proved in {}, of which {} the proofs, {} their check; {} in {}, peak memory {}\n",
          human_seconds(process_seconds()), human_seconds(prove_seconds), human_seconds(verify_seconds),
          counted(num_chunks, "proof"), human_bytes(made->evaluation.size()), human_bytes(peak_memory_bytes()));
    print("wrote {}\n", output_name(arguments.output_path));
    if (!path_file.empty()) print_path_beside(path_file, committed.path().size());
    if (arguments.output_path != "-" && arguments.data_path != "-")
      print("check with: zkinfer verify {} --key {} --data {}{}\n", shell_word(arguments.output_path),
            shell_word(with_extension(arguments.secret_path, ".zkkey")), shell_word(arguments.data_path),
            (arguments.context.empty() ? std::string() : " --context " + shell_word(arguments.context)) +
                (arguments.nonce.empty()
                     ? std::string()
                     : " --sample " + std::to_string(request.sampled) + " --nonce " + arguments.nonce));
  }
  if (StopSignals::stopped_by() == 0) {
    ZKI_RETURN_IF_ERROR(finish_output());
    committed.rotate_ahead();
  }
  return ExitCode::kDone;
}

}  // namespace

void add_evaluate(CLI::App& app, Session& session) {
  auto arguments = std::make_shared<Arguments>();
  CLI::App* command = app.add_subcommand("evaluate", "prove how well a committed model does on a data set");
  command->add_option("model", arguments->model_path, "model package (.zkmodel)")->type_name(kReadsFile)->required();
  command->add_option("--data", arguments->data_path, "data set (.zkset), as `zkinfer dataset build` makes it")
      ->type_name(kReadsFile)
      ->required();
  command
      ->add_option("--metric", arguments->metric,
                   "accuracy; confusion (rows of each label and class, with F1); top-5 and the like; auc (of class 1; "
                   "auc-3 of class 3); mse, mae (of targets); perplexity (of tokens, which are the targets)")
      ->capture_default_str();
  command->add_option("--of-output", arguments->output, "which of the model's outputs, counted from 0")
      ->capture_default_str();
  command->add_flag("--totals-only", arguments->totals_only,
                    "hide what single chunks count, at a commitment more each (always for auc)");
  command->add_option("--sample", arguments->sampled,
                      "prove so many of the rows, which the nonce chooses (with --nonce)");
  command->add_option("--nonce", arguments->nonce,
                      "64 hexadecimal digits, drawn by whoever will check, when he had key and data set");
  command->add_flag("--by-group", arguments->by_group, "count each group of the data set on its own");
  command
      ->add_option("--chunk", arguments->chunk_rows,
                   "rows that one proof has, which takes a slot (default: as many as suit time and memory)")
      ->check(CLI::Range(std::uint64_t{1}, std::uint64_t{1} << 26));
  add_verify_limits(*command, arguments->limits);
  add_secret_option(*command, arguments->secret_path);
  command
      ->add_option("-o,--output", arguments->output_path,
                   "evaluation to write (default: the data set's name with .zkeval)")
      ->type_name(kWritesFile);
  command->add_option("--context", arguments->context,
                      "up to 32 bytes bound into the evaluation against replay: text, or hex:00ff..");
  command->add_flag("--strict", arguments->strict,
                    "refuse rows with values outside of the model's range, before a slot is taken");
  add_force_flag(*command, arguments->force);
  add_json_flag(*command, session);
  command->footer(
      "Examples:\n"
      "  zkinfer evaluate network.zkmodel --data test.zkset\n"
      "  zkinfer evaluate network.zkmodel --data test.zkset --metric confusion -o test.zkeval --context audit-2026\n"
      "  zkinfer evaluate network.zkmodel --data people.zkset --by-group\n"
      "  zkinfer evaluate network.zkmodel --data test.zkset --metric auc-1\n"
      "  zkinfer evaluate network.zkmodel --data large.zkset --sample 1000 --nonce 8f1c..\n"
      "Whoever has key, certificate and data set checks it with `zkinfer verify`. Weights and the outputs of single "
      "rows "
      "stay hidden; what each chunk counted is shown, but with --totals-only.");
  command->callback([arguments, &session] {
    session.run([&]() -> CommandResult {
      name_after(arguments->model_path, ".zksecret", "--secret", arguments->secret_path);
      arguments->is_named = !arguments->output_path.empty();
      name_after(arguments->data_path, ".zkeval", "--output", arguments->output_path);
      return evaluate(session, *arguments);
    });
  });
}

}  // namespace zkinfer::cli
