// SPDX-License-Identifier: Apache-2.0
// zkinfer soundness: every error term of a key's parameters.
#include <memory>

#include "command.h"
#include "files.h"
#include "print.h"
#include "result_json.h"
#include "zkinfer/inspect.h"

namespace zkinfer::cli {

void add_soundness(CLI::App& app, Session& session) {
  struct Arguments {
    std::string key_path;
    VerifyLimits limits;
  };
  auto arguments = std::make_shared<Arguments>();
  CLI::App* command = app.add_subcommand("soundness", "the soundness error of a key, term by term");
  command->add_option("key", arguments->key_path, "verification key (.zkkey)")->type_name(kReadsFile)->required();
  add_verify_limits(*command, arguments->limits);
  add_json_flag(*command, session);
  command->footer("Examples:\n  zkinfer soundness network.zkkey\n  zkinfer soundness network.zkkey --json");
  command->callback([arguments, &session] {
    session.run([&]() -> CommandResult {
      ZKI_ASSIGN_OR_RETURN(const VerificationKey key, load_key(arguments->key_path, 0, arguments->limits));
      if (session.json) {
        print_result(session, nlohmann::ordered_json::parse(soundness_json(key)));
        return ExitCode::kDone;
      }
      std::string text = soundness_text(key);
      if (!text.ends_with('\n')) text += '\n';
      print_lines(text);
      return ExitCode::kDone;
    });
  });
}

}  // namespace zkinfer::cli
