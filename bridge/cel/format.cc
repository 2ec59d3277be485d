// string.format() of CEL's extension `strings`.

#include <algorithm>
#include <cmath>
#include <string>
#include <utility>

#include "absl/numeric/bits.h"
#include "absl/strings/ascii.h"
#include "absl/strings/escaping.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "bridge/base/utf8.h"
#include "bridge/cel/functions.h"
#include "bridge/cel/number_text.h"
#include "bridge/cel/time_range.h"

namespace sse_bridge::cel {

namespace {

using Kind = Value::Kind;
using absl::string_view;

constexpr int kDefaultPrecision = 6;
constexpr int kMaxPrecision = 100;

class Formatter {
 public:
  Formatter(string_view format, const List& args, Budget* budget)
      : format_(format), args_(args), budget_(budget) {}

  Result Run() {
    for (size_t i = 0; i < format_.size();) {
      const size_t percent = std::min(format_.find('%', i), format_.size());
      if (absl::Status s = Append(format_.substr(i, percent - i)); !s.ok()) {
        return s;
      }
      i = percent;
      if (i == format_.size()) break;
      ++i;
      if (i < format_.size() && format_[i] == '%') {
        if (absl::Status s = Append("%"); !s.ok()) return s;
        ++i;
        continue;
      }
      int precision = kDefaultPrecision;
      if (i < format_.size() && format_[i] == '.') {
        precision = 0;
        for (++i; i < format_.size() && absl::ascii_isdigit(format_[i]); ++i) {
          precision = std::min(precision * 10 + (format_[i] - '0'), 1000);
        }
        if (precision > kMaxPrecision) {
          return absl::InvalidArgumentError("format(): too high a precision");
        }
      }
      if (i == format_.size()) {
        return absl::InvalidArgumentError("format(): a clause without its end");
      }
      if (next_ >= args_.size()) {
        return absl::InvalidArgumentError(
            absl::StrCat("format(): there is no argument ", next_));
      }
      const Result arg = args_.Get(next_++, budget_);
      if (!arg.ok()) return arg;
      if (absl::Status s = Clause(i++, precision, *arg); !s.ok()) {
        return s;
      }
    }
    if (next_ < args_.size()) {
      return absl::InvalidArgumentError("format(): too many arguments");
    }
    return Value::OwnString(std::move(out_));
  }

 private:
  absl::Status Append(string_view text) {
    absl::Status status = budget_->Spend(text.size() + 1);
    if (status.ok()) absl::StrAppend(&out_, text);
    return status;
  }

  static absl::Status Wrong(char clause, const Value& value) {
    return absl::InvalidArgumentError(absl::StrCat(
        "format(): %", std::string(1, clause), " of a ", value.TypeName()));
  }

  // Appends the value in the form of the clause at format_[at].
  absl::Status Clause(size_t at, int precision, const Value& value) {
    const char clause = format_[at];
    switch (clause) {
      case 's':
        return String(value);
      case 'd':
        if (value.Is(Kind::kInt) || value.Is(Kind::kUint) ||
            (value.Is(Kind::kDouble) && !std::isfinite(value.double_value()))) {
          return String(value);
        }
        return Wrong(clause, value);
      case 'f':
      case 'e': {
        if (!value.Is(Kind::kDouble)) return Wrong(clause, value);
        const double number = value.double_value();
        if (!std::isfinite(number)) return String(value);
        return Append(clause == 'f'
                          ? absl::StrFormat("%.*f", precision, number)
                          : absl::StrFormat("%.*e", precision, number));
      }
      case 'b':
        if (value.Is(Kind::kBool))
          return Append(value.bool_value() ? "1" : "0");
        return Digits(clause, value);
      case 'o':
        return Digits(clause, value);
      case 'x':
      case 'X': {
        std::string hex;
        if (value.Is(Kind::kString) || value.Is(Kind::kBytes)) {
          const string_view bytes =
              value.Is(Kind::kString) ? value.string() : value.bytes();
          if (absl::Status s = budget_->Spend(2 * bytes.size()); !s.ok()) {
            return s;
          }
          hex = absl::BytesToHexString(bytes);
        } else {
          return Digits(clause, value);
        }
        return Append(clause == 'X' ? absl::AsciiStrToUpper(hex) : hex);
      }
      default:
        return absl::InvalidArgumentError(
            absl::StrCat("format(): there is no clause %",
                         FirstCharacter(format_.substr(at))));
    }
  }

