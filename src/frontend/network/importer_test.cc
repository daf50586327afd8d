// SPDX-License-Identifier: Apache-2.0
#include "frontend/network/importer.h"

#include <gtest/gtest.h>

#include <filesystem>

#include <unistd.h>

#include "base/files.h"
#include "frontend/language/test_safetensors.h"
#include "frontend/onnx/test_model.h"
#include "frontend/tflite/test_networks.h"

namespace zkinfer::frontend_network {
namespace {

bool contains(const std::string& text, std::string_view part) { return text.find(part) != std::string::npos; }

Bytes bytes_of(std::string_view text) { return Bytes(text.begin(), text.end()); }

// An archive of one empty entry.
Bytes empty_zip(const std::string& name) {
  ByteWriter out;
  const auto name_length = static_cast<std::uint8_t>(name.size());
  const auto zeros = [&](int count) {
    for (int i = 0; i < count; ++i) out.u8(0);
  };
  const ByteView text(reinterpret_cast<const std::uint8_t*>(name.data()), name.size());
  out.u32(0x04034b50);
  zeros(22);
  out.u8(name_length);
  zeros(3);
  out.raw(text);
  out.u32(0x02014b50);
  zeros(24);
  out.u8(name_length);
  zeros(17);
  out.raw(text);
  out.u32(0x06054b50);
  zeros(4);
  out.u32(0x00010001);
  out.u32(46U + name_length);
  out.u32(30U + name_length);
  zeros(2);
  return std::move(out).take();
}

class NetworkFiles : public testing::Test {
 protected:
  void SetUp() override {
    folder_ = std::filesystem::temp_directory_path() / ("zkinfer_network_" + std::to_string(::getpid()));
    std::filesystem::create_directories(folder_);
  }
  void TearDown() override { std::filesystem::remove_all(folder_); }
  std::string write(const std::string& name, const Bytes& bytes) {
    const std::string path = (folder_ / name).string();
    EXPECT_TRUE(write_file(path, bytes).ok());
    return path;
  }
  std::filesystem::path folder_;
};

TEST_F(NetworkFiles, FormatsAreKnownByTheirFirstBytes) {
  frontend_onnx::TestModel model;
  model.input("x", {1, 2}).output("y");
  model.node("Relu", {"x"}, {"y"});
  // Whatever the name says.
  EXPECT_TRUE(import_network_file(write("model.tflite", model.bytes())).ok());
  EXPECT_TRUE(import_network(model.bytes()).ok());

  for (const Bytes& bytes : frontend_tflite::test_networks())
    EXPECT_TRUE(import_network_file(write("model.onnx", bytes)).ok());
  const std::vector<std::pair<Bytes, std::string>> known{
      {empty_zip("data.pkl"), "PyTorch checkpoint"},
      {bytes_of("\x80\x04\x95......"), "pickle"},
      {frontend_language::llama_tensors(frontend_language::small_llama(true)).file(), "config.json"},
  };
  for (const auto& [bytes, part] : known) {
    const Status status = import_network_file(write("model.onnx", bytes)).status();
    EXPECT_EQ(status.code(), StatusCode::kUnsupported) << status.to_string();
    EXPECT_TRUE(contains(status.message(), part)) << status.to_string();
    EXPECT_TRUE(contains(status.message(), "model.onnx")) << status.to_string();
    EXPECT_EQ(import_network(bytes).status().code(), StatusCode::kUnsupported);
  }
  const Bytes told = frontend_language::llama2c_version_0(frontend_language::small_llama(true));
  const Status cut = import_network_file(write("cut.bin", Bytes(told.begin(), told.end() - 3))).status();
  EXPECT_EQ(cut.code(), StatusCode::kCorrupt);
  EXPECT_TRUE(contains(cut.message(), "its header asks for " + std::to_string(told.size()))) << cut.to_string();
  ImportOptions tokens;
  tokens.tokens = 3;
  EXPECT_TRUE(contains(import_network_file((folder_ / "cut.bin").string(), tokens).status().message(), "asks for"));
  // Cut off, it is nobody's.
  EXPECT_EQ(import_network(bytes_of("PK\x03\x04........")).status().code(), StatusCode::kCorrupt);
  EXPECT_EQ(import_network_file(write("text", bytes_of("hello, this is no network"))).status().code(),
            StatusCode::kCorrupt);
  EXPECT_EQ(import_network_file(write("empty", {})).status().code(), StatusCode::kCorrupt);
  EXPECT_EQ(import_network_file((folder_ / "absent").string()).status().code(), StatusCode::kIo);
}

TEST_F(NetworkFiles, LanguageModelsAreFilesOfAnySize) {
  frontend_language::Llama model = frontend_language::small_llama(true);
  ImportOptions options;
  options.max_file_bytes = 64;  // of files that are read as a whole
  for (const Bytes& bytes : {frontend_language::llama2c_version_0(model), frontend_language::llama2c_newer(model, 1)}) {
    const std::string path = write("model.onnx", bytes);
    const Status open = import_network_file(path, options).status();
    EXPECT_EQ(open.code(), StatusCode::kInvalidArgument) << open.to_string();
    EXPECT_TRUE(contains(open.message(), "model.onnx") && contains(open.message(), "CompileOptions::tokens"))
        << open.to_string();
    ImportOptions given = options;
    given.tokens = 5;
    EXPECT_TRUE(import_network_file(path, given).ok());
    EXPECT_TRUE(import_network(bytes, given).ok());
    // A byte less is another file.
    const Bytes cut(bytes.begin(), bytes.end() - 1);
    EXPECT_EQ(import_network(cut, {}).status().code(), StatusCode::kCorrupt);
  }
}

TEST_F(NetworkFiles, OnlyLanguageModelsTakeTokens) {
  frontend_onnx::TestModel relu;
  relu.input("x", {1, 2}).output("y");
  relu.node("Relu", {"x"}, {"y"});
  std::vector<Bytes> others{relu.bytes()};
  for (const Bytes& bytes : frontend_tflite::test_networks()) others.push_back(bytes);
  for (const Bytes& bytes : others) {
    ImportOptions options;
    options.tokens = 4;
    for (const Status& status :
         {import_network(bytes, options).status(), import_network_file(write("x", bytes), options).status()}) {
      EXPECT_EQ(status.code(), StatusCode::kInvalidArgument) << status.to_string();
      EXPECT_TRUE(contains(status.message(), "CompileOptions::tokens")) << status.to_string();
    }
    options.tokens = std::nullopt;
    options.head = LanguageHead::kLogits;
    EXPECT_TRUE(contains(import_network(bytes, options).status().message(), "CompileOptions::head"));
    options.head = std::nullopt;
    options.conversation = 20;
    EXPECT_TRUE(contains(import_network(bytes, options).status().message(), "CompileOptions::conversation"));
  }
}

TEST_F(NetworkFiles, FoldersAreModelsOnlyWhereAFormatSaysSo) {
  EXPECT_EQ(import_network_file(folder_.string()).status().code(), StatusCode::kInvalidArgument);
  write("config.json", bytes_of("{}"));
  EXPECT_TRUE(contains(import_network_file(folder_.string()).status().message(), "model.safetensors"))
      << import_network_file(folder_.string()).status().to_string();
  write("saved_model.pb", bytes_of("x"));
  EXPECT_TRUE(contains(import_network_file(folder_.string()).status().message(), "SavedModel"));
}

TEST_F(NetworkFiles, SizesAreBoundedBeforeReading) {
  ImportOptions options;
  options.max_file_bytes = 64;
  const Bytes large(100, 'T');
  EXPECT_EQ(import_network_file(write("large", large), options).status().code(), StatusCode::kResourceLimit);
  EXPECT_EQ(import_network(large, options).status().code(), StatusCode::kResourceLimit);
  Bytes zip = bytes_of("PK\x03\x04");
  zip.resize(100);
  EXPECT_EQ(import_network_file(write("zip", zip), options).status().code(), StatusCode::kResourceLimit);
}

}  // namespace
}  // namespace zkinfer::frontend_network
