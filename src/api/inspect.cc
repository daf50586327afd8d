// SPDX-License-Identifier: Apache-2.0
#include "zkinfer/inspect.h"

#include <algorithm>

#include "api/key_impl.h"
#include "api/whole_graph.h"
#include "segments/split.h"
#include "soundness/report_text.h"
#include "statement/segments.h"
#include "verifier/path.h"
#include "verifier/segments.h"

namespace zkinfer {

qir::QGraph api::whole_graph(const VerificationKey& key) {
  const statement::Key& own = api::impl(key).prepared.key;
  if (!own.is_segmented()) return own.graph;
  std::vector<const qir::QGraph*> graphs;
  for (const statement::Key& segment : own.segments) graphs.push_back(&segment.graph);
  return segments::join(graphs, own.reads);
}

namespace {

std::vector<soundness::ReportPart> parts_of(const VerificationKey& key) {
  const verifier::PreparedKey& prepared = api::impl(key).prepared;
  std::vector<soundness::ReportPart> parts;
  if (!prepared.key.is_segmented()) parts.push_back({prepared.key.params, prepared.compiled.shape});
  for (const verifier::PreparedKey& segment : prepared.segments)
    parts.push_back({segment.key.params, segment.compiled.shape});
  return parts;
}

}  // namespace

std::string soundness_text(const VerificationKey& key) { return soundness::report_text(parts_of(key)); }
std::string soundness_json(const VerificationKey& key) { return soundness::report_json(parts_of(key)); }

Result<PathOutline> outline_of_path(ByteView bytes) {
  verifier::Path path;
  const Verdict verdict = verifier::read_path(bytes, path);
  if (!verdict.accepted()) {
    return corrupt("path of " + std::to_string(bytes.size()) + " bytes, " +
                   (verdict.reason == RejectReason::kTrailingBytes ? "and bytes follow its end"
                                                                   : "cut off or damaged: " + verdict.where) +
                   "; get it again from the prover");
  }
  PathOutline out{path.root_identity, path.steps.size()};
  for (const verifier::PathStep& step : path.steps)
    out.num_commitments = std::max<std::size_t>(out.num_commitments, step.segments.size());
  return out;
}

std::vector<std::pair<std::string, std::size_t>> proof_size_table(const VerificationKey& key, ByteView proof) {
  const verifier::PreparedKey& prepared = api::impl(key).prepared;
  const std::size_t header =
      std::min(proof.size(), statement::header_size(prepared.key.graph, prepared.key.visibility));
  std::vector<std::pair<std::string, std::size_t>> out = {{"header and public values", header}};
  if (proof.size() <= header) return out;
  if (prepared.key.is_segmented()) {
    ByteReader reader(proof.subspan(header));
    reader.raw(statement::kCommitmentBytes * statement::boundaries_of(prepared.key).size());
    out.emplace_back("boundaries", reader.offset());
    for (std::size_t i = 0; i < prepared.segments.size() && reader.ok(); ++i)
      out.emplace_back("segment " + std::to_string(i + 1), 4 + reader.blob(verifier::kMaxSegmentBytes).size());
    return out;
  }
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
