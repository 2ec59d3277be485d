#include "bridge/upstream/multiplexer/multiplexed_upstream.h"

#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "tests/unit/upstream/multiplexer/multiplexer_testing.h"
#include "tests/unit/upstream/recording_observer.h"

namespace sse_bridge {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;

constexpr char kCarried[] = "/test.Service/Method";

// Ordinary calls that the test ends.
class OrdinaryUpstream : public Upstream {
 public:
  struct Started {
    std::string path;
    std::string request;
    std::shared_ptr<StreamObserver> observer;
    bool cancelled = false;
    int reads = 0;
  };

  std::shared_ptr<StreamCall> StartStream(
      absl::string_view path, std::string request, CallOptions,
      std::shared_ptr<StreamObserver> observer) override {
    auto stream = std::make_shared<Started>();
    stream->path = std::string(path);
    stream->request = std::move(request);
    stream->observer = std::move(observer);
    started.push_back(stream);
    return std::make_shared<Handle>(stream);
  }
  std::shared_ptr<UnaryCall> StartUnary(absl::string_view, std::string,
                                        CallOptions, UnaryDone) override {
    ++unary;
    return nullptr;
  }

  std::vector<std::shared_ptr<Started>> started;
  int unary = 0;

 private:
  class Handle : public StreamCall {
   public:
    explicit Handle(std::shared_ptr<Started> started)
        : started_(std::move(started)) {}
    void Read() override { ++started_->reads; }
    void Cancel() override { started_->cancelled = true; }

   private:
    const std::shared_ptr<Started> started_;
  };
};

class MultiplexedUpstreamTest : public ::testing::Test {
 protected:
  void SetUp() override { Create(1); }
  void TearDown() override {
    for (FakeCalls& calls : calls_) calls.EndAll();
    timers_.RunDue();
  }

  void Create(size_t addresses) {
    calls_ = std::vector<FakeCalls>(addresses);
    std::vector<StartBidi> starts;
    for (FakeCalls& calls : calls_) starts.push_back(calls.start());
    MultiplexedUpstream::Options options;
    options.connection.stream.timers = timers_.timers();
    upstream_ = std::make_unique<MultiplexedUpstream>(
        ordinary_, std::move(starts), std::move(options));
  }

  struct Stream {
    std::shared_ptr<RecordingObserver> observer;
    std::shared_ptr<StreamCall> call;
  };
  Stream Start(const std::string& path = kCarried, CallOptions options = {}) {
    Stream stream;
    stream.observer = std::make_shared<RecordingObserver>();
    stream.call = upstream_->StartStream(path, "request", std::move(options),
                                         stream.observer);
    return stream;
  }

  FakeBidi& call(size_t address = 0) {
    return *calls_.at(address).calls.back();
  }
  size_t asked(size_t address = 0) const {
    return calls_.at(address).calls.size();
  }
  // Streams that the backend was asked to open.
  int Opens(size_t address) {
    int opens = 0;
    for (const sse::v1::ToBackend& each : call(address).written) {
      opens += each.open_size();
    }
    return opens;
  }
  void Answer(size_t address = 0) {
    call(address).set_auto_written();
    call(address).Written();
    call(address).SayHello({kCarried});
    call(address).Settle();
  }

