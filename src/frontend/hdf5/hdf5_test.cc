// SPDX-License-Identifier: Apache-2.0
#include "frontend/hdf5/hdf5.h"

#include <random>

#include <gtest/gtest.h>

#include "base/files.h"

namespace zkinfer::hdf5 {
namespace {

constexpr std::uint64_t kPlain = std::uint64_t{1} << 20;

Bytes file_bytes(const std::string& name) {
  Result<Bytes> bytes = read_file(std::string(ZKINFER_SOURCE_DIR) + "/testdata/keras/" + name, std::uint64_t{1} << 24);
  EXPECT_TRUE(bytes.ok()) << bytes.status().to_string();
  return bytes.ok() ? std::move(*bytes) : Bytes();
}

Result<AnyTensor> read(File& file, const std::string& path) {
  Result<const Object*> object = file.find(path);
  if (!object.ok()) return object.status();
  if (*object == nullptr || !(*object)->dataset) return corrupt("no dataset " + path);
  return file.tensor(*(*object)->dataset);
}

TEST(Hdf5, ReadsEveryNumberType) {
  const Bytes bytes = file_bytes("values.h5");
  Result<File> file = File::open(bytes, kPlain);
  ASSERT_TRUE(file.ok()) << file.status().to_string();
  for (const std::string name : {"little_f2", "little_f4", "little_f8", "big_f4", "big_f8", "gzip"}) {
    Result<AnyTensor> tensor = read(*file, name);
    ASSERT_TRUE(tensor.ok()) << name << ": " << tensor.status().to_string();
    const auto* floats = std::get_if<FloatTensor>(&*tensor);
    ASSERT_NE(floats, nullptr) << name;
    EXPECT_EQ(floats->shape(), Shape({2, 3, 4}));
    for (std::size_t i = 0; i < 24; ++i) EXPECT_EQ((*floats)[i], static_cast<float>(i)) << name;
  }
  for (const std::string name : {"i1", "little_i2", "big_i4", "little_i8", "u1", "big_u2", "bool"}) {
    Result<AnyTensor> tensor = read(*file, name);
    ASSERT_TRUE(tensor.ok()) << name << ": " << tensor.status().to_string();
    const auto* integers = std::get_if<IntTensor>(&*tensor);
    ASSERT_NE(integers, nullptr) << name;
    for (std::size_t i = 0; i < 24; ++i)
      EXPECT_EQ((*integers)[i], name == "bool" ? (i % 3 == 0 ? 1 : 0) : static_cast<int>(i)) << name;
  }
  Result<AnyTensor> chunks = read(*file, "chunks");
  ASSERT_TRUE(chunks.ok()) << chunks.status().to_string();
  for (std::size_t i = 0; i < 1000; ++i) EXPECT_EQ(std::get<IntTensor>(*chunks)[i], static_cast<int>(i));
  EXPECT_EQ(std::get<FloatTensor>(*read(*file, "scalar"))[0], 3.5F);
  EXPECT_EQ(shape_of(*read(*file, "empty")), Shape({0, 4}));
}

// Elements that were never written are what the file says, and not zeros.
TEST(Hdf5, FillsWhatWasNeverWritten) {
  const Bytes bytes = file_bytes("fill.h5");
  Result<File> file = File::open(bytes, kPlain);
  ASSERT_TRUE(file.ok()) << file.status().to_string();
  const auto floats = [&](const std::string& name) {
    Result<AnyTensor> tensor = read(*file, name);
    EXPECT_TRUE(tensor.ok()) << name << ": " << tensor.status().to_string();
    if (!tensor.ok()) return std::vector<float>();
    const auto data = std::get<FloatTensor>(*tensor).data();
    return std::vector<float>(data.begin(), data.end());
  };
  for (const std::string name : {"contiguous", "chunked"}) EXPECT_EQ(floats(name), std::vector<float>(6, 2.5F)) << name;
  std::vector<float> some(15, 2.5F);
  some[4] = 1;
  EXPECT_EQ(floats("some"), some);
  EXPECT_EQ(floats("zeros"), std::vector<float>(6, 0.0F));
  EXPECT_EQ(floats("all_written"), std::vector<float>(6, 1.0F));
  const Result<AnyTensor> big = read(*file, "big");
  ASSERT_TRUE(big.ok()) << big.status().to_string();
  for (std::size_t i = 0; i < 6; ++i) EXPECT_EQ(std::get<IntTensor>(*big)[i], -7);
  const Status never = read(*file, "never").status();
  EXPECT_EQ(never.code(), StatusCode::kUnsupported);
  EXPECT_NE(never.message().find("never written"), std::string::npos) << never.message();
}

TEST(Hdf5, ReadsGroupsAndTexts) {
  const Bytes bytes = file_bytes("values.h5");
  Result<File> file = File::open(bytes, kPlain);
  ASSERT_TRUE(file.ok());
  for (int i = 0; i < 30; ++i) {
    const Result<AnyTensor> x = read(*file, "many/x_" + std::to_string(i));
    ASSERT_TRUE(x.ok()) << x.status().to_string();
    EXPECT_EQ(std::get<FloatTensor>(*x)[0], static_cast<float>(i));
  }
  EXPECT_EQ((*file->find("many"))->order.size(), 30U);
  EXPECT_EQ(*file->find("nothing"), nullptr);
  const Object& root = **file->find("");
  const auto texts = [&](const std::string& name) { return *file->texts(root.attributes.at(name)); };
  EXPECT_EQ(texts("fixed"), (std::vector<std::string>{"one", "three"}));
  EXPECT_EQ(texts("text"), std::vector<std::string>{"a longer text \u00e9"});
  EXPECT_EQ(texts("texts"), (std::vector<std::string>{"first", "", "third"}));
}

TEST(Hdf5, SaysWhatItDoesNotRead) {
  const Bytes bytes = file_bytes("values.h5");
  Result<File> file = File::open(bytes, kPlain);
  ASSERT_TRUE(file.ok());
  EXPECT_EQ(file->find("soft").status().code(), StatusCode::kUnsupported);
  const Status compound = read(*file, "compound").status();
  EXPECT_EQ(compound.code(), StatusCode::kUnsupported);
  EXPECT_NE(compound.message().find("compound"), std::string::npos) << compound.message();
  // The same bytes with less memory.
  Result<File> small = File::open(bytes, 100);
  ASSERT_TRUE(small.ok());
  EXPECT_EQ(read(*small, "chunks").status().code(), StatusCode::kResourceLimit);
}

TEST(Hdf5, ReadsTheNewerHeaders) {
  const Bytes bytes = file_bytes("latest.h5");
  Result<File> file = File::open(bytes, kPlain);
  ASSERT_TRUE(file.ok()) << file.status().to_string();
  const Result<AnyTensor> x = read(*file, "group/x");
  ASSERT_TRUE(x.ok()) << x.status().to_string();
  for (std::size_t i = 0; i < 24; ++i) EXPECT_EQ(std::get<FloatTensor>(*x)[i], static_cast<float>(i));
  EXPECT_EQ(*file->texts((**file->find("group")).attributes.at("text")), std::vector<std::string>{"new"});
  EXPECT_EQ(read(*file, "chunks").status().code(), StatusCode::kUnsupported);
}

TEST(Hdf5, RefusesCutFiles) {
  const Bytes bytes = file_bytes("values.h5");
  EXPECT_EQ(File::open({}, kPlain).status().code(), StatusCode::kCorrupt);
  for (std::size_t size = 0; size < bytes.size() / 2; size += 97) {
    Result<File> file = File::open(ByteView(bytes).first(size), kPlain);
    if (file.ok())
      EXPECT_FALSE(read(*file, "many/x_29").ok() && read(*file, "gzip").ok() && read(*file, "chunks").ok());
  }
}

// A node that names itself as its own child.
TEST(Hdf5, CyclesEnd) {
  Bytes bytes = file_bytes("values.h5");
  const std::string_view text(reinterpret_cast<const char*>(bytes.data()), bytes.size());
  int cycles = 0;
  for (std::size_t at = text.find("TREE"); at != std::string_view::npos; at = text.find("TREE", at + 1)) {
    Bytes changed = bytes;
    const bool is_group = bytes[at + 4] == 0;
    const std::size_t child = at + 24 + (is_group ? 8 : 0);
    if (!is_group) continue;
    for (std::size_t i = 0; i < 8; ++i) changed[child + i] = static_cast<std::uint8_t>(at >> (8 * i));
    Result<File> file = File::open(changed, kPlain);
    if (file.ok()) EXPECT_FALSE(file->find("many").ok() && file->find("gzip").ok());
    ++cycles;
  }
  EXPECT_GE(cycles, 2);
}

TEST(Hdf5, SurvivesMutations) {
  const Bytes original = file_bytes("values.h5");
  std::mt19937_64 random(11);
  for (int round = 0; round < 3000; ++round) {
    Bytes bytes = original;
    for (int edits = 0; edits < 4; ++edits) bytes[random() % bytes.size()] = static_cast<std::uint8_t>(random());
    Result<File> file = File::open(bytes, kPlain);
    if (!file.ok()) continue;
    for (const std::string name : {"gzip", "chunks", "bool", "many/x_3", "little_f2"})
      static_cast<void>(read(*file, name));
    const Result<const Object*> root = file->find("");
    if (!root.ok()) continue;
    for (const auto& [name, attribute] : (*root)->attributes) static_cast<void>(file->texts(attribute));
  }
}

}  // namespace
}  // namespace zkinfer::hdf5
