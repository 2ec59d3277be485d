#include "bridge/upstream/router.h"

#include <memory>
#include <string>
#include <vector>

#include "gmock/gmock.h"
#include "gtest/gtest.h"

namespace sse_bridge {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;

UpstreamFlag Flag(std::string service, std::string address) {
  return {std::move(service), std::move(address)};
}

TEST(ParseUpstreamFlagTest, ReadsEachForm) {
  const struct {
    const char* value;
    UpstreamFlag flag;
  } kCases[] = {
      {"127.0.0.1:1", Flag("", "127.0.0.1:1")},
      {"backend:65535", Flag("", "backend:65535")},
      {"dns:50051", Flag("", "dns:50051")},
      {"[::1]:50051", Flag("", "[::1]:50051")},
      {"realtime.v1.Prices=127.0.0.1:1",
       Flag("realtime.v1.Prices", "127.0.0.1:1")},
      {"Prices=host:1", Flag("Prices", "host:1")},
      {" host:1 ", Flag("", "host:1")},
      {"dns:///backend.local:50051", Flag("", "dns:///backend.local:50051")},
      {"ipv4:10.0.0.1:1,10.0.0.2:1", Flag("", "ipv4:10.0.0.1:1,10.0.0.2:1")},
      {"10.0.0.1:1,10.0.0.2:1", Flag("", "ipv4:10.0.0.1:1,10.0.0.2:1")},
      {"a.B=[::1]:1,[::2]:2", Flag("a.B", "ipv6:[::1]:1,[::2]:2")},
      {"unix:/run/backend.sock", Flag("", "unix:/run/backend.sock")},
      {"dns:///backend.local", Flag("", "dns:///backend.local")},
      {"dns:///backend.local:https", Flag("", "dns:///backend.local:https")},
      {"dns://10.0.0.53/backend:1", Flag("", "dns://10.0.0.53/backend:1")},
      {"ipv6:2607:f8b0::1", Flag("", "ipv6:2607:f8b0::1")},
  };
  for (const auto& c : kCases) {
    const auto flag = ParseUpstreamFlag(c.value);
    ASSERT_TRUE(flag.ok()) << flag.status();
    EXPECT_EQ(flag->service, c.flag.service) << c.value;
    EXPECT_EQ(flag->address, c.flag.address) << c.value;
  }
}

TEST(ParseUpstreamFlagTest, ErrorsQuoteTheValueAndSayWhy) {
  const struct {
    const char* value;
    const char* why;
  } kCases[] = {
      {"", "the address is missing"},
      {"a.B=", "the address is missing"},
      {"=host:1", "the service before '=' is missing"},
      {"a..B=host:1", "not a package.Service"},
      {"a.1B=host:1", "not a package.Service"},
      {"/a.B=host:1", "not a package.Service"},
      {"host", "the port is missing"},
      {"host:", "the port is missing"},
      {"dns:///host:65536", "the port must be a number from 1 to 65535"},
      {"dns://10.0.0.53/host:0", "the port must be a number from 1 to 65535"},
      {"ipv4:10.0.0.1:1,10.0.0.2:70000", "the port must be a number from 1"},
      {"ipv6:[::1]:99999999999", "the port must be a number from 1"},
      {":50051", "the host is missing"},
      {"[]:50051", "the host is missing"},
      {"[::1]", "the port is missing"},
      {"[::1:50051", "']' is missing"},
      {"::1:50051", "brackets"},
      {"fe80::1:50051", "brackets"},
      {"host:0", "from 1 to 65535"},
      {"host:65536", "from 1 to 65535"},
      {"host:+1", "from 1 to 65535"},
      {"host:99999999999", "from 1 to 65535"},
      {"host:http", "from 1 to 65535"},
      {"http://host:1", "a dns:"},
      {"ho st:1", "an invalid character"},
      {"10.0.0.1:1,", "the port is missing"},
      {"10.0.0.1:1,host:1", "dns:///NAME:PORT"},
      {"10.0.0.1:1,[::1]:1", "dns:///NAME:PORT"},
  };
  for (const auto& c : kCases) {
    const auto flag = ParseUpstreamFlag(c.value);
    ASSERT_TRUE(absl::IsInvalidArgument(flag.status())) << c.value;
    EXPECT_THAT(std::string(flag.status().message()), HasSubstr(c.why))
        << c.value;
    EXPECT_THAT(std::string(flag.status().message()),
                HasSubstr(std::string("--upstream=") + c.value));
  }
}

TEST(ParseUpstreamFlagsTest, TakesOneDefaultAndOnePerService) {
  const std::vector<std::string> values = {"host:1", "a.B=host:2",
                                           "a.C=host:2"};
  const auto flags = ParseUpstreamFlags(values);
  ASSERT_TRUE(flags.ok()) << flags.status();
  EXPECT_THAT(*flags, ElementsAre(Flag("", "host:1"), Flag("a.B", "host:2"),
                                  Flag("a.C", "host:2")));
}

TEST(ParseUpstreamFlagsTest, RejectsASecondOfAService) {
  const std::vector<std::string> services = {"a.B=host:1", "a.B=host:2"};
  EXPECT_THAT(
      std::string(ParseUpstreamFlags(services).status().message()),
      ::testing::Eq("--upstream=a.B=host:2: an upstream of a.B was already "
                    "given: host:1"));
  const std::vector<std::string> defaults = {"host:1", "host:2"};
  EXPECT_THAT(std::string(ParseUpstreamFlags(defaults).status().message()),
              HasSubstr("a default upstream was already given"));
}

class NamedUpstream : public Upstream {
 public:
  std::shared_ptr<StreamCall> StartStream(
      absl::string_view, std::string, CallOptions,
      std::shared_ptr<StreamObserver>) override {
    return nullptr;
  }
  std::shared_ptr<UnaryCall> StartUnary(absl::string_view, std::string,
                                        CallOptions, UnaryDone) override {
    return nullptr;
  }
};

TEST(UpstreamRouterTest, ServiceBeforeDefault) {
  auto fallback = std::make_shared<NamedUpstream>();
  auto prices = std::make_shared<NamedUpstream>();
  UpstreamRouter router;
  EXPECT_EQ(router.Find("/a.v1.Prices/Stream"), nullptr);
  EXPECT_EQ(router.Add("a.v1.Prices", prices), absl::OkStatus());
  EXPECT_EQ(router.Find("/a.v1.Other/Stream"), nullptr);
  EXPECT_EQ(router.Add("", fallback), absl::OkStatus());
  EXPECT_EQ(router.Find("/a.v1.Prices/Stream"), prices.get());
  EXPECT_EQ(router.FindService("a.v1.Prices"), prices.get());
  EXPECT_EQ(router.Find("/a.v1.Price/Stream"), fallback.get());
  EXPECT_EQ(router.Find("/a.v1/Prices"), fallback.get());
  EXPECT_EQ(router.upstreams().size(), 2u);
}

TEST(UpstreamRouterTest, RejectsASecondOfAService) {
  UpstreamRouter router;
  auto upstream = std::make_shared<NamedUpstream>();
  EXPECT_EQ(router.Add("a.B", upstream), absl::OkStatus());
  EXPECT_TRUE(absl::IsAlreadyExists(router.Add("a.B", upstream)));
  EXPECT_EQ(router.upstreams().size(), 1u);
}

}  // namespace
}  // namespace sse_bridge
