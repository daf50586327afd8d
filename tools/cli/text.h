// SPDX-License-Identifier: Apache-2.0
// Numbers and small tables for people.
#pragma once

#include <cstdint>
#include <string>
#include <utility>
#include <vector>

namespace zkinfer::cli {

std::string human_bytes(std::uint64_t num_bytes);                   // "41.2 KiB"
std::string human_seconds(double seconds);                          // "3.2 ms", "1.25 s", "2 min 5 s"
std::string human_count(std::uint64_t count);                       // "15,245,130"
std::string counted(std::uint64_t count, const std::string& noun);  // "1 sample", "1,024 samples"
// Of a model, beside how many numbers its network holds where those are fewer: "1,632, for 448 numbers of the network".
std::string parameters_text(std::uint64_t count, std::uint64_t in_network);
std::string budget_text(std::uint64_t budget);      // of a key: "4,096 slots: a proof, rotation or certificate each"
std::string decimal(double value, int num_digits);  // fixed notation
std::string significant(double value, int num_digits);  // "0.003921568627", "2.461e-10"
std::string shape_text(const std::vector<std::int64_t>& shape);
std::string output_name(const std::string& path);  // of a file that was written: "-" is standard output
std::string shell_word(const std::string& text);   // as a shell must be given it to pass it on unchanged

// "  name    value" lines, values in one column. Names and values may come from files: both become printable.
std::string pairs_text(const std::vector<std::pair<std::string, std::string>>& rows);

}  // namespace zkinfer::cli
