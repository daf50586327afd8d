// SPDX-License-Identifier: Apache-2.0
// The same program for other weights, as training them gives: operators, scales, shifts and clamps stay; what followed from the old
// weights' sizes (declared ranges, the domains of tables) is widened as far as the new ones need it.
#pragma once

#include "qir/qgraph.h"
#include "qir/weight_store.h"
#include "zkinfer/status.h"

namespace zkinfer::quant {

// A table of explicit values or pieces goes on beyond its old domain with the value at its end, which is what training has to count with.
// Precondition: `graph` is valid, and the weights have its parameters' sizes.
// Errors: unsupported, where the new weights need integers that cannot be proved.
Result<qir::QGraph> with_new_weights(qir::QGraph graph, const qir::WeightStore& weights);

}  // namespace zkinfer::quant
