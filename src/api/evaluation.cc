// SPDX-License-Identifier: Apache-2.0
#include "zkinfer/evaluation.h"

#include <algorithm>
#include <cmath>

#include "api/key_impl.h"
#include "verifier/evaluation.h"

namespace zkinfer {

namespace {

EvaluationInfo info_of(const verifier::EvaluationHead& head) {
  return {head.identity, head.data_set,   head.metric,   head.is_joined,
          head.num_rows, head.chunk_rows, head.set_rows, head.nonce};
}

// What the targets say, beside the model.
void describe_sums(const verifier::Evaluation& checked, const verifier::EvaluatedRows& rows, EvaluationResult& result) {
  const std::uint64_t width = checked.outcome.num_targets, groups = checked.head.metric.num_groups;
  const std::uint64_t num_rows = checked.head.num_rows;
  result.num_targets = width;
  result.unit = std::ldexp(static_cast<double>(checked.outcome.unit.mantissa), checked.outcome.unit.exponent);
  result.group_rows.assign(groups, 0);
  const std::size_t column = rows.inputs.size() - (groups > 1 ? 2 : 1);
  for (std::uint64_t row = 0; row < num_rows; ++row) {
    for (std::uint64_t group = 0; group < groups; ++group)
      result.group_rows[group] += groups == 1 || rows.inputs.back()[row * groups + group] == 1 ? 1 : 0;
  }
  for (std::uint64_t place = 0; place < width && checked.head.metric.has_targets(); ++place) {
    const auto target = [&](std::uint64_t row) {
      return static_cast<double>(rows.inputs[column][row * width + place]);
    };
    double mean = 0;
    for (std::uint64_t row = 0; row < num_rows; ++row) mean += target(row) / static_cast<double>(num_rows);
    for (std::uint64_t row = 0; row < num_rows; ++row)
      result.target_deviation += (target(row) - mean) * (target(row) - mean);
  }
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
  const Digest& root = key.info().root_identity;
  const verifier::EvaluatedRows all{rows.data_set, rows.columns};
  if (Verdict verdict = verifier::verify_evaluation(prepared, root, evaluation, all, checked); !verdict.accepted())
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
  result.counts.resize(checked.outcome.num_shown());
  for (const auto& chunk : checked.numbers)
    std::ranges::transform(result.counts, chunk, result.counts.begin(), std::plus<>());
  if (!checked.head.is_joined) result.chunks = std::move(checked.numbers);
  if (checked.head.metric.is_summed()) describe_sums(checked, all.chosen(checked.head, root), result);
  return result;
}

}  // namespace zkinfer
