// SPDX-License-Identifier: Apache-2.0
// Turns of conversations as files: NAME.zkproof is a turn's proof, NAME.zktsecret opens what it has left, for the next turn.
#pragma once

#include <optional>
#include <string>

#include "command.h"
#include "zkinfer/commit_tensor.h"
#include "zkinfer/generate.h"

namespace zkinfer::cli {

struct EarlierTurn {
  std::uint32_t num_tokens = 0;      // up to its end
  std::optional<VerifyResult> said;  // none: it stands for what is before the first turn
  CommittedTensor history;
};
// The turn of this proof, which is checked under the key, and what it has left. Errors: it is no turn of this model, or its secret is another one's.
Result<EarlierTurn> load_earlier_turn(const std::string& proof_path, const std::string& key_path);

}  // namespace zkinfer::cli
