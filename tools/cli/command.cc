// SPDX-License-Identifier: Apache-2.0
#include "command.h"

#include <algorithm>
#include <cmath>
#include <csignal>
#include <cstdlib>
#include <memory>
#include <new>
#include <system_error>

#include "base/out_of_memory.h"
#include "base/parallel.h"
#include "command_options.h"
#include "ezkl/alias.h"
#include "inputs/input_bytes.h"
#include "machine.h"
#include "option_words.h"
#include "print.h"
#include "result_json.h"
#include "signals.h"
#include "state_folder.h"
#include "text.h"
#include "usage.h"
#include "zkinfer/slot_memory.h"
#include "zkinfer/slots.h"

namespace zkinfer::cli {
namespace {

constexpr char kAbout[] =
    "zkinfer proves that a neural network was run correctly, without showing the network or the input.";
constexpr char kFooter[] =
    "Typical order:\n"
    "  zkinfer compile network.onnx --calibration calibration.json   -> network.zkmodel (secret: holds the weights)\n"
    "  zkinfer commit network.zkmodel                                -> network.zkkey, network.zkcert (public), "
    "network.zksecret\n"
    "  zkinfer prove network.zkmodel --input input.json              -> input.zkproof\n"
    "  zkinfer verify input.zkproof --key network.zkkey\n"
    "\n"
    "Inputs: .json {\"input_data\": [[numbers], ..]}, .npy, .npz, .png, MNIST's IDX (plain or .gz).\n"
    "Exit codes: 0 done or accepted, 1 proof rejected, 2 bad input or usage, 3 internal error.";

bool& pipe_signal_was_ignored() {
  static bool value = false;
  return value;
}

// What went wrong, in one line but for lists of the library's own.
std::string error_text(const Status& status) { return "zkinfer: " + error_words(status) + "\n"; }

// The size that was there counts more than where it ended.
int out_of_memory(const std::string& needs) {
  note("zkinfer: resource limit: out of memory: this {} {}; free some, or raise the limit of the process\n", needs,
       human_bytes(memory_bytes()));
  return static_cast<int>(ExitCode::kBadInput);
}

// Exit code of a process whose command has ended with `code`, once standard output has everything.
int exit_code_of(ExitCode code) {
  bool reader_gone = false;
  const Status status = finish_output(&reader_gone);
  if (status.ok()) return static_cast<int>(code);
  if (reader_gone && !pipe_signal_was_ignored() && std::signal(SIGPIPE, SIG_DFL) != SIG_ERR) {
    // As if we had not held the signal off until the work was done: `zkinfer inspect m.zkmodel | head` says nothing.
    std::raise(SIGPIPE);
  }
  note_lines(error_text(status));
  return static_cast<int>(ExitCode::kBadInput);
}

// NaN is within every range.
std::string is_finite_number(const std::string& value) {
  char* end = nullptr;
  const double number = std::strtod(value.c_str(), &end);
  const bool is_number = end != value.c_str() && *end == '\0';  // what is none is refused elsewhere
  return is_number && !std::isfinite(number) ? "expected a finite number, got '" + value + "'" : std::string();
}

// The variable of a script that is not set must not turn an option into its default: `verify --context "$NONCE"` would then
// accept any context.
void refuse_bad_values(CLI::App& app) {
  for (CLI::Option* option : app.get_options()) {
    if (option->get_type_size_max() == 0) continue;
    const std::string name = option->get_name();
    if (name == "--prompt") continue;  // a model may begin from nothing
    const bool required = option->get_required();
    option->check([required](const std::string& value) {
      if (!value.empty()) return std::string();
      return std::string("the value is empty; ") + (required ? "" : "leave it out, or ") +
             "look at where it comes from";
    });
    if (option->get_type_name().find("FLOAT") != std::string::npos) option->check(is_finite_number);
    // A count must be kept.
    if (name != "--secret" && name != "secret" && name != "--committed-input") continue;
    option->check([](const std::string& value) {
      return value == "-" ? std::string("what counts slots is a regular file, not standard input or output")
                          : std::string();
    });
  }
  for (CLI::App* command : app.get_subcommands([](const CLI::App*) { return true; })) refuse_bad_values(*command);
}

// Messages name no option as this command's that it does not have.
void tell_options(CLI::App& app) {
  app.preparse_callback([&app](std::size_t) {
    std::vector<std::string> names;
    for (const CLI::App* one = &app; one != nullptr; one = one->get_parent())
      for (const CLI::Option* option : one->get_options())
        for (const std::string& name : option->get_lnames()) names.push_back("--" + name);
    run_command_with(std::move(names));
  });
  for (CLI::App* command : app.get_subcommands([](const CLI::App*) { return true; })) tell_options(*command);
}

}  // namespace

void Session::run(const std::function<CommandResult()>& command) {
  std::unique_ptr<ThreadLimit> limit;
  if (num_threads > 0) limit = std::make_unique<ThreadLimit>(num_threads);
  const SaidSignals signals(json);
  const CommandResult result = command();
  if (result.ok()) {
    exit_code = *result;
    // Many things one after the other say themselves which were done.
    if (stopped_by == 0 && StopSignals::stopped_by() != 0)
      note("zkinfer: it was too late to stop: all is done and written\n");
    stopped_by = StopSignals::stopped_by();  // by which the process ends all the same
    return;
  }
  if (result.status().code() == StatusCode::kCancelled && StopSignals::stopped_by() != 0) {
    stopped_by = StopSignals::stopped_by();
    note_lines("zkinfer: interrupted, nothing was written: " + result.status().message() + "\n");
  } else {
    note_lines(error_text(result.status()));
  }
  if (json) print_result(*this, {{"error", error_json(result.status())}});
  exit_code = exit_code_of(result.status());
}

void Session::warn(const std::string& text) {
  warnings.push_back(text);
  note_warning("warning: " + text);
}

namespace {

void add_everything(CLI::App& app, Session& session) {
  app.footer(kFooter);
  app.set_help_flag("-h,--help", "print this and exit");
  app.set_version_flag("--version", "zkinfer " ZKINFER_VERSION, "print the version and exit");
  app.require_subcommand(1);
  app.fallthrough();
  app.add_flag("-q,--quiet", session.quiet, "print nothing but errors and what was asked for");
  app.add_flag("--progress", session.progress, "show progress of what takes over a second, with --quiet too");
  app.add_option("--threads", session.num_threads, "use this many threads (default: all cores)")
      ->check(CLI::Range(1u, 4096u));
  for (const auto add :
       {add_init,          add_compile,      add_commit,      add_commitment,    add_certify, add_rotate,
        add_commit_tensor, add_prove,        add_join,        add_evaluate,      add_dataset, add_generate,
        add_embed,         add_bundle,       add_seal,        add_verify_sealed, add_unseal,  add_evm,
        add_verify,        add_verify_chain, add_verify_path, add_digest,        add_run,     add_report,
        add_inspect,       add_soundness,    add_tokenize,    add_bench,         add_doctor,  add_demo,
        add_ezkl,          add_completions,  add_man})
    add(app, session);
  refuse_bad_values(app);
  tell_options(app);
}

}  // namespace

CommandResult run_words(Session& session, const std::vector<std::string>& words) {
  if (!session.quiet) {
    std::string line;
    for (const std::string& word : words) line += " " + shell_word(word);
    note("zkinfer's own words: zkinfer{}\n", line);
  }
  CLI::App app(kAbout, "zkinfer");
  add_everything(app, session);
  app.parse(std::vector<std::string>(words.rbegin(), words.rend()));
  return session.exit_code;
}

int run_command_line(int argc, const char* const* argv) {
  keep_standard_streams();
  // A pipe that nobody reads any more must not end a command that has files to finish.
  if (std::signal(SIGPIPE, SIG_IGN) == SIG_IGN) pipe_signal_was_ignored() = true;
  SlotFile::on_slow_lock(
      [](const std::string& path) { note("zkinfer: waiting for {}, which another process holds\n", path); });
  remember_slots_in(slot_ledger_folder());
  Session session;
  CLI::App app(kAbout, "zkinfer");
  add_everything(app, session);
  std::vector<std::string> words = with_ezkl_word({argv, argv + argc});
  std::vector<const char*> pointers;
  for (const std::string& word : words) pointers.push_back(word.c_str());
  argc = static_cast<int>(pointers.size());
  argv = pointers.data();
  try {
    app.parse(argc, argv);
  } catch (const CLI::ParseError& error) {
    if (error.get_exit_code() == 0) {
      app.exit(error);
      return exit_code_of(ExitCode::kDone);
    }
    const std::string message = usage_text(app, argc, argv, error);
    note_lines("zkinfer: " + message + "\n");
    // A program that mistypes --json reads JSON too.
    if (std::any_of(argv, argv + argc, [](const char* word) { return std::string_view(word).starts_with("--js"); })) {
      print_result(session, {{"error", {{"code", "usage"}, {"message", message}}}});
    }
    return exit_code_of(ExitCode::kBadInput);
  } catch (const OutOfMemory& error) {
    return out_of_memory("needs about " + human_bytes(memory_bytes() + error.num_bytes) + " of memory or more, has");
  } catch (const std::bad_alloc&) {
    return out_of_memory("needs more memory than");
  } catch (const std::system_error& error) {
    if (error.code() != std::errc::resource_unavailable_try_again) {
      note("zkinfer: internal: {}\n", error.what());
      return static_cast<int>(ExitCode::kInternal);
    }
    note("zkinfer: resource limit: the system gives no more threads ({}); ask for fewer with --threads\n",
         error.what());
    return static_cast<int>(ExitCode::kBadInput);
  } catch (const std::exception& error) {
    note("zkinfer: internal: {}\n", error.what());
    return static_cast<int>(ExitCode::kInternal);
  }
  const int code = exit_code_of(session.exit_code);
  // As if we had not held the signal off until what was begun was done.
  if (session.stopped_by != 0 && std::signal(session.stopped_by, SIG_DFL) != SIG_ERR) std::raise(session.stopped_by);
  return code;
}

}  // namespace zkinfer::cli
