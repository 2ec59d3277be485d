#include "bridge/net/mailbox.h"

#include <memory>
#include <thread>
#include <utility>
#include <vector>

#include "gtest/gtest.h"

namespace sse_bridge {
namespace {

// Can only be moved, as most commands.
using TestCommand = std::unique_ptr<int>;
using TestMailbox = Mailbox<TestCommand>;

class MailboxTest : public ::testing::Test {
 protected:
  TestMailbox::Posted Post(int value, size_t bytes = 0) {
    return mailbox_.Post(std::make_unique<int>(value), bytes);
  }
  // Takes the commands and reports them as processed.
  std::vector<int> TakeAll() {
    std::vector<int> values;
    for (const TestCommand& command : mailbox_.Take()) {
      values.push_back(*command);
    }
    mailbox_.Processed();
    return values;
  }

  TestMailbox mailbox_;
};

TEST_F(MailboxTest, CommandsAreTakenInTheOrderOfPosting) {
  for (int i = 0; i < 3; ++i) {
    EXPECT_EQ(Post(i), TestMailbox::Posted::kQueued);
  }
  EXPECT_EQ(TakeAll(), (std::vector<int>{0, 1, 2}));
  EXPECT_TRUE(TakeAll().empty());
}

TEST_F(MailboxTest, CommandsPostedWhileOthersAreProcessedAreTakenNext) {
  Post(1);
  for (const TestCommand& command : mailbox_.Take()) Post(*command + 1);
  mailbox_.Processed();
  EXPECT_EQ(TakeAll(), std::vector<int>{2});
}

TEST_F(MailboxTest, OnlyTheFirstPostToASleepingLoopWakesIt) {
  EXPECT_TRUE(mailbox_.PrepareToSleep());
  EXPECT_EQ(Post(0), TestMailbox::Posted::kWakeNeeded);
  EXPECT_EQ(Post(0), TestMailbox::Posted::kQueued);
}

TEST_F(MailboxTest, ALoopThatWokeUpByItselfIsNotWoken) {
  EXPECT_TRUE(mailbox_.PrepareToSleep());
  mailbox_.WokeUp();
  EXPECT_EQ(Post(0), TestMailbox::Posted::kQueued);
}

TEST_F(MailboxTest, ALoopWithWaitingCommandsDoesNotSleep) {
  Post(0);
  EXPECT_FALSE(mailbox_.PrepareToSleep());
  EXPECT_EQ(Post(0), TestMailbox::Posted::kQueued);
}

TEST_F(MailboxTest, BytesCountUntilTheirCommandIsProcessed) {
  Post(0, 100);
  Post(0);
  EXPECT_EQ(mailbox_.backlog_bytes(), 100u);

  EXPECT_EQ(mailbox_.Take().size(), 2u);
  Post(0, 20);
  EXPECT_EQ(mailbox_.backlog_bytes(), 120u);
  mailbox_.Processed();
  EXPECT_EQ(mailbox_.backlog_bytes(), 20u);
  TakeAll();
  EXPECT_EQ(mailbox_.backlog_bytes(), 0u);
}

TEST_F(MailboxTest, AMailboxWithCommandsIsNotClosed) {
  Post(0);
  EXPECT_FALSE(mailbox_.CloseIfEmpty());
  EXPECT_EQ(Post(0), TestMailbox::Posted::kQueued);
  TakeAll();
  EXPECT_TRUE(mailbox_.CloseIfEmpty());
}

TEST_F(MailboxTest, AClosedMailboxLeavesTheCommandUnchanged) {
  ASSERT_TRUE(mailbox_.CloseIfEmpty());
  TestCommand command = std::make_unique<int>(1);
  EXPECT_EQ(mailbox_.Post(std::move(command), /*bytes=*/100),
            TestMailbox::Posted::kRefused);
  // NOLINTNEXTLINE(bugprone-use-after-move): this is what is tested.
  EXPECT_NE(command, nullptr);
  EXPECT_EQ(mailbox_.backlog_bytes(), 0u);
}

TEST_F(MailboxTest, NothingIsLostBetweenThreads) {
  constexpr int kThreads = 4;
  constexpr int kCommands = 1000;
  std::vector<std::thread> threads;
  for (int t = 0; t < kThreads; ++t) {
    threads.emplace_back([this] {
      for (int i = 0; i < kCommands; ++i) Post(i, /*bytes=*/10);
    });
  }
  size_t taken = 0;
  while (taken < size_t{kThreads} * kCommands) taken += TakeAll().size();
  for (std::thread& thread : threads) thread.join();
  EXPECT_EQ(taken, size_t{kThreads} * kCommands);
  EXPECT_EQ(mailbox_.backlog_bytes(), 0u);
  EXPECT_TRUE(TakeAll().empty());
}

}  // namespace
}  // namespace sse_bridge
