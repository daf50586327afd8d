// SPDX-License-Identifier: Apache-2.0
// MatMul a [.., M, K] times b [.., K, N]. Few rows, or parts of rows: walk b in its own order. Many rows: transpose b once, then dot rows.
#include <algorithm>
#include <vector>

#include "base/parallel.h"
#include "exec/integer/dot.h"
#include "exec/integer/operand.h"

namespace zkinfer::exec_integer {

namespace {

// Below this many rows, transposing b costs more than it saves.
constexpr std::size_t kFewRows = 8;
constexpr std::size_t kColumnGrain = 256;
constexpr std::size_t kBlockElements = std::size_t{1} << 22;  // of b, transposed

struct Sizes {
  std::size_t rows, depth, cols;
};

// Columns [first, first + num_cols) of b, each with its entries side by side.
template <class T>
void transpose_into(const Operand& b, std::size_t begin, Sizes sizes, std::size_t first, std::size_t num_cols,
                    std::vector<T>& out) {
  out.resize(num_cols * sizes.depth);
  parallel_for(num_cols, kColumnGrain, [&](std::size_t from, std::size_t to) {
    std::vector<T> row(to - from);
    for (std::size_t k = 0; k < sizes.depth; ++k) {
      b.copy<T>(begin + k * sizes.cols + first + from, row);
      for (std::size_t n = from; n < to; ++n) out[n * sizes.depth + k] = row[n - from];
    }
  });
}

// Some columns of b at a time: a transposed copy of all of them may be larger than the model.
template <class T, class F>
void for_column_blocks(const Operand& b, std::size_t b_begin, Sizes sizes, const F& visit) {
  const std::size_t most = std::max(kColumnGrain, kBlockElements / sizes.depth);
  std::vector<T> columns;
  for (std::size_t first = 0; first < sizes.cols; first += most) {
    const std::size_t num_cols = std::min(most, sizes.cols - first);
    transpose_into(b, b_begin, sizes, first, num_cols, columns);
    visit(first, num_cols, columns);
  }
}

// out: [rows, row_stride of it].
template <class T>
void dot_rows(const std::vector<T>& left, const std::vector<T>& columns, Sizes sizes, std::size_t num_cols,
              std::size_t max_run, std::int64_t* out, std::size_t out_stride) {
  DotJob<T> job;
  job.left = columns.data();
  job.right = left.data();
  job.num_rows = num_cols;
  job.num_cols = sizes.rows;
  job.depth = sizes.depth;
  job.max_run = max_run;
  job.out = out;
  job.row_stride = 1;
  job.col_stride = out_stride;
  dot_all(job);
}

template <class T>
void many_rows(const OpContext& op, std::size_t a_begin, std::size_t b_begin, std::size_t out_begin, Sizes sizes) {
  const Operand& a = op.inputs[0];
  const Operand& b = op.inputs[1];
  std::vector<T> left(sizes.rows * sizes.depth);
  a.copy<T>(a_begin, left);
  const std::size_t max_run = max_run_of(a.lo(), a.hi(), b.lo(), b.hi());
  for_column_blocks<T>(b, b_begin, sizes, [&](std::size_t first, std::size_t num_cols, const std::vector<T>& columns) {
    dot_rows(left, columns, sizes, num_cols, max_run, op.out.data() + out_begin + first, sizes.cols);
  });
}

// The same with a's integers in two parts of 16 bits.
void many_split_rows(const OpContext& op, std::size_t a_begin, std::size_t b_begin, std::size_t out_begin, Sizes sizes,
                     int low_bits) {
  const Operand& a = op.inputs[0];
  const Operand& b = op.inputs[1];
  std::vector<std::int32_t> left(sizes.rows * sizes.depth);
  a.copy<std::int32_t>(a_begin, left);
  std::vector<std::int16_t> low(left.size()), high(left.size());
  const std::int32_t half = std::int32_t{1} << (low_bits - 1);
  for (std::size_t i = 0; i < left.size(); ++i) {
    const std::int32_t part = ((left[i] + half) & (2 * half - 1)) - half;
    low[i] = static_cast<std::int16_t>(part);
    high[i] = static_cast<std::int16_t>((left[i] - part) >> low_bits);
  }
  const std::int64_t most = (std::max(a.hi(), -a.lo()) >> low_bits) + 1;
  const std::size_t low_run = max_run_of(-half, half, b.lo(), b.hi()),
                    high_run = max_run_of(-most, most, b.lo(), b.hi());
  std::vector<std::int64_t> highs;
  for_column_blocks<std::int16_t>(
      b, b_begin, sizes, [&](std::size_t first, std::size_t num_cols, const std::vector<std::int16_t>& columns) {
        std::int64_t* const out = op.out.data() + out_begin + first;
        dot_rows(low, columns, sizes, num_cols, low_run, out, sizes.cols);
        highs.resize(sizes.rows * num_cols);
        dot_rows(high, columns, sizes, num_cols, high_run, highs.data(), num_cols);
        for (std::size_t m = 0; m < sizes.rows; ++m) {
          for (std::size_t n = 0; n < num_cols; ++n)
            out[m * sizes.cols + n] += highs[m * num_cols + n] * (std::int64_t{1} << low_bits);
        }
      });
}

// Columns [begin, end) of all rows.
void few_rows(const OpContext& op, std::size_t a_begin, std::size_t b_begin, std::size_t out_begin, Sizes sizes,
              std::size_t begin, std::size_t end) {
  const Operand& a = op.inputs[0];
  const Operand& b = op.inputs[1];
  parallel_for(end - begin, kColumnGrain, [&](std::size_t first, std::size_t last) {
    const auto out_row = [&](std::size_t m) {
      return op.out.subspan(out_begin + m * sizes.cols + begin + first, last - first);
    };
    for (std::size_t m = 0; m < sizes.rows; ++m) std::ranges::fill(out_row(m), 0);
    std::vector<std::int64_t> b_row(last - first);
    for (std::size_t k = 0; k < sizes.depth; ++k) {
      b.copy<std::int64_t>(b_begin + k * sizes.cols + begin + first, b_row);
      for (std::size_t m = 0; m < sizes.rows; ++m) {
        const std::int64_t factor = a[a_begin + m * sizes.depth + k];
        if (factor == 0) continue;
        const std::span<std::int64_t> out = out_row(m);
        for (std::size_t n = 0; n < b_row.size(); ++n) out[n] += factor * b_row[n];
      }
    }
  });
}

// Row by row what the runs hold of it. at: a's and b's matrices.
void parts_of_rows(const OpContext& op, Odometer& at, Sizes sizes) {
  Sizes row = sizes;
  row.rows = 1;
  for (const Run& run : op.runs) {
    for (std::size_t i = run.begin; i < run.end();) {
      const std::size_t index = i / sizes.cols, column = i % sizes.cols;
      const std::size_t end = std::min(sizes.cols, column + (run.end() - i));
      at.seek(static_cast<std::int64_t>(index / sizes.rows));
      const std::size_t a_row = static_cast<std::size_t>(at.offset(0)) * sizes.rows + index % sizes.rows;
      few_rows(op, a_row * sizes.depth, static_cast<std::size_t>(at.offset(1)) * sizes.depth * sizes.cols,
               index * sizes.cols, row, column, end);
      i += end - column;
    }
  }
}

void whole(const OpContext& op, Odometer& odometer, const Shape& batch, Sizes sizes) {
  const Operand& a = op.inputs[0];
  const Operand& b = op.inputs[1];
  // One matrix against many: the leading axes of `a` are more rows of one product.
  const bool one_right =
      b.shape().num_elements() == b.shape()[b.shape().rank() - 2] * b.shape()[b.shape().rank() - 1] &&
      a.shape().num_elements() ==
          batch.num_elements() * a.shape()[a.shape().rank() - 2] * a.shape()[a.shape().rank() - 1];
  const std::size_t num_products = one_right ? 1 : static_cast<std::size_t>(batch.num_elements());
  Sizes product = sizes;
  if (one_right) product.rows *= static_cast<std::size_t>(batch.num_elements());

  for (std::size_t i = 0; i < num_products; ++i, odometer.next()) {
    const std::size_t a_begin = static_cast<std::size_t>(odometer.offset(0)) * product.rows * product.depth;
    const std::size_t b_begin = static_cast<std::size_t>(odometer.offset(1)) * product.depth * product.cols;
    const std::size_t out_begin = i * product.rows * product.cols;
    if (product.rows < kFewRows) {
      few_rows(op, a_begin, b_begin, out_begin, product, 0, product.cols);
      continue;
    }
    if (const int low_bits = split_bits(a.lo(), a.hi(), b.lo(), b.hi()); low_bits > 0) {
      many_split_rows(op, a_begin, b_begin, out_begin, product, low_bits);
      continue;
    }
    switch (dot_width(a.lo(), a.hi(), b.lo(), b.hi())) {
      case Width::k16: many_rows<std::int16_t>(op, a_begin, b_begin, out_begin, product); break;
      case Width::k32: many_rows<std::int32_t>(op, a_begin, b_begin, out_begin, product); break;
      case Width::k64: many_rows<std::int64_t>(op, a_begin, b_begin, out_begin, product); break;
    }
  }
}

}  // namespace

void run_matmul(const OpContext& op) {
  const Operand& a = op.inputs[0];
  const Operand& b = op.inputs[1];
  const Shape& out = *op.out_shape;
  const std::size_t rank = out.rank();
  const Sizes sizes = {static_cast<std::size_t>(out[rank - 2]),
                       static_cast<std::size_t>(a.shape()[a.shape().rank() - 1]),
                       static_cast<std::size_t>(out[rank - 1])};
  const auto batch_shape = [](const Shape& shape) { return Shape(Dims(shape.dims().begin(), shape.dims().end() - 2)); };
  const Shape batch = batch_shape(out);
  Odometer odometer(
      batch, {broadcast_strides(batch_shape(a.shape()), batch), broadcast_strides(batch_shape(b.shape()), batch)});
  if (op.is_whole()) {
    whole(op, odometer, batch, sizes);
  } else {
    parts_of_rows(op, odometer, sizes);
  }
  if (op.inputs.size() == 3) {
    const Operand& bias = op.inputs[2];
    walk(op, [&](std::size_t i) { op.out[i] += bias[i % sizes.cols]; });
  }
}

}  // namespace zkinfer::exec_integer
