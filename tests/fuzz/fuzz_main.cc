// SPDX-License-Identifier: Apache-2.0
// libFuzzer's entry for the group ZKINFER_FUZZ_GROUP, one program for all its targets: --target=NAME says which runs, --targets lists them, and
// --seeds=FOLDER writes the target's valid inputs there, a corpus to start from. (libFuzzer passes over what begins with two dashes.)
#include <algorithm>
#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <string>

#include "base/files.h"
#include "fuzz/targets.h"

namespace {

const zkinfer::fuzz::Target* chosen = nullptr;

[[noreturn]] void fail(const std::string& why) {
  std::fprintf(stderr, "%s\n", why.c_str());
  std::exit(2);
}

void write_seeds(const std::string& folder) {
  std::error_code error;
  std::filesystem::create_directories(folder, error);
  int number = 0;
  for (const zkinfer::Bytes& seed : chosen->seeds()) {
    const zkinfer::Status status = zkinfer::write_file(folder + "/seed_" + std::to_string(number++), seed);
    if (!status.ok()) fail(status.to_string());
  }
  std::exit(0);
}

}  // namespace

extern "C" int LLVMFuzzerInitialize(int* argc, char*** argv) {
  const auto targets = zkinfer::fuzz::ZKINFER_FUZZ_GROUP();
  std::string name, seeds;
  for (int i = 1; i < *argc; ++i) {
    const std::string_view argument = (*argv)[i];
    if (argument == "--targets") {
      for (const auto& target : targets) std::printf("%s\n", std::string(target.name).c_str());
      std::exit(0);
    }
    if (argument.starts_with("--target=")) name = argument.substr(9);
    if (argument.starts_with("--seeds=")) seeds = argument.substr(8);
  }
  const auto at = std::ranges::find(targets, name, &zkinfer::fuzz::Target::name);
  if (at == targets.end()) fail("--target=" + name + ": no target of this program; --targets lists them");
  chosen = &*at;
  if (!seeds.empty()) write_seeds(seeds);
  chosen->run({});  // what is made once is no part of an execution's time
  return 0;
}

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  chosen->run({data, size});
  return 0;
}
