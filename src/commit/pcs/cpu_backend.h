// SPDX-License-Identifier: Apache-2.0
// The CPU's back end: this process's memory, all cores.
//
// Cost of an opening, M of 2^m entries: the dense weights of M twice (2^m of K), two passes over them and over M, then the
// encoding and hashing of g_1 (about 2^(m - k_M) entries of K). Memory beside the oracles: about 2^m / 4 elements of K, g_1.
#pragma once

#include "commit/pcs/backend.h"

namespace zkinfer::pcs {

const Backend& cpu_backend();

}  // namespace zkinfer::pcs
