// SPDX-License-Identifier: Apache-2.0
#include "zkinfer/instructions.h"

#include "field/simd_dispatch.h"

namespace zkinfer {

std::string vector_instructions() { return simd::name_of(simd::chosen_target()); }

}  // namespace zkinfer
