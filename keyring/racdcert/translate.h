/* SPDX-License-Identifier: GPL-3.0-or-later */
/* translate.h - a RACDCERT command as the arguments of a verb of attls-keyring */
#ifndef ATTLS_KEYRING_RACDCERT_TRANSLATE_H
#define ATTLS_KEYRING_RACDCERT_TRANSLATE_H

#include "keyring/cli/arguments.h"
#include "keyring/racdcert/command.h"

/* What a command means; texts in @a are borrowed from the command or owned here. */
struct translation {
	struct arguments a;
	const char *datasets; /* directory of the files that data set names mean */
	char **owned;
	size_t owned_count;
	bool nothing; /* there is nothing to do here */
};

/**
 * translate() - @c for keyring directory @dir
 * Return: false with a sentence for each thing that is wrong or cannot be done here; to be
 * translation_fini()ed either way.
 */
bool translate(struct translation *t, const struct command *c, const char *dir,
	const char *datasets, struct err_list *err);
void translation_fini(struct translation *t);

#endif
