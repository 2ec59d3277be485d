#include "bridge/gzip/gzip_body.h"

#include <random>
#include <string>

#include "gtest/gtest.h"
#include "tests/unit/gzip/inflater.h"

namespace sse_bridge {
namespace {

TEST(GzipBodyTest, DecodesToTheBody) {
  std::string body;
  for (int i = 0; i < 5000; ++i) body += "{\"symbol\":\"AAPL\"},";
  const std::string wire = GzipBody(body);
  EXPECT_LT(wire.size(), body.size() / 20);
  Inflater inflater;
  std::string decoded;
  EXPECT_TRUE(inflater.Add(wire, &decoded));
  EXPECT_TRUE(inflater.ended());
  EXPECT_EQ(decoded, body);
}

TEST(GzipBodyTest, WhatDoesNotBecomeSmallerIsLeftAlone) {
  EXPECT_EQ(GzipBody(""), "");
  EXPECT_EQ(GzipBody("{}"), "");
  std::minstd_rand random(1);
  std::string noise;
  for (int i = 0; i < 4096; ++i)
    noise.push_back(static_cast<char>(random() >> 8));
  EXPECT_EQ(GzipBody(noise), "");
}

}  // namespace
}  // namespace sse_bridge
