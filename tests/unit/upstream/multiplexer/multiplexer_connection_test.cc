#include "bridge/upstream/multiplexer/multiplexer_connection.h"

#include <memory>
#include <string>
#include <vector>

#include "absl/strings/cord.h"
#include "absl/time/clock.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "tests/unit/upstream/multiplexer/multiplexer_testing.h"
#include "tests/unit/upstream/recording_observer.h"

namespace sse_bridge {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;

constexpr char kMethod[] = "/test.Service/Method";
constexpr size_t kWindow = 1000;

class MultiplexerConnectionTest : public ::testing::Test {
 protected:
  MultiplexerConnectionTest() {
    options_.stream.window_bytes = kWindow;
    options_.stream.max_message_bytes = 10'000;
    options_.stream.timers = timers_.timers();
  }
  void TearDown() override {
    calls_.EndAll();
    timers_.RunDue();
  }

  // A connection that is asking.
  void Ask() {
    MultiplexerConnection::Events events;
    events.open = [this](const auto& connection) { connection_ = connection; };
    events.closed = [this](bool spoke, const absl::Status& status) {
      closed_ = std::make_unique<absl::Status>(status);
      spoke_ = spoke;
    };
    MultiplexerConnection::Start(
        std::make_shared<const MultiplexerConnection::Options>(options_),
        calls_.start(), CallOptions(), std::move(events));
  }

  void Connect() {
    Ask();
    call().Written();
    call().SayHello({kMethod});
    ASSERT_NE(connection_, nullptr);
  }

  FakeBidi& call() { return *calls_.calls.back(); }
  const sse::v1::ToBackend& last() { return call().written.back(); }

  struct Stream {
    std::shared_ptr<RecordingObserver> observer;
    std::shared_ptr<StreamCall> call;
  };
  // A stream whose observer requests every message if `auto_read`.
  Stream Open(bool auto_read = true, const CallOptions& options = {},
              const std::string& request = "request") {
    Stream stream;
    stream.observer = std::make_shared<RecordingObserver>(auto_read);
    stream.call = connection_->Open(kMethod, request, options, stream.observer);
    if (stream.call != nullptr && auto_read) {
      stream.observer->Attach(stream.call);
    }
    return stream;
  }

