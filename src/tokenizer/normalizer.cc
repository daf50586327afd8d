// SPDX-License-Identifier: Apache-2.0
#include "tokenizer/normalizer.h"

#include <optional>

#include <unicode/brkiter.h>
#include <unicode/bytestream.h>
#include <unicode/normalizer2.h>
#include <unicode/uchar.h>

#include "base/text.h"
#include "tokenizer/character_map.h"
#include "tokenizer/pattern.h"
#include "tokenizer/utf8.h"

namespace zkinfer {

namespace {

// What a step may make of a text: more than published normalizations need, and no way to fill the memory.
constexpr std::size_t kMaxGrowth = 64;
constexpr std::size_t kMaxGrownBytes = std::size_t{1} << 16;  // beside that, for short texts

// Not what is unassigned: as BERT's tokenizers of Hugging Face have it.
bool is_control(UChar32 c) {
  if (c == '\t' || c == '\n' || c == '\r') return false;
  return (U_GET_GC_MASK(c) & (U_GC_CC_MASK | U_GC_CF_MASK | U_GC_CO_MASK)) != 0;
}

bool is_space(UChar32 c) { return u_hasBinaryProperty(c, UCHAR_WHITE_SPACE) != 0; }

// The blocks of Hugging Face's, not all of Unicode's.
bool is_chinese(UChar32 c) {
  return (c >= 0x4e00 && c <= 0x9fff) || (c >= 0x3400 && c <= 0x4dbf) || (c >= 0x20000 && c <= 0x2a6df) ||
         (c >= 0x2a700 && c <= 0x2b73f) || (c >= 0x2b740 && c <= 0x2b81f) || (c >= 0x2b920 && c <= 0x2ceaf) ||
         (c >= 0xf900 && c <= 0xfaff) || (c >= 0x2f800 && c <= 0x2fa1f);
}

// Each character without its neighbours: no final sigma. The only one that becomes two is U+0130.
void append_lower(std::string& out, UChar32 c) {
  if (c == 0x130) {
    out += "i\xcc\x87";
  } else {
    append_utf8(out, static_cast<std::uint32_t>(u_tolower(c)));
  }
}

// `text` is UTF-8: checked before the first step, and every step keeps it so.
template <class Map>
std::string each_character(std::string_view text, Map map) {
  std::string out;
  out.reserve(text.size());
  while (!text.empty()) {
    const Utf8Character character = first_utf8(text);
    const std::size_t size = std::max<std::size_t>(character.num_bytes, 1);
    map(static_cast<UChar32>(character.value), text.substr(0, size), out);
    text.remove_prefix(size);
  }
  return out;
}

Result<std::string> normal_form(NormalizeKind kind, std::string_view text) {
  UErrorCode error = U_ZERO_ERROR;
  const icu::Normalizer2* form = nullptr;
  switch (kind) {
    case NormalizeKind::kNfc: form = icu::Normalizer2::getNFCInstance(error); break;
    case NormalizeKind::kNfd: form = icu::Normalizer2::getNFDInstance(error); break;
    case NormalizeKind::kNfkc: form = icu::Normalizer2::getNFKCInstance(error); break;
    default: form = icu::Normalizer2::getNFKDInstance(error); break;
  }
  std::string out;
  if (U_SUCCESS(error)) {
    icu::StringByteSink<std::string> sink(&out, static_cast<std::int32_t>(text.size()));
    form->normalizeUTF8(0, {text.data(), static_cast<std::int32_t>(text.size())}, sink, nullptr, error);
  }
  if (U_FAILURE(error)) return internal_error(std::string("ICU: ") + u_errorName(error));
  return out;
}

std::string stripped(std::string_view text, bool left, bool right) {
  std::size_t begin = text.size(), end = 0;
  for (std::size_t at = 0; at < text.size();) {
    const Utf8Character character = first_utf8(text.substr(at));
    const std::size_t size = std::max<std::size_t>(character.num_bytes, 1);
    if (!is_space(static_cast<UChar32>(character.value))) {
      begin = std::min(begin, at);
      end = at + size;
    }
    at += size;
  }
  if (!left) begin = 0;
  if (!right) end = text.size();
  return std::string(begin < end ? text.substr(begin, end - begin) : std::string_view());
}

std::string squeezed(std::string_view text) {
  std::string out;
  for (const char c : text)
    if (c != ' ' || (!out.empty() && out.back() != ' ')) out += c;
  if (!out.empty() && out.back() == ' ') out.pop_back();
  return out;
}

std::string replaced(std::string_view text, std::string_view from, std::string_view to) {
  std::string out;
  out.reserve(text.size());
  for (;;) {
    const std::size_t at = text.find(from);
    out += text.substr(0, at);
    if (at == std::string_view::npos) return out;
    out += to;
    text.remove_prefix(at + from.size());
  }
}

}  // namespace

struct Normalizer::Step {
  NormalizeStep step;
  const PrefixIndex* user_pieces = nullptr;
  std::optional<CharacterMap> map;
  std::optional<Pattern> pattern;

