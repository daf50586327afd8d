// SPDX-License-Identifier: Apache-2.0
#include "zkinfer/verify.h"

#include <algorithm>
#include <cmath>

#include "soundness/analyze.h"
#include "verifier/certificate.h"
#include "verifier/rotation.h"

namespace zkinfer {

struct VerificationKey::Impl {
  verifier::PreparedKey prepared;
  KeyInfo info;
  soundness::SoundnessReport report;
};

VerificationKey::VerificationKey(std::unique_ptr<Impl> impl) : impl_(std::move(impl)) {}
VerificationKey::~VerificationKey() = default;
VerificationKey::VerificationKey(VerificationKey&&) noexcept = default;
VerificationKey& VerificationKey::operator=(VerificationKey&&) noexcept = default;

Result<VerificationKey> VerificationKey::from_bytes(ByteView bytes, double min_security_bits) {
  ZKI_ASSIGN_OR_RETURN(proof::Key key, proof::parse_key(bytes));
  auto impl = std::make_unique<Impl>();
  auto prepared = verifier::prepare(std::move(key));
  if (!prepared.ok()) return prepared.status().with_context("verification key");
  impl->prepared = std::move(prepared).value();
  const proof::Key& parsed = impl->prepared.key;
  impl->report = soundness::analyze(parsed.params, impl->prepared.compiled.shape);
  if (impl->report.bits() < min_security_bits) {
    return invalid_argument("verification key: it proves " + std::to_string(static_cast<int>(impl->report.bits())) +
                            " bits of security, at least " + std::to_string(static_cast<int>(min_security_bits)) +
                            " are asked for; get a key with more, or lower the floor knowingly");
  }
  impl->info.model_name = parsed.graph.name;
  impl->info.model_identity = parsed.identity();
  impl->info.security_bits = impl->report.bits();
  impl->info.zero_knowledge = parsed.params.zero_knowledge;
  impl->info.insecure_seed = parsed.insecure_seed;
  impl->info.inputs = parsed.visibility.inputs;
  impl->info.outputs = parsed.visibility.outputs;
  impl->info.public_parameters = parsed.visibility.public_params;
  impl->info.model_budget = parsed.params.model_budget;
  impl->info.num_parameters = impl->prepared.compiled.num_elements(circuit::Oracle::kModel);
  return VerificationKey(std::move(impl));
}

const KeyInfo& VerificationKey::info() const { return impl_->info; }
std::string VerificationKey::soundness_text() const { return impl_->report.to_text(); }
std::string VerificationKey::soundness_json() const { return impl_->report.to_json(); }

VerifyResult verify(const VerificationKey& key, ByteView proof) {
  const verifier::PreparedKey& prepared = key.impl().prepared;
  proof::Header header;
  VerifyResult result;
  result.verdict = verifier::verify(prepared, proof, {}, &header);
  if (!result.verdict.accepted()) return result;
  result.context.assign(header.context.begin(), header.context.end());
  const std::vector<qir::ValueId> ids = qir::public_values(prepared.key.graph, prepared.key.visibility);
  const std::size_t num_outputs = prepared.key.visibility.outputs.is_public() ? prepared.key.graph.outputs.size() : 0;
  for (std::size_t i = 0; i < ids.size(); ++i) {
    const qir::Value& value = prepared.key.graph.value(ids[i]);
    const double scale = std::ldexp(static_cast<double>(value.scale.mantissa), value.scale.exponent);
    (i < num_outputs ? result.outputs : result.inputs).push_back({value.name, value.shape.dims(), std::move(header.data.values[i]), scale});
  }
  return result;
}

VerifyResult verify(const VerificationKey& key, ByteView proof, ByteView context) {
  Digest expected{};
  if (context.size() > expected.size()) {
    return {Verdict::reject(RejectReason::kWrongStatement, "context longer than 32 bytes"), {}, {}, {}};
  }
  std::copy(context.begin(), context.end(), expected.begin());
  VerifyResult result = verify(key, proof);
  if (result.verdict.accepted() && !std::equal(expected.begin(), expected.end(), result.context.begin())) {
    return {Verdict::reject(RejectReason::kWrongStatement, "context: the proof is bound to another one"), {}, {}, {}};
  }
  return result;
}

Verdict verify_certificate(const VerificationKey& key, ByteView certificate) {
  return verifier::verify_certificate(key.impl().prepared, certificate);
}

Verdict verify_rotation(const VerificationKey& before, const VerificationKey& after, ByteView rotation) {
  return verifier::verify_rotation(before.impl().prepared, after.impl().prepared, rotation);
}

std::vector<std::pair<std::string, std::size_t>> proof_size_table(const VerificationKey& key, ByteView proof) {
  const verifier::PreparedKey& prepared = key.impl().prepared;
  const std::size_t header = std::min(proof.size(), proof::header_size(prepared.key.graph, prepared.key.visibility));
  std::vector<std::pair<std::string, std::size_t>> out = {{"header and public values", header}};
  if (proof.size() <= header) return out;
  // The messages before the opening: run the outer verifier for its byte count. Sizes do not depend on the values.
  Transcript transcript(verifier::kProtocolName);
  hiding::PadAllocator pads(prepared.key.params.zero_knowledge);
  pads.set_layout(prepared.compiled.pads.layout());
  hiding::VerifierChannel channel(transcript, pads, proof.subspan(header));
  (void)verifier::receive_roots(channel, prepared, verifier::DataPins(prepared.key.params.data.size()));
  out.emplace_back("roots", channel.bytes_read());
  proof::PublicValues outputs;
  for (const circuit::PublicTensor& tensor : prepared.compiled.circuit.public_tensors) {
    std::size_t size = 1;
    for (const std::uint64_t n : tensor.box) size *= n;
    outputs.emplace_back(size);
  }
  const std::size_t before = channel.bytes_read();
  (void)verifier::verify_outer(channel, prepared.compiled, outputs);
  out.emplace_back("lookups and relations", channel.bytes_read() - before);
  out.emplace_back("opening", proof.size() - header - channel.bytes_read());
  return out;
}

}  // namespace zkinfer
