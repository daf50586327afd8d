// SPDX-License-Identifier: Apache-2.0
// Text and files that commands write: what is refused, and what is left behind.
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <thread>

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <gtest/gtest.h>

#include "base/files.h"
#include "command_options.h"
#include "formats/frame.h"
#include "output_files.h"
#include "print.h"

namespace zkinfer::cli {
namespace {

namespace fs = std::filesystem;

Bytes frame_of(FileKind kind, std::size_t num_more = 0) {
  ByteWriter writer;
  write_frame(writer, kind);
  writer.raw(Bytes(num_more, 7));
  return std::move(writer).take();
}

Bytes content(const std::string& path) { return read_file(path, 1 << 20).value(); }

class OutputFilesTest : public ::testing::Test {
 protected:
  OutputFilesTest() : folder_(fs::path(::testing::TempDir()) / ("zkinfer_output_" + std::to_string(::getpid()))) {
    fs::remove_all(folder_);
    fs::create_directories(folder_);
  }
  ~OutputFilesTest() override { fs::remove_all(folder_); }

  std::string path(const std::string& name) const { return (folder_ / name).string(); }
  void put(const std::string& name, const Bytes& bytes) const { ASSERT_TRUE(write_file(path(name), bytes).ok()); }
  std::size_t num_entries() const {
    return static_cast<std::size_t>(std::distance(fs::directory_iterator(folder_), fs::directory_iterator{}));
  }
  // What prepare() says to a proof written under this name.
  Status refusal(const std::string& name, bool force = false) const {
    OutputFiles files(force);
    files.add("-o", path(name), FileKind::kProof);
    return files.prepare();
  }

