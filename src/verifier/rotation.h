// SPDX-License-Identifier: Apache-2.0
// The rotation of a weight commitment: a proof that two keys of one structure commit to the same weights, so that a model
// keeps its name when the budget of proofs of its first commitment is used up. It opens the old M and, as data oracle 0,
// the new one, each pinned by its own key's value; the circuit says that their columns are equal, and no more: ranges
// are the certificate's matter, and carry over. It uses one of the budgeted proofs of both commitments.
// Byte grammar: docs/formats/rotation.md.
#pragma once

#include "verifier/key_proof.h"

namespace zkinfer::verifier {

inline constexpr KeyProofKind kRotationKind{FileKind::kRotation, 2};
inline constexpr const char* kRotationProtocol = "zkinfer rotation v2";

// The old key under the rotation's circuit and opening parameters, whose M must be the old key's and whose data oracle the
// new key's M. invalid_argument when keys or parameters do not fit, or less security is proven than either key claims.
Result<PreparedKey> prepare_rotation(const PreparedKey& before, const PreparedKey& after,
                                     const pcs::OpeningParams& params,
                                     std::shared_ptr<relations::RecipeSink> recipes = nullptr,
                                     const VerifyCost& spent = {});

// Step 0: both identities, the slots of both, then the rotation's own parameters.
void absorb_rotation_statement(Transcript& transcript, const PreparedKey& before, const PreparedKey& after,
                               const KeyProofSlots& slots, const pcs::OpeningParams& params);
DataPins rotation_pins(const PreparedKey& after);

// Total on arbitrary bytes. report (may be null): the soundness of the rotation's own parameters.
Verdict verify_rotation(const PreparedKey& before, const PreparedKey& after, ByteView rotation,
                        soundness::SoundnessReport* report = nullptr);

}  // namespace zkinfer::verifier
