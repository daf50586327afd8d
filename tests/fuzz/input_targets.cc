// SPDX-License-Identifier: Apache-2.0
// Files of people's data.
#include <string>

#include "base/check.h"
#include "base/files.h"
#include "fuzz/targets.h"
#include "inputs/idx_reader.h"
#include "inputs/input_file.h"
#include "inputs/json_reader.h"
#include "inputs/npy_reader.h"
#include "inputs/png_reader.h"

namespace zkinfer::fuzz {

namespace {

Bytes bytes_of(std::string_view text) { return {text.begin(), text.end()}; }

Bytes example(const std::string& path) {
  Result<Bytes> bytes = read_file(std::string(ZKINFER_SOURCE_DIR) + "/examples/" + path, std::uint64_t{1} << 24);
  return bytes.ok() ? std::move(*bytes) : Bytes();
}

// What the reader gives also goes through the matching with a model's inputs.
void match(const Result<std::vector<Array>>& arrays) {
  if (!arrays.ok()) return;
  for (const Array& array : *arrays) {
    std::uint64_t count = 1;
    for (const std::int64_t dim : array.shape) count *= static_cast<std::uint64_t>(dim);
    ZKI_CHECK(count == array.data.size(), "an array whose shape and data differ");
  }
  TensorInfo info;
  info.name = "x";
  info.shape = {1, 1, 8, 8};
  static_cast<void>(to_samples(*arrays, {info}, {}));
}
void match_one(Result<Array> array) {
  if (array.ok()) match(std::vector<Array>{std::move(*array)});
}

void input_json(ByteView bytes) { match(read_json_inputs(bytes)); }
void input_npy(ByteView bytes) { match_one(read_npy(bytes)); }
void input_npz(ByteView bytes) { match(read_npz(bytes)); }
void input_png(ByteView bytes) { match_one(read_png(bytes)); }
void input_idx(ByteView bytes) { match_one(read_idx(bytes)); }

std::vector<Bytes> json_seeds() {
  return {bytes_of(R"({"input_data": [[1, 2.5, -3e2, 0.0], [0]], "other": {"a": [null, true, "x\u00e9"]}})"),
          bytes_of(R"({"input_data": [1, 2, 3]})"), bytes_of(R"({"input_data": [[[1, 2], [3, 4]]]})")};
}
Bytes npy(std::string_view descr, std::string_view shape, std::size_t data_bytes) {
  std::string header =
      "{'descr': '" + std::string(descr) + "', 'fortran_order': False, 'shape': " + std::string(shape) + ", }\n";
  ByteWriter writer;
  writer.raw(bytes_of("\x93NUMPY"));
  writer.u16(1);
  writer.u16(static_cast<std::uint16_t>(header.size()));
  writer.raw(bytes_of(header));
  for (std::size_t i = 0; i < data_bytes; ++i) writer.u8(static_cast<std::uint8_t>(i % 60));
  return std::move(writer).take();
}
std::vector<Bytes> npy_seeds() {
  return {npy("<f4", "(2, 8, 8)", 512), npy("|u1", "(64,)", 64), npy("<f8", "(1, 64)", 512),
          npy("<f2", "()", 2),          npy("<i8", "(3,)", 24),  npy("|b1", "(4,)", 4)};
}
// A zip archive with one stored entry.
std::vector<Bytes> npz_seeds() {
  const Bytes content = npy("<f4", "(2,)", 8);
  const Bytes name = bytes_of("x.npy");
  const auto size = static_cast<std::uint32_t>(content.size());
  ByteWriter writer;
  const auto shorts = [&](std::initializer_list<std::uint16_t> list) {
    for (const std::uint16_t x : list) writer.u16(x);
  };
  const auto common = [&] {
    shorts({20, 0, 0, 0, 0});  // version, flags, stored, time, date
    for (const std::uint32_t x : {0x12345678U, size, size}) writer.u32(x);
    for (const std::size_t x : {name.size(), std::size_t{0}}) writer.u16(static_cast<std::uint16_t>(x));
  };
  writer.u32(0x04034b50);
  common();
  writer.raw(name);
  writer.raw(content);
  const auto directory = static_cast<std::uint32_t>(writer.bytes().size());
  writer.u32(0x02014b50);
  writer.u16(20);
  common();
  shorts({0, 0, 0});                          // comment, disk, internal attributes
  for (int i = 0; i < 2; ++i) writer.u32(0);  // external attributes, offset
  writer.raw(name);
  const auto end = static_cast<std::uint32_t>(writer.bytes().size());
  writer.u32(0x06054b50);
  shorts({0, 0, 1, 1});
  writer.u32(end - directory);
  writer.u32(directory);
  writer.u16(0);
  return {std::move(writer).take()};
}
std::vector<Bytes> png_seeds() { return {example("digits/digit_0.png"), example("digits/digit_3.png")}; }
std::vector<Bytes> idx_seeds() {
  Bytes image = {0, 0, 8, 3, 0, 0, 0, 1, 0, 0, 0, 8, 0, 0, 0, 8};
  image.resize(image.size() + 64, 9);
  return {image, {0, 0, 8, 2, 0, 0, 0, 1, 0, 0, 0, 2, 10, 20}};
}

constexpr Target kTargets[] = {
    {"input_json", input_json, json_seeds, 10000}, {"input_npy", input_npy, npy_seeds, 10000},
    {"input_npz", input_npz, npz_seeds, 10000},    {"input_png", input_png, png_seeds, 10000},
    {"input_idx", input_idx, idx_seeds, 10000},
};

}  // namespace

std::span<const Target> input_targets() { return kTargets; }

}  // namespace zkinfer::fuzz
