#include "bridge/feed/packed_ids.h"

#include <algorithm>
#include <bit>
#include <cstdint>
#include <limits>

#include "absl/strings/ascii.h"
#include "absl/strings/str_cat.h"
#include "bridge/base/own_ids.h"

namespace sse_bridge {
namespace {

constexpr char kNumber = '\0';
constexpr size_t kMaxNumbers = 8;
// Limits the size of the common part, so that unpacking cannot exhaust memory.
constexpr size_t kMaxShape = 64;
// 10^19 - 1 fits into 64 bits.
constexpr size_t kMaxDigits = 19;

enum Look : uint8_t { kNone = 0, kAlike = 1, kOther = 2 };
constexpr int kLookBits = 2;

bool IsDigit(char c) {
  return absl::ascii_isdigit(static_cast<unsigned char>(c));
}

std::string Join(absl::string_view shape, absl::Span<const uint64_t> numbers) {
  std::string id;
  size_t next = 0;
  for (char c : shape) {
    if (c == kNumber) {
      absl::StrAppend(&id, numbers[next++]);
    } else {
      id.push_back(c);
    }
  }
  return id;
}

// Returns the shape that more than half of the ids have, otherwise any.
const SplitId* MostCommon(absl::Span<const SplitId> ids) {
  const SplitId* found = nullptr;
  size_t votes = 0;
  for (const SplitId& id : ids) {
    if (id.shape.empty() || id.numbers.empty() || id.shape.size() > kMaxShape) {
      continue;
    }
    if (votes == 0) found = &id;
    votes += id.shape == found->shape ? 1 : -1;
  }
  return found;
}

class BitWriter {
 public:
  explicit BitWriter(std::string* out) : out_(out) {}
  void Put(uint64_t value, int bits) {
    for (; bits > 0;) {
      if (used_ == 0) out_->push_back(0);
      const int take = std::min(bits, 8 - used_);
      const auto part = static_cast<unsigned char>(value & ((1u << take) - 1));
      out_->back() = static_cast<char>(
          static_cast<unsigned char>(out_->back()) | (part << used_));
      value >>= take;
      bits -= take;
      used_ = (used_ + take) % 8;
    }
  }
  void Align() { used_ = 0; }

 private:
  std::string* const out_;
  int used_ = 0;  // used bits of the last byte
};

void PutVarint(uint64_t value, std::string* out) {
  for (; value >= 0x80; value >>= 7) {
    out->push_back(static_cast<char>(value | 0x80));
  }
  out->push_back(static_cast<char>(value));
}

class Reader {
 public:
  explicit Reader(absl::string_view bytes) : bytes_(bytes) {}

  bool Bits(int bits, uint64_t* value) {
    *value = 0;
    for (int at = 0; at < bits;) {
      if (used_ == 0 && !Byte(&byte_)) return false;
      const int take = std::min(bits - at, 8 - used_);
      const uint64_t part = (byte_ >> used_) & ((1u << take) - 1);
      *value |= part << at;
      at += take;
      used_ = (used_ + take) % 8;
    }
    return true;
  }
  void Align() { used_ = 0; }
  bool Varint(uint64_t* value) {
    *value = 0;
    for (int shift = 0; shift < 64; shift += 7) {
      uint8_t byte;
      if (!Byte(&byte)) return false;
      *value |= static_cast<uint64_t>(byte & 0x7f) << shift;
      if (byte < 0x80) return true;
    }
    return false;
  }
  bool Text(std::string* text) {
    uint64_t size;
    if (!Varint(&size) || size > bytes_.size()) return false;
    *text = std::string(bytes_.substr(0, size));
    bytes_.remove_prefix(size);
    return true;
  }
  bool Byte(uint8_t* byte) {
    if (bytes_.empty()) return false;
    *byte = static_cast<uint8_t>(bytes_[0]);
    bytes_.remove_prefix(1);
    return true;
  }
  bool AtEnd() const { return bytes_.empty(); }

