// What the other side of a multiplexed call may send: a backend to the bridge,
// and a bridge to a backend. The input is cut into messages by a length of two
// bytes before each; its first byte says which side receives them.
//
// Frames are read as libprotobuf reads them. Every stream ends once, and its
// callbacks come in order; nothing waits beyond the credit.

#include <grpcpp/grpcpp.h>

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "absl/strings/string_view.h"
#include "backends/stream/multiplexer_service.h"
#include "bridge/upstream/multiplexer/multiplexer_connection.h"
#include "bridge/upstream/multiplexer/multiplexer_wire.h"
#include "sse/v1/multiplexer.pb.h"
#include "tests/unit/backends/multiplexer_testing.h"
#include "tests/unit/upstream/multiplexer/multiplexer_testing.h"

namespace {

using sse::v1::Frame;
using sse::v1::ToBackend;
using sse::v1::ToBridge;
using sse_bridge::MultiplexerFrame;
using sse_bridge::ToBridgeReader;

constexpr char kMethod[] = "/a.B/C";
constexpr size_t kWindow = 500;

void Require(bool holds) {
  if (!holds) std::abort();
}

std::vector<absl::string_view> Messages(absl::string_view input) {
  std::vector<absl::string_view> messages;
  while (input.size() >= 2) {
    const size_t size =
        static_cast<uint8_t>(input[0]) << 8 | static_cast<uint8_t>(input[1]);
    messages.push_back(input.substr(2, size));
    input.remove_prefix(std::min(input.size(), size + 2));
  }
  return messages;
}

// What the bridge reads is what libprotobuf reads.
void CompareReaders(absl::string_view bytes) {
  ToBridge message;
  const bool parsed =
      message.ParseFromArray(bytes.data(), static_cast<int>(bytes.size()));
  ToBridgeReader reader(bytes);
  int frames = 0;
  for (;;) {
    const ToBridgeReader::Part part = reader.Next();
    if (part == ToBridgeReader::Part::kMalformed) return;
    if (part == ToBridgeReader::Part::kEnd) break;
    if (part != ToBridgeReader::Part::kFrame || !parsed) continue;
    Require(frames < message.frames_size());
    const Frame& expected = message.frames(frames++);
    const MultiplexerFrame& frame = reader.frame();
    Require(frame.stream == expected.stream());
    switch (expected.frame_case()) {
      case Frame::kOpened:
        Require(frame.kind == MultiplexerFrame::Kind::kOpened);
        break;
      case Frame::kMessage:
        Require(frame.kind == MultiplexerFrame::Kind::kMessage &&
                frame.payload == expected.message());
        break;
      case Frame::kEnd:
        Require(frame.kind == MultiplexerFrame::Kind::kEnd);
        break;
      case Frame::FRAME_NOT_SET:
        Require(frame.kind == MultiplexerFrame::Kind::kUnknown);
    }
  }
  Require(!parsed || frames == message.frames_size());
}

// Requires that its callbacks come as specified.
class StrictObserver : public sse_bridge::StreamObserver {
 public:
  void OnOpen() override {
    Require(!opened_ && !done_);
    opened_ = true;
  }
  void OnMessage(absl::Span<const absl::string_view>) override {
    Require(opened_ && !done_ && reads_ > 0);
    --reads_;
  }
  void OnDone(const absl::Status&) override {
    Require(!std::exchange(done_, true));
  }

  void Reads() { reads_ = 1; }
  bool done() const { return done_; }

 private:
  bool opened_ = false;
  bool done_ = false;
  int reads_ = 1;
};

void ToTheBridge(const std::vector<absl::string_view>& messages) {
  sse_bridge::ManualTimers timers;
  sse_bridge::FakeCalls calls;
  auto options = std::make_shared<sse_bridge::MultiplexerConnection::Options>();
  options->stream.window_bytes = kWindow;
  options->stream.max_message_bytes = 1000;
  options->stream.timers = timers.timers();
  std::shared_ptr<sse_bridge::MultiplexerConnection> connection;
  sse_bridge::MultiplexerConnection::Events events;
  events.open = [&](const auto& open) { connection = open; };
  events.closed = [&](bool, const absl::Status&) { connection = nullptr; };
  sse_bridge::MultiplexerConnection::Start(options, calls.start(), {},
                                           std::move(events));
  const auto call = calls.calls[0];
  call->Written();
  call->SayHello({kMethod});
  std::vector<std::shared_ptr<StrictObserver>> observers;
  std::vector<std::shared_ptr<sse_bridge::StreamCall>> streams;
  for (int i = 0; i < 4; ++i) {
    observers.push_back(std::make_shared<StrictObserver>());
    streams.push_back(connection->Open(kMethod, "", {}, observers.back()));
  }
  call->set_auto_written();
  call->Written();
  size_t turn = 0;
  for (const absl::string_view message : messages) {
    CompareReaders(message);
    call->SayBytes(message);
    call->Settle();
    const size_t chosen = turn++ % streams.size();
    if (message.size() % 7 == 1) {
      streams[chosen]->Cancel();
    } else if (chosen != 0) {  // the first is never read again
      observers[chosen]->Reads();
      streams[chosen]->Read();
    }
    timers.RunDue();
    call->Settle();
  }
  call->End(absl::UnavailableError("gone"));
  streams.clear();
  timers.RunDue();
  for (const auto& observer : observers) Require(observer->done());
}

// Writes one message in turn until it is cancelled.
class Writer : public grpc::ServerWriteReactor<sse::v1::Metadatum> {
 public:
  explicit Writer(int* open) : open_(open) {
    ++*open_;
    message_.set_value(std::string(50, 'x'));
    StartWrite(&message_);
  }
  void OnWriteDone(bool ok) override {
    if (ok && ++written_ < 5) return StartWrite(&message_);
    if (!std::exchange(finished_, true)) Finish(grpc::Status::OK);
  }
  void OnCancel() override {
    if (!std::exchange(finished_, true)) Finish(grpc::Status::CANCELLED);
  }
  void OnDone() override {
    --*open_;
    delete this;
  }

 private:
  int* const open_;
  sse::v1::Metadatum message_;
  int written_ = 0;
  bool finished_ = false;
};

void ToTheBackend(const std::vector<absl::string_view>& messages) {
  int open = 0;
  {
    sse_bridge::MultiplexerService service;
    service.set_max_streams(8);
    service.Add<sse::v1::Metadatum, sse::v1::Metadatum>(
        kMethod,
        [&open](sse_bridge::MultiplexedCall*, const sse::v1::Metadatum*) {
          return new Writer(&open);
        });
    sse_bridge::testing::FakeServerCall call(service.Connect(nullptr));
    call.SayHello();
    for (const absl::string_view bytes : messages) {
      ToBackend message;
      if (!message.ParseFromArray(bytes.data(),
                                  static_cast<int>(bytes.size()))) {
        continue;  // gRPC does not deliver it
      }
      // Deadlines would depend on the time.
      for (sse::v1::Open& each : *message.mutable_open()) {
        each.clear_timeout_us();
      }
      if (!call.Say(message)) break;
      if (bytes.size() % 2 == 0) call.Settle();
      Require(open <= 8);
    }
    for (const sse::v1::ToBridge& written : call.written()) {
      Require(written.ByteSizeLong() < 4000);
    }
  }
  Require(open == 0);
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  if (size == 0) return 0;
  const std::vector<absl::string_view> messages = Messages(
      absl::string_view(reinterpret_cast<const char*>(data) + 1, size - 1));
  if (data[0] % 2 == 0) {
    ToTheBridge(messages);
  } else {
    ToTheBackend(messages);
  }
  return 0;
}
