// SPDX-License-Identifier: Apache-2.0
#include "tokenizer/read_huggingface.h"

#include <algorithm>

#include "base/text.h"
#include "tokenizer/index.h"
#include "tokenizer/normalizer.h"
#include "tokenizer/parts.h"
#include "tokenizer/read.h"
#include "tokenizer/vocabulary.h"

namespace zkinfer {

namespace {

// The largest published vocabularies have 2^18 pieces and 2^19 merges: 2^21 values.
constexpr std::size_t kMostValues = std::size_t{1} << 22;
constexpr std::size_t kMostHoles = 4096;  // numbers of tokens that no piece has
constexpr std::size_t kMostConfigBytes = std::size_t{1} << 24;

Status misses(const char* what, const Json& json) {
  return corrupt("tokenizer.json: " + std::string(what) + " is " + json.shown());
}

bool has_text(const Json& json) { return json.is_text() && !json.text().empty(); }

class Reader {
 public:
  explicit Reader(const Json& json) : json_(json), model_(json["model"]) {}

  Result<TokenizerSpec> read() {
    spec_.format = kHuggingFaceFormat;
    ZKI_RETURN_IF_ERROR(read_normalizer(json_["normalizer"], spec_));
    ZKI_RETURN_IF_ERROR(read_pre_tokenizer(json_["pre_tokenizer"], spec_));
    ZKI_RETURN_IF_ERROR(read_decoder(json_["decoder"], spec_));
    ZKI_RETURN_IF_ERROR(read_post_processor(json_["post_processor"], spec_));
    ZKI_RETURN_IF_ERROR(read_model());
    ZKI_RETURN_IF_ERROR(read_added());
    name_ends();
    return std::move(spec_);
  }

 private:
  std::string model_type() const {
    if (has_text(model_["type"])) return model_["type"].text();
    if (model_["vocab"].is_list()) return "Unigram";
    return model_.has("merges") ? "BPE" : "WordPiece";
  }

  Status read_model() {
    const std::string type = model_type();
    if (type == "BPE") return read_bpe();
    if (type == "Unigram") return read_unigram();
    if (type == "WordPiece") return read_word_piece();
    return unsupported("tokenizer.json: the model " + in_quotes(type) + "; BPE, Unigram and WordPiece are read");
  }

  // {"piece": token, ..}, in any order.
  Status read_vocabulary() {
    const Json& vocabulary = model_["vocab"];
    if (!vocabulary.is_object()) return misses("the vocabulary", vocabulary);
    const std::size_t most = std::min(vocabulary.members().size() + kMostHoles, kMaxPieces);
    std::vector<bool> is_taken;
    for (const auto& [text, number] : vocabulary.members()) {
      const auto token = number.integer();
      if (!token || *token < 0 || *token >= static_cast<std::int64_t>(most))
        return corrupt("tokenizer.json: the piece " + in_quotes(text) + " is token " + number.shown() +
                       "; expected 0 to " + std::to_string(most - 1));
      const auto i = static_cast<std::size_t>(*token);
      if (i >= is_taken.size()) {
        is_taken.resize(i + 1, false);
        spec_.pieces.resize(i + 1, {"", 0, PieceType::kAdded});
      }
      if (is_taken[i])
        return corrupt("tokenizer.json: " + in_quotes(text) + " and " + in_quotes(spec_.pieces[i].text) +
                       " are both token " + std::to_string(i));
      is_taken[i] = true;
      spec_.pieces[i] = {text, 0, PieceType::kNormal};
    }
    return ok_status();
  }

  // Of the finished vocabulary.
  void index_pieces() {
    std::vector<ExactIndex::Entry> entries;
    for (std::size_t i = 0; i < spec_.pieces.size(); ++i)
      if (spec_.pieces[i].type != PieceType::kAdded) entries.emplace_back(spec_.pieces[i].text, static_cast<int>(i));
    index_ = ExactIndex(entries);
  }

  Status read_unknown_piece() {
    const Json& name = model_["unk_token"];
    if (name.is_null()) return ok_status();
    const int token = name.is_text() ? index_.find(name.text()) : -1;
    if (token < 0) return misses("unk_token, which the vocabulary has to hold,", name);
    spec_.unknown = token;
    return ok_status();
  }

  void mark_bytes() {
    if (!spec_.byte_fallback && !spec_.decode.byte_pieces) return;
    for (Piece& piece : spec_.pieces)
      if (byte_of_piece(piece.text) >= 0) piece.type = PieceType::kByte;
  }

