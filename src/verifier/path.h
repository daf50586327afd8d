// SPDX-License-Identifier: Apache-2.0
// The path from a root key to a key that serves: one rotation per step. A model's name is its root key; the commitments
// under which proofs are made change, each shown by a rotation to hold the weights of the one before. A step names only
// what may differ from the key above it, the opening's parameters and the commitment: structure, visibility and flags
// are the root's, so that no path leads to another model or to a key with a test's seed.
// Byte grammar: docs/formats/path.md.
#pragma once

#include <vector>

#include "verifier/rotation.h"

namespace zkinfer::verifier {

inline constexpr std::size_t kMaxPathSteps = 8;

struct PathStep {
  pcs::OpeningParams params;
  statement::Commitment commitment;
  Bytes rotation;
  // Of a model that is cut, instead of these two: one of each segment that has weights.
  struct Segment {
    pcs::OpeningParams params;
    statement::Commitment commitment;
  };
  std::vector<Segment> segments = {};
};
struct Path {
  Digest root_identity{};
  std::vector<PathStep> steps;
};
// Total. kTruncated, kTrailingBytes, kBadHeader, kNonCanonical.
Verdict read_path(ByteView bytes, Path& path);

// What a step makes of the key above it. Errors: no commitment of private weights, another regime, zero knowledge or
// tensor oracles than the root's, fewer bits, parameters that are not for the circuit or prove less than they claim.
Result<PreparedKey> descendant(const PreparedKey& root, const PathStep& step);

struct Descent {
  PreparedKey serving;
  soundness::SoundnessReport soundness;  // of all keys and rotations from the root on
  std::uint64_t root_slot = 0;           // of the root's commitment, which the first rotation used
};
// Checks every step. Total on arbitrary bytes. kWrongStatement where the path is another root's, or its keys do not fit.
Verdict verify_path(const PreparedKey& root, const Path& path, Descent& out);

}  // namespace zkinfer::verifier
