// SPDX-License-Identifier: Apache-2.0
#include "commit/pcs/content_digest.h"

#include <algorithm>
#include <vector>

#include "base/parallel.h"
#include "hash/keccak.h"
#include "hash/keccak_many.h"

namespace zkinfer::pcs {

constexpr std::size_t kPiece = std::size_t{1} << 16;

Digest content_digest(ByteView bytes) {
  const std::size_t num_whole = bytes.size() / kPiece;
  std::vector<Digest> digests(num_whole);
  parallel_for(num_whole, 16, [&](std::size_t begin, std::size_t end) {
    keccak256_many({}, bytes.subspan(begin * kPiece, (end - begin) * kPiece), kPiece, kPiece,
                   std::span(digests).subspan(begin, end - begin));
  });
  Keccak256 all;
  for (const Digest& digest : digests) all.update(digest);
  all.update(bytes.subspan(num_whole * kPiece));
  ByteWriter size;
  size.u64(bytes.size());
  all.update(size.bytes());
  return all.finish();
}

}  // namespace zkinfer::pcs
