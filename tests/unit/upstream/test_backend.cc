#include "tests/unit/upstream/test_backend.h"

#include <grpcpp/generic/async_generic_service.h>
#include <grpcpp/health_check_service_interface.h>
#include <grpcpp/security/server_credentials.h>
#include <grpcpp/server.h>
#include <grpcpp/server_builder.h>

#include <map>
#include <utility>

#include "absl/base/thread_annotations.h"
#include "absl/strings/str_cat.h"
#include "bridge/base/mutex.h"
#include "tests/support/reserved_port.h"

namespace sse_bridge {

struct TestBackend::State {
  mutable Mutex mu;
  std::map<std::string, Script> answers ABSL_GUARDED_BY(mu);
  Seen seen ABSL_GUARDED_BY(mu);
};

namespace {

grpc::ByteBuffer Buffer(const std::string& bytes) {
  const grpc::Slice slice(bytes);
  return grpc::ByteBuffer(&slice, 1);
}

std::string Flatten(const grpc::ByteBuffer& buffer) {
  grpc::Slice slice;
  if (!buffer.DumpToSingleSlice(&slice).ok()) return "";
  return std::string(reinterpret_cast<const char*>(slice.begin()),
                     slice.size());
}

class ScriptReactor final : public grpc::ServerGenericBidiReactor {
 public:
  ScriptReactor(TestBackend::State* state, TestBackend::Script script,
                grpc::GenericCallbackServerContext* context,
                bool counted = true)
      : state_(state),
        script_(std::move(script)),
        context_(context),
        counted_(counted) {
    StartRead(&request_);
  }

  void OnReadDone(bool ok) override {
    const std::string request = Flatten(request_);
    if (ok && counted_) {
      MutexLock lock(&state_->mu);
      state_->seen.request = request;
      state_->seen.requests.push_back(request);
    }
    MutexLock lock(&mu_);
    if (ended_) return;  // cancelled meanwhile: nothing may follow Finish
    answer_ = script_(request);
    for (const auto& [name, value] : answer_.initial) {
      context_->AddInitialMetadata(name, value);
    }
    if (answer_.open_first) {
      StartSendInitialMetadata();
    } else {
      StepLocked();
    }
  }

  void OnSendInitialMetadataDone(bool ok) override {
    if (ok) {
      Step();
    } else {
      End();
    }
  }

  void OnWriteDone(bool ok) override {
    if (!ok) {
      End();
      return;
    }
    {
      MutexLock lock(&state_->mu);
      ++state_->seen.written;
    }
    Step();
  }

  void OnCancel() override {
    if (counted_) {
      MutexLock lock(&state_->mu);
      ++state_->seen.cancelled;
    }
    End();
  }

  void OnDone() override { delete this; }

 private:
  void Step() {
    MutexLock lock(&mu_);
    StepLocked();
  }

  void StepLocked() ABSL_EXCLUSIVE_LOCKS_REQUIRED(mu_) {
    if (ended_) return;
    if (next_ < answer_.messages.size()) {
      buffer_ = Buffer(answer_.messages[next_++]);
      StartWrite(&buffer_);
    } else if (answer_.endless_bytes > 0) {
      buffer_ = Buffer(std::string(answer_.endless_bytes, 'x'));
      StartWrite(&buffer_);
    } else if (!answer_.stay) {
      EndLocked();
    }
  }

  void End() {
    MutexLock lock(&mu_);
    EndLocked();
  }

  void EndLocked() ABSL_EXCLUSIVE_LOCKS_REQUIRED(mu_) {
    if (std::exchange(ended_, true)) return;
    for (const auto& [name, value] : answer_.trailing) {
      context_->AddTrailingMetadata(name, value);
    }
    Finish(grpc::Status(static_cast<grpc::StatusCode>(answer_.code),
                        answer_.message, answer_.details));
  }

  TestBackend::State* const state_;
  const TestBackend::Script script_;
  grpc::GenericCallbackServerContext* const context_;
  const bool counted_;  // in the recorded metadata
  Answer answer_;       // chosen before anything is sent; then constant
  grpc::ByteBuffer request_;
  grpc::ByteBuffer buffer_;
  size_t next_ = 0;
  Mutex mu_;
  bool ended_ ABSL_GUARDED_BY(mu_) = false;
};

class ScriptService final : public grpc::CallbackGenericService {
 public:
  explicit ScriptService(TestBackend::State* state) : state_(state) {}

