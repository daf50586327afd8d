// SPDX-License-Identifier: Apache-2.0
// The IPFS content identifier of a file of one block: its SHA-256 in another spelling (CIDv1, raw codec, base32:
// "bafkrei..").
#pragma once

#include <string>
#include <string_view>

#include "zkinfer/bytes.h"

namespace zkinfer {

std::string cid_of_sha256(const Digest& sha256);
// unsupported, saying what is supported: identifiers of another version, codec, hash or base. invalid_argument: no identifier.
Result<Digest> sha256_of_cid(std::string_view cid);

}  // namespace zkinfer
