// SPDX-License-Identifier: Apache-2.0
#include "proof_list.h"

#include <algorithm>
#include <filesystem>

namespace zkinfer::cli {

Result<std::vector<std::string>> list_proofs(const std::vector<std::string>& paths, Session& session) {
  std::vector<std::string> out;
  for (const std::string& path : paths) {
    std::error_code error;
    if (!std::filesystem::is_directory(path, error)) {
      out.push_back(path);
      continue;
    }
    std::vector<std::string> found;
    std::string first_skipped;
    std::size_t num_skipped = 0;
    for (auto it = std::filesystem::directory_iterator(path, error);
         !error && it != std::filesystem::directory_iterator(); it.increment(error)) {
      const std::string extension = it->path().extension().string();
      if (extension == ".zkproof" || extension == ".zkbatch" || extension == ".zkeval" || extension == ".zkbundle") {
        found.push_back(it->path().string());
        continue;
      }
      // What lies beside proofs by habit needs no word.
      if (extension == ".zkpath" || extension == ".zkkey" || extension == ".zkcert" || extension == ".zkset" ||
          extension == ".zkseat")
        continue;
      if (first_skipped.empty()) first_skipped = it->path().string();
      ++num_skipped;
    }
    if (error) return io_error("cannot list the folder '" + path + "': " + error.message());
    if (found.empty())
      return invalid_argument("'" + path + "': no .zkproof, .zkbatch, .zkeval or .zkbundle in this folder");
    if (num_skipped > 0) {
      session.warn((num_skipped > 1 ? std::to_string(num_skipped) + " entries of the folder were not checked, '"
                                    : std::string("1 entry of the folder was not checked, '")) +
                   first_skipped + (num_skipped > 1 ? "' and others" : "'") +
                   ": not named .zkproof, .zkbatch, .zkeval or .zkbundle");
    }
    std::ranges::sort(found);
    out.insert(out.end(), found.begin(), found.end());
  }
  return out;
}

}  // namespace zkinfer::cli
