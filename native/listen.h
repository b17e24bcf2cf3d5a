// What the thread of listen.cc uses of the kernel interfaces that it reads.
#pragma once

#include <cstdint>
#include <functional>
#include <vector>

// Takes what was read; false once nobody wants it any more.
using Deliver = std::function<bool(std::vector<uint8_t>&&)>;

// Each reads for a while, and returns 0, EAGAIN if nothing is left, or the errno of the read that failed.
int ReadNetlink(int fd, const Deliver& deliver);
int ReadFanotify(int fd, const Deliver& deliver);
int ReadEpoll(int fd, const Deliver& deliver);
