#include "bridge/delivery/gzip_run.h"

namespace sse_bridge {
namespace {

// The memory of larger runs is released.
constexpr size_t kMaxKeptBytes = 256 << 10;

}  // namespace

absl::string_view GzipRun::Form::Wire(bool chunk) const {
  if (parts.size() > 1) return chunked;
  const Frame& frame = *parts.front().wire;
  return chunk ? frame.chunked() : frame.payload();
}

void GzipRun::Clear() {
  run_ = {};
  for (Form* form : {&in_step_, &others_}) {
    form->parts.clear();
    form->pinned.reset();
    if (form->chunked.capacity() > kMaxKeptBytes) *form = Form();
  }
}

const GzipRun::Form& GzipRun::FormFor(const GzipStream& stream) {
  const Deflated* const first = run_.front()->deflated();
  const bool in_step = first != nullptr && stream.CanUse(*first);
  Form* const form = in_step ? &in_step_ : &others_;
  if (form->parts.empty()) Make(stream, form);
  return *form;
}

const FramePtr& GzipRun::Pinned(const Form& form,
                                std::vector<FramePtr>* pinned) {
  Form* const own = &form == &in_step_ ? &in_step_ : &others_;
  if (own->pinned) return own->pinned;
  if (own->parts.size() == 1) {
    own->pinned = own->parts.front().wire;
  } else {
    std::string payloads;
    payloads.reserve(own->wire_bytes);
    for (const Form::Part& part : own->parts) {
      payloads.append(part.wire->payload().data(), part.wire->size());
    }
    own->pinned = Frame::Create(payloads, {.is_event = false});
  }
  pinned->push_back(own->pinned);
  return own->pinned;
}

void GzipRun::Make(GzipStream stream, Form* form) {
  StoredFrames stored;
  form->piece = GzipPiece();
  form->chunked.clear();
  form->plain_bytes = form->wire_bytes = 0;
  form->parts.reserve(run_.size());
  for (const FramePtr& frame : run_) {
    const Deflated* const deflated = frame->deflated();
    const bool usable = deflated != nullptr && stream.CanUse(*deflated);
    const uint64_t position = usable ? deflated->position : 0;
    const GzipPiece piece =
        deflated != nullptr ? deflated->piece : GzipPiece::Of(frame->payload());
    stream.Add(piece, position);
    form->piece = form->parts.empty() ? piece : form->piece.Then(piece);
    form->position = position;
    form->parts.push_back(
        {usable ? deflated->frame : stored.Of(frame), piece, position});
    const Frame& wire = *form->parts.back().wire;
    form->plain_bytes += frame->size();
    form->wire_bytes += wire.size();
    if (run_.size() > 1) {
      form->chunked.append(wire.chunked().data(), wire.chunked().size());
    }
  }
}

}  // namespace sse_bridge