  ManualTimers timers_;
  std::shared_ptr<OrdinaryUpstream> ordinary_ =
      std::make_shared<OrdinaryUpstream>();
  std::vector<FakeCalls> calls_;
  std::unique_ptr<MultiplexedUpstream> upstream_;
};

TEST_F(MultiplexedUpstreamTest, StreamsWaitForTheHelloAndShareOneCall) {
  const Stream a = Start(), b = Start();
  EXPECT_EQ(asked(), 1u);
  Answer();
  const Stream c = Start();
  call().Settle();
  EXPECT_EQ(asked(), 1u);
  EXPECT_EQ(upstream_->streams(), 3u);
  EXPECT_THAT(ordinary_->started, IsEmpty());
  call().SayMessage(2, "for b");
  EXPECT_THAT(b.observer->events(), ElementsAre("open", "message for b"));
}

TEST_F(MultiplexedUpstreamTest, OtherMethodsHaveCallsOfTheirOwn) {
  const Stream waits = Start("/test.Service/Other");
  EXPECT_THAT(ordinary_->started, IsEmpty());
  Answer();
  const Stream later = Start("/test.Service/Other");
  ASSERT_EQ(ordinary_->started.size(), 2u);
  EXPECT_EQ(ordinary_->started[0]->path, "/test.Service/Other");
  EXPECT_EQ(ordinary_->started[0]->request, "request");
  EXPECT_EQ(upstream_->streams(), 0u);
}

TEST_F(MultiplexedUpstreamTest, OrdinaryBackendIsAskedOnceAndAgainMuchLater) {
  const Stream a = Start(), b = Start();
  call().End(absl::UnimplementedError(""));
  EXPECT_EQ(ordinary_->started.size(), 2u);
  const Stream c = Start();
  EXPECT_EQ(ordinary_->started.size(), 3u);
  EXPECT_EQ(asked(), 1u);
  timers_.Advance(absl::Minutes(10));
  const Stream d = Start();
  EXPECT_EQ(asked(), 2u);
  EXPECT_EQ(ordinary_->started.size(), 3u);
}

TEST_F(MultiplexedUpstreamTest, BackendThatDoesNotAnswerGetsOrdinaryCalls) {
  const Stream stream = Start();
  call().Written();
  timers_.Advance(absl::Seconds(3));
  EXPECT_TRUE(call().closed);
  timers_.Advance(MultiplexerConnection::Options().farewell);
  EXPECT_TRUE(call().cancelled);
  call().End(absl::CancelledError(""));
  EXPECT_EQ(ordinary_->started.size(), 1u);
}

TEST_F(MultiplexedUpstreamTest, UnreachableBackendGetsOrdinaryCallsAtFirst) {
  const Stream stream = Start();
  call().End(absl::UnavailableError("away"));
  EXPECT_EQ(ordinary_->started.size(), 1u);
  const Stream next = Start();
  EXPECT_EQ(asked(), 2u) << "asked again";
}

TEST_F(MultiplexedUpstreamTest, MultiplexerThatIsAwayIsUnavailable) {
  const Stream lost = Start();
  Answer();
  call().End(absl::UnavailableError("gone"));
  EXPECT_TRUE(absl::IsUnavailable(lost.observer->WaitDone()));
  const Stream stream = Start();
  EXPECT_EQ(asked(), 2u);
  call().End(absl::UnavailableError("away"));
  EXPECT_TRUE(absl::IsUnavailable(stream.observer->WaitDone()));
  EXPECT_THAT(ordinary_->started, IsEmpty());
  CallOptions waits;
  waits.wait_for_ready = true;
  const Stream patient = Start(kCarried, waits);
  call().End(absl::UnavailableError("away"));
  EXPECT_EQ(ordinary_->started.size(), 1u);
  const Stream back = Start();
  Answer();
  EXPECT_EQ(upstream_->streams(), 1u);
}

TEST_F(MultiplexedUpstreamTest, MultiplexerThatDoesNotAnswerIsAwayToo) {
  const Stream lost = Start();
  Answer();
  call().End(absl::UnavailableError("gone"));
  const Stream stream = Start();
  call().Written();
  timers_.Advance(absl::Seconds(3));
  call().End(absl::CancelledError(""));
  EXPECT_TRUE(absl::IsUnavailable(stream.observer->WaitDone()));
  const Stream again = Start();
  EXPECT_EQ(asked(), 3u);
  EXPECT_THAT(ordinary_->started, IsEmpty());
}

TEST_F(MultiplexedUpstreamTest, LostStreamMayBeStartedAgainAtOnce) {
  const Stream lost = Start();
  Answer();
  Stream again;
  // As a feed does in OnDone.
  call().End(absl::UnavailableError("gone"));
  again = Start();
  Answer();
  EXPECT_EQ(upstream_->streams(), 1u);
}

TEST_F(MultiplexedUpstreamTest, FaultyMultiplexerGetsOrdinaryCalls) {
  const Stream lost = Start();
  Answer();
  call().SayBytes("\xff");
  call().End(absl::CancelledError(""));
  EXPECT_TRUE(absl::IsUnavailable(lost.observer->WaitDone()));
  const Stream stream = Start();
  EXPECT_EQ(ordinary_->started.size(), 1u);
  EXPECT_EQ(asked(), 1u);
}

TEST_F(MultiplexedUpstreamTest, MultiplexerOfTooLargeBatchesIsFaulty) {
  const Stream lost = Start();
  Answer();
  call().End(absl::ResourceExhaustedError("larger than max"));
  EXPECT_TRUE(absl::IsUnavailable(lost.observer->WaitDone()));
  const Stream stream = Start();
  EXPECT_EQ(ordinary_->started.size(), 1u);
}

TEST_F(MultiplexedUpstreamTest, StreamThatWaitsMayBeCancelled) {
  const Stream stream = Start(), other = Start();
  stream.call->Cancel();
  EXPECT_FALSE(stream.observer->done());
  timers_.RunDue();
  EXPECT_TRUE(absl::IsCancelled(stream.observer->WaitDone()));
  Answer();
  EXPECT_EQ(upstream_->streams(), 1u);
}

TEST_F(MultiplexedUpstreamTest, CancelOfAStreamThatWaitedReachesItsCall) {
  const Stream stream = Start();
  call().End(absl::UnimplementedError(""));
  ASSERT_EQ(ordinary_->started.size(), 1u);
  stream.call->Read();
  EXPECT_EQ(ordinary_->started[0]->reads, 1);
  stream.call->Cancel();
  EXPECT_TRUE(ordinary_->started[0]->cancelled);
}

TEST_F(MultiplexedUpstreamTest, LargeRequestHasACallOfItsOwn) {
  const Stream first = Start();
  Answer();
  auto observer = std::make_shared<RecordingObserver>();
  const auto large = upstream_->StartStream(
      kCarried, std::string(MultiplexerConnection::kMaxOpenBytes, 'x'), {},
      observer);
  ASSERT_EQ(ordinary_->started.size(), 1u);
  EXPECT_EQ(ordinary_->started[0]->request.size(),
            MultiplexerConnection::kMaxOpenBytes);
}

TEST_F(MultiplexedUpstreamTest, InvalidMetadataAreLeftToTheOrdinaryCall) {
  CallOptions options;
  options.metadata = {{"grpc-status", "0"}};
  const Stream stream = Start(kCarried, options);
  EXPECT_EQ(ordinary_->started.size(), 1u);
  EXPECT_EQ(asked(), 0u);
}

TEST_F(MultiplexedUpstreamTest, ReflectionIsNeverCarried) {
  const Stream stream =
      Start("/grpc.reflection.v1.ServerReflection/ServerReflectionInfo");
  EXPECT_EQ(ordinary_->started.size(), 1u);
  EXPECT_EQ(asked(), 0u);
}

TEST_F(MultiplexedUpstreamTest, UnaryCallsPassThrough) {
  (void)upstream_->StartUnary("/a.B/C", "", {}, nullptr);
  EXPECT_EQ(ordinary_->unary, 1);
  EXPECT_EQ(asked(), 0u);
}

TEST_F(MultiplexedUpstreamTest, StreamsAreSpreadOverTheAddresses) {
  Create(2);
  std::vector<Stream> streams;
  for (int i = 0; i < 4; ++i) streams.push_back(Start());
  Answer(0);
  Answer(1);
  EXPECT_EQ(asked(0), 1u);
  EXPECT_EQ(asked(1), 1u);
  EXPECT_EQ(Opens(0), 2);
  EXPECT_EQ(Opens(1), 2);
}

TEST_F(MultiplexedUpstreamTest, AddressThatIsAwayIsAvoided) {
  Create(2);
  const Stream a = Start(), b = Start();
  Answer(0);
  Answer(1);
  call(0).End(absl::UnavailableError("gone"));
  for (int i = 0; i < 4; ++i) {
    const Stream stream = Start();
    call(1).Settle();
  }
  EXPECT_EQ(asked(0), 1u);
  timers_.Advance(absl::Seconds(5));
  const Stream c = Start(), d = Start();
  EXPECT_EQ(asked(0), 2u) << "asked again after a while";
}

TEST_F(MultiplexedUpstreamTest, ItsStreamsOutliveIt) {
  Stream stream = Start();
  Answer();
  upstream_ = nullptr;
  call().SayMessage(1, "still here");
  EXPECT_EQ(stream.observer->messages(), 1);
  EXPECT_FALSE(call().cancelled);
  const size_t timers = timers_.waiting();
  stream.call.reset();
  EXPECT_TRUE(call().cancelled);
  EXPECT_TRUE(absl::IsCancelled(stream.observer->WaitDone()));
  EXPECT_EQ(timers_.waiting(), timers) << "timers may be gone";
}

}  // namespace
}  // namespace sse_bridge
