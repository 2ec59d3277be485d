// A schedule: events of a feed, in runs, to clients that come, miss some,
// receive bytes of their own and end. What each client decodes must be what it
// was sent.

#include <array>
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/strings/string_view.h"
#include "bridge/delivery/gzip_run.h"
#include "bridge/delivery/gzip_stream.h"
#include "bridge/gzip/gzip_feed.h"
#include "tests/unit/gzip/inflater.h"

namespace {

using sse_bridge::Deflated;
using sse_bridge::Frame;
using sse_bridge::FramePtr;
using sse_bridge::GzipFeed;

constexpr size_t kClients = 4;
constexpr size_t kMaxSteps = 500;

void Require(bool holds) {
  if (!holds) std::abort();
}

struct Client {
  sse_bridge::GzipStream stream{sse_bridge::GzipSum()};
  std::string wire{sse_bridge::kGzipHeader};
  std::string plain;
};

void Add(const FramePtr& wire, const FramePtr& frame, Client* client) {
  absl::StrAppend(&client->wire, wire->payload());
  absl::StrAppend(&client->plain, frame->payload());
}

void End(Client* client) {
  absl::StrAppend(&client->wire, client->stream.End()->payload());
  sse_bridge::Inflater inflater;
  std::string decoded;
  Require(inflater.Add(client->wire, &decoded));
  Require(inflater.ended());
  Require(decoded == client->plain);
  *client = Client();
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  sse_bridge::GzipBudget budget(1 << 20);
  auto feed = GzipFeed::Create(&budget, GzipFeed::Context::kSmall);
  std::array<Client, kClients> clients;
  sse_bridge::StoredFrames stored;
  sse_bridge::GzipRun run;
  absl::Duration now;
  std::vector<FramePtr> frames;
  absl::string_view rest(reinterpret_cast<const char*>(data), size);
  for (size_t step = 0; step < kMaxSteps && rest.size() >= 2; ++step) {
    const auto what = static_cast<uint8_t>(rest[0]);
    const auto value = static_cast<uint8_t>(rest[1]);
    rest.remove_prefix(2);
    Client& client = clients[value % kClients];
    switch (what % 8) {
      case 0:
      case 1:
      case 2: {  // an event, of the input's own bytes
        std::string text(rest.substr(0, value));
        for (int i = what / 64; i > 0; --i) text += text;
        const FramePtr frame = Frame::Create(absl::StrCat("data: ", text));
        if (what % 8 != 2) {
          std::string blocks;
          const GzipFeed::Event event =
              feed->Compress(frame->payload(), what % 8 == 0, now, &blocks);
          auto deflated = std::make_unique<Deflated>();
          deflated->frame = Frame::Create(blocks);
          deflated->position = event.position;
          deflated->key = event.key;
          deflated->piece = sse_bridge::GzipPiece::Of(frame->payload());
          frame->SetDeflated(std::move(deflated));
        }
        frames.push_back(frame);
        break;
      }
      case 3: {  // the run, to the clients in the mask
        if (frames.empty()) break;
        run.Begin(frames);
        for (size_t i = 0; i < kClients; ++i) {
          if ((value >> i & 1) == 0) continue;
          const auto& form = run.FormFor(clients[i].stream);
          clients[i].stream.Add(form.piece, form.position);
          for (size_t j = 0; j < frames.size(); ++j) {
            Add(form.parts[j].wire, frames[j], &clients[i]);
          }
        }
        run.Clear();
        frames.clear();
        break;
      }
      case 4: {  // the run, one by one, without some
        for (size_t i = 0; i < frames.size(); ++i) {
          if ((value >> (i % 8) & 1) == 0) continue;
          Add(client.stream.Add(frames[i], &stored), frames[i], &client);
        }
        break;
      }
      case 5: {  // bytes of its own
        const FramePtr frame = Frame::Create(": ping\n\n");
        Add(client.stream.Add(frame, &stored), frame, &client);
        break;
      }
      case 6:
        now += absl::Seconds(value);
        break;
      default:
        if (value % 16 == 15) {  // another compressor
          feed = nullptr;
          feed = GzipFeed::Create(&budget, GzipFeed::Context::kLarge);
        } else {
          End(&client);
        }
    }
  }
  for (Client& client : clients) End(&client);
  return 0;
}
