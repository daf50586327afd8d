// SPDX-License-Identifier: Apache-2.0
#include <bit>

#include "base/wire.h"
#include "tokenizer/parts.h"
#include "tokenizer/read.h"

namespace zkinfer {

namespace {

// sentencepiece_model.proto, with its defaults.
struct Options {
  std::uint64_t model_type = 1;  // 1 unigram, 2 BPE, 3 words, 4 characters
  bool byte_fallback = false;
  std::uint64_t begin = 1, end = 2;
  std::string unknown_text = " \xe2\x81\x87 ";
  SpaceRules spaces;
};

std::string text_of(const Wire& wire) { return {wire.bytes().begin(), wire.bytes().end()}; }

Status broken() { return corrupt("sentencepiece model: broken protocol-buffer bytes"); }

Result<Piece> read_piece(ByteView bytes) {
  Piece piece;
  Wire wire(bytes);
  while (wire.next()) {
    switch (wire.field()) {
      case 1: piece.text = text_of(wire); break;
      case 2: piece.score = std::bit_cast<float>(static_cast<std::uint32_t>(wire.number())); break;
      case 3:
        if (wire.number() < 1 || wire.number() > 6)
          return corrupt("sentencepiece model: a piece of type " + std::to_string(wire.number()) + "; expected 1 to 6");
        piece.type = static_cast<PieceType>(wire.number());
        break;
      default: break;
    }
  }
  if (!wire.ok()) return broken();
  return piece;
}

Status read_trainer(ByteView bytes, Options& options) {
  Wire wire(bytes);
  while (wire.next()) {
    switch (wire.field()) {
      case 3: options.model_type = wire.number(); break;
      case 24: options.spaces.behind = wire.number() != 0; break;
      case 35: options.byte_fallback = wire.number() != 0; break;
      case 41: options.begin = wire.number(); break;
      case 42: options.end = wire.number(); break;
      case 44: options.unknown_text = text_of(wire); break;
      default: break;
    }
  }
  return wire.ok() ? ok_status() : broken();
}

Status read_normalizer(ByteView bytes, Options& options) {
  Wire wire(bytes);
  while (wire.next()) {
    switch (wire.field()) {
      case 2: options.spaces.character_map = text_of(wire); break;
      case 3: options.spaces.dummy_prefix = wire.number() != 0; break;
      case 4: options.spaces.squeeze = wire.number() != 0; break;
      case 5: options.spaces.escape = wire.number() != 0; break;
      default: break;
    }
  }
  return wire.ok() ? ok_status() : broken();
}

}  // namespace

Result<TokenizerSpec> read_sentencepiece(ByteView bytes) {
  TokenizerSpec spec;
  spec.format = "sentencepiece model";
  Options options;
  Wire wire(bytes);
  while (wire.next()) {
    if (wire.field() == 1) {
      if (spec.pieces.size() == kMaxPieces)
        return resource_limit("sentencepiece model: more than " + std::to_string(kMaxPieces) + " pieces");
      ZKI_ASSIGN_OR_RETURN(Piece piece, read_piece(wire.bytes()));
      if (piece.text.empty())
        return corrupt("sentencepiece model: piece " + std::to_string(spec.pieces.size()) + " is empty");
      if (piece.type == PieceType::kUnknown) {
        if (spec.unknown) return corrupt("sentencepiece model: two unknown pieces");
        spec.unknown = static_cast<int>(spec.pieces.size());
      }
      spec.pieces.push_back(std::move(piece));
    } else if (wire.field() == 2) {
      ZKI_RETURN_IF_ERROR(read_trainer(wire.bytes(), options));
    } else if (wire.field() == 3) {
      ZKI_RETURN_IF_ERROR(read_normalizer(wire.bytes(), options));
    }
  }
  if (!wire.ok()) return broken();
  if (options.model_type != 1 && options.model_type != 2)
    return unsupported("sentencepiece model of type " + std::to_string(options.model_type) +
                       " (words or characters); unigram (1) and BPE (2) are read");
  spec.kind = options.model_type == 1 ? ModelKind::kUnigram : ModelKind::kScores;
  spec.byte_fallback = options.byte_fallback;
  spec.fuse_unknown = true;
  if (!spec.unknown) return corrupt("sentencepiece model: no unknown piece");
  const auto token = [&](std::uint64_t id) -> std::optional<int> {
    // -1, as ten bytes: none.
    if (id >= spec.pieces.size() || spec.pieces[id].type != PieceType::kControl) return std::nullopt;
    return static_cast<int>(id);
  };
  spec.begin = token(options.begin);
  spec.end = token(options.end);
  if (spec.end) spec.end_tokens = {*spec.end};
  if (spec.begin) spec.before = {*spec.begin};
  add_space_steps(options.spaces, spec);
  spec.decode.byte_pieces = true;
  spec.decode.unknown_text = options.unknown_text;
  // In byte-pair encoding nothing is joined across a piece that users defined.
  for (std::size_t i = 0; spec.kind == ModelKind::kScores && i < spec.pieces.size(); ++i) {
    if (spec.pieces[i].type != PieceType::kUserDefined) continue;
    AddedToken added;
    added.id = static_cast<int>(i);
    added.text = spec.pieces[i].text;
    added.normalized = true;
    spec.added.push_back(std::move(added));
  }
  return spec;
}

}  // namespace zkinfer
