// SPDX-License-Identifier: Apache-2.0
#include "prove_batch.h"

#include <filesystem>

#include "batch.h"
#include "committed.h"
#include "data_files.h"
#include "fidelity_output.h"
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
#include "verify_words.h"
#include "zkinfer/hex.h"

namespace zkinfer::cli {
namespace {

// A tensor of all rows, as files of canonical bytes have it.
std::vector<TensorInfo> of_rows(std::vector<TensorInfo> tensors, std::size_t num_rows) {
  for (TensorInfo& tensor : tensors) tensor.shape.insert(tensor.shape.begin(), static_cast<std::int64_t>(num_rows));
  return tensors;
}

struct Outputs {
  OutputFiles::Id proof = 0;
  std::vector<OutputFiles::Id> inputs, outputs;
};

Result<Outputs> declare(const ProveBatchArguments& arguments, const Session& session, const Model& model,
                        const Samples& samples, OutputFiles& files) {
  files.reads({arguments.model_path, arguments.secret_path});
  files.reads(samples.paths());
  const std::size_t num_rows = samples.items().size();
  if (session.json) files.keep_standard_output();
  Outputs out;
  out.proof = files.add("--output", arguments.output_path, FileKind::kBatch);
  if (!arguments.write_inputs.empty()) {
    out.inputs =
        declare_canonical(files, "--write-input-data", arguments.write_inputs, of_rows(model.inputs(), num_rows));
  }
  if (!arguments.write_outputs.empty()) {
    out.outputs =
        declare_canonical(files, "--write-output-data", arguments.write_outputs, of_rows(model.outputs(), num_rows));
  }
  ZKI_RETURN_IF_ERROR(files.prepare());
  return out;
}

// Canonical bytes of every tensor, row after row.
Status write_rows(OutputFiles& files, const std::vector<OutputFiles::Id>& ids, const std::vector<TensorInfo>& tensors,
                  const std::vector<BatchRow>& rows, std::vector<std::vector<std::int64_t>> BatchRow::*side) {
  for (std::size_t i = 0; i < ids.size(); ++i) {
    Bytes all;
    for (const BatchRow& row : rows) {
      ZKI_ASSIGN_OR_RETURN(const Bytes bytes, canonical_bytes(tensors[i], (row.*side)[i]));
      all.insert(all.end(), bytes.begin(), bytes.end());
    }
    ZKI_RETURN_IF_ERROR(files.write(ids[i], all));
  }
  return {};
}

// All rows or none: a sample that cannot be read is an error.
Result<std::vector<RealInputs>> load_rows(Samples& samples) {
  std::vector<RealInputs> rows;
  for (const Samples::Item& item : samples.items()) {
    Result<RealInputs> row = samples.load(item);
    if (!row.ok()) return row.status().with_context(samples.label(item));
    rows.push_back(std::move(row).value());
  }
  return rows;
}

}  // namespace

CommandResult prove_batch(Session& session, const ProveBatchArguments& arguments) {
  ProgressLine line(session, "prove");
  BatchRequest request;
  request.refuse_clipping = arguments.strict;
  ZKI_ASSIGN_OR_RETURN(request.context, parse_context(arguments.context));
  ZKI_ASSIGN_OR_RETURN(const Model model, load_model(arguments.model_path));
  if (model.num_segments() > 1) {
    return unsupported(
        "--batch: the model is cut into " + std::to_string(model.num_segments()) +
        " segments, which make no batches; leave --batch out and prove each sample with --all, or `zkinfer compile` "
        "the model without --segments and --memory");
  }
  ZKI_ASSIGN_OR_RETURN(const Preprocessing preprocessing,
                       preprocessing_of(arguments.input, model.preprocessing(), session));
  InputOptions choice = arguments.input;
  choice.all = choice.index.empty();
  ZKI_ASSIGN_OR_RETURN(Samples samples, Samples::open(choice, model.inputs(), preprocessing));
  samples.say_skipped(session);
  ZKI_ASSIGN_OR_RETURN(const std::vector<RealInputs> rows, load_rows(samples));
  for (const RealInputs& row : rows) request.inputs.push_back(views(row));

  // What can be refused is, before a slot is taken.
  OutputFiles files(arguments.force);
  ZKI_ASSIGN_OR_RETURN(const Outputs outputs, declare(arguments, session, model, samples, files));
  std::error_code error;
  if (std::filesystem::is_regular_file(arguments.output_path, error) && !arguments.force) {
    return invalid_argument(in_quotes(arguments.output_path) +
                            " is there already; name another with --output, or replace it with --force");
  }
  const Stopwatch restore_watch;
  ZKI_ASSIGN_OR_RETURN(Committed committed,
                       Committed::serve(model, arguments.secret_path, told(session, line, kServingShare)));
  line.clear();
  const double restore_seconds = restore_watch.seconds();
  ZKI_RETURN_IF_ERROR(files.reserve(outputs.proof, committed.proof_room(rows.size())));
  if (!committed.path().empty()) ZKI_RETURN_IF_ERROR(check_path_beside(arguments.output_path, committed));

  request.progress = line.callback(kServingShare, 1);
  const Result<BatchResult> made = committed.prove_batch(request);
  if (!made.ok()) return made.status();
  const Stopwatch check_watch;
  const VerifyBatchResult check = verify_batch(committed.key(), made->proof, made->statement);
  const double verify_seconds = check_watch.seconds();
  std::string path_file;
  const auto write_all = [&]() -> Status {
    if (!check.verdict.accepted())
      return internal_error("the new batch fails its own check: " + check.verdict.to_string());
    ZKI_RETURN_IF_ERROR(files.write(outputs.proof, made->proof));
    ZKI_RETURN_IF_ERROR(write_rows(files, outputs.inputs, model.inputs(), made->rows, &BatchRow::inputs));
    ZKI_RETURN_IF_ERROR(write_rows(files, outputs.outputs, model.outputs(), made->rows, &BatchRow::outputs));
    if (!committed.path().empty()) {
      ZKI_ASSIGN_OR_RETURN(path_file, write_path_beside(arguments.output_path, committed));
    }
    return files.publish();
  };
  ZKI_RETURN_IF_ERROR(committed.after_proof(write_all()));
  line.clear();

  ClippingSum clipping;
  for (const BatchRow& row : made->rows) clipping.add(row.clipping);
  clipping.warn(session);
  if (session.json) {
    nlohmann::ordered_json json = {{"proof", arguments.output_path},
                                   {"proof_bytes", made->proof.size()},
                                   {"num_rows", rows.size()},
                                   {"prove_seconds", made->stats.total_seconds},
                                   {"verify_seconds", verify_seconds}};
    auto list = nlohmann::ordered_json::array();
    for (std::size_t i = 0; i < rows.size(); ++i) {
      const Samples::Item& item = samples.items()[i];
      list.push_back({{"input", samples.path_of(item)},
                      {"index", item.index},
                      {"clipping", clipping_json(made->rows[i].clipping)},
                      {"outputs", outputs_json(output_tensors(model.outputs(), made->rows[i].outputs))},
                      {"statement",
                       {{"outputs", parsed(verified_json(check.rows[i].outputs))},
                        {"inputs", parsed(verified_json(check.rows[i].inputs))}}}});
    }
    json["rows"] = std::move(list);
    json["slot"] = check.slot;
    add_serving(json, check, path_file, committed.path().size());
    add_totals(json, restore_seconds);
    print_result(session, std::move(json));
  } else if (!session.quiet) {
    for (std::size_t i = 0; i < rows.size() && i < kRowsShown; ++i) {
      print("row {}  {}  ", i, samples.label(samples.items()[i]));
      print_lines(outputs_line(output_tensors(model.outputs(), made->rows[i].outputs)) + "\n");
    }
    if (rows.size() > kRowsShown) print(".. {} rows in all; --json shows them\n", rows.size());
    print(
        "proved {} rows in {}, of which {} the proof itself, {} its check, {} restoring the commitment; proof {}, peak "
        "memory {}\n",
        rows.size(), human_seconds(process_seconds()), human_seconds(made->stats.total_seconds),
        human_seconds(verify_seconds), human_seconds(restore_seconds), human_bytes(made->proof.size()),
        human_bytes(peak_memory_bytes()));
    print("wrote {}\n", output_name(arguments.output_path));
    if (!path_file.empty()) {
      print("give along {} ({}, leads from the root's key to this batch; one for many)\n", path_file,
            human_bytes(committed.path().size()));
    }
    if (arguments.output_path != "-") {
      print("check with: {}\n", verify_command(committed.key().info(),
                                               {arguments.output_path,
                                                arguments.model_path,
                                                arguments.secret_path,
                                                arguments.context,
                                                arguments.write_inputs,
                                                arguments.write_outputs,
                                                {}},
                                               false));
    }
  }
  if (StopSignals::stopped_by() == 0) {
    ZKI_RETURN_IF_ERROR(finish_output());
    committed.rotate_ahead();
  }
  return ExitCode::kDone;
}

}  // namespace zkinfer::cli