  Result<std::string> apply(std::string_view text) const;
  std::string mapped(std::string_view text) const;
  Result<std::string> mapped_graphemes(std::string_view text) const;
  Result<std::string> with_pattern_replaced(std::string_view text) const;
};

std::string Normalizer::Step::mapped(std::string_view text) const {
  std::string out;
  out.reserve(text.size());
  while (!text.empty()) {
    std::size_t size = user_pieces->longest_prefix(text).second;
    if (size > 0) {
      out += text.substr(0, size);
    } else if (const CharacterMap::Match match = map->longest(text); match.num_bytes > 0) {
      size = match.num_bytes;
      out += match.with;
    } else {
      size = std::max<std::size_t>(first_utf8(text).num_bytes, 1);
      out += text.substr(0, size);
    }
    text.remove_prefix(size);
  }
  return out;
}

Result<std::string> Normalizer::Step::mapped_graphemes(std::string_view text) const {
  constexpr std::size_t kLongest = 6;  // bytes; longer graphemes are mapped character by character
  UErrorCode error = U_ZERO_ERROR;
  const icu::UnicodeString wide = icu::UnicodeString::fromUTF8({text.data(), static_cast<std::int32_t>(text.size())});
  const std::unique_ptr<icu::BreakIterator> breaks(
      icu::BreakIterator::createCharacterInstance(icu::Locale::getRoot(), error));
  if (U_FAILURE(error) || breaks == nullptr) return internal_error(std::string("ICU: ") + u_errorName(error));
  breaks->setText(wide);
  std::string out, grapheme;
  int begin = breaks->first();
  for (int end = breaks->next(); end != icu::BreakIterator::DONE; begin = end, end = breaks->next()) {
    grapheme.clear();
    wide.tempSubStringBetween(begin, end).toUTF8String(grapheme);
    if (grapheme.size() < kLongest) {
      if (const CharacterMap::Match match = map->shortest(grapheme); match.num_bytes > 0) {
        out += match.with;
        continue;
      }
    }
    out += each_character(grapheme, [&](UChar32, std::string_view bytes, std::string& to) {
      const CharacterMap::Match match = map->shortest(bytes);
      to += match.num_bytes > 0 ? match.with : bytes;
    });
  }
  return out;
}

Result<std::string> Normalizer::Step::with_pattern_replaced(std::string_view text) const {
  const icu::UnicodeString wide = icu::UnicodeString::fromUTF8({text.data(), static_cast<std::int32_t>(text.size())});
  const Deadline deadline(text.size());
  std::string out;
  int done = 0;
  ZKI_RETURN_IF_ERROR(pattern->each(wide, {{0, wide.length()}}, deadline, [&](std::size_t, int begin, int end) {
    wide.tempSubStringBetween(done, begin).toUTF8String(out);
    out += step.with;
    done = end;
  }));
  wide.tempSubString(done).toUTF8String(out);
  return out;
}

Result<std::string> Normalizer::Step::apply(std::string_view text) const {
  switch (step.kind) {
    case NormalizeKind::kNfc:
    case NormalizeKind::kNfd:
    case NormalizeKind::kNfkc:
    case NormalizeKind::kNfkd: return normal_form(step.kind, text);
    case NormalizeKind::kLowercase:
      return each_character(text, [](UChar32 c, std::string_view, std::string& out) { append_lower(out, c); });
    case NormalizeKind::kStripAccents:
      return each_character(text, [this](UChar32 c, std::string_view bytes, std::string& out) {
        if ((U_GET_GC_MASK(c) & (step.right ? U_GC_M_MASK : U_GC_MN_MASK)) == 0) out += bytes;
      });
    case NormalizeKind::kCleanText:
      return each_character(text, [](UChar32 c, std::string_view bytes, std::string& out) {
        if (c == 0 || c == 0xfffd || is_control(c)) return;
        out += is_space(c) ? " " : bytes;
      });
    case NormalizeKind::kChinese:
      return each_character(text, [](UChar32 c, std::string_view bytes, std::string& out) {
        if (is_chinese(c)) {
          ((out += ' ') += bytes) += ' ';
        } else {
          out += bytes;
        }
      });
    case NormalizeKind::kPrepend:
      if (text.empty()) return std::string();
      return step.right ? std::string(text) + step.text : step.text + std::string(text);
    case NormalizeKind::kReplaceText: return replaced(text, step.text, step.with);
    case NormalizeKind::kReplacePattern: return with_pattern_replaced(text);
    case NormalizeKind::kStrip: return stripped(text, step.left, step.right);
    case NormalizeKind::kCharacterMap: return step.left ? mapped(text) : mapped_graphemes(text);
    case NormalizeKind::kSqueezeSpaces: return squeezed(text);
    case NormalizeKind::kTrimEnd:
      while (!step.text.empty() && text.ends_with(step.text)) text.remove_suffix(step.text.size());
      return std::string(text);
  }
  return internal_error("a step of normalizing that is none");
}

Result<Normalizer> Normalizer::make(const std::vector<NormalizeStep>& steps, const PrefixIndex& user_pieces) {
  Normalizer normalizer;
  for (const NormalizeStep& from : steps) {
    auto step = std::make_shared<Step>();
    step->step = from;
    step->user_pieces = &user_pieces;
    if (from.kind == NormalizeKind::kCharacterMap) {
      ZKI_ASSIGN_OR_RETURN(step->map, CharacterMap::make(from.text));
    } else if (from.kind == NormalizeKind::kReplacePattern) {
      ZKI_ASSIGN_OR_RETURN(step->pattern, Pattern::make(from.text, Pattern::Kind::kExpression));
    } else if (from.kind == NormalizeKind::kReplaceText && from.text.empty()) {
      return corrupt("a step of normalizing replaces an empty text");
    }
    normalizer.steps_.push_back(std::move(step));
  }
  return normalizer;
}

Result<std::string> Normalizer::apply(std::string_view text, bool* at_start) const {
  std::string now(text);
  const std::size_t most = kMaxGrowth * text.size() + kMaxGrownBytes;
  for (const auto& step : steps_) {
    if (at_start != nullptr && step->step.kind == NormalizeKind::kStrip && step->step.left)
      *at_start = *at_start && stripped(now, true, false).size() == now.size();
    ZKI_ASSIGN_OR_RETURN(now, step->apply(now));
    if (now.size() > most)
      return resource_limit("the tokenizer's normalization makes more than " + std::to_string(most) + " bytes of " +
                            std::to_string(text.size()));
  }
  // What a map or replacement put in may be no UTF-8, and is no text then.
  const std::size_t valid = valid_utf8_bytes(now);
  if (valid != now.size())
    return corrupt("the tokenizer's normalization makes no UTF-8 of " + in_quotes(text.substr(0, 100)));
  return now;
}

}  // namespace zkinfer
