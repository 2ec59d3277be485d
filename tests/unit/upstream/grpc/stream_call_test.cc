#include <atomic>
#include <memory>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include "absl/base/thread_annotations.h"
#include "absl/strings/cord.h"
#include "absl/strings/str_cat.h"
#include "absl/time/clock.h"
#include "bridge/base/mutex.h"
#include "bridge/upstream/grpc/grpc_upstream.h"
#include "gmock/gmock.h"
#include "google/rpc/status.pb.h"
#include "gtest/gtest.h"
#include "tests/unit/upstream/name_of_client.h"
#include "tests/unit/upstream/recording_observer.h"
#include "tests/unit/upstream/test_backend.h"

namespace sse_bridge {
namespace {

using ::testing::Contains;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::Pair;

constexpr char kStreamPath[] = "/test.Service/Method";

// With the direct client and with gRPC's.
class StreamCallTest : public ::testing::TestWithParam<bool> {
 protected:
  void SetUp() override {
    GrpcUpstreamOptions options;
    options.address = backend_.address();
    options.direct = GetParam();
    auto upstream = GrpcUpstream::Create(options);
    ASSERT_TRUE(upstream.ok()) << upstream.status();
    upstream_ = *std::move(upstream);
  }

  // A call whose observer requests every message.
  std::shared_ptr<RecordingObserver> Start(CallOptions options = {}) {
    auto observer = std::make_shared<RecordingObserver>(/*auto_read=*/true);
    observer->Attach(upstream_->StartStream(kStreamPath, "request",
                                            std::move(options), observer));
    return observer;
  }

