// SPDX-License-Identifier: Apache-2.0
// zkinfer prove: model, commitment secret and inputs -> proofs.
#include <filesystem>
#include <map>
#include <memory>

#include "base/files.h"
#include "batch.h"
#include "command.h"
#include "committed.h"
#include "data_files.h"
#include "fidelity_output.h"
#include "files.h"
#include "known_tensors.h"
#include "machine.h"
#include "output_files.h"
#include "outputs.h"
#include "print.h"
#include "progress.h"
#include "proof_page.h"
#include "proof_paths.h"
#include "prove_batch.h"
#include "prove_parts.h"
#include "result_json.h"
#include "signals.h"
#include "stopwatch.h"
#include "text.h"
#include "verify_words.h"
#include "zkinfer/hex.h"

namespace zkinfer::cli {
namespace {

struct Arguments {
  std::string model_path, secret_path, output_path, context;
  InputOptions input;
  std::vector<std::string> data, openings;  // the input in other forms
  std::string committed_name, write_inputs, write_outputs, report_path;
  bool strict = false, force = false, batch = false;
  PartArguments parts;
};

struct Done {
  ProofResult result;
  VerifyResult check;
  std::vector<OutputTensor> outputs;
  std::vector<CommitmentPaths> commitments;
  std::string path_file;  // what leads from the root's key to this proof, where it is made under a root
  std::size_t path_bytes = 0;
  double verify_seconds = 0, write_seconds = 0;
};

class ProveCommand {
 public:
  ProveCommand(Session& session, const Arguments& arguments)
      : session_(session), arguments_(arguments), line_(session, "prove") {}
  CommandResult run();

 private:
  Result<std::vector<ProofPaths>> check_outputs() const;
  Status declare(const ProofPaths& paths, OutputFiles& files, Done& done) const;
  Result<Done> prove(ProveRequest& request, const ProofPaths& paths);
  Status check_and_write(const ProveRequest& request, const ProofPaths& paths, OutputFiles& files, Done& done);
  CommandResult prove_one(ProveRequest request, const ProofPaths& paths);
  CommandResult prove_many(const ProveRequest& request, const std::vector<ProofPaths>& paths);
  nlohmann::ordered_json done_json(const Done& done, const ProofPaths& paths) const;
  void add_times(nlohmann::ordered_json& json) const;
  void print_one(const Done& done, const ProofPaths& paths) const;
  std::string verify_words(const ProofPaths& paths, bool beside) const;

