// SPDX-License-Identifier: Apache-2.0
#include <algorithm>

#include "base/parallel.h"
#include "exec/float/kernels.h"

namespace zkinfer::exec_float {

namespace {

using std::size_t;

size_t index(std::int64_t x) { return static_cast<size_t>(x); }

// A convolution with one or two spatial axes seen as two-dimensional (a missing height is 1).
struct ConvShape {
  size_t batch, channels, height, width;       // input
  size_t filters, out_height, out_width;       // output
  size_t groups, kernel_height, kernel_width;  // weight [filters, channels / groups, kernel_height, kernel_width]
  std::int64_t stride_h, stride_w, dilation_h, dilation_w, pad_top, pad_left;
  size_t depth() const { return channels / groups * kernel_height * kernel_width; }
  size_t pixels() const { return out_height * out_width; }
};

ConvShape conv_shape(const Shape& x, const Shape& w, const Shape& y, const ir::ConvAttributes& conv) {
  const bool two = x.rank() == 4;
  const auto first = [&](const Dims& dims, std::int64_t missing) { return two ? dims[0] : missing; };
  return {index(x[0]),
          index(x[1]),
          two ? index(x[2]) : 1,
          index(x[x.rank() - 1]),
          index(w[0]),
          two ? index(y[2]) : 1,
          index(y[y.rank() - 1]),
          index(conv.groups),
          two ? index(w[2]) : 1,
          index(w[w.rank() - 1]),
          first(conv.strides, 1),
          conv.strides.back(),
          first(conv.dilations, 1),
          conv.dilations.back(),
          first(conv.pads_begin, 0),
          conv.pads_begin.back()};
}

// columns[depth, pixel_end - pixel_begin]: the input values each output pixel of the range sees, zero in the padding.
void gather_columns(const ConvShape& s, const float* x, size_t pixel_begin, size_t pixel_end, float* columns) {
  const size_t num_pixels = pixel_end - pixel_begin;
  for (size_t channel = 0; channel < s.channels / s.groups; ++channel)
    for (size_t kh = 0; kh < s.kernel_height; ++kh)
      for (size_t kw = 0; kw < s.kernel_width; ++kw) {
        size_t out_row = pixel_begin / s.out_width;
        size_t out_column = pixel_begin % s.out_width;
        for (size_t i = 0; i < num_pixels; ++i) {
          const std::int64_t row = static_cast<std::int64_t>(out_row) * s.stride_h +
                                   static_cast<std::int64_t>(kh) * s.dilation_h - s.pad_top;
          const std::int64_t column = static_cast<std::int64_t>(out_column) * s.stride_w +
                                      static_cast<std::int64_t>(kw) * s.dilation_w - s.pad_left;
          const bool inside = row >= 0 && row < static_cast<std::int64_t>(s.height) && column >= 0 &&
                              column < static_cast<std::int64_t>(s.width);
          columns[i] = inside ? x[(channel * s.height + index(row)) * s.width + index(column)] : 0.0F;
          if (++out_column == s.out_width) {
            out_column = 0;
            ++out_row;
          }
        }
        columns += num_pixels;
      }
}

FloatTensor convolve(const Operation& op) {
  const FloatTensor& x = op.floats(0);
  const FloatTensor& w = op.floats(1);
  FloatTensor y(op.output_shape);
  const ConvShape s = conv_shape(x.shape(), w.shape(), op.output_shape, op.node.as<ir::ConvAttributes>());
  const size_t group_filters = s.filters / s.groups;
  const size_t chunk = std::clamp<size_t>((size_t{1} << 17) / std::max<size_t>(s.depth(), 1), 8, 1024);
  const size_t chunks_per_image = (s.pixels() + chunk - 1) / chunk;
  parallel_for(s.batch * s.groups * chunks_per_image, 1, [&](size_t begin, size_t end) {
    std::vector<float> columns(s.depth() * chunk);
    std::vector<float> sums(group_filters * chunk);
    for (size_t task = begin; task < end; ++task) {
      const size_t image = task / (s.groups * chunks_per_image);
      const size_t group = task / chunks_per_image % s.groups;
      const size_t pixel_begin = task % chunks_per_image * chunk;
      const size_t pixel_end = std::min(pixel_begin + chunk, s.pixels());
      const size_t num_pixels = pixel_end - pixel_begin;
      const size_t first_channel = image * s.channels + group * (s.channels / s.groups);
      gather_columns(s, x.data().data() + first_channel * s.height * s.width, pixel_begin, pixel_end, columns.data());
      for (size_t f = 0; f < group_filters; ++f)
        std::fill_n(sums.begin() + static_cast<std::ptrdiff_t>(f * num_pixels), num_pixels,
                    op.has(2) ? op.floats(2)[group * group_filters + f] : 0.0F);
      gemm_accumulate(w.data().data() + group * group_filters * s.depth(), columns.data(), sums.data(), group_filters,
                      num_pixels, s.depth());
      for (size_t f = 0; f < group_filters; ++f) {
        const size_t filter = image * s.filters + group * group_filters + f;
        std::copy_n(sums.begin() + static_cast<std::ptrdiff_t>(f * num_pixels), num_pixels,
                    y.data().begin() + static_cast<std::ptrdiff_t>(filter * s.pixels() + pixel_begin));
      }
    }
  });
  return y;
}

void integer_product(const IntTensor& a, const IntTensor& b, IntTensor& c, size_t a_begin, size_t b_begin,
                     size_t c_begin, size_t m, size_t n, size_t k) {
  for (size_t i = 0; i < m; ++i)
    for (size_t j = 0; j < n; ++j) {
      std::uint64_t sum = 0;  // wraps around like the ONNX integer types
      for (size_t p = 0; p < k; ++p)
        sum += static_cast<std::uint64_t>(a[a_begin + i * k + p]) * static_cast<std::uint64_t>(b[b_begin + p * n + j]);
      c[c_begin + i * n + j] = static_cast<std::int64_t>(sum);
    }
}

AnyTensor matmul(const Operation& op) {
  const Shape& a = shape_of(*op.inputs[0]);
  const Shape& b = shape_of(*op.inputs[1]);
  const Shape& y = op.output_shape;
  const size_t m = index(a[a.rank() - 2]);
  const size_t k = index(a[a.rank() - 1]);
  const size_t n = index(b[b.rank() - 1]);
  const auto batch = [](const Shape& s) { return Shape(Dims(s.dims().begin(), s.dims().end() - 2)); };
  const Shape batches = batch(y);
  Odometer odometer(batches, {broadcast_strides(batch(a), batches), broadcast_strides(batch(b), batches)});
  if (!op.is_float(0)) {
    IntTensor c(y);
    for (size_t i = 0; i < index(batches.num_elements()); ++i, odometer.next())
      integer_product(op.ints(0), op.ints(1), c, index(odometer.offset(0)) * m * k, index(odometer.offset(1)) * k * n,
                      i * m * n, m, n, k);
    return c;
  }
  FloatTensor c(y);
  for (size_t i = 0; i < index(batches.num_elements()); ++i, odometer.next()) {
    const float* left = op.floats(0).data().data() + index(odometer.offset(0)) * m * k;
    const float* right = op.floats(1).data().data() + index(odometer.offset(1)) * k * n;
    float* out = c.data().data() + i * m * n;
    if (op.has(2))
      for (size_t row = 0; row < m; ++row) std::copy_n(op.floats(2).data().begin(), n, out + row * n);
    parallel_for(m, std::max<size_t>(4, (size_t{1} << 20) / std::max<size_t>(n * k, 1)), [&](size_t begin, size_t end) {
      gemm_accumulate(left + begin * k, right, out + begin * n, end - begin, n, k);
    });
  }
  return c;
}

FloatTensor transposed(const FloatTensor& x) {
  const size_t rows = index(x.shape()[0]);
  const size_t columns = index(x.shape()[1]);
  FloatTensor out(Shape{x.shape()[1], x.shape()[0]});
  for (size_t i = 0; i < rows; ++i)
    for (size_t j = 0; j < columns; ++j) out[j * rows + i] = x[i * columns + j];
  return out;
}

FloatTensor gemm(const Operation& op) {
  const auto& attributes = op.node.as<ir::GemmAttributes>();
  const FloatTensor a = attributes.transpose_a ? transposed(op.floats(0)) : op.floats(0);
  const FloatTensor b = attributes.transpose_b ? transposed(op.floats(1)) : op.floats(1);
  FloatTensor y(op.output_shape);
  gemm_accumulate(a.data().data(), b.data().data(), y.data().data(), index(a.shape()[0]), index(b.shape()[1]),
                  index(a.shape()[1]));
  for (float& x : y.data()) x *= attributes.alpha;
  if (op.has(2)) {
    Odometer odometer(y.shape(), {broadcast_strides(op.floats(2).shape(), y.shape())});
    for (size_t i = 0; i < y.data().size(); ++i, odometer.next())
      y[i] += attributes.beta * op.floats(2)[index(odometer.offset(0))];
  }
  return y;
}

}  // namespace

Result<AnyTensor> run_contract(const Operation& op) {
  switch (op.node.op) {
    case ir::OpKind::kConv: return AnyTensor(convolve(op));
    case ir::OpKind::kMatMul: return matmul(op);
    case ir::OpKind::kGemm: return AnyTensor(gemm(op));
    default: return internal_error("no contraction");
  }
}

}  // namespace zkinfer::exec_float
