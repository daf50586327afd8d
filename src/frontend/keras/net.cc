// SPDX-License-Identifier: Apache-2.0
#include "frontend/keras/net.h"

#include <algorithm>

namespace zkinfer::frontend_keras {

namespace {

constexpr int kOpset = 21;

// Keras' axes as they lie in a tensor with the channels first.
Dims to_first(std::size_t rank) {
  Dims perm{0, static_cast<std::int64_t>(rank) - 1};
  for (std::size_t i = 1; i + 1 < rank; ++i) perm.push_back(static_cast<std::int64_t>(i));
  return perm;
}

Dims to_last(std::size_t rank) {
  Dims perm{0};
  for (std::size_t i = 2; i < rank; ++i) perm.push_back(static_cast<std::int64_t>(i));
  perm.push_back(1);
  return perm;
}

}  // namespace

Status refusal(std::string reason, std::string remedy) { return unsupported(std::move(reason) + " | " + remedy); }

Net::Net(int keras) : keras_(keras), builder_(kOpset) {}

Value Net::node(const std::string& op, const std::vector<std::string>& inputs, const Attributes& attributes, Dims dims,
                bool first) {
  Value out;
  out.name = builder_.op(op, inputs, attributes);
  out.dims = std::move(dims);
  out.first = first;
  return out;
}

Value Net::unary(const std::string& op, const Value& x, const Attributes& attributes,
                 const std::vector<std::string>& more) {
  std::vector<std::string> inputs{x.name};
  inputs.insert(inputs.end(), more.begin(), more.end());
  Value out = node(op, inputs, attributes, x.dims, x.first);
  out.masked = x.masked;
  return out;
}

Result<Value> Net::binary(const std::string& op, const Value& left, const Value& right) {
  Value a = left, b = right;
  const auto lies_first = [](const Value& x, const Value& y) {
    return x.first && y.rank() <= 1 && product(y.dims, 0, y.rank()) == 1;
  };
  const bool together = (a.first && b.first && a.rank() == b.rank()) || lies_first(a, b) || lies_first(b, a);
  if (!together) {
    a = plain(a);
    b = plain(b);
  }
  ZKI_ASSIGN_OR_RETURN(const Shape left_shape, Shape::make(a.dims));
  ZKI_ASSIGN_OR_RETURN(const Shape right_shape, Shape::make(b.dims));
  ZKI_ASSIGN_OR_RETURN(const Shape shape, broadcast_shapes(left_shape, right_shape));
  Value out = node(op, {a.name, b.name}, {}, shape.dims(), a.first || b.first);
  out.masked = a.masked || b.masked;
  return out;
}

Value Net::with_number(const std::string& op, const Value& x, double number) {
  return unary(op, x, {}, {builder_.number(static_cast<float>(number))});
}

Value Net::plain(const Value& x) {
  if (!x.first) return x;
  Value out = node("Transpose", {x.name}, {{"perm", to_last(x.rank())}}, x.dims);
  out.masked = x.masked;
  return out;
}

Value Net::channels_first(const Value& x) {
  if (x.first || x.rank() < 3) return x;
  Value out = node("Transpose", {x.name}, {{"perm", to_first(x.rank())}}, x.dims, true);
  out.masked = x.masked;
  return out;
}

Value Net::transpose(const Value& x, const Dims& perm) {
  const Value p = plain(x);
  Dims dims;
  for (const std::int64_t axis : perm) dims.push_back(p.dims[static_cast<std::size_t>(axis)]);
  return node("Transpose", {p.name}, {{"perm", perm}}, std::move(dims));
}

Result<Value> Net::reshape(const Value& x, Dims dims) {
  const Value p = plain(x);
  if (p.dims == dims) return p;
  ZKI_ASSIGN_OR_RETURN(const Shape from, Shape::make(p.dims));
  ZKI_ASSIGN_OR_RETURN(const Shape to, Shape::make(dims));
  if (from.num_elements() != to.num_elements())
    return invalid_argument("cannot be reshaped from " + from.to_string() + " to " + to.to_string());
  Value out = node("Reshape", {p.name, builder_.list(dims)}, {}, dims);
  out.type = p.type;
  return out;
}

Value Net::slice(const Value& x, std::size_t axis, std::int64_t begin, std::int64_t count, std::int64_t step) {
  const Value p = plain(x);
  Dims dims = p.dims;
  dims[axis] = count;
  const Dims at{static_cast<std::int64_t>(axis)};
  const std::int64_t end = step > 0 ? begin + (count - 1) * step + 1 : INT64_MIN;
  return node("Slice",
              {p.name, builder_.list({step > 0 ? begin : -1}), builder_.list({count == 0 ? begin : end}),
               builder_.list(at), builder_.list({step})},
              {}, std::move(dims));
}

Value Net::concat(const std::vector<Value>& parts, std::size_t axis) {
  if (parts.size() == 1) return parts[0];
  std::vector<std::string> names;
  Dims dims = parts[0].dims;
  dims[axis] = 0;
  for (const Value& part : parts) {
    names.push_back(plain(part).name);
    dims[axis] += part.dims[axis];
  }
  return node("Concat", names, {{"axis", axis}}, std::move(dims));
}

Value Net::reduce(const std::string& op, const Value& x, const Dims& axes, bool keepdims) {
  const Value p = plain(x);
  Dims dims;
  for (std::size_t i = 0; i < p.rank(); ++i) {
    const bool reduced = std::find(axes.begin(), axes.end(), static_cast<std::int64_t>(i)) != axes.end();
    if (!reduced)
      dims.push_back(p.dims[i]);
    else if (keepdims)
      dims.push_back(1);
  }
  if (axes.empty()) return p;
  return node(op, {p.name, builder_.list(axes)}, {{"keepdims", keepdims ? 1 : 0}}, std::move(dims));
}

Result<Value> Net::matmul(const Value& left, const Value& right) {
  const Value a = plain(left), b = plain(right);
  if (a.rank() < 2 || b.rank() < 2 || a.dims[a.rank() - 1] != b.dims[b.rank() - 2])
    return invalid_argument("cannot multiply " + dims_to_string(a.dims) + " and " + dims_to_string(b.dims));
  ZKI_ASSIGN_OR_RETURN(const Shape left_shape, Shape::make(Dims(a.dims.begin(), a.dims.end() - 2)));
  ZKI_ASSIGN_OR_RETURN(const Shape right_shape, Shape::make(Dims(b.dims.begin(), b.dims.end() - 2)));
  ZKI_ASSIGN_OR_RETURN(const Shape outer, broadcast_shapes(left_shape, right_shape));
  Dims dims = outer.dims();
  dims.push_back(a.dims[a.rank() - 2]);
  dims.push_back(b.dims[b.rank() - 1]);
  Value out = node("MatMul", {a.name, b.name}, {}, std::move(dims));
  out.masked = a.masked;
  return out;
}

Value Net::cast(const Value& x, int type) {
  if (x.type == type) return x;
  Value out = unary("Cast", x, {{"to", type}});
  out.type = type;
  return out;
}

Value Net::pad(const Value& x, const std::vector<std::pair<std::int64_t, std::int64_t>>& amounts) {
  Dims begin, end, dims = x.dims;
  for (std::size_t i = 0; i < amounts.size(); ++i) {
    const std::size_t axis = !x.first || i == 0 ? i : i == 1 ? amounts.size() - 1 : i - 1;
    begin.push_back(amounts[axis].first);
    end.push_back(amounts[axis].second);
    dims[i] += amounts[i].first + amounts[i].second;
  }
  begin.insert(begin.end(), end.begin(), end.end());
  return node("Pad", {x.name, builder_.list(begin)}, {}, std::move(dims), x.first);
}

std::string Net::parameter(const std::string& key, const Dims& dims, std::span<const float> data) {
  std::string& name = parameters_[key + dims_to_string(dims)];
  if (name.empty()) name = builder_.floats(builder_.fresh(key), dims, data);
  return name;
}

Value Net::parameter_value(const std::string& key, Dims dims, std::span<const float> data) {
  Value out;
  out.name = parameter(key, dims, data);
  out.dims = std::move(dims);
  return out;
}

std::string Net::along_last(const std::string& key, const Value& x, std::span<const float> data) {
  Dims dims{static_cast<std::int64_t>(data.size())};
  if (x.first) dims.resize(x.rank() - 1, 1);
  return parameter(key, dims, data);
}

Result<std::size_t> checked_axis(std::int64_t axis, std::size_t rank) {
  const auto signed_rank = static_cast<std::int64_t>(rank);
  if (axis < -signed_rank || axis >= signed_rank)
    return invalid_argument("axis " + std::to_string(axis) + " of a tensor of rank " + std::to_string(rank));
  return static_cast<std::size_t>(axis < 0 ? axis + signed_rank : axis);
}

FloatTensor permuted(const FloatTensor& tensor, const std::vector<std::size_t>& perm) {
  const std::size_t rank = perm.size();
  std::vector<std::size_t> stride(rank, 1);
  for (std::size_t i = rank - 1; i > 0; --i) stride[i - 1] = stride[i] * static_cast<std::size_t>(tensor.shape()[i]);
  Dims dims;
  for (const std::size_t axis : perm) dims.push_back(tensor.shape()[axis]);
  FloatTensor out{Shape(dims)};
  std::vector<std::size_t> index(rank, 0);
  std::size_t from = 0;
  for (std::size_t i = 0; i < out.data().size(); ++i) {
    out[i] = tensor[from];
    for (std::size_t axis = rank; axis-- > 0;) {
      from += stride[perm[axis]];
      if (++index[axis] < static_cast<std::size_t>(dims[axis])) break;
      from -= stride[perm[axis]] * static_cast<std::size_t>(dims[axis]);
      index[axis] = 0;
    }
  }
  return out;
}

std::int64_t product(const Dims& dims, std::size_t begin, std::size_t end) {
  std::int64_t out = 1;
  for (std::size_t i = begin; i < end; ++i) out *= dims[i];
  return out;
}

}  // namespace zkinfer::frontend_keras
