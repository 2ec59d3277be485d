#include "backends/tasks/tasks_service.h"

#include <grpcpp/grpcpp.h>

#include <atomic>
#include <cmath>
#include <limits>
#include <memory>
#include <string>
#include <thread>
#include <vector>

#include "absl/strings/str_cat.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "tests/unit/backends/event_log_testing.h"

namespace sse_bridge {
namespace {

using realtime::v1::CreateTaskRequest;
using realtime::v1::ProgressEvent;
using realtime::v1::ProgressUpdate;
using realtime::v1::StreamProgressRequest;
using realtime::v1::UpdateTaskRequest;
using ::testing::HasSubstr;

class TasksServiceTest : public ::testing::Test {
 protected:
  TasksServiceTest()
      : log_(*OpenEventLog("sqlite::memory:", {})), service_(log_.get()) {
    grpc::ServerBuilder builder;
    builder.RegisterService(&service_);
    server_ = builder.BuildAndStart();
    stub_ = realtime::v1::Tasks::NewStub(
        server_->InProcessChannel(grpc::ChannelArguments()));
  }
  ~TasksServiceTest() override {
    service_.Shutdown();
    server_->Shutdown();
  }

  grpc::Status Create(const std::string& task, ProgressUpdate* made,
                      const std::string& message = "") {
    CreateTaskRequest request;
    request.set_task_id(task);
    request.set_message(message);
    grpc::ClientContext context;
    return stub_->CreateTask(&context, request, made);
  }
  void MustCreate(const std::string& task) {
    ProgressUpdate made;
    const grpc::Status status = Create(task, &made);
    ASSERT_TRUE(status.ok()) << status.error_message();
  }

  grpc::Status Update(const std::string& task, const std::string& state,
                      double progress, ProgressUpdate* updated = nullptr,
                      const std::string& message = "",
                      const std::string& error = "") {
    UpdateTaskRequest request;
    request.set_task_id(task);
    request.set_status(state);
    request.set_progress(progress);
    request.set_message(message);
    request.set_error(error);
    grpc::ClientContext context;
    ProgressUpdate ignored;
    return stub_->UpdateTask(&context, request,
                             updated == nullptr ? &ignored : updated);
  }

  struct Call {
    grpc::ClientContext context;
    std::unique_ptr<grpc::ClientReader<ProgressEvent>> reader;
    bool finished = false;

    ProgressEvent Next() {
      ProgressEvent event;
      EXPECT_TRUE(reader->Read(&event));
      return event;
    }
    // The stream ends without further messages.
    grpc::Status Finish() {
      ProgressEvent event;
      EXPECT_FALSE(reader->Read(&event)) << event.ShortDebugString();
      finished = true;
      return reader->Finish();
    }
    ~Call() {
      if (finished) return;
      context.TryCancel();
      ProgressEvent ignored;
      while (reader->Read(&ignored)) {
      }
      (void)reader->Finish();
    }
  };

  std::unique_ptr<Call> Stream(const std::string& task,
                               const std::string& cursor = "") {
    auto call = std::make_unique<Call>();
    StreamProgressRequest request;
    request.set_task_id(task);
    request.set_cursor(cursor);
    call->reader = stub_->StreamProgress(&call->context, request);
    call->reader->WaitForInitialMetadata();
    return call;
  }

