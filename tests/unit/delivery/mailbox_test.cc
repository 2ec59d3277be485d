#include "bridge/delivery/mailbox.h"

#include <thread>
#include <utility>
#include <variant>
#include <vector>

#include "absl/strings/string_view.h"
#include "bridge/delivery/command.h"
#include "bridge/delivery/frame.h"
#include "gtest/gtest.h"

namespace sse_bridge {
namespace {

Command Publish(absl::string_view payload) {
  return PublishCommand{nullptr, Frame::Create(payload)};
}

Command Drain(int64_t window_nanos) {
  return DrainCommand{window_nanos, nullptr};
}

class MailboxTest : public ::testing::Test {
 protected:
  Mailbox::Posted Post(Command command) {
    return mailbox_.Post(std::move(command));
  }
  // Takes the commands and reports them as processed.
  std::vector<Command> TakeAll() {
    std::vector<Command> batch;
    size_t bytes = 0;
    if (mailbox_.Take(&batch, &bytes)) mailbox_.Processed(bytes);
    return batch;
  }

  Mailbox mailbox_;
};

TEST_F(MailboxTest, CommandsAreTakenInTheOrderOfPosting) {
  for (int i = 0; i < 3; ++i)
    EXPECT_EQ(Post(Drain(i)), Mailbox::Posted::kQueued);
  const std::vector<Command> batch = TakeAll();
  ASSERT_EQ(batch.size(), 3u);
  for (int i = 0; i < 3; ++i) {
    EXPECT_EQ(std::get<DrainCommand>(batch[i]).window_nanos, i);
  }
  EXPECT_TRUE(TakeAll().empty());
}

TEST_F(MailboxTest, OnlyTheFirstPostToASleepingLoopWakesIt) {
  EXPECT_EQ(mailbox_.PrepareToSleep(), Mailbox::Waiting::kNothing);
  EXPECT_EQ(Post(Drain(0)), Mailbox::Posted::kWakeNeeded);
  EXPECT_EQ(Post(Drain(0)), Mailbox::Posted::kQueued);
}

TEST_F(MailboxTest, ALoopThatWokeUpByItselfIsNotWoken) {
  EXPECT_EQ(mailbox_.PrepareToSleep(), Mailbox::Waiting::kNothing);
  EXPECT_FALSE(mailbox_.WokeUp());
  EXPECT_EQ(Post(Drain(0)), Mailbox::Posted::kQueued);
}

TEST_F(MailboxTest, ALoopWithWaitingCommandsDoesNotSleep) {
  Post(Drain(0));
  EXPECT_EQ(mailbox_.PrepareToSleep(), Mailbox::Waiting::kCommands);
  EXPECT_EQ(Post(Drain(0)), Mailbox::Posted::kQueued);
}

TEST_F(MailboxTest, AStopIsRequestedOnceAndSeenBeforeAndAfterSleeping) {
  EXPECT_TRUE(mailbox_.RequestStop());
  EXPECT_FALSE(mailbox_.RequestStop());
  EXPECT_EQ(mailbox_.PrepareToSleep(), Mailbox::Waiting::kStop);
  EXPECT_TRUE(mailbox_.WokeUp());
}

TEST_F(MailboxTest, PublishedBytesCountUntilTheyAreProcessed) {
  const Command command = Publish("data: 1\n\n");
  const size_t size = std::get<PublishCommand>(command).frame->size();
  Post(Publish("data: 1\n\n"));
  Post(Drain(0));  // has no bytes
  EXPECT_EQ(mailbox_.backlog_bytes(), size);

  std::vector<Command> batch;
  size_t bytes = 0;
  ASSERT_TRUE(mailbox_.Take(&batch, &bytes));
  EXPECT_EQ(bytes, size);
  Post(Publish("data: 2\n\n"));
  EXPECT_EQ(mailbox_.backlog_bytes(), 2 * size);
  mailbox_.Processed(bytes);
  EXPECT_EQ(mailbox_.backlog_bytes(), size);
  TakeAll();
  EXPECT_EQ(mailbox_.backlog_bytes(), 0u);
}

TEST_F(MailboxTest, AMailboxWithCommandsIsNotClosed) {
  Post(Drain(0));
  EXPECT_FALSE(mailbox_.CloseIfEmpty());
  EXPECT_EQ(Post(Drain(0)), Mailbox::Posted::kQueued);
  TakeAll();
  EXPECT_TRUE(mailbox_.CloseIfEmpty());
}

TEST_F(MailboxTest, AClosedMailboxLeavesTheCommandUnchanged) {
  ASSERT_TRUE(mailbox_.CloseIfEmpty());
  Command command = Publish("data: 1\n\n");
  EXPECT_EQ(mailbox_.Post(std::move(command)), Mailbox::Posted::kRefused);
  // NOLINTNEXTLINE(bugprone-use-after-move): this is what is tested.
  EXPECT_TRUE(std::get<PublishCommand>(command).frame);
  EXPECT_EQ(mailbox_.backlog_bytes(), 0u);
}

TEST_F(MailboxTest, NothingIsLostBetweenThreads) {
  constexpr int kThreads = 4;
  constexpr int kCommands = 1000;
  std::vector<std::thread> threads;
  for (int t = 0; t < kThreads; ++t) {
    threads.emplace_back([this] {
      for (int i = 0; i < kCommands; ++i) Post(Publish("data: 1\n\n"));
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
