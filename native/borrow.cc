// Examines sockets of other processes in a child process: pidfd_getfd(2), getsockopt(2), close(2).
//
// The owner of a descriptor can make any of these calls wait forever, and no signal ends that wait: at the last moment
// the descriptor may become a file of a FUSE server that never answers close(), or a socket whose lock is held by a
// thread that waits for a page. So the main process never touches one, and a child that hangs is left behind.
//
// The child only makes system calls. It is forked from one of several threads, so any lock of the C library may stay
// locked in it forever.
#include <fcntl.h>
#include <netinet/in.h>
#include <poll.h>
#include <sched.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cerrno>
#include <chrono>
#include <cstring>
#include <mutex>

#include "addon.h"
#include "error.h"

#ifndef SYS_pidfd_open
#define SYS_pidfd_open 434
#endif
#ifndef SYS_close_range
#define SYS_close_range 436
#endif
#ifndef SYS_pidfd_getfd
#define SYS_pidfd_getfd 438
#endif
#ifndef SO_COOKIE
#define SO_COOKIE 57
#endif
#ifndef SO_NETNS_COOKIE
#define SO_NETNS_COOKIE 71
#endif

namespace {

// src/system/borrow.ts has the same two layouts.
struct Request {
  int32_t pid;
  int32_t fd;
  uint64_t cookie;  // of the intended socket; 0: any
  // For each index one call that a probe at its tracepoint recognizes. It changes nothing, needs no privilege, and is
  // rare: getpriority(nonce << 16 | descriptor of the copy, token << 16 | index).
  uint32_t nonce;
  uint32_t token;
  uint32_t first;  // among all indices
  uint32_t count;
};

struct Answer {
  int32_t error;
  int32_t step;  // of the call that failed: kSteps
  uint64_t inode;
  uint64_t cookie;
  uint64_t netns;  // SO_NETNS_COOKIE; 0 before 5.14
  int32_t domain;
  int32_t type;
  int32_t protocol;
  int32_t reuseport;
  int32_t listening;
  int32_t incoming_cpu;
  int32_t tcp_state;
  uint32_t address_size;
  uint8_t address[sizeof(sockaddr_in6)];
  uint8_t padding[4];
};
static_assert(sizeof(Request) == 32 && sizeof(Answer) == 96, "borrow.ts reads these");

enum Step : int32_t { kPidfdOpen, kPidfdGetfd, kGetsockopt, kFstat, kGetsockname, kTimedOut };

constexpr size_t kMostRequests = 4096;
constexpr size_t kMostIndices = 65536;
// Descriptors to close one by one before Linux 5.9, which has no close_range(2).
constexpr int kDescriptors = 65536;
// No further child is started while this many hang and cannot be killed.
constexpr size_t kMostLeftBehind = 16;
constexpr auto kGrace = std::chrono::milliseconds(200);

std::mutex left_behind_mutex;
std::vector<pid_t> left_behind;

template <typename T>
int Option(int fd, int level, int name, T* value) {
  socklen_t size = sizeof *value;
  return getsockopt(fd, level, name, value, &size) < 0 ? errno : 0;
}

void CloseAllBut(int keep) {
  if (keep > 0) syscall(SYS_close_range, 0, keep - 1, 0);
  if (syscall(SYS_close_range, keep + 1, ~0U, 0) == 0) return;
  for (int fd = 0; fd < kDescriptors; fd++) {
    if (fd != keep) close(fd);
  }
}

void Look(int copy, const Request& request, Answer* answer) {
  auto fail = [&](Step step, int error) {
    answer->step = step;
    answer->error = error;
  };
  // First, because it fails for anything that is not a socket.
  if (int error = Option(copy, SOL_SOCKET, SO_TYPE, &answer->type)) return fail(kGetsockopt, error);
  if (int error = Option(copy, SOL_SOCKET, SO_COOKIE, &answer->cookie)) return fail(kGetsockopt, error);
  if (request.cookie != 0 && request.cookie != answer->cookie) return fail(kGetsockopt, ENXIO);
  Option(copy, SOL_SOCKET, SO_NETNS_COOKIE, &answer->netns);
  struct stat status;
  if (fstat(copy, &status) < 0) return fail(kFstat, errno);
  answer->inode = status.st_ino;
  struct {
    int name;
    int32_t* value;
  } const options[] = {{SO_DOMAIN, &answer->domain},       {SO_PROTOCOL, &answer->protocol},
                       {SO_REUSEPORT, &answer->reuseport}, {SO_ACCEPTCONN, &answer->listening},
                       {SO_INCOMING_CPU, &answer->incoming_cpu}};
  for (auto& [name, value] : options) {
    if (int error = Option(copy, SOL_SOCKET, name, value)) return fail(kGetsockopt, error);
  }
  const bool internet = answer->domain == AF_INET || answer->domain == AF_INET6;
  if (internet && answer->protocol == IPPROTO_TCP) {
    // The first byte of struct tcp_info; the kernel cuts off the rest.
    uint8_t state;
    if (int error = Option(copy, IPPROTO_TCP, 11 /* TCP_INFO */, &state)) return fail(kGetsockopt, error);
    answer->tcp_state = state;
  }
  sockaddr_storage address;
  socklen_t size = sizeof address;
  if (getsockname(copy, reinterpret_cast<sockaddr*>(&address), &size) < 0) return fail(kGetsockname, errno);
  answer->address_size = size < sizeof answer->address ? size : sizeof answer->address;
  for (uint32_t i = 0; i < answer->address_size; i++) {
    answer->address[i] = reinterpret_cast<const uint8_t*>(&address)[i];
  }
}

[[noreturn]] void Child(const Request* requests, size_t count, const uint32_t* indices, int out) {
  prctl(PR_SET_NAME, "locality-borrow");
  prctl(PR_SET_PDEATHSIG, SIGKILL);
  CloseAllBut(out);
  for (size_t i = 0; i < count; i++) {
    const Request& request = requests[i];
    Answer answer = {};
    long copy = -1;
    long pidfd = syscall(SYS_pidfd_open, request.pid, 0);
    if (pidfd < 0) {
      answer.step = kPidfdOpen;
      answer.error = errno;
    } else {
      copy = syscall(SYS_pidfd_getfd, pidfd, request.fd, 0);
      if (copy < 0) {
        answer.step = kPidfdGetfd;
        answer.error = errno;
      }
      close(pidfd);
    }
    if (copy >= 0) Look(copy, request, &answer);
    if (answer.error == 0) {
      for (uint32_t at = 0; at < request.count; at++) {
        syscall(SYS_getpriority, request.nonce << 16 | static_cast<uint32_t>(copy),
                request.token << 16 | indices[request.first + at]);
      }
    }
    if (write(out, &answer, sizeof answer) != sizeof answer) break;
    // Anything but a socket is not closed here, because that may hang. Exit closes it, and nobody waits for the exit.
    if (copy >= 0 && !(answer.step == kGetsockopt && answer.error == ENOTSOCK)) close(copy);
  }
  for (;;) syscall(SYS_exit_group, 0);
}

class BorrowCall : public AsyncCall {
 public:
  BorrowCall(Napi::Env env, std::vector<Request> requests, std::vector<uint32_t> indices, int timeout)
      : AsyncCall(env),
        requests_(std::move(requests)),
        indices_(std::move(indices)),
        answers_(requests_.size()),
        timeout_(timeout) {}

