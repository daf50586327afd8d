// SPDX-License-Identifier: Apache-2.0
#include "frontend/language/huggingface.h"

#include <gtest/gtest.h>

#include <cmath>
#include <filesystem>
#include <numbers>

#include <unistd.h>

#include "base/files.h"
#include "frontend/language/importer.h"
#include "frontend/language/safetensors.h"
#include "frontend/language/test_run.h"
#include "frontend/language/test_safetensors.h"
#include "frontend/language/writer.h"

namespace zkinfer::frontend_language {
namespace {

using frontend_onnx::ImportOptions;

bool contains(const std::string& text, std::string_view part) { return text.find(part) != std::string::npos; }
Bytes bytes_of(std::string_view text) { return {text.begin(), text.end()}; }

class HuggingFace : public testing::Test {
 protected:
  void SetUp() override {
    folder_ = std::filesystem::temp_directory_path() / ("zkinfer_huggingface_" + std::to_string(::getpid()));
    std::filesystem::create_directories(folder_);
  }
  void TearDown() override { std::filesystem::remove_all(folder_); }
  void write(const std::string& name, const Bytes& bytes) {
    EXPECT_TRUE(write_file((folder_ / name).string(), bytes).ok());
  }
  Result<ir::Graph> imported() const {
    ImportOptions options;
    options.tokens = 7;
    options.head = LanguageHead::kLogits;
    return import_huggingface_folder(folder_.string(), options);
  }
  std::string message() const { return imported().status().to_string(); }
  std::filesystem::path folder_;
};

TEST_F(HuggingFace, LlamaGivesTheReferencesLogits) {
  for (const bool tied : {false, true}) {
    const Llama model = small_llama(tied);
    write("config.json", bytes_of(llama_config(model)));
    write("model.safetensors", llama_tensors(model).file());
    expect_reference(imported(), model);
  }
}

TEST_F(HuggingFace, ShardsAreOneModel) {
  const Llama model = small_llama(true);
  write("config.json", bytes_of(llama_config(model)));
  write("model-1.safetensors", llama_tensors(model, 0, 1).file());
  write("model-2.safetensors", llama_tensors(model, 1).file());
  const auto index = [&](const std::string& second) {
    write("model.safetensors.index.json",
          bytes_of(
              R"({"weight_map": {"model.norm.weight": "model-1.safetensors", "model.layers.1.mlp.up_proj.weight": ")" +
              second + "\"}}"));
  };
  index("model-2.safetensors");
  expect_reference(imported(), model);
  for (const std::string name : {"../model-2.safetensors", "/etc/passwd", "..", ""}) {
    index(name);
    EXPECT_TRUE(contains(message(), "no name of a file")) << message();
  }
  index("model-1.safetensors");
  EXPECT_TRUE(contains(message(), "is not in 'model-1.safetensors'")) << message();
  index("absent.safetensors");
  EXPECT_EQ(imported().status().code(), StatusCode::kIo) << message();
  write("model-2.safetensors", llama_tensors(model, 0, 1).file());
  index("model-2.safetensors");
  EXPECT_TRUE(contains(message(), "two tensors are called")) << message();
}

Network described(const std::string& more) {
  const Llama model = small_llama(true);
  const Bytes file = llama_tensors(model).file();
  Tensors tensors;
  EXPECT_TRUE(read_safetensors(Source::borrowed(file), tensors).ok());
  const std::string config = llama_config(model, more);
  Result<Network> network = read_huggingface(bytes_of(config), std::move(tensors));
  EXPECT_TRUE(network.ok()) << network.status().to_string();
  return network.ok() ? std::move(*network) : Network();
}

// By wavelengths, as Llama 3.1's authors say it.
TEST(HuggingFaceRotary, Llama3StretchesSlowTurns) {
  const std::string scaling =
      R"(, "head_dim": 4, "rope_theta": 500000, "rope_scaling": {"rope_type": "llama3", "factor": 8, "low_freq_factor": 1, )"
      R"("high_freq_factor": 4, "original_max_position_embeddings": 40})";
  const Network network = described(scaling);
  ASSERT_EQ(network.rotary.size(), 1U);
  ASSERT_EQ(network.rotary[0].frequencies.size(), 2U);
  for (int i = 0; i < 2; ++i) {
    const double plain = std::pow(500000.0, -i / 2.0);
    const double wavelength = 2 * std::numbers::pi / plain;
    double expected = plain;
    if (wavelength > 40.0 / 1) {
      expected = plain / 8;
    } else if (wavelength >= 40.0 / 4) {
      const double smooth = (40 / wavelength - 1) / (4 - 1);
      expected = (1 - smooth) * plain / 8 + smooth * plain;
    }
    EXPECT_NEAR(network.rotary[0].frequencies[static_cast<std::size_t>(i)], expected, 1e-12) << i;
  }
  // 6.3 positions are a turn, 40 / 6.3 of them: fast, kept.
  EXPECT_EQ(network.rotary[0].frequencies[0], 1);
  const Network between = described(
      R"(, "rope_scaling": {"type": "llama3", "factor": 4, "low_freq_factor": 1, "high_freq_factor": 4, "original_max_position_embeddings": 12})");
  const double turns = 12 / (2 * std::numbers::pi);
  EXPECT_NEAR(between.rotary[0].frequencies[0], (turns - 1) / 3 + (1 - (turns - 1) / 3) / 4, 1e-12);
  const Network linear = described(R"(, "rope_scaling": {"type": "linear", "factor": 2})");
  EXPECT_EQ(linear.rotary[0].frequencies[0], 0.5);
}

TEST_F(HuggingFace, WhatIsNotReadIsRefusedWithReasons) {
  const Llama model = small_llama(true);
  write("model.safetensors", llama_tensors(model).file());
  const std::pair<std::string, const char*> cases[] = {
      {"{}", "architecture ''; read are LlamaForCausalLM"},
      {R"({"architectures": ["MambaForCausalLM"]})", "'MambaForCausalLM'"},
      {"[1", "config.json"},
      {R"({"architectures": ["LlamaForCausalLM"]})", "'hidden_size' is missing"},
      {llama_config(model, R"(, "rope_scaling": {"rope_type": "yarn", "factor": 2})"), "'yarn'"},
      {llama_config(model, R"(, "rope_scaling": {"rope_type": "llama3"})"), "no factors"},
      {llama_config(model, R"(, "hidden_act": "relu6")"), "'relu6'"},
      {llama_config(model, R"(, "head_dim": 8)"), "q_proj.weight' has shape [16, 16], expected [32, 16]"},
      {llama_config(model, R"(, "head_dim": -1)"), "'head_dim' is -1"},
      {llama_config(model, R"(, "rope_theta": 0)"), "'rope_theta' is 0"},
  };
  for (const auto& [config, part] : cases) {
    write("config.json", bytes_of(config));
    EXPECT_TRUE(contains(message(), part)) << part << ": " << message();
  }
  // A tensor that nobody takes.
  SafetensorsWriter more = llama_tensors(model);
  more.floats("model.layers.0.self_attn.sinks", {1}, {1});
  write("config.json", bytes_of(llama_config(model)));
  write("model.safetensors", more.file());
  EXPECT_TRUE(contains(message(), "'model.layers.0.self_attn.sinks'")) << message();
  // Types that are not read.
  SafetensorsWriter integers;
  integers.tensor("model.embed_tokens.weight", {11, 16}, "I8", Bytes(11 * 16));
  write("model.safetensors", integers.file());
  EXPECT_TRUE(contains(message(), "of type I8")) << message();
}

Status read(const Bytes& bytes) {
  Tensors tensors;
  return read_safetensors(Source::borrowed(bytes), tensors);
}

TEST(Safetensors, DamagedFilesAreRefusedWithReasons) {
  const Bytes good = llama_tensors(small_llama(true)).file();
  ASSERT_TRUE(read(good).ok());
  EXPECT_TRUE(is_safetensors(good, good.size()));
  for (std::size_t size = 0; size < good.size(); size += 53) {
    const Bytes cut(good.begin(), good.begin() + static_cast<std::ptrdiff_t>(size));
    EXPECT_EQ(read(cut).code(), StatusCode::kCorrupt) << size;
  }
  const Bytes data(16);
  const auto one = [](const std::string& shape, const std::string& offsets, const std::string& type = "F32") {
    return R"({"x": {"dtype": ")" + type + R"(", "shape": )" + shape + R"(, "data_offsets": )" + offsets + "}}";
  };
  const std::pair<std::string, const char*> cases[] = {
      {one("[4]", "[0, 12]"), "has 12 bytes"},
      {one("[3]", "[4, 16]"), "begins at 4"},
      {one("[3]", "[0, 12]"), "tensors end at 12"},
      {one("[8]", "[0, 32]"), "tensors end at 32"},
      {one("[4]", "[-16, 0]"), "no shape or no offsets"},
      {one("[4]", "[16, 0]"), "no shape or no offsets"},
      {one("[-4]", "[0, 16]"), "tensor 'x'"},
      {one("[65536, 65536, 65536]", "[0, 16]"), "tensor 'x'"},
      {one("[4]", "[0, 16]", "F33"), "unknown type 'F33'"},
      {R"({"x": {"dtype": "F32", "shape": [4], "data_offsets": [0, 16]}, "y": {"dtype": "F32", "shape": [4], "data_offsets": [0, 16]}})",
       "begins at 0"},
      {R"({"x": 3})", "unknown type"},
      {"[]", "no JSON object"},
      {"{", "header"},
  };
  for (const auto& [header, part] : cases) {
    const Status status = read(SafetensorsWriter::with_header(header, data));
    EXPECT_TRUE(contains(status.message(), part)) << part << ": " << status.to_string();
  }
  ByteWriter huge;
  huge.u64(UINT64_MAX - 4);
  huge.raw(bytes_of("{\"__metadata__\": {}}"));
  EXPECT_EQ(read(huge.bytes()).code(), StatusCode::kCorrupt);
  EXPECT_FALSE(is_safetensors(huge.bytes(), huge.bytes().size()));
}

}  // namespace
}  // namespace zkinfer::frontend_language
