// SPDX-License-Identifier: Apache-2.0
#include <algorithm>

#include "base/check.h"
#include "qir/qgraph.h"

namespace zkinfer::qir {

std::int64_t Table::at(std::int64_t x) const {
  ZKI_CHECK(contains(x), "a table is read inside its domain");
  switch (kind) {
    case TableKind::kRange: return x;
    case TableKind::kClamp: return std::min(std::max(x, clamp_lo), clamp_hi);
    case TableKind::kExplicit: return values[static_cast<std::size_t>(x - first)];
  }
  return x;
}

}  // namespace zkinfer::qir
