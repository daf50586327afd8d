// SPDX-License-Identifier: Apache-2.0
// GGUF, versions 2 and 3, little-endian: metadata by key, and tensors. Counts, lengths, offsets and types are checked before they are
// used; the work is bounded by the file's size. Layout: as ggml specifies it.
#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "frontend/language/network.h"
#include "frontend/language/source.h"
#include "frontend/language/tensors.h"
#include "zkinfer/status.h"

namespace zkinfer::frontend_language {

inline constexpr std::string_view kGgufMagic = "GGUF";

// A list in the file: not read, but every element of it is inside the file.
struct GgufList {
  std::uint32_t type = 0;
  std::uint64_t count = 0, offset = 0;
};
using GgufValue = std::variant<std::int64_t, double, bool, std::string, GgufList>;

struct Gguf {
  std::shared_ptr<const Source> source;
  std::map<std::string, GgufValue> metadata;
  Tensors tensors;

  const GgufValue* find(const std::string& key) const;
  std::optional<std::int64_t> integer(const std::string& key) const;
  std::optional<double> number(const std::string& key) const;  // also of an integer
  std::string text(const std::string& key) const;              // "" where there is none
  bool flag(const std::string& key, bool fallback) const;
  // What a list holds: texts of at most so many bytes, numbers. Empty where there is no such list.
  Result<std::vector<std::string>> texts(const std::string& key, std::uint64_t most, std::uint64_t longest) const;
  Result<std::vector<double>> numbers(const std::string& key, std::uint64_t most) const;
};

Result<Gguf> read_gguf(std::shared_ptr<const Source> source);

// gguf_network.cc: the model that the file describes, of the architectures llama, qwen2, gemma3, gpt2 and phi2.
Result<Network> read_gguf_network(std::shared_ptr<const Source> source);

// gguf_blocks.cc: null for a type that is not read.
const Packing* gguf_packing(std::uint32_t type);
std::string gguf_type_name(std::uint32_t type);

}  // namespace zkinfer::frontend_language
