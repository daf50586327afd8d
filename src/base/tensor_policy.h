// SPDX-License-Identifier: Apache-2.0
// Moved to include/zkinfer; this line stays until nobody includes it any more.
#pragma once

#include "zkinfer/tensor_policy.h"
