// SPDX-License-Identifier: Apache-2.0
#include "frontend/onnx/sampling.h"

namespace zkinfer::frontend_onnx {

using ir::DataType;
using ir::OpKind;
using ir::ValueId;
using std::int64_t;
using std::size_t;

namespace {

// What one axis contributes: places (whole floats inside the axis) and the weight of each.
struct Taps {
  std::vector<ValueId> places, weights;
};

class Axis {
 public:
  Axis(Build& b, int64_t length, const Sampling& sampling)
      : b_(b),
        sampling_(sampling),
        last_(static_cast<double>(length - 1)),
        low_(sampling.align_corners ? 0 : -0.5),
        high_(sampling.align_corners ? last_ : last_ + 0.5) {}

  Taps taps(const Coordinate& coordinate) {
    const bool nearest = sampling_.interpolation == Interpolation::kNearest;
    Taps taps;
    if (nearest) {
      ValueId at = half_to_even(coordinate);
      if (sampling_.outside == Outside::kReflection) at = whole(reflected(at));
      if (sampling_.outside == Outside::kBorder) at = at_border(at);
      add(taps, at, ValueId{ir::kNoValue});
      return taps;
    }
    // A cubic curve goes on beyond the border, through points that are the border's: coordinates stay where they are.
    const bool moves = sampling_.outside == Outside::kBorder && sampling_.interpolation == Interpolation::kLinear;
    const auto at = [&] {
      const ValueId given = coordinate();
      return sampling_.outside == Outside::kReflection ? reflected(given) : moves ? at_border(given) : given;
    };
    const ValueId first = b_.function(ir::function("Floor"), at());
    const ValueId part = b_.sub(at(), first);
    if (sampling_.interpolation == Interpolation::kLinear) {
      add(taps, first, b_.sub(b_.number(1), part));
      add(taps, b_.add(first, b_.number(1)), part);
      return taps;
    }
    for (int i = -1; i <= 2; ++i) add(taps, i == 0 ? first : b_.add(first, b_.number(i)), cubic_weight(part, i));
    return taps;
  }

 private:
  ValueId whole(ValueId x) { return b_.function(ir::function("Round"), x); }

  // Grids of round numbers meet halves exactly; what is that near to one counts as one. Integers know a sum's halves only nearly.
  ValueId half_to_even(const Coordinate& coordinate) {
    constexpr double kTie = 1e-5;
    const ValueId first = b_.function(ir::function("Floor"), coordinate());
    const ValueId part = b_.sub(coordinate(), first);
    const ValueId odd = b_.function(ir::function("Bit"), first);
    const ValueId moved = b_.add(part, b_.mul(odd, b_.number(2 * kTie)));
    return b_.add(first, b_.cast(b_.less(b_.number(0.5 + kTie), moved), DataType::kFloat));
  }

  // Beyond the ends there is the mirror image, again and again: a distance from the low end, counted to and fro.
  ValueId reflected(ValueId at) {
    const double span = high_ - low_;
    if (span <= 0) return b_.clip(at, 0, 0);
    const ValueId there = b_.op(OpKind::kMod, {b_.sub(at, b_.number(low_)), b_.number(2 * span)}, ir::ModAttributes{});
    const ValueId back = b_.sub(b_.number(2 * span), there);
    return b_.add(b_.min(there, back), b_.number(low_));
  }

  ValueId at_border(ValueId at) { return b_.clip(at, 0, static_cast<float>(last_)); }

  // Keys' cubic with a = -3/4, at distance |part - i|.
  ValueId cubic_weight(ValueId part, int i) {
    constexpr double a = -0.75;
    // A polynomial in t = |part - i| of these coefficients, from t^3 down.
    const bool near = i == 0 || i == 1;
    const double c3 = near ? a + 2 : a;
    const double c2 = near ? -(a + 3) : -5 * a;
    const double c1 = near ? 0 : 8 * a;
    const double c0 = near ? 1 : -4 * a;
    const ValueId t = i <= 0 ? b_.add(part, b_.number(-i)) : b_.sub(b_.number(i), part);
    ValueId y = b_.add(b_.mul(t, b_.number(c3)), b_.number(c2));
    y = b_.add(b_.mul(y, t), b_.number(c1));
    return b_.add(b_.mul(y, t), b_.number(c0));
  }

