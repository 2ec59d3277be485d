// realtime-backends as a program: health, drain, a full disk.

#include <grpcpp/generic/generic_stub.h>
#include <grpcpp/grpcpp.h>
#include <sys/resource.h>

#include <atomic>
#include <csignal>
#include <nlohmann/json.hpp>
#include <optional>
#include <set>
#include <thread>

#include "gtest/gtest.h"
#include "tests/integration/bridge_processes.h"
#include "tests/integration/expectations.h"

namespace sse_bridge::testing {
namespace {

using nlohmann::json;

constexpr int kServing = 1;
constexpr int kNotServing = 2;

std::shared_ptr<grpc::Channel> ChannelTo(const Backends& backends) {
  return grpc::CreateChannel(backends.address,
                             grpc::InsecureChannelCredentials());
}

// A call of grpc.health.v1.Health, whose messages have one field each.
struct HealthCall {
  HealthCall(const std::shared_ptr<grpc::Channel>& channel,
             const std::string& method, const std::string& service)
      : stub(channel) {
    context.set_deadline(std::chrono::system_clock::now() +
                         std::chrono::seconds(20));
    call =
        stub.PrepareCall(&context, "/grpc.health.v1.Health/" + method, &queue);
    call->StartCall(this);
    Wait();
    std::string request;
    if (!service.empty()) {
      request =
          std::string("\x0a") + static_cast<char>(service.size()) + service;
    }
    grpc::Slice slice(request);
    call->WriteLast(grpc::ByteBuffer(&slice, 1), grpc::WriteOptions(), this);
    Wait();
  }
  ~HealthCall() {
    context.TryCancel();
    queue.Shutdown();
    void* tag;
    bool ok;
    while (queue.Next(&tag, &ok)) {
    }
  }

  bool Wait() {
    void* tag;
    bool ok = false;
    return queue.Next(&tag, &ok) && ok;
  }

  // The next answer's status; -1 at the end of the call.
  int Next() {
    grpc::ByteBuffer answer;
    call->Read(&answer, this);
    if (!Wait()) return -1;
    std::vector<grpc::Slice> slices;
    (void)answer.Dump(&slices);
    std::string bytes;
    for (const grpc::Slice& slice : slices) {
      bytes.append(reinterpret_cast<const char*>(slice.begin()), slice.size());
    }
    return bytes.size() == 2 && bytes[0] == 8 ? bytes[1] : 0;
  }

