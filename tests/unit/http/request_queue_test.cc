#include "bridge/http/request_queue.h"

#include <gtest/gtest.h>

#include <memory>
#include <string>
#include <thread>
#include <utility>

namespace sse_bridge {
namespace {

using For = RequestQueue::For;

std::shared_ptr<HttpExchange> RequestOf(const std::string& target,
                                        size_t body_bytes = 0) {
  ParsedRequest parsed;
  parsed.verb = "POST";
  parsed.target = target;
  parsed.body = std::string(body_bytes, 'b');
  return std::make_shared<HttpExchange>(std::move(parsed), nullptr);
}

constexpr size_t kLong = RequestQueue::kShortBodyBytes + 1;

TEST(RequestQueueTest, ShortRequestsGoFirst) {
  RequestQueue queue(10);
  for (const char* target : {"/long1", "/long2"}) {
    ASSERT_TRUE(queue.Push(RequestOf(target, kLong)));
  }
  ASSERT_TRUE(queue.Push(RequestOf("/short", kLong - 1)));
  EXPECT_EQ(queue.Take(For::kAll)->target(), "/short");
  EXPECT_EQ(queue.Take(For::kAll)->target(), "/long1");
  EXPECT_EQ(queue.Take(For::kAll)->target(), "/long2");
}

TEST(RequestQueueTest, LongRequestsGetTheirTurn) {
  RequestQueue queue(100);
  ASSERT_TRUE(queue.Push(RequestOf("/long", kLong)));
  for (int i = 0; i < 50; ++i) ASSERT_TRUE(queue.Push(RequestOf("/short")));
  for (int i = 0; i < RequestQueue::kShortBeforeLong; ++i) {
    EXPECT_EQ(queue.Take(For::kAll)->target(), "/short");
  }
  EXPECT_EQ(queue.Take(For::kAll)->target(), "/long");
}

TEST(RequestQueueTest, TheShortOnlyWorkerNeverTakesALongRequest) {
  RequestQueue queue(100);
  ASSERT_TRUE(queue.Push(RequestOf("/long", kLong)));
  std::shared_ptr<HttpExchange> taken;
  std::thread worker([&] { taken = queue.Take(For::kShortOnly); });
  ASSERT_TRUE(queue.Push(RequestOf("/short")));
  worker.join();
  EXPECT_EQ(taken->target(), "/short");
  EXPECT_EQ(queue.Take(For::kAll)->target(), "/long");
}

TEST(RequestQueueTest, IsBounded) {
  RequestQueue queue(2);
  EXPECT_TRUE(queue.Push(RequestOf("/")));
  EXPECT_TRUE(queue.Push(RequestOf("/", kLong)));
  EXPECT_FALSE(queue.Push(RequestOf("/")));
  queue.Take(For::kAll);
  EXPECT_TRUE(queue.Push(RequestOf("/")));
}

TEST(RequestQueueTest, StopWakesWaitingWorkers) {
  RequestQueue queue(2);
  std::thread all([&] { EXPECT_EQ(queue.Take(For::kAll), nullptr); });
  std::thread some([&] { EXPECT_EQ(queue.Take(For::kShortOnly), nullptr); });
  queue.Stop();
  all.join();
  some.join();
  EXPECT_FALSE(queue.Push(RequestOf("/")));
}

}  // namespace
}  // namespace sse_bridge
