// SPDX-License-Identifier: Apache-2.0
// For the message of a refused budget: which budgets work.
#pragma once

#include <cstdint>
#include <functional>

namespace zkinfer::soundness {

// The largest budget below `refused` for which works() holds, to three significant bits: works() is asked some twenty times and
// taken to be monotone, the budget returned was tried. 0: none.
std::uint64_t largest_budget(std::uint64_t refused, const std::function<bool(std::uint64_t)>& works);

}  // namespace zkinfer::soundness
