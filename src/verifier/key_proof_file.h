// SPDX-License-Identifier: Apache-2.0
// The file of a further proof over a weight commitment (certificate, rotation): magic, version, the slots it used,
// opening parameters of its own, messages. Byte grammars: docs/formats/certificate.md, rotation.md.
#pragma once

#include <array>

#include "commit/pcs/params.h"
#include "zkinfer/formats.h"
#include "zkinfer/verdict.h"

namespace zkinfer::verifier {

struct KeyProofKind {
  FileKind kind;
  // Of M, and of the fresh commitment where there is one.
  std::size_t num_slots = 1;
};

// The first num_slots entries count.
using KeyProofSlots = std::array<std::uint64_t, 2>;

Bytes key_proof_file(const KeyProofKind& kind, const KeyProofSlots& slots, const pcs::OpeningParams& params,
                     ByteView messages);

// Views of the file's parts.
struct KeyProofFile {
  KeyProofSlots slots{};
  ByteView params;
  ByteView messages;
};
// Total. kTruncated, kBadHeader.
Verdict read_key_proof_file(const KeyProofKind& kind, ByteView bytes, KeyProofFile& file);
Verdict read_key_proof_params(const KeyProofFile& file, pcs::OpeningParams& params);

}  // namespace zkinfer::verifier
