// SPDX-License-Identifier: Apache-2.0
// From a file of any supported kind to model inputs. The kind is told by the first bytes, not by the name:
// .json, .npy, .npz, .png, IDX (plain or gzipped).
//
// An array fits an input of shape S, axes of size 1 left out of both, when its shape is
//   S                  one sample,
//   [k] + S            k samples,
//   [k * S0] + S1..    k samples (S with a batch axis of its own),
//   [k, |S|], [k*|S|]  k flat row-major samples.
// A picture [height, width, channels] fits [.., channels, height, width], [.., height, width, channels] and
// [height * width * channels]; colour becomes grey (0.299 R + 0.587 G + 0.114 B, rounded) or grey becomes colour by need.
// Values: x = (value * scale - mean[channel]) / std[channel]; scale is 1/255 for levels and 1 for numbers by default, and 1
// for inputs in units of one.
// Errors name the file, the shapes expected and got.
#pragma once

#include <optional>

#include "inputs/array.h"
#include "zkinfer/model.h"

namespace zkinfer {

Result<std::vector<Array>> read_arrays(const std::string& path);
bool begins_like_input(ByteView head);
// Whether the file begins as one of these kinds: tells the inputs of a folder from the rest.
bool is_input_file(const std::string& path);

// Whether the file is an array of bytes, which are taken as levels of a picture; pictures are no such arrays.
bool is_byte_array(const std::string& path);

// Whether the file begins as a text of people's does, and as none of these kinds.
bool is_text_file(const std::string& path);

// Every sample of `arrays`, one RealInputs each. Arrays are matched to inputs by name when all names match, by order
// otherwise.
Result<std::vector<RealInputs>> to_samples(const std::vector<Array>& arrays, const std::vector<TensorInfo>& inputs,
                                           const Preprocessing& options);

// read_arrays, then to_samples; several files are appended sample by sample.
Result<std::vector<RealInputs>> read_samples(const std::vector<std::string>& paths,
                                             const std::vector<TensorInfo>& inputs, const Preprocessing& options);

}  // namespace zkinfer
