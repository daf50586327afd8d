// SPDX-License-Identifier: Apache-2.0
#include "tokenizer/tokenizer.h"

#include <cmath>
#include <filesystem>

#include "base/files.h"
#include "base/text.h"
#include "hash/sha256.h"
#include "tokenizer/added_tokens.h"
#include "tokenizer/normalizer.h"
#include "tokenizer/read.h"
#include "tokenizer/read_gguf.h"
#include "tokenizer/splitter.h"
#include "tokenizer/vocabulary.h"

namespace zkinfer {

namespace {

constexpr std::size_t kMaxVocabularyBytes = std::size_t{1} << 28;
constexpr std::size_t kMaxEnds = 64;
constexpr int kMaxWordCharacters = 1 << 20;

std::string place_of(std::string_view what, std::size_t index) {
  return std::string(what) + " " + std::to_string(index);
}

Status check_pieces(const TokenizerSpec& spec) {
  if (spec.pieces.empty()) return corrupt("the vocabulary is empty");
  if (spec.pieces.size() > kMaxPieces)
    return resource_limit("the vocabulary has " + std::to_string(spec.pieces.size()) + " pieces; at most " +
                          std::to_string(kMaxPieces) + " are read");
  std::size_t total = 0;
  for (std::size_t i = 0; i < spec.pieces.size(); ++i) {
    const Piece& piece = spec.pieces[i];
    total += piece.text.size();
    if (piece.text.size() > kMaxPieceBytes)
      return resource_limit(place_of("piece", i) + " has " + std::to_string(piece.text.size()) + " bytes; at most " +
                            std::to_string(kMaxPieceBytes) + " are read");
    if (!std::isfinite(piece.score)) return corrupt(place_of("piece", i) + " has a score that is no number");
  }
  if (total > kMaxVocabularyBytes)
    return resource_limit("the vocabulary's pieces have " + std::to_string(total) + " bytes; at most " +
                          std::to_string(kMaxVocabularyBytes) + " are read");
  return ok_status();
}

Status check(const TokenizerSpec& spec) {
  ZKI_RETURN_IF_ERROR(check_pieces(spec));
  const auto is_token = [&](int token) { return token >= 0 && static_cast<std::size_t>(token) < spec.pieces.size(); };
  const auto no_token = [&](const std::string& what, int token) {
    return corrupt(what + " is token " + std::to_string(token) + ", but there are " +
                   std::to_string(spec.pieces.size()));
  };
  if (spec.merges.size() > kMaxMerges || spec.added.size() > kMaxPieces)
    return resource_limit("the tokenizer has " + std::to_string(spec.merges.size()) + " merges and " +
                          std::to_string(spec.added.size()) + " added tokens; at most " + std::to_string(kMaxMerges) +
                          " and " + std::to_string(kMaxPieces) + " are read");
  for (std::size_t i = 0; i < spec.merges.size(); ++i)
    for (const int token : {spec.merges[i].left, spec.merges[i].right, spec.merges[i].result})
      if (!is_token(token)) return no_token(place_of("a part of merge", i), token);
  for (std::size_t i = 0; i < spec.added.size(); ++i) {
    const AddedToken& added = spec.added[i];
    if (!is_token(added.id)) return no_token(place_of("added token", i), added.id);
    if (added.text.empty() || added.text.size() > kMaxPieceBytes || valid_utf8_bytes(added.text) != added.text.size())
      return corrupt(place_of("added token", i) + " is " + in_quotes(added.text) + "; expected 1 to " +
                     std::to_string(kMaxPieceBytes) + " bytes of UTF-8");
  }
  for (const auto& [name, token] : {std::pair("the unknown piece", spec.unknown),
                                    std::pair("the beginning", spec.begin), std::pair("the end", spec.end)})
    if (token && !is_token(*token)) return no_token(name, *token);
  for (const auto* list : {&spec.end_tokens, &spec.before, &spec.behind}) {
    if (list->size() > kMaxEnds)
      return resource_limit("the tokenizer puts more than " + std::to_string(kMaxEnds) + " tokens around a text");
    for (const int token : *list)
      if (!is_token(token)) return no_token("a token around texts", token);
  }
  if (spec.normalize.size() > kMaxSteps || spec.split.size() > kMaxSteps || spec.decode.replace.size() > kMaxSteps)
    return resource_limit("the tokenizer has more than " + std::to_string(kMaxSteps) + " steps");
  if (spec.max_word_characters < 0 || spec.max_word_characters > kMaxWordCharacters)
    return corrupt("words of up to " + std::to_string(spec.max_word_characters) + " characters; expected 0 to " +
                   std::to_string(kMaxWordCharacters));
  for (const auto& [from, to] : spec.decode.replace)
    if (from.empty()) return corrupt("a step of decoding replaces an empty text");
  return ok_status();
}

// False, and the text as it was, where it would grow beyond `most` bytes.
bool replace_all(std::string& text, std::string_view from, std::string_view to, std::size_t most) {
  std::string out;
  std::size_t at = 0;
  for (std::size_t next = text.find(from); next != std::string::npos; next = text.find(from, at)) {
    out.append(text, at, next - at);
    out += to;
    at = next + from.size();
    if (out.size() > most) return false;
  }
  out.append(text, at);
  text = std::move(out);
  return true;
}

// As the decoder of Hugging Face's WordPiece does for each piece, with the space before it.
void clean_up(std::string& text) {
  constexpr std::pair<std::string_view, std::string_view> kRows[] = {
      {" .", "."},   {" ?", "?"},           {" !", "!"},   {" ,", ","},     {" ' ", "'"},   {" n't", "n't"},
      {" 'm", "'m"}, {" do not", " don't"}, {" 's", "'s"}, {" 've", "'ve"}, {" 're", "'re"}};
  for (const auto& [from, to] : kRows)
    replace_all(text, from, to, text.size());  // none is longer than what it replaces
}

// What a piece is in a text; with spaces between pieces without what depends on its place.
Result<std::string> text_of_piece(const TokenizerSpec& spec, const Piece& piece) {
  constexpr std::size_t kMostBytes = std::size_t{1} << 16;
  const std::size_t most = std::max(kMostBytes, 2 * piece.text.size());
  std::string out;
  if (piece.type == PieceType::kUnknown && !spec.decode.unknown_text.empty()) return spec.decode.unknown_text;
  if (spec.decode.byte_pieces && piece.type == PieceType::kByte && byte_of_piece(piece.text) >= 0)
    return std::string(1, static_cast<char>(byte_of_piece(piece.text)));
  if (!spec.decode.byte_level || !from_byte_alphabet(piece.text, out)) out = piece.text;
  for (const auto& [from, to] : spec.decode.replace) {
    if (!replace_all(out, from, to, most))
      return resource_limit("its steps of decoding make more than " + std::to_string(most) + " bytes of one piece");
  }
  return out;
}

// What lies beside a tokenizer.json: the later ones know better which tokens end an answer.
Status read_configs(const std::filesystem::path& folder, TokenizerSpec& spec) {
  constexpr std::uint64_t kMaxBytes = std::uint64_t{1} << 24;
  std::error_code error;
  for (const char* name : {"tokenizer_config.json", "config.json", "generation_config.json"}) {
    const std::string path = (folder / name).string();
    if (!std::filesystem::is_regular_file(path, error)) continue;
    ZKI_ASSIGN_OR_RETURN(const Bytes bytes, read_regular_file(path, kMaxBytes));
    if (const Status status = read_huggingface_config(bytes, spec); !status.ok())
      return status.with_context(in_quotes(path) + " beside the tokenizer");
  }
  return ok_status();
}

// Of a GGUF file, which may be larger than the memory, only the metadata; of others all.
Result<TokenizerSpec> read_spec(const std::string& path) {
  ZKI_ASSIGN_OR_RETURN(const auto source, frontend_language::Source::open(path));
  constexpr std::uint64_t kHead = frontend_language::kGgufMagic.size();
  if (source->size() >= kHead) {
    ZKI_ASSIGN_OR_RETURN(const Bytes head, source->read(0, kHead));
    if (std::equal(head.begin(), head.end(), frontend_language::kGgufMagic.begin())) {
      Result<frontend_language::Gguf> file = frontend_language::read_gguf(source);
      if (!file.ok()) return file.status().with_context("GGUF");
      return read_gguf_tokenizer(*file);
    }
  }
  ZKI_ASSIGN_OR_RETURN(const Bytes bytes, read_file(path, Tokenizer::kMaxFileBytes));
  return read_tokenizer(bytes);
}

}  // namespace

struct Tokenizer::Parts {
  explicit Parts(TokenizerSpec from) : spec(std::move(from)), vocabulary(spec) {}

