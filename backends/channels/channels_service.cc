#include "backends/channels/channels_service.h"

#include <memory>
#include <utility>

#include "absl/strings/match.h"
#include "backends/event_log/keys.h"
#include "backends/event_log/log_tail.h"
#include "backends/stream/resume.h"
#include "backends/stream/status.h"

namespace sse_bridge {
namespace {

using realtime::v1::ChannelStreamEvent;
using realtime::v1::ChatMessage;

constexpr char kPrivatePrefix[] = "private-";
constexpr int kDefaultPageSize = 50;
constexpr int kMaxPageSize = 500;

std::string Topic(const std::string& channel) {
  return LogKey({"channel", channel});
}
std::string OwnerKey(const std::string& channel) {
  return LogKey({"channel-owner", channel});
}
std::string InvitedKey(const std::string& channel, const std::string& user) {
  return LogKey({"channel-invited", channel, user});
}

template <typename Payload>
ChannelStreamEvent MakeEvent(const std::string& type, const std::string& name,
                             const Payload& payload) {
  ChannelStreamEvent event;
  event.mutable_event()->set_type(type);
  event.mutable_event()->mutable_payload()->PackFrom(payload);
  event.set_name(name);
  return event;
}

ChannelStreamEvent MessageEvent(const LoggedEvent& logged) {
  ChatMessage message;
  message.ParseFromString(logged.payload);
  ChannelStreamEvent event = MakeEvent("message", "message", message);
  event.set_cursor(logged.cursor);
  return event;
}

// A broadcast is "USER\nEVENT": the event is not sent to that user's own
// streams.
std::string BroadcastPayload(const std::string& user,
                             const ChannelStreamEvent& event) {
  return std::to_string(user.size()) + "\n" + user + event.SerializeAsString();
}

bool ReadBroadcast(const std::string& payload, std::string* user,
                   ChannelStreamEvent* event) {
  const size_t eol = payload.find('\n');
  if (eol == std::string::npos) return false;
  const size_t size = std::strtoul(payload.c_str(), nullptr, 10);
  if (size > payload.size() - eol - 1) return false;
  *user = payload.substr(eol + 1, size);
  return event->ParseFromArray(
      payload.data() + eol + 1 + size,
      static_cast<int>(payload.size() - eol - 1 - size));
}

// Notifies everybody in the channel except the user.
void Tell(EventLog* log, const Member& member,
          const ChannelStreamEvent& event) {
  log->Broadcast(Topic(member.channel), BroadcastPayload(member.user, event));
}

}  // namespace

ChannelsService::ChannelsService(EventLog* log, absl::Duration presence_grace,
                                 SharedMembers* shared)
    : log_(log),
      presence_(presence_grace, shared,
                {[log](const Member& member) {
                   realtime::v1::MemberJoined join;
                   join.set_channel(member.channel);
                   join.set_user_id(member.user);
                   Tell(log, member, MakeEvent("join", "join", join));
                 },
                 [log](const Member& member) {
                   realtime::v1::MemberLeft left;
                   left.set_channel(member.channel);
                   left.set_user_id(member.user);
                   Tell(log, member, MakeEvent("leave", "leave", left));
                 }}) {}

absl::Status ChannelsService::CheckAccess(const std::string& channel,
                                          const std::string& user) {
  if (channel.empty() || user.empty()) {
    return absl::InvalidArgumentError("channel and user_id are needed");
  }
  if (!absl::StartsWith(channel, kPrivatePrefix)) return absl::OkStatus();
  auto known = log_->GetAll({OwnerKey(channel), InvitedKey(channel, user)});
  if (!known.ok()) return known.status();
  const bool owns = (*known)[0] == user;
  const bool invited = (*known)[1].has_value();
  if (owns || invited) return absl::OkStatus();
  return absl::PermissionDeniedError("cannot join channel");
}

grpc::ServerWriteReactor<ChannelStreamEvent>* ChannelsService::StreamChannel(
    grpc::CallbackServerContext*,
    const realtime::v1::StreamChannelRequest* request) {
  auto stream = Stream::Create();
  const std::string channel = request->channel();
  const std::string user = request->user_id();
  const std::string topic = Topic(channel);
  absl::Status admitted = CheckAccess(channel, user);
  std::string cursor = request->cursor();
  if (admitted.ok() && cursor.empty()) {
    auto head = log_->Head(topic);
    admitted = head.status();
    if (head.ok()) cursor = *std::move(head);
  } else if (admitted.ok()) {
    admitted = ReadFrom(log_, topic, request->from_oldest(), &cursor).status();
  }
  if (!admitted.ok()) {
    stream->Finish(ReadError(admitted, log_, topic));
    return stream->reactor();
  }

  realtime::v1::Joined joined;
  joined.set_channel(channel);
  ChannelStreamEvent first = MakeEvent("joined", "system", joined);
  // If the stream is cut off before its first message, no message is missed.
  first.set_cursor(cursor);
  stream->Send(std::move(first));
  streams_.Add(stream);

  LogTail::Reader reader;
  std::weak_ptr<Stream> weak = stream;
  reader.ready = [weak] {
    auto stream = weak.lock();
    return stream != nullptr && stream->idle();
  };
  reader.take = [weak](const LoggedEvent& logged) {
    auto stream = weak.lock();
    return stream != nullptr && stream->Send(MessageEvent(logged));
  };
  reader.broadcast = [weak, user](const std::string& payload) {
    auto stream = weak.lock();
    std::string from;
    ChannelStreamEvent event;
    if (stream == nullptr || !ReadBroadcast(payload, &from, &event)) return;
    if (from != user) stream->Send(std::move(event));
  };
  reader.failed = [weak, log = log_, topic](const absl::Status& status) {
    if (auto stream = weak.lock()) {
      stream->Finish(ReadError(status, log, topic));
    }
  };
  auto tail = LogTail::Start(log_, topic, cursor, std::move(reader));
  presence_.Enter(channel, user);
  stream->SetCallbacks({[tail] { tail->Continue(); },
                        [this, tail, weak, channel, user] {
                          tail->Stop();
                          presence_.Leave(channel, user);
                          if (auto stream = weak.lock()) {
                            streams_.Remove(stream);
                          }
                        }});
  tail->Continue();
  return stream->reactor();
}

grpc::ServerUnaryReactor* ChannelsService::SendMessage(
    grpc::CallbackServerContext* context,
    const realtime::v1::SendMessageRequest* request, ChatMessage* response) {
  if (absl::Status admitted =
          CheckAccess(request->channel(), request->user_id());
      !admitted.ok()) {
    return FinishNow(context, ToGrpc(admitted));
  }
  response->set_id(RandomId());
  response->set_channel(request->channel());
  response->set_user_id(request->user_id());
  response->set_username(request->user_id());
  response->set_content(request->content());
  SetNow(response->mutable_timestamp());
  grpc::ServerUnaryReactor* reactor = context->DefaultReactor();
  log_->Append(Topic(request->channel()), response->SerializeAsString(), {}, {},
               [reactor](const absl::Status& status, const std::string&) {
                 reactor->Finish(ToGrpc(status));
               });
  return reactor;
}

grpc::ServerUnaryReactor* ChannelsService::SendTyping(
    grpc::CallbackServerContext* context,
    const realtime::v1::SendTypingRequest* request,
    realtime::v1::SendTypingResponse*) {
  if (absl::Status admitted =
          CheckAccess(request->channel(), request->user_id());
      !admitted.ok()) {
    return FinishNow(context, ToGrpc(admitted));
  }
  realtime::v1::Typing typing;
  typing.set_channel(request->channel());
  typing.set_user_id(request->user_id());
  Tell(log_, {request->channel(), request->user_id()},
       MakeEvent("typing", "typing", typing));
  return FinishNow(context, grpc::Status::OK);
}

grpc::ServerUnaryReactor* ChannelsService::ListMessages(
    grpc::CallbackServerContext* context,
    const realtime::v1::ListMessagesRequest* request,
    realtime::v1::ListMessagesResponse* response) {
  if (absl::Status admitted =
          CheckAccess(request->channel(), request->user_id());
      !admitted.ok()) {
    return FinishNow(context, ToGrpc(admitted));
  }
  if (request->page_size() < 0 || request->page_size() > kMaxPageSize) {
    return FinishNow(context, {grpc::StatusCode::INVALID_ARGUMENT,
                               "page_size is out of range"});
  }
  const size_t size = static_cast<size_t>(
      request->page_size() == 0 ? kDefaultPageSize : request->page_size());
  auto events =
      log_->Read(Topic(request->channel()), request->page_token(), size + 1);
  if (!events.ok()) {
    return FinishNow(
        context, ReadError(events.status(), log_, Topic(request->channel())));
  }
  for (size_t i = 0; i < events->size() && i < size; ++i) {
    response->add_messages()->ParseFromString((*events)[i].payload);
  }
  if (events->size() > size) {
    response->set_next_page_token((*events)[size - 1].cursor);
  }
  return FinishNow(context, grpc::Status::OK);
}

grpc::ServerUnaryReactor* ChannelsService::ListMembers(
    grpc::CallbackServerContext* context,
    const realtime::v1::ListMembersRequest* request,
    realtime::v1::ListMembersResponse* response) {
  if (absl::Status admitted =
          CheckAccess(request->channel(), request->user_id());
      !admitted.ok()) {
    return FinishNow(context, ToGrpc(admitted));
  }
  auto users = presence_.Users(request->channel());
  if (!users.ok()) return FinishNow(context, ToGrpc(users.status()));
  for (std::string& user : *users) {
    response->add_user_ids(std::move(user));
  }
  return FinishNow(context, grpc::Status::OK);
}

grpc::ServerUnaryReactor* ChannelsService::Invite(
    grpc::CallbackServerContext* context,
    const realtime::v1::InviteRequest* request, realtime::v1::InviteResponse*) {
  const std::string& channel = request->channel();
  const std::string& user = request->user_id();
  if (user.empty() || request->invitee().empty()) {
    return FinishNow(context, {grpc::StatusCode::INVALID_ARGUMENT,
                               "user_id and invitee are needed"});
  }
  if (!absl::StartsWith(channel, kPrivatePrefix)) {
    return FinishNow(context, {grpc::StatusCode::FAILED_PRECONDITION,
                               "everybody may join this channel"});
  }
  auto owner = log_->Get(OwnerKey(channel));
  if (!owner.ok() && !absl::IsNotFound(owner.status())) {
    return FinishNow(context, ToGrpc(owner.status()));
  }
  if (owner.ok() && *owner != user) {
    return FinishNow(context, {grpc::StatusCode::PERMISSION_DENIED,
                               "only the channel's owner may invite"});
  }
  std::vector<EventLog::Change> changes = {
      {InvitedKey(channel, request->invitee()), user}};
  EventLog::Condition condition;
  if (!owner.ok()) {
    changes.push_back({OwnerKey(channel), user});
    condition.key = OwnerKey(channel);
  }
  grpc::ServerUnaryReactor* reactor = context->DefaultReactor();
  log_->Append(
      "", "", std::move(changes), std::move(condition),
      [reactor](const absl::Status& status, const std::string&) {
        // Another process claimed the channel at the same moment.
        reactor->Finish(absl::IsAlreadyExists(status)
                            ? grpc::Status(grpc::StatusCode::ABORTED,
                                           "the channel was just claimed")
                            : ToGrpc(status));
      });
  return reactor;
}

}  // namespace sse_bridge
