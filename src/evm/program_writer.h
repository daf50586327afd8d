// SPDX-License-Identifier: Apache-2.0
// Writes the instructions of a verification program (docs/formats/program.md). Registers hold elements of K; every instruction
// appends its results behind all registers so far, and one that was written before is not written again.
#pragma once

#include <compare>
#include <cstdint>
#include <map>
#include <span>
#include <utility>
#include <vector>

#include "base/bytes.h"
#include "field/fp.h"
#include "zkinfer/status.h"

namespace zkinfer::evm {

using Reg = std::uint32_t;
// Registers 0, 1 and 2 hold 1, x and x^2 (K = F[x]/(x^3 - 2)); the inputs follow.
inline constexpr Reg kOne = 0;
inline constexpr std::size_t kNumConstants = 3;

enum class Op : std::uint8_t {
  kEnd = 0,
  kMul = 1,           // n {a b}: r[a] r[b], each a result that the next may read
  kDot = 2,           // n {a b}: sum r[a] r[b]
  kLinear = 3,        // n {coef u64, a}: sum coef r[a]
  kVectorDot = 4,     // a b n g: for j < g: sum_{i<n} r[a + i] r[b + j n + i]
  kFieldDot = 5,      // a b n g: the same where the second factors are in F
  kEq = 6,            // src bits count: eq(r[src ..], i), i < count; r[src] for the highest bit
  kEqDot = 7,         // a b bits count: sum_{i<count} eq(r[a ..], i) eq(r[b ..], i)
  kComplement = 8,    // src n: 1 - r[src + i]
  kPowers = 9,        // a n: r[a]^i
  kBelow = 10,        // src bits end: sum_{i<end} eq(r[src ..], i), and the same of eq times i
  kCorrelate = 11,    // length parts {factor, offset, 3 sources {base, length, step, stride}}
  kConstants = 12,    // n {u64}
  kSmallLinear = 13,  // n {coef i16, a}: as kLinear
};

// One factor of a correlation: r[base + step i] at the index stride i, i < length.
struct Source {
  Reg base = 0;
  std::uint32_t length = 1;
  std::uint32_t step = 0;
  std::int64_t stride = 0;
  friend auto operator<=>(const Source&, const Source&) = default;
};
inline constexpr std::size_t kMaxSources = 3;

// out[offset + sum stride i] += r[factor] prod r[base + step i], for all index combinations that fall within out.
struct Part {
  Reg factor = 0;
  std::int64_t offset = 0;
  std::vector<Source> sources;
  friend auto operator<=>(const Part&, const Part&) = default;
};

// sum of coefficients in F times registers.
using Linear = std::map<Reg, Fp>;
void add_to(Linear& sum, Reg reg, Fp coef);

class ProgramWriter {
 public:
  Reg input(std::size_t count);

  Reg mul(Reg a, Reg b);
  Reg dot(std::vector<std::pair<Reg, Reg>> products);
  Reg linear(const Linear& sum);
  Reg vector_dot(Reg a, Reg b, std::size_t n, std::size_t groups = 1);
  Reg field_dot(Reg a, Reg b, std::size_t n, std::size_t groups);
  Reg eq(Reg src, int bits, std::uint64_t count);
  Reg eq_dot(Reg a, Reg b, int bits, std::uint64_t count);
  Reg complement(Reg src, std::size_t n);
  Reg powers(Reg a, std::size_t n);
  // The first of two.
  Reg below(Reg src, int bits, std::uint64_t end);
  Reg correlate(std::uint64_t length, const std::vector<Part>& parts);
  Reg constants(const std::vector<std::int64_t>& values);

  // The head (inputs behind the constants, registers in all, the index's first and their number), the instructions, and the end, which
  // names the two results. unsupported: more registers or larger operands than an instruction holds.
  Result<Bytes> finish(std::size_t num_inputs, Reg index, std::size_t index_bits, Reg mu, Reg value);

 private:
  // Appends an instruction with `results` results, or gives those of the same one before.
  Reg append(Bytes instruction, std::size_t results);
  void put(Bytes& out, std::uint64_t value, int bytes);
  Bytes begin(Op op) { return {static_cast<std::uint8_t>(op)}; }

  Bytes bytes_;
  std::size_t products_ = 0;  // where the last instruction begins, if it is kMul and more may follow
  std::map<Bytes, Reg> known_;
  std::size_t next_ = kNumConstants;
  bool too_large_ = false;
};

}  // namespace zkinfer::evm
