#include "backends/channels/channels_service.h"

#include <algorithm>
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
constexpr size_t kMaxSessionBytes = 128;
constexpr absl::Duration kMaxLease = absl::Hours(24);

std::string Topic(const std::string& channel) {
  return LogKey({"channel", channel});
}
std::string OwnerKey(const std::string& channel) {
  return LogKey({"channel-owner", channel});
}
std::string InvitedKey(const std::string& channel, const std::string& user) {
  return LogKey({"channel-invited", channel, user});
}

absl::Duration LeaseOf(const realtime::v1::JoinRequest& request,
                       absl::Duration otherwise) {
  const absl::Duration lease = absl::Seconds(request.lease().seconds()) +
                               absl::Nanoseconds(request.lease().nanos());
  return lease > absl::ZeroDuration() ? std::min(lease, kMaxLease) : otherwise;
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

// The message in a payload of the log, and who receives it besides its sender.
ChatMessage ReadMessage(const std::string& payload,
                        realtime::v1::Recipients* recipients) {
  ChatMessage message;
  message.ParseFromString(payload);
  message.DiscardUnknownFields();
  recipients->ParseFromString(payload);
  return message;
}

bool Receives(const std::string& user, const ChatMessage& message,
              const realtime::v1::Recipients& recipients) {
  return recipients.to().empty() || message.user_id() == user ||
         std::find(recipients.to().begin(), recipients.to().end(), user) !=
             recipients.to().end();
}

ChannelStreamEvent MessageEvent(const LoggedEvent& logged) {
  realtime::v1::Recipients recipients;
  const ChatMessage message = ReadMessage(logged.payload, &recipients);
  ChannelStreamEvent event = MakeEvent("message", "message", message);
  event.set_cursor(logged.cursor);
  if (!recipients.to().empty()) {
    *event.mutable_only_to() = recipients.to();
    event.add_only_to(message.user_id());
  }
  return event;
}

// Notifies everybody in the channel except the user.
void Tell(EventLog* log, const Member& member, ChannelStreamEvent event) {
  event.set_not_to(member.user);
  log->Broadcast(Topic(member.channel), event.SerializeAsString());
}

}  // namespace

ChannelsService::ChannelsService(EventLog* log, Sessions* sessions,
                                 absl::Duration presence_grace,
                                 absl::Duration default_lease)
    : log_(log),
      default_lease_(default_lease),
      presence_(presence_grace, sessions,
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
  auto stream = Stream::Create(kMaxWaiting);
  const std::string topic = Topic(request->channel());
  std::string cursor = request->cursor();
  absl::Status found;
  if (cursor.empty()) {
    auto head = log_->Head(topic);
    found = head.status();
    if (head.ok()) cursor = *std::move(head);
  } else {
    found = ReadFrom(log_, topic, request->from_oldest(), &cursor).status();
  }
  if (!found.ok()) {
    stream->Finish(ReadError(found, log_, topic));
    return stream->reactor();
  }
  stream->Open();
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
  reader.broadcast = [weak](const std::string& payload) {
    auto stream = weak.lock();
    ChannelStreamEvent event;
    if (stream == nullptr || !event.ParseFromString(payload)) return;
    const size_t waiting = stream->waiting();
    if (waiting >= kMaxWaitingTyping && event.name() == "typing") return;
    if (waiting + 1 >= kMaxWaiting) {
      // A loss, after which the bridge resumes, for all members at once.
      stream->Finish({grpc::StatusCode::UNAVAILABLE,
                      "the bridge is too slow for this channel"});
      return;
    }
    stream->Send(std::move(event));
  };
  reader.failed = [weak, log = log_, topic](const absl::Status& status) {
    if (auto stream = weak.lock()) {
      stream->Finish(ReadError(status, log, topic));
    }
  };
  auto tail = LogTail::Start(log_, topic, cursor, std::move(reader));
  stream->SetCallbacks({[tail] { tail->Continue(); },
                        [this, tail, weak] {
                          tail->Stop();
                          if (auto stream = weak.lock()) {
                            streams_.Remove(stream);
                          }
                        }});
  tail->Continue();
  return stream->reactor();
}

