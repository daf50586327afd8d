// SPDX-License-Identifier: Apache-2.0
// The head of a perplexity: what an inference's labels cost in nats, summed (qir/outcome.h).
#pragma once

#include "qir/outcome.h"

namespace zkinfer::qir {

// Of `structure`, whose output metric.output has scores of V classes along its last axis, or is a Softmax or ArgMax over such, of which the scores
// are taken. unsupported: no such scores, fewer than two classes, or a unit of scores beyond 2^-40 to 2^4; resource_limit: too many groups.
Result<Outcome> with_log_loss(QGraph structure, const Metric& metric);

}  // namespace zkinfer::qir
