// SPDX-License-Identifier: Apache-2.0
#include "verifier/evaluation.h"

#include <algorithm>

#include "formats/frame.h"
#include "verifier/cost.h"
#include "verifier/sample.h"

namespace zkinfer::verifier {

namespace {

Verdict read_head(ByteView bytes, ByteReader& reader, EvaluationHead& head) {
  if (bytes.size() < kFrameBytes) return Verdict::reject(RejectReason::kTruncated, "header");
  Result<ByteReader> opened = open_frame(FileKind::kEvaluation, bytes);
  if (!opened.ok()) return Verdict::reject(RejectReason::kBadHeader, opened.status().message());
  reader = *opened;
  for (Digest* digest : {&head.identity, &head.context, &head.data_set}) *digest = read_digest(reader);
  head.metric.kind = static_cast<MetricKind>(reader.u32());
  for (std::uint32_t* number : {&head.metric.output, &head.metric.num_groups, &head.metric.k}) *number = reader.u32();
  const std::uint32_t joined = reader.u32();
  head.is_joined = joined == 1;
  for (std::uint64_t* number : {&head.num_rows, &head.chunk_rows, &head.set_rows}) *number = reader.u64();
  const ByteView nonce = reader.raw(head.nonce.size());
  if (!reader.ok()) return Verdict::reject(RejectReason::kTruncated, "header");
  std::copy(nonce.begin(), nonce.end(), head.nonce.begin());
  const Status status = joined > 1 ? invalid_argument("a flag that is none") : check_head(head);
  return status.ok() ? Verdict::accept() : Verdict::reject(RejectReason::kBadHeader, status.message());
}

}  // namespace

Status check_head(const EvaluationHead& head) {
  if (head.chunk_rows < 1 || head.chunk_rows > head.num_rows || head.num_rows > head.set_rows ||
      head.set_rows > relations::kMaxAxis)
    return invalid_argument(std::to_string(head.num_rows) + " of " + std::to_string(head.set_rows) +
                            " rows in chunks of " + std::to_string(head.chunk_rows));
  if (!head.is_sampled() && head.nonce != Digest{}) return invalid_argument("a nonce, but no sample");
  // Pairs of rows are in different chunks, too.
  if (head.metric.kind == MetricKind::kAuc && !head.is_joined) return invalid_argument("an AUC of each chunk");
  return ok_status();
}

std::vector<ChunkRun> EvaluationHead::runs() const {
  std::vector<ChunkRun> out;
  const std::uint64_t last = num_chunks() - 1;
  for (const auto& [first, end] : {std::pair<std::uint64_t, std::uint64_t>{0, 1}, {1, last}, {last, last + 1}}) {
    if (first >= end || (first == last && end == 1 && !out.empty())) continue;
    if (!out.empty() && out.back().shape == shape_of(first))
      out.back().times += end - first;
    else
      out.push_back({shape_of(first), end - first});
  }
  return out;
}

statement::PublicValues EvaluatedRows::of_chunk(const EvaluationHead& head, std::uint64_t chunk) const {
  statement::PublicValues out;
  for (const std::vector<std::int64_t>& all : inputs) {
    const std::uint64_t size = all.size() / head.num_rows;
    const auto begin = all.begin() + static_cast<std::ptrdiff_t>(chunk * head.chunk_rows * size);
    out.emplace_back(begin, begin + static_cast<std::ptrdiff_t>(head.rows_of(chunk) * size));
  }
  return out;
}

EvaluatedRows EvaluatedRows::chosen(const EvaluationHead& head, const Digest& root_identity) const {
  if (!head.is_sampled()) return *this;
  EvaluatedRows out{data_set, {}};
  const auto rows = sample_rows(root_identity, data_set, head.nonce, head.num_rows, head.set_rows);
  for (const std::vector<std::int64_t>& all : inputs) {
    const auto size = static_cast<std::ptrdiff_t>(all.size() / head.set_rows);
    std::vector<std::int64_t>& own = out.inputs.emplace_back();
    for (const std::uint64_t row : rows) {
      const auto begin = all.begin() + static_cast<std::ptrdiff_t>(row) * size;
      own.insert(own.end(), begin, begin + size);
    }
  }
  return out;
}

Result<PreparedKey> prepare_chunk(const PreparedKey& prepared, const qir::Outcome& outcome,
                                  const pcs::OpeningParams& params, const relations::ChunkShape& shape,
                                  std::shared_ptr<relations::RecipeSink> recipes, const VerifyCost& spent) {
  const pcs::OpeningParams& own = prepared.key.params;
  ZKI_RETURN_IF_ERROR(check_same_weights(own, params, "evaluation"));
  bool fits = params.data.size() == shape.num_data();
  for (std::size_t i = 0; fits && i < params.data.size(); ++i)
    fits = params.data[i].budget == (own.security.zero_knowledge ? kTotalsBudget : 0);
  if (!fits) return invalid_argument("evaluation: its parameters are for other committed data than totals");
  PreparedKey base;
  base.key = prepared.key;
  base.key.graph = outcome.graph;
  // The rows are public, what they count for is seen by nobody.
  base.key.visibility = {{Exposure::kPublic, TensorHash::kNone}, {}, prepared.key.visibility.public_params, false};
  base.limits = prepared.limits;
  base.floor = prepared.floor;
  base.ood_point = prepared.ood_point;
  return prepare_key_proof(base, params,
                           relations::build_evaluation(outcome, shape, prepared.limits.memory_bytes, recipes.get()),
                           recipes, "evaluation", own.security.bits, spent, shape.num_rows);
}

void absorb_chunk(Transcript& transcript, const PreparedKey& chunk_key, const EvaluationHead& head, std::uint64_t chunk,
                  const statement::PublicValues& inputs, const ChunkClaims& claims) {
  transcript.absorb_bytes("parameters", chunk_key.key.params.canonical_bytes());
  const Metric& metric = head.metric;
  for (const std::uint64_t number :
       {std::uint64_t{static_cast<std::uint32_t>(metric.kind)}, std::uint64_t{metric.output},
        std::uint64_t{metric.num_groups}, std::uint64_t{metric.k}, std::uint64_t{head.is_joined}, head.num_rows,
        head.chunk_rows, head.set_rows, chunk})
    transcript.absorb_u64("evaluation", number);
  transcript.absorb_digest("nonce", head.nonce);
  transcript.absorb_digest("data set", head.data_set);
  statement::absorb_statement(transcript, head.identity, chunk_key.key, head.context, claims.slot,
                              {inputs, {}, claims.totals, chunk_key.num_rows});
  for (const std::uint64_t number : claims.numbers) transcript.absorb_u64("count", number);
}

statement::PublicValues chunk_tensors(const PreparedKey& chunk_key, statement::PublicValues inputs,
                                      const std::vector<std::uint64_t>& numbers) {
  // Behind the inputs' are those of what is shown.
  const auto& tensors = chunk_key.compiled.circuit.public_tensors;
  std::size_t next = 0;
  for (std::size_t i = inputs.size(); i < tensors.size(); ++i) {
    std::vector<std::int64_t>& values = inputs.emplace_back(circuit::box_size(tensors[i].box), 0);
    for (std::int64_t& value : values)
      if (next < numbers.size()) value = static_cast<std::int64_t>(numbers[next++]);
  }
  return inputs;
}

DataPins chunk_pins(const PreparedKey& chunk_key, const std::vector<statement::Commitment>& totals,
                    std::uint64_t totals_size) {
  DataPins pins;
  for (std::size_t i = 0; i < totals.size(); ++i)
    pins.push_back({totals[i], statement::data_point(chunk_key.key.params.data[i], totals_size, totals[i].root)});
  return pins;
}

std::optional<EvaluationHead> evaluation_head(ByteView bytes) {
  ByteReader reader({});
  EvaluationHead head;
  return read_head(bytes, reader, head).accepted() ? std::optional(head) : std::nullopt;
}

namespace {

// The keys of all runs, whose costs together are counted before any chunk is checked.
Verdict read_keys(const PreparedKey& prepared, ByteReader& reader, Evaluation& evaluation,
                  std::vector<PreparedKey>& keys) {
  VerifyCost spent;
  const pcs::TensorOracle* totals = nullptr;
  for (const ChunkRun& run : evaluation.head.runs()) {
    ByteReader params_reader(reader.blob(pcs::kMaxParamsBytes));
    auto params = pcs::parse_params(params_reader);
    if (!reader.ok() || !params.ok() || !params_reader.finished())
      return Verdict::reject(RejectReason::kBadHeader, "parameters");
    auto key = prepare_chunk(prepared, evaluation.outcome, *params, run.shape, nullptr, spent);
    if (!key.ok()) return unprepared(key.status());
    if (const Status status = add_cost(spent, key->cost, run.times, prepared.limits); !status.ok())
      return unprepared(status);
    if (keys.empty() || key->soundness.bits() < evaluation.soundness.bits()) evaluation.soundness = key->soundness;
    keys.push_back(std::move(key).value());
  }
  // A commitment read with two codes could have two contents.
  for (const PreparedKey& key : keys) {
    for (const pcs::TensorOracle& oracle : key.key.params.data) {
      if (totals != nullptr && oracle != *totals)
        return Verdict::reject(RejectReason::kBadHeader, "parameters: totals are committed to in two ways");
      totals = &oracle;
    }
  }
  return Verdict::accept();
}

Verdict verify_chunk(const PreparedKey& key, const EvaluatedRows& rows, std::uint64_t chunk, ByteReader& reader,
                     Evaluation& evaluation, std::optional<statement::Commitment>& before) {
  const EvaluationHead& head = evaluation.head;
  const relations::ChunkShape shape = head.shape_of(chunk);
  ChunkClaims claims;
  claims.slot = evaluation.slots.emplace_back(reader.u64());
  if (shape.gives) {
    claims.totals.push_back(statement::read_commitment(reader));
    if (!reader.ok()) return Verdict::reject(RejectReason::kNonCanonical, "commitment to its totals");
  }
  if (shape.takes) claims.totals.push_back(*before);
  for (std::uint64_t i = 0; !shape.gives && i < evaluation.outcome.num_shown() && reader.ok(); ++i) {
    // Numbers that differ by the field's modulus are one in the proof.
    if (claims.numbers.emplace_back(reader.u64()) >= qir::kMaxTotal)
      return Verdict::reject(RejectReason::kBadPublicValue, "it counts more rows than there are");
  }
  const ByteView messages = reader.blob(kMaxProofBytes);
  if (!reader.ok()) return Verdict::reject(RejectReason::kTruncated, "messages");
  if (Verdict verdict = check_slot(claims.slot, key); !verdict.accepted()) return verdict;
  statement::PublicValues inputs = rows.of_chunk(head, chunk);
  Transcript transcript(kEvaluationProtocol);
  absorb_chunk(transcript, key, head, chunk, inputs, claims);
  Verdict verdict =
      verify_messages(key, chunk_tensors(key, std::move(inputs), claims.numbers),
                      chunk_pins(key, claims.totals, relations::totals_size(evaluation.outcome)), messages, transcript);
  if (shape.gives) before = claims.totals.front();
  if (!shape.gives) evaluation.numbers.push_back(std::move(claims.numbers));
  return verdict;
}

}  // namespace

Verdict verify_evaluation(const PreparedKey& prepared, const Digest& root_identity, ByteView bytes,
                          const EvaluatedRows& rows, Evaluation& evaluation) {
  const auto wrong = [](const std::string& where) { return Verdict::reject(RejectReason::kWrongStatement, where); };
  if (prepared.key.is_segmented()) return wrong("evaluation: a model that is cut into segments has none");
  ByteReader reader({});
  EvaluationHead& head = evaluation.head;
  if (Verdict verdict = read_head(bytes, reader, head); !verdict.accepted()) return verdict;
  if (head.identity != prepared.identity) return wrong("model identity: the evaluation was made under another key");
  if (head.data_set != rows.data_set) return wrong("data set: the evaluation is about another one");
  Result<qir::Outcome> outcome = qir::with_outcome(prepared.key.graph, head.metric, head.num_rows);
  if (!outcome.ok()) return unprepared(outcome.status());
  evaluation.outcome = std::move(outcome).value();
  const qir::QGraph& graph = evaluation.outcome.graph;
  if (rows.inputs.size() != graph.inputs.size()) return wrong("data set: other columns than the metric counts");
  for (std::size_t i = 0; i < graph.inputs.size(); ++i) {
    const qir::Value& value = graph.value(graph.inputs[i]);
    const std::size_t size = head.set_rows * static_cast<std::size_t>(value.shape.num_elements());
    if (Verdict verdict = check_value(value, rows.inputs[i], size); !verdict.accepted()) return verdict;
  }
  std::vector<PreparedKey> keys;
  if (Verdict verdict = read_keys(prepared, reader, evaluation, keys); !verdict.accepted()) return verdict;
  const EvaluatedRows chosen = rows.chosen(head, root_identity);
  const std::vector<ChunkRun> runs = head.runs();
  std::optional<statement::Commitment> before;
  std::uint64_t chunk = 0;
  for (std::size_t run = 0; run < runs.size(); ++run) {
    for (std::uint64_t i = 0; i < runs[run].times; ++i, ++chunk) {
      Verdict verdict = verify_chunk(keys[run], chosen, chunk, reader, evaluation, before);
      if (verdict.accepted()) continue;
      verdict.where = "chunk " + std::to_string(chunk) + ": " + verdict.where;
      return verdict;
    }
  }
  return reader.finished() ? Verdict::accept() : Verdict::reject(RejectReason::kTrailingBytes, "behind the last chunk");
}

}  // namespace zkinfer::verifier
