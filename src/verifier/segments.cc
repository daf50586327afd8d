// SPDX-License-Identifier: Apache-2.0
#include "verifier/segments.h"

#include "verifier/cost.h"

namespace zkinfer::verifier {

namespace {

// What the whole has of its segments.
void sum_up(PreparedKey& whole) {
  whole.cost = {};
  for (const PreparedKey& segment : whole.segments) {
    whole.cost.nanoseconds += segment.cost.nanoseconds;
    whole.cost.memory_bytes += segment.cost.memory_bytes;
    if (whole.soundness.terms.empty() || segment.soundness.bits() < whole.soundness.bits())
      whole.soundness = segment.soundness;
  }
  whole.identity = whole.key.identity();
}

}  // namespace

Result<PreparedKey> prepare_segments(statement::Key key, const VerifyLimits& limits) {
  PreparedKey out;
  out.key = std::move(key);
  out.limits = limits;
  VerifyLimits left = limits;  // each within what the ones before it leave
  for (std::size_t i = 0; i < out.key.segments.size(); ++i) {
    auto segment = prepare(out.key.segments[i], left);
    if (!segment.ok()) return segment.status().with_context("segment " + std::to_string(i + 1));
    left.nanoseconds -= segment->cost.nanoseconds;
    left.memory_bytes -= segment->cost.memory_bytes;
    segment->limits = limits;
    out.segments.push_back(std::move(segment).value());
  }
  sum_up(out);
  return out;
}

Result<PreparedKey> join_prepared(std::vector<PreparedKey> segments, std::vector<std::vector<std::uint32_t>> reads,
                                  const VerifyLimits& limits, const soundness::Floor& floor) {
  std::vector<statement::Key> keys;
  for (const PreparedKey& segment : segments) keys.push_back(segment.key);
  auto key = statement::join_keys(std::move(keys), std::move(reads));
  if (!key.ok()) return invalid_argument(key.status().message());
  PreparedKey out;
  out.key = std::move(key).value();
  out.segments = std::move(segments);
  out.limits = limits;
  out.floor = floor;
  sum_up(out);
  ZKI_RETURN_IF_ERROR(check_cost(out.cost, limits));
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
