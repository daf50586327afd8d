// SPDX-License-Identifier: Apache-2.0
// Which instruction sets Google Highway compiles our vector code for; included before any Highway header.
//
// x86: plain C++, AVX2, AVX-512 (Skylake) and AVX-512 with IFMA (Ice Lake, Zen 4 and later: Highway's AVX3_DL). Targets
// without fixed-size vectors are left out, as our code keeps vectors in arrays.
#pragma once

#define HWY_WANT_AVX3_DL
// The checks of its debug builds need Highway's library.
#define HWY_IS_DEBUG_BUILD 0
#define HWY_DISABLED_TARGETS (HWY_SSSE3 | HWY_SSE4 | HWY_SVE | HWY_SVE2 | HWY_SVE_256 | HWY_SVE2_128 | HWY_RVV)
