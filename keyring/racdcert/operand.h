/* SPDX-License-Identifier: GPL-3.0-or-later */
/* operand.h - what stands behind the functions of RACDCERT, one by one */
#ifndef ATTLS_KEYRING_RACDCERT_OPERAND_H
#define ATTLS_KEYRING_RACDCERT_OPERAND_H

#include "keyring/racdcert/translate.h"

/* What the operand that is being read stands in. */
struct reading {
	struct translation *t;
	const struct command *c;
	enum argument label; /* what WITHLABEL gives: the label, or a new one (REKEY) */
	struct err_list *err;
};

/** operand_read() - operand @word, whose place in the command is @i; false with a sentence */
bool operand_read(const struct reading *r, const char *word, size_t i);

/** operand_owner() - ID(user), SITE or CERTAUTH at @i. Return: NULL if it is none of them. */
const char *operand_owner(const struct reading *r, size_t i);

/** operand_dataset() - path of the file that data set @name means; NULL with a sentence */
const char *operand_dataset(const struct reading *r, const char *name);

/** translation_own() - @text, freed with @t */
const char *translation_own(struct translation *t, char *text);

#endif
