// SPDX-License-Identifier: Apache-2.0
// Attention masks. Models add minus infinity, -3.4e38 or -10000 to scores, or select it, before a Softmax or a maximum. As numbers
// such masks would eat the range of the scores; here they become the mask operand of Softmax, and what Softmax sees stays small.
#include <algorithm>
#include <cmath>
#include <limits>

#include "ir/whole.h"
#include "passes/rewriter.h"
#include "passes/rewrites.h"
#include "tensor/odometer.h"

namespace zkinfer::passes {

namespace {

using ir::kNoValue;
using ir::Node;
using ir::OpKind;
using ir::ValueId;
using std::int64_t;
using std::size_t;

// What is so far below the largest of its row has no weight: exp(-80) < 2e-35.
constexpr float kFarBelow = 80;
// Numbers that models use as minus infinity where a mask is computed.
constexpr float kMasked = -1000;
// No number of a model is that low.
constexpr float kLowest = -1e30F;
constexpr int kDeepest = 16;

std::optional<float> uniform(const ir::Value& value) {
  const FloatTensor* floats = value.floats();
  if (floats == nullptr || floats->num_elements() == 0) return std::nullopt;
  for (const float x : floats->data())
    if (x != (*floats)[0]) return std::nullopt;
  return (*floats)[0];
}

bool is_masked(const ir::Value& value) {
  const std::optional<float> number = uniform(value);
  return number && *number <= kMasked;
}

bool is_movement(OpKind op) {
  return op == OpKind::kReshape || op == OpKind::kTranspose || op == OpKind::kSlice || op == OpKind::kExpand;
}

class Masks {
 public:
  Masks(Rewriter& rewriter, const Node& softmax, const std::vector<bool>& whole)
      : rewriter_(rewriter), from_(rewriter.from()), softmax_(softmax), whole_(whole) {}

  Result<ValueId> run() {
    ZKI_RETURN_IF_ERROR(collect(softmax_.inputs[0], 0));
    if (keep_ == kNoValue || terms_.empty()) return kNoValue;
    ValueId x = terms_[0];
    for (size_t i = 1; i < terms_.size(); ++i) {
      ZKI_ASSIGN_OR_RETURN(x, rewriter_.emit(OpKind::kAdd, softmax_, {x, terms_[i]}, {}, step("scores")));
    }
    const Shape& shape = from_.output_of(softmax_).shape;
    if (rewriter_.to().value(x).shape != shape) {
      ZKI_ASSIGN_OR_RETURN(x,
                           rewriter_.emit(OpKind::kExpand, softmax_, {x}, ir::ExpandAttributes{shape}, step("scores")));
    }
    if (softmax_.has_input(1)) ZKI_RETURN_IF_ERROR(add_keep(rewriter_.mapped(softmax_.inputs[1])));
    return rewriter_.emit(OpKind::kSoftmax, softmax_, {x, keep_}, softmax_.attributes);
  }

 private:
  std::string step(std::string_view what) { return std::string(what) + std::to_string(++steps_); }

  Status add_keep(ValueId keep) {
    if (keep_ == kNoValue) {
      keep_ = keep;
      return ok_status();
    }
    ZKI_ASSIGN_OR_RETURN(keep_, rewriter_.emit(OpKind::kAnd, softmax_, {keep_, keep}, {}, step("keep")));
    return ok_status();
  }

  Result<ValueId> opposite(ValueId condition) {
    return rewriter_.emit(OpKind::kNot, softmax_, {condition}, {}, step("keep"));
  }

  // Splits an old value into terms and masks.
  Status collect(ValueId value, int depth) {
    if (from_.value(value).is_constant()) return collect_constant(value);
    const Node* maker = depth < kDeepest ? rewriter_.maker(value) : nullptr;
    if (maker != nullptr && maker->op == OpKind::kAdd) {
      for (const ValueId operand : maker->inputs) ZKI_RETURN_IF_ERROR(collect(operand, depth + 1));
      return ok_status();
    }
    if (const ValueId below = without_bound(maker); below != kNoValue) return collect(below, depth + 1);
    if (maker != nullptr && maker->op == OpKind::kWhere) {
      for (const size_t masked : {size_t{1}, size_t{2}}) {
        if (!is_masked(from_.input_of(*maker, masked))) continue;
        ValueId condition = rewriter_.mapped(maker->inputs[0]);
        if (masked == 1) {
          ZKI_ASSIGN_OR_RETURN(condition, opposite(condition));
        }
        ZKI_RETURN_IF_ERROR(add_keep(condition));
        return collect(maker->inputs[3 - masked], depth + 1);
      }
    }
    ZKI_ASSIGN_OR_RETURN(const ValueId keep, keep_of(value, depth));
    if (keep != kNoValue) return add_keep(keep);
    terms_.push_back(rewriter_.mapped(value));
    return ok_status();
  }

