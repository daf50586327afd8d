// SPDX-License-Identifier: Apache-2.0
// zkinfer compile: ONNX and calibration data -> model package.
#include <algorithm>
#include <cstdlib>
#include <filesystem>
#include <memory>

#include "base/files.h"
#include "base/text.h"
#include "command.h"
#include "cut_options.h"
#include "fidelity_output.h"
#include "files.h"
#include "generation.h"
#include "input_from.h"
#include "inputs/input_bytes.h"
#include "known_tensors.h"
#include "network_options.h"
#include "option_words.h"
#include "output_files.h"
#include "outputs.h"
#include "print.h"
#include "progress.h"
#include "report/model_report.h"
#include "result_json.h"
#include "signals.h"
#include "stopwatch.h"
#include "text.h"
#include "text_samples.h"
#include "zkinfer/compile.h"
#include "zkinfer/generate.h"
#include "zkinfer/hex.h"
#include "zkinfer/structure.h"

namespace zkinfer::cli {
namespace {

struct CompileArguments {
  std::string onnx_path, output_path;
  InputOptions calibration;
  std::string tokenizer_path;
  std::vector<std::string> evaluation_paths;
  NetworkOptions network;
  CutArguments cut;
  std::vector<std::string> inputs_from;
  VerifyLimits limits;  // of keys among them
  std::size_t limit = 256;
  bool hides_text = false;
  std::optional<std::int64_t> num_candidates;  // none: the model does not sample
  bool prints_layers = false, force = false;
  std::optional<double> min_cosine, min_agreement;
  std::string fidelity_json_path, report_path;
  std::string calibration_method = "mse";
  std::string float_target;
  CompileOptions compile;
};

CalibrationMethod calibration_method(const std::string& word) {
  if (word == "minmax") return CalibrationMethod::kMinMax;
  return word == "percentile" ? CalibrationMethod::kPercentile : CalibrationMethod::kMse;
}

// "0.001", "0.1%" or "exact".
Result<double> float_target(const std::string& text) {
  if (text == "exact") return kExactFloatTarget;
  char* end = nullptr;
  double target = std::strtod(text.c_str(), &end);
  const std::string unit = end;
  if (unit == "%" || unit == " %") target /= 100;
  const bool is_number = end != text.c_str() && (unit.empty() || unit == "%" || unit == " %");
  if (is_number && target >= kLeastFloatTarget && target <= kMostFloatTarget) return target;
  return invalid_argument("--float-target " + in_quotes(text) +
                          ": expected the largest error of an output relative to the largest output, as 0.001 or 0.1% "
                          "(1e-8 to 0.5), or exact (0.02%)");
}

Status reach_floors(const CompileArguments& arguments, const Fidelity& fidelity) {
  if (fidelity.num_inputs == 0 && (arguments.min_cosine || arguments.min_agreement))
    return invalid_argument("--min-cosine, --min-agreement: give --calibration or --evaluate to compare on");
  const auto check = [](const char* option, const char* what, const std::optional<double>& floor,
                        const std::optional<double>& got, double unit) -> Status {
    if (!floor.has_value()) return {};
    if (!got.has_value()) {
      return invalid_argument(std::string(option) + ": no output of this model has such a number; see --layers");
    }
    if (*got * unit >= *floor) return {};
    return out_of_range(std::string(option) + ": " + what + " " + significant(*got * unit, 12) +
                        ", expected at least " + decimal(*floor, 6) +
                        "; try --float-target exact, more calibration data, or another --calibration-method");
  };
  ZKI_RETURN_IF_ERROR(check("--min-cosine", "cosine", arguments.min_cosine, fidelity.cosine(), 1));
  return check("--min-agreement", "agreement in percent", arguments.min_agreement, fidelity.agreement(), 100);
}

struct Compiled {
  Model model;
  Fidelity fidelity;
  std::size_t num_calibration = 0, num_given = 0, package_bytes = 0;
  bool is_held_out = false;
  std::optional<MemoryEstimate> memory;  // where a cut was asked for
};

// Bytes of arrays that a network of floats is given as shares of 255: not what one wants that was trained on 0 to 255.
std::string bytes_note(const CompileArguments& arguments, const Model& model) {
  if (arguments.compile.preprocessing.scale) return {};
  const auto is_float = [](const TensorInfo& input) { return input.format.scale() != 1; };
  const auto& paths = arguments.calibration.paths;
  const auto bytes = std::ranges::find_if(paths, is_byte_array);
  if (bytes == paths.end() || std::ranges::none_of(model.inputs(), is_float)) return {};
  return "the bytes of " + in_quotes(*bytes) +
         " are taken times 1/255, as a picture's; a network that reads 0 to 255 wants --scale 1";
}

nlohmann::ordered_json compiled_json(const CompileArguments& arguments, const Compiled& done) {
  nlohmann::ordered_json notes = notes_json(done.model.compile_record());
  if (const std::string note = bytes_note(arguments, done.model); !note.empty())
    notes.push_back({{"text", note}, {"is_warning", false}});
  return {
      {"model", arguments.output_path},
      {"name", done.model.name()},
      {"model_bytes", done.package_bytes},
      {"structure", to_hex(done.model.structure_digest())},
      {"parameters", done.model.num_parameters()},
      {"network_parameters", done.model.compile_record().num_network_parameters},
      {"segments", done.model.num_segments()},
      {"memory_estimate", memory_json(done.memory)},
      {"calibration",
       {{"num_inputs", done.num_calibration}, {"num_given", done.num_given}, {"method", arguments.calibration_method}}},
      {"preprocessing", preprocessing_json(done.model.preprocessing())},
      {"inputs", parsed(tensor_infos_json(done.model.inputs()))},
      {"outputs", parsed(tensor_infos_json(done.model.outputs()))},
      {"whole_numbers", whole_json(done.model.compile_record())},
      {"fidelity_on_calibration_data", !done.is_held_out},
      {"fidelity", done.fidelity.num_inputs > 0 ? fidelity_json(done.fidelity) : nlohmann::ordered_json(nullptr)},
      {"float_target", float_target_json(done.model.compile_record(), &done.fidelity)},
      {"notes", notes},
      {"total_seconds", process_seconds()}};
}

// What whole numbers stand for, or the range that calibration gave the numbers of an input, by which one sees whether it was of the right
// kind.
std::string taken_text(const CompileRecord& record, const TensorInfo& input) {
  const double scale = input.format.scale();
  if (const std::string whole = whole_text(record, true, input.name); !whole.empty()) return whole;
  return ", takes " + significant(static_cast<double>(input.format.lo) * scale, 4) + " .. " +
         significant(static_cast<double>(input.format.hi) * scale, 4);
}

void print_compiled(const CompileArguments& arguments, const Compiled& done) {
  print("model '{}'\n", done.model.name());
  std::vector<std::pair<std::string, std::string>> rows = {
      {"structure", to_hex(done.model.structure_digest())},
      {"parameters", parameters_text(done.model.num_parameters(), done.model.compile_record().num_network_parameters)},
      {"calibration",
       counted(done.num_calibration, "input") + (done.num_given > done.num_calibration
                                                     ? ", the first of " + human_count(done.num_given) + " (--limit)"
                                                     : "")}};
  if (arguments.compile.cut.is_asked()) rows.emplace_back("segments", human_count(done.model.num_segments()));
  if (done.memory.has_value()) {
    rows.emplace_back("memory, about", human_bytes(done.memory->commit_bytes) + " to commit, " +
                                           human_bytes(done.memory->prove_bytes) + " to prove");
  }
  for (const TensorInfo& input : done.model.inputs()) {
    rows.emplace_back(text("input '{}'", input.name),
                      shape_text(input.shape) + taken_text(done.model.compile_record(), input));
  }
  for (const TensorInfo& output : done.model.outputs()) {
    rows.emplace_back(text("output '{}'", output.name),
                      shape_text(output.shape) + whole_text(done.model.compile_record(), false, output.name));
  }
  rows.emplace_back(
      "integers against floats",
      done.fidelity.num_inputs == 0
          ? (arguments.compile.conversation ? "not compared: turns are measured while they are compiled only"
                                            : "not compared: no inputs were given")
          : counted(done.fidelity.num_inputs, "input") +
                (done.is_held_out ? "" : " (the calibration data, not held out; --evaluate takes others)"));
  for (auto& row : fidelity_rows(done.fidelity, done.model.compile_record())) rows.push_back(std::move(row));
  print_lines(pairs_text(rows));
  for (const Note& note : done.model.compile_record().notes)
    if (!note.is_warning) print("note: {}\n", in_command_words(note.text));
  if (const std::string note = bytes_note(arguments, done.model); !note.empty()) print("note: {}\n", note);
  if (arguments.prints_layers) print_lines("\n" + done.model.report() + "\n" + fidelity_text(done.fidelity));
  print("wrote {} ({}) in {}. It holds the weights: keep it as secret as they are.\n",
        output_name(arguments.output_path), human_bytes(done.package_bytes), human_seconds(process_seconds()));
}

// A secret commits to the weights of one package: with another one under its name it could prove nothing any more.
Status keep_committed_model(const CompileArguments& arguments, const Bytes& package, Session& session) {
  const std::string& path = arguments.output_path;
  std::error_code error;
  if (path == "-" || !std::filesystem::is_regular_file(path, error)) return ok_status();
  const Result<Bytes> before = read_file(path, format_of(FileKind::kModel).max_bytes);
  if (before.ok() && *before == package) return ok_status();
  for (const char* extension : {".zksecret", ".zkkey"}) {
    const std::string beside = with_extension(path, extension);
    if (!std::filesystem::is_regular_file(beside, error)) continue;
    const std::string what = in_quotes(beside) + " was made for the model in " + in_quotes(path);
    if (!arguments.force) {
      return invalid_argument(
          "--output: " + what +
          ", and the new one is another: proofs could no longer be made under that commitment. Name "
          "another file with --output, or replace the model with --force");
    }
    session.warn(what + " that was there, not for the new one");
    break;
  }
  return ok_status();
}

CommandResult compile(Session& session, CompileArguments& arguments) {
  ZKI_ASSIGN_OR_RETURN(arguments.compile.cut, cut_options(arguments.cut));
  if (const Result<const FileFormat*> kind = kind_of_file(arguments.onnx_path); kind.ok() && *kind != nullptr) {
    return invalid_argument(
        in_quotes(arguments.onnx_path) + " is " + std::string((*kind)->article()) + " " + std::string((*kind)->name) +
        ", expected a network" +
        ((*kind)->kind == FileKind::kModel ? "; it is compiled already: `zkinfer commit` is next" : ""));
  }
  OutputFiles files(arguments.force);
  files.reads(arguments.onnx_path);
  files.reads(arguments.calibration.paths);
  if (!arguments.tokenizer_path.empty()) files.reads(arguments.tokenizer_path);
  files.reads(arguments.evaluation_paths);
  for (const std::string& text : arguments.inputs_from) {
    const std::string source = file_part(text);
    files.reads({source, source.substr(0, source.find_last_of(':'))});
  }
  if (session.json) files.keep_standard_output();
  const OutputFiles::Id package_file = files.add("--output", arguments.output_path, FileKind::kModel);
  std::optional<OutputFiles::Id> fidelity_file;
  if (!arguments.fidelity_json_path.empty()) {
    fidelity_file = files.add_text("--fidelity-json", arguments.fidelity_json_path, "{\n  \"num_inputs\":");
  }
  std::optional<OutputFiles::Id> page;
  if (!arguments.report_path.empty()) page = files.add_text("--report", arguments.report_path, kPageHead);
  ZKI_RETURN_IF_ERROR(files.prepare());

  ZKI_ASSIGN_OR_RETURN(const std::string opened, opened_path(arguments.onnx_path));
  // A pipe has no name to call the model by; its package has.
  if (opened != arguments.onnx_path && arguments.compile.name.empty()) {
    const std::string stem = std::filesystem::path(arguments.output_path).stem().string();
    arguments.compile.name = stem == "-" || stem.empty() ? "model" : stem;
  }
  arguments.onnx_path = opened;
  arguments.compile.calibration_method = calibration_method(arguments.calibration_method);
  arguments.compile.preprocessing = arguments.calibration.preprocessing;
  if (!arguments.float_target.empty()) {
    ZKI_ASSIGN_OR_RETURN(arguments.compile.float_target, float_target(arguments.float_target));
  }
  ZKI_RETURN_IF_ERROR(set_network_options(arguments.network, arguments.compile));
  const bool converses = arguments.compile.conversation.has_value();
  if (converses && (page || fidelity_file || !arguments.evaluation_paths.empty() || arguments.compile.cut.is_asked()))
    return invalid_argument("--conversation: without --report, --evaluate, --fidelity-json, --segments and --memory");
  CompileOptions looking = arguments.compile;
  std::vector<std::string> beside;
  looking.reads = [&](const std::string& path) { beside.push_back(path); };
  ZKI_ASSIGN_OR_RETURN(const std::vector<TensorInfo> inputs, network_inputs(arguments.onnx_path, looking));
  ZKI_RETURN_IF_ERROR(files.also_reads(beside));
  for (std::size_t i = 0; i < arguments.inputs_from.size(); ++i) {
    ZKI_RETURN_IF_ERROR(set_input_format(arguments.inputs_from[i], i, arguments.inputs_from.size(), inputs,
                                         arguments.limits, arguments.compile));
  }
  const Preprocessing& preprocessing = arguments.compile.preprocessing;
  ZKI_ASSIGN_OR_RETURN(const std::optional<Tokenizer> tokenizer, load_tokenizer(arguments.tokenizer_path));
  const auto load = [&](const std::vector<std::string>& paths) {
    return load_samples_or_texts(paths, tokenizer, preprocessing, inputs, arguments.limit, session);
  };
  std::vector<RealInputs> calibration;
  if (!arguments.calibration.paths.empty()) {
    ZKI_ASSIGN_OR_RETURN(calibration, load(arguments.calibration.paths));
  }
  const std::size_t num_given = calibration.size();
  if (calibration.size() > arguments.limit) calibration.resize(arguments.limit);

  ProgressLine progress(session, "compile");
  const bool compares = page.has_value() || (!calibration.empty() && !converses) || !arguments.evaluation_paths.empty();
  const double compiled = compares ? 0.8 : 1;
  arguments.compile.progress = progress.callback(0, compiled);
  Result<Model> compiled_model = compile_network(arguments.onnx_path, calibration, arguments.compile);
  if (!compiled_model.ok() && tokenizer && compiled_model.status().code() == StatusCode::kOutOfRange) {
    return Status(StatusCode::kOutOfRange, compiled_model.status().message() + "; is --tokenizer " +
                                               in_quotes(arguments.tokenizer_path) + ", of " +
                                               cli::counted(static_cast<std::uint64_t>(tokenizer->size()), "piece") +
                                               ", another model's?");
  }
  ZKI_ASSIGN_OR_RETURN(Model model, std::move(compiled_model));
  if (tokenizer)
    ZKI_RETURN_IF_ERROR(check_vocabulary(session, *tokenizer, arguments.tokenizer_path, model.inputs().front()));
  if (arguments.num_candidates.has_value()) {
    // What a context of an answer holds.
    const std::int64_t given = *arguments.num_candidates;
    if (given < 1 || given > 65535)
      return invalid_argument("--candidates " + std::to_string(given) + ": expected 1 to 65535");
    const Result<Model> sampling = with_sampling(model, static_cast<std::uint32_t>(given));
    if (!sampling.ok()) return sampling.status().with_context("--candidates");
    model = *sampling;
  }
  if (arguments.hides_text) {
    const Result<Model> hiding = with_hidden_text(model);
    if (!hiding.ok()) return hiding.status().with_context("--hidden-text");
    model = *hiding;
  }
  // What was added belongs to what is cut.
  if ((arguments.num_candidates || arguments.hides_text) && arguments.compile.cut.is_asked()) {
    ZKI_ASSIGN_OR_RETURN(model, cut_model(model, arguments.compile.cut));
  }
  arguments.compile.progress = progress.callback(compiled, 1);
  std::vector<RealInputs> measured;
  if (!arguments.evaluation_paths.empty()) {
    ZKI_ASSIGN_OR_RETURN(measured, load(arguments.evaluation_paths));
    if (measured.size() > arguments.limit) measured.resize(arguments.limit);
  }
  const std::vector<RealInputs>& compared = measured.empty() ? calibration : measured;
  Fidelity fidelity;
  std::string page_text;
  if (page.has_value()) {
    std::vector<std::vector<TensorView>> inputs_seen;
    for (const RealInputs& sample : compared) inputs_seen.push_back(views(sample));
    ZKI_ASSIGN_OR_RETURN(const ModelReport report, inputs_seen.empty() ? report_model(model, inputs_seen)
                                                                       : report_model(arguments.onnx_path, model,
                                                                                      inputs_seen, arguments.compile));
    if (report.fidelity) fidelity = *report.fidelity;
    page_text = model_report_html(report, "zkinfer compile --report");
  } else if (!compared.empty() && !converses) {
    ZKI_ASSIGN_OR_RETURN(fidelity, measure_fidelity(arguments.onnx_path, model, compared, arguments.compile));
  }
  progress.clear();
  for (const Note& note : model.compile_record().notes)
    if (note.is_warning) session.warn(in_command_words(note.text));
  const CompileRecord& record = model.compile_record();
  FidelityFloor floor;
  // What was missed on the calibration inputs is said already.
  if (record.meets_target() || !measured.empty()) floor.error_of_largest = record.float_target;
  for (const std::string& warning : fidelity_warnings(fidelity, floor)) session.warn(warning);
  for (const std::string& warning : structure_warnings(model)) session.warn(warning);
  ZKI_RETURN_IF_ERROR(reach_floors(arguments, fidelity));
  // Nothing asks whether to go on behind the last comparison, and nothing is written yet.
  if (StopSignals::stopped_by() != 0) return Status(StatusCode::kCancelled, "stopped before the model was written");

  const Bytes package = model.to_bytes();
  ZKI_RETURN_IF_ERROR(keep_committed_model(arguments, package, session));
  ZKI_RETURN_IF_ERROR(files.write(package_file, package));
  if (fidelity_file.has_value()) ZKI_RETURN_IF_ERROR(files.write(*fidelity_file, json_text(fidelity_json(fidelity))));
  if (page.has_value()) ZKI_RETURN_IF_ERROR(files.write(*page, page_text));
  ZKI_RETURN_IF_ERROR(files.publish());
  std::optional<MemoryEstimate> memory;
  if (arguments.compile.cut.is_asked()) {
    ZKI_ASSIGN_OR_RETURN(memory, estimate_memory(model));
  }
  const Compiled done{
      std::move(model), std::move(fidelity), calibration.size(), num_given, package.size(), !measured.empty(), memory};
  if (session.json) {
    print_result(session, compiled_json(arguments, done));
  } else if (!session.quiet) {
    print_compiled(arguments, done);
  }
  return ExitCode::kDone;
}

}  // namespace

void add_compile(CLI::App& app, Session& session) {
  auto arguments = std::make_shared<CompileArguments>();
  CLI::App* command = app.add_subcommand("compile", "turn a network into an integer model");
  command
      ->add_option("model", arguments->onnx_path,
                   "network: an ONNX, TensorFlow Lite or Keras file, a SavedModel folder, or a language model: a GGUF "
                   "or llama2.c "
                   "file, or a Hugging Face folder")
      ->type_name(kReadsFile)
      ->required();
  command
      ->add_option("-c,--calibration", arguments->calibration.paths,
                   "typical inputs (a few dozen to a few hundred; without them ranges are guessed from random ones): "
                   ".json, .npy, .npz, .png, IDX; texts with --tokenizer")
      ->type_name(kReadsFile)
      ->expected(1, 1 << 20);
  add_tokenizer_option(*command, arguments->tokenizer_path);
  command
      ->add_option("-e,--evaluate", arguments->evaluation_paths,
                   "other inputs, to measure how close the integers are to the floats")
      ->type_name(kReadsFile)
      ->expected(1, 1 << 20);
  command
      ->add_option("-o,--output", arguments->output_path, "model package (default: the network's name with .zkmodel)")
      ->type_name(kWritesFile);
  add_network_options(*command, arguments->network);
  command->add_option(
      "--candidates", arguments->num_candidates,
      "of a language model: its answers may be sampled, from this many best tokens at each position; `zkinfer "
      "generate` says how");
  command->add_flag("--hidden-text", arguments->hides_text,
                    "of a language model: proofs of its answers may hide prompt or answer (`zkinfer generate --hide`)");
  add_cut_options(*command, arguments->cut);
  command
      ->add_option(
          "--input-from", arguments->inputs_from,
          "[INPUT=]FILE[:OUTPUT]: the input is this output of another model (.zkkey, .zkmodel) or what a commitment "
          "(.zktensor) holds: "
          "the same range and scale, exactly; or bytes[:SCALE], a raw file's bytes, each worth SCALE (default 1/255)")
      ->expected(1, 64);
  add_verify_limits(*command, arguments->limits);
  command->add_option("--limit", arguments->limit, "at most this many calibration and evaluation inputs")
      ->check(CLI::Range(1, 1 << 20))
      ->capture_default_str();
  command
      ->add_option("--float-target", arguments->float_target,
                   "error budget: the largest error of an output relative to the largest output, as 0.001 or 0.1%; "
                   "exact: 0.02% (default: 0.1%)")
      ->type_name("ERROR");
  command
      ->add_option("--activation-bits", arguments->compile.activation_bits,
                   "bits of every activation (default: chosen by measurement on the calibration data, up to " +
                       std::to_string(kMostActivationBits) + ")")
      ->check(CLI::Range(kLeastActivationBits, kMostActivationBits));
  command
      ->add_option("--weight-bits", arguments->compile.weight_bits,
                   "at most this many bits per weight (default: what the activations' scales give, up to " +
                       std::to_string(kMostWeightBits) + ")")
      ->check(CLI::Range(kLeastWeightBits, kMostWeightBits));
  command->add_option("--calibration-method", arguments->calibration_method, "how ranges are chosen")
      ->check(CLI::IsMember({"minmax", "percentile", "mse"}))
      ->capture_default_str();
  command->add_option("--name", arguments->compile.name, "name shown to verifiers (default: the file's name)");
  command
      ->add_option(
          "--report", arguments->report_path,
          "write a page (HTML) about the model: its graph, errors, ranges and costs; `zkinfer report` makes it later")
      ->type_name(kWritesFile);
  command->add_flag("--layers", arguments->prints_layers, "print scales, ranges and errors of every layer");
  command
      ->add_option("--fidelity-json", arguments->fidelity_json_path,
                   "write the comparison of integers and floats as JSON")
      ->type_name(kWritesFile);
  command
      ->add_option("--min-cosine", arguments->min_cosine,
                   "fail unless every output's cosine with the float model's is at least this")
      ->check(CLI::Range(0.0, 1.0));
  command
      ->add_option("--min-agreement", arguments->min_agreement,
                   "fail unless at least this many percent of the inputs have the same largest entry, or equal labels")
      ->check(CLI::Range(0.0, 100.0));
  add_preprocessing_options(*command, arguments->calibration);
  command->add_flag("--force", arguments->force, "replace files of another kind");
  add_json_flag(*command, session);
  command->footer(
      "Examples:\n"
      "  zkinfer compile network.onnx --calibration calibration.json\n"
      "  zkinfer compile network.onnx -c calibration.npy -e test.npy --min-agreement 99.5"
      "   fails rather than writing a poorer model\n"
      "  zkinfer compile resnet.onnx -c photos/*.png --mean 0.485,0.456,0.406 --std 0.229,0.224,0.225 --report "
      "resnet.html\n"
      "  zkinfer compile stories260K.bin --tokens 64 -c story.txt --tokenizer tok512.bin\n"
      "  zkinfer compile head.onnx -c features.npy --input-from features.zkkey\n"
      "  zkinfer compile digits.onnx -c calibration.npy --input-from bytes\n"
      "  zkinfer compile digits.onnx -c calibration.npy --evaluate test.npy -o digits.zkmodel\n"
      "The model keeps --scale, --mean and --std for every later command. Warned about: cosine below 0.99, agreement "
      "below 98 %,\n"
      "R squared below 0.98, clipped inputs, fewer than 8 calibration inputs.");
  command->callback([arguments, &session] {
    name_after(arguments->onnx_path, ".zkmodel", "--output", arguments->output_path);
    session.run([&] { return compile(session, *arguments); });
  });
}

}  // namespace zkinfer::cli
