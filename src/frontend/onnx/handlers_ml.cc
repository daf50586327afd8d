// SPDX-License-Identifier: Apache-2.0
// The small operators of ai.onnx.ml: preprocessing, linear models, and what stands around them.
#include <algorithm>
#include <array>
#include <cmath>

#include "frontend/onnx/emit.h"
#include "frontend/onnx/ml_classes.h"
#include "frontend/onnx/proto_text.h"

namespace zkinfer::frontend_onnx {

namespace {

using ir::OpKind;
using ir::ValueId;
using std::int64_t;
using std::size_t;

ValueId float_list(NodeContext& context, std::vector<float> list, std::string_view step) {
  const Shape shape{static_cast<int64_t>(list.size())};
  return context.add_constant(FloatTensor(shape, std::move(list)), ir::DataType::kFloat, step);
}

// One number for all features, or one for each.
Status one_or_each(const std::vector<float>& list, const Shape& x, std::string_view name) {
  const int64_t features = x.rank() == 0 ? 1 : x[x.rank() - 1];
  if (list.size() == 1 || static_cast<int64_t>(list.size()) == features) return ok_status();
  return corrupt("attribute '" + std::string(name) + "' has " + std::to_string(list.size()) + " entries for " +
                 std::to_string(features) + " features");
}

// (x - offset) * scale.
Result<Outputs> import_scaler(NodeContext& context) {
  ZKI_ASSIGN_OR_RETURN(ValueId x, rows_of_input(context));
  ZKI_ASSIGN_OR_RETURN(std::vector<float> offset, context.floats_attribute("offset"));
  ZKI_ASSIGN_OR_RETURN(std::vector<float> scale, context.floats_attribute("scale"));
  if (!offset.empty()) {
    ZKI_RETURN_IF_ERROR(one_or_each(offset, context.shape_of(x), "offset"));
    ZKI_ASSIGN_OR_RETURN(
        x, context.add(OpKind::kSub, {x, float_list(context, std::move(offset), "offset")}, {}, "centred"));
  }
  if (!scale.empty()) {
    ZKI_RETURN_IF_ERROR(one_or_each(scale, context.shape_of(x), "scale"));
    ZKI_ASSIGN_OR_RETURN(x,
                         context.add(OpKind::kMul, {x, float_list(context, std::move(scale), "scale")}, {}, "scaled"));
  }
  return one_output(reshape(context, x, context.shape(0).dims(), ""));
}

Status check_normalizer(const NodeContext& context) {
  ZKI_ASSIGN_OR_RETURN(const std::string norm, context.string_attribute("norm", "MAX"));
  return norm == "MAX" || norm == "L1" || norm == "L2" ? ok_status() : corrupt("norm " + in_quotes(norm));
}

// x over its row's norm; a row of zeros stays (the norm is then 1).
Result<Outputs> import_normalizer(NodeContext& context) {
  ZKI_ASSIGN_OR_RETURN(const ValueId x, rows_of_input(context));
  ZKI_ASSIGN_OR_RETURN(const std::string norm, context.string_attribute("norm", "MAX"));
  const ir::ReduceAttributes along{{1}, true};
  ValueId size = ir::kNoValue;
  if (norm == "L2") {
    ZKI_ASSIGN_OR_RETURN(const ValueId square, context.add(OpKind::kMul, {x, x}, {}, "square"));
    ZKI_ASSIGN_OR_RETURN(const ValueId sum, context.add(OpKind::kReduceSum, {square}, along, "sum"));
    ZKI_ASSIGN_OR_RETURN(size, apply(context, ir::function("Sqrt"), sum, "norm"));
  } else {
    ZKI_ASSIGN_OR_RETURN(const ValueId absolute, context.add(OpKind::kAbs, {x}, {}, "absolute"));
    ZKI_ASSIGN_OR_RETURN(size, context.add(norm == "L1" ? OpKind::kReduceSum : OpKind::kReduceMax,
                                           {norm == "L1" ? absolute : x}, along, "norm"));
  }
  const ValueId zero = literal_number(context, 0, "zero");
  ZKI_ASSIGN_OR_RETURN(const ValueId empty, context.add(OpKind::kEqual, {size, zero}, {}, "empty"));
  const ValueId one = literal_number(context, 1, "one");
  ZKI_ASSIGN_OR_RETURN(const ValueId divisor, context.add(OpKind::kWhere, {empty, one, size}, {}, "divisor"));
  ZKI_ASSIGN_OR_RETURN(const ValueId y, context.add(OpKind::kDiv, {x, divisor}, {}, "normalized"));
  return one_output(reshape(context, y, context.shape(0).dims(), ""));
}

Result<Outputs> import_binarizer(NodeContext& context) {
  ZKI_RETURN_IF_ERROR(context.require_inputs(1));
  ZKI_ASSIGN_OR_RETURN(const float threshold, context.float_attribute("threshold", 0));
  const ValueId limit = literal_number(context, threshold, "threshold");
  ZKI_ASSIGN_OR_RETURN(const ValueId above, context.add(OpKind::kLess, {limit, context.input(0)}, {}, "above"));
  return one_output(context.add(OpKind::kCast, {above}, ir::CastAttributes{ir::DataType::kFloat}));
}

// Replaces one number by another. Inputs of a proof are numbers, so that NaN never occurs.
Result<Outputs> import_imputer(NodeContext& context) {
  ZKI_RETURN_IF_ERROR(context.require_inputs(1));
  if (context.value(0).dtype != ir::DataType::kFloat) {
    ZKI_ASSIGN_OR_RETURN(const std::optional<Dims> values, context.ints_attribute("imputed_value_int64s"));
    ZKI_ASSIGN_OR_RETURN(const int64_t replaced, context.int_attribute("replaced_value_int64", 0));
    if (!values || values->empty()) return corrupt("imputed_value_int64s are missing");
    const ValueId old = context.add_literal(IntTensor(Shape{}, {replaced}), ir::DataType::kInt64, "replaced");
    const ValueId given = literal_indices(context, Shape{static_cast<int64_t>(values->size())}, *values, "imputed");
    ZKI_ASSIGN_OR_RETURN(const ValueId missing, context.add(OpKind::kEqual, {context.input(0), old}, {}, "missing"));
    return one_output(context.add(OpKind::kWhere, {missing, given, context.input(0)}));
  }
  ZKI_ASSIGN_OR_RETURN(std::vector<float> values, context.floats_attribute("imputed_value_floats"));
  ZKI_ASSIGN_OR_RETURN(const float replaced, context.float_attribute("replaced_value_float", 0));
  if (values.empty()) return corrupt("imputed_value_floats are missing");
  ZKI_RETURN_IF_ERROR(one_or_each(values, context.shape(0), "imputed_value_floats"));
  if (std::isnan(replaced)) return one_output(context.add(OpKind::kIdentity, {context.input(0)}));
  const ValueId old = literal_number(context, replaced, "replaced");
  ZKI_ASSIGN_OR_RETURN(const ValueId missing, context.add(OpKind::kEqual, {context.input(0), old}, {}, "missing"));
  return one_output(
      context.add(OpKind::kWhere, {missing, float_list(context, std::move(values), "imputed"), context.input(0)}));
}

// Picks features (the last axis) by indices.
Result<Outputs> import_array_feature_extractor(NodeContext& context) {
  ZKI_RETURN_IF_ERROR(context.require_inputs(2));
  const Shape x = context.shape(0);
  if (x.rank() == 0) return invalid_argument("the input is a scalar");
  const int64_t picks = context.shape(1).num_elements();
  ZKI_ASSIGN_OR_RETURN(const ValueId list, reshape(context, context.input(1), {picks}, "list"));
  const auto last = static_cast<int64_t>(x.rank()) - 1;
  if (x.rank() > 1)
    return one_output(context.add(OpKind::kGather, {context.input(0), list}, ir::GatherAttributes{last}));
  ZKI_ASSIGN_OR_RETURN(const ValueId picked,
                       context.add(OpKind::kGather, {context.input(0), list}, ir::GatherAttributes{0}, "picked"));
  return one_output(reshape(context, picked, {1, picks}, ""));
}

// Its inputs as columns of one table.
Result<Outputs> import_feature_vectorizer(NodeContext& context) {
  ZKI_RETURN_IF_ERROR(context.require_inputs(std::max<size_t>(context.num_inputs(), 1)));
  ZKI_ASSIGN_OR_RETURN(const std::optional<Dims> sizes, context.ints_attribute("inputdimensions"));
  std::vector<ValueId> parts;
  for (size_t i = 0; i < context.num_inputs(); ++i) {
    const Shape x = context.shape(i);
    const std::string step = "part" + std::to_string(i);
    if (x.rank() == 0) return invalid_argument("an input is a scalar");
    ZKI_ASSIGN_OR_RETURN(ValueId part, context.add(OpKind::kCast, {context.input(i)},
                                                   ir::CastAttributes{ir::DataType::kFloat}, step + "_floats"));
    ZKI_ASSIGN_OR_RETURN(
        part,
        reshape(context, part,
                {x.rank() == 1 ? 1 : x[0], x.num_elements() / (x.rank() == 1 ? 1 : std::max<int64_t>(x[0], 1))}, step));
    if (sizes && i < sizes->size()) {
      const int64_t width = context.shape_of(part)[1];
      if ((*sizes)[i] < 1 || (*sizes)[i] > width) return invalid_argument("inputdimensions " + dims_to_string(*sizes));
      ZKI_ASSIGN_OR_RETURN(part, slice(context, part, 1, 0, (*sizes)[i], step + "_used"));
    }
    parts.push_back(part);
  }
  return one_output(concat(context, std::move(parts), 1, ""));
}

// [x = category] along a new last axis. Words are no input of a proof.
Result<Outputs> import_one_hot_encoder(NodeContext& context) {
  ZKI_RETURN_IF_ERROR(context.require_inputs(1));
  ZKI_ASSIGN_OR_RETURN(const std::optional<Dims> categories, context.ints_attribute("cats_int64s"));
  if (!categories || categories->empty()) return unsupported("categories that are words | number them");
  Dims dims = context.shape(0).dims();
  dims.push_back(1);
  ZKI_ASSIGN_OR_RETURN(ValueId x, reshape(context, context.input(0), std::move(dims), "column"));
  ZKI_ASSIGN_OR_RETURN(x, context.add(OpKind::kCast, {x}, ir::CastAttributes{ir::DataType::kInt64}, "ints"));
  const ValueId list =
      literal_indices(context, Shape{static_cast<int64_t>(categories->size())}, *categories, "categories");
  ZKI_ASSIGN_OR_RETURN(const ValueId hit, context.add(OpKind::kEqual, {x, list}, {}, "hit"));
  return one_output(context.add(OpKind::kCast, {hit}, ir::CastAttributes{ir::DataType::kFloat}));
}

// y = default + sum over keys of [x = key] (value - default). Words as values are their positions in the list.
Result<Outputs> import_label_encoder(NodeContext& context) {
  ZKI_RETURN_IF_ERROR(context.require_inputs(1));
  const auto list_of = [&](const std::string& name, bool& is_float) -> Result<std::vector<double>> {
    std::vector<double> out;
    ZKI_ASSIGN_OR_RETURN(const std::optional<Dims> ints, context.ints_attribute(name + "_int64s"));
    if (ints) out.assign(ints->begin(), ints->end());
    ZKI_ASSIGN_OR_RETURN(const std::vector<float> floats, context.floats_attribute(name + "_floats"));
    if (!floats.empty()) out.assign(floats.begin(), floats.end());
    ZKI_ASSIGN_OR_RETURN(const std::optional<ReadTensor> tensor, context.tensor_attribute(name + "_tensor"));
    if (tensor) {
      if (const auto* numbers = std::get_if<FloatTensor>(&tensor->tensor))
        out.assign(numbers->data().begin(), numbers->data().end());
      if (const auto* numbers = std::get_if<IntTensor>(&tensor->tensor))
        out.assign(numbers->data().begin(), numbers->data().end());
    }
    is_float = !floats.empty() || (tensor && tensor->dtype == ir::DataType::kFloat);
    return out;
  };
  bool float_keys = false;
  bool float_values = false;
  ZKI_ASSIGN_OR_RETURN(const std::vector<double> keys, list_of("keys", float_keys));
  ZKI_ASSIGN_OR_RETURN(std::vector<double> values, list_of("values", float_values));
  ZKI_ASSIGN_OR_RETURN(const std::vector<std::string> words, context.strings_attribute("values_strings"));
  double otherwise = -1;
  if (values.empty())
    for (size_t i = 0; i < words.size(); ++i) values.push_back(static_cast<double>(i));
  if (keys.empty()) return unsupported("keys that are words | number them");
  if (values.size() != keys.size()) return corrupt("as many values as keys are needed");
  if (keys.size() > 1024) return unsupported(std::to_string(keys.size()) + " keys | at most 1024 are possible");
  if (float_values) {
    ZKI_ASSIGN_OR_RETURN(const float given, context.float_attribute("default_float", -0.0F));
    otherwise = static_cast<double>(given);
  } else {
    ZKI_ASSIGN_OR_RETURN(const int64_t given, context.int_attribute("default_int64", -1));
    otherwise = static_cast<double>(given);
  }
  Dims dims = context.shape(0).dims();
  dims.push_back(1);
  ZKI_ASSIGN_OR_RETURN(const ValueId x, reshape(context, context.input(0), std::move(dims), "column"));
  const Shape count{static_cast<int64_t>(keys.size())};
  std::vector<float> weights;
  for (const double value : values) weights.push_back(static_cast<float>(value - otherwise));
  AnyTensor list = FloatTensor(count, std::vector<float>(keys.begin(), keys.end()));
  if (context.value(0).dtype != ir::DataType::kFloat) {
    IntTensor ints(count);
    for (size_t i = 0; i < keys.size(); ++i) ints[i] = static_cast<int64_t>(keys[i]);
    list = std::move(ints);
  }
  const ValueId table = context.add_literal(std::move(list), context.value(0).dtype, "keys");
  ZKI_ASSIGN_OR_RETURN(const ValueId hit, context.add(OpKind::kEqual, {x, table}, {}, "hit"));
  ZKI_ASSIGN_OR_RETURN(const ValueId bits,
                       context.add(OpKind::kCast, {hit}, ir::CastAttributes{ir::DataType::kFloat}, "bits"));
  const ValueId worth = context.add_literal(FloatTensor(count, std::move(weights)), ir::DataType::kFloat, "worth");
  ZKI_ASSIGN_OR_RETURN(const ValueId product, context.add(OpKind::kMul, {bits, worth}, {}, "product"));
  ZKI_ASSIGN_OR_RETURN(
      const ValueId sum,
      context.add(OpKind::kReduceSum, {product},
                  ir::ReduceAttributes{{static_cast<int64_t>(context.shape(0).rank())}, false}, "sum"));
  const ValueId base = literal_number(context, static_cast<float>(otherwise), "default");
  if (float_values) return one_output(context.add(OpKind::kAdd, {sum, base}));
  ZKI_ASSIGN_OR_RETURN(const ValueId y, context.add(OpKind::kAdd, {sum, base}, {}, "floats"));
  return one_output(context.add(OpKind::kCast, {y}, ir::CastAttributes{ir::DataType::kInt64}));
}

// The map from labels to scores is dropped: the scores, in the order of the labels, are the output.
Result<Outputs> import_zip_map(NodeContext& context) {
  ZKI_RETURN_IF_ERROR(context.require_inputs(1));
  return one_output(context.add(OpKind::kIdentity, {context.input(0)}));
}

// x * coefficients^T + intercepts, [N, count].
Result<ValueId> linear(NodeContext& context, int64_t count) {
  ZKI_ASSIGN_OR_RETURN(const ValueId x, rows_of_input(context));
  ZKI_ASSIGN_OR_RETURN(const std::vector<float> coefficients, context.floats_attribute("coefficients"));
  ZKI_ASSIGN_OR_RETURN(std::vector<float> intercepts, context.floats_attribute("intercepts"));
  const int64_t features = context.shape_of(x)[1];
  if (count < 1 || static_cast<int64_t>(coefficients.size()) != count * features)
    return corrupt(std::to_string(coefficients.size()) + " coefficients for " + std::to_string(count) + " results of " +
                   std::to_string(features) + " features");
  FloatTensor matrix(Shape{features, count});
  for (int64_t i = 0; i < features; ++i)
    for (int64_t j = 0; j < count; ++j)
      matrix[static_cast<size_t>(i * count + j)] = coefficients[static_cast<size_t>(j * features + i)];
  std::vector<ValueId> inputs{x, context.add_constant(std::move(matrix), ir::DataType::kFloat, "coefficients")};
  if (!intercepts.empty()) {
    if (static_cast<int64_t>(intercepts.size()) != count) return corrupt("as many intercepts as results are needed");
    inputs.push_back(float_list(context, std::move(intercepts), "intercepts"));
  }
  return context.add(OpKind::kMatMul, std::move(inputs), {}, "linear");
}

Result<Outputs> import_linear_regressor(NodeContext& context) {
  ZKI_ASSIGN_OR_RETURN(const int64_t targets, context.int_attribute("targets", 1));
  ZKI_ASSIGN_OR_RETURN(const ValueId y, linear(context, targets));
  return one_output(post_transformed(context, y, 0));
}

Result<Outputs> import_linear_classifier(NodeContext& context) {
  ZKI_ASSIGN_OR_RETURN(const Labels labels, read_labels(context, "classlabels_ints", "classlabels_strings"));
  ZKI_ASSIGN_OR_RETURN(const std::vector<float> intercepts, context.floats_attribute("intercepts"));
  const auto classes = static_cast<int64_t>(labels.count);
  if (labels.count == 2 && intercepts.size() == 1) {
    // One score: positive means the second class.
    ZKI_ASSIGN_OR_RETURN(const ValueId score, linear(context, 1));
    const ValueId minus_one = literal_number(context, -1, "minus_one");
    ZKI_ASSIGN_OR_RETURN(const ValueId other, context.add(OpKind::kMul, {score, minus_one}, {}, "negated"));
    ZKI_ASSIGN_OR_RETURN(const ValueId both, concat(context, {other, score}, 1, "both"));
    ZKI_ASSIGN_OR_RETURN(const ValueId label, label_of_largest(context, both, labels));
    ZKI_ASSIGN_OR_RETURN(const ValueId shown, post_transformed(context, both, 1));
    return Outputs{label, shown};
  }
  ZKI_ASSIGN_OR_RETURN(const ValueId scores, linear(context, classes));
  ZKI_ASSIGN_OR_RETURN(const ValueId label, label_of_largest(context, scores, labels));
  ZKI_ASSIGN_OR_RETURN(const ValueId shown, post_transformed(context, scores, 1));
  return Outputs{label, shown};
}

constexpr auto kHandlers = std::to_array<Handler>({
    {"ArrayFeatureExtractor", "", no_check, import_array_feature_extractor},
    {"Binarizer", "threshold", no_check, import_binarizer},
    {"FeatureVectorizer", "inputdimensions", no_check, import_feature_vectorizer},
    {"Imputer", "imputed_value_floats imputed_value_int64s replaced_value_float replaced_value_int64", no_check,
     import_imputer},
    {"LabelEncoder",
     "default_float default_int64 default_string default_tensor keys_floats keys_int64s keys_strings keys_tensor "
     "values_floats values_int64s values_strings values_tensor",
     no_check, import_label_encoder},
    {"LinearClassifier", "classlabels_ints classlabels_strings coefficients intercepts multi_class post_transform",
     check_post_transform, import_linear_classifier},
    {"LinearRegressor", "coefficients intercepts post_transform targets", check_post_transform,
     import_linear_regressor},
    {"Normalizer", "norm", check_normalizer, import_normalizer},
    {"OneHotEncoder", "cats_int64s cats_strings zeros", no_check, import_one_hot_encoder},
    {"Scaler", "offset scale", no_check, import_scaler},
    {"ZipMap", "classlabels_int64s classlabels_strings", no_check, import_zip_map},
});

}  // namespace

std::span<const Handler> ml_handlers() { return kHandlers; }

}  // namespace zkinfer::frontend_onnx