  Status read_bpe() {
    spec_.kind = ModelKind::kMerges;
    for (const char* name : {"continuing_subword_prefix", "end_of_word_suffix"})
      if (has_text(model_[name]))
        return unsupported("tokenizer.json: BPE with " + std::string(name) + " " + in_quotes(model_[name].text()));
    if (model_["dropout"].number() != 0)
      return unsupported("tokenizer.json: BPE with dropout, which makes tokens random");
    spec_.byte_fallback = model_["byte_fallback"].boolean(false);
    spec_.fuse_unknown = model_["fuse_unk"].boolean(false);
    spec_.whole_words_first = model_["ignore_merges"].boolean(false);
    ZKI_RETURN_IF_ERROR(read_vocabulary());
    index_pieces();
    ZKI_RETURN_IF_ERROR(read_unknown_piece());
    const Json& merges = model_["merges"];
    if (!merges.is_list()) return misses("the list of merges", merges);
    spec_.merges.reserve(merges.size());
    for (std::size_t i = 0; i < merges.size(); ++i) {
      const Json& from = merges.at(i);
      const auto [left, right] = from.is_list() && from.size() == 2 ? std::pair<std::string_view, std::string_view>(
                                                                          from.at(0).text(), from.at(1).text())
                                                                    : parts_of_merge(from.text());
      Merge merge;
      if (!find_merge(index_, left, right, merge))
        return corrupt("tokenizer.json: merge " + std::to_string(i) + " is " + from.shown() +
                       "; expected two pieces whose joined text is one");
      spec_.merges.push_back(merge);
    }
    mark_bytes();
    return ok_status();
  }

  Status read_unigram() {
    spec_.kind = ModelKind::kUnigram;
    spec_.fuse_unknown = true;
    spec_.byte_fallback = model_["byte_fallback"].boolean(false);
    const Json& vocabulary = model_["vocab"];
    if (!vocabulary.is_list()) return misses("the vocabulary", vocabulary);
    if (vocabulary.size() > kMaxPieces) return resource_limit("tokenizer.json: too many pieces");
    for (std::size_t i = 0; i < vocabulary.size(); ++i) {
      const Json& row = vocabulary.at(i);
      if (row.size() != 2 || !row.at(0).is_text() || !row.at(1).is_number())
        return corrupt("tokenizer.json: piece " + std::to_string(i) + " is " + row.shown() +
                       "; expected a text and a number");
      spec_.pieces.push_back({row.at(0).text(), static_cast<float>(row.at(1).number()), PieceType::kNormal});
    }
    if (const Json& unknown = model_["unk_id"]; !unknown.is_null()) {
      const auto token = unknown.integer();
      if (!token || *token < 0 || *token >= static_cast<std::int64_t>(spec_.pieces.size()))
        return misses("unk_id", unknown);
      spec_.unknown = static_cast<int>(*token);
    }
    mark_bytes();
    return ok_status();
  }

  Status read_word_piece() {
    spec_.kind = ModelKind::kWordPiece;
    ZKI_RETURN_IF_ERROR(read_vocabulary());
    index_pieces();
    ZKI_RETURN_IF_ERROR(read_unknown_piece());
    const Json& prefix = model_["continuing_subword_prefix"];
    spec_.inner_prefix = prefix.is_text() ? prefix.text() : "##";
    const auto most = model_["max_input_chars_per_word"].integer();
    spec_.max_word_characters = static_cast<int>(std::clamp<std::int64_t>(most.value_or(100), 0, 1 << 20));
    return ok_status();
  }

