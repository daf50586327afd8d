// SPDX-License-Identifier: Apache-2.0
#include "tokenizer/read_gguf.h"

#include <algorithm>
#include <array>
#include <cmath>

#include "base/text.h"
#include "tokenizer/parts.h"

namespace zkinfer {

namespace {

using frontend_language::Gguf;

constexpr std::string_view kLlama3Words =
    R"((?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\r\n\p{L}\p{N}]?\p{L}+|\p{N}{1,3}| ?[^\s\p{L}\p{N}]+[\r\n]*|\s*[\r\n]+|\s+(?!\S)|\s+)";
constexpr std::string_view kQwen2Words =
    R"((?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\r\n\p{L}\p{N}]?\p{L}+|\p{N}| ?[^\s\p{L}\p{N}]+[\r\n]*|\s*[\r\n]+|\s+(?!\S)|\s+)";
constexpr std::string_view kGpt4oWords =
    R"([^\r\n\p{L}\p{N}]?[\p{Lu}\p{Lt}\p{Lm}\p{Lo}\p{M}]*[\p{Ll}\p{Lm}\p{Lo}\p{M}]+(?i:'s|'t|'re|'ve|'m|'ll|'d)?|)"
    R"([^\r\n\p{L}\p{N}]?[\p{Lu}\p{Lt}\p{Lm}\p{Lo}\p{M}]+[\p{Ll}\p{Lm}\p{Lo}\p{M}]*(?i:'s|'t|'re|'ve|'m|'ll|'d)?|)"
    R"(\p{N}{1,3}| ?[^\s\p{L}\p{N}]+[\r\n/]*|\s*[\r\n]+|\s+(?!\S)|\s+)";

// One row per name that converters give to the words of a family. First digits alone, then the expression.
struct WordsRow {
  std::string_view name;
  std::string_view words;
  bool digits_alone = false;
  bool whole_words_first = false;
  bool begins = false;    // with the beginning token unless the file says otherwise
  bool composed = false;  // Qwen's own files normalize to NFC, which llama.cpp does not: the model was trained on it
};
constexpr WordsRow kWords[] = {
    {"gpt-2", kGpt2Words},
    {"gpt2", kGpt2Words},
    {"phi-2", kGpt2Words},
    {"olmo", kGpt2Words},
    {"dbrx", kLlama3Words},
    {"llama-bpe", kLlama3Words, false, true, true},
    {"llama3", kLlama3Words, false, true, true},
    {"llama-v3", kLlama3Words, false, true, true},
    {"smaug-bpe", kLlama3Words},
    {"qwen2", kQwen2Words, false, false, false, true},
    {"deepseek-r1-qwen", kQwen2Words, false, false, false, true},
    {"stablelm2", kQwen2Words},
    {"gpt-4o", kGpt4oWords},
    {"smollm", kGpt2Words, true},
    {"starcoder", kGpt2Words, true},
    {"refact", kGpt2Words, true},
    {"command-r", kGpt2Words, true},
    {"codeshell", kGpt2Words, true},
};

std::string key_of(std::string_view name) { return "tokenizer.ggml." + std::string(name); }

class Reader {
 public:
  explicit Reader(const Gguf& file) : file_(file) {}

  Result<TokenizerSpec> read() {
    const std::string model = file_.text(key_of("model"));
    if (model.empty()) return unsupported("GGUF: the file holds no tokenizer (tokenizer.ggml.model)");
    spec_.format = "GGUF tokenizer";
    ZKI_RETURN_IF_ERROR(read_pieces());
    if (model == "llama") {
      ZKI_RETURN_IF_ERROR(read_llama());
    } else if (model == "gpt2") {
      ZKI_RETURN_IF_ERROR(read_gpt2());
    } else if (model == "bert") {
      ZKI_RETURN_IF_ERROR(read_bert());
    } else if (model == "t5") {
      ZKI_RETURN_IF_ERROR(read_t5());
    } else {
      return unsupported("GGUF: the tokenizer model " + in_quotes(model) + "; llama, gpt2, bert and t5 are read");
    }
    add_special();
    name_ends();
    return std::move(spec_);
  }

