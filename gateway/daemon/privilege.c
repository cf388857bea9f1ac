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

static bool keep_net_admin(capng_act_t action)
{
	return capng_update(action, CAPNG_EFFECTIVE | CAPNG_PERMITTED, CAP_NET_ADMIN) == 0;
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

/* Staying root without CAP_DAC_OVERRIDE would lose files that others own; so root stays root in
 * the file system and gives up the rest. */
static bool drop_in_place(struct err_list *err)
{
	if (geteuid() == 0 && capng_update(CAPNG_ADD, CAPNG_EFFECTIVE | CAPNG_PERMITTED,
				      CAP_DAC_READ_SEARCH) != 0)
		return false;
	if (capng_apply(CAPNG_SELECT_CAPS) == 0)
		return true;
	err_add(err, "capabilities cannot be reduced: %s", strerror(errno));
	return false;
}

bool privilege_drop(const char *user, struct err_list *err)
{
	capng_clear(CAPNG_SELECT_BOTH);
	if (!keep_net_admin(CAPNG_ADD)) {
		err_add(err, "CAP_NET_ADMIN cannot be kept");
		return false;
	}
	return *user ? change_user(user, err) : drop_in_place(err);
}
