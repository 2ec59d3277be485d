#include "backends/notifications/notifications_service.h"

#include <grpcpp/grpcpp.h>

#include <atomic>
#include <memory>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "gmock/gmock.h"
#include "google/rpc/error_details.pb.h"
#include "google/rpc/status.pb.h"
#include "gtest/gtest.h"
#include "tests/unit/backends/event_log_testing.h"

namespace sse_bridge {
namespace {

using realtime::v1::CreateNotificationRequest;
using realtime::v1::MarkReadRequest;
using realtime::v1::Notification;
using realtime::v1::NotificationEvent;
using realtime::v1::StreamNotificationsRequest;
using ::testing::HasSubstr;

class NotificationsServiceTest : public ::testing::Test {
 protected:
  NotificationsServiceTest()
      : log_(*OpenEventLog("sqlite::memory:", {})), service_(log_.get()) {
    grpc::ServerBuilder builder;
    builder.RegisterService(&service_);
    server_ = builder.BuildAndStart();
    stub_ = realtime::v1::Notifications::NewStub(
        server_->InProcessChannel(grpc::ChannelArguments()));
  }
  ~NotificationsServiceTest() override {
    service_.Shutdown();
    server_->Shutdown();
  }

  Notification Create(const std::string& user, const std::string& title) {
    CreateNotificationRequest request;
    request.set_user_id(user);
    request.set_title(title);
    request.set_type("info");
    request.set_body("body");
    Notification made;
    grpc::ClientContext context;
    const grpc::Status status =
        stub_->CreateNotification(&context, request, &made);
    EXPECT_TRUE(status.ok()) << status.error_message();
    return made;
  }

  grpc::Status MarkRead(const std::string& user, const std::string& id,
                        Notification* marked) {
    MarkReadRequest request;
    request.set_user_id(user);
    request.set_id(id);
    grpc::ClientContext context;
    return stub_->MarkRead(&context, request, marked);
  }

  struct Call {
    grpc::ClientContext context;
    std::unique_ptr<grpc::ClientReader<NotificationEvent>> reader;

    NotificationEvent Next() {
      NotificationEvent event;
      EXPECT_TRUE(reader->Read(&event));
      return event;
    }
    ~Call() {
      context.TryCancel();
      NotificationEvent ignored;
      while (reader->Read(&ignored)) {
      }
      if (!finished) (void)reader->Finish();
    }
    grpc::Status Finish() {
      finished = true;
      return reader->Finish();
    }
    bool finished = false;
  };

  // Returns when the server has accepted or rejected the call.
  std::unique_ptr<Call> Stream(const std::string& user,
                               const std::string& cursor = "",
                               bool from_oldest = false) {
    auto call = std::make_unique<Call>();
    StreamNotificationsRequest request;
    request.set_user_id(user);
    request.set_cursor(cursor);
    request.set_from_oldest(from_oldest);
    call->reader = stub_->StreamNotifications(&call->context, request);
    call->reader->WaitForInitialMetadata();
    return call;
  }

