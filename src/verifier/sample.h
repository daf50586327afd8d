// SPDX-License-Identifier: Apache-2.0
// Which rows of a data set a nonce chooses (docs/formats/evaluation.md): n of N, each set of n as likely as any other, for whoever cannot choose
// the nonce. The key is the root, so that no rotation gives another sample.
#pragma once

#include <cstdint>
#include <vector>

#include "zkinfer/bytes.h"

namespace zkinfer::verifier {

// Ascending. 1 <= count <= of.
std::vector<std::uint64_t> sample_rows(const Digest& root_identity, const Digest& data_set, const Digest& nonce,
                                       std::uint64_t count, std::uint64_t of);

}  // namespace zkinfer::verifier
