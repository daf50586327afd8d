// SPDX-License-Identifier: Apache-2.0
// An evaluation: how a committed model does on a data set, with nothing shown of single rows. The rows are proven in chunks, each a batch
// whose circuit ends in the head of the metric (qir/outcome.h), which is written here behind the key's structure, and each takes one of the
// commitment's budgeted proofs. Byte grammar: docs/formats/evaluation.md.
#pragma once

#include "qir/outcome.h"
#include "verifier/key_proof.h"

namespace zkinfer::verifier {

inline constexpr const char* kEvaluationProtocol = "zkinfer evaluation v1";

// What all chunks have in common.
struct EvaluationHead {
  Digest identity{}, context{}, data_set{};
  Metric metric;
  std::uint64_t num_rows = 0, chunk_rows = 0;  // of all chunks, and of each but perhaps the last

  std::uint64_t num_chunks() const { return (num_rows + chunk_rows - 1) / chunk_rows; }
  std::uint64_t rows_of(std::uint64_t chunk) const { return std::min(chunk_rows, num_rows - chunk * chunk_rows); }
};

// The rows of a data set, one behind the other: of every input of Outcome::graph a list.
struct EvaluatedRows {
  Digest data_set{};
  statement::PublicValues inputs;

  statement::PublicValues of_chunk(const EvaluationHead& head, std::uint64_t chunk) const;
};

// The key under the circuit of so many rows and these parameters, whose M must be the key's. spent: PreparedKey's.
Result<PreparedKey> prepare_chunk(const PreparedKey& prepared, const qir::Outcome& outcome,
                                  const pcs::OpeningParams& params, std::uint64_t num_rows,
                                  std::shared_ptr<relations::RecipeSink> recipes = nullptr,
                                  const VerifyCost& spent = {});

// Step 0 of a chunk: parameters, metric, which rows of which data set, then what a proof of public inputs absorbs, then the counts.
// chunk_key: prepare_chunk's.
void absorb_chunk(Transcript& transcript, const PreparedKey& chunk_key, const EvaluationHead& head, std::uint64_t chunk,
                  std::uint64_t slot, const statement::PublicValues& inputs, const std::vector<std::uint64_t>& counts);
// The public tensors of its circuit.
statement::PublicValues chunk_tensors(statement::PublicValues inputs, const std::vector<std::uint64_t>& counts);

struct Evaluation {
  EvaluationHead head;
  qir::Outcome outcome;
  std::vector<std::uint64_t> slots;                // of the chunks
  std::vector<std::vector<std::uint64_t>> counts;  // [chunk][cell]
  soundness::SoundnessReport soundness;            // of the weaker chunk
};
// Total on arbitrary bytes, for rows of any number and size. evaluation: whole only if accepted.
Verdict verify_evaluation(const PreparedKey& prepared, ByteView bytes, const EvaluatedRows& rows,
                          Evaluation& evaluation);

// What an evaluation says of itself, checked by nobody; none if the bytes do not begin like one.
std::optional<EvaluationHead> evaluation_head(ByteView bytes);

}  // namespace zkinfer::verifier
