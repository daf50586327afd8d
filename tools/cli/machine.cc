// SPDX-License-Identifier: Apache-2.0
#include "machine.h"

#include <cstdlib>
#include <fstream>
#include <thread>

#include <sys/resource.h>
#include <sys/utsname.h>

#include "git_commit.h"
#include "stopwatch.h"

namespace zkinfer::cli {
namespace {

const Stopwatch process_watch;  // begins before main

std::uint64_t kibibytes(const std::string& text) { return 1024 * std::strtoull(text.c_str(), nullptr, 10); }

}  // namespace

std::string proc_value(const char* path, const std::string& key) {
  std::ifstream file(path);
  for (std::string line; std::getline(file, line);) {
    if (!line.starts_with(key)) continue;
    const std::size_t colon = line.find(':');
    if (colon == std::string::npos) continue;
    const std::size_t start = line.find_first_not_of(" \t", colon + 1);
    return start == std::string::npos ? "" : line.substr(start);
  }
  return "";
}

Machine this_machine() {
  Machine machine;
  machine.cpu = proc_value("/proc/cpuinfo", "model name");
  machine.num_cores = std::thread::hardware_concurrency();
  machine.memory_bytes = kibibytes(proc_value("/proc/meminfo", "MemTotal"));
  utsname name{};
  if (uname(&name) == 0) machine.system = std::string(name.sysname) + " " + name.release + " " + name.machine;
#if defined(__clang__)
  machine.compiler = "clang " __clang_version__;
#else
  machine.compiler = "g++ " __VERSION__;
#endif
  machine.commit = kGitCommit;
  return machine;
}

std::uint64_t peak_memory_bytes() {
  const std::uint64_t peak = kibibytes(proc_value("/proc/self/status", "VmHWM"));
  if (peak > 0) return peak;
  rusage usage{};
  return getrusage(RUSAGE_SELF, &usage) == 0 ? 1024 * static_cast<std::uint64_t>(usage.ru_maxrss) : 0;
}

std::uint64_t memory_bytes() { return kibibytes(proc_value("/proc/self/status", "VmSize")); }

bool reset_peak_memory() {
  std::ofstream file("/proc/self/clear_refs");
  file << "5" << std::flush;
  return file.good();
}

double process_seconds() { return process_watch.seconds(); }

}  // namespace zkinfer::cli
