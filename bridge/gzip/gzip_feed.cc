#include "bridge/gzip/gzip_feed.h"

#include <zlib.h>

#include <atomic>
#include <utility>

namespace sse_bridge {
namespace {

struct Sizes {
  int window_bits;
  int memory_level;
};

Sizes SizesOf(GzipFeed::Context context) {
  return context == GzipFeed::Context::kLarge ? Sizes{15, 8} : Sizes{12, 5};
}

// Positions consist of the number of a compressor and that of an event.
constexpr int kEventBits = 32;
constexpr uint64_t kMaxEvents = (uint64_t{1} << kEventBits) - 2;

uint64_t NewPositions() {
  static std::atomic<uint32_t> last{0};
  uint32_t number = 0;
  while (number == 0) number = last.fetch_add(1, std::memory_order_relaxed) + 1;
  return static_cast<uint64_t>(number) << kEventBits;
}

// What zlib needs besides its tables, generously.
constexpr size_t kStateBytes = 8 << 10;
// Most events need less.
constexpr size_t kRoomBytes = 4 << 10;

}  // namespace

struct GzipFeed::Stream {
  z_stream z = {};
  bool ready = false;  // there was memory for it
};

size_t GzipFeed::MemoryOf(Context context) {
  const Sizes sizes = SizesOf(context);
  return (size_t{1} << (sizes.window_bits + 2)) +
         (size_t{1} << (sizes.memory_level + 9)) + kStateBytes;
}

std::unique_ptr<GzipFeed> GzipFeed::Create(GzipBudget* budget,
                                           Context largest) {
  std::unique_ptr<GzipFeed> feed;
  if (largest == Context::kLarge &&
      budget->Take(MemoryOf(Context::kLarge), /*percent=*/50)) {
    feed.reset(new GzipFeed(budget, Context::kLarge));
  } else if (budget->Take(MemoryOf(Context::kSmall))) {
    feed.reset(new GzipFeed(budget, Context::kSmall));
  }
  if (feed != nullptr && !feed->stream_->ready) return nullptr;
  return feed;
}

GzipFeed::GzipFeed(GzipBudget* budget, Context context)
    : budget_(budget),
      memory_(MemoryOf(context)),
      stream_(std::make_unique<Stream>()),
      position_(NewPositions()) {
  const Sizes sizes = SizesOf(context);
  // A negative number of bits: blocks without a header or trailer.
  stream_->ready =
      ::deflateInit2(&stream_->z, Z_DEFAULT_COMPRESSION, Z_DEFLATED,
                     -sizes.window_bits, sizes.memory_level,
                     Z_DEFAULT_STRATEGY) == Z_OK;
}

GzipFeed::~GzipFeed() {
  if (stream_->ready) ::deflateEnd(&stream_->z);
  budget_->Give(memory_);
}

GzipFeed::Event GzipFeed::Compress(absl::string_view bytes, bool key_wanted,
                                   absl::Duration now, std::string* blocks) {
  z_stream& z = stream_->z;
  const bool full = (position_ & kMaxEvents) == kMaxEvents;
  const bool key = since_key_ == 0 || full ||
                   (key_wanted && (since_key_ >= kKeyEvents ||
                                   now - key_at_ >= kKeyInterval));
  if (key) {
    if (since_key_ > 0) ::deflateReset(&z);
    if (full) position_ = NewPositions();
    since_key_ = 0;
    key_at_ = now;
  }
  ++since_key_;
  z.next_in = reinterpret_cast<Bytef*>(const_cast<char*>(bytes.data()));
  z.avail_in = static_cast<uInt>(bytes.size());
  blocks->clear();
  char room[kRoomBytes];
  do {
    z.next_out = reinterpret_cast<Bytef*>(room);
    z.avail_out = sizeof(room);
    ::deflate(&z, Z_SYNC_FLUSH);
    blocks->append(room, sizeof(room) - z.avail_out);
  } while (z.avail_out == 0);  // until everything has been flushed
  return {.position = ++position_, .key = key};
}

}  // namespace sse_bridge
