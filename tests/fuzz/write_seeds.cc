// SPDX-License-Identifier: Apache-2.0
// write_seeds <target> <folder>: the target's valid inputs as files, a corpus to start libFuzzer from.
#include <cstdio>
#include <filesystem>

#include "base/files.h"
#include "fuzz/targets.h"

int main(int argc, char** argv) {
  const zkinfer::fuzz::Target* target = argc == 3 ? zkinfer::fuzz::find_target(argv[1]) : nullptr;
  if (target == nullptr) {
    std::fprintf(stderr, "usage: write_seeds <target> <folder>\n");
    return 2;
  }
  std::error_code error;
  std::filesystem::create_directories(argv[2], error);
  int number = 0;
  for (const zkinfer::Bytes& seed : target->seeds()) {
    const zkinfer::Status status =
        zkinfer::write_file(std::string(argv[2]) + "/seed_" + std::to_string(number++), seed);
    if (!status.ok()) {
      std::fprintf(stderr, "%s\n", status.to_string().c_str());
      return 2;
    }
  }
  return 0;
}
