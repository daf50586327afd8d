// SPDX-License-Identifier: Apache-2.0
// CodeFile: the code word of a commitment and its Merkle tree, on disk, so that a proof needs neither encoding nor memory
// for them: it reads the rows that it opens. Secret like the commitment's seed (rows are made of weights and of what hides
// them), readable by its owner only. Byte grammar: docs/formats/code.md.
//
// A cache: whatever is wrong with it can be mended by making it again, and nothing wrong leaves it. The header has a digest
// of its own and names root and content, the random coefficients have a digest, and every opened row is checked against the
// root. So nothing is synced: what a crash leaves behind is found.
// Not thread-safe while it is written; afterwards any number of threads may open rows.
#pragma once

#include <string>

#include "commit/pcs/oracle_prover.h"

namespace zkinfer::pcs {

// What the file says beside code word and tree.
struct CodeFileHeader {
  CodeParams params;
  Digest root{};
  Digest content{};             // of what the message coefficients were made from; the caller's
  Digest rows_key{};            // that made the random coefficients; secret
  Fe base;                      // of the lane evaluations
  std::vector<Fe> evaluations;  // [num_lanes]
};

class CodeFile final : public RowSource {
 public:
  ~CodeFile() override;
  CodeFile(const CodeFile&) = delete;
  CodeFile& operator=(const CodeFile&) = delete;

  // Encodes, a coset at a time: memory is about the coefficients' and the tree's. Writes to a name beside `path`; nothing is at
  // `path` before seal(), and nothing is left if that does not come. Errors: io.
  static Result<std::shared_ptr<CodeFile>> encode(const std::string& path, const LaneCoefs& coefs);
  // header.params and root are the file's own.
  Status seal(CodeFileHeader header);

  // Errors: io (kIo; `exists` says whether it is for want of a file), kCorrupt.
  static Result<std::shared_ptr<CodeFile>> open(const std::string& path);
  static bool exists(const std::string& path);
  const CodeFileHeader& header() const { return header_; }
  // [num_lanes, num_random_coefs].
  Result<FpVec> random_coefs() const;

  const Digest& root() const override { return header_.root; }
  Result<Opened> open(std::span<const std::uint64_t> indices) const override;
  const std::string& path() const { return path_; }

 private:
  CodeFile(std::string path, int fd) : path_(std::move(path)), fd_(fd) {}
  Status read_header();
  Status write(std::uint64_t offset, ByteView bytes);
  Status read(std::uint64_t offset, std::span<std::uint8_t> bytes) const;
  // Of the Merkle tree, numbered as in the file, whether it is there or follows from rows.
  Result<Digest> node(std::uint64_t number) const;
  // Begins to read from the disk what will be asked for.
  void announce(std::uint64_t offset, std::size_t num_bytes) const;
  Status damaged(const std::string& what) const;

  std::string path_;
  std::string temporary_;     // while it is not sealed
  bool is_nameless_ = false;  // and has not even that name
  int fd_ = -1;
  int direct_ = -1;  // the same file past the system's cache, while it is written; -1 where that is not to be had
  CodeFileHeader header_;
  Digest random_digest_{};
};

// Keccak-256 over the digests of the bytes' 64 KiB pieces and their number: as fast as the cores can hash.
Digest content_digest(ByteView bytes);

}  // namespace zkinfer::pcs
