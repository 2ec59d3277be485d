#include "bridge/base/nearest_name.h"

#include <string>
#include <vector>

#include "gtest/gtest.h"

namespace sse_bridge {
namespace {

std::string Nearest(const std::string& misspelled) {
  const std::vector<std::string> names = {
      "max-streams", "max-streams-per-address", "reflect", "upstream", "v"};
  return NearestName(misspelled, names);
}

TEST(NearestNameTest, FewTyposAreCorrected) {
  EXPECT_EQ(Nearest("max-stream"), "max-streams");
  EXPECT_EQ(Nearest("upsteram"), "upstream");
  EXPECT_EQ(Nearest("reflection"), "reflect");
  EXPECT_EQ(Nearest("rflct"), "reflect");
}

TEST(NearestNameTest, CaseAndUnderscoresDoNotCount) {
  EXPECT_EQ(Nearest("Max_Streams_Per_Address"), "max-streams-per-address");
  EXPECT_EQ(Nearest("UPSTREAM"), "upstream");
}

TEST(NearestNameTest, ABeginningIsCompletedToTheShortestName) {
  EXPECT_EQ(Nearest("max"), "max-streams");
  EXPECT_EQ(Nearest("max-streams-per"), "max-streams-per-address");
}

TEST(NearestNameTest, WhatIsNotCloseIsNotCorrected) {
  for (const std::string wrong : {"", "x", "ma", "frobnicate"}) {
    EXPECT_EQ(Nearest(wrong), "") << wrong;
  }
  EXPECT_EQ(Nearest(std::string(1000, 'x')), "");
}

}  // namespace
}  // namespace sse_bridge
