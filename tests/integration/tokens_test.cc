// Tokens and tickets over the real HTTP path: what is refused, and how; keys
// from a URL; what ends an open stream.

#include <unistd.h>

#include <ctime>
#include <nlohmann/json.hpp>
#include <vector>

#include "bridge/base/mutex.h"
#include "bridge/http/http_server.h"
#include "gtest/gtest.h"
#include "tests/integration/services_testing.h"
#include "tests/unit/access/bad_tokens.h"
#include "tests/unit/access/test_keys.h"

namespace sse_bridge::testing {
namespace {

using nlohmann::json;

int64_t Now() { return static_cast<int64_t>(std::time(nullptr)); }

// Blanks around a header's value are none of it, so these arrive as good ones.
bool ArrivesWhole(const std::string& token) {
  return !token.empty() && token.front() != ' ' && token.back() != ' ';
}

class TokensTest : public ServicesTest {
 protected:
  HttpAnswer WithToken(const Bridge& bridge, const std::string& token) {
    return bridge.Call("GET", "/channels/c/members", token);
  }
};

TEST_F(TokensTest, BadTokensAreRefusedWithoutDetail) {
  TemporaryDirectory keys;
  WriteFile(keys.path() + "/jwks", BadTokenKeys().dump());
  Bridge bridge(backends_.address,
                {"--auth-key", keys.path() + "/jwks", "--auth-issuer",
                 "https://issuer.example", "--auth-audience", "bridge",
                 "--auth-leeway", "30s", "--auth-cookie", "session"},
                Bridge::Key::kNone);
  ASSERT_EQ(WithToken(bridge, GoodToken(Now())).status, 200);
  int refused = 0;
  for (const BadToken& bad : BadTokens(Now(), /*margin=*/3600)) {
    if (!ArrivesWhole(bad.token)) continue;
    SCOPED_TRACE(bad.name);
    // Of a token that is read no byte reaches the parser of heads as it is not
    // allowed there: CR, LF and NUL, and what makes a head too large.
    const bool unfit =
        bad.token.find_first_of(std::string("\r\n\0", 3)) != std::string::npos;
    const bool huge = bad.token.size() > 16'000;
    const HttpAnswer answer = WithToken(bridge, bad.token);
    EXPECT_EQ(answer.status, huge ? 431 : unfit ? 400 : 401);
    ++refused;
    if (huge || unfit) continue;
    const json error = json::parse(answer.body, nullptr, false);
    ASSERT_TRUE(error.is_object()) << answer.body;
    EXPECT_EQ(error["error"]["status"], "UNAUTHENTICATED");
    EXPECT_TRUE(error["error"]["details"].empty());
    const std::string message = error["error"]["message"];
    const bool malformed = message == "malformed Authorization";
    if (!malformed) {
      EXPECT_EQ(message, bad.error == TokenError::kExpired ? "token expired"
                                                           : "invalid token");
    }
    EXPECT_EQ(answer.headers.at("www-authenticate"),
              "Bearer realm=\"sse-bridge\"");
    // Neither does a cookie let it in, nor a stream begin.
    if (bad.token.find(';') == std::string::npos) {
      HttpRequest request = bridge.Request("GET", "/channels/c/stream");
      request.headers.emplace_back("Cookie", "session=" + bad.token);
      EXPECT_EQ(Fetch(bridge.address, request).status, 401);
    }
  }
  EXPECT_GE(refused, 60);
}

TEST_F(TokensTest, ClaimsAreFoundWhereTheOptionsSay) {
  Bridge bridge(backends_.address,
                {"--auth-roles-claim", "realm_access.roles",
                 "--auth-scopes-claim", "permissions", "--auth-subject-claim",
                 "https://example.com/user", "--log-level", "debug"});
  json claims = {{"sub", "not-this"},
                 {"https://example.com/user", "ann"},
                 {"permissions", {"notifications:read", "tasks:write"}},
                 {"realm_access", {{"roles", {"user", "admin"}}}},
                 {"exp", Now() + 60}};
  const std::string token = bridge.Sign(claims);
  EXPECT_EQ(bridge.Call("POST", "/tasks", token, "{}").status, 200);
  bridge.Stream("/admin/metrics/stream", token);
  HttpConnection channel = bridge.Stream("/channels/c/stream", token);
  channel.Event();
  EXPECT_NE(bridge.Call("GET", "/channels/c/members", token).body.find("ann"),
            std::string::npos);
  claims["realm_access"]["roles"] = {"user"};
  ExpectError(bridge.Call("GET", "/admin/metrics/stream", bridge.Sign(claims)),
              403, "admin");
  claims["realm_access"] = "admin";
  // A path that leads nowhere is no role.
  bridge.Stream("/channels/c/stream", bridge.Sign(claims));
  claims.erase("https://example.com/user");
  EXPECT_EQ(WithToken(bridge, bridge.Sign(claims)).status, 401);
}

TEST_F(TokensTest, TypeCanBeRequired) {
  Bridge bridge(backends_.address, {"--auth-type", "at+jwt"});
  // Signed with {"alg":"HS256"} alone.
  EXPECT_EQ(
      WithToken(bridge, bridge.Sign({{"sub", "ann"}, {"exp", Now() + 60}}))
          .status,
      401);
}

TEST_F(TokensTest, QueryCarriesATokenOnlyWhereItMay) {
  Bridge open(backends_.address, {"--auth-query", "--log-level", "trace"});
  const std::string token = open.Token("ann");
  const std::string target = "/channels/c/stream?access_token=" + token;
  {
    HttpConnection stream = open.Stream(target);
    EXPECT_EQ(stream.Event().event, "system");
    HttpConnection events = open.Stream(
        "/events?stream=%2Fchannels%2Fd%2Fstream&access_token=" + token);
    EXPECT_EQ(events.Event().event, "channel");
  }
  EXPECT_EQ(open.Call("GET", "/channels/c/members?access_token=x").status, 401);
  EXPECT_EQ(open.Call("GET", "/nowhere?access_token=" + token).body.find(token),
            std::string::npos);
  EXPECT_EQ(open.process->Stderr().find(token.substr(0, token.rfind('.'))),
            std::string::npos)
      << "a token is in the log";
  Bridge closed(backends_.address);
  ExpectError(closed.Call("GET", target), 401, "authentication required");
}

std::string Ticket(const Bridge& bridge, const std::string& token) {
  const HttpAnswer answer = bridge.Call("POST", "/auth/ticket", token);
  EXPECT_EQ(answer.status, 200) << answer.body;
  EXPECT_EQ(answer.headers.at("cache-control"), "no-store");
  const json ticket = json::parse(answer.body, nullptr, false);
  EXPECT_EQ(ticket["expires_in"], 30);
  return ticket["ticket"];
}

TEST_F(TokensTest, TicketOpensOneStreamInTheNameOfItsSubject) {
  const std::string ticket =
      Ticket(bridge_, bridge_.Token("ann", "--scope notifications:read"));
  HttpConnection channel =
      bridge_.Stream("/channels/c/stream?ticket=" + ticket);
  EXPECT_EQ(channel.Event().event, "system");
  EXPECT_NE(
      bridge_.Call("GET", "/channels/c/members", writer_).body.find("ann"),
      std::string::npos);
  // Once.
  ExpectError(bridge_.Call("GET", "/channels/c/stream?ticket=" + ticket), 401,
              "invalid ticket");
  // Scopes come along; those that are not there do not.
  const std::string ann = bridge_.Token("ann", "--scope notifications:read");
  bridge_.Stream("/notifications/stream?ticket=" + Ticket(bridge_, ann));
  ExpectError(bridge_.Call("GET", "/notifications/stream?ticket=" +
                                      Ticket(bridge_, bridge_.Token("ben"))),
              403, "notifications:read");
  bridge_.Stream("/events?ticket=" + Ticket(bridge_, ann));
}

constexpr char kChannel[] = "/channels/c/stream";

// A request as EventSource makes it again, with a cookie (none when empty).
HttpRequest Again(
    const Bridge& bridge, const std::string& target, const std::string& cookie,
    const std::vector<std::pair<std::string, std::string>>& headers = {}) {
  HttpRequest request = bridge.Request("GET", target);
  if (!cookie.empty()) request.headers.emplace_back("Cookie", cookie);
  for (const auto& header : headers) request.headers.push_back(header);
  return request;
}

HttpAnswer HeadOf(const Bridge& bridge, const HttpRequest& request) {
  HttpConnection stream(bridge.address);
  stream.Send(request);
  return stream.ReadHead();
}

// "NAME=VALUE" of the answer's Set-Cookie.
std::string CookieOf(const HttpAnswer& head) {
  const auto found = head.headers.find("set-cookie");
  if (found == head.headers.end()) return "";
  return found->second.substr(0, found->second.find(';'));
}

TEST_F(TokensTest, TheBrowserThatUsedATicketComesBackWithIt) {
  const int64_t expires = Now() + 8;
  const std::string token = bridge_.Sign({{"sub", "ann"}, {"exp", expires}});
  const std::string ticket = Ticket(bridge_, token);
  const std::string target = std::string(kChannel) + "?ticket=" + ticket;
  std::string cookie;
  {
    HttpConnection stream(bridge_.address);
    stream.Send(Again(bridge_, target, ""));
    const HttpAnswer head = stream.ReadHead();
    ASSERT_EQ(head.status, 200);
    cookie = CookieOf(head);
    const std::string line = head.headers.at("set-cookie");
    EXPECT_EQ(line.rfind("sse-ticket-", 0), 0u) << line;
    EXPECT_NE(line.find("; Path=/channels/c/stream; HttpOnly; SameSite=Strict"),
              std::string::npos)
        << line;
    EXPECT_NE(line.find("; Max-Age="), std::string::npos) << line;
    EXPECT_EQ(line.find("Secure"), std::string::npos) << line;
    EXPECT_EQ(ticket.find(cookie.substr(cookie.find('=') + 1)),
              std::string::npos);
    EXPECT_EQ(stream.Event().event, "system");
  }
  // The interruption. It comes back as often as it likes.
  for (int i = 0; i < 3; ++i) {
    HttpConnection stream(bridge_.address);
    stream.Send(Again(bridge_, target, "theme=dark; " + cookie));
    const HttpAnswer head = stream.ReadHead();
    ASSERT_EQ(head.status, 200);
    EXPECT_EQ(CookieOf(head), "");
    EXPECT_EQ(stream.Event().event, "system");
  }
  // For anybody else the used ticket is useless, and so is the cookie alone,
  // at another address, or with another ticket.
  const std::string name = cookie.substr(0, cookie.find('=') + 1);
  const std::string other = Ticket(bridge_, bridge_.Token("ben"));
  const std::string others = CookieOf(HeadOf(
      bridge_, Again(bridge_, std::string(kChannel) + "?ticket=" + other, "")));
  for (const auto& [where, with] :
       std::vector<std::pair<std::string, std::string>>{
           {target, ""},
           {target, name + "x"},
           {target, name},
           {target, name + others.substr(others.find('=') + 1)},
           {target, others},
           {std::string(kChannel) + "?ticket=" + other, cookie},
           {"/channels/d/stream?ticket=" + ticket, cookie},
           {"/channels/c/members?ticket=" + ticket, cookie},
           {kChannel, cookie}}) {
    EXPECT_EQ(HeadOf(bridge_, Again(bridge_, where, with)).status, 401)
        << where << " " << with;
  }
  HttpRequest post = Again(bridge_, "/tasks?ticket=" + ticket, cookie);
  post.verb = "POST";
  EXPECT_EQ(Fetch(bridge_.address, post).status, 401);
  // It ends with the token.
  WaitFor("the token's end", [&] {
    return HeadOf(bridge_, Again(bridge_, target, cookie)).status == 401;
  });
  EXPECT_GE(Now(), expires - 5) << "the leeway";
}

TEST_F(TokensTest, ABundleComesBackWithItsTicketToo) {
  const std::string target = "/events?stream=%2Fchannels%2Fc%2Fstream&ticket=" +
                             Ticket(bridge_, bridge_.Token("ann"));
  const HttpAnswer head = HeadOf(bridge_, Again(bridge_, target, ""));
  ASSERT_EQ(head.status, 200);
  EXPECT_EQ(HeadOf(bridge_, Again(bridge_, target, CookieOf(head))).status,
            200);
  EXPECT_EQ(HeadOf(bridge_, Again(bridge_, target, "")).status, 401);
}

TEST_F(TokensTest, TicketsOfStreamsThatOpenTogetherHaveCookiesOfTheirOwn) {
  const std::string ann = bridge_.Token("ann");
  std::vector<std::string> targets;
  std::string jar;
  for (int i = 0; i < 4; ++i) {
    targets.push_back(std::string(kChannel) +
                      "?ticket=" + Ticket(bridge_, ann));
    const HttpAnswer head = HeadOf(bridge_, Again(bridge_, targets[i], ""));
    jar += (jar.empty() ? "" : "; ") + CookieOf(head);
  }
  for (const std::string& target : targets) {
    EXPECT_EQ(HeadOf(bridge_, Again(bridge_, target, jar)).status, 200);
  }
}

TEST_F(TokensTest, TicketCookiesAreSecureUnderTlsAndBehindIt) {
  Bridge bridge(backends_.address, {"--cors-origin", "https://app.example",
                                    "--cors-origin", "https://sub.rt.example"});
  const std::string ann = bridge.Token("ann");
  const auto cookie =
      [&](std::vector<std::pair<std::string, std::string>> headers) {
        const HttpAnswer head = HeadOf(
            bridge,
            Again(bridge,
                  std::string(kChannel) + "?ticket=" + Ticket(bridge, ann), "",
                  headers));
        EXPECT_EQ(head.status, 200);
        return head.headers.at("set-cookie");
      };
  const std::pair<std::string, std::string> https = {"X-Forwarded-Proto",
                                                     "https"};
  EXPECT_NE(cookie({https}).find("; Secure; SameSite=Strict"),
            std::string::npos);
  // Pages of another site, as far as browsers let them.
  EXPECT_NE(cookie({https,
                    {"Origin", "https://app.example"},
                    {"Sec-Fetch-Site", "cross-site"}})
                .find("; Secure; SameSite=None; Partitioned"),
            std::string::npos);
  EXPECT_NE(cookie({{"X-Forwarded-Prefix", "/realtime/"}})
                .find("; Path=/realtime/channels/c/stream;"),
            std::string::npos);
  for (const char* evil : {"/a; Domain=example.com", "nothing", "/a b"}) {
    EXPECT_NE(cookie({{"X-Forwarded-Prefix", evil}})
                  .find("; Path=/channels/c/stream;"),
              std::string::npos);
  }
  const HttpAnswer head =
      HeadOf(bridge, Again(bridge,
                           "/channels/a;Domain=evil.example/stream?ticket=" +
                               Ticket(bridge, ann),
                           ""));
  ASSERT_EQ(head.status, 200);
  EXPECT_NE(head.headers.at("set-cookie").find("; Path=/channels/; HttpOnly"),
            std::string::npos)
      << head.headers.at("set-cookie");
}

TEST_F(TokensTest, APageOfAnotherSiteComesBackOnlyWhereItIsListed) {
  Bridge bridge(backends_.address, {"--cors-origin", "https://app.example"});
  const std::string target =
      std::string(kChannel) + "?ticket=" + Ticket(bridge, bridge.Token("ann"));
  const std::string cookie =
      CookieOf(HeadOf(bridge, Again(bridge, target, "")));
  EXPECT_EQ(HeadOf(bridge, Again(bridge, target, cookie,
                                 {{"Origin", "https://app.example"},
                                  {"Sec-Fetch-Site", "cross-site"}}))
                .status,
            200);
  EXPECT_EQ(HeadOf(bridge, Again(bridge, target, cookie,
                                 {{"Origin", "https://evil.example"},
                                  {"Sec-Fetch-Site", "cross-site"}}))
                .status,
            403);
}

TEST_F(TokensTest, TicketsOfAUserAreLimitedAndNobodyElsesSuffer) {
  Bridge bridge(backends_.address, {"--max-tickets-per-subject", "3",
                                    "--tickets-per-second", "0"});
  const std::string ann = bridge.Token("ann"), ben = bridge.Token("ben");
  const std::string bens = Ticket(bridge, ben);
  for (int i = 0; i < 3; ++i) {
    const std::string ticket = Ticket(bridge, ann);
    EXPECT_EQ(
        bridge.Call("GET", "/admin/metrics/stream?ticket=" + ticket).status,
        403);
  }
  const HttpAnswer refused = bridge.Call("POST", "/auth/ticket", ann);
  ExpectError(refused, 429, "max_tickets_per_subject");
  EXPECT_GE(std::stoi(refused.headers.at("retry-after")), 1);
  bridge.Stream(std::string(kChannel) + "?ticket=" + bens);
  Ticket(bridge, ben);
  Bridge brief(backends_.address,
               {"--max-tickets-per-subject", "1", "--ticket-lifetime", "1s"});
  const std::string token = brief.Token("ann");
  EXPECT_EQ(brief.Call("POST", "/auth/ticket", token).status, 200);
  WaitFor("the ticket's end", [&] {
    return brief.Call("POST", "/auth/ticket", token).status == 200;
  });
}

TEST_F(TokensTest, TicketsOfAUserHaveARate) {
  Bridge bridge(backends_.address, {"--tickets-per-second", "1"});
  const std::string ann = bridge.Token("ann");
  int issued = 0;
  HttpAnswer answer;
  for (; issued < 60; ++issued) {
    answer = bridge.Call("POST", "/auth/ticket", ann);
    if (answer.status != 200) break;
  }
  EXPECT_GE(issued, 20);
  ExpectError(answer, 429, "tickets_per_second");
  EXPECT_EQ(answer.headers.at("retry-after"), "1");
  Ticket(bridge, bridge.Token("ben"));
  WaitFor("the rate", [&] {
    return bridge.Call("POST", "/auth/ticket", ann).status == 200;
  });
}

TEST_F(TokensTest, TicketsAreForWhoHasATokenAndForNothingElse) {
  ExpectError(bridge_.Call("POST", "/auth/ticket"), 401);
  ExpectError(bridge_.Call("GET", "/auth/ticket", writer_), 405);
  const std::string ticket = Ticket(bridge_, writer_);
  ExpectError(bridge_.Call("POST", "/auth/ticket?ticket=" + ticket), 401);
  ExpectError(bridge_.Call("POST", "/tasks?ticket=" + ticket, "", "{}"), 401,
              "authentication required");
  ExpectError(bridge_.Call("GET", "/channels/c/stream?ticket=" + ticket +
                                      "&ticket=" + ticket),
              401, "ambiguous");
  ExpectError(bridge_.Call("GET", "/channels/c/stream?ticket=abc"), 401,
              "invalid ticket");
  bridge_.Stream("/channels/c/stream?ticket=" + ticket);
  Bridge without(backends_.address, {"--ticket-lifetime", "0"});
  ExpectError(without.Call("POST", "/auth/ticket", without.Token("ann")), 404);
}

TEST_F(TokensTest, BridgesThatShareAKeyTakeEachOthersTickets) {
  TemporaryDirectory keys;
  const std::string key = keys.path() + "/ticket";
  WriteFile(key, std::string(40, 'k') + "\n");
  Bridge one(backends_.address, {"--ticket-key", key});
  Bridge two(backends_.address, {"--ticket-key", key});
  const std::string target =
      std::string(kChannel) + "?ticket=" + Ticket(one, one.Token("ann"));
  const std::string cookie = CookieOf(HeadOf(two, Again(two, target, "")));
  // A browser comes back to whichever it likes.
  EXPECT_EQ(HeadOf(one, Again(one, target, cookie)).status, 200);
  EXPECT_EQ(HeadOf(two, Again(two, target, cookie)).status, 200);
  ExpectError(one.Call("GET", target), 401, "invalid ticket");
  ExpectError(bridge_.Call("GET", "/channels/c/stream?ticket=" +
                                      Ticket(one, one.Token("ann"))),
              401);
}

TEST_F(TokensTest, DenyListEndsOpenStreamsAndRefusesNewOnes) {
  TemporaryDirectory files;
  const std::string list = files.path() + "/deny";
  WriteFile(list, "# nobody\n");
  Bridge bridge(backends_.address, {"--auth-deny-list", list});
  const auto token = [&](const std::string& subject, const std::string& id) {
    return bridge.Sign({{"sub", subject}, {"jti", id}, {"exp", Now() + 600}});
  };
  const auto deny = [&](const std::string& lines) {
    WriteFile(list + ".new", lines);
    ASSERT_EQ(rename((list + ".new").c_str(), list.c_str()), 0);
  };
  const std::string ticket = Ticket(bridge, token("ann", "1"));
  const std::string used =
      std::string(kChannel) + "?ticket=" + Ticket(bridge, token("ann", "1"));
  const std::string cookie = CookieOf(HeadOf(bridge, Again(bridge, used, "")));
  EXPECT_EQ(HeadOf(bridge, Again(bridge, used, cookie)).status, 200);
  HttpConnection ann = bridge.Stream("/channels/c/stream", token("ann", "1"));
  HttpConnection also = bridge.Stream("/events?stream=%2Fchannels%2Fd%2Fstream",
                                      token("ann", "2"));
  HttpConnection ben = bridge.Stream("/channels/d/stream", token("ben", "3"));
  HttpConnection ben2 = bridge.Stream("/channels/e/stream", token("ben", "4"));
  ann.Event();
  also.Event();
  ben.Event();
  ben2.Event();
  deny("sub ann\njti 3\n");
  for (HttpConnection* ended : {&ann, &also, &ben}) {
    SseEvent event = ended->Event();
    while (event.event != "grpc-status" && event.data != "null") {
      event = ended->Event();
    }
    ExpectStatusEvent(event, 16, "access was revoked");
    EXPECT_FALSE(ended->NextBlock().has_value());
  }
  EXPECT_EQ(WithToken(bridge, token("ann", "5")).status, 401);
  EXPECT_EQ(WithToken(bridge, token("ben", "3")).status, 401);
  EXPECT_EQ(WithToken(bridge, token("ben", "4")).status, 200);
  EXPECT_EQ(bridge.Call("GET", "/channels/c/stream?ticket=" + ticket).status,
            401);
  EXPECT_EQ(HeadOf(bridge, Again(bridge, used, cookie)).status, 401);
  // The other stream is still there.
  bridge.Call("POST", "/channels/e/messages", token("ben", "4"),
              R"({"content":"hi"})");
  SseEvent event = ben2.Event();
  while (event.event == "join") event = ben2.Event();
  EXPECT_EQ(event.event, "message");
  // A list that cannot be read lets nobody in who is on the old one.
  deny("nonsense\n");
  bridge.process->Signal(SIGHUP);
  WaitFor("the complaint", [&] {
    return bridge.process->Stderr().find("deny:1") != std::string::npos;
  });
  EXPECT_EQ(WithToken(bridge, token("ann", "5")).status, 401);
  deny("");
  WaitFor("ann's return",
          [&] { return WithToken(bridge, token("ann", "5")).status == 200; });
}

TEST_F(TokensTest, RenewedCookieLetsTheReconnectIn) {
  Bridge bridge(backends_.address, {"--auth-cookie", "session"});
  const auto open = [&](const std::string& token) {
    HttpConnection stream(bridge.address);
    HttpRequest request = bridge.Request("GET", "/channels/c/stream");
    request.headers.emplace_back("Cookie", "session=" + token);
    stream.Send(request);
    return stream;
  };
  const std::string old = bridge.Sign({{"sub", "ann"}, {"exp", Now() + 2}});
  HttpConnection stream = open(old);
  ASSERT_EQ(stream.ReadHead().status, 200);
  EXPECT_EQ(stream.Event().event, "system");
  ExpectStatusEvent(stream.Event(), 16, "the token has expired");
  EXPECT_FALSE(stream.NextBlock().has_value());
  HttpConnection again =
      open(bridge.Sign({{"sub", "ann"}, {"exp", Now() + 600}}));
  ASSERT_EQ(again.ReadHead().status, 200);
  EXPECT_EQ(again.Event().event, "system");
}

// An identity provider that publishes its keys.
class Issuer {
 public:
  Issuer() : server_(HttpServer::Options{}) {
    EXPECT_TRUE(server_.Bind().ok());
    server_.Start([this](std::shared_ptr<HttpExchange> exchange) {
      MutexLock lock(&mu_);
      ++fetches_;
      exchange->Respond({200, {}, keys_.dump()});
    });
  }
  ~Issuer() { server_.Stop(); }

