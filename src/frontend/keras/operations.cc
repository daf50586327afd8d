// SPDX-License-Identifier: Apache-2.0
// Operations in functional models: those of keras.ops (Keras 3) and of tf (Keras 2: TFOpLambda, SlicingOpLambda). Both are read by
// the name of the function; what the call does not say is in the configuration.
#include <algorithm>
#include <map>

#include "base/text.h"
#include "frontend/keras/layer.h"

namespace zkinfer::frontend_keras {

namespace {

constexpr std::int64_t kLargest = std::int64_t{1} << 31;

// Nested lists of numbers and their shape; false unless they are even.
bool flatten(const Json& json, std::size_t depth, Dims& dims, std::vector<float>& out) {
  if (!json.is_list()) {
    if (!json.is_number() || dims.size() != depth) return false;
    out.push_back(static_cast<float>(json.number()));
    return true;
  }
  const auto size = static_cast<std::int64_t>(json.size());
  if (dims.size() == depth) {
    if (!out.empty() || depth == kMaxRank) return false;
    dims.push_back(size);
  }
  if (dims[depth] != size || size == 0) return false;
  return std::all_of(json.items().begin(), json.items().end(),
                     [&](const Json& item) { return flatten(item, depth + 1, dims, out); });
}

class Operation {
 public:
  explicit Operation(LayerCall& call) : call_(call), net_(call.net) {
    std::vector<std::pair<std::string, Json>> members;
    for (const auto& [name, operand] : call.named)
      if (operand.kind == Argument::Kind::kConstant) members.emplace_back(name, *operand.constant);
    for (const auto& [name, json] : call.config.json().members()) members.emplace_back(name, json);
    all_ = Json::object(std::move(members));
  }

  Result<Outputs> run(const std::string& name);

 private:
  // A constant by one of these names, or at a position of the call.
  const Json& constant(std::initializer_list<std::string_view> names, std::size_t position) const {
    static const Json none;
    for (const std::string_view name : names)
      if (all_.has(name)) return all_[name];
    const Operand* operand = position < call_.operands.size() ? &call_.operands[position] : nullptr;
    return operand != nullptr && operand->kind == Argument::Kind::kConstant ? *operand->constant : none;
  }

  // A tensor or numbers.
  Result<Value> value(std::initializer_list<std::string_view> names, std::size_t position) {
    const Operand* operand = position < call_.operands.size() ? &call_.operands[position] : nullptr;
    for (const std::string_view name : names)
      for (const auto& [key, given] : call_.named)
        if (key == name) operand = &given;
    if (operand == nullptr) return corrupt("it is called with too few arguments");
    if (operand->kind == Argument::Kind::kTensor) return operand->value;
    if (operand->kind == Argument::Kind::kList)
      return refusal("a list where a tensor is expected", "stack the tensors first");
    const Json* json = operand->constant;
    if (json->is_object()) json = &(*json)["config"]["value"];
    Value out;
    std::vector<float> numbers;
    if (json->is_number()) {
      out.name = net_.number(json->number());
    } else if (flatten(*json, 0, out.dims, numbers)) {
      out.name = net_.builder().floats("", out.dims, numbers);
    } else {
      return refusal("the constant " + printable(json->shown()), "use a number or a list of numbers");
    }
    return out;
  }

  Result<Value> tensor() {
    for (const Operand& operand : call_.operands)
      if (operand.kind == Argument::Kind::kTensor) return operand.value;
    for (const auto& [name, operand] : call_.named)
      if (operand.kind == Argument::Kind::kTensor) return operand.value;
    return corrupt("it is called without a tensor");
  }

