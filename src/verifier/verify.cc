// SPDX-License-Identifier: Apache-2.0
#include "verifier/verify.h"

#include <algorithm>

#include "commit/pcs/opening_verifier.h"
#include "soundness/analyze.h"

namespace zkinfer::verifier {

Result<PreparedKey> prepare(proof::Key key) {
  PreparedKey out;
  out.key = std::move(key);
  ZKI_ASSIGN_OR_RETURN(out.compiled, relations::compile(out.key.graph, out.key.params.zero_knowledge, out.key.visibility));
  ZKI_ASSIGN_OR_RETURN(out.layouts, relations::place(out.compiled, out.key.params));
  const soundness::SoundnessReport report = soundness::analyze(out.key.params, out.compiled.shape);
  if (!report.meets_target()) {
    return invalid_argument("parameters: they claim " + std::to_string(report.target_bits) + " bits but only " +
                            std::to_string(report.bits()) + " are proven; weakest term: " + report.weakest());
  }
  out.ood_point = proof::ood_point(out.key.graph, out.key.params, out.key.commitment.root);
  out.identity = out.key.identity();
  return out;
}

pcs::OpeningRoots receive_roots(hiding::VerifierChannel& channel, const PreparedKey& prepared) {
  pcs::OpeningRoots roots;
  roots.model = prepared.key.commitment.root;
  roots.witness = channel.receive_digests("witness root", 1)[0];
  if (prepared.key.params.zero_knowledge) {
    roots.mask = channel.receive_digests("mask root", 1)[0];
    roots.pin.point = channel.challenge("mask point");
    roots.pin.x = channel.receive_clear("mask value");
    roots.pin.s = channel.receive_clear("mask value");
  }
  return roots;
}

OpeningClaim::OpeningClaim(const PreparedKey& prepared, OuterClaim claim)
    : model_(prepared.layouts.model, std::move(claim.model_terms)),
      witness_(prepared.layouts.witness, std::move(claim.witness_terms)) {
  statement_.mu = claim.mu;
  statement_.witness_weights = &witness_;
  if (prepared.key.params.has_model) {
    statement_.model_weights = &model_;
    statement_.model_powers.push_back({prepared.ood_point, claim.next_power});
    statement_.mu += claim.next_power * prepared.key.commitment.ood_value;
  }
}

namespace {

Verdict read_header(const PreparedKey& prepared, ByteView proof, proof::Header& header) {
  const qir::QGraph& graph = prepared.key.graph;
  ByteReader reader(proof);
  const std::uint32_t magic = reader.u32();
  const std::uint32_t version = reader.u32();
  if (!reader.ok()) return Verdict::reject(RejectReason::kTruncated, "header");
  if (magic != proof::kProofMagic) return Verdict::reject(RejectReason::kBadHeader, "magic: this is not a proof file");
  if (version != proof::kVersion) {
    return Verdict::reject(RejectReason::kBadHeader, "version " + std::to_string(version) + ", expected " + std::to_string(proof::kVersion));
  }
  const ByteView identity = reader.raw(prepared.identity.size());
  if (reader.ok() && !std::equal(identity.begin(), identity.end(), prepared.identity.begin())) {
    return Verdict::reject(RejectReason::kWrongStatement, "model identity: the proof was made under another key");
  }
  const ByteView context = reader.raw(proof::kContextBytes);
  if (!reader.ok() || reader.remaining() < proof::header_size(graph, prepared.key.visibility) - reader.offset()) {
    return Verdict::reject(RejectReason::kTruncated, "header");
  }
  std::copy(context.begin(), context.end(), header.context.begin());
  for (const qir::ValueId id : qir::public_values(graph, prepared.key.visibility)) {
    const qir::Value& value = graph.value(id);
    std::vector<std::int64_t> output(static_cast<std::size_t>(value.shape.num_elements()));
    for (std::size_t i = 0; i < output.size(); ++i) {
      output[i] = reader.i64();
      if (output[i] < value.lo || output[i] > value.hi) {
        return Verdict::reject(RejectReason::kBadPublicValue, "value '" + value.name + "' element " + std::to_string(i));
      }
    }
    header.outputs.push_back(std::move(output));
  }
  header.num_bytes = reader.offset();
  return Verdict::accept();
}

}  // namespace

Verdict verify(const PreparedKey& prepared, ByteView proof, proof::Header* header) {
  proof::Header local;
  proof::Header& head = header != nullptr ? *header : local;
  head = {};
  if (Verdict verdict = read_header(prepared, proof, head); !verdict.accepted()) return verdict;
  Transcript transcript(kProtocolName);
  proof::absorb_statement(transcript, prepared.key, head.context, head.outputs);
  return verify_messages(prepared, head.outputs, proof.subspan(head.num_bytes), transcript);
}

Verdict verify_messages(const PreparedKey& prepared, const proof::PublicValues& values, ByteView messages,
                        Transcript& transcript) {
  hiding::PadAllocator pads(prepared.key.params.zero_knowledge);
  pads.set_layout(prepared.compiled.pads.layout());
  hiding::VerifierChannel channel(transcript, pads, messages);
  const pcs::OpeningRoots roots = receive_roots(channel, prepared);
  if (channel.failed()) return channel.verdict();
  OuterClaim outer = verify_outer(channel, prepared.compiled, values);
  if (channel.failed()) return channel.verdict();
  const OpeningClaim claim(prepared, std::move(outer));
  return pcs::verify_opening(prepared.key.params, claim.statement(), roots, messages.subspan(channel.bytes_read()), transcript);
}

}  // namespace zkinfer::verifier