  Session& session_;
  const Arguments& arguments_;
  ProgressLine line_;
  std::optional<Model> model_;
  std::optional<Samples> samples_;  // unless the input comes in another form
  std::optional<Committed> committed_;
  double load_seconds_ = 0, restore_seconds_ = 0;
};

// Declared files are in the order of the fields of ProofPaths.
Status ProveCommand::declare(const ProofPaths& paths, OutputFiles& files, Done& done) const {
  files.reads(arguments_.model_path);
  files.reads(arguments_.secret_path);
  if (samples_.has_value()) files.reads(samples_->paths());
  for (const std::vector<std::string>* list : {&arguments_.data, &arguments_.openings}) {
    for (const std::string& text : *list) files.reads(file_part(text));
  }
  if (session_.json) files.keep_standard_output();
  for (const std::string* name : {&arguments_.output_path, &arguments_.write_inputs, &arguments_.write_outputs,
                                  &arguments_.committed_name, &arguments_.report_path}) {
    if (samples_.has_value()) files.may_make(folder_to_make(*name));
  }
  const OutputFiles::Id proof = files.add("--output", paths.proof, FileKind::kProof);
  if (!paths.input_data.empty()) declare_canonical(files, "--write-input-data", paths.input_data, model_->inputs());
  if (!paths.output_data.empty()) declare_canonical(files, "--write-output-data", paths.output_data, model_->outputs());
  if (!paths.committed.empty()) {
    ZKI_ASSIGN_OR_RETURN(done.commitments,
                         commitment_paths("--committed-output", paths.committed, model_->outputs().size()));
    for (const CommitmentPaths& commitment : done.commitments) {
      files.add("--committed-output", commitment.data, FileKind::kTensorCommitment);
      files.add_counted("--committed-output", commitment.opening, FileKind::kTensorSecret);
    }
  }
  std::optional<OutputFiles::Id> page;
  if (!paths.report.empty()) page = files.add_text("--report", paths.report, "<!doctype html>");
  ZKI_RETURN_IF_ERROR(files.prepare());
  constexpr std::uint64_t kPageRoom = std::uint64_t{1} << 18;
  if (committed_.has_value()) ZKI_RETURN_IF_ERROR(files.reserve(proof, committed_->proof_room()));
  return page.has_value() ? files.reserve(*page, kPageRoom) : ok_status();
}

Result<Done> ProveCommand::prove(ProveRequest& request, const ProofPaths& paths) {
  Done done;
  OutputFiles files(arguments_.force);
  ZKI_RETURN_IF_ERROR(declare(paths, files, done));
  if (!committed_->path().empty()) ZKI_RETURN_IF_ERROR(check_path_beside(paths.proof, *committed_));
  request.refuse_clipping = arguments_.strict;
  ZKI_ASSIGN_OR_RETURN(done.result, committed_->prove(request));
  ZKI_RETURN_IF_ERROR(committed_->after_proof(check_and_write(request, paths, files, done)));
  done.outputs = output_tensors(model_->outputs(), done.result.outputs);
  return done;
}

Status ProveCommand::check_and_write(const ProveRequest& request, const ProofPaths& paths, OutputFiles& files,
                                     Done& done) {
  // A proof that fails its own check must not leave the house.
  const Stopwatch check_watch;
  done.check = verify(committed_->key(), done.result.proof, done.result.statement);
  done.verify_seconds = check_watch.seconds();
  if (!done.check.verdict.accepted()) {
    return internal_error("the new proof fails its own check: " + done.check.verdict.to_string());
  }
  const Stopwatch write_watch;
  ZKI_ASSIGN_OR_RETURN(std::vector<NewSecret> secrets, save_openings(done.result.committed_outputs, done.commitments));
  OutputFiles::Id next = 0;
  ZKI_RETURN_IF_ERROR(files.write(next++, done.result.proof));
  const auto write_data = [&](const std::vector<TensorInfo>& tensors, const auto& integers) -> Status {
    for (std::size_t i = 0; i < tensors.size(); ++i) {
      ZKI_ASSIGN_OR_RETURN(const Bytes bytes, canonical_bytes(tensors[i], integers[i]));
      ZKI_RETURN_IF_ERROR(files.write(next++, bytes));
    }
    return {};
  };
  if (!paths.input_data.empty()) ZKI_RETURN_IF_ERROR(write_data(model_->inputs(), done.result.inputs));
  if (!paths.output_data.empty()) ZKI_RETURN_IF_ERROR(write_data(model_->outputs(), done.result.outputs));
  for (CommittedTensor& tensor : done.result.committed_outputs) {
    ZKI_RETURN_IF_ERROR(files.write(next, tensor.commitment().to_bytes()));
    next += 2;  // the secret beside it is written already
  }
  if (!paths.report.empty())
    ZKI_RETURN_IF_ERROR(files.write(next++, proof_page(committed_->key(), done.result, done.check, done.verify_seconds,
                                                       request.context, verify_words(paths, true))));
  // The path before the proof: a proof without it convinces nobody who has the root's key only.
  if (!committed_->path().empty()) {
    ZKI_ASSIGN_OR_RETURN(done.path_file, write_path_beside(paths.proof, *committed_));
    done.path_bytes = committed_->path().size();
  }
  ZKI_RETURN_IF_ERROR(publish_with(files, secrets));
  done.write_seconds = write_watch.seconds();
  return ok_status();
}

std::string ProveCommand::verify_words(const ProofPaths& paths, bool beside) const {
  return verify_command(committed_->key().info(),
                        {paths.proof, arguments_.model_path, arguments_.secret_path, arguments_.context,
                         paths.input_data, paths.output_data, arguments_.data},
                        beside);
}

nlohmann::ordered_json ProveCommand::done_json(const Done& done, const ProofPaths& paths) const {
  nlohmann::ordered_json json = {
      {"proof", paths.proof},
      {"proof_bytes", done.result.proof.size()},
      {"prove_seconds", done.result.stats.total_seconds},
      {"verify_seconds", done.verify_seconds},
      {"write_seconds", done.write_seconds},
      {"clipping", clipping_json(done.result.clipping)},
      {"outputs", outputs_json(done.outputs)},
      {"whole_numbers", whole_json(model_->compile_record())},
      {"statement",
       {{"outputs", parsed(verified_json(done.check.outputs))}, {"inputs", parsed(verified_json(done.check.inputs))}}}};
  add_serving(json, done.check, done.path_file, done.path_bytes);
  json["slot"] = done.check.slot;
  if (!paths.report.empty()) json["report"] = paths.report;
  if (!done.commitments.empty()) {
    json["committed_outputs"] = nlohmann::ordered_json::array();
    for (std::size_t i = 0; i < done.commitments.size(); ++i) {
      json["committed_outputs"].push_back({{"commitment", to_hex(done.result.committed_outputs[i].commitment().id())},
                                           {"data", done.commitments[i].data},
                                           {"opening", done.commitments[i].opening}});
    }
  }
  return json;
}

void ProveCommand::add_times(nlohmann::ordered_json& json) const {
  json["load_seconds"] = load_seconds_;
  add_totals(json, restore_seconds_);
}

void ProveCommand::print_one(const Done& done, const ProofPaths& paths) const {
  print_lines(tensors_text("output", done.outputs) + output_scales_text(model_->compile_record()));
  const std::string statement =
      verified_text("input", done.check.inputs, false) + verified_text("output", done.check.outputs, false);
  if (!statement.empty()) print_lines("the proof says\n" + statement);
  print(
      "proved in {}, of which {} the proof itself, {} its check, {} restoring the commitment; proof {}, peak memory "
      "{}\n",
      human_seconds(process_seconds()), human_seconds(done.result.stats.total_seconds),
      human_seconds(done.verify_seconds), human_seconds(restore_seconds_), human_bytes(done.result.proof.size()),
      human_bytes(peak_memory_bytes()));
  print("wrote {}\n", output_name(paths.proof));
  if (!paths.report.empty()) print("wrote {}\n", output_name(paths.report));
  print_path_beside(done.path_file, done.path_bytes);
  if (paths.proof != "-") print("check with: {}\n", verify_words(paths, false));
  for (const CommitmentPaths& commitment : done.commitments) {
    print("wrote {} (for verifiers) and {} (secret: opens it in later proofs)\n", commitment.data, commitment.opening);
  }
}

CommandResult ProveCommand::prove_one(ProveRequest request, const ProofPaths& paths) {
  request.progress = line_.callback(kServingShare, 1);
  std::error_code error;
  const bool replaces = std::filesystem::is_regular_file(paths.proof, error);
  ZKI_ASSIGN_OR_RETURN(const Done done, prove(request, paths));
  line_.clear();
  ClippingSum clipping;
  clipping.add(done.result.clipping);
  clipping.warn(session_);
  // A name that was given is meant; one that we chose may not be.
  if (replaces && arguments_.output_path.empty())
    session_.warn("an earlier proof at '" + paths.proof + "' was replaced");
  if (session_.json) {
    nlohmann::ordered_json json = done_json(done, paths);
    add_times(json);
    print_result(session_, std::move(json));
  } else if (!session_.quiet) {
    print_one(done, paths);
  }
  return ExitCode::kDone;
}

CommandResult ProveCommand::prove_many(const ProveRequest& request, const std::vector<ProofPaths>& paths) {
  Batch batch(session_, *samples_, line_, kServingShare);
  ClippingSum clipping;
  double prove_seconds = 0, verify_seconds = 0;
  std::map<std::string, std::size_t> path_files;  // to be given along, with their sizes
  std::optional<ProofPaths> last;                 // of the proofs that were made
  batch.run([&](std::size_t i, const RealInputs& inputs) -> Result<nlohmann::ordered_json> {
    ProveRequest one = request;
    one.inputs = views(inputs);
    one.progress = batch.progress();
    ZKI_ASSIGN_OR_RETURN(const Done done, prove(one, paths[i]));
    clipping.add(done.result.clipping);
    prove_seconds += done.result.stats.total_seconds;
    verify_seconds += done.verify_seconds;
    if (!done.path_file.empty()) path_files[done.path_file] = done.path_bytes;
    last = paths[i];
    if (!session_.json && !session_.quiet) {
      batch.clear_line();
      print("{}  {}  {}  ", paths[i].proof, human_bytes(done.result.proof.size()),
            human_seconds(done.result.stats.total_seconds));
      print_lines(outputs_line(done.outputs) + "\n");
    }
    return done_json(done, paths[i]);
  });
  clipping.warn(session_);
  if (session_.json) {
    nlohmann::ordered_json json = batch.json();
    json["paths"] = nlohmann::ordered_json::array();
    for (const auto& [name, num_bytes] : path_files) {
      json["paths"].push_back({{"path", name}, {"path_bytes", num_bytes}});
    }
    json["prove_seconds"] = prove_seconds;
    json["verify_seconds"] = verify_seconds;
    add_times(json);
    print_result(session_, std::move(json));
  } else if (!session_.quiet) {
    print(
        "proved {} in {}, of which {} the proofs themselves, {} their checks, {} restoring the commitment; peak memory "
        "{}\n",
        batch.summary(), human_seconds(process_seconds()), human_seconds(prove_seconds), human_seconds(verify_seconds),
        human_seconds(restore_seconds_), human_bytes(peak_memory_bytes()));
    for (const auto& [name, num_bytes] : path_files) {
      print("give along {} ({}, leads from the root's key to these proofs)\n", name, human_bytes(num_bytes));
    }
    if (last.has_value()) print("check with (the last one): {}\n", verify_words(*last, false));
  }
  return batch.exit_code();
}

// Everything that can be refused is, before a slot is taken: of the root too, for the next commitment that serves.
Result<std::vector<ProofPaths>> ProveCommand::check_outputs() const {
  // Before the commitment is there, what is asked for says whether outputs are committed.
  const bool known = committed_.has_value();
  const bool committed = known ? committed_->key().info().outputs.is_committed() : !arguments_.committed_name.empty();
  if (known && !committed && !arguments_.committed_name.empty()) {
    return invalid_argument(
        "--committed-output: this key's outputs are not committed; commit to the model with "
        "`zkinfer commit --outputs committed`");
  }
  const ProofPaths asked{arguments_.output_path, arguments_.write_inputs, arguments_.write_outputs,
                         arguments_.committed_name, arguments_.report_path};
  std::vector<ProofPaths> paths;
  if (samples_.has_value()) {
    ZKI_ASSIGN_OR_RETURN(paths, proof_paths(*samples_, asked, committed));
    ZKI_RETURN_IF_ERROR(refuse_existing(*samples_, paths, arguments_.force));
  } else {
    const std::string& name = (arguments_.openings.empty() ? arguments_.data : arguments_.openings).front();
    paths = {proof_paths_after(file_part(name), asked, committed)};
  }
  for (const ProofPaths& one : paths) {
    Done done;
    OutputFiles files(arguments_.force);
    ZKI_RETURN_IF_ERROR(declare(one, files, done));
  }
  return paths;
}

CommandResult ProveCommand::run() {
  ProveRequest request;
  ZKI_ASSIGN_OR_RETURN(request.context, parse_context(arguments_.context));
  const Stopwatch load_watch;
  ZKI_ASSIGN_OR_RETURN(model_, load_model(arguments_.model_path));
  std::vector<CommittedTensor> openings;
  if (!arguments_.openings.empty()) {
    ZKI_ASSIGN_OR_RETURN(openings, load_openings("--committed-input", arguments_.openings, model_->inputs()));
    for (const CommittedTensor& opening : openings) request.committed_inputs.push_back(&opening);
  } else if (!arguments_.data.empty()) {
    ZKI_ASSIGN_OR_RETURN(request.integers, load_canonical("--input-data", arguments_.data, model_->inputs()));
  } else {
    ZKI_ASSIGN_OR_RETURN(const Preprocessing preprocessing,
                         preprocessing_of(arguments_.input, model_->preprocessing(), session_));
    ZKI_ASSIGN_OR_RETURN(samples_, Samples::open(arguments_.input, model_->inputs(), preprocessing));
    samples_->say_skipped(session_);
  }
  load_seconds_ = load_watch.seconds();
  const Stopwatch restore_watch;
  ZKI_RETURN_IF_ERROR(check_outputs().status());
  ZKI_ASSIGN_OR_RETURN(committed_,
                       Committed::serve(*model_, arguments_.secret_path, told(session_, line_, kServingShare)));
  line_.clear();
  restore_seconds_ = restore_watch.seconds();

  ZKI_ASSIGN_OR_RETURN(const std::vector<ProofPaths> paths, check_outputs());
  const std::size_t wanted = samples_.has_value() ? samples_->num_readable() : 1;
  ZKI_ASSIGN_OR_RETURN(const std::optional<std::uint64_t> left, committed_->proofs_left());
  if (left.has_value() && *left < wanted && wanted > 1) {
    return resource_limit("no slots for " + human_count(wanted) + " proofs: " + in_quotes(arguments_.secret_path) +
                          " has " + human_count(*left) +
                          " left; prove fewer at once (--index), or move to a fresh commitment first (zkinfer rotate)");
  }
  RealInputs input;  // what the request borrows
  if (samples_.has_value() && !samples_->many()) {
    ZKI_ASSIGN_OR_RETURN(input, samples_->load(samples_->items().front()));
    request.inputs = views(input);
  }
  const bool many = samples_.has_value() && samples_->many();
  CommandResult result = many ? prove_many(request, paths) : prove_one(std::move(request), paths.front());
  // Whoever waits for the result has it now.
  if (result.ok() && StopSignals::stopped_by() == 0) {
    ZKI_RETURN_IF_ERROR(finish_output());
    committed_->rotate_ahead();
  }
  return result;
}

}  // namespace

void add_prove(CLI::App& app, Session& session) {
  auto arguments = std::make_shared<Arguments>();
  CLI::App* command = app.add_subcommand("prove", "run the model on inputs and prove the results");
  command->add_option("model", arguments->model_path, "model package (.zkmodel)")->type_name(kReadsFile)->required();
  add_input_options(*command, arguments->input, Many::kYes, false);
  CLI::Option* data =
      command
          ->add_option("--input-data", arguments->data,
                       "[NAME=]FILE: the input as canonical bytes (`zkinfer digest --write-input-data`), exactly")
          ->type_name(kReadsFile);
  CLI::Option* opening =
      command
          ->add_option("--committed-input", arguments->openings,
                       "[NAME=]FILE.zktsecret: the input that was committed to; takes one of its slots")
          ->type_name(kReadsFile);
  for (CLI::Option* other : {data, opening}) {
    for (const char* option :
         {"--input", "--index", "--all", "--scale", "--mean", "--std", "--override-preprocessing"}) {
      other->excludes(command->get_option(option));
    }
  }
  data->excludes(opening);
  add_secret_option(*command, arguments->secret_path);
  command
      ->add_option(
          "-o,--output", arguments->output_path,
          "proof to write (default: the input's name with .zkproof); for several inputs a folder (ending in /), "
          "a pattern with {index} or {name}, or a name that gets the sample's index")
      ->type_name(kWritesFile);
  command
      ->add_option(
          "--committed-output", arguments->committed_name,
          "where outputs are committed: name of the files to write, NAME.zktensor and NAME.zktsecret (default: "
          "the proof's name)")
      ->type_name(kWritesFile);
  command
      ->add_option("--write-input-data", arguments->write_inputs,
                   "write the input's canonical bytes, which verifiers need where only its hash is public")
      ->type_name(kWritesFile);
  command->add_option("--write-output-data", arguments->write_outputs, "the same of the output")
      ->type_name(kWritesFile);
  command->add_option("--context", arguments->context,
                      "up to 32 bytes bound into every proof against replay: text, or hex:00ff..");
  command
      ->add_option("--report", arguments->report_path, "write a page (HTML) about the proof, to show or to give along")
      ->type_name(kWritesFile);
  CLI::Option* batch = command->add_flag("--batch", arguments->batch,
                                         "all samples (or those of --index) as the rows of one proof (.zkbatch), which "
                                         "takes one slot");
  for (CLI::Option* other : {data, opening, command->get_option("--all"), command->get_option("--committed-output"),
                             command->get_option("--report")}) {
    batch->excludes(other);
  }
  command->add_flag("--strict", arguments->strict,
                    "refuse inputs with values outside of the model's range, before a slot is taken");
  command->add_flag("--force", arguments->force, "replace proofs that are there, and files of another kind");
  add_json_flag(*command, session);
  add_part_options(*command, arguments->parts);
  command->footer(
      "Examples:\n"
      "  zkinfer prove digits.zkmodel --input digit_7.png\n"
      "  zkinfer prove network.zkmodel -i test.npy --index 3 -o third.zkproof --context order-4711\n"
      "  zkinfer prove network.zkmodel -i test.npy --all -o proofs/            writes proofs/test.0000.zkproof and so "
      "on\n"
      "  zkinfer prove network.zkmodel -i photos/ -o proofs/{index}.zkproof\n"
      "  zkinfer prove large.zkmodel -i input.npy --write-plan answer.zkplan   then, each in a process of its own,\n"
      "  zkinfer prove large.zkmodel --plan answer.zkplan --segment 3/8        of a model with 8 segments\n"
      "  zkinfer prove network.zkmodel -i test.npy --batch --index 0-127       one proof of 128 rows: test.zkbatch\n"
      "  zkinfer prove features.zkmodel --committed-input record.zktsecret --committed-output features -o "
      "features.zkproof\n"
      "  zkinfer prove head.zkmodel --committed-input features.zktsecret -o head.zkproof");
  command->callback([arguments, &session] {
    session.run([&]() -> CommandResult {
      const PartArguments& parts = arguments->parts;
      if (!parts.plan.empty()) {
        name_after(arguments->model_path, ".zksecret", "--secret", arguments->secret_path);
        return prove_segment(session, {arguments->model_path, arguments->secret_path, arguments->output_path,
                                       parts.plan, parts.segment, arguments->force});
      }
      if (arguments->openings.empty() && arguments->data.empty() && arguments->input.paths.empty()) {
        return invalid_argument("prove: give the input with --input, --input-data or --committed-input");
      }
      name_after(arguments->model_path, ".zksecret", "--secret", arguments->secret_path);
      if (!parts.written_plan.empty()) {
        return write_plan(session,
                          {arguments->model_path, arguments->secret_path, parts.written_plan, arguments->context,
                           arguments->input, arguments->data, arguments->strict, arguments->force});
      }
      if (arguments->batch) {
        name_after(arguments->input.paths.front(), ".zkbatch", "--output", arguments->output_path);
        return prove_batch(session, {arguments->model_path, arguments->secret_path, arguments->output_path,
                                     arguments->context, arguments->input, arguments->write_inputs,
                                     arguments->write_outputs, arguments->strict, arguments->force});
      }
      return ProveCommand(session, *arguments).run();
    });
  });
}

}  // namespace zkinfer::cli
