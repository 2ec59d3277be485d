// The ids that browsers come back with: none is dropped without a word.

#include <cstdio>
#include <map>
#include <nlohmann/json.hpp>
#include <set>

#include "gtest/gtest.h"
#include "tests/integration/faults_testing.h"

namespace sse_bridge::testing {
namespace {

using nlohmann::json;

class ResumeIdsTest : public FaultsTest {
 protected:
  // Each element's next event has one number more than what it is asked after.
  ResumeIdsTest() {
    backend_->Set(Path("Parts"), [](const std::string& request) {
      const bool after = request.find('\x18') != std::string::npos;
      const int next = after ? request.back() + 1 : 1;
      return Answer{.messages = {FaultEvent(next, "e")}, .stay = true};
    });
    // Nothing is kept here: all must come from the backend.
    bridge_ = BridgeTo(backend_->address(),
                       {"--linger", "0s", "--replay-events", "0"});
  }

  static std::vector<std::string> Keys(int count) {
    std::vector<std::string> keys;
    for (int i = 0; i < count; ++i) {
      char key[40];
      std::snprintf(key, sizeof key, "0b5d8a4c-9c1f-4d3e-8b7a-%012d", i);
      keys.push_back(key);
    }
    return keys;
  }

  static HttpRequest Get(const std::vector<std::string>& keys) {
    HttpRequest request;
    request.target = "/parts?";
    for (const std::string& key : keys) request.target += "parts=" + key + "&";
    request.target.pop_back();
    return request;
  }

  static HttpRequest Post(const std::vector<std::string>& keys) {
    HttpRequest request;
    request.verb = "POST";
    request.target = "/parts";
    request.headers.emplace_back("Content-Type", "application/json");
    request.body = json({{"parts", keys}}).dump();
    return request;
  }

  // Reads `count` events, which must all have this id of their own.
  SseEvent Read(HttpRequest request, const std::string& id, int count,
                const std::string& expected) {
    request.headers.emplace_back("Host", "h");
    if (!id.empty()) request.headers.emplace_back("Last-Event-ID", id);
    HttpConnection stream(bridge_->address);
    stream.Send(request);
    EXPECT_EQ(stream.ReadHead().status, 200);
    SseEvent last;
    for (int i = 0; i < count; ++i) {
      last = stream.Event();
      id_bytes_ += last.id.size();
      if (last.event != "" || Data(last)["id"] != expected) {
        ADD_FAILURE() << i << ": " << last.event << " " << last.data;
        return last;
      }
    }
    Leave(&stream);
    return last;
  }

  // A call that still runs would serve the next client, which must resume.
  void Leave(HttpConnection* stream) {
    stream->Close();
    WaitFor("the end of all calls", [this] {
      const auto seen = backend_->seen();
      return seen.cancelled == seen.started;
    });
  }

  void ExpectResumed(const HttpRequest& request, int count) {
    id_bytes_ = 0;
    const SseEvent last = Read(request, "", count, "1");
    std::printf("%d elements: the last id has %zu bytes, all have %zu\n", count,
                last.id.size(), id_bytes_);
    // The event without its id is about 50 bytes.
    EXPECT_LT(id_bytes_, static_cast<size_t>(count) * (100 + count / 2));
    Read(request, last.id, count, "2");
  }