  // A number in binary, octal or hexadecimal, with a minus if it is negative.
  absl::Status Digits(char clause, const Value& value) {
    uint64_t number = 0;
    if (value.Is(Kind::kUint)) {
      number = value.uint_value();
    } else if (value.Is(Kind::kInt)) {
      number = static_cast<uint64_t>(value.int_value());
      if (value.int_value() < 0) {
        number = -number;
        if (absl::Status s = Append("-"); !s.ok()) return s;
      }
    } else {
      return Wrong(clause, value);
    }
    if (clause == 'x') return Append(absl::StrFormat("%x", number));
    if (clause == 'X') return Append(absl::StrFormat("%X", number));
    if (clause == 'o') return Append(absl::StrFormat("%o", number));
    std::string bits;
    for (int i = std::max(static_cast<int>(absl::bit_width(number)), 1) - 1;
         i >= 0; --i) {
      bits.push_back(number >> i & 1 ? '1' : '0');
    }
    return Append(bits);
  }

  absl::Status String(const Value& value) {
    switch (value.kind()) {
      case Kind::kNull:
        return Append("null");
      case Kind::kBool:
        return Append(value.bool_value() ? "true" : "false");
      case Kind::kInt:
        return Append(absl::StrCat(value.int_value()));
      case Kind::kUint:
        return Append(absl::StrCat(value.uint_value()));
      case Kind::kDouble:
        return Append(ShortestDouble(value.double_value()));
      case Kind::kString:
        return Append(value.string());
      case Kind::kBytes:
        if (absl::Status s = budget_->Spend(value.bytes().size()); !s.ok()) {
          return s;
        }
        if (!IsUtf8(value.bytes())) {
          return absl::InvalidArgumentError(
              "format(): %s of bytes that are not UTF-8");
        }
        return Append(value.bytes());
      case Kind::kTimestamp:
        return Append(TimestampText(value.timestamp()));
      case Kind::kDuration:
        return Append(DurationText(value.duration()));
      case Kind::kType:
        return Append(value.type());
      case Kind::kList:
        return Elements(value.list());
      case Kind::kMap:
        return Entries(value.map());
      case Kind::kMessage:
      case Kind::kDyn:
      case Kind::kWrapper:
        break;
    }
    return Wrong('s', value);
  }

  absl::Status Elements(const List& list) {
    if (absl::Status s = Append("["); !s.ok()) return s;
    for (size_t i = 0; i < list.size(); ++i) {
      if (absl::Status s = Append(i == 0 ? "" : ", "); !s.ok()) return s;
      const Result element = list.Get(i, budget_);
      if (!element.ok()) return element.status();
      if (absl::Status s = String(*element); !s.ok()) return s;
    }
    return Append("]");
  }

  // Sorted by the text of the keys.
  absl::Status Entries(const Map& map) {
    std::vector<std::pair<std::string, const Value*>> entries;
    for (const auto& [key, value] : map.entries()) {
      std::string before = std::exchange(out_, "");
      absl::Status status = String(key);
      entries.emplace_back(std::exchange(out_, std::move(before)), &value);
      if (!status.ok()) return status;
    }
    std::sort(entries.begin(), entries.end());
    if (absl::Status s = Append("{"); !s.ok()) return s;
    for (size_t i = 0; i < entries.size(); ++i) {
      if (absl::Status s =
              Append(absl::StrCat(i == 0 ? "" : ", ", entries[i].first, ": "));
          !s.ok()) {
        return s;
      }
      if (absl::Status s = String(*entries[i].second); !s.ok()) return s;
    }
    return Append("}");
  }

  const string_view format_;
  const List& args_;
  Budget* const budget_;
  size_t next_ = 0;
  std::string out_;
};

Result Format(Args args, const CallContext& context) {
  return Formatter(args[0].string(), args[1].list(), context.budget).Run();
}

}  // namespace

absl::Span<const Overload> FormatFunctions() {
  static constexpr Overload kFunctions[] = {
      {"format", true, "sL", 's', Format},
  };
  return kFunctions;
}

}  // namespace sse_bridge::cel
