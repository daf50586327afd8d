// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "statement/statement.h"
#include "zkinfer/prove.h"

namespace zkinfer::api {

// Of a key that is cut: of all segments together.
BudgetPrice price_of(const statement::Key& key);

}  // namespace zkinfer::api
