// SPDX-License-Identifier: Apache-2.0
// An evaluation: how a committed model does on a data set, with nothing shown of single rows. The rows, all or those that a nonce chooses
// (verifier/sample.h), are proven in chunks, each a batch whose circuit ends in the head of the metric (qir/outcome.h), which is written here
// behind the key's structure, and each takes one of the commitment's budgeted proofs. A chunk shows its totals, or commits to those of all
// chunks so far, and the last one shows them. Byte grammar: docs/formats/evaluation.md.
#pragma once

#include "qir/outcome.h"
#include "verifier/key_proof.h"

namespace zkinfer::verifier {

inline constexpr const char* kEvaluationProtocol = "zkinfer evaluation v2";
// Proofs that open a commitment to totals: that of its chunk and that of the next.
inline constexpr std::uint64_t kTotalsBudget = 2;

// So many chunks, one behind the other, of one shape: they share circuit and opening parameters.
struct ChunkRun {
  relations::ChunkShape shape;
  std::uint64_t times = 1;
};

// What all chunks have in common.
struct EvaluationHead {
  Digest identity{}, context{}, data_set{};
  Metric metric;
  bool is_joined = false;                      // the chunks' totals are hidden, but for those of all together
  std::uint64_t num_rows = 0, chunk_rows = 0;  // of all chunks, and of each but perhaps the last
  std::uint64_t set_rows = 0;                  // of the data set; more than num_rows where these are a sample
  Digest nonce{};                              // of the sample; zeros without

  bool is_sampled() const { return num_rows < set_rows; }
  std::uint64_t num_chunks() const { return (num_rows + chunk_rows - 1) / chunk_rows; }
  std::uint64_t rows_of(std::uint64_t chunk) const { return std::min(chunk_rows, num_rows - chunk * chunk_rows); }
  relations::ChunkShape shape_of(std::uint64_t chunk) const {
    return {rows_of(chunk), is_joined && chunk > 0, is_joined && chunk + 1 < num_chunks()};
  }
  // At most three.
  std::vector<ChunkRun> runs() const;
};
// invalid_argument: numbers that are none of an evaluation.
Status check_head(const EvaluationHead& head);

// Rows of a data set, one behind the other: of every input of Outcome::graph a list.
struct EvaluatedRows {
  Digest data_set{};
  statement::PublicValues inputs;

  statement::PublicValues of_chunk(const EvaluationHead& head, std::uint64_t chunk) const;
  // Those that the head's nonce chooses for the model of this root key; all where it is of no sample.
  EvaluatedRows chosen(const EvaluationHead& head, const Digest& root_identity) const;
};

// The key under the circuit of a chunk and these parameters, whose M must be the key's. spent: PreparedKey's.
Result<PreparedKey> prepare_chunk(const PreparedKey& prepared, const qir::Outcome& outcome,
                                  const pcs::OpeningParams& params, const relations::ChunkShape& shape,
                                  std::shared_ptr<relations::RecipeSink> recipes = nullptr,
                                  const VerifyCost& spent = {});

// What a chunk says: numbers where it commits to none, else the totals so far.
struct ChunkClaims {
  std::uint64_t slot = 0;
  std::vector<std::uint64_t> numbers;
  std::vector<statement::Commitment> totals;  // that it gives, then that it takes
};
// Step 0 of a chunk: parameters, metric, which rows of which data set, then what a proof of public inputs absorbs, then its claims.
// chunk_key: prepare_chunk's.
void absorb_chunk(Transcript& transcript, const PreparedKey& chunk_key, const EvaluationHead& head, std::uint64_t chunk,
                  const statement::PublicValues& inputs, const ChunkClaims& claims);
// The public tensors of its circuit, and the pins of its data oracles.
statement::PublicValues chunk_tensors(const PreparedKey& chunk_key, statement::PublicValues inputs,
                                      const std::vector<std::uint64_t>& numbers);
DataPins chunk_pins(const PreparedKey& chunk_key, const std::vector<statement::Commitment>& totals,
                    std::uint64_t totals_size);

struct Evaluation {
  EvaluationHead head;
  qir::Outcome outcome;
  std::vector<std::uint64_t> slots;                 // of the chunks
  std::vector<std::vector<std::uint64_t>> numbers;  // that chunks show: of each, or of the last one alone
  soundness::SoundnessReport soundness;             // of the weakest chunk
};
// Total on arbitrary bytes, for rows of any number and size. rows: of the whole data set. root_identity: of the key that `prepared`
// came from. evaluation: whole only if accepted.
Verdict verify_evaluation(const PreparedKey& prepared, const Digest& root_identity, ByteView bytes,
                          const EvaluatedRows& rows, Evaluation& evaluation);

// What an evaluation says of itself, checked by nobody; none if the bytes do not begin like one.
std::optional<EvaluationHead> evaluation_head(ByteView bytes);

}  // namespace zkinfer::verifier
