// poll(2) of several descriptors in one thread, which passes what it reads to JavaScript.
#include "listen.h"

#include <poll.h>
#include <sched.h>
#include <sys/eventfd.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <cerrno>
#include <csignal>
#include <memory>
#include <thread>

#include "addon.h"
#include "error.h"

namespace {

// If the queue is this long, the thread waits for JavaScript. Then the kernel's queues fill up, which report what they
// drop.
constexpr size_t kQueued = 256;
// A descriptor that fails this often in a row is not polled any more.
constexpr int kFailures = 16;

using Read = int (*)(int fd, const Deliver& deliver);

struct Heard {
  int fd;
  // 0: `bytes` were read.
  int error;
  bool ended;
  std::vector<uint8_t> bytes;
};

class Listener {
 public:
  Listener() = default;

  void Add(const std::vector<pollfd>& descriptors, Read read) {
    polled_.insert(polled_.end(), descriptors.begin(), descriptors.end());
    reads_.resize(polled_.size(), read);
    failures_.resize(polled_.size());
    lost_.resize(polled_.size());
  }

  ~Listener() { Stop(); }

  // False with errno set, or with a JavaScript exception pending.
  bool Start(napi_env env, napi_value heard) {
    wake_ = eventfd(0, EFD_CLOEXEC);
    if (wake_ < 0) return false;
    polled_[0] = {wake_, POLLIN, 0};
    napi_value name;
    if (napi_create_string_utf8(env, "locality-tune listen", NAPI_AUTO_LENGTH, &name) != napi_ok ||
        napi_create_threadsafe_function(env, heard, nullptr, name, kQueued, 1, nullptr, nullptr,
                                        nullptr, Call, &function_) != napi_ok) {
      errno = ENOMEM;
      return false;
    }
    // Waiting for the kernel keeps no process alive.
    napi_unref_threadsafe_function(env, function_);
    // Node's own threads handle signals.
    sigset_t all, before;
    sigfillset(&all);
    pthread_sigmask(SIG_SETMASK, &all, &before);
    thread_ = std::thread([this] { Run(); });
    pthread_sigmask(SIG_SETMASK, &before, nullptr);
    return true;
  }

  // After this no call reaches JavaScript, and the thread has ended.
  void Stop() {
    if (thread_.joinable()) {
      // Also wakes the thread if it waits for space in the queue.
      napi_release_threadsafe_function(function_, napi_tsfn_abort);
      uint64_t one = 1;
      while (write(wake_, &one, sizeof one) < 0 && errno == EINTR) continue;
      thread_.join();
    }
    if (wake_ >= 0) close(wake_);
    wake_ = -1;
  }

 private:
  static void Call(napi_env env, napi_value heard, void*, void* data) {
    std::unique_ptr<Heard> item(static_cast<Heard*>(data));
    // Both are missing if the environment ends.
    if (env == nullptr || heard == nullptr) return;
    napi_value undefined, result;
    napi_value arguments[4];
    napi_get_undefined(env, &undefined);
    napi_create_int32(env, item->fd, &arguments[0]);
    if (item->error != 0) {
      napi_get_null(env, &arguments[1]);
    } else if (napi_create_buffer_copy(env, item->bytes.size(), item->bytes.data(), nullptr,
                                       &arguments[1]) != napi_ok) {
      return;
    }
    napi_create_int32(env, -item->error, &arguments[2]);
    napi_get_boolean(env, item->ended, &arguments[3]);
    napi_call_function(env, undefined, heard, 4, arguments, &result);
  }

  bool Hand(int fd, int error, bool ended, std::vector<uint8_t>&& bytes) {
    auto* item = new Heard{fd, error, ended, std::move(bytes)};
    if (napi_call_threadsafe_function(function_, item, napi_tsfn_blocking) == napi_ok) return true;
    delete item;
    closing_ = true;
    return false;
  }

  // A process that has written may end within a tenth of a millisecond, and then nobody knows its name. So this thread,
  // which sleeps nearly always, goes before others where that is allowed.
  static void HurryUp() {
    sched_param lowest = {};
    lowest.sched_priority = sched_get_priority_min(SCHED_RR);
    if (pthread_setschedparam(pthread_self(), SCHED_RR, &lowest) != 0) {
      setpriority(PRIO_PROCESS, static_cast<id_t>(syscall(SYS_gettid)), -20);
    }
  }

