// Who gets in: tokens, scopes, roles, and the limits of connections.

#include <ctime>
#include <nlohmann/json.hpp>
#include <vector>

#include "gtest/gtest.h"
#include "tests/integration/services_testing.h"

namespace sse_bridge::testing {
namespace {

using nlohmann::json;

struct Route {
  std::string verb;
  std::string target;
  std::string body;
};

// Every route that is not for everybody.
const std::vector<Route>& ProtectedRoutes() {
  static const auto* routes = new std::vector<Route>{
      {"GET", "/notifications/stream", ""},
      {"GET", "/tasks/t/progress", ""},
      {"GET", "/channels/c/stream", ""},
      {"GET", "/admin/metrics/stream", ""},
      {"GET", "/events?stream=%2Fchannels%2Fc%2Fstream", ""},
      {"POST", "/prices", R"({"symbol":"A","price":1})"},
      {"POST", "/notifications", R"({"user_id":"ann","title":"t"})"},
      {"POST", "/notifications/1/read", ""},
      {"POST", "/tasks", "{}"},
      {"PATCH", "/tasks/t", R"({"status":"running"})"},
      {"POST", "/channels/c/messages", R"({"content":"hi"})"},
      {"POST", "/channels/c/typing", ""},
      {"GET", "/channels/c/messages", ""},
      {"GET", "/channels/c/members", ""},
      {"POST", "/channels/c/members", R"({"invitee":"ben"})"}};
  return *routes;
}

void ExpectUnauthenticated(const HttpAnswer& answer, const std::string& words) {
  ExpectError(answer, 401, words);
  const auto challenge = answer.headers.find("www-authenticate");
  ASSERT_NE(challenge, answer.headers.end());
  EXPECT_EQ(challenge->second.substr(0, 6), "Bearer");
}

class AccessTest : public ServicesTest {
 protected:
  HttpAnswer WithToken(const std::string& token) {
    return bridge_.Call("GET", "/channels/c/members", token);
  }
  static int64_t Now() { return static_cast<int64_t>(std::time(nullptr)); }
};

TEST_F(AccessTest, ProtectedRoutesNeedAToken) {
  for (const Route& route : ProtectedRoutes()) {
    SCOPED_TRACE(route.verb + " " + route.target);
    ExpectUnauthenticated(
        bridge_.Call(route.verb, route.target, "", route.body),
        "authentication required");
    ExpectUnauthenticated(
        bridge_.Call(route.verb, route.target, "not.a.token", route.body),
        "invalid token");
  }
}

TEST_F(AccessTest, WithoutAKeyNoTokenIsGoodEnough) {
  const std::string token = Everything("ann");
  Bridge keyless(backends_.address, {}, Bridge::Key::kNone);
  for (const Route& route : ProtectedRoutes()) {
    SCOPED_TRACE(route.verb + " " + route.target);
    ExpectUnauthenticated(
        keyless.Call(route.verb, route.target, "", route.body), "");
    ExpectUnauthenticated(
        keyless.Call(route.verb, route.target, token, route.body), "");
  }
  Publish("A", 1);
  HttpConnection open = keyless.Stream("/prices/stream?symbols=A");
  EXPECT_EQ(Data(open.Event())["price"], 1);
}

TEST_F(AccessTest, OnlyGoodTokensAreTaken) {
  const json good = {{"sub", "ann"}, {"exp", Now() + 60}};
  EXPECT_EQ(WithToken(bridge_.Sign(good)).status, 200);
  const auto changed = [&](const std::string& name, const json& value) {
    json claims = good;
    claims[name] = value;
    return claims;
  };
  for (const json& claims :
       {changed("exp", Now() - 60), changed("exp", "soon"),
        changed("nbf", Now() + 60), changed("sub", ""), changed("sub", 7),
        json({{"sub", "ann"}}), json({{"exp", Now() + 60}}), json::array()}) {
    SCOPED_TRACE(claims.dump());
    ExpectUnauthenticated(WithToken(bridge_.Sign(claims)), "");
  }
  std::string changed_claims = bridge_.Sign(good);
  changed_claims[changed_claims.find('.') + 5] ^= 1;
  ExpectUnauthenticated(WithToken(changed_claims), "");
  // {"alg":"none"}
  const std::string signed_well = bridge_.Sign(good);
  const size_t dot = signed_well.find('.');
  const std::string claims =
      signed_well.substr(dot, signed_well.rfind('.') - dot);
  ExpectUnauthenticated(WithToken("eyJhbGciOiJub25lIn0" + claims + "."), "");
  Bridge other(backends_.address, {}, Bridge::Key::kNone);
  WriteFile(other.directory.path() + "/key", std::string(48, 'k'));
  ExpectUnauthenticated(WithToken(other.Token("ann")), "");
}

TEST_F(AccessTest, IssuerAndAudienceAreCheckedWhenGiven) {
  Bridge strict(backends_.address,
                {"--auth-issuer", "us", "--auth-audience", "them"});
  const auto status = [&](const std::string& options) {
    return strict
        .Call("GET", "/channels/c/members", strict.Token("ann", options))
        .status;
  };
  EXPECT_EQ(status("--issuer us --audience them"), 200);
  EXPECT_EQ(status("--issuer us"), 401);
  EXPECT_EQ(status("--audience them"), 401);
  EXPECT_EQ(status("--issuer us --audience others"), 401);
}

TEST_F(AccessTest, PublicKeyVerifiesWhatItsOwnerSigned) {
  TemporaryDirectory keys;
  const std::string path = keys.path();
  RunCommand("cd " + path +
             " && openssl genpkey -quiet -algorithm RSA -pkeyopt "
             "rsa_keygen_bits:2048 -out private 2>&1"
             " && openssl pkey -in private -pubout -out public 2>&1");
  const std::string base64 = "openssl base64 -A | tr '+/' '-_' | tr -d '='";
  const std::string claims = json({{"sub", "ann"}, {"exp", Now() + 60}}).dump();
  const std::string text =
      RunCommand("printf %s '{\"alg\":\"RS256\"}' | " + base64) + "." +
      RunCommand("printf %s '" + claims + "' | " + base64);
  const std::string token =
      text + "." +
      RunCommand("printf %s " + text + " | openssl dgst -sha256 -sign " + path +
                 "/private | " + base64);
  Bridge bridge(backends_.address, {"--auth-key", path + "/public"},
                Bridge::Key::kNone);
  EXPECT_EQ(bridge.Call("GET", "/channels/c/members", token).status, 200);
  // The public key is no secret: nobody signs with it.
  WriteFile(bridge.directory.path() + "/key", ReadFile(path + "/public"));
  ExpectUnauthenticated(
      bridge.Call("GET", "/channels/c/members", bridge_.Token("ann")), "");
}

TEST_F(AccessTest, CookieCarriesTheTokenWhereItIsNamed) {
  Bridge bridge(backends_.address, {"--auth-cookie", "session"});
  const auto status = [](const Bridge& to, const std::string& cookie) {
    HttpRequest request = to.Request("GET", "/channels/c/members");
    request.headers.emplace_back("Cookie", cookie);
    return Fetch(to.address, request).status;
  };
  const std::string token = bridge.Token("ann");
  EXPECT_EQ(status(bridge, "session=" + token), 200);
  EXPECT_EQ(status(bridge, "theme=dark; session=" + token + "; x=y"), 200);
  EXPECT_EQ(status(bridge, "sessions=" + token), 401);
  EXPECT_EQ(status(bridge, "session=x"), 401);
  EXPECT_EQ(status(bridge_, "session=" + token), 401);
}

TEST_F(AccessTest, MissingScopeIsNamed) {
  const std::string token = bridge_.Token("ann", "--scope other --role admin");
  for (const auto& [route, scope] : std::vector<std::pair<Route, std::string>>{
           {{"GET", "/notifications/stream", ""}, "notifications:read"},
           {{"POST", "/notifications", "{}"}, "notifications:write"},
           {{"POST", "/notifications/1/read", ""}, "notifications:write"},
           {{"POST", "/prices", "{}"}, "prices:publish"},
           {{"POST", "/tasks", "{}"}, "tasks:write"},
           {{"PATCH", "/tasks/t", "{}"}, "tasks:write"}}) {
    SCOPED_TRACE(route.verb + " " + route.target);
    ExpectError(bridge_.Call(route.verb, route.target, token, route.body), 403,
                scope);
  }
}

TEST_F(AccessTest, MissingRoleIsNamed) {
  ExpectError(bridge_.Call("GET", "/admin/metrics/stream",
                           bridge_.Token("ann", "--role user --scope admin")),
              403, "admin");
}

TEST_F(AccessTest, ScopesMayBeAStringOrAnArray) {
  for (const json& scopes : {json("a tasks:write b"), json({"tasks:write"})}) {
    const std::string token =
        bridge_.Sign({{"sub", "ann"}, {"exp", Now() + 60}, {"scope", scopes}});
    EXPECT_EQ(bridge_.Call("POST", "/tasks", token, "{}").status, 200)
        << scopes.dump();
  }
}

TEST_F(AccessTest, RefusedCallsNeverReachTheBackend) {
  const std::string body = R"({"task_id":"refused"})";
  bridge_.Call("POST", "/tasks", bridge_.Token("ann"), body);
  ExpectError(bridge_.Call("GET", "/tasks/refused/progress", writer_), 404);
}

TEST_F(AccessTest, StreamEndsWhenItsTokenExpires) {
  const std::string token = bridge_.Token("ann", "--ttl 2");
  HttpConnection one = bridge_.Stream("/channels/c/stream", token);
  HttpConnection many =
      bridge_.Stream("/events?stream=%2Fchannels%2Fd%2Fstream", token);
  EXPECT_EQ(one.Event().event, "system");
  ExpectStatusEvent(one.Event(), 16, "the token has expired");
  EXPECT_FALSE(one.NextBlock().has_value());
  EXPECT_EQ(many.Event().event, "channel");
  ExpectStatusEvent(many.Event(), 16, "the token has expired");
  EXPECT_FALSE(many.NextBlock().has_value());
}

class LimitsTest : public ServicesTest {
 protected:
  static int StatusOf(const Bridge& bridge, const std::string& target,
                      const std::string& token) {
    HttpConnection connection(bridge.address);
    connection.Send(bridge.Request("GET", target, token));
    return connection.ReadHead().status;
  }
};

TEST_F(LimitsTest, EleventhStreamOfAUserIsRefusedUntilOneEnds) {
  const std::string ann = Everything("ann");
  std::vector<HttpConnection> streams;
  const std::string two =
      "/events?stream=a:/channels/a/stream&stream=b:/channels/b/stream";
  for (int i = 0; i < 8; ++i) {
    streams.push_back(bridge_.Stream("/channels/c/stream", ann));
  }
  // Of one connection that carries several each counts, and a public one of
  // hers counts as well.
  streams.push_back(bridge_.Stream(two, ann));
  ExpectError(bridge_.Call("GET", two, ann), 429,
              "max_streams_per_subject), and each of these 2 counts");
  for (const std::string target :
       {"/channels/c/stream", "/events", "/prices/stream?symbols=A"}) {
    const HttpAnswer answer = bridge_.Call("GET", target, ann);
    ExpectError(answer, 429, "too many connections");
    EXPECT_EQ(answer.headers.count("retry-after"), 1u);
  }
  // Others, strangers and calls that are no streams are let in.
  EXPECT_EQ(StatusOf(bridge_, "/channels/c/stream", bridge_.Token("ben")), 200);
  EXPECT_EQ(StatusOf(bridge_, "/prices/stream?symbols=A", ""), 200);
  EXPECT_EQ(bridge_.Call("GET", "/channels/c/members", ann).status, 200);
  streams.pop_back();
  WaitFor("a free slot",
          [&] { return StatusOf(bridge_, "/channels/c/stream", ann) == 200; });
}

TEST_F(LimitsTest, RefusedStreamsTakeNoSlot) {
  const std::string ann = bridge_.Token("ann");
  for (int i = 0; i < 20; ++i) {
    EXPECT_EQ(bridge_.Call("GET", "/tasks/none/progress", ann).status, 404);
    EXPECT_EQ(StatusOf(bridge_, "/channels/private-x/stream", ann), 403);
  }
  EXPECT_EQ(StatusOf(bridge_, "/channels/c/stream", ann), 200);
}

TEST_F(LimitsTest, StreamThatEndsByItselfFreesItsSlot) {
  Bridge narrow(backends_.address, {"--max-streams-per-subject", "1"});
  Post("/tasks", writer_, {{"task_id", "t"}});
  const std::string ann = narrow.Token("ann");
  HttpConnection task = narrow.Stream("/tasks/t/progress", ann);
  task.Event();
  ExpectError(narrow.Call("GET", "/channels/c/stream", ann), 429);
  bridge_.Call("PATCH", "/tasks/t", writer_, R"({"status":"completed"})");
  task.Event();
  ExpectStatusEvent(task.Event(), 0);
  WaitFor("a free slot",
          [&] { return StatusOf(narrow, "/channels/c/stream", ann) == 200; });
}

TEST_F(LimitsTest, TotalLimitAnswers503WithRetryAfter) {
  Bridge small(backends_.address, {"--max-streams", "2"});
  std::vector<HttpConnection> streams;
  for (int i = 0; i < 2; ++i) {
    streams.push_back(small.Stream("/prices/stream?symbols=A"));
  }
  const HttpAnswer third = small.Call("GET", "/prices/stream?symbols=A");
  ExpectError(third, 503, "too many connections");
  EXPECT_EQ(third.headers.count("retry-after"), 1u);
  streams.pop_back();
  WaitFor("a free slot", [&] {
    return StatusOf(small, "/prices/stream?symbols=A", "") == 200;
  });
}

TEST_F(LimitsTest, AddressLimitAnswers503WithRetryAfter) {
  Bridge small(backends_.address, {"--max-streams-per-address", "1"});
  HttpConnection one = small.Stream("/prices/stream?symbols=A");
  const HttpAnswer second =
      small.Call("GET", "/channels/c/stream", small.Token("ann"));
  ExpectError(second, 503, "address");
  EXPECT_EQ(second.headers.count("retry-after"), 1u);
}

}  // namespace
}  // namespace sse_bridge::testing
