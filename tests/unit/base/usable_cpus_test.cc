#include "bridge/base/usable_cpus.h"

#include <sched.h>

#include <filesystem>
#include <fstream>
#include <string>

#include "gtest/gtest.h"
#include "tests/support/temporary_directory.h"

namespace sse_bridge {
namespace {

class UsableCpusTest : public ::testing::Test {
 protected:
  void Write(const std::string& name, const std::string& text) {
    const std::filesystem::path path = files_.root + "/" + name;
    std::filesystem::create_directories(path.parent_path());
    std::ofstream(path) << text;
  }

  testing::TemporaryDirectory directory_;
  CgroupFiles files_ = {.membership = directory_.path() + "/membership",
                        .root = directory_.path() + "/root"};
};

TEST_F(UsableCpusTest, NoFileMeansNoLimit) {
  EXPECT_EQ(CgroupCpuLimit(files_), 0);
  cpu_set_t allowed;
  ASSERT_EQ(::sched_getaffinity(0, sizeof(allowed), &allowed), 0);
  EXPECT_EQ(UsableCpus(files_), CPU_COUNT(&allowed));
}

TEST_F(UsableCpusTest, OnlyProcessorsThatTheProcessMayRunOnCount) {
  cpu_set_t before;
  ASSERT_EQ(::sched_getaffinity(0, sizeof(before), &before), 0);
  int first = 0;
  while (!CPU_ISSET(first, &before)) ++first;
  cpu_set_t one;
  CPU_ZERO(&one);
  CPU_SET(first, &one);
  ASSERT_EQ(::sched_setaffinity(0, sizeof(one), &one), 0);
  EXPECT_EQ(UsableCpus(files_), 1);
  ASSERT_EQ(::sched_setaffinity(0, sizeof(before), &before), 0);
}

TEST_F(UsableCpusTest, LimitIsRoundedUp) {
  Write("../membership", "0::/\n");
  Write("cpu.max", "150000 100000\n");
  EXPECT_EQ(CgroupCpuLimit(files_), 2);
  Write("cpu.max", "200000 100000\n");
  EXPECT_EQ(CgroupCpuLimit(files_), 2);
  Write("cpu.max", "1000 100000\n");
  EXPECT_EQ(CgroupCpuLimit(files_), 1);
  EXPECT_EQ(UsableCpus(files_), 1);
}

TEST_F(UsableCpusTest, MaxMeansNoLimit) {
  Write("../membership", "0::/\n");
  Write("cpu.max", "max 100000\n");
  EXPECT_EQ(CgroupCpuLimit(files_), 0);
}

TEST_F(UsableCpusTest, SmallestLimitOfTheGroupsAroundCounts) {
  Write("../membership", "1:name=systemd:/other\n0::/outer/inner\n");
  Write("outer/inner/cpu.max", "800000 100000\n");
  Write("outer/cpu.max", "300000 100000\n");
  Write("cpu.max", "max 100000\n");
  EXPECT_EQ(CgroupCpuLimit(files_), 3);
}

TEST_F(UsableCpusTest, MalformedFilesAreNoLimit) {
  Write("../membership", "nonsense\n0::/group\n");
  for (const char* text : {"", "abc 100000", "100000", "100000 0", "-1 100000",
                           "0 100000", "100000 abc"}) {
    Write("group/cpu.max", text);
    EXPECT_EQ(CgroupCpuLimit(files_), 0) << text;
  }
}

}  // namespace
}  // namespace sse_bridge
