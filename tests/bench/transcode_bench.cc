// Wire bytes to JSON, four ways side by side, and how often each allocates:
// libprotobuf (generated class), libprotobuf (DynamicMessage), the bridge's
// encoder, and a pass written by hand for that one message.
//
// All see the same bytes; before anything is measured, the bridge's JSON is
// compared with that of the hand-written pass.

#include <benchmark/benchmark.h>
#include <google/protobuf/dynamic_message.h>
#include <google/protobuf/util/json_util.h>

#include <cstdio>
#include <cstdlib>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "absl/strings/str_cat.h"
#include "bridge/transcode/frame_encoder.h"
#include "bridge/transcode/json_encoder.h"
#include "realtime/v1/channels.pb.h"
#include "realtime/v1/metrics.pb.h"
#include "realtime/v1/notifications.pb.h"
#include "realtime/v1/prices.pb.h"
#include "realtime/v1/tasks.pb.h"
#include "tests/bench/counted_allocations.h"
#include "tests/bench/hand_coded.h"

namespace sse_bridge {
namespace {

using google::protobuf::Message;
using HandCoded = char* (*)(absl::string_view, char*);

constexpr int kLargeMessages = 200;
constexpr size_t kHandCodedBytes = 1 << 20;

struct Case {
  const char* name;
  std::unique_ptr<Message> message;
  HandCoded hand_coded;
};

void SetTime(google::protobuf::Timestamp* time) {
  time->set_seconds(1722430296);
  time->set_nanos(123456000);
}

realtime::v1::ChatMessage MakeChat(int i) {
  realtime::v1::ChatMessage chat;
  chat.set_id(absl::StrCat("0190f2a4-5b6c-7d8e-9f00-", 100000000000 + i));
  chat.set_channel("general");
  chat.set_user_id(absl::StrCat("user-", 1000 + i % 7));
  chat.set_username("Ada Lovelace");
  chat.set_content(i % 3 == 0 ? "Has anybody seen the \"new\" dashboard? \xf0"
                                "\x9f\x98\x80"
                              : "The deployment of the bridge is through, all "
                                "streams have come back.");
  SetTime(chat.mutable_timestamp());
  return chat;
}

std::vector<Case> MakeCases() {
  std::vector<Case> cases;
  {
    auto m = std::make_unique<realtime::v1::PriceUpdate>();
    m->set_symbol("AAPL");
    m->set_price(187.43);
    m->set_change(-0.27);
    SetTime(m->mutable_timestamp());
    cases.push_back({"PriceUpdate", std::move(m), hand_coded::PriceUpdate});
  }
  {
    auto m = std::make_unique<realtime::v1::Notification>();
    m->set_id("0190f2a4-5b6c-7d8e-9f00-112233445566");
    m->set_type("mention");
    m->set_title("Grace mentioned you");
    m->set_body("in general: \"could you have a look?\"");
    SetTime(m->mutable_created_at());
    cases.push_back({"Notification", std::move(m), hand_coded::Notification});
  }
  {
    auto m = std::make_unique<realtime::v1::ProgressUpdate>();
    m->set_task_id("import-2024-07-31");
    m->set_status("running");
    m->set_progress(0.42);
    m->set_message("42 of 100 files");
    cases.push_back(
        {"ProgressUpdate", std::move(m), hand_coded::ProgressUpdate});
  }
  {
    auto m = std::make_unique<realtime::v1::ChannelEvent>();
    m->set_type("message");
    m->mutable_payload()->PackFrom(MakeChat(1));
    cases.push_back({"ChannelEvent", std::move(m), hand_coded::ChannelEvent});
  }
  {
    auto m = std::make_unique<realtime::v1::DashboardMetrics>();
    SetTime(m->mutable_timestamp());
    m->set_active_users(1234);
    m->set_requests_per_sec(311.7);
    m->set_error_rate(1.0 / 311);
    m->set_avg_latency_ms(12.345678901);
    m->set_cpu_usage(1.0 / 3);
    m->set_memory_usage(0.5);
    cases.push_back(
        {"DashboardMetrics", std::move(m), hand_coded::DashboardMetrics});
  }
  {
    auto m = std::make_unique<realtime::v1::ListMessagesResponse>();
    for (int i = 0; i < kLargeMessages; ++i) *m->add_messages() = MakeChat(i);
    m->set_next_page_token("200");
    cases.push_back({"Large", std::move(m), hand_coded::ListMessagesResponse});
  }
  return cases;
}

// The services' own choice.
JsonOptions Options() {
  JsonOptions options;
  options.preserve_proto_field_names = true;
  options.always_print_fields_with_no_presence = true;
  return options;
}

google::protobuf::util::JsonPrintOptions TheirOptions() {
  google::protobuf::util::JsonPrintOptions options;
  options.preserve_proto_field_names = true;
  options.always_print_primitive_fields = true;
  return options;
}

// Runs `body` and counts what it allocates, after a first run that may grow
// what is kept.
template <typename Body>
void Measure(benchmark::State& state, const Body& body) {
  body();
  const int64_t before = Allocations();
  for (auto _ : state) body();
  state.counters["allocs"] =
      benchmark::Counter(static_cast<double>(Allocations() - before),
                         benchmark::Counter::kAvgIterations);
}

void Libprotobuf(benchmark::State& state, const Message* prototype,
                 const std::string* wire) {
  const auto options = TheirOptions();
  const std::unique_ptr<Message> message(prototype->New());
  std::string json;
  Measure(state, [&] {
    json.clear();
    if (!message->ParseFromString(*wire) ||
        !google::protobuf::util::MessageToJsonString(*message, &json, options)
             .ok()) {
      std::abort();
    }
    benchmark::DoNotOptimize(json.data());
  });
}

void Bridge(benchmark::State& state, const JsonEncoder* encoder,
            const MessageTable* type, const std::string* wire) {
  std::string json;
  Measure(state, [&] {
    json.clear();
    if (!encoder->Encode(type, *wire, &json).ok()) std::abort();
    benchmark::DoNotOptimize(json.data());
  });
}

void Frame(benchmark::State& state, const FrameEncoder* frames,
           const std::string* wire) {
  EncodedFrame frame;
  Measure(state, [&] {
    if (!frames->Encode({*wire}, &frame).ok()) std::abort();
    benchmark::DoNotOptimize(frame.payload.data());
  });
}

void ByHand(benchmark::State& state, HandCoded hand_coded,
            const std::string* wire) {
  // As the bridge's encoder does, it hands over a string.
  std::vector<char> buffer(kHandCodedBytes);
  std::string json;
  Measure(state, [&] {
    const char* const end = hand_coded(*wire, buffer.data());
    if (end == nullptr) std::abort();
    json.assign(buffer.data(), static_cast<size_t>(end - buffer.data()));
    benchmark::DoNotOptimize(json.data());
  });
}

// Prints as ever, and keeps the times for the ratios.
class Reporter : public benchmark::ConsoleReporter {
 public:
  Reporter() : ConsoleReporter(OO_Tabular) {}

