#include "backends/channels/channels_service.h"

#include <grpcpp/grpcpp.h>

#include <memory>
#include <string>
#include <utility>

#include "absl/strings/str_cat.h"
#include "backends/channels/memory_sessions.h"
#include "backends/event_log/event_log.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"

namespace sse_bridge {
namespace {

using realtime::v1::ChannelStreamEvent;
using realtime::v1::JoinResponse;
using ::testing::ElementsAre;
using ::testing::UnorderedElementsAre;

class ChannelsServiceTest : public ::testing::Test {
 protected:
  ChannelsServiceTest()
      : log_(*OpenEventLog("sqlite::memory:", {})),
        service_(log_.get(), &sessions_, /*presence_grace=*/absl::Minutes(1),
                 /*default_lease=*/absl::Minutes(1)) {
    grpc::ServerBuilder builder;
    builder.RegisterService(&service_);
    server_ = builder.BuildAndStart();
    stub_ = realtime::v1::Channels::NewStub(
        server_->InProcessChannel(grpc::ChannelArguments()));
  }
  ~ChannelsServiceTest() override {
    service_.Shutdown();
    server_->Shutdown();
  }

  grpc::Status Join(const std::string& channel, const std::string& user,
                    const std::string& session, JoinResponse* joined = nullptr,
                    const std::string& cursor = "") {
    realtime::v1::JoinRequest request;
    request.set_channel(channel);
    request.set_user_id(user);
    request.set_session(session);
    request.set_cursor(cursor);
    JoinResponse ignored;
    grpc::ClientContext context;
    return stub_->Join(&context, request,
                       joined == nullptr ? &ignored : joined);
  }

  void Say(const std::string& content, std::vector<std::string> to = {}) {
    realtime::v1::SendMessageRequest request;
    request.set_channel("c");
    request.set_user_id("ann");
    request.set_content(content);
    *request.mutable_to() = {to.begin(), to.end()};
    realtime::v1::ChatMessage message;
    grpc::ClientContext context;
    EXPECT_TRUE(stub_->SendMessage(&context, request, &message).ok());
  }

  struct Call {
    grpc::ClientContext context;
    std::unique_ptr<grpc::ClientReader<ChannelStreamEvent>> reader;
    ~Call() {
      context.TryCancel();
      ChannelStreamEvent ignored;
      while (reader->Read(&ignored)) {
      }
      if (!finished) (void)reader->Finish();
    }
    ChannelStreamEvent Next() {
      ChannelStreamEvent event;
      EXPECT_TRUE(reader->Read(&event));
      return event;
    }
    bool finished = false;
  };
  std::unique_ptr<Call> Stream(const std::string& cursor = "") {
    auto call = std::make_unique<Call>();
    realtime::v1::StreamChannelRequest request;
    request.set_channel("c");
    request.set_cursor(cursor);
    call->reader = stub_->StreamChannel(&call->context, request);
    call->reader->WaitForInitialMetadata();
    return call;
  }

