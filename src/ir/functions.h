// SPDX-License-Identifier: Apache-2.0
// The unary functions of real numbers: one row each, and nothing else has to know them. OpKind::kFunction applies one to every
// element. A row is importable under its name unless `inner`; its parameters a and b are then the ONNX attributes named here.
#pragma once

#include <array>
#include <cmath>
#include <cstdint>
#include <limits>
#include <numbers>
#include <optional>
#include <string_view>

#include "ir/attributes.h"

namespace zkinfer::ir {

struct FunctionParameter {
  std::string_view name;  // empty: the function has no such parameter
  float missing = 0;      // its value when the model does not say
};

inline constexpr double kUnbounded = std::numeric_limits<double>::infinity();

// What holds for all parameters. What needs more is computed from `eval`.
struct FunctionRow {
  std::string_view name, doc;
  double (*eval)(double x, double a, double b);
  FunctionParameter a{}, b{};
  double lo = -kUnbounded, hi = kUnbounded;                // of results
  double domain_lo = -kUnbounded, domain_hi = kUnbounded;  // arguments outside have no finite result
  bool monotone = false;                                   // never falls
  bool whole = false;                                      // results are whole numbers; takes integers too
  bool jumps = false;                                      // is not continuous inside its domain
  bool inner = false;                                      // made by rewrites only, no operator of a model
};

namespace function_formulas {
// Without overflow for large |x|.
inline double sigmoid(double x) { return x >= 0 ? 1 / (1 + std::exp(-x)) : std::exp(x) / (1 + std::exp(x)); }
inline double softplus(double x) { return std::max(x, 0.0) + std::log1p(std::exp(-std::abs(x))); }
}  // namespace function_formulas

// clang-format off
inline constexpr auto kFunctions = std::to_array<FunctionRow>({
    {.name = "Sigmoid", .doc = "1 / (1 + exp(-x))",
     .eval = [](double x, double, double) { return function_formulas::sigmoid(x); }, .lo = 0, .hi = 1, .monotone = true},
    {.name = "Tanh", .doc = "hyperbolic tangent",
     .eval = [](double x, double, double) { return std::tanh(x); }, .lo = -1, .hi = 1, .monotone = true},
    {.name = "Sqrt", .doc = "square root",
     .eval = [](double x, double, double) { return std::sqrt(x); }, .lo = 0, .domain_lo = 0, .monotone = true},
    {.name = "Reciprocal", .doc = "1 / x",
     .eval = [](double x, double, double) { return 1 / x; }, .jumps = true},
    {.name = "Exp", .doc = "exponential",
     .eval = [](double x, double, double) { return std::exp(x); }, .lo = 0, .monotone = true},
    {.name = "Log", .doc = "natural logarithm",
     .eval = [](double x, double, double) { return std::log(x); }, .domain_lo = 0, .monotone = true},
    {.name = "Sign", .doc = "-1, 0 or 1",
     .eval = [](double x, double, double) { return x > 0 ? 1.0 : x < 0 ? -1.0 : x; },
     .lo = -1, .hi = 1, .monotone = true, .whole = true, .jumps = true},
    {.name = "Floor", .doc = "round down",
     .eval = [](double x, double, double) { return std::floor(x); }, .monotone = true, .whole = true, .jumps = true},
    {.name = "Ceil", .doc = "round up",
     .eval = [](double x, double, double) { return std::ceil(x); }, .monotone = true, .whole = true, .jumps = true},
    {.name = "Round", .doc = "round to nearest, halves to even",
     .eval = [](double x, double, double) { return std::nearbyint(x); }, .monotone = true, .whole = true, .jumps = true},
    {.name = "Truncate", .doc = "round towards zero",
     .eval = [](double x, double, double) { return std::trunc(x); },
     .monotone = true, .whole = true, .jumps = true, .inner = true},
    {.name = "Erf", .doc = "error function",
     .eval = [](double x, double, double) { return std::erf(x); }, .lo = -1, .hi = 1, .monotone = true},
    {.name = "GeluErf", .doc = "x (1 + erf(x / sqrt(2))) / 2",
     .eval = [](double x, double, double) { return x / 2 * std::erfc(-x / std::numbers::sqrt2); }, .inner = true},
    {.name = "GeluTanh", .doc = "x (1 + tanh(sqrt(2 / pi) (x + 0.044715 x^3))) / 2",
     .eval = [](double x, double, double) {
       return x * function_formulas::sigmoid(2 * std::sqrt(2 / std::numbers::pi) * (x + 0.044715 * x * x * x));
     }, .inner = true},
    {.name = "Elu", .doc = "x < 0 ? alpha (exp(x) - 1) : x",
     .eval = [](double x, double a, double) { return x < 0 ? a * std::expm1(x) : x; }, .a = {"alpha", 1}},
    {.name = "Selu", .doc = "gamma (x < 0 ? alpha (exp(x) - 1) : x)",
     .eval = [](double x, double a, double b) { return b * (x < 0 ? a * std::expm1(x) : x); },
     .a = {"alpha", 1.67326319217681884765625F}, .b = {"gamma", 1.05070102214813232421875F}},
    {.name = "Celu", .doc = "max(x, 0) + min(alpha (exp(x / alpha) - 1), 0)",
     .eval = [](double x, double a, double) { return std::max(x, 0.0) + std::min(a * std::expm1(x / a), 0.0); },
     .a = {"alpha", 1}},
    {.name = "HardSwish", .doc = "x max(0, min(1, x / 6 + 1 / 2))",
     .eval = [](double x, double, double) { return x * std::min(std::max(x / 6 + 0.5, 0.0), 1.0); }},
    {.name = "Softplus", .doc = "log(1 + exp(x))",
     .eval = [](double x, double, double) { return function_formulas::softplus(x); }, .lo = 0, .monotone = true},
    {.name = "Softsign", .doc = "x / (1 + |x|)",
     .eval = [](double x, double, double) { return x / (1 + std::abs(x)); }, .lo = -1, .hi = 1, .monotone = true},
    {.name = "Mish", .doc = "x tanh(log(1 + exp(x)))",
     .eval = [](double x, double, double) { return x * std::tanh(function_formulas::softplus(x)); }},
    {.name = "ThresholdedRelu", .doc = "x > alpha ? x : 0",
     .eval = [](double x, double a, double) { return x > a ? x : 0.0; }, .a = {"alpha", 1}, .jumps = true},
    {.name = "Shrink", .doc = "x < -lambd ? x + bias : x > lambd ? x - bias : 0",
     .eval = [](double x, double a, double b) { return x < -b ? x + a : x > b ? x - a : 0.0; },
     .a = {"bias", 0}, .b = {"lambd", 0.5F}, .jumps = true},
    {.name = "Swish", .doc = "x / (1 + exp(-alpha x))",
     .eval = [](double x, double a, double) { return x * function_formulas::sigmoid(a * x); }, .a = {"alpha", 1}},
    {.name = "Sin", .doc = "sine", .eval = [](double x, double, double) { return std::sin(x); }, .lo = -1, .hi = 1},
    {.name = "Cos", .doc = "cosine", .eval = [](double x, double, double) { return std::cos(x); }, .lo = -1, .hi = 1},
    {.name = "Tan", .doc = "tangent", .eval = [](double x, double, double) { return std::tan(x); }, .jumps = true},
    {.name = "Asin", .doc = "arc sine", .eval = [](double x, double, double) { return std::asin(x); },
     .lo = -std::numbers::pi / 2, .hi = std::numbers::pi / 2, .domain_lo = -1, .domain_hi = 1, .monotone = true},
    {.name = "Acos", .doc = "arc cosine", .eval = [](double x, double, double) { return std::acos(x); },
     .lo = 0, .hi = std::numbers::pi, .domain_lo = -1, .domain_hi = 1},
    {.name = "Atan", .doc = "arc tangent", .eval = [](double x, double, double) { return std::atan(x); },
     .lo = -std::numbers::pi / 2, .hi = std::numbers::pi / 2, .monotone = true},
    {.name = "Sinh", .doc = "hyperbolic sine", .eval = [](double x, double, double) { return std::sinh(x); },
     .monotone = true},
    {.name = "Cosh", .doc = "hyperbolic cosine", .eval = [](double x, double, double) { return std::cosh(x); }, .lo = 1},
    {.name = "Asinh", .doc = "inverse hyperbolic sine", .eval = [](double x, double, double) { return std::asinh(x); },
     .monotone = true},
    {.name = "Acosh", .doc = "inverse hyperbolic cosine", .eval = [](double x, double, double) { return std::acosh(x); },
     .lo = 0, .domain_lo = 1, .monotone = true},
    {.name = "Atanh", .doc = "inverse hyperbolic tangent", .eval = [](double x, double, double) { return std::atanh(x); },
     .domain_lo = -1, .domain_hi = 1, .monotone = true},
    {.name = "Power", .doc = "x to the power a", .eval = [](double x, double a, double) { return std::pow(x, a); },
     .a = {"exponent", 1}, .jumps = true, .inner = true},
    // Of integers, for the bitwise operators.
    {.name = "Bit", .doc = "bit number a of a whole number in two's complement",
     .eval = [](double x, double a, double) { return std::fmod(std::fmod(std::floor(std::ldexp(x, -static_cast<int>(a))), 2) + 2, 2); },
     .a = {"number", 0}, .lo = 0, .hi = 1, .whole = true, .jumps = true, .inner = true},
    {.name = "PowerOfTwo", .doc = "2 to the power of a whole number that is not negative",
     .eval = [](double x, double, double) { return std::exp2(std::floor(x)); },
     .lo = 0, .monotone = true, .whole = true, .jumps = true, .inner = true},
});
// clang-format on

inline std::optional<FunctionId> find_function(std::string_view name) {
  for (std::size_t i = 0; i < kFunctions.size(); ++i)
    if (kFunctions[i].name == name) return FunctionId{static_cast<std::uint8_t>(i)};
  return std::nullopt;
}

// Not defined: named by the compiler's error.
void no_function_has_this_name();

// The function of that name; a name that no row has does not compile.
consteval FunctionId function(std::string_view name) {
  for (std::size_t i = 0; i < kFunctions.size(); ++i)
    if (kFunctions[i].name == name) return FunctionId{static_cast<std::uint8_t>(i)};
  no_function_has_this_name();
  return {};
}

constexpr const FunctionRow& row_of(FunctionId id) { return kFunctions[id.index]; }

inline double apply(const FunctionAttributes& function, double x) {
  return row_of(function.function).eval(x, static_cast<double>(function.a), static_cast<double>(function.b));
}

}  // namespace zkinfer::ir
