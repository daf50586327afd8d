// SPDX-License-Identifier: Apache-2.0
#include "verifier/segments.h"

#include "verifier/cost.h"

namespace zkinfer::verifier {

Status add_segment(PreparedKey& whole, Result<PreparedKey> segment) {
  if (!segment.ok()) return segment.status().with_context("segment " + std::to_string(whole.segments.size() + 1));
  whole.cost.nanoseconds += segment->cost.nanoseconds;
  whole.cost.memory_bytes += segment->cost.memory_bytes;
  whole.soundness.add(segment->soundness);
  whole.segments.push_back(std::move(segment).value());
  return check_cost(whole.cost, whole.limits);
}

Result<PreparedKey> prepare_segments(statement::Key key, const VerifyLimits& limits) {
  PreparedKey out;
  out.key = std::move(key);
  out.limits = limits;
  for (const statement::Key& segment : out.key.segments)
    ZKI_RETURN_IF_ERROR(add_segment(out, prepare(segment, limits, nullptr, out.cost)));
  ZKI_RETURN_IF_ERROR(check_soundness(out.soundness));
  out.identity = out.key.identity();
  return out;
}

Verdict verify_segments(const PreparedKey& prepared, const statement::Header& head, ByteView rest) {
  ByteReader reader(rest);
  std::vector<statement::Commitment> boundaries(statement::boundaries_of(prepared.key).size());
  for (std::size_t i = 0; i < boundaries.size(); ++i) {
    const std::string where = "boundary " + std::to_string(i);
    if (reader.remaining() < statement::kCommitmentBytes) return Verdict::reject(RejectReason::kTruncated, where);
    boundaries[i] = statement::read_commitment(reader);
    if (!reader.ok()) return Verdict::reject(RejectReason::kNonCanonical, where);
  }
  const std::vector<statement::SegmentStatement> statements =
      statement::segment_statements(prepared.key, prepared.identity, head.context, head.slot, head.data, boundaries);
  for (std::size_t i = 0; i < statements.size(); ++i) {
    const ByteView messages = reader.blob(kMaxSegmentBytes);
    Verdict verdict = reader.ok() ? verify_statement(prepared.segments[i], statements[i].context, statements[i].slot,
                                                     statements[i].data, messages)
                                  : Verdict::reject(RejectReason::kTruncated, "messages");
    if (verdict.accepted()) continue;
    verdict.where = statement::segment_name(i, prepared.segments.size()) + ": " + verdict.where;
    return verdict;
  }
  if (!reader.finished()) return Verdict::reject(RejectReason::kTrailingBytes, "segments");
  return Verdict::accept();
}

}  // namespace zkinfer::verifier
