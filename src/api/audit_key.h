// SPDX-License-Identifier: Apache-2.0
// The opening of a weight commitment for an auditor: its bytes (docs/formats/audit_key.md).
#pragma once

#include <vector>

#include "base/bytes.h"

namespace zkinfer::api {

// rows_keys: one, or of a model that is cut one of each segment.
Bytes audit_key_bytes(const Digest& identity, const std::vector<Digest>& rows_keys);

}  // namespace zkinfer::api
