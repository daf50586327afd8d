// SPDX-License-Identifier: Apache-2.0
#include "tokenizer/pattern.h"

#include <unicode/parseerr.h>

#include "base/text.h"
#include "tokenizer/spec.h"

namespace zkinfer {

namespace {

constexpr std::chrono::milliseconds kLeastTime{2000};
constexpr std::chrono::milliseconds kTimePerMib{20000};  // two hundred times what published expressions take
constexpr int kDeadlineEvery = 256;                      // matches

// \s is White_Space where these files come from; ICU leaves out U+000B and U+0085. \h is a hexadecimal digit of Oniguruma's and a
// horizontal space of ICU's.
std::string for_icu(std::string_view text) {
  std::string out;
  for (std::size_t i = 0; i < text.size(); ++i) {
    if (text[i] != '\\' || i + 1 == text.size()) {
      out += text[i];
      continue;
    }
    const char c = text[++i];
    if (c == 's') {
      out += "\\p{White_Space}";
    } else if (c == 'S') {
      out += "\\P{White_Space}";
    } else if (c == 'h') {
      out += "\\p{AHex}";
    } else {
      out += '\\';
      out += c;
    }
  }
  return out;
}

UBool go_on(const void* deadline, int32_t) {
  return static_cast<UBool>(!static_cast<const Deadline*>(deadline)->over());
}

Status took_too_long() { return resource_limit("the tokenizer's regular expression takes too long on this text"); }

}  // namespace

Deadline::Deadline(std::size_t num_bytes)
    : end_(std::chrono::steady_clock::now() + kLeastTime +
           kTimePerMib * static_cast<std::int64_t>(num_bytes / (std::size_t{1} << 20))) {}

Result<Pattern> Pattern::make(std::string_view text, Kind kind) {
  if (text.empty() || text.size() > kMaxPatternBytes)
    return corrupt("an expression to split or replace has " + std::to_string(text.size()) + " bytes; expected 1 to " +
                   std::to_string(kMaxPatternBytes));
  const std::string translated = kind == Kind::kText ? std::string(text) : for_icu(text);
  UErrorCode error = U_ZERO_ERROR;
  UParseError place{};
  Pattern pattern;
  pattern.pattern_.reset(
      icu::RegexPattern::compile(icu::UnicodeString::fromUTF8(translated),
                                 kind == Kind::kText ? static_cast<std::uint32_t>(UREGEX_LITERAL) : 0u, place, error));
  if (U_FAILURE(error) || pattern.pattern_ == nullptr)
    return unsupported("the regular expression " + in_quotes(text) + " of the tokenizer is not understood (" +
                       u_errorName(error) + ")");
  return pattern;
}

Status Pattern::each(const icu::UnicodeString& text, const std::vector<TextRange>& ranges, const Deadline& deadline,
                     const std::function<void(std::size_t, int, int)>& found) const {
  UErrorCode error = U_ZERO_ERROR;
  const std::unique_ptr<icu::RegexMatcher> matcher(pattern_->matcher(text, error));
  if (U_FAILURE(error) || matcher == nullptr) return internal_error(std::string("ICU: ") + u_errorName(error));
  matcher->setMatchCallback(go_on, &deadline, error);
  std::size_t searches = 0;
  for (std::size_t i = 0; i < ranges.size(); ++i) {
    matcher->region(ranges[i].begin, ranges[i].end, error);
    for (;;) {
      if (++searches % kDeadlineEvery == 0 && deadline.over()) return took_too_long();
      if (!matcher->find(error)) break;
      found(i, matcher->start(error), matcher->end(error));
    }
    if (error == U_REGEX_STOPPED_BY_CALLER || error == U_REGEX_TIME_OUT) return took_too_long();
    if (error == U_REGEX_STACK_OVERFLOW)
      return resource_limit("the tokenizer's regular expression needs more memory on this text than is allowed");
    if (U_FAILURE(error)) return internal_error(std::string("ICU: ") + u_errorName(error));
  }
  return ok_status();
}

}  // namespace zkinfer