  void ReportRuns(const std::vector<Run>& runs) override {
    for (const Run& run : runs) {
      const bool aggregate = run.run_type == Run::RT_Aggregate;
      if (aggregate && run.aggregate_name != "median") continue;
      Result& result = results_[run.run_name.function_name];
      result.nanoseconds = run.GetAdjustedCPUTime();
      const auto counter = run.counters.find("allocs");
      if (counter != run.counters.end()) result.allocs = counter->second;
    }
    ConsoleReporter::ReportRuns(runs);
  }

  void PrintRatios(const std::vector<Case>& cases) {
    std::printf("\n%-18s %12s %12s %12s %12s %10s %10s %8s\n", "",
                "libprotobuf", "dynamic", "by hand", "bridge", "faster by",
                "of limit", "allocs");
    for (const Case& c : cases) {
      const Result bridge = results_[absl::StrCat(c.name, "/bridge")];
      const Result theirs = results_[absl::StrCat(c.name, "/libprotobuf")];
      const Result dynamic = results_[absl::StrCat(c.name, "/dynamic")];
      const Result hand = results_[absl::StrCat(c.name, "/by_hand")];
      if (bridge.nanoseconds == 0 || hand.nanoseconds == 0) continue;
      std::printf(
          "%-18s %9.0f ns %9.0f ns %9.0f ns %9.0f ns %9.1fx %9.2fx %8.3f\n",
          c.name, theirs.nanoseconds, dynamic.nanoseconds, hand.nanoseconds,
          bridge.nanoseconds, theirs.nanoseconds / bridge.nanoseconds,
          bridge.nanoseconds / hand.nanoseconds, bridge.allocs);
    }
  }

 private:
  struct Result {
    double nanoseconds = 0;
    double allocs = 0;
  };
  std::map<std::string, Result> results_;
};

int Main(int argc, char** argv) {
  benchmark::Initialize(&argc, argv);
  const std::vector<Case> cases = MakeCases();
  const auto* const pool = google::protobuf::DescriptorPool::generated_pool();
  const std::shared_ptr<const JsonEncoder> encoder =
      JsonEncoder::Create(pool, Options());
  google::protobuf::DynamicMessageFactory factory;
  std::vector<std::unique_ptr<std::string>> wires;
  std::vector<std::unique_ptr<FrameEncoder>> frames;
  for (const Case& c : cases) {
    wires.push_back(
        std::make_unique<std::string>(c.message->SerializeAsString()));
    const std::string* const wire = wires.back().get();
    const auto* const descriptor = c.message->GetDescriptor();
    const MessageTable* const type = encoder->TableFor(descriptor);

    std::string json;
    if (!encoder->EncodeFast(type, *wire, &json).ok()) std::abort();
    std::string by_hand(kHandCodedBytes, '\0');
    by_hand.resize(static_cast<size_t>(c.hand_coded(*wire, by_hand.data()) -
                                       by_hand.data()));
    if (json != by_hand) {
      std::fprintf(stderr, "%s differs:\n%s\n%s\n", c.name, json.c_str(),
                   by_hand.c_str());
      return 1;
    }

    FrameEncoder::Options frame_options;
    frame_options.response = descriptor;
    frame_options.event = "message";
    auto made = FrameEncoder::Create(encoder, frame_options);
    if (!made.ok()) std::abort();
    frames.push_back(*std::move(made));

    const std::string name = c.name;
    benchmark::RegisterBenchmark((name + "/libprotobuf").c_str(), Libprotobuf,
                                 c.message.get(), wire);
    benchmark::RegisterBenchmark((name + "/dynamic").c_str(), Libprotobuf,
                                 factory.GetPrototype(descriptor), wire);
    benchmark::RegisterBenchmark((name + "/by_hand").c_str(), ByHand,
                                 c.hand_coded, wire);
    benchmark::RegisterBenchmark((name + "/bridge").c_str(), Bridge,
                                 encoder.get(), type, wire);
    benchmark::RegisterBenchmark((name + "/frame").c_str(), Frame,
                                 frames.back().get(), wire);
  }
  Reporter reporter;
  benchmark::RunSpecifiedBenchmarks(&reporter);
  reporter.PrintRatios(cases);
  return 0;
}

}  // namespace
}  // namespace sse_bridge

int main(int argc, char** argv) { return sse_bridge::Main(argc, argv); }
