// SPDX-License-Identifier: Apache-2.0
// zkinfer compile: ONNX and calibration data -> model package.
#include <algorithm>
#include <cmath>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <filesystem>
#include <memory>

#include "base/files.h"
#include "command.h"
#include "files.h"
#include "known_tensors.h"
#include "progress.h"
#include "text.h"

namespace zkinfer::cli {
namespace {

struct CompileArguments {
  std::string onnx_path, output_path;
  InputOptions calibration;
  std::vector<std::string> evaluation_paths;
  std::vector<std::string> input_shapes;
  std::vector<std::string> inputs_from;
  std::size_t limit = 256;
  bool full_report = false;
  std::string fidelity_json_path;
  CompileOptions compile;
};

// The tensor that "FILE" or "FILE:NAME" speaks of: a commitment's, or an output of a key or model.
Result<TensorInfo> load_source(const std::string& text) {
  std::string path = text, name;
  const std::size_t colon = text.find_last_of(':');
  if (colon != std::string::npos && !std::filesystem::exists(text)) {
    path = text.substr(0, colon);
    name = text.substr(colon + 1);
  }
  if (path.ends_with(".zktensor")) {
    ZKI_ASSIGN_OR_RETURN(const TensorCommitment commitment, load_data_commitment(path));
    return commitment.tensor();
  }
  ZKI_ASSIGN_OR_RETURN(const Tensors tensors, load_tensors(path));
  std::string names;
  for (const TensorInfo& output : tensors.outputs) {
    if (output.name == name || (name.empty() && tensors.outputs.size() == 1)) return output;
    names += (names.empty() ? "'" : ", '") + output.name + "'";
  }
  return invalid_argument("--input-from " + text + ": the outputs of '" + path + "' are " + names + "; give one as '" +
                          path + ":NAME'");
}

// "bytes" or "bytes:SCALE": the integers are a file's bytes, 0 .. 255, so that hashes of the file are hashes of the input.
Result<TensorFormat> bytes_format(const std::string& text) {
  double scale = 1.0 / 255;
  if (text != "bytes") {
    char* end = nullptr;
    scale = std::strtod(text.c_str() + std::strlen("bytes:"), &end);
    if (*end != '\0' || !(scale > 0) || !std::isfinite(scale)) {
      return invalid_argument("--input-from " + text +
                              ": expected bytes or bytes:SCALE with a positive number, as in bytes:0.00390625");
    }
  }
  TensorFormat format;
  format.hi = 255;
  // Exactly this double.
  format.scale_mantissa = static_cast<std::int64_t>(std::ldexp(std::frexp(scale, &format.scale_exponent), 53));
  format.scale_exponent -= 53;
  while (format.scale_mantissa % 2 == 0) {
    format.scale_mantissa /= 2;
    ++format.scale_exponent;
  }
  return format;
}

// "[INPUT=]SOURCE" of --input-from.
Status set_input_format(const std::string& text, std::size_t position, std::size_t num_values,
                        const std::vector<TensorInfo>& inputs, CompileOptions& options) {
  ZKI_ASSIGN_OR_RETURN(const NamedValue named, parse_named_value("--input-from", text, position, num_values, inputs));
  const TensorInfo& input = inputs[named.tensor];
  if (named.value == "bytes" || named.value.starts_with("bytes:")) {
    ZKI_ASSIGN_OR_RETURN(const TensorFormat format, bytes_format(named.value));
    options.input_formats.emplace_back(input.name, format);
    return {};
  }
  ZKI_ASSIGN_OR_RETURN(const TensorInfo source, load_source(named.value));
  if (source.num_elements() != input.num_elements()) {
    return invalid_argument("--input-from " + text + ": '" + source.name + "' has " +
                            std::to_string(source.num_elements()) + " elements " + shape_text(source.shape) +
                            ", input '" + input.name + "' needs " + std::to_string(input.num_elements()) + " " +
                            shape_text(input.shape));
  }
  options.input_formats.emplace_back(input.name, source.format);
  return {};
}

CommandResult compile(const Session& session, CompileArguments& arguments) {
  for (const std::string& text : arguments.input_shapes) {
    ZKI_ASSIGN_OR_RETURN(auto shape, parse_input_shape(text));
    arguments.compile.input_shapes.push_back(std::move(shape));
  }
  ZKI_ASSIGN_OR_RETURN(const std::vector<TensorInfo> inputs, onnx_inputs(arguments.onnx_path, arguments.compile));
  for (std::size_t i = 0; i < arguments.inputs_from.size(); ++i) {
    ZKI_RETURN_IF_ERROR(
        set_input_format(arguments.inputs_from[i], i, arguments.inputs_from.size(), inputs, arguments.compile));
  }
  ZKI_ASSIGN_OR_RETURN(std::vector<RealInputs> calibration, load_samples(arguments.calibration, inputs));
  if (calibration.size() > arguments.limit) calibration.resize(arguments.limit);

  ProgressLine progress(session, "compile");
  arguments.compile.progress = progress.callback();
  ZKI_ASSIGN_OR_RETURN(const Model model, Model::compile(arguments.onnx_path, calibration, arguments.compile));

  InputOptions evaluation = arguments.calibration;
  if (!arguments.evaluation_paths.empty()) evaluation.paths = arguments.evaluation_paths;
  ZKI_ASSIGN_OR_RETURN(std::vector<RealInputs> measured, load_samples(evaluation, inputs));
  if (measured.size() > arguments.limit) measured.resize(arguments.limit);
  ZKI_ASSIGN_OR_RETURN(const Fidelity fidelity,
                       measure_fidelity(arguments.onnx_path, model, measured, arguments.compile));

  const Bytes package = model.to_bytes();
  ZKI_RETURN_IF_ERROR(write_secret_file(arguments.output_path, package));
  if (!arguments.fidelity_json_path.empty()) {
    ZKI_RETURN_IF_ERROR(
        write_file(arguments.fidelity_json_path,
                   ByteView(reinterpret_cast<const std::uint8_t*>(fidelity.json.data()), fidelity.json.size())));
  }
  if (session.quiet) return ExitCode::kDone;

  std::printf("model '%s'\n", model.name().c_str());
  std::vector<std::pair<std::string, std::string>> rows = {
      {"structure", to_hex(model.structure_digest())},
      {"parameters", human_count(model.num_parameters())},
      {"calibration", human_count(calibration.size()) + " inputs"}};
  for (const TensorInfo& input : model.inputs())
    rows.emplace_back("input '" + input.name + "'", shape_text(input.shape));
  for (const TensorInfo& output : model.outputs())
    rows.emplace_back("output '" + output.name + "'", shape_text(output.shape));
  rows.emplace_back("integers against floats",
                    human_count(fidelity.num_inputs) + " inputs" +
                        (arguments.evaluation_paths.empty() ? " (the calibration data; --evaluate takes others)" : ""));
  rows.emplace_back("  cosine", decimal(fidelity.cosine, 6));
  rows.emplace_back("  same top class", decimal(100 * fidelity.top1_agreement, 2) + " %");
  rows.emplace_back("  largest error", decimal(fidelity.max_abs_error, 6));
  std::fputs(pairs_text(rows).c_str(), stdout);
  if (arguments.full_report) std::printf("\n%s\n%s", model.report().c_str(), fidelity.text.c_str());
  std::printf("wrote %s (%s). It holds the weights: keep it as secret as they are.\n", arguments.output_path.c_str(),
              human_bytes(package.size()).c_str());
  return ExitCode::kDone;
}

}  // namespace

void add_compile(CLI::App& app, Session& session) {
  auto arguments = std::make_shared<CompileArguments>();
  CLI::App* command = app.add_subcommand("compile", "turn an ONNX file into an integer model");
  command->add_option("onnx", arguments->onnx_path, "ONNX file")->required();
  command
      ->add_option("-c,--calibration", arguments->calibration.paths,
                   "typical inputs (a few dozen to a few hundred): .json, .npy, .npz, .png, IDX")
      ->required()
      ->expected(1, 1 << 20);
  command
      ->add_option("-e,--evaluate", arguments->evaluation_paths,
                   "other inputs, to measure how close the integers are to the floats")
      ->expected(1, 1 << 20);
  command->add_option("-o,--output", arguments->output_path,
                      "model package (default: the ONNX file's name with .zkmodel)");
  command->add_option("--shape", arguments->input_shapes, "shape of an input with dynamic axes: name=1,3,224,224")
      ->expected(1, 64);
  command
      ->add_option(
          "--input-from", arguments->inputs_from,
          "[INPUT=]FILE[:OUTPUT]: the input is this output of another model (.zkkey, .zkmodel) or what a commitment "
          "(.zktensor) holds: "
          "the same range and scale, exactly; or bytes[:SCALE], a raw file's bytes, each worth SCALE (default 1/255)")
      ->expected(1, 64);
  command->add_option("--limit", arguments->limit, "at most this many calibration and evaluation inputs")
      ->check(CLI::Range(1, 1 << 20))
      ->capture_default_str();
  command
      ->add_option("--activation-bits", arguments->compile.activation_bits,
                   "bits per activation (default: chosen per tensor)")
      ->check(CLI::Range(2, 24));
  command->add_option("--weight-bits", arguments->compile.weight_bits, "bits per weight (default: chosen per tensor)")
      ->check(CLI::Range(2, 24));
  command->add_option("--calibration-method", arguments->compile.calibration_method, "how ranges are chosen")
      ->check(CLI::IsMember({"minmax", "percentile", "mse"}));
  command->add_option("--name", arguments->compile.name, "name shown to verifiers (default: the file's name)");
  command->add_flag("--report", arguments->full_report, "print scales, ranges and errors of every layer");
  command->add_option("--fidelity-json", arguments->fidelity_json_path,
                      "write the comparison of integers and floats as JSON");
  add_picture_options(*command, arguments->calibration);
  command->footer(
      "Examples:\n"
      "  zkinfer compile network.onnx --calibration calibration.json\n"
      "  zkinfer compile resnet.onnx -c photos/*.png --mean 0.485,0.456,0.406 --std 0.229,0.224,0.225 --report\n"
      "  zkinfer compile head.onnx -c features.npy --input-from features.zkkey\n"
      "  zkinfer compile digits.onnx -c calibration.npy --input-from bytes\n"
      "  zkinfer compile digits.onnx -c calibration.npy --evaluate test.npy -o digits.zkmodel");
  command->callback([arguments, &session] {
    if (arguments->output_path.empty()) arguments->output_path = with_extension(arguments->onnx_path, ".zkmodel");
    session.run([&] { return compile(session, *arguments); });
  });
}

}  // namespace zkinfer::cli
