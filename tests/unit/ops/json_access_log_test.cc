// JsonAccessLog events: their names and fields, and what they omit.

#include "bridge/ops/json_access_log.h"

#include <nlohmann/json.hpp>
#include <vector>

#include "gmock/gmock.h"
#include "gtest/gtest.h"

namespace sse_bridge {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;
using ::testing::Pair;

using Labels = LabelledCounter::Labels;

class JsonAccessLogTest : public ::testing::Test {
 protected:
  JsonAccessLog Make(
      JsonAccessLog::Subjects subjects = JsonAccessLog::Subjects::kPlain,
      double sampling = 1) {
    return JsonAccessLog({[this](const std::string& line) {
                            lines_.push_back(nlohmann::json::parse(line));
                          },
                          subjects, sampling});
  }

  static StreamRequest Request(const std::string& subject = "ann") {
    return {"a.B.C", "GET /c", subject, "127.0.0.1", "r1", "00-t-p-01"};
  }

  std::vector<std::string> Events() const {
    std::vector<std::string> events;
    for (const auto& line : lines_) events.push_back(line["event"]);
    return events;
  }

  std::vector<nlohmann::json> lines_;
};

TEST_F(JsonAccessLogTest, StreamIsLoggedFromStartToEnd) {
  JsonAccessLog lifecycle = Make();
  auto log_entry = lifecycle.OnExecuting(Request());
  log_entry->OnStarted();
  log_entry->OnEnded("ended", 3, 400, absl::Milliseconds(1500));
  EXPECT_THAT(Events(),
              ElementsAre("http.stream.executing", "http.stream.started",
                          "http.stream.ended"));
  const nlohmann::json& end = lines_.back();
  EXPECT_EQ(end["method"], "a.B.C");
  EXPECT_EQ(end["route"], "GET /c");
  EXPECT_EQ(end["subject"], "ann");
  EXPECT_EQ(end["address"], "127.0.0.1");
  EXPECT_EQ(end["request_id"], "r1");
  EXPECT_EQ(end["traceparent"], "00-t-p-01");
  EXPECT_EQ(end["reason"], "ended");
  EXPECT_EQ(end["events"], 3);
  EXPECT_EQ(end["bytes"], 400);
  EXPECT_EQ(end["duration_ms"], 1500);
  EXPECT_EQ(end["level"], "info");
  EXPECT_EQ(std::string(end["time"]).back(), 'Z');
}

TEST_F(JsonAccessLogTest, EventNameDependsOnTheReason) {
  JsonAccessLog lifecycle = Make();
  for (const char* reason : {"client_gone", "slow", "error", "drain"}) {
    lines_.clear();
    auto log_entry = lifecycle.OnExecuting(Request());
    log_entry->OnEnded(reason, 0, 0, absl::ZeroDuration());
    const std::string name = lines_.back()["event"];
    EXPECT_EQ(name, std::string(reason) == "error" ? "http.stream.error"
                    : std::string(reason) == "drain"
                        ? "http.stream.ended"
                        : "http.stream.client.disconnected");
  }
}

TEST_F(JsonAccessLogTest, RefusalHasItsCodeButNotItsMessage) {
  JsonAccessLog lifecycle = Make();
  lifecycle.OnExecuting(Request())->OnRefused(
      absl::PermissionDeniedError("token abc.def.ghi"));
  EXPECT_EQ(lines_.back()["event"], "http.stream.error");
  EXPECT_EQ(lines_.back()["code"], "PERMISSION_DENIED");
  EXPECT_EQ(lines_.back().dump().find("abc.def"), std::string::npos);
}

TEST_F(JsonAccessLogTest, SubjectsCanBeHashedOrOmitted) {
  JsonAccessLog hashed = Make(JsonAccessLog::Subjects::kHashed);
  hashed.OnExecuting(Request());
  EXPECT_EQ(lines_.back()["subject"], HashSubject("ann"));
  EXPECT_EQ(HashSubject("ann").size(), 16u);
  EXPECT_NE(HashSubject("ann"), HashSubject("bob"));
  JsonAccessLog omitted = Make(JsonAccessLog::Subjects::kOmitted);
  omitted.OnExecuting(Request());
  EXPECT_FALSE(lines_.back().contains("subject"));
  JsonAccessLog plain = Make();
  plain.OnExecuting(Request(""));
  EXPECT_FALSE(lines_.back().contains("subject"));
}

TEST_F(JsonAccessLogTest, AnyBytesGiveOneLineOfJson) {
  JsonAccessLog lifecycle({[](const std::string& line) {
                             EXPECT_EQ(line.find('\n'), std::string::npos);
                             EXPECT_FALSE(
                                 nlohmann::json::parse(line).is_null());
                           },
                           JsonAccessLog::Subjects::kPlain, 1});
  lifecycle.OnExecuting(Request("\"}\n{\"event\": \"x\"\x01\xff\xe2\x80\xa8"));
}

TEST_F(JsonAccessLogTest, SamplingOmitsStreamsButNotErrors) {
  JsonAccessLog lifecycle = Make(JsonAccessLog::Subjects::kPlain, 0);
  auto log_entry = lifecycle.OnExecuting(Request());
  log_entry->OnStarted();
  log_entry->OnEnded("ended", 1, 1, absl::ZeroDuration());
  EXPECT_THAT(lines_, IsEmpty());
  lifecycle.OnExecuting(Request())->OnRefused(absl::InternalError(""));
  lifecycle.OnExecuting(Request())->OnEnded("error", 0, 0,
                                            absl::ZeroDuration());
  EXPECT_THAT(Events(), ElementsAre("http.stream.error", "http.stream.error"));
}

TEST_F(JsonAccessLogTest, SamplingDoesNotAffectCounts) {
  JsonAccessLog lifecycle = Make(JsonAccessLog::Subjects::kPlain, 0);
  for (int i = 0; i < 3; ++i) {
    auto log_entry = lifecycle.OnExecuting(Request());
    log_entry->OnStarted();
    if (i > 0) log_entry->OnEnded("ended", 1, 1, absl::ZeroDuration());
  }
  lifecycle.OnExecuting(Request())->OnNoContent();
  lifecycle.OnExecuting(Request())->OnRefused(absl::NotFoundError(""));
  EXPECT_THAT(lifecycle.counts().opened.Snapshot(),
              ElementsAre(Pair(Labels("a.B.C", ""), 3)));
  EXPECT_THAT(lifecycle.counts().ended.Snapshot(),
              ElementsAre(Pair(Labels("a.B.C", "ended"), 2)));
  EXPECT_THAT(lifecycle.counts().refused.Snapshot(),
              ElementsAre(Pair(Labels("a.B.C", "NOT_FOUND"), 1)));
}

TEST_F(JsonAccessLogTest, NewOptionsApplyToLaterStreams) {
  JsonAccessLog lifecycle = Make();
  auto before = lifecycle.OnExecuting(Request());
  lifecycle.SetOptions({});
  auto after = lifecycle.OnExecuting(Request());
  before->OnStarted();
  after->OnStarted();
  EXPECT_THAT(Events(),
              ElementsAre("http.stream.executing", "http.stream.started"));
  EXPECT_THAT(lifecycle.counts().opened.Snapshot(),
              ElementsAre(Pair(Labels("a.B.C", ""), 2)));
}

}  // namespace
}  // namespace sse_bridge
