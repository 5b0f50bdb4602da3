#include "wasm/session.h"

#include <algorithm>
#include <utility>

#include "base/format.h"

namespace qkv::wasm {
namespace {

/// Copies the value with one name.
class OneTap : public engine::Taps {
 public:
  explicit OneTap(const std::string& name) : name_(name) {}

  bool wants(const engine::TapPlace& place) const override { return tap_name(place) == name_; }
  void see(const engine::TapPlace& /*place*/, base::MutableView value) override {
    value_ = base::Array({value.shape.begin(), value.shape.end()});
    std::copy_n(value.data, value.size(), value_.values.data());
    seen_ = true;
  }

  bool seen() const { return seen_; }
  base::Array take() { return std::move(value_); }

 private:
  const std::string& name_;
  base::Array value_;
  bool seen_ = false;
};

}  // namespace

Session::Session(ModelParts parts)
    : model_(parts.config, parts.vocabulary, std::move(parts.weights)),
      reader_(engine::make_reader(model_)) {}

std::string Session::read(std::span<const std::int32_t> ids, const std::string& tap) {
  reader_->forget();
  if (ids.empty()) return "found no token, expected at least one";
  if (std::string reason = reader_->unreadable(ids); !reason.empty()) return reason;
  const auto count = static_cast<double>(ids.size());
  const double largest = std::max(static_cast<double>(model_.vocabulary()),
                                  static_cast<double>(model_.config().heads) * count);
  if (count * largest > kMostValues)
    return base::concat("found ", ids.size(), " tokens, expected a text of less memory");

  OneTap one(tap);
  const engine::Rows final = reader_->read(ids, tap.empty() ? nullptr : &one);
  if (!tap.empty() && !one.seen())
    return base::concat("found no value \"", tap, "\", expected one that this model computes");
  tapped_ = one.take();
  final_ = base::Array({final.count, model_.config().width},
                       {final.values, final.values + final.count * final.stride});
  logits_ = base::Array({final.count, model_.vocabulary()});
  model_.logits(final, {logits_.values.data(), model_.vocabulary(), final.count});
  return "";
}

}  // namespace qkv::wasm