  Status prepare();
  // What is between the added tokens of the raw text.
  Status encode_part(std::string_view text, bool at_start, bool read_special, std::vector<int>& tokens) const;
  std::string text_of(int token, bool first, const DecodeOptions& options) const;

  TokenizerSpec spec;
  Vocabulary vocabulary;
  PrefixIndex user_pieces;
  std::optional<Normalizer> normalizer;
  std::optional<Splitter> splitter;
  std::unique_ptr<WordModel> model;
  AddedTokens raw_added, normalized_added;
  std::vector<std::string> texts;
  std::vector<bool> special;
  Digest digest{};
};

Status Tokenizer::Parts::prepare() {
  std::vector<PrefixIndex::Entry> user;
  for (std::size_t i = 0; i < spec.pieces.size(); ++i)
    if (spec.pieces[i].type == PieceType::kUserDefined) user.emplace_back(spec.pieces[i].text, static_cast<int>(i));
  user_pieces = PrefixIndex(std::move(user));
  ZKI_ASSIGN_OR_RETURN(normalizer, Normalizer::make(spec.normalize, user_pieces));
  ZKI_ASSIGN_OR_RETURN(splitter, Splitter::make(spec.split));
  switch (spec.kind) {
    case ModelKind::kScores:
    case ModelKind::kMerges: model = make_joining_model(spec, vocabulary); break;
    case ModelKind::kUnigram: model = make_unigram_model(spec, vocabulary); break;
    case ModelKind::kWordPiece: model = make_word_piece_model(spec, vocabulary); break;
  }
  raw_added = AddedTokens(spec.added, false);
  normalized_added = AddedTokens(spec.added, true);
  constexpr std::size_t kMostText = std::size_t{1} << 28;
  std::size_t all = 0;
  for (const Piece& piece : spec.pieces) {
    ZKI_ASSIGN_OR_RETURN(std::string text, text_of_piece(spec, piece));
    all += text.size();
    if (all > kMostText) return resource_limit("its pieces decode to more than 2^28 bytes of text");
    texts.push_back(std::move(text));
    special.push_back(piece.type == PieceType::kControl);
  }
  for (const AddedToken& added : spec.added) {
    if (!added.special) continue;
    special[static_cast<std::size_t>(added.id)] = true;
  }
  digest = sha256(canonical_bytes(spec));
  return ok_status();
}

Status Tokenizer::Parts::encode_part(std::string_view text, bool at_start, bool read_special,
                                     std::vector<int>& tokens) const {
  std::string normal;
  if (!normalizer->empty()) {
    ZKI_ASSIGN_OR_RETURN(normal, normalizer->apply(text, &at_start));
    text = normal;
  }
  const char* const begin = text.data();
  return normalized_added.each_part(text, read_special, [&](std::string_view part, int token) -> Status {
    if (token >= 0) {
      tokens.push_back(token);
      return ok_status();
    }
    return splitter->each_word(part, at_start && part.data() == begin,
                               [&](std::string_view word) { return model->encode(word, tokens); });
  });
}

std::string Tokenizer::Parts::text_of(int token, bool first, const DecodeOptions& options) const {
  const auto i = static_cast<std::size_t>(token);
  if (special[i]) return options.with_special ? spec.pieces[i].text : std::string();
  std::string text = texts[i];
  if (spec.decode.spaces_between) {
    if (!first) {
      if (!spec.decode.joined_prefix.empty() && text.starts_with(spec.decode.joined_prefix)) {
        text.erase(0, spec.decode.joined_prefix.size());
      } else {
        text.insert(0, 1, ' ');
      }
    }
    if (spec.decode.clean_up) clean_up(text);
  }
  const bool is_sign = spec.pieces[i].type == PieceType::kUnknown && !spec.decode.unknown_text.empty();
  if (first && !is_sign && (spec.decode.strip_first_space || spec.decode.strip_first_spaces) && text.starts_with(' '))
    text.erase(0, 1);
  return text;
}

Tokenizer::Tokenizer(std::unique_ptr<const Parts> parts) : parts_(std::move(parts)) {}
Tokenizer::~Tokenizer() = default;
Tokenizer::Tokenizer(Tokenizer&&) noexcept = default;
Tokenizer& Tokenizer::operator=(Tokenizer&&) noexcept = default;

Result<Tokenizer> Tokenizer::make(TokenizerSpec spec) {
  ZKI_RETURN_IF_ERROR(check(spec));
  auto parts = std::make_unique<Parts>(std::move(spec));
  ZKI_RETURN_IF_ERROR(parts->prepare());
  return Tokenizer(std::move(parts));
}

Result<Tokenizer> Tokenizer::from_bytes(ByteView bytes) {
  ZKI_ASSIGN_OR_RETURN(TokenizerSpec spec, read_tokenizer(bytes));
  return make(std::move(spec));
}

Result<Tokenizer> Tokenizer::read(const std::string& path) {
  std::error_code error;
  std::string file = path;
  if (std::filesystem::is_directory(path, error)) {
    for (const char* name : {"tokenizer.json", "tokenizer.model", "tokenizer.bin"}) {
      file = path + "/" + name;
      if (std::filesystem::is_regular_file(file, error)) break;
    }
  }
  Result<TokenizerSpec> spec = read_spec(file);
  if (!spec.ok()) return spec.status().with_context(in_quotes(file));
  if (spec->format == kHuggingFaceFormat)
    ZKI_RETURN_IF_ERROR(read_configs(std::filesystem::path(file).parent_path(), *spec));
  Result<Tokenizer> tokenizer = make(std::move(*spec));
  if (!tokenizer.ok()) return tokenizer.status().with_context(in_quotes(file));
  return tokenizer;
}

Result<std::vector<int>> Tokenizer::encode(std::string_view text, const EncodeOptions& options) const {
  if (text.size() > kMaxTextBytes)
    return resource_limit("the text has " + std::to_string(text.size()) + " bytes; at most " +
                          std::to_string(kMaxTextBytes) + " are encoded at once");
  const std::size_t valid = valid_utf8_bytes(text);
  if (valid != text.size())
    return invalid_argument("the text is no UTF-8 at byte " + std::to_string(valid) + "; convert it first");
  std::vector<int> tokens;
  if (options.with_ends) tokens = parts_->spec.before;
  ZKI_RETURN_IF_ERROR(
      parts_->raw_added.each_part(text, options.read_special, [&](std::string_view part, int token) -> Status {
        if (token < 0) return parts_->encode_part(part, part.data() == text.data(), options.read_special, tokens);
        tokens.push_back(token);
        return ok_status();
      }));
  if (options.with_ends) tokens.insert(tokens.end(), parts_->spec.behind.begin(), parts_->spec.behind.end());
  return tokens;
}

Result<std::string> Tokenizer::decode(std::span<const int> tokens, const DecodeOptions& options) const {
  std::string out;
  bool first = !options.continues;
  for (const int token : tokens) {
    if (token < 0 || token >= size())
      return invalid_argument("token " + std::to_string(token) + " is none of this tokenizer's: 0 to " +
                              std::to_string(size() - 1));
    const std::string text = parts_->text_of(token, first, options);
    if (ends_start(token, text)) first = false;
    out += text;
  }
  return out;
}

bool Tokenizer::ends_start(int token, std::string_view text) const {
  return !is_special(token) && !(parts_->spec.decode.strip_first_spaces && text.empty());
}

int Tokenizer::size() const { return static_cast<int>(parts_->spec.pieces.size()); }
std::string_view Tokenizer::piece(int token) const { return parts_->spec.pieces[static_cast<std::size_t>(token)].text; }
bool Tokenizer::is_special(int token) const { return parts_->special[static_cast<std::size_t>(token)]; }
std::optional<int> Tokenizer::begin() const { return parts_->spec.begin; }
std::optional<int> Tokenizer::end() const { return parts_->spec.end; }
const std::vector<int>& Tokenizer::end_tokens() const { return parts_->spec.end_tokens; }
const std::vector<int>& Tokenizer::before() const { return parts_->spec.before; }
const std::vector<int>& Tokenizer::behind() const { return parts_->spec.behind; }
const std::string& Tokenizer::format() const { return parts_->spec.format; }
const Digest& Tokenizer::digest() const { return parts_->digest; }

std::string_view Tokenizer::model_name() const {
  switch (parts_->spec.kind) {
    case ModelKind::kScores: return "byte-pair encoding by scores";
    case ModelKind::kMerges: return "byte-pair encoding by merges";
    case ModelKind::kUnigram: return "unigram";
    case ModelKind::kWordPiece: return "WordPiece";
  }
  return "";
}

Result<std::string> TextStream::push(int token) {
  ZKI_ASSIGN_OR_RETURN(const std::string bytes, tokenizer_.decode({&token, 1}, options_));
  if (tokenizer_.ends_start(token, bytes)) options_.continues = true;
  return utf8_.push(bytes);
}

}  // namespace zkinfer
