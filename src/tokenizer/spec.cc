// SPDX-License-Identifier: Apache-2.0
#include "tokenizer/spec.h"

#include <bit>

namespace zkinfer {

namespace {

// The version of the form.
constexpr std::string_view kHead = "zkinfer tokenizer 1";

class SpecWriter {
 public:
  void flag(bool value) { out.u8(value ? 1 : 0); }
  void count(std::size_t n) { out.u64(n); }
  void tokens(const std::vector<int>& list) {
    count(list.size());
    for (const int x : list) out.i64(x);
  }
  ByteWriter out;
};

}  // namespace

Bytes canonical_bytes(const TokenizerSpec& spec) {
  SpecWriter w;
  w.out.text(kHead);
  w.out.u8(static_cast<std::uint8_t>(spec.kind));
  w.count(spec.pieces.size());
  for (const Piece& piece : spec.pieces) {
    w.out.text(piece.text);
    w.out.u32(std::bit_cast<std::uint32_t>(piece.score));
    w.out.u8(static_cast<std::uint8_t>(piece.type));
  }
  w.count(spec.merges.size());
  for (const Merge& merge : spec.merges) {
    w.out.i32(merge.left);
    w.out.i32(merge.right);
    w.out.i32(merge.result);
  }
  w.count(spec.added.size());
  for (const AddedToken& added : spec.added) {
    w.out.i32(added.id);
    w.out.text(added.text);
    for (const bool flag :
         {added.takes_left_space, added.takes_right_space, added.whole_word, added.normalized, added.special})
      w.flag(flag);
  }
  w.count(spec.normalize.size());
  for (const NormalizeStep& step : spec.normalize) {
    w.out.u8(static_cast<std::uint8_t>(step.kind));
    w.out.text(step.text);
    w.out.text(step.with);
    w.flag(step.left);
    w.flag(step.right);
  }
  w.count(spec.split.size());
  for (const SplitStep& step : spec.split) {
    w.out.u8(static_cast<std::uint8_t>(step.kind));
    w.out.text(step.text);
    w.out.text(step.with);
    w.out.u8(static_cast<std::uint8_t>(step.behaviour));
    for (const bool flag : {step.invert, step.cut}) w.flag(flag);
  }
  w.flag(spec.decode.byte_level);
  w.flag(spec.decode.byte_pieces);
  w.count(spec.decode.replace.size());
  for (const auto& [from, to] : spec.decode.replace) {
    w.out.text(from);
    w.out.text(to);
  }
  for (const bool flag :
       {spec.decode.strip_first_space, spec.decode.strip_first_spaces, spec.decode.spaces_between, spec.decode.clean_up,
        spec.byte_level, spec.byte_fallback, spec.fuse_unknown, spec.whole_words_first})
    w.flag(flag);
  w.out.text(spec.decode.joined_prefix);
  w.out.text(spec.decode.unknown_text);
  w.out.text(spec.inner_prefix);
  w.out.i64(spec.max_word_characters);
  w.out.i64(spec.unknown.value_or(-1));
  w.tokens(spec.before);
  w.tokens(spec.behind);
  return std::move(w.out).take();
}

}  // namespace zkinfer
