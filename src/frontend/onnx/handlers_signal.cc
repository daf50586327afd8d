// SPDX-License-Identifier: Apache-2.0
// Windows, Fourier transforms of known length (products with constant matrices) and the mel filter bank.
#include <algorithm>
#include <array>
#include <cmath>
#include <numbers>

#include "frontend/onnx/conv.h"
#include "frontend/onnx/proto_text.h"

namespace zkinfer::frontend_onnx {

namespace {

using ir::OpKind;
using ir::ValueId;
using std::int64_t;
using std::size_t;

constexpr int64_t kMostMatrixEntries = 1 << 24;

Result<int64_t> constant_length(const NodeContext& context, size_t input, std::string_view what) {
  ZKI_ASSIGN_OR_RETURN(const Dims list, context.constant_ints(input, what));
  if (list.size() != 1 || list[0] < 1 || list[0] > 1 << 24)
    return invalid_argument(std::string(what) + " " + dims_to_string(list) + ", expected one number from 1 to 2^24");
  return list[0];
}

// a0 - a1 cos(2 pi n / N) + a2 cos(4 pi n / N).
Result<Outputs> import_window(NodeContext& context, double a0, double a1, double a2) {
  ZKI_RETURN_IF_ERROR(context.require_inputs(1));
  ZKI_ASSIGN_OR_RETURN(const int64_t size, constant_length(context, 0, "size"));
  ZKI_ASSIGN_OR_RETURN(const int64_t periodic, context.int_attribute("periodic", 1));
  ZKI_ASSIGN_OR_RETURN(const int64_t type, context.int_attribute("output_datatype", 1));
  const std::optional<ir::DataType> dtype = data_type(static_cast<std::int32_t>(std::clamp<int64_t>(type, 0, 1 << 20)));
  if (!dtype) return unsupported("output_datatype " + std::to_string(type) + " | use float");
  const double period = static_cast<double>(periodic != 0 ? size : std::max<int64_t>(size - 1, 1));
  FloatTensor window(Shape{size});
  for (int64_t n = 0; n < size; ++n) {
    const double angle = 2 * std::numbers::pi * static_cast<double>(n) / period;
    window[static_cast<size_t>(n)] = static_cast<float>(a0 - a1 * std::cos(angle) + a2 * std::cos(2 * angle));
  }
  const ValueId floats = context.add_literal(std::move(window), ir::DataType::kFloat, "window");
  return one_output(context.add(OpKind::kCast, {floats}, ir::CastAttributes{*dtype}));
}
Result<Outputs> import_hann(NodeContext& context) { return import_window(context, 0.5, 0.5, 0); }
Result<Outputs> import_hamming(NodeContext& context) { return import_window(context, 25.0 / 46, 21.0 / 46, 0); }
Result<Outputs> import_blackman(NodeContext& context) { return import_window(context, 0.42, 0.5, 0.08); }

// cos (or sin) of 2 pi k n / length, [bins, samples].
FloatTensor wave_matrix(int64_t bins, int64_t samples, int64_t length, bool sine, double factor) {
  FloatTensor matrix(Shape{bins, samples});
  for (int64_t k = 0; k < bins; ++k)
    for (int64_t n = 0; n < samples; ++n) {
      const double angle = 2 * std::numbers::pi * static_cast<double>(k * n % length) / static_cast<double>(length);
      matrix[static_cast<size_t>(k * samples + n)] =
          static_cast<float>(factor * (sine ? std::sin(angle) : std::cos(angle)));
    }
  return matrix;
}

// The signal of `length` real samples of which x holds the first half of the spectrum: bins other than the first and the one in
// the middle stand for two.
Result<Outputs> import_half_spectrum(NodeContext& context, size_t axis, int64_t length) {
  const Shape x = context.shape(0);
  const size_t last = x.rank() - 1;
  const int64_t used = std::min(x[axis], length / 2 + 1);
  if (static_cast<double>(length) * static_cast<double>(used) > static_cast<double>(kMostMatrixEntries))
    return resource_limit("a transform of " + std::to_string(length) + " samples");
  const double factor = 1 / static_cast<double>(length);
  const auto waves = [&](bool sine) {
    FloatTensor matrix = wave_matrix(length, used, length, sine, sine ? -factor : factor);
    for (int64_t t = 0; t < length; ++t)
      for (int64_t k = 1; k < used; ++k)
        if (2 * k != length) matrix[static_cast<size_t>(t * used + k)] *= 2;
    return matrix;
  };
  Build build(context);
  Dims perm;
  for (size_t i = 0; i < x.rank(); ++i) perm.push_back(static_cast<int64_t>(i));
  std::swap(perm[axis], perm[last - 1]);
  const ValueId bins = build.transpose(build.slice(context.input(0), axis, 0, used), perm);
  ValueId y = build.matmul(build.literal(waves(false), ir::DataType::kFloat), build.slice(bins, last, 0, 1));
  if (x[last] == 2)
    y = build.add(y, build.matmul(build.literal(waves(true), ir::DataType::kFloat), build.slice(bins, last, 1, 1)));
  return build.output(build.transpose(y, perm));
}

Result<Outputs> import_dft(NodeContext& context) {
  ZKI_RETURN_IF_ERROR(context.require_inputs(1));
  const Shape x = context.shape(0);
  ZKI_ASSIGN_OR_RETURN(const int64_t inverse, context.int_attribute("inverse", 0));
  ZKI_ASSIGN_OR_RETURN(const int64_t onesided, context.int_attribute("onesided", 0));
  ZKI_ASSIGN_OR_RETURN(int64_t axis, context.int_attribute("axis", context.opset() < 20 ? 1 : -2));
  if (context.has_input(2)) {
    ZKI_ASSIGN_OR_RETURN(const Dims given, context.constant_ints(2, "axis"));
    if (given.size() != 1) return corrupt("axis needs one element");
    axis = given[0];
  }
  ZKI_ASSIGN_OR_RETURN(axis, resolve_axis(axis, x.rank()));
  const auto rank = static_cast<int64_t>(x.rank());
  const int64_t parts = rank == 0 ? 0 : x[x.rank() - 1];
  if (rank < 2 || axis == rank - 1 || (parts != 1 && parts != 2))
    return invalid_argument("axis " + std::to_string(axis) + " of an input of shape " + x.to_string() +
                            ", whose last axis holds 1 (real) or 2 (complex) numbers");
  const int64_t samples = x[static_cast<size_t>(axis)];
  const bool from_half = inverse != 0 && onesided != 0;
  int64_t length = from_half ? std::max<int64_t>(2 * (samples - 1), std::min<int64_t>(samples, 1)) : samples;
  if (context.has_input(1)) {
    ZKI_ASSIGN_OR_RETURN(length, constant_length(context, 1, "dft_length"));
  }
  if (length < 1) return invalid_argument("an axis without elements");
  if (from_half) return import_half_spectrum(context, static_cast<size_t>(axis), length);
  const int64_t bins = onesided != 0 ? length / 2 + 1 : length;
  const int64_t used = std::min(samples, length);  // the rest is padded with zeros
  if (static_cast<double>(bins) * static_cast<double>(used) > static_cast<double>(kMostMatrixEntries))
    return resource_limit("a transform of " + std::to_string(length) + " samples");
  Build build(context);
  Dims perm;
  for (int64_t i = 0; i < rank; ++i) perm.push_back(i);
  std::swap(perm[static_cast<size_t>(axis)], perm[static_cast<size_t>(rank - 2)]);
  const ValueId cut =
      used == samples ? context.input(0) : build.slice(context.input(0), static_cast<size_t>(axis), 0, used);
  const ValueId moved = build.transpose(cut, perm);
  const double factor = inverse != 0 ? 1 / static_cast<double>(length) : 1;
  const double sign = inverse != 0 ? 1 : -1;
  const ValueId cosine = build.literal(wave_matrix(bins, used, length, false, factor), ir::DataType::kFloat);
  const ValueId sine = build.literal(wave_matrix(bins, used, length, true, sign * factor), ir::DataType::kFloat);
  const auto last = static_cast<size_t>(rank - 1);
  const ValueId real = parts == 1 ? moved : build.slice(moved, last, 0, 1);
  ValueId re = build.matmul(cosine, real);
  ValueId im = build.matmul(sine, real);
  if (parts == 2) {
    const ValueId imaginary = build.slice(moved, last, 1, 1);
    re = build.sub(re, build.matmul(sine, imaginary));
    im = build.add(im, build.matmul(cosine, imaginary));
  }
  return build.output(build.transpose(build.concat({re, im}, rank - 1), perm));
}

// One convolution: its filters are the window times the waves, its stride the step between frames.
Result<Outputs> import_stft(NodeContext& context) {
  ZKI_RETURN_IF_ERROR(context.require_inputs(2));
  const Shape x = context.shape(0);
  ZKI_ASSIGN_OR_RETURN(const int64_t step, constant_length(context, 1, "frame_step"));
  ZKI_ASSIGN_OR_RETURN(const int64_t onesided, context.int_attribute("onesided", 1));
  if (x.rank() == 3 && x[2] == 2) return unsupported("a complex signal | use a real one");
  if (x.rank() < 2 || x.rank() > 3 || (x.rank() == 3 && x[2] != 1))
    return invalid_argument("signal of shape " + x.to_string() + ", expected [batch, length, 1]");
  int64_t length = 0;
  std::vector<float> window;
  if (context.has_input(2)) {
    const FloatTensor* given = context.value(2).floats();
    if (given == nullptr) return unsupported("a window computed at run time | make it a constant of the model");
    window.assign(given->data().begin(), given->data().end());
    length = static_cast<int64_t>(window.size());
  }
  if (context.has_input(3)) {
    ZKI_ASSIGN_OR_RETURN(length, constant_length(context, 3, "frame_length"));
  }
  if (length < 1 || length > x[1])
    return invalid_argument("frames of " + std::to_string(length) + " samples of " + std::to_string(x[1]));
  if (window.empty()) window.assign(static_cast<size_t>(length), 1);
  if (static_cast<int64_t>(window.size()) != length) return invalid_argument("the window is not as long as a frame");
  const int64_t bins = onesided != 0 ? length / 2 + 1 : length;
  if (static_cast<double>(bins) * static_cast<double>(length) > static_cast<double>(kMostMatrixEntries) / 2)
    return resource_limit("a transform of " + std::to_string(length) + " samples");
  const FloatTensor cosine = wave_matrix(bins, length, length, false, 1);
  const FloatTensor sine = wave_matrix(bins, length, length, true, -1);
  FloatTensor filters(Shape{2 * bins, 1, length});
  const auto half = static_cast<size_t>(bins * length);
  for (size_t i = 0; i < half; ++i) {
    const float weight = window[i % static_cast<size_t>(length)];
    filters[i] = cosine[i] * weight;
    filters[half + i] = sine[i] * weight;
  }
  Build build(context);
  const ValueId signal = build.reshape(context.input(0), {x[0], 1, x[1]});
  const ValueId frames = build.op(OpKind::kConv, {signal, build.literal(std::move(filters), ir::DataType::kFloat)},
                                  ir::ConvAttributes{{step}, {1}, {0}, {0}, 1});
  if (!build.ok()) return build.status();
  const int64_t count = build.shape(frames)[2];
  return build.output(build.transpose(build.reshape(frames, {x[0], 2, bins, count}), {0, 3, 2, 1}));
}

// Triangles on the mel scale, [spectrum bins, mel bins].
Result<Outputs> import_mel_weight_matrix(NodeContext& context) {
  ZKI_RETURN_IF_ERROR(context.require_inputs(5));
  ZKI_ASSIGN_OR_RETURN(const int64_t mels, constant_length(context, 0, "num_mel_bins"));
  ZKI_ASSIGN_OR_RETURN(const int64_t length, constant_length(context, 1, "dft_length"));
  ZKI_ASSIGN_OR_RETURN(const int64_t rate, constant_length(context, 2, "sample_rate"));
  ZKI_ASSIGN_OR_RETURN(const float lowest, context.constant_number(3, "lower_edge_hertz"));
  ZKI_ASSIGN_OR_RETURN(const float highest, context.constant_number(4, "upper_edge_hertz"));
  const int64_t bins = length / 2 + 1;
  if (!(lowest >= 0) || !(highest > lowest) || !std::isfinite(highest) ||
      static_cast<double>(bins) * static_cast<double>(mels) > static_cast<double>(kMostMatrixEntries))
    return invalid_argument("edges " + std::to_string(lowest) + " and " + std::to_string(highest) + " Hz, " +
                            std::to_string(mels) + " mel bins");
  const auto mel = [](double hertz) { return 2595 * std::log10(1 + hertz / 700); };
  const double low = mel(static_cast<double>(lowest));
  const double step = (mel(static_cast<double>(highest)) - low) / static_cast<double>(mels + 2);
  std::vector<int64_t> edges;
  for (int64_t i = 0; i < mels + 2; ++i) {
    const double hertz = 700 * (std::pow(10, (low + step * static_cast<double>(i)) / 2595) - 1);
    edges.push_back(
        static_cast<int64_t>(std::floor(static_cast<double>(length + 1) * hertz / static_cast<double>(rate))));
  }
  FloatTensor matrix(Shape{bins, mels});
  const auto set = [&](int64_t bin, size_t band, double weight) {
    if (bin >= 0 && bin < bins) matrix[static_cast<size_t>(bin * mels) + band] = static_cast<float>(weight);
  };
  for (size_t band = 0; band < static_cast<size_t>(mels); ++band) {
    const int64_t first = edges[band];
    const int64_t centre = edges[band + 1];
    const int64_t end = edges[band + 2];
    if (first == centre) set(centre, band, 1);
    for (int64_t bin = first; bin <= centre && first < centre; ++bin)
      set(bin, band, static_cast<double>(bin - first) / static_cast<double>(centre - first));
    for (int64_t bin = centre; bin < end; ++bin)
      set(bin, band, static_cast<double>(end - bin) / static_cast<double>(end - centre));
  }
  return Outputs{context.add_literal(std::move(matrix), ir::DataType::kFloat)};
}

// Ones on a diagonal of a matrix as large as the input.
Result<Outputs> import_eye_like(NodeContext& context) {
  ZKI_RETURN_IF_ERROR(context.require_inputs(1));
  const Shape x = context.shape(0);
  if (x.rank() != 2) return invalid_argument("input of shape " + x.to_string() + ", expected a matrix");
  if (x.num_elements() > kMostMatrixEntries) return resource_limit("a matrix of shape " + x.to_string());
  ZKI_ASSIGN_OR_RETURN(const int64_t k, context.int_attribute("k", 0));
  ZKI_ASSIGN_OR_RETURN(const int64_t type, context.int_attribute("dtype", 0));
  const std::optional<ir::DataType> given = data_type(static_cast<std::int32_t>(std::clamp<int64_t>(type, 0, 1 << 20)));
  if (type != 0 && !given) return unsupported("dtype " + std::to_string(type) + " | use numbers");
  const ir::DataType dtype = type == 0 ? context.value(0).dtype : *given;
  IntTensor ones(x);
  for (int64_t i = 0; i < x[0]; ++i)
    if (k >= -x[0] && k <= x[1] && i + k >= 0 && i + k < x[1]) ones[static_cast<size_t>(i * x[1] + i + k)] = 1;
  const ValueId bits = context.add_literal(std::move(ones), ir::DataType::kInt64, "ones");
  return one_output(context.add(OpKind::kCast, {bits}, ir::CastAttributes{dtype}));
}

constexpr auto kHandlers = std::to_array<Handler>({
    {"HannWindow", "output_datatype periodic", no_check, import_hann},
    {"HammingWindow", "output_datatype periodic", no_check, import_hamming},
    {"BlackmanWindow", "output_datatype periodic", no_check, import_blackman},
    {"DFT", "axis inverse onesided", no_check, import_dft},
    {"STFT", "onesided", no_check, import_stft},
    {"MelWeightMatrix", "output_datatype", no_check, import_mel_weight_matrix},
    {"EyeLike", "dtype k", no_check, import_eye_like},
});

}  // namespace

std::span<const Handler> signal_handlers() { return kHandlers; }

}  // namespace zkinfer::frontend_onnx