  Result<std::optional<Dims>> axes(std::initializer_list<std::string_view> names, std::size_t position,
                                   std::size_t rank) {
    const Json& json = constant(names, position);
    if (json.is_null()) return std::optional<Dims>();
    const std::optional<std::int64_t> one = json.integer();
    const std::optional<Dims> list = one ? Dims{*one} : json.integers();
    if (!list) return corrupt("its axes are " + printable(json.shown()));
    Dims out;
    for (const std::int64_t axis : *list) {
      ZKI_ASSIGN_OR_RETURN(const std::size_t at, checked_axis(axis, rank));
      if (std::find(out.begin(), out.end(), static_cast<std::int64_t>(at)) != out.end())
        return corrupt("its axes repeat");
      out.push_back(static_cast<std::int64_t>(at));
    }
    return std::optional<Dims>(std::move(out));
  }

  Result<Value> binary(const std::string& op) {
    ZKI_ASSIGN_OR_RETURN(const Value a, value({"x", "x1"}, 0));
    ZKI_ASSIGN_OR_RETURN(const Value b, value({"y", "x2"}, 1));
    return net_.binary(op, a, b);
  }
  Result<Value> power();
  Result<Value> reduce(const std::string& op);
  Result<Value> reshape();
  Result<Value> transpose();
  Result<Value> expand();
  Result<Value> squeeze();
  Result<Value> clip();
  Result<Value> cast();
  Result<Value> item();
  Result<Value> pad();
  Result<Value> matmul();
  Result<Value> flip();
  Result<Value> joined(bool stack);
  Result<Outputs> split();

