// SPDX-License-Identifier: Apache-2.0
// What certificates, rotations and batches share: a further proof over a weight commitment, under a circuit and opening
// parameters of its own. Its file: magic, version, the slots it used, parameters, a batch's public data, messages
// (docs/formats/certificate.md, rotation.md, batch.md).
#pragma once

#include <array>
#include <functional>

#include "verifier/verify.h"
#include "zkinfer/formats.h"

namespace zkinfer::verifier {

struct KeyProofKind {
  FileKind kind;
  // Of M, and of the fresh commitment where there is one.
  std::size_t num_slots = 1;
};

// The first num_slots entries count.
using KeyProofSlots = std::array<std::uint64_t, 2>;

struct KeyProofFile {
  KeyProofSlots slots{};
  pcs::OpeningParams params;
  ByteView messages;
  VerifyCost spent;  // by the segments so far, whose memory is free again
};
// Magic, version and slots of a file; the reader then stands behind them.
Verdict read_slots(const KeyProofKind& kind, ByteView bytes, ByteReader& reader, KeyProofSlots& slots);
// Total. kTruncated, kBadHeader.
Verdict read_key_proof(const KeyProofKind& kind, ByteView bytes, KeyProofFile& file);
// One of each segment of a key that is cut, under the same slots: no parameters where these are in a file of one key, then each segment's
// parameters and messages, with their length; nothing of a segment without weights. Of another key: its one. Every `verify` accepts, or
// the first that does not is told. report (may be null): the weakest.
using VerifyKeyProof = std::function<Verdict(const PreparedKey& key, std::size_t segment, KeyProofFile& file,
                                             soundness::SoundnessReport& report)>;
Verdict verify_key_proofs(const KeyProofKind& kind, const PreparedKey& prepared, ByteView bytes,
                          const VerifyKeyProof& verify, soundness::SoundnessReport* report);
// What the messages of a proof of many rows begin with.
struct RowsHead {
  std::uint64_t num_rows = 0;
  Digest identity{}, context{};
};
// Zeros where the reader ends before it, which fails then.
Digest read_digest(ByteReader& reader);
// kTruncated.
Verdict read_rows_head(ByteReader& reader, RowsHead& head);
// kBadHeader for a slot that the key's commitment does not have.
Verdict check_slot(std::uint64_t slot, const PreparedKey& prepared);

// invalid_argument, naming the proof, where parameters are for another M than the key's, or hide and decode otherwise.
Status check_same_weights(const pcs::OpeningParams& own, const pcs::OpeningParams& params, const std::string& name);

// The key's commitment under `built` and `params`, whose M must be the key's. name: of the proof, for errors.
// spent: PreparedKey's. invalid_argument when the parameters are not for the circuit, or prove less than they claim or than least_bits.
Result<PreparedKey> prepare_key_proof(const PreparedKey& prepared, const pcs::OpeningParams& params,
                                      Result<circuit::Circuit> built, std::shared_ptr<relations::RecipeSink> recipes,
                                      const std::string& name, std::uint32_t least_bits, const VerifyCost& spent = {},
                                      std::uint64_t num_rows = 1);

}  // namespace zkinfer::verifier
