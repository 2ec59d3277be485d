#include <algorithm>
#include <tuple>
#include <vector>

#include "bridge/transcode/json_pass.h"

namespace sse_bridge {
namespace {

using google::protobuf::FieldDescriptor;
using json_text::kMaxNumberSize;

// The key of a map entry, for comparison.
struct MapKeyValue {
  uint64_t number = 0;
  absl::string_view text;

  bool operator<(const MapKeyValue& other) const {
    return std::tie(number, text) < std::tie(other.number, other.text);
  }
};

MapKeyValue ReadKey(const FieldTable& field, const char* in, const char* end) {
  MapKeyValue key;
  if (in == nullptr) return key;
  switch (field.kind) {
    case FieldDescriptor::TYPE_STRING:
      wire::ReadBytes(in, end, &key.text);
      break;
    case FieldDescriptor::TYPE_FIXED64:
    case FieldDescriptor::TYPE_SFIXED64:
      wire::ReadFixed(in, end, &key.number);
      break;
    case FieldDescriptor::TYPE_FIXED32:
    case FieldDescriptor::TYPE_SFIXED32: {
      uint32_t v = 0;
      wire::ReadFixed(in, end, &v);
      key.number = v;
      break;
    }
    case FieldDescriptor::TYPE_BOOL:
      wire::ReadVarint(in, end, &key.number);
      key.number = key.number != 0;
      break;
    case FieldDescriptor::TYPE_INT32:
    case FieldDescriptor::TYPE_UINT32:
    case FieldDescriptor::TYPE_SINT32:
      wire::ReadVarint(in, end, &key.number);
      key.number = static_cast<uint32_t>(key.number);
      break;
    default:
      wire::ReadVarint(in, end, &key.number);
  }
  return key;
}

}  // namespace

JsonPass::Step JsonPass::Map(const FieldTable& field, const char* in,
                             const char* end, char* out) {
  if (depth_left_ == 0) {
    return Fail(Result::kMalformed, "messages nest deeper than 100", out);
  }
  if (normalizer_ == nullptr && !KeysDiffer(field, in, end)) {
    return {nullptr, out};
  }
  --depth_left_;
  const FieldTable& key = field.message->fields[0];
  const FieldTable& value = field.message->fields[1];
  bool any = false;
  *out++ = '{';
  while (true) {
    absl::string_view bytes;
    in = wire::ReadBytes(in, end, &bytes);
    if (in == nullptr) return Malformed(out);
    const char* const stop = bytes.data() + bytes.size();
    Entry entry;
    if (!ReadEntry(*field.message, bytes.data(), stop, &entry)) {
      return {nullptr, out};
    }

    out = Reserve(out, kMaxNumberSize);
    const auto start = static_cast<size_t>(out - buffer_.Begin());
    Step step = MapKey(key, entry.key, stop, out);
    if (step.in == nullptr) return step;
    out = step.out;
    *out++ = ':';
    out = Reserve(out, kMaxNumberSize);
    step = entry.value == nullptr ? Default(value, stop, out)
                                  : Value(value, entry.value, stop, out);
    if (step.in == nullptr) return step;
    if (step.out == nullptr) {
      out = buffer_.Begin() + start;
    } else {
      out = step.out;
      *out++ = ',';
      any = true;
    }

    if (in == end) break;
    uint32_t tag;
    const char* const after = wire::ReadTag(in, end, &tag);
    if (after == nullptr) return Malformed(out);
    if (tag >> 3 != field.number || (tag & 7) != wire::kLength) break;
    in = after;
  }
  ++depth_left_;
  if (!any) return {in, nullptr};
  out[-1] = '}';
  return {in, out};
}

JsonPass::Step JsonPass::MapKey(const FieldTable& key, const char* in,
                                const char* end, char* out) {
  const bool quoted =
      key.kind == FieldDescriptor::TYPE_STRING ||
      key.descriptor->cpp_type() == FieldDescriptor::CPPTYPE_INT64 ||
      key.descriptor->cpp_type() == FieldDescriptor::CPPTYPE_UINT64;
  if (!quoted) *out++ = '"';
  const Step step =
      in == nullptr ? Default(key, end, out) : Value(key, in, end, out);
  if (step.in == nullptr || quoted) return step;
  *step.out = '"';
  return {step.in, step.out + 1};
}

bool JsonPass::ReadEntry(const MessageTable& type, const char* in,
                         const char* end, Entry* entry) {
  const FieldTable& key = type.fields[0];
  const FieldTable& value = type.fields[1];
  while (in != end) {
    uint32_t tag;
    in = wire::ReadTag(in, end, &tag);
    if (in != nullptr) {
      if (tag >> 3 == key.number && key.Accepts(tag & 7)) {
        if (entry->key != nullptr) {
          Unusual(nullptr);
          return false;
        }
        entry->key = in;
      } else if (tag >> 3 == value.number && value.Accepts(tag & 7)) {
        if (entry->value != nullptr) {
          Unusual(nullptr);
          return false;
        }
        entry->value = in;
      }
      in = wire::Skip(in, end, tag, depth_left_);
    }
    if (in == nullptr) {
      Malformed(nullptr);
      return false;
    }
  }
  return true;
}

// Returns whether all keys of the entries from `in` on are different. Otherwise
// the pass has failed.
bool JsonPass::KeysDiffer(const FieldTable& field, const char* in,
                          const char* end) {
  thread_local std::vector<MapKeyValue> keys;
  const FieldTable& key_field = field.message->fields[0];
  const char* const begin = in;
  // Most serialisers that order map entries sort them by key. Collect keys only
  // if they are not sorted.
  bool collect = false;
  bool sorted = true;
  MapKeyValue last;
  keys.clear();
  for (bool first = true;; first = false) {
    absl::string_view bytes;
    in = wire::ReadBytes(in, end, &bytes);
    if (in == nullptr) {
      Malformed(nullptr);
      return false;
    }
    const char* const stop = bytes.data() + bytes.size();
    Entry entry;
    if (!ReadEntry(*field.message, bytes.data(), stop, &entry)) return false;
    const MapKeyValue key = ReadKey(key_field, entry.key, stop);
    if (collect) {
      keys.push_back(key);
    } else if (!first && !(last < key)) {
      sorted = false;
    }
    last = key;

    uint32_t tag = 0;
    const char* const after =
        in == end ? nullptr : wire::ReadTag(in, end, &tag);
    if (after != nullptr && tag >> 3 == field.number &&
        (tag & 7) == wire::kLength && (sorted || collect)) {
      in = after;
      continue;
    }
    if (sorted) return true;
    if (collect) break;
    collect = true;
    in = begin;
  }
  std::sort(keys.begin(), keys.end());
  for (size_t i = 1; i < keys.size(); ++i) {
    if (!(keys[i - 1] < keys[i])) {
      Unusual(nullptr);
      return false;
    }
  }
  return true;
}

}  // namespace sse_bridge
