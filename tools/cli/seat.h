// SPDX-License-Identifier: Apache-2.0
// A joint proof (.zkjoint) as the owner of a seat in it checks it: with his seat (.zkseat), and the data that he asked for and was given, of which
// the proof holds nothing.
#pragma once

#include <string>
#include <utility>
#include <vector>

#include "command.h"
#include "known_tensors.h"
#include "zkinfer/verify.h"

namespace zkinfer::cli {

// By their first bytes.
bool is_joint(ByteView bytes);
void add_seat_option(CLI::App& command, std::string& path);
// The seat that is given, or the proof's name with .zkseat. Errors: there is none, or data are missing. path: of the proof.
Result<VerifyJointResult> verify_seat(const std::string& path, const std::string& seat_path, const VerificationKey& key,
                                      ByteView proof, const KnownArguments& inputs, const KnownArguments& outputs,
                                      const VerifyRequest& request);
// "2 of 8; .."
std::string seat_text(const VerifyJointResult& result);

}  // namespace zkinfer::cli
