// SPDX-License-Identifier: Apache-2.0
#include "prove_parts.h"

#include <charconv>

#include "base/text.h"
#include "batch.h"
#include "committed.h"
#include "data_files.h"
#include "fidelity_output.h"
#include "inputs/input_bytes.h"
#include "known_tensors.h"
#include "machine.h"
#include "output_files.h"
#include "outputs.h"
#include "print.h"
#include "progress.h"
#include "result_json.h"
#include "samples.h"
#include "signals.h"
#include "stopwatch.h"
#include "text.h"
#include "zkinfer/hex.h"
#include "zkinfer/proof_parts.h"

namespace zkinfer::cli {
namespace {

constexpr std::uint64_t kPlanRoom = std::uint64_t{1} << 16;  // beside the inputs

Status refuse_whole(const Model& model, const std::string& option) {
  if (model.num_segments() > 1) return {};
  return invalid_argument(
      option +
      ": the model is not cut into segments, so its proof has no parts; prove it without the option, or "
      "`zkinfer compile` it with --segments or --memory");
}

// "3/8" -> 2, of a model with 8.
Result<std::size_t> parse_segment(const std::string& text, std::size_t num_segments) {
  std::size_t segment = 0, count = 0;
  const char* const end = text.data() + text.size();
  const auto first = std::from_chars(text.data(), end, segment);
  const bool has_count = first.ec == std::errc() && first.ptr != end && *first.ptr == '/';
  const auto second = has_count ? std::from_chars(first.ptr + 1, end, count) : first;
  if (!has_count || second.ec != std::errc() || second.ptr != end)
    return invalid_argument("--segment " + in_quotes(text) + ": expected one of how many, as 3/8");
  const std::string has = "the model has " + std::to_string(num_segments) + " segments";
  if (count != num_segments) return invalid_argument("--segment " + text + ": " + has);
  if (segment < 1 || segment > count) return invalid_argument("--segment " + text + ": " + has + ", counted from 1");
  return segment - 1;
}

}  // namespace

void add_part_options(CLI::App& command, PartArguments& arguments) {
  CLI::Option* written = command
                             .add_option("--write-plan", arguments.written_plan,
                                         "of a model that is cut into segments: write a plan of the proof (.zkplan) "
                                         "instead, which takes the slot; --plan "
                                         "proves its segments, in processes of their own")
                             ->type_name(kWritesFile);
  CLI::Option* plan =
      command
          .add_option("--plan", arguments.plan,
                      "prove one --segment of a planned proof; takes no slot, and repeated gives the same bytes")
          ->type_name(kReadsFile);
  CLI::Option* segment =
      command
          .add_option("--segment", arguments.segment,
                      "which segment of how many, counted from 1, as 3/8; `zkinfer join` puts all together")
          ->type_name("I/N");
  plan->needs(segment);
  segment->needs(plan);
  written->excludes(plan);
  for (const char* name : {"--committed-input", "--committed-output", "--write-input-data", "--write-output-data",
                           "--report", "--batch", "--all"}) {
    written->excludes(command.get_option(name));
    plan->excludes(command.get_option(name));
  }
  written->excludes(command.get_option("--output"));
  for (const char* name : {"--input", "--input-data", "--index", "--scale", "--mean", "--std",
                           "--override-preprocessing", "--context", "--strict"})
    plan->excludes(command.get_option(name));
}

CommandResult write_plan(Session& session, const PlanArguments& arguments) {
  ProveRequest request;
  ZKI_ASSIGN_OR_RETURN(request.context, parse_context(arguments.context));
  ZKI_ASSIGN_OR_RETURN(const Model model, load_model(arguments.model_path));
  ZKI_RETURN_IF_ERROR(refuse_whole(model, "--write-plan"));
  OutputFiles files(arguments.force);
  files.reads({arguments.model_path, arguments.secret_path});
  std::optional<Samples> samples;
  RealInputs input;  // what the request borrows
  if (!arguments.data.empty()) {
    for (const std::string& text : arguments.data) files.reads(file_part(text));
    ZKI_ASSIGN_OR_RETURN(request.integers, load_canonical("--input-data", arguments.data, model.inputs()));
  } else {
    ZKI_ASSIGN_OR_RETURN(const Preprocessing preprocessing,
                         preprocessing_of(arguments.input, model.preprocessing(), session));
    ZKI_ASSIGN_OR_RETURN(samples, Samples::open(arguments.input, model.inputs(), preprocessing));
    if (samples->many())
      return invalid_argument("--write-plan: a plan is of one proof, and there are " +
                              human_count(samples->items().size()) + " samples; choose one with --index");
    files.reads(samples->paths());
    ZKI_ASSIGN_OR_RETURN(input, samples->load(samples->items().front()));
    request.inputs = views(input);
  }
  if (session.json) files.keep_standard_output();
  // A plan has cost a slot.
  if (!arguments.force && is_kind(arguments.output_path, FileKind::kProofPlan)) {
    return invalid_argument("--write-plan: " + in_quotes(arguments.output_path) +
                            " is there already, and has a slot of its own; prove its segments with --plan, name "
                            "another, or replace it with --force");
  }
  const OutputFiles::Id file = files.add("--write-plan", arguments.output_path, FileKind::kProofPlan);
  ZKI_RETURN_IF_ERROR(files.prepare());
  ProgressLine line(session, "prove");
  ZKI_ASSIGN_OR_RETURN(Committed committed,
                       Committed::serve(model, arguments.secret_path, told(session, line, kServingShare)));
  request.refuse_clipping = arguments.strict;
  request.progress = line.callback(kServingShare, 1);
  // Of the inputs and what goes with them: before the slot is taken.
  std::uint64_t room = kPlanRoom;
  for (const TensorInfo& info : model.inputs()) room += 8 * info.num_elements();
  ZKI_RETURN_IF_ERROR(files.reserve(file, room));
  std::vector<Clipping> clipped;
  ZKI_ASSIGN_OR_RETURN(const Bytes plan, committed.plan(request, clipped));
  line.clear();
  ClippingSum clipping;
  clipping.add(clipped);
  clipping.warn(session);
  ZKI_RETURN_IF_ERROR(committed.after_proof(files.write(file, plan)));
  ZKI_RETURN_IF_ERROR(committed.after_proof(files.publish()));
  ZKI_ASSIGN_OR_RETURN(const PlanOutline outline, outline_of_plan(plan));
  if (session.json) {
    print_result(session, {{"plan", arguments.output_path},
                           {"plan_bytes", plan.size()},
                           {"segments", outline.num_segments},
                           {"slot", outline.slot},
                           {"root_identity", to_hex(committed.root_identity())},
                           {"serving_identity", to_hex(outline.identity)},
                           {"clipping", clipping_json(clipped)},
                           {"total_seconds", process_seconds()},
                           {"peak_memory_bytes", peak_memory_bytes()}});
  } else if (!session.quiet) {
    print(
        "planned a proof of {} segments under slot {}\nwrote {} (secret: it holds the input)\nprove each with: zkinfer "
        "prove {} --plan {} --segment 1/{}\n",
        human_count(outline.num_segments), outline.slot, output_name(arguments.output_path),
        shell_word(arguments.model_path), shell_word(arguments.output_path), outline.num_segments);
  }
  if (StopSignals::stopped_by() == 0) committed.rotate_ahead();
  return ExitCode::kDone;
}

CommandResult prove_segment(Session& session, const SegmentArguments& arguments) {
  ZKI_ASSIGN_OR_RETURN(const Model model, load_model(arguments.model_path));
  ZKI_RETURN_IF_ERROR(refuse_whole(model, "--segment"));
  const std::size_t num_segments = model.num_segments();
  ZKI_ASSIGN_OR_RETURN(const std::size_t segment, parse_segment(arguments.segment, num_segments));
  ZKI_ASSIGN_OR_RETURN(const Bytes plan, read_kind(arguments.plan_path, FileKind::kProofPlan));
  const Result<PlanOutline> outline = outline_of_plan(plan);
  if (!outline.ok()) return outline.status().with_context(in_quotes(arguments.plan_path));
  std::string output = arguments.output_path;
  if (output.empty()) output = with_extension(arguments.plan_path, "." + std::to_string(segment + 1) + ".zkpart");
  OutputFiles files(arguments.force);
  files.reads({arguments.model_path, arguments.secret_path, arguments.plan_path});
  if (session.json) files.keep_standard_output();
  const OutputFiles::Id file = files.add("--output", output, FileKind::kProofPart);
  ZKI_RETURN_IF_ERROR(files.prepare());
  ProgressLine line(session, "prove");
  const Stopwatch restore_watch;
  ZKI_ASSIGN_OR_RETURN(Committed committed, Committed::planned(model, arguments.secret_path, outline->identity,
                                                               told(session, line, kServingShare)));
  const double restore_seconds = restore_watch.seconds();
  if (!committed.path().empty()) ZKI_RETURN_IF_ERROR(check_path_beside(output, committed));
  const Result<PartResult> result = committed.prover().prove_part(plan, segment, line.callback(kServingShare, 1));
  if (!result.ok()) return result.status().with_context(in_quotes(arguments.plan_path));
  line.clear();
  ZKI_RETURN_IF_ERROR(files.write(file, result->part));
  std::string path_file;
  if (!committed.path().empty()) {
    ZKI_ASSIGN_OR_RETURN(path_file, write_path_beside(output, committed));
  }
  ZKI_RETURN_IF_ERROR(files.publish());
  const std::vector<OutputTensor> outputs = output_tensors(model.outputs(), result->outputs);
  if (session.json) {
    nlohmann::ordered_json json = {{"part", output},
                                   {"part_bytes", result->part.size()},
                                   {"segment", segment + 1},
                                   {"segments", num_segments},
                                   {"slot", outline->slot},
                                   {"root_identity", to_hex(committed.root_identity())},
                                   {"serving_identity", to_hex(outline->identity)},
                                   {"outputs", outputs_json(outputs)},
                                   {"whole_numbers", whole_json(model.compile_record())},
                                   {"prove_seconds", result->prove_seconds},
                                   {"restore_seconds", restore_seconds},
                                   {"total_seconds", process_seconds()},
                                   {"peak_memory_bytes", peak_memory_bytes()}};
    if (!path_file.empty()) {
      json["path"] = path_file;
      json["path_bytes"] = committed.path().size();
    }
    print_result(session, std::move(json));
  } else if (!session.quiet) {
    print_lines(tensors_text("output", outputs) + output_scales_text(model.compile_record()));
    print("proved segment {} of {} in {}, of which {} the part itself; {}, peak memory {}\n", segment + 1, num_segments,
          human_seconds(process_seconds()), human_seconds(result->prove_seconds), human_bytes(result->part.size()),
          human_bytes(peak_memory_bytes()));
    print("wrote {}\n", output_name(output));
    print_path_beside(path_file, committed.path().size());
  }
  return ExitCode::kDone;
}

}  // namespace zkinfer::cli
