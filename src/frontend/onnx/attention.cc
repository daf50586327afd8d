// SPDX-License-Identifier: Apache-2.0
#include "frontend/onnx/attention.h"

#include <algorithm>

namespace zkinfer::frontend_onnx {

using ir::DataType;
using ir::OpKind;
using ir::ValueId;
using std::int64_t;
using std::size_t;

ValueId split_heads(Build& b, ValueId x, int64_t heads) {
  if (!b.ok()) return x;
  const Shape shape = b.shape(x);
  if (shape.rank() != 3 || heads < 1 || shape[2] % heads != 0) {
    b.fail(invalid_argument(std::to_string(heads) + " heads for an input of shape " + shape.to_string()));
    return x;
  }
  return b.transpose(b.reshape(x, {shape[0], shape[1], heads, shape[2] / heads}), {0, 2, 1, 3});
}

ValueId join_heads(Build& b, ValueId x) {
  if (!b.ok()) return x;
  const Shape shape = b.shape(x);
  return b.reshape(b.transpose(x, {0, 2, 1, 3}), {shape[0], shape[2], shape[1] * shape[3]});
}

ValueId both(Build& b, ValueId keep, ValueId other) {
  if (keep == ir::kNoValue) return other;
  return other == ir::kNoValue ? keep : b.op(OpKind::kAnd, {keep, other});
}

bool check_mask_size(Build& b, int64_t queries, int64_t keys) {
  constexpr int64_t kMost = 1 << 26;
  if (keys == 0 || queries <= kMost / keys) return true;
  b.fail(resource_limit("a mask of " + std::to_string(queries) + " by " + std::to_string(keys) + " elements"));
  return false;
}

ValueId band(Build& b, int64_t queries, int64_t keys, int64_t offset, std::optional<int64_t> lo,
             std::optional<int64_t> hi) {
  if (!check_mask_size(b, queries, keys)) return ir::kNoValue;
  IntTensor inside(Shape{queries, keys});
  bool all = true;
  for (int64_t i = 0; i < queries; ++i)
    for (int64_t j = 0; j < keys; ++j) {
      const int64_t distance = j - i - offset;
      const bool kept = (!lo || distance >= *lo) && (!hi || distance <= *hi);
      inside[static_cast<size_t>(i * keys + j)] = kept ? 1 : 0;
      all &= kept;
    }
  return all ? ir::kNoValue : b.literal(std::move(inside), DataType::kBool);
}

void apply_mask(Build& b, ValueId mask, AttentionInputs& inputs) {
  if (mask == ir::kNoValue || !b.ok()) return;
  if (b.dtype(mask) == DataType::kBool) {
    inputs.keep = both(b, inputs.keep, mask);
    return;
  }
  const ValueId bias = mask;
  const ir::Value* constant = b.constant(mask);
  if (constant == nullptr || constant->floats() == nullptr) {
    inputs.bias = inputs.bias == ir::kNoValue ? bias : b.add(inputs.bias, bias);
    return;
  }
  FloatTensor rest = *constant->floats();
  IntTensor kept(rest.shape());
  bool any_masked = false;
  bool any_bias = false;
  for (size_t i = 0; i < rest.data().size(); ++i) {
    kept[i] = rest[i] > -1e30F ? 1 : 0;
    if (kept[i] == 0) rest[i] = 0;
    any_masked |= kept[i] == 0;
    any_bias |= rest[i] != 0;
  }
  if (any_masked) inputs.keep = both(b, inputs.keep, b.literal(std::move(kept), DataType::kBool));
  if (!any_bias) return;
  const ValueId finite = any_masked ? b.literal(std::move(rest), DataType::kFloat) : bias;
  inputs.bias = inputs.bias == ir::kNoValue ? finite : b.add(inputs.bias, finite);
}

namespace {

// Can a query see no key at all?
bool may_mask_rows(Build& b, ValueId keep) {
  const ir::Value* constant = b.constant(keep);
  if (constant == nullptr || constant->ints() == nullptr || constant->shape.rank() == 0) return true;
  const IntTensor& kept = *constant->ints();
  const auto length = static_cast<size_t>(kept.shape()[kept.shape().rank() - 1]);
  for (size_t begin = 0; begin < kept.data().size(); begin += length) {
    bool any = false;
    for (size_t j = 0; j < length; ++j) any |= kept[begin + j] != 0;
    if (!any) return true;
  }
  return false;
}

// Rows of queries with the keys that any of them may see.
struct Part {
  int64_t first_row, num_rows, first_key, num_keys;
};

// A causal mask or a window leaves whole corners of the scores without use: cut into a few bands of rows, each with the keys that it
// sees, they are not computed at all. One part where that saves little.
std::vector<Part> parts_of(Build& b, const AttentionInputs& inputs, int64_t queries, int64_t keys) {
  constexpr int64_t kMostParts = 4, kFewestRows = 8;
  constexpr double kWorth = 0.8;
  const std::vector<Part> whole{{0, queries, 0, keys}};
  const ir::Value* keep = inputs.keep == ir::kNoValue ? nullptr : b.constant(inputs.keep);
  if (keep == nullptr || keep->ints() == nullptr || keep->shape != Shape{queries, keys} || inputs.shows_scores ||
      inputs.bias != ir::kNoValue || queries < 2 * kFewestRows)
    return whole;
  const IntTensor& kept = *keep->ints();
  const int64_t step = std::max(kFewestRows, (queries + kMostParts - 1) / kMostParts);
  std::vector<Part> parts;
  int64_t area = 0;
  for (int64_t row = 0; row < queries; row += step) {
    Part part{row, std::min(step, queries - row), keys, 0};
    int64_t end = 0;
    for (int64_t i = row; i < row + part.num_rows; ++i)
      for (int64_t j = 0; j < keys; ++j) {
        if (kept[static_cast<size_t>(i * keys + j)] == 0) continue;
        part.first_key = std::min(part.first_key, j);
        end = std::max(end, j + 1);
      }
    if (end == 0) return whole;
    part.num_keys = end - part.first_key;
    area += part.num_rows * part.num_keys;
    parts.push_back(part);
  }
  const double share = static_cast<double>(area) / (static_cast<double>(queries) * static_cast<double>(keys));
  return share <= kWorth ? parts : whole;
}

ValueId mask_of(Build& b, ValueId keep, const Part& part) {
  const IntTensor& kept = *b.constant(keep)->ints();
  const int64_t keys = kept.shape()[1];
  IntTensor own(Shape{part.num_rows, part.num_keys});
  bool all = true;
  for (int64_t i = 0; i < part.num_rows; ++i)
    for (int64_t j = 0; j < part.num_keys; ++j) {
      const int64_t one = kept[static_cast<size_t>((part.first_row + i) * keys + part.first_key + j)];
      own[static_cast<size_t>(i * part.num_keys + j)] = one;
      all &= one != 0;
    }
  return all ? ir::kNoValue : b.literal(std::move(own), DataType::kBool);
}

AttentionOutputs attend(Build& b, const AttentionInputs& inputs) {
  AttentionOutputs out;
  const Shape q = b.shape(inputs.q);
  const Shape k = b.shape(inputs.k);
  const Shape v = b.shape(inputs.v);
  // Several query heads share one of keys and values: another axis to broadcast along.
  const bool grouped = q[1] != k[1];
  const int64_t sharing = q[1] / k[1];
  const auto per_query_head = [&](ValueId x, const Shape& shape) {
    return grouped ? b.reshape(x, {shape[0], shape[1], 1, shape[2], shape[3]}) : x;
  };
  const ValueId queries = grouped ? b.reshape(inputs.q, {q[0], k[1], sharing, q[2], q[3]}) : inputs.q;
  const ValueId scaled = inputs.scale == 1 ? queries : b.mul(queries, b.number(inputs.scale));
  out.raw = b.matmul(scaled, b.swap_last(per_query_head(inputs.k, k)));
  if (grouped) out.raw = b.reshape(out.raw, {q[0], q[1], q[2], k[2]});
  out.capped = out.raw;
  if (inputs.softcap > 0)
    out.capped =
        b.mul(b.function(ir::function("Tanh"), b.mul(out.raw, b.number(1 / inputs.softcap))), b.number(inputs.softcap));
  out.biased = inputs.bias == ir::kNoValue ? out.capped : b.add(out.capped, inputs.bias);
  std::vector<ValueId> operands{out.biased};
  if (inputs.keep != ir::kNoValue) operands.push_back(inputs.keep);
  out.probabilities = b.op(OpKind::kSoftmax, std::move(operands), ir::SoftmaxAttributes{3});
  // Without any key there is no value.
  if (inputs.keep != ir::kNoValue && may_mask_rows(b, inputs.keep))
    out.probabilities = b.mul(out.probabilities, b.cast(inputs.keep, DataType::kFloat));
  if (!grouped) {
    out.y = b.matmul(out.probabilities, inputs.v);
    return out;
  }
  const ValueId weights = b.reshape(out.probabilities, {q[0], k[1], sharing, q[2], k[2]});
  out.y = b.reshape(b.matmul(weights, per_query_head(inputs.v, v)), {q[0], q[1], q[2], v[3]});
  return out;
}

}  // namespace

AttentionOutputs attention(Build& b, const AttentionInputs& inputs) {
  if (!b.ok()) return {};
  const Shape q = b.shape(inputs.q);
  const Shape k = b.shape(inputs.k);
  const Shape v = b.shape(inputs.v);
  if (q.rank() != 4 || k.rank() != 4 || v.rank() != 4 || k[1] < 1 || q[1] % k[1] != 0 || k[1] != v[1] || k[2] != v[2] ||
      q[3] != k[3] || q[0] != k[0]) {
    b.fail(invalid_argument("query, key and value of shapes " + q.to_string() + ", " + k.to_string() + " and " +
                            v.to_string()));
    return {};
  }
  const std::vector<Part> parts = parts_of(b, inputs, q[2], k[2]);
  if (parts.size() == 1) return attend(b, inputs);
  std::vector<ValueId> rows;
  for (const Part& part : parts) {
    AttentionInputs own = inputs;
    own.q = b.slice(inputs.q, 2, part.first_row, part.num_rows);
    own.k = b.slice(inputs.k, 2, part.first_key, part.num_keys);
    own.v = b.slice(inputs.v, 2, part.first_key, part.num_keys);
    own.keep = mask_of(b, inputs.keep, part);
    rows.push_back(attend(b, own).y);
  }
  AttentionOutputs out;
  out.y = b.concat(rows, 2);
  return out;
}

ValueId cache_rows(Build& b, ValueId cache, ValueId positions, std::int64_t steps, std::int64_t half) {
  const ValueId rows = positions == ir::kNoValue ? cache : b.gather(cache, positions, 0);
  if (!b.ok()) return rows;
  return b.reshape(rows, {b.shape(rows).num_elements() / std::max<std::int64_t>(steps * half, 1), steps, 1, half});
}

ValueId rotate(Build& b, ValueId x, ValueId cosines, ValueId sines, int64_t rotated, bool interleaved) {
  if (!b.ok()) return x;
  const Shape shape = b.shape(x);
  const int64_t half = rotated / 2;
  if (shape.rank() != 4 || rotated < 2 || rotated % 2 != 0 || rotated > shape[3]) {
    b.fail(invalid_argument("a rotation of " + std::to_string(rotated) + " of shape " + shape.to_string()));
    return x;
  }
  const ValueId first = b.slice(x, 3, 0, half, interleaved ? 2 : 1);
  const ValueId second = b.slice(x, 3, interleaved ? 1 : half, half, interleaved ? 2 : 1);
  const ValueId real = b.sub(b.mul(first, cosines), b.mul(second, sines));
  const ValueId imaginary = b.add(b.mul(first, sines), b.mul(second, cosines));
  ValueId turned = ir::kNoValue;
  if (interleaved) {
    const Dims pairs{shape[0], shape[1], shape[2], half, 1};
    turned = b.reshape(b.concat({b.reshape(real, pairs), b.reshape(imaginary, pairs)}, 4),
                       {shape[0], shape[1], shape[2], rotated});
  } else {
    turned = b.concat({real, imaginary}, 3);
  }
  return rotated == shape[3] ? turned : b.concat({turned, b.slice(x, 3, rotated, shape[3] - rotated)}, 3);
}

}  // namespace zkinfer::frontend_onnx
