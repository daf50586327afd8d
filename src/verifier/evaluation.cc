// SPDX-License-Identifier: Apache-2.0
#include "verifier/evaluation.h"

#include <algorithm>

#include "formats/frame.h"
#include "verifier/cost.h"

namespace zkinfer::verifier {

namespace {

Verdict read_head(ByteView bytes, ByteReader& reader, EvaluationHead& head) {
  if (bytes.size() < kFrameBytes) return Verdict::reject(RejectReason::kTruncated, "header");
  Result<ByteReader> opened = open_frame(FileKind::kEvaluation, bytes);
  if (!opened.ok()) return Verdict::reject(RejectReason::kBadHeader, opened.status().message());
  reader = *opened;
  for (Digest* digest : {&head.identity, &head.context, &head.data_set}) {
    const ByteView raw = reader.raw(digest->size());
    std::copy(raw.begin(), raw.end(), digest->begin());
  }
  head.metric.kind = static_cast<MetricKind>(reader.u32());
  for (std::uint32_t* number : {&head.metric.output, &head.metric.num_groups, &head.metric.k}) *number = reader.u32();
  head.num_rows = reader.u64();
  head.chunk_rows = reader.u64();
  if (!reader.ok()) return Verdict::reject(RejectReason::kTruncated, "header");
  if (head.chunk_rows < 1 || head.chunk_rows > head.num_rows || head.num_rows > relations::kMaxAxis)
    return Verdict::reject(RejectReason::kBadHeader,
                           std::to_string(head.num_rows) + " rows in chunks of " + std::to_string(head.chunk_rows));
  return Verdict::accept();
}

}  // namespace

statement::PublicValues EvaluatedRows::of_chunk(const EvaluationHead& head, std::uint64_t chunk) const {
  statement::PublicValues out;
  for (const std::vector<std::int64_t>& all : inputs) {
    const std::uint64_t size = all.size() / head.num_rows;
    const auto begin = all.begin() + static_cast<std::ptrdiff_t>(chunk * head.chunk_rows * size);
    out.emplace_back(begin, begin + static_cast<std::ptrdiff_t>(head.rows_of(chunk) * size));
  }
  return out;
}

Result<PreparedKey> prepare_chunk(const PreparedKey& prepared, const qir::Outcome& outcome,
                                  const pcs::OpeningParams& params, std::uint64_t num_rows,
                                  std::shared_ptr<relations::RecipeSink> recipes, const VerifyCost& spent) {
  const pcs::OpeningParams& own = prepared.key.params;
  ZKI_RETURN_IF_ERROR(check_same_weights(own, params, "evaluation"));
  if (!params.data.empty()) return invalid_argument("evaluation: its parameters are for committed data");
  PreparedKey base;
  base.key = prepared.key;
  base.key.graph = outcome.graph;
  // The rows are public, the cells are seen by nobody.
  base.key.visibility = {{Exposure::kPublic, TensorHash::kNone}, {}, prepared.key.visibility.public_params, false};
  base.limits = prepared.limits;
  base.floor = prepared.floor;
  base.ood_point = prepared.ood_point;
  return prepare_key_proof(base, params,
                           relations::build_evaluation(outcome.graph, outcome.num_cells, num_rows,
                                                       prepared.limits.memory_bytes, recipes.get()),
                           recipes, "evaluation", own.security.bits, spent, num_rows);
}

void absorb_chunk(Transcript& transcript, const PreparedKey& chunk_key, const EvaluationHead& head, std::uint64_t chunk,
                  std::uint64_t slot, const statement::PublicValues& inputs, const std::vector<std::uint64_t>& counts) {
  transcript.absorb_bytes("parameters", chunk_key.key.params.canonical_bytes());
  const Metric& metric = head.metric;
  for (const std::uint64_t number :
       {std::uint64_t{static_cast<std::uint32_t>(metric.kind)}, std::uint64_t{metric.output},
        std::uint64_t{metric.num_groups}, std::uint64_t{metric.k}, head.num_rows, head.chunk_rows, chunk})
    transcript.absorb_u64("evaluation", number);
  transcript.absorb_digest("data set", head.data_set);
  statement::absorb_statement(transcript, head.identity, chunk_key.key, head.context, slot,
                              {inputs, {}, {}, chunk_key.num_rows});
  for (const std::uint64_t count : counts) transcript.absorb_u64("count", count);
}

statement::PublicValues chunk_tensors(statement::PublicValues inputs, const std::vector<std::uint64_t>& counts) {
  std::vector<std::int64_t> rows(counts.begin(), counts.end());
  rows.resize(std::size_t{1} << circuit::axis_bits(counts.size()), 0);
  inputs.push_back(std::move(rows));
  return inputs;
}

std::optional<EvaluationHead> evaluation_head(ByteView bytes) {
  ByteReader reader({});
  EvaluationHead head;
  return read_head(bytes, reader, head).accepted() ? std::optional(head) : std::nullopt;
}

Verdict verify_evaluation(const PreparedKey& prepared, ByteView bytes, const EvaluatedRows& rows,
                          Evaluation& evaluation) {
  const auto wrong = [](const std::string& where) { return Verdict::reject(RejectReason::kWrongStatement, where); };
  if (prepared.key.is_segmented()) return wrong("evaluation: a model that is cut into segments has none");
  ByteReader reader({});
  EvaluationHead& head = evaluation.head;
  if (Verdict verdict = read_head(bytes, reader, head); !verdict.accepted()) return verdict;
  if (head.identity != prepared.identity) return wrong("model identity: the evaluation was made under another key");
  if (head.data_set != rows.data_set) return wrong("data set: the evaluation is about another one");
  Result<qir::Outcome> outcome = qir::with_outcome(prepared.key.graph, head.metric);
  if (!outcome.ok()) return unprepared(outcome.status());
  evaluation.outcome = std::move(outcome).value();
  const qir::QGraph& graph = evaluation.outcome.graph;
  if (rows.inputs.size() != graph.inputs.size()) return wrong("data set: other columns than the metric counts");
  for (std::size_t i = 0; i < graph.inputs.size(); ++i) {
    const qir::Value& value = graph.value(graph.inputs[i]);
    const std::size_t size = head.num_rows * static_cast<std::size_t>(value.shape.num_elements());
    if (Verdict verdict = check_value(value, rows.inputs[i], size); !verdict.accepted()) return verdict;
  }
  // What all chunks cost is counted before any of them is checked.
  std::vector<PreparedKey> keys;
  VerifyCost spent;
  const std::uint64_t full = head.num_rows / head.chunk_rows, rest = head.num_rows % head.chunk_rows;
  for (const auto& [num_rows, times] : {std::pair(head.chunk_rows, full), std::pair(rest, std::uint64_t{1})}) {
    if (num_rows == 0) continue;
    ByteReader params_reader(reader.blob(pcs::kMaxParamsBytes));
    auto params = pcs::parse_params(params_reader);
    if (!reader.ok() || !params.ok() || !params_reader.finished())
      return Verdict::reject(RejectReason::kBadHeader, "parameters");
    auto key = prepare_chunk(prepared, evaluation.outcome, *params, num_rows, nullptr, spent);
    if (!key.ok()) return unprepared(key.status());
    // Both are below 2^62, or over any limit.
    const bool fits = key->cost.nanoseconds < (std::uint64_t{1} << 62) / times;
    spent.nanoseconds = fits ? std::min(spent.nanoseconds + key->cost.nanoseconds * times, std::uint64_t{1} << 62)
                             : std::uint64_t{1} << 62;
    const VerifyCost all{spent.nanoseconds, key->cost.memory_bytes};
    if (const Status status = check_cost(all, prepared.limits); !status.ok()) return unprepared(status);
    if (keys.empty() || key->soundness.bits() < evaluation.soundness.bits()) evaluation.soundness = key->soundness;
    keys.push_back(std::move(key).value());
  }
  for (std::uint64_t chunk = 0; chunk < head.num_chunks(); ++chunk) {
    const PreparedKey& key = chunk < full ? keys.front() : keys.back();
    const std::string where = "chunk " + std::to_string(chunk);
    const std::uint64_t slot = evaluation.slots.emplace_back(reader.u64());
    std::vector<std::uint64_t>& counts = evaluation.counts.emplace_back();
    for (std::uint64_t cell = 0; cell < evaluation.outcome.num_cells && reader.ok(); ++cell) {
      // Numbers that differ by the field's modulus are one in the proof.
      if (counts.emplace_back(reader.u64()) > key.num_rows)
        return Verdict::reject(RejectReason::kBadPublicValue, where + ": it counts more rows than it has");
    }
    const ByteView messages = reader.blob(kMaxProofBytes);
    if (!reader.ok()) return Verdict::reject(RejectReason::kTruncated, where);
    Verdict verdict = check_slot(slot, prepared);
    if (verdict.accepted()) {
      statement::PublicValues inputs = rows.of_chunk(head, chunk);
      Transcript transcript(kEvaluationProtocol);
      absorb_chunk(transcript, key, head, chunk, slot, inputs, counts);
      verdict = verify_messages(key, chunk_tensors(std::move(inputs), counts), {}, messages, transcript);
    }
    if (!verdict.accepted()) {
      verdict.where = where + ": " + verdict.where;
      return verdict;
    }
  }
  return reader.finished() ? Verdict::accept() : Verdict::reject(RejectReason::kTrailingBytes, "behind the last chunk");
}

}  // namespace zkinfer::verifier
