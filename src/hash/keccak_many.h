// SPDX-License-Identifier: Apache-2.0
// Many Keccak-256 hashes at once, in vector lanes: for provers.
#pragma once

#include <span>

#include "hash/keccak.h"

namespace zkinfer {

// out[i] = keccak256(prefix || messages[i * stride .. i * stride + message_bytes)), several at once in vector lanes.
// Shapes: `messages` holds at least (out.size() - 1) * stride + message_bytes bytes when out is not empty; prefix.size() < 136.
// Runs on the calling thread.
void keccak256_many(ByteView prefix, ByteView messages, std::size_t message_bytes, std::size_t stride,
                    std::span<Digest> out);

// out[i] = keccak256(prefix || words [i * num_words, (i + 1) * num_words)), each word big-endian.
void keccak256_words(std::uint8_t prefix, std::span<const std::uint64_t> words, std::size_t num_words,
                     std::span<Digest> out);

}  // namespace zkinfer