  // max(x, lowest float) and its kind: x.
  ValueId without_bound(const Node* maker) const {
    if (maker == nullptr) return kNoValue;
    if (maker->op == OpKind::kClip) {
      const auto& clip = maker->as<ir::ClipAttributes>();
      return clip.min <= kLowest && clip.max >= 1e30F ? maker->inputs[0] : kNoValue;
    }
    if (maker->op == OpKind::kMax)
      for (const size_t i : {size_t{0}, size_t{1}}) {
        const std::optional<float> bound = uniform(from_.input_of(*maker, i));
        if (bound && *bound <= kLowest && from_.input_of(*maker, 1 - i).shape == from_.output_of(*maker).shape)
          return maker->inputs[1 - i];
      }
    return kNoValue;
  }

  // Of a value that is 0 where something takes part and far below elsewhere: where it is 0.
  Result<ValueId> keep_of(ValueId value, int depth) {
    const Node* maker = depth < kDeepest ? rewriter_.maker(value) : nullptr;
    if (maker == nullptr) return kNoValue;
    if (maker->op == OpKind::kMul)
      for (const size_t i : {size_t{0}, size_t{1}}) {
        const ValueId counted = maker->inputs[1 - i];
        if (!is_masked(from_.input_of(*maker, i)) || !whole_[static_cast<size_t>(counted)]) continue;
        const ValueId half = rewriter_.literal(softmax_, 0.5F, step("half"));
        return rewriter_.emit(OpKind::kLess, softmax_, {rewriter_.mapped(counted), half}, {}, step("keep"));
      }
    if (maker->op == OpKind::kWhere)
      for (const size_t masked : {size_t{1}, size_t{2}})
        if (is_masked(from_.input_of(*maker, masked)) && uniform(from_.input_of(*maker, 3 - masked)) == 0.0F) {
          const ValueId condition = rewriter_.mapped(maker->inputs[0]);
          return masked == 1 ? opposite(condition) : Result<ValueId>(condition);
        }
    if (!is_movement(maker->op)) return kNoValue;
    ZKI_ASSIGN_OR_RETURN(const ValueId keep, keep_of(maker->inputs[0], depth + 1));
    // A condition may have fewer axes than the value that it chose; movement counts axes.
    if (keep == kNoValue || rewriter_.to().value(keep).shape != from_.input_of(*maker, 0).shape) return kNoValue;
    return rewriter_.emit(maker->op, softmax_, {keep}, maker->attributes, step("keep"));
  }

  // Row by row along the Softmax's axis, what is far below the row's largest is masked. A row whose largest is itself far below 0
  // moves up, which Softmax does not see.
  Status collect_constant(ValueId value) {
    const FloatTensor& given = *from_.value(value).floats();
    const Shape& shape = given.shape();
    const size_t rank = from_.output_of(softmax_).shape.rank();
    const int64_t axis = softmax_.as<ir::SoftmaxAttributes>().axis - static_cast<int64_t>(rank - shape.rank());
    if (axis < 0 || shape[static_cast<size_t>(axis)] == 1) {
      terms_.push_back(rewriter_.mapped(value));
      return ok_status();
    }
    const auto length = static_cast<size_t>(shape[static_cast<size_t>(axis)]);
    const auto inner = static_cast<size_t>(shape.num_elements(static_cast<size_t>(axis) + 1, shape.rank()));
    FloatTensor rest = given;
    IntTensor keep(shape, std::vector<int64_t>(given.data().size(), 1));
    bool masked = false;
    bool all_zero = true;
    for (size_t row = 0; row < given.data().size() / length; ++row) {
      const auto at = [&](size_t j) { return (row / inner * length + j) * inner + row % inner; };
      float largest = -std::numeric_limits<float>::infinity();
      for (size_t j = 0; j < length; ++j) largest = std::max(largest, given[at(j)]);
      const float moved = largest < -kFarBelow ? largest : 0;
      for (size_t j = 0; j < length; ++j) {
        const bool kept = !std::isfinite(largest) || given[at(j)] > largest - kFarBelow;
        keep[at(j)] = kept ? 1 : 0;
        rest[at(j)] = kept && std::isfinite(largest) ? given[at(j)] - moved : 0;
        masked |= !kept;
        all_zero &= rest[at(j)] == 0;
      }
    }
    if (!masked) {
      if (!all_zero) terms_.push_back(rewriter_.constant(softmax_, std::move(rest), step("bias")));
      return ok_status();
    }
    const ValueId id =
        rewriter_.to().add_constant(softmax_.name + "#" + step("keep"), std::move(keep), ir::DataType::kBool);
    rewriter_.to().value(id).literal = from_.value(value).literal;
    ZKI_RETURN_IF_ERROR(add_keep(id));
    if (!all_zero) terms_.push_back(rewriter_.constant(softmax_, std::move(rest), step("bias")));
    return ok_status();
  }

