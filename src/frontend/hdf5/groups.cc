// SPDX-License-Identifier: Apache-2.0
// Groups of the first kind: a B-tree of symbol nodes and a heap of names.
#include <algorithm>

#include "frontend/hdf5/reader.h"

namespace zkinfer::hdf5 {

namespace {

constexpr int kDeepestTree = 32;

}  // namespace

Status Reader::read_symbol_table(Address tree, Address heap, Object& object) {
  const Status bad = corrupt("an HDF5 group is damaged");
  ZKI_ASSIGN_OR_RETURN(Cursor head, cursor_at(heap, 8 + 2 * static_cast<std::uint64_t>(length_bytes_) + offset_bytes_));
  head.expect("HEAP");
  head.skip(4);
  const std::uint64_t heap_bytes = head.length();
  head.length();
  const Address names_at = head.address();
  if (!head.ok()) return bad;
  ZKI_ASSIGN_OR_RETURN(const ByteView names, at(names_at, heap_bytes));

  struct Node {
    Address address;
    int depth;
  };
  std::vector<Node> nodes{{tree, 0}};
  while (!nodes.empty()) {
    const Node node = nodes.back();
    nodes.pop_back();
    ZKI_ASSIGN_OR_RETURN(Cursor start, cursor_at(node.address, 8));
    const bool is_tree = start.expect("TREE");
    const std::uint64_t key = static_cast<std::uint64_t>(length_bytes_),
                        child = static_cast<std::uint64_t>(offset_bytes_);
    if (is_tree) {
      const int type = start.u8();
      start.skip(1);
      const std::uint64_t count = start.u16();
      if (type != 0 || node.depth == kDeepestTree) return bad;
      ZKI_ASSIGN_OR_RETURN(Cursor entries, cursor_at(node.address + 8, 2 * child + count * (key + child)));
      entries.address();
      entries.address();
      const std::size_t first = nodes.size();
      for (std::uint64_t i = 0; i < count; ++i) {
        entries.length();
        nodes.push_back({entries.address(), node.depth + 1});
      }
      std::reverse(nodes.begin() + static_cast<std::ptrdiff_t>(first), nodes.end());  // the last is taken next
      continue;
    }
    ZKI_ASSIGN_OR_RETURN(Cursor symbols, cursor_at(node.address, 8));
    if (!symbols.expect("SNOD")) return bad;
    symbols.skip(2);
    const std::uint64_t count = symbols.u16();
    ZKI_ASSIGN_OR_RETURN(Cursor entries, cursor_at(node.address + 8, count * (2 * child + 24)));
    for (std::uint64_t i = 0; i < count; ++i) {
      const std::uint64_t name_at = entries.number(offset_bytes_);
      const Address address = entries.address();
      const std::uint32_t cached = entries.u32();
      entries.skip(20);
      if (name_at >= names.size()) return bad;
      const ByteView rest = names.subspan(static_cast<std::size_t>(name_at));
      const auto end = std::find(rest.begin(), rest.end(), 0);
      ZKI_RETURN_IF_ERROR(spend_work(static_cast<std::uint64_t>(end - rest.begin())));
      const std::string name(rest.begin(), end);
      constexpr std::uint32_t kSoftLink = 2;
      if (cached == kSoftLink) {
        object.refused[name] = "'" + name + "' is a link to another place or file, which is not followed";
      } else if (object.members.emplace(name, address).second) {
        object.order.push_back(name);
      }
    }
  }
  return ok_status();
}

}  // namespace zkinfer::hdf5
