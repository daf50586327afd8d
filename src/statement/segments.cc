// SPDX-License-Identifier: Apache-2.0
#include "statement/segments.h"

#include <algorithm>

#include "formats/frame.h"

namespace zkinfer::statement {

namespace {

constexpr TensorPolicy kBetween{Exposure::kCommitted, TensorHash::kNone};

bool same_meaning(const qir::Value& a, const qir::Value& b) {
  return a.shape == b.shape && a.lo == b.lo && a.hi == b.hi && a.scale == b.scale;
}

Status wrong(std::size_t segment, const std::string& what) {
  return corrupt("segment " + std::to_string(segment + 1) + ": " + what);
}

Status check_segment(const std::vector<Key>& keys, std::size_t i) {
  const Key& first = keys.front();
  const Key& key = keys[i];
  if (key.graph.name != first.graph.name) return wrong(i, "another model's name than the first one's");
  if (!(key.params.security == first.params.security)) return wrong(i, "other security than the first one's");
  if (key.insecure_seed != first.insecure_seed || key.visibility.public_params != first.visibility.public_params ||
      key.visibility.carries)
    return wrong(i, "other flags than the first one's");
  if (i > 0 && key.visibility.inputs != kBetween) return wrong(i, "its inputs are not committed");
  if (i + 1 < keys.size() && key.visibility.outputs != kBetween) return wrong(i, "its outputs are not committed");
  return ok_status();
}

// Where a boundary is written and read, both sides must say the same of it.
Status check_reads(const Key& key) {
  const std::vector<Boundary> boundaries = boundaries_of(key);
  for (std::size_t i = 1; i < key.segments.size(); ++i) {
    const Key& reader = key.segments[i];
    const std::vector<std::uint32_t>& reads = key.reads[i];
    if (reads.size() != reader.graph.inputs.size()) return wrong(i, "inputs that come from nowhere");
    for (std::size_t input = 0; input < reads.size(); ++input) {
      const std::string where = "input " + std::to_string(input);
      if (input > 0 && reads[input] <= reads[input - 1]) return wrong(i, where + ": boundaries in another order");
      if (reads[input] >= boundaries.size() || boundaries[reads[input]].segment >= i)
        return wrong(i, where + ": a boundary that no segment before it gives");
      const Boundary& boundary = boundaries[reads[input]];
      const Key& writer = key.segments[boundary.segment];
      if (!same_meaning(writer.graph.value(writer.graph.outputs[boundary.output]),
                        reader.graph.value(reader.graph.inputs[input])))
        return wrong(i, where + ": it means something else than what is given");
      if (reader.params.data[reader.params.data.size() - reads.size() + input] != boundary.oracle)
        return wrong(i, where + ": committed under other parameters than what is given");
    }
  }
  for (const Boundary& boundary : boundaries) {
    const std::string where = "output " + std::to_string(boundary.output);
    if (boundary.num_readers == 0) return wrong(boundary.segment, where + ": nobody reads it");
    if (boundary.oracle.budget != 1 + boundary.num_readers)
      return wrong(boundary.segment, where + ": a budget of " + std::to_string(boundary.oracle.budget) +
                                         ", expected one and one for each reader");
  }
  return ok_status();
}

// The part of the whole's public data that is of one side; outputs come first.
void add_side(const Key& whole, const TensorPolicy& group, std::size_t count, bool is_output, const PublicIo& data,
              PublicIo& out) {
  const auto add = [&](bool has, bool others, std::size_t num_others, const auto& from, auto& to) {
    if (!has) return;
    const auto begin = from.begin() + static_cast<std::ptrdiff_t>(!is_output && others ? num_others : 0);
    to.insert(to.end(), begin, begin + static_cast<std::ptrdiff_t>(count));
  };
  const TensorPolicy& outputs = whole.visibility.outputs;
  const std::size_t num_outputs = whole.graph.outputs.size();
  add(group.is_public(), outputs.is_public(), num_outputs, data.values, out.values);
  add(group.hash != TensorHash::kNone, outputs.hash != TensorHash::kNone, num_outputs, data.digests, out.digests);
  add(group.is_committed(), outputs.is_committed(), num_outputs, data.commitments, out.commitments);
}

}  // namespace

std::string segment_name(std::size_t index, std::size_t count) {
  return "segment " + std::to_string(index + 1) + " of " + std::to_string(count);
}

qir::Visibility segment_visibility(const qir::Visibility& whole, std::size_t index, std::size_t count) {
  qir::Visibility own = whole;
  if (index > 0) own.inputs = kBetween;
  if (index + 1 < count) own.outputs = kBetween;
  return own;
}

std::vector<Boundary> boundaries_of(const Key& key) {
  std::vector<Boundary> out;
  for (std::size_t i = 0; i + 1 < key.segments.size(); ++i) {
    const Key& segment = key.segments[i];
    for (std::size_t output = 0; output < segment.graph.outputs.size(); ++output)
      out.push_back({i, output, segment.params.data[output], 0});
  }
  for (const std::vector<std::uint32_t>& reads : key.reads) {
    for (const std::uint32_t boundary : reads) {
      if (boundary < out.size()) ++out[boundary].num_readers;
    }
  }
  return out;
}

Result<Key> join_keys(std::vector<Key> segments, std::vector<std::vector<std::uint32_t>> reads) {
  if (segments.size() < 2 || segments.size() > kMaxSegments || reads.size() != segments.size() || !reads[0].empty())
    return corrupt(std::to_string(segments.size()) + " segments, expected 2 to " + std::to_string(kMaxSegments));
  Key key;
  for (std::size_t i = 0; i < segments.size(); ++i) {
    ZKI_RETURN_IF_ERROR(check_segment(segments, i));
    const pcs::OpeningParams& params = segments[i].params;
    if (!params.has_model) continue;
    if (key.params.model_budget != 0 && params.model_budget != key.params.model_budget)
      return wrong(i, "another budget than the others'");
    key.params.model_budget = params.model_budget;
  }
  key.segments = std::move(segments);
  key.reads = std::move(reads);
  ZKI_RETURN_IF_ERROR(check_reads(key));
  const Key& first = key.segments.front();
  const Key& last = key.segments.back();
  key.graph.name = first.graph.name;
  for (const qir::ValueId id : first.graph.inputs) {
    key.graph.inputs.push_back(static_cast<qir::ValueId>(key.graph.values.size()));
    key.graph.values.push_back(first.graph.value(id));
  }
  for (const qir::ValueId id : last.graph.outputs) {
    key.graph.outputs.push_back(static_cast<qir::ValueId>(key.graph.values.size()));
    key.graph.values.push_back(last.graph.value(id));
  }
  key.visibility = {first.visibility.inputs, last.visibility.outputs, first.visibility.public_params};
  key.insecure_seed = first.insecure_seed;
  key.params.security = first.params.security;
  key.params.has_model = std::ranges::any_of(key.segments, [](const Key& s) { return s.params.has_model; });
  const auto num_outputs =
      static_cast<std::ptrdiff_t>(key.visibility.outputs.is_committed() ? last.graph.outputs.size() : 0);
  key.params.data.assign(last.params.data.begin(), last.params.data.begin() + num_outputs);
  const auto num_between = static_cast<std::ptrdiff_t>(first.graph.outputs.size());
  key.params.data.insert(key.params.data.end(), first.params.data.begin() + num_between, first.params.data.end());
  return key;
}

Digest segmented_identity(const Key& key) {
  Transcript transcript("zkinfer segmented model identity v2");
  transcript.absorb_u64("segments", key.segments.size());
  for (const Key& segment : key.segments) transcript.absorb_digest("segment identity", segment.identity());
  for (const std::vector<std::uint32_t>& reads : key.reads) {
    transcript.absorb_u64("reads", reads.size());
    for (const std::uint32_t boundary : reads) transcript.absorb_u64("boundary", boundary);
  }
  transcript.absorb_u64("visibility", key.flags());
  transcript.absorb_u64("bits", key.params.security.bits);
  return transcript.state();
}

std::vector<SegmentStatement> segment_statements(const Key& key, const Digest& identity, const Digest& context,
                                                 std::uint64_t slot, const PublicIo& data,
                                                 const std::vector<Commitment>& boundaries) {
  Transcript chain("zkinfer chain context v2");
  chain.absorb_digest("model identity", identity);
  chain.absorb_digest("context", context);
  chain.absorb_u64("slot", slot);
  absorb_public_data(chain, key, data);
  for (const Commitment& boundary : boundaries) {
    chain.absorb_digest("boundary root", boundary.root);
    chain.absorb_fe("boundary value", boundary.ood_value);
  }
  const Digest chain_context = chain.state();
  std::vector<SegmentStatement> out;
  std::size_t next_given = 0;
  for (std::size_t i = 0; i < key.segments.size(); ++i) {
    const Key& segment = key.segments[i];
    SegmentStatement& statement = out.emplace_back();
    Transcript own("zkinfer segment context v2");
    own.absorb_digest("chain", chain_context);
    own.absorb_u64("segment", i);
    statement.context = own.state();
    statement.slot = segment.params.model_budget > 0 ? slot : 0;
    const std::size_t num_outputs = segment.graph.outputs.size();
    if (i + 1 == key.segments.size()) {
      add_side(key, key.visibility.outputs, num_outputs, true, data, statement.data);
    } else {
      for (std::size_t output = 0; output < num_outputs; ++output)
        statement.data.commitments.push_back(boundaries[next_given++]);
    }
    if (i == 0) add_side(key, key.visibility.inputs, segment.graph.inputs.size(), false, data, statement.data);
    for (const std::uint32_t boundary : key.reads[i]) statement.data.commitments.push_back(boundaries[boundary]);
  }
  return out;
}

}  // namespace zkinfer::statement
