/* SPDX-License-Identifier: GPL-3.0-or-later */
/* privilege.c - give up what the daemon does not need once it runs */
#include "gateway/daemon/privilege.h"

#include <cap-ng.h>
#include <errno.h>
#include <pwd.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <unistd.h>

void privilege_seal(void)
{
	const struct rlimit none = {0, 0};

	setrlimit(RLIMIT_CORE, &none);
	prctl(PR_SET_DUMPABLE, 0);
}

static bool change_user(const char *user, struct err_list *err)
{
	const struct passwd *account = getpwnam(user);
	int rc;

	if (!account) {
		err_add(err, "[gateway] user: there is no account %s on this system", user);
		return false;
	}
	rc = capng_change_id((int)account->pw_uid, (int)account->pw_gid,
		CAPNG_INIT_SUPP_GRP | CAPNG_CLEAR_BOUNDING);
	if (rc != 0)
		err_add(err, "[gateway] user: cannot become %s (libcap-ng error %d)", user, rc);
	return rc == 0;
}

/*
 * Root stays root in the file system, or a reload could not read what others own: with the lesser
 * of the two capabilities for that, as far as the environment gives any.
 */
static int file_capability(void)
{
	static const int capabilities[] = {CAP_DAC_READ_SEARCH, CAP_DAC_OVERRIDE};

	for (size_t i = 0; i < 2 && geteuid() == 0; i++)
		if (capng_have_capability(CAPNG_PERMITTED, (unsigned)capabilities[i]))
			return capabilities[i];
	return -1;
}

static bool keep(int capability)
{
	return capability < 0 || capng_update(CAPNG_ADD, CAPNG_EFFECTIVE | CAPNG_PERMITTED,
					 (unsigned)capability) == 0;
}

/* For the owner thread alone, which raises it: whose a socket is stands in /proc of others. */
static bool lend(bool have, int capability)
{
	return !have || capng_update(CAPNG_ADD, CAPNG_PERMITTED, (unsigned)capability) == 0;
}

/* Put what was chosen in force. */
static bool apply(bool chosen, const char *user, struct err_list *err)
{
	if (!chosen) {
		err_add(err, "the set of capabilities cannot be built");
		return false;
	}
	if (*user)
		return change_user(user, err);
	if (capng_apply(CAPNG_SELECT_CAPS) == 0)
		return true;
	err_add(err, "capabilities cannot be reduced: %s", strerror(errno));
	return false;
}

bool privilege_drop(const char *user, struct err_list *err)
{
	int files = *user ? -1 : file_capability();
	bool trace = capng_have_capability(CAPNG_PERMITTED, CAP_SYS_PTRACE);

	capng_clear(CAPNG_SELECT_BOTH);
	return apply(keep(CAP_NET_ADMIN) && keep(files) && lend(trace, CAP_SYS_PTRACE), user, err);
}

bool privilege_keep_files(const char *user, struct err_list *err)
{
	int files = *user ? -1 : file_capability();

	capng_clear(CAPNG_SELECT_BOTH);
	return apply(keep(files), user, err);
}
