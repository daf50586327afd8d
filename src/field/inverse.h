// SPDX-License-Identifier: Apache-2.0
// The inverse in K, which provers need and verifiers do not.
#pragma once

#include "field/fe.h"

namespace zkinfer {

// Through the norm: with N(a) = a0^3 + 2 a1^3 + 4 a2^3 - 6 a0 a1 a2 in F and the adjugate
// (a0^2 - 2 a1 a2, 2 a2^2 - a0 a1, a1^2 - a0 a2), a * adjugate = N(a). inverse(0) = 0.
constexpr Fe inverse(const Fe& a) {
  const Fp two(2);
  const Fe adjugate(a.c[0] * a.c[0] - two * a.c[1] * a.c[2], two * a.c[2] * a.c[2] - a.c[0] * a.c[1],
                    a.c[1] * a.c[1] - a.c[0] * a.c[2]);
  const Fp norm = a.c[0] * adjugate.c[0] + two * (a.c[1] * adjugate.c[2] + a.c[2] * adjugate.c[1]);
  return adjugate * inverse(norm);
}

}  // namespace zkinfer
