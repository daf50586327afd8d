// SPDX-License-Identifier: Apache-2.0
// Proofs of models that are cut into segments: each segment's, under a context that binds all of them, with the boundaries between
// as the key wires them. Nothing of a segment's statement comes from the proof but the boundaries' commitments, which are there once.
#pragma once

#include "statement/segments.h"
#include "verifier/verify.h"

namespace zkinfer::verifier {

inline constexpr std::size_t kMaxSegmentBytes = std::size_t{1} << 24;  // of one segment's messages

Result<PreparedKey> prepare_segments(statement::Key key, const VerifyLimits& limits);

// Takes the next segment, prepared with `spent`: the cost of the whole so far. Errors: its own, with its place; all together cost more than
// the limits. What they hide together is to be checked when all are there (check_soundness).
Status add_segment(PreparedKey& whole, Result<PreparedKey> segment);

// head: of the whole. rest: what follows it: the boundaries' commitments, then each segment's messages with their length.
Verdict verify_segments(const PreparedKey& prepared, const statement::Header& head, ByteView rest);

}  // namespace zkinfer::verifier
