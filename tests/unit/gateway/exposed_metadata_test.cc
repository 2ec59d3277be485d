#include "bridge/gateway/exposed_metadata.h"

#include <memory>
#include <string>
#include <utility>

#include "gtest/gtest.h"

namespace sse_bridge {
namespace {

using Headers = std::vector<std::pair<std::string, std::string>>;

ExposedMetadata Rules(std::vector<std::string> names) {
  auto rules = ExposedMetadata::Create(std::move(names));
  EXPECT_TRUE(rules.ok()) << rules.status();
  return *std::move(rules);
}

TEST(ExposedMetadataTest, NothingIsExposedUnlessNamed) {
  EXPECT_EQ(Rules({}).filter(false), nullptr);
  EXPECT_EQ(Rules({}).filter(true), nullptr);
}

TEST(ExposedMetadataTest, NamesAndPatternsSelect) {
  const auto filter =
      *Rules({"X-Cost", "x-rate-*", "set-cookie"}).filter(false);
  for (const char* name : {"x-cost", "x-rate-limit", "x-rate-", "set-cookie"}) {
    EXPECT_TRUE(filter(name)) << name;
  }
  for (const char* name : {"x-costs", "cost", "grpc-status", "content-type"}) {
    EXPECT_FALSE(filter(name)) << name;
  }
}

TEST(ExposedMetadataTest, PatternsNeverMatchControlHeaders) {
  const auto filter = *Rules({"*"}).filter(false);
  EXPECT_TRUE(filter("x-anything"));
  for (const char* name :
       {"content-type", "content-length", "connection", "transfer-encoding",
        "grpc-message", "access-control-allow-origin", "x-accel-redirect",
        "x-sendfile", "cache-control", "vary", "date", "set-cookie", "location",
        "retry-after", "www-authenticate", "content-security-policy",
        "x-content-type-options", "strict-transport-security"}) {
    EXPECT_FALSE(filter(name)) << name;
  }
}

TEST(ExposedMetadataTest, SharedCallsExposeNoCookies) {
  const ExposedMetadata rules = Rules({"set-cookie", "x-a"});
  EXPECT_TRUE((*rules.filter(false))("set-cookie"));
  EXPECT_FALSE((*rules.filter(true))("set-cookie"));
  EXPECT_TRUE((*rules.filter(true))("x-a"));
}

TEST(ExposedMetadataTest, NamesThatCannotBeExposedAreRefused) {
  for (const char* name :
       {"", "a b", "x y*", "content-type", "Connection", "grpc-status",
        ":status", "te", "access-control-allow-origin", "x-accel-redirect",
        "date", "transfer-encoding", "cache-control", "vary",
        "x-content-type-options", "content-security-policy"}) {
    EXPECT_TRUE(absl::IsInvalidArgument(ExposedMetadata::CheckName(name)))
        << name;
  }
  for (const char* name : {"x-cost", "Set-Cookie", "retry-after", "x-b-bin",
                           "*", "www-authenticate", "location"}) {
    EXPECT_TRUE(ExposedMetadata::CheckName(name).ok()) << name;
  }
}

TEST(ExposedMetadataTest, ExposedHeadersAreReadableByOtherOrigins) {
  HttpExchange exchange(ParsedRequest{}, nullptr);
  const Metadata metadata = {{"x-a", "1"},
                             {"x-a", "2"},
                             {"x-b-bin", std::string("\0\xff", 2)},
                             {"x-bad", "a\nb"},
                             {"retry-after", "7"}};
  HttpResponse response{503, {{"Retry-After", "2"}, {"X-Own", "o"}}, ""};
  AddExposed(metadata, exchange, &response);
  EXPECT_EQ(response.headers, (Headers{{"X-Own", "o"},
                                       {"x-a", "1"},
                                       {"x-a", "2"},
                                       {"x-b-bin", "AP8"},
                                       {"retry-after", "7"}}));

  exchange.AddResponseHeader("Access-Control-Expose-Headers", "X-Known");
  exchange.AddResponseHeader("Vary", "Origin");
  EXPECT_EQ(WithExposed({{"x-a", "1"}}, exchange),
            (Headers{{"Vary", "Origin"},
                     {"Access-Control-Expose-Headers", "X-Known, x-a"},
                     {"x-a", "1"}}));
  EXPECT_EQ(WithExposed({}, exchange), exchange.response_headers());
}

}  // namespace
}  // namespace sse_bridge
