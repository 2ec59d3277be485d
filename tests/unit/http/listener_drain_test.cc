#include "bridge/http/listener_drain.h"

#include <thread>

#include "absl/time/clock.h"
#include "absl/time/time.h"
#include "gtest/gtest.h"

namespace sse_bridge {
namespace {

bool IsIdle(ListenerDrain* drain) {
  return drain->WaitUntilIdle(absl::UnixEpoch());
}

bool BecomesIdle(ListenerDrain* drain) {
  return drain->WaitUntilIdle(absl::Now() + absl::Seconds(30));
}

TEST(ListenerDrainTest, IdleWithoutRequests) {
  ListenerDrain drain;
  EXPECT_TRUE(IsIdle(&drain));
  drain.AddRequest();
  drain.AddRequest();
  EXPECT_FALSE(IsIdle(&drain));
  drain.RemoveRequest();
  EXPECT_FALSE(IsIdle(&drain));
  drain.RemoveRequest();
  EXPECT_TRUE(IsIdle(&drain));
}

TEST(ListenerDrainTest, AfterStopAcceptingTheSocketMustBeClosed) {
  ListenerDrain drain;
  EXPECT_FALSE(drain.stop_accepting());
  drain.StopAccepting();
  EXPECT_TRUE(drain.stop_accepting());
  EXPECT_FALSE(IsIdle(&drain));
  drain.ListeningSocketClosed();
  EXPECT_TRUE(IsIdle(&drain));
  drain.AddRequest();
  EXPECT_FALSE(IsIdle(&drain)) << "requests still arrive on open connections";
}

TEST(ListenerDrainTest, TheLastRequestEndsTheWait) {
  ListenerDrain drain;
  drain.AddRequest();
  std::thread other([&] { drain.RemoveRequest(); });
  EXPECT_TRUE(BecomesIdle(&drain));
  other.join();
}

TEST(ListenerDrainTest, TheCloseEndsTheWait) {
  ListenerDrain drain;
  drain.StopAccepting();
  std::thread other([&] { drain.ListeningSocketClosed(); });
  EXPECT_TRUE(BecomesIdle(&drain));
  other.join();
}

}  // namespace
}  // namespace sse_bridge
