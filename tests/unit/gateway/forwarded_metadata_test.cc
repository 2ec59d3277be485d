#include "bridge/gateway/forwarded_metadata.h"

#include <memory>
#include <string>
#include <utility>

#include "gtest/gtest.h"

namespace sse_bridge {
namespace {

using Headers = HttpHeaders;

std::unique_ptr<HttpExchange> Request(Headers headers) {
  ParsedRequest parsed;
  parsed.verb = "GET";
  parsed.target = "/";
  parsed.peer_address = "192.0.2.7";
  parsed.headers = std::move(headers);
  return std::make_unique<HttpExchange>(std::move(parsed), nullptr);
}

ForwardedMetadata Rules(std::vector<std::string> headers,
                        std::vector<std::string> claims = {},
                        bool address = false) {
  ForwardedMetadata::Options options;
  options.headers = std::move(headers);
  options.claim_names = std::move(claims);
  options.client_address = address;
  auto rules = ForwardedMetadata::Create(std::move(options));
  EXPECT_TRUE(rules.ok()) << rules.status();
  return *std::move(rules);
}

Metadata Of(const ForwardedMetadata& rules, Headers headers,
            const std::optional<Identity>& identity = std::nullopt) {
  const auto request = Request(std::move(headers));
  auto metadata = rules.Of(*request, identity, nullptr);
  EXPECT_TRUE(metadata.ok()) << metadata.status();
  return metadata.value_or(Metadata());
}

absl::Status ErrorOf(const ForwardedMetadata& rules, Headers headers) {
  const auto request = Request(std::move(headers));
  return rules.Of(*request, std::nullopt, nullptr).status();
}

TEST(ForwardedMetadataTest, NothingIsForwardedUnlessNamed) {
  EXPECT_EQ(Of(Rules({}), {{"X-Tenant", "a"}, {"Authorization", "b"}}),
            Metadata());
}

TEST(ForwardedMetadataTest, NamedHeadersAreForwardedInOrder) {
  EXPECT_EQ(Of(Rules({"X-Tenant", "accept-language", "authorization"}),
               {{"x-TENANT", "b"},
                {"Other", "o"},
                {"Accept-Language", "cs, en;q=0.5"},
                {"X-Tenant", "a"},
                {"Authorization", "Bearer t"}}),
            (Metadata{{"x-tenant", "b"},
                      {"accept-language", "cs, en;q=0.5"},
                      {"x-tenant", "a"},
                      {"authorization", "Bearer t"}}));
}

TEST(ForwardedMetadataTest, PatternsMatchNoCredentialsAndNoReservedHeaders) {
  const Headers headers = {{"X-Tenant", "a"},
                           {"X-Tenant-Region", "b"},
                           {"Authorization", "c"},
                           {"Cookie", "c"},
                           {"X-Sse-Subject", "root"},
                           {"X-Sse-Claim-Role", "admin"},
                           {"X-Forwarded-For", "10.0.0.1"},
                           {"X-Forwarded-Host", "evil"},
                           {"X-Real-Ip", "10.0.0.1"},
                           {"Forwarded", "for=10.0.0.1"},
                           {"Traceparent", "00-1"},
                           {"Last-Event-ID", "5"},
                           {"Grpc-Timeout", "1S"},
                           {"grpc-status", "0"},
                           {"Connection", "close"},
                           {"TE", "trailers"},
                           {"Host", "h"},
                           {"Content-Type", "a/b"},
                           {"Content-Length", "0"},
                           {"User-Agent", "u"},
                           {"Upgrade", "h2c"},
                           {"Proxy-Authorization", "p"},
                           {"Odd~Name", "n"}};
  EXPECT_EQ(Of(Rules({"*"}), headers),
            (Metadata{{"x-tenant", "a"}, {"x-tenant-region", "b"}}));
  EXPECT_EQ(Of(Rules({"x-*-region"}), headers),
            (Metadata{{"x-tenant-region", "b"}}));
}

TEST(ForwardedMetadataTest, NamesThatCannotBeForwardedAreRefused) {
  for (const char* name : {"",
                           "grpc-timeout",
                           "Grpc-*",
                           ":path",
                           "te",
                           "TE",
                           "connection",
                           "content-type",
                           "Host",
                           "user-agent",
                           "x-sse-subject",
                           "x-sse-*",
                           "X-Forwarded-For",
                           "x-forwarded-*",
                           "forwarded",
                           "x-real-ip",
                           "traceparent",
                           "last-event-id",
                           "a b",
                           "x~y",
                           "x-\xc3\xa9",
                           "x y*",
                           "proxy-authorization",
                           "transfer-encoding",
                           "upgrade",
                           "expect"}) {
    EXPECT_TRUE(absl::IsInvalidArgument(ForwardedMetadata::CheckHeader(name)))
        << name;
  }
  for (const char* name : {"authorization", "Cookie", "x-*", "*", "*-id",
                           "accept-language", "x-data-bin", "x_y.z-1"}) {
    EXPECT_TRUE(ForwardedMetadata::CheckHeader(name).ok()) << name;
  }
}

TEST(ForwardedMetadataTest, ClaimsAndAddressCannotBeForged) {
  Identity identity;
  identity.subject = "u";
  identity.claims = {{"x-role", "reader"}, {"x-sse-claim-tenant", "t"}};
  const ForwardedMetadata rules =
      Rules({"x-*"}, {"x-role", "x-sse-claim-tenant"}, /*address=*/true);
  const Headers forged = {{"X-Role", "admin"},
                          {"X-Sse-Claim-Tenant", "other"},
                          {"X-Forwarded-For", "10.0.0.1"},
                          {"X-Other", "o"}};
  EXPECT_EQ(Of(rules, forged, identity),
            (Metadata{{"x-forwarded-for", "192.0.2.7"},
                      {"x-role", "reader"},
                      {"x-sse-claim-tenant", "t"},
                      {"x-other", "o"}}));
  // A client without a token cannot forge them either.
  EXPECT_EQ(Of(rules, forged),
            (Metadata{{"x-forwarded-for", "192.0.2.7"}, {"x-other", "o"}}));
  ForwardedMetadata::Options both;
  both.headers = {"X-Role"};
  both.claim_names = {"x-role"};
  EXPECT_TRUE(absl::IsInvalidArgument(
      ForwardedMetadata::Create(std::move(both)).status()));
}

TEST(ForwardedMetadataTest, NamesOfClaimsAreChecked) {
  for (const char* name : {"x-sse-claim-tenant", "x-role", "role"}) {
    EXPECT_TRUE(ForwardedMetadata::CheckClaimName(name).ok()) << name;
  }
  for (const char* name :
       {"", "x-sse-subject", "authorization", "cookie", "grpc-x", "te",
        "x-sse-claim-https://example.com/role", "X-Role", "role-bin",
        "x-forwarded-for", "traceparent"}) {
    EXPECT_FALSE(ForwardedMetadata::CheckClaimName(name).ok()) << name;
  }
}

TEST(ForwardedMetadataTest, BinaryHeadersAreBase64) {
  const ForwardedMetadata rules = Rules({"x-*"});
  const Metadata two = {{"x-d-bin", std::string("\0\xff", 2)},
                        {"x-d-bin", "a"}};
  EXPECT_EQ(Of(rules, {{"X-D-Bin", "AP8=, YQ"}}), two);
  EXPECT_EQ(Of(rules, {{"X-D-Bin", "AP8"}, {"X-D-Bin", "YQ=="}}), two);
  EXPECT_TRUE(absl::IsInvalidArgument(ErrorOf(rules, {{"X-D-Bin", "!"}})));
}

TEST(ForwardedMetadataTest, InvalidValuesAreRefusedByName) {
  for (const char* value : {"caf\xc3\xa9", "a\tb", "a\x7f"}) {
    const absl::Status error = ErrorOf(Rules({"x-*"}), {{"X-Name", value}});
    EXPECT_TRUE(absl::IsInvalidArgument(error)) << value;
    EXPECT_NE(error.message().find("x-name"), std::string::npos) << error;
  }
}

TEST(ForwardedMetadataTest, SizeAndNumberAreBounded) {
  const ForwardedMetadata rules = Rules({"x-*"});
  const std::string most(ForwardedMetadata::kMaxBytes - 3, 'v');
  EXPECT_EQ(Of(rules, {{"X-A", most}}).size(), 1u);
  EXPECT_TRUE(absl::IsInvalidArgument(ErrorOf(rules, {{"X-A", most + "v"}})));
  Headers many(ForwardedMetadata::kMaxValues, {"X-A", "v"});
  EXPECT_EQ(Of(rules, many).size(), many.size());
  many.emplace_back("X-A", "v");
  EXPECT_TRUE(absl::IsInvalidArgument(ErrorOf(rules, many)));
}

TEST(ForwardedMetadataTest, CookiesOfOtherSitesAreRefused) {
  auto origins = OriginRules::Create({"https://friend.example"}, {});
  ASSERT_TRUE(origins.ok());
  const BrowserRules browsers(*std::move(origins), {});
  const ForwardedMetadata rules = Rules({"cookie"});
  const auto with = [&](const char* origin) {
    const auto request =
        Request({{"Host", "h.example"}, {"Cookie", "a=b"}, {"Origin", origin}});
    return rules.Of(*request, std::nullopt, &browsers).status();
  };
  EXPECT_TRUE(with("https://friend.example").ok());
  EXPECT_TRUE(absl::IsPermissionDenied(with("https://evil.example")));
}

TEST(MetadataKeyTest, IsEqualForEqualMetadataOnly) {
  EXPECT_EQ(MetadataKey({{"a", "1"}, {"b", "2"}}),
            MetadataKey({{"b", "2"}, {"a", "1"}}));
  const Metadata all[] = {{},
                          {{"a", ""}},
                          {{"a", "1"}, {"a", "2"}},
                          {{"a", "2"}, {"a", "1"}},
                          {{"a", "11:a1:2"}},
                          {{"a", "1"}, {"b", "2"}},
                          {{"a", "1b2"}},
                          {{"ab", "12"}}};
  for (const Metadata& one : all) {
    for (const Metadata& other : all) {
      EXPECT_EQ(MetadataKey(one) == MetadataKey(other), &one == &other);
    }
  }
}

}  // namespace
}  // namespace sse_bridge
