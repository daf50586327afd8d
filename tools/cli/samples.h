// SPDX-License-Identifier: Apache-2.0
// Which samples a command works on: one, a choice, or all, of one file, several, or folders; and what the files made of
// them are called. Files are read one at a time, whatever their number.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "files.h"

namespace zkinfer::cli {

// "7", "0-9", "5-" (to the end), or several with commas.
class IndexSet {
 public:
  static Result<IndexSet> parse(const std::string& text);
  // In increasing order, each once. out_of_range: the set names none below count, or one that is not.
  Result<std::vector<std::uint64_t>> of(std::uint64_t count) const;
  bool single() const { return ranges_.size() == 1 && ranges_[0].last == ranges_[0].first; }

 private:
  struct Range {
    std::uint64_t first = 0;
    std::optional<std::uint64_t> last;  // nothing: to the end
  };
  std::vector<Range> ranges_;
};

class Samples {
 public:
  // One sample, or a file that gives none and says why.
  struct Item {
    std::size_t file = 0;
    std::uint64_t index = 0;
    std::string name;  // the file's path without extension; with the sample's index where the file holds several
    Status status;     // the file's
  };

  // Looks into every file. Errors are about the choice; files that cannot be read are items with a status where several are asked for.
  static Result<Samples> open(const InputOptions& choice, const std::vector<TensorInfo>& inputs,
                              const Preprocessing& preprocessing);

  bool many() const { return many_; }  // asked for: also where there is one
  const std::vector<Item>& items() const { return items_; }
  const std::string& path_of(const Item& item) const { return paths_[item.file]; }
  std::size_t num_files() const { return paths_.size(); }
  const std::vector<std::string>& paths() const { return paths_; }  // those of folders too
  std::string label(const Item& item) const;                        // "test.npy, sample 7", or the path alone
  std::size_t num_readable() const;                                 // of the items
  // Warns of the files of folders that are no inputs.
  void say_skipped(Session& session) const;
  Result<RealInputs> load(const Item& item);

 private:
  Result<std::vector<RealInputs>> read(std::size_t file) const;

  std::vector<std::string> paths_, skipped_;
  std::vector<std::uint64_t> counts_;
  std::vector<TensorInfo> inputs_;
  Preprocessing preprocessing_;
  std::vector<Item> items_;
  bool many_ = false;
  std::optional<std::size_t> cached_;  // file
  std::vector<RealInputs> samples_;    // of that file
};

// The one sample asked for.
Result<RealInputs> load_input(const InputOptions& choice, const std::vector<TensorInfo>& inputs,
                              const Preprocessing& preprocessing);

// Where the file made of each item goes. output: nothing (beside the input), a file name (with ".0007" before its extension
// where there are many), a folder (there, or ending in '/'), or a pattern with {index} or {name}. No two are the same.
// option: whose value it is, for messages.
Result<std::vector<std::string>> output_paths(const Samples& samples, const std::string& option,
                                              const std::string& output, const std::string& extension);
// The folder that such a value asks for by its form, for OutputFiles::may_make: "proofs/" of "proofs/" and "proofs/{index}.zkproof".
std::string folder_to_make(const std::string& output);

}  // namespace zkinfer::cli
