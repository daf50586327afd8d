// SPDX-License-Identifier: Apache-2.0
// Our files by path: every error names the file. Habits for names: network.zkmodel, .zkkey, .zksecret, .zkproof, .zktensor, .zktsecret.
#pragma once

#include <string>
#include <utility>
#include <vector>

#include "command.h"
#include "inputs/input_file.h"
#include "zkinfer/prove.h"
#include "zkinfer/verify.h"

namespace zkinfer::cli {

inline constexpr std::uint64_t kMaxDataBytes = std::uint64_t{1} << 34;  // of canonical bytes

Result<Model> load_model(const std::string& path);
Result<VerificationKey> load_key(const std::string& path, double min_security_bits = kDefaultMinSecurityBits,
                                 const VerifyLimits& limits = {});
// --verify-seconds and --verify-memory: what checking a proof of the key may cost.
void add_verify_limits(CLI::App& command, VerifyLimits& limits);
Result<Bytes> load_proof(const std::string& path);
Result<TensorCommitment> load_data_commitment(const std::string& path);
// Inputs and outputs of a model, as its key or its package says.
struct Tensors {
  std::vector<TensorInfo> inputs, outputs;
};
Result<Tensors> load_tensors(const std::string& path);
// "x.bin" -> "x-2.bin" for the third of several, "x.bin" for the only one.
std::string numbered_path(const std::string& path, std::size_t index, std::size_t count);
// Writes a file that only its owner can read.
Status write_secret_file(const std::string& path, ByteView bytes);
// --force: files of another kind may be replaced (output_files.h).
void add_force_flag(CLI::App& command, bool& force);
// path with its last extension replaced.
std::string with_extension(const std::string& path, const std::string& extension);

// "hex:00ff.." or plain text -> at most 32 bytes; and back, for people ("none" for zeros).
Result<Bytes> parse_context(const std::string& text);
std::string context_text(const Bytes& context);
// "name=1,3,224,224" of --shape.
Result<std::pair<std::string, std::vector<std::int64_t>>> parse_input_shape(const std::string& text);

// --input, --index and the picture options, shared by prove, run and bench.
struct InputOptions {
  std::vector<std::string> paths;
  std::size_t index = 0;
  bool has_index = false;
  PictureOptions picture;
  std::vector<double> scale;  // zero or one value
};
void add_picture_options(CLI::App& command, InputOptions& options);
void add_input_options(CLI::App& command, InputOptions& options, bool required = true);
// All samples of all files, for calibration and evaluation.
Result<std::vector<RealInputs>> load_samples(const InputOptions& options, const std::vector<TensorInfo>& inputs);
// The one sample asked for.
Result<RealInputs> load_input(const InputOptions& options, const std::vector<TensorInfo>& inputs);

}  // namespace zkinfer::cli
