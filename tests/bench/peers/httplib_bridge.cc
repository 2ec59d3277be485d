// What one writes with cpp-httplib as it comes: a thread for each stream, one
// shared upstream call, one encoding for all.
//
//   httplib-bridge PORT BACKEND RATE PAD THREADS

#include <grpcpp/grpcpp.h>
#include <httplib.h>
#include <signal.h>
#include <sys/resource.h>

#include <condition_variable>
#include <cstdio>
#include <cstdlib>
#include <deque>
#include <memory>
#include <mutex>
#include <string>
#include <thread>

#include "load.grpc.pb.h"

namespace {

// A stream that is further behind leaves events out.
constexpr size_t kKept = 1000;

class Events {
 public:
  void Add(std::string frame) {
    const std::lock_guard<std::mutex> lock(mu_);
    kept_.push_back(std::make_shared<const std::string>(std::move(frame)));
    ++next_;
    if (kept_.size() > kKept) kept_.pop_front();
    more_.notify_all();
  }

  // The event at `*position`, or the oldest that is left.
  std::shared_ptr<const std::string> Wait(uint64_t* position) {
    std::unique_lock<std::mutex> lock(mu_);
    if (*position == 0) *position = next_;
    more_.wait(lock, [&] { return *position < next_; });
    *position = std::max(*position, next_ - kept_.size());
    const auto frame = kept_[kept_.size() - (next_ - *position)];
    ++*position;
    return frame;
  }

 private:
  std::mutex mu_;
  std::condition_variable more_;
  std::deque<std::shared_ptr<const std::string>> kept_;
  uint64_t next_ = 1;
};

void ReadUpstream(const std::string& backend, double rate, int pad,
                  Events* events) {
  const auto stub = load::v1::Load::NewStub(
      grpc::CreateChannel(backend, grpc::InsecureChannelCredentials()));
  grpc::ClientContext context;
  load::v1::TicksRequest request;
  request.set_rate(rate);
  request.set_pad(static_cast<uint32_t>(pad));
  const auto reader = stub->Ticks(&context, request);
  load::v1::Tick tick;
  while (reader->Read(&tick)) {
    events->Add("data: {\"t_ns\":\"" + std::to_string(tick.t_ns()) +
                "\",\"n\":" + std::to_string(tick.n()) + ",\"pad\":\"" +
                tick.pad() + "\"}\n\n");
  }
}

}  // namespace

int main(int argc, char** argv) {
  if (argc != 6) {
    std::fprintf(stderr,
                 "usage: httplib-bridge PORT BACKEND RATE PAD THREADS\n");
    return 2;
  }
  signal(SIGPIPE, SIG_IGN);
  rlimit limit;
  getrlimit(RLIMIT_NOFILE, &limit);
  limit.rlim_cur = limit.rlim_max;
  setrlimit(RLIMIT_NOFILE, &limit);
  Events events;
  std::thread(ReadUpstream, std::string(argv[2]), std::atof(argv[3]),
              std::atoi(argv[4]), &events)
      .detach();
  httplib::Server server;
  const auto threads = static_cast<size_t>(std::atoi(argv[5]));
  server.new_task_queue = [threads] {
    return new httplib::ThreadPool(threads);
  };
  server.set_tcp_nodelay(true);
  server.Get("/ticks", [&](const httplib::Request&, httplib::Response& answer) {
    answer.set_header("Cache-Control", "no-store");
    answer.set_chunked_content_provider(
        "text/event-stream", [&events, position = uint64_t{0}](
                                 size_t, httplib::DataSink& sink) mutable {
          const auto frame = events.Wait(&position);
          return sink.write(frame->data(), frame->size());
        });
  });
  return server.listen("127.0.0.1", std::atoi(argv[1])) ? 0 : 1;
}
