// SPDX-License-Identifier: Apache-2.0
#include "frontend/language/safetensors.h"

#include <algorithm>
#include <filesystem>
#include <map>
#include <set>
#include <utility>
#include <vector>

#include "base/files.h"
#include "base/text.h"
#include "frontend/json/json.h"

namespace zkinfer::frontend_language {

using frontend_json::Json;

namespace {

constexpr std::uint64_t kMostHeader = std::uint64_t{8} << 20;  // the largest models' have a tenth of it
constexpr std::uint64_t kLengthBytes = 8;
constexpr frontend_json::JsonOptions kBounds{std::size_t{1} << 20};  // nine for each tensor

struct Type {
  std::string_view name;
  std::uint64_t bytes;
  const Packing* packing;  // null: not read
};
const Type* find_type(std::string_view name) {
  static const Type kTypes[] = {
      {"F32", 4, &kF32},   {"F16", 2, &kF16},   {"BF16", 2, &kBF16},  {"F64", 8, nullptr},     {"I64", 8, nullptr},
      {"I32", 4, nullptr}, {"I16", 2, nullptr}, {"I8", 1, nullptr},   {"U64", 8, nullptr},     {"U32", 4, nullptr},
      {"U16", 2, nullptr}, {"U8", 1, nullptr},  {"BOOL", 1, nullptr}, {"F8_E4M3", 1, nullptr}, {"F8_E5M2", 1, nullptr}};
  const auto* found =
      std::find_if(std::begin(kTypes), std::end(kTypes), [&](const Type& type) { return type.name == name; });
  return found == std::end(kTypes) ? nullptr : found;
}

struct Entry {
  std::string name;
  StoredTensor tensor;
  std::uint64_t begin = 0, end = 0;
};

Result<Entry> read_entry(const std::string& name, const Json& json) {
  const std::string where = "tensor " + in_quotes(name);
  Entry entry;
  entry.name = name;
  entry.tensor.type = json["dtype"].text();
  const Type* type = find_type(entry.tensor.type);
  if (type == nullptr) return unsupported(where + " holds numbers of the unknown type " + in_quotes(entry.tensor.type));
  entry.tensor.packing = type->packing;
  const std::optional<Dims> dims = json["shape"].integers();
  const std::optional<Dims> offsets = json["data_offsets"].integers();
  if (!dims || !offsets || offsets->size() != 2 || (*offsets)[0] < 0 || (*offsets)[1] < (*offsets)[0])
    return corrupt(where + " has no shape or no offsets");
  const Result<Shape> shape = Shape::make(*dims);
  if (!shape.ok()) return shape.status().with_context(where);
  entry.tensor.dims = *dims;
  entry.begin = static_cast<std::uint64_t>((*offsets)[0]);
  entry.end = static_cast<std::uint64_t>((*offsets)[1]);
  const auto count = static_cast<std::uint64_t>(shape->num_elements());
  if (entry.end - entry.begin != count * type->bytes)
    return corrupt(where + " of shape " + shape->to_string() + " and type " + std::string(type->name) + " has " +
                   std::to_string(entry.end - entry.begin) + " bytes");
  return entry;
}

Result<Json> read_json(const std::string& path) {
  ZKI_ASSIGN_OR_RETURN(const Bytes bytes, read_regular_file(path, kMostHeader));
  Result<Json> json = Json::parse(bytes, kBounds);
  return json.ok() ? std::move(json) : json.status().with_context(in_quotes(path));
}

// A file of the folder itself. Links are followed: caches of models are made of them.
bool is_plain_name(const std::string& name) {
  return !name.empty() && name.find('/') == std::string::npos && name.find('\0') == std::string::npos && name != "." &&
         name != "..";
}

}  // namespace

bool is_safetensors(ByteView head, std::uint64_t file_bytes) {
  if (head.size() < kSafetensorsHeadBytes || file_bytes < kLengthBytes) return false;
  ByteReader reader(head);
  const std::uint64_t length = reader.u64();
  return length >= 2 && length <= file_bytes - kLengthBytes && reader.u8() == '{';
}

Status read_safetensors(std::shared_ptr<const Source> source, Tensors& tensors) {
  ZKI_ASSIGN_OR_RETURN(const Bytes head, source->read(0, kLengthBytes));
  const std::uint64_t length = ByteReader(head).u64();
  if (length > source->size() - kLengthBytes)
    return corrupt("its header of " + std::to_string(length) + " bytes is cut off");
  if (length > kMostHeader)
    return resource_limit("a header of " + std::to_string(length) + " bytes, at most 8 MiB are read");
  ZKI_ASSIGN_OR_RETURN(const Bytes text, source->read(kLengthBytes, length));
  Result<Json> json = Json::parse(text, kBounds);
  if (!json.ok()) return json.status().with_context("its header");
  if (!json->is_object()) return corrupt("its header is no JSON object");
  std::vector<Entry> entries;
  for (const auto& [name, described] : json->members()) {
    if (name == "__metadata__") continue;
    ZKI_ASSIGN_OR_RETURN(Entry entry, read_entry(name, described));
    entries.push_back(std::move(entry));
  }
  std::sort(entries.begin(), entries.end(),
            [](const Entry& a, const Entry& b) { return std::pair(a.begin, a.end) < std::pair(b.begin, b.end); });
  std::uint64_t at = 0;
  const std::uint64_t start = kLengthBytes + length;
  for (Entry& entry : entries) {
    if (entry.begin != at)
      return corrupt("tensor " + in_quotes(entry.name) + " begins at " + std::to_string(entry.begin) +
                     ", and what is before it ends at " + std::to_string(at));
    at = entry.end;
    entry.tensor.offset = start + entry.begin;
    entry.tensor.source = source;
    ZKI_RETURN_IF_ERROR(tensors.add(entry.name, std::move(entry.tensor)));
  }
  if (at != source->size() - start)
    return corrupt("its tensors end at " + std::to_string(at) + ", and there are " +
                   std::to_string(source->size() - start) + " bytes of them");
  return ok_status();
}

Result<Tensors> read_safetensors_folder(const std::string& folder) {
  namespace fs = std::filesystem;
  std::error_code error;
  Tensors tensors;
  const auto add = [&](const std::string& name) -> Status {
    const std::string path = (fs::path(folder) / name).string();
    ZKI_ASSIGN_OR_RETURN(std::shared_ptr<const Source> source, Source::open(path));
    return read_safetensors(std::move(source), tensors).with_context(in_quotes(name));
  };
  const fs::path index = fs::path(folder) / kSafetensorsIndexName;
  if (!fs::exists(index, error)) {
    ZKI_RETURN_IF_ERROR(add(kSafetensorsName));
    return tensors;
  }
  ZKI_ASSIGN_OR_RETURN(const Json json, read_json(index.string()));
  if (!json["weight_map"].is_object()) return corrupt(in_quotes(kSafetensorsIndexName) + " has no weight_map");
  std::set<std::string> names;
  constexpr std::size_t kMostFiles = 1000;
  for (const auto& [tensor, file] : json["weight_map"].members()) {
    if (!is_plain_name(file.text()))
      return corrupt(in_quotes(kSafetensorsIndexName) + ": tensor " + in_quotes(tensor) + " is in " +
                     in_quotes(file.text()) + ", which is no name of a file");
    names.insert(file.text());
  }
  if (names.size() > kMostFiles) return resource_limit("weights in " + std::to_string(names.size()) + " files");
  for (const std::string& name : names) ZKI_RETURN_IF_ERROR(add(name));
  for (const auto& [tensor, file] : json["weight_map"].members())
    if (!tensors.has(tensor))
      return corrupt("tensor " + in_quotes(tensor) + " is not in " + in_quotes(file.text()) + ", where " +
                     in_quotes(kSafetensorsIndexName) + " says it is");
  return tensors;
}

}  // namespace zkinfer::frontend_language