  void Run() {
    HurryUp();
    while (!closing_) {
      if (poll(polled_.data(), polled_.size(), -1) < 0) {
        if (errno == EINTR) continue;
        return;
      }
      if (polled_[0].revents != 0) return;
      for (size_t at = 1; at < polled_.size() && !closing_; at++) {
        if (polled_[at].revents != 0) ReadFrom(at);
      }
    }
  }

  void ReadFrom(size_t at) {
    const int fd = polled_[at].fd;
    const short events = polled_[at].revents;
    bool any = false;
    const Deliver deliver = [&](std::vector<uint8_t>&& bytes) {
      any = true;
      return Hand(fd, 0, false, std::move(bytes));
    };
    int error = EBADF;
    if ((events & POLLNVAL) == 0) {
      do {
        error = reads_[at](fd, deliver);
        // Once its queue was full, a netlink socket gets nothing more until it has been emptied.
      } while (error == 0 && lost_[at] && !closing_);
    }
    if (closing_) return;
    if (error == EAGAIN) {
      if (lost_[at]) Hand(fd, ENOBUFS, false, {});
      lost_[at] = false;
      error = 0;
    } else if (error == ENOBUFS) {
      lost_[at] = true;
    }
    // A descriptor that is ready but has nothing to read would be polled in a busy loop.
    if (error == 0 && !any && (events & POLLIN) == 0) error = EIO;
    failures_[at] = error == 0 || any ? 0 : failures_[at] + 1;
    const bool ended = (events & POLLNVAL) != 0 || failures_[at] == kFailures;
    if (ended) polled_[at].fd = -1;
    if (error != 0) Hand(fd, error, ended, {});
  }

  // The first is wake_, and the others have the same indices.
  std::vector<pollfd> polled_{1};
  std::vector<Read> reads_{nullptr};
  std::vector<int> failures_{0};
  std::vector<bool> lost_{false};
  int wake_ = -1;
  bool closing_ = false;
  napi_threadsafe_function function_ = nullptr;
  std::thread thread_;
};

bool Descriptors(const Napi::CallbackInfo& info, size_t index, std::vector<pollfd>* out) {
  if (info[index].IsArray()) {
    auto array = info[index].As<Napi::Array>();
    const uint32_t length = array.Length();
    // An array may be a proxy that throws.
    if (info.Env().IsExceptionPending()) return false;
    for (uint32_t i = 0; i < length; i++) {
      Napi::Value value = array.Get(i);
      if (info.Env().IsExceptionPending()) return false;
      if (!value.IsNumber()) break;
      const int32_t fd = value.As<Napi::Number>().Int32Value();
      if (static_cast<double>(fd) != value.As<Napi::Number>().DoubleValue()) break;
      out->push_back({fd, POLLIN, 0});
    }
    if (out->size() == length) return true;
  }
  std::string message = "argument " + std::to_string(index) + " must be an array of descriptors";
  Napi::TypeError::New(info.Env(), message).ThrowAsJavaScriptException();
  return false;
}

// Until it is stopped, or its environment ends.
struct Kept {
  napi_env env;
  Listener listener;
};

void End(void* data) {
  auto* kept = static_cast<Kept*>(data);
  kept->listener.Stop();
  delete kept;
}

}  // namespace

Napi::Value Listen(const Napi::CallbackInfo& info) {
  std::vector<pollfd> sockets, groups, sets;
  if (!Descriptors(info, 0, &sockets) || !Descriptors(info, 1, &groups) ||
      !Descriptors(info, 2, &sets)) {
    return info.Env().Undefined();
  }
  if (!info[3].IsFunction()) {
    Napi::TypeError::New(info.Env(), "argument 3 must be a function").ThrowAsJavaScriptException();
    return info.Env().Undefined();
  }
  napi_env env = info.Env();
  auto* kept = new Kept{env, {}};
  kept->listener.Add(sockets, ReadNetlink);
  kept->listener.Add(groups, ReadFanotify);
  kept->listener.Add(sets, ReadEpoll);
  if (!kept->listener.Start(env, info[3])) {
    Napi::Value undefined = ThrowErrno(info.Env(), "eventfd");
    delete kept;
    return undefined;
  }
  napi_add_env_cleanup_hook(env, End, kept);
  // Shared by the copies that the function object makes of the lambda.
  auto running = std::shared_ptr<Kept*>(new Kept*(kept));
  return Napi::Function::New(
      info.Env(),
      [running](const Napi::CallbackInfo& call) {
        if (*running != nullptr) {
          napi_remove_env_cleanup_hook((*running)->env, End, *running);
          End(*running);
          *running = nullptr;
        }
        return call.Env().Undefined();
      },
      "stop");
}
