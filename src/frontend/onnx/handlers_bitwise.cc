// SPDX-License-Identifier: Apache-2.0
// Shifts and bitwise logic of integers of a declared width, in two's complement: sums of bits times powers of two.
#include <algorithm>
#include <array>
#include <cmath>

#include "frontend/onnx/build.h"
#include "frontend/onnx/proto_text.h"
#include "tensor/odometer.h"

namespace zkinfer::frontend_onnx {

namespace {

using ir::DataType;
using ir::OpKind;
using ir::ValueId;
using std::int64_t;

struct Width {
  int bits = 64;
  bool is_signed = true;
};

Width width_of(const ir::Value& value) {
  if (!value.declared) return {};
  Width width{1, value.declared->lo < 0};
  for (int64_t most = value.declared->hi - value.declared->lo; most > 1; most /= 2) ++width.bits;
  return width;
}

// The place values of the bits: the highest of a signed type is negative.
double place(const Width& width, int bit) {
  return width.is_signed && bit + 1 == width.bits ? -std::ldexp(1.0, bit) : std::ldexp(1.0, bit);
}

Status check_width(const Width& width) {
  if (width.bits <= 32) return ok_status();
  return unsupported("64-bit integers that depend on the input | cast them to a type of at most 32 bits");
}

enum class Logic : std::uint8_t { kAnd, kOr, kXor };

int64_t logic_of(Logic logic, int64_t a, int64_t b) {
  return logic == Logic::kAnd ? a & b : logic == Logic::kOr ? a | b : a ^ b;
}

// and: ab, or: a + b - ab, xor: a + b - 2ab.
ValueId logic_of_bits(Build& b, Logic logic, ValueId left, ValueId right) {
  const ValueId both = b.mul(left, right);
  if (logic == Logic::kAnd) return both;
  const ValueId sum = b.add(left, right);
  return b.sub(sum, logic == Logic::kOr ? both : b.mul(both, b.number(2, DataType::kInt64)));
}

template <Logic logic>
Result<Outputs> import_bitwise(NodeContext& context) {
  ZKI_RETURN_IF_ERROR(context.require_inputs(2));
  const IntTensor* left = context.value(0).ints();
  const IntTensor* right = context.value(1).ints();
  if (context.value(0).dtype != DataType::kInt64 || context.value(1).dtype != DataType::kInt64)
    return corrupt("an operand holds no integers");
  if (left != nullptr && right != nullptr) {
    ZKI_ASSIGN_OR_RETURN(const Shape shape, broadcast_shapes(left->shape(), right->shape()));
    IntTensor out(shape);
    Odometer odometer(shape, {broadcast_strides(left->shape(), shape), broadcast_strides(right->shape(), shape)});
    for (std::size_t i = 0; i < out.data().size(); ++i, odometer.next())
      out[i] = logic_of(logic, (*left)[static_cast<std::size_t>(odometer.offset(0))],
                        (*right)[static_cast<std::size_t>(odometer.offset(1))]);
    return Outputs{context.add_literal(std::move(out), DataType::kInt64)};
  }
  const Width width = width_of(context.value(0));
  ZKI_RETURN_IF_ERROR(check_width(width));
  Build b(context);
  ValueId sum = ir::kNoValue;
  for (int bit = 0; bit < width.bits; ++bit) {
    const auto number = static_cast<float>(bit);
    const ValueId result = logic_of_bits(b, logic, b.function(ir::function("Bit"), context.input(0), number),
                                         b.function(ir::function("Bit"), context.input(1), number));
    const ValueId term = b.mul(result, b.number(place(width, bit), DataType::kInt64));
    sum = bit == 0 ? term : b.add(sum, term);
  }
  return b.output(sum);
}

// -1 - x, or the largest - x.
Result<Outputs> import_bitwise_not(NodeContext& context) {
  ZKI_RETURN_IF_ERROR(context.require_inputs(1));
  const std::optional<ir::IntegerRange> range = context.value(0).declared;
  Build b(context);
  const double ones = range && range->lo == 0 ? static_cast<double>(range->hi) : -1;
  return b.output(b.sub(b.number(ones, DataType::kInt64), context.input(0)));
}

bool all_within(const IntTensor& shifts, int bits) {
  return std::all_of(shifts.data().begin(), shifts.data().end(),
                     [bits](int64_t shift) { return shift >= 0 && shift < bits; });
}

// To the left: what does not fall off, times a power of two. To the right: divided by it, rounded down.
Result<Outputs> import_shift(NodeContext& context) {
  ZKI_RETURN_IF_ERROR(context.require_inputs(2));
  ZKI_ASSIGN_OR_RETURN(const std::string direction, context.string_attribute("direction", ""));
  if (direction != "LEFT" && direction != "RIGHT") return corrupt("direction " + in_quotes(direction));
  const Width width = width_of(context.value(0));
  if (!context.value(0).is_constant()) ZKI_RETURN_IF_ERROR(check_width(width));
  Build b(context);
  const ValueId x = context.input(0);
  // Beyond the width all bits are copies of the sign on the right, and zero on the left.
  ValueId shift = context.input(1);
  ValueId within = ir::kNoValue;
  if (const IntTensor* given = context.value(1).ints(); given == nullptr || !all_within(*given, width.bits)) {
    const ValueId less = b.op(OpKind::kLess, {shift, b.number(width.bits, DataType::kInt64)});
    const ValueId negative = b.op(OpKind::kLess, {shift, b.number(0, DataType::kInt64)});
    within = b.op(OpKind::kAnd, {less, b.op(OpKind::kNot, {negative})});
    shift = b.where(within, shift, b.number(0, DataType::kInt64));
  }
  const ValueId power = b.function(ir::function("PowerOfTwo"), shift);
  ValueId beyond = b.number(0, DataType::kInt64);
  ValueId y = ir::kNoValue;
  if (direction == "RIGHT") {
    // Towards zero is down once the remainder, which has the sign of the divisor, is taken away.
    const ValueId rest = b.op(OpKind::kMod, {x, power}, ir::ModAttributes{});
    y = b.div(width.is_signed ? b.sub(x, rest) : x, power);
    if (width.is_signed && within != ir::kNoValue)
      beyond = b.negate(b.cast(b.op(OpKind::kLess, {x, beyond}), DataType::kInt64));
  } else {
    y = b.mul(x, power);
    if (width.bits <= 32) {
      const double count = std::ldexp(1.0, width.bits);
      const ValueId modulus = b.number(count, DataType::kInt64);
      const ValueId offset = b.number(width.is_signed ? count / 2 : 0, DataType::kInt64);
      y = b.sub(b.op(OpKind::kMod, {b.add(y, offset), modulus}, ir::ModAttributes{}), offset);
    }
  }
  return b.output(within == ir::kNoValue ? y : b.where(within, y, beyond));
}

// The bits of an integer as another type of the same width; of floats only those of constants.
Result<Outputs> import_bit_cast(NodeContext& context) {
  ZKI_RETURN_IF_ERROR(context.require_inputs(1));
  ZKI_ASSIGN_OR_RETURN(const int64_t to, context.int_attribute("to", 0));
  const auto type = static_cast<std::int32_t>(std::clamp<int64_t>(to, 0, 64));
  const std::optional<ir::IntegerRange> range = declared_range(type);
  const ir::Value& x = context.value(0);
  Build b(context);
  if (x.dtype == DataType::kBool && range && range->hi == 255)
    return b.output(b.cast(context.input(0), DataType::kInt64));
  if (x.dtype == DataType::kInt64 && range && x.declared && range->hi - range->lo == x.declared->hi - x.declared->lo) {
    const ValueId lowest = b.number(static_cast<double>(range->lo), DataType::kInt64);
    const ValueId count = b.number(static_cast<double>(range->hi - range->lo + 1), DataType::kInt64);
    const ValueId above = b.op(OpKind::kMod, {b.sub(context.input(0), lowest), count}, ir::ModAttributes{});
    ZKI_ASSIGN_OR_RETURN(Outputs outputs, b.output(b.add(above, lowest)));
    context.graph().value(outputs[0]).declared = range;
    return outputs;
  }
  return unsupported("the bits of a number of another kind | cast the number instead");
}

constexpr auto kHandlers = std::to_array<Handler>({
    {"BitwiseAnd", "", no_check, import_bitwise<Logic::kAnd>},
    {"BitwiseOr", "", no_check, import_bitwise<Logic::kOr>},
    {"BitwiseXor", "", no_check, import_bitwise<Logic::kXor>},
    {"BitwiseNot", "", no_check, import_bitwise_not},
    {"BitShift", "direction", no_check, import_shift},
    {"BitCast", "to", no_check, import_bit_cast},
});

}  // namespace

std::span<const Handler> bitwise_handlers() { return kHandlers; }

}  // namespace zkinfer::frontend_onnx