  fs::path folder_;
};

TEST_F(OutputFilesTest, WritesAndReplacesFilesOfItsKind) {
  for (int round = 0; round < 2; ++round) {
    OutputFiles files(round > 0);  // nothing tells what the data are
    const OutputFiles::Id proof = files.add("-o", path("a.zkproof"), FileKind::kProof);
    const OutputFiles::Id text = files.add_text("--json", path("a.json"), "{");
    const OutputFiles::Id data = files.add_data("--data", path("a.bin"), 3);
    ASSERT_TRUE(files.prepare().ok());
    ASSERT_TRUE(files.write(proof, frame_of(FileKind::kProof, static_cast<std::size_t>(round))).ok());
    ASSERT_TRUE(files.write(text, std::string("{}\n")).ok());
    ASSERT_TRUE(files.write(data, Bytes{1, 2, 3}).ok());
    EXPECT_EQ(num_entries(), round == 0 ? 0u : 3u) << "nothing appears before publish()";
    ASSERT_TRUE(files.publish().ok());
    EXPECT_EQ(num_entries(), 3u);
    EXPECT_EQ(content(path("a.zkproof")), frame_of(FileKind::kProof, static_cast<std::size_t>(round)));
  }
  struct stat entry {};
  ASSERT_EQ(::stat(path("a.bin").c_str(), &entry), 0);
  EXPECT_EQ(entry.st_mode & 0777, 0600u) << "data may be private";
}

TEST_F(OutputFilesTest, LeavesNothingWhenItIsGivenUp) {
  {
    OutputFiles files;
    const OutputFiles::Id proof = files.add("-o", path("a.zkproof"), FileKind::kProof);
    ASSERT_TRUE(files.prepare().ok());
    ASSERT_TRUE(files.write(proof, frame_of(FileKind::kProof)).ok());
  }
  EXPECT_EQ(num_entries(), 0u);
}

TEST_F(OutputFilesTest, NeverReplacesACountedSecret) {
  for (const FileKind kind : {FileKind::kCommitmentSecret, FileKind::kTensorSecret}) {
    put("x", frame_of(kind));
    fs::create_symlink(path("x"), path("link"));
    fs::create_hard_link(path("x"), path("hard"));
    for (const char* name : {"x", "link", "hard"}) {
      for (const bool force : {false, true}) EXPECT_FALSE(refusal(name, force).ok()) << name;
    }
    for (auto add :
         {+[](OutputFiles&files, const std::string&to) { files.add_text("-o", to, "{"); },
          +[](OutputFiles&files, const std::string&to) { files.add_data("-o", to, 8); },
          +[](OutputFiles&files, const std::string&to) { files.add_counted("-o", to, FileKind::kCommitmentSecret); }}) {
      OutputFiles files(true);
      add(files, path("x"));
      EXPECT_FALSE(files.prepare().ok());
    }
    put("x.lock", {});
    EXPECT_FALSE(refusal("x.lock", true).ok());
    fs::remove_all(folder_);
    fs::create_directories(folder_);
  }
}

TEST_F(OutputFilesTest, ReplacesOtherKindsOnlyWithForce) {
  put("key", frame_of(FileKind::kKey));
  put("notes", Bytes{'h', 'e', 'l', 'l', 'o'});
  put("empty", {});
  for (const char* name : {"key", "notes"}) {
    EXPECT_FALSE(refusal(name).ok()) << name;
    EXPECT_TRUE(refusal(name, true).ok()) << name;
  }
  EXPECT_TRUE(refusal("empty").ok());
  OutputFiles text, data;
  text.add_text("--json", path("notes"), "{");
  EXPECT_FALSE(text.prepare().ok());
  data.add_data("--data", path("notes"), 6);
  EXPECT_FALSE(data.prepare().ok()) << "another size";
  OutputFiles over_key;
  over_key.add_data("--data", path("key"), 8);
  EXPECT_FALSE(over_key.prepare().ok()) << "a key has a head of its own";
}

// By the first key, however it was laid out; what is no such file stays.
TEST_F(OutputFilesTest, KnowsJsonByItsFirstKey) {
  const auto refused = [&](const std::string& text) {
    put("s.json", Bytes(text.begin(), text.end()));
    OutputFiles files;
    files.add_json("-O", path("s.json"), "run_args", "settings file");
    const Status status = files.prepare();
    if (!status.ok()) EXPECT_NE(status.message().find("is no settings file"), std::string::npos) << status.to_string();
    return !status.ok();
  };
  for (const char* text : {"{\"run_args\":{}}", "{\n  \"run_args\": {}", " {\t\"run_args\"", ""})
    EXPECT_FALSE(refused(text)) << text;
  for (const char* text : {"{\"input_data\": []}", "{", "[\"run_args\"]", "{\"run_args_of\": 1}", "hello"})
    EXPECT_TRUE(refused(text)) << text;
}

TEST_F(OutputFilesTest, RefusesWhatTheCommandReadsUnderWhateverName) {
  put("in", frame_of(FileKind::kProof));
  fs::create_symlink(path("in"), path("link"));
  fs::create_hard_link(path("in"), path("hard"));
  for (const char* name : {"in", "link", "hard", "./in", "../"}) {
    OutputFiles files(true);
    files.reads(path("in"));
    files.add("-o", path(name), FileKind::kProof);
    EXPECT_FALSE(files.prepare().ok()) << name;
  }
}

TEST_F(OutputFilesTest, RefusesTwoOutputsInOneFile) {
  fs::create_directories(path("sub"));
  fs::create_symlink(path("sub"), path("sub2"));
  const std::pair<const char*, const char*> pairs[] = {
      {"a", "a"}, {"a", "./a"}, {"a", "sub/../a"}, {"sub/a", "sub2/a"}};
  for (const auto& [first, second] : pairs) {
    OutputFiles files(true);
    files.add("--key", path(first), FileKind::kKey);
    files.add("-o", path(second), FileKind::kProof);
    EXPECT_FALSE(files.prepare().ok()) << first << " " << second;
  }
  OutputFiles streams;
  streams.add("--key", "-", FileKind::kKey);
  streams.add("-o", "/dev/stdout", FileKind::kProof);
  EXPECT_FALSE(streams.prepare().ok());
}

TEST_F(OutputFilesTest, RefusesFoldersAndMissingFolders) {
  fs::create_directories(path("sub"));
  for (const char* name : {"sub", "sub/", "absent/p", "absent/../p", "sub/absent/"}) {
    const Status status = refusal(name, true);
    EXPECT_FALSE(status.ok()) << name;
    EXPECT_NE(status.message().find("-o"), std::string::npos) << status.message();
  }
  put("file", {});
  EXPECT_FALSE(refusal("file/p").ok());
  EXPECT_FALSE(refusal(std::string(300, 'n')).ok());
  OutputFiles files;
  files.add("-o", "", FileKind::kProof);
  EXPECT_FALSE(files.prepare().ok());
}

TEST_F(OutputFilesTest, WritesPipesAndDevicesInPlace) {
  ASSERT_EQ(::mkfifo(path("pipe").c_str(), 0600), 0);
  fs::create_symlink(path("pipe"), path("link"));
  fs::create_symlink("/dev/null", path("null"));
  for (const char* name : {"pipe", "link"}) {
    Bytes received;
    std::thread reader([&] { received = content(path("pipe")); });
    OutputFiles files;
    const OutputFiles::Id proof = files.add("-o", path(name), FileKind::kProof);
    ASSERT_TRUE(files.prepare().ok());
    ASSERT_TRUE(files.write(proof, frame_of(FileKind::kProof, 100000)).ok());
    EXPECT_TRUE(files.publish().ok());
    reader.join();
    EXPECT_EQ(received, frame_of(FileKind::kProof, 100000));
  }
  for (const std::string& name : {path("null"), std::string("/dev/null")}) {
    OutputFiles files;
    const OutputFiles::Id proof = files.add("-o", name, FileKind::kProof);
    ASSERT_TRUE(files.prepare().ok());
    ASSERT_TRUE(files.write(proof, frame_of(FileKind::kProof)).ok());
    EXPECT_TRUE(files.publish().ok());
  }
  struct stat entry {};
  ASSERT_EQ(::stat("/dev/null", &entry), 0);
  EXPECT_TRUE(S_ISCHR(entry.st_mode));
  ASSERT_EQ(::lstat(path("pipe").c_str(), &entry), 0);
  EXPECT_TRUE(S_ISFIFO(entry.st_mode));
  ASSERT_EQ(::lstat(path("link").c_str(), &entry), 0);
  EXPECT_TRUE(S_ISLNK(entry.st_mode));
  OutputFiles counted;
  counted.add_counted("--secret", path("pipe"), FileKind::kCommitmentSecret);
  EXPECT_FALSE(counted.prepare().ok()) << "slots are counted in a file";
}

TEST_F(OutputFilesTest, AFailedPipeLeavesNoFile) {
  OutputFiles files;
  const OutputFiles::Id full = files.add("-o", "/dev/full", FileKind::kProof);
  const OutputFiles::Id key = files.add("--key", path("k"), FileKind::kKey);
  ASSERT_TRUE(files.prepare().ok());
  ASSERT_TRUE(files.write(full, frame_of(FileKind::kProof)).ok());
  ASSERT_TRUE(files.write(key, frame_of(FileKind::kKey)).ok());
  EXPECT_FALSE(files.publish().ok());
  EXPECT_EQ(num_entries(), 0u);
}

TEST_F(OutputFilesTest, FollowsLinksToFiles) {
  put("real", frame_of(FileKind::kProof));
  fs::create_symlink("real", path("link"));
  fs::create_symlink("later", path("dangling"));
  for (const char* name : {"link", "dangling"}) {
    OutputFiles files;
    const OutputFiles::Id proof = files.add("-o", path(name), FileKind::kProof);
    ASSERT_TRUE(files.prepare().ok()) << name;
    ASSERT_TRUE(files.write(proof, frame_of(FileKind::kProof, 9)).ok());
    ASSERT_TRUE(files.publish().ok());
    EXPECT_TRUE(fs::is_symlink(path(name)));
  }
  EXPECT_EQ(content(path("real")), frame_of(FileKind::kProof, 9));
  EXPECT_EQ(content(path("later")), frame_of(FileKind::kProof, 9));
}

TEST_F(OutputFilesTest, NoTwoWritersWin) {
  for (const bool exists : {false, true}) {
    if (exists) put("b.zkproof", frame_of(FileKind::kProof));
    const std::string name = exists ? "b.zkproof" : "a.zkproof";
    OutputFiles first, second;
    for (OutputFiles* files : {&first, &second}) {
      const OutputFiles::Id proof = files->add("-o", path(name), FileKind::kProof);
      ASSERT_TRUE(files->prepare().ok());
      ASSERT_TRUE(files->write(proof, frame_of(FileKind::kProof, files == &first ? 1 : 2)).ok());
    }
    EXPECT_TRUE(first.publish().ok());
    EXPECT_FALSE(second.publish().ok());
    EXPECT_EQ(content(path(name)), frame_of(FileKind::kProof, 1));
  }
  EXPECT_EQ(num_entries(), 2u);
}

TEST_F(OutputFilesTest, TakesBackWhatItMadeWhenAnotherFileFails) {
  put("old.zkkey", frame_of(FileKind::kKey, 1));
  OutputFiles files;
  const OutputFiles::Id key = files.add("--key", path("old.zkkey"), FileKind::kKey);
  const OutputFiles::Id cert = files.add("--certificate", path("new.zkcert"), FileKind::kCertificate);
  const OutputFiles::Id proof = files.add("-o", path("p.zkproof"), FileKind::kProof);
  ASSERT_TRUE(files.prepare().ok());
  ASSERT_TRUE(files.write(key, frame_of(FileKind::kKey, 2)).ok());
  ASSERT_TRUE(files.write(cert, frame_of(FileKind::kCertificate)).ok());
  ASSERT_TRUE(files.write(proof, frame_of(FileKind::kProof)).ok());
  put("p.zkproof", frame_of(FileKind::kProof, 5));  // another process's
  const Status status = files.publish();
  EXPECT_NE(status.message().find("meanwhile"), std::string::npos) << status.to_string();
  EXPECT_EQ(content(path("old.zkkey")), frame_of(FileKind::kKey, 1));
  EXPECT_EQ(content(path("p.zkproof")), frame_of(FileKind::kProof, 5));
  EXPECT_FALSE(fs::exists(path("new.zkcert")));
}

// demo and tokenize have no --force: what another command says of the same file must not be said of theirs.
TEST_F(OutputFilesTest, NamesForceOnlyWhereTheCommandHasIt) {
  put("k.zkkey", frame_of(FileKind::kKey));
  const auto said = [&](const std::string& option) {
    OutputFiles files(false);
    files.add(option, path("k.zkkey"), FileKind::kProof);
    return files.prepare().message();
  };
  run_command_with({"--output"});
  EXPECT_EQ(said("--output").find("--force"), std::string::npos) << said("--output");
  EXPECT_NE(said("--output").find("name another file"), std::string::npos) << said("--output");
  run_command_with({"--output", "--force"});
  EXPECT_NE(said("--output").find("--force"), std::string::npos) << said("--output");
  // Nobody named it, and no option replaces it.
  EXPECT_EQ(said("the proof's path").find("--force"), std::string::npos) << said("the proof's path");
  run_command_with({});
}

TEST(Print, FillsPatterns) {
  EXPECT_EQ(text("wrote {} ({} bytes)\n", std::string("a\nb"), 12u), "wrote a\\nb (12 bytes)\n");
  EXPECT_EQ(text("nothing\n"), "nothing\n");
}

TEST(Print, OnlyListsOfTheLibraryHaveLines) {
  EXPECT_EQ(status_text(io_error("cannot open 'x\nACCEPTED\x1b'")), "input/output: cannot open 'x\\nACCEPTED\\x1b'");
  EXPECT_EQ(status_text(unsupported("2 nodes:\n  a\n  b")), "unsupported: 2 nodes:\n  a\n  b");
}

TEST(Print, JsonIsAsciiWhateverIsInIt) {
  const nlohmann::ordered_json json = {{"a", "\xff\x1b\xe2\x80\xae"}, {"\xc2\x9b", 1}};
  const std::string written = json_text(json);
  for (const char c : written) EXPECT_TRUE(c == '\n' || (c >= 32 && c < 127)) << written;
  EXPECT_TRUE(nlohmann::json::accept(written));
}

}  // namespace
}  // namespace zkinfer::cli
