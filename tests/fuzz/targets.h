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

// A group is a library of its own, so that one of its targets needs no more than its readers to be built.
std::span<const Target> input_targets();     // people's data
std::span<const Target> network_targets();   // networks and tokenizers
std::span<const Target> compile_targets();   // the compiler
std::span<const Target> protocol_targets();  // package, key, proof, secret
std::span<const Target> file_targets();      // what lies beside proofs

}  // namespace zkinfer::fuzz
