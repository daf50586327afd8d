// SPDX-License-Identifier: Apache-2.0
// The CPU's back end of the phases before the opening.
#pragma once

#include "argument/backend.h"

namespace zkinfer::argument {

const Backend& cpu_backend();

}  // namespace zkinfer::argument