  grpc::ServerGenericBidiReactor* CreateReactor(
      grpc::GenericCallbackServerContext* context) override {
    TestBackend::Script script;
    {
      MutexLock lock(&state_->mu);
      TestBackend::Seen& seen = state_->seen;
      const bool health = context->method() == "/grpc.health.v1.Health/Check";
      if (health) ++seen.questions;
      // A bridge asks for the multiplexer before its first stream.
      if (health || context->method() == "/sse.v1.Multiplexer/Connect") {
        return new ScriptReactor(
            state_,
            [](const std::string&) {
              return Answer{.code = grpc::StatusCode::UNIMPLEMENTED};
            },
            context, /*counted=*/false);
      }
      ++seen.started;
      seen.path = context->method();
      seen.host = context->host();
      seen.has_deadline =
          context->deadline() != std::chrono::system_clock::time_point::max();
      seen.peers.insert(context->peer());
      seen.metadata.clear();
      for (const auto& [name, value] : context->client_metadata()) {
        seen.metadata.emplace_back(std::string(name.data(), name.size()),
                                   std::string(value.data(), value.size()));
      }
      const auto found = state_->answers.find(context->method());
      if (found != state_->answers.end()) {
        script = found->second;
      } else {
        script = [](const std::string&) {
          return Answer{.code = grpc::StatusCode::UNIMPLEMENTED};
        };
      }
    }
    return new ScriptReactor(state_, std::move(script), context);
  }

 private:
  TestBackend::State* const state_;
};

}  // namespace

struct TestBackend::Rep {
  std::string host;
  State state;
  ScriptService service{&state};
  int port = 0;
  std::unique_ptr<grpc::Server> server;
  // Keeps the port after the server has stopped.
  std::unique_ptr<testing::ReservedPort> reserved;
};

TestBackend::TestBackend(Options options) : rep_(std::make_unique<Rep>()) {
  rep_->host = options.host;
  grpc::EnableDefaultHealthCheckService(options.health);
  grpc::ServerBuilder builder;
  builder.AddListeningPort(absl::StrCat(options.host, ":", options.port),
                           grpc::InsecureServerCredentials(), &rep_->port);
  if (options.max_concurrent_streams > 0) {
    builder.AddChannelArgument(GRPC_ARG_MAX_CONCURRENT_STREAMS,
                               options.max_concurrent_streams);
  }
  if (options.min_ping_interval_ms > 0) {
    builder.AddChannelArgument(
        GRPC_ARG_HTTP2_MIN_RECV_PING_INTERVAL_WITHOUT_DATA_MS,
        options.min_ping_interval_ms);
  }
  builder.SetMaxSendMessageSize(-1);
  builder.RegisterCallbackGenericService(&rep_->service);
  rep_->server = builder.BuildAndStart();
  if (options.host == "127.0.0.1") {
    rep_->reserved = std::make_unique<testing::ReservedPort>(rep_->port);
  }
}

TestBackend::~TestBackend() { Stop(); }

int TestBackend::port() const { return rep_->port; }

std::string TestBackend::address() const {
  return absl::StrCat(rep_->host, ":", rep_->port);
}

void TestBackend::Set(absl::string_view path, Answer answer) {
  Set(path,
      [answer = std::move(answer)](const std::string&) { return answer; });
}

void TestBackend::Set(absl::string_view path, Script script) {
  MutexLock lock(&rep_->state.mu);
  rep_->state.answers[std::string(path)] = std::move(script);
}

void TestBackend::SetServing(bool serving) {
  rep_->server->GetHealthCheckService()->SetServingStatus(serving);
}

TestBackend::Seen TestBackend::seen() const {
  MutexLock lock(&rep_->state.mu);
  return rep_->state.seen;
}

void TestBackend::Stop() {
  if (rep_->server == nullptr) return;
  rep_->server->Shutdown(std::chrono::system_clock::now());
  rep_->server->Wait();
  rep_->server.reset();
}

}  // namespace sse_bridge
