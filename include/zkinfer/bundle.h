// SPDX-License-Identifier: Apache-2.0
// A proof with what a verifier needs beside the root key, in one file (.zkbundle, docs/formats/bundle.md). Nothing new is
// proven: each part is checked as if it had come by itself.
#pragma once

#include "zkinfer/bytes.h"
#include "zkinfer/status.h"

namespace zkinfer {

struct ProofBundle {
  Bytes certificate;  // of the root; empty: to be had elsewhere, or none is needed
  Bytes path;         // from the root to the proof's key; empty: it is the root's own
  Bytes proof;

  Bytes to_bytes() const;
};
bool is_bundle(ByteView bytes);
Result<ProofBundle> parse_bundle(ByteView bytes);

}  // namespace zkinfer
