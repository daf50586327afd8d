// SPDX-License-Identifier: Apache-2.0
// Weights in files beside the model.
#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>
#include <random>

#include "base/files.h"
#include "exec/float/float_executor.h"
#include "frontend/onnx/test_importer.h"

namespace zkinfer::frontend_onnx {
namespace {

class ExternalDataTest : public ::testing::Test {
 protected:
  void SetUp() override {
    folder_ = std::filesystem::temp_directory_path() / ("zkinfer_external_" + std::to_string(std::random_device()()));
    std::filesystem::create_directories(folder_ / "inner");
    const float data[3] = {9, 2, 3};
    std::ofstream(folder_ / "inner" / "weights.bin", std::ios::binary).write(reinterpret_cast<const char*>(data), 12);
  }
  void TearDown() override { std::filesystem::remove_all(folder_); }

  Result<ir::Graph> import_with(const std::string& location, const std::string& offset = "4",
                                const std::string& length = "8") {
    TestModel model;
    model.input("x", {2}).output("y");
    auto* tensor = model.graph().add_initializer();
    tensor->set_name("w");
    tensor->set_data_type(onnx::TensorProto::FLOAT);
    tensor->add_dims(2);
    tensor->set_data_location(onnx::TensorProto::EXTERNAL);
    for (const auto& [key, value] :
         {std::pair<std::string, std::string>{"location", location}, {"offset", offset}, {"length", length}}) {
      auto* entry = tensor->add_external_data();
      entry->set_key(key);
      entry->set_value(value);
    }
    model.node("Mul", {"x", "w"}, {"y"});
    const Bytes bytes = model.bytes();
    const std::string path = (folder_ / "model.onnx").string();
    EXPECT_TRUE(write_file(path, bytes).ok());
    return import_onnx_file(path);
  }
  std::filesystem::path folder_;
};

TEST_F(ExternalDataTest, ReadsASlice) {
  const Result<ir::Graph> graph = import_with("inner/weights.bin");
  ASSERT_TRUE(graph.ok()) << error_of(graph);
  EXPECT_EQ(exec_float::run_float(*graph, {{"x", FloatTensor(Shape{2}, {1, 1})}})->at("y"),
            FloatTensor(Shape{2}, {2, 3}));
}

TEST_F(ExternalDataTest, RefusesPathsThatEscapeAndBadSlices) {
  for (const std::string path : {"../weights.bin", "inner/../../weights.bin", "/etc/hostname", ""})
    EXPECT_TRUE(contains(error_of(import_with(path)), "leaves the folder"))
        << path << " " << error_of(import_with(path));
  std::error_code error;
  std::filesystem::create_symlink("/etc/hostname", folder_ / "link.bin", error);
  if (!error) EXPECT_TRUE(contains(error_of(import_with("link.bin")), "leaves the folder"));
  std::filesystem::create_directory_symlink(folder_.parent_path(), folder_ / "up", error);
  if (!error)
    EXPECT_TRUE(contains(error_of(import_with("up/" + folder_.filename().string() + "_other")), "leaves the folder"));
  EXPECT_EQ(import_with("inner/missing.bin").status().code(), StatusCode::kIo);
  EXPECT_EQ(import_with("inner").status().code(), StatusCode::kIo) << "a folder";
  for (const char* offset : {"5", "-1", "18446744073709551615", "x"})
    EXPECT_EQ(import_with("inner/weights.bin", offset).status().code(), StatusCode::kCorrupt) << offset;
  EXPECT_EQ(import_with("inner/weights.bin", "4", "4").status().code(), StatusCode::kCorrupt) << "length";
}

// Files with holes: large, and no place taken.
TEST_F(ExternalDataTest, OffsetsBeyondFourGigabytesAreRead) {
  const std::uint64_t offset = (std::uint64_t{5} << 30) + 4;
  const std::filesystem::path path = folder_ / "large.bin";
  std::ofstream(path, std::ios::binary).put(0);
  std::error_code error;
  std::filesystem::resize_file(path, offset, error);
  if (error) GTEST_SKIP() << "no file of 5 GiB here: " << error.message();
  const float data[2] = {2, 3};
  std::ofstream(path, std::ios::binary | std::ios::app).write(reinterpret_cast<const char*>(data), 8);
  const Result<ir::Graph> graph = import_with("large.bin", std::to_string(offset));
  ASSERT_TRUE(graph.ok()) << error_of(graph);
  EXPECT_EQ(exec_float::run_float(*graph, {{"x", FloatTensor(Shape{2}, {1, 1})}})->at("y"),
            FloatTensor(Shape{2}, {2, 3}));
  EXPECT_EQ(import_with("large.bin", std::to_string(offset + 1)).status().code(), StatusCode::kCorrupt);
}

TEST_F(ExternalDataTest, ModelsThatProtobufCannotReadAreRefusedUnread) {
  const std::string path = (folder_ / "model.onnx").string();
  for (const std::uint64_t size : {std::uint64_t{1} << 31, std::uint64_t{5} << 30}) {
    std::ofstream(path, std::ios::binary).put(8);
    std::error_code error;
    std::filesystem::resize_file(path, size, error);
    if (error) GTEST_SKIP() << "no file of 5 GiB here: " << error.message();
    const Result<ir::Graph> graph = import_onnx_file(path);
    EXPECT_EQ(graph.status().code(), StatusCode::kResourceLimit);
    EXPECT_TRUE(contains(error_of(graph), "save_as_external_data")) << error_of(graph);
  }
}

TEST_F(ExternalDataTest, BytesHaveNoFolder) {
  (void)import_with("inner/weights.bin");
  const Bytes bytes = read_file((folder_ / "model.onnx").string(), 1 << 20).value();
  EXPECT_EQ(import_onnx(bytes).status().code(), StatusCode::kUnsupported);
}

}  // namespace
}  // namespace zkinfer::frontend_onnx
