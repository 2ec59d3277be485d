#include "bridge/access/strict_json.h"

#include <cmath>
#include <cstddef>
#include <string>
#include <utility>
#include <vector>

#include "absl/strings/match.h"
#include "bridge/access/byte_order_mark.h"

namespace sse_bridge {
namespace {

using nlohmann::json;

// Builds the value while parsing; returning false stops the parser.
class Builder : public json::json_sax_t {
 public:
  explicit Builder(int max_depth) : max_depth_(max_depth) {}

  json Take() { return std::move(root_); }

  bool null() override { return Add(nullptr) != nullptr; }
  bool boolean(bool value) override { return Add(value) != nullptr; }
  bool number_integer(json::number_integer_t value) override {
    return Add(value) != nullptr;
  }
  bool number_unsigned(json::number_unsigned_t value) override {
    return Add(value) != nullptr;
  }
  bool number_float(json::number_float_t value, const std::string&) override {
    return std::isfinite(value) && Add(value) != nullptr;
  }
  bool string(std::string& value) override {
    return Add(std::move(value)) != nullptr;
  }
  bool binary(json::binary_t&) override { return false; }

  bool start_object(std::size_t) override { return Open(json::object()); }
  bool end_object() override { return Close(); }
  bool start_array(std::size_t) override { return Open(json::array()); }
  bool end_array() override { return Close(); }

  bool key(std::string& name) override {
    json& object = *open_.back();
    if (object.contains(name)) return false;
    member_ = &object[name];
    return true;
  }

  bool parse_error(std::size_t, const std::string&,
                   const nlohmann::detail::exception&) override {
    return false;
  }

 private:
  json* Add(json value) {
    if (open_.empty()) {
      root_ = std::move(value);
      return &root_;
    }
    if (open_.back()->is_array()) {
      open_.back()->push_back(std::move(value));
      return &open_.back()->back();
    }
    *member_ = std::move(value);
    return member_;
  }

  bool Open(json container) {
    if (open_.size() >= static_cast<std::size_t>(max_depth_)) return false;
    open_.push_back(Add(std::move(container)));
    return true;
  }

  bool Close() {
    open_.pop_back();
    return true;
  }

  const int max_depth_;
  json root_;
  json* member_ = nullptr;   // where to store the next value of an object
  std::vector<json*> open_;  // containers around the next value
};

}  // namespace

std::optional<json> ParseStrictJsonObject(absl::string_view text,
                                          int max_depth) {
  // The parser would skip a byte order mark and stop at NUL.
  if (absl::StartsWith(text, kByteOrderMark) ||
      text.find('\0') != absl::string_view::npos) {
    return std::nullopt;
  }
  Builder builder(max_depth);
  if (!json::sax_parse(text.begin(), text.end(), &builder)) {
    return std::nullopt;
  }
  json value = builder.Take();
  if (!value.is_object()) return std::nullopt;
  return value;
}

const json* FindMember(const json& object, absl::string_view name) {
  if (!object.is_object()) return nullptr;
  const auto it = object.find(std::string(name));
  return it == object.end() ? nullptr : &*it;
}

}  // namespace sse_bridge