 protected:
  // `timeout_` limits one answer; all of them together may take five times as long.
  void Call() override {
    const auto end = Now() + std::chrono::milliseconds(timeout_) * 5;
    for (size_t done = 0; done < requests_.size();) {
      size_t answered = 0;
      if (Now() < end) {
        if (!Round(done, &answered)) return;
        done += answered;
      }
      // The first request of a child had no answer, so it is given up. Later ones are repeated in another child.
      if (answered == 0) answers_[done++] = Silent();
    }
  }

  Napi::Value Result() override {
    return Napi::Buffer<uint8_t>::Copy(Env(), reinterpret_cast<uint8_t*>(answers_.data()),
                                       answers_.size() * sizeof(Answer));
  }

 private:
  static std::chrono::steady_clock::time_point Now() { return std::chrono::steady_clock::now(); }

  static Answer Silent() {
    Answer answer = {};
    answer.step = kTimedOut;
    answer.error = ETIMEDOUT;
    return answer;
  }

  // Runs one child, beginning with request `from`. False if it could not be started; then the call has failed.
  bool Round(size_t from, size_t* answered) {
    if (!Reap()) {
      errno = EAGAIN;
      return Fail("clone"), false;
    }
    int ends[2];
    if (pipe2(ends, O_CLOEXEC) < 0) return Fail("pipe2"), false;
    // A signal handler of this process must not run in the child, where the descriptors are different.
    sigset_t all, before;
    sigfillset(&all);
    pthread_sigmask(SIG_SETMASK, &all, &before);
    long pid = syscall(SYS_clone, SIGCHLD, 0, 0, 0, 0);
    if (pid == 0) Child(requests_.data() + from, requests_.size() - from, indices_.data(), ends[1]);
    int error = errno;
    pthread_sigmask(SIG_SETMASK, &before, nullptr);
    close(ends[1]);
    if (pid < 0) {
      close(ends[0]);
      errno = error;
      return Fail("clone"), false;
    }
    while (from + *answered < requests_.size() && Read(ends[0], &answers_[from + *answered])) ++*answered;
    close(ends[0]);
    End(pid);
    return true;
  }