  std::unique_ptr<EventLog> log_;
  NotificationsService service_;
  std::unique_ptr<grpc::Server> server_;
  std::unique_ptr<realtime::v1::Notifications::Stub> stub_;
};

TEST_F(NotificationsServiceTest, CreateReturnsTheStoredNotification) {
  const Notification made = Create("u", "title");
  EXPECT_EQ(made.id().size(), 32u);
  EXPECT_EQ(made.type(), "info");
  EXPECT_EQ(made.title(), "title");
  EXPECT_EQ(made.body(), "body");
  EXPECT_FALSE(made.read());
  EXPECT_GT(made.created_at().seconds(), 0);

  auto call = Stream("u");
  const NotificationEvent event = call->Next();
  EXPECT_EQ(event.notification().SerializeAsString(), made.SerializeAsString());
}

TEST_F(NotificationsServiceTest, UnreadOnesComeFirstThenNewOnes) {
  const Notification first = Create("u", "1");
  const Notification second = Create("u", "2");
  Create("other", "no");
  Notification marked;
  ASSERT_TRUE(MarkRead("u", first.id(), &marked).ok());

  auto call = Stream("u");
  NotificationEvent event = call->Next();
  EXPECT_EQ(event.event(), "unread");
  EXPECT_EQ(event.notification().id(), second.id());
  const Notification third = Create("u", "3");
  event = call->Next();
  EXPECT_EQ(event.event(), "new");
  EXPECT_EQ(event.notification().id(), third.id());
  EXPECT_FALSE(event.notification().read());
}

TEST_F(NotificationsServiceTest, WhatIsCreatedAfterTheStreamOpenedIsNew) {
  constexpr int kUnread = 250;  // more than a batch
  for (int i = 0; i < kUnread; ++i) Create("u", absl::StrCat(i));
  auto call = Stream("u");
  for (int i = 0; i < 3; ++i) Create("u", absl::StrCat(kUnread + i));
  std::string last;
  for (int i = 0; i < kUnread + 3; ++i) {
    const NotificationEvent event = call->Next();
    EXPECT_EQ(event.event(), i < kUnread ? "unread" : "new");
    EXPECT_EQ(event.notification().title(), absl::StrCat(i));
    EXPECT_TRUE(last.empty() || CursorBefore(last, event.cursor()));
    last = event.cursor();
  }
}

TEST_F(NotificationsServiceTest, StreamWithACursorContinuesAfterIt) {
  Create("u", "1");
  Create("u", "2");
  const Notification third = Create("u", "3");
  std::string cursor;
  {
    auto call = Stream("u");
    cursor = call->Next().cursor();
  }
  Notification marked;
  ASSERT_TRUE(MarkRead("u", third.id(), &marked).ok());
  auto call = Stream("u", cursor);
  NotificationEvent event = call->Next();
  EXPECT_EQ(event.notification().title(), "2");
  EXPECT_EQ(event.event(), "new");
  EXPECT_FALSE(event.notification().read());
  event = call->Next();
  EXPECT_EQ(event.notification().title(), "3");
  EXPECT_TRUE(event.notification().read());
}

TEST_F(NotificationsServiceTest, NoGapAndNoDuplicateWhileOthersCreate) {
  constexpr int kEach = 300;
  std::atomic<bool> half{false};
  std::thread writer([&] {
    for (int i = 0; i < kEach; ++i) {
      Create("u", absl::StrCat(i));
      if (i == kEach / 2) half = true;
    }
  });
  while (!half) std::this_thread::yield();
  auto call = Stream("u");
  bool seen_new = false;
  for (int i = 0; i < kEach; ++i) {
    const NotificationEvent event = call->Next();
    ASSERT_EQ(event.notification().title(), absl::StrCat(i));
    if (event.event() == "new") seen_new = true;
    EXPECT_EQ(event.event(), seen_new ? "new" : "unread");
  }
  writer.join();
}

TEST_F(NotificationsServiceTest, MarkReadIsIdempotentAndLimitedToTheUser) {
  const Notification made = Create("u", "1");
  Notification marked;
  EXPECT_EQ(MarkRead("other", made.id(), &marked).error_code(),
            grpc::StatusCode::NOT_FOUND);
  EXPECT_EQ(MarkRead("u", "none", &marked).error_code(),
            grpc::StatusCode::NOT_FOUND);
  for (int i = 0; i < 2; ++i) {
    marked.Clear();
    ASSERT_TRUE(MarkRead("u", made.id(), &marked).ok());
    EXPECT_TRUE(marked.read());
    EXPECT_EQ(marked.id(), made.id());
    EXPECT_EQ(marked.title(), "1");
  }
}

TEST_F(NotificationsServiceTest, UsersWithSlashesAreDistinct) {
  const Notification made = Create("a/b", "1");
  Notification marked;
  EXPECT_EQ(MarkRead("a", "b/" + made.id(), &marked).error_code(),
            grpc::StatusCode::NOT_FOUND);
  EXPECT_EQ(MarkRead("a%2Fb", made.id(), &marked).error_code(),
            grpc::StatusCode::NOT_FOUND);
  EXPECT_TRUE(MarkRead("a/b", made.id(), &marked).ok());
}

TEST_F(NotificationsServiceTest, BadCursorsAreOutOfRangeAndNamed) {
  Create("u", "1");
  for (const char* cursor : {"bogus", "99999", "-1"}) {
    auto call = Stream("u", cursor);
    NotificationEvent event;
    EXPECT_FALSE(call->reader->Read(&event));
    const grpc::Status status = call->Finish();
    EXPECT_EQ(status.error_code(), grpc::StatusCode::OUT_OF_RANGE);
    EXPECT_THAT(status.error_message(), HasSubstr(cursor));
  }
}

// The bridge makes its `reset` from this.
TEST_F(NotificationsServiceTest, ExpiredCursorNamesTheUsersOldestEvent) {
  Create("other", "0");
  Create("u", "1");
  Create("u", "2");
  for (const auto& [user, cursor] :
       std::vector<std::pair<std::string, std::string>>{
           {"u", "1"}, {"u", "bogus"}, {"nobody", "1"}}) {
    auto call = Stream(user, cursor);
    NotificationEvent event;
    EXPECT_FALSE(call->reader->Read(&event));
    const grpc::Status status = call->Finish();
    EXPECT_EQ(status.error_code(), grpc::StatusCode::OUT_OF_RANGE);
    google::rpc::Status details;
    ASSERT_TRUE(details.ParseFromString(status.error_details()));
    EXPECT_EQ(details.code(), status.error_code());
    EXPECT_EQ(details.message(), status.error_message());
    ASSERT_EQ(details.details_size(), 1);
    google::rpc::ErrorInfo info;
    ASSERT_TRUE(details.details(0).UnpackTo(&info));
    EXPECT_EQ(info.reason(), "CURSOR_EXPIRED");
    ASSERT_EQ(info.metadata().count("oldest"), 1u);
    EXPECT_EQ(info.metadata().at("oldest"),
              *log_->Oldest("notifications/" + user));
  }
}

TEST_F(NotificationsServiceTest, ExpiredCursorCanStartFromTheOldest) {
  Create("u", "1");
  Create("u", "2");
  auto call = Stream("u", "1", /*from_oldest=*/true);
  for (const char* title : {"1", "2"}) {
    const NotificationEvent event = call->Next();
    EXPECT_EQ(event.notification().title(), title);
    EXPECT_EQ(event.event(), "unread");
  }
  Create("u", "3");
  EXPECT_EQ(call->Next().event(), "new");
  // A cursor that is kept is not affected.
  const std::string cursor = *log_->Oldest("notifications/u");
  EXPECT_EQ(Stream("u", cursor, true)->Next().notification().title(), "2");
}

TEST_F(NotificationsServiceTest, CursorOfAnotherUserRevealsNothing) {
  Create("u", "1");
  Create("other", "secret 1");
  Create("other", "secret 2");
  const std::string cursor = *log_->Oldest("notifications/other");
  auto call = Stream("u", cursor);
  Create("other", "secret 3");
  Create("u", "2");
  EXPECT_EQ(call->Next().notification().title(), "2");
}

TEST_F(NotificationsServiceTest, WithoutAUserItIsInvalid) {
  auto call = Stream("");
  EXPECT_EQ(call->Finish().error_code(), grpc::StatusCode::INVALID_ARGUMENT);
  grpc::ClientContext context;
  CreateNotificationRequest request;
  request.set_title("t");
  Notification made;
  EXPECT_EQ(stub_->CreateNotification(&context, request, &made).error_code(),
            grpc::StatusCode::INVALID_ARGUMENT);
  EXPECT_EQ(MarkRead("", "x", &made).error_code(),
            grpc::StatusCode::INVALID_ARGUMENT);
}

TEST_F(NotificationsServiceTest, ShutdownEndsTheStreams) {
  auto call = Stream("u");
  service_.Shutdown();
  NotificationEvent event;
  EXPECT_FALSE(call->reader->Read(&event));
  EXPECT_EQ(call->Finish().error_code(), grpc::StatusCode::UNAVAILABLE);
  auto late = Stream("u");
  EXPECT_EQ(late->Finish().error_code(), grpc::StatusCode::UNAVAILABLE);
}

TEST_F(NotificationsServiceTest, SlowReaderGetsEverything) {
  auto call = Stream("u");
  // More than a stream would queue.
  constexpr int kCreated = 2500;
  for (int i = 0; i < kCreated; ++i) {
    log_->Append(
        "notifications/u",
        [i] {
          Notification notification;
          notification.set_id(absl::StrCat(i));
          return notification.SerializeAsString();
        }(),
        {}, {}, [](absl::Status, std::string) {});
  }
  for (int i = 0; i < kCreated; ++i) {
    ASSERT_EQ(call->Next().notification().id(), absl::StrCat(i));
  }
}

}  // namespace
}  // namespace sse_bridge
