// SPDX-License-Identifier: Apache-2.0
#include "samples.h"

#include <algorithm>
#include <charconv>
#include <filesystem>
#include <unordered_map>

#include "base/text.h"
#include "output_names.h"
#include "text.h"

namespace zkinfer::cli {
namespace {

constexpr std::size_t kMaxFiles = std::size_t{1} << 20;

std::string padded(std::uint64_t index) {
  std::string digits = std::to_string(index);
  return std::string(digits.size() < 4 ? 4 - digits.size() : 0, '0') + digits;
}

std::string base_name(const std::string& path) {
  const std::size_t slash = path.find_last_of('/');
  return slash == std::string::npos ? path : path.substr(slash + 1);
}

// Replaces every occurrence of `word`.
std::string replaced(std::string text, const std::string& word, const std::string& by) {
  for (std::size_t at = text.find(word); at != std::string::npos; at = text.find(word, at + by.size()))
    text.replace(at, word.size(), by);
  return text;
}

bool is_folder(const std::string& path) {
  std::error_code error;
  return path.ends_with('/') || std::filesystem::is_directory(path, error);
}

// The input files of a folder, in the order of their names; others go to `skipped`.
Status list_folder(const std::string& folder, std::vector<std::string>& paths, std::vector<std::string>& skipped) {
  std::error_code error;
  std::vector<std::string> found;
  for (auto it = std::filesystem::directory_iterator(folder, error);
       !error && it != std::filesystem::directory_iterator(); it.increment(error)) {
    const std::string name = it->path().filename().string();
    std::error_code ignored;
    if (name.starts_with('.') || !it->is_regular_file(ignored)) continue;
    found.push_back(it->path().string());
    if (found.size() > kMaxFiles) return resource_limit("'" + folder + "': more than 2^20 files");
  }
  if (error) return io_error("cannot list the folder '" + folder + "': " + error.message());
  std::sort(found.begin(), found.end());
  for (std::string& path : found) (is_input_file(path) ? paths : skipped).push_back(std::move(path));
  return {};
}

}  // namespace

Result<IndexSet> IndexSet::parse(const std::string& text) {
  const Status bad = invalid_argument("--index " + text +
                                      ": expected a sample as in 7, a range as in 0-9 or 5-, or several with commas");
  IndexSet set;
  const char* at = text.data();
  const char* const end = text.data() + text.size();
  while (true) {
    Range range;
    auto [after, error] = std::from_chars(at, end, range.first);
    if (error != std::errc{}) return bad;
    at = after;
    range.last = range.first;
    if (at != end && *at == '-') {
      ++at;
      range.last.reset();
      if (at != end && *at != ',') {
        std::uint64_t last = 0;
        auto [after_last, last_error] = std::from_chars(at, end, last);
        if (last_error != std::errc{} || last < range.first) return bad;
        at = after_last;
        range.last = last;
      }
    }
    set.ranges_.push_back(range);
    if (at == end) return set;
    if (*at++ != ',') return bad;
  }
}

Result<std::vector<std::uint64_t>> IndexSet::of(std::uint64_t count) const {
  std::vector<bool> chosen(count, false);
  for (const Range& range : ranges_) {
    const std::uint64_t last = range.last.value_or(count == 0 ? 0 : count - 1);
    if (range.first >= count || last >= count) {
      return out_of_range("--index " + std::to_string(range.first >= count ? range.first : last) + ": the file holds " +
                          counted(count, "sample") + ", counted from 0");
    }
    std::fill(chosen.begin() + static_cast<std::ptrdiff_t>(range.first),
              chosen.begin() + static_cast<std::ptrdiff_t>(last) + 1, true);
  }
  std::vector<std::uint64_t> indices;
  for (std::uint64_t i = 0; i < count; ++i) {
    if (chosen[i]) indices.push_back(i);
  }
  return indices;
}

Result<std::vector<RealInputs>> Samples::read(std::size_t file) const {
  return read_samples({paths_[file]}, inputs_, preprocessing_);
}

Result<Samples> Samples::open(const InputOptions& choice, const std::vector<TensorInfo>& inputs,
                              const Preprocessing& preprocessing) {
  Samples out;
  out.inputs_ = inputs;
  out.preprocessing_ = preprocessing;
  bool folder = false;
  for (const std::string& path : choice.paths) {
    if (is_folder(path)) {
      folder = true;
      ZKI_RETURN_IF_ERROR(list_folder(path, out.paths_, out.skipped_));
    } else {
      out.paths_.push_back(path);
    }
  }
  if (out.paths_.empty()) return invalid_argument("'" + choice.paths.front() + "': no input files in this folder");
  std::optional<IndexSet> set;
  if (!choice.index.empty()) {
    ZKI_ASSIGN_OR_RETURN(set, IndexSet::parse(choice.index));
    if (out.paths_.size() > 1)
      return invalid_argument("--index picks samples of one file, got " + std::to_string(out.paths_.size()) + " files");
  }
  out.many_ = choice.all || folder || choice.paths.size() > 1 || (set.has_value() && !set->single());

  for (std::size_t file = 0; file < out.paths_.size(); ++file) {
    const std::string stem = with_extension(out.paths_[file], "");
    Result<std::vector<RealInputs>> samples = out.read(file);
    if (!samples.ok()) {
      if (!out.many_ || out.paths_.size() == 1) return samples.status();
      out.items_.push_back({file, 0, stem, samples.status()});
      continue;
    }
    const std::uint64_t count = samples->size();
    std::vector<std::uint64_t> indices;
    if (set.has_value()) {
      Result<std::vector<std::uint64_t>> chosen = set->of(count);
      if (!chosen.ok()) return chosen.status().with_context("'" + out.paths_[file] + "'");
      indices = std::move(*chosen);
    } else if (count > 1 && !choice.all) {
      return invalid_argument("'" + out.paths_[file] + "' holds " + std::to_string(count) + " samples; pick " +
                              (choice.one_only ? "one " : "") + "with --index 0.." + std::to_string(count - 1) +
                              (choice.one_only ? "" : " (one, or a range as in 0-9), or take them with --all"));
    } else {
      for (std::uint64_t i = 0; i < count; ++i) indices.push_back(i);
    }
    for (const std::uint64_t index : indices)
      out.items_.push_back({file, index, count > 1 ? stem + "." + padded(index) : stem, {}});
    out.counts_.resize(file + 1);
    out.counts_[file] = count;
    out.cached_ = file;
    out.samples_ = std::move(*samples);
  }
  out.counts_.resize(out.paths_.size());
  return out;
}

std::string Samples::label(const Item& item) const {
  return paths_[item.file] + (counts_[item.file] > 1 ? ", sample " + std::to_string(item.index) : "");
}

std::size_t Samples::num_readable() const {
  return static_cast<std::size_t>(
      std::count_if(items_.begin(), items_.end(), [](const Item& item) { return item.status.ok(); }));
}

void Samples::say_skipped(Session& session) const {
  if (skipped_.empty()) return;
  session.warn((skipped_.size() > 1 ? std::to_string(skipped_.size()) + " files of the folder are no inputs and were"
                                    : std::string("1 file of the folder is no input and was")) +
               " left out: '" + skipped_.front() + (skipped_.size() > 1 ? "' and others" : "'"));
}

Result<RealInputs> Samples::load(const Item& item) {
  if (!item.status.ok()) return item.status;
  if (cached_ != item.file) {
    cached_.reset();
    ZKI_ASSIGN_OR_RETURN(samples_, read(item.file));
    cached_ = item.file;
  }
  // The file may have changed since it was counted.
  if (item.index >= samples_.size())
    return invalid_argument("'" + paths_[item.file] + "': it was changed while it was read");
  return samples_[item.index];
}

Result<RealInputs> load_input(const InputOptions& choice, const std::vector<TensorInfo>& inputs,
                              const Preprocessing& preprocessing) {
  ZKI_ASSIGN_OR_RETURN(Samples samples, Samples::open(choice, inputs, preprocessing));
  if (samples.items().size() != 1) {
    return invalid_argument("--index " + choice.index + ": this command takes one sample, got " +
                            std::to_string(samples.items().size()));
  }
  return samples.load(samples.items().front());
}

std::string folder_to_make(const std::string& output) {
  if (output.ends_with('/')) return output;
  const std::size_t slash = output.find_last_of('/');
  const std::size_t brace = output.find('{');
  if (slash == std::string::npos || brace == std::string::npos || brace < slash) return "";
  return output.substr(0, slash + 1);
}

namespace {

// A mistyped {index} would be a name like any other, the same for all.
Status check_pattern(const std::string& option, const std::string& output) {
  for (std::size_t at = output.find('{'); at != std::string::npos; at = output.find('{', at + 1)) {
    const std::size_t end = output.find('}', at);
    if (end == std::string::npos) break;
    const std::string word = output.substr(at, end + 1 - at);
    if (word == "{index}" || word == "{name}") continue;
    return invalid_argument(option + " " + in_quotes(output) + ": " + in_quotes(word) +
                            " stands for nothing; there are {index}, the sample's number, and {name}, its file's name");
  }
  return {};
}

}  // namespace

Result<std::vector<std::string>> output_paths(const Samples& samples, const std::string& option,
                                              const std::string& output, const std::string& extension) {
  ZKI_RETURN_IF_ERROR(check_pattern(option, output));
  const bool folder = !output.empty() && is_folder(output);
  const bool pattern = output.find("{index}") != std::string::npos || output.find("{name}") != std::string::npos;
  // Names made of a stream's would be files beside it: -.0000, /dev/stdout.0000.
  if (samples.items().size() > 1 && !output.empty() && !pattern && !folder && !is_named_file(output)) {
    return invalid_argument(option + " '" + output + "' is no name for " + std::to_string(samples.items().size()) +
                            " files; name a folder, or a pattern with {index}, as in proofs/{index}" + extension);
  }
  std::vector<std::string> out;
  std::unordered_map<std::string, std::size_t> seen;
  for (std::size_t i = 0; i < samples.items().size(); ++i) {
    const Samples::Item& item = samples.items()[i];
    const std::uint64_t number = samples.num_files() > 1 ? i : item.index;
    std::string path;
    if (output.empty())
      path = samples.path_of(item) == "-" ? "" : item.name + extension;
    else if (pattern)
      path = replaced(replaced(output, "{index}", padded(number)), "{name}", base_name(item.name));
    else if (folder)
      path = output + (output.ends_with('/') ? "" : "/") + base_name(item.name) + extension;
    else if (samples.many())
      path = with_extension(output, "." + padded(number)) + output.substr(with_extension(output, "").size());
    else
      path = output;
    const auto [before, is_new] = seen.emplace(path, i);
    if (!is_new) {
      return invalid_argument("'" + samples.label(samples.items()[before->second]) + "' and '" + samples.label(item) +
                              "' would both be written to '" + path + "'; give " + option +
                              " a pattern with {index}, as in proofs/{index}" + extension);
    }
    out.push_back(std::move(path));
  }
  return out;
}

}  // namespace zkinfer::cli
