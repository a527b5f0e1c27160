#define _GNU_SOURCE
#include "CLinux.h"
#include <errno.h>
#include <netinet/in.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <time.h>

#define LARGEST_BATCH 512

_Static_assert(linux_readable == EPOLLIN && linux_writable == EPOLLOUT, "as the kernel has them");
_Static_assert(linux_failed == EPOLLERR && linux_hung_up == EPOLLHUP, "as the kernel has them");

int linux_epoll(void) { return epoll_create1(EPOLL_CLOEXEC); }

static int control(int epoll, int operation, int file, uint32_t mask, void *pointer) {
    struct epoll_event event = {.events = mask, .data = {.ptr = pointer}};
    return epoll_ctl(epoll, operation, file, &event);
}

int linux_watch(int epoll, int file, uint32_t mask, void *pointer) {
    return control(epoll, EPOLL_CTL_ADD, file, mask, pointer);
}

int linux_rewatch(int epoll, int file, uint32_t mask, void *pointer) {
    return control(epoll, EPOLL_CTL_MOD, file, mask, pointer);
}

int linux_unwatch(int epoll, int file) { return control(epoll, EPOLL_CTL_DEL, file, 0, NULL); }

int linux_wait(int epoll, struct linux_event *events, int limit, int64_t nanoseconds) {
    struct epoll_event found[LARGEST_BATCH];
    struct timespec time = {.tv_sec = nanoseconds / 1000000000, .tv_nsec = nanoseconds % 1000000000};
    int count = epoll_pwait2(epoll, found, limit < LARGEST_BATCH ? limit : LARGEST_BATCH, &time, NULL);
    for (int index = 0; index < count; index++) {
        events[index].pointer = found[index].data.ptr;
        events[index].mask = found[index].events;
    }
    return count;
}

const void *linux_find(const void *bytes, size_t count, const void *needle, size_t needle_count) {
    return memmem(bytes, count, needle, needle_count);
}

void linux_precise_timers(void) { prctl(PR_SET_TIMERSLACK, 1UL, 0UL, 0UL, 0UL); }

int linux_bind_address_only(int file) {
    int on = 1;
    return setsockopt(file, IPPROTO_IP, IP_BIND_ADDRESS_NO_PORT, &on, sizeof on);
}

int linux_accept(int listener) { return accept4(listener, NULL, NULL, SOCK_NONBLOCK | SOCK_CLOEXEC); }
