#include "bridge/upstream/multiplexer/multiplexer_wire.h"

#include "google/protobuf/wire_format_lite.h"
#include "sse/v1/multiplexer.pb.h"

namespace sse_bridge {
namespace {

using google::protobuf::internal::WireFormatLite;
using google::protobuf::io::CodedInputStream;
using sse::v1::Frame;
using sse::v1::ToBridge;

constexpr uint32_t Delimited(int number) {
  return static_cast<uint32_t>(number) << 3 |
         WireFormatLite::WIRETYPE_LENGTH_DELIMITED;
}

constexpr uint32_t kStreamTag = static_cast<uint32_t>(Frame::kStreamFieldNumber)
                                    << 3 |
                                WireFormatLite::WIRETYPE_VARINT;

CodedInputStream Stream(absl::string_view bytes) {
  return CodedInputStream(reinterpret_cast<const uint8_t*>(bytes.data()),
                          static_cast<int>(bytes.size()));
}

// Reads the length and bytes of a field. The stream is over one array.
bool ReadView(CodedInputStream* in, absl::string_view* view) {
  int size;
  if (!in->ReadVarintSizeAsInt(&size)) return false;
  if (size == 0) {
    *view = absl::string_view();
    return true;
  }
  const void* data;
  int available;
  if (!in->GetDirectBufferPointer(&data, &available) || available < size) {
    return false;
  }
  *view = absl::string_view(static_cast<const char*>(data),
                            static_cast<size_t>(size));
  return in->Skip(size);
}

bool ReadFrame(absl::string_view bytes, MultiplexerFrame* frame) {
  *frame = MultiplexerFrame();
  CodedInputStream in = Stream(bytes);
  while (const uint32_t tag = in.ReadTag()) {
    bool read;
    switch (tag) {
      case kStreamTag:
        read = in.ReadVarint64(&frame->stream);
        break;
      case Delimited(Frame::kOpenedFieldNumber):
        frame->kind = MultiplexerFrame::Kind::kOpened;
        read = ReadView(&in, &frame->payload);
        break;
      case Delimited(Frame::kMessageFieldNumber):
        frame->kind = MultiplexerFrame::Kind::kMessage;
        read = ReadView(&in, &frame->payload);
        break;
      case Delimited(Frame::kEndFieldNumber):
        frame->kind = MultiplexerFrame::Kind::kEnd;
        read = ReadView(&in, &frame->payload);
        break;
      default:
        read = WireFormatLite::SkipField(&in, tag);
    }
    if (!read) return false;
  }
  return in.ConsumedEntireMessage();
}

}  // namespace

ToBridgeReader::ToBridgeReader(absl::string_view bytes) : in_(Stream(bytes)) {}

ToBridgeReader::Part ToBridgeReader::Next() {
  while (const uint32_t tag = in_.ReadTag()) {
    switch (tag) {
      case Delimited(ToBridge::kHelloFieldNumber):
        return ReadView(&in_, &hello_) ? Part::kHello : Part::kMalformed;
      case Delimited(ToBridge::kFramesFieldNumber): {
        absl::string_view bytes;
        return ReadView(&in_, &bytes) && ReadFrame(bytes, &frame_)
                   ? Part::kFrame
                   : Part::kMalformed;
      }
      case static_cast<uint32_t>(ToBridge::kPongFieldNumber) << 3 |
          WireFormatLite::WIRETYPE_VARINT: {
        uint64_t value;
        return in_.ReadVarint64(&value) ? Part::kPong : Part::kMalformed;
      }
      default:
        if (!WireFormatLite::SkipField(&in_, tag)) return Part::kMalformed;
    }
  }
  return in_.ConsumedEntireMessage() ? Part::kEnd : Part::kMalformed;
}

}  // namespace sse_bridge
