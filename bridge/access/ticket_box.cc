#include "bridge/access/ticket_box.h"

#include <openssl/evp.h>
#include <openssl/rand.h>

#include <algorithm>
#include <cstdint>
#include <memory>
#include <optional>
#include <vector>

#include "absl/status/status.h"
#include "absl/strings/escaping.h"
#include "absl/strings/str_cat.h"
#include "bridge/access/base64url.h"
#include "bridge/access/openssl_ptr.h"

namespace sse_bridge {
namespace {

constexpr size_t kKeyBytes = 32;
constexpr size_t kNonceBytes = 12;
constexpr size_t kTagBytes = 16;

// Tells tickets from whatever else the secret may have been used for, and one
// form of them from the next.
constexpr absl::string_view kPurpose = "sse-bridge ticket 1";

using CipherCtxPtr =
    std::unique_ptr<EVP_CIPHER_CTX, OpenSslFree<EVP_CIPHER_CTX_free>>;

const unsigned char* Bytes(absl::string_view text) {
  return reinterpret_cast<const unsigned char*>(text.data());
}
unsigned char* Bytes(std::string* text) {
  return reinterpret_cast<unsigned char*>(text->data());
}

// Seals or opens `text` in place of a copy; nothing when it cannot be opened.
std::optional<std::string> Crypt(bool seal, absl::string_view key,
                                 absl::string_view nonce,
                                 absl::string_view text, std::string* tag) {
  OpenSslErrorScope errors;
  CipherCtxPtr context(EVP_CIPHER_CTX_new());
  std::string out(text.size(), '\0');
  int size = 0;
  if (context == nullptr ||
      EVP_CipherInit_ex(context.get(), EVP_aes_256_gcm(), nullptr, Bytes(key),
                        Bytes(nonce), seal ? 1 : 0) != 1 ||
      EVP_CipherUpdate(context.get(), nullptr, &size, Bytes(kPurpose),
                       static_cast<int>(kPurpose.size())) != 1 ||
      EVP_CipherUpdate(context.get(), Bytes(&out), &size, Bytes(text),
                       static_cast<int>(text.size())) != 1) {
    return std::nullopt;
  }
  if (!seal &&
      EVP_CIPHER_CTX_ctrl(context.get(), EVP_CTRL_GCM_SET_TAG,
                          static_cast<int>(kTagBytes), tag->data()) != 1) {
    return std::nullopt;
  }
  unsigned char none[16];
  if (EVP_CipherFinal_ex(context.get(), none, &size) != 1) return std::nullopt;
  if (seal) {
    tag->resize(kTagBytes);
    if (EVP_CIPHER_CTX_ctrl(context.get(), EVP_CTRL_GCM_GET_TAG,
                            static_cast<int>(kTagBytes), tag->data()) != 1) {
      return std::nullopt;
    }
  }
  return out;
}

// What is sealed: numbers of 8 bytes, and texts after their length.
void PutNumber(int64_t number, std::string* out) {
  for (int shift = 0; shift < 64; shift += 8) {
    out->push_back(static_cast<char>(static_cast<uint64_t>(number) >> shift));
  }
}
void PutText(const std::string& text, std::string* out) {
  PutNumber(static_cast<int64_t>(text.size()), out);
  out->append(text);
}
void PutTexts(const std::vector<std::string>& texts, std::string* out) {
  PutNumber(static_cast<int64_t>(texts.size()), out);
  for (const std::string& text : texts) PutText(text, out);
}

bool TakeNumber(absl::string_view* in, int64_t* number) {
  if (in->size() < 8) return false;
  uint64_t bits = 0;
  for (size_t i = 0; i < 8; ++i) {
    bits |= uint64_t{static_cast<unsigned char>((*in)[i])} << (8 * i);
  }
  in->remove_prefix(8);
  *number = static_cast<int64_t>(bits);
  return true;
}
bool TakeText(absl::string_view* in, std::string* text) {
  int64_t size = 0;
  if (!TakeNumber(in, &size) || size < 0 ||
      static_cast<uint64_t>(size) > in->size()) {
    return false;
  }
  *text = std::string(in->substr(0, static_cast<size_t>(size)));
  in->remove_prefix(static_cast<size_t>(size));
  return true;
}
bool TakeTexts(absl::string_view* in, std::vector<std::string>* texts) {
  int64_t count = 0;
  if (!TakeNumber(in, &count)) return false;
  for (; count > 0; --count) {
    if (!TakeText(in, &texts->emplace_back())) return false;
  }
  return true;
}

// No end at all has a number of its own.
int64_t ToNumber(absl::Time time) {
  return time == absl::InfiniteFuture() ? INT64_MAX : absl::ToUnixNanos(time);
}
absl::Time ToTime(int64_t number) {
  return number == INT64_MAX ? absl::InfiniteFuture()
                             : absl::FromUnixNanos(number);
}

}  // namespace

absl::StatusOr<std::unique_ptr<TicketBox>> TicketBox::Create(
    absl::string_view secret, absl::Duration lifetime) {
  std::string key(kKeyBytes, '\0');
  unsigned int size = 0;
  if (secret.empty()) {
    if (RAND_bytes(Bytes(&key), static_cast<int>(key.size())) != 1) {
      return absl::InternalError("no random bytes for the key of tickets");
    }
  } else if (secret.size() < kMinSecretBytes) {
    return absl::InvalidArgumentError(
        absl::StrCat("shorter than ", kMinSecretBytes, " bytes"));
  } else if (EVP_Digest(secret.data(), secret.size(), Bytes(&key), &size,
                        EVP_sha256(), nullptr) != 1) {
    return absl::InternalError("the key of tickets cannot be made");
  }
  return std::unique_ptr<TicketBox>(new TicketBox(std::move(key), lifetime));
}

absl::StatusOr<std::string> TicketBox::Issue(const Identity& identity,
                                             absl::Time now) const {
  std::string text;
  PutNumber(ToNumber(std::min(now + lifetime_, identity.expires)), &text);
  PutNumber(ToNumber(identity.expires), &text);
  PutText(identity.subject, &text);
  PutText(identity.token_id, &text);
  PutTexts(identity.scopes, &text);
  PutTexts(identity.roles, &text);

  std::string nonce(kNonceBytes, '\0');
  std::string tag;
  if (RAND_bytes(Bytes(&nonce), static_cast<int>(nonce.size())) != 1) {
    return absl::InternalError("no random bytes for a ticket");
  }
  const auto sealed = Crypt(true, key_, nonce, text, &tag);
  if (!sealed) return absl::InternalError("the ticket cannot be made");
  std::string ticket =
      absl::WebSafeBase64Escape(absl::StrCat(nonce, tag, *sealed));
  if (ticket.size() > kMaxTicketBytes) {
    return absl::InvalidArgumentError(
        "the token's scopes and roles are too many for a ticket");
  }
  return ticket;
}

absl::StatusOr<Identity> TicketBox::Redeem(absl::string_view ticket,
                                           absl::Time now) {
  const absl::Status refused = absl::UnauthenticatedError("invalid ticket");
  if (ticket.size() > kMaxTicketBytes) return refused;
  const std::optional<std::string> bytes = DecodeBase64Url(ticket);
  if (!bytes || bytes->size() < kNonceBytes + kTagBytes) return refused;
  const std::string nonce = bytes->substr(0, kNonceBytes);
  std::string tag = bytes->substr(kNonceBytes, kTagBytes);
  const auto text =
      Crypt(false, key_, nonce,
            absl::string_view(*bytes).substr(kNonceBytes + kTagBytes), &tag);
  if (!text) return refused;

  Identity identity;
  int64_t expires = 0, identity_expires = 0;
  absl::string_view in = *text;
  if (!TakeNumber(&in, &expires) || !TakeNumber(&in, &identity_expires) ||
      !TakeText(&in, &identity.subject) || !TakeText(&in, &identity.token_id) ||
      !TakeTexts(&in, &identity.scopes) || !TakeTexts(&in, &identity.roles) ||
      !in.empty()) {
    return refused;
  }
  identity.expires = ToTime(identity_expires);
  const absl::Time end = ToTime(expires);
  if (now >= end) return refused;

  MutexLock lock(&mu_);
  while (!forget_.empty() && forget_.front().first <= now) {
    used_.erase(forget_.front().second);
    forget_.pop_front();
  }
  if (used_.contains(nonce)) return refused;
  if (used_.size() >= kMaxUsed) {
    return absl::UnavailableError("too many tickets; retry later");
  }
  used_.insert(nonce);
  // A ticket may end before one that was used earlier; it is then forgotten
  // with that one, which is soon enough.
  forget_.emplace_back(end, nonce);
  return identity;
}

size_t TicketBox::used() const {
  MutexLock lock(&mu_);
  return used_.size();
}

}  // namespace sse_bridge
