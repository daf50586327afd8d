// SPDX-License-Identifier: Apache-2.0
#include "frontend/language/elements.h"

#include <algorithm>
#include <bit>
#include <cstring>

#include "base/half.h"

namespace zkinfer::frontend_language {

static_assert(std::endian::native == std::endian::little,
              "elements of files are little-endian and are copied as they are");

const Packing kF32{"F32", 1, 4, [](const std::uint8_t* blocks, std::size_t count, float* out) {
                     std::memcpy(out, blocks, count * sizeof(float));
                   }};

namespace {

template <float (*widen)(std::uint16_t)>
void decode_16(const std::uint8_t* blocks, std::size_t count, float* out) {
  for (std::size_t i = 0; i < count; ++i) {
    std::uint16_t bits = 0;
    std::memcpy(&bits, blocks + 2 * i, sizeof bits);
    out[i] = widen(bits);
  }
}

}  // namespace

const Packing kF16{"F16", 1, 2, decode_16<half_to_float>};
const Packing kBF16{"BF16", 1, 2, decode_16<bfloat_to_float>};

std::uint64_t packed_bytes(const Packing& packing, std::uint64_t count) {
  return count / packing.elements * packing.bytes;
}

Result<std::vector<float>> read_elements(const Source& source, std::uint64_t offset, std::uint64_t count,
                                         const Packing& packing) {
  constexpr std::size_t kChunkBytes = std::size_t{1} << 20;
  const std::size_t most_blocks = kChunkBytes / packing.bytes;
  std::vector<float> out(static_cast<std::size_t>(count));
  Bytes chunk;
  for (std::size_t done = 0, blocks = out.size() / packing.elements; done < blocks;) {
    const std::size_t now = std::min(most_blocks, blocks - done);
    chunk.resize(now * packing.bytes);
    ZKI_RETURN_IF_ERROR(source.read(offset + done * packing.bytes, chunk));
    packing.decode(chunk.data(), now, out.data() + done * packing.elements);
    done += now;
  }
  return out;
}

}  // namespace zkinfer::frontend_language