  grpc::GenericStub stub;
  grpc::ClientContext context;
  grpc::CompletionQueue queue;
  std::unique_ptr<grpc::GenericClientAsyncReaderWriter> call;
};

TEST(BackendsTest, HealthIsToldForEachServiceAndTurnsWhenDraining) {
  Backends backends("");
  const auto channel = ChannelTo(backends);
  for (const std::string service :
       {"", "realtime.v1.Prices", "realtime.v1.Notifications",
        "realtime.v1.Tasks", "realtime.v1.Channels", "realtime.v1.Metrics"}) {
    HealthCall check(channel, "Check", service);
    EXPECT_EQ(check.Next(), kServing) << service;
  }
  HealthCall unknown(channel, "Check", "no.such.Service");
  EXPECT_EQ(unknown.Next(), -1);
  HealthCall all(channel, "Watch", "");
  HealthCall tasks(channel, "Watch", "realtime.v1.Tasks");
  EXPECT_EQ(all.Next(), kServing);
  EXPECT_EQ(tasks.Next(), kServing);
  backends.process->Signal(SIGTERM);
  EXPECT_EQ(all.Next(), kNotServing);
  EXPECT_EQ(tasks.Next(), kNotServing);
}

TEST(BackendsTest, SigtermEndsStreamsWithUnavailableAndExitsWithZero) {
  Backends backends("");
  const auto channel = ChannelTo(backends);
  grpc::GenericStub stub(channel);
  grpc::ClientContext context;
  grpc::CompletionQueue queue;
  void* tag;
  bool ok;
  auto call =
      stub.PrepareCall(&context, "/realtime.v1.Metrics/StreamMetrics", &queue);
  call->StartCall(nullptr);
  ASSERT_TRUE(queue.Next(&tag, &ok) && ok);
  grpc::Slice nothing("");
  call->WriteLast(grpc::ByteBuffer(&nothing, 1), grpc::WriteOptions(), nullptr);
  ASSERT_TRUE(queue.Next(&tag, &ok) && ok);
  grpc::ByteBuffer answer;
  call->Read(&answer, nullptr);
  ASSERT_TRUE(queue.Next(&tag, &ok) && ok);
  backends.process->Signal(SIGTERM);
  do {
    call->Read(&answer, nullptr);
    ASSERT_TRUE(queue.Next(&tag, &ok));
  } while (ok);
  grpc::Status status;
  call->Finish(&status, nullptr);
  ASSERT_TRUE(queue.Next(&tag, &ok));
  EXPECT_EQ(status.error_code(), grpc::StatusCode::UNAVAILABLE);
  EXPECT_EQ(backends.process->Wait(), 0);
}

TEST(BackendsTest, ASecondSigtermEndsAtOnce) {
  Backends backends("", "127.0.0.1:0", {"--drain-timeout=60s"});
  const auto channel = ChannelTo(backends);
  // A call that outlasts the drain: nobody finishes a watch.
  HealthCall watch(channel, "Watch", "");
  EXPECT_EQ(watch.Next(), kServing);
  backends.process->Signal(SIGTERM);
  EXPECT_EQ(watch.Next(), kNotServing);
  backends.process->Signal(SIGTERM);
  EXPECT_EQ(backends.process->Wait(), 128 + SIGTERM);
}

TEST(BackendsTest, WrongOptionsAreNamed) {
  for (const std::string option :
       {"--store=postgres://x", "--store=redis://h:x",
        "--store=redis://127.0.0.1:1", "--presence-lease=1ms",
        "--history-max-events=0", "--history-max-age=0s", "--listen=x"}) {
    const CommandResult result =
        TryCommand(BackendsProgram() + " " + option + " 2>&1");
    EXPECT_EQ(result.code, 2) << option;
    EXPECT_NE(result.output.find(option.substr(0, option.find('='))),
              std::string::npos)
        << result.output;
  }
}

// The disk is full: who is told so has nothing stored, who is not has.
TEST(BackendsTest, AFullDiskIsToldAndNothingAcknowledgedIsMissing) {
  TemporaryDirectory store;
  Backends backends(store.path());
  Bridge bridge(backends.address);
  const std::string ann = bridge.Token(
      "ann", "--scope notifications:read --scope notifications:write");
  const auto limit_files = [&](rlim_t bytes) {
    rlimit limit = {bytes, RLIM_INFINITY};
    ASSERT_EQ(prlimit(backends.process->pid(), RLIMIT_FSIZE, &limit, nullptr),
              0);
  };
  const json body = {
      {"user_id", "ann"}, {"title", "t"}, {"body", std::string(4000, 'x')}};
  std::set<std::string> stored;
  const auto post = [&] {
    HttpAnswer answer = bridge.Call("POST", "/notifications", ann, body.dump());
    if (answer.status == 200) {
      stored.insert(json::parse(answer.body)["id"].get<std::string>());
    }
    return answer;
  };
  ASSERT_EQ(post().status, 200);
  limit_files(1 << 20);
  HttpAnswer refused;
  for (int i = 0; i < 2000 && refused.status == 0; ++i) {
    HttpAnswer answer = post();
    if (answer.status != 200) refused = std::move(answer);
  }
  ExpectError(refused, 429, "nothing was stored");
  // Streams still open while it lasts.
  HttpConnection early = bridge.Stream("/notifications/stream", ann);
  EXPECT_EQ(early.Event().event, "unread");
  ExpectError(post(), 429, "nothing was stored");

  limit_files(RLIM_INFINITY);
  const HttpAnswer last = post();
  ASSERT_EQ(last.status, 200) << last.body;
  const std::string last_id = json::parse(last.body)["id"];
  backends.process->Signal(SIGKILL);
  backends.process->Wait();
  backends = Backends(store.path(), backends.address);
  std::optional<HttpConnection> stream;
  WaitFor("the backends", [&] {
    stream.emplace(bridge.address);
    stream->Send(bridge.Request("GET", "/notifications/stream", ann));
    return stream->ReadHead().status == 200;
  });
  std::multiset<std::string> seen;
  for (std::string id; id != last_id;) {
    const json data = Data(stream->Event());
    ASSERT_TRUE(data.contains("id")) << data;
    id = data["id"];
    seen.insert(id);
  }
  EXPECT_EQ(std::multiset<std::string>(stored.begin(), stored.end()), seen);
}

}  // namespace
}  // namespace sse_bridge::testing
