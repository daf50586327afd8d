// SPDX-License-Identifier: Apache-2.0
#include "api/secret.h"

#include "formats/frame.h"

#include <algorithm>

namespace zkinfer::api {

namespace {

constexpr std::uint32_t kNumRoles = 4;
constexpr std::uint32_t kNoCodeFilesFlag = 1u << 17;
static_assert(kNoCodeFilesFlag != statement::kInsecureSeedFlag);

}  // namespace

Bytes Secret::to_bytes() const {
  ByteWriter writer;
  write_frame(writer, FileKind::kCommitmentPayload);
  writer.raw(seed);
  writer.raw(identity);
  writer.u32(visibility.bits() | (insecure_seed ? statement::kInsecureSeedFlag : 0) |
             (code_files ? 0 : kNoCodeFilesFlag));
  writer.u32(static_cast<std::uint32_t>(role));
  writer.blob(params.canonical_bytes());
  commitment.write(writer);
  return std::move(writer).take();
}

Result<Secret> parse_secret(ByteView bytes) {
  ZKI_ASSIGN_OR_RETURN(ByteReader reader, open_frame(FileKind::kCommitmentPayload, bytes));
  Secret secret;
  const ByteView seed = reader.raw(32);
  const ByteView identity = reader.raw(32);
  const std::uint32_t flags = reader.u32();
  const auto visibility = qir::visibility_from_bits(flags & ~(statement::kInsecureSeedFlag | kNoCodeFilesFlag));
  const std::uint32_t role = reader.u32();
  ByteReader params_reader(reader.blob(pcs::kMaxParamsBytes));
  if (reader.remaining() != statement::kCommitmentBytes) reader.fail();
  if (reader.ok()) secret.commitment = statement::read_commitment(reader);
  if (!reader.finished()) return corrupt("commitment secret: truncated, or bytes after its end");
  if (!visibility) return corrupt("commitment secret: unknown visibility flags");
  if (role >= kNumRoles) return corrupt("commitment secret: role " + std::to_string(role) + " is unknown");
  secret.visibility = *visibility;
  secret.insecure_seed = (flags & statement::kInsecureSeedFlag) != 0;
  secret.code_files = (flags & kNoCodeFilesFlag) == 0;
  secret.role = static_cast<CommitmentRole>(role);
  std::copy(seed.begin(), seed.end(), secret.seed.begin());
  std::copy(identity.begin(), identity.end(), secret.identity.begin());
  auto params = pcs::parse_params(params_reader);
  if (!params.ok()) return params.status().with_context("commitment secret");
  secret.params = std::move(*params);
  return secret;
}

Result<statement::Key> key_of(const Secret& secret, const qir::QGraph& graph) {
  statement::Key key;
  key.graph = graph;
  key.visibility = secret.visibility;
  key.params = secret.params;
  key.commitment = secret.commitment;
  key.insecure_seed = secret.insecure_seed;
  if (key.identity() != secret.identity) {
    return invalid_argument("commitment secret: it belongs to another model than '" + graph.name +
                            "'; give the model file it was made for");
  }
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
