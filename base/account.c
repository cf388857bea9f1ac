/* SPDX-License-Identifier: GPL-3.0-or-later */
/* account.c - who is in a group of this system */
#include "base/account.h"

#include <grp.h>
#include <pwd.h>

bool account_members(const char *group, account_fn *each, void *arg)
{
	const struct group *g = getgrnam(group);
	const struct passwd *account;
	gid_t gid;

	if (!g)
		return false;
	gid = g->gr_gid;
	for (char **member = g->gr_mem; *member; member++)
		each(arg, *member);
	setpwent();
	while ((account = getpwent())) {
		if (account->pw_gid == gid)
			each(arg, account->pw_name);
	}
	endpwent();
	return true;
}
