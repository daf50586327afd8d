// SPDX-License-Identifier: Apache-2.0
// Proofs of cut models in parts, made by processes that share nothing but files (docs/decisions/0071). The plan of a proof fixes all that
// its bytes depend on beside the model and the commitment's secret: whoever has these makes the same bytes of a segment, however often,
// so that one slot serves one transcript of each segment. A part is one segment's messages with what the proof begins with. Byte
// grammars: docs/formats/plan.md, docs/formats/part.md.
#pragma once

#include "prover/segments.h"

namespace zkinfer::prover {

struct ProofPlan {
  std::string program;  // that makes these bytes: another one might make others
  Digest identity{};    // of the key
  std::uint64_t slot = 0;
  std::uint32_t num_segments = 0;
  Digest entropy{}, context{};
  Digest head{};  // Keccak-256 of SegmentedProof::head, of which all segments' statements are made
  std::vector<std::vector<std::int64_t>> inputs;
};
// Sealed with the commitment's seed.
Bytes plan_bytes(const ProofPlan& plan, const Digest& seed);
// corrupt. The seal is checked by nobody yet.
Result<ProofPlan> parse_plan(ByteView bytes);
// invalid_argument: sealed under another commitment, or changed since.
Result<ProofPlan> open_plan(ByteView bytes, const Digest& seed);

struct ProofPart {
  std::uint32_t segment = 0, num_segments = 0;  // counted from 0
  Bytes head, messages;
};
Bytes part_bytes(const ProofPart& part);
Result<ProofPart> parse_part(ByteView bytes);

// What the plan says, begun again. invalid_argument: with this model or program it would become another proof, of which nothing must be
// made under the plan's slot.
Result<SegmentedProof> begin_planned(const CutModel& model, const statement::Key& key, const Digest& seed,
                                     const SegmentCodes& codes, const ProofPlan& plan);

}  // namespace zkinfer::prover
