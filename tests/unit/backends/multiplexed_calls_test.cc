// The bridge's and the backend's side of the multiplexer together, over a real
// connection, beside ordinary calls of the same handlers.

#include <grpcpp/grpcpp.h>

#include <atomic>
#include <chrono>
#include <memory>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include "absl/strings/cord.h"
#include "absl/strings/str_cat.h"
#include "absl/time/clock.h"
#include "backends/stream/event_stream.h"
#include "backends/stream/multiplexer_service.h"
#include "backends/stream/reaction_thread.h"
#include "bridge/upstream/grpc/grpc_upstream.h"
#include "bridge/upstream/multiplexer/multiplexed_upstream.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "realtime/v1/tasks.grpc.pb.h"
#include "tests/support/eventually.h"
#include "tests/unit/upstream/recording_observer.h"

namespace sse_bridge {
namespace {

using realtime::v1::ProgressEvent;
using ::testing::ElementsAre;
using testing::Eventually;

constexpr char kProgress[] = "/realtime.v1.Tasks/StreamProgress";

// Sends `from_oldest ? endless : 3` events with the request's cursor, as fast
// as they are taken, and ends with the status of the task_id.
class ScriptedTasks : public realtime::v1::Tasks::CallbackService {
 public:
  grpc::ServerWriteReactor<ProgressEvent>* StreamProgress(
      grpc::CallbackServerContext*,
      const realtime::v1::StreamProgressRequest* request) override {
    auto stream = EventStream<ProgressEvent>::Create();
    ++open_;
    if (request->task_id() == "refused") {
      stream->SetCallbacks({nullptr, [this] { --open_; }});
      stream->Finish(
          {grpc::StatusCode::PERMISSION_DENIED, "not yours", "details"});
      return stream->reactor();
    }
    stream->Open();
    const bool endless = request->from_oldest();
    auto next = [weak = std::weak_ptr(stream), n = std::make_shared<int>(0),
                 endless, text = request->cursor()] {
      auto stream = weak.lock();
      if (stream == nullptr) return;
      if (!endless && *n == 3) return stream->Finish(grpc::Status::OK);
      ProgressEvent event;
      event.set_cursor(absl::StrCat(text, ++*n));
      stream->Send(std::move(event));
    };
    stream->SetCallbacks({next, [this] { --open_; }});
    if (request->task_id() != "quiet") next();
    return stream->reactor();
  }

  int open() const { return open_; }

 private:
  std::atomic<int> open_{0};
};

class MultiplexedCallsTest : public ::testing::TestWithParam<bool> {
 protected:
  void SetUp() override {
    StartServer();
    GrpcUpstreamOptions options;
    options.address = absl::StrCat("127.0.0.1:", port_);
    auto created = GrpcUpstream::Create(options);
    ASSERT_TRUE(created.ok());
    upstream_ =
        Multiplexed(*std::move(created), options,
                    {[] { return absl::Now() - absl::UnixEpoch(); },
                     [this](absl::Duration delay, std::function<void()> task) {
                       thread_.At(absl::Now() + delay, std::move(task));
                       return uint64_t{1};
                     },
                     [](uint64_t) {}});
  }
  void TearDown() override { StopServer(); }

  void StartServer() {
    // Those of an earlier server live on until the end of the test.
    services_.push_back(std::make_unique<Services>());
    grpc::ServerBuilder builder;
    builder.AddListeningPort(absl::StrCat("127.0.0.1:", port_),
                             grpc::InsecureServerCredentials(), &port_);
    builder.RegisterService(&tasks());
    if (GetParam()) builder.RegisterService(&services_.back()->multiplexer);
    server_ = builder.BuildAndStart();
    ASSERT_NE(server_, nullptr);
  }
  void StopServer() {
    if (server_ == nullptr) return;
    server_->Shutdown(std::chrono::system_clock::now());
    server_->Wait();
    server_ = nullptr;
  }

  ScriptedTasks& tasks() { return services_.back()->tasks; }
  size_t carried() const { return upstream_->streams(); }

  struct Stream {
    std::shared_ptr<RecordingObserver> observer;
    std::shared_ptr<StreamCall> call;
  };
  Stream Start(const std::string& task, bool auto_read = true,
               bool endless = false, const std::string& text = "",
               CallOptions options = {}) {
    realtime::v1::StreamProgressRequest request;
    request.set_task_id(task);
    request.set_from_oldest(endless);
    request.set_cursor(text);
    Stream stream;
    stream.observer = std::make_shared<RecordingObserver>(auto_read);
    stream.call = upstream_->StartStream(kProgress, request.SerializeAsString(),
                                         std::move(options), stream.observer);
    if (auto_read) stream.observer->Attach(stream.call);
    return stream;
  }

  struct Services {
    Services() {
      multiplexer.Add(kProgress, &tasks, &ScriptedTasks::StreamProgress);
    }
    ScriptedTasks tasks;
    MultiplexerService multiplexer;
  };

