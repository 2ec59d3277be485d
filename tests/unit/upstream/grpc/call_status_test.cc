// What clients see of a failed call: the backend's own message, and nothing
// that the transport reports.

#include "bridge/upstream/grpc/call_status.h"

#include <netinet/in.h>
#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <memory>
#include <optional>
#include <string>
#include <thread>
#include <utility>

#include "absl/strings/str_cat.h"
#include "absl/time/clock.h"
#include "bridge/upstream/grpc/grpc_upstream.h"
#include "gtest/gtest.h"
#include "tests/support/reserved_port.h"
#include "tests/unit/upstream/name_of_client.h"
#include "tests/unit/upstream/raw_http2.h"
#include "tests/unit/upstream/recording_observer.h"
#include "tests/unit/upstream/test_backend.h"

namespace sse_bridge {
namespace {

constexpr char kPath[] = "/test.Service/Method";

// An HTTP/2 frame (RFC 9113, 4.1).
std::string Http2Frame(int type, int flags, int stream,
                       const std::string& payload) {
  std::string frame;
  for (const int shift : {16, 8, 0}) {
    frame.push_back(static_cast<char>(payload.size() >> shift));
  }
  frame.push_back(static_cast<char>(type));
  frame.push_back(static_cast<char>(flags));
  for (const int shift : {24, 16, 8, 0}) {
    frame.push_back(static_cast<char>(stream >> shift));
  }
  return frame + payload;
}

std::string Number(int value) {
  std::string bytes;
  for (const int shift : {24, 16, 8, 0}) {
    bytes.push_back(static_cast<char>(value >> shift));
  }
  return bytes;
}

std::string ResetStream(int code) {
  return Http2Frame(/*RST_STREAM=*/3, 0, 1, Number(code));
}

// Headers that end the stream, as literals without indexing (RFC 7541, 6.2.2).
std::string Headers(const Metadata& fields) {
  std::string block;
  for (const auto& [name, value] : fields) {
    block += absl::StrCat(
        std::string(1, '\0'), std::string(1, static_cast<char>(name.size())),
        name, std::string(1, static_cast<char>(value.size())), value);
  }
  return Http2Frame(/*HEADERS=*/1, /*END_STREAM | END_HEADERS=*/5, 1, block);
}

// Accepts connections, sends HTTP/2's preface and answers the first call with
// `bytes`. Then closes the connection or, with `silent`, waits for the client
// to close it.
class RawPeer {
 public:
  explicit RawPeer(std::string bytes, bool silent = false)
      : listener_(socket(AF_INET, SOCK_STREAM, 0)) {
    sockaddr_in address = {};
    address.sin_family = AF_INET;
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    socklen_t size = sizeof(address);
    EXPECT_EQ(bind(listener_, reinterpret_cast<sockaddr*>(&address), size), 0);
    EXPECT_EQ(listen(listener_, 8), 0);
    getsockname(listener_, reinterpret_cast<sockaddr*>(&address), &size);
    port_ = ntohs(address.sin_port);
    thread_ = std::thread([this, bytes = std::move(bytes), silent] {
      const int fd = AcceptCall();
      if (fd < 0) return;
      char buffer[4096];
      send(fd, bytes.data(), bytes.size(), MSG_NOSIGNAL);
      if (!bytes.empty() || silent) {
        while (recv(fd, buffer, sizeof(buffer), 0) > 0) {
        }
      }
      close(fd);
    });
  }
  ~RawPeer() {
    thread_.join();
    close(listener_);
  }

