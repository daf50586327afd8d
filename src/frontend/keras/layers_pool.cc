// SPDX-License-Identifier: Apache-2.0
// Pooling, zero padding, cropping, enlarging.
#include <algorithm>

#include "frontend/keras/layer.h"
#include "frontend/keras/windows.h"

namespace zkinfer::frontend_keras {

namespace {

// Averages count only what is inside the input, as TensorFlow's do.
template <std::size_t kRank, bool kMax>
Result<Outputs> run_pool(LayerCall& call) {
  ZKI_ASSIGN_OR_RETURN(const Spatial x, spatial_input(call, kRank));
  ZKI_ASSIGN_OR_RETURN(
      Windows windows,
      read_windows(call.config, kRank == 1 && call.config["pool_size"].is_null() ? "pool_length" : "pool_size", kRank,
                   true));
  ZKI_RETURN_IF_ERROR(windows.fit(x.lengths));
  Attributes attributes{{"kernel_shape", windows.size}, {"strides", windows.stride}, {"pads", windows.pads()}};
  if (!kMax) attributes.push_back({"count_include_pad", 0});
  return Outputs{
      x.result(call.net, kMax ? "MaxPool" : "AveragePool", {x.value.name}, attributes, x.channels, windows.out)};
}

template <std::size_t kRank, bool kMax>
Result<Outputs> run_global(LayerCall& call) {
  ZKI_ASSIGN_OR_RETURN(const Spatial x, spatial_input(call, kRank));
  if (x.value.masked && kRank == 1 && !kMax)
    return refusal("its input has a mask, and it would average only what is not masked",
                   "build the network without mask_zero and Masking");
  Value pooled =
      x.result(call.net, kMax ? "GlobalMaxPool" : "GlobalAveragePool", {x.value.name}, {}, x.channels, Dims(kRank, 1));
  if (call.config.flag("keepdims", false)) return Outputs{pooled};
  Value out = call.net.node("Reshape", {pooled.name, call.net.list({x.batch, x.channels})}, {}, {x.batch, x.channels});
  return Outputs{out};
}

// {before, after} per spatial axis: one number for all, one per axis, or a pair per axis.
Result<std::vector<std::pair<std::int64_t, std::int64_t>>> amounts(const Config& config, std::string_view key,
                                                                   std::size_t rank) {
  const Json& json = config[key];
  std::vector<std::pair<std::int64_t, std::int64_t>> out;
  if (const std::optional<std::int64_t> one = json.integer()) {
    out.assign(rank, {*one, *one});
  } else if (rank == 1 && json.size() == 2 && json.integers()) {
    out.push_back({*json.at(0).integer(), *json.at(1).integer()});
  } else if (json.size() == rank) {
    for (const Json& item : json.items()) {
      const std::optional<std::int64_t> both = item.integer();
      const std::optional<Dims> pair = item.integers();
      if (!both && (!pair || pair->size() != 2)) break;
      out.push_back(both ? std::pair(*both, *both) : std::pair((*pair)[0], (*pair)[1]));
    }
  } else if (json.is_null()) {
    out.assign(rank, {1, 1});
  }
  const auto is_sound = [](std::int64_t x) { return x >= 0 && x <= (std::int64_t{1} << 24); };
  const bool sound =
      std::all_of(out.begin(), out.end(), [&](const auto& a) { return is_sound(a.first) && is_sound(a.second); });
  if (out.size() != rank || !sound) return corrupt("its configuration has " + std::string(key) + " = " + json.shown());
  return out;
}

template <std::size_t kRank>
Result<Outputs> run_zero_padding(LayerCall& call) {
  ZKI_ASSIGN_OR_RETURN(const Spatial x, spatial_input(call, kRank));
  ZKI_ASSIGN_OR_RETURN(const auto given, amounts(call.config, "padding", kRank));
  Dims pads{0, 0}, end{0, 0}, lengths;
  for (std::size_t i = 0; i < kRank; ++i) {
    pads.push_back(given[i].first);
    end.push_back(given[i].second);
    lengths.push_back(x.lengths[i] + given[i].first + given[i].second);
  }
  pads.insert(pads.end(), end.begin(), end.end());
  return Outputs{x.result(call.net, "Pad", {x.value.name, call.net.list(pads)}, {}, x.channels, lengths)};
}

template <std::size_t kRank>
Result<Outputs> run_cropping(LayerCall& call) {
  ZKI_ASSIGN_OR_RETURN(const Spatial x, spatial_input(call, kRank));
  ZKI_ASSIGN_OR_RETURN(const auto given, amounts(call.config, "cropping", kRank));
  Dims begin, end, axes, lengths;
  for (std::size_t i = 0; i < kRank; ++i) {
    begin.push_back(given[i].first);
    end.push_back(x.lengths[i] - given[i].second);
    axes.push_back(static_cast<std::int64_t>(i) + 2);
    lengths.push_back(end[i] - begin[i]);
    if (lengths[i] < 1) return invalid_argument("it crops everything away");
  }
  return Outputs{x.result(call.net, "Slice",
                          {x.value.name, call.net.list(begin), call.net.list(end), call.net.list(axes)}, {}, x.channels,
                          lengths)};
}

Result<Outputs> resized(LayerCall& call, const Spatial& x, const Dims& lengths, bool linear) {
  Dims all{x.batch, x.channels};
  all.insert(all.end(), lengths.begin(), lengths.end());
  // Both of Keras' kinds place pixels by their middles; nearest takes the one at or before.
  const Attributes attributes{{"mode", linear ? "linear" : "nearest"},
                              {"coordinate_transformation_mode", linear ? "half_pixel" : "asymmetric"},
                              {"nearest_mode", "floor"}};
  return Outputs{
      x.result(call.net, "Resize", {x.value.name, "", "", call.net.list(all)}, attributes, x.channels, lengths)};
}

template <std::size_t kRank>
Result<Outputs> run_upsampling(LayerCall& call) {
  ZKI_ASSIGN_OR_RETURN(const Spatial x, spatial_input(call, kRank));
  ZKI_ASSIGN_OR_RETURN(const Dims factors,
                       call.config.sizes(kRank == 1 && call.config["size"].is_null() ? "length" : "size", kRank, 2));
  const std::string how = call.config.text("interpolation", "nearest");
  if (how != "nearest" && how != "bilinear")
    return refusal("interpolation '" + how + "'", "use 'nearest' or 'bilinear'");
  Dims lengths;
  for (std::size_t i = 0; i < kRank; ++i) {
    constexpr std::int64_t kMost = std::int64_t{1} << 31;
    if (factors[i] > kMost / std::max<std::int64_t>(x.lengths[i], 1))
      return resource_limit("its output would be too large");
    lengths.push_back(x.lengths[i] * factors[i]);
  }
  return resized(call, x, lengths, how == "bilinear");
}

Result<Outputs> run_resizing(LayerCall& call) {
  ZKI_ASSIGN_OR_RETURN(const Spatial x, spatial_input(call, 2));
  ZKI_ASSIGN_OR_RETURN(const std::int64_t height, call.config.integer("height"));
  ZKI_ASSIGN_OR_RETURN(const std::int64_t width, call.config.integer("width"));
  const std::string how = call.config.text("interpolation", "bilinear");
  if (height < 1 || width < 1) return corrupt("its height or width is not positive");
  const bool shapes = call.config.flag("crop_to_aspect_ratio", false) || call.config.flag("pad_to_aspect_ratio", false);
  if ((how != "bilinear" && how != "nearest") || shapes || call.config.flag("antialias", false))
    return refusal("resizing with interpolation '" + how + "', antialiasing or a kept aspect ratio",
                   "resize before the network, or use 'bilinear'");
  // Nearest places pixels by their middles, which for whole factors is the same.
  if (how == "nearest" && (height % x.lengths[0] != 0 || width % x.lengths[1] != 0))
    return refusal("nearest resizing by a factor that is not whole", "use 'bilinear'");
  return resized(call, x, {height, width}, how == "bilinear");
}

Result<Outputs> run_center_crop(LayerCall& call) {
  ZKI_ASSIGN_OR_RETURN(const Spatial x, spatial_input(call, 2));
  ZKI_ASSIGN_OR_RETURN(const std::int64_t height, call.config.integer("height"));
  ZKI_ASSIGN_OR_RETURN(const std::int64_t width, call.config.integer("width"));
  if (height < 1 || width < 1 || height > x.lengths[0] || width > x.lengths[1])
    return refusal("it is larger than its input, which it would resize", "crop to at most the input's size");
  const Dims lengths{height, width};
  const Dims begin{(x.lengths[0] - height) / 2, (x.lengths[1] - width) / 2};
  const Dims end{begin[0] + height, begin[1] + width};
  return Outputs{x.result(call.net, "Slice",
                          {x.value.name, call.net.list(begin), call.net.list(end), call.net.list({2, 3})}, {},
                          x.channels, lengths)};
}

constexpr Entry kEntries[] = {
    {"MaxPooling1D", run_pool<1, true>},
    {"MaxPooling2D", run_pool<2, true>},
    {"MaxPooling3D", run_pool<3, true>},
    {"MaxPool1D", run_pool<1, true>},
    {"MaxPool2D", run_pool<2, true>},
    {"MaxPool3D", run_pool<3, true>},
    {"AveragePooling1D", run_pool<1, false>},
    {"AveragePooling2D", run_pool<2, false>},
    {"AveragePooling3D", run_pool<3, false>},
    {"AvgPool1D", run_pool<1, false>},
    {"AvgPool2D", run_pool<2, false>},
    {"AvgPool3D", run_pool<3, false>},
    {"GlobalMaxPooling1D", run_global<1, true>},
    {"GlobalMaxPooling2D", run_global<2, true>},
    {"GlobalMaxPooling3D", run_global<3, true>},
    {"GlobalMaxPool1D", run_global<1, true>},
    {"GlobalMaxPool2D", run_global<2, true>},
    {"GlobalMaxPool3D", run_global<3, true>},
    {"GlobalAveragePooling1D", run_global<1, false>},
    {"GlobalAveragePooling2D", run_global<2, false>},
    {"GlobalAveragePooling3D", run_global<3, false>},
    {"GlobalAvgPool1D", run_global<1, false>},
    {"GlobalAvgPool2D", run_global<2, false>},
    {"GlobalAvgPool3D", run_global<3, false>},
    {"ZeroPadding1D", run_zero_padding<1>},
    {"ZeroPadding2D", run_zero_padding<2>},
    {"ZeroPadding3D", run_zero_padding<3>},
    {"Cropping1D", run_cropping<1>},
    {"Cropping2D", run_cropping<2>},
    {"Cropping3D", run_cropping<3>},
    {"UpSampling1D", run_upsampling<1>},
    {"UpSampling2D", run_upsampling<2>},
    {"UpSampling3D", run_upsampling<3>},
    {"Resizing", run_resizing},
    {"CenterCrop", run_center_crop},
};

}  // namespace

std::span<const Entry> pooling_layers() { return kEntries; }

}  // namespace zkinfer::frontend_keras
