// SPDX-License-Identifier: Apache-2.0
// libFuzzer's entry for the target named ZKINFER_FUZZ_TARGET.
#include "base/check.h"
#include "fuzz/targets.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  static const zkinfer::fuzz::Target* const target = zkinfer::fuzz::find_target(ZKINFER_FUZZ_TARGET);
  ZKI_CHECK(target != nullptr, "no such fuzz target");
  target->run({data, size});
  return 0;
}
