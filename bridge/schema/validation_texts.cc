// Rules of strings and bytes.

#include <algorithm>
#include <memory>

#include "absl/container/flat_hash_set.h"
#include "absl/status/statusor.h"
#include "absl/strings/escaping.h"
#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "bridge/base/utf8.h"
#include "bridge/schema/validation_range.h"
#include "bridge/schema/validation_rules.h"
#include "re2/re2.h"

namespace sse_bridge {

namespace {

namespace bv = ::buf::validate;
using absl::string_view;
using TextSet = absl::flat_hash_set<std::string>;

// For one compiled pattern and its automata, in bytes.
constexpr int64_t kMaxPatternMemory = 2 << 20;

absl::StatusOr<std::shared_ptr<const RE2>> CompileRegex(string_view pattern) {
  RE2::Options options(RE2::Quiet);
  options.set_max_mem(kMaxPatternMemory);
  auto regex = std::make_shared<const RE2>(
      re2::StringPiece(pattern.data(), pattern.size()), options);
  if (!regex->ok()) {
    return absl::InvalidArgumentError(
        absl::StrCat("the pattern \"", absl::Utf8SafeCEscape(pattern),
                     "\" is not a regular expression: ", regex->error()));
  }
  return regex;
}

bool Finds(const RE2& regex, string_view text) {
  return RE2::PartialMatch(re2::StringPiece(text.data(), text.size()), regex);
}

uint64_t CodePoints(string_view utf8) {
  return std::count_if(utf8.begin(), utf8.end(), [](char c) {
    return (static_cast<unsigned char>(c) & 0xC0) != 0x80;
  });
}

// How long a text or bytes may be.
template <typename Size>
void AddSize(RuleAdder& add, const char* suffix, string_view unit, bool has_len,
             uint64_t len, bool has_min, uint64_t min, bool has_max,
             uint64_t max, Size size) {
  const std::string exact =
      suffix == string_view("len") ? "len" : absl::StrCat("len_", suffix);
  if (has_len) {
    add.Add(exact, exact, absl::StrCat("must be ", len, " ", unit),
            [len, size](const Subject& s, Report&) {
              return size(s.scalar.s) == len;
            });
  }
  if (has_min) {
    const std::string field = absl::StrCat("min_", suffix);
    add.Add(field, field, absl::StrCat("must be at least ", min, " ", unit),
            [min, size](const Subject& s, Report&) {
              return size(s.scalar.s) >= min;
            });
  }
  if (has_max) {
    const std::string field = absl::StrCat("max_", suffix);
    add.Add(field, field, absl::StrCat("must be at most ", max, " ", unit),
            [max, size](const Subject& s, Report&) {
              return size(s.scalar.s) <= max;
            });
  }
}

template <typename R, typename Text>
void AddTextLists(RuleAdder& add, const R& r, Text text) {
  if (!r.in().empty()) {
    add.Add(
        "in", "in", absl::StrCat("must be in list ", ListText(r.in(), text)),
        [set = TextSet(r.in().begin(), r.in().end())](
            const Subject& s, Report&) { return set.contains(s.scalar.s); });
  }
  if (!r.not_in().empty()) {
    add.Add(
        "not_in", "not_in",
        absl::StrCat("must not be in list ", ListText(r.not_in(), text)),
        [set = TextSet(r.not_in().begin(), r.not_in().end())](
            const Subject& s, Report&) { return !set.contains(s.scalar.s); });
  }
}

// `shown` is how messages show a text.
template <typename R, typename Shown>
void AddParts(RuleAdder& add, const R& r, string_view substring, Shown shown) {
  if (r.has_prefix()) {
    add.Add("prefix", "prefix",
            absl::StrCat("does not have prefix ", shown(r.prefix())),
            [x = r.prefix()](const Subject& s, Report&) {
              return absl::StartsWith(s.scalar.s, x);
            });
  }
  if (r.has_suffix()) {
    add.Add("suffix", "suffix",
            absl::StrCat("does not have suffix ", shown(r.suffix())),
            [x = r.suffix()](const Subject& s, Report&) {
              return absl::EndsWith(s.scalar.s, x);
            });
  }
  if (r.has_contains()) {
    add.Add("contains", "contains",
            absl::StrCat("does not contain ", substring, shown(r.contains())),
            [x = r.contains()](const Subject& s, Report&) {
              return absl::StrContains(s.scalar.s, x);
            });
  }
}

// Bytes that are not UTF-8 would not be in a JSON response.
std::string BytesText(const std::string& bytes) {
  return IsUtf8(bytes) ? bytes : absl::CHexEscape(bytes);
}

// bytes.pattern, which is only for bytes that are UTF-8.
class BytesPatternRule : public Rule {
 public:
  BytesPatternRule(Breach breach, std::shared_ptr<const RE2> regex)
      : breach_(std::move(breach)), regex_(std::move(regex)) {}

