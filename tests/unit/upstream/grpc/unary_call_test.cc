#include <condition_variable>
#include <memory>
#include <optional>
#include <string>
#include <utility>

#include "absl/base/thread_annotations.h"
#include "absl/strings/cord.h"
#include "absl/strings/str_cat.h"
#include "absl/time/clock.h"
#include "bridge/base/mutex.h"
#include "bridge/upstream/grpc/grpc_upstream.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "tests/unit/upstream/name_of_client.h"
#include "tests/unit/upstream/test_backend.h"

namespace sse_bridge {
namespace {

using ::testing::Contains;
using ::testing::Pair;

constexpr char kUnaryPath[] = "/test.Service/Unary";

// The result of one call, shared with its callback.
struct Outcome {
  Mutex mu;
  std::condition_variable_any changed;
  std::optional<absl::Status> status ABSL_GUARDED_BY(mu);
  std::string response ABSL_GUARDED_BY(mu);
};

// With the direct client and with gRPC's.
class UnaryCallTest : public ::testing::TestWithParam<bool> {
 protected:
  void SetUp() override {
    GrpcUpstreamOptions options;
    options.address = backend_.address();
    options.max_message_bytes = 1000;
    options.direct = GetParam();
    auto upstream = GrpcUpstream::Create(options);
    ASSERT_TRUE(upstream.ok()) << upstream.status();
    upstream_ = *std::move(upstream);
  }

  void Start(CallOptions options = {}) {
    outcome_ = std::make_shared<Outcome>();
    call_ = upstream_->StartUnary(
        kUnaryPath, "request", std::move(options),
        [outcome = outcome_](absl::Status status, std::string response) {
          MutexLock lock(&outcome->mu);
          EXPECT_FALSE(outcome->status.has_value());
          outcome->status = std::move(status);
          outcome->response = std::move(response);
          outcome->changed.notify_all();
        });
  }

  absl::Status Wait() {
    MutexLock lock(&outcome_->mu);
    while (!outcome_->status.has_value()) outcome_->changed.wait(outcome_->mu);
    return *outcome_->status;
  }

  std::string Response() {
    MutexLock lock(&outcome_->mu);
    return outcome_->response;
  }

