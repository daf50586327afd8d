// SPDX-License-Identifier: Apache-2.0
// Arithmetic of narrow integers keeps the lowest bits: of uint8, 200 + 100 is 44. The integers of a program do not end there, so a
// remainder follows whatever can leave its type. Types of 32 bits, which indices have, are checked while compiling instead
// (api/compile_notes.h), those of 64 bits never wrap.
#pragma once

#include "frontend/onnx/handlers.h"

namespace zkinfer::frontend_onnx {

// Of an imported node of the default domain; anything but arithmetic is left alone.
Status wrap_integers(NodeContext& context, Outputs& outputs);

}  // namespace zkinfer::frontend_onnx
