// SPDX-License-Identifier: Apache-2.0
// The parts of a ModelReport that the two functions of include/zkinfer/model_report.h and compile.h share.
#pragma once

#include "api/model_impl.h"
#include "exec/integer/executor.h"
#include "zkinfer/model_report.h"

namespace zkinfer::api {

// Everything that needs no inputs.
Result<ModelReport> report_of(const package::Package& package);
// What one run shows: ranges and saturation.
void add_run(const qir::QGraph& graph, const exec_integer::Witness& witness, ModelReport& report);

}  // namespace zkinfer::api
