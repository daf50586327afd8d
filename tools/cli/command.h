// SPDX-License-Identifier: Apache-2.0
// The shape of every command: add_<name>() declares options and help, its callback leaves an exit code in the session.
#pragma once

#include <functional>
#include <string>
#include <vector>

#include <CLI/CLI.hpp>

#include "zkinfer/status.h"

namespace zkinfer::cli {

enum class ExitCode : int {
  kDone = 0,      // done, or proof accepted
  kRejected = 1,  // proof rejected
  kBadInput = 2,  // bad input or usage
  kInternal = 3,  // our fault
};

using CommandResult = Result<ExitCode>;

// What --help calls the value of an option that names a file: read, or written. tests/cli walks them.
inline constexpr char kReadsFile[] = "FILE";
inline constexpr char kWritesFile[] = "NEW-FILE";

// Options that every command has, and the command's outcome.
struct Session {
  bool quiet = false;
  bool json = false;      // the result, or the error, is one JSON object on standard output (result_json.h)
  bool progress = false;  // show progress although quiet
  unsigned num_threads = 0;
  ExitCode exit_code = ExitCode::kDone;
  std::vector<std::string> warnings;  // said so far
  int stopped_by = 0;                 // the signal that the command was stopped by; the process ends by it

  // Something that the user should know although the command goes on: on standard error, red on a terminal, and in the
  // result's "warnings".
  void warn(const std::string& text);

  // Runs a command inside CLI11's callback: applies num_threads, prints a failed status to stderr, sets exit_code.
  void run(const std::function<CommandResult()>& command);
};

void add_compile(CLI::App& app, Session& session);
void add_commit(CLI::App& app, Session& session);
void add_commitment(CLI::App& app, Session& session);
void add_certify(CLI::App& app, Session& session);
void add_rotate(CLI::App& app, Session& session);
void add_verify_path(CLI::App& app, Session& session);
void add_prove(CLI::App& app, Session& session);
void add_evaluate(CLI::App& app, Session& session);
void add_dataset(CLI::App& app, Session& session);
void add_generate(CLI::App& app, Session& session);
void add_embed(CLI::App& app, Session& session);
void add_join(CLI::App& app, Session& session);
void add_bundle(CLI::App& app, Session& session);
void add_seal(CLI::App& app, Session& session);
void add_verify_sealed(CLI::App& app, Session& session);
void add_unseal(CLI::App& app, Session& session);
void add_evm(CLI::App& app, Session& session);
void add_verify(CLI::App& app, Session& session);
void add_verify_chain(CLI::App& app, Session& session);
void add_commit_tensor(CLI::App& app, Session& session);
void add_digest(CLI::App& app, Session& session);
void add_report(CLI::App& app, Session& session);
void add_run(CLI::App& app, Session& session);
void add_inspect(CLI::App& app, Session& session);
void add_soundness(CLI::App& app, Session& session);
void add_tokenize(CLI::App& app, Session& session);
void add_bench(CLI::App& app, Session& session);
void add_demo(CLI::App& app, Session& session);
void add_completions(CLI::App& app, Session& session);
void add_man(CLI::App& app, Session& session);
void add_init(CLI::App& app, Session& session);
void add_doctor(CLI::App& app, Session& session);
void add_ezkl(CLI::App& app, Session& session);

// Runs another command in the place of the one that was given, within its callback, and says so to people. What goes wrong is
// printed already when it returns.
CommandResult run_words(Session& session, const std::vector<std::string>& words);

// Parses and runs; returns the process's exit code. No exception leaves it.
int run_command_line(int argc, const char* const* argv);

}  // namespace zkinfer::cli
