// SPDX-License-Identifier: Apache-2.0
// The operands of a contraction as tables over its c and k axes, each padded to a power of two with zeros.
#pragma once

#include "argument/functional.h"
#include "argument/plan.h"
#include "circuit/evaluate.h"

namespace zkinfer::argument {

// expr over the c and k axes of a relation that binds no other axis of it: the values lie in F.
FpVec evaluate_operand(const circuit::Contraction& relation, const ContractionPlan& plan,
                       const circuit::Circuit& circuit, const circuit::ColumnValues& data,
                       const circuit::LinExpr& expr);

// sum over the axes of role `bound` of prod eq * expr. tau_weights: by box axis (argument/point.h).
FeVec bind_operand(const circuit::Contraction& relation, const ContractionPlan& plan, const circuit::Circuit& circuit,
                   const circuit::ColumnValues& data, const circuit::LinExpr& expr, circuit::AxisRole bound,
                   const BoxWeights& tau_weights);

}  // namespace zkinfer::argument
