// SPDX-License-Identifier: Apache-2.0
// Where a code file has what (docs/formats/code.md): shared by its reader and its writer.
#pragma once

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <string>

#include "commit/pcs/code_file.h"

namespace zkinfer::pcs {

inline constexpr std::uint64_t kCodePage = 4096;
// Levels of the tree, the leaves among them, that are computed from the file's rows where they are asked for: written out they would be
// twice as long as the rows of four lanes.
inline constexpr int kLevelsLeftOut = 3;

// Nodes of depth 0 .. this one are in the file.
inline int last_level(const CodeParams& params, bool has_rows) {
  return has_rows ? std::max(0, params.log_domain - kLevelsLeftOut) : params.log_domain;
}

// Of frame, has_rows and the code's parameters, from which the part's size follows.
inline constexpr std::size_t kFixedHeaderBytes = 4 + 4 + 1 + 8 + 8 + 1 + 1 + 4;

// The header is the first section, padded to a page like the others.
inline std::uint64_t header_bytes(const CodeParams& params) {
  return kFixedHeaderBytes + 3 * 32 + 24 * (1 + params.num_lanes()) + 32 + 32;
}

struct Sections {
  std::uint64_t random, tree, rows, end;  // from the part's begin
};

inline std::uint64_t rows_bytes(const CodeParams& params) { return params.domain_size() * params.num_lanes() * 8; }

inline Sections sections_of(const CodeParams& params, bool has_rows) {
  const auto padded = [](std::uint64_t bytes) { return (bytes + kCodePage - 1) / kCodePage * kCodePage; };
  Sections s{};
  s.random = padded(header_bytes(params));
  s.tree = s.random + padded(params.num_lanes() * params.num_random_coefs * 8);
  s.rows = s.tree + padded((std::uint64_t{2} << last_level(params, has_rows)) * sizeof(Digest));
  s.end = s.rows + (has_rows ? padded(rows_bytes(params)) : 0);
  return s;
}

inline ByteView bytes_of(FpCSpan values) {
  return {reinterpret_cast<const std::uint8_t*>(values.data()), values.size_bytes()};
}

inline Status system_error(const std::string& what, const std::string& path) {
  return io_error(what + " '" + path + "': " + std::strerror(errno));
}

}  // namespace zkinfer::pcs