  // A place outside counts as none, or as one inside.
  void add(Taps& taps, ValueId place, ValueId weight) {
    if (sampling_.outside == Outside::kZeros) {
      const ValueId not_below = b_.less(b_.number(-0.5), place);
      const ValueId not_above = b_.less(place, b_.number(last_ + 0.5));
      const ValueId inside = b_.cast(b_.op(OpKind::kAnd, {not_below, not_above}), DataType::kFloat);
      weight = weight == ir::kNoValue ? inside : b_.mul(weight, inside);
    } else if (sampling_.outside == Outside::kReflection && sampling_.interpolation == Interpolation::kCubic) {
      // Two steps outside at most, mirrored at both ends as often as an axis of two points needs it.
      const ValueId from_low = b_.abs(b_.sub(place, b_.number(low_)));
      const double span = high_ - low_;
      place = b_.sub(b_.number(span), b_.abs(b_.sub(b_.number(span), from_low)));
      place = whole(b_.add(b_.abs(place), b_.number(low_)));
    }
    taps.places.push_back(b_.clip(place, 0, static_cast<float>(last_)));
    taps.weights.push_back(weight);
  }

  Build& b_;
  const Sampling& sampling_;
  double last_, low_, high_;
};

// x [N, C, L] at places [N, P].
ValueId picked(Build& b, ValueId x, ValueId places) {
  if (!b.ok()) return x;
  const Shape in = b.shape(x);
  const Shape at = b.shape(places);
  const ValueId indices = b.cast(places, DataType::kInt64);
  if (in[0] == 1) return b.gather(x, b.reshape(indices, {at[1]}), 2);
  if (in[1] == 1) return b.pick(x, b.reshape(indices, {at[0], 1, at[1]}), 2);
  return b.pick(x, b.expand(b.reshape(indices, {at[0], 1, at[1]}), Shape{at[0], in[1], at[1]}), 2);
}

}  // namespace

ValueId sample(Build& b, ValueId x, const Dims& lengths, const std::vector<Coordinate>& coordinates,
               const Sampling& sampling) {
  if (!b.ok()) return x;
  std::vector<Taps> axes;
  for (size_t i = 0; i < lengths.size(); ++i) axes.push_back(Axis(b, lengths[i], sampling).taps(coordinates[i]));
  if (!b.ok()) return x;
  size_t count = 1;
  for (const Taps& axis : axes) count *= axis.places.size();
  ValueId y = ir::kNoValue;
  for (size_t combination = 0; combination < count; ++combination) {
    ValueId place = ir::kNoValue;
    ValueId weight = ir::kNoValue;
    size_t rest = combination;
    double stride = 1;
    for (size_t i = axes.size(); i-- > 0; stride *= static_cast<double>(lengths[i])) {
      const size_t tap = rest % axes[i].places.size();
      rest /= axes[i].places.size();
      const ValueId offset = stride == 1 ? axes[i].places[tap] : b.mul(axes[i].places[tap], b.number(stride));
      place = place == ir::kNoValue ? offset : b.add(place, offset);
      const ValueId own = axes[i].weights[tap];
      if (own != ir::kNoValue) weight = weight == ir::kNoValue ? own : b.mul(weight, own);
    }
    ValueId term = picked(b, x, place);
    if (weight != ir::kNoValue && b.ok()) {
      const Shape at = b.shape(weight);
      term = b.mul(term, b.reshape(weight, {at[0], 1, at[1]}));
    }
    y = y == ir::kNoValue ? term : b.add(y, term);
  }
  return y;
}

}  // namespace zkinfer::frontend_onnx
