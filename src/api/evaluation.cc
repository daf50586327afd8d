// SPDX-License-Identifier: Apache-2.0
#include "zkinfer/evaluation.h"

#include <algorithm>

#include "api/key_impl.h"
#include "verifier/evaluation.h"

namespace zkinfer {

namespace {

EvaluationInfo info_of(const verifier::EvaluationHead& head) {
  return {head.identity, head.data_set, head.metric, head.num_rows, head.chunk_rows};
}

}  // namespace

std::optional<EvaluationInfo> claimed_evaluation(ByteView bytes) {
  const std::optional<verifier::EvaluationHead> head = verifier::evaluation_head(bytes);
  return head.has_value() ? std::optional(info_of(*head)) : std::nullopt;
}

EvaluationResult verify_evaluation(const VerificationKey& key, ByteView evaluation, const EvaluationRows& rows,
                                   const VerifyRequest& request) {
  const verifier::PreparedKey& prepared = api::impl(key).prepared;
  const auto rejected = [](Verdict verdict) {
    EvaluationResult result;
    result.verdict = std::move(verdict);
    return result;
  };
  Digest context{};
  if (Verdict verdict = api::check_trust(key, request, context); !verdict.accepted())
    return rejected(std::move(verdict));
  verifier::Evaluation checked;
  if (Verdict verdict = verifier::verify_evaluation(prepared, evaluation, {rows.data_set, rows.columns}, checked);
      !verdict.accepted())
    return rejected(std::move(verdict));
  EvaluationResult result;
  if (Verdict verdict = api::summarize(key, request, context, checked.head.context, checked.slots.front(),
                                       checked.soundness.bits(), result);
      !verdict.accepted())
    return rejected(std::move(verdict));
  result.info = info_of(checked.head);
  result.first_class = checked.outcome.first_class;
  result.num_classes = checked.outcome.num_classes;
  result.slots = std::move(checked.slots);
  result.chunks = std::move(checked.counts);
  result.counts.resize(checked.outcome.num_cells);
  for (const auto& chunk : result.chunks)
    std::ranges::transform(result.counts, chunk, result.counts.begin(), std::plus<>());
  return result;
}

}  // namespace zkinfer
