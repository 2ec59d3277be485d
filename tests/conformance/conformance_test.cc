// The cases of protobuf's conformance suite that go from binary to JSON,
// recorded by suite.sh, through the real `sse-bridge transcode`.

#include <gtest/gtest.h>

#include <cstdlib>
#include <sstream>
#include <string>
#include <vector>

#include "tests/integration/process.h"

namespace sse_bridge::testing {
namespace {

// Required and recommended, of TestAllTypesProto3 and TestAllTypesProto2.
constexpr size_t kCases = 311;

struct Case {
  std::string name;
  std::string question;  // "TYPE BASE64"
  std::string answer;    // "OK JSON", or "ERR"
};

std::vector<std::string> Lines(const std::string& text) {
  std::vector<std::string> lines;
  std::istringstream stream(text);
  for (std::string line; std::getline(stream, line);) lines.push_back(line);
  return lines;
}

std::vector<Case> ReadCases() {
  std::vector<Case> cases;
  for (const std::string& line : Lines(ReadFile(SSE_BRIDGE_CASES))) {
    if (line[0] == '#') continue;
    const size_t name = line.find(' ');
    const size_t type = line.find(' ', name + 1);
    const size_t base64 = line.find(' ', type + 1);
    cases.push_back({line.substr(0, name),
                     line.substr(name + 1, base64 - name - 1),
                     line.substr(base64 + 1)});
  }
  return cases;
}

std::vector<std::string> Answers(const std::vector<Case>& cases,
                                 const std::string& options) {
  const TemporaryDirectory directory;
  const std::string in = directory.path() + "/in";
  const std::string out = directory.path() + "/out";
  std::string questions;
  for (const Case& c : cases) questions += c.question + "\n";
  WriteFile(in, questions);
  const std::string command = "'" SSE_BRIDGE_PROGRAM
                              "' transcode --descriptor-set '" SSE_BRIDGE_TYPES
                              "' " +
                              options + " <'" + in + "' >'" + out + "'";
  EXPECT_EQ(std::system(command.c_str()), 0);
  return Lines(ReadFile(out));
}

TEST(ConformanceTest, EveryCasePasses) {
  const std::vector<Case> cases = ReadCases();
  ASSERT_EQ(cases.size(), kCases);
  const std::vector<std::string> answers = Answers(cases, "");
  ASSERT_EQ(answers.size(), kCases);
  for (size_t i = 0; i < kCases; ++i) {
    const bool error = cases[i].answer == "ERR";
    EXPECT_EQ(error ? answers[i].substr(0, 4) : answers[i],
              error ? "ERR " : cases[i].answer)
        << cases[i].name;
  }
}

TEST(ConformanceTest, TheFastWayGivesTheSameAnswerOrNone) {
  const std::vector<Case> cases = ReadCases();
  const std::vector<std::string> answers = Answers(cases, "--fast-only");
  ASSERT_EQ(answers.size(), kCases);
  size_t fast = 0;
  for (size_t i = 0; i < kCases; ++i) {
    if (answers[i].substr(0, 3) == "ERR") continue;
    EXPECT_EQ(answers[i], cases[i].answer) << cases[i].name;
    ++fast;
  }
  // Most of them are bytes as serializers write them.
  EXPECT_GT(fast, kCases / 2);
}

}  // namespace
}  // namespace sse_bridge::testing
