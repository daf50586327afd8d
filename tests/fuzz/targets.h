// SPDX-License-Identifier: Apache-2.0
// The fuzz targets: one per reader of foreign bytes. A target must neither abort, throw, hang nor allocate without a bound
// on any bytes; what it accepts it must write back the same. Run by libFuzzer (one binary each, preset `fuzz`) and, with
// seeded random mutations of the seeds, by smoke_test.cc.
#pragma once

#include <span>
#include <string_view>
#include <vector>

#include "base/bytes.h"

namespace zkinfer::fuzz {

struct Target {
  std::string_view name;
  void (*run)(ByteView bytes);
  std::vector<Bytes> (*seeds)();  // valid inputs
  int smoke_runs;                 // mutations that the smoke test tries
};

std::span<const Target> reader_targets();    // networks, input files
std::span<const Target> protocol_targets();  // package, key, proof, secret
// nullptr: no such target.
const Target* find_target(std::string_view name);

}  // namespace zkinfer::fuzz
