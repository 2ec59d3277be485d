#include "backends/tasks/serial_queue.h"

#include <atomic>
#include <thread>
#include <vector>

#include "gtest/gtest.h"

namespace sse_bridge {
namespace {

TEST(SerialQueue, AJobBeginsWhenTheOneBeforeIsDone) {
  SerialQueue queue;
  std::vector<int> begun;
  std::function<void()> first_done;
  queue.Run("k", [&](std::function<void()> done) {
    begun.push_back(1);
    first_done = std::move(done);
  });
  queue.Run("k", [&](std::function<void()> done) {
    begun.push_back(2);
    done();
  });
  queue.Run("other", [&](std::function<void()> done) {
    begun.push_back(3);
    done();
  });
  EXPECT_EQ(begun, (std::vector<int>{1, 3}));
  first_done();
  EXPECT_EQ(begun, (std::vector<int>{1, 3, 2}));
}

TEST(SerialQueue, ManyJobsThatAreDoneAtOnceNeedNoDeepStack) {
  SerialQueue queue;
  std::function<void()> first_done;
  queue.Run("k",
            [&](std::function<void()> done) { first_done = std::move(done); });
  int ran = 0;
  for (int i = 0; i < 200'000; ++i) {
    queue.Run("k", [&](std::function<void()> done) {
      ++ran;
      done();
    });
  }
  first_done();
  EXPECT_EQ(ran, 200'000);
}

TEST(SerialQueue, JobsFromManyThreadsDoNotOverlap) {
  SerialQueue queue;
  std::atomic<int> inside{0};
  std::atomic<int> ran{0};
  std::vector<std::thread> threads;
  for (int t = 0; t < 4; ++t) {
    threads.emplace_back([&] {
      for (int i = 0; i < 1000; ++i) {
        queue.Run("k", [&](std::function<void()> done) {
          EXPECT_EQ(++inside, 1);
          --inside;
          ++ran;
          done();
        });
      }
    });
  }
  for (std::thread& thread : threads) thread.join();
  EXPECT_EQ(ran, 4000);
}

}  // namespace
}  // namespace sse_bridge
