// SPDX-License-Identifier: Apache-2.0
#include "qir/packing.h"

#include <algorithm>
#include <bit>

namespace zkinfer::qir {

Packing packing_of(const QGraph& graph) {
  Packing out;
  for (ValueId id = 0; id < graph.values.size(); ++id) {
    const Value& value = graph.values[id];
    if (value.kind != ValueKind::kParam) continue;
    PackedParam param;
    param.id = id;
    // With 0 in range, so that what a view reads behind an axis' end is a number like others.
    param.base = std::min<std::int64_t>(value.lo, 0);
    const auto most_value = static_cast<std::uint64_t>(std::max<std::int64_t>(value.hi, 0) - param.base);
    param.bits = std::max(1, static_cast<int>(std::bit_width(most_value)));
    std::uint64_t num_elements = 1;
    for (const std::int64_t n : value.shape.dims()) {
      if (n > 1) param.axes.push_back(static_cast<std::uint64_t>(n));
      num_elements *= static_cast<std::uint64_t>(n);
    }
    param.box = param.axes;
    param.size = num_elements;
    const auto most = static_cast<std::uint64_t>(kPackedBits / param.bits);  // per number; a range is below 2^33
    for (std::size_t axis = 0; axis < param.axes.size(); ++axis) {
      const std::uint64_t n = param.axes[axis];
      const std::uint64_t part = (n + most - 1) / most, size = num_elements / n * part;
      if (axis > 0 && size >= param.size) continue;
      param.axis = axis;
      param.part = part;
      param.per_number = static_cast<std::uint32_t>((n + part - 1) / part);
      param.box = param.axes;
      param.box[axis] = part;
      param.size = size;
    }
    param.first = out.num_numbers;
    out.num_numbers += param.size;
    out.params.push_back(std::move(param));
  }
  return out;
}

QGraph with_key_shares(const QGraph& structure) {
  QGraph out;
  out.name = structure.name;
  out.values = structure.values;
  for (const char* name : {"key share 1", "key share 2"}) {
    out.inputs.push_back(static_cast<ValueId>(out.values.size()));
    out.values.push_back({name, ValueKind::kInput, Shape({kShareBytes}), 0, 255, {}});
  }
  return out;
}

namespace {

void add_parts(const std::vector<std::uint64_t>& box, std::size_t axis, std::uint64_t begin, std::uint64_t end,
               BoxPart& fixed, std::vector<BoxPart>& out) {
  if (begin >= end) return;
  std::uint64_t row = 1;
  for (std::size_t i = axis + 1; i < box.size(); ++i) row *= box[i];
  const auto whole_rows = [&](std::uint64_t first, std::uint64_t last) {
    BoxPart part = fixed;
    part.start.push_back(first);
    part.size.push_back(last - first);
    for (std::size_t i = axis + 1; i < box.size(); ++i) {
      part.start.push_back(0);
      part.size.push_back(box[i]);
    }
    out.push_back(std::move(part));
  };
  const auto within = [&](std::uint64_t index, std::uint64_t from, std::uint64_t to) {
    fixed.start.push_back(index);
    fixed.size.push_back(1);
    add_parts(box, axis + 1, from, to, fixed, out);
    fixed.start.pop_back();
    fixed.size.pop_back();
  };
  if (axis == box.size()) return out.push_back(fixed);
  const std::uint64_t first = (begin + row - 1) / row, last = end / row;  // whole rows
  if (first > last) return within(last, begin - last * row, end - last * row);
  if (begin < first * row) within(first - 1, begin - (first - 1) * row, row);
  if (first < last) whole_rows(first, last);
  if (last * row < end) within(last, 0, end - last * row);
}

}  // namespace

std::vector<BoxPart> box_parts(const std::vector<std::uint64_t>& box, std::uint64_t begin, std::uint64_t end) {
  std::vector<BoxPart> out;
  BoxPart fixed;
  add_parts(box, 0, begin, end, fixed, out);
  return out;
}

}  // namespace zkinfer::qir
