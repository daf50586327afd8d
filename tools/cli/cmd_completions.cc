// SPDX-License-Identifier: Apache-2.0
// zkinfer completions, zkinfer man: what shells and man read of the program, made from its own table of commands.
#include <memory>

#include "command.h"
#include "print.h"
#include "result_json.h"
#include "shell_words.h"

namespace zkinfer::cli {
namespace {

std::string completions(const std::string& shell, const std::vector<Verb>& verbs) {
  if (shell == "bash") return bash_completions(verbs);
  return shell == "zsh" ? zsh_completions(verbs) : fish_completions(verbs);
}

// Text made here, byte for byte.
CommandResult print_script(Session& session, const char* kind, const std::string& name, const std::string& script) {
  if (session.json) {
    print_result(session, {{kind, name}, {"text", script}});
  } else {
    print_styled(script);
  }
  return ExitCode::kDone;
}

}  // namespace

void add_completions(CLI::App& app, Session& session) {
  auto shell = std::make_shared<std::string>();
  CLI::App* command =
      app.add_subcommand("completions", "print what a shell needs to complete commands, options and values");
  command->add_option("shell", *shell, "the shell")->check(CLI::IsMember({"bash", "zsh", "fish"}))->required();
  add_json_flag(*command, session);
  command->footer(
      "Examples:\n"
      "  source <(zkinfer completions bash)\n"
      "  zkinfer completions bash > ~/.local/share/bash-completion/completions/zkinfer\n"
      "  zkinfer completions zsh > ~/.zfunc/_zkinfer   with ~/.zfunc in fpath before compinit\n"
      "  zkinfer completions fish > ~/.config/fish/completions/zkinfer.fish\n"
      "An installed zkinfer brings them along.");
  command->callback([shell, &app, &session] {
    session.run([&] { return print_script(session, "shell", *shell, completions(*shell, verb_table(app))); });
  });
}

void add_man(CLI::App& app, Session& session) {
  CLI::App* command = app.add_subcommand("man", "print the manual page");
  add_json_flag(*command, session);
  command->footer(
      "Examples:\n"
      "  zkinfer man | man -l -\n"
      "  zkinfer man > zkinfer.1\n"
      "An installed zkinfer brings it along: `man zkinfer`.");
  command->callback([&app, &session] {
    session.run(
        [&] { return print_script(session, "page", "zkinfer.1", manual_page(verb_table(app), ZKINFER_VERSION)); });
  });
}

}  // namespace zkinfer::cli
