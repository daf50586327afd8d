// SPDX-License-Identifier: Apache-2.0
// Poseidon2 over F: width 12, S-box x^7, 8 full rounds (4 before and 4 behind) and 22 partial ones. The published instance, so that whoever
// has another implementation can compare: round constants and internal matrix of HorizenLabs/poseidon2
// (poseidon2_instance_goldilocks.rs, commit 055bde3), with its test vector in poseidon2_test.cc.
//
// Source: Grassi, Khovratovich, Schofnegger, "Poseidon2: A Faster Version of the Poseidon Hash Function" (2023), sections 5 and 6.
#pragma once

#include <array>
#include <cstddef>

#include "field/fp.h"

namespace zkinfer::poseidon2 {

inline constexpr std::size_t kWidth = 12;
inline constexpr std::size_t kFullRounds = 4;  // on each side
inline constexpr std::size_t kPartialRounds = 22;
inline constexpr std::size_t kSboxes = 2 * kFullRounds * kWidth + kPartialRounds;

// By S-box, in order: twelve of a full round, one of a partial one.
extern const std::array<Fp, kSboxes> kRoundConstants;
// The internal matrix is all ones plus this diagonal.
extern const std::array<Fp, kWidth> kInternalDiagonal;

// The linear layers, for any state that adds and multiplies: elements, vectors of them, linear forms.
// External: circ(2 M4, M4, M4), M4 with the rows 5 7 1 3, 4 6 1 1, 1 3 5 7, 1 1 4 6.
template <class T>
void external_layer(std::array<T, kWidth>& state) {
  for (std::size_t at = 0; at < kWidth; at += 4) {
    const T a = state[at] + state[at + 1], b = state[at + 2] + state[at + 3];
    const T c = state[at + 1] + state[at + 1] + b, d = state[at + 3] + state[at + 3] + a;
    const T b2 = b + b, a2 = a + a;
    const T e = b2 + b2 + d, f = a2 + a2 + c;
    state[at] = d + f;
    state[at + 1] = f;
    state[at + 2] = c + e;
    state[at + 3] = e;
  }
  for (std::size_t i = 0; i < 4; ++i) {
    const T sum = state[i] + state[i + 4] + state[i + 8];
    for (std::size_t at = i; at < kWidth; at += 4) state[at] = state[at] + sum;
  }
}
template <class T>
void internal_layer(std::array<T, kWidth>& state) {
  T sum = state[0];
  for (std::size_t i = 1; i < kWidth; ++i) sum = sum + state[i];
  for (std::size_t i = 0; i < kWidth; ++i) state[i] = state[i] * kInternalDiagonal[i] + sum;
}

// Runs the rounds; sbox(s, x) gives x^7 for S-box number s, of whose input x the constant is not yet a part.
template <class T, class Sbox>
void permute(std::array<T, kWidth>& state, const Sbox& sbox) {
  std::size_t number = 0;
  const auto full = [&] {
    for (T& x : state) x = sbox(number++, x);
    external_layer(state);
  };
  external_layer(state);
  for (std::size_t round = 0; round < kFullRounds; ++round) full();
  for (std::size_t round = 0; round < kPartialRounds; ++round) {
    state[0] = sbox(number++, state[0]);
    internal_layer(state);
  }
  for (std::size_t round = 0; round < kFullRounds; ++round) full();
}

void permute(std::array<Fp, kWidth>& state);

}  // namespace zkinfer::poseidon2
