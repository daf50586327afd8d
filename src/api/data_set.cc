// SPDX-License-Identifier: Apache-2.0
#include "zkinfer/data_set.h"

#include <algorithm>
#include <cmath>
#include <cstring>
#include <limits>
#include <set>

#include "api/access.h"
#include "base/by_name.h"
#include "base/bytes.h"
#include "formats/frame.h"
#include "hash/byte_tree.h"
#include "hash/keccak.h"
#include "qir/outcome.h"
#include "zkinfer/model.h"

namespace zkinfer {

struct DataSet::Impl {
  Parts parts;
  std::uint64_t num_rows = 0, num_groups = 1, num_empty_groups = 0, num_duplicates = 0;
  Bytes head, rows;
  Digest root{}, digest{};
};

namespace {

constexpr std::size_t kMaxText = std::size_t{1} << 12, kMaxInputs = 256, kMaxColumnRank = 16;
constexpr std::uint64_t kMaxRows = std::uint64_t{1} << 26, kMaxGroupNumbers = kMaxRows;

// Of one row.
std::size_t row_bytes(const Tensor& column) {
  return column.num_elements() / static_cast<std::uint64_t>(column.shape()[0]) * dtype_size(column.dtype());
}
const std::uint8_t* data_of(const Tensor& tensor) { return static_cast<const std::uint8_t*>(tensor.view().data); }

std::vector<double> numbers_of(const Tensor& tensor) {
  std::vector<double> values(tensor.num_elements());
  with_dtype(tensor.dtype(), [&](auto type) {
    for (std::size_t i = 0; i < values.size(); ++i)
      values[i] = static_cast<double>(tensor.view().at<decltype(type)>(i));
  });
  return values;
}
Tensor as_floats(const Tensor& tensor) {
  const std::vector<double> values = numbers_of(tensor);
  return {tensor.shape(), std::vector<float>(values.begin(), values.end())};
}

// The narrowest of uint8, int32 and float32 that holds all numbers exactly: the same numbers are the same bytes.
Tensor narrowed(const Tensor& tensor) {
  const std::vector<double> values = numbers_of(tensor);
  const auto within = [&](double lo, double hi) {
    return std::ranges::all_of(values, [&](double x) { return x == std::floor(x) && x >= lo && x <= hi; });
  };
  using Int = std::numeric_limits<std::int32_t>;
  if (within(0, 255)) return {tensor.shape(), std::vector<std::uint8_t>(values.begin(), values.end())};
  if (within(Int::min(), Int::max())) return {tensor.shape(), std::vector<std::int32_t>(values.begin(), values.end())};
  return as_floats(tensor);
}

std::uint64_t rows_of(const DataSet::Parts& parts) {
  if (!parts.targets.has_value()) return parts.labels.size();
  return parts.targets->shape().empty() ? 0 : static_cast<std::uint64_t>(parts.targets->shape()[0]);
}

Status check_finite(const std::string& where, const Tensor& tensor, std::uint64_t rows) {
  if (tensor.dtype() != Dtype::kFloat32) return ok_status();
  const auto values = tensor.values<float>();
  const auto bad = std::ranges::find_if(values, [](float x) { return !std::isfinite(x); });
  if (bad == values.end()) return ok_status();
  const std::uint64_t row = static_cast<std::uint64_t>(bad - values.begin()) / (values.size() / rows);
  return invalid_argument(where + "row " + std::to_string(row) + " has a value that is no number");
}

Status check_parts(const DataSet::Parts& parts) {
  const std::uint64_t rows = rows_of(parts);
  if (parts.targets.has_value() && !parts.labels.empty())
    return invalid_argument("data set with labels and targets; give one of them");
  if (rows < 1 || rows > kMaxRows)
    return invalid_argument("data set of " + std::to_string(rows) + " labels or targets, 1 to 2^26 rows are allowed");
  if (parts.targets.has_value()) {
    const std::vector<std::int64_t>& shape = parts.targets->shape();
    if (shape.size() > kMaxColumnRank || parts.targets->num_elements() == 0)
      return invalid_argument("data set, targets: no rows of numbers");
    ZKI_RETURN_IF_ERROR(check_finite("data set, targets: ", *parts.targets, rows));
  }
  if (parts.name.size() > kMaxText || parts.preprocessing.size() > kMaxText)
    return invalid_argument("data set: a name of more than 4096 characters");
  if (parts.inputs.empty() || parts.inputs.size() > kMaxInputs)
    return invalid_argument("data set of " + std::to_string(parts.inputs.size()) + " inputs, 1 to 256 are allowed");
  for (const DataSet::Column& column : parts.inputs) {
    const std::string where = "data set, input '" + column.name + "': ";
    const std::vector<std::int64_t>& shape = column.values.shape();
    if (column.name.size() > kMaxText || shape.empty() || shape.size() > kMaxColumnRank ||
        column.values.num_elements() == 0)
      return invalid_argument(where + "no rows of numbers");
    if (static_cast<std::uint64_t>(shape[0]) != rows)
      return invalid_argument(where + std::to_string(shape[0]) + " rows, but there are " + std::to_string(rows) +
                              (parts.targets.has_value() ? " targets" : " labels") + "; give as many of both");
    const Dtype dtype = column.values.dtype();
    if (dtype != Dtype::kUint8 && dtype != Dtype::kInt32 && dtype != Dtype::kFloat32)
      return invalid_argument(where + "numbers of type " + std::string(dtype_name(dtype)) +
                              ", expected uint8, int32 or float32");
    ZKI_RETURN_IF_ERROR(check_finite(where, column.values, rows));
  }
  for (std::size_t row = 0; row < parts.labels.size(); ++row) {
    if (parts.labels[row] == static_cast<std::int32_t>(parts.labels[row])) continue;
    return invalid_argument("data set, row " + std::to_string(row) + ": label " + std::to_string(parts.labels[row]) +
                            ", expected a whole number of 32 bits");
  }
  if (!parts.groups.empty() && parts.groups.size() != rows)
    return invalid_argument("data set: " + std::to_string(parts.groups.size()) + " groups for " + std::to_string(rows) +
                            " rows");
  return ok_status();
}

void write_column(ByteWriter& out, const Tensor& values) {
  out.u8(static_cast<std::uint8_t>(values.dtype()));
  out.u32(static_cast<std::uint32_t>(values.shape().size() - 1));
  for (std::size_t axis = 1; axis < values.shape().size(); ++axis)
    out.u64(static_cast<std::uint64_t>(values.shape()[axis]));
}

constexpr std::uint8_t kHasGroups = 1, kHasTargets = 2;

// With rows that are laid out already: everything else.
std::shared_ptr<api::Access::Impl<DataSet>> finished(DataSet::Parts parts, Bytes rows) {
  auto out = std::make_shared<api::Access::Impl<DataSet>>();
  out->num_rows = rows_of(parts);
  if (!parts.groups.empty()) {
    const std::set<std::uint32_t> present(parts.groups.begin(), parts.groups.end());
    out->num_groups = std::uint64_t{*present.rbegin()} + 1;
    out->num_empty_groups = out->num_groups - present.size();
  }
  ByteWriter head;
  write_frame(head, FileKind::kDataSet);
  head.text(parts.name);
  head.text(parts.preprocessing);
  // What follows is what the digest is of.
  ByteWriter layout;
  layout.u64(out->num_rows);
  layout.u8((parts.groups.empty() ? 0 : kHasGroups) | (parts.targets.has_value() ? kHasTargets : 0));
  if (parts.targets.has_value()) write_column(layout, *parts.targets);
  layout.u32(static_cast<std::uint32_t>(parts.inputs.size()));
  std::size_t input_bytes = 0;
  for (const DataSet::Column& column : parts.inputs) {
    layout.text(column.name);
    write_column(layout, column.values);
    input_bytes += row_bytes(column.values);
  }
  const std::size_t row_size = rows.size() / out->num_rows;
  out->root = byte_tree_root(rows, row_size);
  Keccak256 name;
  constexpr std::string_view kTag = "zkinfer data set v2";
  name.update({reinterpret_cast<const std::uint8_t*>(kTag.data()), kTag.size()});
  name.update(layout.bytes());
  name.update(out->root);
  out->digest = name.finish();
  std::set<Digest> seen;
  for (std::size_t row = 0; row < out->num_rows; ++row)
    if (!seen.insert(keccak256(ByteView(rows).subspan(row * row_size, input_bytes))).second) ++out->num_duplicates;
  out->parts = std::move(parts);
  head.raw(layout.bytes());
  out->head = std::move(head).take();
  out->rows = std::move(rows);
  return out;
}

Bytes laid_out(const DataSet::Parts& parts) {
  ByteWriter out;
  const auto add = [&](const Tensor& values, std::size_t row) {
    const std::size_t size = row_bytes(values);
    out.raw({data_of(values) + row * size, size});
  };
  for (std::size_t row = 0; row < rows_of(parts); ++row) {
    for (const DataSet::Column& column : parts.inputs) add(column.values, row);
    if (parts.targets.has_value())
      add(*parts.targets, row);
    else
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
  if (parts.targets.has_value()) parts.targets = as_floats(*parts.targets);
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
  const std::uint8_t flags = reader.u8();
  if (!reader.ok() || num_rows < 1 || num_rows > kMaxRows || flags > (kHasGroups | kHasTargets))
    return damaged("its head is cut off or changed");
  const bool has_groups = (flags & kHasGroups) != 0;
  std::uint64_t row_size = has_groups ? 4 : 0;
  const auto read_column = [&](bool is_float) -> Result<Tensor> {
    const auto dtype = static_cast<Dtype>(reader.u8());
    const std::uint32_t rank = reader.u32();
    std::vector<std::int64_t> shape = {static_cast<std::int64_t>(num_rows)};
    if (!reader.ok() || rank >= kMaxColumnRank ||
        (dtype != Dtype::kFloat32 && (is_float || (dtype != Dtype::kUint8 && dtype != Dtype::kInt32))))
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
    return Tensor(dtype, std::move(shape));
  };
  if ((flags & kHasTargets) != 0) {
    ZKI_ASSIGN_OR_RETURN(parts.targets, read_column(true));
  } else {
    row_size += 4;
  }
  const std::uint32_t num_inputs = reader.u32();
  if (!reader.ok() || num_inputs < 1 || num_inputs > kMaxInputs) return damaged("its head is cut off or changed");
  for (std::uint32_t i = 0; i < num_inputs; ++i) {
    Column& column = parts.inputs.emplace_back();
    column.name = reader.text(kMaxText);
    ZKI_ASSIGN_OR_RETURN(column.values, read_column(false));
  }
  const ByteView root = reader.raw(sizeof(Digest));
  if (!reader.ok() || reader.remaining() != num_rows * row_size)
    return damaged("it ends early, or there are bytes after its end");
  const ByteView rows = reader.raw(reader.remaining());
  ByteReader row_reader(rows);
  std::vector<std::span<std::uint8_t>> places;
  const auto place = [&](Tensor& tensor) {
    with_dtype(tensor.dtype(), [&](auto type) {
      const auto values = tensor.values<decltype(type)>();
      places.push_back({reinterpret_cast<std::uint8_t*>(values.data()), values.size_bytes()});
    });
  };
  for (Column& column : parts.inputs) place(column.values);
  if (parts.targets.has_value()) place(*parts.targets);
  for (std::uint64_t row = 0; row < num_rows; ++row) {
    for (const std::span<std::uint8_t>& target : places) {
      const std::size_t size = target.size() / num_rows;
      std::ranges::copy(row_reader.raw(size), target.begin() + static_cast<std::ptrdiff_t>(row * size));
    }
    if (!parts.targets.has_value()) parts.labels.push_back(row_reader.i32());
    if (has_groups) parts.groups.push_back(row_reader.u32());
  }
  if (const Status status = check_parts(parts); !status.ok()) return damaged(status.message());
  auto impl = finished(std::move(parts), Bytes(rows.begin(), rows.end()));
  if (!std::ranges::equal(root, impl->root)) return damaged("its rows are not those of its Merkle root");
  return DataSet(std::move(impl));
}

const DataSet::Parts& DataSet::parts() const { return impl_->parts; }
std::uint64_t DataSet::num_rows() const { return impl_->num_rows; }
std::uint64_t DataSet::num_groups() const { return impl_->num_groups; }
std::uint64_t DataSet::num_empty_groups() const { return impl_->num_empty_groups; }
std::uint64_t DataSet::num_duplicates() const { return impl_->num_duplicates; }
const Digest& DataSet::root() const { return impl_->root; }
const Digest& DataSet::digest() const { return impl_->digest; }

namespace {

// Every row as integers of `tensor`, which has the shape of a row.
Result<std::vector<std::int64_t>> integers_of(const Tensor& values, const TensorInfo& tensor, Clipping& sum) {
  const auto num_rows = static_cast<std::uint64_t>(values.shape()[0]);
  const std::span<const std::int64_t> shape = std::span(values.shape()).subspan(1);
  std::vector<std::int64_t> out;
  out.reserve(values.num_elements());
  for (std::uint64_t row = 0; row < num_rows; ++row) {
    const TensorView one{values.dtype(), shape, data_of(values) + row * row_bytes(values)};
    Clipping clipped;
    Result<std::vector<std::int64_t>> integers = to_integers(tensor, one, &clipped);
    if (!integers.ok()) return integers.status().with_context("row " + std::to_string(row));
    out.insert(out.end(), integers->begin(), integers->end());
    if (row == 0)
      sum = clipped;
    else
      sum.add(clipped);
  }
  return out;
}

// In the units of the metric's head (qir/outcome.h), nothing clipped.
Result<std::vector<std::int64_t>> targets_of(const DataSet::Parts& parts, const TensorInfo& output) {
  if (!parts.targets.has_value())
    return invalid_argument("the data set has labels; errors are those of targets (DataSet::Parts::targets)");
  const Tensor& values = *parts.targets;
  const std::uint64_t size = values.num_elements() / static_cast<std::uint64_t>(values.shape()[0]);
  if (size != output.num_elements())
    return invalid_argument("targets of " + std::to_string(size) + " numbers a row, the output '" + output.name +
                            "' has " + std::to_string(output.num_elements()));
  const qir::Units units = qir::target_units(output.format.lo, output.format.hi);
  TensorInfo target{"targets", {static_cast<std::int64_t>(size)}, output.format};
  target.format.lo = units.lo;
  target.format.hi = units.hi;
  target.format.scale_exponent += units.shift;
  Clipping clipped;
  ZKI_ASSIGN_OR_RETURN(std::vector<std::int64_t> out, integers_of(values, target, clipped));
  if (clipped.num_clipped > 0)
    return invalid_argument(
        "targets: " + std::to_string(clipped.num_clipped) +
        " are farther from what the output takes than its range is wide; that range was found while "
        "compiling, from the calibration inputs");
  return out;
}

}  // namespace

Result<std::vector<std::int64_t>> DataSet::labels() const {
  const Parts& parts = impl_->parts;
  if (!parts.targets.has_value()) return parts.labels;
  const Tensor& values = *parts.targets;
  const std::uint64_t size = values.num_elements() / static_cast<std::uint64_t>(values.shape()[0]);
  std::vector<std::int64_t> out;
  out.reserve(values.num_elements());
  for (std::uint64_t i = 0; i < values.num_elements(); ++i) {
    float label = 0;
    std::memcpy(&label, data_of(values) + i * sizeof label, sizeof label);
    if (label != std::nearbyint(label) || std::abs(label) > 0x1p24F)
      return invalid_argument("targets, row " + std::to_string(i / size) +
                              ": a perplexity takes the number of a class or token at each position, got " +
                              std::to_string(label));
    out.push_back(static_cast<std::int64_t>(label));
  }
  return out;
}

Result<EvaluationRows> DataSet::rows_for(const std::vector<TensorInfo>& inputs, const std::vector<TensorInfo>& outputs,
                                         const Metric& metric, std::vector<Clipping>* clipping) const {
  const Parts& parts = impl_->parts;
  if (inputs.size() != parts.inputs.size())
    return invalid_argument("the data set has " + std::to_string(parts.inputs.size()) + " inputs, the model " +
                            std::to_string(inputs.size()));
  if (metric.output >= outputs.size())
    return invalid_argument("the model has no output " + std::to_string(metric.output));
  EvaluationRows out;
  out.data_set = impl_->digest;
  const std::vector<const Column*> columns = by_name_or_order(parts.inputs, inputs);
  for (std::size_t i = 0; i < inputs.size(); ++i) {
    const Tensor& values = columns[i]->values;
    const std::span<const std::int64_t> shape = std::span(values.shape()).subspan(1);
    const std::vector<std::int64_t> dims = without_ones(shape);
    if (values.num_elements() / impl_->num_rows != inputs[i].num_elements() ||
        (dims != without_ones(inputs[i].shape) && dims.size() > 1))
      return invalid_argument("input '" + inputs[i].name + "': rows of the data set have the shape " +
                              shape_text(shape) + ", expected " + shape_text(inputs[i].shape));
    Clipping sum;
    ZKI_ASSIGN_OR_RETURN(out.columns.emplace_back(), integers_of(values, inputs[i], sum));
    if (clipping != nullptr) clipping->push_back(std::move(sum));
  }
  if (metric.has_targets()) {
    ZKI_ASSIGN_OR_RETURN(out.columns.emplace_back(), targets_of(parts, outputs[metric.output]));
  } else if (metric.kind == MetricKind::kPerplexity) {
    ZKI_ASSIGN_OR_RETURN(out.columns.emplace_back(), labels());
  } else if (parts.targets.has_value()) {
    return invalid_argument(
        "the data set has targets, which mse, mae and perplexity are about; other metrics count labels");
  } else {
    std::vector<std::int64_t>& labels = out.columns.emplace_back(parts.labels);
    if (metric.kind == MetricKind::kAuc)
      for (std::int64_t& label : labels) label = label == std::int64_t{metric.k} ? 1 : 0;
  }
  if (metric.num_groups <= 1) return out;
  if (impl_->num_groups > metric.num_groups || parts.groups.empty())
    return invalid_argument("the data set has " + std::to_string(impl_->num_groups) + " groups, the metric " +
                            std::to_string(metric.num_groups));
  // The metric may be what an evaluation says of itself that nobody has checked.
  if (metric.is_summed() && metric.num_groups > kMaxGroupNumbers / impl_->num_rows)
    return resource_limit("the metric has " + std::to_string(metric.num_groups) + " groups for " +
                          std::to_string(impl_->num_rows) + " rows; a number for each of both is 2^26 at most");
  std::vector<std::int64_t>& groups = out.columns.emplace_back();
  for (const std::uint32_t group : parts.groups) {
    for (std::uint32_t i = 0; metric.is_summed() && i < metric.num_groups; ++i) groups.push_back(i == group ? 1 : 0);
    if (!metric.is_summed()) groups.push_back(group);
  }
  return out;
}

}  // namespace zkinfer