grpc::ServerUnaryReactor* ChannelsService::Join(
    grpc::CallbackServerContext* context,
    const realtime::v1::JoinRequest* request,
    realtime::v1::JoinResponse* response) {
  const std::string& channel = request->channel();
  if (request->session().empty() ||
      request->session().size() > kMaxSessionBytes) {
    return FinishNow(context, {grpc::StatusCode::INVALID_ARGUMENT,
                               "session is needed, of at most 128 bytes"});
  }
  absl::Status joined = CheckAccess(channel, request->user_id());
  std::string cursor = request->cursor();
  if (joined.ok() && cursor.empty()) {
    // The greeting says where the user's stream begins. No message is missed
    // even if the stream breaks before its first one.
    auto head = log_->Head(Topic(channel));
    joined = head.status();
    if (head.ok()) cursor = *std::move(head);
  }
  if (joined.ok()) {
    joined = presence_.Enter({channel, request->user_id()}, request->session(),
                             LeaseOf(*request, default_lease_));
  }
  if (!joined.ok()) return FinishNow(context, ToGrpc(joined));
  realtime::v1::Joined payload;
  payload.set_channel(channel);
  *response->mutable_joined() = MakeEvent("joined", "system", payload);
  response->mutable_joined()->set_cursor(cursor);
  return FinishNow(context, grpc::Status::OK);
}

grpc::ServerUnaryReactor* ChannelsService::Leave(
    grpc::CallbackServerContext* context,
    const realtime::v1::LeaveRequest* request, realtime::v1::LeaveResponse*) {
  return FinishNow(
      context, ToGrpc(presence_.Leave({request->channel(), request->user_id()},
                                      request->session())));
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
  realtime::v1::Recipients recipients;
  *recipients.mutable_to() = request->to();
  grpc::ServerUnaryReactor* reactor = context->DefaultReactor();
  log_->Append(Topic(request->channel()),
               response->SerializeAsString() + recipients.SerializeAsString(),
               {}, {},
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
    realtime::v1::Recipients recipients;
    ChatMessage message = ReadMessage((*events)[i].payload, &recipients);
    if (Receives(request->user_id(), message, recipients)) {
      *response->add_messages() = std::move(message);
    }
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

grpc::ServerUnaryReactor* ChannelsService::Remove(
    grpc::CallbackServerContext* context,
    const realtime::v1::RemoveRequest* request, realtime::v1::RemoveResponse*) {
  const std::string& channel = request->channel();
  if (request->user_id().empty() || request->member().empty()) {
    return FinishNow(context, {grpc::StatusCode::INVALID_ARGUMENT,
                               "user_id and member are needed"});
  }
  if (!absl::StartsWith(channel, kPrivatePrefix)) {
    return FinishNow(context, {grpc::StatusCode::FAILED_PRECONDITION,
                               "everybody may join this channel"});
  }
  auto owner = log_->Get(OwnerKey(channel));
  if (!owner.ok() && !absl::IsNotFound(owner.status())) {
    return FinishNow(context, ToGrpc(owner.status()));
  }
  if (!owner.ok() || *owner != request->user_id()) {
    return FinishNow(context, {grpc::StatusCode::PERMISSION_DENIED,
                               "only the channel's owner may remove members"});
  }
  EventLog::Change removal;
  removal.key = InvitedKey(channel, request->member());
  removal.erase = true;
  grpc::ServerUnaryReactor* reactor = context->DefaultReactor();
  log_->Append("", "", {std::move(removal)}, {},
               [reactor](const absl::Status& status, const std::string&) {
                 reactor->Finish(ToGrpc(status));
               });
  return reactor;
}

}  // namespace sse_bridge
