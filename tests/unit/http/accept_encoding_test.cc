#include "bridge/http/accept_encoding.h"

#include <string>
#include <vector>

#include "gtest/gtest.h"

namespace sse_bridge {
namespace {

TEST(AcceptEncodingTest, WantsGzip) {
  for (const char* header :
       {"gzip", "GZIP", "x-gzip", "gzip, deflate, br, zstd",
        "br;q=1.0, gzip;q=0.8", "*", "deflate, *;q=0.1",
        "gzip;q=0.5, identity;q=0.5", "identity;q=0, gzip",
        " gzip ; q=0.001 "}) {
    EXPECT_TRUE(WantsGzip({header})) << header;
  }
  for (const char* header :
       {"", "identity", "br", "gzip;q=0", "gzip;q=0.000", "gzip;q=0, *",
        "identity, gzip;q=0.5", "*;q=0", "gzipped", "gzip;q=x", "gzip;q=-1",
        ",;,=", "deflate"}) {
    EXPECT_FALSE(WantsGzip({header})) << header;
  }
  EXPECT_FALSE(WantsGzip({}));
  EXPECT_TRUE(WantsGzip({"br", "gzip"}));
}

std::string HeaderOf(const HttpResponse& response, absl::string_view name) {
  for (const auto& [each, value] : response.headers) {
    if (each == name) return value;
  }
  return "";
}

TEST(AcceptEncodingTest, CompressesWhatMayBeAndIsWorthIt) {
  HttpResponse response;
  response.body = std::string(5000, 'a');
  response.headers = {{"ETag", "\"tag\""}};
  CompressResponse({"gzip"}, &response);
  EXPECT_EQ(response.body.size(), 5000u) << "it is not compressible";
  EXPECT_EQ(HeaderOf(response, "Vary"), "");

  response.compressible = true;
  HttpResponse small = response, plain = response;
  CompressResponse({"gzip"}, &response);
  EXPECT_LT(response.body.size(), 100u);
  EXPECT_EQ(HeaderOf(response, "Content-Encoding"), "gzip");
  EXPECT_EQ(HeaderOf(response, "Vary"), "Accept-Encoding");
  EXPECT_EQ(HeaderOf(response, "ETag"), "W/\"tag\"");

  small.body = std::string(1000, 'a');
  CompressResponse({"gzip"}, &small);
  EXPECT_EQ(small.body.size(), 1000u);
  EXPECT_EQ(HeaderOf(small, "Vary"), "Accept-Encoding");

  CompressResponse({"gzip;q=0"}, &plain);
  EXPECT_EQ(plain.body.size(), 5000u);
  EXPECT_EQ(HeaderOf(plain, "Content-Encoding"), "");
  EXPECT_EQ(HeaderOf(plain, "Vary"), "Accept-Encoding");
}

}  // namespace
}  // namespace sse_bridge