 private:
  absl::string_view bytes_;
  uint8_t byte_ = 0;
  int used_ = 0;  // used bits of byte_
};

}  // namespace

SplitId Split(absl::string_view id) {
  SplitId split;
  // The bridge's own ids do not resemble others.
  const bool own = IsOwnId(id);
  for (size_t i = 0; i < id.size();) {
    if (own || !IsDigit(id[i])) {
      // Ids never contain NUL, which would stand for a number here.
      if (id[i] != kNumber) split.shape.push_back(id[i]);
      ++i;
      continue;
    }
    size_t end = i;
    while (end < id.size() && IsDigit(id[end])) ++end;
    // Keep leading zeros as text.
    for (; i + 1 < end && id[i] == '0'; ++i) split.shape.push_back('0');
    if (end - i > kMaxDigits || split.numbers.size() == kMaxNumbers) {
      split.shape.append(id.data() + i, end - i);
    } else {
      uint64_t number = 0;
      for (size_t k = i; k < end; ++k) {
        number = number * 10 + static_cast<uint64_t>(id[k] - '0');
      }
      split.shape.push_back(kNumber);
      split.numbers.push_back(number);
    }
    i = end;
  }
  return split;
}

std::string PackIds(absl::Span<const SplitId> ids) {
  const SplitId* const common = MostCommon(ids);
  const auto look = [common](const SplitId& id) {
    if (id.shape.empty()) return kNone;
    return common != nullptr && id.shape == common->shape ? kAlike : kOther;
  };
  std::string bytes;
  BitWriter bits(&bytes);
  const bool all_alike =
      std::all_of(ids.begin(), ids.end(),
                  [&look](const SplitId& id) { return look(id) == kAlike; });
  bytes.push_back(all_alike ? 1 : 0);
  if (!all_alike) {
    for (const SplitId& id : ids) bits.Put(look(id), kLookBits);
    bits.Align();
  }
  const absl::string_view shape =
      common == nullptr ? absl::string_view() : common->shape;
  PutVarint(shape.size(), &bytes);
  bytes.append(shape.data(), shape.size());
  const size_t columns = common == nullptr ? 0 : common->numbers.size();
  for (size_t column = 0; column < columns; ++column) {
    uint64_t least = std::numeric_limits<uint64_t>::max(), most = 0;
    for (const SplitId& id : ids) {
      if (look(id) != kAlike) continue;
      least = std::min(least, id.numbers[column]);
      most = std::max(most, id.numbers[column]);
    }
    const int width = std::bit_width(most - least);
    PutVarint(least, &bytes);
    bytes.push_back(static_cast<char>(width));
    for (const SplitId& id : ids) {
      if (look(id) == kAlike) bits.Put(id.numbers[column] - least, width);
    }
    bits.Align();
  }
  for (const SplitId& id : ids) {
    if (look(id) != kOther) continue;
    const std::string text = Join(id.shape, id.numbers);
    PutVarint(text.size(), &bytes);
    bytes += text;
  }
  return bytes;
}

std::optional<std::vector<std::string>> UnpackIds(absl::string_view bytes,
                                                  size_t count) {
  if (count > kMaxPackedIds) return std::nullopt;
  Reader in(bytes);
  uint8_t all_alike;
  if (!in.Byte(&all_alike) || all_alike > 1) return std::nullopt;
  std::vector<uint64_t> looks(count, kAlike);
  size_t alike = count;
  if (all_alike == 0) {
    alike = 0;
    for (uint64_t& look : looks) {
      if (!in.Bits(kLookBits, &look) || look > kOther) return std::nullopt;
      alike += look == kAlike ? 1 : 0;
    }
    in.Align();
  }
  std::string shape;
  if (!in.Text(&shape) || shape.size() > kMaxShape) return std::nullopt;
  const auto columns =
      static_cast<size_t>(std::count(shape.begin(), shape.end(), kNumber));
  if (columns > kMaxNumbers || (columns == 0 && alike > 0)) return std::nullopt;
  std::vector<uint64_t> numbers(alike * columns);
  for (size_t column = 0; column < columns; ++column) {
    uint64_t least;
    uint8_t width;
    if (!in.Varint(&least) || !in.Byte(&width) || width > 64) {
      return std::nullopt;
    }
    for (size_t i = 0; i < alike; ++i) {
      uint64_t distance;
      if (!in.Bits(width, &distance)) return std::nullopt;
      numbers[i * columns + column] = least + distance;
    }
    in.Align();
  }
  std::vector<std::string> ids(count);
  size_t next = 0;
  for (size_t i = 0; i < count; ++i) {
    if (looks[i] == kAlike) {
      ids[i] = Join(shape, absl::MakeConstSpan(numbers).subspan(next, columns));
      next += columns;
    } else if (looks[i] == kOther && !in.Text(&ids[i])) {
      return std::nullopt;
    }
  }
  if (!in.AtEnd()) return std::nullopt;
  return ids;
}

}  // namespace sse_bridge