  TestBackend backend_;
  std::unique_ptr<GrpcUpstream> upstream_;
  std::shared_ptr<Outcome> outcome_;
  std::shared_ptr<UnaryCall> call_;
};

TEST_P(UnaryCallTest, AnswersWithTheResponse) {
  Answer answer;
  answer.messages = {"response"};
  backend_.Set(kUnaryPath, answer);
  CallOptions options;
  options.metadata = {{"x-subject", "u1"}};
  Start(options);
  EXPECT_EQ(Wait(), absl::OkStatus());
  EXPECT_EQ(Response(), "response");
  EXPECT_EQ(backend_.seen().request, "request");
  EXPECT_THAT(backend_.seen().metadata, Contains(Pair("x-subject", "u1")));
}

TEST_P(UnaryCallTest, EmptyResponseIsAResponse) {
  Answer answer;
  answer.messages = {""};
  backend_.Set(kUnaryPath, answer);
  Start();
  EXPECT_EQ(Wait(), absl::OkStatus());
  EXPECT_EQ(Response(), "");
}

TEST_P(UnaryCallTest, OkWithoutAMessageIsAnError) {
  backend_.Set(kUnaryPath, Answer());
  Start();
  EXPECT_FALSE(Wait().ok());
}

TEST_P(UnaryCallTest, EveryCodeArrivesWithItsMessageAndDetails) {
  for (int code = 1; code <= 16; ++code) {
    Answer answer;
    answer.code = code;
    answer.message = absl::StrCat("code ", code);
    answer.details = std::string("\x08\x05\x00\xff", 4);
    backend_.Set(kUnaryPath, answer);
    Start();
    const absl::Status status = Wait();
    EXPECT_EQ(status.raw_code(), code);
    EXPECT_EQ(status.message(), answer.message);
    EXPECT_EQ(status.GetPayload(kStatusDetailsUrl), absl::Cord(answer.details));
    EXPECT_EQ(Response(), "");
  }
}

TEST_P(UnaryCallTest, ResponseOfTheLimitPassesAndOneByteMoreIsRefused) {
  Answer answer;
  answer.messages = {std::string(1000, 'x')};
  backend_.Set(kUnaryPath, answer);
  Start();
  EXPECT_EQ(Wait(), absl::OkStatus());
  EXPECT_EQ(Response().size(), 1000u);

  answer.messages = {std::string(1001, 'x')};
  backend_.Set(kUnaryPath, answer);
  Start();
  EXPECT_EQ(Wait(),
            absl::ResourceExhaustedError(
                "a message of 1001 bytes exceeds the limit of 1000 bytes"));
}

TEST_P(UnaryCallTest, CancelReachesTheBackend) {
  Answer answer;
  answer.stay = true;
  backend_.Set(kUnaryPath, answer);
  Start();
  ASSERT_TRUE(Eventually([&] { return backend_.seen().started == 1; }));
  call_->Cancel();
  EXPECT_TRUE(absl::IsCancelled(Wait()));
  EXPECT_TRUE(Eventually([&] { return backend_.seen().cancelled == 1; }));
}

TEST_P(UnaryCallTest, DroppingTheHandleCancels) {
  Answer answer;
  answer.stay = true;
  backend_.Set(kUnaryPath, answer);
  Start();
  call_.reset();
  EXPECT_TRUE(absl::IsCancelled(Wait()));
}

TEST_P(UnaryCallTest, DeadlineEndsTheCall) {
  Answer answer;
  answer.stay = true;
  backend_.Set(kUnaryPath, answer);
  CallOptions options;
  options.deadline = absl::Now() + absl::Milliseconds(100);
  Start(options);
  EXPECT_TRUE(absl::IsDeadlineExceeded(Wait()));
}

TEST_P(UnaryCallTest, SelectedResponseMetadataIsReported) {
  Answer answer;
  answer.messages = {""};
  answer.initial = {{"x-first", "1"}, {"x-first", "2"}, {"y", "no"}};
  answer.trailing = {{"x-last-bin", std::string("\0\xff", 2)}};
  backend_.Set(kUnaryPath, answer);
  const auto told = std::make_shared<Metadata>();
  CallOptions options;
  options.wanted_metadata = std::make_shared<const MetadataFilter>(
      [](absl::string_view name) { return name.substr(0, 2) == "x-"; });
  options.on_metadata = [told](const Metadata& metadata) {
    told->insert(told->end(), metadata.begin(), metadata.end());
  };
  Start(options);
  EXPECT_EQ(Wait(), absl::OkStatus());
  EXPECT_EQ(*told, (Metadata{{"x-first", "1"},
                             {"x-first", "2"},
                             {"x-last-bin", std::string("\0\xff", 2)}}));
  // Errors have metadata too, up to the limit.
  told->clear();
  answer.code = 9;
  answer.trailing = {{"x-a", std::string(3000, 'a')},
                     {"x-b", std::string(3000, 'b')}};
  answer.initial = {};
  backend_.Set(kUnaryPath, answer);
  Start(options);
  EXPECT_EQ(Wait().raw_code(), 9);
  EXPECT_EQ(*told, answer.trailing);
}

TEST_P(UnaryCallTest, ReservedMetadataFailsTheCallUnsent) {
  CallOptions options;
  options.metadata = {{"grpc-status", "0"}};
  Start(options);
  EXPECT_TRUE(absl::IsInvalidArgument(Wait()));
  EXPECT_EQ(backend_.seen().started, 0);
}

TEST_P(UnaryCallTest, UpstreamMayBeDestroyedBeforeItsCall) {
  Answer answer;
  answer.stay = true;
  backend_.Set(kUnaryPath, answer);
  Start();
  ASSERT_TRUE(Eventually([&] { return backend_.seen().started == 1; }));
  upstream_.reset();
  backend_.Stop();
  EXPECT_FALSE(Wait().ok());
}

INSTANTIATE_TEST_SUITE_P(Clients, UnaryCallTest, ::testing::Bool(),
                         NameOfClient);

}  // namespace
}  // namespace sse_bridge
