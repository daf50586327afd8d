// SPDX-License-Identifier: Apache-2.0
// libFuzzer's entry for the target named ZKINFER_FUZZ_TARGET, of the group ZKINFER_FUZZ_GROUP. With --seeds FOLDER it writes the target's valid
// inputs there instead, a corpus to start from.
#include <algorithm>
#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <string>

#include "base/check.h"
#include "base/files.h"
#include "fuzz/targets.h"

namespace {

const zkinfer::fuzz::Target& target() {
  static const zkinfer::fuzz::Target* const found = [] {
    const auto all = zkinfer::fuzz::ZKINFER_FUZZ_GROUP();
    const auto at = std::ranges::find(all, ZKINFER_FUZZ_TARGET, &zkinfer::fuzz::Target::name);
    ZKI_CHECK(at != all.end(), "no such fuzz target");
    return &*at;
  }();
  return *found;
}

}  // namespace

extern "C" int LLVMFuzzerInitialize(int* argc, char*** argv) {
  if (*argc != 3 || std::string((*argv)[1]) != "--seeds") return 0;
  const std::string folder = (*argv)[2];
  std::error_code error;
  std::filesystem::create_directories(folder, error);
  int number = 0;
  for (const zkinfer::Bytes& seed : target().seeds()) {
    const zkinfer::Status status = zkinfer::write_file(folder + "/seed_" + std::to_string(number++), seed);
    if (status.ok()) continue;
    std::fprintf(stderr, "%s\n", status.to_string().c_str());
    std::exit(2);
  }
  std::exit(0);
}

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  target().run({data, size});
  return 0;
}