  bool Read(int fd, Answer* answer) {
    pollfd ready = {fd, POLLIN, 0};
    const auto end = Now() + std::chrono::milliseconds(timeout_);
    for (;;) {
      auto left = std::chrono::duration_cast<std::chrono::milliseconds>(end - Now()).count();
      int count = poll(&ready, 1, left > 0 ? static_cast<int>(left) : 0);
      if (count < 0 && errno == EINTR) continue;
      // A write of at most PIPE_BUF bytes to a pipe is atomic.
      return count > 0 && read(fd, answer, sizeof *answer) == sizeof *answer;
    }
  }

  // Ends the child; if it does not end, it is left behind.
  static void End(pid_t pid) {
    kill(pid, SIGKILL);
    const auto end = Now() + kGrace;
    for (useconds_t pause = 50; waitpid(pid, nullptr, WNOHANG) == 0; pause *= 2) {
      if (Now() >= end) {
        std::lock_guard<std::mutex> lock(left_behind_mutex);
        left_behind.push_back(pid);
        return;
      }
      usleep(pause);
    }
  }

  // Collects children that have ended since. False if no other may be started.
  static bool Reap() {
    std::lock_guard<std::mutex> lock(left_behind_mutex);
    for (size_t i = left_behind.size(); i-- > 0;) {
      if (waitpid(left_behind[i], nullptr, WNOHANG) != 0) left_behind.erase(left_behind.begin() + i);
    }
    return left_behind.size() < kMostLeftBehind;
  }

  std::vector<Request> requests_;
  std::vector<uint32_t> indices_;
  std::vector<Answer> answers_;
  int timeout_;
};

}  // namespace

Napi::Value Borrow(const Napi::CallbackInfo& info) {
  std::vector<uint8_t> bytes, more;
  int32_t timeout;
  if (!BytesArgument(info, 0, &bytes) || !BytesArgument(info, 1, &more) || !IntArgument(info, 2, &timeout)) {
    return info.Env().Undefined();
  }
  std::vector<Request> requests(bytes.size() / sizeof(Request));
  std::vector<uint32_t> indices(more.size() / sizeof(uint32_t));
  bool valid = bytes.size() % sizeof(Request) == 0 && more.size() % sizeof(uint32_t) == 0 && timeout > 0 &&
               requests.size() <= kMostRequests && indices.size() <= kMostIndices;
  if (valid && !bytes.empty()) std::memcpy(requests.data(), bytes.data(), bytes.size());
  if (valid && !more.empty()) std::memcpy(indices.data(), more.data(), more.size());
  for (const Request& request : requests) {
    valid = valid && request.first <= indices.size() && request.count <= indices.size() - request.first;
  }
  if (!valid) {
    errno = EINVAL;
    return ThrowErrno(info.Env(), "borrow");
  }
  return (new BorrowCall(info.Env(), std::move(requests), std::move(indices), timeout))->Start();
}
