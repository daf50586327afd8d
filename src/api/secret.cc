// SPDX-License-Identifier: Apache-2.0
#include "api/secret.h"

#include "formats/frame.h"

#include <algorithm>

#include "segments/split.h"
#include "statement/segments.h"

namespace zkinfer::api {

namespace {

constexpr std::uint32_t kNumRoles = 4;
constexpr std::uint32_t kNoCodeFilesFlag = 1u << 17;
constexpr std::uint32_t kSegmentsFlag = 1u << 18;
constexpr std::uint32_t kOwnFlags = statement::kInsecureSeedFlag | kNoCodeFilesFlag | kSegmentsFlag;
static_assert(kNoCodeFilesFlag != statement::kInsecureSeedFlag);

void write_commitment(ByteWriter& writer, const pcs::OpeningParams& params, const statement::Commitment& commitment) {
  writer.blob(params.canonical_bytes());
  commitment.write(writer);
}

Status read_commitment(ByteReader& reader, pcs::OpeningParams& params, statement::Commitment& commitment) {
  ByteReader params_reader(reader.blob(pcs::kMaxParamsBytes));
  if (reader.remaining() < statement::kCommitmentBytes) reader.fail();
  if (reader.ok()) commitment = statement::read_commitment(reader);
  if (!reader.ok()) return corrupt("commitment secret: truncated, or bytes after its end");
  auto parsed = pcs::parse_params(params_reader);
  if (!parsed.ok()) return parsed.status().with_context("commitment secret");
  params = std::move(*parsed);
  return ok_status();
}

}  // namespace

Bytes Secret::to_bytes() const {
  ByteWriter writer;
  write_frame(writer, FileKind::kCommitmentPayload);
  writer.raw(seed);
  writer.raw(identity);
  writer.u32(visibility.bits() | (insecure_seed ? statement::kInsecureSeedFlag : 0) |
             (code_files ? 0 : kNoCodeFilesFlag) | (segments.empty() ? 0 : kSegmentsFlag));
  writer.u32(static_cast<std::uint32_t>(role));
  if (segments.empty()) write_commitment(writer, params, commitment);
  if (!segments.empty()) writer.u32(static_cast<std::uint32_t>(segments.size()));
  for (const Segment& segment : segments) write_commitment(writer, segment.params, segment.commitment);
  return std::move(writer).take();
}

Result<Secret> parse_secret(ByteView bytes) {
  ZKI_ASSIGN_OR_RETURN(ByteReader reader, open_frame(FileKind::kCommitmentPayload, bytes));
  Secret secret;
  const ByteView seed = reader.raw(32);
  const ByteView identity = reader.raw(32);
  const std::uint32_t flags = reader.u32();
  const auto visibility = qir::visibility_from_bits(flags & ~kOwnFlags);
  const std::uint32_t role = reader.u32();
  if (!reader.ok()) return corrupt("commitment secret: truncated, or bytes after its end");
  if (!visibility) return corrupt("commitment secret: unknown visibility flags");
  if (role >= kNumRoles) return corrupt("commitment secret: role " + std::to_string(role) + " is unknown");
  secret.visibility = *visibility;
  secret.insecure_seed = (flags & statement::kInsecureSeedFlag) != 0;
  secret.code_files = (flags & kNoCodeFilesFlag) == 0;
  secret.role = static_cast<CommitmentRole>(role);
  std::copy(seed.begin(), seed.end(), secret.seed.begin());
  std::copy(identity.begin(), identity.end(), secret.identity.begin());
  if ((flags & kSegmentsFlag) == 0) {
    ZKI_RETURN_IF_ERROR(read_commitment(reader, secret.params, secret.commitment));
  } else {
    const std::uint32_t num_segments = reader.u32();
    if (num_segments < 2 || num_segments > kMaxSegments)
      return corrupt("commitment secret: " + std::to_string(num_segments) + " segments");
    for (std::uint32_t i = 0; i < num_segments; ++i) {
      Secret::Segment& segment = secret.segments.emplace_back();
      ZKI_RETURN_IF_ERROR(read_commitment(reader, segment.params, segment.commitment));
      if (segment.params.has_model) secret.params.model_budget = segment.params.model_budget;
    }
  }
  if (!reader.finished()) return corrupt("commitment secret: truncated, or bytes after its end");
  return secret;
}

Result<std::shared_ptr<const prover::CutModel>> cut_of(const package::Package& package) {
  if (package.cuts.empty()) return std::shared_ptr<const prover::CutModel>();
  ZKI_ASSIGN_OR_RETURN(segments::Split split, segments::split(package.graph, package.cuts));
  auto cut = std::make_shared<prover::CutModel>();
  cut->reads = std::move(split.reads);
  for (segments::Segment& segment : split.segments) {
    std::vector<IntSpan> spans;
    for (std::size_t id = 0; id < segment.origin.size(); ++id) {
      const bool is_param = segment.graph.values[id].kind == qir::ValueKind::kParam;
      spans.push_back(is_param ? package.weights[segment.origin[id]] : IntSpan{});
    }
    cut->parts.push_back({std::move(segment.graph), qir::WeightStore(std::move(spans), package.weights.memory())});
  }
  return std::shared_ptr<const prover::CutModel>(std::move(cut));
}

Result<statement::Key> key_of(const Secret& secret, const qir::QGraph& graph, const prover::CutModel* cut) {
  const auto other = [&] {
    return invalid_argument("commitment secret: it belongs to another model than '" + graph.name +
                            "'; give the model file it was made for");
  };
  const auto one = [&](const qir::QGraph& of, const qir::Visibility& visibility, const pcs::OpeningParams& params,
                       const statement::Commitment& commitment) {
    return statement::Key{of, visibility, params, commitment, secret.insecure_seed, {}, {}};
  };
  const std::size_t num_parts = cut == nullptr ? 0 : cut->parts.size();
  if (num_parts != secret.segments.size()) return other();
  statement::Key key;
  if (cut == nullptr) {
    key = one(graph, secret.visibility, secret.params, secret.commitment);
  } else {
    std::vector<statement::Key> segments;
    for (std::size_t i = 0; i < num_parts; ++i) {
      segments.push_back(one(cut->parts[i].graph, statement::segment_visibility(secret.visibility, i, num_parts),
                             secret.segments[i].params, secret.segments[i].commitment));
      const pcs::OpeningParams& params = secret.segments[i].params;
      if (params.data.size() != qir::committed_values(segments[i].graph, segments[i].visibility).size()) return other();
    }
    auto joined = statement::join_keys(std::move(segments), cut->reads);
    if (!joined.ok()) return other();
    key = std::move(joined).value();
  }
  if (key.identity() != secret.identity) return other();
  return key;
}

SlotRange all_slots(CommitmentRole role, std::uint64_t budget) {
  switch (role) {
    // The last slot is kept: without it nothing could lead to the next commitment.
    case CommitmentRole::kSingle: return SlotRange::whole(budget, budget > 0 ? 1 : 0);
    case CommitmentRole::kRoot:
    case CommitmentRole::kInner: return SlotRange::whole(budget, budget);
    case CommitmentRole::kServing: return SlotRange::whole(budget, 0);
  }
  ZKI_CHECK(false, "every role has slots");
  return {};
}

}  // namespace zkinfer::api