  void Check(const Subject& subject, Report& report) const override {
    if (!IsUtf8(subject.scalar.s)) {
      report.Fail(absl::InvalidArgumentError(
          "the value must be valid UTF-8 to apply a pattern"));
    } else if (!Finds(*regex_, subject.scalar.s)) {
      report.Add(breach_);
    }
  }
  const Breach& breach() const override { return breach_; }

 private:
  const Breach breach_;
  const std::shared_ptr<const RE2> regex_;
};

// Addresses as bytes: of 4 bytes, of 16, or either.
void AddBytesFormat(RuleAdder& add, string_view field, const std::string& what,
                    size_t size, size_t other) {
  add.Add(field, field, absl::StrCat("must be ", what),
          [size, other](const Subject& s, Report&) {
            const size_t n = s.scalar.s.size();
            return n == 0 || n == size || n == other;
          });
  add.Add(field, absl::StrCat(field, "_empty"),
          absl::StrCat("value is empty, which is not ", what),
          [](const Subject& s, Report&) { return !s.scalar.s.empty(); });
}

}  // namespace

absl::Status AddStringRules(const bv::StringRules& r, string_view path,
                            Rules* out) {
  RuleAdder add("string", absl::StrCat(path, "string"), out);
  const auto quoted = [](string_view s) { return absl::StrCat("`", s, "`"); };
  if (r.has_const_()) {
    add.Add("const", "const", absl::StrCat("must equal ", quoted(r.const_())),
            [x = r.const_()](const Subject& s, Report&) {
              return s.scalar.s == x;
            });
  }
  AddSize(add, "len", "characters", r.has_len(), r.len(), r.has_min_len(),
          r.min_len(), r.has_max_len(), r.max_len(), CodePoints);
  AddSize(add, "bytes", "bytes", r.has_len_bytes(), r.len_bytes(),
          r.has_min_bytes(), r.min_bytes(), r.has_max_bytes(), r.max_bytes(),
          [](string_view s) { return s.size(); });
  if (r.has_pattern()) {
    auto regex = CompileRegex(r.pattern());
    if (!regex.ok()) return regex.status();
    add.Add("pattern", "pattern",
            absl::StrCat("does not match regex pattern ", quoted(r.pattern())),
            [regex = *std::move(regex)](const Subject& s, Report&) {
              return Finds(*regex, s.scalar.s);
            });
  }
  AddParts(add, r, "substring ", quoted);
  if (r.has_not_contains()) {
    add.Add("not_contains", "not_contains",
            absl::StrCat("contains substring ", quoted(r.not_contains())),
            [x = r.not_contains()](const Subject& s, Report&) {
              return !absl::StrContains(s.scalar.s, x);
            });
  }
  AddTextLists(add, r, [](const std::string& s) { return s; });
  AddStringFormats(r, &add);
  return absl::OkStatus();
}

absl::Status AddBytesRules(const bv::BytesRules& r, string_view path,
                           Rules* out) {
  const std::string own = absl::StrCat(path, "bytes");
  RuleAdder add("bytes", own, out);
  const auto hex = [](string_view s) { return absl::BytesToHexString(s); };
  if (r.has_const_()) {
    add.Add("const", "const", absl::StrCat("must be ", hex(r.const_())),
            [x = r.const_()](const Subject& s, Report&) {
              return s.scalar.s == x;
            });
  }
  AddSize(add, "len", "bytes", r.has_len(), r.len(), r.has_min_len(),
          r.min_len(), r.has_max_len(), r.max_len(),
          [](string_view s) { return s.size(); });
  if (r.has_pattern()) {
    auto regex = CompileRegex(r.pattern());
    if (!regex.ok()) return regex.status();
    out->push_back(std::make_unique<BytesPatternRule>(
        Breach{"bytes.pattern", absl::StrCat(own, ".pattern"),
               absl::StrCat("must match regex pattern `", r.pattern(), "`")},
        *std::move(regex)));
  }
  AddParts(add, r, "", hex);
  AddTextLists(add, r, BytesText);
  if (r.ip()) AddBytesFormat(add, "ip", "a valid IP address", 4, 16);
  if (r.ipv4()) AddBytesFormat(add, "ipv4", "a valid IPv4 address", 4, 4);
  if (r.ipv6()) AddBytesFormat(add, "ipv6", "a valid IPv6 address", 16, 16);
  if (r.uuid()) AddBytesFormat(add, "uuid", "a valid UUID", 16, 16);
  return absl::OkStatus();
}

}  // namespace sse_bridge
