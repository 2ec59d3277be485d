#include "backends/stream/multiplexer_service.h"

#include <map>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/time/clock.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "tests/support/eventually.h"
#include "tests/unit/backends/multiplexer_testing.h"

namespace sse_bridge {
namespace {

using sse::v1::Frame;
using sse::v1::Metadatum;
using ::testing::ElementsAre;
using testing::Eventually;
using testing::FakeServerCall;
using ::testing::HasSubstr;

constexpr char kWatch[] = "/test.Service/Watch";

// One call's reactor, which does what the test says, and what it was told.
class ScriptedReactor : public grpc::ServerWriteReactor<Metadatum> {
 public:
  struct Record {
    Mutex mu;
    std::vector<std::string> told ABSL_GUARDED_BY(mu);
    void Tell(const std::string& what) {
      MutexLock lock(&mu);
      told.push_back(what);
    }
    std::vector<std::string> all() {
      MutexLock lock(&mu);
      return told;
    }
  };

  explicit ScriptedReactor(std::shared_ptr<Record> record)
      : record_(std::move(record)) {}

  void Send(const std::string& bytes) {
    message_.set_value(bytes);
    StartWrite(&message_);
  }
  // Writes the next message in the reaction to the last.
  void SendInTurn(int count) {
    left_ = count;
    Send(absl::StrCat(left_));
  }

  void OnSendInitialMetadataDone(bool) override { record_->Tell("metadata"); }
  void OnWriteDone(bool ok) override {
    record_->Tell(ok ? "written" : "not written");
    if (ok && --left_ > 0) Send(absl::StrCat(left_));
  }
  void OnCancel() override {
    record_->Tell("cancelled");
    if (finishes_) Finish(grpc::Status::CANCELLED);
  }
  void OnDone() override {
    record_->Tell("done");
    delete this;
  }
  void set_finishes(bool finishes) { finishes_ = finishes; }

 private:
  const std::shared_ptr<Record> record_;
  Metadatum message_;
  int left_ = 0;
  bool finishes_ = true;
};

class MultiplexerServiceTest : public ::testing::Test {
 protected:
  MultiplexerServiceTest() {
    service_.Add<Metadatum, Metadatum>(
        kWatch, [this](MultiplexedCall* call, const Metadatum* request) {
          metadata_ = call->metadata();
          deadline_ = call->deadline();
          call->AddInitialMetadata("initial", request->name());
          call->AddTrailingMetadata("trailing", request->name());
          auto record = std::make_shared<ScriptedReactor::Record>();
          records_.push_back(record);
          reactors_.push_back(new ScriptedReactor(std::move(record)));
          if (first_) first_(reactors_.back());
          return reactors_.back();
        });
  }

  void Connect(size_t max_message = 1000, size_t max_batch = 1000) {
    call_ = std::make_unique<FakeServerCall>(service_.Connect(nullptr));
    ASSERT_TRUE(call_->SayHello(max_message, max_batch));
    call_->Settle();
  }

  void Open(uint64_t number, uint64_t credit = 10'000,
            uint64_t timeout_us = 0) {
    sse::v1::ToBackend message;
    sse::v1::Open* const open = message.add_open();
    open->set_stream(number);
    open->set_method(kWatch);
    Metadatum request;
    request.set_name(absl::StrCat("request ", number));
    open->set_request(request.SerializeAsString());
    open->add_metadata()->set_name("x-name");
    open->mutable_metadata(0)->set_value("value");
    open->set_credit(credit);
    open->set_timeout_us(timeout_us);
    ASSERT_TRUE(call_->Say(message));
  }
  void Credit(uint64_t number, uint64_t bytes) {
    sse::v1::ToBackend message;
    message.add_credit()->set_stream(number);
    message.mutable_credit(0)->set_bytes(bytes);
    ASSERT_TRUE(call_->Say(message));
  }
  void Cancel(uint64_t number) {
    sse::v1::ToBackend message;
    message.add_cancel(number);
    ASSERT_TRUE(call_->Say(message));
  }

