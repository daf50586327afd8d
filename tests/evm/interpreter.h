// SPDX-License-Identifier: Apache-2.0
// Runs a verification program (docs/formats/program.md) as a contract does.
#pragma once

#include <utility>
#include <vector>

#include "base/bytes.h"
#include "evm/program_writer.h"
#include "field/eq.h"

namespace zkinfer::evm {

class Interpreter {
 public:
  explicit Interpreter(ByteView instructions) : program_(instructions) {}

  // registers: one, x, x^2, and the inputs (evm/functionals.h). mu and the functionals' value.
  std::pair<Fe, Fe> run(std::vector<Fe> registers);
  std::size_t num_multiplications() const { return multiplications_; }

 private:
  std::uint64_t get(int bytes);
  Reg reg() { return static_cast<Reg>(get(2)); }
  const Fe& at(std::uint64_t reg) const;
  void push(const Fe& x) { registers_.push_back(x); }
  Fe mul(const Fe& a, const Fe& b) {
    ++multiplications_;
    return a * b;
  }
  std::span<const Fe> slice(Reg first, std::size_t n) const;
  void step(Op op);
  void correlate();

  ByteView program_;
  std::size_t position_ = 0, multiplications_ = 0;
  std::vector<Fe> registers_;
};

inline std::uint64_t Interpreter::get(int bytes) {
  std::uint64_t value = 0;
  for (int i = 0; i < bytes; ++i) {
    ZKI_CHECK(position_ < program_.size(), "a program ends with its end");
    value = value << 8 | program_[position_++];
  }
  return value;
}

inline const Fe& Interpreter::at(std::uint64_t reg) const {
  ZKI_CHECK(reg < registers_.size(), "an instruction reads what is there");
  return registers_[reg];
}

inline std::span<const Fe> Interpreter::slice(Reg first, std::size_t n) const {
  ZKI_CHECK(first + n <= registers_.size(), "an instruction reads what is there");
  return std::span(registers_).subspan(first, n);
}

inline void Interpreter::correlate() {
  const std::uint64_t length = get(2), num_parts = get(2);
  std::vector<Fe> out(length);
  for (std::uint64_t p = 0; p < num_parts; ++p) {
    const Fe factor = at(get(2));
    const std::int64_t offset = static_cast<std::int32_t>(get(4));
    struct {
      std::uint64_t base, length, step;
      std::int64_t stride;
    } s[kMaxSources];
    for (auto& source : s) {
      source.base = get(2);
      source.length = get(2);
      source.step = get(1);
      source.stride = static_cast<std::int32_t>(get(4));
    }
    for (std::uint64_t i = 0; i < s[0].length; ++i) {
      const Fe a = mul(factor, at(s[0].base + i * s[0].step));
      for (std::uint64_t j = 0; j < s[1].length; ++j) {
        const Fe b = mul(a, at(s[1].base + j * s[1].step));
        for (std::uint64_t k = 0; k < s[2].length; ++k) {
          const std::int64_t index = offset + s[0].stride * static_cast<std::int64_t>(i) +
                                     s[1].stride * static_cast<std::int64_t>(j) +
                                     s[2].stride * static_cast<std::int64_t>(k);
          if (index >= 0 && index < static_cast<std::int64_t>(length))
            out[static_cast<std::size_t>(index)] += mul(b, at(s[2].base + k * s[2].step));
        }
      }
    }
  }
  registers_.insert(registers_.end(), out.begin(), out.end());
}

inline void Interpreter::step(Op op) {
  switch (op) {
    case Op::kMul:
      for (std::uint64_t n = get(2); n > 0; --n) {
        const Fe a = at(get(2));
        push(mul(a, at(get(2))));
      }
      return;
    case Op::kDot: {
      Fe sum;
      for (std::uint64_t n = get(2); n > 0; --n) {
        const Fe a = at(get(2));
        sum += mul(a, at(get(2)));
      }
      return push(sum);
    }
    case Op::kLinear: {
      Fe sum;
      for (std::uint64_t n = get(2); n > 0; --n) {
        const Fp coef(get(8));
        sum += at(get(2)) * coef;
      }
      return push(sum);
    }
    case Op::kSmallLinear: {
      Fe sum;
      for (std::uint64_t n = get(2); n > 0; --n) {
        const Fp coef = Fp::from_int(static_cast<std::int16_t>(get(2)));
        sum += at(get(2)) * coef;
      }
      return push(sum);
    }
    case Op::kVectorDot:
    case Op::kFieldDot: {
      const Reg a = reg(), b = reg();
      const auto n = static_cast<std::size_t>(get(2)), groups = static_cast<std::size_t>(get(2));
      for (std::size_t g = 0; g < groups; ++g) {
        Fe sum;
        for (std::size_t i = 0; i < n; ++i) {
          const Fe y = at(b + g * n + i);
          ZKI_CHECK(op == Op::kVectorDot || (y.c[1].is_zero() && y.c[2].is_zero()), "numbers in F");
          sum += mul(at(a + i), y);
        }
        push(sum);
      }
      return;
    }
    case Op::kEq: {
      const Reg src = reg();
      const std::size_t bits = get(1), count = get(2);
      const std::vector<Fe> table = eq_vector(slice(src, bits), count);
      multiplications_ += std::size_t{1} << bits;
      registers_.insert(registers_.end(), table.begin(), table.end());
      return;
    }
    case Op::kEqDot: {
      const Reg a = reg(), b = reg();
      const std::size_t bits = get(1);
      const std::uint64_t count = get(4);
      Fe all = Fe::one(), below;
      for (std::size_t i = 0; i < bits; ++i) {
        const Fe x = at(a + bits - 1 - i), y = at(b + bits - 1 - i);
        const Fe one = mul(x, y), zero = Fe::one() - x - y + one;
        if (count >> bits == 0) below = (count >> i & 1) != 0 ? mul(all, zero) + mul(below, one) : mul(below, zero);
        all = mul(all, zero + one);
      }
      return push(count >> bits != 0 ? all : below);
    }
    case Op::kComplement: {
      const Reg src = reg();
      for (std::uint64_t i = 0, n = get(2); i < n; ++i) push(Fe::one() - at(src + i));
      return;
    }
    case Op::kPowers: {
      const Fe base = at(get(2));
      Fe power = Fe::one();
      for (std::uint64_t n = get(2); n > 0; --n) {
        push(power);
        power = mul(power, base);
      }
      return;
    }
    case Op::kBelow: {
      const Reg src = reg();
      const std::size_t bits = get(1);
      const std::uint64_t end = get(4);
      // From the lowest bit on: eq and eq times index, over all of the bits so far and over those below end's.
      Fe all_first, weight, first;
      for (std::size_t i = 0; i < bits; ++i) {
        const Fe r = at(src + bits - 1 - i), zero = Fe::one() - r;
        const Fp bit(std::uint64_t{1} << i);
        if ((end >> i & 1) != 0) {
          first = mul(zero, all_first) + mul(r, first + weight * bit);
          weight = zero + mul(r, weight);
        } else {
          first = mul(zero, first);
          weight = mul(zero, weight);
        }
        all_first += r * bit;
      }
      push(weight);
      return push(first);
    }
    case Op::kCorrelate: return correlate();
    case Op::kConstants:
      for (std::uint64_t n = get(2); n > 0; --n) push(Fe(Fp(get(8))));
      return;
    case Op::kEnd: break;
  }
  ZKI_CHECK(false, "an instruction that there is");
}

inline std::pair<Fe, Fe> Interpreter::run(std::vector<Fe> registers) {
  registers_ = std::move(registers);
  ZKI_CHECK_EQ(get(2) + kNumConstants, registers_.size(), "constants and inputs");
  const std::uint64_t num_registers = get(2);
  get(3);
  while (true) {
    const auto op = static_cast<Op>(get(1));
    if (op != Op::kEnd) {
      step(op);
      continue;
    }
    ZKI_CHECK_EQ(num_registers, registers_.size(), "registers");
    const Fe mu = at(get(2));
    return {mu, at(get(2))};
  }
}

}  // namespace zkinfer::evm