  Status read_added() {
    const Json& list = json_["added_tokens"];
    if (list.size() > kMaxPieces) return resource_limit("tokenizer.json: too many added tokens");
    std::optional<Normalizer> normalizer;
    const PrefixIndex none;
    const std::size_t most = std::min(spec_.pieces.size() + list.size() + kMostHoles, kMaxPieces);
    for (std::size_t i = 0; i < list.size(); ++i) {
      const Json& from = list.at(i);
      const auto id = from["id"].integer();
      if (!id || *id < 0 || *id >= static_cast<std::int64_t>(most) || !has_text(from["content"]))
        return corrupt("tokenizer.json: added token " + std::to_string(i) + " is " + from["content"].shown() +
                       " with the number " + from["id"].shown());
      AddedToken added;
      added.id = static_cast<int>(*id);
      added.text = from["content"].text();
      added.whole_word = from["single_word"].boolean();
      added.takes_left_space = from["lstrip"].boolean();
      added.takes_right_space = from["rstrip"].boolean();
      added.special = from["special"].boolean();
      added.normalized = from["normalized"].boolean(!added.special);
      if (static_cast<std::size_t>(added.id) >= spec_.pieces.size())
        spec_.pieces.resize(static_cast<std::size_t>(added.id) + 1, {"", 0, PieceType::kAdded});
      Piece& piece = spec_.pieces[static_cast<std::size_t>(added.id)];
      // The unknown piece stays what it is: unknown text becomes it.
      const bool is_unknown = spec_.unknown && *spec_.unknown == added.id;
      // What is looked for in normalized text is normalized itself.
      if (added.normalized && !spec_.normalize.empty()) {
        if (!normalizer) {
          ZKI_ASSIGN_OR_RETURN(normalizer, Normalizer::make(spec_.normalize, none));
        }
        ZKI_ASSIGN_OR_RETURN(added.text, normalizer->apply(added.text));
      }
      if (piece.text.empty()) piece.text = added.text;
      if (added.special && !is_unknown && piece.type != PieceType::kByte) piece.type = PieceType::kControl;
      if (!added.text.empty()) spec_.added.push_back(std::move(added));
    }
    return ok_status();
  }

  void name_ends() {
    for (const AddedToken& added : spec_.added) {
      const std::string& text = spec_.pieces[static_cast<std::size_t>(added.id)].text;
      if (added.special && is_end_by_name(text)) spec_.end_tokens.push_back(added.id);
    }
    if (!spec_.end_tokens.empty()) spec_.end = spec_.end_tokens.front();
    if (!spec_.before.empty()) spec_.begin = spec_.before.front();
    // Encoders: what is behind a text ends it.
    if (spec_.end_tokens.empty() && !spec_.behind.empty()) {
      spec_.end = spec_.behind.back();
      spec_.end_tokens = {*spec_.end};
    }
  }

  const Json& json_;
  const Json& model_;
  TokenizerSpec spec_;
  ExactIndex index_;
};

// "<s>", or an object with that as its content.
std::optional<int> named_token(const Json& json, const TokenizerSpec& spec) {
  const std::string& text = json.is_text() ? json.text() : json["content"].text();
  if (text.empty()) return std::nullopt;
  const auto at =
      std::find_if(spec.pieces.begin(), spec.pieces.end(), [&](const Piece& piece) { return piece.text == text; });
  if (at == spec.pieces.end()) return std::nullopt;
  return static_cast<int>(at - spec.pieces.begin());
}

}  // namespace

Result<TokenizerSpec> read_huggingface(ByteView bytes) {
  const Result<Json> json = Json::parse(bytes, {.most_values = kMostValues});
  if (!json.ok()) return json.status().with_context("tokenizer.json");
  if (!(*json)["model"].is_object())
    return corrupt("tokenizer.json: no object \"model\"; is it another file of the model's folder?");
  return Reader(*json).read();
}

Status read_huggingface_config(ByteView bytes, TokenizerSpec& spec) {
  if (bytes.size() > kMostConfigBytes) return resource_limit("it has more than 16 MiB");
  ZKI_ASSIGN_OR_RETURN(const Json json, Json::parse(bytes, {.most_values = kMostValues}));
  const auto size = static_cast<std::int64_t>(spec.pieces.size());
  const auto numbers = [&](const Json& from) {
    std::vector<int> tokens;
    std::vector<std::int64_t> list = from.integers().value_or(std::vector<std::int64_t>());
    if (const auto one = from.integer()) list = {*one};
    for (const std::int64_t x : list)
      if (x >= 0 && x < size) tokens.push_back(static_cast<int>(x));
    return tokens;
  };
  const auto add_end = [&](int token) {
    auto& list = spec.end_tokens;
    if (std::find(list.begin(), list.end(), token) == list.end()) list.push_back(token);
    spec.end = token;
  };
  if (const auto token = named_token(json["bos_token"], spec)) spec.begin = token;
  if (const auto token = named_token(json["eos_token"], spec)) add_end(*token);
  for (const int token : numbers(json["eos_token_id"])) add_end(token);
  const std::vector<int> begin = numbers(json["bos_token_id"]);
  if (!begin.empty()) spec.begin = begin.front();
  return ok_status();
}

}  // namespace zkinfer
