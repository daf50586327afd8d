// SPDX-License-Identifier: Apache-2.0
// What the parameter search asks of a layout.
#pragma once

#include <cstdint>
#include <functional>

namespace zkinfer::soundness {

// Rows per lane that the layout needs with 2^log_lanes lanes; 0 when it cannot use so many lanes.
using RowsForLanes = std::function<std::uint64_t(int log_lanes)>;

inline constexpr int kMinLogLanes = 2;
inline constexpr int kMaxLogLanes = 7;
inline constexpr int kMaxLogBaseDomain = 30;
// Queries get a little more than asked for, against rounding at the boundary.
inline constexpr double kQueryMargin = 0x1p-20;

}  // namespace zkinfer::soundness
