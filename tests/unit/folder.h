/* SPDX-License-Identifier: GPL-3.0-or-later */
/* folder.h - folders that a test made, and their end */
#ifndef ATTLS_TESTS_FOLDER_H
#define ATTLS_TESTS_FOLDER_H

#include <ftw.h>
#include <stdio.h>

static inline int folder_drop(const char *path, const struct stat *st, int kind, struct FTW *at)
{
	(void)st;
	(void)kind;
	(void)at;
	return remove(path);
}

/* Remove @path and all below it. Return: 0, or not if something is still there. */
static inline int folder_remove(const char *path)
{
	return nftw(path, folder_drop, 16, FTW_DEPTH | FTW_PHYS);
}

#endif
