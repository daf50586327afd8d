// SPDX-License-Identifier: Apache-2.0
// The file of a committed oracle:
//   "ZKIORC01" | num_coefs u64 | num_random_coefs u64 | log_lanes u8 | log_domain u8 | num_queries u32 | has_codeword u8 |
//   root 32 B | keccak(coefficients) 32 B | coefficients [num_lanes, dimension] u64 | code word if has_codeword
#include <algorithm>
#include <bit>
#include <cstdio>
#include <memory>

#include "base/check.h"
#include "commit/pcs/oracle_prover.h"
#include "hash/keccak.h"

namespace zkinfer::pcs {
namespace {

static_assert(std::endian::native == std::endian::little, "field elements are written as they lie in memory");
static_assert(sizeof(Fp) == 8);
constexpr char kMagic[] = "ZKIORC01";

struct FileCloser {
  void operator()(std::FILE* file) const { std::fclose(file); }
};
using File = std::unique_ptr<std::FILE, FileCloser>;

ByteView bytes_of(const FpVec& values) {
  return {reinterpret_cast<const std::uint8_t*>(values.data()), values.size() * sizeof(Fp)};
}

Bytes header_bytes(const CodeParams& params, bool with_codeword, const Digest& root, const Digest& digest) {
  ByteWriter out;
  out.raw({reinterpret_cast<const std::uint8_t*>(kMagic), 8});
  out.u64(params.num_coefs);
  out.u64(params.num_random_coefs);
  out.u8(params.log_lanes);
  out.u8(params.log_domain);
  out.u32(params.num_queries);
  out.u8(with_codeword ? 1 : 0);
  out.raw(root);
  out.raw(digest);
  return std::move(out).take();
}

bool write(std::FILE* file, ByteView bytes) { return std::fwrite(bytes.data(), 1, bytes.size(), file) == bytes.size(); }

bool read(std::FILE* file, FpVec& values) {
  if (std::fread(static_cast<void*>(values.data()), sizeof(Fp), values.size(), file) != values.size()) return false;
  for (const Fp& x : values) {
    if (x.v >= Fp::kModulus) return false;
  }
  return true;
}

}  // namespace

Status CommittedOracle::save(const std::string& path, bool with_codeword) const {
  const std::string temporary = path + ".part";
  File file(std::fopen(temporary.c_str(), "wb"));
  if (!file) return io_error("cannot create " + temporary + "; check the folder and its rights");
  const Digest digest = keccak256(bytes_of(coefficients_));
  bool good = write(file.get(), header_bytes(params_, with_codeword, root(), digest));
  good = good && write(file.get(), bytes_of(coefficients_));
  if (with_codeword) good = good && write(file.get(), bytes_of(encoded_.codeword()));
  good = std::fclose(file.release()) == 0 && good;
  if (!good || std::rename(temporary.c_str(), path.c_str()) != 0) {
    std::remove(temporary.c_str());
    return io_error("cannot write " + path + "; check the free space");
  }
  return ok_status();
}

Result<CommittedOracle> CommittedOracle::load(const std::string& path, const CodeParams& params) {
  File file(std::fopen(path.c_str(), "rb"));
  if (!file) return io_error("cannot open " + path);
  const std::string where = path + ": not the committed oracle of these parameters, or changed; commit again";
  Bytes header(header_bytes(params, false, {}, {}).size());
  if (std::fread(header.data(), 1, header.size(), file.get()) != header.size()) return corrupt(where);
  Digest root, digest;
  const std::size_t digests_begin = header.size() - root.size() - digest.size();
  std::copy_n(header.begin() + static_cast<std::ptrdiff_t>(digests_begin), root.size(), root.begin());
  std::copy_n(header.begin() + static_cast<std::ptrdiff_t>(digests_begin + root.size()), digest.size(), digest.begin());
  const bool with_codeword = header[digests_begin - 1] == 1;
  if (header != header_bytes(params, with_codeword, root, digest)) return corrupt(where);

  CommittedOracle oracle;
  oracle.params_ = params;
  oracle.coefficients_ = FpVec(params.num_lanes() * params.dimension());
  if (!read(file.get(), oracle.coefficients_) || keccak256(bytes_of(oracle.coefficients_)) != digest) {
    return corrupt(where);
  }
  if (with_codeword) {
    FpVec codeword(params.domain_size() * base_leaf_values(params));
    if (!read(file.get(), codeword)) return corrupt(where);
    oracle.encoded_ = EncodedOracle::from_codeword(params, base_leaf_values(params), std::move(codeword));
  } else {
    oracle.encoded_ = EncodedOracle(params, base_leaf_values(params), oracle.transposed());
  }
  if (oracle.root() != root || std::fgetc(file.get()) != EOF) return corrupt(where);
  return oracle;
}

}  // namespace zkinfer::pcs
