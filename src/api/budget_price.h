// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "commit/pcs/params.h"
#include "zkinfer/prove.h"

namespace zkinfer::api {

BudgetPrice price_of(const pcs::OpeningParams& params);

}  // namespace zkinfer::api