  TestBackend backend_;
  std::unique_ptr<GrpcUpstream> upstream_;
};

TEST_P(StreamCallTest, DeliversMessagesInOrderBetweenOpenAndDone) {
  Answer answer;
  answer.messages = {"one", "", "three"};
  backend_.Set(kStreamPath, answer);
  auto observer = Start();
  EXPECT_EQ(observer->WaitDone(), absl::OkStatus());
  EXPECT_THAT(observer->events(), ElementsAre("open", "message one", "message ",
                                              "message three", "done"));
  EXPECT_EQ(backend_.seen().request, "request");
  EXPECT_EQ(backend_.seen().path, kStreamPath);
  EXPECT_FALSE(backend_.seen().has_deadline);
}

TEST_P(StreamCallTest, InitialMetadataOpensBeforeAnyMessage) {
  Answer answer;
  answer.open_first = true;
  answer.stay = true;
  backend_.Set(kStreamPath, answer);
  auto observer = Start();
  ASSERT_TRUE(Eventually([&] { return observer->open(); }));
  EXPECT_THAT(observer->events(), ElementsAre("open"));
}

TEST_P(StreamCallTest, TrailersOnlyAnswerDoesNotOpen) {
  Answer answer;
  answer.code = 7;
  answer.message = "not yours";
  backend_.Set(kStreamPath, answer);
  auto observer = Start();
  EXPECT_EQ(observer->WaitDone(), absl::PermissionDeniedError("not yours"));
  EXPECT_THAT(observer->events(), ElementsAre("done"));
}

TEST_P(StreamCallTest, EveryCodeArrivesWithItsMessageAndDetails) {
  for (int code = 1; code <= 16; ++code) {
    google::rpc::Status details;
    details.set_code(code);
    details.set_message("for programs");
    Answer answer;
    answer.messages = {"before"};
    answer.code = code;
    answer.message = absl::StrCat("code ", code, " \xc3\xa4 %");
    answer.details = details.SerializeAsString();
    backend_.Set(kStreamPath, answer);
    const absl::Status status = Start()->WaitDone();
    EXPECT_EQ(status.raw_code(), code);
    EXPECT_EQ(status.message(), answer.message);
    EXPECT_EQ(status.GetPayload(kStatusDetailsUrl),
              absl::Cord(absl::string_view(details.SerializeAsString())));
  }
}

TEST_P(StreamCallTest, CodeBeyondTheSixteenIsUnknown) {
  Answer answer;
  answer.code = 17;
  answer.message = "new";
  backend_.Set(kStreamPath, answer);
  EXPECT_EQ(Start()->WaitDone(), absl::UnknownError("new"));
}

TEST_P(StreamCallTest, WithoutDetailsThereIsNoPayload) {
  Answer answer;
  answer.code = 5;
  backend_.Set(kStreamPath, answer);
  EXPECT_EQ(Start()->WaitDone().GetPayload(kStatusDetailsUrl), absl::nullopt);
}

TEST_P(StreamCallTest, CancelReachesTheBackend) {
  Answer answer;
  answer.open_first = true;
  answer.stay = true;
  backend_.Set(kStreamPath, answer);
  auto observer = std::make_shared<RecordingObserver>();
  auto call = upstream_->StartStream(kStreamPath, "", {}, observer);
  ASSERT_TRUE(Eventually([&] { return observer->open(); }));
  call->Cancel();
  EXPECT_TRUE(absl::IsCancelled(observer->WaitDone()));
  EXPECT_TRUE(Eventually([&] { return backend_.seen().cancelled == 1; }));
  call->Cancel();
  call->Read();
}

TEST_P(StreamCallTest, CancelEndsACallThatNobodyReads) {
  Answer answer;
  answer.endless_bytes = 10;
  backend_.Set(kStreamPath, answer);
  auto observer = std::make_shared<RecordingObserver>();
  auto call = upstream_->StartStream(kStreamPath, "", {}, observer);
  ASSERT_TRUE(Eventually([&] { return observer->messages() == 1; }));
  call->Cancel();
  EXPECT_TRUE(absl::IsCancelled(observer->WaitDone()));
  EXPECT_EQ(observer->messages(), 1);
}

TEST_P(StreamCallTest, DroppingTheHandleCancels) {
  Answer answer;
  answer.stay = true;
  answer.open_first = true;
  backend_.Set(kStreamPath, answer);
  auto observer = std::make_shared<RecordingObserver>();
  auto call = upstream_->StartStream(kStreamPath, "", {}, observer);
  ASSERT_TRUE(Eventually([&] { return observer->open(); }));
  call.reset();
  EXPECT_TRUE(absl::IsCancelled(observer->WaitDone()));
  EXPECT_TRUE(Eventually([&] { return backend_.seen().cancelled == 1; }));
}

TEST_P(StreamCallTest, ObserverIsReleasedAfterDone) {
  Answer answer;
  backend_.Set(kStreamPath, answer);
  auto observer = std::make_shared<RecordingObserver>();
  auto call = upstream_->StartStream(kStreamPath, "", {}, observer);
  EXPECT_EQ(observer->WaitDone(), absl::OkStatus());
  EXPECT_TRUE(Eventually([&] { return observer.use_count() == 1; }));
}

TEST_P(StreamCallTest, DeadlineEndsTheCall) {
  Answer answer;
  answer.stay = true;
  backend_.Set(kStreamPath, answer);
  CallOptions options;
  options.deadline = absl::Now() + absl::Milliseconds(100);
  EXPECT_TRUE(absl::IsDeadlineExceeded(Start(options)->WaitDone()));
  EXPECT_TRUE(backend_.seen().has_deadline);
}

TEST_P(StreamCallTest, DeadlineInThePastEndsTheCall) {
  CallOptions options;
  options.deadline = absl::InfinitePast();
  EXPECT_TRUE(absl::IsDeadlineExceeded(Start(options)->WaitDone()));
  EXPECT_EQ(backend_.seen().started, 0);
}

TEST_P(StreamCallTest, BackendThatGoesAwayIsUnavailable) {
  Answer answer;
  answer.messages = {"one"};
  answer.stay = true;
  backend_.Set(kStreamPath, answer);
  auto observer = Start();
  ASSERT_TRUE(Eventually([&] { return observer->messages() == 1; }));
  backend_.Stop();
  EXPECT_TRUE(absl::IsUnavailable(observer->WaitDone()));
}

TEST_P(StreamCallTest, MessageOfTheLimitPassesAndOneByteMoreIsRefused) {
  Answer answer;
  answer.messages = {std::string(4 * 1024 * 1024, 'x')};
  backend_.Set(kStreamPath, answer);
  auto observer = Start();
  EXPECT_EQ(observer->WaitDone(), absl::OkStatus());
  EXPECT_EQ(observer->messages(), 1);

  answer.messages = {std::string(4 * 1024 * 1024 + 1, 'x')};
  backend_.Set(kStreamPath, answer);
  observer = Start();
  EXPECT_EQ(
      observer->WaitDone(),
      absl::ResourceExhaustedError(
          "a message of 4194305 bytes exceeds the limit of 4194304 bytes"));
  EXPECT_EQ(observer->messages(), 0);
}

TEST_P(StreamCallTest, MetadataArrives) {
  Answer answer;
  backend_.Set(kStreamPath, answer);
  const std::string binary("\x00\xff\x01", 3);
  CallOptions options;
  options.metadata = {{"X-Subject", "u 1"}, {"x-raw-bin", binary}};
  EXPECT_EQ(Start(options)->WaitDone(), absl::OkStatus());
  EXPECT_THAT(backend_.seen().metadata, Contains(Pair("x-subject", "u 1")));
  EXPECT_THAT(backend_.seen().metadata, Contains(Pair("x-raw-bin", binary)));
  EXPECT_THAT(backend_.seen().metadata,
              Contains(Pair("user-agent", HasSubstr("sse-bridge/"))));
}

TEST_P(StreamCallTest, MetadataThatMayNotBeSentFailsTheCallUnsent) {
  Answer answer;
  backend_.Set(kStreamPath, answer);
  for (const auto& [name, value] : Metadata{
           {"grpc-timeout", "1S"},
           {"GRPC-x", "y"},
           {":path", "/"},
           {"te", "x"},
           {"Host", "x"},
           {"content-type", "x"},
           {"", "x"},
           {"a b", "x"},
           {"caf\xc3\xa9", "x"},
           {"x-a", "line\nbreak"},
           {"x-a", "\xc3\xa9"},
           {"x-a", std::string("\0", 1)},
       }) {
    CallOptions options;
    options.metadata = {{name, value}};
    EXPECT_TRUE(absl::IsInvalidArgument(Start(options)->WaitDone()))
        << name << ": " << value;
  }
  EXPECT_EQ(backend_.seen().started, 0);
}

TEST_P(StreamCallTest, WithoutReadTheBackendIsHeldBack) {
  constexpr size_t kMessage = 16 * 1024;
  Answer answer;
  answer.endless_bytes = kMessage;
  backend_.Set(kStreamPath, answer);
  auto observer = std::make_shared<RecordingObserver>();
  auto call = upstream_->StartStream(kStreamPath, "", {}, observer);

  // The backend is held back if the count does not change for a while.
  int written = -1;
  ASSERT_TRUE(Eventually([&] {
    const int before = std::exchange(written, backend_.seen().written);
    absl::SleepFor(absl::Milliseconds(300));
    return observer->messages() == 1 && before == written;
  }));
  RecordProperty("unread_bytes", static_cast<int>(written * kMessage));
  // One window, plus what the server buffers.
  EXPECT_LT(written * kMessage, 1024u * 1024u);
  EXPECT_EQ(observer->messages(), 1);

  // One Read, one message; a second Read has no effect.
  call->Read();
  ASSERT_TRUE(Eventually([&] { return observer->messages() == 2; }));
  EXPECT_EQ(observer->messages(), 2);

  // The stream continues when it is read again.
  for (int n = 3; n <= 100; ++n) {
    call->Read();
    ASSERT_TRUE(Eventually([&] { return observer->messages() == n; }));
  }
  EXPECT_GT(backend_.seen().written, written);
}

TEST_P(StreamCallTest, StalledStreamDoesNotHoldUpAnother) {
  Answer endless;
  endless.endless_bytes = 16 * 1024;
  backend_.Set(kStreamPath, endless);
  std::vector<std::shared_ptr<StreamCall>> stalled;
  std::vector<std::shared_ptr<RecordingObserver>> observers;
  for (int i = 0; i < 20; ++i) {
    observers.push_back(std::make_shared<RecordingObserver>());
    stalled.push_back(
        upstream_->StartStream(kStreamPath, "", {}, observers.back()));
  }
  for (const auto& observer : observers) {
    ASSERT_TRUE(Eventually([&] { return observer->messages() == 1; }));
  }
  auto reader = Start();
  EXPECT_TRUE(Eventually([&] { return reader->messages() >= 500; }));
}

TEST_P(StreamCallTest, HandlesMayBeDroppedAtAnyTime) {
  Answer answer;
  answer.messages = {"a", "b"};
  answer.endless_bytes = 100;
  backend_.Set(kStreamPath, answer);
  std::vector<std::shared_ptr<RecordingObserver>> observers;
  for (int i = 0; i < 200; ++i) {
    auto observer = std::make_shared<RecordingObserver>(/*auto_read=*/i % 2);
    observers.push_back(observer);
    auto call = upstream_->StartStream(kStreamPath, "", {}, observer);
    observer->Attach(call);
    std::thread reader([call] { call->Read(); });
    if (i % 4 == 0) {
      ASSERT_TRUE(Eventually([&] { return observer->messages() > 0; }));
    }
    call->Cancel();
    call.reset();
    reader.join();
  }
  // Destruction with calls in progress.
  for (int i = 0; i < 20; ++i) observers.push_back(Start());
  upstream_.reset();
  EXPECT_TRUE(Eventually([&] { return observers.back()->messages() > 10; }));
  backend_.Stop();
  for (const auto& observer : observers) {
    EXPECT_FALSE(observer->WaitDone().ok());
  }
}

// An observer may do anything in its callbacks.
class SelfEndingObserver : public RecordingObserver {
 public:
  void OnMessage(absl::Span<const absl::string_view> slices) override {
    RecordingObserver::OnMessage(slices);
    // The test may set the call while the first message is still being
    // delivered.
    if (messages() < 2) return;
    std::shared_ptr<StreamCall> call;
    {
      MutexLock lock(&call_mu_);
      call = std::move(call_);
    }
    if (call == nullptr) return;
    call->Read();
    call->Read();
    call->Cancel();
  }

  void Hand(std::shared_ptr<StreamCall> call) {
    MutexLock lock(&call_mu_);
    call_ = std::move(call);
  }

 private:
  Mutex call_mu_;
  std::shared_ptr<StreamCall> call_ ABSL_GUARDED_BY(call_mu_);
};

TEST_P(StreamCallTest, NoMessageComesAfterCancelWithinOnMessage) {
  Answer answer;
  answer.endless_bytes = 100;
  backend_.Set(kStreamPath, answer);
  for (int i = 0; i < 50; ++i) {
    auto observer = std::make_shared<SelfEndingObserver>();
    auto call = upstream_->StartStream(kStreamPath, "", {}, observer);
    ASSERT_TRUE(Eventually([&] { return observer->messages() == 1; }));
    observer->Hand(call);
    call->Read();
    call.reset();
    EXPECT_TRUE(absl::IsCancelled(observer->WaitDone()));
    EXPECT_EQ(observer->messages(), 2);
  }
}

INSTANTIATE_TEST_SUITE_P(Clients, StreamCallTest, ::testing::Bool(),
                         NameOfClient);

}  // namespace
}  // namespace sse_bridge
