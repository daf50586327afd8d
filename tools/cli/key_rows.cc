// SPDX-License-Identifier: Apache-2.0
#include "key_rows.h"

#include "text.h"
#include "zkinfer/hex.h"
#include "zkinfer/result_json.h"

namespace zkinfer::cli {

std::vector<std::pair<std::string, std::string>> key_rows(const KeyInfo& info) {
  std::vector<std::pair<std::string, std::string>> rows = {
      {"model", info.model_name},
      {"identity", to_hex(info.model_identity)},
      {"structure", to_hex(info.structure_digest)},
      {"parameters", human_count(info.num_parameters)},
      {"security",
       decimal(info.security_bits, 1) + " bits" +
           (info.pow_bits == 0 ? std::string()
                               : ", " + std::to_string(info.pow_bits) + " of them of the queries by proof of work")},
      {"profile", profile_text(info.profile)},
      {"checking a proof", "at most about " + human_seconds(static_cast<double>(info.verify_cost.nanoseconds) / 1e9) +
                               " and " + human_bytes(info.verify_cost.memory_bytes) + ", by count"},
      {"inputs", tensor_policy_text(info.inputs)},
      {"outputs", tensor_policy_text(info.outputs)},
      {"weights", info.public_parameters ? "public" : "private"},
      {"zero knowledge", info.insecure_seed    ? "no: made with a fixed seed, for tests only"
                         : info.zero_knowledge ? "yes"
                                               : "no: nothing is private"},
      {"proofs allowed", budget_text(info.model_budget)}};
  if (info.carries) rows.push_back({"history", "committed, from turn to turn"});
  if (info.num_segments > 1) rows.insert(rows.begin() + 4, {"segments", human_count(info.num_segments)});
  return rows;
}

}  // namespace zkinfer::cli
