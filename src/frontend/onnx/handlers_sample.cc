// SPDX-License-Identifier: Apache-2.0
// Values of pictures between their points: GridSample, AffineGrid, RoiAlign, DeformConv.
#include <algorithm>
#include <array>
#include <cmath>

#include "frontend/onnx/conv.h"
#include "frontend/onnx/proto_text.h"
#include "frontend/onnx/sampling.h"

namespace zkinfer::frontend_onnx {

namespace {

using ir::DataType;
using ir::OpKind;
using ir::ValueId;
using std::int64_t;
using std::size_t;

// Entries of RoiAlign's matrices, samples of one bin along an axis.
constexpr int64_t kMostMatrixEntries = int64_t{1} << 24;
constexpr int64_t kMostSamples = 256;

// Column i of the last axis, [N, everything between].
ValueId column(Build& b, ValueId x, int64_t i) {
  if (!b.ok()) return x;
  const Shape shape = b.shape(x);
  const size_t last = shape.rank() - 1;
  return b.reshape(b.slice(x, last, i, 1), {shape[0], shape.num_elements(1, last)});
}

Result<Sampling> read_sampling(const NodeContext& context) {
  Sampling sampling;
  ZKI_ASSIGN_OR_RETURN(const std::string mode, context.string_attribute("mode", "linear"));
  ZKI_ASSIGN_OR_RETURN(const std::string padding, context.string_attribute("padding_mode", "zeros"));
  ZKI_ASSIGN_OR_RETURN(const int64_t align, context.int_attribute("align_corners", 0));
  sampling.align_corners = align != 0;
  if (mode == "nearest")
    sampling.interpolation = Interpolation::kNearest;
  else if (mode == "cubic" || mode == "bicubic")  // the second: opset 16
    sampling.interpolation = Interpolation::kCubic;
  else if (mode != "linear" && mode != "bilinear")
    return corrupt("mode " + in_quotes(mode));
  if (padding == "border")
    sampling.outside = Outside::kBorder;
  else if (padding == "reflection")
    sampling.outside = Outside::kReflection;
  else if (padding != "zeros")
    return corrupt("padding_mode " + in_quotes(padding));
  return sampling;
}

Status check_grid_sample(const NodeContext& context) { return read_sampling(context).status(); }

Result<Outputs> import_grid_sample(NodeContext& context) {
  ZKI_RETURN_IF_ERROR(context.require_inputs(2));
  ZKI_ASSIGN_OR_RETURN(const Sampling sampling, read_sampling(context));
  const Shape x = context.shape(0);
  const Shape grid = context.shape(1);
  ZKI_RETURN_IF_ERROR(check_spatial_rank(x));
  const size_t axes = x.rank() - 2;
  if (grid.rank() != x.rank() || grid[0] != x[0] || grid[axes + 1] != static_cast<int64_t>(axes))
    return invalid_argument("grid of shape " + grid.to_string() + " for an input of shape " + x.to_string());
  Build b(context);
  Dims lengths;
  std::vector<Coordinate> coordinates;
  for (size_t i = 0; i < axes; ++i) {
    // The grid names the last axis first, its ends -1 and 1.
    const double length = static_cast<double>(x[i + 2]);
    const ValueId at = column(b, context.input(1), static_cast<int64_t>(axes - 1 - i));
    const double factor = sampling.align_corners ? (length - 1) / 2 : length / 2;
    coordinates.emplace_back(
        [&b, at, factor, length] { return b.add(b.mul(at, b.number(factor)), b.number((length - 1) / 2)); });
    lengths.push_back(x[i + 2]);
  }
  const ValueId flat = b.reshape(context.input(0), {x[0], x[1], x.num_elements(2, x.rank())});
  Dims dims{x[0], x[1]};
  for (size_t i = 0; i < axes; ++i) dims.push_back(grid[i + 1]);
  return b.output(b.reshape(sample(b, flat, lengths, coordinates, sampling), std::move(dims)));
}

// theta [N, D, D + 1] times the points of a grid of that size, each with a 1 behind it.
Result<Outputs> import_affine_grid(NodeContext& context) {
  ZKI_RETURN_IF_ERROR(context.require_inputs(2));
  ZKI_ASSIGN_OR_RETURN(const Dims size, context.constant_ints(1, "size"));
  ZKI_ASSIGN_OR_RETURN(const int64_t align, context.int_attribute("align_corners", 0));
  const Shape theta = context.shape(0);
  const size_t axes = size.size() < 2 ? 0 : size.size() - 2;
  const auto count = static_cast<int64_t>(axes);
  if ((axes != 2 && axes != 3) || theta.rank() != 3 || theta[1] != count || theta[2] != count + 1 ||
      theta[0] != size[0])
    return invalid_argument("theta of shape " + theta.to_string() + " for the size " + dims_to_string(size));
  const Dims lengths(size.begin() + 2, size.end());
  int64_t points = 1;
  for (const int64_t length : lengths) {
    if (length < 1 || length > kMostMatrixEntries / points) return invalid_argument("size " + dims_to_string(size));
    points *= length;
  }
  // [D + 1, points]; the last axis of the picture comes first.
  FloatTensor grid(Shape{count + 1, points});
  for (int64_t at = 0; at < points; ++at) {
    int64_t rest = at;
    for (size_t i = axes; i-- > 0; rest /= lengths[i]) {
      const double place = static_cast<double>(rest % lengths[i]);
      const double length = static_cast<double>(lengths[i]);
      const double x = align == 0 ? (2 * place + 1) / length - 1 : length == 1 ? -1 : 2 * place / (length - 1) - 1;
      grid[(axes - 1 - i) * static_cast<size_t>(points) + static_cast<size_t>(at)] = static_cast<float>(x);
    }
    grid[axes * static_cast<size_t>(points) + static_cast<size_t>(at)] = 1;
  }
  Build b(context);
  const ValueId moved = b.matmul(context.input(0), b.literal(std::move(grid), DataType::kFloat));
  Dims dims{size[0]};
  dims.insert(dims.end(), lengths.begin(), lengths.end());
  dims.push_back(count);
  return b.output(b.reshape(b.swap_last(moved), std::move(dims)));
}

// ---- RoiAlign: boxes are constants, so every bin is a weighted sum of known points, or the largest of weighted points.

struct Boxes {
  int64_t height = 1, width = 1;  // of the output
  int64_t ratio = 0;              // samples of a bin along an axis; 0: as the box is large
  double scale = 1, offset = 0;
  bool largest = false;
};

Result<Boxes> read_boxes(const NodeContext& context) {
  Boxes boxes;
  ZKI_ASSIGN_OR_RETURN(boxes.height, context.int_attribute("output_height", 1));
  ZKI_ASSIGN_OR_RETURN(boxes.width, context.int_attribute("output_width", 1));
  ZKI_ASSIGN_OR_RETURN(boxes.ratio, context.int_attribute("sampling_ratio", 0));
  ZKI_ASSIGN_OR_RETURN(const float scale, context.float_attribute("spatial_scale", 1));
  ZKI_ASSIGN_OR_RETURN(const std::string mode, context.string_attribute("mode", "avg"));
  ZKI_ASSIGN_OR_RETURN(const std::string coordinates,
                       context.string_attribute("coordinate_transformation_mode",
                                                context.opset() < 16 ? "output_half_pixel" : "half_pixel"));
  if (boxes.height < 1 || boxes.width < 1 || boxes.height > 4096 || boxes.width > 4096 || boxes.ratio < 0 ||
      boxes.ratio > kMostSamples || !std::isfinite(scale))
    return invalid_argument("output " + std::to_string(boxes.height) + " x " + std::to_string(boxes.width) +
                            ", sampling_ratio " + std::to_string(boxes.ratio));
  if (mode != "avg" && mode != "max") return corrupt("mode " + in_quotes(mode));
  if (coordinates != "half_pixel" && coordinates != "output_half_pixel")
    return corrupt("coordinate_transformation_mode " + in_quotes(coordinates));
  boxes.scale = static_cast<double>(scale);
  boxes.largest = mode == "max";
  boxes.offset = coordinates == "half_pixel" ? 0.5 : 0;
  return boxes;
}

Status check_roi_align(const NodeContext& context) { return read_boxes(context).status(); }

// The two points around a sample along one axis, and their weights; outside by more than one there is nothing.
struct Neighbours {
  std::array<int64_t, 2> places{0, 0};
  std::array<double, 2> weights{0, 0};
};

Neighbours neighbours(double at, int64_t length) {
  const auto last = static_cast<double>(length - 1);
  if (at < -1 || at > last + 1) return {};
  at = std::clamp(at, 0.0, last);
  const auto first = static_cast<int64_t>(at);
  const double part = at - static_cast<double>(first);
  return {{first, std::min(first + 1, length - 1)}, {1 - part, part}};
}

// Along one axis, bin by bin: the samples of each.
std::vector<std::vector<Neighbours>> samples_of(double start, double end, int64_t bins, int64_t length,
                                                const Boxes& boxes) {
  double extent = end - start;
  if (boxes.offset == 0) extent = std::max(extent, 1.0);
  const double bin = extent / static_cast<double>(bins);
  const int64_t count = boxes.ratio > 0 ? boxes.ratio : static_cast<int64_t>(std::ceil(bin));
  std::vector<std::vector<Neighbours>> samples(static_cast<size_t>(bins));
  for (int64_t i = 0; i < bins; ++i)
    for (int64_t j = 0; j < std::min(count, kMostSamples); ++j)
      samples[static_cast<size_t>(i)].push_back(neighbours(
          start + bin * (static_cast<double>(i) + (static_cast<double>(j) + 0.5) / static_cast<double>(count)),
          length));
  return samples;
}

struct BoxSamples {
  std::vector<std::vector<Neighbours>> rows, columns;
};

// One box: [4] numbers x1, y1, x2, y2.
Result<BoxSamples> box_samples(std::span<const float> box, const Shape& x, const Boxes& boxes) {
  std::array<double, 4> side{};
  for (size_t i = 0; i < 4; ++i) {
    if (!std::isfinite(box[i])) return invalid_argument("a box's side is infinite or not a number");
    side[i] = static_cast<double>(box[i]) * boxes.scale - boxes.offset;
  }
  const double most = static_cast<double>(kMostSamples);
  if (boxes.ratio == 0 && ((side[2] - side[0]) / static_cast<double>(boxes.width) > most ||
                           (side[3] - side[1]) / static_cast<double>(boxes.height) > most))
    return resource_limit("a box of more than " + std::to_string(kMostSamples) + " samples for one bin");
  return BoxSamples{samples_of(side[1], side[3], boxes.height, x[2], boxes),
                    samples_of(side[0], side[2], boxes.width, x[3], boxes)};
}

// Calls take(bin, point, weight, sample of the bin) for every point of every sample.
void for_each_point(const BoxSamples& box, int64_t width, auto take) {
  size_t bin = 0;
  for (const auto& row : box.rows)
    for (const auto& column : box.columns) {
      size_t sample = 0;
      for (const Neighbours& y : row)
        for (const Neighbours& x : column) {
          for (const size_t i : {size_t{0}, size_t{1}})
            for (const size_t j : {size_t{0}, size_t{1}})
              take(bin, y.places[i] * width + x.places[j], y.weights[i] * x.weights[j], 4 * sample + 2 * i + j);
          ++sample;
        }
      ++bin;
    }
}

Result<Outputs> import_roi_align(NodeContext& context) {
  ZKI_RETURN_IF_ERROR(context.require_inputs(3));
  ZKI_ASSIGN_OR_RETURN(const Boxes boxes, read_boxes(context));
  const Shape x = context.shape(0);
  const FloatTensor* rois = context.value(1).floats();
  if (rois == nullptr)
    return unsupported("boxes " + in_quotes(context.value(1).name) +
                       " are computed at run time | make them constants of the model");
  ZKI_ASSIGN_OR_RETURN(const Dims batch, context.constant_ints(2, "batch_indices"));
  const auto count = static_cast<int64_t>(batch.size());
  if (x.rank() != 4 || rois->shape() != Shape{count, 4} || count == 0)
    return invalid_argument("boxes of shape " + rois->shape().to_string() + " and " + std::to_string(count) +
                            " batch indices for an input of shape " + x.to_string());
  for (const int64_t index : batch)
    if (index < 0 || index >= x[0]) return out_of_range("batch index " + std::to_string(index));
  const int64_t points = x[2] * x[3];
  const int64_t bins = boxes.height * boxes.width;
  if (static_cast<double>(count * bins) * static_cast<double>(points) > static_cast<double>(kMostMatrixEntries))
    return resource_limit(std::to_string(count) + " boxes of " + std::to_string(bins) + " bins over " +
                          std::to_string(points) + " points");
  std::vector<BoxSamples> all;
  for (int64_t i = 0; i < count; ++i) {
    ZKI_ASSIGN_OR_RETURN(BoxSamples box, box_samples(rois->data().subspan(static_cast<size_t>(4 * i), 4), x, boxes));
    all.push_back(std::move(box));
  }
  Build b(context);
  const std::vector<ValueId> sources{context.input(1), context.input(2)};
  const ValueId list = b.derived(IntTensor(Shape{count}, batch), DataType::kInt64, sources);
  const ValueId pictures = b.gather(b.reshape(context.input(0), {x[0], x[1], points}), list, 0);
  const Dims out{count, x[1], boxes.height, boxes.width};
  if (!boxes.largest) {
    FloatTensor matrix(Shape{count, points, bins});
    for (size_t i = 0; i < all.size(); ++i) {
      const double samples = static_cast<double>(std::max<size_t>(all[i].rows[0].size() * all[i].columns[0].size(), 1));
      for_each_point(all[i], x[3], [&](size_t bin, int64_t point, double weight, size_t) {
        matrix[(i * static_cast<size_t>(points) + static_cast<size_t>(point)) * static_cast<size_t>(bins) + bin] +=
            static_cast<float>(weight / samples);
      });
    }
    return b.output(b.reshape(b.matmul(pictures, b.derived(std::move(matrix), DataType::kFloat, sources)), out));
  }
  std::vector<ValueId> parts;
  for (size_t i = 0; i < all.size() && b.ok(); ++i) {
    const auto samples = static_cast<int64_t>(4 * all[i].rows[0].size() * all[i].columns[0].size());
    if (samples == 0) {
      parts.push_back(b.expand(b.number(0), Shape{1, x[1], bins}));
      continue;
    }
    Dims places(static_cast<size_t>(bins * samples), 0);
    FloatTensor weights(Shape{bins, samples});
    for_each_point(all[i], x[3], [&](size_t bin, int64_t point, double weight, size_t at) {
      places[bin * static_cast<size_t>(samples) + at] = point;
      weights[bin * static_cast<size_t>(samples) + at] = static_cast<float>(weight);
    });
    const ValueId picture = b.slice(pictures, 0, static_cast<int64_t>(i), 1);
    const ValueId where = b.derived(IntTensor(Shape{bins * samples}, std::move(places)), DataType::kInt64, sources);
    const ValueId values = b.reshape(b.gather(picture, where, 2), {1, x[1], bins, samples});
    const ValueId weighted = b.mul(values, b.derived(std::move(weights), DataType::kFloat, sources));
    parts.push_back(b.reduce(OpKind::kReduceMax, weighted, {3}, false));
  }
  return b.output(b.reshape(parts.size() == 1 ? parts[0] : b.concat(parts, 0), out));
}

// ---- DeformConv: every cell of every window is read where an offset says, then a product with the weights.

Result<Outputs> import_deform_conv(NodeContext& context) {
  ZKI_RETURN_IF_ERROR(context.require_inputs(3));
  const Shape x = context.shape(0);
  const Shape w = context.shape(1);
  const Shape offset = context.shape(2);
  ZKI_ASSIGN_OR_RETURN(const int64_t offset_groups, context.int_attribute("offset_group", 1));
  if (x.rank() != 4 || w.rank() != 4)
    return unsupported("an input of shape " + x.to_string() + " | use two spatial axes");
  ZKI_ASSIGN_OR_RETURN(const ir::ConvAttributes conv, read_conv(context, x, w));
  const int64_t taps = w[2] * w[3];
  Dims out;
  for (const size_t i : {size_t{0}, size_t{1}}) {
    const int64_t room = x[i + 2] + conv.pads_begin[i] + conv.pads_end[i] - conv.dilations[i] * (w[i + 2] - 1) - 1;
    out.push_back(room < 0 ? 0 : room / conv.strides[i] + 1);
  }
  const int64_t positions = out[0] * out[1];
  if (positions < 1 || taps < 1 || offset_groups < 1 || x[1] % offset_groups != 0 || x[1] != w[1] * conv.groups ||
      w[0] % conv.groups != 0 || offset != Shape{x[0], offset_groups * taps * 2, out[0], out[1]})
    return invalid_argument("weight of shape " + w.to_string() + " and offsets of shape " + offset.to_string() +
                            " for an input of shape " + x.to_string());
  Build b(context);
  const int64_t pictures = x[0] * offset_groups;
  const int64_t channels = x[1] / offset_groups;
  const ValueId offsets = b.reshape(context.input(2), {pictures, taps, 2, positions});
  std::vector<Coordinate> coordinates;
  for (const size_t i : {size_t{0}, size_t{1}}) {
    FloatTensor start(Shape({1, taps, 1, positions}));
    for (int64_t tap = 0; tap < taps; ++tap)
      for (int64_t at = 0; at < positions; ++at) {
        const int64_t cell = i == 0 ? tap / w[3] : tap % w[3];
        const int64_t window = i == 0 ? at / out[1] : at % out[1];
        start[static_cast<size_t>(tap * positions + at)] =
            static_cast<float>(window * conv.strides[i] - conv.pads_begin[i] + cell * conv.dilations[i]);
      }
    const Dims flat_dims{pictures, taps * positions};
    const ValueId own = b.reshape(b.slice(offsets, 2, static_cast<int64_t>(i), 1), flat_dims);
    const ValueId starts =
        b.expand(b.literal(std::move(start), DataType::kFloat), Shape({pictures, taps, 1, positions}));
    coordinates.emplace_back([&b, own, starts, flat_dims] { return b.add(own, b.reshape(starts, flat_dims)); });
  }
  const ValueId flat = b.reshape(context.input(0), {pictures, channels, x[2] * x[3]});
  ValueId cells = sample(b, flat, {x[2], x[3]}, coordinates, {});
  if (context.has_input(4)) cells = b.mul(cells, b.reshape(context.input(4), {pictures, 1, taps * positions}));
  const ValueId table = b.reshape(cells, {x[0], conv.groups, w[1] * taps, positions});
  const ValueId kernel = b.reshape(context.input(1), {1, conv.groups, w[0] / conv.groups, w[1] * taps});
  ValueId y = b.reshape(b.matmul(kernel, table), {x[0], w[0], out[0], out[1]});
  if (context.has_input(3)) y = b.add(y, b.reshape(context.input(3), {w[0], 1, 1}));
  return b.output(y);
}

constexpr auto kHandlers = std::to_array<Handler>({
    {"GridSample", "align_corners mode padding_mode", check_grid_sample, import_grid_sample},
    {"AffineGrid", "align_corners", no_check, import_affine_grid},
    {"RoiAlign", "coordinate_transformation_mode mode output_height output_width sampling_ratio spatial_scale",
     check_roi_align, import_roi_align},
    {"DeformConv", "dilations group kernel_shape offset_group pads strides", no_check, import_deform_conv},
});

}  // namespace

std::span<const Handler> sample_handlers() { return kHandlers; }

}  // namespace zkinfer::frontend_onnx