  std::unique_ptr<EventLog> log_;
  TasksService service_;
  std::unique_ptr<grpc::Server> server_;
  std::unique_ptr<realtime::v1::Tasks::Stub> stub_;
};

TEST_F(TasksServiceTest, ANewTaskIsPending) {
  ProgressUpdate made;
  ASSERT_TRUE(Create("t", &made).ok());
  EXPECT_EQ(made.task_id(), "t");
  EXPECT_EQ(made.status(), "pending");
  EXPECT_EQ(made.progress(), 0);
  EXPECT_FALSE(made.has_message());
  EXPECT_FALSE(made.has_error());
  EXPECT_EQ(Create("t", &made).error_code(), grpc::StatusCode::ALREADY_EXISTS);
  ASSERT_TRUE(Create("", &made, "hello").ok());
  EXPECT_EQ(made.task_id().size(), 32u);
  EXPECT_EQ(made.message(), "hello");
}

TEST_F(TasksServiceTest, CurrentStateThenEachUpdateThenTheEnd) {
  MustCreate("t");
  ASSERT_TRUE(Update("t", "running", 0.25, nullptr, "quarter").ok());
  auto call = Stream("t");
  ProgressEvent event = call->Next();
  EXPECT_EQ(event.update().progress(), 0.25);
  EXPECT_EQ(event.update().message(), "quarter");
  EXPECT_FALSE(event.cursor().empty());
  ASSERT_TRUE(Update("t", "running", 0.5).ok());
  event = call->Next();
  EXPECT_EQ(event.update().progress(), 0.5);
  EXPECT_FALSE(event.update().has_message());
  ProgressUpdate updated;
  ASSERT_TRUE(Update("t", "completed", 0.7, &updated).ok());
  EXPECT_EQ(updated.progress(), 1.0);
  event = call->Next();
  EXPECT_EQ(event.update().status(), "completed");
  EXPECT_EQ(event.update().progress(), 1.0);
  EXPECT_TRUE(call->Finish().ok());
}

TEST_F(TasksServiceTest, AnEndedTaskGivesItsLastStateAndEnds) {
  MustCreate("t");
  ASSERT_TRUE(Update("t", "failed", 0.5, nullptr, "", "broken").ok());
  auto call = Stream("t");
  const ProgressEvent event = call->Next();
  EXPECT_EQ(event.update().status(), "failed");
  EXPECT_EQ(event.update().progress(), 0.5);
  EXPECT_EQ(event.update().error(), "broken");
  EXPECT_TRUE(call->Finish().ok());
}

TEST_F(TasksServiceTest, CursorStartsAfterItsEvent) {
  MustCreate("t");
  auto first = Stream("t");
  const std::string cursor = first->Next().cursor();
  ASSERT_TRUE(Update("t", "running", 0.1).ok());
  ASSERT_TRUE(Update("t", "running", 0.2).ok());
  auto call = Stream("t", cursor);
  EXPECT_EQ(call->Next().update().progress(), 0.1);
  const ProgressEvent second = call->Next();
  EXPECT_EQ(second.update().progress(), 0.2);
  auto waiting = Stream("t", second.cursor());
  ASSERT_TRUE(Update("t", "failed", 0.3).ok());
  for (Call* open : {call.get(), waiting.get()}) {
    EXPECT_EQ(open->Next().update().status(), "failed");
    EXPECT_TRUE(open->Finish().ok());
  }
}

TEST_F(TasksServiceTest, ResumingAfterTheEndReturnsNothing) {
  MustCreate("t");
  ASSERT_TRUE(Update("t", "completed", 1).ok());
  std::string cursor;
  {
    auto call = Stream("t");
    cursor = call->Next().cursor();
  }
  auto call = Stream("t", cursor);
  EXPECT_TRUE(call->Finish().ok());
}

TEST_F(TasksServiceTest, UnknownTasksAndBadCursorsAreRefused) {
  EXPECT_EQ(Stream("none")->Finish().error_code(), grpc::StatusCode::NOT_FOUND);
  EXPECT_EQ(Update("none", "running", 0).error_code(),
            grpc::StatusCode::NOT_FOUND);
  MustCreate("t");
  for (const char* cursor : {"bogus", "99999"}) {
    const grpc::Status status = Stream("t", cursor)->Finish();
    EXPECT_EQ(status.error_code(), grpc::StatusCode::OUT_OF_RANGE);
    EXPECT_THAT(status.error_message(), HasSubstr(cursor));
  }
}

TEST_F(TasksServiceTest, StatusAndProgressAreChecked) {
  MustCreate("t");
  EXPECT_TRUE(Update("t", "running", 0.0).ok());
  EXPECT_TRUE(Update("t", "running", 1.0).ok());
  for (const double progress :
       {-0.01, 1.01, std::numeric_limits<double>::quiet_NaN()}) {
    EXPECT_EQ(Update("t", "running", progress).error_code(),
              grpc::StatusCode::INVALID_ARGUMENT);
  }
  EXPECT_EQ(Update("t", "done", 1).error_code(),
            grpc::StatusCode::INVALID_ARGUMENT);
}

TEST_F(TasksServiceTest, EndedTaskIsImmutable) {
  for (const std::string end : {"completed", "failed"}) {
    MustCreate(end);
    ASSERT_TRUE(Update(end, end, 1).ok());
    EXPECT_EQ(Update(end, "running", 0.5).error_code(),
              grpc::StatusCode::FAILED_PRECONDITION);
    auto call = Stream(end);
    EXPECT_EQ(call->Next().update().status(), end);
  }
}

TEST_F(TasksServiceTest, OnlyOneOfManyCanEndATask) {
  constexpr int kTasks = 20;
  for (int t = 0; t < kTasks; ++t) MustCreate(absl::StrCat(t));
  std::atomic<int> ended{0};
  std::atomic<int> refused{0};
  std::vector<std::thread> threads;
  for (int i = 0; i < 4; ++i) {
    threads.emplace_back([&] {
      for (int t = 0; t < kTasks; ++t) {
        const grpc::Status status = Update(absl::StrCat(t), "completed", 1);
        if (status.ok()) ++ended;
        if (status.error_code() == grpc::StatusCode::FAILED_PRECONDITION) {
          ++refused;
        }
      }
    });
  }
  for (std::thread& thread : threads) thread.join();
  EXPECT_EQ(ended, kTasks);
  EXPECT_EQ(refused, 3 * kTasks);
}

TEST_F(TasksServiceTest, ShutdownEndsTheStreams) {
  MustCreate("t");
  auto call = Stream("t");
  call->Next();
  service_.Shutdown();
  EXPECT_EQ(call->Finish().error_code(), grpc::StatusCode::UNAVAILABLE);
}

}  // namespace
}  // namespace sse_bridge
