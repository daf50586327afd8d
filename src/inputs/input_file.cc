// SPDX-License-Identifier: Apache-2.0
#include "inputs/input_file.h"

#include <algorithm>
#include <cmath>
#include <cstdlib>
#include <fstream>
#include <sstream>
#include <string_view>

#include "base/by_name.h"
#include "base/files.h"
#include "inputs/idx_reader.h"
#include "inputs/input_bytes.h"
#include "inputs/json_reader.h"
#include "inputs/npy_reader.h"
#include "inputs/png_reader.h"

namespace zkinfer {
namespace {

using Dims = std::vector<std::int64_t>;

std::string text_of(const Dims& dims) {
  std::string text = "[";
  for (std::size_t i = 0; i < dims.size(); ++i) text += (i == 0 ? "" : ", ") + std::to_string(dims[i]);
  return text + "]";
}

std::uint64_t product(const Dims& dims, std::size_t begin = 0) {
  std::uint64_t result = 1;
  for (std::size_t i = begin; i < dims.size(); ++i) result *= static_cast<std::uint64_t>(dims[i]);
  return result;
}

Dims without_ones(const Dims& dims) {
  Dims out;
  std::copy_if(dims.begin(), dims.end(), std::back_inserter(out), [](std::int64_t d) { return d != 1; });
  return out;
}

bool starts_with(ByteView bytes, std::initializer_list<std::uint8_t> magic) {
  return bytes.size() >= magic.size() && std::equal(magic.begin(), magic.end(), bytes.begin());
}

enum class InputKind : std::uint8_t { kPng, kNpy, kNpz, kIdx, kJson, kUnknown };

// Without the byte order mark of some editors.
ByteView without_mark(ByteView bytes) { return starts_with(bytes, {0xef, 0xbb, 0xbf}) ? bytes.subspan(3) : bytes; }

// Of a zip archive: the name of its first entry, which an .npz has of an array. Others are networks' (.keras) and people's.
bool begins_with_array(ByteView head) {
  constexpr std::size_t kLength = 26, kName = 30;
  constexpr std::string_view kArray = ".npy";
  if (starts_with(head, {'P', 'K', 5, 6})) return true;  // empty
  if (head.size() < kName) return false;
  const std::size_t length = head[kLength] | std::size_t{head[kLength + 1]} << 8;
  if (head.size() < kName + length) return false;
  const std::string_view name(reinterpret_cast<const char*>(head.data()) + kName, length);
  return name.ends_with(kArray);
}

// By the first bytes; text may begin with blanks.
InputKind kind_of(ByteView head) {
  if (starts_with(head, {0x89, 'P', 'N', 'G'})) return InputKind::kPng;
  if (starts_with(head, {0x93, 'N', 'U', 'M'})) return InputKind::kNpy;
  if (starts_with(head, {'P', 'K'})) return begins_with_array(head) ? InputKind::kNpz : InputKind::kUnknown;
  if (starts_with(head, {0, 0, 8}) || starts_with(head, {0x1f, 0x8b})) return InputKind::kIdx;
  const auto text = std::find_if(head.begin(), head.end(),
                                 [](std::uint8_t c) { return c != ' ' && c != '\n' && c != '\r' && c != '\t'; });
  return text != head.end() && (*text == '{' || *text == '[') ? InputKind::kJson : InputKind::kUnknown;
}

// Number of samples of an array for an input; nullopt when the shapes do not fit.
std::optional<std::uint64_t> count_samples(const Dims& array_shape, const Dims& input_shape) {
  const std::uint64_t per_sample = product(input_shape);
  const std::uint64_t total = product(array_shape);
  if (per_sample == 0 || total == 0 || total % per_sample != 0) return std::nullopt;
  const std::uint64_t num_samples = total / per_sample;
  const Dims a = without_ones(array_shape);
  const Dims s = without_ones(input_shape);
  const bool flat = a.size() <= 1 || (a.size() == 2 && static_cast<std::uint64_t>(a[1]) == per_sample);
  const bool same = a == s;
  const bool stacked = a.size() == s.size() + 1 && std::equal(s.begin(), s.end(), a.begin() + 1);
  const bool batched = a.size() == s.size() && !s.empty() && std::equal(s.begin() + 1, s.end(), a.begin() + 1);
  if (flat || same || stacked || batched) return num_samples;
  return std::nullopt;
}

// Where the channel axis of an input shape is: elements between two neighbours of it, and its size.
struct ChannelAxis {
  std::uint64_t stride = 1, size = 1;
};

ChannelAxis channel_axis(const Dims& shape) {
  const std::size_t rank = shape.size();
  if (rank >= 3 && (shape[rank - 3] == 1 || shape[rank - 3] == 3)) {
    return {product(shape, rank - 2), static_cast<std::uint64_t>(shape[rank - 3])};
  }
  if (rank >= 3 && shape[rank - 1] == 3) return {1, 3};
  return {1, 1};
}

// Levels of one picture in the input's layout; nullopt when sizes differ.
std::optional<std::vector<float>> arrange_picture(const Array& picture, const Dims& input_shape) {
  const std::int64_t height = picture.shape[0], width = picture.shape[1], has = picture.shape[2];
  Dims s = input_shape;
  while (s.size() > 3 && s.front() == 1) s.erase(s.begin());
  std::int64_t wants = 0;
  bool channels_last = false;
  if (s.size() == 3 && s[1] == height && s[2] == width) wants = s[0];
  if (wants == 0 && s.size() == 3 && s[0] == height && s[1] == width) {
    wants = s[2];
    channels_last = true;
  }
  if (wants == 0 && s.size() == 2 && s[0] == height && s[1] == width) wants = 1;
  const auto flat = static_cast<std::int64_t>(product(s));
  if (wants == 0 && without_ones(s).size() == 1 && flat % (height * width) == 0) wants = flat / (height * width);
  if (wants != 1 && wants != 3) return std::nullopt;

  const auto num_pixels = static_cast<std::size_t>(height * width);
  const auto channels = static_cast<std::size_t>(wants);
  std::vector<float> out(num_pixels * channels);
  for (std::size_t i = 0; i < num_pixels; ++i) {
    const float* pixel = picture.data.data() + i * static_cast<std::size_t>(has);
    for (std::size_t c = 0; c < channels; ++c) {
      float level = pixel[has == 1 ? 0 : c];
      if (has == 3 && channels == 1) level = std::round(0.299f * pixel[0] + 0.587f * pixel[1] + 0.114f * pixel[2]);
      out[channels_last ? i * channels + c : c * num_pixels + i] = level;
    }
  }
  return out;
}

Status normalize(std::vector<float>& data, ArrayKind kind, const TensorInfo& input, const Preprocessing& options) {
  const Dims& input_shape = input.shape;
  // What takes whole numbers takes a byte as it is.
  const bool is_whole = input.format.hi > input.format.lo && input.format.scale() == 1;
  constexpr float kMostExact = 0x1p24F;
  for (std::size_t i = 0; is_whole && i < data.size(); ++i) {
    if (std::abs(data[i]) > kMostExact) {
      return out_of_range("element " + std::to_string(i) +
                          " is beyond 2^24: files are read as float32, in which larger whole numbers lose "
                          "their last digits; `canonical_data` has exact ones");
    }
  }
  const double scale = options.scale.value_or(kind == ArrayKind::kLevels && !is_whole ? 1.0 / 255 : 1.0);
  const ChannelAxis axis = channel_axis(input_shape);
  for (const std::vector<double>* list : {&options.mean, &options.std}) {
    if (list->size() > 1 && list->size() != axis.size) {
      return invalid_argument(std::to_string(list->size()) +
                              " values of Preprocessing::mean or Preprocessing::std, but the input of shape " +
                              text_of(input_shape) + " has " + std::to_string(axis.size) + " channels");
    }
  }
  for (const double deviation : options.std) {
    if (!(deviation > 0)) return invalid_argument("Preprocessing::std must be positive");
  }
  const auto at = [](const std::vector<double>& list, std::size_t channel, double otherwise) {
    return list.empty() ? otherwise : list[list.size() == 1 ? 0 : channel];
  };
  for (std::size_t i = 0; i < data.size(); ++i) {
    const std::size_t channel = i / axis.stride % axis.size;
    const double value = (data[i] * scale - at(options.mean, channel, 0)) / at(options.std, channel, 1);
    data[i] = static_cast<float>(value);
    if (!std::isfinite(data[i]))
      return out_of_range("element " + std::to_string(i) +
                          " is not finite after Preprocessing::scale, Preprocessing::mean and Preprocessing::std");
  }
  return {};
}

// The array for each input: by name when every input's name is there, otherwise by order.
Result<std::vector<const Array*>> match(const std::vector<Array>& arrays, const std::vector<TensorInfo>& inputs) {
  std::vector<const Array*> matched = by_name_or_order(arrays, inputs);
  if (matched.size() != inputs.size()) {
    std::string names;
    for (const TensorInfo& input : inputs)
      names += (names.empty() ? "'" : ", '") + input.name + "' " + text_of(input.shape);
    const bool one_input = inputs.size() == 1;
    return invalid_argument(
        "the file holds " + std::to_string(arrays.size()) + (arrays.size() == 1 ? " array" : " arrays") +
        ", expected one for each input of the model, " + std::to_string(inputs.size()) + ": " + names +
        (one_input ? "; many samples are one array with all their numbers, one sample after the other" : ""));
  }
  return matched;
}

struct Samples {
  std::uint64_t count = 0;
  std::vector<float> data;
};

Result<Samples> samples_of(const Array& array, const TensorInfo& input, const Preprocessing& options) {
  const auto mismatch = [&] {
    return invalid_argument("input '" + input.name + "': expected shape " + text_of(input.shape) + ", got " +
                            (array.is_picture ? "a picture [height, width, channels] " : "an array ") +
                            text_of(array.shape) +
                            (array.is_picture ? "; resize the picture" : "; docs/cli.md says which shapes fit"));
  };
  Samples samples;
  if (array.is_picture) {
    std::optional<std::vector<float>> data = arrange_picture(array, input.shape);
    if (!data.has_value()) return mismatch();
    samples = {1, std::move(*data)};
  } else {
    std::optional<std::uint64_t> count = count_samples(array.shape, input.shape);
    // A stack of grey pictures [k, height, width] for a flat input of height * width.
    if (!count.has_value() && array.kind == ArrayKind::kLevels && array.shape.size() == 3) {
      count = count_samples({array.shape[0], array.shape[1] * array.shape[2]}, input.shape);
    }
    if (!count.has_value()) return mismatch();
    samples = {*count, array.data};
  }
  const Status status = normalize(samples.data, array.kind, input, options);
  if (!status.ok()) return status.with_context("input '" + input.name + "'");
  return samples;
}

}  // namespace

bool begins_like_input(ByteView head) { return kind_of(without_mark(head)) != InputKind::kUnknown; }

namespace {

Bytes head_of(std::ifstream& file) {
  Bytes head(4096);
  file.read(reinterpret_cast<char*>(head.data()), static_cast<std::streamsize>(head.size()));
  head.resize(static_cast<std::size_t>(std::max<std::streamsize>(file.gcount(), 0)));
  return head;
}

bool looks_like_text(ByteView bytes) {
  const auto is_of_text = [](std::uint8_t c) { return c >= 0x20 ? c != 0x7f : c == '\n' || c == '\r' || c == '\t'; };
  return !bytes.empty() && std::ranges::all_of(bytes, is_of_text);
}

// Lines of fields with commas, semicolons or tabs between, as spreadsheets and numpy write them: of the second line, where the first may be of names, one is a
// number.
bool looks_like_table(ByteView bytes) {
  const ByteView head = bytes.first(std::min<std::size_t>(bytes.size(), 1 << 16));
  if (!looks_like_text(head)) return false;
  std::istringstream text(std::string(head.begin(), head.end()));
  std::string line, second;
  std::getline(text, line);
  if (std::getline(text, second) && !second.empty()) line = second;
  std::ranges::replace_if(
      line, [](char c) { return c == ';' || c == '\t' || c == '\r'; }, ',');
  std::istringstream fields(line);
  for (std::string field; std::getline(fields, field, ',');) {
    char* end = nullptr;
    std::strtod(field.c_str(), &end);
    if (end != field.c_str() && std::string_view(end).find_first_not_of(' ') == std::string_view::npos) return true;
  }
  return false;
}

}  // namespace

bool is_input_file(const std::string& path) {
  std::ifstream file(path, std::ios::binary);
  return !file || begins_like_input(head_of(file));
}

bool is_byte_array(const std::string& path) {
  std::ifstream file(path, std::ios::binary);
  const Bytes head = head_of(file);
  const InputKind kind = kind_of(head);
  const std::string_view text(reinterpret_cast<const char*>(head.data()), head.size());
  return (kind == InputKind::kNpy || kind == InputKind::kNpz) && text.find("|u1") != std::string_view::npos;
}

bool is_text_file(const std::string& path) {
  std::ifstream file(path, std::ios::binary);
  const Bytes head = head_of(file);
  return !begins_like_input(head) && find_format(head) == nullptr && looks_like_text(head);
}

Result<std::vector<Array>> read_arrays(const std::string& path) {
  ZKI_ASSIGN_OR_RETURN(const Bytes bytes, read_bytes(path, kMaxInputBytes, Content::kKnown));
  const auto one = [](Result<Array> array) -> Result<std::vector<Array>> {
    if (!array.ok()) return array.status();
    std::vector<Array> arrays;
    arrays.push_back(std::move(*array));
    return arrays;
  };
  const ByteView view = without_mark(bytes);
  Result<std::vector<Array>> arrays = [&]() -> Result<std::vector<Array>> {
    switch (kind_of(view)) {
      case InputKind::kPng: return one(read_png(view));
      case InputKind::kNpy: return one(read_npy(view));
      case InputKind::kNpz: return read_npz(view);
      case InputKind::kIdx: return one(read_idx(view));
      case InputKind::kJson: return read_json_inputs(view);
      case InputKind::kUnknown: break;
    }
    if (const FileFormat* ours = find_format(view); ours != nullptr) {
      return invalid_argument(std::string(ours->article()) + " " + std::string(ours->name) +
                              ", no input; expected .json, .npy, .npz, .png or IDX");
    }
    if (starts_with(view, {'P', 'K'}))
      return corrupt(
          "a zip archive that does not begin with an array, so no .npz; expected .json, .npy, .npz, .png or IDX");
    if (looks_like_table(view))
      return invalid_argument(
          "a table of text (CSV); expected .json, .npy, .npz, .png or IDX. numpy makes an array of it: "
          "np.save('rows.npy', np.loadtxt('rows.csv', delimiter=','))");
    if (looks_like_text(view))
      return invalid_argument("unknown kind of input file: a text; expected .json, .npy, .npz, .png or IDX");
    return corrupt("unknown kind of input file; expected .json, .npy, .npz, .png or IDX");
  }();
  if (!arrays.ok()) return arrays.status().with_context("'" + path + "'");
  return arrays;
}

Result<std::vector<RealInputs>> to_samples(const std::vector<Array>& arrays, const std::vector<TensorInfo>& inputs,
                                           const Preprocessing& options) {
  ZKI_ASSIGN_OR_RETURN(const std::vector<const Array*> matched, match(arrays, inputs));
  std::vector<RealInputs> out;
  for (std::size_t i = 0; i < inputs.size(); ++i) {
    ZKI_ASSIGN_OR_RETURN(const Samples samples, samples_of(*matched[i], inputs[i], options));
    if (i == 0) out.resize(samples.count);
    if (samples.count != out.size()) {
      return invalid_argument("input '" + inputs[i].name + "' has " + std::to_string(samples.count) +
                              " samples, input '" + inputs[0].name + "' has " + std::to_string(out.size()));
    }
    const std::size_t per_sample = samples.data.size() / out.size();
    for (std::size_t k = 0; k < out.size(); ++k) {
      const auto begin = samples.data.begin() + static_cast<std::ptrdiff_t>(k * per_sample);
      out[k].push_back({inputs[i].shape, {begin, begin + static_cast<std::ptrdiff_t>(per_sample)}});
    }
  }
  return out;
}

Result<std::vector<RealInputs>> read_samples(const std::vector<std::string>& paths,
                                             const std::vector<TensorInfo>& inputs, const Preprocessing& options) {
  std::vector<RealInputs> all;
  for (const std::string& path : paths) {
    ZKI_ASSIGN_OR_RETURN(const std::vector<Array> arrays, read_arrays(path));
    Result<std::vector<RealInputs>> samples = to_samples(arrays, inputs, options);
    if (!samples.ok()) return samples.status().with_context("'" + path + "'");
    all.insert(all.end(), std::make_move_iterator(samples->begin()), std::make_move_iterator(samples->end()));
  }
  return all;
}

}  // namespace zkinfer
