// SPDX-License-Identifier: Apache-2.0
// Comparisons, and one of two values: Less, Equal, Where, Max. A comparison is a step of an integer difference.
#include <algorithm>
#include <array>
#include <charconv>
#include <cmath>
#include <cstdlib>

#include "quant/lowering.h"

namespace zkinfer::quant {

namespace {

// Tables of this many rows tell 0 from all else; above, two steps do.
constexpr int kMostEqualBits = 14;
// Two scales without a common step meet at the smaller one's 2^-10-th part.
constexpr int kMeetingBits = 10;
// Of the low part of a constant that has two.
constexpr int kLowBits = 22;
// Of values of which one is chosen.
constexpr int kMeetingRange = 28;

bool is_multiple(double steps) {
  const double nearest = std::nearbyint(steps);
  return std::abs(steps - nearest) < 1e-4 * std::max(1.0, std::abs(nearest) * 1e-3);
}

}  // namespace

AccRange Lowering::sum_range(const std::vector<QTensor>& terms, const std::vector<std::int64_t>& coefs,
                             std::int64_t constant) const {
  qir::Interval range = qir::make_interval(constant, constant);
  for (std::size_t j = 0; j < terms.size(); ++j)
    range = qir::add(range, qir::scale(qir::range_of(qvalue(terms[j])), coefs[j]));
  if (!range.within(qir::kMaxMagnitude)) range = qir::make_interval(1 - qir::kMaxMagnitude, qir::kMaxMagnitude - 1);
  return range_of(range);
}

namespace {

Shape common_shape(const qir::QGraph& graph, const std::vector<QTensor>& terms) {
  Shape shape = graph.values[terms[0].id].shape;
  for (const QTensor& term : terms) {
    Result<Shape> both = broadcast_shapes(shape, graph.values[term.id].shape);
    ZKI_CHECK(both.ok(), "shape inference accepted the operands");
    shape = *both;
  }
  return shape;
}

}  // namespace

QTensor Lowering::sum(std::size_t i, std::vector<QTensor> terms, std::vector<std::int64_t> coefs, std::int64_t constant,
                      const std::string& name, double scale) {
  const AccRange range = sum_range(terms, coefs, constant);
  return append(linear(i, terms, std::move(coefs), constant), name, common_shape(out_.graph, terms), range, scale);
}

QTensor Lowering::step(std::size_t i, std::vector<QTensor> terms, std::vector<std::int64_t> coefs,
                       std::int64_t constant, const std::string& name) {
  const AccRange range = sum_range(terms, coefs, constant);
  return append_looked_up(linear(i, terms, std::move(coefs), constant), pool_.want_clamp(0, 1, range.lo, range.hi),
                          name, common_shape(out_.graph, terms), {0, 1}, 1);
}

QTensor Lowering::select(std::size_t i, const QTensor& condition, const QTensor& a, const QTensor& b,
                         const std::string& name) {
  qir::Node q;
  q.op = qir::Op::kSelect;
  q.name = node(i).name;
  q.inputs = {condition.id, a.id, b.id};
  const AccRange range = {std::min(qvalue(a).lo, qvalue(b).lo), std::max(qvalue(a).hi, qvalue(b).hi)};
  const Shape shape = common_shape(out_.graph, {condition, a, b});
  return append(std::move(q), name, shape, range, a.scale);
}

// By value id: multiples of their unit, not numbers that were rounded to one.
std::vector<bool> Lowering::unrounded_values() const {
  std::vector<bool> unrounded = plan_.whole;
  for (std::size_t i = 0; i < graph_.inputs.size(); ++i)
    if (given_format(i) != nullptr || calibration_.input_steps[i] > 0)
      unrounded[static_cast<std::size_t>(graph_.inputs[i])] = true;
  for (const ir::Node& node : graph_.nodes) {
    const std::vector<ir::ValueId> from = chosen_from(node);
    if (!from.empty() &&
        std::all_of(from.begin(), from.end(), [&](ir::ValueId id) { return unrounded[static_cast<std::size_t>(id)]; }))
      unrounded[static_cast<std::size_t>(node.output)] = true;
  }
  return unrounded;
}

namespace {

// By so many a number of a table has fewer digits than the float32 number beside it; of thirds, say, neighbours differ by one by chance.
constexpr int kFewerDigits = 3;

// The fewest that tell a float32 number from all others. Data are written with few: where a threshold that was computed lies right beside
// such a number, it is that number which is compared.
int decimal_digits(float x) {
  std::array<char, 32> text;
  const auto end = std::to_chars(text.begin(), text.end(), x, std::chars_format::scientific).ptr;
  return static_cast<int>(std::find(text.begin(), end, 'e') - text.begin());
}

}  // namespace

double Lowering::compared_integer(double real, const ir::Node& n, std::size_t operand, const QTensor& x) const {
  const ir::ValueId other = n.inputs[1 - operand];
  const double steps = real / x.scale;
  // Numbers that were rounded to the nearest multiple stand beside a constant that was rounded so too: what was equal is equal. Where
  // float32 numbers that differ are one multiple, the side is the one of the number that data have.
  if (!unrounded_[static_cast<std::size_t>(other)]) {
    const double nearest = nearest_integer(steps);
    const auto constant = static_cast<float>(real);
    if (n.op == ir::OpKind::kEqual || static_cast<double>(constant) != real) return nearest;
    const int side = operand == 0 ? 1 : -1;  // where x is not what the constant is
    const float beside = std::nextafter(constant, static_cast<float>(side) * HUGE_VALF);
    const bool one = nearest_integer(static_cast<double>(beside) / x.scale) == nearest;
    return one && decimal_digits(beside) + kFewerDigits <= decimal_digits(constant) ? nearest - side : nearest;
  }
  // Of multiples of the unit the comparison has an exact form. Those of an input are the float32 numbers nearest to them.
  const bool whole = plan_.whole[static_cast<std::size_t>(other)];
  const auto number = [&](double multiple) {
    return whole ? multiple * x.scale : static_cast<double>(static_cast<float>(multiple * x.scale));
  };
  const double near = nearest_integer(steps);
  if (whole ? is_multiple(steps) : number(near) == real) return near;
  if (n.op == ir::OpKind::kEqual) return HUGE_VAL;
  if (operand == 1) return number(near) > real ? near : near + 1;
  return number(near) < real ? near : near - 1;
}

Result<Lowering::Difference> Lowering::difference_to_constant(std::size_t i, std::size_t j) {
  const ir::Node& n = node(i);
  const QTensor x = tensor(n.inputs[1 - j]);
  const ir::Value& value = graph_.value(n.inputs[j]);
  const qir::Value other = qvalue(x);
  std::vector<std::int64_t> integers;
  std::int64_t most = 0;
  for (const double real : numbers(value)) {
    if (std::isnan(real)) return too_large(value.name);
    // Beyond the other's range all numbers compare alike.
    integers.push_back(static_cast<std::int64_t>(std::clamp(
        compared_integer(real, n, j, x), static_cast<double>(other.lo) - 1, static_cast<double>(other.hi) + 1)));
    most = std::max(most, std::abs(integers.back()));
  }
  const std::int64_t sign = j == 0 ? 1 : -1;
  if (most >= std::int64_t{1} << (30 + kLowBits))
    return fail(i, "compares integers beyond 2^52 with a constant; use fewer bits for its input");
  Difference result{{x}, {-sign}};
  for (const auto& [part, coef] : parts_of(value, integers, x.scale)) {
    result.terms.push_back(part);
    result.coefs.push_back(sign * coef);
  }
  return result;
}

// Parameters have 32 bits: beyond, a high part and a low one.
std::vector<std::pair<QTensor, std::int64_t>> Lowering::parts_of(const ir::Value& value,
                                                                 const std::vector<std::int64_t>& integers,
                                                                 double scale) {
  std::vector<std::pair<QTensor, std::int64_t>> parts;
  const auto add = [&](const std::string& name, std::int64_t coef, const auto& part_of) {
    std::vector<std::int32_t> part;
    for (const std::int64_t integer : integers) part.push_back(static_cast<std::int32_t>(part_of(integer)));
    const double unit = scale * static_cast<double>(coef);
    parts.emplace_back(QTensor{add_integers(name, value.shape, std::move(part), unit, nullptr), unit}, coef);
  };
  constexpr std::int64_t kMost = (std::int64_t{1} << 31) - 1;
  if (std::ranges::all_of(integers, [](std::int64_t integer) { return std::abs(integer) < kMost; })) {
    add(value.name, 1, [](std::int64_t integer) { return integer; });
    return parts;
  }
  add(value.name, std::int64_t{1} << kLowBits, [](std::int64_t integer) { return integer >> kLowBits; });
  add(value.name + ".low", 1, [](std::int64_t integer) { return integer & ((std::int64_t{1} << kLowBits) - 1); });
  return parts;
}

Result<Lowering::Difference> Lowering::difference(std::size_t i) {
  const ir::Node& n = node(i);
  for (const std::size_t j : {std::size_t{0}, std::size_t{1}})
    if (is_const(n.inputs[j])) return difference_to_constant(i, j);
  const QTensor a = tensor(n.inputs[0]);
  const QTensor b = tensor(n.inputs[1]);
  const double unit = std::min(a.scale, b.scale);
  const double ratio = std::max(a.scale, b.scale) / unit;
  const double rounded = std::nearbyint(ratio);
  const bool divides = std::abs(ratio - rounded) < 1e-9 * ratio;
  const double finer = divides ? 1 : std::ldexp(1.0, kMeetingBits);
  const auto coef = [&](const QTensor& x) { return std::nearbyint(x.scale / unit * finer); };
  if (!(coef(a) <= static_cast<double>(qir::kMaxCoefficient) && coef(b) <= static_cast<double>(qir::kMaxCoefficient)))
    return fail(i, "its operands' scales differ by more than 2^30");
  return Difference{{a, b}, {static_cast<std::int64_t>(coef(a)), -static_cast<std::int64_t>(coef(b))}};
}

// a < b: a - b is below 0.
Status Lowering::lower_less(std::size_t i) {
  ZKI_ASSIGN_OR_RETURN(Difference d, difference(i));
  for (std::int64_t& coef : d.coefs) coef = -coef;
  tensor(node(i).output) = step(i, d.terms, d.coefs, 0, graph_.value(node(i).output).name);
  return ok_status();
}

// One table, or: neither above nor below.
Status Lowering::lower_equal(std::size_t i) {
  const std::string& name = graph_.value(node(i).output).name;
  ZKI_ASSIGN_OR_RETURN(const Difference d, difference(i));
  const AccRange range = sum_range(d.terms, d.coefs, 0);
  if (log_rows(range.lo, range.hi) <= kMostEqualBits) {
    const std::size_t request = pool_.want_function(
        "is zero", [](std::int64_t x) { return x == 0 ? 1 : 0; }, range.lo, range.hi);
    tensor(node(i).output) =
        append_looked_up(linear(i, d.terms, d.coefs), request, name, graph_.value(node(i).output).shape, {0, 1}, 1);
    return ok_status();
  }
  const QTensor above = step(i, d.terms, d.coefs, 0, name + ".above");
  const QTensor not_below = step(i, d.terms, d.coefs, 1, name + ".not_below");
  const QTensor not_above = sum(i, {above}, {-1}, 1, name + ".not_above", 1);
  qir::Node q;
  q.op = qir::Op::kMul;
  q.name = node(i).name;
  q.inputs = {not_below.id, not_above.id};
  q.coefs = {1};
  tensor(node(i).output) = append(std::move(q), name, graph_.value(node(i).output).shape, {0, 1}, 1);
  return ok_status();
}

Result<QTensor> Lowering::operand(std::size_t i, ir::ValueId id, double scale) {
  const ir::Value& value = graph_.value(id);
  if (!value.is_constant()) {
    const QTensor x = tensor(id);
    if (std::abs(x.scale / scale - 1) < 1e-9) return x;
    const double ratio = x.scale / scale;
    if (ratio > 1 && std::abs(ratio - std::nearbyint(ratio)) < 1e-9 * ratio && ratio < 1e12) {
      const auto coef = static_cast<std::int64_t>(std::nearbyint(ratio));
      return sum(i, {x}, {coef}, 0, value.name + ".finer", scale);
    }
    return rescaled(i, x, scale);
  }
  // What no other operand comes near may be any number that large: a fill of masks, an infinite bound.
  const double floor = calibration_.floor_of(value.name);
  std::vector<std::int32_t> data;
  for (const double exact : numbers(value)) {
    if (std::isnan(exact)) return too_large(value.name);
    const double real = std::max(exact, floor);
    data.push_back(static_cast<std::int32_t>(std::clamp(std::nearbyint(real / scale), -kFill, kFill)));
  }
  return QTensor{add_integers(value.name, value.shape, std::move(data), scale, nullptr), scale};
}

namespace {

// Of a literal [.., Q, K] of one matrix: 1 where lo <= j - i <= hi, and nowhere else.
std::optional<Band> band_of(const ir::Value& value) {
  const std::size_t rank = value.shape.rank();
  if (!value.literal || value.ints() == nullptr || rank < 2) return std::nullopt;
  const std::int64_t rows = value.shape[rank - 2], columns = value.shape[rank - 1];
  if (value.shape.num_elements() != rows * columns || rows * columns == 0) return std::nullopt;
  const IntTensor& mask = *value.ints();
  const auto each = [&](const auto& visit) {
    for (std::int64_t i = 0; i < rows; ++i)
      for (std::int64_t j = 0; j < columns; ++j) visit(j - i, mask[static_cast<std::size_t>(i * columns + j)] != 0);
  };
  Band band{columns, -rows};
  each([&](std::int64_t distance, bool kept) {
    if (!kept) return;
    band.lo = std::min(band.lo, distance);
    band.hi = std::max(band.hi, distance);
  });
  bool is_band = band.lo <= band.hi;
  each([&](std::int64_t distance, bool kept) { is_band &= kept == (distance >= band.lo && distance <= band.hi); });
  return is_band ? std::optional(band) : std::nullopt;
}

}  // namespace

QTensor Lowering::moved(std::size_t i, qir::Op op, std::vector<QTensor> from, const Shape& shape,
                        const std::string& name, std::vector<std::int64_t> axes) {
  qir::Node q;
  q.op = op;
  q.name = node(i).name;
  AccRange range{qvalue(from[0]).lo, qvalue(from[0]).hi};
  for (const QTensor& x : from) {
    q.inputs.push_back(x.id);
    range = {std::min(range.lo, qvalue(x).lo), std::max(range.hi, qvalue(x).hi)};
  }
  q.axes = std::move(axes);
  if (op == qir::Op::kSlice) {
    q.starts.assign(shape.rank(), 0);
    q.steps.assign(shape.rank(), 1);
  }
  return append(std::move(q), name, shape, range, from[0].scale);
}

// 0 .. n - 1, of nothing but the program's text: zeros, then twice as many again and again.
QTensor Lowering::positions(std::size_t i, std::int64_t n) {
  if (const auto found = positions_.find(n); found != positions_.end()) return found->second;
  const QTensor any = tensor(graph_.inputs[0]);
  const Shape one(std::vector<std::int64_t>(qvalue(any).shape.rank(), 1));
  const QTensor first = moved(i, qir::Op::kSlice, {any}, one, "position.any");
  QTensor x = moved(i, qir::Op::kReshape, {append(linear(i, {first}, {0}), "position.0", one, {0, 0}, 1)}, Shape{1},
                    "positions.1");
  std::int64_t count = 1;
  for (; count < n; count *= 2) {
    const std::string name = "positions." + std::to_string(2 * count);
    const QTensor next = append(linear(i, {x}, {1}, count), name + ".upper", Shape{count}, {count, 2 * count - 1}, 1);
    x = moved(i, qir::Op::kConcat, {x, next}, Shape{2 * count}, name, {0});
  }
  if (count > n) x = moved(i, qir::Op::kSlice, {x}, Shape{n}, "positions." + std::to_string(n));
  return positions_[n] = x;
}

// What may be seen from where is for verifiers to know: a hidden mask could let a language model see the token that it is to give. So it is
// no parameter: a comparison of positions, once for each size.
QTensor Lowering::mask_of(std::size_t i, const Band& band, const Shape& shape) {
  const std::int64_t rows = shape[shape.rank() - 2], columns = shape[shape.rank() - 1];
  const std::array<std::int64_t, 4> key{rows, columns, band.lo, band.hi};
  auto found = masks_.find(key);
  if (found == masks_.end()) {
    const std::string name =
        "mask." + std::to_string(rows) + "x" + std::to_string(columns) + "." + std::to_string(masks_.size());
    const QTensor row = moved(i, qir::Op::kReshape, {positions(i, rows)}, Shape{rows, 1}, name + ".row");
    const QTensor column = positions(i, columns);
    const bool has_lo = band.lo > 1 - rows, has_hi = band.hi < columns - 1;
    QTensor mask;
    if (has_hi || !has_lo) mask = step(i, {row, column}, {1, -1}, band.hi + 1, name + (has_lo ? ".before" : ""));
    if (has_lo) {
      const QTensor after = step(i, {column, row}, {1, -1}, 1 - band.lo, name + (has_hi ? ".after" : ""));
      if (has_hi) {
        qir::Node both;
        both.op = qir::Op::kMul;
        both.name = node(i).name;
        both.inputs = {mask.id, after.id};
        both.coefs = {1};
        mask = append(std::move(both), name, Shape{rows, columns}, {0, 1}, 1);
      } else {
        mask = after;
      }
    }
    found = masks_.emplace(key, mask).first;
  }
  if (shape.rank() == 2) return found->second;
  return moved(i, qir::Op::kReshape, {found->second}, shape, node(i).name + ".mask");
}

Result<QTensor> Lowering::condition(std::size_t i, ir::ValueId id) {
  const ir::Value& value = graph_.value(id);
  if (!value.is_constant()) {
    const QTensor bits = tensor(id);
    if (bits.scale == 1 && qvalue(bits).lo >= 0 && qvalue(bits).hi <= 1) return bits;
    return fail(i, "its condition '" + value.name + "' is not known to be 0 or 1");
  }
  if (const std::optional<Band> band = band_of(value)) return mask_of(i, *band, value.shape);
  std::vector<std::int32_t> bits;
  for (const double bit : numbers(value)) bits.push_back(bit != 0 ? 1 : 0);
  return add_bounded(value.name, value.shape, std::move(bits), {0, 1});
}

// Numbers beside the columns of a table have its unit, however fine: each column needs its own share of it.
Status Lowering::lower_filled(std::size_t i, const ir::Filled& filled) {
  const ir::Node& n = node(i);
  const QTensor x = tensor(filled.x);
  const ir::Value& fill = graph_.value(n.inputs[filled.where_not ? 2 : 1]);
  constexpr double kMost = std::int64_t{1} << (30 + kLowBits);
  std::vector<std::int64_t> integers;
  for (const double real : numbers(fill)) {
    if (std::isnan(real)) return too_large(fill.name);
    integers.push_back(static_cast<std::int64_t>(std::clamp(std::nearbyint(real / x.scale), 1 - kMost, kMost - 1)));
  }
  std::vector<QTensor> terms;
  std::vector<std::int64_t> coefs;
  for (const auto& [part, coef] : parts_of(fill, integers, x.scale)) {
    terms.push_back(part);
    coefs.push_back(coef);
  }
  const QTensor given = terms.size() == 1 ? terms[0] : sum(i, terms, coefs, 0, fill.name + ".both", x.scale);
  ZKI_ASSIGN_OR_RETURN(const QTensor chooses, condition(i, filled.condition));
  const std::string& name = graph_.value(n.output).name;
  tensor(n.output) = filled.where_not ? select(i, chooses, x, given, name) : select(i, chooses, given, x, name);
  return ok_status();
}

Status Lowering::lower_where(std::size_t i) {
  const ir::Node& n = node(i);
  const std::optional<ir::Filled> filled = ir::as_filled(graph_, &n);
  if (filled && calibration_.columns.contains(graph_.value(n.output).name) && tensor(filled->x).scale > 0 &&
      std::ranges::all_of(filled->numbers, [&](float x) {
        const double seen = calibration_.by_name.at(graph_.value(filled->x).name).max_abs();
        return static_cast<double>(std::abs(x)) < std::max(kLargestFill, seen);
      }))
    return lower_filled(i, *filled);
  const double scale = common_scale(i, {n.inputs[1], n.inputs[2]});
  ZKI_ASSIGN_OR_RETURN(const QTensor chooses, condition(i, n.inputs[0]));
  ZKI_ASSIGN_OR_RETURN(const QTensor a, operand(i, n.inputs[1], scale));
  ZKI_ASSIGN_OR_RETURN(const QTensor b, operand(i, n.inputs[2], scale));
  tensor(n.output) = select(i, chooses, a, b, graph_.value(n.output).name);
  return ok_status();
}

Status Lowering::lower_max(std::size_t i) {
  const ir::Node& n = node(i);
  const std::string& name = graph_.value(n.output).name;
  const double scale = common_scale(i, n.inputs);
  ZKI_ASSIGN_OR_RETURN(const QTensor a, operand(i, n.inputs[0], scale));
  ZKI_ASSIGN_OR_RETURN(const QTensor b, operand(i, n.inputs[1], scale));
  const QTensor larger = step(i, {a, b}, {1, -1}, 0, name + ".larger");
  tensor(n.output) = select(i, larger, a, b, name);
  return ok_status();
}

double Lowering::common_scale(std::size_t i, const std::vector<ir::ValueId>& values) const {
  // The finest that still leaves the largest operand 2^kMeetingRange steps; whole numbers give way to what is no multiple of one.
  double whole = 0;
  double scale = 0;
  double reach = 0;
  bool same = true;  // all have one scale already
  const QTensor* first = nullptr;
  for (const ir::ValueId id : values) {
    same = same && !is_const(id);
    if (is_const(id)) continue;
    const QTensor& x = tensors_[static_cast<std::size_t>(id)];
    if (first == nullptr) first = &x;
    same = same && x.scale == first->scale;
    const auto most = static_cast<double>(std::max(qvalue(x).hi, -qvalue(x).lo));
    reach = std::max(reach, most * x.scale);
    if (plan_.whole[static_cast<std::size_t>(id)])
      whole = std::max(whole, x.scale);
    else
      scale = scale > 0 ? std::min(scale, x.scale) : x.scale;
  }
  if (same && first != nullptr) return first->scale;
  if (scale > 0) scale = std::max(scale, std::ldexp(reach, -kMeetingRange));
  bool whole_constants = true;
  double most = 0;
  for (const ir::ValueId id : values) {
    if (!is_const(id)) continue;
    whole_constants = whole_constants && plan_.whole[static_cast<std::size_t>(id)];
    for (const double x : numbers(graph_.value(id)))
      if (std::abs(x) < kLargestFill) most = std::max(most, std::abs(x));
  }
  if (scale > 0) return scale;
  if (whole_constants) return whole > 0 ? whole : 1;
  const auto it = calibration_.by_name.find(graph_.value(node(i).output).name);
  if (it != calibration_.by_name.end() && whole == 0 && it->second.max_abs() > 0)
    most = std::min(most, it->second.max_abs());
  const double fine = std::ldexp(most > 0 ? most : 1, -kChoiceBits);
  // A whole part of one, so that whole operands stay exact.
  return whole > 0 ? whole / std::exp2(std::ceil(std::log2(std::max(1.0, whole / fine)))) : fine;
}

}  // namespace zkinfer::quant
