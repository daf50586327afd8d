// SPDX-License-Identifier: Apache-2.0
#include "files.h"
#include "base/files.h"

#include <algorithm>
#include <cstdio>
#include <cstdlib>
#include <memory>
#include <type_traits>

#include "base/text.h"
#include "formats/frame.h"
#include "inputs/input_bytes.h"
#include "text.h"
#include "zkinfer/hex.h"

namespace zkinfer::cli {
namespace {

std::string quoted_input(const std::string& path) { return in_quotes(path == "-" ? "standard input" : path); }

std::string numbers_text(const std::vector<double>& numbers) {
  if (numbers.empty()) return "none";
  std::string text;
  for (const double x : numbers) {
    char buffer[64];
    std::snprintf(buffer, sizeof buffer, "%s%.9g", text.empty() ? "" : ",", x);
    text += buffer;
  }
  return text;
}

std::string numbers_text(const std::optional<double>& number) {
  return number.has_value() ? numbers_text(std::vector<double>{*number}) : "none";
}

// A network in the place of what is made of one; ok: it is none.
Status refuse_network(const std::string& path, const std::string& expected, const std::string& then) {
  const bool is_network = path.ends_with(".onnx") || path.ends_with(".tflite") || path.ends_with(".keras") ||
                          path.ends_with(".h5") || path.ends_with(".gguf") || path.ends_with(".safetensors");
  if (!is_network) return ok_status();
  return invalid_argument(in_quotes(path) + ": expected " + expected +
                          ", got a network; make one of it first: zkinfer compile " + shell_word(path) + " -c SAMPLES" +
                          then);
}

}  // namespace

Result<Model> load_model(const std::string& path) {
  ZKI_ASSIGN_OR_RETURN(const std::string opened, opened_path(path));
  Result<Model> model = Model::open(opened);
  if (!model.ok() && model.status().code() == StatusCode::kCorrupt)
    ZKI_RETURN_IF_ERROR(refuse_network(path, "a model package (.zkmodel)", ""));
  return model;
}

std::string with_limit_options(const std::string& before) {
  return " (" + before + (before.empty() ? "" : ", ") + "--verify-seconds, --verify-memory)";
}

Result<Verdict> within_limits(const std::string& path, Verdict verdict) {
  if (verdict.reason != RejectReason::kOverLimit) return verdict;
  return resource_limit(verdict.where + with_limit_options()).with_context(quoted_input(path));
}

Result<VerificationKey> load_key(const std::string& path, double min_security_bits, const VerifyLimits& limits) {
  ZKI_ASSIGN_OR_RETURN(const Bytes bytes, read_kind(path, FileKind::kKey));
  Result<VerificationKey> key = VerificationKey::from_bytes(bytes, min_security_bits, limits);
  if (key.ok()) return key;
  Status status = key.status();
  if (find_format(bytes) == nullptr)
    ZKI_RETURN_IF_ERROR(refuse_network(path, "a verification key (.zkkey)", ", then `zkinfer commit`"));
  // Not every limit is one that the caller sets.
  const bool is_callers = status.message().find("raise the limit") != std::string::npos ||
                          status.message().find("allow more memory") != std::string::npos;
  if (status.code() == StatusCode::kResourceLimit && is_callers) {
    status = resource_limit(status.message() + with_limit_options());
  }
  return status.with_context(quoted_input(path));
}

void add_min_security(CLI::App& command, double& bits) {
  command.add_option("--min-security", bits, "refuse keys that prove fewer bits of security")
      ->capture_default_str()
      ->check(CLI::Range(0.0, 128.0));
}

void add_verify_limits(CLI::App& command, VerifyLimits& limits) {
  command
      .add_option_function<double>(
          "--verify-seconds",
          [&limits](const double& seconds) { limits.nanoseconds = static_cast<std::uint64_t>(seconds * 1e9); },
          "refuse keys whose proofs take longer to check, by count (default: 2)")
      ->check(CLI::Range(0.0, 1e6));
  command
      .add_option_function<std::uint64_t>(
          "--verify-memory", [&limits](const std::uint64_t& mebibytes) { limits.memory_bytes = mebibytes << 20; },
          "refuse keys whose proofs take more MiB to check, by count (default: 512)")
      ->check(CLI::Range(std::uint64_t{1}, std::uint64_t{1} << 30));
}

namespace {

// Half of the magic bytes, of a file that may be cut off.
bool resembles(ByteView bytes, FileKind kind) {
  const std::size_t count = std::min(bytes.size(), sizeof(std::uint32_t));
  std::size_t equal = 0;
  for (std::size_t i = 0; i < count; ++i)
    equal += bytes[i] == static_cast<std::uint8_t>(format_of(kind).magic() >> 8 * i) ? 1 : 0;
  return 2 * equal >= count;
}

}  // namespace

Status check_checked(const std::string& option, const std::string& path, FileKind kind, ByteView bytes) {
  const FileFormat* found = find_format(bytes);
  // A file whose first bytes were changed is for the verifier to reject; one that has none of them is something else.
  const bool is_asked_for = found == nullptr ? resembles(bytes, kind) : found->kind == kind;
  if (!bytes.empty() && is_asked_for) return {};
  const Status status = bytes.empty() ? corrupt("it is empty, expected " + std::string(format_of(kind).article()) +
                                                " " + std::string(format_of(kind).name))
                                      : check_frame(kind, bytes);
  return status.with_context((option.empty() ? "" : option + " ") + quoted_input(path));
}

Result<Bytes> load_checked(const std::string& option, const std::string& path, FileKind kind) {
  ZKI_ASSIGN_OR_RETURN(Bytes bytes, read_bytes(path, kMaxProofBytes, Content::kKnown));
  ZKI_RETURN_IF_ERROR(check_checked(option, path, kind, bytes));
  return bytes;
}

Result<TensorCommitment> load_data_commitment(const std::string& path) {
  ZKI_ASSIGN_OR_RETURN(const Bytes bytes, read_kind(path, FileKind::kTensorCommitment));
  Result<TensorCommitment> commitment = TensorCommitment::from_bytes(bytes);
  if (!commitment.ok()) return commitment.status().with_context(quoted_input(path));
  return commitment;
}

bool is_kind(const std::string& path, FileKind kind) {
  std::error_code error;
  if (path == "-" || !std::filesystem::is_regular_file(path, error)) return false;
  const Result<const FileFormat*> format = kind_of_file(path);
  return format.ok() && *format == &format_of(kind);
}

Result<Tensors> load_tensors(const std::string& path, const VerifyLimits& limits) {
  ZKI_ASSIGN_OR_RETURN(const FileFormat* format, kind_of_file(path));
  if (format != nullptr && format->kind == FileKind::kModel) {
    ZKI_ASSIGN_OR_RETURN(const Model model, load_model(path));
    return Tensors{model.inputs(), model.outputs(), model.preprocessing()};
  }
  if (format == nullptr)
    ZKI_RETURN_IF_ERROR(refuse_network(path, "a verification key (.zkkey) or a model package (.zkmodel)", ""));
  if (format == nullptr || format->kind != FileKind::kKey) {
    return invalid_argument(in_quotes(path) +
                            ": expected a verification key (.zkkey) or a model package (.zkmodel), got " +
                            (format == nullptr ? "another kind of file"
                                               : std::string(format->article()) + " " + std::string(format->name)));
  }
  ZKI_ASSIGN_OR_RETURN(const VerificationKey key, load_key(path, 0, limits));
  return Tensors{key.info().input_tensors, key.info().output_tensors, {}};
}

std::string numbered_path(const std::string& path, std::size_t index, std::size_t count) {
  if (count == 1) return path;
  const std::string stem = with_extension(path, "");
  return stem + "-" + std::to_string(index) + path.substr(stem.size());
}

void name_after(const std::string& input_path, const std::string& extension, const char* option, std::string& name) {
  if (!name.empty()) return;
  if (input_path == "-") throw CLI::ValidationError(option, "give a name; standard input has none to go by");
  name = with_extension(input_path, extension);
}

void add_secret_option(CLI::App& command, std::string& path) {
  command.add_option("-s,--secret", path, "commitment secret (default: the model's name with .zksecret)")
      ->type_name(kReadsFile);
}

void add_force_flag(CLI::App& command, bool& force) {
  command.add_flag(
      "--force", force,
      "replace files of another kind than the one written (never a commitment's secret or its backup, never an input)");
}

std::string with_extension(const std::string& path, const std::string& extension) {
  const std::size_t slash = path.find_last_of('/');
  const std::size_t dot = path.find_last_of('.');
  const bool has_extension = dot != std::string::npos && dot > 0 && (slash == std::string::npos || dot > slash + 1);
  return (has_extension ? path.substr(0, dot) : path) + extension;
}

Result<Bytes> parse_context(const std::string& text) {
  Bytes bytes(text.begin(), text.end());
  if (text.starts_with("hex:")) {
    if (text.starts_with("hex:0x"))
      return invalid_argument("--context: expected digits behind hex:, got 0x; leave that out");
    Result<Bytes> decoded = from_hex(std::string_view(text).substr(4));
    if (!decoded.ok()) return decoded.status().with_context("--context");
    bytes = std::move(*decoded);
  }
  if (bytes.size() > 32) {
    return invalid_argument("--context: expected at most 32 bytes, got " + std::to_string(bytes.size()) +
                            (text.starts_with("0x") ? "; bytes are given as hex:00ff.., without 0x"
                                                    : "; give a hash of longer data as hex:.."));
  }
  return bytes;
}

std::string context_text(const Bytes& context) {
  Bytes trimmed = context;
  while (!trimmed.empty() && trimmed.back() == 0) trimmed.pop_back();
  const bool printable = std::all_of(trimmed.begin(), trimmed.end(), [](std::uint8_t c) { return c >= 32 && c < 127; });
  if (trimmed.empty()) return kNoContext;
  return printable ? std::string(trimmed.begin(), trimmed.end()) : "hex:" + to_hex(context);
}

namespace {

Result<std::pair<std::string, std::vector<std::int64_t>>> parse_input_shape(const std::string& text) {
  const Status bad = invalid_argument("--shape: expected name=1,3,224,224, got '" + text + "'");
  const std::size_t equals = text.find_last_of('=');
  if (equals == std::string::npos || equals == 0) return bad;
  std::vector<std::int64_t> shape;
  for (const char* at = text.c_str() + equals + 1; *at != '\0';) {
    char* end = nullptr;
    const long long size = std::strtoll(at, &end, 10);
    if (end == at || size <= 0 || size > (std::int64_t{1} << 31) || shape.size() == 16) return bad;
    shape.push_back(size);
    if (*end != ',' && *end != '\0') return bad;
    at = *end == ',' ? end + 1 : end;
  }
  return std::pair(text.substr(0, equals), std::move(shape));
}

}  // namespace

Result<InputShapes> parse_input_shapes(const std::vector<std::string>& texts) {
  InputShapes shapes;
  for (const std::string& text : texts) {
    ZKI_ASSIGN_OR_RETURN(shapes.emplace_back(), parse_input_shape(text));
  }
  return shapes;
}

void add_preprocessing_options(CLI::App& command, InputOptions& options) {
  Preprocessing& given = options.preprocessing;
  command.add_option("--scale", given.scale,
                     "multiplies every value (default: 1/255 for pictures and uint8, 1 otherwise)");
  command
      .add_option("--mean", given.mean,
                  "subtracted after --scale: one number or one per channel, e.g. 0.485,0.456,0.406")
      ->delimiter(',');
  command.add_option("--std", given.std, "divided by at last: one number or one per channel, e.g. 0.229,0.224,0.225")
      ->delimiter(',');
}

void add_input_options(CLI::App& command, InputOptions& options, Many many, bool required) {
  CLI::Option* input =
      command
          .add_option("-i,--input", options.paths,
                      many == Many::kYes ? "input files, or folders of them: .json, .npy, .npz, .png or IDX"
                                         : "input file: .json, .npy, .npz, .png or IDX")
          ->type_name(kReadsFile);
  input->required(required);
  options.one_only = many == Many::kNo;
  if (many == Many::kYes) {
    input->expected(1, 1 << 20);
    command.add_option("--index", options.index,
                       "which sample of the file, from 0, when it holds several; 0-9 or 5-,2 for more than one");
    command.add_flag("--all", options.all, "every sample of every file");
  } else {
    input->expected(1);
    command.add_option("--index", options.index, "which sample of the file, from 0, when it holds several");
  }
  add_preprocessing_options(command, options);
  command.add_flag("--override-preprocessing", options.override_preprocessing,
                   "use other values of --scale, --mean and --std than the model was compiled with");
}

Result<Preprocessing> preprocessing_of(const InputOptions& options, const Preprocessing& model, Session& session) {
  ZKI_RETURN_IF_ERROR(options.preprocessing.validate());
  Preprocessing used = model;
  std::string differs;
  const auto take = [&](const char* option, const auto& given, auto& mine) {
    if (given == std::remove_cvref_t<decltype(given)>() || given == mine) return;
    differs += (differs.empty() ? "" : ", ") + std::string(option) + " (compiled with " + numbers_text(mine) + ")";
    mine = given;
  };
  take("--scale", options.preprocessing.scale, used.scale);
  take("--mean", options.preprocessing.mean, used.mean);
  take("--std", options.preprocessing.std, used.std);
  if (differs.empty()) return used;
  if (!options.override_preprocessing) {
    return invalid_argument("the model was compiled for other numbers than these options make: " + differs +
                            "; leave them out, the model knows its own, or insist with --override-preprocessing");
  }
  session.warn("the input is prepared in another way than the model was compiled for: " + differs);
  return used;
}

std::string preprocessing_text(const Preprocessing& preprocessing) {
  if (preprocessing.empty()) return "none kept: pictures and bytes times 1/255, other numbers as they are";
  std::string value = "value";
  const std::string scale =
      preprocessing.scale.has_value() ? numbers_text(preprocessing.scale) : "1/255 of pictures and bytes";
  if (scale != "1") value += " * " + scale;
  if (!preprocessing.mean.empty()) value = "(" + value + " - " + numbers_text(preprocessing.mean) + ")";
  if (!preprocessing.std.empty()) value += " / " + numbers_text(preprocessing.std);
  if (value == "value") return "as they are";
  return value + (preprocessing.mean.size() > 1 || preprocessing.std.size() > 1 ? ", by channel" : "");
}

Result<std::vector<RealInputs>> load_samples(const std::vector<std::string>& paths, const Preprocessing& preprocessing,
                                             const std::vector<TensorInfo>& inputs) {
  return read_samples(paths, inputs, preprocessing);
}

}  // namespace zkinfer::cli
