// SPDX-License-Identifier: Apache-2.0
// safetensors: a length, a JSON object of tensors, their bytes. One file, or several behind an index.
#pragma once

#include <memory>
#include <string>

#include "base/bytes.h"
#include "frontend/language/source.h"
#include "frontend/language/tensors.h"
#include "zkinfer/status.h"

namespace zkinfer::frontend_language {

inline constexpr std::size_t kSafetensorsHeadBytes = 9;
inline constexpr char kSafetensorsName[] = "model.safetensors";
inline constexpr char kSafetensorsIndexName[] = "model.safetensors.index.json";

// By the first bytes and the size of a file.
bool is_safetensors(ByteView head, std::uint64_t file_bytes);
// Adds a file's tensors. corrupt: the header breaks the format's rules: offsets in order, without gaps or overlaps, to the end.
Status read_safetensors(std::shared_ptr<const Source> source, Tensors& tensors);
// The only file of a folder, or all that its index names.
Result<Tensors> read_safetensors_folder(const std::string& folder);

}  // namespace zkinfer::frontend_language
