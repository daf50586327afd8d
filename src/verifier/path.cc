// SPDX-License-Identifier: Apache-2.0
#include "verifier/path.h"

#include <algorithm>

#include "formats/frame.h"
#include "statement/segments.h"
#include "verifier/segments.h"

namespace zkinfer::verifier {

namespace {

// One rotation, whose statement the keys above and below make.
Verdict verify_step(const PreparedKey& above, const PreparedKey& below, ByteView rotation, bool from_root,
                    Descent& out) {
  ByteReader reader({});
  KeyProofSlots slots{};
  if (Verdict verdict = read_slots(kRotationKind, rotation, reader, slots); !verdict.accepted()) return verdict;
  // A key of the tree is made by its rotation, which is the first use of its commitment.
  if (slots[1] != 0) {
    return Verdict::reject(RejectReason::kWrongStatement,
                           "the rotation uses slot " + std::to_string(slots[1]) + " of the new key, expected 0");
  }
  if (from_root) out.root_slot = slots[0];
  soundness::SoundnessReport report;
  if (Verdict verdict = verify_rotation(above, below, rotation, &report); !verdict.accepted()) return verdict;
  out.soundness.add(report);
  out.soundness.add(below.soundness);
  return Verdict::accept();
}

// Parameters and commitment. kBadHeader where there are no parameters, which `is_empty` says.
Verdict read_commitment(ByteReader& reader, const std::string& where, PathStep::Segment& out, bool& is_empty) {
  const ByteView bytes = reader.blob(pcs::kMaxParamsBytes);
  if (!reader.ok()) return Verdict::reject(RejectReason::kTruncated, where + ": parameters");
  is_empty = bytes.empty();
  ByteReader params_reader(bytes);
  auto params = pcs::parse_params(params_reader);
  if (!params.ok() || !params_reader.finished())
    return Verdict::reject(RejectReason::kBadHeader, where + ": parameters");
  out.params = std::move(params).value();
  if (reader.remaining() < statement::kCommitmentBytes)
    return Verdict::reject(RejectReason::kTruncated, where + ": commitment");
  out.commitment = statement::read_commitment(reader);
  return reader.ok() ? Verdict::accept() : Verdict::reject(RejectReason::kNonCanonical, where + ": commitment");
}

Result<PreparedKey> one_descendant(const PreparedKey& root, const PathStep::Segment& step, const VerifyCost& spent) {
  const auto& [params, commitment] = step;
  const pcs::OpeningParams& own = root.key.params;
  if (root.key.insecure_seed) return invalid_argument("the root key was made with a fixed seed, for tests");
  if (!own.has_model || own.model_budget == 0) return invalid_argument("the root key commits to no private weights");
  if (!params.has_model || params.model_budget == 0) return invalid_argument("no commitment to private weights");
  if (params.security.decoding != own.security.decoding)
    return invalid_argument("another regime of soundness than the root's");
  if (params.security.zero_knowledge != own.security.zero_knowledge) return invalid_argument("zero knowledge is off");
  if (params.data != own.data)
    return invalid_argument("committed inputs or outputs under other parameters than the root's");
  if (params.security.bits < own.security.bits) {
    return invalid_argument("it claims " + std::to_string(params.security.bits) + " bits, the root " +
                            std::to_string(own.security.bits));
  }
  return prepare_like(root, params, commitment, spent);
}

}  // namespace

Verdict read_path(ByteView bytes, Path& path) {
  if (bytes.size() < kFrameBytes) return Verdict::reject(RejectReason::kTruncated, "header");
  Result<ByteReader> opened = open_frame(FileKind::kPath, bytes);
  if (!opened.ok()) return Verdict::reject(RejectReason::kBadHeader, opened.status().message());
  ByteReader reader = *opened;
  const ByteView root = reader.raw(path.root_identity.size());
  const std::size_t num_steps = reader.u8();
  if (!reader.ok()) return Verdict::reject(RejectReason::kTruncated, "header");
  if (num_steps < 1 || num_steps > kMaxPathSteps) {
    return Verdict::reject(RejectReason::kBadHeader,
                           std::to_string(num_steps) + " steps, expected 1 to " + std::to_string(kMaxPathSteps));
  }
  std::copy(root.begin(), root.end(), path.root_identity.begin());
  path.steps.clear();
  for (std::size_t i = 0; i < num_steps; ++i) {
    const std::string where = "step " + std::to_string(i + 1);
    PathStep& step = path.steps.emplace_back();
    PathStep::Segment one;
    bool is_cut = false;
    Verdict verdict = read_commitment(reader, where, one, is_cut);
    if (!verdict.accepted() && !is_cut) return verdict;
    const std::uint32_t num_segments = is_cut ? reader.u32() : 0;
    if (num_segments > kMaxSegments || (is_cut && num_segments == 0))
      return Verdict::reject(RejectReason::kBadHeader, where + ": segments");
    for (std::uint32_t segment = 0; segment < num_segments; ++segment) {
      bool is_empty = false;
      verdict = read_commitment(reader, where, step.segments.emplace_back(), is_empty);
      if (!verdict.accepted()) return verdict;
    }
    step.params = std::move(one.params);
    step.commitment = one.commitment;
    const ByteView rotation = reader.blob(kMaxProofBytes);
    if (!reader.ok()) return Verdict::reject(RejectReason::kTruncated, where + ": rotation");
    step.rotation.assign(rotation.begin(), rotation.end());
  }
  if (!reader.finished()) return Verdict::reject(RejectReason::kTrailingBytes, "path");
  return Verdict::accept();
}

Result<PreparedKey> descendant(const PreparedKey& root, const PathStep& step) {
  if (!root.key.is_segmented()) {
    if (!step.segments.empty()) return invalid_argument("a step of a model that is cut into segments");
    return one_descendant(root, {step.params, step.commitment}, {});
  }
  const auto has_weights = [](const PreparedKey& segment) { return segment.key.params.has_model; };
  if (static_cast<std::size_t>(std::ranges::count_if(root.segments, has_weights)) != step.segments.size())
    return invalid_argument("not one commitment for each segment with weights");
  PreparedKey out;
  out.limits = root.limits;
  out.floor = root.floor;
  std::vector<statement::Key> keys;
  auto next = step.segments.begin();
  for (const PreparedKey& above : root.segments) {
    ZKI_RETURN_IF_ERROR(add_segment(out, has_weights(above) ? one_descendant(above, *next++, out.cost) : above));
    keys.push_back(out.segments.back().key);
  }
  auto key = statement::join_keys(std::move(keys), root.key.reads);
  if (!key.ok()) return invalid_argument(key.status().message());
  ZKI_RETURN_IF_ERROR(check_soundness(out.soundness));
  out.key = std::move(key).value();
  out.identity = out.key.identity();
  return out;
}

Verdict verify_path(const PreparedKey& root, const Path& path, Descent& out) {
  if (path.root_identity != root.identity) {
    return Verdict::reject(RejectReason::kWrongStatement, "root identity: the path leads from another key");
  }
  if (path.steps.empty() || path.steps.size() > kMaxPathSteps) {
    return Verdict::reject(RejectReason::kBadHeader, std::to_string(path.steps.size()) + " steps");
  }
  out.soundness = root.soundness;
  std::vector<Digest> identities = {root.identity};
  PreparedKey above;  // of the step before; the root's before the first
  for (std::size_t i = 0; i < path.steps.size(); ++i) {
    const PathStep& step = path.steps[i];
    auto below = descendant(root, step);
    Verdict verdict = below.ok() ? Verdict::accept() : unprepared(below.status());
    if (below.ok() && std::ranges::count(identities, below->identity) > 0)
      verdict = Verdict::reject(RejectReason::kWrongStatement, "a key that the path has been at before");
    if (verdict.accepted()) verdict = verify_step(i == 0 ? root : above, *below, step.rotation, i == 0, out);
    if (!verdict.accepted()) {
      verdict.where = "step " + std::to_string(i + 1) + ": " + verdict.where;
      return verdict;
    }
    identities.push_back(below->identity);
    above = std::move(below).value();
  }
  out.serving = std::move(above);
  return Verdict::accept();
}

}  // namespace zkinfer::verifier
