// SPDX-License-Identifier: Apache-2.0
#include "zkinfer/data_set.h"

#include <algorithm>
#include <cmath>
#include <limits>
#include <set>

#include "api/access.h"
#include "base/bytes.h"
#include "formats/frame.h"
#include "hash/keccak.h"
#include "zkinfer/model.h"

namespace zkinfer {

struct DataSet::Impl {
  Parts parts;
  std::uint64_t num_rows = 0, num_groups = 1, num_duplicates = 0;
  Bytes head, rows;
  Digest root{}, digest{};
};

namespace {

constexpr std::size_t kMaxText = std::size_t{1} << 12, kMaxInputs = 256, kMaxRank = 16;
constexpr std::uint64_t kMaxRows = std::uint64_t{1} << 26;

// Of one row.
std::size_t row_bytes(const DataSet::Column& column) {
  const auto rows = static_cast<std::uint64_t>(column.values.shape()[0]);
  return column.values.num_elements() / rows * dtype_size(column.values.dtype());
}
const std::uint8_t* data_of(const Tensor& tensor) { return static_cast<const std::uint8_t*>(tensor.view().data); }

// The narrowest of uint8, int32 and float32 that holds all numbers exactly: the same numbers are the same bytes.
Tensor narrowed(const Tensor& tensor) {
  std::vector<double> values(tensor.num_elements());
  with_dtype(tensor.dtype(), [&](auto type) {
    for (std::size_t i = 0; i < values.size(); ++i)
      values[i] = static_cast<double>(tensor.view().at<decltype(type)>(i));
  });
  const auto within = [&](double lo, double hi) {
    return std::ranges::all_of(values, [&](double x) { return x == std::floor(x) && x >= lo && x <= hi; });
  };
  using Int = std::numeric_limits<std::int32_t>;
  if (within(0, 255)) return {tensor.shape(), std::vector<std::uint8_t>(values.begin(), values.end())};
  if (within(Int::min(), Int::max())) return {tensor.shape(), std::vector<std::int32_t>(values.begin(), values.end())};
  return {tensor.shape(), std::vector<float>(values.begin(), values.end())};
}

Status check_parts(const DataSet::Parts& parts) {
  const std::uint64_t rows = parts.labels.size();
  if (rows < 1 || rows > kMaxRows)
    return invalid_argument("data set of " + std::to_string(rows) + " labels, 1 to 2^26 rows are allowed");
  if (parts.name.size() > kMaxText || parts.preprocessing.size() > kMaxText)
    return invalid_argument("data set: a name of more than 4096 characters");
  if (parts.inputs.empty() || parts.inputs.size() > kMaxInputs)
    return invalid_argument("data set of " + std::to_string(parts.inputs.size()) + " inputs, 1 to 256 are allowed");
  for (const DataSet::Column& column : parts.inputs) {
    const std::string where = "data set, input '" + column.name + "': ";
    const std::vector<std::int64_t>& shape = column.values.shape();
    if (column.name.size() > kMaxText || shape.empty() || shape.size() > kMaxRank || column.values.num_elements() == 0)
      return invalid_argument(where + "no rows of numbers");
    if (static_cast<std::uint64_t>(shape[0]) != rows)
      return invalid_argument(where + std::to_string(shape[0]) + " rows, but there are " + std::to_string(rows) +
                              " labels; give as many of both");
    const Dtype dtype = column.values.dtype();
    if (dtype != Dtype::kUint8 && dtype != Dtype::kInt32 && dtype != Dtype::kFloat32)
      return invalid_argument(where + "numbers of type " + std::string(dtype_name(dtype)) +
                              ", expected uint8, int32 or float32");
    if (dtype != Dtype::kFloat32) continue;
    const auto values = column.values.values<float>();
    const auto bad = std::ranges::find_if(values, [](float x) { return !std::isfinite(x); });
    if (bad != values.end())
      return invalid_argument(
          where + "row " + std::to_string(static_cast<std::uint64_t>(bad - values.begin()) / (values.size() / rows)) +
          " has a value that is no number");
  }
  for (std::size_t row = 0; row < rows; ++row) {
    if (parts.labels[row] == static_cast<std::int32_t>(parts.labels[row])) continue;
    return invalid_argument("data set, row " + std::to_string(row) + ": label " + std::to_string(parts.labels[row]) +
                            ", expected a whole number of 32 bits");
  }
  if (!parts.groups.empty() && parts.groups.size() != rows)
    return invalid_argument("data set: " + std::to_string(parts.groups.size()) + " groups for " + std::to_string(rows) +
                            " rows");
  return ok_status();
}

// docs/formats/data_set.md
Digest merkle_root(std::span<const std::uint8_t> rows, std::size_t row_size) {
  std::vector<Digest> level;
  for (std::size_t row = 0; row * row_size < rows.size(); ++row) {
    ByteWriter leaf;
    leaf.u8(0);
    leaf.u64(row);
    leaf.raw(rows.subspan(row * row_size, row_size));
    level.push_back(keccak256(leaf.bytes()));
  }
  while (level.size() > 1) {
    if (level.size() % 2 == 1) level.emplace_back();
    for (std::size_t i = 0; i < level.size() / 2; ++i) {
      Keccak256 node;
      node.update(1);
      node.update(level[2 * i]);
      node.update(level[2 * i + 1]);
      level[i] = node.finish();
    }
    level.resize(level.size() / 2);
  }
  return level[0];
}

// With rows that are laid out already: everything else.
std::shared_ptr<api::Access::Impl<DataSet>> finished(DataSet::Parts parts, Bytes rows) {
  auto out = std::make_shared<api::Access::Impl<DataSet>>();
  out->num_rows = parts.labels.size();
  if (!parts.groups.empty()) out->num_groups = std::uint64_t{std::ranges::max(parts.groups)} + 1;
  ByteWriter head;
  write_frame(head, FileKind::kDataSet);
  head.text(parts.name);
  head.text(parts.preprocessing);
  head.u64(out->num_rows);
  head.u8(parts.groups.empty() ? 0 : 1);
  head.u32(static_cast<std::uint32_t>(parts.inputs.size()));
  std::size_t input_bytes = 0;
  for (const DataSet::Column& column : parts.inputs) {
    head.text(column.name);
    head.u8(static_cast<std::uint8_t>(column.values.dtype()));
    head.u32(static_cast<std::uint32_t>(column.values.shape().size() - 1));
    for (std::size_t axis = 1; axis < column.values.shape().size(); ++axis)
      head.u64(static_cast<std::uint64_t>(column.values.shape()[axis]));
    input_bytes += row_bytes(column);
  }
  const std::size_t row_size = rows.size() / out->num_rows;
  out->root = merkle_root(rows, row_size);
  Keccak256 name;
  constexpr std::string_view kTag = "zkinfer data set v1";
  name.update({reinterpret_cast<const std::uint8_t*>(kTag.data()), kTag.size()});
  name.update(head.bytes());
  name.update(out->root);
  out->digest = name.finish();
  std::set<Digest> seen;
  for (std::size_t row = 0; row < out->num_rows; ++row)
    if (!seen.insert(keccak256(ByteView(rows).subspan(row * row_size, input_bytes))).second) ++out->num_duplicates;
  out->parts = std::move(parts);
  out->head = std::move(head).take();
  out->rows = std::move(rows);
  return out;
}

Bytes laid_out(const DataSet::Parts& parts) {
  ByteWriter out;
  for (std::size_t row = 0; row < parts.labels.size(); ++row) {
    for (const DataSet::Column& column : parts.inputs) {
      const std::size_t size = row_bytes(column);
      out.raw({data_of(column.values) + row * size, size});
    }
    out.i32(static_cast<std::int32_t>(parts.labels[row]));
    if (!parts.groups.empty()) out.u32(parts.groups[row]);
  }
  return std::move(out).take();
}

std::vector<std::int64_t> without_ones(std::span<const std::int64_t> dims) {
  std::vector<std::int64_t> out;
  std::ranges::copy_if(dims, std::back_inserter(out), [](std::int64_t n) { return n != 1; });
  return out;
}

std::string shape_text(std::span<const std::int64_t> dims) {
  std::string text = "[";
  for (const std::int64_t n : dims) text += (text.size() > 1 ? ", " : "") + std::to_string(n);
  return text + "]";
}

}  // namespace

Result<DataSet> DataSet::build(Parts parts) {
  for (Column& column : parts.inputs) column.values = narrowed(column.values);
  ZKI_RETURN_IF_ERROR(check_parts(parts));
  Bytes rows = laid_out(parts);
  return DataSet(finished(std::move(parts), std::move(rows)));
}

Bytes DataSet::to_bytes() const {
  Bytes out = impl_->head;
  for (const ByteView part : {ByteView(impl_->root), ByteView(impl_->rows)})
    out.insert(out.end(), part.begin(), part.end());
  return out;
}

Result<DataSet> DataSet::from_bytes(ByteView bytes) {
  ZKI_ASSIGN_OR_RETURN(ByteReader reader, open_frame(FileKind::kDataSet, bytes));
  const auto damaged = [](const std::string& what) { return corrupt("data set: " + what); };
  Parts parts;
  parts.name = reader.text(kMaxText);
  parts.preprocessing = reader.text(kMaxText);
  const std::uint64_t num_rows = reader.u64();
  const std::uint8_t has_groups = reader.u8();
  const std::uint32_t num_inputs = reader.u32();
  if (!reader.ok() || num_rows < 1 || num_rows > kMaxRows || has_groups > 1 || num_inputs < 1 ||
      num_inputs > kMaxInputs)
    return damaged("its head is cut off or changed");
  std::uint64_t row_size = has_groups == 1 ? 8 : 4;
  for (std::uint32_t i = 0; i < num_inputs; ++i) {
    std::string name = reader.text(kMaxText);
    const auto dtype = static_cast<Dtype>(reader.u8());
    const std::uint32_t rank = reader.u32();
    std::vector<std::int64_t> shape = {static_cast<std::int64_t>(num_rows)};
    if (!reader.ok() || rank >= kMaxRank ||
        (dtype != Dtype::kUint8 && dtype != Dtype::kInt32 && dtype != Dtype::kFloat32))
      return damaged("its head is cut off or changed");
    std::uint64_t size = dtype_size(dtype);
    for (std::uint32_t axis = 0; axis < rank; ++axis) {
      const std::uint64_t n = reader.u64();
      if (n < 1 || n > bytes.size() / size) return damaged("more numbers than bytes");
      size *= n;
      shape.push_back(static_cast<std::int64_t>(n));
    }
    row_size += size;
    if (row_size > bytes.size() / num_rows) return damaged("more numbers than bytes");
    parts.inputs.push_back({std::move(name), Tensor(dtype, std::move(shape))});
  }
  const ByteView root = reader.raw(sizeof(Digest));
  if (!reader.ok() || reader.remaining() != num_rows * row_size)
    return damaged("it ends early, or there are bytes after its end");
  const ByteView rows = reader.raw(reader.remaining());
  ByteReader row_reader(rows);
  std::vector<std::span<std::uint8_t>> targets;
  for (Column& column : parts.inputs) {
    const auto bytes_of = [&](auto type) {
      const auto values = column.values.values<decltype(type)>();
      return std::span<std::uint8_t>(reinterpret_cast<std::uint8_t*>(values.data()), values.size_bytes());
    };
    targets.push_back(column.values.dtype() == Dtype::kUint8   ? bytes_of(std::uint8_t{})
                      : column.values.dtype() == Dtype::kInt32 ? bytes_of(std::int32_t{})
                                                               : bytes_of(float{}));
  }
  for (std::uint64_t row = 0; row < num_rows; ++row) {
    for (const std::span<std::uint8_t>& target : targets) {
      const std::size_t size = target.size() / num_rows;
      std::ranges::copy(row_reader.raw(size), target.begin() + static_cast<std::ptrdiff_t>(row * size));
    }
    parts.labels.push_back(row_reader.i32());
    if (has_groups == 1) parts.groups.push_back(row_reader.u32());
  }
  if (const Status status = check_parts(parts); !status.ok()) return damaged(status.message());
  auto impl = finished(std::move(parts), Bytes(rows.begin(), rows.end()));
  if (!std::ranges::equal(root, impl->root)) return damaged("its rows are not those of its Merkle root");
  return DataSet(std::move(impl));
}

const DataSet::Parts& DataSet::parts() const { return impl_->parts; }
std::uint64_t DataSet::num_rows() const { return impl_->num_rows; }
std::uint64_t DataSet::num_groups() const { return impl_->num_groups; }
std::uint64_t DataSet::num_duplicates() const { return impl_->num_duplicates; }
const Digest& DataSet::root() const { return impl_->root; }
const Digest& DataSet::digest() const { return impl_->digest; }

namespace {

// By name when all names match, by order otherwise: as files of inputs are.
std::vector<const DataSet::Column*> columns_for(const std::vector<DataSet::Column>& columns,
                                                const std::vector<TensorInfo>& inputs) {
  std::vector<const DataSet::Column*> ordered, named;
  for (const DataSet::Column& column : columns) ordered.push_back(&column);
  for (const TensorInfo& input : inputs) {
    const auto found = std::ranges::find(columns, input.name, &DataSet::Column::name);
    if (found != columns.end()) named.push_back(&*found);
  }
  return named.size() == inputs.size() ? named : ordered;
}

}  // namespace

Result<EvaluationRows> DataSet::rows_for(const std::vector<TensorInfo>& inputs, const Metric& metric,
                                         std::vector<Clipping>* clipping) const {
  const Parts& parts = impl_->parts;
  if (inputs.size() != parts.inputs.size())
    return invalid_argument("the data set has " + std::to_string(parts.inputs.size()) + " inputs, the model " +
                            std::to_string(inputs.size()));
  EvaluationRows out;
  out.data_set = impl_->digest;
  const std::vector<const Column*> columns = columns_for(parts.inputs, inputs);
  for (std::size_t i = 0; i < inputs.size(); ++i) {
    const Tensor& values = columns[i]->values;
    const std::span<const std::int64_t> shape = std::span(values.shape()).subspan(1);
    const std::vector<std::int64_t> dims = without_ones(shape);
    const std::uint64_t size = values.num_elements() / impl_->num_rows;
    if (size != inputs[i].num_elements() || (dims != without_ones(inputs[i].shape) && dims.size() > 1))
      return invalid_argument("input '" + inputs[i].name + "': rows of the data set have the shape " +
                              shape_text(shape) + ", expected " + shape_text(inputs[i].shape));
    std::vector<std::int64_t>& column = out.columns.emplace_back();
    column.reserve(values.num_elements());
    Clipping sum;
    for (std::uint64_t row = 0; row < impl_->num_rows; ++row) {
      const TensorView one{values.dtype(), shape, data_of(values) + row * size * dtype_size(values.dtype())};
      Clipping clipped;
      Result<std::vector<std::int64_t>> integers = to_integers(inputs[i], one, &clipped);
      if (!integers.ok()) return integers.status().with_context("row " + std::to_string(row));
      column.insert(column.end(), integers->begin(), integers->end());
      if (row == 0)
        sum = clipped;
      else
        sum.add(clipped);
    }
    if (clipping != nullptr) clipping->push_back(std::move(sum));
  }
  out.columns.push_back(parts.labels);
  if (metric.num_groups <= 1) return out;
  if (impl_->num_groups > metric.num_groups || parts.groups.empty())
    return invalid_argument("the data set has " + std::to_string(impl_->num_groups) + " groups, the metric " +
                            std::to_string(metric.num_groups));
  out.columns.emplace_back(parts.groups.begin(), parts.groups.end());
  return out;
}

}  // namespace zkinfer
