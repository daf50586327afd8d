// SPDX-License-Identifier: Apache-2.0
// node_tests FOLDER: every node test below FOLDER through import, float execution, compile, integer execution, proof and
// verification, each in a process of its own with limits, so that a crash or a hang is a result as well.
// Exit code 1 where one fails (a wrong value, an internal error, a crash, a hang), or fewer pass than --passed says.
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <chrono>
#include <csignal>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <fstream>
#include <iterator>

#include <nlohmann/json.hpp>

#include "base/parallel.h"
#include "nodes/node_table.h"

namespace zkinfer::nodes {
namespace {

namespace fs = std::filesystem;
using Clock = std::chrono::steady_clock;

struct Arguments {
  fs::path folder;
  std::string only, passed, write_passed, json, markdown;
  unsigned jobs = 2, seconds = 60;
  int at_least = 0;
  bool prove = true;
};

constexpr char kUsage[] =
    "usage: node_tests FOLDER [--only PART_OF_A_NAME] [--no-prove] [--jobs 2] [--seconds 60]\n"
    "                  [--passed FILE] [--write-passed FILE] [--at-least N] [--json FILE] [--markdown FILE]\n";

bool parse(int argc, char** argv, Arguments& out) {
  for (int i = 1; i < argc; ++i) {
    const std::string word = argv[i];
    if (word == "--no-prove") {
      out.prove = false;
      continue;
    }
    if (word.rfind("--", 0) != 0) {
      if (!out.folder.empty()) return false;
      out.folder = word;
      continue;
    }
    if (++i == argc) return false;
    const std::string value = argv[i];
    if (word == "--only")
      out.only = value;
    else if (word == "--passed")
      out.passed = value;
    else if (word == "--write-passed")
      out.write_passed = value;
    else if (word == "--json")
      out.json = value;
    else if (word == "--markdown")
      out.markdown = value;
    else if (word == "--jobs")
      out.jobs = static_cast<unsigned>(std::max(1, std::atoi(value.c_str())));
    else if (word == "--seconds")
      out.seconds = static_cast<unsigned>(std::max(1, std::atoi(value.c_str())));
    else if (word == "--at-least")
      out.at_least = std::atoi(value.c_str());
    else
      return false;
  }
  return !out.folder.empty();
}

constexpr rlim_t kMostMemory = rlim_t{4} << 30;

// In the child: the result goes to `folder`/result.json.
void work(const fs::path& test_folder, const fs::path& folder, const Arguments& arguments) {
  const ThreadLimit one_thread(1);
  nlohmann::json out;
  Outcome outcome;
  const Result<NodeCase> test = load_case(test_folder);
  if (test.ok()) {
    out["op"] = test->op;
    std::ofstream(folder / "operator") << test->op;
    outcome = run_case(*test, folder, arguments.prove);
  } else {
    out["op"] = "?";
    outcome.state = Outcome::State::kFailed;
    outcome.reason = test.status().to_string();
  }
  out["state"] = static_cast<int>(outcome.state);
  out["binding"] = static_cast<int>(outcome.binding);
  out["reason"] = outcome.reason;
  out["refusals"] = outcome.refusals;
  out["error"] = outcome.error < 1e30 ? outcome.error : 1e30;
  out["rounded"] = outcome.rounded;
  out["proved"] = outcome.proved;
  out["core"] = outcome.core;
  std::ofstream(folder / "result.json") << out.dump(-1, ' ', true, nlohmann::json::error_handler_t::replace);
}

pid_t start(const fs::path& test_folder, const fs::path& folder, const Arguments& arguments) {
  fs::create_directories(folder);
  const pid_t child = fork();
  if (child != 0) return child;
  const rlimit memory{kMostMemory, kMostMemory};
  setrlimit(RLIMIT_AS, &memory);
  const rlimit no_core{0, 0};
  setrlimit(RLIMIT_CORE, &no_core);
  alarm(arguments.seconds);
  if (std::freopen((folder / "stderr").c_str(), "w", stderr) == nullptr) _exit(99);
  work(test_folder, folder, arguments);
  _exit(0);
}

Row result_of(const std::string& name, const fs::path& folder, int status, const Arguments& arguments) {
  Row row;
  row.name = name;
  std::ifstream file(folder / "result.json");
  if (WIFEXITED(status) && WEXITSTATUS(status) == 0 && file) {
    const nlohmann::json in = nlohmann::json::parse(file);
    row.op = in["op"];
    row.outcome.state = static_cast<Outcome::State>(in["state"].get<int>());
    row.outcome.binding = static_cast<Binding>(in["binding"].get<int>());
    row.outcome.reason = in["reason"];
    row.outcome.refusals = in["refusals"].get<std::vector<std::string>>();
    row.outcome.error = in["error"];
    row.outcome.rounded = in["rounded"];
    row.outcome.proved = in["proved"];
    row.outcome.core = in["core"].get<std::set<std::string>>();
    return row;
  }
  if (!std::getline(std::ifstream(folder / "operator"), row.op)) row.op = "?";
  row.outcome.state = Outcome::State::kFailed;
  std::string said, line;
  for (std::ifstream err(folder / "stderr"); std::getline(err, line);) said = line.empty() ? said : line;
  if (WIFSIGNALED(status) && WTERMSIG(status) == SIGALRM)
    row.outcome.reason = "not done after " + std::to_string(arguments.seconds) + " s";
  else
    row.outcome.reason = (WIFSIGNALED(status) ? std::string("killed by signal ") + strsignal(WTERMSIG(status))
                                              : "exit code " + std::to_string(WEXITSTATUS(status))) +
                         ": " + said;
  return row;
}

std::vector<Row> run_all(const std::vector<fs::path>& tests, const fs::path& work_folder, const Arguments& arguments) {
  struct Running {
    std::size_t test;
    Clock::time_point since;
  };
  std::map<pid_t, Running> running;
  std::vector<Row> rows(tests.size());
  std::size_t next = 0;
  while (next < tests.size() || !running.empty()) {
    if (next < tests.size() && running.size() < arguments.jobs) {
      const pid_t child = start(tests[next], work_folder / tests[next].filename(), arguments);
      if (child < 0) {
        std::perror("fork");
        std::exit(2);
      }
      running[child] = {next++, Clock::now()};
      continue;
    }
    int status = 0;
    const pid_t done = wait(&status);
    const auto at = running.find(done);
    if (at == running.end()) continue;
    const std::string name = tests[at->second.test].filename().string();
    Row& row = rows[at->second.test];
    row = result_of(name, work_folder / name, status, arguments);
    row.seconds = std::chrono::duration<double>(Clock::now() - at->second.since).count();
    if (row.outcome.state == Outcome::State::kFailed)
      std::printf("FAILED %s (%s): %s\n", name.c_str(), row.op.c_str(), row.outcome.reason.c_str());
    fs::remove_all(work_folder / name);
    running.erase(at);
  }
  return rows;
}

int run(const Arguments& arguments) {
  if (!fs::is_directory(arguments.folder)) {
    std::fprintf(stderr, "node_tests: no folder %s; libonnx-testdata has node tests\n", arguments.folder.c_str());
    return 2;
  }
  std::vector<fs::path> tests;
  for (const auto& entry : fs::directory_iterator(arguments.folder)) {
    if (fs::exists(entry.path() / "model.onnx") &&
        entry.path().filename().string().find(arguments.only) != std::string::npos)
      tests.push_back(entry.path());
  }
  std::sort(tests.begin(), tests.end());
  std::string work_folder = (fs::temp_directory_path() / "zkinfer-nodes-XXXXXX").string();
  if (mkdtemp(work_folder.data()) == nullptr) {
    std::perror("mkdtemp");
    return 2;
  }
  const std::vector<Row> rows = run_all(tests, work_folder, arguments);
  fs::remove_all(work_folder);

  const std::string markdown = to_markdown(rows);
  std::fputs(markdown.substr(0, markdown.find('\n') + 1).c_str(), stdout);
  if (!arguments.json.empty()) std::ofstream(arguments.json) << to_json(rows);
  if (!arguments.markdown.empty()) std::ofstream(arguments.markdown) << markdown;
  if (!arguments.write_passed.empty()) std::ofstream(arguments.write_passed) << to_passed(rows);
  const Counts all = total(rows);
  bool good = all.failed == 0 && !rows.empty();
  if (all.passed() < arguments.at_least) {
    std::printf("%d pass, expected at least %d\n", all.passed(), arguments.at_least);
    good = false;
  }
  if (!arguments.passed.empty()) {
    const auto fewer = fewer_than(arguments.passed, rows);
    if (!fewer.ok()) {
      std::fprintf(stderr, "node_tests: %s\n", fewer.status().message().c_str());
      return 2;
    }
    for (const std::string& line : *fewer) std::printf("fewer than before: %s\n", line.c_str());
    good = good && fewer->empty();
  }
  return good ? 0 : 1;
}

}  // namespace
}  // namespace zkinfer::nodes

int main(int argc, char** argv) {
  zkinfer::nodes::Arguments arguments;
  if (!zkinfer::nodes::parse(argc, argv, arguments)) {
    std::fputs(zkinfer::nodes::kUsage, stderr);
    return 2;
  }
  std::setvbuf(stdout, nullptr, _IOLBF, 1 << 12);
  return zkinfer::nodes::run(arguments);
}
