// SPDX-License-Identifier: Apache-2.0
#include "statement/statement.h"

namespace zkinfer::proof {

namespace {

Digest digest_of(std::string_view domain, ByteView a, ByteView b, const Digest& root, const Fe& value) {
  Transcript transcript(domain);
  transcript.absorb_bytes("structure", a);
  transcript.absorb_bytes("parameters", b);
  transcript.absorb_digest("model root", root);
  transcript.absorb_fe("model value", value);
  return transcript.state();
}

}  // namespace

Digest Key::identity() const {
  return digest_of("zkinfer model identity v1", qir::structure_bytes(graph), params.canonical_bytes(), commitment.root,
                   commitment.ood_value);
}

Bytes Key::to_bytes() const {
  ByteWriter writer;
  writer.u32(kKeyMagic);
  writer.u32(kVersion);
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
  const ByteView structure = reader.blob(kMaxKeyBytes);
  ByteReader params_reader(reader.blob(1 << 16));
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
  return key;
}

Fe ood_point(const qir::QGraph& graph, const pcs::OpeningParams& params, const Digest& root) {
  Transcript transcript("zkinfer model value v1");
  transcript.absorb_bytes("structure", qir::structure_bytes(graph));
  transcript.absorb_bytes("parameters", params.canonical_bytes());
  transcript.absorb_digest("model root", root);
  return transcript.challenge("model point");
}

std::size_t header_size(const qir::QGraph& graph) {
  std::size_t num_values = 0;
  for (const qir::ValueId id : graph.outputs) num_values += static_cast<std::size_t>(graph.value(id).shape.num_elements());
  return 8 + kContextBytes + 8 * num_values;
}

Bytes header_bytes(const qir::QGraph& graph, ByteView context, const PublicValues& outputs) {
  ZKI_CHECK_EQ(context.size(), kContextBytes, "the context is padded to 32 bytes");
  ByteWriter writer;
  writer.u32(kProofMagic);
  writer.u32(kVersion);
  writer.raw(context);
  for (const auto& output : outputs) {
    for (const std::int64_t x : output) writer.i64(x);
  }
  ZKI_CHECK_EQ(writer.bytes().size(), header_size(graph), "one value per output element");
  return std::move(writer).take();
}

void absorb_statement(Transcript& transcript, const Key& key, ByteView context, const PublicValues& outputs) {
  transcript.absorb_digest("model identity", key.identity());
  transcript.absorb_bytes("context", context);
  for (const auto& output : outputs) {
    transcript.absorb_u64("output size", output.size());
    for (const std::int64_t x : output) transcript.absorb_fp("output", Fp::from_int(x));
  }
}

}  // namespace zkinfer::proof
