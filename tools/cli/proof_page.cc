// SPDX-License-Identifier: Apache-2.0
#include "proof_page.h"

#include "files.h"
#include "machine.h"
#include "outputs.h"
#include "report/report.h"
#include "result_json.h"
#include "stopwatch.h"
#include "text.h"
#include "zkinfer/hex.h"
#include "zkinfer/inspect.h"

namespace zkinfer::cli {

std::string proof_page(const VerificationKey& key, const ProofResult& result, const VerifyResult& check,
                       double verify_seconds, const Bytes& context, const std::string& check_with) {
  Report page;
  page.key = key.info();
  page.model_name = page.key.model_name;
  page.identity = to_hex(page.key.root_identity);
  page.num_parameters = page.key.num_parameters;
  page.context = context_text(context);
  page.machine = this_machine();
  page.stats = result.stats;
  page.verify_seconds = verify_seconds;
  page.total_seconds = process_seconds();
  page.peak_memory = peak_memory_bytes();
  page.proof_bytes = result.proof.size();
  page.size_table = proof_size_table(key, result.proof);
  page.soundness_json = soundness_json(key);
  // Only what the proof itself says: the page may be given away.
  if (!check.outputs.empty() && page.key.outputs.is_public()) {
    const VerifiedTensor& first = check.outputs.front();
    page.outputs = first.integers;
    page.output_scale = first.format.scale();
    if (page.outputs.size() > 1 && page.outputs.size() <= 20) page.shares = softmax(page.outputs, page.output_scale);
  }
  const bool hidden_input = !page.key.inputs.is_public(), hidden_weights = !page.key.public_parameters;
  page.headline = std::string("A network ") + (hidden_weights ? "that nobody sees " : "") +
                  "gave exactly these outputs" + (hidden_input ? ", on an input that nobody sees" : "");
  page.lead = "The proof shows that the model with the identity below computed them." +
              std::string(hidden_weights || hidden_input ? " It does not show " : "") +
              (hidden_weights ? "the " + human_count(page.num_parameters) + " weights" : "") +
              (hidden_weights && hidden_input ? " or " : "") + (hidden_input ? "the input" : "") +
              (hidden_weights || hidden_input ? "." : "");
  page.made_by = "zkinfer prove --report";
  if (page.key.model_identity != page.key.root_identity) page.serving_identity = to_hex(page.key.model_identity);
  page.check_with = check_with;
  return report_html(page);
}

}  // namespace zkinfer::cli
