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

struct Sizes {
  std::size_t rows, depth, cols;
};

template <class T>
void transpose_into(const Operand& b, std::size_t begin, Sizes sizes, std::vector<T>& out) {
  std::vector<T> plain(sizes.depth * sizes.cols);
  b.copy<T>(begin, plain);
  out.resize(plain.size());
  parallel_for(sizes.cols, kColumnGrain, [&](std::size_t first, std::size_t last) {
    for (std::size_t k = 0; k < sizes.depth; ++k) {
      for (std::size_t n = first; n < last; ++n) out[n * sizes.depth + k] = plain[k * sizes.cols + n];
    }
  });
}

template <class T>
void many_rows(const OpContext& op, std::size_t a_begin, std::size_t b_begin, std::size_t out_begin, Sizes sizes) {
  const Operand& a = op.inputs[0];
  const Operand& b = op.inputs[1];
  std::vector<T> left(sizes.rows * sizes.depth);
  a.copy<T>(a_begin, left);
  std::vector<T> right;
  transpose_into(b, b_begin, sizes, right);
  DotJob<T> job;
  job.left = right.data();
  job.right = left.data();
  job.num_rows = sizes.cols;
  job.num_cols = sizes.rows;
  job.depth = sizes.depth;
  job.max_run = max_run_of(a.lo(), a.hi(), b.lo(), b.hi());
  job.out = op.out.data() + out_begin;
  job.row_stride = 1;
  job.col_stride = sizes.cols;
  dot_all(job);
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