  // "STREAM opened", "STREAM message VALUE", "STREAM end CODE".
  std::vector<std::string> Frames() {
    std::vector<std::string> texts;
    for (const Frame& frame : call_->frames()) {
      const std::string number = absl::StrCat(frame.stream());
      if (frame.has_opened()) {
        texts.push_back(number + " opened");
      } else if (frame.frame_case() == Frame::kMessage) {
        Metadatum message;
        EXPECT_TRUE(message.ParseFromString(frame.message()));
        texts.push_back(number + " message " + message.value());
      } else {
        texts.push_back(absl::StrCat(number, " end ", frame.end().code()));
      }
    }
    return texts;
  }
  std::vector<std::string> Told(size_t stream) {
    return records_.at(stream)->all();
  }

  MultiplexerService service_;
  std::function<void(ScriptedReactor*)> first_;  // in the handler
  MultiplexedCall::Metadata metadata_;
  absl::Time deadline_;
  std::vector<std::shared_ptr<ScriptedReactor::Record>> records_;
  std::vector<ScriptedReactor*> reactors_;  // gone after "done"
  std::unique_ptr<FakeServerCall> call_;    // first to end
};

TEST_F(MultiplexerServiceTest, HelloNamesTheMethods) {
  Connect();
  ASSERT_EQ(call_->written().size(), 1u);
  EXPECT_THAT(call_->written()[0].hello().methods(), ElementsAre(kWatch));
}

TEST_F(MultiplexerServiceTest, HandlerIsServedAsInAnOrdinaryCall) {
  Connect();
  Open(1, 10'000, /*timeout_us=*/3'600'000'000);
  EXPECT_THAT(metadata_, ElementsAre(std::pair<std::string, std::string>(
                             "x-name", "value")));
  EXPECT_GT(deadline_, absl::Now() + absl::Minutes(50));
  EXPECT_LT(deadline_, absl::Now() + absl::Minutes(61));
  reactors_[0]->StartSendInitialMetadata();
  call_->Settle();
  reactors_[0]->Send("a");
  EXPECT_THAT(Told(0), ElementsAre("metadata")) << "never inside StartWrite";
  call_->Settle();
  EXPECT_THAT(Told(0), ElementsAre("metadata", "written"));
  reactors_[0]->Finish({grpc::StatusCode::NOT_FOUND, "gone", "details"});
  EXPECT_THAT(Told(0), ElementsAre("metadata", "written"));
  call_->Settle();
  EXPECT_THAT(Told(0), ElementsAre("metadata", "written", "done"));
  EXPECT_THAT(Frames(), ElementsAre("1 opened", "1 message a", "1 end 5"));
  const std::vector<Frame> frames = call_->frames();
  EXPECT_EQ(frames[0].opened().metadata(0).value(), "request 1");
  EXPECT_EQ(frames[2].end().message(), "gone");
  EXPECT_EQ(frames[2].end().details(), "details");
  EXPECT_EQ(frames[2].end().metadata(0).name(), "trailing");
}

TEST_F(MultiplexerServiceTest, WhatTheHandlerStartsItselfIsSent) {
  Connect();
  first_ = [](ScriptedReactor* reactor) {
    reactor->StartSendInitialMetadata();
    reactor->Send("first");
  };
  Open(1);
  first_ = [](ScriptedReactor* reactor) { reactor->Finish(grpc::Status::OK); };
  Open(2);
  call_->Settle();
  EXPECT_THAT(Frames(), ElementsAre("1 opened", "1 message first", "2 end 0"));
  EXPECT_THAT(Told(1), ElementsAre("done"));
}

TEST_F(MultiplexerServiceTest, EndWithoutMessageDoesNotOpen) {
  Connect();
  Open(1);
  reactors_[0]->Finish({grpc::StatusCode::PERMISSION_DENIED, "no"});
  call_->Settle();
  EXPECT_THAT(Frames(), ElementsAre("1 end 7"));
}

TEST_F(MultiplexerServiceTest, WriteAndFinishIsBoth) {
  Connect();
  Open(1);
  Metadatum last;
  last.set_value("last");
  reactors_[0]->StartWriteAndFinish(&last, grpc::WriteOptions(),
                                    grpc::Status::OK);
  call_->Settle();
  EXPECT_THAT(Frames(), ElementsAre("1 opened", "1 message last", "1 end 0"));
  EXPECT_THAT(Told(0), ElementsAre("done"));
}

TEST_F(MultiplexerServiceTest, StreamWithoutCreditHoldsOnlyItself) {
  Connect();
  Open(1, /*credit=*/1);
  Open(2);
  reactors_[0]->Send("overdraws");
  call_->Settle();
  reactors_[0]->Send("waits");
  reactors_[1]->Send("other");
  call_->Settle();
  EXPECT_THAT(Frames(), ElementsAre("1 opened", "1 message overdraws",
                                    "2 opened", "2 message other"));
  // 11 bytes and 32 were taken, 1 was granted.
  Credit(1, 42);
  call_->Settle();
  EXPECT_EQ(Frames().size(), 4u);
  Credit(1, 1);
  call_->Settle();
  EXPECT_EQ(Frames().back(), "1 message waits");
}

TEST_F(MultiplexerServiceTest, StreamsTakeTurns) {
  Connect();
  Open(1);
  Open(2);
  reactors_[0]->SendInTurn(5);  // is being written
  reactors_[1]->SendInTurn(5);
  call_->Settle();
  std::map<std::string, int> ahead;
  for (const std::string& text : Frames()) {
    if (text.find("message") == std::string::npos) continue;
    ++ahead[text.substr(0, 1)];
    EXPECT_LE(std::abs(ahead["1"] - ahead["2"]), 1);
  }
  EXPECT_EQ(ahead["1"], 5);
  EXPECT_EQ(ahead["2"], 5);
}

TEST_F(MultiplexerServiceTest, WhatWaitsLeavesInOneBatchOfBoundedSize) {
  Connect(/*max_message=*/1000, /*max_batch=*/1000);
  for (uint64_t i = 1; i <= 20; ++i) Open(i);
  reactors_[0]->Send("is being written");
  const size_t before = call_->written().size();
  for (size_t i = 1; i < 20; ++i) reactors_[i]->Send(std::string(100, 'x'));
  EXPECT_EQ(call_->written().size(), before);
  call_->Settle();
  const std::vector<sse::v1::ToBridge> written = call_->written();
  EXPECT_GE(written.size(), before + 3) << "19 messages of some 140 bytes";
  EXPECT_LE(written.size(), before + 5);
  for (const sse::v1::ToBridge& batch : written) {
    EXPECT_LE(batch.ByteSizeLong(), 1000u + 200u);
  }
}

TEST_F(MultiplexerServiceTest, CancelTellsTheHandlerAndFailsItsWrite) {
  Connect();
  Open(1, /*credit=*/0);
  Open(2);
  reactors_[0]->Send("waits for credit");
  Cancel(1);
  EXPECT_THAT(Told(0), ElementsAre("not written", "cancelled", "done"));
  call_->Settle();
  EXPECT_THAT(Frames(), ElementsAre());
  reactors_[1]->Send("other");
  call_->Settle();
  EXPECT_EQ(Frames().back(), "2 message other");
  Cancel(1);
  Cancel(77);
}

TEST_F(MultiplexerServiceTest, HandlerMayFinishLongAfterTheCancel) {
  Connect();
  Open(1);
  reactors_[0]->set_finishes(false);
  Cancel(1);
  EXPECT_THAT(Told(0), ElementsAre("cancelled"));
  reactors_[0]->Send("too late");
  EXPECT_TRUE(Eventually([&] { return Told(0).size() == 2; }));
  reactors_[0]->Finish(grpc::Status::CANCELLED);
  EXPECT_TRUE(Eventually([&] { return Told(0).size() == 3; }));
  EXPECT_THAT(Told(0), ElementsAre("cancelled", "not written", "done"));
}

TEST_F(MultiplexerServiceTest, MessageUnderWayIsDoneBeforeTheStream) {
  Connect();
  Open(1);
  reactors_[0]->Send("under way");
  Cancel(1);
  EXPECT_THAT(Told(0), ElementsAre("cancelled"));
  call_->Settle();
  EXPECT_THAT(Told(0), ElementsAre("cancelled", "written", "done"));
}

TEST_F(MultiplexerServiceTest, DeadlineEndsTheStream) {
  Connect();
  Open(1, 10'000, /*timeout_us=*/1000);
  EXPECT_TRUE(Eventually([&] { return Told(0).size() == 2; }));
  EXPECT_THAT(Told(0), ElementsAre("cancelled", "done"));
  call_->Settle();
  EXPECT_THAT(Frames(), ElementsAre("1 end 4"));
}

TEST_F(MultiplexerServiceTest, LossCancelsEveryStream) {
  Connect();
  Open(1, /*credit=*/0);
  Open(2);
  reactors_[0]->Send("waits");
  reactors_[1]->Send("under way");
  call_->End();
  EXPECT_THAT(Told(0), ElementsAre("not written", "cancelled", "done"));
  EXPECT_THAT(Told(1), ElementsAre("cancelled", "not written", "done"));
}

TEST_F(MultiplexerServiceTest, CallEndsOnlyWhenNothingIsBeingWritten) {
  Connect();
  Open(1);
  reactors_[0]->Send("under way");
  sse::v1::ToBackend again;
  again.mutable_hello();
  ASSERT_TRUE(call_->Say(again));
  EXPECT_EQ(call_->finished(), nullptr);
  call_->Written();
  ASSERT_NE(call_->finished(), nullptr);
  EXPECT_EQ(call_->finished()->error_code(),
            grpc::StatusCode::INVALID_ARGUMENT);
}

TEST_F(MultiplexerServiceTest, BridgeThatDoesNotFollowTheProtocolIsRefused) {
  call_ = std::make_unique<FakeServerCall>(service_.Connect(nullptr));
  call_->Settle();
  Open(1);  // before the hello
  ASSERT_NE(call_->finished(), nullptr);
  EXPECT_EQ(call_->finished()->error_code(),
            grpc::StatusCode::INVALID_ARGUMENT);
  for (const uint64_t number : {2u, 1u, 0u}) {
    Connect();
    Open(2);
    Open(number);
    ASSERT_NE(call_->finished(), nullptr);
    EXPECT_EQ(call_->finished()->error_code(),
              grpc::StatusCode::INVALID_ARGUMENT);
  }
}

TEST_F(MultiplexerServiceTest, StreamsThatCannotBeServedAreRefused) {
  Connect();
  sse::v1::ToBackend message;
  message.add_open()->set_stream(1);
  message.mutable_open(0)->set_method("/test.Service/Other");
  message.add_open()->set_stream(2);
  message.mutable_open(1)->set_method(kWatch);
  message.mutable_open(1)->set_request("\xff");
  ASSERT_TRUE(call_->Say(message));
  call_->Settle();
  EXPECT_THAT(Frames(), ElementsAre("1 end 12", "2 end 3"));
  EXPECT_TRUE(reactors_.empty());
}

TEST_F(MultiplexerServiceTest, StreamsAreBounded) {
  service_.set_max_streams(2);
  Connect();
  Open(1);
  Open(2);
  Open(3);
  call_->Settle();
  EXPECT_THAT(Frames(), ElementsAre("3 end 8"));
  Cancel(1);
  Open(4);
  EXPECT_EQ(reactors_.size(), 3u);
}

TEST_F(MultiplexerServiceTest, NothingIsReadWhileManyRefusalsWait) {
  service_.set_max_streams(0);
  Connect();
  sse::v1::ToBackend message;
  uint64_t number = 1;
  int said = 0;
  for (; call_->wants_more() && said < 100; ++said) {
    message.clear_open();
    for (int i = 0; i < 100; ++i) {
      message.add_open()->set_stream(number++);
      message.mutable_open(i)->set_method(kWatch);
    }
    call_->Say(message);
  }
  EXPECT_GT(said, 9);
  EXPECT_LT(said, 13);
  call_->Settle();
  EXPECT_TRUE(call_->wants_more());
  EXPECT_EQ(call_->frames().size(), number - 1);
}

// Handlers may take long, and writes complete meanwhile on other threads.
TEST_F(MultiplexerServiceTest, NothingIsReadWhileAMessageIsHandled) {
  Connect();
  Open(1);
  reactors_[0]->Send("under way");
  bool read_meanwhile = false;
  first_ = [&](ScriptedReactor*) {
    call_->Written();
    sse::v1::ToBackend next;
    next.add_open()->set_stream(100 + reactors_.size());
    next.mutable_open(0)->set_method(kWatch);
    read_meanwhile |= call_->Say(next);
  };
  sse::v1::ToBackend message;
  for (const uint64_t number : {2u, 3u, 4u}) {
    message.add_open()->set_stream(number);
    message.mutable_open()->rbegin()->set_method(kWatch);
  }
  ASSERT_TRUE(call_->Say(message));
  EXPECT_FALSE(read_meanwhile);
  EXPECT_EQ(reactors_.size(), 4u) << "each stream of the message was opened";
  EXPECT_EQ(call_->finished(), nullptr);
  EXPECT_TRUE(call_->wants_more());
}

TEST_F(MultiplexerServiceTest, MessageThatTheBridgeDoesNotTakeEndsItsStream) {
  Connect(/*max_message=*/100);
  Open(1);
  Open(2);
  reactors_[0]->Send(std::string(98, 'x'));  // 100 with tag and length
  reactors_[1]->Send(std::string(99, 'x'));
  call_->Settle();
  const std::vector<std::string> frames = Frames();
  EXPECT_EQ(frames.back(), "2 end 8");
  EXPECT_THAT(call_->frames().back().end().message(),
              HasSubstr("larger than max (101 vs. 100)"));
  EXPECT_THAT(Told(0), ElementsAre("written"));
  EXPECT_TRUE(Eventually([&] { return Told(1).size() == 3; }));
  EXPECT_THAT(Told(1), ElementsAre("not written", "cancelled", "done"));
}

TEST_F(MultiplexerServiceTest, PingIsAnswered) {
  Connect();
  sse::v1::ToBackend message;
  message.set_ping(42);
  ASSERT_TRUE(call_->Say(message));
  EXPECT_EQ(call_->written().back().pong(), 42u);
}

TEST_F(MultiplexerServiceTest, ShutdownWaitsForStreamsAndRefusesOthers) {
  Connect();
  Open(1);
  service_.Shutdown();
  EXPECT_EQ(call_->finished(), nullptr);
  Open(2);
  call_->Settle();
  EXPECT_THAT(Frames(), ElementsAre("2 end 14"));
  reactors_[0]->Finish({grpc::StatusCode::UNAVAILABLE, "shutting down"});
  call_->Settle();
  EXPECT_TRUE(Eventually([&] { return call_->finished() != nullptr; }));
  EXPECT_EQ(call_->finished()->error_code(), grpc::StatusCode::UNAVAILABLE);
  call_->End();

  call_ = std::make_unique<FakeServerCall>(service_.Connect(nullptr));
  ASSERT_TRUE(call_->SayHello());
  call_->Settle();
  EXPECT_NE(call_->finished(), nullptr) << "also calls that come later";
}

TEST_F(MultiplexerServiceTest, BeginningsAndEndsAreReported) {
  std::vector<std::string> reports;
  service_.set_began(
      [&reports](absl::string_view method, const MultiplexedCall& call) {
        reports.push_back(absl::StrCat(method, " ", call.metadata()[0].second));
        return [&reports](const grpc::Status& status) {
          reports.push_back(absl::StrCat("ended ", status.error_code()));
        };
      });
  Connect();
  Open(1);
  reactors_[0]->Finish({grpc::StatusCode::ABORTED, ""});
  call_->Settle();
  EXPECT_THAT(reports, ElementsAre("/test.Service/Watch value", "ended 10"));
}

}  // namespace
}  // namespace sse_bridge
