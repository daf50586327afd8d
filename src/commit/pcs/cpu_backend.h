// SPDX-License-Identifier: Apache-2.0
// The CPU's back end: this process's memory, all cores.
//
// Cost of an opening, M of 2^m entries: the dense weights of M twice (2^m of K), two passes over them and over M, then the
// encoding and hashing of g_1 (about 2^(m - k_M) entries of K). Memory beside the oracles: about 2^m / 4 elements of K; the tree of g_1.
#pragma once

#include "commit/pcs/backend.h"

namespace zkinfer::pcs {

// The most that is kept instead of made again: for a small proof that costs more than its pages, for a large one less.
struct CpuLimits {
  // Of a code word that is kept until its rows are opened (decision 45), those of folds, too (decision 122).
  std::size_t code_bytes = std::size_t{32} << 20;
  // Of a base oracle's weights between the two passes over them, in elements of K.
  std::size_t weights = std::size_t{1} << 19;
};

const Backend& cpu_backend();
// The same bytes, whatever the limits are.
std::unique_ptr<const Backend> new_cpu_backend(const CpuLimits& limits);

}  // namespace zkinfer::pcs
