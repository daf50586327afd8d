// SPDX-License-Identifier: Apache-2.0
#include "tokenizer/index.h"

#include <algorithm>
#include <cstring>
#include <random>

namespace zkinfer {

namespace {

std::uint64_t folded_product(std::uint64_t a, std::uint64_t b) {
  const auto product = static_cast<unsigned __int128>(a) * b;
  return static_cast<std::uint64_t>(product) ^ static_cast<std::uint64_t>(product >> 64);
}

std::uint64_t load(const char* bytes, std::size_t count) {
  std::uint64_t x = 0;
  std::memcpy(&x, bytes, count);
  return x;
}

}  // namespace

ExactIndex::ExactIndex(const std::vector<Entry>& entries) {
  std::random_device random;
  for (std::uint64_t& x : key_) x = std::uint64_t{random()} << 32 | random();
  std::size_t size = 16;
  while (size < 2 * entries.size()) size *= 2;
  slots_.assign(size, 0);
  entries_.reserve(entries.size());
  for (const Entry& entry : entries) {
    std::size_t slot = hash(entry.first) & (size - 1);
    while (slots_[slot] != 0 && entries_[slots_[slot] - 1].first != entry.first) slot = (slot + 1) & (size - 1);
    if (slots_[slot] != 0) continue;
    entries_.push_back(entry);
    slots_[slot] = static_cast<std::uint32_t>(entries_.size());
    longest_ = std::max(longest_, entry.first.size());
  }
}

std::uint64_t ExactIndex::hash(std::string_view text) const {
  std::uint64_t h = key_[0] ^ text.size();
  while (text.size() > 16) {
    h = folded_product(load(text.data(), 8) ^ key_[1], load(text.data() + 8, 8) ^ h ^ key_[2]);
    text.remove_prefix(16);
  }
  const std::size_t low = std::min<std::size_t>(text.size(), 8);
  h = folded_product(load(text.data(), low) ^ key_[1], load(text.data() + low, text.size() - low) ^ h ^ key_[2]);
  return folded_product(h, key_[3] | 1);
}

int ExactIndex::find(std::string_view text) const {
  if (text.size() > longest_ || slots_.empty()) return -1;
  for (std::size_t slot = hash(text) & (slots_.size() - 1); slots_[slot] != 0; slot = (slot + 1) & (slots_.size() - 1))
    if (entries_[slots_[slot] - 1].first == text) return entries_[slots_[slot] - 1].second;
  return -1;
}

PrefixIndex::PrefixIndex(std::vector<Entry> entries) : entries_(std::move(entries)) {
  std::stable_sort(entries_.begin(), entries_.end(), [](const Entry& a, const Entry& b) { return a.first < b.first; });
  entries_.erase(
      std::unique(entries_.begin(), entries_.end(), [](const Entry& a, const Entry& b) { return a.first == b.first; }),
      entries_.end());
  if (!entries_.empty() && entries_.front().first.empty()) entries_.erase(entries_.begin());
  std::size_t at = 0;
  for (std::size_t byte = 0; byte < 256; ++byte) {
    starts_[byte] = at;
    while (at < entries_.size() && static_cast<std::uint8_t>(entries_[at].first[0]) == byte) ++at;
  }
  starts_[256] = at;
}

// All entries of the range agree in their first `at` bytes and are longer.
void PrefixIndex::narrow(std::size_t& first, std::size_t& last, std::size_t at, char byte) const {
  const auto value = static_cast<std::uint8_t>(byte);
  const auto begin = entries_.begin();
  const auto byte_of = [at](const Entry& entry) { return static_cast<std::uint8_t>(entry.first[at]); };
  const auto low =
      std::partition_point(begin + static_cast<std::ptrdiff_t>(first), begin + static_cast<std::ptrdiff_t>(last),
                           [&](const Entry& entry) { return byte_of(entry) < value; });
  const auto high = std::partition_point(low, begin + static_cast<std::ptrdiff_t>(last),
                                         [&](const Entry& entry) { return byte_of(entry) == value; });
  first = static_cast<std::size_t>(low - begin);
  last = static_cast<std::size_t>(high - begin);
}

}  // namespace zkinfer