  void Publish(const std::string& kid, const TestKey& key) {
    json jwk = key.Jwk();
    jwk["kid"] = kid;
    MutexLock lock(&mu_);
    keys_["keys"].push_back(jwk);
  }
  std::string url() const {
    return "http://127.0.0.1:" + std::to_string(server_.port()) + "/jwks";
  }
  int fetches() {
    MutexLock lock(&mu_);
    return fetches_;
  }
  static std::string Token(const std::string& kid, const TestKey& key) {
    return MakeToken(key, "ES256",
                     json({{"alg", "ES256"}, {"kid", kid}}).dump(),
                     json({{"sub", "ann"}, {"exp", Now() + 600}}).dump());
  }

 private:
  HttpServer server_;
  Mutex mu_;
  json keys_ ABSL_GUARDED_BY(mu_) = {{"keys", json::array()}};
  int fetches_ ABSL_GUARDED_BY(mu_) = 0;
};

TEST_F(TokensTest, KeysFromAUrlAreLookedForAgainWhenOneIsUnknown) {
  Issuer issuer;
  const TestKey first = TestKey::Ec("P-256"), second = TestKey::Ec("P-256");
  issuer.Publish("first", first);
  Bridge bridge(backends_.address, {"--auth-jwks-url", issuer.url()},
                Bridge::Key::kNone);
  WaitFor("the keys", [&] {
    return WithToken(bridge, Issuer::Token("first", first)).status == 200;
  });
  ExpectError(WithToken(bridge, Issuer::Token("first", second)), 401,
              "invalid token");
  const int before = issuer.fetches();
  issuer.Publish("second", second);
  // Within the interval nobody makes the bridge fetch, whatever he names.
  for (int i = 0; i < 20; ++i) {
    const std::string kid = "unknown" + std::to_string(i);
    EXPECT_EQ(WithToken(bridge, Issuer::Token(kid, first)).status, 401);
  }
  EXPECT_EQ(issuer.fetches(), before);
  // After it the very request that names the new key is let in.
  sleep(10);
  HttpConnection stream =
      bridge.Stream("/channels/c/stream", Issuer::Token("second", second));
  EXPECT_EQ(stream.Event().event, "system");
  EXPECT_EQ(issuer.fetches(), before + 1);
}

TEST_F(TokensTest, WhileNoKeyWasFetchedTheAnswerIs503) {
  Bridge bridge(backends_.address,
                {"--auth-jwks-url", "http://127.0.0.1:9/jwks"},
                Bridge::Key::kNone);
  const HttpAnswer answer =
      WithToken(bridge, Issuer::Token("first", TestKey::Ec("P-256")));
  ExpectError(answer, 503, "keys");
  EXPECT_EQ(answer.headers.count("retry-after"), 1u);
  EXPECT_EQ(bridge.Call("GET", "/channels/c/members").status, 401);
}

}  // namespace
}  // namespace sse_bridge::testing