  ReactionThread thread_;
  std::vector<std::unique_ptr<Services>> services_;
  int port_ = 0;
  std::unique_ptr<grpc::Server> server_;
  std::shared_ptr<MultiplexedUpstream> upstream_;
};

INSTANTIATE_TEST_SUITE_P(, MultiplexedCallsTest, ::testing::Bool(),
                         [](const auto& info) {
                           return info.param ? "Multiplexed" : "Ordinary";
                         });

TEST_P(MultiplexedCallsTest, EventsArriveInOrderBetweenOpenAndDone) {
  const Stream stream = Start("all");
  EXPECT_EQ(stream.observer->WaitDone(), absl::OkStatus());
  std::vector<std::string> expected = {"open"};
  for (const char* cursor : {"1", "2", "3"}) {
    ProgressEvent event;
    event.set_cursor(cursor);
    expected.push_back("message " + event.SerializeAsString());
  }
  expected.push_back("done");
  EXPECT_EQ(stream.observer->events(), expected);
}

TEST_P(MultiplexedCallsTest, RefusalHasItsMessageAndDetails) {
  const Stream stream = Start("refused");
  const absl::Status status = stream.observer->WaitDone();
  EXPECT_EQ(status.code(), absl::StatusCode::kPermissionDenied);
  EXPECT_EQ(status.message(), "not yours");
  EXPECT_EQ(status.GetPayload(kStatusDetailsUrl), absl::Cord("details"));
  EXPECT_THAT(stream.observer->events(), ElementsAre("done"));
}

TEST_P(MultiplexedCallsTest, CancelReachesTheHandler) {
  Stream stream = Start("quiet");
  ASSERT_TRUE(Eventually([&] { return stream.observer->open(); }));
  EXPECT_EQ(carried(), GetParam() ? 1u : 0u);
  EXPECT_EQ(tasks().open(), 1);
  stream.call->Cancel();
  EXPECT_TRUE(absl::IsCancelled(stream.observer->WaitDone()));
  EXPECT_TRUE(Eventually([&] { return tasks().open() == 0; }));
}

TEST_P(MultiplexedCallsTest, DeadlineEndsBothSides) {
  CallOptions options;
  options.deadline = absl::Now() + absl::Milliseconds(200);
  const Stream stream = Start("quiet", true, false, "", options);
  EXPECT_TRUE(absl::IsDeadlineExceeded(stream.observer->WaitDone()));
  EXPECT_TRUE(Eventually([&] { return tasks().open() == 0; }));
}

TEST_P(MultiplexedCallsTest, ReaderThatStopsHoldsOnlyItsOwnStream) {
  const std::string text(1000, 'x');
  Stream slow = Start("flood", /*auto_read=*/false, /*endless=*/true, text);
  ASSERT_TRUE(Eventually([&] { return slow.observer->messages() == 1; }));
  for (int i = 0; i < 20; ++i) {
    EXPECT_EQ(Start("all").observer->WaitDone(), absl::OkStatus());
  }
  EXPECT_EQ(slow.observer->messages(), 1);
  slow.call->Read();
  EXPECT_TRUE(Eventually([&] { return slow.observer->messages() == 2; }));
}

TEST_P(MultiplexedCallsTest, LossEndsEveryStreamAndTheyStartAgain) {
  std::vector<Stream> streams;
  for (int i = 0; i < 20; ++i) streams.push_back(Start("quiet"));
  for (const Stream& each : streams) {
    ASSERT_TRUE(Eventually([&] { return each.observer->open(); }));
  }
  StopServer();
  for (const Stream& each : streams) {
    EXPECT_TRUE(absl::IsUnavailable(each.observer->WaitDone()));
  }
  EXPECT_TRUE(Eventually([&] { return tasks().open() == 0; }));
  StartServer();
  EXPECT_TRUE(
      Eventually([&] { return Start("all").observer->WaitDone().ok(); }));
}

TEST_P(MultiplexedCallsTest, ManyStreamsFromManyThreadsLoseNothing) {
  constexpr int kThreads = 4, kEach = 50;
  std::vector<std::thread> threads;
  std::atomic<int> complete{0};
  for (int t = 0; t < kThreads; ++t) {
    threads.emplace_back([&] {
      std::vector<Stream> streams;
      for (int i = 0; i < kEach; ++i) {
        streams.push_back(Start("all"));
        if (i % 5 == 0) {
          // Its observer would keep the call, which it reads from.
          Start("flood", true, /*endless=*/true).call->Cancel();
        }
      }
      for (const Stream& stream : streams) {
        if (stream.observer->WaitDone().ok() &&
            stream.observer->messages() == 3) {
          ++complete;
        }
      }
    });
  }
  for (std::thread& thread : threads) thread.join();
  EXPECT_EQ(complete, kThreads * kEach);
  EXPECT_TRUE(Eventually([&] { return tasks().open() == 0; }));
  EXPECT_TRUE(Eventually([&] { return carried() == 0; }));
}

TEST_P(MultiplexedCallsTest, ShutdownOfTheBackendEndsItsCall) {
  const Stream stream = Start("all");
  EXPECT_EQ(stream.observer->WaitDone(), absl::OkStatus());
  services_.back()->multiplexer.Shutdown();
  // Without the end of the call this would wait for its deadline.
  const absl::Time begun = absl::Now();
  server_->Shutdown(std::chrono::system_clock::now() + std::chrono::minutes(1));
  server_->Wait();
  server_ = nullptr;
  EXPECT_LT(absl::Now() - begun, absl::Seconds(50));
}

}  // namespace
}  // namespace sse_bridge