  LayerCall& call_;
  Net& net_;
  Json all_;
};

Result<Value> Operation::power() {
  ZKI_ASSIGN_OR_RETURN(const Value a, value({"x", "x1"}, 0));
  const Json& exponent = constant({"y", "x2"}, 1);
  if (exponent.is_number() && exponent.number() == 2) return net_.binary("Mul", a, a);
  return binary("Pow");
}

Result<Value> Operation::reduce(const std::string& op) {
  ZKI_ASSIGN_OR_RETURN(const Value x, tensor());
  ZKI_ASSIGN_OR_RETURN(const std::optional<Dims> given, axes({"axis"}, 1, x.rank()));
  Dims all;
  for (std::size_t i = 0; i < x.rank(); ++i) all.push_back(static_cast<std::int64_t>(i));
  return net_.reduce(op, x, given.value_or(all), constant({"keepdims"}, 2).boolean());
}

Result<Value> Operation::reshape() {
  ZKI_ASSIGN_OR_RETURN(const Value x, tensor());
  std::optional<Dims> target = constant({"newshape", "shape"}, 1).integers();
  if (!target || target->size() > kMaxRank)
    return refusal("a shape that is computed", "use numbers for all axes but one");
  std::int64_t known = 1;
  for (const std::int64_t dim : *target) {
    if (dim < -1 || dim == 0 || known > kLargest || dim > kLargest)
      return corrupt("its shape is " + dims_to_string(*target));
    if (dim > 0) known *= dim;
  }
  if (std::count(target->begin(), target->end(), -1) > 1) return corrupt("its shape has two open lengths");
  for (std::int64_t& dim : *target)
    if (dim == -1) dim = product(x.dims, 0, x.rank()) / known;
  return net_.reshape(x, *target);
}

Result<Value> Operation::transpose() {
  ZKI_ASSIGN_OR_RETURN(const Value x, tensor());
  ZKI_ASSIGN_OR_RETURN(std::optional<Dims> perm, axes({"axes", "perm"}, 1, x.rank()));
  if (!perm) {
    perm.emplace();
    for (std::size_t i = x.rank(); i-- > 0;) perm->push_back(static_cast<std::int64_t>(i));
  }
  if (perm->size() != x.rank()) return corrupt("its axes are " + dims_to_string(*perm));
  return net_.transpose(x, *perm);
}

Result<Value> Operation::expand() {
  ZKI_ASSIGN_OR_RETURN(const Value x, tensor());
  const Json& json = constant({"axis"}, 1);
  const std::optional<Dims> list = json.integer() ? Dims{*json.integer()} : json.integers();
  if (!list || list->size() != 1) return refusal("expand_dims by several axes", "add one axis at a time");
  ZKI_ASSIGN_OR_RETURN(const std::size_t at, checked_axis((*list)[0], x.rank() + 1));
  Dims dims = x.dims;
  dims.insert(dims.begin() + static_cast<std::ptrdiff_t>(at), 1);
  return net_.reshape(x, dims);
}

Result<Value> Operation::squeeze() {
  ZKI_ASSIGN_OR_RETURN(const Value x, tensor());
  ZKI_ASSIGN_OR_RETURN(const std::optional<Dims> given, axes({"axis"}, 1, x.rank()));
  Dims dims;
  for (std::size_t i = 0; i < x.rank(); ++i) {
    const bool named = given && std::find(given->begin(), given->end(), static_cast<std::int64_t>(i)) != given->end();
    if (named && x.dims[i] != 1)
      return invalid_argument("axis " + std::to_string(i) + " of " + dims_to_string(x.dims) + " has not one element");
    // The batch is open for Keras, and stays.
    if (!(named || (!given && i > 0 && x.dims[i] == 1))) dims.push_back(x.dims[i]);
  }
  return net_.reshape(x, dims);
}

Result<Value> Operation::clip() {
  ZKI_ASSIGN_OR_RETURN(const Value x, tensor());
  const Json& lo = constant({"x_min", "clip_value_min"}, 1);
  const Json& hi = constant({"x_max", "clip_value_max"}, 2);
  if (!lo.is_number() || !hi.is_number()) return refusal("bounds that are computed", "use numbers");
  return net_.unary("Clip", x, {}, {net_.number(lo.number()), net_.number(hi.number())});
}

Result<Value> Operation::cast() {
  ZKI_ASSIGN_OR_RETURN(const Value x, tensor());
  const Json& json = constant({"dtype"}, 1);
  const std::string& dtype = json.is_object() ? json["config"].text() : json.text();
  if (dtype.starts_with("float") || dtype == "bfloat16") return net_.cast(x, onnx::TensorProto::FLOAT);
  if (dtype == "int32" || dtype == "int64")
    return net_.cast(x, dtype == "int32" ? onnx::TensorProto::INT32 : onnx::TensorProto::INT64);
  return refusal("a cast to " + printable(json.shown()), "cast to float32 or int32");
}

// x[..]: numbers, slices, an ellipsis, new axes.
Result<Value> Operation::item() {
  ZKI_ASSIGN_OR_RETURN(const Value x, tensor());
  const Json& spec = constant({"slice_spec", "key"}, 1);
  std::vector<const Json*> parts;
  if (spec.is_list())
    for (const Json& part : spec.items()) parts.push_back(&part);
  else
    parts.push_back(&spec);
  const auto is_ellipsis = [](const Json& json) {
    return json["class_name"].text() == "__ellipsis__" || json.text() == "..." || json.text() == "Ellipsis" ||
           json.text() == "__ellipsis__";
  };
  const auto is_slice = [](const Json& json) { return json["class_name"].text() == "__slice__" || json.has("start"); };
  const auto num_axes = static_cast<std::size_t>(
      std::count_if(parts.begin(), parts.end(), [&](const Json* p) { return p->integer() || is_slice(*p); }));
  Value y = net_.plain(x);
  if (num_axes > x.rank()) return corrupt("it has more indices than " + dims_to_string(x.dims) + " axes");
  Dims dims;
  std::size_t axis = 0;
  bool had_ellipsis = false;
  for (const Json* part : parts) {
    if (part->is_null()) {
      dims.push_back(1);
    } else if (is_ellipsis(*part)) {
      if (had_ellipsis) return corrupt("it has two ellipses");
      had_ellipsis = true;
      for (std::size_t i = 0; i < x.rank() - num_axes; ++i) dims.push_back(x.dims[axis++]);
    } else if (const std::optional<std::int64_t> index = part->integer()) {
      ZKI_ASSIGN_OR_RETURN(const std::size_t at, checked_axis(*index, static_cast<std::size_t>(x.dims[axis])));
      y = net_.slice(y, axis++, static_cast<std::int64_t>(at), 1);
    } else if (is_slice(*part)) {
      const Json& slice = part->has("start") ? *part : (*part)["config"];
      const std::int64_t length = x.dims[axis], step = slice["step"].integer().value_or(1);
      const bool whole = slice["start"].is_null() && slice["stop"].is_null();
      if (step == -1 && whole) {
        y = net_.slice(y, axis, 0, length, -1);
        dims.push_back(length);
        ++axis;
        continue;
      }
      if (step < 1 || (!slice["start"].is_null() && !slice["start"].integer()) ||
          (!slice["stop"].is_null() && !slice["stop"].integer()))
        return refusal("a slice that is computed or runs backwards", "slice with numbers and a positive step");
      const auto bound = [&](const Json& json, std::int64_t fallback) {
        const std::int64_t i = json.integer().value_or(fallback);
        return std::clamp<std::int64_t>(i < 0 ? std::max<std::int64_t>(i, -length) + length : i, 0, length);
      };
      const std::int64_t begin = bound(slice["start"], 0), end = bound(slice["stop"], length);
      if (end <= begin) return invalid_argument("a slice without elements");
      const std::int64_t count = (end - begin - 1) / std::min(step, length) + 1;
      if (count != length || step != 1) y = net_.slice(y, axis, begin, count, std::min(step, length));
      dims.push_back(count);
      ++axis;
    } else {
      return refusal("the index " + printable(part->shown()), "index with numbers and slices");
    }
    if (dims.size() > kMaxRank) return corrupt("it makes too many axes");
  }
  while (axis < x.rank()) dims.push_back(x.dims[axis++]);
  return net_.reshape(y, dims);
}

Result<Value> Operation::pad() {
  ZKI_ASSIGN_OR_RETURN(const Value x, tensor());
  const Json& json = constant({"pad_width", "paddings"}, 1);
  const std::string mode = constant({"mode"}, 2).text();
  const Json& number = constant({"constant_values"}, 3);
  if ((!mode.empty() && mode != "constant" && mode != "CONSTANT") || (!number.is_null() && number.number(1) != 0))
    return refusal("padding with something else than zeros", "pad with zeros");
  std::vector<std::pair<std::int64_t, std::int64_t>> amounts;
  for (const Json& item : json.items()) {
    const std::optional<Dims> pair = item.integers();
    if (!pair || pair->size() != 2 || (*pair)[0] < 0 || (*pair)[1] < 0 || (*pair)[0] > kLargest ||
        (*pair)[1] > kLargest)
      break;
    amounts.emplace_back((*pair)[0], (*pair)[1]);
  }
  if (amounts.size() != x.rank()) return corrupt("its amounts are " + printable(json.shown()));
  return net_.pad(net_.plain(x), amounts);
}

Result<Value> Operation::matmul() {
  ZKI_ASSIGN_OR_RETURN(Value a, value({"a", "x1"}, 0));
  ZKI_ASSIGN_OR_RETURN(Value b, value({"b", "x2"}, 1));
  for (auto [x, name] : {std::pair(&a, "transpose_a"), std::pair(&b, "transpose_b")}) {
    if (!all_[name].boolean() || x->rank() < 2) continue;
    Dims perm;
    for (std::size_t i = 0; i < x->rank(); ++i) perm.push_back(static_cast<std::int64_t>(i));
    std::swap(perm[x->rank() - 1], perm[x->rank() - 2]);
    *x = net_.transpose(*x, perm);
  }
  return net_.matmul(a, b);
}

Result<Value> Operation::flip() {
  ZKI_ASSIGN_OR_RETURN(const Value x, tensor());
  ZKI_ASSIGN_OR_RETURN(const std::optional<Dims> given, axes({"axis"}, 1, x.rank()));
  if (!given) return refusal("a flip along all axes", "name the axes");
  Value y = x;
  for (const std::int64_t axis : *given)
    y = net_.slice(y, static_cast<std::size_t>(axis), 0, x.dims[static_cast<std::size_t>(axis)], -1);
  return y;
}

Result<Value> Operation::joined(bool stack) {
  std::vector<Value> all = call_.tensors();
  if (all.empty()) return corrupt("it joins no tensors");
  const std::int64_t given = constant({"axis"}, 1).integer().value_or(0);
  ZKI_ASSIGN_OR_RETURN(const std::size_t axis, checked_axis(given, all[0].rank() + (stack ? 1 : 0)));
  for (Value& x : all) {
    x = net_.plain(x);
    if (stack) {
      if (x.dims != all[0].dims && &x != &all[0]) return invalid_argument("it stacks tensors of different shapes");
      continue;
    }
    bool fits = x.rank() == all[0].rank();
    for (std::size_t i = 0; fits && i < x.rank(); ++i) fits = i == axis || x.dims[i] == all[0].dims[i];
    if (!fits) return invalid_argument("cannot join " + dims_to_string(all[0].dims) + " and " + dims_to_string(x.dims));
  }
  if (stack)
    for (Value& x : all) {
      Dims dims = x.dims;
      dims.insert(dims.begin() + static_cast<std::ptrdiff_t>(axis), 1);
      ZKI_ASSIGN_OR_RETURN(x, net_.reshape(x, dims));
    }
  return net_.concat(all, axis);
}

Result<Outputs> Operation::split() {
  ZKI_ASSIGN_OR_RETURN(const Value x, tensor());
  ZKI_ASSIGN_OR_RETURN(const std::size_t axis, checked_axis(constant({"axis"}, 2).integer().value_or(0), x.rank()));
  const std::int64_t length = x.dims[axis];
  Dims ends;
  if (const Json& parts = constant({"num_or_size_splits", "indices_or_sections"}, 1); parts.integer()) {
    const std::int64_t count = *parts.integer();
    if (count < 1 || count > 4096 || length % count != 0)
      return invalid_argument(std::to_string(length) + " elements do not split into " + std::to_string(count) +
                              " equal parts");
    for (std::int64_t i = 1; i <= count; ++i) ends.push_back(i * (length / count));
  } else if (const std::optional<Dims> list = parts.integers(); list && list->size() <= 4096) {
    const bool are_sizes = all_.has("num_or_size_splits");
    std::int64_t end = 0;
    for (const std::int64_t x_i : *list)
      ends.push_back(end = are_sizes ? end + std::clamp<std::int64_t>(x_i, 0, kLargest) : x_i);
    if (!are_sizes) ends.push_back(length);
  }
  Outputs out;
  std::int64_t begin = 0;
  for (const std::int64_t end : ends) {
    if (end <= begin || end > length)
      return invalid_argument("it splits " + std::to_string(length) + " elements into empty parts");
    out.push_back(net_.slice(x, axis, begin, end - begin));
    begin = end;
  }
  if (begin != length) return corrupt("its parts are damaged");
  return out;
}

Result<Outputs> Operation::run(const std::string& name) {
  static const std::map<std::string, const char*> kBinary{
      {"add", "Add"},    {"subtract", "Sub"},    {"sub", "Sub"},     {"multiply", "Mul"}, {"mul", "Mul"},
      {"divide", "Div"}, {"true_divide", "Div"}, {"truediv", "Div"}, {"maximum", "Max"},  {"minimum", "Min"}};
  static const std::map<std::string, const char*> kUnary{{"abs", "Abs"},
                                                         {"absolute", "Abs"},
                                                         {"exp", "Exp"},
                                                         {"log", "Log"},
                                                         {"sqrt", "Sqrt"},
                                                         {"negative", "Neg"},
                                                         {"neg", "Neg"},
                                                         {"sin", "Sin"},
                                                         {"cos", "Cos"},
                                                         {"sign", "Sign"},
                                                         {"floor", "Floor"},
                                                         {"ceil", "Ceil"},
                                                         {"reciprocal", "Reciprocal"},
                                                         {"erf", "Erf"},
                                                         {"sigmoid", "Sigmoid"},
                                                         {"identity", "Identity"},
                                                         {"stop_gradient", "Identity"},
                                                         {"sinh", "Sinh"},
                                                         {"cosh", "Cosh"},
                                                         {"atan", "Atan"},
                                                         {"arctan", "Atan"}};
  static const std::map<std::string, const char*> kReduce{
      {"mean", "ReduceMean"},      {"reduce_mean", "ReduceMean"}, {"sum", "ReduceSum"},  {"reduce_sum", "ReduceSum"},
      {"max", "ReduceMax"},        {"reduce_max", "ReduceMax"},   {"amax", "ReduceMax"}, {"min", "ReduceMin"},
      {"reduce_min", "ReduceMin"}, {"amin", "ReduceMin"}};
  static constexpr std::string_view kActivations[] = {
      "relu",        "relu6",       "leaky_relu",  "elu",          "selu",        "celu",
      "softplus",    "softsign",    "tanh",        "hard_sigmoid", "hard_silu",   "hard_swish",
      "hard_tanh",   "silu",        "swish",       "gelu",         "log_sigmoid", "softmax",
      "log_softmax", "hard_shrink", "soft_shrink", "tanh_shrink",  "squareplus"};
  const auto one = [](Result<Value> y) -> Result<Outputs> {
    if (!y.ok()) return y.status();
    return Outputs{std::move(*y)};
  };
  const auto unary = [&](auto make) -> Result<Outputs> {
    ZKI_ASSIGN_OR_RETURN(const Value x, tensor());
    return one(make(x));
  };
  if (const auto found = kBinary.find(name); found != kBinary.end()) return one(binary(found->second));
  if (const auto found = kUnary.find(name); found != kUnary.end())
    return unary([&](const Value& x) { return Result<Value>(net_.unary(found->second, x)); });
  if (const auto found = kReduce.find(name); found != kReduce.end()) return one(reduce(found->second));
  if (std::find(std::begin(kActivations), std::end(kActivations), name) != std::end(kActivations))
    return unary([&](const Value& x) { return activate_named(net_, name, x, all_); });
  if (name == "square") return unary([&](const Value& x) { return net_.binary("Mul", x, x); });
  if (name == "rsqrt")
    return unary([&](const Value& x) { return Result<Value>(net_.unary("Reciprocal", net_.unary("Sqrt", x))); });
  if (name == "pow" || name == "power") return one(power());
  if (name == "reshape") return one(reshape());
  if (name == "transpose") return one(transpose());
  if (name == "expand_dims") return one(expand());
  if (name == "squeeze") return one(squeeze());
  if (name == "clip" || name == "clip_by_value") return one(clip());
  if (name == "cast") return one(cast());
  if (name == "getitem" || name == "get_item") return one(item());
  if (name == "pad") return one(pad());
  if (name == "matmul") return one(matmul());
  if (name == "flip" || name == "reverse") return one(flip());
  if (name == "concat" || name == "concatenate") return one(joined(false));
  if (name == "stack") return one(joined(true));
  if (name == "split") return split();
  return refusal("the operation " + in_quotes(name) + " is not known here",
                 "use a layer of Keras, or convert the model to ONNX with tf2onnx");
}

}  // namespace

bool is_operation(const Layer& layer) {
  return layer.class_name == "TFOpLambda" || layer.class_name == "SlicingOpLambda" ||
         layer.module.find(".ops.") != std::string::npos;
}

Result<Outputs> run_operation(LayerCall& call) {
  // "math.multiply" of tf, "TrueDivide" of keras.ops.
  const std::string function = call.config.text("function", "");
  const std::string name =
      function.empty() ? snake_case(call.layer.class_name) : function.substr(function.rfind('.') + 1);
  return Operation(call).run(name);
}

}  // namespace zkinfer::frontend_keras
