// SPDX-License-Identifier: Apache-2.0
#include <algorithm>
#include <cmath>
#include <limits>

#include "exec/float/kernels.h"
#include "ir/functions.h"

namespace zkinfer::exec_float {

namespace {

using ir::OpKind;
using std::int64_t;
using std::size_t;

size_t index(int64_t x) { return static_cast<size_t>(x); }

// out[i] = f(a[i], b[i]) with broadcasting.
template <class Out, class A, class B, class F>
DenseTensor<Out> zip(const DenseTensor<A>& a, const DenseTensor<B>& b, const Shape& shape, F f) {
  DenseTensor<Out> out(shape);
  if (a.shape() == shape && b.shape() == shape) {
    for (size_t i = 0; i < out.data().size(); ++i) out[i] = f(a[i], b[i]);
    return out;
  }
  Odometer odometer(shape, {broadcast_strides(a.shape(), shape), broadcast_strides(b.shape(), shape)});
  for (size_t i = 0; i < out.data().size(); ++i, odometer.next())
    out[i] = f(a[index(odometer.offset(0))], b[index(odometer.offset(1))]);
  return out;
}

template <class F>
FloatTensor map(const FloatTensor& x, F f) {
  FloatTensor out(x.shape());
  for (size_t i = 0; i < out.data().size(); ++i) out[i] = f(x[i]);
  return out;
}

// NaN is larger and smaller than everything.
float smaller_of(float x, float y) { return x < y || std::isnan(x) ? x : y; }
float larger_of(float x, float y) { return x > y || std::isnan(x) ? x : y; }

Result<AnyTensor> float_binary(const Operation& op, const FloatTensor& a, const FloatTensor& b) {
  const Shape& shape = op.output_shape;
  const auto arithmetic = [&](auto f) -> Result<AnyTensor> { return AnyTensor(zip<float>(a, b, shape, f)); };
  const auto compare = [&](auto f) -> Result<AnyTensor> { return AnyTensor(zip<int64_t>(a, b, shape, f)); };
  switch (op.node.op) {
    case OpKind::kAdd: return arithmetic([](float x, float y) { return x + y; });
    case OpKind::kSub: return arithmetic([](float x, float y) { return x - y; });
    case OpKind::kMul: return arithmetic([](float x, float y) { return x * y; });
    case OpKind::kDiv: return arithmetic([](float x, float y) { return x / y; });
    case OpKind::kPow: return arithmetic([](float x, float y) { return std::pow(x, y); });
    case OpKind::kMin: return arithmetic(smaller_of);
    case OpKind::kMax: return arithmetic(larger_of);
    case OpKind::kMod:
      if (op.node.as<ir::ModAttributes>().truncated)
        return arithmetic([](float x, float y) { return std::fmod(x, y); });
      return arithmetic([](float x, float y) {
        const float rest = std::fmod(x, y);
        return rest != 0 && (rest < 0) != (y < 0) ? rest + y : rest;
      });
    case OpKind::kEqual: return compare([](float x, float y) { return int64_t{x == y}; });
    case OpKind::kLess: return compare([](float x, float y) { return int64_t{x < y}; });
    case OpKind::kGreater: return compare([](float x, float y) { return int64_t{x > y}; });
    case OpKind::kLessOrEqual: return compare([](float x, float y) { return int64_t{x <= y}; });
    case OpKind::kGreaterOrEqual: return compare([](float x, float y) { return int64_t{x >= y}; });
    default: return unsupported("this operator does not take floats");
  }
}

int64_t integer_power(int64_t base, int64_t exponent, bool& bad) {
  int64_t power = 1;
  if (exponent < 0 || exponent > 63) {
    bad = true;
    return 0;
  }
  for (int64_t i = 0; i < exponent; ++i) bad |= __builtin_mul_overflow(power, base, &power);
  return power;
}

Result<AnyTensor> integer_binary(const Operation& op, const IntTensor& a, const IntTensor& b) {
  const Shape& shape = op.output_shape;
  bool bad = false;
  const auto exact = [&](auto f) -> Result<AnyTensor> {
    AnyTensor out = zip<int64_t>(a, b, shape, f);
    if (bad) return out_of_range("integer arithmetic leaves int64 or divides by zero");
    return out;
  };
  const auto divides = [&](int64_t x, int64_t y) {
    const bool ok = y != 0 && !(x == std::numeric_limits<int64_t>::min() && y == -1);
    bad |= !ok;
    return ok;
  };
  switch (op.node.op) {
    case OpKind::kAdd:
      return exact([&](int64_t x, int64_t y) {
        int64_t z;
        bad |= __builtin_add_overflow(x, y, &z);
        return z;
      });
    case OpKind::kSub:
      return exact([&](int64_t x, int64_t y) {
        int64_t z;
        bad |= __builtin_sub_overflow(x, y, &z);
        return z;
      });
    case OpKind::kMul:
      return exact([&](int64_t x, int64_t y) {
        int64_t z;
        bad |= __builtin_mul_overflow(x, y, &z);
        return z;
      });
    case OpKind::kDiv: return exact([&](int64_t x, int64_t y) { return divides(x, y) ? x / y : 0; });
    case OpKind::kMod:
      return exact([&, truncated = op.node.as<ir::ModAttributes>().truncated](int64_t x, int64_t y) {
        if (!divides(x, y)) return int64_t{0};
        const int64_t rest = x % y;
        return !truncated && rest != 0 && (rest < 0) != (y < 0) ? rest + y : rest;
      });
    case OpKind::kPow: return exact([&](int64_t x, int64_t y) { return integer_power(x, y, bad); });
    case OpKind::kMin: return exact([](int64_t x, int64_t y) { return std::min(x, y); });
    case OpKind::kMax: return exact([](int64_t x, int64_t y) { return std::max(x, y); });
    case OpKind::kEqual: return exact([](int64_t x, int64_t y) { return int64_t{x == y}; });
    case OpKind::kLess: return exact([](int64_t x, int64_t y) { return int64_t{x < y}; });
    case OpKind::kGreater: return exact([](int64_t x, int64_t y) { return int64_t{x > y}; });
    case OpKind::kLessOrEqual: return exact([](int64_t x, int64_t y) { return int64_t{x <= y}; });
    case OpKind::kGreaterOrEqual: return exact([](int64_t x, int64_t y) { return int64_t{x >= y}; });
    case OpKind::kAnd: return exact([](int64_t x, int64_t y) { return int64_t{x != 0 && y != 0}; });
    case OpKind::kOr: return exact([](int64_t x, int64_t y) { return int64_t{x != 0 || y != 0}; });
    case OpKind::kXor: return exact([](int64_t x, int64_t y) { return int64_t{(x != 0) != (y != 0)}; });
    default: return unsupported("this operator does not take integers");
  }
}

Result<AnyTensor> power(const Operation& op) {
  if (op.is_float(0) && !op.is_float(1)) {
    FloatTensor exponent(op.ints(1).shape());
    for (size_t i = 0; i < exponent.data().size(); ++i) exponent[i] = static_cast<float>(op.ints(1)[i]);
    return float_binary(op, op.floats(0), exponent);
  }
  if (op.is_float(0) || !op.is_float(1))
    return op.is_float(0) ? float_binary(op, op.floats(0), op.floats(1)) : integer_binary(op, op.ints(0), op.ints(1));
  IntTensor whole(op.floats(1).shape());
  for (size_t i = 0; i < whole.data().size(); ++i) {
    const float exponent = op.floats(1)[i];
    if (!(exponent >= 0 && exponent < 64) || exponent != std::floor(exponent))
      return unsupported("an integer to the power of a fraction or a negative number");
    whole[i] = static_cast<int64_t>(exponent);
  }
  return integer_binary(op, op.ints(0), whole);
}

Result<AnyTensor> float_unary(const Operation& op) {
  const FloatTensor& x = op.floats(0);
  const auto all = [&](auto f) -> Result<AnyTensor> { return AnyTensor(map(x, f)); };
  switch (op.node.op) {
    case OpKind::kRelu: return all([](float v) { return std::max(v, 0.0F); });
    case OpKind::kLeakyRelu: {
      const float alpha = op.node.as<ir::LeakyReluAttributes>().alpha;
      return all([alpha](float v) { return v < 0 ? alpha * v : v; });
    }
    case OpKind::kClip: {
      const auto& clip = op.node.as<ir::ClipAttributes>();
      return all([&clip](float v) { return std::min(std::max(v, clip.min), clip.max); });
    }
    case OpKind::kFunction: {
      const auto& function = op.node.as<ir::FunctionAttributes>();
      return all([&function](float v) { return static_cast<float>(ir::apply(function, static_cast<double>(v))); });
    }
    case OpKind::kNeg: return all([](float v) { return -v; });
    case OpKind::kAbs: return all([](float v) { return std::abs(v); });
    default: return internal_error("no unary operator");
  }
}

// A bound beyond the integers is none.
int64_t clipped(int64_t v, const ir::ClipAttributes& clip) {
  if (static_cast<double>(v) < static_cast<double>(clip.min)) v = static_cast<int64_t>(std::ceil(clip.min));
  if (static_cast<double>(v) > static_cast<double>(clip.max)) v = static_cast<int64_t>(std::floor(clip.max));
  return v;
}

Result<AnyTensor> integer_unary(const Operation& op) {
  IntTensor out = op.ints(0);
  for (int64_t& v : out.data()) {
    if (v == std::numeric_limits<int64_t>::min()) return out_of_range("the integer -2^63");
    switch (op.node.op) {
      case OpKind::kRelu: v = std::max<int64_t>(v, 0); break;
      case OpKind::kClip: v = clipped(v, op.node.as<ir::ClipAttributes>()); break;
      case OpKind::kNeg: v = -v; break;
      case OpKind::kAbs: v = v < 0 ? -v : v; break;
      case OpKind::kNot: v = v == 0 ? 1 : 0; break;
      case OpKind::kFunction: {
        const double y = ir::apply(op.node.as<ir::FunctionAttributes>(), static_cast<double>(v));
        if (!(std::abs(y) < 9e18)) return out_of_range("a function of an integer leaves int64");
        v = static_cast<int64_t>(y);
        break;
      }
      default: return unsupported("this operator does not take integers");
    }
  }
  return AnyTensor(std::move(out));
}

template <class T>
DenseTensor<T> select(const IntTensor& condition, const DenseTensor<T>& a, const DenseTensor<T>& b,
                      const Shape& shape) {
  DenseTensor<T> out(shape);
  Odometer odometer(shape, {broadcast_strides(condition.shape(), shape), broadcast_strides(a.shape(), shape),
                            broadcast_strides(b.shape(), shape)});
  for (size_t i = 0; i < out.data().size(); ++i, odometer.next())
    out[i] = condition[index(odometer.offset(0))] != 0 ? a[index(odometer.offset(1))] : b[index(odometer.offset(2))];
  return out;
}

Result<AnyTensor> cast(const Operation& op) {
  const ir::DataType to = op.output_dtype;
  if (to == ir::DataType::kFloat) {
    if (op.is_float(0)) return *op.inputs[0];
    FloatTensor out(op.output_shape);
    for (size_t i = 0; i < out.data().size(); ++i) out[i] = static_cast<float>(op.ints(0)[i]);
    return AnyTensor(std::move(out));
  }
  IntTensor out(op.output_shape);
  for (size_t i = 0; i < out.data().size(); ++i) {
    if (!op.is_float(0)) {
      out[i] = to == ir::DataType::kBool ? int64_t{op.ints(0)[i] != 0} : op.ints(0)[i];
      continue;
    }
    const float v = op.floats(0)[i];
    if (to == ir::DataType::kBool) {
      out[i] = int64_t{v != 0};
      continue;
    }
    if (!(v > -9.2e18F && v < 9.2e18F)) return out_of_range("a float outside int64 is cast to an integer");
    out[i] = static_cast<int64_t>(v);
  }
  return AnyTensor(std::move(out));
}

IntTensor is_special(const Operation& op) {
  const auto& asked = op.node.as<ir::SpecialAttributes>();
  const FloatTensor& x = op.floats(0);
  IntTensor out(x.shape());
  for (size_t i = 0; i < out.data().size(); ++i) {
    const bool is_infinite = std::isinf(x[i]) && (x[i] > 0 ? asked.positive : asked.negative);
    out[i] = is_infinite || (asked.nan && std::isnan(x[i])) ? 1 : 0;
  }
  return out;
}

FloatTensor batch_normalization(const Operation& op) {
  const FloatTensor& x = op.floats(0);
  const float epsilon = op.node.as<ir::BatchNormalizationAttributes>().epsilon;
  FloatTensor out(x.shape());
  const size_t channels = index(x.shape()[1]);
  const size_t inner = index(x.shape().num_elements(2, x.shape().rank()));
  for (size_t i = 0; i < out.data().size(); ++i) {
    const size_t c = i / inner % channels;
    const double scale = static_cast<double>(op.floats(1)[c]) /
                         std::sqrt(static_cast<double>(op.floats(4)[c]) + static_cast<double>(epsilon));
    out[i] = static_cast<float>((static_cast<double>(x[i]) - static_cast<double>(op.floats(3)[c])) * scale +
                                static_cast<double>(op.floats(2)[c]));
  }
  return out;
}

}  // namespace

Result<AnyTensor> run_elementwise(const Operation& op) {
  switch (op.node.op) {
    case OpKind::kIdentity: return *op.inputs[0];
    case OpKind::kCast: return cast(op);
    case OpKind::kIsSpecial: return AnyTensor(is_special(op));
    case OpKind::kBatchNormalization: return AnyTensor(batch_normalization(op));
    case OpKind::kWhere:
      if (op.is_float(1)) return AnyTensor(select(op.ints(0), op.floats(1), op.floats(2), op.output_shape));
      return AnyTensor(select(op.ints(0), op.ints(1), op.ints(2), op.output_shape));
    case OpKind::kPow: return power(op);
    default: break;
  }
  if (op.inputs.size() == 2)
    return op.is_float(0) ? float_binary(op, op.floats(0), op.floats(1)) : integer_binary(op, op.ints(0), op.ints(1));
  return op.is_float(0) ? float_unary(op) : integer_unary(op);
}

}  // namespace zkinfer::exec_float
