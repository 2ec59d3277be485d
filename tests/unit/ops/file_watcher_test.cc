#include "bridge/ops/file_watcher.h"

#include <unistd.h>

#include <condition_variable>
#include <cstdio>
#include <cstdlib>
#include <fstream>
#include <string>

#include "bridge/base/mutex.h"
#include "gtest/gtest.h"

namespace sse_bridge {
namespace {

class FileWatcherTest : public ::testing::Test {
 protected:
  FileWatcherTest() {
    char name[] = "/tmp/file_watcher_test.XXXXXX";
    directory_ = mkdtemp(name);
  }
  ~FileWatcherTest() override {
    watcher_.Stop();
    for (const char* name : {"a", "b", "link", "new"})
      unlink(Path(name).c_str());
    rmdir(directory_.c_str());
  }
  std::string Path(const std::string& name) const {
    return directory_ + "/" + name;
  }
  void Write(const std::string& name, const std::string& text) const {
    std::ofstream(Path(name)) << text;
  }
  void WatchAll(std::vector<std::string> names) {
    for (std::string& name : names) name = Path(name);
    watcher_.Watch(std::move(names), [this] {
      MutexLock lock(&mu_);
      ++changes_;
      changed_.notify_all();
    });
    watcher_.Start();
  }
  // Waits until this many changes were seen in total.
  void Await(int changes) {
    MutexLock lock(&mu_);
    while (changes_ < changes) changed_.wait(mu_);
    EXPECT_EQ(changes_, changes);
  }

  std::string directory_;
  FileWatcher watcher_{absl::Milliseconds(5)};
  Mutex mu_;
  std::condition_variable_any changed_;
  int changes_ ABSL_GUARDED_BY(mu_) = 0;
};

TEST_F(FileWatcherTest, DetectsReplacedAndNewFiles) {
  Write("a", "1");
  WatchAll({"a", "b"});
  Write("new", "2");
  rename(Path("new").c_str(), Path("a").c_str());
  Await(1);
  Write("new", "3");
  rename(Path("new").c_str(), Path("b").c_str());
  Await(2);
}

TEST_F(FileWatcherTest, DetectsAChangedSymbolicLink) {
  Write("a", "1");
  Write("b", "1");
  ASSERT_EQ(symlink(Path("a").c_str(), Path("link").c_str()), 0);
  WatchAll({"link"});
  ASSERT_EQ(symlink(Path("b").c_str(), Path("new").c_str()), 0);
  rename(Path("new").c_str(), Path("link").c_str());
  Await(1);
}

TEST_F(FileWatcherTest, AMissingFileIsUnchangedUntilItReturns) {
  Write("a", "1");
  WatchAll({"a", "b"});
  unlink(Path("a").c_str());
  Write("new", "2");
  rename(Path("new").c_str(), Path("b").c_str());
  Await(1);
  Write("new", "3");
  rename(Path("new").c_str(), Path("a").c_str());
  Await(2);
}

TEST_F(FileWatcherTest, ReadAllReportsUnchangedFiles) {
  Write("a", "1");
  WatchAll({"a"});
  watcher_.ReadAll();
  Await(1);
}

}  // namespace
}  // namespace sse_bridge
