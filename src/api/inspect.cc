// SPDX-License-Identifier: Apache-2.0
#include "zkinfer/inspect.h"

#include <algorithm>
#include <cmath>
#include <cstdio>

#include "api/key_impl.h"
#include "api/whole_graph.h"
#include "segments/split.h"
#include "soundness/report_text.h"
#include "statement/segments.h"
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

// Of a key that is cut the segment that proves least is what the whole proves.
const verifier::PreparedKey& weakest_of(const VerificationKey& key) {
  const verifier::PreparedKey& prepared = api::impl(key).prepared;
  if (!prepared.key.is_segmented()) return prepared;
  return *std::ranges::min_element(prepared.segments, {}, [](const auto& one) { return one.soundness.bits(); });
}

}  // namespace

std::string soundness_text(const VerificationKey& key) {
  const verifier::PreparedKey& prepared = weakest_of(key);
  std::string text = soundness::report_text(prepared.key.params, prepared.compiled.shape);
  const std::vector<verifier::PreparedKey>& segments = api::impl(key).prepared.segments;
  if (segments.empty()) return text;
  double all = 0;
  for (const verifier::PreparedKey& segment : segments) all += std::exp2(-segment.soundness.union_bits());
  char line[160];
  std::snprintf(line, sizeof line,
                "weakest of %zu segments: %.1f bits by round; all rounds of all segments together: %.1f bits\n",
                segments.size(), prepared.soundness.bits(), -std::log2(all));
  return line + text;
}

std::string soundness_json(const VerificationKey& key) {
  const verifier::PreparedKey& prepared = weakest_of(key);
  return soundness::report_json(prepared.key.params, prepared.compiled.shape);
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
