// SPDX-License-Identifier: Apache-2.0
// Random integer graphs: valid ones of all operators, directed ones at the edges of what views and bounds can express, and
// ones with absurd numbers, which validate may refuse. The same seed gives the same graph as long as this file does not
// change; graphs that found something are kept as structure bytes (tests/soundness/kept).
#pragma once

#include <cstdint>
#include <random>
#include <vector>

#include "qir/test_graphs.h"

namespace zkinfer::differential {

using qir::ValueId;

class Random {
 public:
  explicit Random(std::uint64_t seed) : engine_(seed) {}
  // Uniform in [lo, hi], any 64-bit bounds.
  std::int64_t between(std::int64_t lo, std::int64_t hi) {
    const std::uint64_t width = static_cast<std::uint64_t>(hi) - static_cast<std::uint64_t>(lo) + 1;
    const std::uint64_t drawn = width == 0 ? engine_() : engine_() % width;
    return static_cast<std::int64_t>(static_cast<std::uint64_t>(lo) + drawn);
  }
  bool one_in(std::int64_t n) { return between(1, n) == 1; }
  template <class T>
  const T& of(const std::vector<T>& list) {
    return list[static_cast<std::size_t>(between(0, static_cast<std::int64_t>(list.size()) - 1))];
  }
  template <class T>
  void shuffle(std::vector<T>& list) {
    for (std::size_t i = list.size(); i > 1; --i)
      std::swap(list[i - 1], list[static_cast<std::size_t>(between(0, static_cast<std::int64_t>(i) - 1))]);
  }
  std::mt19937_64& engine() { return engine_; }

 private:
  std::mt19937_64 engine_;
};

// By seed: mostly graphs of small numbers; every eighth directed, every eighth of wide numbers, every sixteenth hostile.
qir::QGraph draw_graph(std::uint64_t seed);

}  // namespace zkinfer::differential
