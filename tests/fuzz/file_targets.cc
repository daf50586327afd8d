// SPDX-License-Identifier: Apache-2.0
// What lies beside proofs: bundles, audit keys, caches and counted secrets; what is told of any file, and what contracts are told of a proof.
#include <cstdlib>
#include <filesystem>
#include <fstream>

#include <unistd.h>

#include "base/files.h"
#include "commit/pcs/code_file.h"
#include "fuzz/fixture.h"
#include "zkinfer/bundle.h"
#include "zkinfer/evm.h"
#include "zkinfer/generation.h"
#include "zkinfer/hex.h"
#include "zkinfer/result_json.h"
#include "zkinfer/slots.h"

namespace zkinfer::fuzz {

namespace {

void bundle(ByteView bytes) {
  const Result<ProofBundle> read = parse_bundle(bytes);
  ZKI_CHECK(!read.ok() || is_bundle(bytes), "a bundle that does not begin as one");
  ZKI_CHECK(!read.ok() || equal(read->to_bytes(), bytes), "the bundle reader took bytes that are not canonical");
}
std::vector<Bytes> bundle_seeds() {
  return {ProofBundle{small().certificate(), rooted().path, small().proof()}.to_bytes(),
          ProofBundle{{}, {}, small().batch()}.to_bytes()};
}

void data_set(ByteView bytes) {
  const Result<DataSet> read = DataSet::from_bytes(bytes);
  ZKI_CHECK(!read.ok() || equal(read->to_bytes(), bytes), "the data set reader took bytes that are not canonical");
}

// What `zkinfer inspect --json` and JavaScript's `inspect` say of any bytes.
void inspect(ByteView bytes) {
  const Result<std::string> said = inspect_json(bytes);
  if (!said.ok()) ZKI_CHECK(said.status().code() != StatusCode::kInternal, said.status().to_string().c_str());
}
std::vector<Bytes> inspect_seeds() {
  std::vector<Bytes> seeds = bundle_seeds();
  for (const Bytes* file : {&small().key, &every_op().key, &small().proof(), &small().batch(), &small().evaluation(),
                            &small().certificate(), &rooted().path})
    seeds.push_back(*file);
  return seeds;
}

// What a contract would be sent: a proof that is rejected is no call's data.
void evm_calldata_of(ByteView bytes) {
  static const EvmProgram program = must(evm_program(*small().verification_key));
  const Bytes proof = patched(small().proof(), bytes);
  const Result<Bytes> data = evm_calldata(*small().verification_key, program, proof);
  ZKI_CHECK(data.ok() == equal(proof, small().proof()), "calldata of a changed proof, or none of the honest one");
}

// A key's program, of whatever key is one.
void evm_program_of(ByteView bytes) {
  const Result<VerificationKey> key = VerificationKey::from_bytes(bytes);
  if (!key.ok()) return;
  const Result<EvmProgram> program = evm_program(*key);
  if (program.ok())
    ZKI_CHECK(program->bytes.size() <= kMaxEvmProgramBytes, "a program that no contract holds");
  else
    ZKI_CHECK(program.status().code() != StatusCode::kInternal, program.status().to_string().c_str());
}

const Bytes& audit() {
  static const Bytes made =
      must(Prover::restore(*small().model, small().secret, std::make_shared<MemorySlots>(SlotRange{}))).audit_key();
  return made;
}
void audit_key(ByteView bytes) {
  static_cast<void>(outline_of_audit_key(bytes));
  const Result<AuditCheck> check = check_audit_key(*small().model, small().key, bytes);
  ZKI_CHECK(!check.ok() || !check->matches || equal(bytes, audit()), "a changed audit key opens the commitment");
}

// The context of a proof that says that it is of an answer.
void answer_context(ByteView bytes) {
  const std::optional<GenerationClaim> claim = read_generation_context(bytes);
  if (!claim.has_value()) return;
  const Result<Bytes> again = generation_context(claim->num_prompt, claim->num_tokens, claim->context, claim->sampling);
  ZKI_CHECK(again.ok() && equal(*again, bytes), "a context with two spellings");
}
std::vector<Bytes> context_seeds() {
  return {must(generation_context(3, 8)),
          must(generation_context(1, 64, Bytes(16, 7), must(SamplingRule::of(0.8, 40, 0.95, 1.1))))};
}

// A file of its own for readers that take a path, in memory where there is such a folder; it ends with the process.
const std::string& scratch() {
  static const std::string& path = *[] {
    std::error_code error;
    const auto folder = std::filesystem::is_directory("/dev/shm", error) ? std::filesystem::path("/dev/shm")
                                                                         : std::filesystem::temp_directory_path();
    return new std::string((folder / ("zkinfer_fuzz." + std::to_string(::getpid()))).string());
  }();
  static const int registered = std::atexit([] {
    for (const char* end : {"", ".lock"}) ::unlink((scratch() + end).c_str());
  });
  static_cast<void>(registered);
  return path;
}

// Whether it reaches the disk is nobody's question here.
void put(ByteView bytes) {
  std::ofstream file(scratch(), std::ios::binary | std::ios::trunc);
  file.write(reinterpret_cast<const char*>(bytes.data()), static_cast<std::streamsize>(bytes.size()));
  ZKI_CHECK(file.flush().good(), "no room for a file");
}

const Bytes& code() {
  static const Bytes made = [] {
    CommitOptions options = few_queries();
    options.budget = 2;
    options.code_file = scratch();
    static_cast<void>(must(Prover::create(*small().model, options)));
    return must(read_file(scratch(), std::uint64_t{1} << 28));
  }();
  return made;
}
// Rows come out as they were or not at all.
void code_file(ByteView bytes) {
  put(patched(code(), bytes));
  const auto parts = pcs::CodeFile::open(scratch());
  if (!parts.ok()) return;
  for (const auto& part : *parts) {
    static_cast<void>(part->random_coefs());
    const std::uint64_t indices[] = {0, 1, 7};
    static_cast<void>(part->open(indices));
  }
}

void counted_secret(ByteView bytes) {
  put(bytes);
  for (const SlotFileKind& kind : {kModelSecretFile, kTensorSecretFile}) {
    const Result<SlotFile> file = SlotFile::open(scratch(), kind);
    if (file.ok()) static_cast<void>(read_commitment_secret(file->payload()));
  }
}
std::vector<Bytes> counted_seeds() {
  ::unlink(scratch().c_str());
  ZKI_CHECK(SlotFile::create(scratch(), kModelSecretFile, small().secret, SlotRange::whole(4, 1)).ok(), "a secret");
  return {must(read_file(scratch(), 1 << 20))};
}

constexpr Target kTargets[] = {
    {"data_set", data_set, [] { return std::vector<Bytes>{small().data_set().to_bytes()}; }, 2000},
    {"bundle", bundle, bundle_seeds, 3000},
    {"inspect", inspect, inspect_seeds, 2000},
    {"evm_calldata", evm_calldata_of, patch_seeds, 200},
    {"evm_program", evm_program_of,
     [] {
       return std::vector<Bytes>{small().key, every_op().key, bound().key};
     },
     300},
    {"audit_key", audit_key, [] { return std::vector<Bytes>{audit()}; }, 300},
    {"answer_context", answer_context, context_seeds, 5000},
    {"code_file", code_file, patch_seeds, 50},
    {"counted_secret", counted_secret, counted_seeds, 500},
};

}  // namespace

std::span<const Target> file_targets() { return kTargets; }

}  // namespace zkinfer::fuzz
