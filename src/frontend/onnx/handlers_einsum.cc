// SPDX-License-Identifier: Apache-2.0
// Einsum as transpositions, sums and matrix products; determinants of small matrices.
#include <algorithm>
#include <array>
#include <map>

#include "frontend/onnx/build.h"
#include "frontend/onnx/proto_text.h"

namespace zkinfer::frontend_onnx {

namespace {

using ir::OpKind;
using ir::ValueId;
using std::int64_t;
using std::size_t;

// A tensor with a letter for every axis.
struct Labelled {
  ValueId value;
  std::string labels;
};

struct Equation {
  std::vector<std::string> operands;
  std::string output;
};

// Spaces go, "..." becomes capital letters from '0' on (which no equation has), and a missing output is the letters that occur
// once, in order.
Result<Equation> parse(std::string text, const std::vector<size_t>& ranks) {
  std::erase(text, ' ');
  const std::string shown = "equation " + in_quotes(text);
  const size_t arrow = text.find("->");
  std::string left = text.substr(0, arrow);
  Equation equation;
  for (size_t begin = 0; begin <= left.size();) {
    const size_t end = std::min(left.find(',', begin), left.size());
    equation.operands.push_back(left.substr(begin, end - begin));
    begin = end + 1;
  }
  if (equation.operands.size() != ranks.size())
    return invalid_argument(shown + " for " + std::to_string(ranks.size()) + " inputs");
  size_t most = 0;  // axes under an ellipsis
  for (size_t i = 0; i < ranks.size(); ++i) {
    std::string& labels = equation.operands[i];
    const size_t dots = labels.find("...");
    const size_t letters = dots == std::string::npos ? labels.size() : labels.size() - 3;
    if (letters > ranks[i] || (dots == std::string::npos && letters != ranks[i]))
      return invalid_argument(shown + ": operand " + std::to_string(i) + " has rank " + std::to_string(ranks[i]));
    if (dots != std::string::npos) most = std::max(most, ranks[i] - letters);
  }
  const auto expand = [&](std::string& labels, size_t count) {
    const size_t dots = labels.find("...");
    if (dots == std::string::npos) return;
    std::string digits;
    for (size_t i = most - count; i < most; ++i) digits += static_cast<char>('0' + i);
    labels.replace(dots, 3, digits);
  };
  for (size_t i = 0; i < ranks.size(); ++i) {
    const size_t dots = equation.operands[i].find("...");
    if (dots != std::string::npos) expand(equation.operands[i], ranks[i] - (equation.operands[i].size() - 3));
  }
  if (arrow != std::string::npos) {
    equation.output = text.substr(arrow + 2);
    expand(equation.output, most);
  } else {
    std::map<char, int> seen;
    for (const std::string& labels : equation.operands)
      for (const char c : labels) ++seen[c];
    for (const auto& [c, count] : seen)
      if (count == 1 || (c >= '0' && c <= '9')) equation.output += c;
  }
  for (const std::string* labels : {&equation.output})
    for (const char c : *labels)
      if (std::none_of(equation.operands.begin(), equation.operands.end(),
                       [c](const std::string& operand) { return operand.find(c) != std::string::npos; }) ||
          std::count(labels->begin(), labels->end(), c) != 1)
        return invalid_argument(shown + ": the output's letters must be different ones of the operands");
  for (const std::string& labels : equation.operands)
    for (const char c : labels)
      if ((c < 'a' || c > 'z') && (c < 'A' || c > 'Z') && (c < '0' || c > '9'))
        return invalid_argument(shown + ": unexpected character");
  return equation;
}

// A letter that occurs twice means the diagonal: every (n + 1)-th of the two axes as one.
Labelled diagonals(Build& b, Labelled x) {
  for (size_t i = 0; i < x.labels.size() && b.ok(); ++i) {
    const size_t j = x.labels.find(x.labels[i], i + 1);
    if (j == std::string::npos) continue;
    const Shape shape = b.shape(x.value);
    if (shape[i] != shape[j]) {
      b.fail(invalid_argument("a diagonal of shape " + shape.to_string()));
      return x;
    }
    Dims perm;
    Dims dims;
    std::string labels;
    for (size_t axis = 0; axis < shape.rank(); ++axis)
      if (axis != i && axis != j) {
        perm.push_back(static_cast<int64_t>(axis));
        dims.push_back(shape[axis]);
        labels += x.labels[axis];
      }
    perm.insert(perm.end(), {static_cast<int64_t>(i), static_cast<int64_t>(j)});
    dims.push_back(shape[i] * shape[i]);
    labels += x.labels[i];
    x.value = b.reshape(b.transpose(x.value, std::move(perm)), std::move(dims));
    x.value = b.slice(x.value, labels.size() - 1, 0, shape[i], shape[i] + 1);
    x.labels = labels;
    i = static_cast<size_t>(-1);
  }
  return x;
}

// Sums out the letters that nobody needs.
Labelled reduced(Build& b, Labelled x, const std::string& needed) {
  Dims axes;
  std::string rest;
  for (size_t i = 0; i < x.labels.size(); ++i)
    if (needed.find(x.labels[i]) == std::string::npos)
      axes.push_back(static_cast<int64_t>(i));
    else
      rest += x.labels[i];
  if (axes.empty()) return x;
  return {b.reduce(OpKind::kReduceSum, x.value, std::move(axes), false), rest};
}

// The axes in the order of `labels`; letters that x lacks become axes of length 1.
ValueId arranged(Build& b, const Labelled& x, const std::string& labels) {
  if (!b.ok()) return x.value;
  Dims perm;
  Dims dims;
  for (const char c : labels) {
    const size_t at = x.labels.find(c);
    if (at == std::string::npos) {
      dims.push_back(1);
      continue;
    }
    perm.push_back(static_cast<int64_t>(at));
    dims.push_back(b.shape(x.value)[at]);
  }
  return b.reshape(b.transpose(x.value, std::move(perm)), std::move(dims));
}

int64_t product_of(const Shape& shape, size_t begin, size_t end) { return shape.num_elements(begin, end); }

// The sum over the letters of both that are not needed afterwards: batch, rows x inner times inner x columns.
Labelled contract(Build& b, const Labelled& x, const Labelled& y, const std::string& needed) {
  std::string batch;
  std::string rows;
  std::string columns;
  std::string inner;
  for (const char c : x.labels)
    if (y.labels.find(c) == std::string::npos)
      rows += c;
    else
      (needed.find(c) == std::string::npos ? inner : batch) += c;
  for (const char c : y.labels)
    if (x.labels.find(c) == std::string::npos) columns += c;
  if (inner.empty()) {
    const std::string all = batch + rows + columns;
    return {b.mul(arranged(b, x, all), arranged(b, y, all)), all};
  }
  const ValueId left = arranged(b, x, batch + rows + inner);
  const ValueId right = arranged(b, y, batch + inner + columns);
  if (!b.ok()) return x;
  const Shape l = b.shape(left);
  const Shape r = b.shape(right);
  const size_t split = batch.size();
  Dims left_dims(l.dims().begin(), l.dims().begin() + static_cast<std::ptrdiff_t>(split));
  Dims right_dims(r.dims().begin(), r.dims().begin() + static_cast<std::ptrdiff_t>(split));
  Dims result;
  for (size_t i = 0; i < split; ++i) result.push_back(std::max(l[i], r[i]));
  for (size_t i = split; i < split + rows.size(); ++i) result.push_back(l[i]);
  for (size_t i = split + inner.size(); i < r.rank(); ++i) result.push_back(r[i]);
  left_dims.insert(left_dims.end(),
                   {product_of(l, split, split + rows.size()), product_of(l, split + rows.size(), l.rank())});
  right_dims.insert(right_dims.end(),
                    {product_of(r, split, split + inner.size()), product_of(r, split + inner.size(), r.rank())});
  const ValueId product = b.matmul(b.reshape(left, std::move(left_dims)), b.reshape(right, std::move(right_dims)));
  return {b.reshape(product, std::move(result)), batch + rows + columns};
}

Result<Outputs> import_einsum(NodeContext& context) {
  const size_t count = std::max<size_t>(context.num_inputs(), 1);
  ZKI_RETURN_IF_ERROR(context.require_inputs(count));
  ZKI_ASSIGN_OR_RETURN(const std::string text, context.string_attribute("equation", ""));
  std::vector<size_t> ranks;
  for (size_t i = 0; i < count; ++i) ranks.push_back(context.shape(i).rank());
  ZKI_ASSIGN_OR_RETURN(const Equation equation, parse(text, ranks));
  // Letters that operand i and later ones, or the output, still need.
  const auto needed_from = [&](size_t i) {
    std::string needed = equation.output;
    for (; i < count; ++i) needed += equation.operands[i];
    return needed;
  };
  Build b(context);
  Labelled x = diagonals(b, {context.input(0), equation.operands[0]});
  x = reduced(b, x, needed_from(1));
  for (size_t i = 1; i < count; ++i) {
    Labelled next = diagonals(b, {context.input(i), equation.operands[i]});
    next = reduced(b, next, needed_from(i + 1) + x.labels);
    x = reduced(b, x, needed_from(i + 1) + next.labels);
    x = contract(b, x, next, needed_from(i + 1));
  }
  return b.output(arranged(b, x, equation.output));
}

// By minors of the first row. rows: those of the matrices [.., n, n] that are left.
ValueId determinant(Build& b, ValueId x, int64_t first_row, const std::vector<int64_t>& columns) {
  if (!b.ok()) return x;
  const size_t rank = b.shape(x).rank();
  ValueId sum = ir::kNoValue;
  for (size_t i = 0; i < columns.size(); ++i) {
    ValueId term = b.slice(b.slice(x, rank - 2, first_row, 1), rank - 1, columns[i], 1);
    if (columns.size() > 1) {
      std::vector<int64_t> others = columns;
      others.erase(others.begin() + static_cast<std::ptrdiff_t>(i));
      term = b.mul(term, determinant(b, x, first_row + 1, others));
    }
    sum = i == 0 ? term : i % 2 == 0 ? b.add(sum, term) : b.sub(sum, term);
  }
  return sum;
}

Result<Outputs> import_det(NodeContext& context) {
  ZKI_RETURN_IF_ERROR(context.require_inputs(1));
  const Shape x = context.shape(0);
  if (x.rank() < 2 || x[x.rank() - 1] != x[x.rank() - 2])
    return invalid_argument("input of shape " + x.to_string() + ", expected square matrices");
  const int64_t size = x[x.rank() - 1];
  if (size > 4) return unsupported("determinants of " + std::to_string(size) + " rows | at most 4 are possible");
  std::vector<int64_t> columns;
  for (int64_t i = 0; i < size; ++i) columns.push_back(i);
  Build b(context);
  return b.output(b.reshape(determinant(b, context.input(0), 0, columns), Dims(x.dims().begin(), x.dims().end() - 2)));
}

constexpr auto kHandlers = std::to_array<Handler>({
    {"Einsum", "equation", no_check, import_einsum},
    {"Det", "", no_check, import_det},
});

}  // namespace

std::span<const Handler> einsum_handlers() { return kHandlers; }

}  // namespace zkinfer::frontend_onnx
