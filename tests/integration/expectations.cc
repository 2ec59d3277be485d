#include "tests/integration/expectations.h"

#include <algorithm>
#include <chrono>
#include <map>
#include <regex>
#include <thread>

#include "gtest/gtest.h"

namespace sse_bridge::testing {

using nlohmann::json;

namespace {

constexpr auto kPatience = std::chrono::seconds(20);
constexpr auto kPoll = std::chrono::milliseconds(10);

// Where one HTTP status stands for several codes, all their names.
bool Belongs(int status, const std::string& name) {
  static const std::multimap<int, std::string> names = {
      {400, "INVALID_ARGUMENT"},
      {400, "FAILED_PRECONDITION"},
      {400, "OUT_OF_RANGE"},
      {401, "UNAUTHENTICATED"},
      {403, "PERMISSION_DENIED"},
      {404, "NOT_FOUND"},
      {405, "UNIMPLEMENTED"},
      {406, "INVALID_ARGUMENT"},
      {408, "DEADLINE_EXCEEDED"},
      {409, "ALREADY_EXISTS"},
      {409, "ABORTED"},
      {413, "INVALID_ARGUMENT"},
      {429, "RESOURCE_EXHAUSTED"},
      {431, "INVALID_ARGUMENT"},
      {499, "CANCELLED"},
      {500, "UNKNOWN"},
      {500, "INTERNAL"},
      {500, "DATA_LOSS"},
      {501, "UNIMPLEMENTED"},
      {503, "UNAVAILABLE"},
      {504, "DEADLINE_EXCEEDED"}};
  const auto [begin, end] = names.equal_range(status);
  return std::any_of(begin, end,
                     [&](const auto& each) { return each.second == name; });
}

}  // namespace

void ExpectError(const HttpAnswer& answer, int status,
                 const std::string& words) {
  ASSERT_EQ(answer.status, status) << answer.body;
  EXPECT_EQ(answer.headers.at("content-type"), "application/json");
  const json error = json::parse(answer.body).at("error");
  EXPECT_EQ(error.at("code"), status);
  EXPECT_TRUE(Belongs(status, error.at("status"))) << answer.body;
  EXPECT_TRUE(error.at("details").is_array()) << answer.body;
  const std::string message = error.at("message");
  EXPECT_NE(message.find(words), std::string::npos) << answer.body;
}

void ExpectFieldError(const HttpAnswer& answer, const std::string& field) {
  ExpectError(answer, 400);
  if (answer.status != 400) return;
  const json details = json::parse(answer.body)["error"]["details"];
  ASSERT_EQ(details.size(), 1u) << answer.body;
  EXPECT_EQ(details[0].at("@type"),
            "type.googleapis.com/google.rpc.BadRequest");
  const json& violations = details[0].at("fieldViolations");
  ASSERT_EQ(violations.size(), 1u) << answer.body;
  EXPECT_EQ(violations[0].at("field"), field) << answer.body;
  EXPECT_NE(violations[0].at("description"), "");
}

void ExpectStatusEvent(const SseEvent& event, int code,
                       const std::string& message) {
  EXPECT_EQ(event.event, "grpc-status") << event.data;
  const json status = Data(event);
  ASSERT_TRUE(status.is_object()) << event.data;
  if (!status.contains("stream")) {
    // What would only happen again is known by its id when a browser comes
    // back.
    const bool for_good = code == 0 || code == 3 || code == 5 || code == 6 ||
                          code == 7 || code == 9 || code == 11 || code == 12;
    const std::string id = "sse-bridge:end." + std::to_string(code) + ".";
    EXPECT_EQ(event.id.substr(0, id.size()), for_good ? id : "") << event.id;
  }
  EXPECT_EQ(status.value("code", 0), code) << event.data;
  if (!message.empty()) {
    EXPECT_EQ(status.value("message", ""), message);
  }
}

std::vector<std::string> Names(const std::string& object) {
  std::vector<std::string> names;
  const auto parsed = nlohmann::ordered_json::parse(object);
  for (const auto& [name, value] : parsed.items()) names.push_back(name);
  return names;
}

bool IsTimestamp(const json& value) {
  static const std::regex form(
      R"(\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d{3}|\.\d{6}|\.\d{9})?Z)");
  return value.is_string() && std::regex_match(value.get<std::string>(), form);
}

json Data(const SseEvent& event) {
  json data = json::parse(event.data, nullptr, /*allow_exceptions=*/false);
  EXPECT_FALSE(data.is_discarded()) << event.data;
  return data;
}

void WaitFor(const std::string& what, const std::function<bool()>& done) {
  const auto deadline = std::chrono::steady_clock::now() + kPatience;
  while (!done()) {
    if (std::chrono::steady_clock::now() > deadline) {
      ADD_FAILURE() << "did not come: " << what;
      return;
    }
    std::this_thread::sleep_for(kPoll);
  }
}

}  // namespace sse_bridge::testing
