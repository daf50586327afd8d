// SPDX-License-Identifier: Apache-2.0
// How numbers lie in files of weights, and reading them as floats.
#pragma once

#include <cstdint>
#include <string_view>
#include <vector>

#include "frontend/language/source.h"

namespace zkinfer::frontend_language {

// Blocks of so many elements, each in so many bytes.
struct Packing {
  std::string_view name;
  std::uint32_t elements = 1, bytes = 4;  // of a block
  void (*decode)(const std::uint8_t* blocks, std::size_t num_blocks, float* out) = nullptr;
};

extern const Packing kF32, kF16, kBF16;

// The bytes of so many elements; count is a multiple of packing.elements and below 2^40.
std::uint64_t packed_bytes(const Packing& packing, std::uint64_t count);
Result<std::vector<float>> read_elements(const Source& source, std::uint64_t offset, std::uint64_t count,
                                         const Packing& packing);

}  // namespace zkinfer::frontend_language
