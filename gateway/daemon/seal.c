/* SPDX-License-Identifier: GPL-3.0-or-later */
/* seal.c - shut the key process in: the system calls that it needs, and no others */
#include "gateway/daemon/seal.h"

#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <seccomp.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/shm.h>

static const int allowed[] = {
	/* the channels */
	SCMP_SYS(recvfrom),
	SCMP_SYS(sendto),
	SCMP_SYS(recvmsg),
	SCMP_SYS(sendmsg),
	/* key files, and who may read them */
	SCMP_SYS(read),
	SCMP_SYS(close),
	SCMP_SYS(fstat),
	SCMP_SYS(newfstatat),
	SCMP_SYS(statx),
	SCMP_SYS(statfs),
	SCMP_SYS(lseek),
	SCMP_SYS(geteuid),
	SCMP_SYS(getegid),
	SCMP_SYS(getgroups),
	/* memory, threads, random numbers, the end */
	SCMP_SYS(brk),
	SCMP_SYS(munmap),
	SCMP_SYS(mremap),
	SCMP_SYS(madvise),
	SCMP_SYS(futex),
	SCMP_SYS(rseq),
	SCMP_SYS(set_robust_list),
	SCMP_SYS(sched_getaffinity),
	SCMP_SYS(rt_sigprocmask),
	SCMP_SYS(rt_sigaction),
	SCMP_SYS(rt_sigreturn),
	SCMP_SYS(sigaltstack),
	SCMP_SYS(sched_yield),
	SCMP_SYS(getrandom),
	SCMP_SYS(getpid),
	SCMP_SYS(gettid),
	SCMP_SYS(tgkill),
	SCMP_SYS(clock_gettime),
	SCMP_SYS(restart_syscall),
	SCMP_SYS(exit),
	SCMP_SYS(exit_group),
	/* what is printed when a sanitizer or the C library finds a fault */
	SCMP_SYS(write),
	SCMP_SYS(writev),
};

static int allow_some(scmp_filter_ctx filter)
{
	int rc = 0;

	for (size_t i = 0; rc == 0 && i < sizeof(allowed) / sizeof(allowed[0]); i++)
		rc = seccomp_rule_add(filter, SCMP_ACT_ALLOW, allowed[i], 0);
	return rc;
}

static int allow_memory(scmp_filter_ctx filter)
{
	const struct scmp_arg_cmp data = SCMP_A2(SCMP_CMP_MASKED_EQ, PROT_EXEC, 0);
	int rc = seccomp_rule_add(filter, SCMP_ACT_ALLOW, SCMP_SYS(mmap), 1, data);

	return rc ? rc : seccomp_rule_add(filter, SCMP_ACT_ALLOW, SCMP_SYS(mprotect), 1, data);
}

static int allow_reading(scmp_filter_ctx filter)
{
	return seccomp_rule_add(filter, SCMP_ACT_ALLOW, SCMP_SYS(openat), 1,
		SCMP_A2(SCMP_CMP_MASKED_EQ, O_ACCMODE | O_CREAT | O_TRUNC, O_RDONLY));
}

static bool load(scmp_filter_ctx filter, int rc, struct err_list *err)
{
	rc = rc ? rc : seccomp_load(filter);
	seccomp_release(filter);
	if (rc)
		err_add(err, "the key process cannot be shut in (seccomp): %s", strerror(-rc));
	return rc == 0;
}

/* For all threads there are. */
static int init(scmp_filter_ctx *filter, uint32_t otherwise)
{
	*filter = seccomp_init(otherwise);
	return *filter ? seccomp_attr_set(*filter, SCMP_FLTATR_CTL_TSYNC, 1) : -ENOMEM;
}

bool seal_close(struct err_list *err)
{
	scmp_filter_ctx filter;
	int rc = init(&filter, SCMP_ACT_KILL_PROCESS);

	rc = rc ? rc : allow_some(filter);
	rc = rc ? rc : allow_memory(filter);
	rc = rc ? rc : allow_reading(filter);
	return load(filter, rc, err);
}

/* ---- with a module ---- */

