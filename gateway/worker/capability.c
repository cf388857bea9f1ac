/* SPDX-License-Identifier: GPL-3.0-or-later */
/* capability.c - what one thread may do: capabilities belong to threads, not to the process */
#include "gateway/worker/capability.h"

#include <linux/capability.h>
#include <stdint.h>
#include <sys/syscall.h>
#include <unistd.h>

/* The kernel's own call: libcap-ng's state is that of the thread which filled it. */
unsigned capability_only(const int *wanted, size_t count)
{
	struct __user_cap_header_struct head = {.version = _LINUX_CAPABILITY_VERSION_3};
	struct __user_cap_data_struct have[_LINUX_CAPABILITY_U32S_3], keep[2] = {{0}};
	unsigned kept = 0;

	_Static_assert(_LINUX_CAPABILITY_U32S_3 == 2, "64 capabilities");
	if (syscall(SYS_capget, &head, have) < 0)
		return 0;
	for (size_t i = 0; i < count; i++) {
		int word = wanted[i] / 32;
		uint32_t bit = 1u << (wanted[i] % 32);

		if (!(have[word].permitted & bit))
			continue;
		keep[word].permitted |= bit;
		keep[word].effective |= bit;
		kept |= 1u << i;
	}
	return syscall(SYS_capset, &head, keep) == 0 ? kept : 0;
}
