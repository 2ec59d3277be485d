// Keys from a URL, served by a real server on the loopback.

#include "bridge/access/jwks_fetcher.h"

#include <memory>
#include <optional>
#include <string>
#include <utility>

#include "absl/strings/str_cat.h"
#include "absl/time/clock.h"
#include "tests/unit/http/server_testing.h"

namespace sse_bridge {
namespace {

using testing::ServerFixture;
using testing::Signal;

constexpr char kEc[] = R"({"kty":"EC","crv":"P-256","kid":"ec",)"
                       R"("x":"f83OJ3D2xF1Bg8vub9tLe1gHMzV76e8Tus9uPHvRVEU",)"
                       R"("y":"x_FEzRu9m36HLN_tue659LNpXW6pCyStikYjKIWI5a0"})";
constexpr char kOct[] =
    R"({"kty":"oct","k":"MDEyMzQ1Njc4OWFiY2RlZjAxMjM0NTY3ODlhYmNkZWY"})";

std::string Jwks(const std::string& keys) {
  return absl::StrCat("{\"keys\":[", keys, "]}");
}

class JwksFetcherTest : public ServerFixture {
 protected:
  void Start(JwksFetcher::Options options = {}) {
    StartServer({}, /*echoes=*/false);
    options.url = absl::StrCat("http://127.0.0.1:", server_->port(), "/jwks");
    auto fetcher = JwksFetcher::Create(options, [this](KeySet keys) {
      size_ = keys.size();
      keys_came_.Set();
    });
    ASSERT_TRUE(fetcher.ok()) << fetcher.status();
    fetcher_ = *std::move(fetcher);
    fetcher_->Start();
  }
  void TearDown() override {
    fetcher_.reset();
    ServerFixture::TearDown();
  }
  void Answer(int status, const std::string& body) {
    Next()->Respond({status, {{"Content-Type", "application/json"}}, body});
  }

  std::unique_ptr<JwksFetcher> fetcher_;
  Signal keys_came_;
  size_t size_ = 0;  // of the last key set; read after keys_came_
};

TEST_F(JwksFetcherTest, FetchesAtTheStart) {
  Start();
  const auto exchange = Next();
  EXPECT_EQ(exchange->raw_path(), "/jwks");
  EXPECT_FALSE(fetcher_->has_keys());
  exchange->Respond({200, {}, Jwks(kEc)});
  keys_came_.Wait();
  EXPECT_EQ(size_, 1u);
}

TEST_F(JwksFetcherTest, FetchesPeriodically) {
  JwksFetcher::Options options;
  options.refresh = absl::Milliseconds(20);
  Start(options);
  for (int i = 0; i < 3; ++i) Answer(200, Jwks(kEc));
}

TEST_F(JwksFetcherTest, InvalidKeySetChangesNothing) {
  JwksFetcher::Options options;
  options.refresh = absl::Milliseconds(5);
  Start(options);
  // An error page is long enough for an HMAC secret, but must not become one.
  for (const auto& [status, body] :
       {std::pair(200, std::string("<html>Please log in to go on</html>")),
        std::pair(404, Jwks(kEc)), std::pair(302, Jwks(kEc)),
        std::pair(200, Jwks(kOct)), std::pair(200, Jwks("")),
        std::pair(200, std::string(JwksFetcher::kMaxBytes + 1, ' ')),
        std::pair(200, std::string())}) {
    Answer(status, body);
  }
  const auto last = Next();
  EXPECT_EQ(keys_came_.count(), 0);
  EXPECT_FALSE(fetcher_->has_keys());
  last->Respond({200, {}, Jwks(absl::StrCat(kOct, ",", kEc))});
  keys_came_.Wait();
  EXPECT_EQ(size_, 1u) << "a secret that is published is none";
}

TEST_F(JwksFetcherTest, UnknownKeyTriggersAFetchAtMostOncePerInterval) {
  JwksFetcher::Options options;
  options.min_interval = absl::Milliseconds(200);
  Start(options);
  Signal first, second, third;
  const auto at_start = Next();
  // Callers during a fetch wait for it.
  ASSERT_TRUE(fetcher_->RefreshThen([&] { first.Set(); }));
  ASSERT_TRUE(fetcher_->RefreshThen([&] { second.Set(); }));
  EXPECT_EQ(first.count(), 0);
  at_start->Respond({200, {}, Jwks(kEc)});
  first.Wait();
  second.Wait();
  EXPECT_TRUE(fetcher_->has_keys());
  // A fetch has just finished; later another one is allowed.
  while (!fetcher_->RefreshThen([&] { third.Set(); })) {
    absl::SleepFor(absl::Milliseconds(5));
  }
  Answer(500, "");
  third.Wait();
}

TEST_F(JwksFetcherTest, RequestsThatWaitAreBounded) {
  Start();
  const auto at_start = Next();
  Signal done;
  for (size_t i = 0; i < JwksFetcher::kMaxWaiting; ++i) {
    ASSERT_TRUE(fetcher_->RefreshThen([&] { done.Set(); }));
  }
  EXPECT_FALSE(fetcher_->RefreshThen([] { ADD_FAILURE(); }));
  at_start->Respond({200, {}, Jwks(kEc)});
  while (done.count() < static_cast<int>(JwksFetcher::kMaxWaiting)) {
    absl::SleepFor(absl::Milliseconds(1));
  }
}

TEST_F(JwksFetcherTest, StopCancelsAFetch) {
  Start();
  const auto never_answered = Next();
  Signal done;
  ASSERT_TRUE(fetcher_->RefreshThen([&] { done.Set(); }));
  fetcher_->Stop();
  EXPECT_EQ(done.count(), 1);
  EXPECT_FALSE(fetcher_->RefreshThen([] { ADD_FAILURE(); }));
}

TEST(JwksUrlTest, MustBeHttpsOrThisMachine) {
  const auto create = [](const std::string& url) {
    JwksFetcher::Options options;
    options.url = url;
    return JwksFetcher::Create(options, [](KeySet) {}).status();
  };
  for (const char* url :
       {"https://issuer.example/jwks", "https://h:8443", "http://localhost:1/",
        "http://127.0.0.1:1/keys", "http://[::1]:1/keys"}) {
    EXPECT_TRUE(create(url).ok()) << url;
  }
  for (const char* url :
       {"", "issuer.example/jwks", "file:///etc/passwd", "https://",
        "https:///jwks", "http://issuer.example/jwks",
        "http://localhost.evil.example/", "http://127.0.0.1@evil.example/",
        "https://h/a b", "https://h/\r\nX: y", "http://127.0.0.10.example/"}) {
    EXPECT_EQ(create(url).code(), absl::StatusCode::kInvalidArgument) << url;
  }
}

}  // namespace
}  // namespace sse_bridge
