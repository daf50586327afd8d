// SPDX-License-Identifier: Apache-2.0
#include "tokenizer/splitter.h"

#include <algorithm>
#include <optional>

#include "base/text.h"
#include "tokenizer/pattern.h"

namespace zkinfer {

namespace {

constexpr std::string_view kAlways = "always", kFirst = "first", kNever = "never";

struct Found {
  TextRange range;
  bool is_match = false;
};

// What is in a range, matches and what is between them, in order: the words that the behaviour makes of it.
void add_words(const std::vector<Found>& parts, SplitBehaviour behaviour, std::vector<TextRange>& words) {
  std::vector<TextRange> out;
  bool before = false;  // whether the part before was a match
  const auto merge = [&](const Found& part, auto join) {
    if (part.is_match && !before && !out.empty()) {
      join(out.back(), part.range);
    } else {
      out.push_back(part.range);
    }
    before = part.is_match;
  };
  switch (behaviour) {
    case SplitBehaviour::kRemoved:
      for (const Found& part : parts)
        if (!part.is_match) out.push_back(part.range);
      break;
    case SplitBehaviour::kIsolated:
      for (const Found& part : parts) out.push_back(part.range);
      break;
    case SplitBehaviour::kContiguous:
      for (std::size_t i = 0; i < parts.size(); ++i) {
        if (i > 0 && parts[i].is_match == parts[i - 1].is_match) {
          out.back().end = parts[i].range.end;
        } else {
          out.push_back(parts[i].range);
        }
      }
      break;
    case SplitBehaviour::kWithPrevious:
      for (const Found& part : parts) merge(part, [](TextRange& last, TextRange now) { last.end = now.end; });
      break;
    case SplitBehaviour::kWithNext:
      for (std::size_t i = parts.size(); i-- > 0;)
        merge(parts[i], [](TextRange& last, TextRange now) { last.begin = now.begin; });
      std::reverse(out.begin(), out.end());
      break;
  }
  for (const TextRange& range : out)
    if (range.begin < range.end) words.push_back(range);
}

// The text with a prefix before some of the words.
void put_before(icu::UnicodeString& text, std::vector<TextRange>& words, const icu::UnicodeString& prefix,
                const std::function<bool(std::size_t, const TextRange&)>& wanted) {
  icu::UnicodeString out;
  for (std::size_t i = 0; i < words.size(); ++i) {
    const int begin = out.length();
    if (wanted(i, words[i])) out += prefix;
    out.append(text, words[i].begin, words[i].end - words[i].begin);
    words[i] = {begin, out.length()};
  }
  text = std::move(out);
}

}  // namespace

struct Splitter::Step {
  SplitStep step;
  std::optional<Pattern> pattern;
  icu::UnicodeString text;

  Status cut(const icu::UnicodeString& all, const Deadline& deadline, std::vector<TextRange>& words) const;
  Status apply(icu::UnicodeString& all, bool at_start, const Deadline& deadline, std::vector<TextRange>& words) const;
};

Status Splitter::Step::cut(const icu::UnicodeString& all, const Deadline& deadline,
                           std::vector<TextRange>& words) const {
  std::vector<TextRange> out;
  std::vector<Found> parts;
  std::size_t current = 0;
  int done = words.empty() ? 0 : words[0].begin;
  const auto add = [&](int begin, int end, bool is_match) {
    if (begin < end) parts.push_back({{begin, end}, is_match != step.invert});
  };
  // Ends the word that was looked at; the next ones up to `next` had no match.
  const auto go_to = [&](std::size_t next) {
    for (; current < next; ++current) {
      add(done, words[current].end, false);
      add_words(parts, step.behaviour, out);
      parts.clear();
      if (current + 1 < words.size()) done = words[current + 1].begin;
    }
  };
  ZKI_RETURN_IF_ERROR(pattern->each(all, words, deadline, [&](std::size_t i, int begin, int end) {
    go_to(i);
    add(done, begin, false);
    add(begin, end, true);
    done = end;
  }));
  go_to(words.size());
  words = std::move(out);
  return ok_status();
}

Status Splitter::Step::apply(icu::UnicodeString& all, bool at_start, const Deadline& deadline,
                             std::vector<TextRange>& words) const {
  const auto begins_with_text = [&](const TextRange& word) {
    return all.compare(word.begin, std::min(text.length(), word.end - word.begin), text) == 0;
  };
  switch (step.kind) {
    case SplitKind::kPattern:
    case SplitKind::kText: return cut(all, deadline, words);
    case SplitKind::kPrefixSpace:
      put_before(all, words, text, [&](std::size_t, const TextRange& word) { return !begins_with_text(word); });
      return ok_status();
    case SplitKind::kMetaspace: {
      // One unit for another: the words stay where they are.
      all.findAndReplace(icu::UnicodeString(u' '), text);
      const bool always = step.with == kAlways, first = step.with == kFirst && at_start;
      put_before(all, words, text, [&](std::size_t i, const TextRange& word) {
        return (always || (first && i == 0 && word.begin == 0)) && !begins_with_text(word);
      });
      return step.cut ? cut(all, deadline, words) : ok_status();
    }
  }
  return internal_error("a step of splitting that is none");
}

Result<Splitter> Splitter::make(const std::vector<SplitStep>& steps) {
  Splitter splitter;
  for (const SplitStep& from : steps) {
    Step step;
    step.step = from;
    step.text = icu::UnicodeString::fromUTF8(from.text);
    if (from.kind == SplitKind::kMetaspace) {
      if (step.text.length() != 1 || (from.with != kAlways && from.with != kFirst && from.with != kNever))
        return unsupported("spaces become " + in_quotes(from.text) + ", put before words " + in_quotes(from.with) +
                           "; expected one character and always, first or never");
      step.step.behaviour = SplitBehaviour::kWithNext;
    }
    if (from.kind != SplitKind::kPrefixSpace) {
      const bool is_expression = from.kind == SplitKind::kPattern;
      ZKI_ASSIGN_OR_RETURN(step.pattern,
                           Pattern::make(from.text, is_expression ? Pattern::Kind::kExpression : Pattern::Kind::kText));
    }
    splitter.steps_.push_back(std::move(step));
  }
  return splitter;
}

Status Splitter::each_word(std::string_view text, bool at_start,
                           const std::function<Status(std::string_view)>& word) const {
  if (text.empty()) return ok_status();
  if (steps_.empty()) return word(text);
  icu::UnicodeString all = icu::UnicodeString::fromUTF8({text.data(), static_cast<std::int32_t>(text.size())});
  std::vector<TextRange> words{{0, all.length()}};
  const Deadline deadline(text.size());
  for (const Step& step : steps_) ZKI_RETURN_IF_ERROR(step.apply(all, at_start, deadline, words));
  std::string bytes;
  for (const TextRange& range : words) {
    bytes.clear();
    all.tempSubStringBetween(range.begin, range.end).toUTF8String(bytes);
    ZKI_RETURN_IF_ERROR(word(bytes));
  }
  return ok_status();
}

Splitter::Splitter() = default;
Splitter::~Splitter() = default;
Splitter::Splitter(Splitter&&) noexcept = default;
Splitter& Splitter::operator=(Splitter&&) noexcept = default;

}  // namespace zkinfer