  // Returns the connection on which a call has arrived.
  int AcceptCall() {
    const std::string settings = Http2Frame(/*SETTINGS=*/4, 0, 0, "");
    pollfd ready = {listener_, POLLIN, 0};
    while (poll(&ready, 1, 60'000) == 1) {
      const int fd = accept(listener_, nullptr, nullptr);
      send(fd, settings.data(), settings.size(), MSG_NOSIGNAL);
      std::string in;
      char buffer[4096];
      ssize_t count = 0;
      while ((count = recv(fd, buffer, sizeof(buffer), 0)) > 0) {
        in.append(buffer, static_cast<size_t>(count));
        if (HasRequest(in)) return fd;
      }
      close(fd);
    }
    return -1;
  }

  std::string address() const { return absl::StrCat("127.0.0.1:", port_); }
  std::string port() const { return absl::StrCat(port_); }

 private:
  const int listener_;
  int port_ = 0;
  std::thread thread_;
};

class CallStatusTest : public ::testing::TestWithParam<bool> {};

absl::Status EndOfCall(GrpcUpstreamOptions options, absl::Duration deadline,
                       bool wait_for_ready = false) {
  options.direct = CallStatusTest::GetParam();
  auto upstream = GrpcUpstream::Create(options);
  EXPECT_TRUE(upstream.ok()) << upstream.status();
  CallOptions call;
  call.deadline = absl::Now() + deadline;
  call.wait_for_ready = wait_for_ready;
  auto observer = std::make_shared<RecordingObserver>(/*auto_read=*/true);
  observer->Attach((*upstream)->StartStream(kPath, "", call, observer));
  return observer->WaitDone();
}

absl::Status EndOfCall(const std::string& address,
                       absl::Duration deadline = absl::Minutes(1),
                       bool wait_for_ready = false) {
  GrpcUpstreamOptions options;
  options.address = address;
  return EndOfCall(options, deadline, wait_for_ready);
}

TEST_P(CallStatusTest, TransportMessagesAreNotShown) {
  struct Case {
    std::string bytes;
    absl::StatusCode code;
    std::string message;
  };
  constexpr auto kUnavailable = absl::StatusCode::kUnavailable;
  const std::string lost = "the connection to the backend was lost";
  const std::string unreadable = "the backend's answer cannot be read";
  for (const Case& each : {
           Case{"", kUnavailable, lost},
           Case{ResetStream(7), kUnavailable, lost},
           Case{ResetStream(8), absl::StatusCode::kCancelled,
                "the call was cancelled"},
           Case{ResetStream(2), absl::StatusCode::kInternal, unreadable},
           Case{ResetStream(11), absl::StatusCode::kResourceExhausted,
                "the backend refused the call, or its answer is too large"},
           Case{Headers({{":status", "503"}, {"content-type", "text/html"}}),
                kUnavailable, lost},
           Case{Headers({{":status", "404"}}), absl::StatusCode::kUnimplemented,
                "the backend does not know the method"},
           // Proxies that do not support trailers end responses like this.
           Case{Headers(
                    {{":status", "200"}, {"content-type", "application/grpc"}}),
                absl::StatusCode::kUnknown, unreadable},
       }) {
    RawPeer peer(each.bytes);
    // gRPC 1.51 reads errno too late after connect(). A memory allocator that
    // has changed it meanwhile, as ASan's does, makes the attempt fail, so wait
    // for the next one.
    const absl::Status status =
        EndOfCall(peer.address(), absl::Minutes(1), /*wait_for_ready=*/true);
    EXPECT_EQ(status.code(), each.code) << status;
    EXPECT_EQ(status.message(), each.message);
  }
}

TEST_P(CallStatusTest, AddressOfAnUnreachableBackendIsNotShown) {
  const testing::ReservedPort reserved;
  const std::string gone = reserved.address();
  const absl::Status refused = EndOfCall(gone);
  EXPECT_TRUE(absl::IsUnavailable(refused));
  EXPECT_EQ(refused.message(), "the backend cannot be reached");
  EXPECT_EQ(EndOfCall(absl::StrCat("ipv4:", gone, ",", gone)), refused);

  TestBackend plain;
  GrpcUpstreamOptions options;
  options.address = plain.address();
  options.tls = GrpcUpstreamTls();
  EXPECT_EQ(EndOfCall(options, absl::Minutes(1)), refused);

  RawPeer silent("", /*silent=*/true);
  EXPECT_EQ(EndOfCall(silent.address(), absl::Milliseconds(300)),
            absl::DeadlineExceededError("the backend did not answer in time"));
}

TEST_P(CallStatusTest, BackendMessagesPassUnchanged) {
  TestBackend backend;
  for (const std::string& words :
       {std::string(), std::string("try the depot at 10 Downing Street"),
        std::string("UNKNOWN:Error received from peer"),
        std::string("no connection, said my database"),
        std::string("caf\xc3\xa9 100% closed")}) {
    backend.Set(kPath, Answer{.code = 14, .message = words});
    EXPECT_EQ(EndOfCall(backend.address()), absl::UnavailableError(words));
  }
  backend.Set(kPath, Answer{.code = 5, .message = "ipv4:10.0.0.1 is no order"});
  EXPECT_EQ(EndOfCall(backend.address()),
            absl::NotFoundError("ipv4:10.0.0.1 is no order"));
}

// A backend that passes on messages of its own client library about another
// backend.
TEST_P(CallStatusTest, ForwardedTransportMessagesAreNotShown) {
  TestBackend backend;
  for (const char* words :
       {"failed to connect to all addresses; last error: UNKNOWN: "
        "ipv4:10.1.2.3:50051: Failed to connect to remote host",
        "connection error: desc = \"transport: Error while dialing: dial tcp "
        "10.1.2.3:50051: connect: connection refused\"",
        "upstream connect error or disconnect/reset before headers. reset "
        "reason: remote connection failure, 10.1.2.3",
        "DNS resolution failed for orders.internal:50051", "Socket closed",
        "lost ipv4:10.1.2.3:50051"}) {
    backend.Set(kPath, Answer{.code = 14, .message = words});
    const absl::Status status = EndOfCall(backend.address());
    EXPECT_EQ(status.message(), "the connection to the backend was lost");
  }
}

INSTANTIATE_TEST_SUITE_P(Clients, CallStatusTest, ::testing::Bool(),
                         NameOfClient);

}  // namespace
}  // namespace sse_bridge
