// SPDX-License-Identifier: Apache-2.0
#include "verifier/sample.h"

#include <string_view>

#include "base/bytes.h"
#include "hash/keccak.h"

namespace zkinfer::verifier {

// Floyd's way: for j = of - count .. of - 1 a number t below j + 1 is drawn; t is taken, or j where t is taken already.
std::vector<std::uint64_t> sample_rows(const Digest& root_identity, const Digest& data_set, const Digest& nonce,
                                       std::uint64_t count, std::uint64_t of) {
  constexpr std::string_view kTag = "zkinfer sample v1";
  ByteWriter all;
  all.raw({reinterpret_cast<const std::uint8_t*>(kTag.data()), kTag.size()});
  for (const Digest* digest : {&root_identity, &data_set, &nonce}) all.raw(*digest);
  all.u64(count);
  all.u64(of);
  const Digest seed = keccak256(all.bytes());
  std::uint64_t counter = 0;
  const auto draw = [&]() {
    ByteWriter block;
    block.raw(seed);
    block.u64(counter++);
    const Digest bytes = keccak256(block.bytes());
    ByteReader reader(bytes);
    return reader.u64();
  };
  const auto below = [&](std::uint64_t end) {
    // Numbers from the largest multiple of `end` on would make small ones likelier.
    const std::uint64_t excess = (0 - end) % end;
    std::uint64_t x = draw();
    while (x >= 0 - excess && excess > 0) x = draw();
    return x % end;
  };
  std::vector<bool> taken(of, false);
  for (std::uint64_t j = of - count; j < of; ++j) {
    const std::uint64_t t = below(j + 1);
    taken[taken[t] ? j : t] = true;
  }
  std::vector<std::uint64_t> rows;
  for (std::uint64_t row = 0; row < of; ++row)
    if (taken[row]) rows.push_back(row);
  return rows;
}

}  // namespace zkinfer::verifier
