// SPDX-License-Identifier: Apache-2.0
// A batch: one proof of any number of rows, each an inference of the key's model with its weights. The circuit is derived
// here, from the structure of one row and the number of rows (relations::build_batch), so that no row can touch another. A batch
// uses one of the commitment's budgeted proofs. Byte grammar: docs/formats/batch.md.
#pragma once

#include "verifier/key_proof.h"

namespace zkinfer::verifier {

inline constexpr KeyProofKind kBatchKind{FileKind::kBatch, 1};
inline constexpr const char* kBatchProtocol = "zkinfer batch v2";

// The key under the circuit of so many rows and the batch's opening parameters, whose M must be the key's.
// invalid_argument when the parameters do not fit or prove less security than the key's; resource_limit: the rows cost too much.
Result<PreparedKey> prepare_batch(const PreparedKey& prepared, const pcs::OpeningParams& params, std::uint64_t num_rows,
                                  std::shared_ptr<relations::RecipeSink> recipes = nullptr);

// Step 0: number of rows, the batch's own parameters, then what a proof of the key absorbs (statement::absorb_statement), its
// public data being those of all rows.
void absorb_batch_statement(Transcript& transcript, const PreparedKey& prepared, const pcs::OpeningParams& params,
                            const statement::Header& header);

// Of the batch's own parameters.
struct BatchAnalysis {
  pcs::OpeningParams params;
  soundness::SoundnessReport soundness;
};

// Total on arbitrary bytes. beside, header: as verify() has them, with a leading axis of rows (statement::PublicIo). header and analysis
// may be null.
Verdict verify_batch(const PreparedKey& prepared, ByteView batch, const statement::PublicValues& beside,
                     statement::Header* header, BatchAnalysis* analysis = nullptr);

// What a batch says of itself, checked by nobody.
struct BatchHead {
  Digest identity{};
  std::uint64_t num_rows = 0;
};
// None if the bytes do not begin like a batch.
std::optional<BatchHead> batch_head(ByteView batch);

}  // namespace zkinfer::verifier
