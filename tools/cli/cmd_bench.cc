// SPDX-License-Identifier: Apache-2.0
// zkinfer bench: one whole model, from compile to verify, measured; a table for people and JSON for bench/.
#include <algorithm>
#include <filesystem>
#include <memory>

#include <unistd.h>

#include "base/files.h"
#include "base/text.h"
#include "batch.h"
#include "command.h"
#include "commit_options.h"
#include "fidelity_output.h"
#include "files.h"
#include "inputs/input_bytes.h"
#include "machine.h"
#include "network_options.h"
#include "output_files.h"
#include "outputs.h"
#include "print.h"
#include "profile_words.h"
#include "progress.h"
#include "result_json.h"
#include "samples.h"
#include "stopwatch.h"
#include "tensor_policy_text.h"
#include "text.h"
#include "zkinfer/compile.h"
#include "zkinfer/inspect.h"

namespace zkinfer::cli {
namespace {

constexpr std::size_t kVerifyRepeats = 10;

struct Arguments {
  std::string model_path, output_path, label;
  std::vector<std::string> calibration_paths, evaluation_paths;
  NetworkOptions network;
  InputOptions input;
  std::size_t num_runs = 5, limit = 256;
  CommitArguments commit;
  bool force = false;
  CompileOptions compile;
};

struct Measured {
  double compile_seconds = 0, commit_seconds = 0, key_seconds = 0;
  std::vector<double> prove_seconds, verify_seconds;
  std::vector<double> commit_tensor_seconds;  // where inputs are committed; not in prove_seconds
  std::vector<ProveStats> stats;
  std::uint64_t commit_peak = 0, prove_peak = 0;
  std::size_t proof_bytes = 0, key_bytes = 0;
  std::vector<std::pair<std::string, std::size_t>> size_table;
  std::optional<Fidelity> fidelity;
};

double median(std::vector<double> values) {
  if (values.empty()) return 0;
  std::sort(values.begin(), values.end());
  const std::size_t half = values.size() / 2;
  return values.size() % 2 == 1 ? values[half] : (values[half - 1] + values[half]) / 2;
}

Result<Model> obtain_model(const Session& session, Arguments& arguments, Measured& measured, OutputFiles& files) {
  std::error_code error;
  if (!std::filesystem::is_directory(arguments.model_path, error)) {
    ZKI_ASSIGN_OR_RETURN(const FileFormat* format, kind_of_file(arguments.model_path));
    if (format != nullptr) return load_model(arguments.model_path);
  }
  ZKI_RETURN_IF_ERROR(set_network_options(arguments.network, arguments.compile));
  std::vector<std::string> beside;
  arguments.compile.reads = [&](const std::string& path) { beside.push_back(path); };
  ZKI_ASSIGN_OR_RETURN(const std::vector<TensorInfo> inputs, network_inputs(arguments.model_path, arguments.compile));
  arguments.compile.reads = nullptr;
  ZKI_RETURN_IF_ERROR(files.also_reads(beside));
  if (arguments.calibration_paths.empty())
    return invalid_argument(in_quotes(arguments.model_path) + " is a network, which needs --calibration");
  arguments.compile.preprocessing = arguments.input.preprocessing;
  const Preprocessing& preprocessing = arguments.compile.preprocessing;
  ZKI_ASSIGN_OR_RETURN(std::vector<RealInputs> calibration,
                       load_samples(arguments.calibration_paths, preprocessing, inputs));
  if (calibration.size() > arguments.limit) calibration.resize(arguments.limit);
  ProgressLine progress(session, "compile");
  const double compiled = arguments.evaluation_paths.empty() ? 1 : 0.8;
  arguments.compile.progress = progress.callback(0, compiled);
  const Stopwatch watch;
  ZKI_ASSIGN_OR_RETURN(Model model, compile_network(arguments.model_path, calibration, arguments.compile));
  measured.compile_seconds = watch.seconds();
  arguments.compile.progress = progress.callback(compiled, 1);
  if (!arguments.evaluation_paths.empty()) {
    ZKI_ASSIGN_OR_RETURN(std::vector<RealInputs> evaluation,
                         load_samples(arguments.evaluation_paths, preprocessing, inputs));
    if (evaluation.size() > arguments.limit) evaluation.resize(arguments.limit);
    ZKI_ASSIGN_OR_RETURN(Fidelity fidelity,
                         measure_fidelity(arguments.model_path, model, evaluation, arguments.compile));
    measured.fidelity = std::move(fidelity);
  }
  return model;
}

Status measure(Session& session, const Arguments& arguments, const Model& model, const RealInputs& input,
               Measured& measured) {
  ZKI_ASSIGN_OR_RETURN(const RunResult expected, model.run(input));
  ProgressLine progress(session, "bench");
  CommitOptions options = commit_options(arguments.commit);
  // As `zkinfer commit` does it; the file's name goes as soon as it is open.
  const bool has_code = code_file_pays(model, options);
  if (has_code) {
    std::error_code error;
    const std::filesystem::path folder = std::filesystem::temp_directory_path(error);
    options.code_file = (folder / ("zkinfer-bench-" + std::to_string(::getpid()) + ".zkcode")).string();
  }
  reset_peak_memory();
  const Stopwatch commit_watch;
  ZKI_ASSIGN_OR_RETURN(Prover prover, Prover::create(model, options));
  measured.commit_seconds = commit_watch.seconds();
  if (has_code) (void)std::remove(options.code_file.c_str());
  measured.commit_peak = peak_memory_bytes();
  measured.key_bytes = prover.verification_key().size();

  const Stopwatch key_watch;
  ZKI_ASSIGN_OR_RETURN(const VerificationKey key,
                       VerificationKey::from_bytes(prover.verification_key(), 0, kNoVerifyLimits));
  measured.key_seconds = key_watch.seconds();
  reset_peak_memory();
  for (std::size_t i = 0; i < arguments.num_runs; ++i) {
    progress.update("prove", static_cast<double>(i) / static_cast<double>(arguments.num_runs));
    // Committing to the input is no part of a proof: it is done once for all proofs about it.
    ProveRequest request;
    std::vector<CommittedTensor> committed;
    if (key.info().inputs.is_committed()) {
      const Stopwatch data_watch;
      for (std::size_t k = 0; k < input.size(); ++k) {
        ZKI_ASSIGN_OR_RETURN(CommittedTensor tensor, CommittedTensor::create(key, k, input[k]));
        committed.push_back(std::move(tensor));
      }
      measured.commit_tensor_seconds.push_back(data_watch.seconds());
      for (const CommittedTensor& tensor : committed) request.committed_inputs.push_back(&tensor);
    } else {
      request.inputs = views(input);
    }
    const Stopwatch prove_watch;
    ZKI_ASSIGN_OR_RETURN(const ProofResult result, prover.prove(request));
    measured.prove_seconds.push_back(prove_watch.seconds());
    if (i == 0) {
      ClippingSum clipping;
      clipping.add(result.clipping);
      clipping.warn(session, "");
    }
    measured.stats.push_back(result.stats);
    measured.prove_peak = peak_memory_bytes();
    measured.proof_bytes = result.proof.size();
    if (result.outputs != expected.outputs)
      return internal_error("the proven outputs differ from the plain integer run");
    for (std::size_t k = 0; k < kVerifyRepeats; ++k) {
      const Stopwatch verify_watch;
      const VerifyResult check = verify(key, result.proof, result.statement);
      measured.verify_seconds.push_back(verify_watch.seconds());
      if (!check.verdict.accepted()) return internal_error("the proof is " + check.verdict.to_string());
    }
    if (i == 0) measured.size_table = proof_size_table(key, result.proof);
  }
  return {};
}

double median_of(const std::vector<ProveStats>& stats, double ProveStats::*field) {
  std::vector<double> values;
  for (const ProveStats& s : stats) values.push_back(s.*field);
  return median(std::move(values));
}

nlohmann::ordered_json to_json(const Arguments& arguments, const Model& model, const Measured& m) {
  const Machine machine = this_machine();
  const CommitOptions options = commit_options(arguments.commit);
  nlohmann::ordered_json json = {{"label", arguments.label},
                                 {"model", {{"name", model.name()}, {"parameters", model.num_parameters()}}},
                                 {"options",
                                  {{"security_bits", options.security.bits},
                                   {"unique_decoding", options.security.decoding == Decoding::kUnique},
                                   {"zero_knowledge", options.security.zero_knowledge},
                                   {"inputs", tensor_policy_text(options.inputs)},
                                   {"outputs", tensor_policy_text(options.outputs)},
                                   {"public_parameters", options.public_parameters},
                                   {"pow_bits", options.security.pow_bits},
                                   {"profile", profile_text(options.security.profile)},
                                   {"budget", options.budget},
                                   {"insecure_seed", options.insecure_seed.has_value()}}},
                                 {"runs", m.prove_seconds.size()},
                                 {"compile_seconds", m.compile_seconds},
                                 {"commit_seconds", m.commit_seconds},
                                 {"commit_tensor_seconds", median(m.commit_tensor_seconds)},
                                 {"prove_seconds", median(m.prove_seconds)},
                                 {"prove_seconds_all", m.prove_seconds},
                                 {"execute_seconds", median_of(m.stats, &ProveStats::execute_seconds)},
                                 {"witness_seconds", median_of(m.stats, &ProveStats::witness_seconds)},
                                 {"witness_commit_seconds", median_of(m.stats, &ProveStats::commit_seconds)},
                                 {"lookup_seconds", median_of(m.stats, &ProveStats::lookup_seconds)},
                                 {"relations_seconds", median_of(m.stats, &ProveStats::relations_seconds)},
                                 {"opening_seconds", median_of(m.stats, &ProveStats::opening_seconds)},
                                 {"verify_seconds", median(m.verify_seconds)},
                                 {"key_load_seconds", m.key_seconds},
                                 {"proof_bytes", m.proof_bytes},
                                 {"key_bytes", m.key_bytes},
                                 {"commit_peak_memory_bytes", m.commit_peak},
                                 {"prove_peak_memory_bytes", m.prove_peak}};
  auto parts = nlohmann::ordered_json::object();
  for (const auto& [part, num_bytes] : m.size_table) parts[part] = num_bytes;
  json["proof_bytes_by_part"] = parts;
  if (m.fidelity.has_value()) {
    json["fidelity"] = {{"inputs", m.fidelity->num_inputs},
                        {"cosine", optional_json(m.fidelity->cosine())},
                        {"top1_agreement", optional_json(m.fidelity->agreement())},
                        {"max_abs_error", optional_json(m.fidelity->max_abs_error())}};
  }
  json["machine"] = {{"cpu", machine.cpu},
                     {"cores", machine.num_cores},
                     {"memory_bytes", machine.memory_bytes},
                     {"system", machine.system},
                     {"compiler", machine.compiler}};
  json["commit"] = machine.commit;
  return json;
}

void print_table(const Model& model, const Measured& m) {
  std::vector<std::pair<std::string, std::string>> rows = {
      {"model", model.name() + ", " + human_count(model.num_parameters()) + " parameters"}};
  if (m.compile_seconds > 0) rows.emplace_back("compile", human_seconds(m.compile_seconds));
  rows.emplace_back("commit (once)", human_seconds(m.commit_seconds) + ", peak memory " + human_bytes(m.commit_peak));
  if (!m.commit_tensor_seconds.empty())
    rows.emplace_back("commit to the input", human_seconds(median(m.commit_tensor_seconds)) + " (not in prove)");
  rows.emplace_back("prove", human_seconds(median(m.prove_seconds)) + ", peak memory " + human_bytes(m.prove_peak) +
                                 " (median of " + std::to_string(m.prove_seconds.size()) + ")");
  for (const auto& [name, field] :
       {std::pair{"  integer inference", &ProveStats::execute_seconds},
        std::pair{"  witness columns", &ProveStats::witness_seconds},
        std::pair{"  witness commitment", &ProveStats::commit_seconds},
        std::pair{"  lookups", &ProveStats::lookup_seconds}, std::pair{"  relations", &ProveStats::relations_seconds},
        std::pair{"  opening", &ProveStats::opening_seconds}}) {
    rows.emplace_back(name, human_seconds(median_of(m.stats, field)));
  }
  rows.emplace_back(
      "verify", human_seconds(median(m.verify_seconds)) + " (key loaded once in " + human_seconds(m.key_seconds) + ")");
  rows.emplace_back("proof", human_bytes(m.proof_bytes));
  for (const auto& [part, num_bytes] : m.size_table) rows.emplace_back("  " + part, human_bytes(num_bytes));
  rows.emplace_back("key", human_bytes(m.key_bytes));
  if (m.fidelity.has_value()) {
    rows.emplace_back("integers against floats", counted(m.fidelity->num_inputs, "input"));
    for (auto& row : fidelity_rows(*m.fidelity, model.compile_record())) rows.push_back(std::move(row));
  }
  print_lines(pairs_text(rows));
}

CommandResult bench(Session& session, Arguments& arguments) {
  ZKI_RETURN_IF_ERROR(check_commit_options(arguments.commit));
  Measured measured;
  OutputFiles files(arguments.force);
  OutputFiles::Id json = 0;
  if (!arguments.output_path.empty()) {
    files.reads(arguments.model_path);
    for (const auto* paths : {&arguments.input.paths, &arguments.calibration_paths, &arguments.evaluation_paths})
      files.reads(*paths);
    if (session.json) files.keep_standard_output();
    json = files.add_text("--output", arguments.output_path, "{\n  \"label\":");
    ZKI_RETURN_IF_ERROR(files.prepare());
  }
  ZKI_ASSIGN_OR_RETURN(arguments.model_path, opened_path(arguments.model_path));
  ZKI_ASSIGN_OR_RETURN(const Model model, obtain_model(session, arguments, measured, files));
  ZKI_ASSIGN_OR_RETURN(const Preprocessing preprocessing,
                       preprocessing_of(arguments.input, model.preprocessing(), session));
  ZKI_ASSIGN_OR_RETURN(const RealInputs input, load_input(arguments.input, model.inputs(), preprocessing));
  ZKI_RETURN_IF_ERROR(measure(session, arguments, model, input, measured));
  const nlohmann::ordered_json result = to_json(arguments, model, measured);
  if (!session.quiet && !session.json) print_table(model, measured);
  if (!arguments.output_path.empty()) {
    ZKI_RETURN_IF_ERROR(files.write(json, json_text(result)));
    ZKI_RETURN_IF_ERROR(files.publish());
    if (!session.quiet && !session.json) print("wrote {}\n", output_name(arguments.output_path));
  }
  if (session.json) print_result(session, result);
  return ExitCode::kDone;
}

}  // namespace

void add_bench(CLI::App& app, Session& session) {
  auto arguments = std::make_shared<Arguments>();
  CLI::App* command = app.add_subcommand("bench", "measure compile, commit, prove and verify of one model");
  command->add_option("model", arguments->model_path, "network or model package")->type_name(kReadsFile)->required();
  add_input_options(*command, arguments->input, Many::kNo);
  command->add_option("-c,--calibration", arguments->calibration_paths, "typical inputs, for a network")
      ->type_name(kReadsFile)
      ->expected(1, 1 << 20);
  command->add_option("-e,--evaluate", arguments->evaluation_paths, "inputs on which integers and floats are compared")
      ->type_name(kReadsFile)
      ->expected(1, 1 << 20);
  add_network_options(*command, arguments->network);
  command->add_option("--limit", arguments->limit, "at most this many calibration and evaluation inputs")
      ->check(CLI::Range(1, 1 << 20))
      ->capture_default_str();
  command->add_option("-n,--runs", arguments->num_runs, "proofs to make")
      ->check(CLI::Range(1, 1000))
      ->capture_default_str();
  command
      ->add_option("-o,--output", arguments->output_path,
                   "write the numbers, machine and source commit to this file (JSON)")
      ->type_name(kWritesFile);
  command->add_option("--label", arguments->label, "free text kept in the JSON");
  add_force_flag(*command, arguments->force);
  add_json_flag(*command, session);
  add_commit_options(*command, arguments->commit);
  command->add_option("--insecure-seed", arguments->commit.insecure_seed,
                      "randomness from this text: reproducible, hiding nothing");
  command->footer(
      "Examples:\n"
      "  zkinfer bench digits.onnx -c calibration.npy -i digit_7.png --runs 10 -o digits.json\n"
      "  zkinfer bench network.zkmodel -i input.json --public-input --public-model --no-zk --threads 1");
  command->callback([arguments, &session] { session.run([&] { return bench(session, *arguments); }); });
}

}  // namespace zkinfer::cli
