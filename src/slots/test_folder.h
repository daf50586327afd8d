// SPDX-License-Identifier: Apache-2.0
// For tests: a folder of its own for each, in memory where there is one: these tests kill processes, not machines, and
// sync thousands of times.
#pragma once

#include <cstdlib>
#include <filesystem>
#include <string>

#include "base/check.h"
#include "zkinfer/slots.h"

namespace zkinfer {

class TestFolder {
 public:
  TestFolder() {
    const std::filesystem::path memory = "/dev/shm";
    const std::filesystem::path parent =
        std::filesystem::is_directory(memory) ? memory : std::filesystem::temp_directory_path();
    std::string pattern = (parent / "zkinfer_slots_XXXXXX").string();
    ZKI_CHECK(::mkdtemp(pattern.data()) != nullptr, "a test can make a folder");
    path_ = std::filesystem::canonical(pattern).string();
  }
  ~TestFolder() {
    std::error_code ignored;
    std::filesystem::remove_all(path_, ignored);
  }
  TestFolder(const TestFolder&) = delete;
  TestFolder& operator=(const TestFolder&) = delete;
  std::string file(const std::string& name) const { return path_ + "/" + name; }

 private:
  std::string path_;
};

inline Bytes test_payload() { return Bytes(300, 0x5a); }

}  // namespace zkinfer
