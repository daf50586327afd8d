// SPDX-License-Identifier: Apache-2.0
#include "field/block_cache.h"

#if defined(__linux__)
#include <sys/mman.h>

#include <algorithm>
#include <cstdint>

#include "base/out_of_memory.h"

namespace zkinfer {
namespace {

constexpr std::size_t kPage = std::size_t{1} << 12;
constexpr std::size_t kHugePage = std::size_t{1} << 21;
constexpr std::size_t kLarge = 2 * kHugePage;
// Fresh memory that small blocks are cut from.
constexpr std::size_t kSlab = 8 * kHugePage;
// Kept whatever else needs memory: small proofs in a row never wait for pages.
constexpr std::size_t kIdleBytes = std::size_t{512} << 20;

std::size_t rounded_up(std::size_t x, std::size_t unit) { return (x + unit - 1) / unit * unit; }

// Zeroed memory that starts at a huge page; num_bytes is a multiple of kHugePage.
char* map_huge_pages(std::size_t num_bytes) {
  void* memory = mmap(nullptr, num_bytes + kHugePage, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  if (memory == MAP_FAILED) throw_out_of_memory(num_bytes);
  // Gives back what lies before the first boundary and behind the last one.
  auto* first = static_cast<char*>(memory);
  const std::size_t before = (kHugePage - reinterpret_cast<std::uintptr_t>(memory) % kHugePage) % kHugePage;
  if (before != 0) (void)munmap(first, before);
  if (before != kHugePage) (void)munmap(first + before + num_bytes, kHugePage - before);
  // Only advice: a failure changes the speed and nothing else.
  (void)madvise(first + before, num_bytes, MADV_HUGEPAGE);
  return first + before;
}

// The whole huge pages of a piece.
struct HugePages {
  char* data;
  std::size_t num_bytes;
};
HugePages huge_pages_of(char* data, std::size_t num_bytes) {
  const std::size_t before = (kHugePage - reinterpret_cast<std::uintptr_t>(data) % kHugePage) % kHugePage;
  if (before >= num_bytes) return {data, 0};
  return {data + before, (num_bytes - before) / kHugePage * kHugePage};
}

}  // namespace

BlockCache& BlockCache::instance() {
  // Never destroyed: vectors of static duration may outlive any other order.
  static BlockCache& cache = *new BlockCache;
  return cache;
}

BlockCache::Block BlockCache::take(std::size_t num_bytes) {
  const Lock lock(mutex_);
  return num_bytes >= kLarge ? take_large(rounded_up(num_bytes, kHugePage)) : take_small(rounded_up(num_bytes, kPage));
}

void BlockCache::give(char* data, std::size_t num_bytes) {
  const Lock lock(mutex_);
  keep(data, num_bytes);
}

// Joined with the pieces that it touches.
void BlockCache::keep(char* data, std::size_t num_bytes) {
  auto next = kept_.lower_bound(data);
  if (next != kept_.end() && data + num_bytes == next->first) {
    num_bytes += next->second;
    next = kept_.erase(next);
  }
  if (next != kept_.begin()) {
    const auto before = std::prev(next);
    if (before->first + before->second == data) {
      before->second += num_bytes;
      return;
    }
  }
  kept_.emplace_hint(next, data, num_bytes);
}

// Takes a part out of a piece.
void BlockCache::cut(Pieces::iterator piece, char* data, std::size_t num_bytes) {
  char* const end = piece->first + piece->second;
  const auto head = static_cast<std::size_t>(data - piece->first);
  if (data + num_bytes != end) {
    kept_.emplace_hint(std::next(piece), data + num_bytes, static_cast<std::size_t>(end - (data + num_bytes)));
  }
  if (head != 0) {
    piece->second = head;
  } else {
    kept_.erase(piece);
  }
}

// From the shortest piece that is long enough.
BlockCache::Block BlockCache::take_small(std::size_t num_bytes) {
  auto best = kept_.end();
  for (auto piece = kept_.begin(); piece != kept_.end(); ++piece) {
    if (piece->second >= num_bytes && (best == kept_.end() || piece->second < best->second)) best = piece;
  }
  if (best == kept_.end()) {
    keep(map_huge_pages(kSlab), kSlab);
    return take_small(num_bytes);
  }
  char* const data = best->first;
  cut(best, data, num_bytes);
  return {data, num_bytes, num_bytes};
}

BlockCache::Block BlockCache::take_large(std::size_t num_bytes) {
  auto best = kept_.end();
  for (auto piece = kept_.begin(); piece != kept_.end(); ++piece) {
    if (huge_pages_of(piece->first, piece->second).num_bytes < num_bytes) continue;
    if (best == kept_.end() || piece->second < best->second) best = piece;
  }
  if (best != kept_.end()) {
    char* const data = huge_pages_of(best->first, best->second).data;
    cut(best, data, num_bytes);
    return {data, num_bytes, num_bytes};
  }
  char* const data = map_huge_pages(num_bytes);
  return {data, num_bytes, gather(data, num_bytes)};
}

// Moves the pages of kept pieces to the block, which has none yet; returns how many bytes of it have pages now. One huge page
// at a time, since a call may not cross the border of two mappings.
std::size_t BlockCache::gather(char* block, std::size_t num_bytes) {
  std::size_t done = 0;
  for (auto piece = kept_.begin(); piece != kept_.end() && done < num_bytes;) {
    const HugePages pages = huge_pages_of(piece->first, piece->second);
    std::size_t moved = 0;
    while (moved < pages.num_bytes && done + moved < num_bytes) {
      void* to = mremap(pages.data + moved, kHugePage, kHugePage, MREMAP_MAYMOVE | MREMAP_FIXED, block + done + moved);
      if (to == MAP_FAILED) break;
      moved += kHugePage;
    }
    const bool failed = moved < pages.num_bytes && done + moved < num_bytes;
    const auto next = std::next(piece);
    if (moved != 0) cut(piece, pages.data, moved);
    piece = next;
    done += moved;
    if (failed) break;  // too many mappings: the rest of the block is fresh
  }
  return done;
}

void BlockCache::offer() {
  const Lock lock(mutex_);
  std::size_t kept = 0;
  for (const auto& [data, num_bytes] : kept_) {
    const HugePages pages = huge_pages_of(data, num_bytes);
    const std::size_t own = std::min(pages.num_bytes, kIdleBytes - std::min(kIdleBytes, kept));
    kept += own;
    if (own < pages.num_bytes) (void)madvise(pages.data + own, pages.num_bytes - own, MADV_FREE);
  }
}

}  // namespace zkinfer
#endif
