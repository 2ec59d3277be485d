#include "bridge/upstream/grpc/connection_probe.h"

#include <memory>
#include <string>

#include "absl/time/time.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "tests/support/reserved_port.h"
#include "tests/unit/upstream/test_backend.h"

namespace sse_bridge {
namespace {

using ::testing::HasSubstr;

constexpr absl::Duration kPatience = absl::Seconds(10);

std::unique_ptr<ConnectionProbe> ProbeOf(const std::string& address) {
  GrpcUpstreamOptions options;
  options.address = address;
  options.max_backoff = absl::Milliseconds(200);
  return ConnectionProbe::Start(options);
}

TEST(ConnectionProbeTest, ConnectsWithoutACall) {
  TestBackend backend;
  const auto probe = ProbeOf(backend.address());
  EXPECT_TRUE(Eventually([&] { return probe->Connected(); }));
  EXPECT_EQ(probe->WhyNotConnected(kPatience), "");
  EXPECT_EQ(backend.seen().started, 0);
  EXPECT_EQ(backend.seen().questions, 0);
}

TEST(ConnectionProbeTest, TellsWhyAndKeepsTrying) {
  const testing::ReservedPort gone;
  const auto probe = ProbeOf(gone.address());
  EXPECT_THAT(probe->WhyNotConnected(kPatience),
              HasSubstr("Connection refused"));
  EXPECT_FALSE(probe->Connected());
  TestBackend::Options options;
  options.port = gone.port();
  TestBackend backend(options);
  EXPECT_TRUE(Eventually([&] { return probe->Connected(); }));
}

TEST(ConnectionProbeTest, UnknownHostIsTold) {
  const auto probe = ProbeOf("dns:///nowhere.invalid:1");
  EXPECT_NE(probe->WhyNotConnected(absl::Seconds(2)), "");
  EXPECT_FALSE(probe->Connected());
}

}  // namespace
}  // namespace sse_bridge
