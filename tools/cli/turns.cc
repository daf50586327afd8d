// SPDX-License-Identifier: Apache-2.0
#include "turns.h"

#include "base/text.h"
#include "files.h"
#include "text.h"
#include "trust.h"
#include "zkinfer/generation.h"

namespace zkinfer::cli {

Result<EarlierTurn> load_earlier_turn(const std::string& proof_path, const std::string& key_path) {
  const std::string option = "--continue " + in_quotes(proof_path) + ": ";
  ZKI_ASSIGN_OR_RETURN(const ProofFile file, load_proof_file(proof_path));
  ZKI_ASSIGN_OR_RETURN(const VerificationKey root, load_key(key_path, kDefaultMinSecurityBits, kNoVerifyLimits));
  ZKI_ASSIGN_OR_RETURN(const KeyForProof found, key_for_proof(root, key_path, file, {}));
  VerifyResult turn;
  turn.verdict = found.verdict;
  if (found.verdict.accepted()) turn = verify(found.key(root), file.content.proof, VerifyRequest::uncertified());
  if (!turn.verdict.accepted())
    return invalid_argument(option + "no proof of this model (" + in_quotes(key_path) +
                            "): " + turn.verdict.to_string());
  const std::optional<GenerationClaim> claim = read_generation_context(turn.context);
  if (!claim.has_value() || turn.outputs.size() != 2 || !turn.outputs[1].commitment.has_value())
    return invalid_argument(option + "it is no turn of a conversation");
  const std::string secret = with_extension(proof_path, ".zktsecret");
  ZKI_ASSIGN_OR_RETURN(CommittedTensor history, CommittedTensor::open(secret));
  if (history.commitment().id() != turn.outputs[1].commitment->id())
    return invalid_argument(option + in_quotes(secret) + " opens another commitment than what this turn has left");
  const std::uint32_t end = claimed_before(turn) + claim->num_tokens;
  return EarlierTurn{end, std::move(turn), std::move(history)};
}

}  // namespace zkinfer::cli
