// SPDX-License-Identifier: Apache-2.0
// Finding pieces in text. Vocabularies come from strangers: no choice of pieces makes a search slow.
#pragma once

#include <array>
#include <cstdint>
#include <string_view>
#include <utility>
#include <vector>

namespace zkinfer {

// Whole texts, by a hash with a key that is drawn for each index. Of texts that repeat, the first counts. The texts
// themselves stay where they are.
class ExactIndex {
 public:
  using Entry = std::pair<std::string_view, int>;  // text, token

  ExactIndex() = default;
  explicit ExactIndex(const std::vector<Entry>& entries);
  // -1: none.
  int find(std::string_view text) const;
  std::size_t longest() const { return longest_; }  // in bytes

 private:
  std::uint64_t hash(std::string_view text) const;
  std::array<std::uint64_t, 4> key_{};
  std::vector<Entry> entries_;
  std::vector<std::uint32_t> slots_;  // entry + 1; 0: free
  std::size_t longest_ = 0;
};

// Which texts does another begin with? Sorted; each byte narrows the range of those that may still fit.
class PrefixIndex {
 public:
  using Entry = ExactIndex::Entry;

  PrefixIndex() = default;
  explicit PrefixIndex(std::vector<Entry> entries);
  bool empty() const { return entries_.empty(); }

  // found(token, bytes) for every one that `text` begins with, the shortest first.
  template <class Found>
  void each_prefix(std::string_view text, Found found) const {
    if (text.empty()) return;
    std::size_t first = starts_[static_cast<std::uint8_t>(text[0])];
    std::size_t last = starts_[static_cast<std::uint8_t>(text[0]) + std::size_t{1}];
    for (std::size_t length = 1; first < last; ++length) {
      if (last - first == 1) {
        const auto& [only, token] = entries_[first];
        if (text.starts_with(only)) found(token, only.size());
        return;
      }
      if (entries_[first].first.size() == length) {
        found(entries_[first].second, length);
        ++first;
      }
      if (length == text.size()) return;
      narrow(first, last, length, text[length]);
    }
  }
  // {-1, 0}: none.
  std::pair<int, std::size_t> longest_prefix(std::string_view text) const {
    std::pair<int, std::size_t> best{-1, 0};
    each_prefix(text, [&](int token, std::size_t length) { best = {token, length}; });
    return best;
  }

 private:
  void narrow(std::size_t& first, std::size_t& last, std::size_t at, char byte) const;
  std::vector<Entry> entries_;             // without the empty text, each text once
  std::array<std::size_t, 257> starts_{};  // where the texts begin that have this first byte
};

}  // namespace zkinfer
