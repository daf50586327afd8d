// SPDX-License-Identifier: Apache-2.0
// Scaled dot-product attention and rotary embedding, as their operators of all domains use them.
#pragma once

#include "frontend/onnx/build.h"

namespace zkinfer::frontend_onnx {

// All of rank 4: q[B, Hq, Sq, D], k[B, Hkv, Sk, D], v[B, Hkv, Sk, Dv]; Hkv divides Hq.
struct AttentionInputs {
  ir::ValueId q, k, v;
  double scale = 1, softcap = 0;
  ir::ValueId keep = ir::kNoValue;  // bool: what takes part
  ir::ValueId bias = ir::kNoValue;  // float: added to the scores
  bool shows_scores = false;        // all of the outputs are read, else only y
};
struct AttentionOutputs {
  ir::ValueId y = ir::kNoValue;  // [B, Hq, Sq, Dv]
  // Where inputs.shows_scores.
  ir::ValueId raw = ir::kNoValue, capped = ir::kNoValue, biased = ir::kNoValue, probabilities = ir::kNoValue;
};
AttentionOutputs attention(Build& b, const AttentionInputs& inputs);

// [B, S, H * D] to [B, H, S, D] and back.
ir::ValueId split_heads(Build& b, ir::ValueId x, std::int64_t heads);
ir::ValueId join_heads(Build& b, ir::ValueId x);

// Either may be missing.
ir::ValueId both(Build& b, ir::ValueId keep, ir::ValueId other);

// False, and an error, when a mask of that many elements is too large to be made.
bool check_mask_size(Build& b, std::int64_t queries, std::int64_t keys);

// The mask of query i and key j with lo <= j - i - offset <= hi, where a bound is given; [Sq, Sk].
ir::ValueId band(Build& b, std::int64_t queries, std::int64_t keys, std::int64_t offset, std::optional<std::int64_t> lo,
                 std::optional<std::int64_t> hi);

// A float mask that is added, taken apart: what is minus infinity (or next to it) is not kept.
void apply_mask(Build& b, ir::ValueId mask, AttentionInputs& inputs);

// Rows `positions` of a cache of cosines or sines, or all rows where there are none, as rotate() takes them: [B or 1, steps, 1, half].
ir::ValueId cache_rows(Build& b, ir::ValueId cache, ir::ValueId positions, std::int64_t steps, std::int64_t half);

// Rotates the first `rotated` of the last axis of x[B, S, H, D]; cosines and sines [B or 1, S, 1, rotated / 2].
ir::ValueId rotate(Build& b, ir::ValueId x, ir::ValueId cosines, ir::ValueId sines, std::int64_t rotated,
                   bool interleaved);

}  // namespace zkinfer::frontend_onnx
