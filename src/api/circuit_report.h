// SPDX-License-Identifier: Apache-2.0
// What a circuit is made of, for people (Prover::circuit_report).
#pragma once

#include <string>

#include "verifier/verify.h"

namespace zkinfer::api {

// Of a key that is cut: of each segment.
std::string circuit_report(const verifier::PreparedKey& prepared);

}  // namespace zkinfer::api