  Rewriter& rewriter_;
  const ir::Graph& from_;
  const Node& softmax_;
  const std::vector<bool>& whole_;
  std::vector<ValueId> terms_;  // new values
  ValueId keep_ = kNoValue;
  int steps_ = 0;
};

// Is something of every maximum kept?
bool keeps_something(const IntTensor& condition, bool kept_when, const Shape& x, const ir::ReduceAttributes& reduce) {
  Dims strides(x.rank(), 0);
  int64_t stride = 1;
  for (size_t axis = x.rank(); axis-- > 0;)
    if (!std::binary_search(reduce.axes.begin(), reduce.axes.end(), static_cast<int64_t>(axis))) {
      strides[axis] = stride;
      stride *= x[axis];
    }
  std::vector<bool> any(static_cast<size_t>(stride), false);
  Odometer odometer(x, {broadcast_strides(condition.shape(), x), strides});
  for (int64_t i = 0; i < x.num_elements(); ++i, odometer.next())
    if ((condition[static_cast<size_t>(odometer.offset(0))] != 0) == kept_when)
      any[static_cast<size_t>(odometer.offset(1))] = true;
  return std::all_of(any.begin(), any.end(), [](bool kept) { return kept; });
}

// max over the kept of x = max(kept ? x : min(x)), when something is kept. What is computed may keep nothing of a row, whose maximum is
// then minus infinity, which has no integer form, or the lowest of floats: it becomes the row's least number (docs/limits.md).
Result<ValueId> masked_maximum(Rewriter& rewriter, const Node& node) {
  const Node* where = rewriter.maker(node.inputs[0]);
  if (where == nullptr || where->op != OpKind::kWhere) return kNoValue;
  const ir::Graph& from = rewriter.from();
  const IntTensor* condition = from.input_of(*where, 0).ints();
  const auto& reduce = node.as<ir::ReduceAttributes>();
  for (const size_t masked : {size_t{1}, size_t{2}}) {
    const ir::Value& x = from.input_of(*where, 3 - masked);
    const std::optional<float> fill = uniform(from.input_of(*where, masked));
    if (!fill || *fill > kMasked || x.dtype != ir::DataType::kFloat || x.shape != from.output_of(*where).shape)
      continue;
    if (condition == nullptr ? *fill > kLowest : !keeps_something(*condition, masked == 2, x.shape, reduce)) continue;
    const ValueId mapped = rewriter.mapped(where->inputs[3 - masked]);
    ZKI_ASSIGN_OR_RETURN(const ValueId least, rewriter.emit(OpKind::kReduceMin, node, {mapped},
                                                            ir::ReduceAttributes{reduce.axes, true}, "least"));
    std::vector<ValueId> inputs{rewriter.mapped(where->inputs[0]), mapped, mapped};
    inputs[masked] = least;
    ZKI_ASSIGN_OR_RETURN(const ValueId chosen, rewriter.emit(OpKind::kWhere, node, std::move(inputs), {}, "kept"));
    return rewriter.emit(OpKind::kReduceMax, node, {chosen}, node.attributes);
  }
  return kNoValue;
}

}  // namespace

Result<ir::Graph> mask_softmax(const ir::Graph& graph) {
  return rewrite(graph, [whole = ir::whole_numbers(graph)](Rewriter& rewriter, const Node& node) -> Result<ValueId> {
    if (node.op == OpKind::kReduceMax) return masked_maximum(rewriter, node);
    return node.op == OpKind::kSoftmax ? Masks(rewriter, node, whole).run() : Result<ValueId>(kNoValue);
  });
}

}  // namespace zkinfer::passes
