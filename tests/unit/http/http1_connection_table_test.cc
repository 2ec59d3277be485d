#include "bridge/http/http1_connection_table.h"

#include <fcntl.h>
#include <unistd.h>

#include <memory>

#include "gmock/gmock.h"
#include "gtest/gtest.h"

namespace sse_bridge {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;

std::unique_ptr<Socket> NewTestSocket() {
  return std::make_unique<PlainSocket>(
      open("/dev/null", O_RDWR | O_CLOEXEC | O_NONBLOCK));
}

TEST(Http1ConnectionTableTest, FindsAConnectionByItsHandle) {
  Http1ConnectionTable table;
  Http1Connection* first = table.Add(NewTestSocket());
  Http1Connection* second = table.Add(NewTestSocket());
  EXPECT_EQ(table.Find(first->handle()), first);
  EXPECT_EQ(table.Find(second->handle()), second);
  EXPECT_EQ(first->fd, first->socket().fd());
  EXPECT_EQ(table.size(), 2u);
  EXPECT_THAT(table.All(), ElementsAre(first, second));
}

TEST(Http1ConnectionTableTest, FindsNothingByUnknownHandles) {
  Http1ConnectionTable table;
  EXPECT_EQ(table.Find(0), nullptr);
  table.Add(NewTestSocket());
  EXPECT_EQ(table.Find(1), nullptr);
  EXPECT_EQ(table.Find(~uint64_t{0}), nullptr);
}

TEST(Http1ConnectionTableTest, AnOldHandleDoesNotFindTheNextConnection) {
  Http1ConnectionTable table;
  Http1Connection* old = table.Add(NewTestSocket());
  const uint64_t handle = old->handle();
  table.Remove(old);
  EXPECT_EQ(table.Find(handle), nullptr);
  EXPECT_EQ(old->fd, -1);
  EXPECT_THAT(table.All(), IsEmpty());

  Http1Connection* next = table.Add(NewTestSocket());
  EXPECT_EQ(next, old) << "memory is used again";
  EXPECT_NE(next->handle(), handle);
  EXPECT_EQ(table.Find(handle), nullptr);
  EXPECT_EQ(table.Find(next->handle()), next);
  EXPECT_EQ(table.size(), 1u);
}

TEST(Http1ConnectionTableTest, ARemovedConnectionLeavesNothingToTheNext) {
  Http1ConnectionTable table;
  Http1Connection* old = table.Add(NewTestSocket());
  old->in.assign(10'000, 'x');
  old->out.assign(10'000, 'x');
  old->peer_address = "192.0.2.1";
  old->state = Http1Connection::State::kBusy;
  old->watched = 1;
  table.Remove(old);
  const Http1Connection* next = table.Add(NewTestSocket());
  EXPECT_LT(next->in.capacity(), 1000u);
  EXPECT_LT(next->out.capacity(), 1000u);
  EXPECT_EQ(next->peer_address, "");
  EXPECT_EQ(next->state, Http1Connection::State::kReading);
  EXPECT_EQ(next->watched, 0u);
}

TEST(Http1ConnectionTableTest, ASharedSocketStaysOpen) {
  Http1ConnectionTable table;
  Http1Connection* connection = table.Add(NewTestSocket());
  const std::shared_ptr<SharedSocket> shared = connection->shared;
  table.Remove(connection);
  EXPECT_GE(fcntl(shared->socket->fd(), F_GETFD), 0);
}

}  // namespace
}  // namespace sse_bridge
