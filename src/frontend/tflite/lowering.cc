// SPDX-License-Identifier: Apache-2.0
#include "frontend/tflite/lowering.h"

#include <cmath>
#include <numeric>

#include <onnx/onnx_pb.h>

#include "base/half.h"
#include "base/text.h"

namespace zkinfer::frontend_tflite {

namespace {

// {0, 1, .. rank - 1}
Dims in_order(std::size_t rank) {
  Dims perm(rank);
  std::iota(perm.begin(), perm.end(), 0);
  return perm;
}

// Tensors without a batch or a channel have one layout.
Dims permutation(std::size_t rank, Layout to) {
  Dims perm = in_order(rank);
  if (to == Layout::kFirst)
    std::rotate(perm.begin() + 1, perm.end() - 1, perm.end());
  else
    std::rotate(perm.begin() + 1, perm.begin() + 2, perm.end());
  return perm;
}

// Elements of a tensor with its axes in another order.
template <class T>
std::vector<T> permuted(const std::vector<T>& data, const Dims& dims, const Dims& perm) {
  const std::size_t rank = dims.size();
  std::vector<std::size_t> strides(rank, 1);
  for (std::size_t i = rank; i-- > 1;) strides[i - 1] = strides[i] * static_cast<std::size_t>(dims[i]);
  std::vector<T> out;
  out.reserve(data.size());
  std::vector<std::size_t> at(rank, 0);
  for (std::size_t i = 0; i < data.size(); ++i) {
    std::size_t from = 0;
    for (std::size_t axis = 0; axis < rank; ++axis) from += at[axis] * strides[static_cast<std::size_t>(perm[axis])];
    out.push_back(data[from]);
    for (std::size_t axis = rank; axis-- > 0;) {
      if (++at[axis] < static_cast<std::size_t>(dims[static_cast<std::size_t>(perm[axis])])) break;
      at[axis] = 0;
    }
  }
  return out;
}

template <class T, class Out>
std::vector<Out> widened(ByteView data) {
  std::vector<Out> out;
  out.reserve(data.size() / sizeof(T));
  for (std::size_t i = 0; i + sizeof(T) <= data.size(); i += sizeof(T)) {
    T x;
    std::memcpy(&x, data.data() + i, sizeof(T));
    out.push_back(static_cast<Out>(x));
  }
  return out;
}

// Two in a byte, the first in the lower half.
std::vector<std::int64_t> nibbles(ByteView data, std::size_t count) {
  std::vector<std::int64_t> out;
  for (std::size_t i = 0; i < count && i / 2 < data.size(); ++i) {
    const int x = data[i / 2] >> (4 * (i % 2)) & 0xf;
    out.push_back(x >= 8 ? x - 16 : x);
  }
  return out;
}

std::string where_of(const Tensor& tensor) {
  return "tensor " + in_quotes(tensor.name) + " of type " + std::string(type_name(tensor.type));
}

}  // namespace

Lowering::Lowering(const File& file, frontend_onnx::ModelBuilder& builder)
    : file_(file),
      builder_(builder),
      held_(file.tensors.size()),
      elements_left_((std::int64_t{1} << 22) + 8 * static_cast<std::int64_t>(file.buffer->bytes().size())) {}

Status Lowering::spend(std::int64_t elements) {
  elements_left_ -= elements;
  if (elements_left_ >= 0) return ok_status();
  return resource_limit("its constants are read in more forms than a file of its size may need");
}

int Lowering::origin(int t) const {
  for (int step = 0; step < 8; ++step) {
    const int alias = held_[static_cast<std::size_t>(t)].alias;
    if (alias < 0) break;
    t = alias;
  }
  return t;
}

bool Lowering::is_constant(int t) const {
  const Tensor& stored = tensor(origin(t));
  return stored.constant || stored.num_elements() == 0;
}

void Lowering::set_constant(int t, int from) { held(t).alias = from; }

Status Lowering::check_quantization(int t) const {
  const Tensor& x = tensor(t);
  if (x.other_scheme || x.is_sparse)
    return unsupported(where_of(x) + " is " +
                       (x.is_sparse ? "sparse" : "quantized in blocks or by a scheme of its own") +
                       " | convert the model with one scale per tensor or channel");
  // Many tensors may share one list in the file: no more of it than can be meant.
  if (x.scales.size() > static_cast<std::size_t>(std::max<std::int64_t>(x.num_elements(), 1)))
    return corrupt(where_of(x) + ": " + std::to_string(x.scales.size()) + " scales for " +
                   std::to_string(x.num_elements()) + " elements");
  for (std::size_t i = 0; i < x.scales.size(); ++i)
    if (!(x.scales[i] > 0) || !std::isfinite(x.scales[i]))
      return corrupt(where_of(x) + ": scale " + std::to_string(x.scales[i]));
  return ok_status();
}

std::string Lowering::quantized(const std::string& x, int t) {
  const Tensor& to = tensor(t);
  if (to.scales.size() != 1 || to.type == Type::kInt64)
    fail(unsupported(where_of(to) + " is computed, and has " + std::to_string(to.scales.size()) +
                     " scales | convert the model with one scale for each activation, of at most 32 bits"));
  else if (const Status checked = check_quantization(t); !checked.ok())
    fail(checked);
  const float scale = to.scales.empty() ? 1 : to.scales[0];
  return builder_.op("QuantizeLinear", {x, builder_.number(scale), builder_.scalar(to.zero(0), *onnx_type(to.type))});
}

std::string Lowering::dequantized(const std::string& x, int t) {
  const Tensor& from = tensor(t);
  if (from.scales.size() != 1)
    fail(unsupported(where_of(from) + " is computed, and has " + std::to_string(from.scales.size()) +
                     " scales | convert the model with one scale for each activation"));
  else if (const Status checked = check_quantization(t); !checked.ok())
    fail(checked);
  const float scale = from.scales.empty() ? 1 : from.scales[0];
  return builder_.op("DequantizeLinear",
                     {x, builder_.number(scale), builder_.scalar(from.zero(0), *onnx_type(from.type))});
}

std::string Lowering::relaid(const std::string& x, int t, Layout to) {
  if (rank(t) < 3) return x;
  return builder_.op("Transpose", {x}, {{"perm", permutation(rank(t), to)}});
}

Layout Lowering::layout_of(int t) const {
  const Held& h = held_[static_cast<std::size_t>(origin(t))];
  const auto has = [&](Layout layout) {
    const auto at = static_cast<std::size_t>(layout);
    return !h.real[at].empty() || !h.integer[at].empty();
  };
  return has(Layout::kFirst) && !has(Layout::kLast) ? Layout::kFirst : Layout::kLast;
}

std::string Lowering::real(int t, Layout layout) {
  t = origin(t);
  Held& h = held(t);
  const auto at = static_cast<std::size_t>(layout);
  const std::size_t other = 1 - at;
  if (!h.real[at].empty()) return h.real[at];
  if (!is_real(t)) {
    fail(unsupported(where_of(tensor(t)) + " where floats are computed with | cast it to float32"));
    return h.real[at] = raw(t);
  }
  for (const std::size_t from : {at, other}) {
    if (h.real[from].empty() && !h.integer[from].empty()) h.real[from] = dequantized(h.integer[from], t);
    if (!h.real[from].empty()) break;
  }
  if (h.real[at].empty() && h.real[other].empty() && is_constant(t))
    h.real[static_cast<std::size_t>(Layout::kLast)] = parameter(t, in_order(rank(t)));
  if (h.real[at].empty() && !h.real[other].empty()) h.real[at] = relaid(h.real[other], t, layout);
  if (h.real[at].empty()) {
    fail(corrupt(where_of(tensor(t)) + " is computed by no operator before"));
    set_unknown(t, builder_.fresh("unknown"));
  }
  return h.real[at];
}

std::string Lowering::raw(int t) {
  t = origin(t);
  if (is_float(tensor(t).type)) return real(t);
  Held& h = held(t);
  constexpr auto kAt = static_cast<std::size_t>(Layout::kLast);
  constexpr auto kOther = static_cast<std::size_t>(Layout::kFirst);
  if (!h.integer[kAt].empty()) return h.integer[kAt];
  if (!h.integer[kOther].empty()) return h.integer[kAt] = relaid(h.integer[kOther], t, Layout::kLast);
  if (tensor(t).quantized() && (!h.real[kAt].empty() || !h.real[kOther].empty()))
    return h.integer[kAt] = quantized(real(t), t);
  if (!is_constant(t)) {
    fail(corrupt(where_of(tensor(t)) + " is computed by no operator before"));
    set_unknown(t, builder_.fresh("unknown"));
    return h.integer[kAt];
  }
  Result<std::vector<std::int64_t>> stored = stored_integers(t);
  if (!stored.ok()) {
    fail(stored.status());
    set_unknown(t, builder_.fresh("unknown"));
    return h.integer[kAt];
  }
  return h.integer[kAt] = builder_.integers(builder_.fresh(short_name(tensor(t).name)), tensor(t).shape, *stored,
                                            *onnx_type(tensor(t).type));
}

void Lowering::set_real(int t, std::string y, Layout layout, bool on_grid) {
  Held& h = held(t);
  const auto at = static_cast<std::size_t>(layout);
  if (tensor(t).quantized() && !on_grid) {
    h.integer[at] = quantized(y, t);
    y = dequantized(h.integer[at], t);
  }
  h.real[at] = std::move(y);
}

void Lowering::set_raw(int t, std::string y) {
  held(t).integer[static_cast<std::size_t>(Layout::kLast)] = std::move(y);
}

void Lowering::set_unknown(int t, const std::string& name) {
  Held& h = held(t);
  h.alias = -1;
  h.real = {name, name};
  h.integer = {name, name};
  builder_.unknown(name);
}

bool Lowering::same_grid(int a, int b) const {
  const Tensor& x = tensor(a);
  const Tensor& y = tensor(b);
  if (x.quantized() != y.quantized()) return false;
  if (!x.quantized()) return true;
  return x.type == y.type && x.scales.size() == 1 && y.scales.size() == 1 && x.scales[0] == y.scales[0] &&
         x.zero(0) == y.zero(0);
}

Result<std::vector<std::int64_t>> Lowering::stored_integers(int t) const {
  const Tensor& x = tensor(t);
  if (const Status checked = check_quantization(t); !checked.ok()) return checked;
  std::vector<std::int64_t> out;
  switch (x.type) {
    case Type::kInt4: out = nibbles(x.data, static_cast<std::size_t>(x.num_elements())); break;
    case Type::kInt8: out = widened<std::int8_t, std::int64_t>(x.data); break;
    case Type::kBool:
    case Type::kUint8: out = widened<std::uint8_t, std::int64_t>(x.data); break;
    case Type::kInt16: out = widened<std::int16_t, std::int64_t>(x.data); break;
    case Type::kUint16: out = widened<std::uint16_t, std::int64_t>(x.data); break;
    case Type::kInt32: out = widened<std::int32_t, std::int64_t>(x.data); break;
    case Type::kUint32: out = widened<std::uint32_t, std::int64_t>(x.data); break;
    case Type::kInt64: out = widened<std::int64_t, std::int64_t>(x.data); break;
    default: return unsupported(where_of(x) + " where integers are needed");
  }
  if (static_cast<std::int64_t>(out.size()) != x.num_elements())
    return corrupt(where_of(x) + ": " + std::to_string(x.data.size()) + " bytes of data for shape " +
                   dims_to_string(x.shape));
  return out;
}

Result<std::vector<float>> Lowering::stored_reals(int t) const {
  const Tensor& x = tensor(t);
  std::vector<float> out;
  if (x.quantized()) {
    ZKI_ASSIGN_OR_RETURN(const std::vector<std::int64_t> integers, stored_integers(t));
    const bool per_channel = x.scales.size() > 1;
    // Some converters write the weights' axis beside the scales of a bias.
    const auto axis = x.shape.size() == 1 ? std::size_t{0} : static_cast<std::size_t>(x.scale_axis);
    if (per_channel && (axis >= x.shape.size() || static_cast<std::int64_t>(x.scales.size()) != x.shape[axis]))
      return corrupt(where_of(x) + ": " + std::to_string(x.scales.size()) + " scales along axis " +
                     std::to_string(axis) + " of shape " + dims_to_string(x.shape));
    std::size_t inner = 1;
    for (std::size_t i = axis + 1; per_channel && i < x.shape.size(); ++i)
      inner *= static_cast<std::size_t>(x.shape[i]);
    out.reserve(integers.size());
    for (std::size_t i = 0; i < integers.size(); ++i) {
      const std::size_t channel = per_channel ? i / inner % x.scales.size() : 0;
      out.push_back(static_cast<float>(static_cast<double>(integers[i] - x.zero(channel)) *
                                       static_cast<double>(x.scales[channel])));
    }
    return out;
  }
  if (x.is_sparse) return check_quantization(t);
  switch (x.type) {
    case Type::kFloat32: out = widened<float, float>(x.data); break;
    case Type::kFloat64: out = widened<double, float>(x.data); break;
    case Type::kFloat16:
      for (const auto bits : widened<std::uint16_t, std::uint16_t>(x.data)) out.push_back(half_to_float(bits));
      break;
    case Type::kBfloat16:
      for (const auto bits : widened<std::uint16_t, std::uint16_t>(x.data)) out.push_back(bfloat_to_float(bits));
      break;
    default: return unsupported(where_of(x) + " where floats are needed");
  }
  if (static_cast<std::int64_t>(out.size()) != x.num_elements())
    return corrupt(where_of(x) + ": " + std::to_string(x.data.size()) + " bytes of data for shape " +
                   dims_to_string(x.shape));
  return out;
}

Result<Dims> Lowering::integers(int t, std::string_view what) {
  t = origin(t);
  const Tensor& x = tensor(t);
  if (!is_constant(t))
    return unsupported(std::string(what) + " " + in_quotes(x.name) +
                       " is computed at run time | make it a constant of the model");
  constexpr std::int64_t kMost = 65536;
  if (x.num_elements() > kMost)
    return resource_limit(std::string(what) + " has " + std::to_string(x.num_elements()) + " elements");
  return stored_integers(t);
}

std::string Lowering::parameter(int t, const Dims& perm) {
  t = origin(t);
  const std::string key = std::to_string(t) + dims_to_string(perm);
  if (const auto known = parameters_.find(key); known != parameters_.end()) return known->second;
  const Tensor& x = tensor(t);
  Status status = spend(x.num_elements());
  Result<std::vector<float>> reals = status.ok() ? stored_reals(t) : Result<std::vector<float>>(status);
  std::string made;
  if (reals.ok()) {
    Dims dims;
    for (const std::int64_t axis : perm) dims.push_back(x.shape[static_cast<std::size_t>(axis)]);
    made = builder_.fresh(short_name(x.name));
    builder_.floats(made, dims, perm == in_order(perm.size()) ? *reals : permuted(*reals, x.shape, perm));
  } else {
    fail(reals.status());
    made = builder_.fresh("unknown");
    builder_.unknown(made);
  }
  return parameters_[key] = made;
}

Status Operation::require(std::size_t inputs, std::size_t outputs) const {
  for (std::size_t i = 0; i < inputs; ++i)
    if (!has_input(i)) return corrupt("input " + std::to_string(i) + " is missing");
  if (num_outputs() < outputs) return corrupt("output " + std::to_string(num_outputs()) + " is missing");
  return ok_status();
}

Result<std::string> Operation::activated(std::string y, int field) {
  enum { kNone, kRelu, kReluN1To1, kRelu6, kTanh, kSignBit };
  switch (const auto kind = options().number<std::int8_t>(field)) {
    case kNone: return y;
    case kRelu: return node("Relu", {y});
    case kReluN1To1: return node("Clip", {y, number(-1), number(1)});
    case kRelu6: return node("Clip", {y, number(0), number(6)});
    case kTanh: return node("Tanh", {y});
    default:
      return unsupported("fused activation " + std::to_string(kind) + " | use RELU, RELU6, RELU_N1_TO_1 or TANH");
  }
}

Result<std::int64_t> fixed_length(const Tensor& tensor, std::size_t axis) {
  if (!tensor.open[axis]) return tensor.shape[axis];
  return unsupported("axis " + std::to_string(axis) + " of " + in_quotes(tensor.name) +
                     " has an open length | convert the model with a fixed one");
}

Result<std::int64_t> resolved_axis(std::int64_t axis, std::size_t rank) {
  const auto count = static_cast<std::int64_t>(rank);
  if (axis < -count || axis >= count)
    return corrupt("axis " + std::to_string(axis) + " of a tensor of rank " + std::to_string(rank));
  return axis < 0 ? axis + count : axis;
}

}  // namespace zkinfer::frontend_tflite
