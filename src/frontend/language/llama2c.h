// SPDX-License-Identifier: Apache-2.0
// Checkpoints of llama2.c: a header of seven integers and weights without names. Version 0 has no magic: a file is one if its
// header asks for exactly as many bytes as there are. Versions 1 (floats) and 2 (integers of 8 bits with a scale for each
// group) begin with one. Layout: the export script of karpathy/llama2.c; of version 2 as its program for integers reads it.
#pragma once

#include <memory>
#include <string>
#include <string_view>

#include "base/bytes.h"
#include "frontend/language/network.h"
#include "frontend/language/source.h"
#include "zkinfer/status.h"

namespace zkinfer::frontend_language {

inline constexpr std::string_view kLlama2cMagic = "24ka";
inline constexpr std::size_t kLlama2cHeadBytes = 28;

// Of version 0, by the first bytes and the size of a file.
bool is_llama2c(ByteView head, std::uint64_t file_bytes);
// Of a file that is none: what its header would ask for where it could be one's; "" otherwise.
std::string llama2c_hint(ByteView head, std::uint64_t file_bytes);
// Total on arbitrary bytes.
Result<Network> read_llama2c(std::shared_ptr<const Source> source);

}  // namespace zkinfer::frontend_language
