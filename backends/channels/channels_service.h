#ifndef SSE_BRIDGE_BACKENDS_CHANNELS_CHANNELS_SERVICE_H_
#define SSE_BRIDGE_BACKENDS_CHANNELS_CHANNELS_SERVICE_H_

#include <string>

#include "absl/status/status.h"
#include "absl/time/time.h"
#include "backends/channels/presence.h"
#include "backends/event_log/event_log.h"
#include "backends/stream/stream_set.h"
#include "realtime/v1/channels.grpc.pb.h"

namespace sse_bridge {

// Chat channels. Messages are events of the channel's topic; joins, leaves and
// typing are broadcast and not stored.
class ChannelsService : public realtime::v1::Channels::CallbackService {
 public:
  // What may wait for one bridge in a channel's stream. All its members may
  // come at once, as after the restart of a bridge. Beyond it the stream ends
  // with UNAVAILABLE, after which the bridge resumes.
  static constexpr size_t kMaxWaiting = 20'000;
  // From here on typing is left out.
  static constexpr size_t kMaxWaitingTyping = 1000;

  // `log` and `sessions` must outlive the service and its calls. A user leaves
  // `presence_grace` after their last session ends. A session has the lease
  // that Join names, else `default_lease`.
  ChannelsService(EventLog* log, Sessions* sessions,
                  absl::Duration presence_grace, absl::Duration default_lease);

  grpc::ServerWriteReactor<realtime::v1::ChannelStreamEvent>* StreamChannel(
      grpc::CallbackServerContext* context,
      const realtime::v1::StreamChannelRequest* request) override;
  grpc::ServerUnaryReactor* Join(grpc::CallbackServerContext* context,
                                 const realtime::v1::JoinRequest* request,
                                 realtime::v1::JoinResponse* response) override;
  grpc::ServerUnaryReactor* Leave(
      grpc::CallbackServerContext* context,
      const realtime::v1::LeaveRequest* request,
      realtime::v1::LeaveResponse* response) override;
  grpc::ServerUnaryReactor* SendMessage(
      grpc::CallbackServerContext* context,
      const realtime::v1::SendMessageRequest* request,
      realtime::v1::ChatMessage* response) override;
  grpc::ServerUnaryReactor* SendTyping(
      grpc::CallbackServerContext* context,
      const realtime::v1::SendTypingRequest* request,
      realtime::v1::SendTypingResponse* response) override;
  grpc::ServerUnaryReactor* ListMessages(
      grpc::CallbackServerContext* context,
      const realtime::v1::ListMessagesRequest* request,
      realtime::v1::ListMessagesResponse* response) override;
  grpc::ServerUnaryReactor* ListMembers(
      grpc::CallbackServerContext* context,
      const realtime::v1::ListMembersRequest* request,
      realtime::v1::ListMembersResponse* response) override;
  grpc::ServerUnaryReactor* Invite(
      grpc::CallbackServerContext* context,
      const realtime::v1::InviteRequest* request,
      realtime::v1::InviteResponse* response) override;
  grpc::ServerUnaryReactor* Remove(
      grpc::CallbackServerContext* context,
      const realtime::v1::RemoveRequest* request,
      realtime::v1::RemoveResponse* response) override;

  // Ends the open streams.
  void Shutdown() { streams_.Shutdown(); }

 private:
  using Stream = EventStream<realtime::v1::ChannelStreamEvent>;

  // Returns kPermissionDenied if the user may not be in the channel.
  absl::Status CheckAccess(const std::string& channel, const std::string& user);

  EventLog* const log_;  // must outlive this object
  const absl::Duration default_lease_;
  Presence presence_;
  StreamSet<realtime::v1::ChannelStreamEvent> streams_;
};

}  // namespace sse_bridge

#endif  // SSE_BRIDGE_BACKENDS_CHANNELS_CHANNELS_SERVICE_H_
