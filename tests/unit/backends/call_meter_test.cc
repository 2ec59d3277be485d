#include "backends/metrics/call_meter.h"

#include <functional>

#include "absl/time/clock.h"
#include "absl/time/time.h"
#include "backends/metrics/machine.h"
#include "gtest/gtest.h"
#include "tests/support/eventually.h"

namespace sse_bridge {
namespace {

using testing::Eventually;

// Readings cover whole seconds, so read what is counted now after the next
// second has begun.
TEST(CallMeterTest, MeasuresCallsResultsAndLatency) {
  CallMeter meter;
  for (int i = 0; i < 20; ++i) {
    const bool unary = i < 10;
    meter.CallBegan(i % 2 == 0 ? "ada" : "bob");
    meter.CallEnded(i % 2 == 0 ? "ada" : "bob", /*failed=*/i % 4 == 0, unary,
                    unary ? absl::Milliseconds(i) : absl::Hours(1));
  }
  meter.CallBegan("");  // anonymous, and still open
  EXPECT_TRUE(Eventually([&] { return meter.Read().requests_per_sec > 2; },
                         absl::Seconds(8)));
  const CallMeter::Reading reading = meter.Read();
  EXPECT_DOUBLE_EQ(reading.requests_per_sec, 21 / 10.0);
  EXPECT_DOUBLE_EQ(reading.error_rate, 5 / 20.0);
  EXPECT_DOUBLE_EQ(reading.avg_latency_ms, 4.5) << "of unary calls only";
  EXPECT_EQ(reading.active_users, 2);
}

TEST(CallMeterTest, NothingIsZero) {
  CallMeter meter;
  const CallMeter::Reading reading = meter.Read();
  EXPECT_EQ(reading.requests_per_sec, 0);
  EXPECT_EQ(reading.error_rate, 0);
  EXPECT_EQ(reading.avg_latency_ms, 0);
  EXPECT_EQ(reading.active_users, 0);
}

TEST(MachineTest, UsageIsAFraction) {
  Machine machine;
  // Keeps the CPU busy until it is measurable: the kernel counts in hundredths
  // of a second.
  double usage = 0;
  EXPECT_TRUE(Eventually([&] { return (usage = machine.CpuUsage()) > 0; },
                         absl::Seconds(8)));
  EXPECT_LE(usage, 1);
  EXPECT_GT(machine.MemoryUsage(), 0);
  EXPECT_LT(machine.MemoryUsage(), 1);
}

}  // namespace
}  // namespace sse_bridge