  ManualTimers timers_;
  MultiplexerConnection::Options options_;
  FakeCalls calls_;
  std::shared_ptr<MultiplexerConnection> connection_;
  std::unique_ptr<absl::Status> closed_;
  bool spoke_ = false;
};

TEST_F(MultiplexerConnectionTest, HelloSaysWhatTheBridgeTakes) {
  Ask();
  ASSERT_EQ(call().written.size(), 1u);
  EXPECT_EQ(last().hello().max_message_bytes(), 10'000u);
  EXPECT_EQ(last().hello().max_batch_bytes(),
            MultiplexerConnection::kMaxBatchBytes);
}

TEST_F(MultiplexerConnectionTest, OnlyMethodsOfTheHelloAreServed) {
  Connect();
  EXPECT_TRUE(connection_->Serves(kMethod));
  EXPECT_FALSE(connection_->Serves("/test.Service/Other"));
}

TEST_F(MultiplexerConnectionTest,
       OpenHasMethodRequestMetadataDeadlineAndCredit) {
  Connect();
  CallOptions options;
  options.metadata = {{"X-Name", "value"}, {"bytes-bin", std::string(1, '\0')}};
  options.deadline = absl::Now() + absl::Seconds(10);
  const Stream stream = Open(true, options);
  ASSERT_EQ(last().open_size(), 1);
  const sse::v1::Open& open = last().open(0);
  EXPECT_EQ(open.stream(), 1u);
  EXPECT_EQ(open.method(), kMethod);
  EXPECT_EQ(open.request(), "request");
  ASSERT_EQ(open.metadata_size(), 2);
  EXPECT_EQ(open.metadata(0).name(), "x-name");
  EXPECT_EQ(open.metadata(1).value(), std::string(1, '\0'));
  EXPECT_GT(open.timeout_us(), 5'000'000u);
  EXPECT_LE(open.timeout_us(), 10'000'000u);
  EXPECT_EQ(open.credit(), kWindow);
}

TEST_F(MultiplexerConnectionTest, FramesReachTheirStreams) {
  Connect();
  const Stream a = Open(), b = Open();
  call().Written();
  sse::v1::ToBridge message;
  message.add_frames()->set_stream(1);
  message.mutable_frames(0)->mutable_opened();
  message.add_frames()->set_stream(2);
  message.mutable_frames(1)->set_message("for b");
  message.add_frames()->set_stream(1);
  message.mutable_frames(2)->set_message("");
  message.add_frames()->set_stream(1);
  message.mutable_frames(3)->mutable_end();
  call().Say(message);
  EXPECT_THAT(a.observer->events(), ElementsAre("open", "message ", "done"));
  EXPECT_EQ(a.observer->WaitDone(), absl::OkStatus());
  EXPECT_THAT(b.observer->events(), ElementsAre("open", "message for b"));
  EXPECT_EQ(connection_->streams(), 1u);
}

TEST_F(MultiplexerConnectionTest, EndHasCodeMessageAndDetails) {
  Connect();
  const Stream a = Open(), b = Open();
  call().Written();
  sse::v1::ToBridge message;
  sse::v1::Frame* frame = message.add_frames();
  frame->set_stream(1);
  frame->mutable_end()->set_code(7);
  frame->mutable_end()->set_message("not yours");
  frame->mutable_end()->set_details("details");
  frame = message.add_frames();
  frame->set_stream(2);
  frame->mutable_end()->set_code(77);
  call().Say(message);
  EXPECT_THAT(a.observer->events(), ElementsAre("done")) << "without opening";
  const absl::Status status = a.observer->WaitDone();
  EXPECT_EQ(status.code(), absl::StatusCode::kPermissionDenied);
  EXPECT_EQ(status.message(), "not yours");
  EXPECT_EQ(status.GetPayload(kStatusDetailsUrl), absl::Cord("details"));
  EXPECT_EQ(b.observer->WaitDone().code(), absl::StatusCode::kUnknown);
}

TEST_F(MultiplexerConnectionTest, SelectedMetadataAreTold) {
  Connect();
  std::vector<Metadata> told;
  CallOptions options;
  options.wanted_metadata = std::make_shared<const MetadataFilter>(
      [](absl::string_view name) { return name == "x-wanted"; });
  options.on_metadata = [&told](Metadata metadata) {
    told.push_back(std::move(metadata));
  };
  const Stream stream = Open(true, options);
  call().Written();
  sse::v1::ToBridge message;
  message.add_frames()->set_stream(1);
  message.add_frames()->set_stream(1);
  sse::v1::Opened* opened = message.mutable_frames(0)->mutable_opened();
  sse::v1::End* end = message.mutable_frames(1)->mutable_end();
  int number = 0;
  for (auto* metadata : {opened->mutable_metadata(), end->mutable_metadata()}) {
    for (const char* name : {"x-other", "x-wanted"}) {
      metadata->Add()->set_name(name);
      metadata->Mutable(metadata->size() - 1)
          ->set_value(std::to_string(++number));
    }
  }
  call().Say(message);
  EXPECT_THAT(told, ElementsAre(Metadata{{"x-wanted", "2"}},
                                Metadata{{"x-wanted", "4"}}));
}

TEST_F(MultiplexerConnectionTest, TooLargeMetadataEndTheirStream) {
  options_.stream.max_metadata_bytes = 100;
  Connect();
  const Stream a = Open(), b = Open();
  call().Written();
  sse::v1::ToBridge message;
  for (int i = 0; i < 2; ++i) {
    sse::v1::Frame* const frame = message.add_frames();
    frame->set_stream(static_cast<uint64_t>(i) + 1);
    sse::v1::Metadatum* const pair = frame->mutable_opened()->add_metadata();
    pair->set_name("name");
    pair->set_value(std::string(64 + static_cast<size_t>(i), 'x'));
  }
  call().Say(message);
  EXPECT_TRUE(a.observer->open());
  EXPECT_TRUE(absl::IsInternal(b.observer->WaitDone()));
}

TEST_F(MultiplexerConnectionTest, MessagesWaitUntilTheyAreRead) {
  Connect();
  const Stream stream = Open(/*auto_read=*/false);
  call().Written();
  call().SayMessage(1, "one");
  call().SayMessage(1, "two");
  call().SayEnd(1, 0);
  timers_.RunDue();
  EXPECT_THAT(stream.observer->events(), ElementsAre("open", "message one"));
  stream.call->Read();
  EXPECT_EQ(stream.observer->messages(), 1) << "never inside Read";
  timers_.RunDue();
  EXPECT_THAT(stream.observer->events(),
              ElementsAre("open", "message one", "message two"));
  stream.call->Read();
  timers_.RunDue();
  EXPECT_TRUE(stream.observer->done());
}

TEST_F(MultiplexerConnectionTest, SlowStreamDelaysNoOther) {
  Connect();
  const Stream slow = Open(/*auto_read=*/false), other = Open();
  call().Written();
  for (int i = 0; i < 5; ++i) {
    call().SayMessage(1, "x");
    call().SayMessage(2, "x");
  }
  EXPECT_EQ(slow.observer->messages(), 1);
  EXPECT_EQ(other.observer->messages(), 5);
}

TEST_F(MultiplexerConnectionTest, CreditIsGivenBackAfterHalfOfTheWindow) {
  Connect();
  const Stream stream = Open();
  call().Written();
  const size_t writes = call().written.size();
  const std::string message(kWindow / 2 - 2 * kMessageCost - 1, 'x');
  call().SayMessage(1, message);
  EXPECT_EQ(call().written.size(), writes);
  call().SayMessage(1, "x");
  ASSERT_EQ(call().written.size(), writes + 1);
  ASSERT_EQ(last().credit_size(), 1);
  EXPECT_EQ(last().credit(0).stream(), 1u);
  EXPECT_EQ(last().credit(0).bytes(), kWindow / 2);
}

TEST_F(MultiplexerConnectionTest, CreditsOfAStreamAreOneWhileAWriteIsUnderWay) {
  Connect();
  const Stream stream = Open();
  for (int i = 0; i < 10; ++i) call().SayMessage(1, std::string(kWindow, 'x'));
  EXPECT_EQ(call().written.size(), 2u) << "hello, open";
  call().Written();
  ASSERT_EQ(last().credit_size(), 1);
  EXPECT_EQ(last().credit(0).bytes(), 10 * (kWindow + kMessageCost));
}

TEST_F(MultiplexerConnectionTest, WaitingMessagesAreBoundedByTheCredit) {
  Connect();
  const Stream stream = Open(/*auto_read=*/false), other = Open();
  call().Written();
  call().SayMessage(1, "the first is requested");
  // The last may overdraw the credit, however large it is.
  call().SayMessage(1, std::string(kWindow - kMessageCost - 1, 'x'));
  call().SayMessage(1, std::string(5000, 'x'));
  EXPECT_FALSE(stream.observer->done());
  call().SayMessage(1, "");
  EXPECT_TRUE(absl::IsInternal(stream.observer->WaitDone()));
  call().Written();
  EXPECT_THAT(last().cancel(), ElementsAre(1u));
  call().SayMessage(2, "goes on");
  EXPECT_EQ(other.observer->messages(), 1);
}

TEST_F(MultiplexerConnectionTest,
       MessageOfTheLimitPassesAndALargerEndsItsStream) {
  Connect();
  const Stream a = Open(), b = Open();
  call().Written();
  call().SayMessage(1, std::string(10'000, 'x'));
  EXPECT_EQ(a.observer->messages(), 1);
  EXPECT_FALSE(a.observer->done());
  call().SayMessage(2, std::string(10'001, 'x'));
  const absl::Status status = b.observer->WaitDone();
  EXPECT_EQ(status, absl::ResourceExhaustedError(
                        "a message of 10001 bytes exceeds the limit of 10000 "
                        "bytes"));
}

TEST_F(MultiplexerConnectionTest, CancelEndsTheStreamAndIsSent) {
  Connect();
  const Stream stream = Open();
  call().Written();
  stream.call->Cancel();
  EXPECT_FALSE(stream.observer->done()) << "never inside Cancel";
  EXPECT_THAT(last().cancel(), ElementsAre(1u));
  call().SayMessage(1, "too late");
  timers_.RunDue();
  EXPECT_TRUE(absl::IsCancelled(stream.observer->WaitDone()));
  EXPECT_EQ(stream.observer->messages(), 0);
  stream.call->Cancel();
  call().Written();
  EXPECT_EQ(call().written.size(), 3u) << "hello, open, cancel";
  EXPECT_EQ(connection_->streams(), 0u);
}

TEST_F(MultiplexerConnectionTest, DroppingTheHandleCancels) {
  Connect();
  Stream stream = Open(/*auto_read=*/false);
  call().Written();
  stream.call.reset();
  timers_.RunDue();
  EXPECT_TRUE(absl::IsCancelled(stream.observer->WaitDone()));
  EXPECT_EQ(stream.observer.use_count(), 1);
}

TEST_F(MultiplexerConnectionTest,
       StreamThatIsCancelledBeforeItIsSentIsNotSent) {
  Connect();
  const Stream first = Open();  // is being written
  const Stream second = Open(), third = Open();
  second.call->Cancel();
  call().Written();
  ASSERT_EQ(last().open_size(), 1);
  EXPECT_EQ(last().open(0).stream(), 3u);
  EXPECT_EQ(last().cancel_size(), 0);
}

TEST_F(MultiplexerConnectionTest, DeadlineEndsTheStreamAndTheBackendIsTold) {
  Connect();
  CallOptions options;
  options.deadline = absl::Now() + absl::Seconds(10);
  const Stream stream = Open(true, options);
  call().Written();
  timers_.Advance(absl::Seconds(9));
  EXPECT_FALSE(stream.observer->done());
  timers_.Advance(absl::Seconds(1));
  EXPECT_TRUE(absl::IsDeadlineExceeded(stream.observer->WaitDone()));
  EXPECT_THAT(last().cancel(), ElementsAre(1u));
}

TEST_F(MultiplexerConnectionTest, TimerOfADeadlineEndsWithItsStream) {
  Connect();
  const size_t before = timers_.waiting();
  CallOptions options;
  options.deadline = absl::Now() + absl::Seconds(10);
  const Stream stream = Open(true, options);
  EXPECT_EQ(timers_.waiting(), before + 1);
  call().Written();
  call().SayEnd(1, 0);
  EXPECT_EQ(timers_.waiting(), before);
}

TEST_F(MultiplexerConnectionTest, LossEndsEveryStream) {
  Connect();
  const Stream a = Open(), b = Open(/*auto_read=*/false);
  call().Written();
  call().SayMessage(2, "one");
  call().SayMessage(2, "two");
  call().End(absl::UnknownError("whatever"));
  EXPECT_TRUE(spoke_);
  EXPECT_TRUE(absl::IsUnavailable(a.observer->WaitDone()));
  EXPECT_FALSE(b.observer->done()) << "the second message comes first";
  b.call->Read();
  timers_.RunDue();
  b.call->Read();
  timers_.RunDue();
  EXPECT_EQ(b.observer->messages(), 2);
  EXPECT_TRUE(absl::IsUnavailable(b.observer->WaitDone()));
  EXPECT_EQ(Open().call, nullptr);
}

TEST_F(MultiplexerConnectionTest, BackendThatSaysNothingIsGivenUp) {
  Ask();
  call().Written();
  timers_.Advance(options_.patience - absl::Milliseconds(1));
  EXPECT_FALSE(call().closed);
  timers_.Advance(absl::Milliseconds(1));
  EXPECT_TRUE(call().closed);
  EXPECT_FALSE(call().cancelled);
  timers_.Advance(options_.farewell);
  EXPECT_TRUE(call().cancelled);
  call().End(absl::CancelledError(""));
  EXPECT_FALSE(spoke_);
  EXPECT_TRUE(absl::IsDeadlineExceeded(*closed_));
}

// A server that takes every path may answer only when the request is complete.
TEST_F(MultiplexerConnectionTest, BackendThatIsGivenUpMayEndTheCallInOrder) {
  Ask();
  call().Written();
  timers_.Advance(options_.patience);
  EXPECT_TRUE(call().closed);
  call().SayHello({kMethod});
  EXPECT_TRUE(call().cancelled) << "too late";
  call().End(absl::CancelledError(""));
  EXPECT_FALSE(spoke_);
  EXPECT_TRUE(absl::IsDeadlineExceeded(*closed_));
}

TEST_F(MultiplexerConnectionTest, BackendThatDoesNotFollowTheProtocolIsLost) {
  sse::v1::ToBridge frame_first, hello;
  frame_first.add_frames()->set_stream(1);
  hello.mutable_hello();
  for (const std::vector<std::string>& messages :
       {std::vector<std::string>{frame_first.SerializeAsString()},
        {""},
        {hello.SerializeAsString(), hello.SerializeAsString()},
        {hello.SerializeAsString(), "\xff"},
        {hello.SerializeAsString(), "\x12\x05\x08"}}) {
    Ask();
    call().Written();
    for (const std::string& each : messages) call().SayBytes(each);
    EXPECT_TRUE(call().cancelled);
    call().End(absl::CancelledError(""));
    EXPECT_TRUE(absl::IsInternal(*closed_));
  }
}

TEST_F(MultiplexerConnectionTest, MethodsOfTheHelloAreBounded) {
  for (const bool more : {false, true}) {
    Ask();
    call().SayHello(std::vector<std::string>(
        MultiplexerConnection::kMaxMethods + (more ? 1 : 0), "/a.B/C"));
    EXPECT_EQ(call().cancelled, more);
  }
}

TEST_F(MultiplexerConnectionTest, WhatNewerBackendsSendIsIgnored) {
  Connect();
  const Stream stream = Open();
  call().Written();
  // Frames of no kind, of an unknown field, and of streams that do not exist.
  call().SayBytes("\x12\x02\x08\x01");
  call().SayBytes("\x12\x05\x08\x01\x7a\x01x");
  call().SayBytes("\x7a\x01x");
  call().SayMessage(77, "nobody's");
  call().SayEnd(0, 0);
  EXPECT_THAT(stream.observer->events(), IsEmpty());
  EXPECT_FALSE(call().cancelled);
}

TEST_F(MultiplexerConnectionTest, StreamThatIsNotSentYetIsNotAnswered) {
  Connect();
  const Stream first = Open();  // is being written
  const Stream second = Open();
  call().SayEnd(2, 0);
  EXPECT_FALSE(second.observer->done());
}

TEST_F(MultiplexerConnectionTest, BatchesAreBoundedAndInOrder) {
  Connect();
  std::vector<Stream> streams;
  const std::string request(10'000, 'x');
  for (int i = 0; i < 100; ++i) streams.push_back(Open(true, {}, request));
  call().set_auto_written();
  call().Written();
  uint64_t next = 1;
  for (size_t i = 1; i < call().written.size(); ++i) {
    EXPECT_LE(call().sizes[i],
              MultiplexerConnection::kMaxBatchBytes + request.size() + 200);
    for (const sse::v1::Open& open : call().written[i].open()) {
      EXPECT_EQ(open.stream(), next++);
    }
  }
  EXPECT_EQ(next, 101u);
}

TEST_F(MultiplexerConnectionTest, CancellationsDoNotWaitForStreamsThatBegin) {
  Connect();
  const Stream first = Open();  // is being written
  std::vector<Stream> streams;
  const std::string request(10'000, 'x');
  for (int i = 0; i < 20; ++i) streams.push_back(Open(true, {}, request));
  first.call->Cancel();
  call().Written();
  EXPECT_GT(last().open_size(), 0);
  EXPECT_THAT(last().cancel(), ElementsAre(1u));
}

TEST_F(MultiplexerConnectionTest, StreamsAndRequestsAreBounded) {
  options_.max_streams = 2;
  Connect();
  const std::string large(MultiplexerConnection::kMaxOpenBytes, 'x');
  EXPECT_EQ(Open(true, {}, large).call, nullptr);
  Stream a = Open();
  const Stream b = Open();
  EXPECT_NE(b.call, nullptr);
  EXPECT_EQ(Open().call, nullptr);
  a.call->Cancel();
  EXPECT_NE(Open().call, nullptr);
}

TEST_F(MultiplexerConnectionTest, QuietConnectionIsAskedForASign) {
  options_.ping_after = absl::Seconds(5);
  Connect();
  const Stream stream = Open();
  call().set_auto_written();
  call().Written();
  const size_t writes = call().written.size();
  timers_.Advance(absl::Seconds(5));
  EXPECT_EQ(call().written.size(), writes) << "the hello was heard";
  timers_.Advance(absl::Seconds(5));
  ASSERT_EQ(call().written.size(), writes + 1);
  EXPECT_EQ(last().ping(), 1u);
  call().Settle();
  sse::v1::ToBridge pong;
  pong.set_pong(1);
  call().Say(pong);
  timers_.Advance(absl::Seconds(5));
  EXPECT_EQ(call().written.size(), writes + 1);
}

TEST_F(MultiplexerConnectionTest, ClosesWhenItsLastStreamEnds) {
  Connect();
  const Stream a = Open(), b = Open();
  call().Written();
  connection_->CloseWhenIdle();
  call().SayEnd(1, 0);
  EXPECT_FALSE(call().cancelled);
  b.call->Cancel();
  EXPECT_TRUE(call().cancelled);
}

}  // namespace
}  // namespace sse_bridge
