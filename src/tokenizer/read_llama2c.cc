// SPDX-License-Identifier: Apache-2.0
#include <bit>

#include "tokenizer/read.h"
#include "tokenizer/vocabulary.h"

namespace zkinfer {

namespace {

constexpr int kUnknown = 0, kBegin = 1, kEnd = 2, kFirstByte = 3, kFirstPiece = kFirstByte + 256;

// Calls piece(score, text) for each; false where the sizes do not fit.
template <class Found>
bool walk(ByteView bytes, Found piece) {
  ByteReader reader(bytes);
  const std::uint32_t longest = reader.u32();
  if (longest == 0 || longest > kMaxPieceBytes) return false;
  int count = 0;
  while (reader.ok() && reader.remaining() > 0) {
    const float score = std::bit_cast<float>(reader.u32());
    const std::uint32_t size = reader.u32();
    if (!reader.ok() || size > longest) return false;
    const ByteView text = reader.raw(size);
    if (!reader.ok() || !piece(count++, score, std::string(text.begin(), text.end()))) return false;
  }
  return reader.ok() && count >= kFirstPiece;
}

}  // namespace

bool is_llama2c_tokenizer(ByteView bytes) {
  return walk(bytes, [](int token, float, const std::string& text) {
    return token < kFirstByte || token >= kFirstPiece || byte_of_piece(text) == token - kFirstByte;
  });
}

Result<TokenizerSpec> read_llama2c_tokenizer(ByteView bytes) {
  TokenizerSpec spec;
  spec.format = "llama2.c tokenizer";
  spec.kind = ModelKind::kScores;
  const bool is_whole = walk(bytes, [&](int token, float score, std::string text) {
    const PieceType type = token == kUnknown     ? PieceType::kUnknown
                           : token < kFirstByte  ? PieceType::kControl
                           : token < kFirstPiece ? PieceType::kByte
                                                 : PieceType::kNormal;
    spec.pieces.push_back({std::move(text), score, type});
    return spec.pieces.size() <= kMaxPieces;
  });
  if (!is_whole) return corrupt("llama2.c's tokenizer: the sizes of the pieces do not fit the file");
  spec.byte_fallback = true;
  spec.unknown = kUnknown;
  spec.begin = kBegin;
  spec.end = kEnd;
  spec.end_tokens = {kEnd};
  spec.before = {kBegin};
  // A space before the text, none of it in front of what is decoded.
  spec.normalize.push_back({NormalizeKind::kPrepend, " ", "", false, false});
  spec.decode.byte_pieces = true;
  spec.decode.strip_first_space = true;
  return spec;
}

}  // namespace zkinfer
