// SPDX-License-Identifier: Apache-2.0
// A proof of a model that is cut, made segment by segment by processes that share nothing but files.
//
//   plan = prover.plan_proof(request)          once: takes the slot, draws the entropy, fixes the inputs
//   part = prover.prove_part(plan, 2)          for each segment, by any process that opened the same commitment, in any order
//   proof = join_parts(parts)                  what Prover::prove would have made
//
// A part is a function of the plan, the model and the commitment: a process that was killed is begun again and makes the same bytes, and
// a slot serves no second statement, since a plan is made with a slot of its own and cannot be changed. docs/decisions/0071.
#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include "zkinfer/bytes.h"
#include "zkinfer/status.h"

namespace zkinfer {

// What Prover::prove_part gives.
struct PartResult {
  Bytes part;                                      // docs/formats/part.md; as public as the proof
  std::vector<std::vector<std::int64_t>> outputs;  // of the whole inference, as integers
  double prove_seconds = 0;
};

// What a plan says of itself, checked by nobody.
struct PlanOutline {
  Digest identity{};  // of the key that it was made under
  std::uint64_t slot = 0;
  std::size_t num_segments = 0;
};
Result<PlanOutline> outline_of_plan(ByteView plan);

struct PartOutline {
  Digest identity{};
  std::uint64_t slot = 0;
  std::size_t segment = 0;  // counted from 0
  std::size_t num_segments = 0;
};
Result<PartOutline> outline_of_part(ByteView part);

// The proof of one part of each segment, in any order. invalid_argument: a segment is missing, or there twice, or they are of
// different proofs; the message counts from 1.
Result<Bytes> join_parts(std::span<const Bytes> parts);

}  // namespace zkinfer
