// SPDX-License-Identifier: Apache-2.0
#include <gtest/gtest.h>

#include <cstring>
#include <random>

#include <zlib.h>

#include "archive/inflate.h"
#include "base/files.h"
#include "inputs/idx_reader.h"
#include "inputs/input_file.h"
#include "inputs/json_reader.h"
#include "inputs/npy_reader.h"
#include "inputs/png_reader.h"
#include "zkinfer/hex.h"

namespace zkinfer {
namespace {

ByteView view(std::string_view text) { return {reinterpret_cast<const std::uint8_t*>(text.data()), text.size()}; }

Bytes npy(const std::string& type, const std::string& shape, ByteView elements, const std::string& fortran = "False") {
  const std::string header = "{'descr': '" + type + "', 'fortran_order': " + fortran + ", 'shape': " + shape + ", }\n";
  ByteWriter writer;
  writer.raw(view("\x93NUMPY"));
  writer.u8(1);
  writer.u8(0);
  writer.u16(static_cast<std::uint16_t>(header.size()));
  writer.raw(view(header));
  writer.raw(elements);
  return std::move(writer).take();
}

Bytes floats(std::initializer_list<float> values) {
  Bytes bytes(values.size() * 4);
  std::memcpy(bytes.data(), values.begin(), bytes.size());
  return bytes;
}

// A zip archive of one entry; method 8 compresses.
Bytes npz(const std::string& name, const Bytes& content, bool compress) {
  Bytes body = content;
  if (compress) {
    uLongf size = compressBound(content.size());
    Bytes zlib_stream(size);
    compress2(zlib_stream.data(), &size, content.data(), content.size(), 9);
    body.assign(zlib_stream.begin() + 2, zlib_stream.begin() + static_cast<std::ptrdiff_t>(size) - 4);  // raw deflate
  }
  const auto crc = static_cast<std::uint32_t>(crc32_z(0, content.data(), content.size()));
  ByteWriter w;
  const auto common = [&] {
    w.u16(20), w.u16(0), w.u16(compress ? 8 : 0), w.u32(0), w.u32(crc);
    w.u32(static_cast<std::uint32_t>(body.size())), w.u32(static_cast<std::uint32_t>(content.size()));
    w.u16(static_cast<std::uint16_t>(name.size()));
  };
  w.u32(0x04034b50), common(), w.u16(4), w.raw(view(name)), w.u32(0), w.raw(body);
  const auto directory = static_cast<std::uint32_t>(w.bytes().size());
  w.u32(0x02014b50), w.u16(20), common(), w.u16(0), w.u16(0), w.u16(0), w.u16(0), w.u32(0), w.u32(0), w.raw(view(name));
  const auto directory_bytes = static_cast<std::uint32_t>(w.bytes().size()) - directory;
  w.u32(0x06054b50), w.u16(0), w.u16(0), w.u16(1), w.u16(1), w.u32(directory_bytes), w.u32(directory), w.u16(0);
  return std::move(w).take();
}

TEST(JsonReader, ReadsEzklStyle) {
  const auto arrays =
      read_json_inputs(view(R"({"a": [[9]], "input_data": [[1, -2.5e0, 1], [[3], [4]]], "output_data": ["x"]})"));
  ASSERT_TRUE(arrays.ok()) << arrays.status().to_string();
  ASSERT_EQ(arrays->size(), 2u);
  EXPECT_EQ((*arrays)[0].data, (std::vector<float>{1, -2.5f, 1}));
  EXPECT_EQ((*arrays)[1].data, (std::vector<float>{3, 4}));
  const auto flat = read_json_inputs(view(R"({"input_data": [1, 2]})"));
  ASSERT_TRUE(flat.ok());
  EXPECT_EQ(flat->at(0).shape, (std::vector<std::int64_t>{2}));
  // As EZKL writes inputs of logical operators.
  const auto words = read_json_inputs(view(R"({"input_data": [[true, false], [2]]})"));
  ASSERT_TRUE(words.ok()) << words.status().to_string();
  EXPECT_EQ(words->at(0).data, (std::vector<float>{1, 0}));
  // One among numbers is a slip.
  for (const char* text :
       {R"({"input_data": [[true, false, 2]]})", R"({"input_data": [[1.5, true]]})", R"({"input_data": [0, false]})"}) {
    const auto mixed = read_json_inputs(view(text));
    ASSERT_FALSE(mixed.ok()) << text;
    EXPECT_NE(mixed.status().message().find("element"), std::string::npos) << mixed.status().to_string();
    EXPECT_NE(mixed.status().message().find("write 1 and 0"), std::string::npos) << mixed.status().to_string();
  }
}

TEST(JsonReader, RefusesMalformed) {
  for (const char* text : {"",
                           "{",
                           "[]",
                           "[[1]]",
                           "{}",
                           "3",
                           "null",
                           R"({"input_data": 3})",
                           R"({"input_data": null})",
                           R"({"input_data": []})",
                           R"({"input_data": [["1"]]})",
                           R"({"input_data": [[null]]})",
                           R"({"input_data": [[{}]]})",
                           R"({"input_data": {"a": 1}})",
                           R"({"input_data": [1, [2]]})",
                           R"({"input_data": [[1], 2]})",
                           R"({"input_data": [[1e60]]})",
                           R"({"input_data": [[1e999]]})",
                           R"({"input_data": [[1]], "input_data": [[2]]})",
                           R"({"input_data": [[1]})",
                           R"({"input_data": [[NaN]]})",
                           R"({"input_data": [[1]]} trailing)",
                           "{\"input_data\": [[\xff\xfe]]}"}) {
    const auto arrays = read_json_inputs(view(text));
    EXPECT_FALSE(arrays.ok()) << text;
    EXPECT_EQ(arrays.status().code(), StatusCode::kCorrupt) << text;
  }
  EXPECT_FALSE(read_json_inputs(view(R"({"input_data": )" + std::string(100000, '['))).ok());
  const std::string ended = R"({"input_data": [[1]]})" + std::string(1, '\0') + "garbage";
  EXPECT_NE(read_json_inputs(view(ended)).status().message().find("byte 21"), std::string::npos);
  for (const char* word : {"NaN", "-Infinity"}) {
    const auto arrays = read_json_inputs(view(R"({"input_data": [[1, 2, )" + std::string(word) + "]]}"));
    EXPECT_NE(arrays.status().message().find("NaN or Infinity"), std::string::npos) << arrays.status().to_string();
  }
}

TEST(NpyReader, ReadsEveryType) {
  const auto array = read_npy(npy("<f4", "(1, 3)", floats({1, -2, 0.5f})));
  ASSERT_TRUE(array.ok()) << array.status().to_string();
  EXPECT_EQ(array->shape, (std::vector<std::int64_t>{1, 3}));
  EXPECT_EQ(array->data, (std::vector<float>{1, -2, 0.5f}));
  EXPECT_EQ(array->kind, ArrayKind::kNumbers);
  const struct {
    const char* type;
    Bytes bytes;
    float value;
  } rows[] = {{"|u1", {200}, 200},
              {"|i1", {0xff}, -1},
              {"|b1", {1}, 1},
              {"<i2", {0xfe, 0xff}, -2},
              {"<u2", {0xff, 0xff}, 65535},
              {"<i4", {1, 0, 0, 0}, 1},
              {"<u4", {0, 1, 0, 0}, 256},
              {"<i8", {5, 0, 0, 0, 0, 0, 0, 0}, 5},
              {"<u8", {7, 0, 0, 0, 0, 0, 0, 0}, 7},
              {"<f8", {0, 0, 0, 0, 0, 0, 0xf8, 0x3f}, 1.5f},
              {"<f2", {0x00, 0xc1}, -2.5f},
              {"<f2", {0x01, 0x00}, 0x1p-24f}};
  for (const auto& row : rows) {
    const auto one = read_npy(npy(row.type, "()", row.bytes));
    ASSERT_TRUE(one.ok()) << row.type << one.status().to_string();
    EXPECT_EQ(one->data, std::vector<float>{row.value}) << row.type;
  }
  EXPECT_EQ(read_npy(npy("|u1", "(1,)", Bytes{3}))->kind, ArrayKind::kLevels);
}

TEST(NpyReader, RefusesMalformed) {
  const Bytes one = floats({1});
  const struct {
    Bytes bytes;
    StatusCode code;
  } rows[] = {{{}, StatusCode::kCorrupt},
              {npy(">f4", "(1,)", one), StatusCode::kUnsupported},
              {npy("<c8", "(1,)", one), StatusCode::kUnsupported},
              {npy("|O", "(1,)", one), StatusCode::kUnsupported},
              {npy("<f4", "(1, 1)", one, "True"), StatusCode::kUnsupported},
              {npy("<f4", "(2,)", one), StatusCode::kCorrupt},
              {npy("<f4", "(0,)", one), StatusCode::kCorrupt},
              {npy("<f4", "(-1,)", one), StatusCode::kCorrupt},
              {npy("<f4", "(1", one), StatusCode::kCorrupt},
              {npy("<f4", "1,)", one), StatusCode::kCorrupt},
              {npy("<f4", "(99999999999999999999,)", one), StatusCode::kResourceLimit},
              {npy("<f4", "(999999999999, 99999999999999)", one), StatusCode::kResourceLimit},
              {npy("<f4", "(1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1)", one), StatusCode::kCorrupt},
              {npy("<f4", "(1,)", floats({HUGE_VALF})), StatusCode::kOutOfRange},
              {npy("<f8", "(1,)", Bytes{0, 0, 0, 0, 0, 0, 0xf8, 0x7f}), StatusCode::kOutOfRange}};
  for (const auto& row : rows) {
    const auto array = read_npy(row.bytes);
    ASSERT_FALSE(array.ok()) << to_hex(row.bytes);
    EXPECT_EQ(array.status().code(), row.code) << array.status().to_string();
  }
}

TEST(NpzReader, ReadsStoredAndDeflated) {
  const Bytes content = npy("<f4", "(2,)", floats({1, 2}));
  for (const bool compress : {false, true}) {
    const auto arrays = read_npz(npz("image.npy", content, compress));
    ASSERT_TRUE(arrays.ok()) << arrays.status().to_string();
    ASSERT_EQ(arrays->size(), 1u);
    EXPECT_EQ(arrays->at(0).name, "image");
    EXPECT_EQ(arrays->at(0).data, (std::vector<float>{1, 2}));
  }
}

TEST(PngReader, ReadsCommittedPictureExactly) {
  const auto arrays = read_arrays(std::string(ZKINFER_SOURCE_DIR) + "/examples/digits/digit_0.png");
  ASSERT_TRUE(arrays.ok()) << arrays.status().to_string();
  EXPECT_EQ(arrays->at(0).shape, (std::vector<std::int64_t>{8, 8, 1}));
  float sum = 0;
  for (const float level : arrays->at(0).data) {
    EXPECT_EQ(static_cast<int>(level) % 15, 0);
    sum += level;
  }
  EXPECT_GT(sum, 1000);
}

TEST(IdxReader, ReadsPlainAndGzip) {
  const Bytes plain = {0, 0, 8, 2, 0, 0, 0, 1, 0, 0, 0, 2, 10, 20};
  const auto array = read_idx(plain);
  ASSERT_TRUE(array.ok());
  EXPECT_EQ(array->data, (std::vector<float>{10, 20}));
  z_stream stream{};
  ASSERT_EQ(deflateInit2(&stream, 9, Z_DEFLATED, MAX_WBITS + 16, 8, Z_DEFAULT_STRATEGY), Z_OK);
  Bytes packed(200);
  stream.next_in = const_cast<Bytef*>(plain.data());
  stream.avail_in = static_cast<uInt>(plain.size());
  stream.next_out = packed.data();
  stream.avail_out = static_cast<uInt>(packed.size());
  ASSERT_EQ(deflate(&stream, Z_FINISH), Z_STREAM_END);
  packed.resize(stream.total_out);
  deflateEnd(&stream);
  ASSERT_TRUE(read_idx(packed).ok());
  EXPECT_EQ(read_idx(packed)->shape, (std::vector<std::int64_t>{1, 2}));
  EXPECT_EQ(archive::inflate_bytes(packed, archive::DeflateFormat::kGzip, 3).status().code(),
            StatusCode::kResourceLimit);
}

// Small files that would grow to gigabytes are refused by what they say of themselves, or after 64 MiB.
TEST(Readers, RefuseBombs) {
  const auto packed = [](std::size_t num_zeros, bool gzip) {
    z_stream stream{};
    EXPECT_EQ(deflateInit2(&stream, 9, Z_DEFLATED, gzip ? MAX_WBITS + 16 : -MAX_WBITS, 8, Z_DEFAULT_STRATEGY), Z_OK);
    const Bytes zeros(num_zeros);
    Bytes out(deflateBound(&stream, num_zeros));
    stream.next_in = const_cast<Bytef*>(zeros.data());
    stream.avail_in = static_cast<uInt>(zeros.size());
    stream.next_out = out.data();
    stream.avail_out = static_cast<uInt>(out.size());
    EXPECT_EQ(deflate(&stream, Z_FINISH), Z_STREAM_END);
    out.resize(stream.total_out);
    deflateEnd(&stream);
    return out;
  };
  constexpr std::size_t kMany = (std::size_t{1} << 26) + 1;
  Bytes bomb = packed(kMany, true);
  EXPECT_EQ(read_idx(bomb).status().code(), StatusCode::kResourceLimit);
  bomb[bomb.size() - 1] = 0;  // says that it is small
  EXPECT_EQ(read_idx(bomb).status().code(), StatusCode::kResourceLimit);
  EXPECT_EQ(read_npz(npz("a.npy", Bytes(kMany), true)).status().code(), StatusCode::kResourceLimit);
  // 10^18 and more would be two axes of fewer digits.
  EXPECT_EQ(read_npy(npy("<f4", "(0, 9223372036854775807)", {})).status().code(), StatusCode::kResourceLimit);
  EXPECT_EQ(max_plain_bytes(0), std::uint64_t{1} << 26);
  EXPECT_EQ(max_plain_bytes(std::uint64_t{1} << 40), kMaxInputBytes);
}

// Found by fuzzing: an axis of size 0 hid others whose product overflowed later.
TEST(IdxReader, RefusesEmptyAxes) {
  const auto array = read_idx(Bytes{0, 0, 8, 3, 0, 0, 0, 0, 255, 255, 255, 255, 255, 255, 255, 255});
  ASSERT_FALSE(array.ok());
  EXPECT_EQ(array.status().code(), StatusCode::kCorrupt);
}

TEST(IdxReader, RefusesMalformed) {
  for (const Bytes& bytes :
       {Bytes{}, Bytes{0, 0}, Bytes{0, 0, 8, 0}, Bytes{0, 0, 13, 1, 0, 0, 0, 0}, Bytes{0, 0, 8, 1, 0, 0, 0, 2, 1},
        Bytes{0, 0, 8, 3, 255, 255, 255, 255, 255, 255, 255, 255, 255, 255, 255, 255}, Bytes{0x1f, 0x8b},
        Bytes{0x1f, 0x8b, 8, 0, 0, 0, 0, 0, 0, 0}}) {
    EXPECT_FALSE(read_idx(bytes).ok()) << to_hex(bytes);
  }
}

// Every prefix and many random changes of good files: an answer or an error, never a crash (run under the sanitizers too).
TEST(Readers, SurviveCutsAndMutations) {
  std::vector<Bytes> good = {npy("<f4", "(2, 2)", floats({1, 2, 3, 4})),
                             npz("a.npy", npy("|u1", "(3,)", Bytes{1, 2, 3}), true),
                             npz("b.npy", npy("|u1", "(3,)", Bytes{1, 2, 3}), false),
                             {0, 0, 8, 1, 0, 0, 0, 1, 9}};
  const std::string json = R"({"input_data": [[1, 2.5, -3e2], [4]], "x": {"y": [null, "z"]}})";
  good.emplace_back(json.begin(), json.end());
  good.push_back(*read_file(std::string(ZKINFER_SOURCE_DIR) + "/examples/digits/digit_3.png", 1 << 20));
  std::mt19937 random(7);
  const auto read_all = [](ByteView bytes) {
    (void)read_json_inputs(bytes), (void)read_npy(bytes), (void)read_npz(bytes), (void)read_png(bytes),
        (void)read_idx(bytes);
  };
  for (const Bytes& bytes : good) {
    for (std::size_t size = 0; size < bytes.size(); ++size) read_all(ByteView(bytes).first(size));
    for (int i = 0; i < 2000; ++i) {
      Bytes changed = bytes;
      for (unsigned k = 0; k <= random() % 3; ++k)
        changed[random() % changed.size()] = static_cast<std::uint8_t>(random());
      read_all(changed);
    }
  }
}

std::vector<TensorInfo> one_input(std::vector<std::int64_t> shape) {
  TensorInfo info;
  info.name = "x";
  info.shape = std::move(shape);
  return {info};
}

Array numbers(std::vector<std::int64_t> shape) {
  Array array;
  std::int64_t size = 1;
  for (const std::int64_t d : shape) size *= d;
  for (std::int64_t i = 0; i < size; ++i) array.data.push_back(static_cast<float>(i));
  array.shape = std::move(shape);
  return array;
}

TEST(Samples, ShapesThatFit) {
  const struct {
    std::vector<std::int64_t> array, input;
    std::size_t samples;
  } rows[] = {{{1, 1, 8, 8}, {1, 1, 8, 8}, 1},
              {{8, 8}, {1, 1, 8, 8}, 1},
              {{64}, {1, 1, 8, 8}, 1},
              {{128}, {1, 1, 8, 8}, 2},
              {{5, 64}, {1, 1, 8, 8}, 5},
              {{5, 8, 8}, {1, 1, 8, 8}, 5},
              {{5, 1, 8, 8}, {1, 1, 8, 8}, 5},
              {{8, 3, 2, 2}, {4, 3, 2, 2}, 2},
              {{3, 2, 2}, {1, 3, 2, 2}, 1},
              {{2, 3, 2, 2}, {3, 2, 2}, 2},
              {{4}, {1, 4}, 1},
              {{1}, {1}, 1},
              {{3, 1, 2, 2}, {1, 3, 2, 2}, 1},
              {{2, 2, 3}, {1, 3, 2, 2}, 0},
              {{7}, {1, 1, 8, 8}, 0},
              {{16, 4}, {8, 8}, 0},
              {{0}, {1, 1}, 0}};
  for (const auto& row : rows) {
    const auto samples = to_samples({numbers(row.array)}, one_input(row.input), {});
    EXPECT_EQ(samples.ok() ? samples->size() : 0, row.samples) << ::testing::PrintToString(row.array);
    if (samples.ok()) EXPECT_EQ(samples->at(0)[0].shape, row.input);
  }
}

TEST(Samples, AStackOfGreyPicturesFitsAFlatInput) {
  Array stack = numbers({5, 2, 3});
  EXPECT_FALSE(to_samples({stack}, one_input({1, 6}), {}).ok()) << "numbers are never reinterpreted";
  stack.kind = ArrayKind::kLevels;
  const auto samples = to_samples({stack}, one_input({1, 6, 1}), {});
  ASSERT_TRUE(samples.ok()) << samples.status().to_string();
  EXPECT_EQ(samples->size(), 5u);
  EXPECT_FALSE(to_samples({stack}, one_input({1, 5}), {}).ok());
}

TEST(Samples, PicturesFollowTheLayoutOfTheInput) {
  Array picture = numbers({2, 2, 3});  // level of pixel i, channel c is 3 i + c
  picture.kind = ArrayKind::kLevels;
  picture.is_picture = true;
  Preprocessing plain;
  plain.scale = 1;
  const auto first = to_samples({picture}, one_input({1, 3, 2, 2}), plain);
  ASSERT_TRUE(first.ok()) << first.status().to_string();
  EXPECT_EQ(first->at(0)[0].data, (std::vector<float>{0, 3, 6, 9, 1, 4, 7, 10, 2, 5, 8, 11}));
  const auto last = to_samples({picture}, one_input({1, 2, 2, 3}), plain);
  ASSERT_TRUE(last.ok());
  EXPECT_EQ(last->at(0)[0].data, picture.data);
  const auto grey = to_samples({picture}, one_input({1, 1, 2, 2}), plain);
  ASSERT_TRUE(grey.ok());
  EXPECT_EQ(grey->at(0)[0].data, (std::vector<float>{1, 4, 7, 10}));
  EXPECT_FALSE(to_samples({picture}, one_input({1, 3, 4, 4}), plain).ok());

  Preprocessing normalized;
  normalized.mean = {0, 0.5, 1};
  normalized.std = {0.5};
  const auto scaled = to_samples({picture}, one_input({1, 3, 2, 2}), normalized);
  ASSERT_TRUE(scaled.ok());
  EXPECT_FLOAT_EQ(scaled->at(0)[0].data[4], static_cast<float>((1.0 / 255 - 0.5) / 0.5));
  normalized.mean = {0, 1};
  EXPECT_FALSE(to_samples({picture}, one_input({1, 3, 2, 2}), normalized).ok());
  normalized.mean = {};
  normalized.std = {0};
  EXPECT_FALSE(to_samples({picture}, one_input({1, 3, 2, 2}), normalized).ok());
}

TEST(Samples, InputsOfWholeNumbersTakeBytesAsTheyAre) {
  Array levels = numbers({3});
  levels.kind = ArrayKind::kLevels;
  levels.data = {0, 128, 255};
  std::vector<TensorInfo> inputs = one_input({3});
  EXPECT_FLOAT_EQ(to_samples({levels}, inputs, {})->at(0)[0].data[2], 1);
  inputs[0].format = {0, 255, 1, 0};
  EXPECT_EQ(to_samples({levels}, inputs, {})->at(0)[0].data, levels.data);
  Preprocessing scaled;
  scaled.scale = 0.5;
  EXPECT_EQ(to_samples({levels}, inputs, scaled)->at(0)[0].data[1], 64) << "as it is told";
  // Beyond, float32 would change them.
  Array large = numbers({3});
  large.data = {0, 0x1p24F, -0x1p24F};
  EXPECT_TRUE(to_samples({large}, inputs, {}).ok());
  large.data[1] = 0x1p24F + 2;
  EXPECT_NE(to_samples({large}, inputs, {}).status().message().find("2^24"), std::string::npos);
  inputs[0].format = {};
  EXPECT_TRUE(to_samples({large}, inputs, {}).ok()) << "real numbers are rounded anyway";
}

TEST(Samples, SeveralInputsByNameOrOrder) {
  std::vector<TensorInfo> inputs = {one_input({2})[0], one_input({3})[0]};
  inputs[1].name = "y";
  Array a = numbers({2}), b = numbers({3});
  EXPECT_TRUE(to_samples({a, b}, inputs, {}).ok());
  EXPECT_FALSE(to_samples({b, a}, inputs, {}).ok());
  b.name = "y";
  a.name = "x";
  EXPECT_TRUE(to_samples({b, a}, inputs, {}).ok());
  EXPECT_FALSE(to_samples({a}, inputs, {}).ok());
  EXPECT_FALSE(to_samples({numbers({4}), numbers({3})}, inputs, {}).ok()) << "two samples against one";
}

}  // namespace
}  // namespace zkinfer
