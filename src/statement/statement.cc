// SPDX-License-Identifier: Apache-2.0
#include "statement/statement.h"

#include "field/limbs.h"
#include "formats/frame.h"
#include "statement/canonical_bytes.h"
#include "statement/segments.h"

namespace zkinfer::statement {

void Commitment::write(ByteWriter& out) const {
  out.raw(root);
  out.raw(limb_bytes(ood_value.c));
}

Commitment read_commitment(ByteReader& reader) {
  Commitment commitment;
  const ByteView root = reader.raw(commitment.root.size());
  std::copy(root.begin(), root.end(), commitment.root.begin());
  read_limbs(reader, commitment.ood_value.c);
  return commitment;
}

Digest Key::identity() const {
  if (is_segmented()) return segmented_identity(*this);
  Transcript transcript("zkinfer model identity v2");
  transcript.absorb_bytes("structure", qir::structure_bytes(graph));
  transcript.absorb_u64("visibility", flags());
  transcript.absorb_bytes("parameters", params.canonical_bytes());
  transcript.absorb_digest("model root", commitment.root);
  transcript.absorb_fe("model value", commitment.ood_value);
  return transcript.state();
}

namespace {

// A key of one circuit, whose flags have been read.
Result<Key> parse_single_key(ByteView bytes, ByteReader reader, std::uint32_t flags) {
  Key key;
  key.insecure_seed = (flags & kInsecureSeedFlag) != 0;
  const auto visibility = qir::visibility_from_bits(flags & ~kInsecureSeedFlag);
  if (!visibility) return corrupt("verification key: unknown visibility flags");
  key.visibility = *visibility;
  const ByteView structure = reader.blob(kMaxKeyBytes);
  ByteReader params_reader(reader.blob(pcs::kMaxParamsBytes));
  if (!reader.ok() || reader.remaining() < kCommitmentBytes) {
    return corrupt("verification key: truncated after " + std::to_string(bytes.size()) + " bytes");
  }
  key.commitment = read_commitment(reader);
  if (!reader.ok())
    return corrupt("verification key: the model's out-of-domain value is not below the field's modulus");
  if (!reader.finished())
    return corrupt("verification key: " + std::to_string(reader.remaining()) + " bytes after its end");
  auto graph = qir::parse_structure(structure);
  if (!graph.ok()) return graph.status().with_context("verification key, structure");
  auto params = pcs::parse_params(params_reader);
  if (!params.ok()) return params.status().with_context("verification key, parameters");
  if (!params_reader.finished()) return corrupt("verification key: bytes after the parameters");
  key.graph = std::move(graph).value();
  key.params = std::move(params).value();
  if (!key.params.security.zero_knowledge && !key.visibility.everything()) {
    return corrupt("verification key: zero knowledge is off although something is private");
  }
  const std::size_t num_committed = qir::committed_values(key.graph, key.visibility).size();
  if (key.params.data.size() != num_committed) {
    return corrupt("verification key: parameters for " + std::to_string(key.params.data.size()) +
                   " committed tensors, expected " + std::to_string(num_committed));
  }
  for (const pcs::TensorOracle& data : key.params.data) {
    if (data.budget == 0) return corrupt("verification key: a committed input or output needs a budget of proofs");
  }
  if (!key.params.has_model && (key.commitment.root != Digest{} || !key.commitment.ood_value.is_zero())) {
    return corrupt("verification key: a weight commitment although the model has no weights");
  }
  if (key.params.has_model && key.visibility.public_params != (key.params.model_budget == 0)) {
    return corrupt("verification key: a private model needs a budget of proofs, a public one must not have any");
  }
  return key;
}

// The segments' keys, each with its length, and which boundaries their inputs are.
Result<Key> parse_segmented_key(ByteReader reader, std::uint32_t flags) {
  const std::uint32_t num_segments = reader.u32();
  if (num_segments > kMaxSegments) return corrupt("verification key: " + std::to_string(num_segments) + " segments");
  std::vector<Key> segments;
  std::vector<std::vector<std::uint32_t>> reads;
  for (std::uint32_t i = 0; i < num_segments; ++i) {
    const std::string where = "verification key, segment " + std::to_string(i + 1);
    const ByteView bytes = reader.blob(kMaxKeyBytes);
    if (!reader.ok()) return corrupt(where + ": truncated");
    auto opened = open_frame(FileKind::kKey, bytes);
    if (!opened.ok()) return opened.status().with_context(where);
    const std::uint32_t own_flags = opened->u32();
    auto key = parse_single_key(bytes, *opened, own_flags);
    if (!key.ok()) return key.status().with_context(where);
    std::vector<std::uint32_t>& boundaries = reads.emplace_back();
    if (i > 0 && key->graph.inputs.size() > reader.remaining() / 4) return corrupt(where + ": truncated");
    for (std::size_t input = 0; i > 0 && input < key->graph.inputs.size(); ++input) boundaries.push_back(reader.u32());
    segments.push_back(std::move(key).value());
  }
  if (!reader.finished()) return corrupt("verification key: truncated, or bytes after its end");
  ZKI_ASSIGN_OR_RETURN(Key key, join_keys(std::move(segments), std::move(reads)));
  if (key.flags() != flags) return corrupt("verification key: flags that are not those of its segments");
  return key;
}

}  // namespace

Result<Key> parse_key(ByteView bytes) {
  ZKI_ASSIGN_OR_RETURN(ByteReader reader, open_frame(FileKind::kKey, bytes));
  const std::uint32_t flags = reader.u32();
  if (reader.ok() && (flags & kSegmentedFlag) != 0) return parse_segmented_key(reader, flags);
  return parse_single_key(bytes, reader, flags);
}

Fe ood_point(const qir::QGraph& graph, const pcs::OpeningParams& params, const Digest& root) {
  Transcript transcript("zkinfer model value v2");
  transcript.absorb_bytes("structure", qir::structure_bytes(graph));
  transcript.absorb_bytes("parameters", params.canonical_bytes());
  transcript.absorb_digest("model root", root);
  return transcript.challenge("model point");
}

Fe data_point(const pcs::TensorOracle& oracle, std::uint64_t num_elements, const Digest& root) {
  ByteWriter params;
  oracle.write(params);
  Transcript transcript("zkinfer data value v2");
  transcript.absorb_bytes("parameters", params.bytes());
  transcript.absorb_u64("size", num_elements);
  transcript.absorb_digest("data root", root);
  return transcript.challenge("data point");
}

std::vector<std::int64_t> digest_words(const Digest& digest) {
  std::vector<std::int64_t> out;
  for (std::size_t j = 0; j < digest.size(); j += 4)
    out.push_back(std::int64_t{digest[j]} << 24 | digest[j + 1] << 16 | digest[j + 2] << 8 | digest[j + 3]);
  return out;
}

PublicValues tensor_values(const qir::QGraph& graph, const qir::Visibility& visibility, const PublicIo& data) {
  PublicValues out = data.values;
  std::size_t next = 0;
  for (const auto& [id, policy] : qir::seen_tensors(graph, visibility)) {
    if (policy.hash == TensorHash::kNone) continue;
    if (policy.hashed_in_circuit()) out.emplace_back();
    for (std::uint64_t row = 0; row < data.num_rows; ++row) {
      const Digest& digest = data.digests[next++];
      if (!policy.hashed_in_circuit()) continue;
      const std::vector<std::int64_t> words = digest_words(digest);
      out.back().insert(out.back().end(), words.begin(), words.end());
    }
  }
  return out;
}

std::uint32_t header_flags(const Key& key) {
  return (key.params.security.zero_knowledge ? kFlagZeroKnowledge : 0) | (key.is_segmented() ? kFlagSegmented : 0);
}

namespace {

std::vector<qir::ValueId> ids_in_proof(const qir::QGraph& graph, const qir::Visibility& visibility) {
  return qir::chosen_values(graph, visibility, [](const TensorPolicy& group) { return group.in_proof(); });
}

}  // namespace

std::size_t row_bytes(const qir::QGraph& graph, const qir::Visibility& visibility) {
  std::size_t num_values = 0;
  for (const qir::ValueId id : ids_in_proof(graph, visibility)) {
    num_values += static_cast<std::size_t>(graph.value(id).shape.num_elements());
  }
  return 8 * num_values + sizeof(Digest) * qir::hashed_values(graph, visibility).size();
}

std::size_t header_size(const qir::QGraph& graph, const qir::Visibility& visibility) {
  return kValuesOffset + row_bytes(graph, visibility) +
         kCommitmentBytes * qir::committed_values(graph, visibility).size();
}

std::vector<const std::vector<std::int64_t>*> values_in_proof(const Key& key, const PublicValues& values) {
  std::vector<const std::vector<std::int64_t>*> out;
  std::size_t next = 0;
  for (const auto& [id, policy] : qir::seen_tensors(key.graph, key.visibility)) {
    if (policy.in_proof()) out.push_back(&values[next]);
    if (policy.is_public()) ++next;
  }
  return out;
}

bool slot_exists(std::uint64_t slot, std::uint64_t budget) { return budget == 0 ? slot == 0 : slot < budget; }

void absorb_statement(Transcript& transcript, const Digest& identity, const Key& key, const Digest& context,
                      std::uint64_t slot, const PublicIo& data) {
  transcript.absorb_digest("model identity", identity);
  transcript.absorb_digest("context", context);
  transcript.absorb_u64("slot", slot);
  absorb_public_data(transcript, key, data);
}

void absorb_public_data(Transcript& transcript, const Key& key, const PublicIo& data) {
  const std::vector<const std::vector<std::int64_t>*> values = values_in_proof(key, data.values);
  const std::vector<qir::ValueId> ids = ids_in_proof(key.graph, key.visibility);
  for (std::size_t i = 0; i < ids.size(); ++i)
    transcript.absorb_bytes("public values", canonical_bytes(key.graph.value(ids[i]), *values[i]));
  for (const Digest& digest : data.digests) transcript.absorb_digest("public digest", digest);
  for (const Commitment& commitment : data.commitments) {
    transcript.absorb_digest("data root", commitment.root);
    transcript.absorb_fe("data value", commitment.ood_value);
  }
}

}  // namespace zkinfer::statement
