// Fetches from hostile servers. Each writes what the test specifies, as long as
// the bridge reads.

#include "bridge/access/url_fetch.h"

#include <netinet/in.h>
#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <atomic>
#include <functional>
#include <string>
#include <thread>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/time/clock.h"
#include "gtest/gtest.h"

namespace sse_bridge {
namespace {

constexpr absl::Duration kShort = absl::Milliseconds(300);
constexpr absl::Duration kLong = absl::Minutes(5);
constexpr size_t kMaxBytes = 10'000;

// Accepts one connection and passes it to the test.
class RawServer {
 public:
  // Sends; returns false if the client has disconnected.
  using Send = std::function<bool(const std::string& bytes)>;

  explicit RawServer(std::function<void(const Send&)> script)
      : listener_(socket(AF_INET, SOCK_STREAM, 0)) {
    sockaddr_in address = {};
    address.sin_family = AF_INET;
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    socklen_t size = sizeof(address);
    EXPECT_EQ(bind(listener_, reinterpret_cast<sockaddr*>(&address), size), 0);
    EXPECT_EQ(listen(listener_, 1), 0);
    getsockname(listener_, reinterpret_cast<sockaddr*>(&address), &size);
    port_ = ntohs(address.sin_port);
    thread_ = std::thread([this, script = std::move(script)] {
      pollfd ready = {listener_, POLLIN, 0};
      if (poll(&ready, 1, 60'000) != 1) return;
      const int fd = accept(listener_, nullptr, nullptr);
      char request[4096];
      if (recv(fd, request, sizeof(request), 0) > 0) {
        script([this, fd](const std::string& bytes) {
          size_t at = 0;
          while (at < bytes.size()) {
            const ssize_t sent =
                send(fd, bytes.data() + at, bytes.size() - at, MSG_NOSIGNAL);
            if (sent <= 0) return false;
            at += static_cast<size_t>(sent);
            sent_ += static_cast<size_t>(sent);
          }
          return true;
        });
      }
      close(fd);
    });
  }
  ~RawServer() {
    thread_.join();
    close(listener_);
  }

  std::string url() const { return absl::StrCat("http://127.0.0.1:", port_); }
  size_t sent() const { return sent_; }

 private:
  const int listener_;
  int port_ = 0;
  std::atomic<size_t> sent_{0};
  std::thread thread_;
};

absl::StatusOr<std::string> Fetch(const std::string& url,
                                  absl::Duration timeout) {
  UrlFetch::Options options;
  options.url = url;
  options.max_bytes = kMaxBytes;
  options.timeout = timeout;
  return UrlFetch(options).Get();
}

// Sends `head`, and then `piece` forever.
std::function<void(const RawServer::Send&)> Endless(
    std::string head, std::string piece,
    absl::Duration pause = absl::ZeroDuration()) {
  return [=](const RawServer::Send& send) {
    if (!send(head)) return;
    while (send(piece)) absl::SleepFor(pause);
  };
}

constexpr char kOk[] = "HTTP/1.1 200 OK\r\n";

TEST(UrlFetchTest, CompleteResponseIsReturned) {
  const std::string body(kMaxBytes, 'b');
  {
    RawServer server([&](const RawServer::Send& send) {
      send(absl::StrCat(kOk, "Content-Length: ", kMaxBytes, "\r\n\r\n", body));
    });
    EXPECT_EQ(Fetch(server.url(), kLong).value_or(""), body);
  }
  {
    RawServer server([&](const RawServer::Send& send) {
      send(absl::StrCat(kOk, "Transfer-Encoding: chunked\r\n\r\n",
                        "3;x=y\r\nab", "c\r\n0\r\nX-Trailer: t\r\n\r\n"));
    });
    EXPECT_EQ(Fetch(server.url(), kLong).value_or(""), "abc");
  }
}

TEST(UrlFetchTest, EverythingThatIsReadIsBounded) {
  struct Case {
    const char* what;
    std::string head;
    std::string piece;
  };
  const std::string many(100'000, 'a');
  for (const Case& each : {
           Case{"status line", "HTTP/1.1 200 ", many},
           Case{"header", absl::StrCat(kOk, "X: "), many},
           Case{"headers", kOk,
                absl::StrCat("X: ", many.substr(0, 4000), "\r\n")},
           Case{"interim answers", "", "HTTP/1.1 100 Continue\r\n\r\n"},
           Case{"body", absl::StrCat(kOk, "\r\n"), many},
           Case{"announced body",
                absl::StrCat(kOk, "Content-Length: 100000000\r\n\r\n"), many},
           Case{"chunks",
                absl::StrCat(kOk, "Transfer-Encoding: chunked\r\n\r\n"),
                "1\r\nx\r\n"},
           Case{"chunk extension",
                absl::StrCat(kOk, "Transfer-Encoding: chunked\r\n\r\n1;"),
                many},
           Case{"trailers",
                absl::StrCat(kOk, "Transfer-Encoding: chunked\r\n\r\n0\r\n"),
                "X: y\r\n"},
           Case{"no HTTP", "", many},
       }) {
    RawServer server(Endless(each.head, each.piece));
    const auto answer = Fetch(server.url(), kLong);
    EXPECT_FALSE(answer.ok()) << each.what;
    EXPECT_FALSE(absl::IsDeadlineExceeded(answer.status()))
        << each.what << answer.status();
  }
}

TEST(UrlFetchTest, DeadlineCoversTheWholeFetch) {
  const absl::Duration pause = absl::Milliseconds(20);
  for (const std::string& head :
       {std::string("HTTP/1.1 200 "), absl::StrCat(kOk, "X: "),
        absl::StrCat(kOk, "\r\n"),
        absl::StrCat(kOk, "Transfer-Encoding: chunked\r\n\r\n1;"),
        absl::StrCat(kOk, "Transfer-Encoding: chunked\r\n\r\n0\r\nX: ")}) {
    RawServer server(Endless(head, "a", pause));
    EXPECT_TRUE(absl::IsDeadlineExceeded(Fetch(server.url(), kShort).status()))
        << head;
  }
}

TEST(UrlFetchTest, TruncatedOrInvalidResponseIsAnError) {
  for (const std::string& bytes :
       {std::string(), std::string("HTTP/1.1 200"),
        absl::StrCat(kOk, "Content-Length: 5\r\n\r\nab"),
        absl::StrCat(kOk, "Transfer-Encoding: chunked\r\n\r\n5\r\nab"),
        std::string("hello\r\n\r\n")}) {
    RawServer server([&](const RawServer::Send& send) { send(bytes); });
    EXPECT_FALSE(Fetch(server.url(), kLong).ok()) << bytes;
  }
}

TEST(UrlFetchTest, RedirectsAreNotFollowed) {
  RawServer server([](const RawServer::Send& send) {
    send(
        "HTTP/1.1 302 Found\r\nLocation: http://127.0.0.1:1/\r\n"
        "Content-Length: 0\r\n\r\n");
  });
  const auto answer = Fetch(server.url(), kLong);
  EXPECT_TRUE(absl::StrContains(answer.status().message(), "302"))
      << answer.status();
}

TEST(UrlFetchTest, CancelEndsAFetchAtOnce) {
  std::atomic<bool> asked{false}, over{false};
  RawServer server([&](const RawServer::Send&) {
    asked = true;
    while (!over) absl::SleepFor(absl::Milliseconds(1));
  });
  UrlFetch::Options options;
  options.url = server.url();
  options.timeout = kLong;
  UrlFetch fetch(options);
  std::thread stopper([&] {
    while (!asked) absl::SleepFor(absl::Milliseconds(1));
    fetch.Cancel();
  });
  EXPECT_TRUE(absl::IsCancelled(fetch.Get().status()));
  EXPECT_TRUE(absl::IsCancelled(fetch.Get().status())) << "those to come too";
  over = true;
  stopper.join();
}

}  // namespace
}  // namespace sse_bridge
