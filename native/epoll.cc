// epoll(7): a set of descriptors that changes while another thread waits for it.
#include <sys/epoll.h>

#include <cerrno>

#include "addon.h"
#include "error.h"
#include "listen.h"

// One record: the descriptors that are ready, as int32_t.
int ReadEpoll(int set, const Deliver& deliver) {
  epoll_event events[64];
  int count;
  do {
    count = epoll_wait(set, events, std::size(events), 0);
  } while (count < 0 && errno == EINTR);
  if (count <= 0) return count < 0 ? errno : EAGAIN;
  std::vector<uint8_t> record;
  for (int at = 0; at < count; at++) {
    const int32_t fd = events[at].data.fd;
    auto* start = reinterpret_cast<const uint8_t*>(&fd);
    record.insert(record.end(), start, start + sizeof fd);
  }
  deliver(std::move(record));
  return 0;
}

Napi::Value EpollCreate(const Napi::CallbackInfo& info) {
  int set = epoll_create1(EPOLL_CLOEXEC);
  if (set < 0) return ThrowErrno(info.Env(), "epoll_create1");
  return Napi::Number::New(info.Env(), set);
}

// Reported once; the kernel removes a closed descriptor from the set.
Napi::Value EpollAdd(const Napi::CallbackInfo& info) {
  int32_t set, fd;
  if (!IntArgument(info, 0, &set) || !IntArgument(info, 1, &fd)) return info.Env().Undefined();
  epoll_event event = {};
  event.events = EPOLLIN | EPOLLONESHOT;
  event.data.fd = fd;
  if (epoll_ctl(set, EPOLL_CTL_ADD, fd, &event) < 0) return ThrowErrno(info.Env(), "epoll_ctl");
  return info.Env().Undefined();
}