 private:
  Status read_pieces() {
    ZKI_ASSIGN_OR_RETURN(std::vector<std::string> texts, file_.texts(key_of("tokens"), kMaxPieces, kMaxPieceBytes));
    ZKI_ASSIGN_OR_RETURN(const std::vector<double> scores, file_.numbers(key_of("scores"), kMaxPieces));
    ZKI_ASSIGN_OR_RETURN(const std::vector<double> types, file_.numbers(key_of("token_type"), kMaxPieces));
    for (const auto& [name, count] : {std::pair("scores", scores.size()), std::pair("token_type", types.size())})
      if (count != 0 && count != texts.size())
        return corrupt("GGUF: " + std::to_string(texts.size()) + " tokens, but " + std::to_string(count) +
                       " values of tokenizer.ggml." + name);
    has_scores_ = !scores.empty();
    for (std::size_t i = 0; i < texts.size(); ++i) {
      Piece piece;
      piece.text = std::move(texts[i]);
      if (has_scores_) piece.score = static_cast<float>(scores[i]);
      if (!types.empty()) {
        if (types[i] != std::floor(types[i]) || types[i] < 0 || types[i] > 6)
          return corrupt("GGUF: token " + std::to_string(i) + " is of a type that is none of 0 to 6");
        // 0 says nothing.
        piece.type = types[i] == 0 ? PieceType::kNormal : static_cast<PieceType>(static_cast<int>(types[i]));
      }
      spec_.pieces.push_back(std::move(piece));
    }
    return ok_status();
  }

  // A token that the metadata names, or the model's default where there is no such entry.
  std::optional<int> token(std::string_view name, std::optional<int> fallback = std::nullopt) const {
    const std::optional<std::int64_t> id = file_.integer(key_of(name));
    if (id && *id >= 0 && *id < static_cast<std::int64_t>(spec_.pieces.size())) return static_cast<int>(*id);
    if (id || !fallback || static_cast<std::size_t>(*fallback) >= spec_.pieces.size()) return std::nullopt;
    return fallback;
  }

  void put_around(bool begins, bool ends) {
    if (file_.flag(key_of("add_bos_token"), begins) && spec_.begin) spec_.before = {*spec_.begin};
    if (file_.flag(key_of("add_eos_token"), ends) && spec_.end) spec_.behind = {*spec_.end};
  }

  Status read_llama() {
    if (!has_scores_) return corrupt("GGUF: a tokenizer 'llama' without tokenizer.ggml.scores");
    spec_.kind = ModelKind::kScores;
    spec_.byte_fallback = true;
    spec_.unknown = token("unknown_token_id", 0);
    spec_.begin = token("bos_token_id", 1);
    spec_.end = token("eos_token_id", 2);
    put_around(true, false);
    SpaceRules rules;
    rules.dummy_prefix = file_.flag(key_of("add_space_prefix"), true);
    rules.squeeze = file_.flag(key_of("remove_extra_whitespaces"), false);
    add_space_steps(rules, spec_);
    spec_.decode.byte_pieces = true;
    return ok_status();
  }

  Status read_t5() {
    if (!has_scores_) return corrupt("GGUF: a tokenizer 't5' without tokenizer.ggml.scores");
    spec_.kind = ModelKind::kUnigram;
    spec_.fuse_unknown = true;
    spec_.unknown = token("unknown_token_id", 2);
    spec_.begin = token("bos_token_id");
    spec_.end = token("eos_token_id", 1);
    put_around(false, true);
    SpaceRules rules;
    rules.dummy_prefix = file_.flag(key_of("add_space_prefix"), true);
    rules.squeeze = file_.flag(key_of("remove_extra_whitespaces"), false);
    constexpr std::uint64_t kLargestMap = std::uint64_t{1} << 24;
    ZKI_ASSIGN_OR_RETURN(const std::vector<double> map, file_.numbers(key_of("precompiled_charsmap"), kLargestMap));
    for (const double byte : map)
      rules.character_map += static_cast<char>(static_cast<int>(std::clamp(byte, -128.0, 255.0)));
    add_space_steps(rules, spec_);
    return ok_status();
  }

