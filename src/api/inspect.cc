// SPDX-License-Identifier: Apache-2.0
#include "zkinfer/inspect.h"

#include <algorithm>

#include "api/key_impl.h"
#include "soundness/report_text.h"

namespace zkinfer {

std::string soundness_text(const VerificationKey& key) {
  const verifier::PreparedKey& prepared = api::impl(key).prepared;
  return soundness::report_text(prepared.key.params, prepared.compiled.shape);
}

std::string soundness_json(const VerificationKey& key) {
  const verifier::PreparedKey& prepared = api::impl(key).prepared;
  return soundness::report_json(prepared.key.params, prepared.compiled.shape);
}

std::vector<std::pair<std::string, std::size_t>> proof_size_table(const VerificationKey& key, ByteView proof) {
  const verifier::PreparedKey& prepared = api::impl(key).prepared;
  const std::size_t header =
      std::min(proof.size(), statement::header_size(prepared.key.graph, prepared.key.visibility));
  std::vector<std::pair<std::string, std::size_t>> out = {{"header and public values", header}};
  if (proof.size() <= header) return out;
  // Sizes do not depend on the challenges: any transcript will do.
  Transcript transcript(verifier::kProtocolName);
  hiding::PadAllocator pads(prepared.key.params.security.zero_knowledge);
  pads.set_layout(prepared.compiled.pads.layout());
  hiding::VerifierChannel channel(transcript, pads, proof.subspan(header));
  static_cast<void>(verifier::receive_roots(channel, prepared, verifier::DataPins(prepared.key.params.data.size())));
  const std::size_t roots = channel.bytes_read();
  static_cast<void>(argument::receive_outer(channel, prepared.compiled));
  out.emplace_back("roots", roots);
  out.emplace_back("lookups and relations", channel.bytes_read() - roots);
  out.emplace_back("opening", proof.size() - header - channel.bytes_read());
  return out;
}

}  // namespace zkinfer
