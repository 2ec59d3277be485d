#ifndef SSE_BRIDGE_TESTS_UNIT_HTTP_SIMULATED_HTTP_CLIENT_H_
#define SSE_BRIDGE_TESTS_UNIT_HTTP_SIMULATED_HTTP_CLIENT_H_

#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "absl/strings/match.h"
#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/string_view.h"
#include "absl/strings/strip.h"
#include "gtest/gtest.h"
#include "tests/unit/delivery/delivery_testing.h"
#include "tests/unit/net/simulated_network.h"

namespace sse_bridge {

// The head of a stream, and the answer if its events are over.
inline constexpr absl::string_view kSimulatedStreamHead =
    "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n";
inline constexpr absl::string_view kOver = "over";

// Removes the next answer from `*bytes`, without interim ones, and returns its
// body. Returns nullopt if it is not complete.
inline std::optional<std::string> TakeAnswer(absl::string_view* bytes) {
  for (;;) {
    const size_t end = bytes->find("\r\n\r\n");
    if (end == absl::string_view::npos) return std::nullopt;
    const absl::string_view head = bytes->substr(0, end);
    if (absl::StartsWith(head, "HTTP/1.1 1")) {
      bytes->remove_prefix(end + 4);
      continue;
    }
    EXPECT_TRUE(absl::StartsWith(head, "HTTP/1.1 200 ")) << head;
    constexpr absl::string_view kLength = "\r\nContent-Length: ";
    const size_t at = head.find(kLength);
    uint32_t size = 0;
    EXPECT_NE(at, absl::string_view::npos) << head;
    if (at == absl::string_view::npos) return std::nullopt;
    const absl::string_view rest = head.substr(at + kLength.size());
    EXPECT_TRUE(absl::SimpleAtoi(rest.substr(0, rest.find('\r')), &size));
    if (bytes->size() < end + 4 + size) return std::nullopt;
    std::string body(bytes->substr(end + 4, size));
    bytes->remove_prefix(end + 4 + size);
    return body;
  }
}

// A client of a simulated listener.
class SimulatedHttpClient {
 public:
  explicit SimulatedHttpClient(std::unique_ptr<SimulatedClient> socket)
      : socket_(std::move(socket)) {}
  virtual ~SimulatedHttpClient() = default;

  SimulatedClient& socket() { return *socket_; }
  void set_received_first(absl::string_view bytes) { skip_ = bytes; }
  // Leaves without waiting for what it has asked for.
  void Leave(bool resets) {
    left_ = true;
    if (resets) socket_->Reset();
    socket_->Close();
  }

  bool IsDone() {
    // Counts again only what has changed.
    const size_t bytes = socket_->received().size();
    if (bytes != counted_bytes_) has_all_ = HasAll();
    counted_bytes_ = bytes;
    return left_ || socket_->broken() || has_all_;
  }
  void Check() const {
    if (left_) return;
    EXPECT_FALSE(socket_->broken()) << "the server has reset it";
    CheckReceived();
  }

 protected:
  virtual bool HasAll() const = 0;
  virtual void CheckReceived() const = 0;
  // Without what the transport sends first.
  absl::string_view received() const {
    absl::string_view received = socket_->received();
    if (received.size() < skip_.size()) return "";
    EXPECT_TRUE(absl::ConsumePrefix(&received, skip_));
    return received;
  }

 private:
  const std::unique_ptr<SimulatedClient> socket_;
  absl::string_view skip_;
  bool left_ = false;
  size_t counted_bytes_ = 0;
  bool has_all_ = false;
};

// Sends requests one after the other on one connection.
class AskingClient : public SimulatedHttpClient {
 public:
  using SimulatedHttpClient::SimulatedHttpClient;
  std::vector<std::string> expected;

 protected:
  bool HasAll() const override { return Answers().size() >= expected.size(); }
  void CheckReceived() const override { EXPECT_EQ(Answers(), expected); }

 private:
  std::vector<std::string> Answers() const {
    std::vector<std::string> answers;
    absl::string_view bytes = received();
    while (auto body = TakeAnswer(&bytes)) answers.push_back(*body);
    return answers;
  }
};

// Receives a stream of events up to the last one.
class StreamingClient : public SimulatedHttpClient {
 public:
  using SimulatedHttpClient::SimulatedHttpClient;
  int first_event = -1;  // set when the stream opens
  int end_event = 0;     // the number after the last one
  bool refused = false;  // the events were over

 protected:
  bool HasAll() const override {
    absl::string_view bytes = received();
    if (refused) return TakeAnswer(&bytes).has_value();
    bool complete = false;
    if (absl::ConsumePrefix(&bytes, kSimulatedStreamHead))
      Unchunk(bytes, &complete);
    return complete;
  }
  void CheckReceived() const override {
    absl::string_view bytes = received();
    if (refused) {
      EXPECT_EQ(TakeAnswer(&bytes), kOver);
      return;
    }
    std::string events;
    for (int i = first_event; i < end_event; ++i) {
      absl::StrAppend(&events, Event(absl::StrCat(i))->payload());
    }
    EXPECT_TRUE(absl::ConsumePrefix(&bytes, kSimulatedStreamHead));
    bool complete = false;
    EXPECT_EQ(Unchunk(bytes, &complete), events);
    EXPECT_TRUE(complete);
  }
};

}  // namespace sse_bridge

#endif  // SSE_BRIDGE_TESTS_UNIT_HTTP_SIMULATED_HTTP_CLIENT_H_