  MemorySessions sessions_;
  std::unique_ptr<EventLog> log_;
  ChannelsService service_;
  std::unique_ptr<grpc::Server> server_;
  std::unique_ptr<realtime::v1::Channels::Stub> stub_;
};

TEST_F(ChannelsServiceTest, GreetingSaysWhereTheStreamBegins) {
  Say("before");
  JoinResponse joined;
  ASSERT_TRUE(Join("c", "ben", "1", &joined).ok());
  EXPECT_EQ(joined.joined().name(), "system");
  ASSERT_FALSE(joined.joined().cursor().empty());
  Say("after");
  auto stream = Stream(joined.joined().cursor());
  realtime::v1::ChatMessage message;
  ChannelStreamEvent event = stream->Next();
  ASSERT_EQ(event.name(), "message");
  ASSERT_TRUE(event.event().payload().UnpackTo(&message));
  EXPECT_EQ(message.content(), "after");
}

TEST_F(ChannelsServiceTest, ResumingMemberIsGreetedWithItsOwnCursor) {
  JoinResponse joined;
  ASSERT_TRUE(Join("c", "ben", "1", &joined, "7").ok());
  EXPECT_EQ(joined.joined().cursor(), "7");
}

TEST_F(ChannelsServiceTest, SessionIsNeededAndBounded) {
  EXPECT_EQ(Join("c", "ben", "").error_code(),
            grpc::StatusCode::INVALID_ARGUMENT);
  EXPECT_TRUE(Join("c", "ben", std::string(128, 'x')).ok());
  EXPECT_EQ(Join("c", "ben", std::string(129, 'x')).error_code(),
            grpc::StatusCode::INVALID_ARGUMENT);
}

TEST_F(ChannelsServiceTest, PrivateChannelAdmitsOnlyTheInvited) {
  realtime::v1::InviteRequest invite;
  invite.set_channel("private-c");
  invite.set_user_id("ann");
  invite.set_invitee("ben");
  realtime::v1::InviteResponse invited;
  {
    grpc::ClientContext context;
    ASSERT_TRUE(stub_->Invite(&context, invite, &invited).ok());
  }
  EXPECT_TRUE(Join("private-c", "ben", "1").ok());
  const grpc::Status refused = Join("private-c", "eve", "2");
  EXPECT_EQ(refused.error_code(), grpc::StatusCode::PERMISSION_DENIED);
  EXPECT_THAT(refused.error_message(),
              ::testing::HasSubstr("cannot join channel"));
  realtime::v1::RemoveRequest remove;
  remove.set_channel("private-c");
  remove.set_user_id("ann");
  remove.set_member("ben");
  realtime::v1::RemoveResponse removed;
  {
    grpc::ClientContext context;
    ASSERT_TRUE(stub_->Remove(&context, remove, &removed).ok());
  }
  EXPECT_EQ(Join("private-c", "ben", "1").error_code(),
            grpc::StatusCode::PERMISSION_DENIED)
      << "also a renewal";
}

TEST_F(ChannelsServiceTest, EventsNameThoseWhoMaySeeThem) {
  JoinResponse joined;
  ASSERT_TRUE(Join("c", "ben", "1", &joined).ok());
  auto stream = Stream(joined.joined().cursor());
  ASSERT_TRUE(Join("c", "cat", "2").ok());
  ChannelStreamEvent event = stream->Next();
  // The log may deliver Ben's own join late.
  if (event.not_to() == "ben") event = stream->Next();
  EXPECT_EQ(event.name(), "join");
  EXPECT_EQ(event.not_to(), "cat");
  EXPECT_EQ(event.only_to_size(), 0);
  EXPECT_EQ(event.cursor(), "");
  ASSERT_TRUE(Join("c", "cat", "3").ok()) << "another tab: not reported";
  Say("to all");
  event = stream->Next();
  EXPECT_EQ(event.name(), "message");
  EXPECT_EQ(event.only_to_size(), 0);
  Say("to one", {"ben"});
  EXPECT_THAT(stream->Next().only_to(), UnorderedElementsAre("ann", "ben"));
}

TEST_F(ChannelsServiceTest, HistoryHasOnlyWhatTheReaderMaySee) {
  Say("to all");
  Say("to ben", {"ben"});
  for (const auto& [user, count] :
       {std::pair("ann", 2), std::pair("ben", 2), std::pair("eve", 1)}) {
    realtime::v1::ListMessagesRequest request;
    request.set_channel("c");
    request.set_user_id(user);
    realtime::v1::ListMessagesResponse response;
    grpc::ClientContext context;
    ASSERT_TRUE(stub_->ListMessages(&context, request, &response).ok());
    EXPECT_EQ(response.messages_size(), count) << user;
  }
}

TEST_F(ChannelsServiceTest, WhatWaitsForASlowBridgeIsBounded) {
  auto stream = Stream();
  // The members' names fill the windows between the two sides.
  const std::string name(256, 'x');
  size_t joins = 0;
  for (; joins < ChannelsService::kMaxWaiting + 2000; ++joins) {
    ASSERT_TRUE(Join("c", absl::StrCat(name, joins), "1").ok());
    if (joins == 5000) {
      realtime::v1::SendTypingRequest typing;
      typing.set_channel("c");
      typing.set_user_id("ann");
      realtime::v1::SendTypingResponse sent;
      grpc::ClientContext context;
      ASSERT_TRUE(stub_->SendTyping(&context, typing, &sent).ok());
    }
  }
  size_t received = 0;
  ChannelStreamEvent event;
  while (stream->reader->Read(&event)) {
    EXPECT_EQ(event.name(), "join") << "typing is left out first";
    ++received;
  }
  EXPECT_GE(received, ChannelsService::kMaxWaiting - 1);
  EXPECT_LT(received, joins);
  stream->finished = true;
  EXPECT_EQ(stream->reader->Finish().error_code(),
            grpc::StatusCode::UNAVAILABLE);
}

}  // namespace
}  // namespace sse_bridge
