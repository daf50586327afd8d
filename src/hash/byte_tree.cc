// SPDX-License-Identifier: Apache-2.0
#include "hash/byte_tree.h"

#include <algorithm>
#include <vector>

#include "hash/keccak.h"

namespace zkinfer {

Digest byte_tree_root(ByteView bytes, std::size_t leaf_bytes) {
  std::vector<Digest> level;
  for (std::size_t at = 0; at < bytes.size(); at += leaf_bytes) {
    ByteWriter head;
    head.u8(0);
    head.u64(level.size());
    Keccak256 leaf;
    leaf.update(head.bytes());
    leaf.update(bytes.subspan(at, std::min(leaf_bytes, bytes.size() - at)));
    level.push_back(leaf.finish());
  }
  if (level.empty()) return {};
  while (level.size() > 1) {
    if (level.size() % 2 == 1) level.emplace_back();
    for (std::size_t i = 0; i < level.size() / 2; ++i) {
      Keccak256 node;
      node.update(1);
      node.update(level[2 * i]);
      node.update(level[2 * i + 1]);
      level[i] = node.finish();
    }
    level.resize(level.size() / 2);
  }
  return level[0];
}

}  // namespace zkinfer