  size_t id_bytes_ = 0;
};

TEST_F(ResumeIdsTest, ElementsGoOnWhereTheyStoodHoweverMany) {
  for (const int count : {10, 120, 380}) {
    SCOPED_TRACE(count);
    ExpectResumed(Get(Keys(count)), count);
  }
  ExpectResumed(Post(Keys(1000)), 1000);
}

TEST_F(ResumeIdsTest, AnIdOfManyElementsThatIsNotTheirsIsOneReset) {
  const auto keys = Keys(120);
  const std::string id = Read(Get(keys), "", 120, "1").id;
  ASSERT_LT(id.size(), 300u);
  auto others = keys;
  others.back() = "other";
  for (const auto& [asked, wrong] :
       std::vector<std::pair<std::vector<std::string>, std::string>>{
           {keys, id.substr(0, id.size() - 1)},
           {keys, id.substr(0, id.size() / 2)},
           {keys, id + "A"},
           {others, id},
           {keys, "sse-bridge:lost"},
           {keys, keys[0] + "=1&" + keys[1].substr(0, 10)},
           {keys, std::string(7900, 'x')}}) {
    HttpRequest request = Get(asked);
    request.headers = {{"Host", "h"}, {"Last-Event-ID", wrong}};
    HttpConnection stream(bridge_->address);
    stream.Send(request);
    EXPECT_EQ(stream.ReadHead().status, 200);
    int resets = 0;
    EXPECT_EQ(stream.Event().event, "reset") << wrong;
    for (int i = 0; i < 120; ++i) resets += stream.Event().event == "reset";
    EXPECT_EQ(resets, 0) << wrong;
    Leave(&stream);
  }
}

TEST_F(ResumeIdsTest, AStreamOfManyElementsIsResumedWithinABundle) {
  backend_->Set(Path("Shared"), [](const std::string& request) {
    return AsksAfter(request, 5)
               ? Answer{.messages = {FaultEvent(6, "e")}, .stay = true}
               : Answer{.messages = {FaultEvent(5, "e")}, .stay = true};
  });
  std::string target = "/events?stream=s:%2Fshared%2Fx&stream=p:%2Fparts%3F";
  for (const std::string& key : Keys(50)) target += "parts%3D" + key + "%26";
  target.resize(target.size() - 3);
  std::string id;
  const auto read = [&](const std::string& last_event_id) {
    HttpConnection stream = bridge_->Stream(target, "", last_event_id);
    std::multiset<std::string> seen;
    for (int i = 0; i < 51; ++i) {
      const SseEvent event = stream.Event();
      id = event.id;
      seen.insert(event.event + Data(event).value("id", ""));
    }
    Leave(&stream);
    return seen;
  };
  auto seen = read("");
  EXPECT_EQ(seen.count("s5"), 1u);
  EXPECT_EQ(seen.count("p1"), 50u);
  EXPECT_LT(id.size(), 200u) << id;
  seen = read(id);
  EXPECT_EQ(seen.count("s6"), 1u);
  EXPECT_EQ(seen.count("p2"), 50u);
}

TEST_F(ResumeIdsTest, NoIdIsTooLongOrTooOddToBeAnswered) {
  for (const std::string method : {"Own", "Shared", "Lost", "Buffered"}) {
    backend_->Set(Path(method),
                  Answer{.messages = {FaultEvent(7, "e")}, .stay = true});
    std::string path = "/" + method + "/x";
    path[1] = static_cast<char>(std::tolower(path[1]));
    for (const std::string& id :
         {std::string(5000, 'x'), std::string(8000, '1'),
          std::string("\xff\xfe"), std::string("=&%")}) {
      HttpConnection stream = bridge_->Stream(path, "", id);
      EXPECT_EQ(stream.Event().event, "reset") << method << id.size();
      EXPECT_EQ(stream.Event().id, "7");
      Leave(&stream);
    }
    HttpConnection stream = bridge_->Stream(path + "?last_event_id=1%0A2");
    EXPECT_EQ(stream.Event().event, "reset");
    Leave(&stream);
  }
}

TEST_F(ResumeIdsTest,
       ThePolyfillsParameterCountsBeforeTheOtherAndTheHeaderFirst) {
  backend_->Set(Path("Own"), [](const std::string& request) {
    return Answer{.messages = {FaultEvent(request.back() + 1, "e")},
                  .stay = true};
  });
  EXPECT_EQ(bridge_->Stream("/own/x?lastEventId=5").Event().id, "6");
  EXPECT_EQ(bridge_->Stream("/own/x?last_event_id=2&lastEventId=5").Event().id,
            "6");
  EXPECT_EQ(bridge_->Stream("/own/x?lastEventId=5", "", "8").Event().id, "9");
  // Nothing was left off.
  EXPECT_EQ(bridge_->Stream("/own/x?lastEventId=").Event().event, "");
  EXPECT_EQ(bridge_->Stream("/events?stream=%2Fown%2Fx&lastEventId=Own%3D5")
                .Event()
                .id,
            "Own=6");
  // A stream of a bundle may bring its own.
  EXPECT_EQ(
      bridge_->Stream("/events?stream=%2Fown%2Fx%3FlastEventId%3D5").Event().id,
      "Own=6");
}

TEST_F(ResumeIdsTest, FieldsOfTheBridgesNamesAreFields) {
  backend_->Set(Path("Named"),
                Answer{.messages = {FaultEvent(1, "e")}, .stay = true});
  bridge_->Stream("/named?last_event_id=L&ticket=T&access_token=A&stream=S");
  const std::string request = backend_->seen().request;
  for (const char* field : {"\x0a\x01L", "\x12\x01T",
                            "\x1a\x01"
                            "A",
                            "\x22\x01S"}) {
    EXPECT_NE(request.find(field), std::string::npos) << field;
  }
  // By its JSON name too, and within a bundle.
  bridge_->Stream("/named?lastEventId=M");
  EXPECT_NE(backend_->seen().request.find("\x0a\x01M"), std::string::npos);
  bridge_->Stream("/events?stream=%2Fnamed%3Fstream%3DQ%26ticket%3DU");
  EXPECT_NE(backend_->seen().request.find("\x22\x01Q"), std::string::npos);
  EXPECT_NE(backend_->seen().request.find("\x12\x01U"), std::string::npos);
  // The header resumes there as everywhere.
  EXPECT_EQ(bridge_->Stream("/named?last_event_id=L", "", "0").Event().event,
            "reset");
}

TEST_F(ResumeIdsTest, UnknownParametersAreRefusedUnlessTheyAreToBeIgnored) {
  backend_->Set(Path("Own"),
                Answer{.messages = {FaultEvent(1, "e")}, .stay = true});
  auto lenient = BridgeTo(
      backend_->address(),
      {"--ignore-query-params", "utm_*", "--ignore-query-params", "_"});
  auto any = BridgeTo(backend_->address(), {"--ignore-query-params", "*"});
  for (const std::string path :
       {"/own/x?", "/events?stream=%2Fown%2Fx&", "/openapi.json?"}) {
    SCOPED_TRACE(path);
    const bool document = path[1] == 'o' && path[2] == 'p';
    for (const auto& [query, name] :
         {std::pair<std::string, std::string>("utm_source=mail", "utm_source"),
          {"_=1764177600", "_"},
          {"r%5B%5D=a", "r[]"},
          {"key=K", "key"}}) {
      if (!document) {
        ExpectFieldError(bridge_->Call("GET", path + query), name);
      }
      EXPECT_EQ(bridge_->Call("GET", path + query).status, 400);
      HttpConnection stream(any->address);
      stream.Send(any->Request("GET", path + query));
      EXPECT_EQ(stream.ReadHead().status, 200) << query;
      HttpConnection some(lenient->address);
      some.Send(lenient->Request("GET", path + query));
      EXPECT_EQ(
          some.ReadHead().status,
          query.find("=a") != std::string::npos || query == "key=K" ? 400 : 200)
          << query;
    }
  }
  // What names a field is one, and must fit; so must the query itself.
  EXPECT_EQ(any->Call("GET", "/own/x?after=word").status, 400);
  EXPECT_EQ(any->Call("GET", "/own/x?a=%zz").status, 400);
}

}  // namespace
}  // namespace sse_bridge::testing
