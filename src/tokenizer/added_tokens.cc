// SPDX-License-Identifier: Apache-2.0
#include "tokenizer/added_tokens.h"

#include <algorithm>

#include <unicode/uchar.h>

#include "tokenizer/utf8.h"

namespace zkinfer {

namespace {

bool is_space(std::uint32_t c) { return u_hasBinaryProperty(static_cast<UChar32>(c), UCHAR_WHITE_SPACE) != 0; }

// \w of Unicode's regular expressions.
bool is_word(std::uint32_t character) {
  const auto c = static_cast<UChar32>(character);
  return u_hasBinaryProperty(c, UCHAR_ALPHABETIC) || u_hasBinaryProperty(c, UCHAR_JOIN_CONTROL) ||
         (U_GET_GC_MASK(c) & (U_GC_M_MASK | U_GC_ND_MASK | U_GC_PC_MASK)) != 0;
}

std::uint32_t last_character(std::string_view text) {
  std::size_t at = text.size() - 1;
  while (at > 0 && (text[at] & 0xc0) == 0x80) --at;
  return first_utf8(text.substr(at)).value;
}

}  // namespace

AddedTokens::AddedTokens(const std::vector<AddedToken>& all, bool normalized) : all_(&all) {
  std::vector<PrefixIndex::Entry> every, plain;
  for (std::size_t i = 0; i < all.size(); ++i) {
    if (all[i].normalized != normalized) continue;
    every.emplace_back(all[i].text, static_cast<int>(i));
    if (!all[i].special) plain.emplace_back(all[i].text, static_cast<int>(i));
  }
  every_ = PrefixIndex(std::move(every));
  plain_ = PrefixIndex(std::move(plain));
}

Status AddedTokens::each_part(std::string_view text, bool read_special, const Part& part) const {
  const PrefixIndex& index = read_special ? every_ : plain_;
  std::size_t done = 0;
  for (std::size_t at = 0; !index.empty() && at < text.size();) {
    const auto [place, size] = index.longest_prefix(text.substr(at));
    if (place < 0) {
      ++at;
      continue;
    }
    const AddedToken& token = (*all_)[static_cast<std::size_t>(place)];
    std::size_t begin = at, end = at + size;
    if (token.whole_word && ((begin > 0 && is_word(last_character(text.substr(0, begin)))) ||
                             (end < text.size() && is_word(first_utf8(text.substr(end)).value)))) {
      at = end;
      continue;
    }
    while (token.takes_left_space && begin > done && is_space(last_character(text.substr(0, begin)))) {
      --begin;
      while (begin > done && (text[begin] & 0xc0) == 0x80) --begin;
    }
    while (token.takes_right_space && end < text.size()) {
      const Utf8Character next = first_utf8(text.substr(end));
      if (!is_space(next.value)) break;
      end += std::max<std::size_t>(next.num_bytes, 1);
    }
    if (begin > done) ZKI_RETURN_IF_ERROR(part(text.substr(done, begin - done), -1));
    ZKI_RETURN_IF_ERROR(part(text.substr(begin, end - begin), token.id));
    at = done = end;
  }
  return done < text.size() ? part(text.substr(done), -1) : ok_status();
}

}  // namespace zkinfer
