// What the descriptors of all processes refer to: the links in /proc/PID/fd, in one pass. A process holds thousands of
// them, and readlink(2) from JavaScript takes five times as long. Only sockets, epoll sets and io_urings are kept.
#include <dirent.h>
#include <fcntl.h>
#include <unistd.h>

#include <cerrno>
#include <cstdlib>
#include <cstring>

#include "addon.h"
#include "error.h"

namespace {

// src/system/descriptors.ts has the same.
enum Kind : uint32_t { kDenied = 0, kSocket = 1, kEpoll = 2, kRing = 3 };

struct Descriptor {
  uint32_t pid;
  // Of a kDenied: the errno.
  uint32_t fd;
  uint32_t kind;
  // Of a kSocket. The kernel numbers sockets with 32 bits (fs/inode.c, get_next_ino).
  uint32_t inode;
};

constexpr char kSocketStart[] = "socket:[";
constexpr char kEpollLink[] = "anon_inode:[eventpoll]";
constexpr char kRingLink[] = "anon_inode:[io_uring]";
// Longer than any of these; a longer link is cut off, and is none of them.
constexpr size_t kLongest = 64;

// Digits only; the numbers of /proc fit.
bool ParseNumber(const char* name, uint32_t* out) {
  if (*name < '0' || *name > '9') return false;
  char* end;
  *out = static_cast<uint32_t>(std::strtoul(name, &end, 10));
  return *end == '\0';
}

bool IsDenied(int error) { return error == EACCES || error == EPERM; }

class DescriptorsCall : public AsyncCall {
 public:
  explicit DescriptorsCall(Napi::Env env) : AsyncCall(env) {}

 protected:
  void Call() override {
    DIR* proc = opendir("/proc");
    if (proc == nullptr) return Fail("opendir");
    // In ascending order (fs/proc/base.c, proc_pid_readdir).
    while (dirent* entry = readdir(proc)) {
      uint32_t pid;
      if (ParseNumber(entry->d_name, &pid)) ScanProcess(dirfd(proc), pid);
    }
    closedir(proc);
  }

  Napi::Value Result() override {
    return Napi::Buffer<uint8_t>::Copy(Env(), reinterpret_cast<const uint8_t*>(found_.data()),
                                       found_.size() * sizeof(Descriptor));
  }

 private:
  // A process that ends meanwhile simply has fewer descriptors.
  void ScanProcess(int proc, uint32_t pid) {
    std::string path = std::to_string(pid) + "/fd";
    int fd = openat(proc, path.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    DIR* folder = fd < 0 ? nullptr : fdopendir(fd);
    if (folder == nullptr) {
      Deny(pid, errno);
      if (fd >= 0) close(fd);
      return;
    }
    errno = 0;
    while (dirent* entry = readdir(folder)) {
      uint32_t number;
      if (ParseNumber(entry->d_name, &number) && !ScanLink(fd, entry->d_name, pid, number)) break;
      errno = 0;
    }
    Deny(pid, errno);
    closedir(folder);
  }

  // The kernel checks access per process, not per descriptor (fs/proc/base.c, proc_fd_access_allowed): false if it is
  // refused, with errno set.
  bool ScanLink(int folder, const char* name, uint32_t pid, uint32_t fd) {
    char link[kLongest];
    ssize_t size = readlinkat(folder, name, link, sizeof link - 1);
    if (size < 0) return !IsDenied(errno);
    link[size] = '\0';
    if (std::strncmp(link, kSocketStart, sizeof kSocketStart - 1) == 0) {
      unsigned long inode = std::strtoul(link + sizeof kSocketStart - 1, nullptr, 10);
      found_.push_back({pid, fd, kSocket, static_cast<uint32_t>(inode)});
    } else if (std::strcmp(link, kEpollLink) == 0) {
      found_.push_back({pid, fd, kEpoll, 0});
    } else if (std::strcmp(link, kRingLink) == 0) {
      found_.push_back({pid, fd, kRing, 0});
    }
    return true;
  }

  void Deny(uint32_t pid, int error) {
    if (IsDenied(error)) found_.push_back({pid, static_cast<uint32_t>(error), kDenied, 0});
  }

  std::vector<Descriptor> found_;
};

}  // namespace

Napi::Value Descriptors(const Napi::CallbackInfo& info) { return (new DescriptorsCall(info.Env()))->Start(); }
