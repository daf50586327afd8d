// SPDX-License-Identifier: Apache-2.0
#include <array>

#include "base/text.h"
#include "tokenizer/parts.h"
#include "tokenizer/read_huggingface.h"

namespace zkinfer {

namespace {

Status unknown_step(const char* what, const Json& json) {
  return unsupported("tokenizer.json: the " + std::string(what) + " " +
                     (json["type"].is_text() ? in_quotes(json["type"].text()) : json.shown()) + " is not known");
}

// Calls step() for each of a Sequence's members, or for the step itself; null is none.
template <class Step>
Status each_step(const Json& json, const char* list, Step step) {
  if (json.is_null()) return ok_status();
  if (json["type"].text() != "Sequence") return step(json);
  // JSON is at most 100 levels deep, and so is this.
  for (const Json& inner : json[list].items()) ZKI_RETURN_IF_ERROR(each_step(inner, list, step));
  return ok_status();
}

// {"String": ..} or {"Regex": ..}
struct PatternText {
  std::string text;
  bool is_expression = false;
};
Result<PatternText> read_pattern(const Json& json) {
  for (const bool is_expression : {false, true}) {
    const Json& text = json[is_expression ? "Regex" : "String"];
    if (text.is_text()) return PatternText{text.text(), is_expression};
  }
  if (json.is_text()) return PatternText{json.text(), false};
  return corrupt("tokenizer.json: a pattern is " + json.shown() + "; expected String or Regex");
}

Result<std::string> from_base64(const std::string& text) {
  constexpr std::string_view kDigits = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
  std::array<int, 256> value{};
  value.fill(-1);
  for (std::size_t i = 0; i < kDigits.size(); ++i) value[static_cast<std::uint8_t>(kDigits[i])] = static_cast<int>(i);
  std::string out;
  std::uint32_t bits = 0;
  int num_bits = 0;
  std::size_t end = text.size();
  while (end > 0 && text[end - 1] == '=') --end;
  for (std::size_t i = 0; i < end; ++i) {
    const int digit = value[static_cast<std::uint8_t>(text[i])];
    if (digit < 0)
      return corrupt("tokenizer.json: precompiled_charsmap is no base64 at character " + std::to_string(i));
    bits = bits << 6 | static_cast<std::uint32_t>(digit);
    num_bits += 6;
    if (num_bits < 8) continue;
    num_bits -= 8;
    out += static_cast<char>(bits >> num_bits & 0xff);
  }
  return out;
}

std::optional<SplitBehaviour> behaviour_of(const Json& json, SplitBehaviour fallback) {
  if (json.is_null()) return fallback;
  constexpr std::pair<std::string_view, SplitBehaviour> kRows[] = {
      {"Removed", SplitBehaviour::kRemoved},
      {"Isolated", SplitBehaviour::kIsolated},
      {"MergedWithPrevious", SplitBehaviour::kWithPrevious},
      {"MergedWithNext", SplitBehaviour::kWithNext},
      {"Contiguous", SplitBehaviour::kContiguous}};
  for (const auto& [name, behaviour] : kRows)
    if (json.text() == name) return behaviour;
  return std::nullopt;
}

Status normalize_step(const Json& json, TokenizerSpec& spec) {
  const std::string& type = json["type"].text();
  auto& steps = spec.normalize;
  const auto add = [&](NormalizeKind kind, std::string text = {}, std::string with = {}, bool left = false,
                       bool right = false) {
    steps.push_back({kind, std::move(text), std::move(with), left, right});
  };
  constexpr std::pair<std::string_view, NormalizeKind> kPlain[] = {{"NFC", NormalizeKind::kNfc},
                                                                   {"NFD", NormalizeKind::kNfd},
                                                                   {"NFKC", NormalizeKind::kNfkc},
                                                                   {"NFKD", NormalizeKind::kNfkd},
                                                                   {"Lowercase", NormalizeKind::kLowercase}};
  for (const auto& [name, kind] : kPlain) {
    if (type != name) continue;
    add(kind);
    return ok_status();
  }
  if (type == "StripAccents") {
    add(NormalizeKind::kStripAccents, {}, {}, false, true);
  } else if (type == "BertNormalizer") {
    const bool lower = json["lowercase"].boolean(true);
    add_bert_normalizer(json["clean_text"].boolean(true), json["handle_chinese_chars"].boolean(true),
                        json["strip_accents"].boolean(lower), lower, spec);
  } else if (type == "Prepend") {
    add(NormalizeKind::kPrepend, json["prepend"].text());
  } else if (type == "Strip") {
    add(NormalizeKind::kStrip, {}, {}, json["strip_left"].boolean(true), json["strip_right"].boolean(true));
  } else if (type == "Replace") {
    ZKI_ASSIGN_OR_RETURN(const PatternText pattern, read_pattern(json["pattern"]));
    add(pattern.is_expression ? NormalizeKind::kReplacePattern : NormalizeKind::kReplaceText, pattern.text,
        json["content"].text());
  } else if (type == "Precompiled") {
    if (json["precompiled_charsmap"].text().empty()) return ok_status();
    ZKI_ASSIGN_OR_RETURN(std::string map, from_base64(json["precompiled_charsmap"].text()));
    add(NormalizeKind::kCharacterMap, std::move(map));
  } else if (type == "ByteLevel") {
    spec.byte_level = true;
  } else {
    return unknown_step("normalizer", json);
  }
  return ok_status();
}

Status split_step(const Json& json, TokenizerSpec& spec) {
  const std::string& type = json["type"].text();
  const auto add = [&](SplitKind kind, std::string_view text, SplitBehaviour behaviour, bool invert = false) {
    spec.split.push_back({kind, std::string(text), {}, behaviour, invert, false});
  };
  if (spec.byte_level && type != "ByteLevel")
    return unsupported("tokenizer.json: the pre-tokenizer " + in_quotes(type) + " behind ByteLevel");
  if (type == "ByteLevel") {
    if (json["add_prefix_space"].boolean(true)) add(SplitKind::kPrefixSpace, " ", SplitBehaviour::kIsolated);
    if (json["use_regex"].boolean(true)) add(SplitKind::kPattern, kGpt2Words, SplitBehaviour::kIsolated);
    spec.byte_level = true;
  } else if (type == "Metaspace") {
    std::string where = json["prepend_scheme"].text();
    if (where.empty()) where = json["add_prefix_space"].boolean(true) ? "always" : "never";
    spec.split.push_back({SplitKind::kMetaspace,
                          json["replacement"].is_text() ? json["replacement"].text() : std::string(kSpaceSign), where,
                          SplitBehaviour::kWithNext, false, json["split"].boolean(true)});
  } else if (type == "Split") {
    ZKI_ASSIGN_OR_RETURN(const PatternText pattern, read_pattern(json["pattern"]));
    const auto behaviour = behaviour_of(json["behavior"], SplitBehaviour::kIsolated);
    if (!behaviour) return unknown_step("behavior of a pre-tokenizer", json["behavior"]);
    add(pattern.is_expression ? SplitKind::kPattern : SplitKind::kText, pattern.text, *behaviour,
        json["invert"].boolean(false));
  } else if (type == "BertPreTokenizer") {
    add_bert_words(spec);
  } else if (type == "Whitespace") {
    add(SplitKind::kPattern, R"(\w+|[^\w\s]+)", SplitBehaviour::kRemoved, true);
  } else if (type == "WhitespaceSplit") {
    add(SplitKind::kPattern, R"(\s)", SplitBehaviour::kRemoved);
  } else if (type == "Punctuation") {
    const auto behaviour = behaviour_of(json["behavior"], SplitBehaviour::kIsolated);
    if (!behaviour) return unknown_step("behavior of a pre-tokenizer", json["behavior"]);
    add(SplitKind::kPattern, kPunctuation, *behaviour);
  } else if (type == "Digits") {
    add(SplitKind::kPattern, R"(\p{N})",
        json["individual_digits"].boolean(false) ? SplitBehaviour::kIsolated : SplitBehaviour::kContiguous);
  } else if (type == "CharDelimiterSplit") {
    add(SplitKind::kText, json["delimiter"].text(), SplitBehaviour::kRemoved);
  } else {
    return unknown_step("pre-tokenizer", json);
  }
  return ok_status();
}

Status decode_step(const Json& json, TokenizerSpec& spec) {
  const std::string& type = json["type"].text();
  DecodeRule& rule = spec.decode;
  if (type == "ByteLevel") {
    rule.byte_level = true;
  } else if (type == "ByteFallback") {
    rule.byte_pieces = true;
  } else if (type == "Metaspace") {
    rule.replace.emplace_back(json["replacement"].is_text() ? json["replacement"].text() : std::string(kSpaceSign),
                              " ");
    const std::string& where = json["prepend_scheme"].text();
    rule.strip_first_space = where.empty() ? json["add_prefix_space"].boolean(true) : where != "never";
  } else if (type == "WordPiece") {
    rule.spaces_between = true;
    rule.joined_prefix = json["prefix"].is_text() ? json["prefix"].text() : "##";
    rule.clean_up = json["cleanup"].boolean(true);
  } else if (type == "Replace") {
    ZKI_ASSIGN_OR_RETURN(const PatternText pattern, read_pattern(json["pattern"]));
    if (pattern.is_expression) return unknown_step("decoder with an expression", json);
    rule.replace.emplace_back(pattern.text, json["content"].text());
  } else if (type == "Strip") {
    if (json["content"].text() != " " || json["start"].integer().value_or(0) > 1 ||
        json["stop"].integer().value_or(0) != 0)
      return unsupported("tokenizer.json: the decoder 'Strip' of something else than one space at the start");
    rule.strip_first_space = json["start"].integer().value_or(0) == 1;
  } else if (type != "Fuse") {
    return unknown_step("decoder", json);
  }
  return ok_status();
}

Result<std::vector<int>> token_list(const Json& json) {
  const auto numbers = json.integers();
  std::vector<int> tokens;
  if (!numbers) return corrupt("tokenizer.json: tokens are " + json.shown());
  for (const std::int64_t x : *numbers) {
    if (x < 0 || x >= static_cast<std::int64_t>(kMaxPieces))
      return corrupt("tokenizer.json: token " + std::to_string(x));
    tokens.push_back(static_cast<int>(x));
  }
  return tokens;
}

Status template_step(const Json& json, TokenizerSpec& spec) {
  std::vector<int> before, behind;
  bool seen_text = false;
  for (const Json& part : json["single"].items()) {
    if (!part["Sequence"].is_null()) {
      if (seen_text) return unsupported("tokenizer.json: a template that has the text twice");
      seen_text = true;
      continue;
    }
    const std::string& name = part["SpecialToken"]["id"].text();
    ZKI_ASSIGN_OR_RETURN(const std::vector<int> tokens, token_list(json["special_tokens"][name]["ids"]));
    auto& list = seen_text ? behind : before;
    list.insert(list.end(), tokens.begin(), tokens.end());
  }
  if (!seen_text) return unsupported("tokenizer.json: a template without the text");
  spec.before.insert(spec.before.begin(), before.begin(), before.end());
  spec.behind.insert(spec.behind.end(), behind.begin(), behind.end());
  return ok_status();
}

Status process_step(const Json& json, TokenizerSpec& spec) {
  const std::string& type = json["type"].text();
  if (type == "TemplateProcessing") return template_step(json, spec);
  if (type == "BertProcessing" || type == "RobertaProcessing") {
    for (const bool is_end : {false, true}) {
      const auto token = json[is_end ? "sep" : "cls"].at(1).integer();
      if (!token || *token < 0 || *token >= static_cast<std::int64_t>(kMaxPieces))
        return corrupt("tokenizer.json: " + in_quotes(type) + " without its tokens");
      (is_end ? spec.behind : spec.before).push_back(static_cast<int>(*token));
    }
    return ok_status();
  }
  // What ByteLevel does here is about places in the text.
  return type == "ByteLevel" ? ok_status() : unknown_step("post-processor", json);
}

}  // namespace

Status read_normalizer(const Json& json, TokenizerSpec& spec) {
  return each_step(json, "normalizers", [&](const Json& step) -> Status {
    if (spec.byte_level) return unsupported("tokenizer.json: a normalizer behind ByteLevel");
    return normalize_step(step, spec);
  });
}

Status read_pre_tokenizer(const Json& json, TokenizerSpec& spec) {
  // ByteLevel as a normalizer: expressions would see the alphabet of bytes, not the text.
  if (spec.byte_level && !json.is_null())
    return unsupported("tokenizer.json: a pre-tokenizer behind the normalizer ByteLevel");
  return each_step(json, "pretokenizers", [&](const Json& step) { return split_step(step, spec); });
}

Status read_decoder(const Json& json, TokenizerSpec& spec) {
  if (json.is_null()) spec.decode.spaces_between = true;
  return each_step(json, "decoders", [&](const Json& step) { return decode_step(step, spec); });
}

Status read_post_processor(const Json& json, TokenizerSpec& spec) {
  return each_step(json, "processors", [&](const Json& step) { return process_step(step, spec); });
}

}  // namespace zkinfer
