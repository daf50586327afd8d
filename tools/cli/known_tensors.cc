// SPDX-License-Identifier: Apache-2.0
#include "known_tensors.h"

#include <algorithm>
#include <filesystem>

#include "base/files.h"
#include "base/text.h"
#include "data_files.h"
#include "files.h"
#include "inputs/input_bytes.h"
#include "tensor_policy_text.h"
#include "zkinfer/cid.h"
#include "zkinfer/hex.h"

namespace zkinfer::cli {
namespace {

// 64 hexadecimal digits, or a content identifier where the key names SHA-256.
Result<Digest> parse_digest(const std::string& text, TensorHash hash) {
  const bool is_hex =
      text.size() == 64 && std::all_of(text.begin(), text.end(), [](unsigned char c) { return std::isxdigit(c) != 0; });
  if (!is_hex) {
    ZKI_ASSIGN_OR_RETURN(const Digest digest, sha256_of_cid(text));
    if (hash != TensorHash::kSha256)
      return invalid_argument(
          "a content identifier is a SHA-256, the key names another hash: give 64 hexadecimal digits");
    return digest;
  }
  ZKI_ASSIGN_OR_RETURN(const Bytes bytes, from_hex(text));
  Digest digest{};
  std::copy(bytes.begin(), bytes.end(), digest.begin());
  return digest;
}

}  // namespace

Result<NamedValue> parse_named_value(const std::string& option, const std::string& text, std::size_t position,
                                     std::size_t num_values, const std::vector<TensorInfo>& tensors) {
  std::string names;
  // Tensor names may hold '=' themselves.
  for (std::size_t i = 0; i < tensors.size(); ++i) {
    if (text == tensors[i].name + "=") return invalid_argument(option + " " + text + ": the value is empty");
    if (text.starts_with(tensors[i].name + "=")) return NamedValue{i, text.substr(tensors[i].name.size() + 1)};
    names += (names.empty() ? "'" : ", '") + tensors[i].name + "'";
  }
  if (num_values == tensors.size()) return NamedValue{position, text};
  return invalid_argument(option + " " + text + ": give one value for each of " + names +
                          " in this order, or NAME=" + text);
}

std::string file_part(const std::string& text) {
  const std::size_t equals = text.find_last_of('=');
  return equals == std::string::npos || std::filesystem::exists(text) ? text : text.substr(equals + 1);
}

void add_data_option(CLI::App& command, KnownArguments& arguments, const std::string& kind) {
  arguments.kind = kind;
  command
      .add_option("--" + kind + "-data", arguments.data,
                  "file with the " + kind +
                      "'s canonical bytes (`zkinfer digest`); needed where the proof holds only their hash")
      ->type_name(kReadsFile);
}

void add_known_options(CLI::App& command, KnownArguments& arguments, const std::string& kind) {
  add_data_option(command, arguments, kind);
  command.add_option("--" + kind + "-digest", arguments.digests,
                     "the " + kind + " must have this hash: 64 hexadecimal digits, or an IPFS CID");
  command
      .add_option("--" + kind + "-commitment", arguments.commitments,
                  "the " + kind + " must be what this file (.zktensor) commits to")
      ->type_name(kReadsFile);
}

Result<Bytes> load_known_data(const std::string& path, const TensorInfo& tensor) {
  ZKI_ASSIGN_OR_RETURN(Bytes bytes, read_bytes(path, kMaxDataBytes, Content::kAny));
  const Result<std::vector<std::int64_t>> integers = parse_canonical_bytes(tensor, bytes);
  if (!integers.ok()) {
    const std::string name = in_quotes(path == "-" ? "standard input" : path);
    return integers.status().with_context(name + ": canonical bytes of " + in_quotes(tensor.name));
  }
  return bytes;
}

Status check_data_given(const std::string& option, const std::vector<TensorInfo>& tensors, const TensorPolicy& group,
                        const std::vector<KnownTensor>& known) {
  if (!group.is_public() || group.hash == TensorHash::kNone) return {};
  for (std::size_t i = 0; i < tensors.size(); ++i) {
    const bool given = std::ranges::any_of(
        known, [&](const KnownTensor& tensor) { return tensor.index == i && tensor.data.has_value(); });
    if (given) continue;
    return invalid_argument(option + ": the proof holds only the hash of " + in_quotes(tensors[i].name) + " (it is " +
                            tensor_policy_text(group) + "); give its canonical bytes");
  }
  return {};
}

namespace {

// The rows of a batch in one file of canonical bytes.
Status add_rows(const std::string& path, const TensorInfo& tensor, std::size_t index, std::vector<KnownTensor>& known) {
  ZKI_ASSIGN_OR_RETURN(const Bytes bytes, read_bytes(path, kMaxDataBytes, Content::kAny));
  const std::uint64_t size = canonical_size(tensor);
  if (size == 0 || bytes.empty() || bytes.size() % size != 0) {
    return invalid_argument(in_quotes(path) + ": " + std::to_string(bytes.size()) + " bytes, expected those of " +
                            in_quotes(tensor.name) + " in every row of the batch, " + std::to_string(size) + " each");
  }
  for (std::size_t at = 0; at < bytes.size(); at += size) {
    KnownTensor& row = known.emplace_back();
    row.index = index;
    row.row = at / size;
    row.data.emplace(bytes.begin() + static_cast<std::ptrdiff_t>(at),
                     bytes.begin() + static_cast<std::ptrdiff_t>(at + size));
  }
  return {};
}

}  // namespace

FileKind kind_of_all(const std::vector<std::string>& paths) {
  const auto all_are = [&](FileKind kind) {
    return std::ranges::all_of(paths, [&](const std::string& path) { return is_kind(path, kind); });
  };
  if (all_are(FileKind::kEvaluation)) return FileKind::kEvaluation;
  return paths.size() == 1 && all_are(FileKind::kBatch) ? FileKind::kBatch : FileKind::kProof;
}

Result<std::vector<KnownTensor>> load_known(const KnownArguments& arguments, const KeyInfo& info, FileKind kind) {
  if (kind == FileKind::kEvaluation) {
    for (const auto& [what, values] : {std::pair("-data", &arguments.data), std::pair("-digest", &arguments.digests),
                                       std::pair("-commitment", &arguments.commitments)}) {
      if (!values->empty())
        return invalid_argument("--" + arguments.kind + what +
                                ": an evaluation says nothing of single rows; its data set is given with --data");
    }
    return std::vector<KnownTensor>();
  }
  const bool is_batch = kind == FileKind::kBatch;
  if (is_batch && (!arguments.digests.empty() || !arguments.commitments.empty())) {
    return invalid_argument("--" + arguments.kind + (arguments.digests.empty() ? "-commitment" : "-digest") +
                            ": this is a batch of several rows; compare what --json says of each row");
  }
  const bool is_input = arguments.kind == "input";
  const std::vector<TensorInfo>& tensors = is_input ? info.input_tensors : info.output_tensors;
  const TensorPolicy& group = is_input ? info.inputs : info.outputs;
  std::vector<KnownTensor> known;
  const auto for_each = [&](const char* what, const std::vector<std::string>& values, auto set) -> Status {
    const std::string option = "--" + arguments.kind + "-" + what;
    for (std::size_t i = 0; i < values.size(); ++i) {
      ZKI_ASSIGN_OR_RETURN(const NamedValue named, parse_named_value(option, values[i], i, values.size(), tensors));
      KnownTensor tensor;
      tensor.index = named.tensor;
      if (Status status = set(named.value, tensor); !status.ok()) return status.with_context(option);
      known.push_back(std::move(tensor));
    }
    return {};
  };
  std::vector<KnownTensor> rows;
  ZKI_RETURN_IF_ERROR(for_each("data", arguments.data, [&](const std::string& path, KnownTensor& tensor) -> Status {
    if (is_batch) return add_rows(path, tensors[tensor.index], tensor.index, rows);
    ZKI_ASSIGN_OR_RETURN(tensor.data, load_known_data(path, tensors[tensor.index]));
    return {};
  }));
  if (is_batch) known = std::move(rows);
  ZKI_RETURN_IF_ERROR(check_data_given("--" + arguments.kind + "-data", tensors, group, known));
  ZKI_RETURN_IF_ERROR(
      for_each("digest", arguments.digests, [&](const std::string& text, KnownTensor& tensor) -> Status {
        if (group.hash == TensorHash::kNone) {
          return invalid_argument("the key names no hash of its " + arguments.kind + "s (they are " +
                                  tensor_policy_text(group) + ")");
        }
        ZKI_ASSIGN_OR_RETURN(tensor.digest, parse_digest(text, group.hash));
        return {};
      }));
  ZKI_RETURN_IF_ERROR(
      for_each("commitment", arguments.commitments, [&](const std::string& path, KnownTensor& tensor) -> Status {
        if (!group.is_committed()) {
          return invalid_argument("the key does not commit to its " + arguments.kind + "s (they are " +
                                  tensor_policy_text(group) + ")");
        }
        ZKI_ASSIGN_OR_RETURN(tensor.commitment, load_data_commitment(path));
        return {};
      }));
  return known;
}

}  // namespace zkinfer::cli