  Status read_gpt2() {
    const std::string name = file_.text(key_of("pre"));
    const auto row =
        std::find_if(std::begin(kWords), std::end(kWords), [&](const WordsRow& r) { return r.name == name; });
    if (row == std::end(kWords))
      return unsupported("GGUF: how words are cut is named " + in_quotes(name) +
                         " (tokenizer.ggml.pre), which is not known; give the model's own tokenizer.json");
    spec_.kind = ModelKind::kMerges;
    spec_.byte_level = true;
    spec_.decode.byte_level = true;
    spec_.whole_words_first = row->whole_words_first;
    if (row->composed) spec_.normalize.push_back({NormalizeKind::kNfc, "", "", false, false});
    if (row->digits_alone)
      spec_.split.push_back({SplitKind::kPattern, R"(\p{N})", "", SplitBehaviour::kIsolated, false, false});
    if (file_.flag(key_of("add_space_prefix"), false))
      spec_.split.push_back({SplitKind::kPrefixSpace, " ", "", SplitBehaviour::kIsolated, false, false});
    spec_.split.push_back({SplitKind::kPattern, std::string(row->words), "", SplitBehaviour::kIsolated, false, false});
    spec_.unknown = token("unknown_token_id");
    spec_.begin = token("bos_token_id");
    spec_.end = token("eos_token_id");
    put_around(row->begins, false);
    std::vector<ExactIndex::Entry> entries;
    for (std::size_t i = 0; i < spec_.pieces.size(); ++i)
      entries.emplace_back(spec_.pieces[i].text, static_cast<int>(i));
    const ExactIndex index(entries);
    ZKI_ASSIGN_OR_RETURN(const std::vector<std::string> merges,
                         file_.texts(key_of("merges"), kMaxMerges, 2 * kMaxPieceBytes));
    for (std::size_t i = 0; i < merges.size(); ++i) {
      const auto [left, right] = parts_of_merge(merges[i]);
      Merge merge;
      if (!find_merge(index, left, right, merge))
        return corrupt("GGUF: merge " + std::to_string(i) + " is " + in_quotes(merges[i]) +
                       "; expected two tokens whose joined text is one");
      spec_.merges.push_back(merge);
    }
    return ok_status();
  }

  // Converters put a sign before pieces that begin a word and take "##" from the others.
  Status read_bert() {
    spec_.kind = ModelKind::kWordPiece;
    spec_.inner_prefix = "##";
    spec_.max_word_characters = 100;
    for (Piece& piece : spec_.pieces) {
      if (piece.type != PieceType::kNormal) continue;
      piece.text =
          piece.text.starts_with(kSpaceSign) ? piece.text.substr(kSpaceSign.size()) : spec_.inner_prefix + piece.text;
    }
    add_bert_normalizer(true, true, true, true, spec_);
    add_bert_words(spec_);
    spec_.decode.spaces_between = true;
    spec_.decode.joined_prefix = spec_.inner_prefix;
    spec_.decode.clean_up = true;
    spec_.unknown = token("unknown_token_id", 100);
    spec_.begin = token("cls_token_id", token("bos_token_id", 101));
    spec_.end = token("seperator_token_id", token("separator_token_id", token("eos_token_id", 102)));
    put_around(true, true);
    return ok_status();
  }

  // As llama.cpp reads them in a text: control pieces where special tokens are read, pieces of users always.
  void add_special() {
    for (std::size_t i = 0; i < spec_.pieces.size(); ++i) {
      const Piece& piece = spec_.pieces[i];
      if (piece.text.empty() || (piece.type != PieceType::kControl && piece.type != PieceType::kUserDefined)) continue;
      AddedToken added;
      added.id = static_cast<int>(i);
      added.text = piece.text;
      added.special = piece.type == PieceType::kControl;
      spec_.added.push_back(std::move(added));
    }
  }

  void name_ends() {
    const auto add = [&](std::optional<int> token) {
      auto& list = spec_.end_tokens;
      if (token && std::find(list.begin(), list.end(), *token) == list.end()) list.push_back(*token);
    };
    add(spec_.end);
    for (const char* name : {"eot_token_id", "eom_token_id"}) add(token(name));
    for (std::size_t i = 0; i < spec_.pieces.size(); ++i)
      if (spec_.pieces[i].type == PieceType::kControl && is_end_by_name(spec_.pieces[i].text)) add(static_cast<int>(i));
  }

  const Gguf& file_;
  TokenizerSpec spec_;
  bool has_scores_ = false;
};

}  // namespace

Result<TokenizerSpec> read_gguf_tokenizer(const Gguf& file) { return Reader(file).read(); }

}  // namespace zkinfer
