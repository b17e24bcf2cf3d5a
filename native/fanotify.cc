// fanotify(7): which process wrote to a file.
#include <fcntl.h>
#include <sys/fanotify.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <string>

#include "addon.h"
#include "error.h"
#include "listen.h"

namespace {

constexpr size_t kEvents = 4096;
// Bytes read of each file in /proc/PID; more is cut off.
constexpr size_t kText = 4096;
// Files of the writer that are read immediately, because it may end at any moment.
constexpr const char* kFiles[] = {"comm", "cmdline", "cgroup", "stat"};

// The header of a record. The texts follow, each after its length as uint32_t.
struct Header {
  uint64_t mask;
  uint64_t dev;
  uint64_t ino;
  int32_t pid;
  uint32_t texts;
};
static_assert(sizeof(Header) == 32);

void AppendText(std::vector<uint8_t>* out, int pid, const char* file) {
  uint8_t text[kText];
  uint32_t size = 0;
  std::string path = "/proc/" + std::to_string(pid) + "/" + file;
  int fd = pid > 0 ? open(path.c_str(), O_RDONLY | O_CLOEXEC) : -1;
  if (fd >= 0) {
    ssize_t count = read(fd, text, sizeof text);
    if (count > 0) size = static_cast<uint32_t>(count);
    close(fd);
  }
  auto* length = reinterpret_cast<const uint8_t*>(&size);
  out->insert(out->end(), length, length + sizeof size);
  out->insert(out->end(), text, text + size);
}

std::vector<uint8_t> WriterOf(int pid) {
  std::vector<uint8_t> texts;
  for (const char* file : kFiles) AppendText(&texts, pid, file);
  return texts;
}

}  // namespace

// Closes the descriptor that comes with each event, after asking which file it is.
int ReadFanotify(int group, const Deliver& deliver) {
  alignas(fanotify_event_metadata) uint8_t events[kEvents];
  ssize_t size;
  do {
    size = read(group, events, sizeof events);
  } while (size < 0 && errno == EINTR);
  if (size < 0) return errno;
  // Not a fanotify group: a file at its end would always be ready.
  if (size == 0) return EIO;
  int pid = 0;
  std::vector<uint8_t> texts = WriterOf(pid);
  auto* event = reinterpret_cast<const fanotify_event_metadata*>(events);
  bool wanted = true;
  for (; FAN_EVENT_OK(event, size); event = FAN_EVENT_NEXT(event, size)) {
    Header header = {event->mask, 0, 0, event->pid, std::size(kFiles)};
    struct stat file;
    if (event->fd >= 0) {
      if (fstat(event->fd, &file) == 0) {
        header.dev = file.st_dev;
        header.ino = file.st_ino;
      }
      close(event->fd);
    }
    if (!wanted) continue;
    if (event->pid != pid) texts = WriterOf(pid = event->pid);
    auto* start = reinterpret_cast<const uint8_t*>(&header);
    std::vector<uint8_t> record(start, start + sizeof header);
    record.insert(record.end(), texts.begin(), texts.end());
    wanted = deliver(std::move(record));
  }
  return 0;
}

// Notification only: nothing waits for an answer.
Napi::Value FanotifyInit(const Napi::CallbackInfo& info) {
  int group = fanotify_init(FAN_CLASS_NOTIF | FAN_CLOEXEC | FAN_NONBLOCK,
                            O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_LARGEFILE);
  if (group < 0) return ThrowErrno(info.Env(), "fanotify_init");
  return Napi::Number::New(info.Env(), group);
}

Napi::Value FanotifyMark(const Napi::CallbackInfo& info) {
  int32_t group, flags, mask;
  std::string path;
  if (!IntArgument(info, 0, &group) || !IntArgument(info, 1, &flags) ||
      !IntArgument(info, 2, &mask) || !TextArgument(info, 3, &path)) {
    return info.Env().Undefined();
  }
  if (fanotify_mark(group, static_cast<unsigned>(flags), static_cast<uint32_t>(mask), AT_FDCWD,
                    path.c_str()) < 0) {
    return ThrowErrno(info.Env(), "fanotify_mark");
  }
  return info.Env().Undefined();
}
