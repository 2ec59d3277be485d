#ifndef SSE_BRIDGE_BACKENDS_STREAM_MULTIPLEXED_CALL_H_
#define SSE_BRIDGE_BACKENDS_STREAM_MULTIPLEXED_CALL_H_

#include <grpcpp/grpcpp.h>

#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "absl/strings/string_view.h"
#include "absl/time/time.h"
#include "backends/stream/multiplexer_connection.h"
#include "sse/v1/multiplexer.pb.h"

namespace sse_bridge {

// What a handler knows of a call that came through the multiplexer, in place of
// a grpc::CallbackServerContext.
class MultiplexedCall {
 public:
  using Metadata = std::vector<std::pair<std::string, std::string>>;

  virtual ~MultiplexedCall() = default;

  // The client's; names are in lower case. Empty after the handler has
  // returned.
  const Metadata& metadata() const { return metadata_; }

  // When the call is cancelled; InfiniteFuture if it has no deadline.
  absl::Time deadline() const { return deadline_; }

  // Before StartSendInitialMetadata and the first write.
  void AddInitialMetadata(std::string name, std::string value) {
    initial_.emplace_back(std::move(name), std::move(value));
  }
  // Before Finish.
  void AddTrailingMetadata(std::string name, std::string value) {
    trailing_.emplace_back(std::move(name), std::move(value));
  }

 protected:
  friend class ServerConnection;

  Metadata metadata_;
  absl::Time deadline_ = absl::InfiniteFuture();
  Metadata initial_;
  Metadata trailing_;
};

// A stream of a ServerConnection. The connection serialises React; all else is
// called under its lock, or before the stream begins.
class ServerStream : public MultiplexedCall {
 public:
  // What is told to the handler's reactor. In the order in which they are told
  // if there are several.
  enum Reaction : uint8_t {
    kMetadataSent = 1,
    kWritten = 2,
    kWriteFailed = 4,
    kCancelled = 8,
    kDone = 16,
  };

  // Calls the handler.
  virtual void Run() = 0;
  virtual void React(Reaction reaction) = 0;
  // Appends the message that is being written.
  virtual void Serialize(std::string* bytes) = 0;
};

// Gives a handler's reactor what a gRPC call would: the reactor calls the
// writer, and the connection calls the reactor.
template <typename Request, typename Response>
class TypedServerStream final : public ServerStream,
                                public grpc::ServerCallbackWriter<Response> {
 public:
  using Handler = std::function<grpc::ServerWriteReactor<Response>*(
      MultiplexedCall*, const Request*)>;

  // `handler` must outlive the stream.
  TypedServerStream(std::shared_ptr<ServerConnection> connection,
                    uint64_t number, const Handler* handler)
      : connection_(std::move(connection)),
        number_(number),
        handler_(handler) {}

  Request* request() { return &request_; }

  void Run() override {
    reactor_ = (*handler_)(this, &request_);
    if (reactor_ == nullptr) {
      connection_->Finish(number_,
                          grpc::Status(grpc::StatusCode::UNIMPLEMENTED, ""));
      return;
    }
    // What the handler has started already begins now.
    this->BindReactor(reactor_);
  }

  void React(Reaction reaction) override {
    if (reactor_ == nullptr) return;
    switch (reaction) {
      case kMetadataSent:
        return reactor_->OnSendInitialMetadataDone(/*ok=*/true);
      case kWritten:
        return reactor_->OnWriteDone(/*ok=*/true);
      case kWriteFailed:
        return reactor_->OnWriteDone(/*ok=*/false);
      case kCancelled:
        return reactor_->OnCancel();
      case kDone:
        return reactor_->OnDone();  // it may delete itself
    }
  }

  void Serialize(std::string* bytes) override {
    message_->AppendToString(bytes);
  }

  // grpc::ServerCallbackWriter.
  void SendInitialMetadata() override {
    connection_->SendInitialMetadata(number_);
  }
  void Write(const Response* message, grpc::WriteOptions) override {
    message_ = message;
    connection_->Write(number_);
  }
  void WriteAndFinish(const Response* message, grpc::WriteOptions,
                      grpc::Status status) override {
    message_ = message;
    connection_->WriteAndFinish(number_, std::move(status));
  }
  void Finish(grpc::Status status) override {
    connection_->Finish(number_, std::move(status));
  }

 private:
  grpc::internal::ServerReactor* reactor() override { return reactor_; }
  void CallOnDone() override {}  // the connection does

  const std::shared_ptr<ServerConnection> connection_;
  const uint64_t number_;
  const Handler* const handler_;
  Request request_;
  grpc::ServerWriteReactor<Response>* reactor_ = nullptr;
  const Response* message_ = nullptr;
};

}  // namespace sse_bridge

#endif  // SSE_BRIDGE_BACKENDS_STREAM_MULTIPLEXED_CALL_H_
