// SPDX-License-Identifier: Apache-2.0
#include "statement/statement.h"

namespace zkinfer::proof {

namespace {

constexpr std::size_t kMaxParamsBytes = std::size_t{1} << 16;

}  // namespace

Digest Key::identity() const {
  Transcript transcript("zkinfer model identity v1");
  transcript.absorb_bytes("structure", qir::structure_bytes(graph));
  transcript.absorb_u64("visibility", visibility.bits());
  transcript.absorb_bytes("parameters", params.canonical_bytes());
  transcript.absorb_digest("model root", commitment.root);
  transcript.absorb_fe("model value", commitment.ood_value);
  return transcript.state();
}

Bytes Key::to_bytes() const {
  ByteWriter writer;
  writer.u32(kKeyMagic);
  writer.u32(kVersion);
  writer.u32(visibility.bits());
  writer.blob(qir::structure_bytes(graph));
  writer.blob(params.canonical_bytes());
  writer.raw(commitment.root);
  for (const Fp limb : commitment.ood_value.c) writer.u64(limb.v);
  return std::move(writer).take();
}

Result<Key> parse_key(ByteView bytes) {
  ByteReader reader(bytes);
  if (reader.u32() != kKeyMagic) return corrupt("verification key: the file does not begin with 'ZKIK'; is this another kind of file?");
  if (const std::uint32_t version = reader.u32(); version != kVersion) {
    return corrupt("verification key: version " + std::to_string(version) + ", this program reads version " +
                   std::to_string(kVersion) + "; commit to the model again or use the matching release");
  }
  Key key;
  const std::uint32_t visibility_bits = reader.u32();
  if ((visibility_bits & ~qir::kVisibilityMask) != 0) return corrupt("verification key: unknown visibility flags");
  key.visibility = qir::visibility_from_bits(visibility_bits);
  const ByteView structure = reader.blob(kMaxKeyBytes);
  ByteReader params_reader(reader.blob(kMaxParamsBytes));
  const ByteView root = reader.raw(32);
  for (Fp& limb : key.commitment.ood_value.c) {
    const std::uint64_t x = reader.u64();
    if (x >= Fp::kModulus) return corrupt("verification key: the model's out-of-domain value is not below the field's modulus");
    limb = Fp(x);
  }
  if (!reader.ok()) return corrupt("verification key: truncated after " + std::to_string(bytes.size()) + " bytes");
  if (!reader.finished()) return corrupt("verification key: " + std::to_string(reader.remaining()) + " bytes after its end");
  std::copy(root.begin(), root.end(), key.commitment.root.begin());
  auto graph = qir::parse_structure(structure);
  if (!graph.ok()) return graph.status().with_context("verification key, structure");
  auto params = pcs::parse_params(params_reader);
  if (!params.ok()) return params.status().with_context("verification key, parameters");
  if (!params_reader.finished()) return corrupt("verification key: bytes after the parameters");
  key.graph = std::move(graph).value();
  key.params = std::move(params).value();
  if (!key.params.zero_knowledge && !key.visibility.everything()) {
    return corrupt("verification key: zero knowledge is off although something is private");
  }
  if (!key.params.has_model && (key.commitment.root != Digest{} || !key.commitment.ood_value.is_zero())) {
    return corrupt("verification key: a weight commitment although the model has no weights");
  }
  if (key.params.has_model && key.visibility.public_params != (key.params.model_budget == 0)) {
    return corrupt("verification key: a private model needs a budget of proofs, a public one must not have any");
  }
  return key;
}

Fe ood_point(const qir::QGraph& graph, const pcs::OpeningParams& params, const Digest& root) {
  Transcript transcript("zkinfer model value v1");
  transcript.absorb_bytes("structure", qir::structure_bytes(graph));
  transcript.absorb_bytes("parameters", params.canonical_bytes());
  transcript.absorb_digest("model root", root);
  return transcript.challenge("model point");
}

std::size_t header_size(const qir::QGraph& graph, const qir::Visibility& visibility) {
  std::size_t num_values = 0;
  for (const qir::ValueId id : qir::public_values(graph, visibility)) num_values += static_cast<std::size_t>(graph.value(id).shape.num_elements());
  return kValuesOffset + 8 * num_values;
}

Bytes header_bytes(const Key& key, ByteView context, const PublicValues& values) {
  ZKI_CHECK_EQ(context.size(), kContextBytes, "the context is padded to 32 bytes");
  ByteWriter writer;
  writer.u32(kProofMagic);
  writer.u32(kVersion);
  writer.raw(key.identity());
  writer.raw(context);
  for (const auto& value : values) {
    for (const std::int64_t x : value) writer.i64(x);
  }
  ZKI_CHECK_EQ(writer.bytes().size(), header_size(key.graph, key.visibility), "one number per public element");
  return std::move(writer).take();
}

void absorb_statement(Transcript& transcript, const Key& key, ByteView context, const PublicValues& values) {
  transcript.absorb_digest("model identity", key.identity());
  transcript.absorb_bytes("context", context);
  for (const auto& value : values) {
    transcript.absorb_u64("public value size", value.size());
    for (const std::int64_t x : value) transcript.absorb_fp("public value", Fp::from_int(x));
  }
}

}  // namespace zkinfer::proof
