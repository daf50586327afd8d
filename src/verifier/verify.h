// SPDX-License-Identifier: Apache-2.0
// The verifier: statement + bytes -> Verdict. Links nothing of the prover, the front end or the quantizer.
#pragma once

#include "argument/opening_claim.h"
#include "commit/pcs/opening.h"
#include "hiding/verifier_channel.h"
#include "relations/compile.h"
#include "soundness/report.h"
#include "statement/statement.h"
#include "zkinfer/verdict.h"
#include "zkinfer/verify_limits.h"

namespace zkinfer::verifier {

// A key with everything that does not depend on the proof.
struct PreparedKey {
  statement::Key key;
  std::vector<PreparedKey>
      segments;  // of a key that is cut: then there is nothing else but identity, limits, cost and soundness
  std::uint64_t num_rows = 1;  // of a statement: a batch may have more (verifier/batch.h)
  relations::CompiledCircuit compiled;
  argument::Layouts layouts;
  Fe ood_point;
  Digest identity{};
  VerifyLimits limits;                   // of proofs, certificates and rotations under this key
  VerifyCost spent;                      // what the segments before it take of the limits
  VerifyCost cost;                       // of a proof
  soundness::SoundnessReport soundness;  // of a key that is cut: the terms of all segments
  soundness::Floor floor;                // of every key, rotation and certificate under this one, whatever it claims
};
// Errors: the key's circuit cannot be built, or its parameters are not for it, or the soundness they give is below what
// they claim; resource_limit when proofs may cost more than `limits` to check.
// recipes: the prover's, which listens while the circuit is built; also below. spent: PreparedKey::spent; also below.
Result<PreparedKey> prepare(statement::Key key, const VerifyLimits& limits = {},
                            std::shared_ptr<relations::RecipeSink> recipes = nullptr, const VerifyCost& spent = {});

// invalid_argument: less is proven or hidden than the parameters claim.
Status check_soundness(const soundness::SoundnessReport& report);

// Completes a key whose circuit is built: cost, plan, layouts, soundness. resource_limit, invalid_argument.
Status complete(PreparedKey& prepared, circuit::Circuit built,
                std::shared_ptr<relations::RecipeSink> recipes = nullptr);

// The same for the key that differs from a prepared one in parameters and commitment only: shares its circuit. Zero
// knowledge as there.
Result<PreparedKey> prepare_like(const PreparedKey& prepared, const pcs::OpeningParams& params,
                                 const statement::Commitment& commitment, const VerifyCost& spent);

// What is said of bytes whose key was not prepared, or not within the limits.
inline Verdict unprepared(const Status& status) {
  const bool is_over = status.code() == StatusCode::kResourceLimit;
  return Verdict::reject(is_over ? RejectReason::kOverLimit : RejectReason::kWrongStatement, status.message());
}

// A commitment with the point that its value was taken at.
struct PinnedCommitment {
  statement::Commitment commitment;
  Fe point;
};
// One per data oracle of the key.
using DataPins = std::vector<PinnedCommitment>;
DataPins data_pins(const PreparedKey& prepared, const std::vector<statement::Commitment>& commitments);
// Those of M, if there is one, and of the data oracles, as the opening's claim needs them.
argument::OraclePins oracle_pins(const PreparedKey& prepared, const DataPins& data);

// The roots of the base oracles and the mask: W's is received, then X's with zero knowledge, X pinned by its values at a
// drawn point; the others are known.
pcs::OpeningRoots receive_roots(hiding::VerifierChannel& channel, const PreparedKey& prepared, const DataPins& data);

inline constexpr const char* kProtocolName = "zkinfer proof v2";

// That public values are as many as are expected, and within the value's range.
Verdict check_value(const qir::Value& value, const std::vector<std::int64_t>& values, std::size_t num_elements);

// Fills header.data: the tensors in the proof and beside it, digests (compared where the tensor is here), commitments. The reader
// holds all of them, but for the commitments.
Verdict read_public_data(const PreparedKey& prepared, ByteReader& reader, const statement::PublicValues& beside,
                         statement::Header& header);

// Checks the messages of a statement that the transcript has absorbed: everything after the header. tensors: the public
// tensors' values (statement::tensor_values). seats: receives the marks of a circuit that has seats.
Verdict verify_messages(const PreparedKey& prepared, const statement::PublicValues& tensors, const DataPins& data,
                        ByteView messages, Transcript& transcript, argument::SeatMarks* seats = nullptr);

// One statement's messages, its public data being read and compared: the transcript's step 0 and all after it.
Verdict verify_statement(const PreparedKey& prepared, const Digest& context, std::uint64_t slot,
                         const statement::PublicIo& data, ByteView messages);

// Total on arbitrary bytes. beside: the public tensors that travel beside the proof because it holds only their hash, outputs
// first, row-major. header (may be null) receives public data and context, also of rejected proofs that have one.
Verdict verify(const PreparedKey& prepared, ByteView proof, const statement::PublicValues& beside,
               statement::Header* header);
inline Verdict verify(const PreparedKey& prepared, ByteView proof, statement::Header* header) {
  return verify(prepared, proof, {}, header);
}

}  // namespace zkinfer::verifier
