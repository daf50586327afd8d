// SPDX-License-Identifier: Apache-2.0
// EZKL's verbs with EZKL's options and default names. Each becomes a command of our own, which is printed, or reads and writes the files
// that only EZKL's flow has: settings.json and witness.json. docs/guides/coming_from_ezkl.md.
#include "ezkl/verbs.h"

namespace zkinfer::cli {

void add_ezkl(CLI::App& app, Session& session) {
  CLI::App* group = app.add_subcommand("ezkl", "EZKL's verbs with EZKL's options, for scripts that have them");
  group->require_subcommand(1);
  group->footer(
      "Examples:\n"
      "  zkinfer gen-settings -M network.onnx && zkinfer calibrate-settings -D calibration.json\n"
      "  zkinfer compile-circuit && zkinfer setup\n"
      "  zkinfer gen-witness -D input.json && zkinfer prove --proof-path proof.json && zkinfer verify --proof-path "
      "proof.json\n"
      "The word `ezkl` may be left out, except before `prove` and `verify` without options that only EZKL's have.");
  ezkl::add_settings_verbs(*group, session);
  ezkl::add_proof_verbs(*group, session);
}

}  // namespace zkinfer::cli
