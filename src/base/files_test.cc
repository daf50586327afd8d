// SPDX-License-Identifier: Apache-2.0
#include "base/files.h"

#include <gtest/gtest.h>

namespace zkinfer {
namespace {

TEST(Files, AreWrittenWholeOrNotAtAll) {
  const std::string path = ::testing::TempDir() + "/zkinfer_files_test";
  const Bytes bytes = {1, 2, 3};
  ASSERT_TRUE(write_file(path, bytes).ok());
  EXPECT_EQ(read_file(path, 10).value(), bytes);
  EXPECT_EQ(read_file(path, 2).status().code(), StatusCode::kResourceLimit);
  EXPECT_EQ(read_file(path + ".absent", 2).status().code(), StatusCode::kIo);
  EXPECT_EQ(write_file("/nonexistent-folder/x", bytes).code(), StatusCode::kIo);
}

}  // namespace
}  // namespace zkinfer
