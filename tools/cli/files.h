// SPDX-License-Identifier: Apache-2.0
// Our files by path: every error names the file. Habits for names: network.zkmodel, .zkkey, .zksecret, .zkproof, .zktensor, .zktsecret.
#pragma once

#include <string>
#include <utility>
#include <vector>

#include "base/bytes.h"
#include "command.h"
#include "inputs/input_file.h"
#include "zkinfer/prove.h"
#include "zkinfer/verify.h"

namespace zkinfer::cli {

inline constexpr std::uint64_t kMaxDataBytes = std::uint64_t{1} << 34;  // of canonical bytes

Result<Model> load_model(const std::string& path);
Result<VerificationKey> load_key(const std::string& path, double min_security_bits, const VerifyLimits& limits);
// A verdict on what the file says, or an error where the caller's limits stop it: not to have looked is no rejection.
Result<Verdict> within_limits(const std::string& path, Verdict verdict);
// " (--verify-seconds, --verify-memory)", behind other options.
std::string with_limit_options(const std::string& before = "");
// --verify-seconds and --verify-memory: what checking a proof of the key may cost.
void add_verify_limits(CLI::App& command, VerifyLimits& limits);
void add_min_security(CLI::App& command, double& bits);
// What is checked as a proof, certificate or path. Another kind of ours, and an empty file, are errors: the verifier rejects only what
// may be a changed file of this kind. `option` is how the command was given it; empty: as a name of its own.
Result<Bytes> load_checked(const std::string& option, const std::string& path, FileKind kind);
Status check_checked(const std::string& option, const std::string& path, FileKind kind, ByteView bytes);
Result<TensorCommitment> load_data_commitment(const std::string& path);
// Whether it is a regular file that says it is of this kind.
bool is_kind(const std::string& path, FileKind kind);
// Inputs and outputs of a model, as its key or its package says.
struct Tensors {
  std::vector<TensorInfo> inputs, outputs;
  Preprocessing preprocessing;  // of a package; a key knows none
};
Result<Tensors> load_tensors(const std::string& path, const VerifyLimits& limits);
// "x.bin" -> "x-2.bin" for the third of several, "x.bin" for the only one.
std::string numbered_path(const std::string& path, std::size_t index, std::size_t count);
// Where the option gave no name: the input's with another extension. For a command's callback; throws CLI::ValidationError where
// the input is standard input and has none.
void name_after(const std::string& input_path, const std::string& extension, const char* option, std::string& name);
// --secret of the commands that serve a model: its commitment secret.
void add_secret_option(CLI::App& command, std::string& path);
// --force: files of another kind may be replaced (output_files.h).
void add_force_flag(CLI::App& command, bool& force);
// path with its last extension replaced.
std::string with_extension(const std::string& path, const std::string& extension);

// "hex:00ff.." or plain text -> at most 32 bytes; and back, for people (of zeros: none).
inline constexpr char kNoContext[] = "none";
Result<Bytes> parse_context(const std::string& text);
std::string context_text(const Bytes& context);
// "name=1,3,224,224", each --shape.
using InputShapes = std::vector<std::pair<std::string, std::vector<std::int64_t>>>;
Result<InputShapes> parse_input_shapes(const std::vector<std::string>& texts);

// --input, --index and the preprocessing options, shared by prove, run, digest, bench and others.
struct InputOptions {
  std::vector<std::string> paths;  // files, and folders of files
  std::string index;               // IndexSet; empty: the only sample, or all
  bool all = false;
  bool one_only = false;                // the command takes one sample
  Preprocessing preprocessing;          // as given
  bool override_preprocessing = false;  // of the model
};
void add_preprocessing_options(CLI::App& command, InputOptions& options);
enum class Many : std::uint8_t { kNo, kYes };
// many: several samples are allowed.
void add_input_options(CLI::App& command, InputOptions& options, Many many, bool required = true);
// What is done to the numbers of files: what the model was compiled with, where it says so. invalid_argument: other values are
// given than the model's, and not as an override, which is warned about.
// "(value * 0.00392156863 - 0.13) / 0.3": what files go through before a model with this takes them.
std::string preprocessing_text(const Preprocessing& preprocessing);
Result<Preprocessing> preprocessing_of(const InputOptions& options, const Preprocessing& model, Session& session);
// All samples of all files, for calibration and evaluation.
Result<std::vector<RealInputs>> load_samples(const std::vector<std::string>& paths, const Preprocessing& preprocessing,
                                             const std::vector<TensorInfo>& inputs);

}  // namespace zkinfer::cli
