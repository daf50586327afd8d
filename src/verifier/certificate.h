// SPDX-License-Identifier: Apache-2.0
// The certificate of a weight commitment: a proof, made once per commitment, that every committed parameter lies in the
// range its graph declares. Together with it a proof speaks of an integer model without wrap-around; without it, of field
// elements (docs/threat_model.md). It is a proof over the same oracle M with range lookups as its only relations, and uses
// one of the commitment's budgeted proofs. Byte grammar: docs/formats/certificate.md.
#pragma once

#include "verifier/key_proof.h"

namespace zkinfer::verifier {

inline constexpr KeyProofKind kCertificateKind{FileKind::kCertificate, 1};
inline constexpr const char* kCertificateProtocol = "zkinfer certificate v2";

// The key's commitment under the certificate's circuit and opening parameters, whose M must be the key's.
// invalid_argument when the parameters do not fit or prove less security than the key's.
Result<PreparedKey> prepare_certificate(const PreparedKey& prepared, const pcs::OpeningParams& params,
                                        std::shared_ptr<relations::RecipeSink> recipes = nullptr,
                                        const VerifyCost& spent = {});

// Step 0: the key's identity, the slot, then the certificate's own parameters.
void absorb_certificate_statement(Transcript& transcript, const PreparedKey& prepared, const KeyProofSlots& slots,
                                  const pcs::OpeningParams& params);

// Total on arbitrary bytes. A model without parameters needs no certificate: any bytes are kWrongStatement.
// report (may be null): the soundness of the certificate's own parameters.
Verdict verify_certificate(const PreparedKey& prepared, ByteView certificate,
                           soundness::SoundnessReport* report = nullptr);

}  // namespace zkinfer::verifier