static const int forbidden[] = {
	/* programs, and other processes */
	SCMP_SYS(execve),
	SCMP_SYS(execveat),
	SCMP_SYS(fork),
	SCMP_SYS(vfork),
	SCMP_SYS(ptrace),
	SCMP_SYS(process_vm_readv),
	SCMP_SYS(process_vm_writev),
	SCMP_SYS(process_madvise),
	SCMP_SYS(pidfd_open),
	SCMP_SYS(pidfd_getfd),
	SCMP_SYS(kcmp),
	/* signals, but to a thread of its own by tgkill(): that is how a fault ends it */
	SCMP_SYS(kill),
	SCMP_SYS(tkill),
	SCMP_SYS(rt_sigqueueinfo),
	SCMP_SYS(rt_tgsigqueueinfo),
	SCMP_SYS(pidfd_send_signal),
	/* the system */
	SCMP_SYS(mount),
	SCMP_SYS(umount2),
	SCMP_SYS(pivot_root),
	SCMP_SYS(chroot),
	SCMP_SYS(open_tree),
	SCMP_SYS(move_mount),
	SCMP_SYS(fsopen),
	SCMP_SYS(fsmount),
	SCMP_SYS(fsconfig),
	SCMP_SYS(setns),
	SCMP_SYS(unshare),
	SCMP_SYS(init_module),
	SCMP_SYS(finit_module),
	SCMP_SYS(delete_module),
	SCMP_SYS(kexec_load),
	SCMP_SYS(kexec_file_load),
	SCMP_SYS(reboot),
	SCMP_SYS(swapon),
	SCMP_SYS(swapoff),
	SCMP_SYS(settimeofday),
	SCMP_SYS(clock_settime),
	SCMP_SYS(sethostname),
	SCMP_SYS(setdomainname),
	SCMP_SYS(acct),
	SCMP_SYS(quotactl),
	SCMP_SYS(open_by_handle_at),
	/* ways into the kernel that have often been ways too far */
	SCMP_SYS(bpf),
	SCMP_SYS(perf_event_open),
	SCMP_SYS(userfaultfd),
	SCMP_SYS(io_uring_setup),
	SCMP_SYS(add_key),
	SCMP_SYS(request_key),
	SCMP_SYS(keyctl),
	SCMP_SYS(personality),
};

static int forbid_some(scmp_filter_ctx filter)
{
	int rc = 0;

	for (size_t i = 0; rc == 0 && i < sizeof(forbidden) / sizeof(forbidden[0]); i++)
		rc = seccomp_rule_add(filter, SCMP_ACT_KILL_PROCESS, forbidden[i], 0);
	return rc;
}

/* Threads are made by clone(); clone3() has its flags where no filter sees them. */
static int forbid_processes(scmp_filter_ctx filter)
{
	int rc = seccomp_rule_add(filter, SCMP_ACT_ERRNO(ENOSYS), SCMP_SYS(clone3), 0);

	return rc ? rc
		  : seccomp_rule_add(filter, SCMP_ACT_KILL_PROCESS, SCMP_SYS(clone), 1,
			    SCMP_A0(SCMP_CMP_MASKED_EQ, CLONE_THREAD, 0));
}

/* Libraries may still be loaded: their pages come from files, and are not written to. */
static int forbid_code(scmp_filter_ctx filter)
{
	const struct scmp_arg_cmp both =
		SCMP_A2(SCMP_CMP_MASKED_EQ, PROT_EXEC | PROT_WRITE, PROT_EXEC | PROT_WRITE);
	const struct {
		int call;
		struct scmp_arg_cmp how;
	} ways[] = {
		{SCMP_SYS(mmap), both},
		{SCMP_SYS(mprotect), SCMP_A2(SCMP_CMP_MASKED_EQ, PROT_EXEC, PROT_EXEC)},
		{SCMP_SYS(pkey_mprotect), SCMP_A2(SCMP_CMP_MASKED_EQ, PROT_EXEC, PROT_EXEC)},
		{SCMP_SYS(shmat), SCMP_A2(SCMP_CMP_MASKED_EQ, SHM_EXEC, SHM_EXEC)},
	};
	int rc = 0;

	for (size_t i = 0; rc == 0 && i < sizeof(ways) / sizeof(ways[0]); i++)
		rc = seccomp_rule_add(filter, SCMP_ACT_KILL_PROCESS, ways[i].call, 1, ways[i].how);
	return rc;
}

bool seal_close_for_module(struct err_list *err)
{
	scmp_filter_ctx filter;
	int rc = init(&filter, SCMP_ACT_ALLOW);

	rc = rc ? rc : forbid_some(filter);
	rc = rc ? rc : forbid_processes(filter);
	rc = rc ? rc : forbid_code(filter);
	return load(filter, rc, err);
}
