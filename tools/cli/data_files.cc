// SPDX-License-Identifier: Apache-2.0
#include "data_files.h"

#include <filesystem>
#include <optional>

#include "base/files.h"
#include "files.h"
#include "inputs/input_bytes.h"
#include "known_tensors.h"

namespace zkinfer::cli {
namespace {

// One file per tensor, each through `load`.
template <typename T, typename Load>
Result<std::vector<T>> load_each(const std::string& option, const std::vector<std::string>& values,
                                 const std::vector<TensorInfo>& tensors, Load load) {
  std::vector<std::optional<T>> loaded(tensors.size());
  for (std::size_t i = 0; i < values.size(); ++i) {
    ZKI_ASSIGN_OR_RETURN(const NamedValue named, parse_named_value(option, values[i], i, values.size(), tensors));
    if (loaded[named.tensor].has_value())
      return invalid_argument(option + ": '" + tensors[named.tensor].name + "' is given twice");
    Result<T> one = load(named.value, tensors[named.tensor]);
    if (!one.ok()) return one.status();
    loaded[named.tensor] = std::move(one).value();
  }
  std::vector<T> out;
  for (std::size_t i = 0; i < tensors.size(); ++i) {
    if (!loaded[i].has_value()) return invalid_argument(option + ": '" + tensors[i].name + "' is missing");
    out.push_back(std::move(*loaded[i]));
  }
  return out;
}

}  // namespace

Result<std::vector<std::vector<std::int64_t>>> load_canonical(const std::string& option,
                                                              const std::vector<std::string>& values,
                                                              const std::vector<TensorInfo>& tensors) {
  using Integers = std::vector<std::int64_t>;
  return load_each<Integers>(option, values, tensors,
                             [&](const std::string& path, const TensorInfo& tensor) -> Result<Integers> {
                               ZKI_ASSIGN_OR_RETURN(const Bytes bytes, read_bytes(path, kMaxDataBytes, Content::kAny));
                               Result<Integers> integers = parse_canonical_bytes(tensor, bytes);
                               if (!integers.ok()) return integers.status().with_context("'" + path + "'");
                               return integers;
                             });
}

Result<std::vector<CommittedTensor>> load_openings(const std::string& option, const std::vector<std::string>& values,
                                                   const std::vector<TensorInfo>& tensors) {
  return load_each<CommittedTensor>(option, values, tensors,
                                    [](const std::string& path, const TensorInfo&) -> Result<CommittedTensor> {
                                      ZKI_RETURN_IF_ERROR(NewSecret::refuse_unfinished(path));
                                      return CommittedTensor::open(path);
                                    });
}

std::uint64_t canonical_size(const TensorInfo& tensor) {
  // Every element has as many bytes.
  TensorInfo one = tensor;
  one.shape = {1};
  const Result<Bytes> bytes = canonical_bytes(one, std::vector<std::int64_t>{one.format.lo});
  return (bytes.ok() ? bytes->size() : 0) * tensor.num_elements();
}

std::vector<OutputFiles::Id> declare_canonical(OutputFiles& files, const std::string& option, const std::string& path,
                                               const std::vector<TensorInfo>& tensors) {
  std::vector<OutputFiles::Id> ids;
  for (std::size_t i = 0; i < tensors.size(); ++i) {
    ids.push_back(files.add_data(option, numbered_path(path, i, tensors.size()), canonical_size(tensors[i])));
  }
  return ids;
}

Result<std::vector<NewSecret>> save_openings(std::vector<CommittedTensor>& tensors,
                                             const std::vector<CommitmentPaths>& paths) {
  std::vector<NewSecret> secrets;
  for (std::size_t i = 0; i < tensors.size(); ++i) {
    NewSecret& secret = secrets.emplace_back(paths[i].opening, paths[i].data);
    ZKI_RETURN_IF_ERROR(secret.begin(tensors[i].commitment().id()));
    ZKI_RETURN_IF_ERROR(tensors[i].save(paths[i].opening));
  }
  return secrets;
}

Result<std::vector<CommitmentPaths>> commitment_paths(const std::string& option, const std::string& name,
                                                      std::size_t count) {
  std::string base = name;
  if (name == "-") {
    return invalid_argument(
        "a tensor commitment is two files, one of which counts its slots, and goes to no standard output; name them "
        "with " +
        option);
  }
  for (const char* extension : {".zktensor", ".zktsecret"}) {
    if (name.ends_with(extension)) base = with_extension(name, "");
  }
  std::vector<CommitmentPaths> out;
  for (std::size_t i = 0; i < count; ++i) {
    out.push_back({numbered_path(base + ".zktensor", i, count), numbered_path(base + ".zktsecret", i, count)});
    ZKI_RETURN_IF_ERROR(NewSecret::clear(out.back().opening));
    std::error_code error;
    if (std::filesystem::exists(out.back().opening, error)) {
      return invalid_argument(
          "'" + out.back().opening +
          "' exists, and may be all that opens another commitment; choose another name, or remove it");
    }
  }
  return out;
}

}  // namespace zkinfer::cli
