// SPDX-License-Identifier: Apache-2.0
// Requests of the parameter search without a circuit: sizes, and rows as a good layout has them.
#pragma once

#include <algorithm>

#include "soundness/choose_params.h"

namespace zkinfer::soundness {

// Rows of a layout that wastes little: ceil(elements / lanes), multiples of 2^12 when larger, at least one block of
// 2^max_block (no block straddles lanes); 0 where lanes would mostly be empty.
inline RowsForLanes packed_rows(std::uint64_t elements, int max_block) {
  return [elements, max_block](int log_lanes) -> std::uint64_t {
    const std::uint64_t lanes = std::uint64_t{1} << log_lanes;
    std::uint64_t rows = (elements + lanes - 1) / lanes;
    if (rows > 4096) rows = (rows + 4095) / 4096 * 4096;
    rows = std::max(rows, std::uint64_t{1} << max_block);
    if (log_lanes > kMinLogLanes && rows * lanes > 2 * std::max<std::uint64_t>(elements, 64)) return 0;
    return rows;
  };
}

inline void set_witness(ParamRequest& request, std::uint64_t elements, int max_block = 0) {
  request.witness_elements = elements;
  request.witness_rows = packed_rows(elements, max_block);
}

inline void set_model(ParamRequest& request, std::uint64_t elements, int max_block = 0) {
  request.model_elements = elements;
  request.model_rows = packed_rows(elements, max_block);
}

}  // namespace zkinfer::soundness
