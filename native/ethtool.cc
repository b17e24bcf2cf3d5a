// ioctl(SIOCETHTOOL): takes the caller's structure, and returns it as changed by the kernel. It sleeps while another
// task holds the RTNL, hence the thread pool.
#include <linux/sockios.h>
#include <net/if.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cerrno>
#include <cstdlib>
#include <cstring>
#include <memory>
#include <string>

#include "addon.h"
#include "error.h"

namespace {

// GSTRINGS and GSTATS write as many entries as the driver has *now* (ethtool_get_strings, ethtool_get_stats), which may
// be more than the caller requested.
constexpr size_t kSlack = 1024 * 1024;

class EthtoolCall : public AsyncCall {
 public:
  EthtoolCall(Napi::Env env, std::string device, std::vector<uint8_t> request)
      : AsyncCall(env), device_(std::move(device)), bytes_(std::move(request)) {}

 protected:
  void Call() override {
    ifreq request = {};
    if (device_.empty() || device_.size() >= sizeof request.ifr_name) {
      errno = ENODEV;
      return Fail("ioctl");
    }
    std::memcpy(request.ifr_name, device_.data(), device_.size());
    std::unique_ptr<void, decltype(&std::free)> data(std::calloc(1, bytes_.size() + kSlack), &std::free);
    if (!data) return Fail("calloc");
    std::memcpy(data.get(), bytes_.data(), bytes_.size());
    request.ifr_data = static_cast<char*>(data.get());
    int fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
    if (fd < 0) return Fail("socket");
    if (ioctl(fd, SIOCETHTOOL, &request) < 0) {
      Fail("ioctl");
    } else {
      std::memcpy(bytes_.data(), data.get(), bytes_.size());
    }
    close(fd);
  }

  Napi::Value Result() override {
    return Napi::Buffer<uint8_t>::Copy(Env(), bytes_.data(), bytes_.size());
  }

 private:
  std::string device_;
  std::vector<uint8_t> bytes_;
};

}  // namespace

Napi::Value EthtoolIoctl(const Napi::CallbackInfo& info) {
  std::vector<uint8_t> request;
  if (!info[0].IsString()) {
    Napi::TypeError::New(info.Env(), "argument 0 must be a string").ThrowAsJavaScriptException();
    return info.Env().Undefined();
  }
  if (!BytesArgument(info, 1, &request)) return info.Env().Undefined();
  return (new EthtoolCall(info.Env(), info[0].As<Napi::String>().Utf8Value(), std::move(request)))->Start();
}
