// SPDX-License-Identifier: Apache-2.0
// Regular expressions of tokenizer files, matched by ICU. The files are written for Oniguruma and Rust's regex; what ICU
// reads otherwise is translated. An expression from a stranger may take for ever: a search has a deadline.
#pragma once

#include <chrono>
#include <functional>
#include <memory>
#include <string_view>
#include <vector>

#include <unicode/regex.h>
#include <unicode/unistr.h>

#include "zkinfer/status.h"

namespace zkinfer {

class Deadline {
 public:
  // For work on a text of so many bytes.
  explicit Deadline(std::size_t num_bytes);
  bool over() const { return std::chrono::steady_clock::now() > end_; }

 private:
  std::chrono::steady_clock::time_point end_;
};

// From begin to before end, in units of UTF-16.
struct TextRange {
  int begin = 0, end = 0;
};

class Pattern {
 public:
  enum class Kind : std::uint8_t { kExpression, kText };
  static Result<Pattern> make(std::string_view text, Kind kind);

  // found(i, begin, end) for every match within ranges[i] of `text`, in order; nothing outside of a range is seen from it.
  Status each(const icu::UnicodeString& text, const std::vector<TextRange>& ranges, const Deadline& deadline,
              const std::function<void(std::size_t, int, int)>& found) const;

 private:
  std::shared_ptr<const icu::RegexPattern> pattern_;
};

}  // namespace zkinfer
