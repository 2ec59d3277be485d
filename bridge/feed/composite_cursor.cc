#include "bridge/feed/composite_cursor.h"

#include <algorithm>
#include <numeric>
#include <utility>

#include "absl/strings/escaping.h"
#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/strip.h"
#include "bridge/base/own_ids.h"
#include "bridge/base/stable_hash.h"
#include "bridge/feed/bundle_cursor.h"

namespace sse_bridge {
namespace {

constexpr absl::string_view kPacked = "c1.";
constexpr size_t kHashLength = 8;  // of 48 bits

// Position of each key in sorted order, with equal keys at the same position,
// so that the order of keys in a request does not matter.
struct Sorted {
  explicit Sorted(const std::vector<std::string>& keys)
      : positions(keys.size()) {
    std::vector<size_t> order(keys.size());
    std::iota(order.begin(), order.end(), 0);
    std::sort(order.begin(), order.end(),
              [&keys](size_t a, size_t b) { return keys[a] < keys[b]; });
    for (size_t i = 0; i < order.size(); ++i) {
      if (i > 0 && keys[order[i]] != keys[order[i - 1]]) ++count;
      positions[order[i]] = count;
    }
    if (!keys.empty()) ++count;
  }
  std::vector<size_t> positions;
  size_t count = 0;
};

std::string HashText(uint64_t keys_hash, absl::string_view bytes) {
  const uint64_t hash =
      StableHash().Add(absl::StrCat(keys_hash)).Add(bytes).value();
  std::string six;
  for (int i = 0; i < 6; ++i) {
    six.push_back(static_cast<char>(hash >> (8 * i) & 0xff));
  }
  return absl::WebSafeBase64Escape(six);
}

uint64_t HashOf(const std::vector<std::string>& keys) {
  std::vector<absl::string_view> sorted(keys.begin(), keys.end());
  std::sort(sorted.begin(), sorted.end());
  sorted.erase(std::unique(sorted.begin(), sorted.end()), sorted.end());
  StableHash hash;
  for (absl::string_view key : sorted) hash.Add(key);
  return hash.value();
}

}  // namespace

CompositeCursor::CompositeCursor(std::vector<std::string> keys)
    : keys_(std::move(keys)), plain_(keys_.size()) {
  Sorted sorted(keys_);
  positions_ = std::move(sorted.positions);
  ids_.resize(sorted.count);
  keys_hash_ = HashOf(keys_);
}

void CompositeCursor::Set(size_t index, absl::string_view id) {
  std::string& plain = plain_[index];
  if (!plain.empty()) plain_bytes_ -= plain.size() + 1;
  plain.clear();
  if (!id.empty()) {
    BundleCursor::AppendTo(keys_[index], id, &plain);
    plain_bytes_ += plain.size() + 1;
  }
  ids_[positions_[index]] = Split(id);
}

std::string CompositeCursor::Text() const {
  std::string text;
  if (plain_bytes_ <= kMaxPlainBytes + 1) {
    for (const std::string& plain : plain_) {
      if (!plain.empty())
        absl::StrAppend(&text, text.empty() ? "" : "&", plain);
    }
    return text;
  }
  if (ids_.size() > kMaxPackedIds) return std::string(kLostId);
  const std::string bytes = PackIds(ids_);
  text = absl::StrCat(kPacked, HashText(keys_hash_, bytes),
                      absl::WebSafeBase64Escape(bytes));
  return text.size() <= kMaxIdBytes ? text : std::string(kLostId);
}

std::optional<std::vector<std::string>> CompositeCursor::Read(
    absl::string_view text, const std::vector<std::string>& keys) {
  if (!absl::StrContains(text, '=')) {
    if (!absl::ConsumePrefix(&text, kPacked) || text.size() < kHashLength ||
        text.size() > kMaxIdBytes) {
      return std::nullopt;
    }
    std::string bytes;
    if (!absl::WebSafeBase64Unescape(text.substr(kHashLength), &bytes) ||
        HashText(HashOf(keys), bytes) != text.substr(0, kHashLength)) {
      return std::nullopt;
    }
    const Sorted sorted(keys);
    auto packed = UnpackIds(bytes, sorted.count);
    if (!packed.has_value()) return std::nullopt;
    std::vector<std::string> ids;
    ids.reserve(keys.size());
    for (size_t position : sorted.positions) ids.push_back((*packed)[position]);
    return ids;
  }
  const auto parsed = BundleCursor::Parse(text);
  if (!parsed.has_value()) return std::nullopt;
  std::vector<std::string> ids;
  ids.reserve(keys.size());
  bool known = false;
  for (const std::string& key : keys) {
    const auto id = parsed->find(key);
    known |= id != parsed->end();
    ids.push_back(id == parsed->end() ? "" : id->second);
  }
  if (!known) return std::nullopt;
  return ids;
}

}  // namespace sse_bridge
