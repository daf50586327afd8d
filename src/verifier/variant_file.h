// SPDX-License-Identifier: Apache-2.0
// The file of a further proof over a weight commitment (certificate, rotation): magic, version, opening parameters of its
// own, messages. Byte grammars: docs/formats/certificate.md, rotation.md.
#pragma once

#include "commit/pcs/params.h"
#include "proof/verdict.h"

namespace zkinfer::verifier {

struct VariantKind {
  std::uint32_t magic;
  std::uint32_t version;
  const char* name;  // "a certificate"
};

Bytes variant_file(const VariantKind& kind, const pcs::OpeningParams& params, ByteView messages);

// Views of the file's parts.
struct VariantFile {
  ByteView params;
  ByteView messages;
};
// Total. kTruncated, kBadHeader.
Verdict read_variant_file(const VariantKind& kind, ByteView bytes, VariantFile& file);
Verdict read_variant_params(const VariantFile& file, pcs::OpeningParams& params);

}  // namespace zkinfer::verifier
