#include "bridge/delivery/send_queue.h"

#include <algorithm>
#include <deque>
#include <random>
#include <string>

#include "absl/strings/str_cat.h"
#include "gtest/gtest.h"

namespace sse_bridge {
namespace {

// Only compared, never dereferenced.
Topic* const kTopic = reinterpret_cast<Topic*>(64);
Topic* const kOtherTopic = reinterpret_cast<Topic*>(128);

SendEntry Entry(absl::string_view data, SlowPolicy policy, uint64_t key = 0,
                Topic* topic = kTopic) {
  SendEntry entry;
  entry.frame = Frame::Create(data, {.key = key});
  entry.topic = topic;
  entry.policy = policy;
  entry.counted = true;
  return entry;
}

class SendQueueTest : public ::testing::Test {
 protected:
  std::string Waiting() {
    iovec parts[1024];
    std::string bytes;
    const int n = queue_.Gather(parts, 1024);
    for (int i = 0; i < n; ++i) {
      bytes.append(static_cast<char*>(parts[i].iov_base), parts[i].iov_len);
    }
    return bytes;
  }
  size_t Send(size_t bytes) {
    SendEntry done;
    size_t completed = 0;
    while (queue_.Sent(&bytes, &done)) ++completed;
    return completed;
  }

  SendEntryPool pool_;
  SendQueue queue_;
};

TEST_F(SendQueueTest, KeepsOrderWhileItGrows) {
  std::string all;
  for (int i = 0; i < 100; ++i) {
    const std::string data = absl::StrCat(i, ",");
    all += data;
    queue_.Push(Entry(data, SlowPolicy::kDisconnect), &pool_);
  }
  EXPECT_EQ(queue_.bytes(), all.size());
  EXPECT_EQ(Waiting(), all);
  EXPECT_EQ(Send(5), 2u);  // "0," "1," and a part of "2,"
  EXPECT_EQ(Waiting(), all.substr(5));
  EXPECT_EQ(Send(all.size() - 5), 98u);
  EXPECT_TRUE(queue_.empty());
  EXPECT_EQ(queue_.counted_bytes(), 0u);
}

TEST_F(SendQueueTest, PartlySentEntryIsNeverDropped) {
  queue_.Push(Entry("aaaa", SlowPolicy::kDropOldest), &pool_);
  queue_.Push(Entry("bbbb", SlowPolicy::kDropOldest), &pool_);
  Send(1);
  SendEntry taken;
  ASSERT_TRUE(queue_.TakeOldest(&taken));
  EXPECT_EQ(taken.frame->payload(), "bbbb");
  EXPECT_FALSE(queue_.TakeOldest(&taken));
  EXPECT_EQ(Waiting(), "aaa");
}

TEST_F(SendQueueTest, PartlySentEntryIsNeverSuperseded) {
  std::vector<SendEntry> taken;
  queue_.TakeSame(kTopic, 0, &taken);  // from here on a map is kept
  queue_.Push(Entry("aaaa", SlowPolicy::kConflate), &pool_);
  Send(1);
  queue_.TakeSame(kTopic, 0, &taken);
  EXPECT_TRUE(taken.empty());
  queue_.Push(Entry("bbbb", SlowPolicy::kConflate), &pool_);
  queue_.TakeSame(kTopic, 0, &taken);
  ASSERT_EQ(taken.size(), 1u);
  EXPECT_EQ(taken[0].frame->payload(), "bbbb");
}

TEST_F(SendQueueTest, OnlyTheSameTopicAndKeyIsSuperseded) {
  queue_.Push(Entry("a1", SlowPolicy::kConflate, 1), &pool_);
  queue_.Push(Entry("a2", SlowPolicy::kConflate, 2), &pool_);
  queue_.Push(Entry("o1", SlowPolicy::kConflate, 1, kOtherTopic), &pool_);
  queue_.Push(Entry("d1", SlowPolicy::kDisconnect, 1), &pool_);
  std::vector<SendEntry> taken;
  queue_.TakeSame(kTopic, 1, &taken);
  ASSERT_EQ(taken.size(), 1u);
  EXPECT_EQ(taken[0].frame->payload(), "a1");
  EXPECT_EQ(Waiting(), "a2o1d1");
}

TEST_F(SendQueueTest, FirstCallTakesAllSupersededEvents) {
  queue_.Push(Entry("a", SlowPolicy::kConflate, 1), &pool_);
  queue_.Push(Entry("b", SlowPolicy::kConflate, 1), &pool_);
  queue_.Push(Entry("c", SlowPolicy::kConflate, 2), &pool_);
  queue_.Push(Entry("d", SlowPolicy::kConflate, 2), &pool_);
  std::vector<SendEntry> taken;
  queue_.TakeSame(kTopic, 1, &taken);
  EXPECT_EQ(taken.size(), 3u);
  EXPECT_EQ(Waiting(), "d");
}

TEST_F(SendQueueTest, TakeEventsKeepsPartlySentEntriesAndComments) {
  queue_.Push(Entry("begun", SlowPolicy::kDisconnect), &pool_);
  queue_.Push(Entry("event", SlowPolicy::kDisconnect), &pool_);
  SendEntry comment;
  comment.frame = Frame::Create(":comment", {.is_event = false});
  queue_.Push(std::move(comment), &pool_);
  Send(2);
  std::vector<SendEntry> taken;
  queue_.TakeEvents(&taken);
  ASSERT_EQ(taken.size(), 1u);
  EXPECT_EQ(Waiting(), "gun:comment");
}

// Compares with a simple list.
TEST_F(SendQueueTest, BehavesAsAListUnderRandomOperations) {
  struct Model {
    std::string data;
    SlowPolicy policy;
    uint64_t key;
  };
  std::minstd_rand random(42);
  for (int round = 0; round < 50; ++round) {
    std::deque<Model> model;
    size_t offset = 0;
    bool conflating = false;
    for (int step = 0; step < 400; ++step) {
      const int what = static_cast<int>(random() % 10);
      if (what < 5) {
        const SlowPolicy policy =
            std::array{SlowPolicy::kConflate, SlowPolicy::kDropOldest,
                       SlowPolicy::kDisconnect}[random() % 3];
        const Model m{absl::StrCat("<", round, ":", step, ">"), policy,
                      random() % 8};
        if (policy == SlowPolicy::kConflate) {
          std::vector<SendEntry> taken;
          queue_.TakeSame(kTopic, m.key, &taken);
          conflating = true;
          for (size_t i = offset > 0 ? 1 : 0; i < model.size(); ++i) {
            if (model[i].policy == policy && model[i].key == m.key) {
              model.erase(model.begin() + i);
              break;
            }
          }
        }
        queue_.Push(Entry(m.data, m.policy, m.key), &pool_);
        model.push_back(m);
      } else if (what < 7) {
        SendEntry taken;
        const bool did = queue_.TakeOldest(&taken);
        const auto it = std::find_if(
            model.begin() + (offset > 0 ? 1 : 0), model.end(),
            [](const Model& m) { return m.policy != SlowPolicy::kDisconnect; });
        ASSERT_EQ(did, it != model.end());
        if (did) {
          ASSERT_EQ(taken.frame->payload(), it->data);
          model.erase(it);
        }
      } else {
        size_t total = 0;
        for (const Model& m : model) total += m.data.size();
        total -= offset;
        size_t bytes = std::min<size_t>(total, random() % 40);
        Send(bytes);
        while (bytes > 0) {
          const size_t left = model.front().data.size() - offset;
          if (bytes < left) {
            offset += bytes;
            bytes = 0;
          } else {
            bytes -= left;
            offset = 0;
            model.pop_front();
          }
        }
        if (model.empty()) queue_.Shrink(&pool_);
      }
      std::string expected;
      for (const Model& m : model) expected += m.data;
      ASSERT_EQ(queue_.size(), model.size());
      ASSERT_EQ(queue_.bytes(), expected.size());
      ASSERT_EQ(Waiting(), expected.substr(offset));
    }
    EXPECT_TRUE(conflating);
    size_t rest = queue_.bytes();
    Send(rest - offset);
    ASSERT_TRUE(queue_.empty());
    queue_.Shrink(&pool_);
  }
}

}  // namespace
}  // namespace sse_bridge
