// SPDX-License-Identifier: Apache-2.0
// The head of an evaluation: operators behind a model's program, which give what an inference counts for: the *cell* that it is in, or
// numbers that are added up. Verifiers write them behind the key's structure themselves, so no prover can give a graph that counts something
// else.
#pragma once

#include "qir/qgraph.h"
#include "zkinfer/metric.h"

namespace zkinfer::qir {

inline constexpr std::int64_t kMaxClasses = std::int64_t{1} << 12;
inline constexpr std::int64_t kMaxCells = std::int64_t{1} << 16;
// Numbers that are compared or subtracted have so many bits at most: wider ones are rounded to units of a power of two of theirs.
inline constexpr int kScoreBits = 16, kErrorBits = 18;
// What is added up over all rows stays below this, and so does every number that an evaluation shows: exact modulo p.
inline constexpr std::uint64_t kMaxTotal = std::uint64_t{1} << 62;

// inputs: the model's, then
//   kAccuracy, kConfusion, kTopK  the label [1]      output: the cell [1], in [0, num_totals)
//   kAuc                          1 for a row of class k, else 0 [1]      output: the cell [1]
//   kMse, kMae                    the targets [entries of the output], in units of Outcome::unit
//   kPerplexity                   the label of each position [positions, 1]
// and, of several groups, the group [1]; of what is summed 1 at the group's number, else 0 [num_groups].
// totals: of cells how often each is, of kMse, kMae and kPerplexity the sums of the output [num_totals] over all rows:
//   kAccuracy, kTopK  2 group + (1 for a hit, else 0)
//   kConfusion        (group C + label) C + class, both counted from first_class, C of them
//   kAuc              W (1 for class k, else 0) + the score, counted from its lowest, W scores
//   kMse, kMae, kPerplexity  by group
struct Outcome {
  QGraph graph;
  std::int64_t first_class = 0, num_classes = 0;  // of kMse and kMae 0
  std::uint64_t num_totals = 0;
  bool is_summed = false;
  std::uint64_t num_scores = 0;             // kAuc's W
  Scale unit;                               // of what is summed; kMse sums squares of it
  std::uint64_t num_targets = 0, most = 1;  // of a row: the targets or labels, and what it adds to a total at most

  // Of kAuc pairs in order counted twice and equal ones once, rows of class k, others; else the totals.
  std::uint64_t num_shown() const { return num_scores > 0 ? 3 : num_totals; }
};
// num_rows: that totals are of. invalid_argument: the model has no such output, classes or groups; unsupported: an output that has no
// classes, or too many cells; resource_limit: totals beyond kMaxTotal.
Result<Outcome> with_outcome(QGraph structure, const Metric& metric, std::uint64_t num_rows);

// The numbers from lo to hi in units of 2^shift, rounded to the nearest: at most 2^bits of them, with the smallest shift that does.
struct Units {
  int shift = 0;
  std::int64_t lo = 0, hi = 0;
};
Units units_of(std::int64_t lo, std::int64_t hi, int bits);
// The targets of kMse and kMae that an output in this range is compared with: as far below and above it as it is wide.
inline Units target_units(std::int64_t lo, std::int64_t hi) {
  Units units = units_of(lo, hi, kErrorBits);
  const std::int64_t width = units.hi - units.lo + 1;
  units.lo -= width;
  units.hi += width;
  return units;
}

}  // namespace zkinfer::qir
