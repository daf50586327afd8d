// SPDX-License-Identifier: Apache-2.0
#include "prover/proof_plan.h"

#include <algorithm>

#include "formats/frame.h"
#include "hash/keccak.h"
#include "prover/prf.h"
#include "statement/segments.h"
#include "verifier/segments.h"

namespace zkinfer::prover {

namespace {

constexpr std::size_t kMaxProgramBytes = 64;
constexpr std::size_t kMaxInputs = std::size_t{1} << 16;

Digest seal_of(ByteView body, const Digest& seed) { return derive_key("zkinfer proof plan v2", {seed, body}); }

}  // namespace

Bytes plan_bytes(const ProofPlan& plan, const Digest& seed) {
  ByteWriter writer;
  write_frame(writer, FileKind::kProofPlan);
  writer.blob(ByteView(reinterpret_cast<const std::uint8_t*>(plan.program.data()), plan.program.size()));
  writer.raw(plan.identity);
  writer.u64(plan.slot);
  writer.u32(plan.num_segments);
  for (const Digest* digest : {&plan.entropy, &plan.context, &plan.head}) writer.raw(*digest);
  writer.u32(static_cast<std::uint32_t>(plan.inputs.size()));
  for (const std::vector<std::int64_t>& input : plan.inputs) {
    writer.u64(input.size());
    for (const std::int64_t x : input) writer.i64(x);
  }
  writer.raw(seal_of(writer.bytes(), seed));
  return std::move(writer).take();
}

Result<ProofPlan> parse_plan(ByteView bytes) {
  ZKI_ASSIGN_OR_RETURN(ByteReader reader, open_frame(FileKind::kProofPlan, bytes));
  const auto damaged = [] { return corrupt("proof plan: cut off or damaged"); };
  ProofPlan plan;
  const auto digest = [&](Digest& out) { std::ranges::copy(reader.raw(sizeof(Digest)), out.begin()); };
  const ByteView program = reader.blob(kMaxProgramBytes);
  plan.program.assign(program.begin(), program.end());
  if (reader.remaining() < 4 * sizeof(Digest) + sizeof(std::uint64_t)) return damaged();
  digest(plan.identity);
  plan.slot = reader.u64();
  plan.num_segments = reader.u32();
  for (Digest* out : {&plan.entropy, &plan.context, &plan.head}) digest(*out);
  const std::uint32_t num_inputs = reader.u32();
  if (!reader.ok() || num_inputs > kMaxInputs) return damaged();
  for (std::uint32_t i = 0; i < num_inputs; ++i) {
    const std::uint64_t size = reader.u64();
    if (!reader.ok() || size > reader.remaining() / sizeof(std::int64_t)) return damaged();
    std::vector<std::int64_t>& input = plan.inputs.emplace_back(static_cast<std::size_t>(size));
    for (std::int64_t& x : input) x = reader.i64();
  }
  if (!reader.ok() || reader.remaining() != sizeof(Digest)) return damaged();
  return plan;
}

Result<ProofPlan> open_plan(ByteView bytes, const Digest& seed) {
  ZKI_ASSIGN_OR_RETURN(ProofPlan plan, parse_plan(bytes));
  const ByteView body = bytes.first(bytes.size() - sizeof(Digest));
  if (!std::ranges::equal(bytes.subspan(body.size()), seal_of(body, seed)))
    return invalid_argument("proof plan: made under another commitment, or changed since it was made");
  return plan;
}

Bytes part_bytes(const ProofPart& part) {
  ByteWriter writer;
  write_frame(writer, FileKind::kProofPart);
  writer.u32(part.segment);
  writer.u32(part.num_segments);
  writer.blob(part.head);
  writer.raw(part.messages);
  return std::move(writer).take();
}

Result<ProofPart> parse_part(ByteView bytes) {
  ZKI_ASSIGN_OR_RETURN(ByteReader reader, open_frame(FileKind::kProofPart, bytes));
  ProofPart part;
  part.segment = reader.u32();
  part.num_segments = reader.u32();
  const ByteView head = reader.blob(kMaxProofBytes);
  if (!reader.ok() || part.num_segments < 2 || part.num_segments > kMaxSegments || part.segment >= part.num_segments ||
      head.size() < statement::kSlotOffset + sizeof(std::uint64_t))
    return corrupt("proof part: cut off or damaged");
  part.head.assign(head.begin(), head.end());
  const ByteView messages = reader.raw(reader.remaining());
  if (messages.empty() || messages.size() > verifier::kMaxSegmentBytes)
    return corrupt("proof part: cut off or damaged");
  part.messages.assign(messages.begin(), messages.end());
  return part;
}

Result<SegmentedProof> begin_planned(const CutModel& model, const statement::Key& key, const Digest& seed,
                                     const SegmentCodes& codes, const ProofPlan& plan) {
  ProveRequest request;
  request.slot = plan.slot;
  request.entropy = plan.entropy;
  request.context = plan.context;
  request.inputs = plan.inputs;
  ZKI_ASSIGN_OR_RETURN(SegmentedProof whole, SegmentedProof::begin(model, key, seed, codes, request));
  if (keccak256(whole.head()) != plan.head) {
    return invalid_argument(
        "proof plan: this model or program computes other values than those that the proof was planned with; use the "
        "model and the "
        "program that made the plan, or plan the proof again, which takes another slot");
  }
  return whole;
}

}  // namespace zkinfer::prover
