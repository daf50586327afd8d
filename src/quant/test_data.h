// SPDX-License-Identifier: Apache-2.0
// Real data sets for tests: MNIST images from the IDX file, CIFAR-10 images from the NPZ file. Tests that need them
// skip with a message when the data folder (ZKINFER_TEST_DATA or <source>/../shared/data) is absent.
#pragma once

#include <algorithm>
#include <cstdint>
#include <cstdlib>
#include <filesystem>
#include <string>
#include <vector>

#include <zlib.h>

#include "base/bytes.h"
#include "base/files.h"

namespace zkinfer::quant {

inline std::string test_data_folder() {
  const char* set = std::getenv("ZKINFER_TEST_DATA");
  return set != nullptr ? set : std::string(ZKINFER_SOURCE_DIR) + "/../shared/data";
}

inline bool have_file(const std::string& relative) {
  return std::filesystem::exists(test_data_folder() + "/" + relative);
}

// window_bits as for zlib's inflateInit2: 31 for gzip, -15 for raw.
inline Bytes inflate_all(ByteView packed, std::size_t size, int window_bits) {
  Bytes out(size);
  z_stream stream{};
  inflateInit2(&stream, window_bits);
  stream.next_in = const_cast<std::uint8_t*>(packed.data());
  stream.avail_in = static_cast<unsigned>(packed.size());
  stream.next_out = out.data();
  stream.avail_out = static_cast<unsigned>(out.size());
  inflate(&stream, Z_FINISH);
  out.resize(stream.total_out);
  inflateEnd(&stream);
  return out;
}

struct Images {
  std::size_t pixels = 0;  // per image
  std::vector<std::uint8_t> data;
  std::size_t count() const { return pixels == 0 ? 0 : data.size() / pixels; }
  // Image i as real numbers pixel * factor, [H, W, C] order turned into [C, H, W] for num_channels > 1.
  std::vector<float> image(std::size_t i, float factor, std::size_t num_channels = 1) const {
    std::vector<float> out(pixels);
    const std::size_t plane = pixels / num_channels;
    for (std::size_t p = 0; p < plane; ++p) {
      for (std::size_t c = 0; c < num_channels; ++c) {
        out[c * plane + p] = static_cast<float>(data[i * pixels + p * num_channels + c]) * factor;
      }
    }
    return out;
  }
};

// The first 5000 MNIST test images, 28 x 28.
inline Images load_mnist() {
  const Result<Bytes> packed =
      read_file(test_data_folder() + "/data/mnist/t10k-first5000-images-idx3-ubyte.gz", 1 << 26);
  if (!packed.ok()) return {};
  const Bytes idx = inflate_all(*packed, std::size_t{1} << 23, 31);
  Images images;
  images.pixels = 784;
  images.data.assign(idx.begin() + 16, idx.end());
  return images;
}

// 1000 CIFAR-10 test images, 32 x 32 x 3: the first member (x.npy) of the zip archive.
inline Images load_cifar() {
  const Result<Bytes> zip = read_file(test_data_folder() + "/data/cifar10/cifar10_test1000_from_jpg.npz", 1 << 26);
  if (!zip.ok()) return {};
  ByteReader header(*zip);
  header.raw(26);
  const std::size_t skip = header.u16();
  const std::size_t extra = header.u16();
  const std::size_t begin = 30 + skip + extra;
  Images images;
  images.pixels = 3072;
  const Bytes npy = inflate_all(ByteView(*zip).subspan(begin), 3072128, -15);
  images.data.assign(npy.begin() + 128, npy.end());
  return images;
}

}  // namespace zkinfer::quant
