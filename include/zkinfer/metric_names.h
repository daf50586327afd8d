// SPDX-License-Identifier: Apache-2.0
// Metrics by the names that people give them; the other way: metric_name (evaluation.h).
#pragma once

#include <string>

#include "zkinfer/metric.h"
#include "zkinfer/status.h"

namespace zkinfer {

// Of the first output and one group; invalid_argument: there is no metric of that name.
Result<Metric> metric_of(const std::string& name);

}  // namespace zkinfer
