// SPDX-License-Identifier: Apache-2.0
// The opening of a weight commitment for an auditor: its bytes (docs/formats/audit_key.md).
#pragma once

#include "base/bytes.h"

namespace zkinfer::api {

Bytes opening_bytes(const Digest& identity, const Digest& rows_key);

}  // namespace zkinfer::api
