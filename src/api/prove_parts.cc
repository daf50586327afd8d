// SPDX-License-Identifier: Apache-2.0
// Proofs of cut models in parts: the plan, each segment's part, and the whole of them.
#include "zkinfer/proof_parts.h"

#include <algorithm>
#include <chrono>

#include "api/prove_request.h"
#include "api/prover_impl.h"
#include "formats/frame.h"
#include "hash/keccak.h"
#include "prover/proof_plan.h"
#include "statement/segments.h"
#include "zkinfer/version.h"

namespace zkinfer {

namespace {

// Programs that make the same bytes of the same plan.
std::string program_name() {
  return "zkinfer " + std::to_string(ZKINFER_VERSION_MAJOR) + "." + std::to_string(ZKINFER_VERSION_MINOR) + "." +
         std::to_string(ZKINFER_VERSION_PATCH);
}

Status not_cut() {
  return invalid_argument(
      "the model is not cut into segments, so its proof has no parts; prove it as a whole, or compile it with "
      "segments");
}

std::string places(const std::vector<std::size_t>& segments) {
  std::string out;
  for (const std::size_t segment : segments) out += (out.empty() ? "" : ", ") + std::to_string(segment + 1);
  return out;
}

}  // namespace

Result<Bytes> Prover::plan_proof(const ProveRequest& request, std::vector<Clipping>& clipping) const {
  if (impl_->cut == nullptr) return not_cut();
  ZKI_RETURN_IF_ERROR(api::check_context(request.context));
  const statement::Key& key = impl_->model.prepared.key;
  if (key.visibility.inputs.is_committed() || key.visibility.outputs.is_committed()) {
    return unsupported(
        "a proof in parts of a key with committed inputs or outputs; prove it as a whole, or commit to the model "
        "without committed tensors");
  }
  prover::ProveRequest inputs;
  ZKI_RETURN_IF_ERROR(api::set_inputs(key, impl_->whole, request, inputs, clipping));
  ZKI_ASSIGN_OR_RETURN(prover::ProveRequest inner, impl_->begin_proof(SlotUse::kProof, request.progress));
  inner.inputs = std::move(inputs.inputs);
  std::copy(request.context.begin(), request.context.end(), inner.context.begin());
  ZKI_ASSIGN_OR_RETURN(
      const prover::SegmentedProof whole,
      impl_->ended(prover::SegmentedProof::begin(*impl_->cut, key, impl_->model.seed, impl_->segment_codes, inner)));
  prover::ProofPlan plan;
  plan.program = program_name();
  plan.identity = key.identity();
  plan.slot = inner.slot;
  plan.num_segments = static_cast<std::uint32_t>(whole.num_segments());
  plan.entropy = inner.entropy;
  plan.context = inner.context;
  plan.head = keccak256(whole.head());
  plan.inputs = std::move(inner.inputs);
  ZKI_RETURN_IF_ERROR(request.progress("done", 1.0));
  return prover::plan_bytes(plan, impl_->model.seed);
}

Result<PartResult> Prover::prove_part(ByteView plan_bytes, std::size_t segment, const Progress& progress) const {
  if (impl_->cut == nullptr) return not_cut();
  const auto begin = std::chrono::steady_clock::now();
  const std::size_t num_segments = impl_->cut->parts.size();
  if (segment >= num_segments) {
    return invalid_argument("segment " + std::to_string(segment + 1) + ", the model has " +
                            std::to_string(num_segments));
  }
  const statement::Key& key = impl_->model.prepared.key;
  ZKI_ASSIGN_OR_RETURN(const prover::ProofPlan plan, prover::open_plan(plan_bytes, impl_->model.seed));
  if (plan.identity != key.identity())
    return invalid_argument("proof plan: it was made under another commitment to the model; open that one");
  if (plan.program != program_name()) {
    return invalid_argument("proof plan: made by " + plan.program + ", this is " + program_name() +
                            ", which may make other bytes under the same slot; use that one, or plan the proof again");
  }
  ZKI_RETURN_IF_ERROR(progress("run the network", 0.0));
  ZKI_ASSIGN_OR_RETURN(const prover::SegmentedProof whole,
                       prover::begin_planned(*impl_->cut, key, impl_->model.seed, impl_->segment_codes, plan));
  prover::ProofPart part;
  part.segment = static_cast<std::uint32_t>(segment);
  part.num_segments = static_cast<std::uint32_t>(num_segments);
  part.head = whole.head();
  prover::ProveTimes times;
  Result<Bytes> messages =
      whole.prove_segment(segment, progress.step(0, 1, statement::segment_name(segment, num_segments)), times);
  if (!messages.ok()) return impl_->without_code(messages.status());
  part.messages = std::move(messages).value();
  if (const Verdict verdict = whole.check_segment(segment, part.messages); !verdict.accepted())
    return internal_error("the new part fails its own check: " + verdict.to_string());
  PartResult result;
  result.part = prover::part_bytes(part);
  result.outputs = whole.outputs();
  result.prove_seconds = std::chrono::duration<double>(std::chrono::steady_clock::now() - begin).count();
  ZKI_RETURN_IF_ERROR(progress("done", 1.0));
  return result;
}

Result<PlanOutline> outline_of_plan(ByteView plan_bytes) {
  ZKI_ASSIGN_OR_RETURN(const prover::ProofPlan plan, prover::parse_plan(plan_bytes));
  return PlanOutline{plan.identity, plan.slot, plan.num_segments};
}

Result<PartOutline> outline_of_part(ByteView bytes) {
  ZKI_ASSIGN_OR_RETURN(const prover::ProofPart part, prover::parse_part(bytes));
  PartOutline out;
  ByteReader reader(ByteView(part.head).subspan(statement::kIdentityOffset));
  std::ranges::copy(reader.raw(sizeof(Digest)), out.identity.begin());
  reader.raw(statement::kContextBytes);
  out.slot = reader.u64();
  out.segment = part.segment;
  out.num_segments = part.num_segments;
  return out;
}

Result<Bytes> join_parts(std::span<const Bytes> parts) {
  if (parts.empty()) return invalid_argument("no parts of a proof; expected one of each segment");
  std::vector<prover::ProofPart> all;
  std::vector<std::size_t> missing, twice;
  for (std::size_t i = 0; i < parts.size(); ++i) {
    Result<prover::ProofPart> part = prover::parse_part(parts[i]);
    if (!part.ok()) return part.status().with_context("part " + std::to_string(i + 1));
    if (!all.empty() && (part->head != all[0].head || part->num_segments != all[0].num_segments)) {
      return invalid_argument("part " + std::to_string(i + 1) +
                              " is of another proof than part 1; give those that were made with one plan");
    }
    all.push_back(std::move(part).value());
  }
  const std::size_t num_segments = all[0].num_segments;
  std::vector<Bytes> messages(num_segments);
  for (prover::ProofPart& part : all) {
    if (!messages[part.segment].empty()) twice.push_back(part.segment);
    messages[part.segment] = std::move(part.messages);
  }
  for (std::size_t i = 0; i < num_segments; ++i) {
    if (messages[i].empty()) missing.push_back(i);
  }
  const std::string of = " of " + std::to_string(num_segments);
  if (!missing.empty())
    return invalid_argument("segment " + places(missing) + of + (missing.size() == 1 ? " is" : " are") + " missing");
  if (!twice.empty())
    return invalid_argument("segment " + places(twice) + of + " is there twice; give one part of each");
  return prover::SegmentedProof::join(all[0].head, messages);
}

}  // namespace zkinfer
