// The interface between the thread of listen.cc and the kernel interfaces that it reads.
#pragma once

#include <cstdint>
#include <functional>
#include <vector>

// Takes what was read; false if nobody needs it now.
using Deliver = std::function<bool(std::vector<uint8_t>&&)>;

// Each reads for a while, and returns 0, EAGAIN if nothing is left, or the errno of the read that failed.
int ReadNetlink(int fd, const Deliver& deliver);
int ReadFanotify(int fd, const Deliver& deliver);
int ReadEpoll(int fd, const Deliver& deliver);
