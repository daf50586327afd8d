// SPDX-License-Identifier: Apache-2.0
#include "tokenizer/vocabulary.h"

#include "base/text.h"
#include "tokenizer/utf8.h"

namespace zkinfer {

namespace {

// The character that stands for each byte: itself where it is printable and no space in Latin-1, else the next one from
// U+0100 on.
std::array<std::uint32_t, 256> make_byte_alphabet() {
  std::array<std::uint32_t, 256> alphabet{};
  std::uint32_t next = 0x100;
  for (std::uint32_t byte = 0; byte < 256; ++byte) {
    const bool shown = (byte >= 0x21 && byte <= 0x7e) || (byte >= 0xa1 && byte <= 0xac) || byte >= 0xae;
    alphabet[byte] = shown ? byte : next++;
  }
  return alphabet;
}

// The inverse, for characters below U+0144; -1: none.
std::array<int, 0x144> make_byte_of_character() {
  std::array<int, 0x144> bytes{};
  bytes.fill(-1);
  const auto alphabet = make_byte_alphabet();
  for (int byte = 0; byte < 256; ++byte) bytes[alphabet[static_cast<std::size_t>(byte)]] = byte;
  return bytes;
}

}  // namespace

bool from_byte_alphabet(std::string_view text, std::string& bytes) {
  static const auto byte_of = make_byte_of_character();
  bytes.clear();
  while (!text.empty()) {
    const Utf8Character character = first_utf8(text);
    if (character.num_bytes == 0 || character.value >= byte_of.size() || byte_of[character.value] < 0) return false;
    bytes += static_cast<char>(byte_of[character.value]);
    text.remove_prefix(character.num_bytes);
  }
  return true;
}

int byte_of_piece(std::string_view text) {
  if (text.size() != 6 || !text.starts_with("<0x") || text[5] != '>') return -1;
  int value = 0;
  for (const char c : text.substr(3, 2)) {
    const int digit = c >= '0' && c <= '9' ? c - '0' : c >= 'A' && c <= 'F' ? c - 'A' + 10 : -1;
    if (digit < 0) return -1;
    value = 16 * value + digit;
  }
  return value;
}

Vocabulary::Vocabulary(const TokenizerSpec& spec)
    : unknown_(spec.unknown.value_or(-1)), byte_fallback_(spec.byte_fallback), fuse_unknown_(spec.fuse_unknown) {
  byte_tokens_.fill(-1);
  texts_.resize(spec.pieces.size());
  entries_.reserve(spec.pieces.size());
  for (std::size_t i = 0; i < spec.pieces.size(); ++i) {
    const Piece& piece = spec.pieces[i];
    const int token = static_cast<int>(i);
    const bool is_found =
        piece.type == PieceType::kNormal || piece.type == PieceType::kUserDefined || piece.type == PieceType::kUnused;
    const bool in_alphabet = spec.byte_level && from_byte_alphabet(piece.text, texts_[i]);
    if (!in_alphabet) texts_[i] = piece.text;
    if (is_found && (in_alphabet || !spec.byte_level)) entries_.emplace_back(texts_[i], token);
    if (spec.byte_fallback && piece.type == PieceType::kByte) {
      const int byte = byte_of_piece(piece.text);
      if (byte >= 0 && byte_tokens_[static_cast<std::size_t>(byte)] < 0)
        byte_tokens_[static_cast<std::size_t>(byte)] = token;
    }
  }
  exact_ = ExactIndex(entries_);
}

Status Vocabulary::append_unknown(std::string_view character, bool& was_unknown, std::vector<int>& tokens) const {
  if (byte_fallback_) {
    bool all = true;
    for (const char c : character) all = all && byte_tokens_[static_cast<std::uint8_t>(c)] >= 0;
    if (all) {
      for (const char c : character) tokens.push_back(byte_tokens_[static_cast<std::uint8_t>(c)]);
      was_unknown = false;
      return ok_status();
    }
  }
  if (unknown_ < 0)
    return invalid_argument("the tokenizer has no piece for " + in_quotes(character) +
                            " and none for unknown characters");
  if (!fuse_unknown_ || !was_unknown) tokens.push_back(unknown_);
  was_unknown = true;
  return ok_status();
}

}  // namespace zkinfer
