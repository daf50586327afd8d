// SPDX-License-Identifier: Apache-2.0
// What committing and proving take at the peak of a process, from above: from the parameters that would be chosen for each segment, hence
// the sizes of code words and trees. Measured against real peaks: docs/benchmarks.md, "Segments".
#pragma once

#include "package/package.h"
#include "zkinfer/model_report.h"
#include "zkinfer/segments.h"

namespace zkinfer::api {

// The program, its libraries and what it reads.
inline constexpr std::uint64_t kLeastMemory = 45'000'000;

struct LargestSegment {
  MemoryEstimate memory;           // of all: the largest of each
  std::size_t begin = 0, end = 0;  // the nodes of the segment that takes most
};
// Of the package as it is cut. costs: by node (proof_costs): only the segments that are largest by them are looked at, since each takes a
// search for parameters.
Result<LargestSegment> largest_segment(const package::Package& package, const std::vector<ProofCost>& costs);

}  // namespace zkinfer::api
